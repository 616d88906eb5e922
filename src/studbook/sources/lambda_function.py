"""Lambda functions that judge models: those that a record names, and those that the configuration picks.

Calls, per wanted function: GetFunctionConfiguration, ListVersionsByFunction and ListAliases (paged by 50), ListTags.
Where the configuration picks by name or tag also ListFunctions (paged by 50), by tag also ListTags of each function.
GetFunction is avoided: it hands out a link to the code.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

from studbook.aws.errors import PART_LOST, UNREADABLE, Trouble, no_answer
from studbook.model import Asset, Edge, Evidence, Facts, Partition, Record
from studbook.model.attributes import at, attributes, computed, gathered
from studbook.model.facts import EarlierFunction, LambdaUse
from studbook.model.ids import parse_arn, parse_lambda
from studbook.settings import Settings
from studbook.sources import bedrock, sagemaker
from studbook.sources.interface import Grant, Json, Visit
from studbook.sources.reading import each

_FUNCTION, _VERSION = "lambda_function", "lambda_version"
_MARKER = {"NextMarker": "Marker"}


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
        """The functions that judge for what a record is of, where an agent's is code; or the one that it is of."""
        for source in (sagemaker.SOURCE, bedrock.SOURCE):
            yield from (claim.arn for claim in source.claims(record, LambdaUse) if claim.role != "agent")
        if record.source != self.name or record.gone_since is not None:
            return
        if record.kind == _FUNCTION:
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
                arn = parse_arn(function["FunctionArn"])
                if arn is None:
                    raise ValueError("what identifies it is no ARN")
                if any(fnmatchcase(arn.name, glob) for glob in globs):
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
    visit.record(_FUNCTION, arn, body, operation="GetFunctionConfiguration")
    visit.listed(_FUNCTION, arn)
    whole, empty = True, True
    request = {"FunctionName": arn, "MaxItems": 50}
    for page in visit.pages("ListVersionsByFunction", request, tokens=_MARKER, items="Versions"):
        for index, version in enumerate(page["Versions"]):
            empty = False
            try:
                if version["Version"] != "$LATEST" or latest:
                    visit.record(_VERSION, f"{arn}:{version['Version']}", version, operation="ListVersionsByFunction")
            except UNREADABLE as error:
                visit.gap(error, f"{arn} Versions[{index}]")
                whole = False
    if empty:
        raise no_answer("ListVersionsByFunction", "a function without a version, not even $LATEST")
    if whole:
        visit.listed(_VERSION, arn)


def _aliases(several: Any) -> dict[str, Any]:
    aliases = {
        alias["Name"]: {
            "version": alias["FunctionVersion"],
            "weights": dict((alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}),
        }
        for alias in several
    }
    if not all(isinstance(alias["version"], str) and alias["version"] for alias in aliases.values()):
        raise TypeError("an alias has no version")
    return aliases


def _shown_function(record: Record) -> Facts:
    """The function; of what it was before, as `harvest.merge` keeps it, no more than a claim."""
    facts = Facts()
    tags = dict(record.body.get("Tags") or {})
    function, earlier, _ = record.id.partition("@")
    told = FUNCTION.asset("evaluator", record, id=function, account=record.account, region=record.region, tags=tags)
    if earlier and record.gone_since is not None:
        claim = EarlierFunction(function=function, until=record.gone_since, told=told, record=record.reference)
        facts.claims.append(claim)
    else:
        facts.show(told, FUNCTION)
    return facts


def _shown_version(record: Record) -> Facts:
    body = record.body
    found = parse_lambda(record.id)
    function = found.function if found else record.id
    name = body.get("FunctionName") or function
    parent = Asset(id=function, kind="evaluator", name=name, account=record.account, region=record.region)
    edge = Edge(
        source=function,
        target=record.id,
        relation="has_version",
        certainty="referenced",
        evidence=(Evidence("lambda:ListVersionsByFunction", "FunctionArn", record.reference),),
    )
    facts = Facts(mentions=[parent], edges=[edge])
    version = VERSION.asset(
        "evaluator_version",
        record,
        name=None if body.get("FunctionName") else f"{name}:{body.get('Version')}",
        account=record.account,
        region=record.region,
    )
    facts.show(version, VERSION)
    return facts


def _time(text: Any) -> str | None:
    """Lambda writes `2026-09-01T10:00:00.000+0000`."""
    return re.sub(r"(?:\.000)?(?:\+0000|\+00:00|Z)$", "Z", text) if isinstance(text, str) else None


def _version_name(body: Json) -> str | None:
    return f"{body['FunctionName']}:{body.get('Version')}" if body.get("FunctionName") else None


def _published(body: Json) -> str | None:
    return None if body.get("Version") == "$LATEST" else _time(body.get("LastModified"))


def _of_layers(member: str) -> Callable[[object], list[object]]:
    """A member of each layer, as far as they have it."""
    return lambda several: [layer[member] for _, layer in each(several) if layer.get(member)]


_ALIKE: Final = (
    at("status", "State", "Whether it can be called."),
    at("modified_at", "LastModified", "When its code or its settings last changed.", _time),
    at("runtime", "Runtime", "The runtime that its code needs."),
    at("handler", "Handler", "Where its code begins."),
    at("description", "Description", "What people wrote of it."),
    at("layers", "Layers", "The ARNs of its layers: what they hold is part of what runs.", _of_layers("Arn")),
    at("signed_by", "SigningProfileVersionArn", "The signing profile that its code is signed with."),
    at("signing_job", "SigningJobArn", "The job that signed its code."),
    at("layers_signed_by", "Layers", "The signing profiles of its layers.", _of_layers("SigningProfileVersionArn")),
    at("layers_signing_jobs", "Layers", "The jobs that signed its layers.", _of_layers("SigningJobArn")),
    at("role", "Role", "The IAM role that it runs as."),
    at("runtime_version", "RuntimeVersionConfig.RuntimeVersionArn", "Which build of the runtime it runs on."),
    at("runtime_arn", "RuntimeConfig.RuntimeArn", "The runtime that it runs on, where it is one of its own."),
    at("config_sha256", "ConfigSha256", "The digest of its settings, its layers among them."),
    at("kms_key", "KMSKeyArn", "The KMS key of its environment variables."),
    at("vpc", "VpcConfig", "The subnets and security groups that it runs in."),
    at("file_systems", "FileSystemConfigs", "The file systems that it mounts."),
)
FUNCTION: Final = attributes(
    "evaluator",
    "lambda:GetFunctionConfiguration",
    _ALIKE,
    at("name", "FunctionName", "What people call it."),
    at("package_type", "PackageType", "Whether its code is a ZIP file or an image."),
    at("latest_code_sha256", "CodeSha256", "The digest of the code of `$LATEST`."),
    at(
        "aliases_of_function",
        "Aliases",
        "Its aliases.",
        _aliases,
        by="lambda:ListAliases",
    ),
    computed("method", "lambda", "How it judges: by a function.", lambda record: "lambda"),
)
VERSION: Final = attributes(
    "evaluator_version",
    "lambda:ListVersionsByFunction",
    _ALIKE,
    gathered("name", ("FunctionName", "Version"), "The function's name and the version.", _version_name),
    gathered("created_at", ("LastModified",), "When it was published; `$LATEST` never is.", _published),
    at("version", "Version", "Its number, or `$LATEST`."),
    at("code_sha256", "CodeSha256", "The digest of its code."),
    at("code_size", "CodeSize", "The bytes of its code."),
    at(
        "mutable",
        "Version",
        "Its code may change: it is `$LATEST`.",
        lambda text: text == "$LATEST" or None,
    ),
)
