"""Integrity of weights: whether a version's weights are the bytes that were registered, by S3's ETags then and now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from studbook.model import Asset
from studbook.model.ids import parse_s3
from studbook.queries.answer import Night


@dataclass(frozen=True, slots=True)
class Written:
    """One object that is not what it was at registration."""

    uri: str
    was: str
    etag: str
    at: str | None
    """When what lies there was written."""


def changed_weights(night: Night, version: Asset) -> Iterator[Written]:
    """The objects of a version that have another ETag than the version keeps, by URI; the unseen is not told."""
    kept = version.attributes.get("etags")
    for uri, etag in sorted(kept.items()) if isinstance(kept, dict) else ():
        now, was = _today(night, uri), str(etag).strip('"')
        if now is not None and now[0] and was and now[0] != was:
            yield Written(uri, was, now[0], now[1])


def _today(night: Night, uri: str) -> tuple[str, str | None] | None:
    """The ETag of an object as the last listing or reading shows it, and when it was written."""
    seen = night.lineage.asset(uri)
    if seen is not None and isinstance(seen.attributes.get("etag"), str) and seen.stale_since is None:
        return str(seen.attributes["etag"]), seen.modified_at
    place = parse_s3(uri)
    if place is None:
        return None
    for dataset in night.settings.datasets if night.settings is not None else ():
        if not str(place).startswith(dataset.id):
            continue
        for edge in night.lineage.downstream(dataset.id, "has_version"):
            state = night.lineage.asset(edge.target)
            if state is None or state.attributes.get("current") is not True or state.stale_since is not None:
                continue
            record = night.record_of("s3_prefix", state.id)
            for item in record.body.get("Contents", ()) if record is not None else ():
                if item.get("Key") == place.key:
                    return str(item.get("ETag", "")), item.get("LastModified")
    return None
