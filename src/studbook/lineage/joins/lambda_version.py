"""Which version of a Lambda function a reference meant.

A number and `$LATEST` name a version. An alias is no asset: the version that it points at is inferred, two weighted
ones are two candidates; where one of them was published later, the alias has moved since, and nothing tells what it
meant. Without a qualifier `$LATEST` is meant; where a published version has the very code that
`$LATEST` has had since before the reference, that version is what ran.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from studbook.lineage.holders import is_later
from studbook.lineage.joins.interface import View, edge_between
from studbook.lineage.times import instant
from studbook.model import Asset, Certainty, Edge, Evidence, Facts
from studbook.model.facts import LambdaUse
from studbook.model.ids import LambdaFunction, parse_arn, parse_lambda

ALIAS: Final = Evidence.parse("rule:lambda-alias")
LATEST: Final = Evidence.parse("rule:lambda-latest")
CODE: Final = Evidence.parse("rule:lambda-code")

_Meant = tuple[str, Certainty, tuple[Evidence, ...]]


def join(view: View) -> Facts:
    """Resolves every `LambdaUse`."""
    facts = Facts()
    for use in view.all(LambdaUse):
        function = parse_lambda(use.arn)
        if function is None:
            continue
        if use.role == "agent":
            arn = parse_arn(function.function)
            facts.mentions.append(Asset(id=function.function, kind="code", name=arn.name if arn else use.arn))
            facts.edges.append(_edge(use, function.function, "referenced", ()))
            continue
        meant = list(_meant(view, use, function))
        several = len({source for source, _, _ in meant}) > 1
        for source, certainty, evidence in meant:
            facts.edges.append(_edge(use, source, certainty, evidence, candidate=several))
    return facts


def _meant(view: View, use: LambdaUse, function: LambdaFunction) -> Iterator[_Meant]:
    name, qualifier = function
    known = view.assets.get(name)
    attributes = known.attributes if known else {}
    if function.is_version:
        yield f"{name}:{qualifier}", "referenced", ()
    elif qualifier is not None:
        alias: dict[str, Any] | None = (attributes.get("aliases_of_function") or {}).get(qualifier)
        meant = [f"{name}:{version}" for version in (alias["version"], *alias["weights"])] if alias else []
        if alias is None or any(is_later(view.assets, version, use.at) for version in meant):
            yield name, "inferred", (ALIAS,)
            return
        path = f"Aliases[{list(attributes['aliases_of_function']).index(qualifier)}]"
        yield f"{name}:{alias['version']}", "inferred", (_listed(name, f"{path}.FunctionVersion"), ALIAS)
        for version in alias["weights"]:
            weight = f'{path}.RoutingConfig.AdditionalVersionWeights["{version}"]'
            yield f"{name}:{version}", "inferred", (_listed(name, weight), ALIAS)
    else:
        proved = _same_code(view, use, known) if known else []
        for version in proved:
            yield version, "inferred", (*_codes(name, version), CODE)
        if not proved:
            yield f"{name}:$LATEST", "inferred", (LATEST,)


def _listed(function: str, path: str) -> Evidence:
    return Evidence("lambda:ListAliases", path, f"lambda/lambda_function/{function}")


def _codes(function: str, version: str) -> tuple[Evidence, Evidence]:
    return (
        Evidence("lambda:GetFunctionConfiguration", "CodeSha256", f"lambda/lambda_function/{function}"),
        Evidence("lambda:ListVersionsByFunction", "CodeSha256", f"lambda/lambda_version/{version}"),
    )


def _same_code(view: View, use: LambdaUse, function: Asset) -> list[str]:
    """The published versions with the code that `$LATEST` has had since before the use, and with its layers."""
    code, changed = function.attributes.get("latest_code_sha256"), function.modified_at
    if code is None or changed is None or use.at is None or instant(changed) > instant(use.at):
        return []
    return sorted(
        version.id
        for version in view.versions(function.id)
        if not version.id.endswith(":$LATEST")
        and version.attributes.get("code_sha256") == code
        and version.attributes.get("layers") == function.attributes.get("layers")
        and version.created_at is not None
        and instant(version.created_at) <= instant(use.at)
    )


def _edge(
    use: LambdaUse, source: str, certainty: Certainty, evidence: tuple[Evidence, ...], *, candidate: bool = False
) -> Edge:
    proof = (use.evidence, *evidence)
    return edge_between(certainty, source, use.target, use.relation, proof, role=use.role, candidate=candidate)
