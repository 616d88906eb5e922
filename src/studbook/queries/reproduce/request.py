"""From what a job's description said to what its Create operation takes, by botocore's model of both."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape
from botocore.validate import ParamValidator

from studbook.model import REDACTED
from studbook.model.ids import parse_arn

PLACEHOLDER = "<FILL IN>"
_AGAIN = "-again"
_NAME_LENGTH = 63
_MADE = "ServiceOutput"


@dataclass(frozen=True, slots=True)
class Create:
    """The operation that makes a job, for one kind of record."""

    kind: str
    operation: str
    name: str
    """The member that names the job."""
    answer: str
    """The member of the answer that holds its ARN."""


TRAINING_JOB: Final = Create("training_job", "CreateTrainingJob", "TrainingJobName", "TrainingJobArn")
JOB: Final = Create("job", "CreateJob", "JobName", "JobArn")


def create_of(job: str) -> Create:
    """By the ARN of the job: the Job API has its own."""
    arn = parse_arn(job)
    return JOB if arn is not None and arn.type == "job" else TRAINING_JOB


def request_of(body: Mapping[str, Any], create: Create = TRAINING_JOB) -> dict[str, Any]:
    """A description as a request under a new name, without what the service put into it."""
    request: dict[str, Any] = _fitted(body, _shape(create.operation))
    name = str(body.get(create.name, ""))
    request[create.name] = name[: _NAME_LENGTH - len(_AGAIN)].rstrip("-") + _AGAIN
    told = job_settings(request)
    if "JobConfigDocument" in request and told.pop(_MADE, None) is not None:
        request["JobConfigDocument"] = json.dumps(told)
    tags = [tag for tag in request.pop("Tags", ()) if not str(tag.get("Key", "")).startswith("aws:")]
    return request | ({"Tags": tags} if tags else {})


def job_settings(request: Mapping[str, Any]) -> dict[str, Any]:
    """What the job is told: the request itself, or the document in it; empty where that cannot be read."""
    if "JobConfigDocument" not in request:
        return dict(request)
    try:
        told = json.loads(request["JobConfigDocument"])
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def problems(request: Mapping[str, Any], create: Create = TRAINING_JOB) -> str:
    """What botocore's parameter validation says of the request; empty where it accepts it."""
    report = ParamValidator().validate(dict(request), _shape(create.operation))
    if report.has_errors():
        return str(report.generate_report())
    return "" if job_settings(request) else "JobConfigDocument is no JSON object"


@cache
def _sagemaker() -> ServiceModel:
    # A session brings clients with it, which a site has no use for: a third of the time that its program takes to load.
    return ServiceModel(Loader().load_service_model("sagemaker", "service-2"), "sagemaker")


@cache
def _shape(operation: str) -> StructureShape:
    shape = _sagemaker().operation_model(operation).input_shape
    assert isinstance(shape, StructureShape)
    return shape


def _fitted(value: Any, shape: Shape) -> Any:
    """As much of the value as the shape has a place for, with placeholders for what was redacted."""
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        known = shape.members
        return {
            name: _fitted(value[name], known[name])
            for name in sorted(value)
            if name in known and value[name] is not None
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_fitted(item, shape.member) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {key: _fitted(value[key], shape.value) for key in sorted(value)}
    return value.replace(REDACTED, PLACEHOLDER) if isinstance(value, str) else value


def placeholders(value: Any, path: str = "") -> Iterator[str]:
    """The paths of the values that have to be filled in: `Environment.HF_TOKEN`, `InputDataConfig[0].ChannelName`;
    members sorted."""
    if isinstance(value, Mapping):
        for key in sorted(value):
            yield from placeholders(value[key], f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from placeholders(item, f"{path}[{index}]")
    elif isinstance(value, str) and PLACEHOLDER in value:
        yield path
