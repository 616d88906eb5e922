"""The places in S3 behind the directories that jobs mount."""

import pytest
from tests.fact_records import JOB, Estate, inputs, item, job, state

from studbook.lineage.file_systems import readings
from studbook.model import Evidence
from studbook.model.facts import LinkedDirectory, MountedDirectory

NOON, LATER = "2026-11-02T12:00:00Z", "2026-11-02T13:00:00Z"
MOUNTED = Evidence.parse("sagemaker:DescribeTrainingJob#DirectoryPath")
LINKED = Evidence.parse("fsx:DescribeDataRepositoryAssociations#FileSystemPath")


def mounted(directory: str) -> MountedDirectory:
    return MountedDirectory(reader=JOB, system="fs-1", directory=directory, role="train", at=NOON, evidence=MOUNTED)


def linked(path: str, uri: str, system: str = "fs-1", since: str | None = None) -> LinkedDirectory:
    return LinkedDirectory(system=system, path=path, uri=uri, since=since, evidence=(LINKED,))


class TestPlaces:
    @pytest.mark.parametrize(
        ("directory", "links", "places"),
        [
            ("/fsx/sets/train", [linked("/sets", "s3://b/p")], ["s3://b/p/train/"]),
            ("/fsx/sets/train/", [linked("/sets/", "s3://b/p/")], ["s3://b/p/train/"]),
            ("/fsx/sets", [linked("/", "s3://b")], ["s3://b/sets/"]),
            ("/fsx/a/b", [linked("/a", "s3://outer/"), linked("/a/b", "s3://inner/")], ["s3://inner/"]),
            ("/fsx", [linked("/a", "s3://b/"), linked("/c", "https://d.s3.amazonaws.com/e")], ["s3://b/", "s3://d/e/"]),
            ("/sets/train", [linked("/sets", "s3a://b/p/")], ["s3://b/p/train/"]),
            ("/fsx/sets2", [linked("/sets", "s3://b/")], []),
        ],
    )
    def test_below_around_and_beside(self, directory, links, places):
        """The mount name comes first; the innermost link around a directory counts, else those below it."""
        assert [reads.uri for reads in readings([mounted(directory)], links)] == places

    def test_of_another_file_system_or_a_later_time(self):
        """A link that was made after the job had begun was none then."""
        links = [linked("/sets", "s3://b/", "fs-2"), linked("/sets", "s3://b/", since=LATER)]
        assert list(readings([mounted("/fsx/sets")], links)) == []


class TestLineage:
    def test_a_dataset_behind_it_was_read(self):
        """As a conclusion, whatever object versions prove: the file system may have held something else."""
        kept = item("p/a", "2026-11-01T00:00:00Z", "e", VersionId="1", IsLatest=True)
        listed = state("s3://b/p/", kept, versions=[kept])
        estate = Estate().say(job(), claims=[mounted("/fsx/sets"), linked("/sets", "s3://b/p/"), listed])

        assert inputs(estate.linked()) == {listed.version: ("inferred", False, {"rule:linked-directory"})}

    def test_elsewhere_it_is_an_artifact(self):
        """Of which others may be made, or which others may read."""
        estate = Estate().say(job(), claims=[mounted("/fsx/sets"), linked("/sets", "s3://b/p/")])

        assert inputs(estate.linked()) == {"s3://b/p/": ("inferred", False, {"rule:linked-directory"})}
