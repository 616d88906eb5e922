"""Census of references: which members of AWS's answers name another thing, and which of them Studbook reads.

    python -m tests.census [OPERATION]

The members come from botocore's description of each operation that keeps a record: ARNs, names, URIs, images,
ids and digests. Whether one is read is tried, not looked up: an answer with every member filled in is given to the
normalizer, and a member is read where its value comes out again in an asset, an edge or a claim. Every other member
stands in `unread_members.txt` with the reason why not. A botocore that knows a new member fails `make check`, until it
is read or has its reason.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, Final

import botocore.session
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from studbook.aws.errors import UNREADABLE
from studbook.model import Record
from studbook.sources import SOURCES, source
from studbook.sources.declarative_source import Declared
from studbook.sources.interface import Describe, Detail, Json, Listing, Resource

ACCOUNT, REGION = "111122223333", "us-west-2"
REASONS: Final = Path(__file__).with_name("unread_members.txt")
_REFERENCE: Final = re.compile(
    r"(Arns?|ARN|Ur[il]s?|URI|Images?|Ids?|Names?|Digest|E[Tt]ag|(?:S3\w*|Repository)Path|Location|Identifiers?)$", re.I
)
_DEPTH: Final = 12
_ALTERNATIVES: Final = 40
"""Values of one enumeration that are tried."""

Path_ = tuple[str, ...]

_SAID: Final = {"ActionType": "Evaluation"}
"""Texts on which it depends that a description is asked for, by the member's name."""


@dataclass(slots=True)
class Answer:
    """An answer with every member filled in; `marks` tells which text stands for which reference."""

    choices: dict[str, str] = field(default_factory=dict)
    """By path: the value of an enumeration, in place of its first; the member of a union."""
    without: frozenset[str] = frozenset()
    """Paths of references that are left out: some are read only where another is missing."""
    arn: str | None = None
    """What all ARNs look like; None: by the member's name."""
    marks: dict[str, str] = field(default_factory=dict)
    enums: dict[str, list[str]] = field(default_factory=dict)
    """What could have been chosen."""

    def value(self, shape: Shape, name: str, path: str, depth: int = 0) -> Any:
        """A value of the shape; None where it nests too deeply."""
        if depth > _DEPTH:
            return None
        if isinstance(shape, StructureShape):
            return self._structure(shape, path, depth)
        if isinstance(shape, ListShape):
            item = self.value(shape.member, name, f"{path}[]", depth + 1)
            return [] if item is None else [item]
        if isinstance(shape, MapShape):
            item = self.value(shape.value, name, f"{path}.*", depth + 1)
            return {} if item is None else {"key": item}
        if isinstance(shape, StringShape) and shape.enum:
            self.enums[path] = list(shape.enum)
            return self.choices.get(path, shape.enum[0])
        if shape.type_name in ("string", "blob"):
            return self._text(name, path)
        return {"boolean": True, "timestamp": "2026-11-01T02:00:00Z"}.get(shape.type_name, 1)

    def _structure(self, shape: StructureShape, path: str, depth: int) -> dict[str, Any]:
        members = dict(shape.members)
        if shape.is_tagged_union and members:
            self.enums[path] = list(members)
            chosen = self.choices.get(path, next(iter(members)))
            members = {chosen: members[chosen]}
        found = {}
        for name, member in members.items():
            where = f"{path}.{name}" if path else name
            value = None if where in self.without else self.value(member, name, where, depth + 1)
            if value is not None:
                found[name] = value
        return found

    def _text(self, name: str, path: str) -> str:
        if not _REFERENCE.search(name):
            return _SAID.get(name, "text")
        mark = f"census{len(self.marks)}"
        self.marks[mark] = path
        return _reference(name, path, f"{mark}x", self.arn)


_TYPES: Final = (
    ("ModelPackageGroup", "model-package-group/{}"),
    ("ModelPackage", "model-package/{}/1"),
    ("HubContent", "hub-content/hub/Model/{}/1.0.0"),
    ("BaseModel", "hub-content/hub/Model/{}/1.0.0"),
    ("Evaluator", "hub-content/hub/JsonDoc/{}/1.0.0"),
    ("Dataset", "hub-content/hub/DataSet/{}/1.0.0"),
    ("TuningJob", "hyper-parameter-tuning-job/{}"),
    ("TrainingJob", "training-job/{}"),
    ("ProcessingJob", "processing-job/{}"),
    ("TransformJob", "transform-job/{}"),
    ("AutoMLJob", "automl-job/{}"),
    ("LabelingJob", "labeling-job/{}"),
    ("PipelineExecution", "pipeline/p/execution/{}"),
    ("Pipeline", "pipeline/{}"),
    ("MonitoringSchedule", "monitoring-schedule/{}"),
    ("InferenceComponent", "inference-component/{}"),
    ("EndpointConfig", "endpoint-config/{}"),
    ("Endpoint", "endpoint/{}"),
    ("ModelCard", "model-card/{}"),
    ("Mlflow", "mlflow-app/{}"),
    ("Model", "model/{}"),
)


_ARNS: Final = (
    *(f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{shape}" for _, shape in _TYPES),
    f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{{}}:1",
    f"arn:aws:bedrock:{REGION}:{ACCOUNT}:custom-model/{{}}",
    f"arn:aws:bedrock:{REGION}::foundation-model/{{}}",
    f"arn:aws:bedrock:{REGION}:{ACCOUNT}:model-customization-job/{{}}",
    f"arn:aws:bedrock:{REGION}:{ACCOUNT}:model-import-job/{{}}",
)
"""ARNs of every type that some member may name."""
_IDS: Final = {
    "hub_content": tuple(f"hub-content/hub/{kind}/itself/1.0.0" for kind in ("DataSet", "JsonDoc", "ModelReference")),
    "custom_model": ("custom-model/itself",),
    "lambda_function": ("function:itself",),
    "lambda_version": ("function:itself:1",),
}
"""What records are called whose id tells more than their kind."""


def _reference(name: str, path: str, mark: str, arn: str | None) -> str:
    if name == "ResolvedImage":
        return f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{mark}@sha256:{'0' * 64}"
    if name.lower().endswith(("arn", "arns", "identifier")):
        shown = name if len(name) > len("Arns") else path
        if "lambda" in name.lower():
            service, kind = "lambda", "function:{}:1"
        elif name[0].islower():  # only Bedrock writes it so
            service, kind = "bedrock", "model-customization-job/{}" if name == "jobArn" else "custom-model/{}"
        else:
            service = "sagemaker"
            kind = next((shape for word, shape in _TYPES if word.lower() in shown.lower()), "training-job/{}")
        return (arn or f"arn:aws:{service}:{REGION}:{ACCOUNT}:{kind}").format(mark)
    if re.search(r"(Ur[il]s?|URI|(?:S3\w*|Repository)Path|Location)$", name, re.I):
        return f"s3://{mark}/place/"
    if re.search(r"Images?$", name):
        return f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{mark}:1"
    return mark


@cache
def _service(name: str) -> Any:
    return botocore.session.get_session().get_service_model(name)


def _output(service: str, operation: str, items: str | None) -> StructureShape:
    shape = _service(service).operation_model(operation).output_shape
    found = shape.members[items].member if items else shape
    assert isinstance(found, StructureShape), operation
    return found


def _parts(service: str, resource: Resource) -> Iterator[tuple[str, str, Any, str | None]]:
    """Operation, path in the body, shape and the list that is kept, for each call that makes the record."""
    if resource.describe is not None:
        yield resource.describe.operation, "", _output(service, resource.describe.operation, None), None
    else:
        yield resource.listing.operation, "", _output(service, resource.listing.operation, resource.listing.items), None
    for detail in resource.details:
        if detail.operation != "ListTags":
            shape = _service(service).operation_model(detail.operation).output_shape
            kept = detail.items or detail.part
            yield detail.operation, detail.member, shape.members[kept] if kept else shape, detail.items


def _body(service: str, resource: Resource, answer: Answer) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for operation, where, shape, _ in _parts(service, resource):
        found = answer.value(shape, where, where and f"{operation}:")
        if where:
            body[where] = found
        else:
            body.update(found)
    return body


def _nothing(body: Json) -> Json:
    return {}


def _of_source(name: str, kind: str, listing: Listing, **more: Any) -> tuple[str, Resource]:
    """What a source that is no mere declaration keeps of one operation, as if it had declared it."""
    found = source(name)
    assert found is not None
    return name, Resource(kind=kind, listing=listing, identify=str, normalize=found.normalize, **more)


def resources() -> Iterator[tuple[str, Resource]]:
    """Every record kind that AWS's answers are kept in, with its service.

    Objects in S3 and accounts name nothing; of CloudTrail's events, which are text, a list of their own is kept.
    """
    for one in SOURCES:
        for resource in one.resources if isinstance(one, Declared) else ():
            yield one.name, resource
    configuration, associations = "GetFunctionConfiguration", "DescribeDataRepositoryAssociations"
    yield _of_source(
        "lambda",
        "lambda_function",
        Listing(operation=configuration, items=""),
        describe=Describe(operation=configuration, params=_nothing),
        details=(Detail(operation="ListAliases", params=_nothing, member="Aliases", items="Aliases"),),
    )
    yield _of_source("lambda", "lambda_version", Listing(operation="ListVersionsByFunction", items="Versions"))
    yield _of_source("fsx", "data_repository_association", Listing(operation=associations, items="Associations"))


def read_of(service: str, resource: Resource) -> tuple[set[str], set[str]]:
    """The paths of all references in the record of a type, and of those that are read."""
    every: set[str] = set()
    read: set[str] = set()

    def look(answer: Answer) -> Answer:
        body = _body(service, resource, answer)
        told = ""
        for record_id in _IDS.get(resource.kind, (f"{resource.kind.replace('_', '-')}/itself",)):
            record = Record(
                source=service,
                kind=resource.kind,
                id=f"arn:aws:{service}:{REGION}:{ACCOUNT}:{record_id}",
                account=ACCOUNT,
                region=REGION,
                revision="1",
                body=body,
            )
            with suppress(*UNREADABLE):  # without what it always has, it says nothing
                told += f"{resource.normalize(record)} {list(resource.documents(record))}"
        every.update(answer.marks.values())
        read.update(path for mark, path in answer.marks.items() if f"{mark}x" in told)
        return answer

    tried: set[tuple[str, str]] = set()
    looked: list[Answer] = []
    waiting: list[dict[str, str]] = [{}]
    while waiting:
        looked.append(look(Answer(waiting.pop())))
        for path, values in looked[-1].enums.items():
            for value in values[:_ALTERNATIVES]:
                if (path, value) not in tried:
                    tried.add((path, value))
                    if value != values[0]:
                        waiting.append({**looked[-1].choices, path: value})
    unread = {path for path in every - read if path.lower().rstrip("s[]").endswith(("arn", "identifier"))}
    where = {path: answer for answer in reversed(looked) for path in unread.intersection(answer.marks.values())}
    for choices in {tuple(sorted(answer.choices.items())) for answer in where.values()}:
        for arn in _ARNS:
            look(Answer(dict(choices), arn=arn))
    before = -1
    while before < (before := len(read)):  # what is read only where all that goes before it is missing
        look(Answer(without=frozenset(read)))
    return every, read


def reasons() -> list[tuple[str, str, str]]:
    """The rows of `unread_members.txt`: kind, path and reason."""
    rows = []
    for line in REASONS.read_text().splitlines():
        if line and not line.startswith("#"):
            kind, path, reason = line.split(maxsplit=2)
            rows.append((kind, path, reason))
    return rows


@dataclass(frozen=True, slots=True)
class Census:
    """What came of it."""

    read: int
    explained: int
    unclassified: tuple[str, ...]
    stale: tuple[str, ...]
    """Rows of the table that explain nothing, or what is read."""


def take(only: str | None = None) -> Census:
    """Look at every kind of record."""
    rows = reasons()
    used: set[int] = set()
    read = explained = 0
    unclassified = []
    for service, resource in resources():
        if only and only not in resource.operations:
            continue
        every, seen = read_of(service, resource)
        read += len(seen)
        for path in sorted(every - seen):
            why = [
                n for n, (kind, glob, _) in enumerate(rows) if fnmatchcase(resource.kind, kind) and _fits(path, glob)
            ]
            used.update(why)
            if why:
                explained += 1
            else:
                unclassified.append(f"{resource.kind} {path}")
    stale = () if only else tuple(" ".join(rows[n][:2]) for n in range(len(rows)) if n not in used)
    return Census(read, explained, tuple(unclassified), stale)


def _fits(path: str, glob: str) -> bool:
    return fnmatchcase(path.replace("[]", ""), glob)


def main(arguments: list[str]) -> int:
    """Print the counts, and what is missing; 1 where something is."""
    found = take(*arguments)
    for path in found.unclassified:
        print(f"neither read nor in {REASONS.name}: {path}")
    for row in found.stale:
        print(f"a row of {REASONS.name} explains nothing: {row}")
    counts = f"{found.read} references read, {found.explained} with a reason why not"
    print(f"census: {counts}, {len(found.unclassified)} unclassified")
    return int(bool(found.unclassified or found.stale))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
