"""`studbook export openlineage`: every run of a job as OpenLineage RunEvents (2-0-2), one event a line.

Run events alone, since those are what consumers take. A run has a START event and, when it has ended, a COMPLETE, FAIL
or ABORT; its inputs are in both, its outputs in the second. What has no time (it was only named) has no event.

- A job is named by its ARN: namespace `arn:aws:sagemaker:<region>:<account>`, name `training-job/<name>`. A run's id is
  a UUID made of its ARN (RFC 9562, version 5), the same every night.
- A dataset in S3 is `s3://<bucket>` and its prefix, a table of Glue as the naming specification says, everything else
  by its ARN. A version of data is the facet `version`; of models each version is a dataset of its own.
- What may have been an input, as one of several that fit, is none: the standard has no word for it. How an input is
  known is the facet `studbook_lineage`.
- Images and evaluators are no datasets, and are in the JSON export.

No event is larger than 300,000 bytes, the limit of SageMaker Unified Studio: what is cut is counted in the run's facet
`studbook_cut`.
"""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from studbook import __version__
from studbook.exports.interface import Export, Subject
from studbook.lineage.job_state import start_of
from studbook.model import KINDS, Asset, Edge, canonical
from studbook.model.canonical import as_text
from studbook.model.ids import parse_arn, parse_s3

LIMIT: Final = 300_000
"""The most bytes of an event, its line feed aside."""

_PRODUCER: Final = f"urn:studbook:{__version__}"
_EVENT: Final = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
_FACETS: Final = "https://openlineage.io/spec/facets"
_NAMESPACE: Final = uuid.UUID("0d6cf1f4-6f2e-5a36-9d0e-7f5f5f0f4b1c")
_ENDS: Final = {"completed": "COMPLETE", "failed": "FAIL", "stopped": "ABORT"}
_NO_DATA: Final = ("container_image", "code", "evaluator", "evaluator_version")
_RUNS: Final = ("mlflow_run", "pipeline_execution")
_ADDRESS: Final = re.compile(r"https?://[\w.-]+(?::\d+)?(?:/[\w.~/-]*)?", re.ASCII)
_VERSION: Final = re.compile(r"(?P<data>.*)@(?P<version>sha256:[0-9a-f]{64})", re.DOTALL)


def write(subject: Subject) -> Iterator[bytes]:
    """The events of all runs, one a line of canonical JSON, by the job's id, START first."""
    assets = {asset.id: asset for asset in subject.assets}
    inputs: defaultdict[str, list[Edge]] = defaultdict(list)
    outputs: defaultdict[str, list[Edge]] = defaultdict(list)
    parents: defaultdict[str, list[Edge]] = defaultdict(list)
    for edge in subject.edges:
        if edge.candidate:
            continue
        if edge.relation == "input_to":
            inputs[edge.target].append(edge)
        elif edge.relation == "produced":
            outputs[edge.source].append(edge)
        elif edge.relation == "part_of":
            parents[edge.source].append(edge)
    for job in assets.values():
        if _is_run(job):
            known = _Run(job, assets, inputs[job.id], outputs[job.id], parents[job.id])
            for event in known.events():
                yield _fitted(event) + b"\n"


def _is_run(asset: Asset) -> bool:
    return KINDS[asset.kind].job or asset.kind in _RUNS


class _Run:
    """One run with what is known of it."""

    def __init__(
        self,
        job: Asset,
        assets: Mapping[str, Asset],
        inputs: Sequence[Edge],
        outputs: Sequence[Edge],
        parents: Sequence[Edge],
    ) -> None:
        self.job = job
        self.inputs = [(edge, assets[edge.source]) for edge in inputs if edge.source in assets]
        self.outputs = [(edge, assets[edge.target]) for edge in outputs if edge.target in assets]
        self.parents = [assets[edge.target] for edge in parents if edge.target in assets]

    def events(self) -> Iterator[dict[str, Any]]:
        """START, and how it ended."""
        attributes = self.job.attributes
        started = start_of(self.job.created_at, attributes)
        ended = attributes.get("ended_at") or self.job.modified_at or started
        state = attributes.get("state")
        if isinstance(started, str):
            yield self._event("OTHER" if state == "pending" else "START", started, outputs=False)
        if state in _ENDS and isinstance(ended, str):
            yield self._event(_ENDS[state], ended, outputs=True)

    def _event(self, event_type: str, at: str, *, outputs: bool) -> dict[str, Any]:
        return {
            "eventType": event_type,
            "eventTime": at,
            "producer": _PRODUCER,
            "schemaURL": _EVENT,
            "run": {"runId": _run_id(self.job), "facets": self._run_facets()},
            "job": _job_name(self.job) | {"facets": self._job_facets()},
            "inputs": [_dataset(edge, asset) for edge, asset in self.inputs if asset.kind not in _NO_DATA],
            "outputs": [_dataset(edge, asset) for edge, asset in self.outputs] if outputs else [],
        }

    def _run_facets(self) -> dict[str, Any]:
        facets: dict[str, Any] = {}
        parameters = self.job.attributes.get("hyperparameters") or self.job.attributes.get("parameters")
        if isinstance(parameters, Mapping) and parameters:
            facets["executionParameters"] = _facet(
                "1-0-0/ExecutionParametersRunFacet",
                parameters=[{"key": key, "value": as_text(parameters[key])} for key in sorted(parameters)],
            )
        if self.parents:
            parent = self.parents[0]
            facets["parent"] = _facet("1-2-0/ParentRunFacet", run={"runId": _run_id(parent)}, job=_job_name(parent))
        return facets

    def _job_facets(self) -> dict[str, Any]:
        kind = self.job.kind.upper()
        facets = {
            "jobType": _facet("2-0-4/JobTypeJobFacet", processingType="BATCH", integration="STUDBOOK", jobType=kind)
        }
        code = next((asset for _, asset in self.inputs if asset.id.startswith("git:")), None)
        if code is not None:
            repository, _, commit = code.id.removeprefix("git:").rpartition("@")
            url = repository if _ADDRESS.fullmatch(repository) else f"git:{quote(repository)}"
            facets["sourceCodeLocation"] = _facet(
                "1-1-0/SourceCodeLocationJobFacet",
                type="git",
                url=url,
                version=commit,
            )
        return facets


def _facet(name: str, **members: Any) -> dict[str, Any]:
    version, _, title = name.partition("/")
    schema = f"{_FACETS}/{version}/{title}.json#/$defs/{title}"
    return {"_producer": _PRODUCER, "_schemaURL": schema, **members}


def _own_facet(name: str, **members: Any) -> dict[str, Any]:
    return {"_producer": _PRODUCER, "_schemaURL": f"urn:studbook:openlineage:{name}:1", **members}


def _run_id(job: Asset) -> str:
    return str(uuid.uuid5(_NAMESPACE, job.id))


def _job_name(job: Asset) -> dict[str, str]:
    namespace, name = _named(job.id)
    return {"namespace": namespace, "name": name}


def _named(asset_id: str) -> tuple[str, str]:
    """Namespace and name of what has this id."""
    if (arn := parse_arn(asset_id)) is not None:
        return asset_id.removesuffix(f":{arn.resource}"), arn.resource
    if (place := parse_s3(asset_id)) is not None:
        return f"s3://{place.bucket}", place.key or "/"
    scheme, colon, rest = asset_id.partition(":")
    return (scheme, rest) if colon and rest else ("studbook", asset_id)


def _dataset(edge: Edge, asset: Asset) -> dict[str, Any]:
    known, version = asset.id, None
    if asset.kind == "dataset_version":
        if (match := _VERSION.fullmatch(asset.id)) is not None:
            known, version = match["data"], match["version"]
        elif parse_arn(asset.id) is not None and "/" in asset.id:
            known, _, version = asset.id.rpartition("/")
    namespace, name = _named(known)
    facets = {
        "studbook_lineage": _own_facet(
            "lineage",
            id=asset.id,
            kind=asset.kind,
            role=edge.role,
            certainty=edge.certainty,
            evidence=[str(one) for one in edge.evidence],
        )
    }
    if version is not None:
        facets["version"] = _facet("1-0-1/DatasetVersionDatasetFacet", datasetVersion=version)
    return {"namespace": namespace, "name": name, "facets": facets}


def _fitted(event: dict[str, Any]) -> bytes:
    """The event in canonical JSON, cut until it fits: evidence first, then parameters, then datasets from the end."""
    line = canonical(event)
    if len(line) <= LIMIT:
        return line
    facets = event["run"]["facets"]
    cut = facets["studbook_cut"] = _own_facet("cut", evidence=0, parameters=0, inputs=0, outputs=0)
    for one in (*event["inputs"], *event["outputs"]):
        cut["evidence"] += len(one["facets"]["studbook_lineage"].pop("evidence"))
    if len(canonical(event)) > LIMIT and "executionParameters" in facets:
        cut["parameters"] = len(facets.pop("executionParameters")["parameters"])
    for member in ("inputs", "outputs"):
        several, sizes = event[member], [len(canonical(one)) + 1 for one in event[member]]
        over = len(canonical(event)) - LIMIT
        while several and over > 0:
            over -= sizes.pop()
            several.pop()
            cut[member] += 1
            over += 12  # the number that says so may grow
    return canonical(event)


EXPORT = Export(
    "openlineage", "the runs of all jobs as OpenLineage events, one a line", write, file="openlineage.jsonl"
)
