"""Pipelines and executions as records say them, and what is kept of a definition."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sources.sagemaker.record_facts import HERE, arrows, proof, said

from studbook.redaction.redact import Redactor
from studbook.sources.sagemaker.pipelines import OUTLINE_LIMIT, outline

NAME = "SagemakerEvaluation-CustomScorerEvaluation-1f0c2a3b-aaaa-4bbb-8ccc-0123456789ab"
PIPELINE = f"{HERE}pipeline/{NAME}"
EXECUTION = f"{PIPELINE}/execution/k3j2h1g0f9e8"
EARLIER = f"{PIPELINE}/execution/a1b2c3d4e5f6"
APP = f"{HERE}mlflow-app/app-EXAMPLE1234"
STEP = "sagemaker:ListPipelineExecutionSteps#PipelineExecutionSteps[0]"


def job(kind, name):
    return f"{HERE}{kind}/{name}"


def execution(*steps, **body):
    """b.5 of the reference: an SDK's evaluation."""
    described = {
        "PipelineArn": PIPELINE,
        "PipelineExecutionArn": EXECUTION,
        "PipelineExecutionDisplayName": "eval-meta-1a2b3c4d-1790010000",
        "PipelineExecutionStatus": "Succeeded",
        "PipelineExecutionDescription": "Evaluation execution: eval-meta-1a2b3c4d",
        "PipelineVersionId": 14,
        "CreationTime": "2026-09-21T16:20:00Z",
        "LastModifiedTime": "2026-09-21T16:53:20Z",
        "PipelineExecutionSteps": list(steps),
    }
    return said("pipeline_execution", EXECUTION, **{**described, **body})


def step(name="Train", **members):
    return {"StepName": name, "StepStatus": "Succeeded", **members}


def ran(key, arn, name="Train", field="Arn", **members):
    return step(name, Metadata={key: {field: arn}}, **members)


def steps_of(facts):
    return facts.assets[0].attributes["steps"]


class TestPipeline:
    def test_asset(self):
        """A pipeline tells its inputs, its steps with those inside of conditions, and its versions."""
        definition = {
            "Version": "2020-12-01",
            "Parameters": [{"Name": "Rounds", "Type": "Integer", "DefaultValue": 200}],
            "Steps": [
                {"Name": "Prepare", "Type": "Processing", "Arguments": {"RoleArn": "r"}},
                {
                    "Name": "GoodEnough",
                    "Type": "Condition",
                    "Arguments": {
                        "Conditions": [{"Type": "GreaterThan"}],
                        "IfSteps": [{"Name": "Register", "Type": "RegisterModel"}],
                        "ElseSteps": [{"Name": "Stop", "Type": "Fail"}],
                    },
                },
            ],
        }
        facts = said(
            "pipeline",
            PIPELINE,
            PipelineName=NAME,
            PipelineDisplayName=NAME,
            PipelineStatus="Active",
            PipelineDefinition=outline(json.dumps(definition)),
            PipelineVersionSummaries=[{"PipelineVersionId": 1, "CreationTime": "2026-09-21T16:00:00Z"}],
            Tags=[{"Key": "SagemakerModelEvaluation", "Value": "true"}],
        )

        (asset,) = facts.assets
        assert (asset.kind, asset.name, asset.status) == ("pipeline", NAME, "Active")
        assert asset.tags == {"SagemakerModelEvaluation": "true"}
        assert asset.attributes == {
            "inputs": [{"name": "Rounds", "type": "Integer", "default": 200}],
            "steps": [
                {"name": "Prepare", "type": "Processing"},
                {"name": "GoodEnough", "type": "Condition"},
                {"name": "Register", "type": "RegisterModel"},
                {"name": "Stop", "type": "Fail"},
            ],
            "versions": [{"version": 1, "created_at": "2026-09-21T16:00:00Z"}],
        }


class TestExecution:
    def test_asset(self):
        """An execution tells its parameters, who started it and where its runs are recorded."""
        facts = execution(
            PipelineParameters=[{"Name": "Rounds", "Value": "200"}],
            MLflowConfig={"MlflowResourceArn": APP, "MlflowExperimentName": "evaluations"},
            CreatedBy={"UserProfileName": "ana"},
        )

        (asset,) = facts.assets
        assert (asset.kind, asset.name, asset.status) == (
            "pipeline_execution",
            "eval-meta-1a2b3c4d-1790010000",
            "Succeeded",
        )
        assert asset.attributes == {
            "pipeline": NAME,
            "description": "Evaluation execution: eval-meta-1a2b3c4d",
            "version": 14,
            "parameters": {"Rounds": "200"},
            "mlflow": {"server": APP, "experiment": "evaluations"},
            "created_by": "ana",
        }
        assert arrows(facts) == {(EXECUTION, "part_of", PIPELINE, None)}
        assert proof(facts, EXECUTION, PIPELINE) == (
            "referenced",
            ("sagemaker:DescribePipelineExecution#PipelineArn",),
        )

    def test_the_default_mlflow_experiment_is_the_pipelines_name_and_claims_no_run(self):
        """All evaluations of a type share it, so that nothing in it is this execution's by that alone."""
        facts = execution(MLflowConfig={"MlflowResourceArn": APP})

        assert facts.assets[0].attributes["mlflow"] == {"server": APP, "experiment": NAME}
        assert arrows(facts) == {(EXECUTION, "part_of", PIPELINE, None)}
        assert facts.claims == []

    def test_a_name_that_nobody_gave(self):
        """An execution without a display name is called by its id."""
        assert execution(PipelineExecutionDisplayName=None).assets[0].name == "k3j2h1g0f9e8"

    def test_a_selective_execution_starts_from_an_earlier_one(self):
        """What the earlier execution left is an input of this one."""
        config = {"SourcePipelineExecutionArn": EARLIER, "SelectedSteps": [{"StepName": "Register"}]}
        facts = execution(SelectiveExecutionConfig=config)

        assert (EARLIER, "input_to", EXECUTION, "source_execution") in arrows(facts)
        assert facts.assets[0].attributes["selective"] == {"source": EARLIER, "steps": ["Register"]}

    def test_steps_are_told_in_the_order_in_which_they_began(self):
        """Whatever order the listing has; steps that never began come last."""
        facts = execution(
            step("Never", StepStatus="Stopped"),
            step("Second", StartTime="2026-09-21T16:30:00Z"),
            step("First", StartTime="2026-09-21T16:20:00Z"),
        )

        assert [one["name"] for one in steps_of(facts)] == ["First", "Second", "Never"]

    def test_a_step_tells_what_became_of_it(self):
        """Its type, as the definition or its metadata has it, outcome, attempts and failure."""
        definition = outline(json.dumps({"Steps": [{"Name": "Check", "Type": "Condition"}]}))
        facts = execution(
            step("Check", Metadata={"Condition": {"Outcome": "False"}}, StartTime="1"),
            step("Stop", StepStatus="Failed", Metadata={"Fail": {"ErrorMessage": "too bad"}}, StartTime="2"),
            ran("TrainingJob", job("training-job", "t"), AttemptCount=2, StartTime="3"),
            Definition={"PipelineDefinition": definition, "PipelineDefinitionSha256": "ab"},
        )

        assert steps_of(facts) == [
            {"name": "Check", "type": "Condition", "status": "Succeeded", "started_at": "1", "outcome": "False"},
            {"name": "Stop", "type": "Fail", "status": "Failed", "started_at": "2", "failure": "too bad"},
            {
                "name": "Train",
                "type": "TrainingJob",
                "status": "Succeeded",
                "started_at": "3",
                "attempts": 2,
                "asset": job("training-job", "t"),
            },
        ]
        assert facts.assets[0].attributes["definition_sha256"] == "ab"


class TestSteps:
    @pytest.mark.parametrize(
        ("key", "field", "arn"),
        [
            ("TrainingJob", "Arn", job("training-job", "t")),
            ("ProcessingJob", "Arn", job("processing-job", "t")),
            ("TransformJob", "Arn", job("transform-job", "t")),
            ("TuningJob", "Arn", job("hyper-parameter-tuning-job", "t")),
            ("AutoMLJob", "Arn", job("automl-job", "t")),
            ("Job", "Arn", job("job", "AgentRFTEvaluation/t")),
            ("QualityCheck", "CheckJobArn", job("processing-job", "t")),
            ("ClarifyCheck", "CheckJobArn", job("processing-job", "t")),
        ],
    )
    def test_a_job_is_part_of_its_execution(self, key, field, arn):
        """The role is the step's name, whatever kind of job a step runs."""
        facts = execution(ran(key, arn, field=field))

        assert (arn, "part_of", EXECUTION, "Train") in arrows(facts)
        assert proof(facts, arn, EXECUTION) == ("referenced", (f"{STEP}.Metadata.{key}.{field}",))

    @pytest.mark.parametrize(
        ("key", "field", "arn"),
        [
            ("RegisterModel", "Arn", job("model-package", "fraud/5")),
            ("Model", "Arn", job("model", "fraud")),
            ("EndpointConfig", "Arn", job("endpoint-config", "fraud")),
            ("Endpoint", "Arn", job("endpoint", "fraud")),
            ("InferenceComponent", "Arn", job("inference-component", "fraud")),
            ("HubContent", "HubContentArn", job("hub-content", "registry/DataSet/chat/1.0.0")),
        ],
    )
    def test_what_a_step_made(self, key, field, arn):
        """The execution produced it."""
        facts = execution(ran(key, arn, field=field))

        assert (EXECUTION, "produced", arn, None) in arrows(facts)
        assert proof(facts, EXECUTION, arn) == ("referenced", (f"{STEP}.Metadata.{key}.{field}",))

    def test_one_evaluation_of_base_and_custom_model_is_two_jobs_of_one_execution(self):
        """Each in the role of its step."""
        base, custom = job("training-job", "b"), job("training-job", "c")
        facts = execution(
            ran("TrainingJob", base, "EvaluateBaseModel"), ran("TrainingJob", custom, "EvaluateCustomModel")
        )

        assert {one for one in arrows(facts) if one[1] == "part_of" and one[2] == EXECUTION} == {
            (base, "part_of", EXECUTION, "EvaluateBaseModel"),
            (custom, "part_of", EXECUTION, "EvaluateCustomModel"),
        }

    @pytest.mark.parametrize("whole", ["CacheHitResult", "SelectiveExecutionResult"])
    def test_a_step_that_reused_an_earlier_job_did_not_run_it(self, whole):
        """The job went into this one; which execution ran it, the steps of that one say."""
        arn = job("processing-job", "prepare")
        facts = execution(ran("ProcessingJob", arn, "Prepare", **{whole: {"SourcePipelineExecutionArn": EARLIER}}))

        assert arrows(facts) == {
            (EXECUTION, "part_of", PIPELINE, None),
            (arn, "input_to", EXECUTION, "Prepare"),
        }
        evidence = (f"{STEP}.{whole}.SourcePipelineExecutionArn", f"{STEP}.Metadata.ProcessingJob.Arn")
        assert proof(facts, arn, EXECUTION) == ("referenced", tuple(sorted(evidence)))

    def test_an_execution_that_results_were_taken_from_need_not_have_made_them(self):
        """A selective execution names one that took its own steps from a cache, say: what that did its steps tell."""
        version = job("model-package", "fraud/5")
        facts = execution(
            ran("RegisterModel", version, "Register", SelectiveExecutionResult={"SourcePipelineExecutionArn": EARLIER})
        )

        assert arrows(facts) == {
            (EXECUTION, "part_of", PIPELINE, None),
            (version, "input_to", EXECUTION, "Register"),
        }

    def test_a_cached_step_without_a_job(self):
        """Then it is the earlier execution itself that went into this one."""
        facts = execution(step("Notify", CacheHitResult={"SourcePipelineExecutionArn": EARLIER}))

        assert (EARLIER, "input_to", EXECUTION, "Notify") in arrows(facts)

    def test_a_retried_execution_names_itself_and_its_jobs_are_its_own(self):
        """A step that a retry took over from the same execution is no reuse."""
        arn = job("training-job", "t")
        facts = execution(ran("TrainingJob", arn, SelectiveExecutionResult={"SourcePipelineExecutionArn": EXECUTION}))

        assert (arn, "part_of", EXECUTION, "Train") in arrows(facts)
        assert (arn, "input_to", EXECUTION, "Train") not in arrows(facts)

    def test_what_a_check_wrote(self):
        """Statistics, constraints and violations are the check job's."""
        arn = job("processing-job", "check")
        metadata = {"QualityCheck": {"CheckJobArn": arn, "ViolationReport": "s3://out/violations.json"}}
        facts = execution(step("Check", Metadata=metadata))

        assert (arn, "produced", "s3://out/violations.json", "violations") in arrows(facts)

    def test_a_function_is_code(self):
        """A Lambda step's function went into the execution; it is no evaluator for that."""
        function = "arn:aws:lambda:us-west-2:111122223333:function:notify"
        facts = execution(ran("Lambda", function, "Notify"))

        assert (function, "input_to", EXECUTION, "Notify") in arrows(facts)
        assert [(asset.id, asset.kind, asset.name) for asset in facts.mentions] == [(function, "code", "notify")]

    @pytest.mark.parametrize("metadata", [None, {}, {"EMR": {"ClusterId": "j-1"}}, {"TrainingJob": {"Arn": "no arn"}}])
    def test_steps_without_a_thing(self, metadata):
        """A step that ran elsewhere, or says nothing, is told and joined to nothing."""
        facts = execution(step(Metadata=metadata))

        assert arrows(facts) == {(EXECUTION, "part_of", PIPELINE, None)}
        assert [one["name"] for one in steps_of(facts)] == ["Train"]


class TestOutline:
    def test_requests_of_steps_are_left_out(self):
        """They can be long, may hold anything, and are in the records of the jobs."""
        definition = {"Steps": [{"Name": "Train", "Type": "Training", "Arguments": {"Environment": {"A": "B" * 999}}}]}

        assert json.loads(outline(json.dumps(definition))) == {
            "Parameters": [],
            "Steps": [{"Name": "Train", "Type": "Training"}],
        }

    @pytest.mark.parametrize("text", ["", "no JSON", "[]", '"text"', "{", "[" * 100_000])
    def test_no_definition(self, text):
        """What is no JSON object has no outline."""
        assert outline(text) == ""

    def test_a_long_definition_keeps_names_and_types(self):
        """Before a step is left out, everything else is."""
        steps = [{"Name": f"s{n}", "Type": "Training", "Description": "x" * 3000} for n in range(100)]

        found = json.loads(outline(json.dumps({"Steps": steps})))

        assert found["Steps"] == [{"Name": f"s{n}", "Type": "Training"} for n in range(100)]

    def test_a_definition_of_a_mebibyte_has_a_limit(self):
        """A part of it is marked as such."""
        steps = [{"Name": "s" * 60 + str(n), "Type": "Training"} for n in range(10_000)]
        parameters = [{"Name": "p", "DefaultValue": "x" * 500_000}]

        text = outline(json.dumps({"Steps": steps, "Parameters": parameters}))

        assert len(text) <= OUTLINE_LIMIT
        found = json.loads(text)
        assert found["Truncated"] is True
        assert found["Steps"] == steps[: len(found["Steps"])]

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(
                st.sampled_from(["Steps", "Name", "Type", "Arguments", "IfSteps", "Parameters", "Conditions"]), inner
            ),
        )
    )  # fmt: skip
    def test_any_json(self, value):
        """Whatever a stranger's definition holds, the outline is JSON within the limit, and never fails."""
        text = outline(json.dumps(value))

        assert len(text) <= OUTLINE_LIMIT
        assert text == "" or isinstance(json.loads(text), dict)
        said("pipeline", PIPELINE, PipelineName=NAME, PipelineDefinition=text)


class TestSecrets:
    def test_in_definitions_and_parameters(self):
        """JSON inside of a string is opened: a default, a value, and what a step handed on."""
        secret = "hunter2-hunter2"
        definition = {
            "Parameters": [
                {"Name": "DbPassword", "Type": "String", "DefaultValue": secret},
                {"Name": "Url", "Type": "String", "DefaultValue": f"postgresql://bot:{secret}@db/x"},
            ],
            "Steps": [],
        }
        body = {
            "PipelineDefinition": outline(json.dumps(definition)),
            "PipelineParameters": [{"Name": "DbPassword", "Value": secret}],
            "PipelineExecutionSteps": [
                {"Metadata": {"Lambda": {"OutputParameters": [{"Name": "api_key", "Value": secret}]}}}
            ],
        }
        redactor = Redactor()

        clean = redactor.body(body)

        assert secret not in json.dumps(clean)
        assert redactor.count == 4
        assert [p["Name"] for p in json.loads(clean["PipelineDefinition"])["Parameters"]] == ["DbPassword", "Url"]
