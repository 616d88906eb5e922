"""What goes into a job: fixed, open, or gone. The rules are in the package's docstring."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Literal, NamedTuple, get_args

from studbook.lineage.graph import LineageReader
from studbook.lineage.job_state import job_state, start_of
from studbook.lineage.joins.dataset_at_start import AT_START
from studbook.lineage.joins.object_history import object_versions
from studbook.lineage.times import instant
from studbook.model import Asset, Edge, Record
from studbook.model.ids import code_id, fingerprint, parse_hub_content, parse_lambda, parse_s3
from studbook.model.kinds import DATA_KINDS
from studbook.queries.answer import RecordOf
from studbook.queries.reproduce.request import JOB, Create, job_settings, placeholders, problems

Verdict = Literal["exact", "close", "not possible"]
_REPOSITORY_TAG: Final = "mlflow.source.git.repoURL"
_COMMIT_TAGS: Final = frozenset({"mlflow.source.git.commit", "git-commit", "git-sha", "commit", "commit-id"})
_COMMIT: Final = re.compile(r"[0-9a-f]{7,64}")

_USERS: Final = 50
"""How many models are asked for the digest of an image; all that were served lately tell the same."""

_MODELS = ("source_model", "evaluated_model", "base_model")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the verdict is not better."""

    part: str
    """`data`, `image`, `code`, `agent`, `base model`, `source model`, `evaluator`, `values`,
    `checkpoints`, `request`, `job`."""
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
class ObjectVersions:
    """The S3 object versions that a channel read."""

    channel: str
    dataset_version: str
    bucket: str
    prefix: str
    """What their keys begin with: the channel's own key or prefix, or that of the dataset version."""
    objects: tuple[Mapping[str, Any], ...]
    """`Key`, `VersionId`, `Size`, `ETag`, by key."""


def rank(verdict: Verdict) -> int:
    """0 is the best."""
    return get_args(Verdict).index(verdict)


class Inputs:
    """What goes into a job: fixed, open, or gone."""

    def __init__(
        self, lineage: LineageReader, record_of: RecordOf, job: Asset, request: Mapping[str, Any], create: Create
    ) -> None:
        self._lineage = lineage
        self._record_of = record_of
        self._job = job
        self.reasons: list[Reason] = []
        self.pins: list[Pin] = []
        self.manifests: list[ObjectVersions] = []
        told = job_settings(request)
        if report := problems(request, create):
            self._reason("request", "not possible", f"the record holds no valid {create.operation} request: {report}")
        for path in placeholders(request):
            self._reason("values", "close", f"{path} was redacted: fill it in")
        if create is JOB:
            self._reason(
                "values", "close", "hyperparameters that the document does not name are the service's defaults"
            )
        else:
            self._image(told.get("AlgorithmSpecification") or {})
        channels = told.get("InputDataConfig")
        for channel in channels if isinstance(channels, list) else ():
            if isinstance(channel, Mapping):
                self._channel(channel)
        self._models(serverless=create is JOB or "ServerlessJobConfig" in told)
        self._evaluators()
        self._agents()
        self._code()
        if isinstance(told.get("CheckpointConfig"), Mapping):
            place = told["CheckpointConfig"].get("S3Uri")
            self._reason(
                "checkpoints", "close", f"it would go on from the checkpoints under {place}: choose another place"
            )
        if (state := job_state(job)) in ("failed", "stopping", "stopped"):
            ended = "failed" if state == "failed" else "was stopped"
            self._reason("job", "close", f"it {ended} the first time: how far it had come by then no request tells")

    def _reason(self, part: str, leaves: Verdict, message: str) -> None:
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
            self._reason(
                "image", "close", f"the image is that of the algorithm {named}" if named else "the service chooses it"
            )
        elif "@sha256:" in image:
            self._pin("image", image)
        else:
            pulled = self._pulled(image)
            known = f"under it models were served from {', '.join(pulled)}" if pulled else "no digest is known"
            self._reason("image", "close", f"{image} is named by a tag, which can have been moved; {known}")

    def _pulled(self, image: str) -> list[str]:
        """The digests that the same tag is known to have meant, as far as the first models that name it tell."""
        users = islice(self._lineage.downstream(image, "packaged_as", "image"), _USERS)
        return sorted(
            {
                edge.source.partition("@")[2]
                for user in users
                for edge in self._lineage.upstream(user.target, "packaged_as", "image")
                if edge.source.startswith(f"{image}@sha256:")
            }
        )

    def _code(self) -> None:
        for _, code in self._inputs("code"):
            if code.id.startswith("git:"):
                self._pin("code", code.id)
            else:
                self._reason(
                    "code", "close", f"what lies at {code.id} can have been overwritten; no object version is known"
                )
        for commit in self._commits():
            self._pin("code", commit)

    def _commits(self) -> Iterator[str]:
        """The commit that the job's tags, its MLflow run or what came of it name."""
        labels = [self._job.tags]
        for edge in self._lineage.downstream(self._job.id, "recorded_in"):
            run = self._lineage.asset(edge.target)
            if run is not None:
                labels.append(run.tags)
        for tags in labels:
            for key, value in sorted(tags.items()):
                if key.lower().replace("_", "-") in _COMMIT_TAGS and _COMMIT.fullmatch(value):
                    repository = tags.get(_REPOSITORY_TAG)
                    yield code_id(repository, value) if repository else f"commit {value}"
        for made in self._lineage.downstream(self._job.id, "produced"):
            for edge in self._lineage.upstream(made.target, "packaged_as", "code"):
                if edge.source.startswith("git:"):
                    yield edge.source

    def _agents(self) -> None:
        """An agent is code that runs elsewhere while the job does: a published version of a function is fixed."""
        for edge, agent in self._inputs("agent"):
            if parse_lambda(agent.id) is not None:
                self._evaluator("agent", edge, agent)
            else:
                self._reason("agent", "close", f"{agent.id} is not fixed: its code can be another by now")

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
                    self._reason(part, "close", f"{model.id}: which version it was is not recorded")
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
        if len(ran) == 1:
            self._pin(part, ran[0])
        if ran == [model.id]:
            said = f"{model.id} was asked for, and ran"
        elif ran:
            said = f"{model.id} was asked for, and {', '.join(ran)} is what the model says it was made from"
        else:
            said = f"{model.id} was asked for, and which version ran is not recorded"
        others = sorted(set(known) - {model.id, *ran})
        more = f"; known by now: {', '.join(others)}" if others else ""
        self._reason(part, "close", f"{said}; the service takes the latest, whatever is asked{more}")

    def _evaluators(self) -> None:
        for role in ("evaluator", "judge"):
            for edge, evaluator in self._inputs(role):
                if self._is_there(role, evaluator):
                    self._evaluator(role, edge, evaluator)

    def _evaluator(self, role: str, edge: Edge, evaluator: Asset) -> None:
        function, content = parse_lambda(evaluator.id), parse_hub_content(evaluator.id)
        if function is not None:
            if not function.is_published or edge.certainty == "inferred":
                self._reason(role, "close", f"{evaluator.id} is not fixed: its code can be another by now")
                return
            digest = evaluator.attributes.get("code_sha256")
            self._pin(role, evaluator.id + (f" (CodeSha256 {digest})" if digest else ""))
        elif content is None or content.version is None:
            self._reason(role, "close", f"{evaluator.id} is named without a version")
        else:
            self._pin(role, evaluator.id)
            below = self._lineage.upstream(evaluator.id, "content_of")
            if not below:
                self._reason(role, "close", f"which code is behind {evaluator.id} is not known")
            for pointer in below:
                code = self._lineage.asset(pointer.source)
                if code is None or not self._is_there(role, code):
                    continue
                if code.kind == "evaluator_version":
                    self._evaluator(role, pointer, code)
                else:
                    self._reason(role, "close", f"what lies at {code.id} can have been overwritten since")

    def _is_there(self, part: str, asset: Asset) -> bool:
        if asset.gone_since is not None:
            self._reason(part, "not possible", f"{asset.id} is gone since snapshot {asset.gone_since}")
            return False
        # Nobody lists what belongs to AWS: that it was only named says nothing.
        if asset.unresolved and asset.account != "aws":
            self._reason(part, "close", f"{asset.id} is only named: no listing shows that it is still there")
        return True

    # --- data -----------------------------------------------------------------------------------------------------

    def _channel(self, channel: Mapping[str, Any]) -> None:
        name = str(channel.get("ChannelName"))
        part = f"data ({name})"
        source = channel.get("DataSource")
        place = source.get("S3DataSource") if isinstance(source, Mapping) else None
        s3 = place if isinstance(place, Mapping) else {}
        # What lies at a version's place is told by the place, which is an input, too.
        inputs = [(edge, data) for edge, data in self._inputs(name) if data.kind in DATA_KINDS]
        if not inputs and "HubAccessConfig" not in s3:
            self._reason(part, "close", "what the channel held is not recorded")
        for edge, data in inputs:
            if not self._is_there(part, data):
                continue
            if parse_hub_content(data.id) is None:
                self._data(part, name, edge, data, s3.get("S3Uri"))
                continue
            self._pin(part, data.id)
            below = self._lineage.upstream(data.id, "content_of")
            if not below:
                self._reason(part, "close", f"what lies where {data.id} points was never listed")
            for pointer in below:
                content = self._lineage.asset(pointer.source)
                if content is None:
                    continue
                if self._replaced_before_start(content):
                    self._reason(part, "close", f"{content.id} was registered, and had changed before the job read it")
                else:
                    self._data(part, name, pointer, content, None)

    def _replaced_before_start(self, content: Asset) -> bool:
        """Whether a registered state was another by the time that the job read the place."""
        started = start_of(self._job.created_at, self._job.attributes) or ""
        mine = content.attributes.get("newest") or ""
        return content.attributes.get("current") is False and any(
            mine < (state.attributes.get("newest") or "") <= started for state in self._states(content)
        )

    def _data(self, part: str, channel: str, edge: Edge, data: Asset, uri: str | None) -> None:
        """One state of an S3 dataset, or a place in S3, that a channel read."""
        if data.kind != "dataset_version" or "@sha256:" not in data.id:
            self._reason(part, "close", f"what lay at {data.id} when the job started is not known")
            return
        if edge.candidate:
            self._reason(part, "close", f"{data.id} is one of several states that it can have read")
        elif AT_START in edge.evidence:
            told = "S3's inventory" if data.attributes.get("seen_at") else "listings"
            self._reason(part, "close", f"that it read {data.id} is inferred from {told}")
        objects, now = self._objects(data, uri)
        if objects and all(item["VersionId"] for item in objects):
            place = parse_s3(uri) or parse_s3(data.id.partition("@")[0])
            assert place is not None
            self.manifests.append(ObjectVersions(channel, data.id, place.bucket, place.key, tuple(objects)))
        if (seen_at := data.attributes.get("seen_at")) and data.attributes.get("current") is not False:
            self._pin(part, data.id)
            self._reason(
                part, "close", f"{data.id} is as of {seen_at}, by S3's inventory: whether it has changed is not told"
            )
        elif data.attributes.get("current") is not False or (objects and now is not None and objects == now.objects):
            self._pin(part, data.id)
        elif objects and now is not None and all((item["Key"], item["VersionId"]) in now.kept for item in objects):
            self._pin(part, data.id)
            count = f"{len(objects)} object{'s' * (len(objects) != 1)}"
            self._reason(
                part, "close", f"{data.id} has changed since; the bucket keeps what was read ({count}): copy it back"
            )
        elif seen_at or self._counted_by_inventory(data):
            self._reason(
                part, "close", f"{data.id} has changed since; what the bucket keeps of it S3's inventory does not tell"
            )
        else:
            self._reason(
                part, "not possible", f"{data.id} has changed since, and the bucket does not keep what was read"
            )

    def _objects(self, version: Asset, uri: str | None) -> tuple[list[Mapping[str, Any]], _Now | None]:
        """The objects that a channel read of a state, and what the newest listing of the place shows."""
        own, now = self._record_of("s3_prefix", version.id), self._current(version)
        wanted = parse_s3(uri)
        beginning = wanted.key if wanted is not None else ""
        state = list(own.body.get("Contents") or ()) if own is not None else _state(version, now)
        if now is None or "Inventory" in now.body:
            return _listed(state, beginning), None
        kept = {
            (item["Key"], item["VersionId"])
            for item in object_versions(now.body)[1] or ()
            if item.get("VersionId") not in (None, "null")
        }
        return _listed(state, beginning), _Now(_listed(now.body["Contents"], beginning), kept)

    def _counted_by_inventory(self, version: Asset) -> bool:
        """Whether what lies there now is told by S3's inventory, which is kept without its objects."""
        now = self._current(version)
        return now is not None and "Inventory" in now.body

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
    listed = object_versions(now.body)[1] or ()
    changes: dict[str, tuple[str, bool, Mapping[str, Any] | None]] = {}
    markers = [(item, None) for item in now.body.get("DeleteMarkers") or ()]
    for item, kept in [*((item, item) for item in listed), *markers]:
        change = (instant(item["LastModified"]), bool(item.get("IsLatest")), kept)
        if change[0] <= instant(newest) and change[:2] >= changes.get(item["Key"], ("", False, None))[:2]:
            changes[item["Key"]] = change
    found = [item for _, _, item in changes.values() if item is not None]
    place = parse_s3(version.id.partition("@")[0])
    assert place is not None
    return found if fingerprint(found, place.key) == version.attributes.get("fingerprint") else []
