"""A killed harvest loses what was in flight, no more."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing

import pytest

from studbook.errors import CatalogError
from studbook.harvest.journal import Journal
from studbook.model import Partition, Record

HERE = Partition("111111111111", "us-west-2", "sagemaker")
ELSEWHERE = HERE._replace(region="eu-west-1")


def record(name: str, revision: str = "1") -> Record:
    account, region, source = HERE
    return Record(
        source=source, kind="model", id=name, account=account, region=region, revision=revision, body={"a": 1}
    )


def wrote(folder, *names):
    """A run that read these and died."""
    with closing(Journal(folder)) as journal:
        for name in names:
            journal.store(HERE).add(record(name))


def found(folder, partition=HERE, names="ab"):
    """What the next run is offered."""
    with closing(Journal(folder)) as journal:
        journal.load_previous(partition, ())
        return [name for name in names if journal.store(partition).kept("model", name) == record(name)]


KILLED = """
import sys
from pathlib import Path
from test_journal import HERE, Journal, record
journal = Journal(Path(sys.argv[1]))
for name in "ab":
    journal.store(HERE).add(record(name))
print("written", flush=True)
sys.stdin.read()
"""


class TestJournal:
    def test_what_was_written_is_found_again(self, tmp_path):
        """The next run finds every record that a killed process had added, and it is nobody's record by itself."""
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        with subprocess.Popen(
            [sys.executable, "-c", KILLED, str(tmp_path / "runs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            process.send_signal(signal.SIGKILL)

        assert found(tmp_path / "runs") == ["a", "b"]
        with closing(Journal(tmp_path / "runs")) as journal:
            journal.load_previous(HERE, ())
            assert list(journal.store(HERE).records()) == []

    def test_killed_again_and_again(self, tmp_path):
        """What several dead runs left is offered together."""
        wrote(tmp_path / "runs", "a")
        wrote(tmp_path / "runs", "b")

        assert found(tmp_path / "runs") == ["a", "b"]

    def test_nights_that_fail_one_after_the_other(self, tmp_path):
        """Each takes over what the one before it left, which lies there once, however many fail."""
        for name in "abcd":
            with closing(Journal(tmp_path / "runs")) as journal:
                journal.load_previous(HERE, ())
                journal.store(HERE).add(record(name))

        assert len([*(tmp_path / "runs").iterdir()]) == 1
        assert len([*(tmp_path / "runs").rglob("*.sqlite")]) == 1
        assert found(tmp_path / "runs", names="abcd") == ["a", "b", "c", "d"]

    def test_a_full_disk_costs_nothing_that_was_read(self, tmp_path):
        """What there is no room to take over stays where it is."""
        names = [f"model-{number}" for number in range(500)]
        wrote(tmp_path / "runs", *names)
        with closing(Journal(tmp_path / "runs")) as journal:
            with journal.store(HERE)._using() as connection:
                connection.execute("PRAGMA max_page_count = 12")
            with pytest.raises(CatalogError, match="full"):
                journal.load_previous(HERE, ())

        assert found(tmp_path / "runs", names=names) == names

    @pytest.mark.parametrize("keep", [0, 100, 5000])
    def test_a_torn_file_is_left_out(self, tmp_path, keep):
        """A file that the disk lost part of costs what it held, not the harvest."""
        wrote(tmp_path / "runs", "a")
        (file,) = tmp_path.glob("runs/*/*.sqlite")
        file.write_bytes(file.read_bytes()[:keep])

        assert found(tmp_path / "runs") == []

    def test_partitions_are_apart(self, tmp_path):
        """What one region's visit wrote is not offered to another's."""
        wrote(tmp_path / "runs", "a")

        assert found(tmp_path / "runs", ELSEWHERE) == []

    def test_what_is_taken_up_is_kept_as_read(self, tmp_path):
        """A record that only a dead run had read is a record of this one, once it is seen again."""
        wrote(tmp_path / "runs", "a")
        with closing(Journal(tmp_path / "runs")) as journal:
            journal.load_previous(HERE, ())
            store = journal.store(HERE)
            store.again(store.kept("model", "a"))

            assert list(store.records()) == [record("a")]

    def test_finish_leaves_nothing(self, tmp_path):
        """When the snapshot is written, its own stores and the ones it used are deleted."""
        wrote(tmp_path / "runs", "a")
        with closing(Journal(tmp_path / "runs")) as journal:
            journal.store(HERE).add(record("b"))

            journal.finish()

        assert list(tmp_path.iterdir()) == []

    def test_runs_that_live_are_let_be(self, tmp_path):
        """A harvest that runs at the same time keeps its files, and nobody else uses them."""
        with closing(Journal(tmp_path / "runs")) as living:
            living.store(HERE).add(record("a"))
            with closing(Journal(tmp_path / "runs")) as other:
                other.load_previous(HERE, ())
                assert other.store(HERE).kept("model", "a") is None
                other.finish()

            assert list(living.store(HERE).records()) == [record("a")]
