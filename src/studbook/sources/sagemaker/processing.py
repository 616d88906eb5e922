"""Processing jobs: datasets that are prepared, and evaluations by a script of one's own.

Calls, per region: ListProcessingJobs (100 a page); per job DescribeProcessingJob and ListTags, once when it has ended,
every night while it runs. Search does not know them.
Inputs and outputs go by the names that the job gives them. The SDK sends the script as an input called `code`, and the
command that runs it as one called `entrypoint`, Data Wrangler its recipe as one called `flow`, Spark its libraries and
its configuration. What a query of Athena or Redshift finds is written to S3 first, and read from there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from studbook.model import Evidence, Facts, Record
from studbook.model.attributes import at, attributes
from studbook.model.evidence import value_at
from studbook.model.facts import QueryResults
from studbook.model.ids import s3_id
from studbook.sources import rows
from studbook.sources.interface import Document, Json
from studbook.sources.reading import Reading, each, member
from studbook.sources.sagemaker.job_parts import manifests, named_places, parents, writes
from studbook.sources.sagemaker.nouns import job
from studbook.sources.sql_tables import tables_of

_OPERATION = "DescribeProcessingJob"
_CODE = frozenset({"code", "entrypoint"})
_OF_IMAGE: Final[Mapping[str, Collection[str]]] = {
    "/sagemaker-data-wrangler-container": {"flow"},
    "/sagemaker-spark-processing": {"conf", "jars", "py-files"},
}
"""What AWS's images call the inputs that are their program, and what tells it how to run, by their repository."""
_QUERIES = ("AthenaDatasetDefinition", "RedshiftDatasetDefinition")
RESULTS: Final = Evidence.parse("rule:query-results")
_GLUE: Final = "AwsDataCatalog"
"""The catalog of Athena that is Glue's."""


def normalize(record: Record) -> Facts:
    """A processing job with its image, its code, what it read and what it wrote."""
    reading = Reading(record, _OPERATION)
    body = record.body
    reading.show("processing_job", PROCESSING)
    started = body.get("ProcessingStartTime") or body.get("CreationTime")
    reading.image(member(body, "AppSpecification", "ImageUri"), "AppSpecification.ImageUri", relation="input_to")
    image = str(member(body, "AppSpecification", "ImageUri"))
    code = _CODE.union(*(names for repository, names in _OF_IMAGE.items() if repository in image))
    for index, item in each(body.get("ProcessingInputs")):
        _input(reading, item, f"ProcessingInputs[{index}]", started, code)
    for index, item in each(member(body, "ProcessingOutputConfig", "Outputs")):
        path, role = f"ProcessingOutputConfig.Outputs[{index}]", _name(item, "OutputName", "output")
        uri = member(item, "S3Output", "S3Uri")
        writes(reading, uri, f"{path}.S3Output.S3Uri", role, between=(started, body.get("ProcessingEndTime")))
        group = member(item, "FeatureStoreOutput", "FeatureGroupName")
        where = f"{path}.FeatureStoreOutput.FeatureGroupName"
        reading.by_name("feature_group", group, where, "produced", upstream=False, role=role)
    named_places(reading, body.get("Environment"), "Environment", started)
    arguments = "AppSpecification.ContainerArguments"
    named_places(reading, value_at(body, arguments), arguments, started)
    parents(reading, "AutoMLJobArn", "MonitoringScheduleArn")
    return reading.facts


def _name(item: Json, name: str, otherwise: str) -> str:
    found = item.get(name)
    return found if isinstance(found, str) and found else otherwise


def _input(reading: Reading, item: Json, path: str, started: str | None, of_code: Collection[str]) -> None:
    role = _name(item, "InputName", "input")
    uri, where = member(item, "S3Input", "S3Uri"), f"{path}.S3Input.S3Uri"
    code = s3_id(uri) if role in of_code else None
    if code is not None:
        reading.mention(code, "code", code.rstrip("/").rpartition("/")[2])
        reading.edge(code, reading.id, "input_to", where, role=role)
    else:
        data_type = member(item, "S3Input", "S3DataType") or "S3Prefix"
        reading.reads(uri, where, role, started, data_type=data_type)
    for query in _QUERIES:
        found = member(item, "DatasetDefinition", query)
        where = f"{path}.DatasetDefinition.{query}"
        if found:
            # Written by the query when the job had started: no state that lay there at the start is what was read, and
            # nothing that others wrote to the same place.
            place = s3_id(found.get("OutputS3Uri"))
            reading.reads(place, f"{where}.OutputS3Uri", role, started, data_type="Path", ever=True,
                          through=(RESULTS,), claim=QueryResults)  # fmt: skip
            _tables(reading, found, where, role, athena=query.startswith("Athena"))


def _tables(reading: Reading, query: Json, path: str, role: str, *, athena: bool) -> None:
    """The tables that a query reads, or its database where not all of it can be read: a conclusion either way.

    A table of Athena is Glue's, but for those of other catalogs, which nothing here can name. One of Redshift has no
    ARN of its own: it is named below its database's.
    """
    database, text = query.get("Database"), query.get("QueryString")
    if not isinstance(database, str) or not database or not isinstance(text, str):
        return
    for parts in tables_of(text, "trino" if athena else "redshift"):
        source = _glue_table(reading, query, parts) if athena else _redshift_table(reading, query, parts)
        if source is not None:
            name = parts[-1] if parts else database
            reading.mention(source, "table", name, account=reading.account, region=reading.region)
            paths = (f"{path}.QueryString", f"{path}.Database")
            reading.edge(source, reading.id, "input_to", *paths, "rule:sql-tables", role=role)


def _glue_table(reading: Reading, query: Json, parts: tuple[str, ...]) -> str | None:
    catalog = parts[-3] if len(parts) > 2 else query.get("Catalog") or _GLUE
    if str(catalog).lower() != _GLUE.lower():
        return None
    place = f"table/{parts[-2] if len(parts) > 1 else query['Database']}/{parts[-1]}" if parts else None
    named = place or f"database/{query['Database']}"
    return f"arn:{reading.aws_partition}:glue:{reading.region}:{reading.account}:{named}".lower()


def _redshift_table(reading: Reading, query: Json, parts: tuple[str, ...]) -> str:
    database = parts[-3] if len(parts) > 2 else query["Database"]
    home = f"arn:{reading.aws_partition}:redshift:{reading.region}:{reading.account}"
    place = f"{home}:dbname:{query.get('ClusterId')}/{database}"
    return f"{place}/{'.'.join(parts[-2:])}" if parts else place


def _queries(several: object) -> list[object]:
    return [
        {name: value for name, value in query.items() if name in ("Catalog", "Database", "QueryString", "ClusterId")}
        for _, item in each(several)
        for kind in _QUERIES
        if (query := member(item, "DatasetDefinition", kind))
    ]


PROCESSING: Final = attributes(
    "processing_job",
    f"sagemaker:{_OPERATION}",
    rows.name("ProcessingJobName"),
    rows.status("ProcessingJobStatus"),
    rows.CREATED,
    rows.MODIFIED,
    at("image", "AppSpecification.ImageUri", "The container image that runs."),
    at("entrypoint", "AppSpecification.ContainerEntrypoint", "The command that the container runs."),
    at("arguments", "AppSpecification.ContainerArguments", "The arguments of that command."),
    rows.ENVIRONMENT,
    rows.instances("ProcessingResources.ClusterConfig"),
    rows.ROLE,
    at("queries", "ProcessingInputs", "The queries of Athena or Redshift that its inputs come from.", _queries),
    rows.EXPERIMENT,
    at("training_job", "TrainingJobArn", "The training job that it was run for."),
    rows.started("ProcessingStartTime"),
    rows.ended("ProcessingEndTime"),
    at("exit_message", "ExitMessage", "What the container said at its end."),
    rows.FAILURE,
    rows.encryption("ProcessingOutputConfig.KmsKeyId", "ProcessingResources.ClusterConfig.VolumeKmsKeyId"),
    rows.network("NetworkConfig.VpcConfig", "NetworkConfig.EnableNetworkIsolation"),
    rows.MOST_SECONDS,
    at("volume_gb", "ProcessingResources.ClusterConfig.VolumeSizeInGB", "The size of its machines' volumes."),
)


def documents(record: Record) -> Iterator[Document]:
    """The manifests that it read."""
    return manifests(
        _OPERATION,
        (
            (item.get("S3Input"), f"ProcessingInputs[{index}].S3Input")
            for index, item in each(record.body.get("ProcessingInputs"))
        ),
    )


RESOURCES: Final = (job("processing_job", "ProcessingJob", "ProcessingJobSummaries", normalize, documents),)
