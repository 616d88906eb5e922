"""What jobs of every family say in the same shapes: channels, evaluators, outputs, MLflow runs, parents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from studbook.model import Asset
from studbook.model.facts import MANIFESTS, MlflowNames, MountedDirectory, NamedPlace, OutputFolder, Roleless, Writes
from studbook.model.ids import mlflow_id, parse_arn, s3_id
from studbook.sources.interface import Document, Json
from studbook.sources.reading import Reading, each, member, some, unquoted

ENDED: Final = frozenset({"Completed", "Failed", "Stopped"})
_EXECUTION_TAG = "sagemaker:pipeline-execution-arn"


def channels(reading: Reading, config: object, path: str, started: str | None) -> None:
    """What a list of channels reads, each in the role of its name: registered datasets, and places in S3."""
    for index, channel in each(config):
        where = f"{path}[{index}].DataSource"
        name = channel.get("ChannelName")
        role = name if isinstance(name, str) and name else "dataset"
        arn = member(channel, "DataSource", "DatasetSource", "DatasetArn")
        reading.input(arn, f"{where}.DatasetSource.DatasetArn", role, started, "dataset")
        place = member(channel, "DataSource", "S3DataSource") or {}
        data_type = member(place, "S3DataType") or "S3Prefix"
        reading.reads(member(place, "S3Uri"), f"{where}.S3DataSource.S3Uri", role, started, data_type=data_type)
        _file_system(reading, member(channel, "DataSource", "FileSystemDataSource"), where, role, started)


def _file_system(reading: Reading, place: object, where: str, role: str, started: str | None) -> None:
    """A directory of FSx or EFS."""
    system, directory = member({"": place}, "", "FileSystemId"), member({"": place}, "", "DirectoryPath")
    if not isinstance(system, str) or not isinstance(directory, str) or not system:
        return
    kind = str(member({"": place}, "", "FileSystemType") or "")
    path = "/" + directory.strip("/")
    asset = Asset(
        id=f"{'efs' if kind == 'EFS' else 'fsx'}:{system}{path}",
        kind="artifact",
        name=f"{system}{path}",
        account=reading.account,
        region=reading.region,
        attributes=some(type=kind, file_system=system, directory=path),
    )
    reading.facts.mentions.append(asset)
    paths = (f"{where}.FileSystemDataSource.FileSystemId", f"{where}.FileSystemDataSource.DirectoryPath")
    reading.edge(asset.id, reading.id, "input_to", *paths, role=role)
    if kind != "EFS":  # which is linked with no place in S3
        (told,) = reading.evidence(paths[1])
        reading.claim(
            MountedDirectory(
                reader=reading.id, system=system, directory=directory, role=role, at=started, evidence=told
            )
        )


def own_folder(reading: Reading, config: str, name: str, started: str | None) -> None:
    """The folder in `<config>.S3OutputPath` that is named as the job is, by its member `name`: the job's own."""
    folder, named = s3_id(member(reading.body, config, "S3OutputPath")), reading.body.get(name)
    if folder is not None and isinstance(named, str) and named:
        told = reading.evidence(f"{config}.S3OutputPath", name)
        place = f"{folder.rstrip('/')}/{named}/"
        reading.claim(OutputFolder(writer=reading.id, uri=place, began=started, evidence=told))


def objective(metric: object) -> dict[str, object] | None:
    """A search's metric and its value, as a map; None where it has no name."""
    name = member({"": metric}, "", "MetricName")
    return {name: member({"": metric}, "", "Value")} if isinstance(name, str) and name else None


def evaluator(reading: Reading, named: object, path: str, started: str | None, *, bare: bool = False) -> None:
    """An evaluator of a hub, a bare Lambda function, or a prompt in S3: the field takes any text."""
    if not reading.input(named, path, "evaluator", started, "evaluator") and not reading.function(
        named, path, "input_to", "evaluator", started, bare=bare
    ):
        reading.reads(named, path, "evaluator", started, data_type="Object")


def named_places(reading: Reading, told: object, path: str, started: str | None) -> None:
    """The places in S3 that parameters name: a map of texts, as JSON or not, or arguments, each after its name. Those
    that begin with `sagemaker_` are the SDK's own."""
    if isinstance(told, dict):
        several = [(name, value, f'{path}["{name}"]') for name, value in sorted(told.items())]
    else:
        words = told if isinstance(told, list) else []
        before = ["", *(str(word).lstrip("-") for word in words)]
        several = [(name, word, f"{path}[{at}]") for at, (name, word) in enumerate(zip(before, words, strict=False))]
    for name, value, where in several:
        place = s3_id(unquoted(value))
        if place is not None and not name.startswith("sagemaker_"):
            (evidence,) = reading.evidence(where)
            role = name if name and s3_id(name) is None else "argument"
            reading.claim(NamedPlace(reader=reading.id, uri=place, role=role, at=started, evidence=evidence))


def produced(reading: Reading, uri: object, path: str, role: str) -> None:
    """A place in S3 that the job writes to."""
    target = s3_id(uri)
    if target is not None:
        reading.edge(reading.id, target, "produced", path, role=role)


def writes(reading: Reading, uri: object, path: str, role: str, *, between: tuple[object, object]) -> None:
    """A place in S3 that the job writes data to, `between` when it began and ended (UTC, as recorded); which state
    of a dataset came of it is for the joins."""
    place = s3_id(uri)
    if place is not None:
        (evidence,) = reading.evidence(path)
        began, ended = (time if isinstance(time, str) else None for time in between)
        reading.claim(Writes(writer=reading.id, uri=place, role=role, began=began, ended=ended, evidence=evidence))


def manifests(operation: str, places: Iterable[tuple[object, str]]) -> Iterator[Document]:
    """The manifests among S3 places: objects with an S3Uri and an S3DataType, with their paths."""
    for place, path in places:
        uri, data_type = member({"": place}, "", "S3Uri"), member({"": place}, "", "S3DataType")
        if data_type in MANIFESTS and (where := s3_id(uri)) is not None:
            yield Document(
                role="manifest", uri=where, evidence=f"sagemaker:{operation}#{path}.S3Uri", data_type=data_type
            )


def made_package(reading: Reading, arn: object, path: str) -> None:
    """The package that the service registered when the job had ended."""
    package = reading.named(arn, "model_package")
    if package is not None:
        reading.edge(reading.id, package, "produced", path)


Named = tuple[object, str]
"""What a record says, and at which path."""


_UNNAMED: Final[Named] = (None, "")


def mlflow_run(
    reading: Reading, config: Json, where: str, *, experiment: Named = _UNNAMED, run: Named = _UNNAMED
) -> None:
    """The run by its ids; where only names are given, which run they mean is for all runs together to say.

    `config` is an MlflowConfig at `where`; `experiment` and `run` are the ids that the service gave.
    """
    server = config.get("MlflowResourceArn")
    arn = parse_arn(server)
    if arn is None or not isinstance(server, str):
        return
    experiment_name, run_name = config.get("MlflowExperimentName"), config.get("MlflowRunName")
    path = f"{where}.MlflowResourceArn"
    (experiment_id, experiment_path), (run_id, run_path) = experiment, run
    if isinstance(run_id, str) and run_id:
        target = mlflow_id(server, "run", run_id)
        reading.mention(target, "mlflow_run", str(run_name or run_id), account=arn.account, region=arn.region)
        reading.edge(reading.id, target, "recorded_in", path, run_path)
        if isinstance(experiment_id, str) and experiment_id:
            parent, name = mlflow_id(server, "experiment", experiment_id), str(experiment_name or experiment_id)
            reading.mention(parent, "mlflow_experiment", name, account=arn.account, region=arn.region)
            reading.edge(target, parent, "part_of", path, experiment_path)
    elif isinstance(experiment_name, str) and isinstance(run_name, str) and experiment_name and run_name:
        evidence = reading.evidence(path, f"{where}.MlflowExperimentName", f"{where}.MlflowRunName")
        reading.claim(
            MlflowNames(job=reading.id, server=server, experiment=experiment_name, run=run_name, evidence=evidence)
        )


def parents(reading: Reading, *paths: str) -> None:
    """What the record names at these members as having it run, and the pipeline run that the service's tag names."""
    for path in paths:
        # Fewer kinds: what runs jobs of its own.
        parent = reading.named(reading.body.get(path), "tuning_job", "automl_job", "monitoring_schedule")
        if parent is not None:
            reading.edge(reading.id, parent, "part_of", path)
    if found := reading.tag(_EXECUTION_TAG):
        execution = reading.named(found[0], "pipeline_execution")
        if execution is not None:
            evidence = reading.evidence(found[1])
            reading.claim(Roleless(source=reading.id, target=execution, relation="part_of", evidence=evidence))
