"""Jobs of the Job API as records say them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fact_records import lines
from tests.sources.sagemaker.record_facts import HERE, HUB, LLAMA, arrows, proof, said

from studbook.model.facts import LambdaUse, LatestAtStart, MlflowNames, Reads, Roleless

CREATED, STARTED = "2026-09-14T10:00:00Z", "2026-09-14T10:12:00Z"
TRAINED = f"{HERE}job/AgentRFT/acme-mtrl-1"
JUDGED = f"{HERE}job/AgentRFTEvaluation/acme-mtrl-1-eval"
PACKAGE = f"{HERE}model-package/support-agent"
AGENT = "arn:aws:lambda:us-west-2:111122223333:function:agent-env"
RUNTIME = "arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/support-Yk6O377mUS"
KEY = "arn:aws:kms:us-west-2:111122223333:key/0d0e"
APP = f"{HERE}mlflow-app/app-EXAMPLE1234"
NAMED = {"MlflowResourceArn": APP, "MlflowExperimentName": "mtrl-eval", "MlflowRunName": "fine-tuned-model-eval"}
ON = "sagemaker:DescribeJob#JobConfigDocument|"


def job(arn, document, **body):
    """A record as DescribeJob gives it."""
    category, name = arn.split(":job/")[1].split("/")
    text = document if isinstance(document, str) else json.dumps(document)
    return said(
        "job",
        arn,
        JobName=name,
        JobArn=arn,
        JobCategory=category,
        JobConfigSchemaVersion="1.0.0",
        JobStatus="Completed",
        CreationTime=CREATED,
        JobConfigDocument=text,
        **body,
    )


def dataset(name, arn):
    return {"ChannelName": name, "DataSource": {"DatasetSource": {"DatasetArn": arn}}}


class TestAgentRFT:
    FACTS = job(
        TRAINED,
        {
            "AgentConfig": {"CustomAgentLambdaConfig": {"LambdaArn": AGENT}},
            "InputDataConfig": [
                dataset("train", f"{HUB}/DataSet/tasks/1.0.0"),
                {
                    "ChannelName": "validation",
                    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://acme/val.parquet"}},
                },
            ],
            "OutputDataConfig": {"S3OutputPath": "s3://acme-ml-out/mtrl", "KmsKeyArn": KEY},
            "ModelPackageConfig": {
                "OutputModelPackageGroupArn": f"{HERE}model-package-group/support-agent",
                "InputModelPackageArn": f"{PACKAGE}/1",
                "IntermediateCheckpointModelPackageGroupArn": f"{HERE}model-package-group/support-agent-mtrl-mpg",
            },
            "TrainingConfig": {
                "BaseModelArn": f"{LLAMA}/1.12.0",
                "AcceptEula": True,
                "HyperParameters": {"learning_rate": "0.00001"},
                "MlflowConfig": {"MlflowResourceArn": APP, "MlflowExperimentName": "mtrl", "MlflowRunName": "r1"},
            },
            "ServiceOutput": {
                "OutputModelPackageArn": f"{PACKAGE}/2",
                "MlflowDetails": {"ExperimentName": "mtrl", "RunName": "r1", "ExperimentId": "14", "RunId": "ab12"},
                "BillableTokenUsage": {"TrainTokenCount": 1},
            },
        },
        SecondaryStatusTransitions=[
            {"Status": "Pending", "StartTime": "2026-09-14T10:01:00Z"},
            {"Status": "Starting", "StartTime": STARTED},
            {"Status": "Training", "StartTime": "2026-09-14T10:20:00Z"},
        ],
        Tags=[
            {"Key": "sagemaker:pipeline-execution-arn", "Value": f"{HERE}pipeline/p/execution/e1"},
            {"Key": "team", "Value": "bots"},
        ],
    )

    def test_asset(self):
        """Multi-turn RL is training; what the document tells is among its attributes."""
        (asset,) = self.FACTS.assets

        assert (asset.kind, asset.name, asset.status) == ("training_job", "acme-mtrl-1", "Completed")
        assert asset.attributes["hyperparameters"] == {"learning_rate": "0.00001"}
        assert asset.attributes["started_at"] == STARTED
        assert asset.attributes["kms_key"] == KEY
        assert asset.attributes["billable_tokens"] == {"TrainTokenCount": 1}
        assert asset.tags["team"] == "bots"

    def test_edges(self):
        """Base model, source and output package, data, the run and the pipeline's execution, all by their ARNs."""
        run = f"mlflow:{APP}/run/ab12"
        assert arrows(self.FACTS) == {
            (f"{LLAMA}/1.12.0", "input_to", TRAINED, "base_model"),
            (f"{PACKAGE}/1", "input_to", TRAINED, "source_model"),
            (f"{HUB}/DataSet/tasks/1.0.0", "input_to", TRAINED, "train"),
            (TRAINED, "produced", f"{PACKAGE}/2", None),
            (TRAINED, "recorded_in", run, None),
            (run, "part_of", f"mlflow:{APP}/experiment/14", None),
        }
        (tag,) = [claim for claim in self.FACTS.claims if isinstance(claim, Roleless)]
        assert (tag.source, tag.target, tag.relation) == (TRAINED, f"{HERE}pipeline/p/execution/e1", "part_of")

    @pytest.mark.parametrize(
        ("source", "target", "fields"),
        [
            (f"{LLAMA}/1.12.0", TRAINED, ["TrainingConfig.BaseModelArn"]),
            (f"{PACKAGE}/1", TRAINED, ["ModelPackageConfig.InputModelPackageArn"]),
            (TRAINED, f"{PACKAGE}/2", ["ServiceOutput.OutputModelPackageArn"]),
            (f"{HUB}/DataSet/tasks/1.0.0", TRAINED, ["InputDataConfig[0].DataSource.DatasetSource.DatasetArn"]),
            (
                TRAINED,
                f"mlflow:{APP}/run/ab12",
                ["ServiceOutput.MlflowDetails.RunId", "TrainingConfig.MlflowConfig.MlflowResourceArn"],
            ),
        ],
    )
    def test_evidence(self, source, target, fields):
        """The evidence leads into the document; what the description itself has, tags too, is not in it."""
        assert proof(self.FACTS, source, target) == ("referenced", tuple(ON + field for field in fields))
        (tag,) = [claim for claim in self.FACTS.claims if isinstance(claim, Roleless)]
        assert lines(tag) == ("sagemaker:DescribeJob#Tags[0].Value",)

    def test_claims(self):
        """The agent's function is code, not a judge; data in S3 is read at the start."""
        assert [claim for claim in self.FACTS.claims if not isinstance(claim, Roleless)] == [
            LambdaUse(
                arn=AGENT,
                target=TRAINED,
                relation="input_to",
                role="agent",
                evidence=f"{ON}AgentConfig.CustomAgentLambdaConfig.LambdaArn",
            ),
            Reads(
                reader=TRAINED,
                uri="s3://acme/val.parquet",
                role="validation",
                at=STARTED,
                evidence=f"{ON}InputDataConfig[1].DataSource.S3DataSource.S3Uri",
            ),
        ]

    def test_an_agent_core_runtime(self):
        """A runtime of AgentCore is the agent's code by its ARN; the qualifier is kept beside."""
        config = {"BedrockAgentCoreConfig": {"AgentRuntimeArn": RUNTIME, "Qualifier": "PROD"}}
        facts = job(TRAINED, {"AgentConfig": config})

        assert arrows(facts) == {(RUNTIME, "input_to", TRAINED, "agent")}
        assert [(asset.id, asset.kind) for asset in facts.mentions] == [(RUNTIME, "code")]
        assert facts.assets[0].attributes["agent_qualifier"] == "PROD"

    def test_a_base_model_without_a_version(self):
        """It means the latest of that time, which all records together can tell."""
        facts = job(TRAINED, {"TrainingConfig": {"BaseModelArn": LLAMA}})

        assert arrows(facts) == {(LLAMA, "input_to", TRAINED, "base_model")}
        (claim,) = facts.claims
        assert isinstance(claim, LatestAtStart)
        assert (claim.content, claim.at) == (LLAMA, CREATED)


class TestEvaluation:
    def test_of_a_package(self):
        """The package is judged, the base model is what it was made from; the run is known by its names alone."""
        facts = job(
            JUDGED,
            {
                "InputDataConfig": [dataset("evaluation", f"{HUB}/DataSet/tasks/1.0.0")],
                "OutputDataConfig": {"S3OutputPath": "s3://acme-ml-out/eval", "MlflowConfig": NAMED},
                "ModelPackageConfig": {"InputModelPackageArn": f"{PACKAGE}/2"},
                "EvaluationConfig": {"BaseModelArn": f"{LLAMA}/1.12.0"},
            },
        )

        assert facts.assets[0].kind == "evaluation_job"
        assert arrows(facts) == {
            (f"{PACKAGE}/2", "input_to", JUDGED, "evaluated_model"),
            (f"{LLAMA}/1.12.0", "input_to", JUDGED, "base_model"),
            (f"{HUB}/DataSet/tasks/1.0.0", "input_to", JUDGED, "evaluation"),
        }
        (claim,) = facts.claims
        assert isinstance(claim, MlflowNames)
        assert (claim.server, claim.run) == (APP, "fine-tuned-model-eval")

    def test_of_a_base_model(self):
        """Without a package the base model is what is judged."""
        facts = job(JUDGED, {"EvaluationConfig": {"BaseModelArn": f"{LLAMA}/1.12.0"}})

        assert arrows(facts) == {(f"{LLAMA}/1.12.0", "input_to", JUDGED, "evaluated_model")}

    def test_by_an_evaluator(self):
        """A registered evaluator is named by its ARN."""
        named = f"{HUB}/JsonDoc/solved/2.0.0"
        facts = job(JUDGED, {"EvaluationConfig": {"EvaluatorArn": named}})

        assert arrows(facts) == {(named, "input_to", JUDGED, "evaluator")}

    def test_of_data(self):
        """A quality evaluation reads a dataset and makes none."""
        arn = f"{HERE}job/DataQualityEvaluation/q"
        facts = job(arn, {"InputDataConfig": [dataset("input", f"{HUB}/DataSet/tasks/1.0.0")]})

        assert facts.assets[0].kind == "evaluation_job"
        assert arrows(facts) == {(f"{HUB}/DataSet/tasks/1.0.0", "input_to", arn, "input")}


class TestData:
    @pytest.mark.parametrize("category", ["SyntheticDataGeneration", "DataTransformation", "SomethingNew"])
    def test_what_is_made_of_what(self, category):
        """A dataset that the service names is made, one that the user named elsewhere is read; never the other way."""
        arn = f"{HERE}job/{category}/j"
        facts = job(
            arn,
            {
                "SeedConfig": {"Seeds": [{"DatasetArn": f"{HUB}/DataSet/chats/1.0.0"}]},
                "OutputDataConfig": {"S3OutputPath": "s3://acme-ml-out/generated"},
                "ServiceOutput": {"Datasets": [{"DatasetArn": f"{HUB}/DataSet/tasks/1.0.0"}]},
            },
        )

        assert facts.assets[0].kind == "customization_job"
        assert arrows(facts) == {
            (f"{HUB}/DataSet/chats/1.0.0", "input_to", arn, "dataset"),
            (arn, "produced", f"{HUB}/DataSet/tasks/1.0.0", None),
            (arn, "produced", "s3://acme-ml-out/generated", "output"),
        }
        assert proof(facts, arn, f"{HUB}/DataSet/tasks/1.0.0")[1] == (f"{ON}ServiceOutput.Datasets[0].DatasetArn",)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8) | st.just(f"{HUB}/DataSet/x/1.0.0"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["AgentConfig", "BedrockAgentCoreConfig", "CustomAgentLambdaConfig", "DataSource", "DatasetArn",
                 "EvaluationConfig", "InputDataConfig", "MlflowConfig", "MlflowDetails", "ModelPackageConfig",
                 "OutputDataConfig", "S3DataSource", "ServiceOutput", "TrainingConfig"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)  # fmt: skip


class TestDocument:
    @given(json_values)
    def test_any_json(self, document):
        """Whatever is in the document, the job itself is told, and no edge points at nothing."""
        facts = job(TRAINED, document)

        assert [asset.id for asset in facts.assets] == [TRAINED]
        assert all(edge.source and edge.target for edge in facts.edges)

    @pytest.mark.parametrize("text", ["", "{", "[]", "[redacted]", "null", "[" * 100_000, '{"TrainingConfig":' * 900])
    def test_no_json(self, text):
        """A document that cannot be read is no edge, and no failure."""
        facts = job(TRAINED, text)

        assert [asset.kind for asset in facts.assets] == ["training_job"]
        assert (facts.edges, facts.claims) == ([], [])

    def test_no_document(self):
        """The document is not there in every state of a job."""
        facts = said("job", TRAINED, JobName="acme-mtrl-1")

        assert [asset.kind for asset in facts.assets] == ["training_job"]
