"""Entities and associations of the Lineage API as records say them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fact_records import lines
from tests.sources.sagemaker.record_facts import HERE, HUB, arrows, proof, said

from studbook.model import Record
from studbook.model.facts import Association, DeployedBy, LineageEntity, Roleless, RunBehind
from studbook.sources import normalize

PACKAGE = f"{HERE}model-package/support-bot/5"
ARTIFACT = f"{HERE}artifact/1f2e3d4c5b6a79880f1e2d3c4b5a6978"
ACTION = f"{HERE}action/k3j2h1g0f9e8"
COMPONENT = f"{HERE}inference-component/bot-prod-adapter"
RUN = f"{HERE}pipeline/p/execution/k3j2h1g0f9e8"


KINDS = ["artifact", "action", "context", "trial_component", "association"]
MEMBERS = [
    "InputArtifacts",
    "Parameters",
    "Metrics",
    "Source",
    "SourceArn",
    "Properties",
    "TrialComponentSource",
    "ActionType",
    "MetadataProperties",
]
INNER = st.dictionaries(st.sampled_from(["SourceUri", "SourceArn"]), st.text() | st.integers())
VALUES = st.none() | st.text() | st.lists(st.text()) | INNER


def artifact(uri, kind="DataSet", **body):
    source = {"SourceUri": uri, "SourceTypes": []}
    return said("artifact", ARTIFACT, ArtifactArn=ARTIFACT, ArtifactType=kind, Source=source, **body)


def action(**body):
    return said("action", ACTION, ActionName="k3j2h1g0f9e8", ActionArn=ACTION, **body)


class TestArtifact:
    @pytest.mark.parametrize(
        "uri",
        [
            "s3://acme-ml-data/chat/v2/val.jsonl",
            PACKAGE,
            f"{HERE}training-job/t",
            f"{HUB}/DataSet/chat/1.0.0",
            f"{HERE}endpoint/bot",
            RUN,
            "763104351884.dkr.ecr.us-west-2.amazonaws.com/djl-inference:lmi",
        ],
    )
    def test_whose_source_is_an_asset(self, uri):
        """It is that asset under another name, and no asset of its own."""
        facts = artifact(uri)

        assert facts.assets == []
        (entity,) = facts.claims
        assert isinstance(entity, LineageEntity)
        assert (entity.arn, entity.id, entity.type) == (ARTIFACT, uri, "DataSet")
        assert lines(entity) == ("sagemaker:ListArtifacts#Source.SourceUri",)

    @pytest.mark.parametrize("slash", ["", "/"])
    def test_a_uri_with_and_without_a_slash_are_two_places(self, slash):
        """They are different claims, and kept as recorded."""
        (entity,) = artifact(f"s3://acme/data{slash}").claims

        assert entity.id == f"s3://acme/data{slash}"

    @pytest.mark.parametrize(
        "uri",
        [
            None,
            "",
            "a note",
            "arn:aws:lambda:us-west-2:111122223333:function:f:live",
            f"{HERE}artifact/another",
            "https://git.example/team/train:main",
        ],
    )
    def test_whose_source_is_none(self, uri):
        """A text, an MLflow run's bare id, an alias that may mean two Lambda versions: none is an asset's id."""
        facts = artifact(uri, "EvaluationReport", ArtifactName="report")

        (asset,) = facts.assets
        assert (asset.id, asset.kind, asset.name) == (ARTIFACT, "artifact", "report")
        assert asset.attributes.get("source_uri") == (uri or None)
        assert facts.claims == []

    def test_a_report_whose_source_is_a_run(self):
        """Multi-turn evaluations put an MLflow run's id where a URI should be: its server is not known yet."""
        run = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
        facts = artifact(run, "EvaluationReport", ArtifactName="report")

        assert [asset.id for asset in facts.assets] == [ARTIFACT]
        evidence = ("sagemaker:ListArtifacts#Source.SourceUri",)
        assert facts.claims == [RunBehind(entity=ARTIFACT, run=run, evidence=evidence)]

    def test_that_is_gone(self):
        """A deleted artifact is no other name of anything."""
        body = {"ArtifactArn": ARTIFACT, "Source": {"SourceUri": PACKAGE}}
        record = Record(
            source="sagemaker", kind="artifact", id=ARTIFACT, account=None, region=None, revision="", body=body
        )

        assert len(normalize(record).claims) == 1
        assert normalize(replace(record, gone_since=2)).claims == []


class TestOthers:
    def test_a_jobs_trial_component_is_the_job(self):
        """By the source that it names, never by how it is called."""
        component, job = f"{HERE}experiment-trial-component/x", f"{HERE}training-job/t"
        source = {"SourceArn": job, "SourceType": "SageMakerTrainingJob"}
        facts = said("trial_component", component, TrialComponentArn=component, TrialComponentSource=source)

        (entity,) = facts.claims
        assert (entity.arn, entity.id) == (component, job)

    def test_a_trial_component_of_nobodys_job(self):
        """It is an asset of its own, even where its name sounds like a job's."""
        component = f"{HERE}experiment-trial-component/t-aws-training-job"
        (asset,) = said("trial_component", component, TrialComponentName="t-aws-training-job").assets

        assert (asset.kind, asset.attributes["type"]) == ("artifact", "TrialComponent")

    def test_a_run_of_an_experiment(self):
        """In a notebook, say: what went in and what came out, by the names that its author gave."""
        component = f"{HERE}experiment-trial-component/notebook"
        facts = said(
            "trial_component",
            component,
            TrialComponentName="notebook",
            StartTime="2026-11-10T10:00:00Z",
            Parameters={"rate": {"NumberValue": 0.1}, "loss": {"StringValue": "mse"}},
            Metrics=[{"MetricName": "rmse", "Last": 0.2, "Count": 9}],
            InputArtifacts={"raw": {"Value": "s3://acme/raw"}, "note": {"Value": "by hand"}},
            OutputArtifacts={"plot": {"Value": "s3://acme/plot.png"}},
        )
        (asset,) = facts.assets

        assert asset.attributes["hyperparameters"] == {"rate": 0.1, "loss": "mse"}
        assert asset.attributes["metrics"] == {"rmse": 0.2}
        assert [(claim.uri, claim.role, claim.at) for claim in facts.claims] == [
            ("s3://acme/raw", "raw", "2026-11-10T10:00:00Z")
        ]
        assert arrows(facts) == {(component, "produced", "s3://acme/plot.png", "plot")}
        evidence = ('sagemaker:DescribeTrialComponent#OutputArtifacts["plot"].Value',)
        assert proof(facts, component, "s3://acme/plot.png") == ("referenced", evidence)

    def test_an_endpoints_context_is_the_endpoint(self):
        """A context without a known source is its own."""
        context = f"{HERE}context/bot-prod-1790060000-aws-endpoint"
        source = {"SourceUri": f"{HERE}endpoint/bot-prod", "SourceType": "ARN"}
        (entity,) = said("context", context, ContextType="Endpoint", Source=source).claims
        (own,) = said("context", context, ContextName="a project", Source={"SourceUri": "p-1"}).assets

        assert entity.id == f"{HERE}endpoint/bot-prod"
        assert (own.id, own.kind, own.name) == (context, "context", "a project")


class TestAction:
    def test_an_evaluation(self):
        """b.9: its model is its source, its execution in its properties."""
        facts = action(
            ActionType="Evaluation",
            Source={"SourceUri": PACKAGE, "SourceType": "ModelPackage"},
            Properties={"PipelineExecutionArn": RUN, "PipelineName": "p"},
        )

        assert arrows(facts) == {(PACKAGE, "associated", ACTION, "source")}
        assert proof(facts, PACKAGE, ACTION) == ("referenced", ("sagemaker:DescribeAction#Source.SourceUri",))
        evidence = ("sagemaker:DescribeAction#Properties.PipelineExecutionArn",)
        assert facts.claims == [Roleless(source=ACTION, target=RUN, relation="associated", evidence=evidence)]

    def test_a_deployment_of_the_sdk(self):
        """The package was deployed as the component that generated the action."""
        facts = action(
            ActionType="ModelDeployment",
            Source={"SourceUri": PACKAGE},
            MetadataProperties={"GeneratedBy": COMPONENT},
        )

        (claim,) = facts.claims
        assert isinstance(claim, DeployedBy)
        assert (claim.package, claim.component) == (PACKAGE, COMPONENT)

    def test_one_that_the_service_wrote(self):
        """Its summary is enough: no description, and the listing is the evidence."""
        facts = action(ActionType="Approval", Source={"SourceUri": PACKAGE})

        assert proof(facts, PACKAGE, ACTION)[1] == ("sagemaker:ListActions#Source.SourceUri",)

    @pytest.mark.parametrize(("kind", "claims"), [("MLflow Experiment", 1), ("Approval", 0)])
    def test_one_of_an_mlflow_run(self, kind, claims):
        """c.1: the run's id is the action's source; other actions' ids are something else's."""
        run = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"

        assert len(action(ActionType=kind, Source={"SourceUri": "bot", "SourceId": run}).claims) == claims


class TestAssociation:
    def test_is_a_claim(self):
        """Both ends by the ARNs of entities, and a type that may be absent."""
        target = f"{HERE}experiment-trial-component/t"
        evidence = ("sagemaker:ListAssociations#DestinationArn", "sagemaker:ListAssociations#SourceArn")
        body = {"SourceArn": ARTIFACT, "DestinationArn": target}

        for kind in ("ContributedTo", None):
            assert said("association", "x", **body, AssociationType=kind).claims == [
                Association(source=ARTIFACT, destination=target, type=kind, evidence=evidence)
            ]

    @given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(MEMBERS), VALUES))
    def test_any_body(self, kind, body):
        """Whatever a stranger wrote, reading never fails."""
        said(kind, f"{HERE}{kind}/x", **body)
