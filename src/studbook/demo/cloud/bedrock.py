"""Amazon Bedrock in memory: models that were tuned or imported, where they are deployed, and how they were judged.

moto has custom models and their jobs alone, on the wall clock and with members made up. Here each resource type is one
`Kind`; Get, List and Delete follow from botocore's service model, and so does what an answer may hold.

As at AWS a model comes of a job: the job is made by a request and goes on by itself (`fill`); once it is Completed its
model is there. Pages have ten results unless asked otherwise. Tags are taken, and told by no operation that is here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore import xform_name
from botocore.model import StructureShape

from studbook.demo.cloud.clock import Clock
from studbook.demo.cloud.lists import offset, token
from studbook.demo.cloud.protocols import ApiError, model

Json = dict[str, Any]

_PAGE, _LARGEST_PAGE = 10, 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A resource type: names that the service model has no word for."""

    noun: str
    """As in Get<noun>."""
    path: str
    """The resource part of its ARN, from members of the record."""
    arn: str
    """The member that holds its ARN."""
    name: str
    created: str = "creationTime"
    modified: str = "lastModifiedTime"
    called: Json = field(default_factory=dict)
    """Members of summaries that have another name in the record."""


_MODEL = Kind(noun="CustomModel", path="custom-model/{base}/{id}", arn="modelArn", name="modelName")
_IMPORTED = Kind(noun="ImportedModel", path="imported-model/{id}", arn="modelArn", name="modelName")
_TUNING = Kind(noun="ModelCustomizationJob", path="model-customization-job/{base}/{id}", arn="jobArn", name="jobName")
_IMPORT = Kind(noun="ModelImportJob", path="model-import-job/{id}", arn="jobArn", name="jobName")
_EVALUATION = Kind(noun="EvaluationJob", path="evaluation-job/{id}", arn="jobArn", name="jobName")
_DEPLOYMENT = Kind(
    noun="CustomModelDeployment",
    path="custom-model-deployment/{id}",
    arn="customModelDeploymentArn",
    name="modelDeploymentName",
    created="createdAt",
    modified="lastUpdatedAt",
    called={"customModelDeploymentName": "modelDeploymentName"},
)
_COPY = Kind(noun="ModelCopyJob", path="model-copy-job/{id}", arn="jobArn", name="targetModelName")
_THROUGHPUT = Kind(
    noun="ProvisionedModelThroughput",
    path="provisioned-model/{id}",
    arn="provisionedModelArn",
    name="provisionedModelName",
)
_PROFILE = Kind(
    noun="InferenceProfile",
    path="application-inference-profile/{id}",
    arn="inferenceProfileArn",
    name="inferenceProfileName",
    created="createdAt",
    modified="updatedAt",
)
KINDS = (_MODEL, _IMPORTED, _TUNING, _IMPORT, _EVALUATION, _DEPLOYMENT, _COPY, _THROUGHPUT, _PROFILE)

_GET = {f"Get{kind.noun}": kind for kind in KINDS}
_LIST = {f"List{kind.noun}s": kind for kind in KINDS}
_DELETE = {f"Delete{kind.noun}": kind for kind in KINDS}
_HOW = frozenset({"maxResults", "nextToken", "isOwned", "sortBy", "sortOrder", "typeEquals"})
"""How a list may be asked for."""


class Bedrock:
    """All accounts and regions of one imaginary AWS."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._service = model("bedrock")
        self._tables: dict[tuple[str, str, str], dict[str, Json]] = {}

    def call(self, account: str, region: str, operation: str, request: Json) -> Json:
        """Answers one call. Raises ApiError where AWS would refuse."""
        special: Callable[[str, str, Json], Json] | None = getattr(self, f"_on_{xform_name(operation)}", None)
        if special:
            request.pop("clientRequestToken", None)  # boto3 draws it; ids follow from the rest
            answer = special(account, region, request)
        elif operation in _GET:
            answer = self._find(_GET[operation], account, region, _identifier(request))
        elif operation in _DELETE:
            kind = _DELETE[operation]
            record = self._find(kind, account, region, _identifier(request))
            del self._table(kind, account, region)[record[kind.arn]]
            answer = {}
        elif operation in _LIST:
            answer = self._list(operation, account, region, request)
        else:
            raise ApiError("UnknownOperationException", f"The demo's Bedrock has no {operation}.", 404)
        return _shaped(answer, self._service.operation_model(operation).output_shape)

    def fill(self, arn: str, members: Json) -> None:
        """Sets members that the service itself fills as time passes; a job that is Completed has made its model."""
        for (noun, account, region), table in list(self._tables.items()):
            if arn in table:
                kind = _GET[f"Get{noun}"]
                record = table[arn]
                record.update(members)
                record[kind.modified] = self._now()
                if record.get("status") == "Completed" and "made" not in record:
                    self._make(kind, account, region, record)
                return
        raise ApiError("ResourceNotFoundException", f"No resource {arn}.", 404)

    # What is kept

    def _now(self) -> str:
        return self._clock.now.isoformat().replace("+00:00", "Z")

    def _table(self, kind: Kind, account: str, region: str) -> dict[str, Json]:
        return self._tables.setdefault((kind.noun, account, region), {})

    def _find(self, kind: Kind, account: str, region: str, named: str) -> Json:
        """By ARN or, for what has one, by its name."""
        for arn, record in self._table(kind, account, region).items():
            if named in (arn, record[kind.name]):
                return record
        raise ApiError("ResourceNotFoundException", f"Could not find {kind.noun} {named}.", 404)

    def _create(self, kind: Kind, account: str, region: str, members: Json) -> Json:
        table = self._table(kind, account, region)
        if any(record[kind.name] == members[kind.name] for record in table.values()):
            raise ApiError("ConflictException", f"There is a {kind.noun} {members[kind.name]} already.")
        now = self._now()
        told = json.dumps([kind.noun, now, account, region, members], sort_keys=True)
        drawn = hashlib.sha256(told.encode()).hexdigest()[:12]
        arn = f"arn:aws:bedrock:{region}:{account}:{kind.path.format_map({**members, 'id': drawn})}"
        table[arn] = {**members, kind.arn: arn, kind.created: now, kind.modified: now}
        return table[arn]

    def _make(self, kind: Kind, account: str, region: str, job: Json) -> None:
        """The model of a job that is done."""
        if kind is _TUNING:
            members = {name: job[name] for name in self._answered("GetCustomModel") if name in job}
            called = {"modelName": job["outputModelName"], "modelStatus": "Active", "ownerAccountId": account}
            told = {name: job[name] for name in ("base", "baseModelName")}
            made = self._create(_MODEL, account, region, {**members, **told, **called})
            job.update(made=True, outputModelArn=made["modelArn"])
        elif kind is _COPY:
            called = {"modelName": job["targetModelName"], "modelStatus": "Active", "ownerAccountId": account}
            members = {name: job[name] for name in ("base", "baseModelArn", "baseModelName")}
            record = {**members, **called, "modelArn": job["targetModelArn"], _MODEL.created: self._now()}
            self._table(_MODEL, account, region)[job["targetModelArn"]] = record
            job["made"] = True
        elif kind is _IMPORT:
            members = {name: job[name] for name in ("jobName", "jobArn", "modelDataSource")}
            architecture = {"modelArchitecture": job.get("modelArchitecture", "llama3"), "instructSupported": True}
            members |= {"modelName": job["importedModelName"], **architecture}
            made = self._create(_IMPORTED, account, region, members)
            job.update(made=True, importedModelArn=made["modelArn"])

    def _answered(self, operation: str) -> Json:
        shape: Any = self._service.operation_model(operation).output_shape
        return dict(shape.members)

    # Lists

    def _list(self, operation: str, account: str, region: str, request: Json) -> Json:
        kind = _LIST[operation]
        unknown = sorted(request.keys() - _HOW)
        if unknown:
            raise ApiError("ValidationException", f"The demo's Bedrock chooses by no {unknown[0]}.")
        size = request.get("maxResults", _PAGE)
        if not 1 <= size <= _LARGEST_PAGE:
            raise ApiError("ValidationException", f"maxResults {size} is out of range.")
        found = list(self._table(kind, account, region).values())
        if request.get("isOwned") is False:  # what other accounts share: nobody shares anything here
            found = []
        if request.get("typeEquals") == "SYSTEM_DEFINED":  # AWS's own profiles: there are none here
            found = []
        if request.get("sortOrder") == "Descending":
            found.reverse()
        asked = {name: value for name, value in request.items() if name not in ("maxResults", "nextToken")}
        start = offset(operation, {**asked, "NextToken": request.get("nextToken")})
        member, shape = next((n, s) for n, s in self._answered(operation).items() if s.type_name == "list")
        page = [
            _shaped({**record, **{name: record[own] for name, own in kind.called.items()}}, shape.member)
            for record in found[start : start + size]
        ]
        answer: Json = {member: page}
        if start + size < len(found):
            answer["nextToken"] = token(operation, asked, start + size)
        return answer

    # What the service model does not say

    def _on_create_model_customization_job(self, account: str, region: str, request: Json) -> Json:
        base, name = request.pop("baseModelIdentifier"), request.pop("customModelName")
        if base.startswith(f"arn:aws:bedrock:{region}:{account}:custom-model/"):
            base = self._find(_MODEL, account, region, base)["modelArn"]
        elif not base.startswith("arn:"):
            base = f"arn:aws:bedrock:{region}::foundation-model/{base}"
        tuned = base.split("/")[1]
        members = {
            "customizationType": "FINE_TUNING",
            **request,
            "outputModelName": name,
            "baseModelArn": base,
            "base": tuned,
            "baseModelName": tuned.split(".", 1)[-1].split(":")[0],
            "status": "InProgress",
        }
        return self._create(_TUNING, account, region, members)

    def _on_create_model_copy_job(self, account: str, region: str, request: Json) -> Json:
        """Asked where the copy is to be; the model may be another account's."""
        source = request["sourceModelArn"]
        owner, name = source.split(":")[4], request["targetModelName"]
        found = self._find(_MODEL, owner, source.split(":")[3], source)
        drawn = hashlib.sha256(f"{source} {account} {region} {name}".encode()).hexdigest()[:12]
        members = {
            "sourceAccountId": owner,
            "sourceModelName": found["modelName"],
            "targetModelArn": f"arn:aws:bedrock:{region}:{account}:custom-model/{found['base']}/{drawn}",
            "base": found["base"],
            "baseModelArn": found["baseModelArn"],
            "baseModelName": found["baseModelName"],
            "status": "InProgress",
        }
        return self._create(_COPY, account, region, {**request, **members})

    def _on_create_provisioned_model_throughput(self, account: str, region: str, request: Json) -> Json:
        named = request.pop("modelId")
        custom = named.startswith(f"arn:aws:bedrock:{region}:{account}:custom-model/")
        base = self._find(_MODEL, account, region, named)["baseModelArn"] if custom else named
        units = request.pop("modelUnits")
        members = {
            "modelArn": named,
            "desiredModelArn": named,
            "foundationModelArn": base,
            "modelUnits": units,
            "desiredModelUnits": units,
            "status": "InService",
        }
        return self._create(_THROUGHPUT, account, region, {**request, **members})

    def _on_create_inference_profile(self, account: str, region: str, request: Json) -> Json:
        source = request.pop("modelSource")["copyFrom"]
        members = {"models": [{"modelArn": source}], "status": "ACTIVE", "type": "APPLICATION"}
        made = self._create(_PROFILE, account, region, {**request, **members})
        made["inferenceProfileId"] = made["inferenceProfileArn"].rpartition("/")[2]
        return made

    def _on_create_model_import_job(self, account: str, region: str, request: Json) -> Json:
        return self._create(_IMPORT, account, region, {**request, "status": "InProgress"})

    def _on_create_custom_model_deployment(self, account: str, region: str, request: Json) -> Json:
        tuned = self._find(_MODEL, account, region, request["modelArn"])
        return self._create(
            _DEPLOYMENT, account, region, {**request, "modelArn": tuned["modelArn"], "status": "Creating"}
        )

    def _on_create_evaluation_job(self, account: str, region: str, request: Json) -> Json:
        way = "human" if "human" in request["evaluationConfig"] else "automated"
        how = request["evaluationConfig"][way]
        judges = how.get("evaluatorModelConfig", {}).get("bedrockEvaluatorModels", [])
        judged = [one["bedrockModel"] for one in request["inferenceConfig"].get("models", ()) if "bedrockModel" in one]
        members = {
            "applicationType": "ModelEvaluation",
            **request,
            "jobType": way.capitalize(),
            "status": "InProgress",
            "evaluationTaskTypes": list(dict.fromkeys(one["taskType"] for one in how["datasetMetricConfigs"])),
            "modelIdentifiers": [one["modelIdentifier"] for one in judged],
            "evaluatorModelIdentifiers": [one["modelIdentifier"] for one in judges],
        }
        return self._create(_EVALUATION, account, region, members)


def _identifier(request: Json) -> str:
    """What Get and Delete name, in their only member."""
    return str(next(iter(request.values())))


def _shaped(value: Json, shape: Any) -> Json:
    if not isinstance(shape, StructureShape):
        return {}
    return {member: value[member] for member in shape.members if value.get(member) is not None}
