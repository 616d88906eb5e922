"""Least privilege: the IAM policies that a harvest needs, from what the sources declare. Pure: AWS is asked nothing.

Three documents: what the reader's role may do, who may assume it, and what whoever runs Studbook must be allowed. The
same operations that a source declares are the actions here, so a new resource type needs no second list.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

from studbook.model.ids import parse_arn, parse_s3
from studbook.settings import Dataset, DocumentPlace, Settings
from studbook.sources import SOURCES
from studbook.sources.declarative_source import Declared
from studbook.sources.interface import Source
from studbook.sources.s3 import families
from studbook.sources.s3_documents import is_directory

PolicyJson = dict[str, Any]
Place = TypeVar("Place", Dataset, DocumentPlace)

ROLE_NAME: Final = "StudbookReader"
MANAGED_LIMIT: Final = 6_144
INLINE_LIMIT: Final = 10_240
"""Characters of a managed policy, and of all inline policies of a role together (IAM's quotas)."""
PLACEHOLDER_BUCKET: Final = "YOUR-DATASET-BUCKET"

# Where S3's permission has another name than its operation (Service Authorization Reference, Amazon S3).
_S3: Final = {
    "ListObjectsV2": "s3:ListBucket",
    "HeadBucket": "s3:ListBucket",
    "ListObjectVersions": "s3:ListBucketVersions",
    "CreateSession": "s3express:CreateSession",
    "GetBucketInventoryConfiguration": "s3:GetInventoryConfiguration",
}
_APP_API: Final = "sagemaker:CallMlflowAppApi"
_READ: Final = "s3:GetObject"
_INVENTORY: Final = "s3:GetInventoryConfiguration"
_SESSION: Final = "s3express:CreateSession"
"""All that a directory bucket asks for: what a session may do, its mode says (S3 User Guide, "Authorizing regional and
zonal endpoint API operations with IAM")."""
_BY_UNIT: Final = ("organizations:ListAccountsForParent", "organizations:ListOrganizationalUnitsForParent")
_BY_TAG: Final = "organizations:ListTagsForResource"
_BY_PREFIX: Final = ("s3:ListBucket", "s3:ListBucketVersions")


def action_of(call: str, *, app: bool = False) -> str:
    """The IAM action behind a call as a harvest counts it.

    `s3:ListObjectVersions` is `s3:ListBucketVersions`; `mlflow:runs/search` is `sagemaker-mlflow:SearchRuns`, or the
    one action of an MLflow App's whole API.
    """
    service, _, operation = call.partition(":")
    if service == "s3":
        return _S3.get(operation, call)
    if service != "mlflow":
        return call
    if app:
        return _APP_API
    things, _, verb = operation.partition("/")
    if operation == "metrics/get-history":
        return "sagemaker-mlflow:GetMetricHistory"
    thing = "".join(word.capitalize() for word in things.split("-"))
    return f"sagemaker-mlflow:{verb.capitalize()}{thing.removesuffix('s') if verb == 'get' else thing}"


def policy(settings: Settings | None = None) -> PolicyJson:
    """What the reader's role may do, for the sources that are on; those that are by default without a configuration."""
    held: list[PolicyJson] = []
    aws_partition = aws_partition_of(settings)
    for source in _enabled(settings):
        if source.name == "organizations":
            continue  # asked with the credentials of whoever runs Studbook
        if source.name == "s3":
            held += _places(aws_partition, source, settings, _owned)
        else:
            held += _of_service(aws_partition, source, _wanted(settings, source))
    return _policy(held)


def for_account(settings: Settings, account: str) -> Settings:
    """The configuration as far as one account's role has to do with it: its own datasets and documents."""
    return settings.model_copy(
        update={
            "accounts": tuple(one for one in settings.accounts if one.id == account),
            "datasets": tuple(one for one in settings.datasets if one.account == account),
            "documents": tuple(one for one in settings.documents if one.account == account),
        }
    )


def size(document: PolicyJson) -> int:
    """The characters that IAM counts of a policy, of which it allows a fixed number: white space is free."""
    return len(re.sub(r"\s", "", json.dumps(document, separators=(",", ":"), ensure_ascii=False)))


def trust(principal: str, external_id: str | None = None) -> PolicyJson:
    """Who may assume the reader's role: one principal, with the external id where there is one."""
    statement: PolicyJson = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    if external_id:
        statement["Condition"] = {"StringEquals": {"sts:ExternalId": external_id}}
    return _policy([statement])


def caller_policy(settings: Settings | None = None) -> PolicyJson:
    """What whoever runs Studbook must be allowed: to assume the roles, and what is read without one."""
    aws_partition = aws_partition_of(settings)
    roles = {account.role_arn for account in settings.accounts if account.role_arn} if settings else set()
    organization = settings.organization if settings else None
    if organization is not None:
        roles.add(f"arn:{aws_partition}:iam::*:role/{organization.role_name}")
    if settings is None:
        roles.add(f"arn:{aws_partition}:iam::*:role/{ROLE_NAME}")
    held: list[PolicyJson] = []
    if roles:
        held.append(_statement("AssumeReader", ["sts:AssumeRole"], sorted(roles)))
    for source in _enabled(settings):
        if source.name == "organizations" and organization is not None:
            idle = set() if organization.units or organization.stages else set(_BY_UNIT)
            idle |= set() if organization.tags else {_BY_TAG}
            held.append(_statement("Organization", [one for one in source.actions if one not in idle], ["*"]))
        if source.name == "s3" and settings is not None:
            held += _places(aws_partition, source, settings, _unowned)
    return _policy(held)


def allowing(document: PolicyJson, action: str) -> list[PolicyJson]:
    """The statements of a policy that allow an action, cut down to it: conditions stay, names go."""
    return [
        {name: value for name, value in {**one, "Action": action}.items() if name != "Sid"}
        for one in document["Statement"]
        if action in one["Action"]
    ]


def aws_partition_of(settings: Settings | None) -> str:
    """`aws`, `aws-cn`, `aws-us-gov`: that of the configured roles."""
    for account in settings.accounts if settings else ():
        arn = parse_arn(account.role_arn)
        if arn is not None:
            return arn.partition
    return "aws"


def role_name(settings: Settings | None) -> str:
    """What the configuration calls the reader's role, without its path."""
    if settings is not None and settings.organization is not None:
        return settings.organization.role_name
    for account in settings.accounts if settings else ():
        if account.role_arn:
            return account.role_arn.rsplit("/", 1)[-1]
    return ROLE_NAME


def cloudformation(document: PolicyJson, name: str, principal: str | None, external_id: str | None) -> PolicyJson:
    """A template of the role, for one account or, as a StackSet, for every account of an organisation."""
    given = {"StringEquals": {"sts:ExternalId": {"Ref": "ExternalId"}}}
    trusted: PolicyJson = trust("")
    trusted["Statement"][0]["Principal"] = {"AWS": {"Ref": "Principal"}}
    trusted["Statement"][0]["Condition"] = {"Fn::If": ["HasExternalId", given, {"Ref": "AWS::NoValue"}]}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "The read-only role that Studbook assumes. Deploy it as a StackSet to have it in every account.",
        "Parameters": {
            "Principal": _parameter("The ARN of whoever runs Studbook.", principal),
            "ExternalId": _parameter("The external id to ask for; empty for none.", external_id or ""),
            "RoleName": _parameter("The name of the role.", name),
        },
        "Conditions": {"HasExternalId": {"Fn::Not": [{"Fn::Equals": [{"Ref": "ExternalId"}, ""]}]}},
        "Resources": {
            "Reader": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "RoleName": {"Ref": "RoleName"},
                    "AssumeRolePolicyDocument": trusted,
                    "Policies": [{"PolicyName": "Studbook", "PolicyDocument": document}],
                },
            }
        },
        "Outputs": {"RoleArn": {"Value": {"Fn::GetAtt": ["Reader", "Arn"]}}},
    }


def terraform(document: PolicyJson, name: str, principal: str | None, external_id: str | None) -> str:
    """The role as Terraform; call it once for each account's provider."""
    condition = '{ StringEquals = { "sts:ExternalId" = var.external_id } }'
    return f"""\
variable "principal" {{
  type        = string
  description = "The ARN of whoever runs Studbook."{_default(principal)}
}}

variable "external_id" {{
  type        = string
  description = "The external id to ask for; empty for none."{_default(external_id or "")}
}}

resource "aws_iam_role" "studbook" {{
  name = {_hcl(name)}
  assume_role_policy = jsonencode({{
    Version = "2012-10-17"
    Statement = [merge(
      {{ Effect = "Allow", Principal = {{ AWS = var.principal }}, Action = "sts:AssumeRole" }},
      var.external_id == "" ? {{}} : {{ Condition = {condition} }}
    )]
  }})
}}

resource "aws_iam_role_policy" "studbook" {{
  name = "Studbook"
  role = aws_iam_role.studbook.id
  policy = jsonencode({_hcl(document).replace(chr(10), chr(10) + "  ")})
}}

output "role_arn" {{
  value = aws_iam_role.studbook.arn
}}
"""


def _enabled(settings: Settings | None) -> list[Source]:
    given = settings or Settings()
    return [source for source in SOURCES if given.source(source.name).enabled]


def _owned(settings: Settings, places: Iterable[Place]) -> list[Place]:
    """The places that an account's role reads; the others are read with the caller's own credentials."""
    organization = settings.organization is not None
    return [one for one in places if settings.account(one.account) or (organization and one.account)]


def _unowned(settings: Settings, places: Sequence[Place]) -> list[Place]:
    owned = _owned(settings, places)
    return [one for one in places if one not in owned]


def _wanted(settings: Settings | None, source: Source) -> list[str]:
    """A source's actions, without those that this configuration never calls for."""
    picked = settings is None or bool(settings.evaluators)
    actions = source.actions_of(settings) if isinstance(source, Declared) else source.actions
    return [action for action in actions if picked or action != "lambda:ListFunctions"]


def _of_service(aws_partition: str, source: Source, actions: Iterable[str]) -> list[PolicyJson]:
    """One statement for each grant of the source."""
    held: dict[str, list[str]] = {}
    for action in actions:
        grant = next(grant for grant in source.grants if grant.covers(action))
        held.setdefault(grant.sid, []).append(action)
    places = {
        grant.sid: [one if one == "*" else f"arn:{aws_partition}:{one}" for one in grant.resources]
        for grant in source.grants
    }
    return [_statement(sid, named, places[sid]) for sid, named in held.items()]


def _places(
    aws_partition: str, source: Source, settings: Settings | None, whose: Callable[[Settings, Any], list[Any]]
) -> list[PolicyJson]:
    """Datasets, the inventories that tell of them, and documents; those in directory buckets by a session for reading,
    and by nothing else."""
    if settings is None:
        return _buckets(aws_partition, source.actions, None, None)
    datasets, documents = whose(settings, settings.datasets), whose(settings, settings.documents)
    counted = [one for one in datasets if one.inventory is not None]
    listed = [one for one in datasets if one.inventory is None and not _directory(one)]
    held = _buckets(aws_partition, source.actions, listed, settings)
    if counted:
        below = _by_bucket(counted)
        held.append(_statement("Inventories", [_INVENTORY], [f"arn:{aws_partition}:s3:::{one}" for one in below]))
        # What a report does not show is looked for, as its filter may have left it out.
        held += [
            _listing(aws_partition, f"InventoriedDatasets{number}", ["s3:ListBucket"], bucket, prefixes)
            for number, (bucket, prefixes) in enumerate(below.items(), start=1)
        ]
    reports = [DocumentPlace(uri=uri) for uri in dict.fromkeys(one.inventory for one in counted) if uri]
    held += _documents(aws_partition, [*(one for one in documents if not _directory(one)), *reports])
    found = {bucket for one in [*datasets, *documents] if (bucket := _directory(one))}
    if found:
        at = [f"arn:{aws_partition}:s3express:*:*:bucket/{bucket}" for bucket in sorted(found)]
        reading = {"Condition": {"StringEquals": {"s3express:SessionMode": "ReadOnly"}}}
        held.append(_statement("DirectoryBuckets", [_SESSION], at) | reading)
    return held


def _directory(place: Dataset | DocumentPlace) -> str | None:
    """The bucket of a place, where it is a directory bucket."""
    bucket = (parse_s3(place.id) or ("", ""))[0]
    return bucket if is_directory(bucket) else None


def _buckets(
    aws_partition: str, actions: Iterable[str], datasets: Iterable[Dataset] | None, settings: Settings | None
) -> list[PolicyJson]:
    """The listing of the datasets' prefixes, and of folders in which many lie; a placeholder where none are known."""
    prefixes = _by_bucket(datasets or ())
    for together in prefixes.values():
        together.update(families(settings or Settings(), together))
    if datasets is None:
        prefixes[PLACEHOLDER_BUCKET] = {""}
    named = sorted(set(actions) - {_READ, _SESSION, _INVENTORY})
    held, whole = [], sorted(bucket for bucket, below in prefixes.items() if "" in below)
    if whole:
        held.append(_statement("Datasets", named, [f"arn:{aws_partition}:s3:::{bucket}" for bucket in whole]))
    some = {bucket: below for bucket, below in prefixes.items() if "" not in below}
    rest = [action for action in named if action not in _BY_PREFIX]
    if some and rest:
        held.append(_statement("DatasetBuckets", rest, [f"arn:{aws_partition}:s3:::{bucket}" for bucket in some]))
    for number, (bucket, below) in enumerate(some.items(), start=1):
        held.append(_listing(aws_partition, f"Datasets{number}", list(_BY_PREFIX), bucket, below))
    return held


def _by_bucket(datasets: Iterable[Dataset]) -> dict[str, set[str]]:
    """The datasets' prefixes, by their buckets' names in order."""
    prefixes: defaultdict[str, set[str]] = defaultdict(set)
    for dataset in datasets:
        bucket, prefix = parse_s3(dataset.id) or ("", "")
        prefixes[bucket].add(prefix)
    return dict(sorted(prefixes.items()))


def _listing(aws_partition: str, sid: str, actions: list[str], bucket: str, below: Iterable[str]) -> PolicyJson:
    """Listing a bucket below some prefixes."""
    listed = _statement(sid, actions, [f"arn:{aws_partition}:s3:::{bucket}"])
    if "" not in below:
        # A dollar in a prefix would begin a policy variable.
        listed["Condition"] = {"StringEquals": {"s3:prefix": [prefix.replace("$", "${$}") for prefix in sorted(below)]}}
    return listed


def _documents(aws_partition: str, places: Iterable[DocumentPlace]) -> list[PolicyJson]:
    """Reading objects below the places that the configuration lists, and listing there: results and reports of
    inventories have no fixed names."""
    held = []
    for number, place in enumerate(places, start=1):
        bucket, prefix = parse_s3(place.id) or ("", "")
        below = f"{_literally(prefix)}*"
        held.append(_statement(f"Documents{number}", [_READ], [f"arn:{aws_partition}:s3:::{bucket}/{below}"]))
        listed = _statement(f"DocumentListing{number}", ["s3:ListBucket"], [f"arn:{aws_partition}:s3:::{bucket}"])
        if prefix:
            listed["Condition"] = {"StringLike": {"s3:prefix": [below]}}
        held.append(listed)
    return held


def _literally(prefix: str) -> str:
    """A prefix in which nothing means anything else: a dollar would begin a policy variable, the others match more."""
    return "".join(f"${{{character}}}" if character in "$*?" else character for character in prefix)


def _statement(sid: str, actions: Iterable[str], resources: list[str]) -> PolicyJson:
    return {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": resources}


def _policy(statements: list[PolicyJson]) -> PolicyJson:
    return {"Version": "2012-10-17", "Statement": statements}


def _parameter(description: str, default: str | None) -> PolicyJson:
    known = {} if default is None else {"Default": default}
    return {"Type": "String", "Description": description, **known}


def _default(value: str | None) -> str:
    return "" if value is None else f"\n  default     = {_hcl(value)}"


def _hcl(value: Any) -> str:
    """JSON is HCL too, but for the beginning of a template; in the form that `terraform fmt` gives it."""
    return json.dumps(value, indent=2, separators=(",", " : ")).replace("${", "$${").replace("%{", "%%{")
