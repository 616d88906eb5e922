"""S3 Inventory of the demo's AWS: a report is delivered when the story says so, by the bucket's own configuration.

As S3 does it: keys of CSV files are URL-encoded, rows are in no order, versions and delete markers are among them where
the configuration asks for all; `manifest.json` has the MD5 of each file, `manifest.checksum` that of itself.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote_plus

_PARQUET: Final = {
    "Bucket": "bucket", "Key": "key", "VersionId": "version_id", "IsLatest": "is_latest",
    "IsDeleteMarker": "is_delete_marker", "Size": "size", "LastModifiedDate": "last_modified_date", "ETag": "e_tag",
}  # fmt: skip
_VERSIONS: Final = ("VersionId", "IsLatest", "IsDeleteMarker")
_FILES: Final = 2
"""Of one report: Amazon S3 splits what is long."""


def deliver(client: Any, bucket: str, inventory: str, at: datetime) -> str:
    """Writes the report of this time, by an S3 client; gives the URI of the folder that all reports lie in."""
    asked = client.get_bucket_inventory_configuration(Bucket=bucket, Id=inventory)["InventoryConfiguration"]
    to = asked["Destination"]["S3BucketDestination"]
    columns = ["Bucket", "Key", *(_VERSIONS if asked["IncludedObjectVersions"] == "All" else ())]
    columns += [one for one in _PARQUET if one in asked.get("OptionalFields", ())]
    prefix = (asked.get("Filter") or {}).get("Prefix", "")
    found = sorted(_rows(client, bucket, prefix), key=lambda row: hashlib.sha256(str(row).encode()).digest())
    if "IsLatest" not in columns:
        found = [row for row in found if row["IsLatest"] and not row["IsDeleteMarker"]]
    folder = "/".join(filter(None, (to.get("Prefix"), bucket, inventory)))
    write = _csv if to["Format"] == "CSV" else _parquet
    there = to["Bucket"].rpartition(":")[2]
    listed = []
    for number in range(_FILES):
        raw = write(columns, found[number::_FILES])
        key = f"{folder}/data/{at:%Y%m%d}-{number}.{'csv.gz' if to['Format'] == 'CSV' else 'parquet'}"
        client.put_object(Bucket=there, Key=key, Body=raw)
        listed.append({"key": key, "size": len(raw), "MD5checksum": _md5(raw)})
    manifest = manifest_json(bucket, at, to["Format"], columns, listed)
    dated = f"{folder}/{at:%Y-%m-%dT%H-%MZ}"
    client.put_object(Bucket=there, Key=f"{dated}/manifest.json", Body=manifest)
    client.put_object(Bucket=there, Key=f"{dated}/manifest.checksum", Body=_md5(manifest).encode())
    return f"s3://{there}/{folder}/"


def manifest_json(
    bucket: str, at: datetime, file_format: str, columns: Sequence[str], files: list[dict[str, Any]]
) -> bytes:
    """A manifest as S3 writes it."""
    schema = ", ".join(columns) if file_format != "Parquet" else "message s3.inventory { ... }"
    return json.dumps(
        {
            "sourceBucket": bucket,
            "version": "2016-11-30",
            "creationTimestamp": str(round(at.timestamp() * 1000)),
            "fileFormat": file_format,
            "fileSchema": schema,
            "files": files,
        }
    ).encode()


def _md5(raw: bytes) -> str:
    return hashlib.md5(raw, usedforsecurity=False).hexdigest()


def _rows(client: Any, bucket: str, prefix: str) -> Iterable[dict[str, Any]]:
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        for marker, several in ((False, page.get("Versions", ())), (True, page.get("DeleteMarkers", ()))):
            for one in several:
                yield {
                    "Bucket": bucket,
                    "Key": one["Key"],
                    "VersionId": "" if one["VersionId"] == "null" else one["VersionId"],
                    "IsLatest": one["IsLatest"],
                    "IsDeleteMarker": marker,
                    "Size": None if marker else one["Size"],
                    "LastModifiedDate": one["LastModified"],
                    "ETag": None if marker else one["ETag"].strip('"'),
                }


def _csv(columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> bytes:
    out = io.StringIO()
    lines = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    for row in rows:
        lines.writerow(
            row[name].strftime("%Y-%m-%dT%H:%M:%S.000Z")
            if name == "LastModifiedDate"
            else quote_plus(row[name], safe="/")
            if name == "Key"
            else str(row[name]).lower()
            if isinstance(row[name], bool)
            else row[name]
            for name in columns
        )
    return gzip.compress(out.getvalue().encode(), mtime=0)


def _parquet(columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({_PARQUET[name]: [row[name] for row in rows] for name in columns})
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()
