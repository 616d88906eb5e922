"""A built site into an S3 bucket, at the price of what changed.

Beside the site lies, for each version, a list of its files with their digests, so that nothing has to be listed or
fetched to know what is there. A file whose bytes the version before has is copied on the server; only what is new
travels. Versions that are there and not here stay: a machine that builds tonight's site alone publishes it beside the
others. What nothing is known of in those lists is never touched.

Calls: one ListObjectsV2 for each thousand versions; one GetObject for each version that is published, and one for the
version before; one PutObject or CopyObject for each file that is not there as it is; one PutObject for each list that
changed; one DeleteObjects for each thousand files that go.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import mimetypes
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from studbook.aws.errors import explain
from studbook.errors import PublishError
from studbook.model.ids import S3Uri
from studbook.threads import Threads

T = TypeVar("T")

WORKERS: Final = 16
LISTS: Final = ".studbook/"
LATEST: Final = "latest"
VERSIONS: Final = "versions.json"
_DELETED_AT_ONCE: Final = 1000
_TYPES: Final = {".js": "text/javascript", ".webp": "image/webp", ".map": "application/json", ".md": "text/markdown"}

Digests = dict[str, str]
"""From a path within a version to the SHA-256 of its bytes."""


@dataclass(slots=True)
class Published:
    """What it came to."""

    versions: list[str] = field(default_factory=list)
    """Those that were brought up to date, `latest` included."""
    removed_versions: list[str] = field(default_factory=list)
    sent: int = 0
    sent_bytes: int = 0
    copied: int = 0
    removed: int = 0
    unchanged: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    """By operation."""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, under the names of the fields."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__} | {"calls": dict(self.calls)}


def publish(
    site: Path,
    to: S3Uri,
    client: Any,
    *,
    drop: Collection[int] = (),
    everything: bool = False,
    report: Callable[[str], None] = lambda line: None,
) -> Published:
    """Bring the bucket's copy of the site up to date; gives what was done.

    A version that is there already is taken to be as it was, but the newest; with `everything` each is compared.
    Published versions whose numbers are in `drop` are taken away. Raises PublishError; what was written by then is
    whole, and the next run goes on.
    """
    here = sorted(int(path.name) for path in site.iterdir() if path.name.isdigit()) if site.is_dir() else []
    if not here:
        raise PublishError(f"{site}: there is no site here", "build one with 'studbook build'")
    try:
        return _Publishing(site, to, client, report).run(here, {*drop} - {here[-1]}, everything=everything)
    except Exception as error:
        if isinstance(error, PublishError):
            raise
        trouble = explain(error, "S3")
        raise PublishError(
            f"{to}: {trouble.operation}: {trouble.code}: {trouble.message}",
            "the caller needs s3:ListBucket on the bucket, and s3:GetObject, s3:PutObject and s3:DeleteObject below "
            "the prefix; run it again to go on where it stopped",
        ) from error


class _Publishing:
    """The state of one run."""

    def __init__(self, site: Path, to: S3Uri, client: Any, report: Callable[[str], None]) -> None:
        self._site = site
        self._bucket = to.bucket
        self._prefix = to.key.rstrip("/") + "/" if to.key.strip("/") else ""
        self._client = client
        self._report = report
        self._done = Published()
        self._at: dict[str, str] = {}
        """Where in the bucket the bytes of a digest are."""
        self._digests: dict[tuple[int, int], str] = {}

    def run(self, here: list[int], drop: set[int], *, everything: bool) -> Published:
        there = self._published()
        wanted = [number for number in here if number not in drop and (everything or number not in there)]
        if here[-1] not in wanted:
            wanted.append(here[-1])
        with Threads(WORKERS, "publish") as pool:
            for number in wanted:
                before = max((other for other in there if other < number), default=None)
                if before is not None:
                    self._know(str(before), self._list_of(str(before))["files"])
                self._bring(str(number), pool)
                there.add(number)
            self._bring(LATEST, pool)
            self._top(sorted(there - drop, reverse=True))
            for number in sorted(there & drop):
                self._take_away(str(number))
        return self._done

    def _bring(self, version: str, pool: Threads) -> None:
        """One version: first what is new, then its list, then what goes."""
        local = self._files(version)
        listed = self._list_of(version)
        known: Digests = listed["files"]
        leaving = sorted({*known, *listed["leaving"]} - local.keys())
        new = {path: digest for path, digest in local.items() if known.get(path) != digest}
        first: dict[str, str] = {}
        for path, digest in new.items():
            if digest not in self._at:
                first.setdefault(digest, path)
        sizes = _all(pool, self._put, [(version, path) for path in first.values()])
        self._know(version, {path: digest for digest, path in first.items()})
        copies = [(version, path, digest) for path, digest in new.items() if first.get(digest) != path]
        _all(pool, self._copy, copies)
        if new or leaving:
            self._write_list(version, local, leaving)
        self._delete(f"{version}/{path}" for path in leaving)
        self._know(version, local)
        done = self._done
        done.calls.update(PutObject=len(sizes), CopyObject=len(copies))
        done.sent += len(sizes)
        done.sent_bytes += sum(sizes)
        done.copied += len(copies)
        done.unchanged += len(local) - len(new)
        done.versions.append(version)
        self._report(f"{version}: {len(first):,} sent, {len(copies):,} copied, {len(leaving):,} removed")

    def _top(self, numbers: list[int]) -> None:
        """The files beside the versions; the list of versions names those that only the bucket has, too."""
        offered = json.loads((self._site / VERSIONS).read_bytes())
        beside = [path for path in sorted(self._site.iterdir()) if path.is_file() and not path.name.startswith(".")]
        for path in beside:
            if path.name != VERSIONS:
                self._done.sent_bytes += self._send(path.name, path.read_bytes())
        earlier = self._get(VERSIONS)
        known = {row["version"]: row for row in json.loads(earlier or b"[]")} | {row["version"]: row for row in offered}
        rows = []
        for number in numbers:
            row = known.get(str(number), {"version": str(number), "title": str(number)})
            rows.append(row | {"aliases": [LATEST] if number == numbers[0] else []})
        text = json.dumps(rows, ensure_ascii=False, indent=1) + "\n"
        self._done.sent_bytes += self._send(VERSIONS, text.encode())
        self._done.sent += len(beside)
        self._done.calls["PutObject"] += len(beside)

    def _take_away(self, version: str) -> None:
        listed = self._list_of(version)
        paths = {*listed["files"], *listed["leaving"]}
        self._delete(f"{version}/{path}" for path in sorted(paths))
        self._delete([f"{LISTS}{version}.json.gz"])
        self._done.removed_versions.append(version)
        self._report(f"{version}: no longer kept, {len(paths):,} removed")

    # What is here

    def _files(self, version: str) -> Digests:
        """The version's files; what is one file on disk is read once."""
        top = self._site / version
        found = {}
        for path in sorted(top.rglob("*")):
            if path.is_file():
                seen = path.stat()
                key = (seen.st_dev, seen.st_ino)
                if key not in self._digests:
                    self._digests[key] = hashlib.sha256(path.read_bytes()).hexdigest()
                found[path.relative_to(top).as_posix()] = self._digests[key]
        return found

    # What is there

    def _published(self) -> set[int]:
        self._done.calls["ListObjectsV2"] += 1
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=f"{self._prefix}{LISTS}"
        )
        names = [
            item["Key"].rpartition("/")[2].partition(".")[0] for page in pages for item in page.get("Contents", ())
        ]
        return {int(name) for name in names if name.isdigit()}

    def _list_of(self, version: str) -> dict[str, Any]:
        body = self._get(f"{LISTS}{version}.json.gz")
        return {"files": {}, "leaving": []} if body is None else json.loads(gzip.decompress(body))

    def _get(self, name: str) -> bytes | None:
        self._done.calls["GetObject"] += 1
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)
        except self._client.exceptions.NoSuchKey:
            return None
        body: bytes = found["Body"].read()
        return body

    def _know(self, version: str, files: Mapping[str, str]) -> None:
        for path, digest in files.items():
            self._at.setdefault(digest, f"{version}/{path}")

    # What is done

    def _put(self, version: str, path: str) -> int:
        return self._send(f"{version}/{path}", (self._site / version / path).read_bytes())

    def _send(self, name: str, body: bytes) -> int:
        self._client.put_object(Bucket=self._bucket, Key=self._prefix + name, Body=body, **_headers(name))
        return len(body)

    def _copy(self, version: str, path: str, digest: str) -> None:
        self._client.copy_object(
            Bucket=self._bucket,
            Key=f"{self._prefix}{version}/{path}",
            CopySource={"Bucket": self._bucket, "Key": self._prefix + self._at[digest]},
            MetadataDirective="REPLACE",
            **_headers(path),
        )

    def _write_list(self, version: str, files: Digests, leaving: Collection[str]) -> None:
        text = json.dumps({"files": files, "leaving": list(leaving)}, ensure_ascii=False, sort_keys=True)
        self._client.put_object(
            Bucket=self._bucket,
            Key=f"{self._prefix}{LISTS}{version}.json.gz",
            Body=gzip.compress(text.encode(), mtime=0),
            ContentType="application/gzip",
        )
        self._done.calls["PutObject"] += 1

    def _delete(self, names: Iterable[str]) -> None:
        for several in _batches([{"Key": self._prefix + name} for name in names]):
            said = self._client.delete_objects(Bucket=self._bucket, Delete={"Objects": several, "Quiet": True})
            self._done.calls["DeleteObjects"] += 1
            if refused := said.get("Errors"):
                raise PublishError(
                    f"{refused[0]['Key']}: DeleteObjects: {refused[0]['Code']}: {refused[0]['Message']}",
                    "let the caller s3:DeleteObject below the prefix, and run it again",
                )
            self._done.removed += len(several)


def _headers(name: str) -> dict[str, str]:
    """The type that a browser needs; and that it asks again, which costs a few bytes where nothing changed."""
    kind = _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    text = kind.startswith("text/") or kind == "application/json"
    return {"ContentType": f"{kind}; charset=utf-8" if text else kind, "CacheControl": "no-cache"}


def _all(pool: Threads, act: Callable[..., T], arguments: Iterable[tuple[Any, ...]]) -> list[T]:
    """Does them side by side, and gives what came of each; those that have not begun when one fails never do."""
    futures = [pool.submit(act, *one) for one in arguments]
    try:
        return [future.result() for future in futures]
    except BaseException:
        for future in futures:
            future.cancel()
        raise


def _batches(several: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(several), _DELETED_AT_ONCE):
        yield several[start : start + _DELETED_AT_ONCE]
