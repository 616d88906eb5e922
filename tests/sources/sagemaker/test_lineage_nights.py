"""The Lineage API from night to night: boto3 over HTTP against the demo's AWS, and what each night cost."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from studbook.demo.cloud.aws import EXTERNAL_ID, READER, FakeAws
from studbook.harvest.run import harvest
from studbook.settings import Settings
from studbook.sources.sagemaker.lineage_api import RESOURCES
from studbook.store import Catalog

ACCOUNT, REGION = "111122223333", "us-west-2"
HERE = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/StudbookReader"
SETTINGS = Settings.model_validate(
    {
        "accounts": [{"id": ACCOUNT, "regions": [REGION], "role_arn": ROLE, "external_id": EXTERNAL_ID}],
        "sources": {"sagemaker": {"rate": 100_000}},
    }
)
OPERATIONS = {operation for resource in RESOURCES for operation in resource.operations}
SWEEP = Counter({resource.listing.operation: 1 for resource in RESOURCES})
PLACE = "s3://data/chat/"
PACKAGE = f"{HERE}:model-package/bot/5"
PASSWORD = {"StringValue": "correct-horse-battery"}


class Estate:
    """One account with a job that the Lineage API traced, and its catalog."""

    def __init__(self, aws: FakeAws, catalog: Catalog) -> None:
        self.aws, self.catalog = aws, catalog
        self._now = datetime(2026, 11, 1, tzinfo=UTC)
        aws.role(ROLE, external_id=EXTERNAL_ID, allow=READER)
        aws.role(f"arn:aws:iam::{ACCOUNT}:role/Admin")
        session = aws.session(f"arn:aws:iam::{ACCOUNT}:role/Admin")
        self.sagemaker = session.client("sagemaker", endpoint_url=aws.url, region_name=REGION)
        self.job = self.train("j")
        self.component = self.traced("j", self.job)
        self.read = self.artifact(PLACE, "DataSet")
        self.link(self.read, self.component)

    def later(self) -> None:
        self._now += timedelta(hours=1)
        self.aws.clock(self._now)

    def train(self, name: str) -> str:
        self.later()
        arn: str = self.sagemaker.create_training_job(
            TrainingJobName=name,
            RoleArn=ROLE,
            AlgorithmSpecification={"TrainingImage": "i", "TrainingInputMode": "File"},
            OutputDataConfig={"S3OutputPath": "s3://out/"},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 60},
        )["TrainingJobArn"]
        self.aws.fill(arn, TrainingJobStatus="Completed")
        return arn

    def traced(self, name: str, job: str) -> str:
        self.later()
        component: str = self.sagemaker.create_trial_component(TrialComponentName=f"{name}-aws-training-job")[
            "TrialComponentArn"
        ]
        source = {"SourceArn": job, "SourceType": "SageMakerTrainingJob"}
        self.aws.fill(component, Source=source, TrialComponentSource=source)
        return component

    def artifact(self, uri: str, kind: str) -> str:
        self.later()
        arn: str = self.sagemaker.create_artifact(Source={"SourceUri": uri}, ArtifactType=kind)["ArtifactArn"]
        return arn

    def action(self, name: str, kind: str, **more: object) -> str:
        self.later()
        source = {"SourceUri": PACKAGE, "SourceType": "ModelPackage"}
        arn: str = self.sagemaker.create_action(ActionName=name, Source=source, ActionType=kind, **more)["ActionArn"]
        return arn

    def link(self, source: str, destination: str, kind: str = "ContributedTo") -> None:
        self.later()
        self.sagemaker.add_association(SourceArn=source, DestinationArn=destination, AssociationType=kind)

    def night(self, settings: Settings = SETTINGS) -> Counter[str]:
        """A harvest; its calls of the Lineage API."""
        self.aws.forget_calls()
        self.harvested = harvest(settings, self.catalog)
        return Counter({c.operation: c.count for c in self.aws.calls() if c.operation in OPERATIONS})

    @property
    def graph(self):
        return self.catalog.graph(self.catalog.resolve("latest"))

    def edges(self) -> set[tuple[str, str, str, str | None, str]]:
        return {(e.source, e.relation, e.target, e.role, e.certainty) for e in self.graph.edges}


@pytest.fixture
def estate(tmp_path, empty_aws):
    return Estate(empty_aws, Catalog(tmp_path / "catalog"))


READ = (PLACE, "input_to", f"{HERE}:training-job/j", None, "declared")


class TestPrice:
    def test_an_unchanged_night_costs_the_sweep_alone(self, estate):
        """One page of each of the five listings; what was described stays as it was."""
        estate.action("e1", "Evaluation", Properties={"PipelineName": "p"})
        estate.action("approve", "Approval")
        assert estate.night() == SWEEP + Counter({"DescribeAction": 1})  # an approval's summary tells all

        assert estate.night() == SWEEP
        assert not estate.harvested.changed

    def test_a_page_holds_a_hundred(self, estate):
        """The sweep of 250 associations is three calls; none is filtered, or asked for by its ends."""
        for number in range(249):
            source = estate.sagemaker.create_artifact(Source={"SourceUri": f"s3://data/{number}"}, ArtifactType="x")
            estate.sagemaker.add_association(SourceArn=source["ArtifactArn"], DestinationArn=estate.component)
        pages = SWEEP + Counter({"ListArtifacts": 2, "ListAssociations": 2})

        assert [estate.night(), estate.night()] == [pages, pages]

    def test_only_what_is_new_or_changed_is_described(self, estate):
        """A second evaluation costs one description; so does one whose properties were filled in later."""
        estate.action("e1", "Evaluation")
        estate.night()
        estate.action("e2", "Evaluation")
        assert estate.night()["DescribeAction"] == 1

        estate.later()
        estate.sagemaker.update_action(ActionName="e1", Properties={"PipelineName": "p"})
        assert estate.night()["DescribeAction"] == 1
        assert estate.graph.assets[f"{HERE}:action/e1"].attributes["properties"] == {"PipelineName": "p"}

    def test_only_what_no_job_made_of_the_trial_components_is_described(self, estate):
        """A run of an experiment once, and again when it changed; a job's tells nothing that the job does not."""
        estate.later()
        estate.sagemaker.create_trial_component(
            TrialComponentName="notebook", InputArtifacts={"raw": {"Value": PLACE}}, Parameters={"DbPassword": PASSWORD}
        )
        assert estate.night() == SWEEP + Counter({"DescribeTrialComponent": 1})
        notebook = f"{HERE}:experiment-trial-component/notebook"
        assert (PLACE, "input_to", notebook, "raw", "referenced") in estate.edges()
        kept = str([record.body for record in estate.catalog.records(estate.harvested.envelope)])
        assert "DbPassword" in kept
        assert PASSWORD["StringValue"] not in kept

        assert estate.night() == SWEEP
        estate.later()
        estate.sagemaker.update_trial_component(
            TrialComponentName="notebook", OutputArtifacts={"plot": {"Value": "s3://data/plot.png"}}
        )
        assert estate.night()["DescribeTrialComponent"] == 1
        assert (notebook, "produced", "s3://data/plot.png", "plot", "referenced") in estate.edges()

    def test_left_out(self, estate):
        """No call is made of it, the coverage says so, and what earlier nights swept is neither lost nor believed."""
        estate.night()
        left_out = {"sagemaker": {"rate": 100_000, "leave_out": ["lineage_api"]}}
        without = SETTINGS.model_validate({**SETTINGS.model_dump(), "sources": left_out})

        assert estate.night(without) == Counter()

        (row,) = [row for row in estate.harvested.coverage if row.source == "sagemaker"]
        assert [(gap.operation, gap.code) for gap in row.gaps] == [("lineage_api", "Skipped")]
        assert (row.status, estate.harvested.partial) == ("complete", False)
        swept = [record for record in estate.catalog.records(estate.catalog.latest()) if record.kind == "artifact"]
        assert swept
        assert {(record.stale_since, record.gone_since) for record in swept} == {(2, None)}


class TestLife:
    def test_entities_are_the_assets_that_they_stand_for(self, estate):
        """The trial component is the job, and the association the job's input."""
        estate.night()

        assert READ in estate.edges()
        assert estate.graph.assets[estate.job].attributes["aliases"] == [estate.component]
        assert not {estate.component, estate.read} & set(estate.graph.assets)

    def test_a_deleted_association_declares_nothing_any_more(self, estate):
        """Only a complete sweep shows it: the edge goes, its ends stay."""
        estate.night()
        estate.sagemaker.delete_association(SourceArn=estate.read, DestinationArn=estate.component)
        estate.night()

        assert READ not in estate.edges()
        assert estate.graph.assets[estate.job].gone_since is None

    @pytest.mark.parametrize("operation", sorted(SWEEP))
    def test_a_denied_listing_takes_nothing_away(self, estate, operation):
        """The gap is named, and every edge of the night before is still there."""
        estate.action("e1", "Evaluation")
        estate.night()
        before = estate.edges()
        estate.aws.fault("AccessDeniedException", operation=operation)
        estate.night()

        assert [gap.operation for row in estate.harvested.coverage for gap in row.gaps] == [operation]
        assert estate.edges() == before

    def test_an_action_that_may_not_be_described_is_a_gap(self, estate):
        """The others' edges are whole, and the action is read when the denial ends."""
        estate.action("e1", "Evaluation", Properties={"PipelineName": "p"})
        estate.aws.fault("AccessDeniedException", operation="DescribeAction")
        estate.night()
        assert READ in estate.edges()
        assert f"{HERE}:action/e1" not in estate.graph.assets
        estate.aws.heal()
        estate.night()

        assert (PACKAGE, "associated", f"{HERE}:action/e1", "source", "referenced") in estate.edges()

    def test_a_job_that_took_a_deleted_ones_name(self, estate):
        """What was declared of the first is not told of the second."""
        estate.night()
        estate.sagemaker.delete_training_job(TrainingJobName="j")
        estate.train("j")
        estate.night()

        assert READ not in estate.edges()
        assert "aliases" not in estate.graph.assets[estate.job].attributes
