"""Which version of a Lambda function a reference meant.

A number and `$LATEST` name a version. An alias is no asset: the version that it points at is inferred, two weighted
ones are two candidates; where one of them was published later, the alias has moved since. Without a qualifier
`$LATEST` is meant; where a published version has the very code that `$LATEST` has had since before the reference, that
version is what ran.

An alias moves, and `$LATEST` is overwritten. Of a job what the function said on the night that first showed the job
holds, and of an alias, which may have moved between, also what it said on the night before. A registered evaluator
means at any time what its reference means then: each version at which the alias is known to have pointed is a
candidate.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from studbook.lineage.holders import is_later
from studbook.lineage.joins.interface import View, edge_between
from studbook.lineage.times import instant
from studbook.model import Asset, Certainty, Edge, Evidence, Facts
from studbook.model.facts import EarlierFunction, LambdaUse
from studbook.model.ids import LambdaFunction, parse_arn, parse_lambda

ALIAS: Final = Evidence.parse("rule:lambda-alias")
LATEST: Final = Evidence.parse("rule:lambda-latest")
CODE: Final = Evidence.parse("rule:lambda-code")

_EVER: Final = "content_of"
"""The relation of what means at any time what its reference means then."""
_Meant = tuple[str, Certainty, tuple[Evidence, ...]]


class _State(NamedTuple):
    """What a function said on some nights."""

    told: Asset
    record: str
    """The reference of the record that tells it."""


class _States:
    """What functions said, by the nights on which they did."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._earlier: defaultdict[str, list[EarlierFunction]] = defaultdict(list)
        for claim in sorted(view.all(EarlierFunction), key=lambda one: one.until):
            self._earlier[claim.function].append(claim)
        uses = {use.target for use in view.all(LambdaUse)} if self._earlier else ()
        self._first_seen: Mapping[str, int] = view.first_seen(uses) if uses else {}

    def about(self, function: str, use: LambdaUse) -> Sequence[_State]:
        """What it said on the night that first showed who used it, then, where that is something else, on the night
        before; of what is used for ever now, and before. None where no night shows it."""
        earlier, now = self._earlier.get(function, ()), self._now(function)
        if use.relation == _EVER:
            return [*filter(None, (now,)), *(_State(one.told, one.record) for one in earlier)]
        night = self._first_seen.get(use.target)
        found = [
            next((_State(one.told, one.record) for one in earlier if night and on < one.until), now)
            for on in ((night, night - 1) if night is not None and night > 1 else (night or 0,))
        ]
        return [state for at, state in enumerate(found) if state is not None and state not in found[:at]]

    def _now(self, function: str) -> _State | None:
        known = self._view.assets.get(function)
        return _State(known, f"lambda/lambda_function/{function}") if known is not None else None


def join(view: View) -> Facts:
    """Resolves every `LambdaUse`."""
    facts = Facts()
    states = _States(view)
    for use in view.all(LambdaUse):
        function = parse_lambda(use.arn)
        if function is None:
            continue
        if use.role == "agent":
            arn = parse_arn(function.function)
            facts.mentions.append(Asset(id=function.function, kind="code", name=arn.name if arn else use.arn))
            facts.edges.append(_edge(use, function.function, "referenced", ()))
            continue
        meant = list(_meant(view, use, function, states.about(function.function, use)))
        several = len({source for source, _, _ in meant}) > 1
        for source, certainty, evidence in meant:
            facts.edges.append(_edge(use, source, certainty, evidence, candidate=several))
    return facts


def _meant(view: View, use: LambdaUse, function: LambdaFunction, states: Sequence[_State]) -> Iterator[_Meant]:
    name, qualifier = function
    if function.is_version:
        yield f"{name}:{qualifier}", "referenced", ()
    elif qualifier is not None:
        aliased = [list(_aliased(name, qualifier, state)) for state in states]
        then = [several for several in aliased if not any(is_later(view.assets, one, use.at) for one, _, _ in several)]
        for several in aliased if use.relation == _EVER else then:
            yield from several
        if not any(then):
            yield name, "inferred", (ALIAS,)
    else:
        proved = list(_same_code(view, use, states[0])) if states else []
        yield from proved or [(f"{name}:$LATEST", "inferred", (LATEST,))]


def _aliased(name: str, qualifier: str, state: _State) -> Iterator[_Meant]:
    """The versions at which an alias pointed."""
    aliases: Mapping[str, Any] = state.told.attributes.get("aliases_of_function") or {}
    alias = aliases.get(qualifier)
    if alias is None:
        return
    path = f"Aliases[{list(aliases).index(qualifier)}]"
    for version in (alias["version"], *alias["weights"]):
        weight = f'RoutingConfig.AdditionalVersionWeights["{version}"]'
        member = "FunctionVersion" if version == alias["version"] else weight
        listed = Evidence("lambda:ListAliases", f"{path}.{member}", state.record)
        yield f"{name}:{version}", "inferred", (listed, ALIAS)


def _same_code(view: View, use: LambdaUse, state: _State) -> Iterator[_Meant]:
    """The published versions with the code that `$LATEST` had had since before the use, and with its layers."""
    function = state.told
    code, changed = function.attributes.get("latest_code_sha256"), function.modified_at
    if code is None or changed is None or use.at is None or instant(changed) > instant(use.at):
        return
    for version in sorted(view.versions(function.id), key=lambda one: one.id):
        if (
            not version.id.endswith(":$LATEST")
            and version.attributes.get("code_sha256") == code
            and version.attributes.get("layers") == function.attributes.get("layers")
            and version.created_at is not None
            and instant(version.created_at) <= instant(use.at)
        ):
            listed = Evidence("lambda:ListVersionsByFunction", "CodeSha256", f"lambda/lambda_version/{version.id}")
            of_latest = Evidence("lambda:GetFunctionConfiguration", "CodeSha256", state.record)
            yield version.id, "inferred", (of_latest, listed, CODE)


def _edge(
    use: LambdaUse, source: str, certainty: Certainty, evidence: tuple[Evidence, ...], *, candidate: bool = False
) -> Edge:
    proof = (use.evidence, *evidence)
    return edge_between(certainty, source, use.target, use.relation, proof, role=use.role, candidate=candidate)
