"""What the configuration excludes by tag is nowhere, and is never taken for gone."""

from __future__ import annotations

import pytest
from benchmarks.estate import ACCOUNT, READER_ROLE, REGION, settings

from studbook.demo.cloud.aws import EXTERNAL_ID, READER
from studbook.harvest.exclude import IncludedRecords
from studbook.harvest.run import harvest, relink
from studbook.model import Record
from studbook.settings import Settings
from studbook.store import Catalog

ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
IGNORED = [{"Key": "studbook", "Value": "ignore"}]
EXCLUDE = {"tags": {"studbook": "ignore*"}}


def record(record_id: str, source: str = "sagemaker", **body: object) -> Record:
    return Record(
        source=source, kind="thing", id=record_id, account=ACCOUNT, region=REGION, revision="", body=dict(body)
    )


def left(*records: Record, exclude: object = EXCLUDE) -> list[str]:
    return [one.id for one in IncludedRecords(records, Settings.model_validate({"exclude": exclude}))]


class TestTags:
    @pytest.mark.parametrize(
        "body",
        [
            {"Tags": IGNORED},
            {"Tags": {"studbook": "ignore"}},
            {"tags": [{"key": "studbook", "value": "ignore-me"}]},
            {"data": {"tags": [{"key": "studbook", "value": "ignore"}]}},
            {"info": {"tags": [{"key": "studbook", "value": "ignore"}]}},
        ],
    )
    def test_every_form(self, body):
        """Tags are recognised however an API writes them."""
        assert left(record("a", **body)) == []

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"Tags": [{"Key": "studbook", "Value": "keep"}, {"Key": "other", "Value": "ignore"}]},
            {"Tags": ["studbook"], "tags": "ignore", "data": 3},
        ],
    )
    def test_other_tags(self, body):
        """Another value, another key, or what is no tag excludes nothing."""
        assert left(record("a", **body)) == ["a"]

    def test_without_a_configuration(self):
        """Nothing is excluded."""
        assert left(record("a", Tags=IGNORED), exclude={}) == ["a"]


class TestBelonging:
    @pytest.mark.parametrize(
        ("whole", "part"),
        [
            (f"{ARN}:model-package-group/bot", record(f"{ARN}:model-package/bot/5")),
            (f"{ARN}:model-package-group/bot", record(f"{ARN}:model-package/bot/5@2026-11-01T00:00:00Z")),
            (f"{ARN}:pipeline/p", record(f"{ARN}:pipeline/p/execution/1")),
            ("arn:aws:lambda:us-west-2:1:function:f", record("arn:aws:lambda:us-west-2:1:function:f:7")),
            (f"{ARN}:mlflow-app/a", record(f"mlflow:{ARN}:mlflow-app/a/run/1", "mlflow", server=f"{ARN}:mlflow-app/a")),
            (
                "mlflow:lab/experiment/3",
                record("mlflow:lab/run/1", "mlflow", server="lab", info={"experiment_id": "3"}),
            ),
            ("mlflow:lab/model/bot", record("mlflow:lab/model/bot/1", "mlflow", server="lab")),
            (f"{ARN}:training-job/j", record("s3://out/metrics.json", "s3", NamedBy=[{"Id": f"{ARN}:training-job/j"}])),
        ],
    )
    def test_parts_go_with_the_whole(self, whole, part):
        """And stay where the whole does."""
        assert left(part, record(whole, Tags=IGNORED)) == []
        assert left(part, record(whole)) == [part.id, whole]

    def test_a_longer_name_is_another_thing(self):
        """bot-2 does not belong to bot."""
        others = [record(f"{ARN}:model-package/bot-2/1"), record(f"{ARN}:pipeline/pp/execution/1")]
        tagged = [record(f"{ARN}:{name}", Tags=IGNORED) for name in ("model-package-group/bot", "pipeline/p")]
        assert left(*others, *tagged) == [other.id for other in others]

    def test_a_document_that_others_name_too_stays(self):
        """It belongs to nobody alone."""
        document = record("s3://out/m.json", "s3", NamedBy=[{"Id": "a"}, {"Id": "b"}])
        assert left(document, record("a", Tags=IGNORED)) == [document.id]


@pytest.fixture
def aws(empty_aws):
    empty_aws.role(READER_ROLE, external_id=EXTERNAL_ID, allow=READER)
    calls = [
        ("CreateModelPackageGroup", {"ModelPackageGroupName": "secret", "Tags": IGNORED}),
        ("CreateModelPackage", {"ModelPackageGroupName": "secret"}),
        ("CreateModel", {"ModelName": "hidden", "Tags": IGNORED}),
        ("CreateModel", {"ModelName": "shown"}),
    ]
    empty_aws.batch(ACCOUNT, REGION, calls)
    return empty_aws


def excluding():
    return settings().model_copy(update={"exclude": Settings.model_validate({"exclude": EXCLUDE}).exclude})


def ids(catalog: Catalog, what: str) -> set[str]:
    found = getattr(catalog, what)(catalog.resolve("latest"))
    return {one.id.removeprefix(f"{ARN}:") for one in found}


class TestNights:
    def test_excluded_is_nowhere_and_counted(self, aws, tmp_path):
        """No record and no asset of it; the coverage says how many, and that is no failure."""
        catalog = Catalog(tmp_path / "catalog")
        harvested = harvest(excluding(), catalog)

        assert ids(catalog, "records") == ids(catalog, "assets") == {"model/shown"}
        [row] = harvested.coverage
        assert (row.status, row.records) == ("complete", 1)
        assert [(gap.operation, gap.code, gap.message) for gap in row.gaps] == [
            ("exclude", "Skipped", "3 records are excluded by tag")
        ]
        assert not harvested.partial

    @pytest.mark.parametrize("again", [harvest, relink])
    def test_what_was_harvested_before_leaves_no_tombstone(self, aws, tmp_path, again):
        """Excluded is not gone: it is left out of the next snapshot, and stays in those before."""
        catalog = Catalog(tmp_path / "catalog")
        harvest(settings(), catalog)
        assert "model/hidden" in ids(catalog, "assets")

        again(excluding(), catalog)

        assert ids(catalog, "records") == ids(catalog, "assets") == {"model/shown"}
        assert "model/hidden" in {
            asset.id.removeprefix(f"{ARN}:") for asset in catalog.assets(catalog.resolve("latest~1"))
        }

    def test_a_denied_night_brings_nothing_back(self, aws, tmp_path):
        """What is carried over is what was kept."""
        catalog = Catalog(tmp_path / "catalog")
        harvest(excluding(), catalog)
        aws.fault("AccessDeniedException", operation="ListModels")
        harvest(excluding(), catalog)

        assert ids(catalog, "records") == {"model/shown"}

    def test_without_the_exclusion_it_is_there_again(self, aws, tmp_path):
        """A change of mind needs no repair."""
        catalog = Catalog(tmp_path / "catalog")
        harvest(excluding(), catalog)
        harvest(settings(), catalog)

        assert {"model/hidden", "model-package/secret/1"} <= ids(catalog, "assets")
