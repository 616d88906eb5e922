"""FSx: asked where a job reads a file system, and there alone."""

import pytest
from tests.harvest.scripted import Visits, refused

from studbook.lineage.link import LinkContext, link
from studbook.model import Partition, Record
from studbook.settings import Settings
from studbook.sources import normalize
from studbook.sources.fsx import FileSystems

ACCOUNT, REGION = "111111111111", "us-west-2"
HERE = Partition(ACCOUNT, REGION, "fsx")
SETTINGS = Settings.model_validate({"accounts": [{"id": ACCOUNT, "regions": [REGION, "eu-west-1"]}]})
JOB = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/t"


def job(system: str = "fs-1", kind: str = "FSxLustre", account: str = ACCOUNT) -> Record:
    place = {"FileSystemId": system, "FileSystemType": kind, "DirectoryPath": "/fsx/sets/train"}
    channels = [{"ChannelName": "train", "DataSource": {"FileSystemDataSource": place}}]
    body = {"TrainingJobName": "t", "CreationTime": "2026-11-02T12:00:00Z", "InputDataConfig": channels}
    return Record(
        source="sagemaker", kind="training_job", id=JOB, account=account, region=REGION, revision="1", body=body
    )


def association(name: str, system: str = "fs-1", **more: str) -> dict[str, str]:
    return {
        "AssociationId": name,
        "ResourceARN": f"arn:aws:fsx:{REGION}:{ACCOUNT}:association/{system}/{name}",
        "FileSystemId": system,
        "FileSystemPath": "/sets",
        "DataRepositoryPath": "s3://lake/sets/",
        "Lifecycle": "AVAILABLE",
        **more,
    }


class TestPlan:
    def test_where_a_job_reads_one(self):
        """In the account and region of the job; EFS is linked with nothing, and other accounts are not ours."""
        records = [job(), job("fs-2", "EFS"), job("fs-3", account="999999999999")]

        assert FileSystems().plan(SETTINGS, records) == {HERE: ["fs-1"]}

    def test_what_is_known_is_asked_for_again(self, tmp_path):
        """So that its end is seen, though the job is gone."""
        visit = Visits(tmp_path, SETTINGS)(
            {"DescribeDataRepositoryAssociations": {"Associations": [association("dra-1")]}},
            partition=HERE,
            targets=("fs-1",),
        )
        FileSystems().collect(visit)

        assert FileSystems().plan(SETTINGS, visit.seen.values()) == {HERE: ["fs-1"]}


class TestCollect:
    def test_the_links_of_what_jobs_read(self, tmp_path):
        """One listing, whole; those of other file systems are left out."""
        pages = [
            {"Associations": [association("dra-1"), association("dra-2", "fs-9")], "NextToken": "1"},
            {"Associations": [association("dra-3")]},
        ]
        visits = Visits(tmp_path, SETTINGS)
        visit = visits({"DescribeDataRepositoryAssociations": pages}, partition=HERE, targets=("fs-1",))

        FileSystems().collect(visit)

        assert [record_id.rpartition("/")[2] for _, record_id in visit.seen] == ["dra-1", "dra-3"]
        assert visit.complete == {("data_repository_association", None)}

    def test_a_denied_listing_ends_the_visit(self, tmp_path):
        """As Trouble, which the harvest makes a gap of: what was known is carried over."""
        visits = Visits(tmp_path, SETTINGS)
        visit = visits({"DescribeDataRepositoryAssociations": refused("AccessDeniedException")}, partition=HERE)

        with pytest.raises(Exception, match="AccessDenied"):
            FileSystems().collect(visit)
        assert visit.complete == set()


class TestLineage:
    @pytest.mark.parametrize(("lifecycle", "read"), [("AVAILABLE", True), ("MISCONFIGURED", True), ("FAILED", False)])
    def test_the_place_behind_the_channel(self, tmp_path, lifecycle, read):
        """The directory stays an input, and the place in S3 is one too; a link that never was leads nowhere."""
        answer = {"Associations": [association("dra-1", Lifecycle=lifecycle)]}
        visits = Visits(tmp_path, SETTINGS)
        visit = visits({"DescribeDataRepositoryAssociations": answer}, partition=HERE, targets=("fs-1",))
        FileSystems().collect(visit)

        linked = link([job(), *visit.seen.values()], normalize, LinkContext.of(SETTINGS))

        inputs = {edge.source: (edge.role, edge.certainty) for edge in linked.edges}
        behind = {"s3://lake/sets/train/": ("train", "inferred")} if read else {}
        assert inputs == {"fsx:fs-1/fsx/sets/train": ("train", "referenced"), **behind}
