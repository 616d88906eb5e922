"""Datasets that lie side by side are listed by their folder: the same records by fewer calls."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.harvest.scripted import Visits, refused

from studbook.demo.cloud.aws import EXTERNAL_ID, READER
from studbook.harvest.run import harvest
from studbook.model import Partition
from studbook.permissions import policy
from studbook.settings import Settings
from studbook.sources.s3 import S3
from studbook.store import Catalog

ACCOUNT = "111111111111"
HERE = Partition(ACCOUNT, None, "s3")
ROLE = f"arn:aws:iam::{ACCOUNT}:role/StudbookReader"
SOURCE = S3()


def settings(uris: Any, siblings: int) -> Settings:
    reader = {"role_arn": ROLE, "external_id": EXTERNAL_ID}
    off = {name: {"enabled": False} for name in ("sagemaker", "lambda", "mlflow", "fsx")}
    return Settings.model_validate(
        {
            "accounts": [{"id": ACCOUNT, "regions": ["us-west-2"], **reader}],
            "datasets": [{"uri": uri, "account": ACCOUNT} for uri in uris],
            "sources": {**off, "s3": {"rate": 1000, "limits": {"siblings": siblings}}},
        }
    )


class Bucket:
    """S3's two listings over some keys, as their pages and their order are: by bytes, `page` items at a time.

    A page that is full ends the listing where nothing comes after it, as S3's does.
    """

    def __init__(self, keys: list[str], page: int, *, history: bool = False) -> None:
        self.page, self.calls = page, 0
        ordered = sorted(keys, key=str.encode)
        times = (3, 2, 1) if history else (0,)
        self.items = [(key, number) for key in ordered for number in times]

    def script(self) -> dict[str, Any]:
        history = any(number for _, number in self.items)
        return {
            "GetBucketVersioning": {"Status": "Enabled"} if history else {},
            "ListObjectsV2": self.objects,
            "ListObjectVersions": self.versions,
        }

    def objects(self, Prefix: str, ContinuationToken: str = "", StartAfter: str = "", **_: Any) -> Mapping[str, Any]:  # noqa: N803 - as the API calls them
        after = ContinuationToken or StartAfter
        page, more = self._cut([(key, 0) for key, _ in self.items if key.startswith(Prefix) and _past(key, after)])
        said: dict[str, Any] = {"Contents": [self._item(key) for key, _ in page]}
        return said | ({"NextContinuationToken": page[-1][0]} if more else {})

    def versions(self, Prefix: str, KeyMarker: str = "", VersionIdMarker: str = "", **_: Any) -> Mapping[str, Any]:  # noqa: N803 - as the API calls them
        found = [
            (key, number)
            for key, number in self.items
            if key.startswith(Prefix)
            and (_past(key, KeyMarker) or (key == KeyMarker and VersionIdMarker and number < int(VersionIdMarker)))
        ]
        page, more = self._cut(found)
        rows = [
            {**self._item(key), "VersionId": str(number), "IsLatest": number == 3} for key, number in page if number > 1
        ]
        marked = [
            {"Key": key, "VersionId": "1", "LastModified": "2026-11-01T00:00:00Z", "IsLatest": False}
            for key, number in page
            if number == 1
        ]
        last = {"NextKeyMarker": page[-1][0], "NextVersionIdMarker": str(page[-1][1])} if more else {}
        return {"Versions": rows, "DeleteMarkers": marked, **last}

    def _cut(self, found: list[tuple[str, int]]) -> tuple[list[tuple[str, int]], bool]:
        self.calls += 1
        return found[: self.page], len(found) > self.page

    def _item(self, key: str) -> dict[str, Any]:
        return {"Key": key, "Size": len(key), "ETag": '"e"', "LastModified": "2026-11-01T00:00:00Z"}


def _past(key: str, after: str) -> bool:
    return key.encode() > after.encode()


def seen(folder: Path, bucket: Bucket, uris: list[str], siblings: int, **script: Any) -> Any:
    visits = Visits(folder, settings(uris, siblings))
    visit = visits({**bucket.script(), **script}, partition=HERE, targets=tuple(uris))
    SOURCE.collect(visit)
    return visit


FOLDERS = ("sets/a/", "sets/a-b/", "sets/ab/", "sets/ä/", "sets/z/")
BESIDE = ("sets/", "sets/a", "sets/a.old/", "sets/b/", "sets/zz/", "other/", "sets/\U0001f40e/")
KEYS = st.lists(
    st.tuples(st.sampled_from(FOLDERS + BESIDE), st.sampled_from(("", "x", "y/z", "é", "part-0"))).map("".join),
    max_size=30,
    unique=True,
)


class TestSideBySide:
    @given(keys=KEYS, page=st.integers(1, 7), history=st.booleans(), chosen=st.sets(st.sampled_from(FOLDERS)))
    def test_the_same_records(self, keys, page, history, chosen, tmp_path_factory) -> None:
        """Whatever lies beside them, however long pages are, with object versions or without.

        By more pages only where what lies in a folder fills its last page: that it ends there the next one tells.
        """
        uris = [f"s3://bucket/{folder}" for folder in sorted(chosen)]
        folder = tmp_path_factory.mktemp("visits")
        keys = [key for key in keys if key]
        alone, together = (Bucket(keys, page, history=history) for _ in range(2))

        one, other = (seen(folder, bucket, uris, most) for bucket, most in ((alone, 0), (together, 2)))

        assert other.seen == one.seen
        assert other.complete == one.complete
        rows = [visit.ledger.coverage(HERE, records=0, calls={}) for visit in (one, other)]
        assert rows[0] == rows[1]
        assert together.calls <= alone.calls + len(chosen)

    def test_a_folder_that_may_not_be_listed(self, tmp_path) -> None:
        """Each is listed by itself, as ever, and nothing is missing, however many folders that are."""
        names = [f"sets-{number}/{name}" for number in range(9) for name in "abc"]
        bucket = Bucket([f"{name}/x" for name in names], 1000)

        def some(Prefix: str, **request: Any) -> Any:  # noqa: N803 - as the API calls them
            if Prefix.count("/") == 1:
                raise refused("AccessDenied")
            return bucket.objects(Prefix, **request)

        uris = [f"s3://bucket/{name}/" for name in names]
        visit = seen(tmp_path, bucket, uris, 2, ListObjectsV2=some)

        assert len(visit.seen) == 27
        assert visit.ledger.coverage(HERE, records=27, calls={}).status == "complete"

    def test_an_object_that_cannot_be_read(self, tmp_path) -> None:
        """It costs its own dataset."""
        bucket = Bucket([f"sets/{name}/x" for name in "abc"], 1000)

        def odd(**request: Any) -> Any:
            page = bucket.objects(**request)
            return {"Contents": [{**item, "ETag": None if "/b/" in item["Key"] else "e"} for item in page["Contents"]]}

        visit = seen(tmp_path, bucket, [f"s3://bucket/sets/{name}/" for name in "abc"], 2, ListObjectsV2=odd)

        assert sorted(record.body["Dataset"] for record in visit.seen.values()) == [
            "s3://bucket/sets/a/",
            "s3://bucket/sets/c/",
        ]

    def test_the_policy_lets_the_folder_be_listed(self) -> None:
        """That of ten or more, besides each by itself."""
        few, many = ([f"s3://bucket/sets/{number}/" for number in range(several)] for several in (9, 10))
        assert _prefixes(few) == {f"sets/{number}/" for number in range(9)}
        assert _prefixes(many) == {"sets/", *(f"sets/{number}/" for number in range(10))}


def _prefixes(uris: list[str]) -> set[str]:
    (listed,) = (one for one in policy(settings(uris, 10))["Statement"] if "Condition" in one)
    return set(listed["Condition"]["StringEquals"]["s3:prefix"])


def test_small_prefixes_in_three_buckets(empty_aws, tmp_path) -> None:
    """A listing for each bucket, where each by itself takes thirty; the same bytes of the snapshot."""
    empty_aws.role(ROLE, external_id=EXTERNAL_ID, allow=READER)
    empty_aws.role(f"arn:aws:iam::{ACCOUNT}:role/Writer")
    client = empty_aws.session(f"arn:aws:iam::{ACCOUNT}:role/Writer").client("s3", endpoint_url=empty_aws.url)
    buckets = ["one", "two", "three"]
    for bucket in buckets:
        client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
        for number in range(0, 100, 3 if bucket == "one" else 10):
            client.put_object(Bucket=bucket, Key=f"sets/{number}/x", Body=b"x")
    client.put_bucket_versioning(Bucket="two", VersioningConfiguration={"Status": "Enabled"})
    client.put_object(Bucket="two", Key="sets/50/x", Body=b"y")
    client.put_object(Bucket="three", Key="sets/50.old/x", Body=b"y")
    uris = [f"s3://{bucket}/sets/{number}/" for bucket in buckets for number in range(0, 100, 10)]
    digests, calls = [], []
    for siblings in (0, 10):
        empty_aws.forget_calls()
        night = harvest(settings(uris, siblings), Catalog(tmp_path / str(siblings)))
        digests.append(night.envelope.digest)
        calls.append(sum(call.count for call in empty_aws.calls() if call.operation.startswith(("List", "GetBucket"))))

    assert digests[0] == digests[1]
    assert calls == [39, 12]  # six are empty, and are asked for once more
