"""A killed harvest loses what was in flight, no more."""

from __future__ import annotations

from studbook.harvest.journal import Journal
from studbook.model import Partition, Record

HERE = Partition("111111111111", "us-west-2", "sagemaker")


def record(name: str, revision: str = "1") -> Record:
    account, region, source = HERE
    return Record(
        source=source, kind="model", id=name, account=account, region=region, revision=revision, body={"a": 1}
    )


class TestJournal:
    def test_what_was_written_is_found_again(self, tmp_path):
        """The next run finds every record that was added, without anything having been closed."""
        writer = Journal(tmp_path).writer(HERE)
        writer.add(record("a"))
        writer.add(record("b"))

        assert Journal(tmp_path).left_over(HERE) == {("model", "a"): record("a"), ("model", "b"): record("b")}

    def test_a_torn_line_is_left_out(self, tmp_path):
        """A record that was being written when the process died is not half a record."""
        writer = Journal(tmp_path).writer(HERE)
        writer.add(record("a"))
        writer.add(record("b"))
        (file,) = tmp_path.glob(".harvest/*/*")
        file.write_bytes(file.read_bytes()[:-20])

        assert list(Journal(tmp_path).left_over(HERE)) == [("model", "a")]

    def test_partitions_are_apart(self, tmp_path):
        """What one region's visit wrote is not offered to another's."""
        Journal(tmp_path).writer(HERE).add(record("a"))

        assert Journal(tmp_path).left_over(Partition("111111111111", "eu-west-1", "sagemaker")) == {}

    def test_finish_leaves_nothing(self, tmp_path):
        """When the snapshot is written, its own journal and the ones it used are deleted."""
        Journal(tmp_path).writer(HERE).add(record("a"))
        journal = Journal(tmp_path)
        journal.writer(HERE).add(record("b"))

        journal.finish()

        assert list(tmp_path.iterdir()) == []

    def test_finish_spares_other_runs(self, tmp_path):
        """A harvest that runs at the same time keeps its journal."""
        journal = Journal(tmp_path)
        Journal(tmp_path).writer(HERE).add(record("other"))

        journal.finish()

        assert list(Journal(tmp_path).left_over(HERE)) == [("model", "other")]
