"""The catalog folder: content by digest, snapshots in a chain, an index for fast answers."""

from __future__ import annotations

from pathlib import Path

from studbook.store.catalog import Catalog

__all__ = ["Catalog", "open_catalog"]


def open_catalog(where: str, *, believe_cache: bool = True) -> Catalog:
    """The catalog in a folder, or at `s3://bucket/prefix`.

    Without `believe_cache` everything is fetched from the bucket anew, as an audit wants it.
    """
    if not where.startswith("s3://"):
        return Catalog(Path(where))
    from studbook.store.bucket_catalog import BucketCatalog  # it loads boto3

    return BucketCatalog(where, believe_cache=believe_cache)
