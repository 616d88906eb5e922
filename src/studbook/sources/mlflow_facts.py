"""What MLflow's records say: the pure half of the MLflow source."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from studbook.model import Asset, Edge, Evidence, Facts, Record
from studbook.model.attributes import Attributes, at, attributes, computed, gathered
from studbook.model.facts import MlflowPlace, MlflowUri, Reads
from studbook.model.ids import code_id, mlflow_id, parse_arn, parse_s3
from studbook.model.storable import Loss, note_loss, parse_json
from studbook.sources.interface import Json
from studbook.sources.reading import each

RUN_ENDED: Final = frozenset({"FINISHED", "FAILED", "KILLED"})
"""The statuses of runs that are over."""
PACKAGE_TAG = "sagemaker.model_package_arn"
_VERSION_URI = re.compile(r"models:/([^/]+)/(\d+)/?")
"""A version of a registered model; a stage or an alias in its place means another version tomorrow."""


def normalize(record: Record) -> Facts:
    """The facts of one MLflow record, by its kind."""
    return _READERS[record.kind](record)


def home(server: str, workspace: str | None) -> str:
    """Where the names of registered models are unique: the server, or a workspace of it that is not the default one."""
    return server if workspace is None else f"{server}@{workspace}"


def _time(milliseconds: object) -> str | None:
    """MLflow's milliseconds since 1970, which some versions write as text."""
    try:
        number = int(milliseconds)  # type: ignore[call-overload]
        moment = datetime.fromtimestamp(number / 1000, UTC)
    except (TypeError, ValueError, OverflowError, OSError):  # nanoseconds, say
        return None
    if number <= 0:
        return None
    fraction = f".{number % 1000:03d}" if number % 1000 else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def _pairs(items: Iterable[Json] | None) -> dict[str, Any]:
    """`[{"key": k, "value": v}]` as a map; what has no key is a loss."""
    pairs = {}
    for index, item in enumerate(items or ()):
        if isinstance(item, dict) and isinstance(item.get("key"), str):
            pairs[item["key"]] = item.get("value")
        else:
            note_loss(Loss((index,), "a parameter, metric or tag without a key"))
    return pairs


def _tags(items: Iterable[Json] | None) -> dict[str, str]:
    return {key: str(value) for key, value in _pairs(items).items() if value is not None}


def _tag_path(items: Iterable[Json] | None, key: str) -> str:
    """Where in the record the value stands that `_tags` has of this key."""
    index = max(index for index, item in each(items) if item.get("key") == key)
    return f"tags[{index}].value"


def _shown(record: Record, kind: Any, told: Attributes, tags: dict[str, str], *, name: str | None = None) -> Facts:
    """The facts with an asset of the server that the record is from."""
    facts = Facts()
    facts.show(told.asset(kind, record, name=name, account=record.account, region=record.region, tags=tags), told)
    return facts


def _named(record: Record, kind: Any, asset_id: str, name: str) -> Asset:
    return Asset(id=asset_id, kind=kind, name=name, account=record.account, region=record.region)


def _edge(record: Record, source: str, target: str, relation: Any, evidence: str, *, role: str | None = None) -> Edge:
    """An edge that a field of the record proves: `<operation>#<path>`."""
    operation, _, path = evidence.partition("#")
    return Edge(
        source=source,
        target=target,
        relation=relation,
        role=role,
        certainty="referenced",
        evidence=(Evidence(f"mlflow:{operation}", path, record.reference),),
    )


def _kept(facts: Facts, record: Record, info: Json, operation: str) -> None:
    """Where the server keeps it."""
    if uri := info.get("artifact_uri"):
        evidence = Evidence(operation, "info.artifact_uri", record.reference)
        facts.claims.append(MlflowPlace(asset=record.id, uri=uri, evidence=evidence))


def _experiment(record: Record) -> Facts:
    body = record.body
    return _shown(record, "mlflow_experiment", EXPERIMENT, _tags(body.get("tags")))


def _run(record: Record) -> Facts:
    body = record.body
    server, info, data = body["server"], body["info"], body.get("data") or {}
    tags = _tags(data.get("tags"))
    facts = _shown(record, "mlflow_run", RUN, tags)
    _kept(facts, record, info, "mlflow:runs/search")
    experiment = mlflow_id(server, "experiment", info["experiment_id"])
    facts.mentions.append(_named(record, "mlflow_experiment", experiment, info["experiment_id"]))
    facts.edges.append(_edge(record, record.id, experiment, "part_of", "runs/search#info.experiment_id"))
    parent = tags.get("mlflow.parentRunId")
    parent_id = mlflow_id(server, "run", parent or "")
    if parent and parent_id != record.id:  # a tag is whatever somebody wrote
        facts.mentions.append(_named(record, "mlflow_run", parent_id, parent))
        evidence = f"runs/search#data.{_tag_path(data.get('tags'), 'mlflow.parentRunId')}"
        facts.edges.append(_edge(record, record.id, parent_id, "part_of", evidence))
    inputs = body.get("inputs") or {}
    _code(record, facts, tags)
    for index, item in each(inputs.get("dataset_inputs")):
        _dataset_input(record, facts, index, item)
    for index, item in each(inputs.get("model_inputs")):
        model = mlflow_id(server, "logged-model", item["model_id"])
        facts.mentions.append(_named(record, "mlflow_logged_model", model, item["model_id"]))
        evidence = f"runs/get#inputs.model_inputs[{index}].model_id"
        facts.edges.append(_edge(record, model, record.id, "input_to", evidence, role="evaluated_model"))
    for index, item in each((body.get("outputs") or {}).get("model_outputs")):
        model = mlflow_id(server, "logged-model", item["model_id"])
        facts.mentions.append(_named(record, "mlflow_logged_model", model, item["model_id"]))
        facts.edges.append(
            _edge(record, record.id, model, "produced", f"runs/search#outputs.model_outputs[{index}].model_id")
        )
    return facts


def _code(record: Record, facts: Facts, tags: dict[str, str]) -> None:
    """The commit that a run was started from; MLflow often knows it without its repository."""
    commit = tags.get("mlflow.source.git.commit")
    if commit:
        code = code_id(tags.get("mlflow.source.git.repoURL", ""), commit)
        evidence = f"runs/search#data.{_tag_path(record.body['data'].get('tags'), 'mlflow.source.git.commit')}"
        facts.edges.append(_edge(record, code, record.id, "input_to", evidence, role="code"))


def _dataset_input(record: Record, facts: Facts, index: int, item: Json) -> None:
    """A dataset that a run logged: an S3 URI joins what is known of it, anything else is a version by its digest."""
    dataset, role, source = _told_of(item)
    where = f"inputs.dataset_inputs[{index}].dataset"
    place = _place_in(source)
    uri = source.get(place)
    if isinstance(uri, str) and parse_s3(uri) is not None:
        facts.claims.append(
            Reads(
                reader=record.id,
                uri=uri,
                role=role,
                data_type="Path",  # a table of Delta or Spark is a folder, whatever its name ends in
                at=_time(record.body["info"].get("start_time")),
                evidence=Evidence("mlflow:runs/search", f"{where}.source|{place}", record.reference),
            )
        )
        return
    name, version = dataset.get("name"), dataset.get("digest")
    if not isinstance(name, str) or not isinstance(version, str):
        return
    dataset_id = mlflow_id(record.body["server"], "dataset", name, version)
    # The run says all that there is to know of it: no listing of any service could show more.
    told = DATASET.within(where)
    facts.show(
        told.asset(
            "dataset_version",
            record,
            id=dataset_id,
            name=f"{name} {version}".strip(),
            account=record.account,
            region=record.region,
        ),
        told,
    )
    facts.edges.append(_edge(record, dataset_id, record.id, "input_to", f"runs/search#{where}.digest", role=role))


def _told_of(item: Json) -> tuple[Json, str, Json]:
    """What a run logged of a dataset: as what it read it, and what MLflow calls its source."""
    dataset = item.get("dataset") or {}
    role = _tags(item.get("tags")).get("mlflow.data.context") or "dataset"
    try:
        source = parse_json(dataset.get("source") or "{}")
    except ValueError:
        source = {}
    return dataset, role, source if isinstance(source, dict) else {}


def _place_in(source: Json) -> str:
    return next((name for name in ("uri", "url", "path") if isinstance(source.get(name), str)), "uri")


def _tables(inputs: Any) -> list[Json] | None:
    """The datasets in S3 of which the source says the version: the place is what joins, and has none."""
    found: list[Json] = []
    for _, item in each(inputs):
        _, role, source = _told_of(item)
        uri = source.get(_place_in(source))
        revision = next((source[name] for name in _REVISION if source.get(name) is not None), None)
        if isinstance(uri, str) and parse_s3(uri) is not None and isinstance(revision, str | int):
            name = next((source[name] for name in _TABLE if isinstance(source.get(name), str)), None)
            found.append({"uri": uri, "role": role, "revision": str(revision), **({"table": name} if name else {})})
    return found or None


def _logged_model(record: Record) -> Facts:
    body = record.body
    server, info, data = body["server"], body["info"], body.get("data") or {}
    metrics = data.get("metrics") or ()
    facts = _shown(record, "mlflow_logged_model", LOGGED_MODEL, _tags(info.get("tags")))
    _kept(facts, record, info, "mlflow:logged-models/search")
    if run := info.get("source_run_id"):
        run_id = mlflow_id(server, "run", run)
        facts.mentions.append(_named(record, "mlflow_run", run_id, run))
        facts.edges.append(_edge(record, run_id, record.id, "produced", "logged-models/search#info.source_run_id"))
    for index, metric in each(metrics):
        judge = metric.get("run_id")
        if judge and judge != info.get("source_run_id"):
            run_id = mlflow_id(server, "run", judge)
            facts.mentions.append(_named(record, "mlflow_run", run_id, judge))
            evidence = f"logged-models/search#data.metrics[{index}].run_id"
            facts.edges.append(_edge(record, record.id, run_id, "input_to", evidence, role="evaluated_model"))
    return facts


def _registered_model(record: Record) -> Facts:
    body = record.body
    return _shown(record, "mlflow_registered_model", REGISTERED_MODEL, _tags(body.get("tags")))


def _model_version(record: Record) -> Facts:
    body = record.body
    server, name = body["server"], body["name"]
    tags = _tags(body.get("tags"))
    source = body.get("source") or ""
    facts = _shown(record, "mlflow_model_version", MODEL_VERSION, tags)
    place = home(server, body.get("workspace"))
    parent = mlflow_id(place, "model", name)
    facts.mentions.append(_named(record, "mlflow_registered_model", parent, name))
    facts.edges.append(_edge(record, parent, record.id, "has_version", "model-versions/search#name"))
    if run := body.get("run_id"):
        run_id = mlflow_id(server, "run", run)
        facts.mentions.append(_named(record, "mlflow_run", run_id, run))
        facts.edges.append(_edge(record, run_id, record.id, "recorded_in", "model-versions/search#run_id"))
    model = body.get("model_id") or (source.removeprefix("models:/") if source.startswith("models:/m-") else None)
    copied = _VERSION_URI.fullmatch(source)
    if copied:  # promoted: MLflow copies a version of one registered model to another, or to a newer version
        original, parent = mlflow_id(place, "model", *copied.groups()), mlflow_id(place, "model", copied[1])
        if original != record.id:
            facts.mentions.append(_named(record, "mlflow_registered_model", parent, copied[1]))
            facts.mentions.append(_named(record, "mlflow_model_version", original, " ".join(copied.groups())))
            facts.edges.append(_edge(record, original, record.id, "registered_as", "model-versions/search#source"))
    elif source and not model:
        named = Evidence("mlflow:model-versions/search", "source", record.reference)
        facts.claims.append(MlflowUri(asset=record.id, uri=source, server=server, evidence=named))
    if model:
        model_id = mlflow_id(server, "logged-model", model)
        facts.mentions.append(_named(record, "mlflow_logged_model", model_id, model))
        field = "model_id" if body.get("model_id") else "source"
        facts.edges.append(_edge(record, model_id, record.id, "registered_as", f"model-versions/search#{field}"))
    arn = parse_arn(tags.get(PACKAGE_TAG))
    if arn is not None and arn.type == "model-package":
        facts.mentions.append(
            Asset(id=tags[PACKAGE_TAG], kind="model_package", name=arn.name, account=arn.account, region=arn.region)
        )
        evidence = f"model-versions/search#{_tag_path(body.get('tags'), PACKAGE_TAG)}"
        facts.edges.append(_edge(record, record.id, tags[PACKAGE_TAG], "registered_as", evidence))
    return facts


def _aliases(several: Any) -> dict[str, str]:
    return {str(alias["alias"]): str(alias["version"]) for _, alias in each(several)}


def _run_status(body: Json) -> Any:
    """Whoever deletes a run that goes on leaves it RUNNING for ever."""
    status = body["info"].get("status")
    deleted = body["info"].get("lifecycle_stage") == "deleted" and status not in RUN_ENDED
    return "deleted" if deleted else status


_SERVER: Final = computed("server", "id", "The server that has it.", lambda record: record.body["server"])
EXPERIMENT: Final = attributes(
    "mlflow_experiment",
    "mlflow:experiments/search",
    at("name", ("name", "experiment_id"), "What people call it, else its id."),
    at("status", "lifecycle_stage", "Whether it is active or deleted."),
    at("created_at", "creation_time", "When it was made.", _time),
    at("modified_at", "last_update_time", "When it last changed.", _time),
    _SERVER,
    at("artifact_location", "artifact_location", "Where the artifacts of its runs lie."),
)
_TABLE, _REVISION = ("delta_table_name", "table_name"), ("revision", "delta_table_version")
"""What sources of datasets call a table, and the version of it that was read."""
RUN: Final = attributes(
    "mlflow_run",
    "mlflow:runs/search",
    at("name", ("info.run_name", "info.run_id"), "What people call it, else its id."),
    gathered(
        "status",
        ("info.status", "info.lifecycle_stage"),
        "How far it is, in the API's words; deleted, where it was that before it ended.",
        _run_status,
    ),
    at("created_at", "info.start_time", "When it began.", _time),
    at("modified_at", "info.end_time", "When it ended.", _time),
    _SERVER,
    at("lifecycle_stage", "info.lifecycle_stage", "Whether it is active or deleted."),
    at("artifact_uri", "info.artifact_uri", "Where its artifacts lie."),
    at("parameters", "data.params", "The parameters that it logged.", _pairs),
    at("metrics", "data.metrics", "The last value of each metric that it logged.", _pairs),
    at("tables", "inputs.dataset_inputs", "The version of each table in S3 that it read, as its source says.", _tables),
    at("curves", "curves", "Its metrics over its steps.", by="mlflow:metrics/get-history"),
    at("ended_at", "info.end_time", "When it ended.", _time),
)
LOGGED_MODEL: Final = attributes(
    "mlflow_logged_model",
    "mlflow:logged-models/search",
    at("name", ("info.name", "info.model_id"), "What people call it, else its id."),
    at("status", "info.status", "How far it is, in the API's words."),
    at("created_at", "info.creation_timestamp_ms", "When it was made.", _time),
    at("modified_at", "info.last_updated_timestamp_ms", "When it last changed.", _time),
    _SERVER,
    at("model_id", "info.model_id", "Its id on the server."),
    at("artifact_uri", "info.artifact_uri", "Where its files lie."),
    at("model_type", "info.model_type", "What kind of model it is, as whoever logged it says."),
    at("parameters", "data.params", "The parameters that were logged with it.", _pairs),
    at("metrics", "data.metrics", "The last value of each metric that was logged of it.", _pairs),
)
REGISTERED_MODEL: Final = attributes(
    "mlflow_registered_model",
    "mlflow:registered-models/search",
    at("name", "name", "What people call it."),
    at("created_at", "creation_timestamp", "When it was made.", _time),
    at("modified_at", "last_updated_timestamp", "When it last changed.", _time),
    _SERVER,
    at("description", "description", "What people wrote of it."),
    at("model_aliases", "aliases", "Its aliases, with the versions that they point at.", _aliases),
)
MODEL_VERSION: Final = attributes(
    "mlflow_model_version",
    "mlflow:model-versions/search",
    gathered(
        "name",
        ("name", "version"),
        "The model's name and the version.",
        lambda body: f"{body['name']} {body['version']}",
    ),
    at("status", "status", "Whether it is registered."),
    at("created_at", "creation_timestamp", "When it was made.", _time),
    at("modified_at", "last_updated_timestamp", "When it last changed.", _time),
    _SERVER,
    at("version", "version", "Its number.", str),
    at("description", "description", "What people wrote of it."),
    at("source", "source", "What it was registered from."),
    at("model_stage", "current_stage", "The stage that it is in, in the words of older servers."),
)
DATASET: Final = attributes(
    "dataset_version",
    "mlflow:runs/search",
    at("digest", "digest", "The digest that MLflow made of it."),
    at("source_type", "source_type", "Where MLflow has it from."),
    at("uri", ("source|uri", "source|url", "source|path"), "The place that every run read it from."),
    at("table", tuple(f"source|{name}" for name in _TABLE), "The table that it was read from."),
    at("query", "source|sql", "The query that it was read by."),
    at("revision", tuple(f"source|{name}" for name in _REVISION), "The version of its source."),
)


_READERS = {
    "mlflow_experiment": _experiment,
    "mlflow_run": _run,
    "mlflow_logged_model": _logged_model,
    "mlflow_registered_model": _registered_model,
    "mlflow_model_version": _model_version,
}
