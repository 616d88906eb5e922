"""What a job's parameters name in S3."""

import pytest
from tests.fact_records import ACCOUNT, JOB, REGION, Estate, asset, inputs, item, job, state

from studbook.lineage.graph import Graph
from studbook.lineage.link import ConfiguredDataset, LinkContext, Linked
from studbook.model import Claim, Evidence
from studbook.model.facts import NamedPlace, Output, OutputFolder, Reads, Weights, Writes
from studbook.queries.answer import Night
from studbook.queries.gaps import gaps
from studbook.queries.incident import incident

NOON, EARLY, LATE = (f"2026-11-{day:02}T12:00:00Z" for day in (2, 1, 3))
OTHER = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/other"
PACKAGE = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/bot/1"
RULE = "rule:named-place"


def named(uri: str, at: str | None = NOON) -> NamedPlace:
    return NamedPlace(reader=JOB, uri=uri, role="data", at=at, evidence='t:T#HyperParameters["data"]')


def linked(*claims: Claim, began: str = EARLY) -> Linked:
    context = LinkContext(datasets=(ConfiguredDataset("s3://b/p/", "p", ACCOUNT, Evidence(config="datasets[0].uri")),))
    version = asset("model_package", PACKAGE, created_at=began)
    assets = (job(created_at=NOON), asset("training_job", OTHER, "other", created_at=began), version)
    return Estate().say(*assets, claims=claims).linked(context)


class TestKnown:
    def test_a_dataset(self) -> None:
        """Its state at the start is a candidate, by what names it."""
        listed = state("s3://b/p/", item("p/a", EARLY))
        assert inputs(linked(named("s3://b/p/"), listed)) == {
            listed.version: ("inferred", True, {RULE, "rule:dataset-at-start"})
        }

    def test_weights_of_a_version(self) -> None:
        """The archive, or the folder that it lies in."""
        held = Weights(asset=PACKAGE, uri="s3://m/bot/model.tar.gz", evidence="t:T#w")
        for uri in ("s3://m/bot/model.tar.gz", "s3://m/bot/"):
            found = inputs(linked(named(uri), held))
            assert {one: told[1] and RULE in told[2] for one, told in found.items()} == {PACKAGE: True, uri: True}

    def test_what_another_job_wrote(self) -> None:
        """And the place that a registered dataset points at."""
        wrote = Writes(writer=OTHER, uri="s3://out/x/", role="o", began=EARLY, ended=EARLY, evidence="t:T#o")
        assert inputs(linked(named("s3://out/x/y/"), wrote))["s3://out/x/y/"][:2] == ("inferred", True)
        data = Reads(reader="hub/d/1", uri="s3://reg/d/", relation="content_of", at=EARLY, evidence="t:T#d")
        assert inputs(linked(named("s3://reg/d/"), data))["hub/d/1"][:2] == ("inferred", True)


class TestNotTold:
    @pytest.mark.parametrize("uri", ["s3://nobody/knows/", "s3://out/", "s3://m/", "s3://out/late/"])
    def test_what_nothing_known_lies_at(self, uri: str) -> None:
        """A place that only this names, a whole bucket, and what came later: they are parameters, and no more."""
        claims = (
            Writes(writer=OTHER, uri="s3://out/late/", role="o", began=LATE, ended=LATE, evidence="t:T#o"),
            Weights(asset=PACKAGE, uri="s3://m/model.tar.gz", evidence="t:T#w"),
        )
        assert inputs(linked(named(uri), *claims, began=LATE)) == {}

    def test_where_the_job_itself_writes(self) -> None:
        """What the program is told of its own output is no input, whoever else writes there."""
        other = Writes(writer=OTHER, uri="s3://out/", role="o", began=EARLY, ended=EARLY, evidence="t:T#o")
        for own in (
            OutputFolder(writer=JOB, uri="s3://out/j/", began=NOON, evidence=("t:T#f",)),
            Output(job=JOB, uri="s3://out/j/", evidence="t:T#m"),
        ):
            assert inputs(linked(named("s3://out/j/model"), own, other)) == {}

    def test_what_its_record_says_that_it_reads(self) -> None:
        """That is told as it is."""
        read = Reads(reader=JOB, uri="s3://b/p/", role="train", at=NOON, evidence="t:T#r")
        found = inputs(linked(named("s3://b/p"), read, state("s3://b/p/", item("p/a", EARLY))))
        assert [told[1] for told in found.values()] == [False]


def test_nobody_says_that_it_was_read() -> None:
    """It may have been, so that an incident of the place has the job, with its words; its data are not recorded."""
    held = Weights(asset=PACKAGE, uri="s3://w/model.tar.gz", evidence="t:T#w")
    made = Output(job=JOB, uri="s3://w/model.tar.gz", evidence="t:T#m")
    found = linked(named("s3://b/p/"), state("s3://b/p/", item("p/a", EARLY)), held, made, began=LATE)
    night = Night(Graph(found.assets, found.edges))
    rows = {row.asset: row for row in incident(night, "s3://b/p/").rows}
    assert rows[JOB].status == "possible"
    assert rows[JOB].because.startswith("may have read all of it, ")
    assert rows[JOB].because.endswith(f"named by a parameter ({RULE}), whether it was read is not recorded")
    assert (JOB, "data") in {(row.asset, row.what) for row in gaps(night, PACKAGE).rows}
