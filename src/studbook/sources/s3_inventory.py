"""S3 Inventory: what lies under huge prefixes, by the report that S3 delivers daily or weekly, in place of listing.

Below `destination/source-bucket/configuration-id/` each report has a folder named by its date, with `manifest.json` and
its MD5 in `manifest.checksum`; the manifest names the files with the rows, and their MD5 (Amazon S3 User Guide,
"Locating your inventory list"). The newest report is taken that is whole: every checksum fits. What came after it
nobody knows.

Calls, per inventory: GetBucketInventoryConfiguration (which prefix does it cover?), one ListObjectsV2 and two GetObject
for the newest report. Nothing more where that one was read before; else one GetObject for each 8 MiB of its files. They
pass through the disk, one after the other, and so do the rows, which S3 gives in no order and a manifest has in that of
its keys: memory stays the same for any number of objects.

A report does not say of which prefix it is, and the filter may be another since: what it does not show is absent only
where its rows prove that it covers the dataset, or where S3 says the same. One or two ListObjectsV2 for each dataset of
which a report shows nothing, or only what lies below one of its folders.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import re
import sqlite3
import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from os.path import commonprefix
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote_plus

from studbook.aws.errors import UNREADABLE, Meaning, Trouble
from studbook.aws.times import timestamp
from studbook.model.ids import S3Uri, manifest_line
from studbook.model.storable import parse_json
from studbook.sources.interface import Json, Visit

_PIECE: Final = 8 * 1024 * 1024
_MANIFEST_BYTES: Final = 64 * 1024 * 1024
"""A billion objects are some thousand files."""
_TRIED: Final = 7
"""So many reports are looked at, the newest first."""
_FOLDER: Final = re.compile(r"/?(\d{4}-\d\d-\d\dT\d\d-\d\dZ)/$")
_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.000)?Z")
_NEEDED: Final = {"Key": "key", "Size": "size", "ETag": "e_tag", "LastModifiedDate": "last_modified_date"}
"""Columns of a CSV file, as the manifest names them, and what they are called in Parquet."""
_VERSIONS: Final = {"VersionId": "version_id", "IsLatest": "is_latest", "IsDeleteMarker": "is_delete_marker"}
_TABLE: Final = "CREATE TABLE object (dataset INTEGER, part TEXT, key BLOB, size INTEGER, modified TEXT, line BLOB)"
_IN_ORDER: Final = "SELECT dataset, part, key, size, modified, line FROM object ORDER BY dataset, part, key"
_GET: Final = "GetObject"

Row = tuple[str, int, str, str]
"""Key, size, ETag and time of a current object."""


@dataclass(frozen=True, slots=True)
class Report:
    """One delivered inventory."""

    bucket: str
    """Where it lies."""
    uri: str
    """Of its manifest."""
    checksum: str
    created_at: str
    """When S3 began to look through the bucket; UTC, RFC 3339 with Z."""
    format: str
    schema: str
    files: tuple[tuple[str, int, str], ...]
    """Key, bytes and MD5 of each."""

    @property
    def body(self) -> dict[str, str]:
        """As records have it: `Manifest` (a URI), `ManifestChecksum` and `CreatedAt`."""
        return {"Manifest": self.uri, "ManifestChecksum": self.checksum, "CreatedAt": self.created_at}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A dataset to be read."""

    prefix: str
    parts: bool
    """Whether each first-level subprefix is a state of its own."""


@dataclass(slots=True)
class State:
    """What lies under one prefix."""

    prefix: str
    fingerprint: str
    objects: int = 0
    bytes: int = 0
    newest: str | None = None
    oldest: str | None = None
    begins: str | None = None
    """What every key of the whole report begins with, and so the filter that it was made by; None where it has none."""

    @property
    def body(self) -> dict[str, Any]:
        """As records have it: `Fingerprint`, the number of `Objects`, their `Bytes`, and the times of the `Newest`
        and `Oldest`."""
        numbers = {"Objects": self.objects, "Bytes": self.bytes, "Newest": self.newest, "Oldest": self.oldest}
        return {"Fingerprint": self.fingerprint, **numbers}


def covered(visit: Visit, place: S3Uri, bucket: str) -> str:
    """The prefix of the bucket that the inventory is of, by its configuration. Raises Trouble."""
    name = place.key.rstrip("/").rpartition("/")[2]
    asked = {"Bucket": bucket, "Id": name}
    try:
        found = visit.call("GetBucketInventoryConfiguration", asked)["InventoryConfiguration"]
    except Trouble as trouble:
        if trouble.code not in ("NoSuchConfiguration", "NoSuchInventoryConfig"):
            raise
        raise _trouble(
            "gone",
            "NoSuchInventory",
            f"s3://{bucket} has no inventory {name!r}; 'inventory' is the folder that S3 writes, with the bucket and "
            f"the configuration's id at its end: s3://destination/prefix/{bucket}/id/",
            "GetBucketInventoryConfiguration",
        ) from None
    if found.get("IsEnabled") is not True:
        visit.skip("GetBucketInventoryConfiguration", f"{name} of s3://{bucket} is off: no newer report will come")
    return str((found.get("Filter") or {}).get("Prefix") or "")


def reports(visit: Visit, place: S3Uri, bucket: str) -> Iterator[Report]:
    """The reports whose manifest can be believed, newest first; of what is newer and cannot, it is said why.

    Raises Trouble where there is none.
    """
    request = {"Bucket": place.bucket, "Prefix": place.key, "Delimiter": "/"}
    tokens = {"NextContinuationToken": "ContinuationToken"}
    dates = sorted(
        (match[1], one["Prefix"])
        for page in visit.pages("ListObjectsV2", request, tokens=tokens)
        for one in page.get("CommonPrefixes") or ()
        if (match := _FOLDER.search(one["Prefix"]))
    )
    for date, folder in dates[: -_TRIED - 1 : -1]:
        try:
            yield _report(visit, place.bucket, folder, bucket)
        except Trouble as trouble:
            if not is_torn(trouble):
                raise
            if trouble.code == "NoSuchKey":
                visit.skip(_GET, f"the report of {date} below {place} is not delivered yet: it has no manifest")
            else:
                visit.gap(trouble)
    raise _trouble(
        "gone",
        "NoInventory",
        f"no whole report lies below {place}: S3 delivers the first within 48 hours; is it the folder with the dates?",
    )


def read(visit: Visit, report: Report, wanted: Sequence[Wanted]) -> Iterator[tuple[int, State]]:
    """The states that a report shows, by the number of the dataset; one without objects where it shows nothing of it.

    Nothing comes before all files were read. Raises Trouble: `is_torn` says whether another report may do.
    """
    try:
        with (
            tempfile.TemporaryDirectory(prefix="studbook-") as folder,
            closing(sqlite3.connect(Path(folder) / "objects.sqlite", isolation_level=None)) as rows,
        ):
            # Nobody reads it after a crash.
            rows.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {_TABLE}")
            keys = _Keys()
            for number, file in enumerate(report.files):
                path = Path(folder) / f"{number}"
                _download(visit, report.bucket, file, path)
                rows.execute("BEGIN")
                found = _placed(keys.of(_rows(path, report, file[0])), wanted)
                rows.executemany("INSERT INTO object VALUES (?, ?, ?, ?, ?, ?)", found)
                rows.execute("COMMIT")
                path.unlink()
            for number, state in _states(rows, wanted):
                state.begins = keys.begin
                yield number, state
    except (sqlite3.Error, OSError) as error:
        message = f"the rows of {report.uri} do not fit on the disk of TMPDIR: {error}"
        raise _trouble("limit", "NoSpace", message) from error


def cured(trouble: Trouble, place: S3Uri, bucket: str) -> Trouble:
    """The same with the way out, where S3 knows no bucket or lets nobody ask: it names neither."""
    if trouble.code == "NoSuchBucket":
        source = trouble.operation == "GetBucketInventoryConfiguration"
        cure = f"'uri' names s3://{bucket}" if source else f"'inventory' names s3://{place.bucket}"
        cure += ", which is not there"
    elif trouble.meaning == "denied":
        action = {
            "GetBucketInventoryConfiguration": f"s3:GetInventoryConfiguration on s3://{bucket}",
            "ListObjectsV2": f"s3:ListBucket on s3://{place.bucket}",
        }.get(trouble.operation, f"s3:GetObject below {place}, and kms:Decrypt where a key of KMS encrypts it")
        cure = f"the account's role needs {action}: see 'studbook iam'; a bucket of another account must allow it, too"
    else:
        return trouble
    return Trouble(trouble.meaning, trouble.operation, trouble.code, f"{trouble.message}; {cure}")


def is_torn(trouble: Trouble) -> bool:
    """Whether it is the matter with one report, so that an older one may be whole."""
    return trouble.code in ("NoSuchKey", *_TORN)


_TORN: Final = ("InventoryTorn", "InvalidRange")


def _trouble(meaning: Meaning, code: str, message: str, operation: str = _GET) -> Trouble:
    return Trouble(meaning, operation, code, message)


def _torn(uri: str, why: str) -> Trouble:
    return _trouble("lost", "InventoryTorn", f"{uri} {why}: an older report is taken, where one is whole")


def _report(visit: Visit, bucket: str, folder: str, source: str) -> Report:
    key, uri = f"{folder}manifest.json", f"s3://{bucket}/{folder}manifest.json"
    _, checksum = visit.fetch({"Bucket": bucket, "Key": f"{folder}manifest.checksum"}, 100)
    _, raw = visit.fetch({"Bucket": bucket, "Key": key}, _MANIFEST_BYTES)
    said = checksum.decode("ascii", "replace").strip().lower()
    if said != _md5(raw).hexdigest():
        raise _torn(uri, "is not what manifest.checksum says")
    try:
        found = parse_json(raw)
        created = timestamp(datetime.fromtimestamp(int(found["creationTimestamp"]) / 1000, UTC))
        files = tuple((str(one["key"]), int(one["size"]), str(one["MD5checksum"]).lower()) for one in found["files"])
        report = Report(bucket, uri, said, created, str(found["fileFormat"]), str(found["fileSchema"]), files)
        named = str(found["sourceBucket"])
    except (*UNREADABLE, OSError) as error:
        raise _torn(uri, f"is not as expected ({type(error).__name__}: {error})") from error
    if named != source:
        message = f"{uri} is the inventory of s3://{named}, not of s3://{source}; name the one of the dataset's bucket"
        raise _trouble("invalid", "OtherBucket", message)
    if report.format not in ("CSV", "Parquet"):
        message = f"{uri} is in {report.format}; let the inventory's configuration say CSV or Parquet"
        raise _trouble("unsupported", "InventoryFormat", message)
    return report


def _md5(raw: bytes = b"") -> Any:
    return hashlib.md5(raw, usedforsecurity=False)


def _download(visit: Visit, bucket: str, file: tuple[str, int, str], path: Path) -> None:
    """A file by pieces; nothing of it counts before its checksum fits."""
    key, size, checksum = file
    found, uri = _md5(), f"s3://{bucket}/{key}"
    with path.open("wb") as out:
        for begin in range(0, size, _PIECE):
            end = min(begin + _PIECE, size)
            _, raw = visit.fetch({"Bucket": bucket, "Key": key, "Range": f"bytes={begin}-{end - 1}"}, _PIECE)
            if len(raw) != end - begin:
                raise _torn(uri, "has not the bytes that the manifest says")
            found.update(raw)
            out.write(raw)
    if found.hexdigest() != checksum:
        raise _torn(uri, "is not what the manifest says (MD5checksum)")


def _rows(path: Path, report: Report, key: str) -> Iterator[Row]:
    """The current objects in a file: neither versions that were overwritten nor delete markers."""
    of_format = _csv if report.format == "CSV" else _parquet
    for number, row in enumerate(of_format(path, report), start=1):
        latest, marker = row.get("IsLatest", True), row.get("IsDeleteMarker", False)
        if latest not in _TRUE and latest not in _FALSE:
            raise _trouble("invalid", "Unreadable", f"row {number} of {key} does not say whether it is the latest")
        if latest in _FALSE or marker in _TRUE:
            continue
        try:
            yield str(row["Key"]), int(row["Size"]), _said(row["ETag"]).strip('"'), _time(row["LastModifiedDate"])
        except (TypeError, ValueError) as error:
            raise _trouble("invalid", "Unreadable", f"row {number} of {key} is not as expected: {error}") from error


_TRUE: Final = (True, "true")
_FALSE: Final = (False, "false")


def _said(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("it has no ETag")
    return value


def _time(value: Any) -> str:
    if isinstance(value, datetime):
        return timestamp(value)
    if (match := _TIME.fullmatch(value)) is not None:
        return f"{match[1]}Z"
    return timestamp(datetime.fromisoformat(value))


def _columns(names: Sequence[str], report: Report, known: Mapping[str, str]) -> list[str]:
    """Which of the known columns are there. Raises Trouble where that does not tell what is current, or what it is."""
    there = [name for name in known if known[name] in names]
    lacking = [name for name in _NEEDED if name not in there]
    if any(name in there for name in _VERSIONS):  # all versions are listed, and these tell which one counts
        lacking += [name for name in _VERSIONS if name not in there]
    if lacking:
        message = f"{report.uri} lacks {', '.join(lacking)}; add them to the fields of the inventory's configuration"
        raise _trouble("invalid", "InventoryColumns", message)
    return there


def _csv(path: Path, report: Report) -> Iterator[Json]:
    """As the manifest names its columns; keys are URL-encoded, as in a form."""
    names = [name.strip() for name in report.schema.split(",")]
    there = _columns(names, report, {name: name for name in (*_NEEDED, *_VERSIONS)})
    pick = itemgetter(*(names.index(name) for name in there))
    key = there.index("Key")
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
            for row in csv.reader(lines, strict=True):
                if len(row) != len(names):
                    raise ValueError(f"a row has {len(row)} columns, not {len(names)}")
                cells = pick(row)
                found = dict(zip(there, cells, strict=True))
                if "%" in cells[key] or "+" in cells[key]:
                    found["Key"] = unquote_plus(cells[key], errors="strict")
                yield found
    except (csv.Error, EOFError, ValueError, gzip.BadGzipFile, zlib.error) as error:
        raise _trouble("invalid", "Unreadable", f"a file of {report.uri} is not as expected: {error}") from error


def _parquet(path: Path, report: Report) -> Iterator[Json]:
    """A batch of rows at a time; keys stand as they are."""
    try:
        import pyarrow
        from pyarrow.parquet import ParquetFile
    except ImportError:
        message = f"{report.uri} is in Parquet, which needs the package pyarrow: pip install 'studbook[parquet]'"
        raise _trouble("unsupported", "NoPyarrow", message) from None
    known = {**_NEEDED, **_VERSIONS}
    try:
        with ParquetFile(path) as file:
            there = _columns(file.schema_arrow.names, report, known)
            for batch in file.iter_batches(10_000, columns=[known[name] for name in there]):
                columns = [batch.column(known[name]).to_pylist() for name in there]
                for cells in zip(*columns, strict=True):
                    yield dict(zip(there, cells, strict=True))
    except pyarrow.ArrowException as error:
        raise _trouble("invalid", "Unreadable", f"a file of {report.uri} is not as expected: {error}") from error


class _Keys:
    """The longest common prefix of all keys that went through."""

    def __init__(self) -> None:
        self.begin: str | None = None

    def of(self, rows: Iterator[Row]) -> Iterator[Row]:
        for row in rows:
            if self.begin is None or not row[0].startswith(self.begin):
                # By characters, as a filter is.
                self.begin = row[0] if self.begin is None else commonprefix((self.begin, row[0]))  # noqa: RUF071
            yield row


def _placed(rows: Iterator[Row], wanted: Sequence[Wanted]) -> Iterator[tuple[Any, ...]]:
    """Each object for each dataset that it lies in; what lies beside the subprefixes belongs to none."""
    for key, size, etag, modified in rows:
        for number, one in enumerate(wanted):
            if not key.startswith(one.prefix):
                continue
            relative, part = key[len(one.prefix) :], ""
            if one.parts:
                part, slash, relative = relative.partition("/")
                if not slash or not part:
                    continue
            marker = size == 0 and key.endswith("/")
            line = None if marker else manifest_line(relative, size, etag)
            yield number, part, relative.encode(), size, modified, line


def _states(rows: sqlite3.Connection, wanted: Sequence[Wanted]) -> Iterator[tuple[int, State]]:
    seen: set[int] = set()
    for (number, part), group in groupby(rows.execute(_IN_ORDER), key=itemgetter(0, 1)):
        state, hasher, before = State(wanted[number].prefix + (f"{part}/" if part else ""), ""), hashlib.sha256(), None
        for _, _, key, size, modified, line in group:
            if key == before:
                raise _trouble("invalid", "Unreadable", f"{key.decode()!r} is there twice: which one is current?")
            before = key
            if line is not None:
                hasher.update(line)
            state.objects += 1
            state.bytes += size
            state.newest = max(state.newest or modified, modified)
            state.oldest = min(state.oldest or modified, modified)
        state.fingerprint = f"sha256:{hasher.hexdigest()}"
        seen.add(number)
        yield number, state
    for number, one in enumerate(wanted):
        if number not in seen:
            yield number, State(one.prefix, f"sha256:{hashlib.sha256().hexdigest()}")
