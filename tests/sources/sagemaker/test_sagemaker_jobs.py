"""Training, evaluation and tuning jobs as records say them."""

import pytest
from tests.sources.sagemaker.record_facts import HERE, HUB, LLAMA, PUBLIC, arrows, proof, said

from studbook.model.facts import LambdaUse, LatestAtStart, MlflowNames, Output, OutputFolder, Reads, Roleless, Writes

JOB = f"{HERE}training-job/tune-1"
EVALUATION = f"{HERE}training-job/judge-1"
PACKAGE = f"{HERE}model-package/support-bot"
DATASET = f"{HUB}/DataSet/support-chat-sft"
EVALUATOR = f"{HUB}/JsonDoc/toxicity-check"
PUBLIC_M = f"{PUBLIC}/m"
FUNCTION = "arn:aws:lambda:us-west-2:111122223333:function:tox-check"
APP = f"{HERE}mlflow-app/app-EXAMPLE1234"
RUN = f"mlflow:{APP}/run/0f1e"
STARTED = "2026-09-14T10:12:00Z"
ON = "sagemaker:DescribeTrainingJob#"


def job(**body):
    return said("training_job", JOB, TrainingJobName="tune-1", TrainingStartTime=STARTED, **body)


def evaluation(serverless, **body):
    return said(
        "training_job",
        EVALUATION,
        TrainingJobName="judge-1",
        TrainingStartTime=STARTED,
        ServerlessJobConfig={"JobType": "Evaluation", **serverless},
        **body,
    )


def channel(name, **source):
    return {"ChannelName": name, "DataSource": source}


def s3(uri, data_type="S3Prefix", **more):
    return {"S3DataSource": {"S3Uri": uri, "S3DataType": data_type, **more}}


class TestServerless:
    FACTS = job(
        TrainingJobStatus="Completed",
        CreationTime="2026-09-14T10:11:00Z",
        ServerlessJobConfig={
            "JobType": "FineTuning",
            "BaseModelArn": f"{LLAMA}/1.12.0",
            "EvaluatorArn": f"{EVALUATOR}/3.0.0",
            "CustomizationTechnique": "RLVR",
            "Peft": "LORA",
        },
        InputDataConfig=[
            channel("train", DatasetSource={"DatasetArn": f"{DATASET}/2.0.0"}),
            channel("validation", **s3("s3://acme/chat/v2/val.jsonl")),
        ],
        ModelArtifacts={"S3ModelArtifacts": "s3://out/tune-1/output/model"},
        ModelPackageConfig={"SourceModelPackageArn": f"{PACKAGE}/4"},
        OutputModelPackageArn=f"{PACKAGE}/5",
        MlflowConfig={"MlflowResourceArn": APP, "MlflowExperimentName": "support-bot", "MlflowRunName": "rlvr-5"},
        MlflowDetails={"MlflowExperimentId": "12", "MlflowRunId": "0f1e"},
        HyperParameters={"learning_rate": "0.0001"},
        FinalMetricDataList=[{"MetricName": "reward", "Value": 0.5}],
    )

    def test_asset(self):
        """A serverless fine-tuning job is a training job, with what it was told and what it measured."""
        (asset,) = self.FACTS.assets

        assert (asset.id, asset.kind, asset.name, asset.status) == (JOB, "training_job", "tune-1", "Completed")
        assert asset.attributes["technique"] == "RLVR"
        assert asset.attributes["peft"] == "LORA"
        assert asset.attributes["hyperparameters"] == {"learning_rate": "0.0001"}
        assert asset.attributes["metrics"] == {"reward": 0.5}
        assert asset.attributes["started_at"] == STARTED

    def test_edges(self):
        """Base model, source version, data, evaluator, outputs and the MLflow run: all named by the job itself."""
        assert arrows(self.FACTS) == {
            (f"{LLAMA}/1.12.0", "input_to", JOB, "base_model"),
            (f"{PACKAGE}/4", "input_to", JOB, "source_model"),
            (f"{DATASET}/2.0.0", "input_to", JOB, "train"),
            (f"{EVALUATOR}/3.0.0", "input_to", JOB, "evaluator"),
            (JOB, "produced", f"{PACKAGE}/5", None),
            (JOB, "produced", "s3://out/tune-1/output/model", "model"),
            (JOB, "recorded_in", RUN, None),
            (RUN, "part_of", f"mlflow:{APP}/experiment/12", None),
        }
        assert {edge.certainty for edge in self.FACTS.edges} == {"referenced"}

    @pytest.mark.parametrize(
        ("source", "target", "fields"),
        [
            (f"{LLAMA}/1.12.0", JOB, ["ServerlessJobConfig.BaseModelArn"]),
            (f"{DATASET}/2.0.0", JOB, ["InputDataConfig[0].DataSource.DatasetSource.DatasetArn"]),
            (JOB, "s3://out/tune-1/output/model", ["ModelArtifacts.S3ModelArtifacts"]),
            (JOB, RUN, ["MlflowConfig.MlflowResourceArn", "MlflowDetails.MlflowRunId"]),
        ],
    )
    def test_evidence(self, source, target, fields):
        """Every edge says which field of which answer proves it."""
        assert proof(self.FACTS, source, target) == ("referenced", tuple(ON + field for field in fields))

    def test_claims(self):
        """What was read from S3, and where the model was left, is for the joins to resolve."""
        assert self.FACTS.claims == [
            Reads(
                reader=JOB,
                uri="s3://acme/chat/v2/val.jsonl",
                role="validation",
                at=STARTED,
                evidence=f"{ON}InputDataConfig[1].DataSource.S3DataSource.S3Uri",
            ),
            Output(job=JOB, uri="s3://out/tune-1/output/model", evidence=f"{ON}ModelArtifacts.S3ModelArtifacts"),
        ]


class TestClassic:
    def test_image_and_code(self):
        """The image belongs to its registry's account; the source archive is code, whose URI comes JSON-quoted."""
        image = "763104351884.dkr.ecr.us-west-2.amazonaws.com/huggingface:2.5"
        facts = job(
            AlgorithmSpecification={"TrainingImage": image},
            HyperParameters={"sagemaker_submit_directory": '"s3://out/src/sourcedir.tar.gz"'},
        )

        assert arrows(facts) == {
            (image, "input_to", JOB, "image"),
            ("s3://out/src/sourcedir.tar.gz", "input_to", JOB, "code"),
        }
        assert [(asset.kind, asset.account) for asset in facts.mentions] == [
            ("container_image", "763104351884"),
            ("code", None),
        ]
        evidence = ('sagemaker:DescribeTrainingJob#HyperParameters["sagemaker_submit_directory"]',)
        assert proof(facts, "s3://out/src/sourcedir.tar.gz", JOB) == ("referenced", evidence)

    def test_curated_weights(self):
        """A channel with hub access names the base model; its URI is read all the same."""
        reference = f"{HUB}/ModelReference/llama/1.0.0"
        facts = job(
            InputDataConfig=[channel("model", **s3("s3://cache/llama/", HubAccessConfig={"HubContentArn": reference}))]
        )

        assert arrows(facts) == {(reference, "input_to", JOB, "base_model")}
        (claim,) = facts.claims
        assert isinstance(claim, Reads)
        assert (claim.uri, claim.role) == ("s3://cache/llama/", "model")

    def test_manifest(self):
        """How the URI is to be read goes with it."""
        (claim,) = job(InputDataConfig=[channel("train", **s3("s3://acme/v2.manifest", "ManifestFile"))]).claims

        assert isinstance(claim, Reads)
        assert claim.data_type == "ManifestFile"

    def test_checkpoints(self):
        """Checkpoints are written to their place, and read from it."""
        facts = job(CheckpointConfig={"S3Uri": "s3://out/checkpoints/"})

        assert [(type(claim), claim.uri, claim.role) for claim in facts.claims] == [
            (Reads, "s3://out/checkpoints/", "checkpoint"),
            (Writes, "s3://out/checkpoints/", "checkpoint"),
        ]

    def test_parents(self):
        """A search is named by the job; a pipeline's run by the tag that the service gives."""
        execution = f"{HERE}pipeline/train/execution/k3j2h1g0f9e8"
        facts = job(
            TuningJobArn=f"{HERE}hyper-parameter-tuning-job/search",
            Tags=[{"Key": "team", "Value": "x"}, {"Key": "sagemaker:pipeline-execution-arn", "Value": execution}],
        )

        assert arrows(facts) == {(JOB, "part_of", f"{HERE}hyper-parameter-tuning-job/search", None)}
        evidence = ("sagemaker:ListTags#Tags[1].Value",)
        assert Roleless(source=JOB, target=execution, relation="part_of", evidence=evidence) in facts.claims
        assert facts.assets[0].tags["team"] == "x"

    @pytest.mark.parametrize(
        ("tags", "base"),
        [
            ({"jumpstart-model-id": "m", "jumpstart-model-version": "1.2.0"}, f"{PUBLIC_M}/1.2.0"),
            ({"jumpstart-model-id": "m", "jumpstart-model-version": "*"}, PUBLIC_M),
            ({"hub-content-arn": f"{HUB}/ModelReference/m/1.0.0"}, f"{HUB}/ModelReference/m/1.0.0"),
        ],
    )
    def test_tagged_base_model(self, tags, base):
        """Tags can be edited: what they say of the base model is inferred, by a rule that is named."""
        facts = job(Tags=[{"Key": f"sagemaker-sdk:{key}", "Value": value} for key, value in tags.items()])

        assert arrows(facts) == {(base, "input_to", JOB, "base_model")}
        certainty, evidence = proof(facts, base, JOB)
        assert (certainty, evidence[0]) == ("inferred", "rule:jumpstart-tags")

    def test_tags_against_the_record(self):
        """Where the record itself names the base model, tags add nothing."""
        facts = job(
            ServerlessJobConfig={"BaseModelArn": f"{LLAMA}/1.12.0"},
            Tags=[{"Key": "sagemaker-sdk:jumpstart-model-id", "Value": "m"}],
        )

        assert arrows(facts) == {(f"{LLAMA}/1.12.0", "input_to", JOB, "base_model")}

    def test_a_private_hub_in_the_tags(self):
        """The tags of a private hub's model do not say its content type, so no ARN is made up."""
        tags = {"jumpstart-model-id": "m", "jumpstart-hub-name": "curated"}
        facts = job(Tags=[{"Key": f"sagemaker-sdk:{key}", "Value": value} for key, value in tags.items()])

        assert facts.edges == []


class TestVersions:
    def test_without_a_version(self):
        """Content without a version is the input itself; which version was the latest then is claimed."""
        facts = job(InputDataConfig=[channel("train", DatasetSource={"DatasetArn": DATASET})])

        assert arrows(facts) == {(DATASET, "input_to", JOB, "train")}
        assert facts.claims == [
            LatestAtStart(
                content=DATASET,
                reader=JOB,
                role="train",
                at=STARTED,
                evidence=f"{ON}InputDataConfig[0].DataSource.DatasetSource.DatasetArn",
            )
        ]

    def test_before_it_starts(self):
        """A job that has not started is dated by its creation."""
        data = [channel("train", **s3("s3://acme/x/"))]
        facts = said("training_job", JOB, CreationTime="2026-01-01T00:00:00Z", InputDataConfig=data)

        (claim,) = facts.claims
        assert isinstance(claim, Reads)
        assert claim.at == "2026-01-01T00:00:00Z"


class TestEvaluation:
    def test_of_a_package(self):
        """An evaluation of a package judges the package; the base model is what that was made from."""
        facts = evaluation(
            {
                "BaseModelArn": f"{LLAMA}/1.12.0",
                "EvaluatorArn": f"{EVALUATOR}/3.0.0",
                "EvaluationType": "CustomScorerEvaluation",
            },
            ModelPackageConfig={"SourceModelPackageArn": f"{PACKAGE}/5"},
            HyperParameters={"task": "gen_qa"},
        )

        assert facts.assets[0].kind == "evaluation_job"
        assert arrows(facts) == {
            (f"{PACKAGE}/5", "input_to", EVALUATION, "evaluated_model"),
            (f"{LLAMA}/1.12.0", "input_to", EVALUATION, "base_model"),
            (f"{EVALUATOR}/3.0.0", "input_to", EVALUATION, "evaluator"),
        }

    def test_of_a_base_model(self):
        """Without a package it is the base model that is judged; a benchmark judges by its task."""
        facts = evaluation(
            {"BaseModelArn": f"{LLAMA}/1.12.0", "EvaluationType": "BenchmarkEvaluation"},
            HyperParameters={"task": "mmlu"},
        )

        assert arrows(facts) == {
            (f"{LLAMA}/1.12.0", "input_to", EVALUATION, "evaluated_model"),
            ("builtin:mmlu", "input_to", EVALUATION, "evaluator"),
        }

    def test_by_a_model(self):
        """A judge is a base model by its Bedrock id; the stand-in that the SDK sends as base model is not believed."""
        facts = evaluation(
            {"BaseModelArn": f"{LLAMA}/1.12.0", "EvaluationType": "LLMAJEvaluation"},
            ModelPackageConfig={"SourceModelPackageArn": f"{PACKAGE}/5"},
            HyperParameters={
                "judge_model_id": "anthropic.claude-x",
                "custom_metrics": "s3://acme/metrics.json",
                "inference_data_s3_path": "s3://acme/answers.jsonl",
            },
        )

        assert arrows(facts) == {
            (f"{PACKAGE}/5", "input_to", EVALUATION, "evaluated_model"),
            ("bedrock:anthropic.claude-x", "input_to", EVALUATION, "judge"),
        }
        assert facts.assets[0].attributes["base_model"] == f"{LLAMA}/1.12.0"
        assert [(claim.uri, claim.role) for claim in facts.claims if isinstance(claim, Reads)] == [
            ("s3://acme/metrics.json", "evaluator"),
            ("s3://acme/answers.jsonl", "inference_data_s3_path"),
        ]

    def test_results(self):
        """What an evaluation leaves behind is an output, and no model."""
        facts = evaluation({}, ModelArtifacts={"S3ModelArtifacts": "s3://out/judge-1/output"})

        assert arrows(facts) == {(EVALUATION, "produced", "s3://out/judge-1/output", "output")}
        assert facts.claims == []

    def test_the_phase_that_only_asks_the_model(self):
        """It judges nothing and has no evaluator: it writes answers, and a judge's job reads them below its folder."""
        facts = evaluation(
            {"EvaluationType": "BenchmarkEvaluation"},
            HyperParameters={"task": "inference_only"},
            OutputDataConfig={"S3OutputPath": "s3://evals/out"},
            ModelPackageConfig={"SourceModelPackageArn": f"{PACKAGE}/1"},
        )

        assert [asset.kind for asset in facts.assets] == ["customization_job"]
        assert arrows(facts) == {(f"{PACKAGE}/1", "input_to", EVALUATION, "source_model")}
        (folder,) = [claim for claim in facts.claims if isinstance(claim, OutputFolder)]
        assert folder.uri == "s3://evals/out/judge-1/"


class TestEvaluators:
    @pytest.mark.parametrize("qualifier", ["", ":7", ":prod"])
    def test_function(self, qualifier):
        """A bare function is claimed as written, with the time at which it judged."""
        (claim,) = job(ServerlessJobConfig={"EvaluatorArn": FUNCTION + qualifier}).claims

        assert claim == LambdaUse(
            arn=FUNCTION + qualifier,
            target=JOB,
            relation="input_to",
            role="evaluator",
            at=STARTED,
            evidence=f"{ON}ServerlessJobConfig.EvaluatorArn",
        )

    def test_in_a_recipe(self):
        """Recipes name the reward function, or one that is built in, in their hyperparameters."""
        facts = job(HyperParameters={"reward_lambda_arn": f'"{FUNCTION}"', "preset_reward_function": "prime_math"})

        assert arrows(facts) == {("builtin:prime_math", "input_to", JOB, "evaluator")}
        (claim,) = facts.claims
        assert isinstance(claim, LambdaUse)
        assert claim.evidence.line == f'{ON}HyperParameters["reward_lambda_arn"]'

    def test_any_text(self):
        """The field takes any text; what is none of these is no edge."""
        facts = job(ServerlessJobConfig={"EvaluatorArn": "my evaluator"})

        assert (facts.edges, facts.claims) == ([], [])
        assert facts.assets[0].attributes["evaluator"] == "my evaluator"


class TestMlflow:
    def test_names_only(self):
        """Without ids the names are claimed; which run they mean takes all runs to say."""
        config = {"MlflowResourceArn": APP, "MlflowExperimentName": "support-bot", "MlflowRunName": "r1"}

        assert job(MlflowConfig=config).claims == [
            MlflowNames(
                job=JOB,
                server=APP,
                experiment="support-bot",
                run="r1",
                evidence=tuple(sorted(f"{ON}MlflowConfig.{field}" for field in config)),
            )
        ]

    def test_server_only(self):
        """A server alone says nothing of a run."""
        facts = job(MlflowConfig={"MlflowResourceArn": APP})

        assert (facts.edges, facts.claims) == ([], [])


class TestTuning:
    def test_search(self):
        """A search shows its best job, and what its jobs were to read."""
        search = f"{HERE}hyper-parameter-tuning-job/search"
        facts = said(
            "tuning_job",
            search,
            HyperParameterTuningJobName="search",
            HyperParameterTuningJobStatus="Completed",
            BestTrainingJob={
                "TrainingJobArn": JOB,
                "TunedHyperParameters": {"lr": "0.1"},
                "FinalHyperParameterTuningJobObjectiveMetric": {"MetricName": "loss", "Value": 0.25},
            },
            TrainingJobDefinition={"InputDataConfig": [channel("train", **s3("s3://acme/x/"))]},
        )

        (asset,) = facts.assets
        assert (asset.kind, asset.status) == ("tuning_job", "Completed")
        assert asset.attributes["metrics"] == {"loss": 0.25}
        assert arrows(facts) == {(JOB, "part_of", search, None)}
        (reads,) = facts.claims
        assert (reads.uri, reads.role) == ("s3://acme/x/", "train")
        path = "TrainingJobDefinition.InputDataConfig[0].DataSource.S3DataSource.S3Uri"
        assert reads.evidence.line == f"sagemaker:DescribeHyperParameterTuningJob#{path}"

    def test_several_definitions(self):
        """Each with its data, image, objective and ranges: what jobs that failed would have read, only this says."""
        search = f"{HERE}hyper-parameter-tuning-job/search"
        definition = {
            "DefinitionName": "trees",
            "TuningObjective": {"Type": "Minimize", "MetricName": "test:rmse"},
            "HyperParameterRanges": {"IntegerParameterRanges": [{"Name": "depth"}]},
            "AlgorithmSpecification": {"TrainingImage": "registry.example/train:1"},
            "InputDataConfig": [channel("train", **s3("s3://acme/x/"))],
            "StaticHyperParameters": {"sagemaker_submit_directory": '"s3://acme/code/src.tar.gz"'},
        }
        facts = said(
            "tuning_job", search, TrainingJobDefinitions=[definition, {**definition, "DefinitionName": "nets"}]
        )

        attributes = facts.assets[0].attributes
        assert attributes["objective"]["MetricName"] == "test:rmse"
        assert attributes["ranges"] == {"IntegerParameterRanges": [{"Name": "depth"}]}
        assert [one["name"] for one in attributes["definitions"]] == ["trees", "nets"]
        assert arrows(facts) == {
            ("registry.example/train:1", "input_to", search, "image"),
            ("s3://acme/code/src.tar.gz", "input_to", search, "code"),
        }
        assert len(facts.claims) == 2


class TestFileSystems:
    @pytest.mark.parametrize(
        ("kind", "directory", "place"),
        [
            ("FSxLustre", "/fsx/data/", "fsx:fs-1/fsx/data"),
            ("EFS", "/train", "efs:fs-1/train"),
            ("EFS", "/", "efs:fs-1/"),
        ],
    )
    def test_a_directory_is_an_input(self, kind, directory, place):
        """A job that read a file system must not look as if it had read nothing."""
        source = {"FileSystemId": "fs-1", "FileSystemType": kind, "DirectoryPath": directory}
        facts = job(InputDataConfig=[channel("train", FileSystemDataSource=source)])

        assert arrows(facts) == {(place, "input_to", JOB, "train")}
        assert [(asset.kind, asset.attributes["file_system"]) for asset in facts.mentions] == [("artifact", "fs-1")]


@pytest.mark.parametrize(
    "body",
    [
        {"HyperParameters": {"judge_model_id": '"', "reward_lambda_arn": None}},
        {"InputDataConfig": [{"DataSource": {}}, {"ChannelName": "x"}]},
        {"ServerlessJobConfig": {"BaseModelArn": "arn:aws:sagemaker", "EvaluatorArn": "s3://"}},
        {"MlflowConfig": {"MlflowResourceArn": "http://mlflow"}, "MlflowDetails": {"MlflowRunId": "1"}},
        {"OutputModelPackageArn": "[redacted]", "ModelArtifacts": {"S3ModelArtifacts": "[redacted]"}},
        {"TuningJobArn": f"{HERE}training-job/other"},
    ],
)
def test_what_cannot_be_read(body):
    """What is missing, redacted or not what it should be is no edge, and never an error."""
    facts = job(**body)

    assert len(facts.assets) == 1
    assert (facts.edges, facts.claims) == ([], [])
