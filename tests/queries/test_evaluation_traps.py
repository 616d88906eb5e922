"""Evaluations as the SageMaker SDK runs them: what their records seem to say and do not."""

from __future__ import annotations

from typing import Any

import pytest

from studbook.lineage.link import LinkContext, link
from studbook.model import Record
from studbook.settings import Settings
from studbook.sources import normalize

HERE = "arn:aws:sagemaker:us-west-2:111122223333:"
LLAMA = "arn:aws:sagemaker:us-west-2:aws:hub-content/SageMakerPublicHub/Model/meta-textgeneration-llama-3-2-1b-instruct"
BASE = f"{LLAMA}/1.12.0"
TUNED = f"{HERE}model-package/support-bot/5"
DATASET = f"{HERE}hub-content/registry/DataSet/questions/2.0.0"
EVALUATOR = f"{HERE}hub-content/registry/JsonDoc/toxicity-check/3.0.0"
NAME = "SagemakerEvaluation-CustomScorerEvaluation-1f0c2a3b-aaaa-4bbb-8ccc-0123456789ab"
EXECUTION = f"{HERE}pipeline/{NAME}/execution/k3j2h1g0f9e8"
APP = f"{HERE}mlflow-app/app-EXAMPLE1234"
COPY = "s3://out/eval/llmaj-benchmarks/0b1c/"


def record(kind: str, name: str, **body: Any) -> Record:
    return Record(
        source="sagemaker",
        kind=kind,
        id=name if name.startswith("arn:") else f"{HERE}{kind.replace('_', '-')}/{name}",
        account="111122223333",
        region="us-west-2",
        revision="r",
        body=body,
    )


def evaluation(name: str, kind: str = "CustomScorerEvaluation", package: str | None = None, **body: Any) -> Record:
    """A step's job; those of base models have no ModelPackageConfig."""
    serverless = {"JobType": "Evaluation", "EvaluationType": kind, "BaseModelArn": BASE}
    if kind == "CustomScorerEvaluation":
        serverless["EvaluatorArn"] = EVALUATOR
    source = {"ModelPackageConfig": {"SourceModelPackageArn": package}} if package else {}
    return record("training_job", name, TrainingJobName=name, ServerlessJobConfig=serverless, **source, **body)


def execution(*jobs: tuple[str, str]) -> Record:
    steps = [
        {"StepName": step, "StepStatus": "Succeeded", "Metadata": {"TrainingJob": {"Arn": f"{HERE}training-job/{job}"}}}
        for step, job in jobs
    ]
    return record("pipeline_execution", EXECUTION, PipelineExecutionStatus="Succeeded", PipelineExecutionSteps=steps)


def linked(*records: Record, datasets: tuple[str, ...] = ()):
    settings = Settings.model_validate({"datasets": [{"uri": uri} for uri in datasets]})
    return link(records, normalize, LinkContext.of(settings))


def inputs(lineage, job: str) -> set[tuple[str, str | None]]:
    return {
        (e.source, e.role) for e in lineage.edges if (e.target, e.relation) == (f"{HERE}training-job/{job}", "input_to")
    }


def train(**source: Any) -> dict[str, Any]:
    return {"InputDataConfig": [{"ChannelName": "train", "DataSource": source}]}


def place(uri: str) -> dict[str, Any]:
    return train(S3DataSource={"S3DataType": "S3Prefix", "S3Uri": uri})


class TestOneExecution:
    def test_trap_base_and_custom_model_are_two_jobs_of_one_execution(self):
        """Each judges its own model with the same data and evaluator, and is its own step of the one execution."""
        data = train(DatasetSource={"DatasetArn": DATASET})
        lineage = linked(
            evaluation("base", **data),
            evaluation("custom", package=TUNED, **data),
            execution(("EvaluateBaseModel", "base"), ("EvaluateCustomModel", "custom")),
        )
        same = {(DATASET, "train"), (EVALUATOR, "evaluator")}

        assert inputs(lineage, "base") == {(BASE, "evaluated_model"), *same}
        assert inputs(lineage, "custom") == {(TUNED, "evaluated_model"), (BASE, "base_model"), *same}
        steps = {(e.source.rpartition("/")[2], e.role) for e in lineage.edges if e.target == EXECUTION}
        assert steps == {("base", "EvaluateBaseModel"), ("custom", "EvaluateCustomModel")}
        kinds = {a.name: a.kind for a in lineage.assets}
        assert (kinds["base"], kinds["custom"]) == ("evaluation_job", "evaluation_job")

    def test_trap_a_step_that_the_jobs_tag_tells_too_is_one_edge(self):
        """The tag names the execution, the execution's step names the job: one edge, in the step's role."""
        tags = [{"Key": "sagemaker:pipeline-execution-arn", "Value": EXECUTION}]
        lineage = linked(evaluation("custom", package=TUNED, Tags=tags), execution(("EvaluateCustomModel", "custom")))
        (edge,) = [e for e in lineage.edges if e.target == EXECUTION]

        assert (edge.relation, edge.role, len(edge.evidence)) == ("part_of", "EvaluateCustomModel", 2)

    def test_trap_templates_without_lineage_steps_are_evaluations_all_the_same(self):
        """A base model's own evaluation writes nothing to the Lineage API: the job's record tells it all."""
        lineage = linked(evaluation("base"), execution(("EvaluateBaseModel", "base")))

        assert inputs(lineage, "base") == {(BASE, "evaluated_model"), (EVALUATOR, "evaluator")}

    def test_trap_all_evaluations_of_a_type_share_an_experiment(self):
        """Its name is the pipeline's: without a run nothing says which of the experiment's runs is the job's."""
        config = {"MlflowResourceArn": APP, "MlflowExperimentName": NAME}
        run = {"run_id": "c1", "run_name": "custom", "experiment_id": "12"}
        lineage = linked(
            evaluation("base", MlflowConfig=config),
            evaluation("custom", package=TUNED, MlflowConfig=config),
            Record(
                source="mlflow",
                kind="mlflow_run",
                id=f"mlflow:{APP}/run/c1",
                account=None,
                region=None,
                revision="r",
                body={"server": APP, "info": run},
            ),
        )

        assert [e for e in lineage.edges if e.relation == "recorded_in"] == []


class TestData:
    @pytest.mark.parametrize("uri", ["s3://data/questions/", "s3://data/questions/set.jsonl"])
    def test_trap_the_evaluations_dataset_is_in_the_channel_train(self, uri):
        """Nothing was trained on it: the job is an evaluation, and the role is the channel's name."""
        lineage = linked(evaluation("custom", package=TUNED, **place(uri)), datasets=("s3://data/questions/",))

        assert ("s3://data/questions/", "train") in inputs(lineage, "custom")
        assert [a.kind for a in lineage.assets if a.name == "custom"] == ["evaluation_job"]

    def test_trap_the_templates_dataset_artifact_is_the_model(self):
        """An action's artifact called the dataset's has the package as its source: no data went in by that."""
        action, artifact = f"{HERE}action/k3j2h1g0f9e8", f"{HERE}artifact/7c6b"
        lineage = linked(
            evaluation("custom", package=TUNED),
            record("action", action, ActionName="k3j2h1g0f9e8", ActionType="Evaluation", Source={"SourceUri": TUNED}),
            record("artifact", artifact, ArtifactName="dataset_artifact", Source={"SourceUri": TUNED}),
            record("association", "a", SourceArn=artifact, DestinationArn=action, AssociationType="ContributedTo"),
        )

        assert inputs(lineage, "custom") == {
            (TUNED, "evaluated_model"),
            (BASE, "base_model"),
            (EVALUATOR, "evaluator"),
        }
        assert not {a.kind for a in lineage.assets} & {"dataset", "dataset_version", "artifact"}


class TestJudges:
    @pytest.mark.parametrize("package", [TUNED, None])
    def test_trap_a_judge_jobs_base_model_may_be_a_stand_in(self, package):
        """With a package the package is judged; with a converted copy as data nothing names the judged model."""
        judged = evaluation("judge", "LLMAJEvaluation", package, **place(COPY))
        models = {(source, role) for source, role in inputs(linked(judged), "judge") if role != "train"}

        assert models == ({(TUNED, "evaluated_model")} if package else set())

    def test_a_judged_base_model_that_is_no_stand_in(self):
        """Other judges read the dataset itself, and the base model is the one that is judged."""
        judged = evaluation("judge", "LLMAJEvaluation", **train(DatasetSource={"DatasetArn": DATASET}))

        assert inputs(linked(judged), "judge") == {(BASE, "evaluated_model"), (DATASET, "train")}

    def test_trap_a_judges_converted_copy_is_not_the_dataset(self):
        """It is a place of its own beside the dataset that it was made from."""
        judged = evaluation("judge", "LLMAJEvaluation", TUNED, **place(COPY))
        lineage = linked(judged, datasets=("s3://out/eval/llmaj/", "s3://data/questions/"))

        assert {source for source, role in inputs(lineage, "judge") if role == "train"} == {COPY}
