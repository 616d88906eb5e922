"""Processing and transform jobs as records say them."""

import pytest
from tests.sources.sagemaker.record_facts import HERE, arrows, proof, said

from studbook.model import Record
from studbook.model.facts import ByName, QueryResults, Reads, Roleless, Writes
from studbook.sources.interface import Document
from studbook.sources.sagemaker import processing, transform

PREPARE = f"{HERE}processing-job/prepare"
SCORE = f"{HERE}transform-job/score"
STARTED, ENDED = "2026-09-14T10:12:00Z", "2026-09-14T10:30:00Z"
IMAGE = "683313688378.dkr.ecr.us-west-2.amazonaws.com/sagemaker-scikit-learn:1.2-1"
ON = "sagemaker:DescribeProcessingJob#"


def s3_input(name, uri, data_type="S3Prefix"):
    return {"InputName": name, "S3Input": {"S3Uri": uri, "S3DataType": data_type, "LocalPath": "/opt/ml"}}


def output(name, uri):
    return {"OutputName": name, "S3Output": {"S3Uri": uri, "LocalPath": "/opt/ml", "S3UploadMode": "EndOfJob"}}


def prepare(**body):
    return said(
        "processing_job",
        PREPARE,
        ProcessingJobName="prepare",
        CreationTime="2026-09-14T10:10:00Z",
        ProcessingStartTime=STARTED,
        **body,
    )


def score(**body):
    return said("transform_job", SCORE, TransformJobName="score", TransformStartTime=STARTED, **body)


class TestProcessing:
    FACTS = prepare(
        ProcessingJobStatus="Completed",
        ProcessingEndTime=ENDED,
        AppSpecification={
            "ImageUri": IMAGE,
            "ContainerEntrypoint": ["python3", "/opt/ml/processing/input/code/prep.py"],
        },
        ProcessingResources={"ClusterConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1}},
        ProcessingInputs=[s3_input("raw", "s3://acme/raw/"), s3_input("code", "s3://acme/code/prep.py")],
        ProcessingOutputConfig={"Outputs": [output("train", "s3://acme/sets/train")]},
        ExperimentConfig={"ExperimentName": "fraud"},
        Tags=[{"Key": "sagemaker:pipeline-execution-arn", "Value": f"{HERE}pipeline/p/execution/e1"}],
    )

    def test_asset(self):
        """What it ran on, and for how long."""
        (asset,) = self.FACTS.assets
        assert (asset.kind, asset.name, asset.status) == ("processing_job", "prepare", "Completed")
        assert asset.attributes["instance_type"] == "ml.m5.xlarge"
        assert (asset.attributes["started_at"], asset.attributes["ended_at"]) == (STARTED, ENDED)

    def test_edges(self):
        """The image, the script that the SDK sends as an input, the pipeline's execution."""
        assert arrows(self.FACTS) == {
            (IMAGE, "input_to", PREPARE, "image"),
            ("s3://acme/code/prep.py", "input_to", PREPARE, "code"),
        }
        (tag,) = [claim for claim in self.FACTS.claims if isinstance(claim, Roleless)]
        assert (tag.source, tag.target, tag.relation) == (PREPARE, f"{HERE}pipeline/p/execution/e1", "part_of")
        assert proof(self.FACTS, "s3://acme/code/prep.py", PREPARE) == (
            "referenced",
            (f"{ON}ProcessingInputs[1].S3Input.S3Uri",),
        )
        assert [(asset.id, asset.kind) for asset in self.FACTS.mentions if asset.kind == "code"] == [
            ("s3://acme/code/prep.py", "code")
        ]

    def test_claims(self):
        """Inputs are read at the start under the names that they have; outputs are written while it ran."""
        assert [claim for claim in self.FACTS.claims if not isinstance(claim, Roleless)] == [
            Reads(
                reader=PREPARE,
                uri="s3://acme/raw/",
                role="raw",
                at=STARTED,
                evidence=f"{ON}ProcessingInputs[0].S3Input.S3Uri",
            ),
            Writes(
                writer=PREPARE,
                uri="s3://acme/sets/train",
                role="train",
                began=STARTED,
                ended=ENDED,
                evidence=f"{ON}ProcessingOutputConfig.Outputs[0].S3Output.S3Uri",
            ),
        ]

    def test_a_running_job(self):
        """Where it writes is known, until when is not."""
        (claim,) = prepare(ProcessingOutputConfig={"Outputs": [output("train", "s3://acme/sets/train")]}).claims
        assert isinstance(claim, Writes)
        assert (claim.began, claim.ended) == (STARTED, None)

    @pytest.mark.parametrize("query", ["AthenaDatasetDefinition", "RedshiftDatasetDefinition"])
    def test_a_query(self, query):
        """What a query finds is read from where it is written to after the start, not what lay there; it is kept."""
        definition = {"Database": "payments", "QueryString": "select 1", "OutputS3Uri": "s3://acme/q/", "DbUser": "x"}
        facts = prepare(ProcessingInputs=[{"InputName": "cards", "DatasetDefinition": {query: definition}}])
        (claim,) = facts.claims
        assert isinstance(claim, QueryResults)
        assert (claim.uri, claim.role, claim.ever) == ("s3://acme/q/", "cards", True)
        assert claim.evidence.line == f"{ON}ProcessingInputs[0].DatasetDefinition.{query}.OutputS3Uri"
        assert facts.assets[0].attributes["queries"] == [{"Database": "payments", "QueryString": "select 1"}]
        assert facts.edges == []  # it reads no table

    @pytest.mark.parametrize(
        ("query", "read"),
        [
            ("SELECT x FROM UNNEST(sequence(1, 10)) AS t(x)", []),
            ("SELECT * FROM (VALUES (1)) AS made(x)", []),
            ('SELECT max(dt) FROM "cards$partitions"', []),
            ("SELECT c.x FROM cards AS c JOIN INFORMATION_SCHEMA.columns ON true", ["table/payments/cards"]),
            ("INSERT INTO kept SELECT * FROM cards", ["table/payments/cards"]),
            ("EXECUTE monthly USING 3", ["database/payments"]),
            ("", ["database/payments"]),
            ("SELECT * FROM TABLE(system.query(query => 'select 1'))", ["database/payments"]),
            ("SELECT * FROM cards, TABLE(f(1)) AS f", ["database/payments", "table/payments/cards"]),
        ],
    )
    def test_what_a_query_reads(self, query, read):
        """The tables that it names, none where it makes up its rows; where a part cannot be read, the database."""
        definition = {"Database": "payments", "QueryString": query, "OutputS3Uri": "s3://acme/q/"}
        inputs = [{"InputName": "cards", "DatasetDefinition": {"AthenaDatasetDefinition": definition}}]
        sources = [edge.source for edge in prepare(ProcessingInputs=inputs).edges]
        assert sources == [f"arn:aws:glue:us-west-2:111122223333:{place}" for place in read]

    def test_a_function_of_redshift_is_no_table(self):
        """Rows that a function makes up are in no database."""
        definition = {"Database": "dw", "QueryString": "select * from generate_series(1, 10)", "ClusterId": "c"}
        inputs = [{"InputName": "days", "DatasetDefinition": {"RedshiftDatasetDefinition": definition}}]
        assert prepare(ProcessingInputs=inputs).edges == []

    @pytest.mark.parametrize(
        ("image", "names"),
        [
            ("415577184552.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-data-wrangler-container:2.x", {"flow"}),
            ("571004829621.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-spark-processing:3.3-cpu-py39", {"conf", "jars"}),
            (IMAGE, set()),
        ],
    )
    def test_the_program_of_an_image_of_aws(self, image, names):
        """A flow of Data Wrangler, a library of Spark; of any other image they are inputs like others."""
        inputs = [s3_input(name, f"s3://acme/{name}/") for name in ("cards", "conf", "flow", "jars")]
        facts = prepare(AppSpecification={"ImageUri": image}, ProcessingInputs=inputs)
        assert {asset.id for asset in facts.mentions if asset.kind == "code"} == {f"s3://acme/{one}/" for one in names}
        read = {claim.role for claim in facts.claims if isinstance(claim, Reads)}
        assert read == {"cards", "conf", "flow", "jars"} - names

    def test_a_feature_group(self):
        """It is named without an ARN."""
        outputs = [{"OutputName": "features", "FeatureStoreOutput": {"FeatureGroupName": "cards"}, "AppManaged": True}]
        (claim,) = prepare(ProcessingOutputConfig={"Outputs": outputs}).claims
        assert isinstance(claim, ByName)
        assert (claim.kind, claim.name, claim.upstream, claim.relation) == ("feature_group", "cards", False, "produced")

    def test_of_an_automl_job(self):
        """A candidate's step names the search that it belongs to; a rule's job the training that it watches."""
        facts = prepare(AutoMLJobArn=f"{HERE}automl-job/auto", TrainingJobArn=f"{HERE}training-job/t")
        assert arrows(facts) == {(PREPARE, "part_of", f"{HERE}automl-job/auto", None)}
        assert facts.assets[0].attributes["training_job"] == f"{HERE}training-job/t"

    def test_manifests(self):
        """The list of objects that it read can be read too."""
        body = {"ProcessingInputs": [s3_input("raw", "s3://acme/raw/"), s3_input("m", "s3://acme/m", "ManifestFile")]}
        record = Record(
            source="sagemaker", kind="processing_job", id=PREPARE, account=None, region=None, revision="", body=body
        )
        evidence = f"{ON}ProcessingInputs[1].S3Input.S3Uri"
        assert list(processing.documents(record)) == [
            Document(role="manifest", uri="s3://acme/m", evidence=evidence, data_type="ManifestFile")
        ]


class TestTransform:
    FACTS = score(
        TransformJobStatus="Completed",
        TransformEndTime=ENDED,
        ModelName="fraud-scoring",
        TransformInput={"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://acme/today/"}}},
        TransformOutput={"S3OutputPath": "s3://acme/scores/"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 2},
        AutoMLJobArn=f"{HERE}automl-job/auto",
    )

    def test_asset_and_edges(self):
        """What it is a step of."""
        (asset,) = self.FACTS.assets
        assert (asset.kind, asset.status, asset.attributes["instance_count"]) == ("transform_job", "Completed", 2)
        assert arrows(self.FACTS) == {(SCORE, "part_of", f"{HERE}automl-job/auto", None)}

    def test_claims(self):
        """The model is known by name; the questions are read at the start."""
        model, read, written = self.FACTS.claims
        assert isinstance(model, ByName)
        assert (model.kind, model.name, model.role, model.upstream) == ("model", "fraud-scoring", "model", True)
        assert model.evidence.line == "sagemaker:DescribeTransformJob#ModelName"
        assert isinstance(read, Reads)
        assert (read.uri, read.role, read.at) == ("s3://acme/today/", "input", STARTED)
        assert isinstance(written, Writes)
        assert (written.began, written.ended) == (STARTED, ENDED)

    def test_manifest(self):
        """A list of objects is one here as elsewhere."""
        place = {"S3DataType": "ManifestFile", "S3Uri": "s3://acme/m"}
        body = {"TransformInput": {"DataSource": {"S3DataSource": place}}}
        record = Record(
            source="sagemaker", kind="transform_job", id=SCORE, account=None, region=None, revision="", body=body
        )
        assert [document.uri for document in transform.documents(record)] == ["s3://acme/m"]


@pytest.mark.parametrize(
    "body",
    [
        {"ProcessingInputs": [{"InputName": 3}, "x", {"S3Input": {"S3Uri": "[redacted]"}}]},
        {"ProcessingOutputConfig": {"Outputs": [{"OutputName": None, "S3Output": {}}, None]}},
        {"AppSpecification": None, "AutoMLJobArn": "arn:aws"},
    ],
)
def test_what_cannot_be_read(body):
    """What is missing, redacted or not what it should be is no edge, and never an error."""
    facts = prepare(**body)
    assert len(facts.assets) == 1
    assert (facts.edges, facts.claims) == ([], [])
