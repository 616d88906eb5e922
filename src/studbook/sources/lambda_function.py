"""Lambda functions that judge models: those that a record names, and those that the configuration picks.

Calls, per wanted function: GetFunctionConfiguration, ListVersionsByFunction and ListAliases (paged by 50), ListTags.
Where the configuration picks by name or tag also ListFunctions (paged by 50), by tag also ListTags of each function.
GetFunction is avoided: it hands out a link to the code.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final

from studbook.aws.errors import PART_LOST, UNREADABLE, Trouble
from studbook.model import Asset, Edge, Evidence, Facts, Partition, Record
from studbook.model.facts import LambdaUse
from studbook.model.ids import parse_arn, parse_lambda
from studbook.settings import Settings
from studbook.sources import bedrock, sagemaker
from studbook.sources.interface import Grant, Json, Resource, Visit

_FUNCTION, _VERSION = "lambda_function", "lambda_version"
_MARKER = {"NextMarker": "Marker"}
_RESOURCES: Final = {
    (name, resource.kind): resource
    for name, resources in (("sagemaker", sagemaker.RESOURCES), ("bedrock", bedrock.RESOURCES))
    for resource in resources
}


def _uses(resource: Resource, record: Record) -> Iterator[str]:
    """The functions by which a record says that something is judged; an agent's function is code."""
    try:
        claims = resource.normalize(record).claims
    except UNREADABLE:
        return
    yield from (claim.arn for claim in claims if isinstance(claim, LambdaUse) and claim.role != "agent")


class LambdaFunctions:
    """Evaluators' functions, with every published version; `$LATEST` where something means it."""

    name = "lambda"
    wave = 2
    follows = (":lambda:", ":function:", "reward_lambda_arn")
    actions = (
        "lambda:GetFunctionConfiguration",
        "lambda:ListAliases",
        "lambda:ListFunctions",
        "lambda:ListTags",
        "lambda:ListVersionsByFunction",
    )

    grants = (
        Grant("Lambda", covers=lambda action: action == "lambda:ListFunctions"),
        Grant("LambdaFunctions", ("lambda:*:*:function:*",)),
    )

    def plan(self, settings: Settings, records: Iterable[Record]) -> Mapping[Partition, Sequence[str]]:
        """Every reference to a function by the partition that has it; targets are ARNs as written.

        What was harvested before is asked for again, as `<ARN> known`, so that its end is seen too.
        """
        plan: defaultdict[Partition, set[str]] = defaultdict(set)
        if settings.evaluators:
            for account in settings.accounts:
                for region in account.regions:
                    plan[Partition(account.id, region, self.name)] = set()
        for record in records:
            for reference in self._named(record):
                arn = parse_arn(reference.partition(" ")[0])
                if arn is not None and settings.account(arn.account) is not None:
                    plan[Partition(arn.account, arn.region, self.name)].add(reference)
        return {partition: sorted(targets) for partition, targets in plan.items()}

    def _named(self, record: Record) -> Iterator[str]:
        if (resource := _RESOURCES.get((record.source, record.kind))) is not None:
            yield from _uses(resource, record)
        elif record.source != self.name or record.gone_since is not None:
            return
        elif record.kind == _FUNCTION:
            yield f"{record.id} known"
        elif record.id.endswith(":$LATEST"):
            yield record.id

    def collect(self, visit: Visit) -> None:
        wanted: defaultdict[str, set[str | None]] = defaultdict(set)
        for target in visit.targets:
            reference, _, known = target.partition(" ")
            found = parse_lambda(reference)
            if found is not None:
                wanted[found.function].add(known or found.qualifier)
        try:
            for function in _configured(visit):
                wanted[function].add("*")
        except PART_LOST as error:
            visit.gap(error)
        for function, qualifiers in sorted(wanted.items()):
            try:
                _function(visit, function, latest=not qualifiers.isdisjoint({None, "$LATEST"}))
            except Trouble as trouble:
                if trouble.meaning != "gone":
                    visit.gap(trouble)
                else:
                    visit.listed(_FUNCTION, function)
                    visit.listed(_VERSION, function)
            except UNREADABLE as error:
                visit.gap(error, function)

    def scope(self, record: Record) -> str | None:
        """The function."""
        found = parse_lambda(record.id)
        return found.function if found else None

    def normalize(self, record: Record) -> Facts:
        return _shown_version(record) if record.kind == _VERSION else _shown_function(record)


def _configured(visit: Visit) -> Iterator[str]:
    """The functions of this partition that the configuration picks."""
    globs = [evaluator.function for evaluator in visit.settings.evaluators if evaluator.function]
    tags = [evaluator.tag for evaluator in visit.settings.evaluators if evaluator.tag]
    if not globs and not tags:
        return
    for page in visit.pages("ListFunctions", {"MaxItems": 50}, tokens=_MARKER, items="Functions"):
        for index, function in enumerate(page["Functions"]):
            try:
                if any(fnmatchcase(function["FunctionName"], glob) for glob in globs):
                    yield function["FunctionArn"]
                elif tags:
                    found = visit.call("ListTags", {"Resource": function["FunctionArn"]})["Tags"]
                    if any(wanted.items() <= found.items() for wanted in tags):
                        yield function["FunctionArn"]
            except UNREADABLE as error:
                visit.gap(error, f"Functions[{index}]")


def _function(visit: Visit, arn: str, *, latest: bool) -> None:
    """The function and its versions; complete if nothing raises."""
    body = visit.call("GetFunctionConfiguration", {"FunctionName": arn})
    for member, operation, request, items in (
        ("Aliases", "ListAliases", {"FunctionName": arn, "MaxItems": 50}, "Aliases"),
        ("Tags", "ListTags", {"Resource": arn}, None),
    ):
        try:
            if items is None:
                body[member] = visit.call(operation, request)[member]
            else:
                pages = visit.pages(operation, request, tokens=_MARKER, items=items)
                body[member] = [item for page in pages for item in page[items]]
        except PART_LOST as error:
            visit.gap(error, arn)
            kept = visit.kept(_FUNCTION, arn)
            if kept is not None and member in kept.body:
                body[member] = kept.body[member]
    visit.record(_FUNCTION, arn, body)
    visit.listed(_FUNCTION, arn)
    whole = True
    request = {"FunctionName": arn, "MaxItems": 50}
    for page in visit.pages("ListVersionsByFunction", request, tokens=_MARKER, items="Versions"):
        for index, version in enumerate(page["Versions"]):
            try:
                if version["Version"] != "$LATEST" or latest:
                    visit.record(_VERSION, f"{arn}:{version['Version']}", version)
            except UNREADABLE as error:
                visit.gap(error, f"{arn} Versions[{index}]")
                whole = False
    if whole:
        visit.listed(_VERSION, arn)


def _shown_function(record: Record) -> Facts:
    body = record.body
    aliases = {
        alias["Name"]: {
            "version": alias["FunctionVersion"],
            "weights": dict((alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}),
        }
        for alias in body.get("Aliases") or ()
    }
    if not all(isinstance(alias["version"], str) and alias["version"] for alias in aliases.values()):
        raise TypeError("an alias has no version")
    attributes = {
        "runtime": body.get("Runtime"),
        "handler": body.get("Handler"),
        "description": body.get("Description") or None,
        "package_type": body.get("PackageType"),
        "latest_code_sha256": body.get("CodeSha256"),
        "aliases_of_function": aliases or None,
        "method": "lambda",
    }
    return Facts(
        assets=[
            Asset(
                id=record.id,
                kind="evaluator",
                name=body.get("FunctionName") or record.id,
                account=record.account,
                region=record.region,
                status=body.get("State"),
                modified_at=_time(body),
                attributes={name: value for name, value in attributes.items() if value is not None},
                tags=dict(body.get("Tags") or {}),
            )
        ]
    )


def _shown_version(record: Record) -> Facts:
    body = record.body
    found = parse_lambda(record.id)
    function = found.function if found else record.id
    name = body.get("FunctionName") or function
    parent = Asset(id=function, kind="evaluator", name=name, account=record.account, region=record.region)
    attributes = {
        "version": body.get("Version"),
        "code_sha256": body.get("CodeSha256"),
        "code_size": body.get("CodeSize"),
        "runtime": body.get("Runtime"),
        "handler": body.get("Handler"),
        "description": body.get("Description") or None,
        "layers": [layer["Arn"] for layer in body.get("Layers") or ()] or None,
        "mutable": True if body.get("Version") == "$LATEST" else None,
    }
    version = Asset(
        id=record.id,
        kind="evaluator_version",
        name=f"{name}:{body.get('Version')}",
        account=record.account,
        region=record.region,
        status=body.get("State"),
        created_at=None if body.get("Version") == "$LATEST" else _time(body),
        modified_at=_time(body),
        attributes={name: value for name, value in attributes.items() if value is not None},
    )
    edge = Edge(
        source=function,
        target=record.id,
        relation="has_version",
        certainty="referenced",
        evidence=(Evidence("lambda:ListVersionsByFunction", "FunctionArn", record.reference),),
    )
    return Facts(assets=[version], mentions=[parent], edges=[edge])


def _time(body: Json) -> str | None:
    """Lambda writes `2026-09-01T10:00:00.000+0000`."""
    text = body.get("LastModified")
    if not isinstance(text, str):
        return None
    return re.sub(r"(?:\.000)?(?:\+0000|\+00:00|Z)$", "Z", text)
