"""S3 prefixes as datasets."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from tests.harvest.scripted import Visits, refused

from studbook.model import Partition, Record
from studbook.settings import Account, Dataset, Settings
from studbook.sources.s3 import S3

HERE = Partition("111111111111", None, "s3")
SOURCE = S3()


def settings(**more) -> Settings:
    dataset = Dataset(**{"uri": "s3://bucket/chats/", "account": "111111111111", **more})
    return Settings(accounts=(Account(id="111111111111", regions=("us-west-2",)),), datasets=(dataset,))


def item(key: str, size: int = 3, etag: str = '"e1"', **more):
    return {"Key": key, "Size": size, "ETag": etag, "LastModified": "2026-11-01T00:00:00Z", "StorageClass": "X", **more}


def visited(tmp_path, script, **dataset):
    visits = Visits(tmp_path, settings(**dataset))
    visit = visits(script, partition=HERE, targets=("s3://bucket/chats/",))
    SOURCE.collect(visit)
    return visit, visits.sessions


def fingerprint(lines: str) -> str:
    return "sha256:" + hashlib.sha256(lines.encode()).hexdigest()


class TestCollect:
    def test_the_fingerprint(self, tmp_path):
        """The state is named by the digest of `key TAB size TAB etag LF`, folder markers left out, in byte order."""
        listed = {"Contents": [item("chats/b"), item("chats/a", etag='"e0"'), item("chats/", size=0)]}

        visit, _ = visited(tmp_path, {"GetBucketVersioning": {}, "ListObjectsV2": listed})

        (record,) = visit.seen.values()
        assert record.id == "s3://bucket/chats/@" + fingerprint("a\t3\te0\nb\t3\te1\n")
        assert record.body["Contents"][0] == {
            "Key": "chats/b", "Size": 3, "ETag": "e1", "LastModified": "2026-11-01T00:00:00Z",
        }  # fmt: skip
        assert visit.complete == {("s3_prefix", "s3://bucket/chats/")}

    def test_pages(self, tmp_path):
        """A listing goes on as long as there is a continuation token."""
        pages = [{"Contents": [item("chats/a")], "NextContinuationToken": "t"}, {"Contents": [item("chats/b")]}]

        visit, sessions = visited(tmp_path, {"GetBucketVersioning": {}, "ListObjectsV2": pages})

        (record,) = visit.seen.values()
        assert len(record.body["Contents"]) == 2
        assert sessions.asked[-1][1]["ContinuationToken"] == "t"

    @pytest.mark.parametrize("lost", ["Size", "ETag", "LastModified"])
    def test_an_object_that_is_not_whole(self, tmp_path, lost):
        """It costs the dataset's state, with a gap: the manifest of the rest would be another one's."""
        odd = {name: value for name, value in item("chats/b").items() if name != lost}

        visit, _ = visited(tmp_path, {"GetBucketVersioning": {}, "ListObjectsV2": {"Contents": [item("chats/a"), odd]}})

        assert (visit.seen, visit.complete, visit.ledger.status) == ({}, set(), "failed")

    def test_object_versions(self, tmp_path):
        """Where the bucket keeps versions, one listing gives the history and what is current."""
        versions = {
            "Versions": [item("chats/a", VersionId="2", IsLatest=True), item("chats/a", VersionId="1", IsLatest=False)],
            "DeleteMarkers": [
                {
                    "Key": "chats/b",
                    "VersionId": "9",
                    "LastModified": "2026-11-02T00:00:00Z",
                    "IsLatest": True,
                    "Owner": {},
                }
            ],
        }

        visit, sessions = visited(
            tmp_path, {"GetBucketVersioning": {"Status": "Enabled"}, "ListObjectVersions": versions}
        )

        (record,) = visit.seen.values()
        assert sessions.operations() == ["GetBucketVersioning", "ListObjectVersions"]
        assert [(found["VersionId"], found["IsLatest"]) for found in record.body["Versions"]] == [
            ("2", True),
            ("1", False),
        ]
        assert [found["VersionId"] for found in record.body["Contents"]] == ["2"]
        assert record.body["DeleteMarkers"] == [
            {"Key": "chats/b", "VersionId": "9", "LastModified": "2026-11-02T00:00:00Z", "IsLatest": True}
        ]

    def test_without_the_right_to_list_versions(self, tmp_path):
        """A denied history is a gap; the present is seen all the same, with the same fingerprint."""
        script = {
            "GetBucketVersioning": {"Status": "Enabled"},
            "ListObjectVersions": refused("AccessDenied"),
            "ListObjectsV2": {"Contents": [item("chats/a")]},
        }

        visit, _ = visited(tmp_path, script)

        (record,) = visit.seen.values()
        assert record.body["Fingerprint"] == fingerprint("a\t3\te1\n")
        assert "Versions" not in record.body
        assert visit.ledger.status == "partial"

    def test_subprefixes(self, tmp_path):
        """Each first-level subprefix is a version, fingerprinted by its own prefix; what lies beside them is none."""
        listed = {"Contents": [item("chats/v1/a"), item("chats/v2/a", etag='"e2"'), item("chats/README")]}

        visit, _ = visited(tmp_path, {"GetBucketVersioning": {}, "ListObjectsV2": listed}, versions="subprefixes")

        assert sorted(record.id for record in visit.seen.values()) == [
            "s3://bucket/chats/v1/@" + fingerprint("a\t3\te1\n"),
            "s3://bucket/chats/v2/@" + fingerprint("a\t3\te2\n"),
        ]

    def test_a_prefix_with_nothing_under_it_and_an_object_of_its_name(self, tmp_path):
        """One object is no prefix: that is said, and its digest is not that of nothing."""
        nothing, one = {"Contents": []}, {"Contents": [item("chats")]}

        visit, _ = visited(tmp_path, {"GetBucketVersioning": {}, "ListObjectsV2": [nothing, one]})

        (gap,) = visit.ledger.coverage(HERE, records=0, calls={}).gaps
        assert (gap.code, "s3://bucket/chats is an object" in gap.message) == ("DatasetIsOneObject", True)
        (record,) = visit.seen.values()
        facts = SOURCE.normalize(record)
        assert ([asset.kind for asset in facts.assets], facts.edges) == (["dataset"], [])

    def test_nothing_under_a_prefix_beside_which_nobody_may_list(self, tmp_path):
        """A role that may list below the prefix alone knows that nothing lies there: that is no gap."""
        script = {"GetBucketVersioning": {}, "ListObjectsV2": [{"Contents": []}, refused("AccessDenied")]}

        visit, _ = visited(tmp_path, script)

        assert (visit.ledger.status, len(visit.seen)) == ("complete", 1)

    @pytest.mark.parametrize("code", ["AccessDenied", "NoSuchBucket"])
    def test_what_cannot_be_read(self, tmp_path, code):
        """A configured dataset that cannot be read is a gap, and never an empty dataset."""
        visit, _ = visited(tmp_path, {"GetBucketVersioning": refused(code), "ListObjectsV2": refused(code)})

        assert visit.seen == {}
        assert visit.complete == set()
        assert visit.ledger.status == "failed"


class TestPlan:
    def test_by_owner(self):
        """The owning account's credentials list a dataset; the caller's own where the account is not configured."""
        known, unknown = settings(), settings(account="999999999999")

        assert SOURCE.plan(known, ()) == {HERE: ["s3://bucket/chats/"]}
        assert SOURCE.plan(unknown, ()) == {Partition(None, None, "s3"): ["s3://bucket/chats/"]}

    def test_nothing_configured(self):
        """Without datasets there is no partition."""
        assert SOURCE.plan(Settings(), ()) == {}


class TestNormalize:
    def record(self, tmp_path, objects=None, **more) -> Record:
        objects = objects or [item("chats/a"), item("chats/b", size=4)]
        script = {"GetBucketVersioning": {}, "ListObjectsV2": {"Contents": objects}}
        visit, _ = visited(tmp_path, script, name="support-chats")
        (record,) = visit.seen.values()
        account, region, source = record.partition
        return Record(
            source=source, kind=record.kind, id=record.id, account=account, region=region, revision=record.revision,
            body=record.body, **more,
        )  # fmt: skip

    def test_dataset_and_version(self, tmp_path):
        """A state is a version of its dataset, and says what it is a digest of."""
        facts = SOURCE.normalize(self.record(tmp_path))

        dataset, version = facts.assets
        assert (dataset.id, dataset.kind, dataset.name) == ("s3://bucket/chats/", "dataset", "support-chats")
        assert (version.attributes["objects"], version.attributes["bytes"]) == (2, 7)
        assert version.attributes["fingerprint_of"] == "object manifest"
        (edge,) = facts.edges
        assert (edge.source, edge.target, edge.relation) == (dataset.id, version.id, "has_version")
        assert "datasets[0].uri" in {one.config for one in edge.evidence}

    def test_a_folder_marker_is_no_data(self, tmp_path):
        """A folder that the console made is empty: no version of nothing, which a job could be said to have read; and
        beside data the marker's time is not that of the data."""
        made_later = item("chats/", size=0) | {"LastModified": "2026-11-09T00:00:00Z"}
        alone = SOURCE.normalize(self.record(tmp_path, [made_later]))
        beside = SOURCE.normalize(self.record(tmp_path, [made_later, item("chats/a")]))

        assert [asset.kind for asset in alone.assets] == ["dataset"]
        assert alone.edges == []
        assert [asset.kind for asset in beside.assets] == ["dataset", "dataset_version"]
        assert [[row["Key"] for row in one.contents] for one in (*alone.claims, *beside.claims)] == [[], ["chats/a"]]

    def test_a_superseded_state(self, tmp_path):
        """An earlier state says since when it is not the current one, and no longer shows the dataset."""
        facts = SOURCE.normalize(self.record(tmp_path, gone_since=5))

        (version,) = facts.assets
        assert (version.attributes["current"], version.attributes["superseded_since"]) == (False, 5)

    def test_an_earlier_listing_of_a_state_that_came_again(self, tmp_path):
        """It tells when the state was in force, and shows nothing: the record of the state does."""
        now = self.record(tmp_path)
        facts = SOURCE.normalize(replace(now, id=f"{now.id}@2", gone_since=2))

        (claim,) = facts.claims
        assert (claim.version, claim.until) == (now.id, 2)
        assert not facts.assets + facts.mentions + facts.edges
