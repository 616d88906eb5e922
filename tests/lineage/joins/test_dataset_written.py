"""Which dataset version a job made."""

import pytest
from tests.fact_records import JOB, Estate, asset, item, job, lines, state

from studbook.lineage.link import ConfiguredDataset, LinkContext
from studbook.model.facts import Reads, Writes

OTHER = JOB.replace("/j", "/other")
BEFORE, DURING, AFTER = (f"2026-11-0{day}T12:00:00Z" for day in (1, 2, 3))


def writes(uri="s3://b/p/", *, writer=JOB, began="2026-11-02T10:00:00Z", ended="2026-11-02T14:00:00.5Z", role="train"):
    return Writes(writer=writer, uri=uri, role=role, began=began, ended=ended, evidence="sagemaker:X#Uri")


def made(*claims, writer=JOB):
    """(version, role, candidate) of what a job produced."""
    linked = Estate().say(job(), asset("processing_job", OTHER, "other"), claims=claims).linked()
    return {
        (edge.target, edge.role, edge.candidate)
        for edge in linked.edges
        if edge.source == writer and edge.relation == "produced"
    }


class TestWritten:
    def test_what_came_about_while_it_ran_is_its(self):
        """The newest object is from the job's time: inferred, by a rule that is named."""
        new = state("s3://b/p/", item("p/a", BEFORE), item("p/b", DURING))
        linked = Estate().say(job(), claims=[writes(), new]).linked()

        (edge,) = [edge for edge in linked.edges if edge.relation == "produced"]
        assert (edge.target, edge.role, edge.certainty, edge.candidate) == (new.version, "train", "inferred", False)
        assert lines(edge) == ("rule:written-meanwhile", "s3:ListObjectsV2#Contents", "sagemaker:X#Uri")

    @pytest.mark.parametrize("time", [BEFORE, AFTER])
    def test_what_was_there_before_or_was_written_over_later_is_not(self, time):
        """Another state, made by somebody else."""
        assert made(writes(), state("s3://b/p/", item("p/a", time))) == {("s3://b/p/", "train", False)}

    def test_one_object_written_over_later_makes_another_state(self):
        """The newest object is not the job's any more."""
        found = made(writes(), state("s3://b/p/", item("p/a", DURING), item("p/b", AFTER)))
        assert found == {("s3://b/p/", "train", False)}

    @pytest.mark.parametrize("uri", ["s3://b/p/train", "s3://b/p/train/"])
    def test_only_what_lies_where_it_wrote_counts(self, uri):
        """A folder of a dataset, however its end is spelt; a neighbour whose name begins alike is another place."""
        new = state("s3://b/p/", item("p/train/a", DURING), item("p/train2/b", AFTER))
        assert made(writes(uri), new) == {(new.version, "train", False)}
        assert made(writes(uri), state("s3://b/p/", item("p/train2/b", DURING))) == {("s3://b/p/", "train", False)}

    def test_what_changed_elsewhere_later_is_another_state(self):
        """It holds what the job wrote too; the job made the earlier one."""
        mine, theirs = item("p/train/a", DURING), item("p/test/b", AFTER)
        first = state("s3://b/p/", mine, until=2)
        assert made(writes("s3://b/p/train"), first, state("s3://b/p/", mine, theirs)) == {
            (first.version, "train", False)
        }

    def test_seconds_decide(self):
        """S3 tells whole seconds, jobs fractions of them."""
        new = state("s3://b/p/", item("p/a", "2026-11-02T14:00:00Z"))
        assert made(writes(began="2026-11-02T14:00:00.9Z"), new) == {(new.version, "train", False)}


class TestCandidates:
    def test_two_jobs_at_once(self):
        """Nobody can tell which of two jobs wrote what is there."""
        new = state("s3://b/p/", item("p/a", DURING))
        claims = (writes(), writes(writer=OTHER), new)
        assert made(*claims) == {(new.version, "train", True)}
        assert made(*claims, writer=OTHER) == {(new.version, "train", True)}

    def test_two_states_with_one_newest_object(self):
        """They differ by a deletion, which leaves no time."""
        one = state("s3://b/p/", item("p/a", DURING), item("p/b", BEFORE), until=2)
        two = state("s3://b/p/", item("p/a", DURING))
        assert made(writes(), one, two) == {(one.version, "train", True), (two.version, "train", True)}

    def test_a_dataset_inside_of_the_place(self):
        """A job that may write anywhere in a bucket need not have written this."""
        new = state("s3://b/p/", item("p/a", DURING))
        assert made(writes("s3://b/"), new) == {(new.version, "train", True), ("s3://b/", "train", False)}


class TestPlaces:
    def test_in_no_dataset(self):
        """It is an artifact by its URI as recorded."""
        (edge,) = Estate().say(job(), claims=[writes("s3://c/x")]).linked().edges
        assert (edge.target, edge.certainty, lines(edge)) == ("s3://c/x", "referenced", ("sagemaker:X#Uri",))

    @pytest.mark.parametrize("ended", [None, DURING])
    def test_in_a_dataset_of_which_no_state_fits(self, ended):
        """The dataset is what was written to; nothing is said of a version."""
        context = LinkContext(datasets=(ConfiguredDataset("s3://b/p/", "p", None, "config:datasets[0].uri"),))
        claims = [writes("s3://b/p", ended=ended), writes("s3://b/p/x", role="x", ended=ended)]
        edges = Estate().say(job(), claims=claims).linked(context).edges
        assert [(edge.target, edge.role, edge.certainty) for edge in edges] == [
            ("s3://b/p/", "train", "referenced"),
            ("s3://b/p/", "x", "inferred"),
        ]


class TestSameArtifact:
    READS = Reads(reader=OTHER, uri="s3://b/q/", role="train", evidence="sagemaker:Y#Uri")

    def same_places(self, *claims):
        estate = Estate().say(job(), asset("processing_job", OTHER, "other"), claims=claims)
        return [(edge.source, edge.target) for edge in estate.linked().edges if edge.relation == "same_as"]

    def test_what_one_job_wrote_and_another_reads(self):
        """One place, whoever strips the slash."""
        assert self.same_places(writes("s3://b/q"), self.READS) == [("s3://b/q", "s3://b/q/")]

    def test_two_readers_are_two_claims(self):
        """Nobody says that it was written: with and without a slash are different reads."""
        assert self.same_places(self.READS) == []
