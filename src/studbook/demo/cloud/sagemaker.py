"""SageMaker in memory: what its control plane keeps and how it answers, made from botocore's service model.

moto keeps 114 of SageMaker's 425 operations, drops the members that carry lineage (ServerlessJobConfig, MlflowDetails,
SourceUri, ...) and returns whole lists in one page. Here every resource type is one `Kind`: a row that says what it is
called. Create, Describe, List, Update and Delete follow from the service model, and so does what an answer may hold.

True to AWS where a harvester could be misled: ten results a page unless asked otherwise; StatusEquals and
LastModifiedTime filters look at a page after it was cut, so pages may be empty and still have a NextToken;
ListModelPackages shows unversioned packages unless asked; a card under a customer's key is refused to a role that may
not decrypt, unless it asks for MetadataOnly, and then hardly any of its text is left; what is not there is a
ValidationException where AWS says so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from botocore import xform_name
from botocore.model import Shape, StructureShape

from studbook.demo.cloud.clock import Clock
from studbook.demo.cloud.lists import after_paging, before_paging, fingerprint, matches, offset, order, token
from studbook.demo.cloud.protocols import ApiError, model

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A resource type: names that the service model has no word for."""

    noun: str
    """As in Describe<noun>."""
    path: str
    """The resource part of its ARN, from members of the record."""
    key: str = ""
    """The request member that names it; <noun>Name if empty."""
    arn: str = ""
    """The member that holds its ARN; <noun>Arn if empty."""
    create: str = ""
    """Create<noun> if empty."""
    lists: tuple[str, ...] = ()
    """The operations that list it; List<noun>s if empty."""
    born: Json = field(default_factory=dict)
    """Members that the service fills when it makes one."""
    exact: bool = False
    """The ARN keeps the case of names; elsewhere AWS writes it in lower case."""
    missing: str = "ValidationException"
    """The code of the error for one that is not there."""
    wrapped: str = ""
    """The member of Describe's answer that holds all of it."""
    called: Json = field(default_factory=dict)
    """Members of summaries that have another name in the record."""

    @property
    def name_member(self) -> str:
        return self.key or f"{self.noun}Name"

    @property
    def arn_member(self) -> str:
        return self.arn or f"{self.noun}Arn"

    @property
    def create_operation(self) -> str:
        return self.create or f"Create{self.noun}"

    @property
    def list_operations(self) -> tuple[str, ...]:
        return self.lists or (f"List{self.noun}s",)


def _job(noun: str, path: str, **more: Any) -> Kind:
    return Kind(noun=noun, path=path, born={f"{noun}Status": "InProgress"}, **more)


KINDS = (
    Kind(noun="Hub", path="hub/{HubName}", born={"HubStatus": "InService"}, exact=True, missing="ResourceNotFound"),
    Kind(
        noun="HubContent",
        path="hub-content/{HubName}/{HubContentType}/{HubContentName}/{HubContentVersion}",
        create="ImportHubContent",
        lists=("ListHubContents", "ListHubContentVersions"),
        born={"HubContentStatus": "Available", "HubContentSearchKeywords": []},
        exact=True,
        missing="ResourceNotFound",
    ),
    _job("TrainingJob", "training-job/{TrainingJobName}"),
    _job("ProcessingJob", "processing-job/{ProcessingJobName}"),
    _job("TransformJob", "transform-job/{TransformJobName}"),
    _job("HyperParameterTuningJob", "hyper-parameter-tuning-job/{HyperParameterTuningJobName}"),
    Kind(
        noun="OptimizationJob",
        path="optimization-job/{OptimizationJobName}",
        born={"OptimizationJobStatus": "INPROGRESS", "OptimizationTypes": []},
    ),
    _job("AIRecommendationJob", "ai-recommendation-job/{AIRecommendationJobName}", exact=True),
    _job("AIBenchmarkJob", "ai-benchmark-job/{AIBenchmarkJobName}", exact=True),
    Kind(
        noun="AutoMLJobV2",
        path="automl-job/{AutoMLJobName}",
        key="AutoMLJobName",
        arn="AutoMLJobArn",
        lists=("ListAutoMLJobs",),
        born={"AutoMLJobStatus": "InProgress", "AutoMLJobSecondaryStatus": "Starting"},
    ),
    Kind(
        noun="Job",
        path="job/{JobCategory}/{JobName}",
        born={"JobStatus": "InProgress", "SecondaryStatus": "Starting", "SecondaryStatusTransitions": []},
        exact=True,
        missing="ResourceNotFound",
        called={"JobSecondaryStatus": "SecondaryStatus"},
    ),
    Kind(
        noun="LabelingJob",
        path="labeling-job/{LabelingJobName}",
        born={"LabelingJobStatus": "InProgress", "LabelCounters": {"TotalLabeled": 0}, "JobReferenceCode": "demo"},
    ),
    Kind(
        noun="CompilationJob",
        path="compilation-job/{CompilationJobName}",
        born={"CompilationJobStatus": "INPROGRESS", "FailureReason": "", "ModelArtifacts": {"S3ModelArtifacts": ""}},
    ),
    *(
        Kind(
            noun=f"{kind}JobDefinition",
            path=f"{path}-job-definition/{{JobDefinitionName}}",
            key="JobDefinitionName",
            arn="JobDefinitionArn",
            missing="ResourceNotFound",
        )
        for kind, path in (
            ("DataQuality", "data-quality"),
            ("ModelQuality", "model-quality"),
            ("ModelBias", "model-bias"),
            ("ModelExplainability", "model-explainability"),
        )
    ),
    Kind(
        noun="MonitoringSchedule",
        path="monitoring-schedule/{MonitoringScheduleName}",
        born={"MonitoringScheduleStatus": "Scheduled"},
        missing="ResourceNotFound",
    ),
    Kind(
        noun="TrainingSession",
        path="training-session/{TrainingSessionName}",
        born={"TrainingSessionStatus": "Running"},
        wrapped="TrainingSessionDetail",
    ),
    Kind(
        noun="ModelPackageGroup",
        path="model-package-group/{ModelPackageGroupName}",
        born={"ModelPackageGroupStatus": "Completed"},
    ),
    Kind(
        noun="ModelPackage",
        path="model-package/{ModelPackageName}",
        born={
            "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": {"ValidationStatuses": []},
            "ModelPackageRegistrationType": "Registered",
        },
    ),
    Kind(noun="Model", path="model/{ModelName}"),
    Kind(noun="EndpointConfig", path="endpoint-config/{EndpointConfigName}"),
    Kind(noun="Endpoint", path="endpoint/{EndpointName}", born={"EndpointStatus": "InService"}),
    Kind(
        noun="InferenceComponent",
        path="inference-component/{InferenceComponentName}",
        born={"InferenceComponentStatus": "InService"},
    ),
    Kind(
        noun="MlflowApp",
        path="mlflow-app/app-{Id}",
        key="Arn",
        arn="Arn",
        born={"Status": "Created", "MlflowVersion": "3.10.0"},
        exact=True,
        missing="ResourceNotFound",
    ),
    Kind(
        noun="MlflowTrackingServer",
        path="mlflow-tracking-server/{TrackingServerName}",
        key="TrackingServerName",
        arn="TrackingServerArn",
        born={"TrackingServerStatus": "Created", "IsActive": "Active"},
        exact=True,
        missing="ResourceNotFound",
    ),
    Kind(
        noun="Pipeline",
        path="pipeline/{PipelineName}",
        born={"PipelineStatus": "Active"},
        exact=True,
        missing="ResourceNotFound",
    ),
    Kind(
        noun="PipelineExecution",
        path="pipeline/{PipelineName}/execution/{Id}",
        key="PipelineExecutionArn",
        create="StartPipelineExecution",
        born={"PipelineExecutionStatus": "Executing", "Steps": [], "PipelineParameters": []},
        exact=True,
        missing="ResourceNotFound",
    ),
    Kind(noun="Artifact", path="artifact/{Id}", key="ArtifactArn", missing="ResourceNotFound"),
    Kind(noun="Action", path="action/{ActionName}", missing="ResourceNotFound"),
    Kind(noun="Context", path="context/{ContextName}", missing="ResourceNotFound"),
    Kind(noun="Experiment", path="experiment/{ExperimentName}", missing="ResourceNotFound"),
    Kind(noun="Trial", path="experiment-trial/{TrialName}", missing="ResourceNotFound"),
    Kind(noun="TrialComponent", path="experiment-trial-component/{TrialComponentName}", missing="ResourceNotFound"),
    Kind(
        noun="FeatureGroup",
        path="feature-group/{FeatureGroupName}",
        born={"FeatureGroupStatus": "Created"},
        missing="ResourceNotFound",
    ),
    Kind(
        noun="ModelCard",
        path="model-card/{ModelCardName}",
        born={"ModelCardVersion": 1},
        exact=True,
        missing="ResourceNotFound",
    ),
    Kind(
        noun="InferenceRouter",
        path="inference-router/{InferenceRouterName}",
        born={"Status": "InService"},
        exact=True,
        missing="ResourceNotFound",
    ),
)

_CREATE = {kind.create_operation: kind for kind in KINDS}
_DESCRIBE = {f"Describe{kind.noun}": kind for kind in KINDS}
_UPDATE = {f"Update{kind.noun}": kind for kind in KINDS}
_DELETE = {f"Delete{kind.noun}": kind for kind in KINDS}
_LIST = {operation: kind for kind in KINDS for operation in kind.list_operations}
_BY_NOUN = {kind.noun: kind for kind in KINDS}

PUBLIC_HUB = "SageMakerPublicHub"


_READS = ("List", "Describe", "BatchDescribe", "Search")


class SageMaker:
    """All accounts and regions of one imaginary AWS."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._service = model("sagemaker")
        self._tables: dict[tuple[str, str, str], dict[str, Json]] = {}
        self._walks: dict[tuple[str, str, str, str], list[Json]] = {}
        """What listings of many pages go through, sorted, by who asks for what; until something is written."""
        self._asking = ("", "")
        self._newest: dict[tuple[str, str, str], int] = {}
        """The highest version in each group, until one is deleted."""
        self._tags: dict[str, list[Json]] = {}
        self._associations: dict[tuple[str, str], list[Json]] = {}

    def call(self, account: str, region: str, operation: str, request: Json, *, decrypts: bool = True) -> Json:
        """Answers one call of somebody who may or may not use keys. Raises ApiError where AWS would refuse."""
        if operation not in self._service.operation_names:
            raise ApiError("UnknownOperationException", operation)
        request = dict(request)
        self._asking = (account, region)
        if not operation.startswith(_READS):
            self._walks.clear()
        special: Callable[[str, str, Json], Json] | None = getattr(self, f"_on_{xform_name(operation)}", None)
        if special:
            answer = special(account, region, request)
        elif operation in _CREATE:
            answer = self._create(_CREATE[operation], account, region, request)
        elif operation in _DESCRIBE:
            answer = self._described(_DESCRIBE[operation], account, region, request)
        elif operation in _UPDATE:
            answer = self._update(_UPDATE[operation], account, region, request)
        elif operation in _DELETE:
            record = self._find(_DELETE[operation], account, region, request)
            arn = record[_DELETE[operation].arn_member]
            del self._table(_DELETE[operation].noun, account, region)[arn]
            self._tags.pop(arn, None)
            self._newest.clear()
            answer = {}
        elif operation.startswith("List"):
            answer = self._list(operation, account, region, request)
        else:
            raise ApiError("ValidationException", f"The demo's SageMaker has no {operation}.")
        if operation in ("DescribeModelCard", "DescribeModelPackage"):
            answer = _card_shown(answer, request, decrypts=decrypts)
        return self._shaped(answer, self._service.operation_model(operation).output_shape)

    def fill(self, arn: str, members: Json) -> None:
        """Sets members that the service itself fills as time passes: statuses, MlflowDetails, ImageDigest, ..."""
        self._walks.clear()
        record = self._by_arn(arn)
        record.update(members)
        record["LastModifiedTime"] = self._clock.seconds()

    def resources(self, account: str, region: str) -> list[Json]:
        """The tagged resources as the tagging API shows them, by ARN."""
        start = f"arn:aws:sagemaker:{region}:{account}:"
        return [
            {"ResourceARN": arn, "Tags": tags}
            for arn, tags in sorted(self._tags.items())
            if arn.startswith(start) and tags
        ]

    # What is kept

    def _table(self, noun: str, account: str, region: str) -> dict[str, Json]:
        return self._tables.setdefault((noun, account, region), {})

    def _by_arn(self, arn: str) -> Json:
        for table in self._tables.values():
            if arn in table:
                return table[arn]
        raise ApiError("ResourceNotFound", f"No resource {arn}.")

    def _exists(self, arn: str) -> bool:
        return any(arn in table for table in self._tables.values())

    def _arn(self, kind: Kind, account: str, region: str, record: Json) -> str:
        path = kind.path.format_map(record)
        return f"arn:aws:sagemaker:{region}:{account}:{path if kind.exact else path.lower()}"

    def _find(self, kind: Kind, account: str, region: str, request: Json) -> Json:
        named = request.get(kind.name_member) or request.get(kind.arn_member)
        if kind.noun == "HubContent":
            return self._hub_content(kind, account, region, request)
        if named and str(named).startswith("arn:"):
            arn = str(named)
            owner = arn.split(":")[4]
            if owner not in (account, "aws"):
                raise ApiError("AccessDeniedException", f"Account {account} is not authorized to access {arn}")
            account, region = owner, arn.split(":")[3]
        elif kind.noun == "Hub" and named == PUBLIC_HUB:
            account, arn = "aws", f"arn:aws:sagemaker:{region}:aws:hub/{PUBLIC_HUB}"
        else:
            try:
                arn = self._arn(kind, account, region, request)
            except KeyError:
                arn = ""
        record = self._table(kind.noun, account, region).get(arn)
        if record is None:
            raise self._no(kind, named)
        return record

    @staticmethod
    def _no(kind: Kind, named: Any) -> ApiError:
        if kind.noun in ("TrainingJob", "ProcessingJob", "TransformJob"):
            return ApiError(kind.missing, "Requested resource not found.")
        return ApiError(kind.missing, f'Could not find {kind.noun} "{named}".')

    def _create(self, kind: Kind, account: str, region: str, request: Json) -> Json:
        now = self._clock.seconds()
        tags = request.pop("Tags", None)
        request.pop("ClientRequestToken", None)
        if "{Id}" in kind.path:
            request["Id"] = hashlib.sha256(json.dumps([now, account, region, request]).encode()).hexdigest()[:12]
        record = {**kind.born, **request, "CreationTime": now, "LastModifiedTime": now}
        arn = self._arn(kind, account, region, record)
        record[kind.arn_member] = arn
        table = self._table(kind.noun, account, region)
        if arn in table:
            code = "ResourceInUse" if kind.noun.endswith("Job") else "ValidationException"
            raise ApiError(code, f"Cannot create already existing {kind.noun} {arn}.")
        table[arn] = record
        if tags:
            self._tags[arn] = tags
        return record

    def _described(self, kind: Kind, account: str, region: str, request: Json) -> Json:
        """The record, with its tags for the few descriptions that have them."""
        record = self._find(kind, account, region, request)
        answer = {**record, "Tags": self._tags.get(record[kind.arn_member], [])}
        return {kind.wrapped: answer} if kind.wrapped else answer

    def _update(self, kind: Kind, account: str, region: str, request: Json) -> Json:
        record = self._find(kind, account, region, request)
        for member, value in request.items():
            if member == "CustomerMetadataProperties":
                record.setdefault(member, {}).update(value)
            elif member not in (kind.name_member, kind.arn_member):
                record[member] = value
        record["LastModifiedTime"] = self._clock.seconds()
        return record

    # Lists

    def _list(self, operation: str, account: str, region: str, request: Json) -> Json:
        kind = _LIST.get(operation)
        found: Iterable[Json] = () if kind is None else self._table(kind.noun, account, region).values()
        return self._paged(operation, request, found, kind)

    def _paged(self, operation: str, request: Json, found: Iterable[Json], kind: Kind | None = None) -> Json:
        listed: Any = self._service.operation_model(operation).output_shape
        member = next(name for name, shape in listed.members.items() if shape.type_name == "list")
        size = self._page_size(operation, request)
        name = kind.name_member if kind else "StepName"
        start = offset(operation, request)

        def chosen() -> list[Json]:
            kept = [record for record in found if before_paging(record, request, name)]
            kept.sort(key=order(request, name), reverse=request.get("SortOrder") == "Descending")
            return kept

        kept = self._walk(operation, request, size, chosen)
        page = [record for record in kept[start : start + size] if after_paging(record, request)]
        if kind is not None:
            item = listed.members[member].member
            called = kind.called.items()
            page = [
                self._shaped({**record, **{name: record.get(own) for name, own in called}}, item) for record in page
            ]
        answer: Json = {member: page}
        if start + size < len(kept):
            answer["NextToken"] = token(operation, request, start + size)
        return answer

    def _walk(self, operation: str, request: Json, size: int, choose: Callable[[], list[Json]]) -> list[Json]:
        """All that a listing goes through; of one with many pages it is chosen and sorted once."""
        key = (*self._asking, operation, fingerprint(request))
        found = self._walks.get(key)
        if found is None:
            found = choose()
            if len(found) > size:
                self._walks[key] = found
        return found

    def _page_size(self, operation: str, request: Json) -> int:
        asked: Any = self._service.operation_model(operation).input_shape
        shape = asked.members.get("MaxResults")
        limits = shape.metadata if shape is not None else {}
        size = request.get("MaxResults", max(10, limits.get("min", 1)))
        if not limits.get("min", 1) <= size <= limits.get("max", 100):
            raise ApiError("ValidationException", f"MaxResults {size} is out of range.")
        return int(size)

    def _shaped(self, value: Json, shape: Shape | None) -> Json:
        if not isinstance(shape, StructureShape):
            return {}
        return {member: value[member] for member in shape.members if value.get(member) is not None}

    # What the service model does not say

    def _hub(self, account: str, region: str, named: str) -> tuple[str, str]:
        """Owner and name of the hub that a request names by name or ARN."""
        record = self._find(_BY_NOUN["Hub"], account, region, {"HubName": named})
        owner = record["HubArn"].split(":")[4]
        return owner, record["HubName"]

    def _hub_content(self, kind: Kind, account: str, region: str, request: Json) -> Json:
        owner, hub = self._hub(account, region, request["HubName"])
        versions = [
            record
            for record in self._table(kind.noun, owner, region).values()
            if (record["HubName"], record["HubContentType"], record["HubContentName"])
            == (hub, request["HubContentType"], request["HubContentName"])
            and request.get("HubContentVersion") in (None, record["HubContentVersion"])
        ]
        if not versions:
            raise self._no(kind, request["HubContentName"])
        return max(versions, key=_version)

    def _on_import_hub_content(self, account: str, region: str, request: Json) -> Json:
        owner, hub = self._hub(account, region, request["HubName"])
        if owner != account:
            raise ApiError("AccessDeniedException", f"Account {account} cannot write to hub {hub}.")
        request["HubName"] = hub
        request["HubArn"] = f"arn:aws:sagemaker:{region}:{owner}:hub/{hub}"
        request.setdefault("HubContentVersion", "1.0.0")
        return self._create(_BY_NOUN["HubContent"], owner, region, request)

    def _on_list_hub_contents(self, account: str, region: str, request: Json) -> Json:
        owner, hub = self._hub(account, region, request["HubName"])
        latest: dict[tuple[str, str], Json] = {}
        for record in sorted(self._table("HubContent", owner, region).values(), key=_version):
            if record["HubName"] == hub:
                latest[record["HubContentType"], record["HubContentName"]] = record
        return self._paged("ListHubContents", request, latest.values(), _BY_NOUN["HubContent"])

    def _on_list_hub_content_versions(self, account: str, region: str, request: Json) -> Json:
        owner, hub = self._hub(account, region, request["HubName"])
        found = [r for r in self._table("HubContent", owner, region).values() if r["HubName"] == hub]
        return self._paged("ListHubContentVersions", request, found, _BY_NOUN["HubContent"])

    def _on_delete_hub_content(self, account: str, region: str, request: Json) -> Json:
        owner, _ = self._hub(account, region, request["HubName"])
        record = self._hub_content(_BY_NOUN["HubContent"], account, region, request)
        del self._table("HubContent", owner, region)[record["HubContentArn"]]
        return {}

    def _on_create_model_package(self, account: str, region: str, request: Json) -> Json:
        group = request.get("ModelPackageGroupName")
        if group:
            group = group.rsplit("/", 1)[-1]
            self._find(_BY_NOUN["ModelPackageGroup"], account, region, {"ModelPackageGroupName": group})
            if (account, region, group) not in self._newest:
                table = self._table("ModelPackage", account, region).values()
                numbers = [r["ModelPackageVersion"] for r in table if r.get("ModelPackageGroupName") == group]
                self._newest[account, region, group] = max(numbers, default=0)
            self._newest[account, region, group] += 1
            number = self._newest[account, region, group]
            request.update(ModelPackageGroupName=group, ModelPackageVersion=number)
            request["ModelPackageName"] = f"{group}/{number}"
            request.setdefault("ModelApprovalStatus", "PendingManualApproval")
        record = self._create(_BY_NOUN["ModelPackage"], account, region, request)
        if group:
            record["ModelPackageName"] = group
        return record

    def _on_list_model_packages(self, account: str, region: str, request: Json) -> Json:
        found: Iterable[Json] = self._table("ModelPackage", account, region).values()
        group = request.get("ModelPackageGroupName")
        wanted = request.get("ModelPackageType", "Versioned" if group else "Unversioned")
        if group:
            group = group.rsplit("/", 1)[-1]
            self._find(_BY_NOUN["ModelPackageGroup"], account, region, {"ModelPackageGroupName": group})
            found = (r for r in found if r.get("ModelPackageGroupName") == group)
        if wanted != "Both":
            found = (r for r in found if ("ModelPackageVersion" in r) == (wanted == "Versioned"))
        return self._paged("ListModelPackages", request, found, _BY_NOUN["ModelPackage"])

    def _on_batch_describe_model_package(self, account: str, region: str, request: Json) -> Json:
        shape = self._service.shape_for("BatchDescribeModelPackageSummary")
        found: Json = {}
        errors: Json = {}
        for arn in request["ModelPackageArnList"]:
            try:
                record = self._find(_BY_NOUN["ModelPackage"], account, region, {"ModelPackageName": arn})
                found[arn] = self._shaped(record, shape)
            except ApiError as error:
                errors[arn] = {"ErrorCode": error.code, "ErrorResponse": error.message}
        return {"ModelPackageSummaries": found, "BatchDescribeModelPackageErrorMap": errors}

    def _on_create_endpoint(self, account: str, region: str, request: Json) -> Json:
        request.update(self._variants(account, region, request["EndpointConfigName"]))
        return self._create(_BY_NOUN["Endpoint"], account, region, request)

    def _on_update_endpoint(self, account: str, region: str, request: Json) -> Json:
        request.update(self._variants(account, region, request["EndpointConfigName"]))
        return self._update(_BY_NOUN["Endpoint"], account, region, request)

    def _variants(self, account: str, region: str, config: str) -> dict[str, list[Json]]:
        """An endpoint's variants with the images that run in them, as the config's models name them."""
        record = self._find(_BY_NOUN["EndpointConfig"], account, region, {"EndpointConfigName": config})
        whole = ("ProductionVariants", "ShadowProductionVariants")
        return {name: self._running(account, region, record[name]) for name in whole if record.get(name)}

    def _running(self, account: str, region: str, configured: list[Json]) -> list[Json]:
        variants = []
        for variant in configured:
            shown = {
                "VariantName": variant["VariantName"],
                "CurrentInstanceCount": variant.get("InitialInstanceCount", 1),
                "DesiredInstanceCount": variant.get("InitialInstanceCount", 1),
                "CurrentWeight": variant.get("InitialVariantWeight", 1.0),
            }
            if "ModelName" in variant:
                found = self._find(_BY_NOUN["Model"], account, region, {"ModelName": variant["ModelName"]})
                shown["DeployedImages"] = [
                    self._deployed(container["Image"])
                    for container in [*found.get("Containers", []), found.get("PrimaryContainer", {})]
                    if "Image" in container
                ]
            variants.append(shown)
        return variants

    def _deployed(self, image: str) -> Json:
        return {
            "SpecifiedImage": image,
            "ResolvedImage": resolved_image(image),
            "ResolutionTime": self._clock.seconds(),
        }

    def _on_create_labeling_job(self, account: str, region: str, request: Json) -> Json:
        request["WorkteamArn"] = request["HumanTaskConfig"]["WorkteamArn"]
        return self._create(_BY_NOUN["LabelingJob"], account, region, request)

    def _on_create_monitoring_schedule(self, account: str, region: str, request: Json) -> Json:
        """What it watches is told by itself or by its definition, and shown beside it."""
        config = request["MonitoringScheduleConfig"]
        kind, name = config.get("MonitoringType", "DataQuality"), config.get("MonitoringJobDefinitionName")
        inputs = config.get("MonitoringJobDefinition", {}).get("MonitoringInputs", [])
        if name:
            found = self._find(_BY_NOUN[f"{kind}JobDefinition"], account, region, {"JobDefinitionName": name})
            inputs = [found[f"{kind}JobInput"]]
            request["MonitoringJobDefinitionName"] = name
        watched = [one["EndpointInput"]["EndpointName"] for one in inputs if "EndpointInput" in one]
        request.update(MonitoringType=kind, **({"EndpointName": watched[0]} if watched else {}))
        return self._create(_BY_NOUN["MonitoringSchedule"], account, region, request)

    def _on_create_inference_component(self, account: str, region: str, request: Json) -> Json:
        found = self._find(_BY_NOUN["Endpoint"], account, region, {"EndpointName": request["EndpointName"]})
        for specification in [request.get("Specification", {}), *request.get("Specifications", [])]:
            container = specification.get("Container", {})
            if "Image" in container:
                container["DeployedImage"] = self._deployed(container["Image"])
        request["EndpointArn"] = found["EndpointArn"]
        return self._create(_BY_NOUN["InferenceComponent"], account, region, request)

    def _on_create_model(self, account: str, region: str, request: Json) -> Json:
        for container in [*request.get("Containers", []), request.get("PrimaryContainer", {})]:
            package = container.get("ModelPackageName")
            if package:
                self._find(_BY_NOUN["ModelPackage"], account, region, {"ModelPackageName": package})
        return self._create(_BY_NOUN["Model"], account, region, request)

    def _on_describe_model_card(self, account: str, region: str, request: Json) -> Json:
        record = self._find(_BY_NOUN["ModelCard"], account, region, request)
        number = request.get("ModelCardVersion", record["ModelCardVersion"])
        versions: list[Json] = [record, *record.get("Earlier", ())]
        for version in versions:
            if version["ModelCardVersion"] == number:
                return version
        raise self._no(_BY_NOUN["ModelCard"], f"{request['ModelCardName']} {number}")

    def _on_update_model_card(self, account: str, region: str, request: Json) -> Json:
        record = self._find(_BY_NOUN["ModelCard"], account, region, request)
        earlier = [*record.pop("Earlier", ()), dict(record)]
        record.update(Earlier=earlier, ModelCardVersion=record["ModelCardVersion"] + 1)
        return self._update(_BY_NOUN["ModelCard"], account, region, request)

    def _on_list_model_card_versions(self, account: str, region: str, request: Json) -> Json:
        record = self._find(_BY_NOUN["ModelCard"], account, region, request)
        versions = [*record.get("Earlier", ()), record]
        return self._paged("ListModelCardVersions", request, versions, _BY_NOUN["ModelCard"])

    def _on_create_feature_group(self, account: str, region: str, request: Json) -> Json:
        store = request.get("OfflineStoreConfig", {}).get("S3StorageConfig")
        if store:
            name = f"{request['FeatureGroupName']}-{int(self._clock.seconds())}"
            uri = f"{store['S3Uri'].rstrip('/')}/{account}/sagemaker/{region}/offline-store/{name}/data"
            store.setdefault("ResolvedOutputS3Uri", uri)
        return self._create(_BY_NOUN["FeatureGroup"], account, region, request)

    def _on_describe_inference_router(self, account: str, region: str, request: Json) -> Json:
        record = self._find(_BY_NOUN["InferenceRouter"], account, region, request)
        targets = [
            {
                **target,
                "Destinations": [
                    {**one, "RoutingStatus": "Routable" if self._exists(one["ResourceArn"]) else "Unroutable"}
                    for one in target["Destinations"]
                ],
            }
            for target in record["RoutingTargets"]
        ]
        return {**record, "RoutingTargets": targets}

    def _on_create_pipeline(self, account: str, region: str, request: Json) -> Json:
        return self._pipeline_version(self._create(_BY_NOUN["Pipeline"], account, region, request))

    def _on_update_pipeline(self, account: str, region: str, request: Json) -> Json:
        return self._pipeline_version(self._update(_BY_NOUN["Pipeline"], account, region, request))

    def _pipeline_version(self, pipeline: Json) -> Json:
        versions = pipeline.setdefault("Versions", [])
        versions.append(
            {
                "PipelineArn": pipeline["PipelineArn"],
                "PipelineVersionId": len(versions) + 1,
                "CreationTime": self._clock.seconds(),
            }
        )
        return pipeline

    def _on_list_pipeline_versions(self, account: str, region: str, request: Json) -> Json:
        found = self._find(_BY_NOUN["Pipeline"], account, region, request)["Versions"]
        return self._paged("ListPipelineVersions", request, found)

    def _on_delete_pipeline(self, account: str, region: str, request: Json) -> Json:
        """Its executions go with it."""
        arn = self._find(_BY_NOUN["Pipeline"], account, region, request)["PipelineArn"]
        executions = self._table("PipelineExecution", account, region)
        for execution in [name for name, record in executions.items() if record["PipelineArn"] == arn]:
            del executions[execution]
        del self._table("Pipeline", account, region)[arn]
        self._tags.pop(arn, None)
        return {"PipelineArn": arn}

    def _on_start_pipeline_execution(self, account: str, region: str, request: Json) -> Json:
        pipeline = self._find(_BY_NOUN["Pipeline"], account, region, {"PipelineName": request["PipelineName"]})
        request["PipelineName"] = pipeline["PipelineName"]
        request["PipelineArn"] = pipeline["PipelineArn"]
        request["PipelineDefinition"] = pipeline["PipelineDefinition"]
        request["PipelineVersionId"] = len(pipeline["Versions"])
        request["StartTime"] = pipeline["LastRunTime"] = pipeline["LastExecutionTime"] = self._clock.seconds()
        return self._create(_BY_NOUN["PipelineExecution"], account, region, request)

    def _on_retry_pipeline_execution(self, account: str, region: str, request: Json) -> Json:
        """The same execution goes on; the pipeline's last execution began when it first did."""
        record = self._find(_BY_NOUN["PipelineExecution"], account, region, request)
        if record["PipelineExecutionStatus"] not in ("Failed", "Stopped"):
            raise ApiError("ValidationException", "Only executions that failed or were stopped can be retried.")
        record["PipelineExecutionStatus"] = "Executing"
        record["LastModifiedTime"] = self._clock.seconds()
        return record

    def _on_describe_pipeline_definition_for_execution(self, account: str, region: str, request: Json) -> Json:
        return self._find(_BY_NOUN["PipelineExecution"], account, region, request)

    def _on_list_pipeline_execution_steps(self, account: str, region: str, request: Json) -> Json:
        record = self._find(_BY_NOUN["PipelineExecution"], account, region, request)
        return self._paged("ListPipelineExecutionSteps", request, record["Steps"])

    def _on_list_pipeline_parameters_for_execution(self, account: str, region: str, request: Json) -> Json:
        record = self._find(_BY_NOUN["PipelineExecution"], account, region, request)
        return self._paged("ListPipelineParametersForExecution", request, record["PipelineParameters"])

    def _on_list_training_jobs_for_hyper_parameter_tuning_job(self, account: str, region: str, request: Json) -> Json:
        tuning = self._find(_BY_NOUN["HyperParameterTuningJob"], account, region, request)
        arn = tuning["HyperParameterTuningJobArn"]
        found = [
            {**record, "TunedHyperParameters": record.get("TunedHyperParameters", {})}
            for record in self._table("TrainingJob", account, region).values()
            if record.get("TuningJobArn") == arn
        ]
        operation = "ListTrainingJobsForHyperParameterTuningJob"
        return self._paged(operation, request, found, _BY_NOUN["TrainingJob"])

    def _on_add_association(self, account: str, region: str, request: Json) -> Json:
        edge = {**request, "CreationTime": self._clock.seconds()}
        for end in ("Source", "Destination"):
            record = self._by_arn(request[f"{end}Arn"]) if self._exists(request[f"{end}Arn"]) else {}
            types = (record.get(f"{noun}Type") for noun in ("Artifact", "Action", "Context"))
            edge[f"{end}Type"] = next((kind for kind in types if kind), None)
            edge[f"{end}Name"] = next((v for k, v in record.items() if k.endswith("Name") and isinstance(v, str)), None)
        self._associations.setdefault((account, region), []).append(edge)
        return request

    def _on_delete_association(self, account: str, region: str, request: Json) -> Json:
        ends = ("SourceArn", "DestinationArn")
        edges = self._associations.get((account, region), [])
        kept = [edge for edge in edges if any(edge[end] != request[end] for end in ends)]
        if len(kept) == len(edges):
            raise ApiError("ResourceNotFound", "No such association.")
        self._associations[account, region] = kept
        return request

    def _on_list_associations(self, account: str, region: str, request: Json) -> Json:
        return self._paged("ListAssociations", request, self._associations.get((account, region), []))

    def _tagged(self, arn: str) -> list[Json]:
        if not self._exists(arn) or arn.split(":")[4] == "aws":
            raise ApiError("ValidationException", f"Could not find resource {arn}.")
        return self._tags.get(arn, [])

    def _on_list_tags(self, account: str, region: str, request: Json) -> Json:
        return self._paged("ListTags", request, self._tagged(request["ResourceArn"]))

    def _on_add_tags(self, account: str, region: str, request: Json) -> Json:
        tags = {tag["Key"]: tag for tag in [*self._tagged(request["ResourceArn"]), *request["Tags"]]}
        self._tags[request["ResourceArn"]] = list(tags.values())
        return {"Tags": list(tags.values())}

    def _on_delete_tags(self, account: str, region: str, request: Json) -> Json:
        tags = [t for t in self._tagged(request["ResourceArn"]) if t["Key"] not in request["TagKeys"]]
        self._tags[request["ResourceArn"]] = tags
        return {}

    def _on_search(self, account: str, region: str, request: Json) -> Json:
        noun: str = request["Resource"]
        kind = _BY_NOUN.get({"ExperimentTrial": "Trial", "ExperimentTrialComponent": "TrialComponent"}.get(noun, noun))
        if kind is None:
            raise ApiError("ValidationException", f"The demo's Search knows no {noun}.")
        filters = request.get("SearchExpression", {}).get("Filters", [])
        by = request.get("SortBy", "LastModifiedTime")

        def chosen() -> list[Json]:
            tagged = (
                {**record, "Tags": self._tags.get(record[kind.arn_member], [])}
                for record in self._table(kind.noun, account, region).values()
            )
            kept = [record for record in tagged if all(matches(record, condition) for condition in filters)]
            kept.sort(key=lambda record: record.get(by, 0), reverse=request.get("SortOrder") != "Ascending")
            return kept

        size, start = self._page_size("Search", request), offset("Search", request)
        found = self._walk("Search", request, size, chosen)
        member = "TrialComponent" if kind.noun == "TrialComponent" else noun
        shape = self._service.shape_for("SearchRecord").members[member]  # type: ignore[attr-defined]
        if noun == "Model":  # as the dashboard shows it: the model itself is one of its members
            shape = shape.members["Model"]
        shown = [self._shaped(record, shape) for record in found[start : start + size]]
        answer: Json = {"Results": [{member: {"Model": one} if noun == "Model" else one} for one in shown]}
        if start + size < len(found):
            answer["NextToken"] = token("Search", request, start + size)
        return answer


def resolved_image(image: str) -> str:
    """The image by digest, as an endpoint shows it after pulling; the digest is made up from the name."""
    repository = image.rsplit("@", 1)[0]
    name, _, _ = repository.rpartition(":")
    return f"{name or repository}@sha256:{hashlib.sha256(image.encode()).hexdigest()}"


_KEPT = (
    ("model_overview", "model_id"),
    ("model_overview", "model_name"),
    ("intended_uses", "risk_rating"),
    ("model_package_details", "model_package_group_name"),
    ("model_package_details", "model_package_arn"),
)
"""What MetadataOnly leaves of a card's text."""


def _card_shown(record: Json, request: Json, *, decrypts: bool) -> Json:
    """A card, or a package with the card inside, with as much of its text as was asked for. Raises ApiError."""
    if request.get("IncludedData") != "MetadataOnly":
        key = record.get("SecurityConfig", {}).get("KmsKeyId")
        if key and not decrypts:
            raise ApiError("AccessDeniedException", f"The caller is not authorized to perform: kms:Decrypt on {key}")
        return record
    inside = record.get("ModelCard")
    if inside and "ModelCardContent" in inside:
        return {**record, "ModelCard": {**inside, "ModelCardContent": _metadata(inside["ModelCardContent"])}}
    return {**record, "Content": _metadata(record["Content"])} if "Content" in record else record


def _metadata(content: str) -> str:
    kept: dict[str, dict[str, str]] = {}
    document = json.loads(content)
    for part, member in _KEPT:
        if member in document.get(part, {}):
            kept.setdefault(part, {})[member] = document[part][member]
    return json.dumps(kept)


def _version(record: Json) -> tuple[int, ...]:
    return tuple(int(part) for part in record["HubContentVersion"].split("."))
