"""From what DescribeTrainingJob said to what CreateTrainingJob takes, by botocore's model of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.validate import ParamValidator

OPERATION = "CreateTrainingJob"
REDACTED, PLACEHOLDER = "[redacted]", "<FILL IN>"
_AGAIN = "-again"
_NAME_LENGTH = 63


def request_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """A DescribeTrainingJob response as a CreateTrainingJob request under a new name."""
    request: dict[str, Any] = _fitted(body, _shape())
    name = str(body.get("TrainingJobName", ""))
    request["TrainingJobName"] = name[: _NAME_LENGTH - len(_AGAIN)].rstrip("-") + _AGAIN
    tags = [tag for tag in request.pop("Tags", ()) if not str(tag.get("Key", "")).startswith("aws:")]
    return request | ({"Tags": tags} if tags else {})


def problems(request: Mapping[str, Any]) -> str:
    """What botocore's parameter validation says of the request; empty where it accepts it."""
    report = ParamValidator().validate(dict(request), _shape())
    return report.generate_report() if report.has_errors() else ""


@cache
def _shape() -> StructureShape:
    shape = botocore.session.get_session().get_service_model("sagemaker").operation_model(OPERATION).input_shape
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
    """The paths of the values that have to be filled in."""
    if isinstance(value, Mapping):
        for key in sorted(value):
            yield from placeholders(value[key], f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from placeholders(item, f"{path}[{index}]")
    elif isinstance(value, str) and PLACEHOLDER in value:
        yield path
