"""Deployment of a built site where people browse it: an S3 bucket, at the price of what changed, or a folder.

Beside the site lies, for each version, a list of its files with their digests, so that nothing has to be listed or
fetched to know what is there. A file whose bytes the version before has is copied on the server; only what is new
travels. Versions that are there and not here stay: a machine that builds tonight's site alone publishes it beside the
others. What nothing is known of in those lists is never touched.

Calls: one ListObjectsV2 for each thousand versions; one GetObject for each version that is published, and one for the
version before; one PutObject or CopyObject for each file that is not there as it is; one PutObject for each list that
changed, two where files go; one DeleteObjects for each thousand files that go.

Sites for insiders and for outsiders never share a place: an object among those lists has the audience's label.

Those lists are believed, unless everything is asked for: then each version's objects are listed (a thousand a call),
and what is missing there, or has another size or MD5 than the file here, is sent again. Under SSE-KMS an ETag is no
MD5, so that all is sent again.

A folder gets plain copies, without links, as GitHub and GitLab Pages want them: only files that differ are written, and
only what an earlier run wrote is taken away.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import mimetypes
import re
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from studbook.aws.errors import explain
from studbook.errors import PublishError, UsageError
from studbook.model.ids import S3Uri, parse_s3
from studbook.render.versions import LATEST, VERSIONS, audience_of, built, is_taken, kept, same_audience
from studbook.settings import Settings
from studbook.store import Catalog
from studbook.store.files import write_whole
from studbook.threads import Threads

T = TypeVar("T")

WORKERS: Final = 16
LISTS: Final = ".studbook/"
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
    changed: list[str] = field(default_factory=list)
    """The paths at which there is something else now, as a cache before the bucket has to forget them."""
    calls: Counter[str] = field(default_factory=Counter)
    """By operation; empty for a folder."""

    def sentence(self, where: str) -> str:
        """What was done."""
        calls = f"; {sum(self.calls.values()):,} requests" if self.calls else ""
        return (
            f"published {', '.join(self.versions)} to {where}: {self.sent:,} files sent ({self.sent_bytes:,} bytes), "
            f"{self.copied:,} copied, {self.removed:,} removed, {self.unchanged:,} as they were{calls}"
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, under the names of the fields."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__} | {"calls": dict(self.calls)}


def publish_site(
    catalog: Catalog,
    settings: Settings,
    site: Path,
    where: str,
    *,
    everything: bool = False,
    report: Callable[[str], None] = lambda line: None,
) -> Published:
    """Bring what is published of a catalog's site at `where`, an S3 URI or a folder, up to date.

    Versions that `site.keep` keeps no longer are taken away. Raises UsageError for what is neither, PublishError.
    """
    envelopes = list(catalog.envelopes())
    drop = {envelope.number for envelope in envelopes} - {one.number for one in kept(envelopes, settings.site.keep)}
    uri = parse_s3(where)
    if uri is not None:
        from studbook.aws.bucket import writer

        return publish(site, uri, writer(WORKERS), drop=drop, everything=everything, report=report)
    if "://" in where:
        raise UsageError(f"{where!r} is no S3 URI", "write s3://bucket/prefix/, or a folder")
    return publish_folder(site, Path(where), drop=drop)


def publish_folder(site: Path, target: Path, *, drop: Collection[int] = ()) -> Published:
    """Bring a folder's copy of the site up to date, without the snapshots in `drop` unless it is the newest; gives
    what was done. Raises PublishError."""
    numbers = built(site)
    if not numbers:
        raise PublishError(f"{site}: there is no site here", "build one with 'studbook build'")
    versions = [str(number) for number in numbers if number not in {*drop} - {numbers[-1]}] + [LATEST]
    beside = [path for path in site.iterdir() if path.is_file() and not path.name.startswith(".")]
    wanted = sorted(
        (path for version in versions for path in (site / version).rglob("*") if path.is_file()), key=str
    ) + sorted(beside)
    done = Published(versions=versions)
    listed = target / f"{LISTS}files.json"
    is_taken(target, audience_of(site))
    try:
        earlier: list[str] = json.loads(listed.read_bytes()) if listed.is_file() else []
        names = [path.relative_to(site).as_posix() for path in wanted]
        # What is to go is known before anything is written: a run that is killed leaves nothing unknown behind.
        write_whole(listed, json.dumps(sorted({*earlier, *names})).encode())
        write_whole(target / ".nojekyll", b"")  # GitHub Pages would leave out what begins with a dot or underscore
        for path, name in zip(wanted, names, strict=True):
            body = (
                _rows_kept(path, {int(v) for v in versions if v != LATEST}) if name == VERSIONS else path.read_bytes()
            )
            copy = target / name
            if copy.is_file() and not copy.is_symlink() and copy.read_bytes() == body:
                done.unchanged += 1
                continue
            if copy.is_dir() and not copy.is_symlink():
                shutil.rmtree(copy)
            write_whole(copy, body)
            done.sent += 1
            done.sent_bytes += len(body)
            done.changed.append(f"/{name}")
        for name in sorted({*earlier} - {*names}, reverse=True):
            _take_file(target, name, done)
        write_whole(listed, json.dumps(names).encode())
    except (OSError, ValueError) as error:
        raise PublishError(f"{target}: {error}", "may you write there? run it again to go on") from error
    done.removed_versions = sorted(
        {name.partition("/")[0] for name in earlier} - {name.partition("/")[0] for name in names}
    )
    return done


def _rows_kept(path: Path, numbers: Collection[int]) -> bytes:
    """The list of versions, without those that are not published."""
    rows = [row for row in json.loads(path.read_bytes()) if int(row["version"]) in numbers]
    return (json.dumps(rows, ensure_ascii=False, indent=1) + "\n").encode()


def _take_file(target: Path, name: str, done: Published) -> None:
    """Takes a file away, and the folders that it leaves empty. A list that somebody forged leads nowhere else."""
    path = target / name
    if ".." in Path(name).parts or not path.parent.resolve().is_relative_to(target.resolve()):
        return
    path.unlink(missing_ok=True)
    done.removed += 1
    done.changed.append(f"/{name}")
    for folder in path.relative_to(target).parents:
        if folder.parts and not any((target / folder).iterdir()):
            (target / folder).rmdir()


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
    here = built(site)
    if not here:
        raise PublishError(f"{site}: there is no site here", "build one with 'studbook build'")
    try:
        return _Publishing(site, to, client, report).run(here, {*drop} - {here[-1]}, everything=everything)
    except Exception as error:
        if isinstance(error, PublishError | UsageError):
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
        self._prefix = to.prefix
        self._client = client
        self._report = report
        self._done = Published()
        self._at: dict[str, str] = {}
        """Where in the bucket the bytes of a digest are."""
        self._digests: dict[tuple[int, int], str] = {}
        self._everything = False

    def run(self, here: list[int], drop: set[int], *, everything: bool) -> Published:
        self._everything = everything
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
        if self._everything:
            found = self._listed_objects(version)
            known = {
                path: digest
                for path, digest in local.items()
                if path in found and found[path] == self._as_listed(version, path)
            }
        leaving = sorted({*known, *listed["files"], *listed["leaving"]} - local.keys())
        new = {path: digest for path, digest in local.items() if known.get(path) != digest}
        first: dict[str, str] = {}
        for path, digest in new.items():
            if digest not in self._at:
                first.setdefault(digest, path)
        sizes = _all(pool, self._put, [(version, path) for path in first.values()])
        self._know(version, {path: digest for digest, path in first.items()})
        copies = [(version, path, digest) for path, digest in new.items() if first.get(digest) != path]
        _all(pool, self._copy, copies)
        if new or leaving or listed["files"] != local:
            self._write_list(version, local, leaving)
        self._delete(f"{version}/{path}" for path in leaving)
        if leaving:  # they are gone: else each run to come would take them away again
            self._write_list(version, local, ())
        self._know(version, local)
        done = self._done
        done.calls.update(PutObject=len(sizes), CopyObject=len(copies))
        done.sent += len(sizes)
        done.sent_bytes += sum(sizes)
        done.copied += len(copies)
        done.unchanged += len(local) - len(new)
        done.changed += [f"/{version}/{path}" for path in (*new, *leaving)]
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

    def _as_listed(self, version: str, path: str) -> tuple[int, str]:
        """Size and MD5 of a file here, as a listing has them."""
        body = (self._site / version / path).read_bytes()
        return len(body), hashlib.md5(body, usedforsecurity=False).hexdigest()

    # What is there

    def _listed_objects(self, version: str) -> dict[str, tuple[int, str]]:
        """Size and ETag of each object of a version, by path."""
        prefix = f"{self._prefix}{version}/"
        found = {}
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
            self._done.calls["ListObjectsV2"] += 1
            for item in page.get("Contents", ()):
                found[item["Key"].removeprefix(prefix)] = (int(item["Size"]), item["ETag"].strip('"'))
        return found

    def _published(self) -> set[int]:
        self._done.calls["ListObjectsV2"] += 1
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=f"{self._prefix}{LISTS}"
        )
        names = [
            item["Key"].rpartition("/")[2].partition(".")[0] for page in pages for item in page.get("Contents", ())
        ]
        wanted, there = audience_of(self._site), next((name for name in names if name.startswith("external-")), None)
        if names:
            same_audience(f"s3://{self._bucket}/{self._prefix}", there, wanted)
        elif wanted is not None:  # before anything of it is there
            self._send(f"{LISTS}{wanted}.txt", b"")
            self._done.calls["PutObject"] += 1
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


_HASHED: Final = re.compile(r"\.[0-9a-f]{8,}\.(?:min\.)?[a-z]+\d?(?:\.map)?$")
"""A name with a digest of the content in it, as the theme names its scripts and styles."""
_FOREVER: Final = "public, max-age=31536000, immutable"
_ASK_AGAIN: Final = "no-cache"
"""What a page may be cached by: not without asking, which costs a few bytes where nothing changed."""


def _headers(name: str) -> dict[str, str]:
    """The type that a browser needs, and how long it may keep the file without asking."""
    kind = _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    text = kind.startswith("text/") or kind == "application/json"
    kept_for = _FOREVER if _HASHED.search(name) else _ASK_AGAIN
    return {"ContentType": f"{kind}; charset=utf-8" if text else kind, "CacheControl": kept_for}


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
