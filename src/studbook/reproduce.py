"""The request that would train a model again, and how near it comes to the first time.

The request is what the kept record of the job said, as far as the input shape of the Create operation in botocore's own
model has a place for it, under a new name, and accepted by botocore's parameter validation. `[redacted]` becomes
`<FILL IN>`. Nothing here calls AWS: what is there still, and what is not, is what the snapshot shows.

The verdict is about what goes in, not about the weights that come out: training is seldom deterministic. It is the
worst that any reason leaves possible:

- **exact**: whatever the request names is fixed to what the job used, and the snapshot shows it unchanged.
- **close**: the request can be sent, but something may be another than it was, or has to be put right first:
  - a value was redacted, and has to be filled in;
  - the data has changed, but the bucket keeps the object versions that were read: they are listed, to be copied back;
  - which state of the data was read is inferred from listings, is one of several candidates, or was never listed
    (a place in S3 that is no configured dataset, a manifest, a file system); what a registered dataset version points
    at had changed before the job started;
  - the image or the code is named by something that can be overwritten: a tag, an S3 URI; or the service chooses it;
  - a serverless job: the service takes the latest version of the base model, whatever version is asked for;
  - an evaluator's code is not fixed: `$LATEST`, an alias, an unqualified function, a name without a version;
  - the checkpoints of the first time lie where the job would look for them, and it would go on from there.
- **not possible**: something that goes in is gone:
  - the data has changed and the bucket does not keep what was read;
  - the registered dataset version, source model, base model or evaluator has been deleted;
  - the record has no valid request in it.

That roles, keys, subnets and quotas are still as they were is not checked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pprint import pformat
from typing import Any, Literal, NamedTuple, get_args

import botocore.session
from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.validate import ParamValidator

from studbook.errors import NotFound, UsageError
from studbook.lineage.graph import Lineage
from studbook.lineage.origins import makers
from studbook.model import Asset, Edge, Record
from studbook.model.ids import fingerprint, parse_hub_content, parse_lambda, parse_s3

Verdict = Literal["exact", "close", "not possible"]
RecordOf = Callable[[str, str], Record | None]
"""From a record kind and an id to the record of this snapshot."""

OPERATION = "CreateTrainingJob"
REDACTED, PLACEHOLDER = "[redacted]", "<FILL IN>"
_AGAIN = "-again"
_NAME_LENGTH = 63
_JOBS = ("training_job", "evaluation_job")
_MODELS = ("source_model", "evaluated_model", "base_model")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the verdict is not better."""

    part: str
    """`data`, `image`, `code`, `base model`, `source model`, `evaluator`, `values`, `checkpoints`, `request`."""
    leaves: Verdict
    """The best verdict that it leaves possible."""
    message: str


@dataclass(frozen=True, slots=True)
class Pin:
    """Something that goes in and is known to the letter."""

    part: str
    value: str
    """An id, a digest."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The S3 object versions that a channel read."""

    channel: str
    dataset_version: str
    bucket: str
    prefix: str
    """What their keys begin with: the channel's own key or prefix, or that of the dataset version."""
    objects: tuple[Mapping[str, Any], ...]
    """`Key`, `VersionId`, `Size`, `ETag`, by key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """How to train it again."""

    asset: Asset
    job: Asset
    operation: str
    region: str | None
    verdict: Verdict
    reasons: tuple[Reason, ...]
    """The gravest first."""
    pins: tuple[Pin, ...]
    manifests: tuple[Manifest, ...]
    request: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, under the names of the fields."""
        return {
            "asset": self.asset.id,
            "job": self.job.id,
            "operation": self.operation,
            "region": self.region,
            "verdict": self.verdict,
            "reasons": [asdict(reason) for reason in self.reasons],
            "pins": [asdict(pin) for pin in self.pins],
            "manifests": [
                {
                    "channel": manifest.channel,
                    "dataset_version": manifest.dataset_version,
                    "bucket": manifest.bucket,
                    "prefix": manifest.prefix,
                    "objects": [dict(item) for item in manifest.objects],
                }
                for manifest in self.manifests
            ],
            "request": self.request,
        }


def reproduce(lineage: Lineage, asset: Asset, record_of: RecordOf) -> Reproduction:
    """The request that would train a model version, or run a training or evaluation job, again.

    Raises UsageError for what no one job made, and NotFound where the job's record is not kept.
    """
    job = _job(lineage, asset)
    record = record_of("training_job", job.id.partition("@")[0])
    if record is None or record.body.get("CreationTime") != job.created_at:
        raise NotFound(
            f"no record of {job.id!r} is kept", "it was deleted before the first harvest, or is not harvested"
        )
    request = request_of(record.body)
    found = _Findings(lineage, record_of, job, request)
    reasons = sorted(found.reasons, key=lambda one: (-_rank(one.leaves), one.part, one.message))
    return Reproduction(
        asset=asset,
        job=job,
        operation=OPERATION,
        region=job.region,
        verdict=max((reason.leaves for reason in reasons), key=_rank, default="exact"),
        reasons=tuple(reasons),
        pins=tuple(sorted(found.pins, key=lambda pin: (pin.part, pin.value))),
        manifests=tuple(found.manifests),
        request=request,
    )


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


def _rank(verdict: Verdict) -> int:
    return get_args(Verdict).index(verdict)


def _job(lineage: Lineage, asset: Asset) -> Asset:
    if asset.kind in _JOBS:
        return asset
    if asset.kind != "model_package":
        hint = (
            "name one of its training jobs" if asset.kind == "tuning_job" else "name a model version or a training job"
        )
        raise UsageError(f"{asset.id!r} is a {asset.kind}: no request made it", hint)
    jobs = makers(lineage, asset)
    if len(jobs) == 1:
        return jobs[0]
    if not jobs:
        raise UsageError(f"no record says which job made {asset.id!r}", "see 'studbook trace' for what is known of it")
    raise UsageError(f"{len(jobs)} jobs made {asset.id!r}", "\n  ".join(["name one:", *(job.id for job in jobs)]))


class _Findings:
    """What goes into a job: fixed, open, or gone."""

    def __init__(self, lineage: Lineage, record_of: RecordOf, job: Asset, request: Mapping[str, Any]) -> None:
        self._lineage = lineage
        self._record_of = record_of
        self._job = job
        self.reasons: list[Reason] = []
        self.pins: list[Pin] = []
        self.manifests: list[Manifest] = []
        if report := problems(request):
            self._say("request", "not possible", f"the record holds no valid {OPERATION} request: {report}")
        for path in _placeholders(request):
            self._say("values", "close", f"{path} was redacted: fill it in")
        self._image(request.get("AlgorithmSpecification") or {})
        for channel in request.get("InputDataConfig") or ():
            self._channel(channel)
        self._models(serverless="ServerlessJobConfig" in request)
        self._evaluators()
        self._code()
        if "CheckpointConfig" in request:
            place = request["CheckpointConfig"].get("S3Uri")
            self._say(
                "checkpoints", "close", f"it would go on from the checkpoints under {place}: choose another place"
            )

    def _say(self, part: str, leaves: Verdict, message: str) -> None:
        reason = Reason(part, leaves, message)
        if reason not in self.reasons:
            self.reasons.append(reason)

    def _pin(self, part: str, value: str) -> None:
        pin = Pin(part, value)
        if pin not in self.pins:
            self.pins.append(pin)

    def _inputs(self, role: str) -> Iterator[tuple[Edge, Asset]]:
        for edge in self._lineage.upstream(self._job.id, "input_to", role):
            source = self._lineage.asset(edge.source)
            if source is not None:
                yield edge, source

    # --- image and code -------------------------------------------------------------------------------------------

    def _image(self, algorithm: Mapping[str, Any]) -> None:
        image = algorithm.get("TrainingImage")
        if image is None:
            named = algorithm.get("AlgorithmName")
            self._say(
                "image", "close", f"the image is that of the algorithm {named}" if named else "the service chooses it"
            )
        elif "@sha256:" in image:
            self._pin("image", image)
        else:
            self._say("image", "close", f"{image} is named by a tag, which can have been moved; no digest is known")

    def _code(self) -> None:
        for _, code in self._inputs("code"):
            if code.id.startswith("git:"):
                self._pin("code", code.id)
            else:
                self._say(
                    "code", "close", f"what lies at {code.id} can have been overwritten; no object version is known"
                )

    # --- models and evaluators ------------------------------------------------------------------------------------

    def _models(self, *, serverless: bool) -> None:
        for role in _MODELS:
            part = role.replace("_", " ")
            for edge, model in self._inputs(role):
                if not self._is_there(part, model):
                    continue
                content = parse_hub_content(model.id)
                if content is None or content.type not in ("Model", "ModelReference"):
                    self._pin(part, model.id)
                elif serverless:
                    self._latest(part, model, content.parent)
                elif content.version is None or edge.certainty == "inferred":
                    self._say(part, "close", f"{model.id}: which version it was is not recorded")
                else:
                    self._pin(part, model.id)

    def _latest(self, part: str, model: Asset, parent: str) -> None:
        known = [edge.target for edge in self._lineage.downstream(parent, "has_version")]
        ran = sorted(
            {
                edge.source
                for made in self._lineage.downstream(self._job.id, "produced")
                for edge in self._lineage.upstream(made.target, "base_of")
            }
        )
        asked = f"{model.id} was asked for"
        said = (
            f"{', '.join(ran)} is what the model says it was made from" if ran else "which version ran is not recorded"
        )
        others = sorted(set(known) - {model.id, *ran})
        more = f"; known by now: {', '.join(others)}" if others else ""
        self._say(part, "close", f"{asked}, and {said}; the service takes the latest, whatever is asked{more}")

    def _evaluators(self) -> None:
        for role in ("evaluator", "judge"):
            for edge, evaluator in self._inputs(role):
                if self._is_there(role, evaluator):
                    self._evaluator(role, edge, evaluator)

    def _evaluator(self, role: str, edge: Edge, evaluator: Asset) -> None:
        function, content = parse_lambda(evaluator.id), parse_hub_content(evaluator.id)
        if function is not None:
            if not (function.qualifier or "").isdigit() or edge.certainty == "inferred":
                self._say(role, "close", f"{evaluator.id} is not fixed: its code can be another by now")
                return
            digest = evaluator.attributes.get("code_sha256")
            self._pin(role, evaluator.id + (f" (CodeSha256 {digest})" if digest else ""))
        elif content is None or content.version is None:
            self._say(role, "close", f"{evaluator.id} is named without a version")
        else:
            self._pin(role, evaluator.id)
            below = self._lineage.upstream(evaluator.id, "content_of")
            if not below:
                self._say(role, "close", f"which code is behind {evaluator.id} is not known")
            for pointer in below:
                code = self._lineage.asset(pointer.source)
                if code is None or not self._is_there(role, code):
                    continue
                if code.kind == "evaluator_version":
                    self._evaluator(role, pointer, code)
                else:
                    self._say(role, "close", f"what lies at {code.id} can have been overwritten since")

    def _is_there(self, part: str, asset: Asset) -> bool:
        if asset.gone_since is not None:
            self._say(part, "not possible", f"{asset.id} is gone since snapshot {asset.gone_since}")
            return False
        # Nobody lists what belongs to AWS: that it was only named says nothing.
        if asset.unresolved and asset.account != "aws":
            self._say(part, "close", f"{asset.id} is only named: no listing shows that it is still there")
        return True

    # --- data -----------------------------------------------------------------------------------------------------

    def _channel(self, channel: Mapping[str, Any]) -> None:
        name = str(channel.get("ChannelName"))
        part = f"data ({name})"
        source = channel.get("DataSource") or {}
        s3 = source.get("S3DataSource") or {}
        inputs = list(self._inputs(name))
        if not inputs and "HubAccessConfig" not in s3:
            self._say(part, "close", "what the channel held is not recorded")
        for edge, data in inputs:
            if not self._is_there(part, data):
                continue
            if parse_hub_content(data.id) is None:
                self._data(part, name, edge, data, s3.get("S3Uri"))
                continue
            self._pin(part, data.id)
            below = self._lineage.upstream(data.id, "content_of")
            if not below:
                self._say(part, "close", f"what lies where {data.id} points was never listed")
            for pointer in below:
                content = self._lineage.asset(pointer.source)
                if content is None:
                    continue
                if self._replaced_before_start(content):
                    self._say(part, "close", f"{content.id} was registered, and had changed before the job read it")
                else:
                    self._data(part, name, pointer, content, None)

    def _replaced_before_start(self, content: Asset) -> bool:
        """Whether a registered state was another by the time that the job read the place that the registration names."""
        started = self._job.attributes.get("started_at") or self._job.created_at or ""
        mine = content.attributes.get("newest") or ""
        return content.attributes.get("current") is False and any(
            mine < (state.attributes.get("newest") or "") <= started for state in self._states(content)
        )

    def _data(self, part: str, channel: str, edge: Edge, data: Asset, uri: str | None) -> None:
        """One state of an S3 dataset, or a place in S3, that a channel read."""
        if data.kind != "dataset_version" or "@sha256:" not in data.id:
            self._say(part, "close", f"what lay at {data.id} when the job started is not known")
            return
        if edge.candidate:
            self._say(part, "close", f"{data.id} is one of several states that it can have read")
        elif "rule:dataset-at-start" in edge.evidence:
            self._say(part, "close", f"that it read {data.id} is inferred from listings")
        objects, now = self._objects(data, uri)
        if objects and all(item["VersionId"] for item in objects):
            place = parse_s3(uri) or parse_s3(data.id.partition("@")[0])
            assert place is not None
            self.manifests.append(Manifest(channel, data.id, place.bucket, place.key, tuple(objects)))
        if data.attributes.get("current") is not False or (objects and now is not None and objects == now.objects):
            self._pin(part, data.id)
        elif objects and now is not None and all((item["Key"], item["VersionId"]) in now.kept for item in objects):
            self._pin(part, data.id)
            count = f"{len(objects)} object{'s' * (len(objects) != 1)}"
            self._say(
                part, "close", f"{data.id} has changed since; the bucket keeps what was read ({count}): copy it back"
            )
        else:
            self._say(part, "not possible", f"{data.id} has changed since, and the bucket does not keep what was read")

    def _objects(self, version: Asset, uri: str | None) -> tuple[list[Mapping[str, Any]], _Now | None]:
        """The objects that a channel read of a state, and what the newest listing of the place shows."""
        own, now = self._record_of("s3_prefix", version.id), self._current(version)
        wanted = parse_s3(uri)
        beginning = wanted.key if wanted is not None else ""
        state = list(own.body["Contents"]) if own is not None else _state(version, now)
        if now is None:
            return _listed(state, beginning), None
        kept = {
            (item["Key"], item["VersionId"])
            for item in now.body.get("ObjectVersions") or ()
            if item.get("VersionId") not in (None, "null")
        }
        return _listed(state, beginning), _Now(_listed(now.body["Contents"], beginning), kept)

    def _current(self, version: Asset) -> Record | None:
        """The listing of what lies there now."""
        if version.attributes.get("current"):
            return self._record_of("s3_prefix", version.id)
        states = self._states(version)
        return next(
            (self._record_of("s3_prefix", state.id) for state in states if state.attributes.get("current")), None
        )

    def _states(self, version: Asset) -> Iterator[Asset]:
        """Every state of the same place."""
        place = version.id.partition("@")[0]
        for parent in self._lineage.upstream(version.id, "has_version"):
            for edge in self._lineage.downstream(parent.source, "has_version"):
                state = self._lineage.asset(edge.target)
                if state is not None and state.id.startswith(place + "@"):
                    yield state


class _Now(NamedTuple):
    """What the newest listing shows of a channel's place."""

    objects: list[Mapping[str, Any]]
    kept: set[tuple[str, str]]
    """Key and version id of every object version that the bucket keeps."""


def _listed(state: Iterable[Mapping[str, Any]], beginning: str) -> list[Mapping[str, Any]]:
    """The objects whose keys begin so, by key."""
    return [
        {name: item.get(name) for name in ("Key", "VersionId", "Size", "ETag")}
        for item in sorted(state, key=lambda item: str(item["Key"]))
        if str(item["Key"]).startswith(beginning)
    ]


def _state(version: Asset, now: Record | None) -> list[Mapping[str, Any]]:
    """A state that no listing showed, put together from the object versions; empty where its digest says otherwise."""
    newest = version.attributes.get("newest")
    if now is None or newest is None:
        return []
    listed = now.body.get("ObjectVersions") or ()
    changes: dict[str, tuple[str, bool, Mapping[str, Any] | None]] = {}
    markers = [(item, None) for item in now.body.get("DeleteMarkers") or ()]
    for item, kept in [*((item, item) for item in listed), *markers]:
        change = (_instant(item["LastModified"]), bool(item.get("IsLatest")), kept)
        if change[0] <= _instant(newest) and change[:2] >= changes.get(item["Key"], ("", False, None))[:2]:
            changes[item["Key"]] = change
    found = [item for _, _, item in changes.values() if item is not None]
    place = parse_s3(version.id.partition("@")[0])
    assert place is not None
    return found if fingerprint(found, place.key) == version.attributes.get("fingerprint") else []


def _instant(time: str) -> str:
    """RFC 3339 in UTC as text that sorts as the time does."""
    return time.rstrip("Z")


def _placeholders(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for key in sorted(value):
            yield from _placeholders(value[key], f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _placeholders(item, f"{path}[{index}]")
    elif isinstance(value, str) and PLACEHOLDER in value:
        yield path


# --- the script ---------------------------------------------------------------------------------------------------

_SCRIPT = '''"""Train it again, as far as the records go. Made by Studbook.

Needs: boto3, and credentials that may call sagemaker:CreateTrainingJob. It starts a job that costs money.
"""

# What:
#   {asset}
# Made by:
#   {job}
# Verdict: {verdict}
{reasons}
import boto3

REGION = {region}

REQUEST = {request}

# What each channel read: its key or prefix, and the S3 object versions as (bucket, key, version id).
OBJECTS = {objects}

# To train on exactly these, name a bucket of yours: they are copied there, under the same keys, and read from there.
COPY_TO = ""


def restored(request):
    """The request, with the data of the first time put back where COPY_TO says so."""
    s3 = boto3.client("s3", region_name=REGION)
    for channel in request.get("InputDataConfig", []):
        source = channel["DataSource"].get("S3DataSource")
        prefix, objects = OBJECTS.get(channel["ChannelName"], ("", []))
        if not (COPY_TO and source and objects):
            continue
        for bucket, key, version in objects:
            s3.copy({{"Bucket": bucket, "Key": key, "VersionId": version}}, COPY_TO, key)
        source["S3Uri"] = "s3://" + COPY_TO + "/" + prefix
    return request


if __name__ == "__main__":
    if {placeholder} in repr(REQUEST):
        raise SystemExit("fill in what was redacted first")
    print(boto3.client("sagemaker", region_name=REGION).create_training_job(**restored(REQUEST))["TrainingJobArn"])
'''


def script(found: Reproduction) -> str:
    """A Python program that sends the request. What strangers wrote is in literals, and escaped in comments."""
    manifests: dict[str, list[Manifest]] = {}
    for manifest in found.manifests:
        manifests.setdefault(manifest.channel, []).append(manifest)
    objects = {
        channel: (only.prefix, [(only.bucket, str(item["Key"]), str(item["VersionId"])) for item in only.objects])
        # Of several candidates none can be put back as what was read.
        for channel, (only, *others) in manifests.items()
        if not others
    }
    return _SCRIPT.format(
        asset=_comment(found.asset.id),
        job=_comment(found.job.id),
        verdict=found.verdict,
        reasons="".join(
            f"#   {reason.leaves}: {_comment(f'{reason.part}: {reason.message}')}\n" for reason in found.reasons
        ),
        region=_literal(found.region),
        request=_literal(found.request),
        objects=_literal(objects),
        placeholder=_literal(PLACEHOLDER),
    )


def _comment(text: str) -> str:
    """The text in one line of ASCII."""
    return json.dumps(text)[1:-1]


def _literal(value: Any) -> str:
    return re.sub(r"[^\x00-\x7f]", _escaped, pformat(value, width=110))


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\U{code:08x}" if code > 0xFFFF else f"\\u{code:04x}"
