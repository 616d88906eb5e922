"""Deleted objects: what earlier states of a dataset had that its last listing shows no more.

An object that was overwritten is not deleted: something lies at its key. One that a delete marker hides can be had
back, while a version of it is left; where the bucket keeps no versions, or none is left, it is gone for good.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from studbook.model import Asset
from studbook.model.facts import DatasetState


def mark_deletions(nodes: dict[str, Asset], states: Iterable[DatasetState]) -> None:
    """Says of each version of a dataset how many of its objects are deleted, and how many of them for good."""
    places: defaultdict[str, list[DatasetState]] = defaultdict(list)
    for state in states:
        places[state.uri].append(state)
    for several in places.values():
        last = next((state for state in several if state.until is None), None)
        kept = {(row["Key"], row["ETag"]) for row in (last.versions or () if last else ())}
        for state in several:
            asset = nodes.get(state.version)
            if asset is not None and state is not last:
                nodes[asset.id] = asset.but(attributes={**asset.attributes, **_counts(state, last, kept)})


def _counts(state: DatasetState, last: DatasetState | None, kept: set[tuple[Any, Any]]) -> Mapping[str, int]:
    keys = {row["Key"] for row in last.contents} if last else set()
    deleted: Sequence[Mapping[str, Any]] = [row for row in state.contents if row["Key"] not in keys]
    if not deleted:
        return {}
    if last is None:  # nobody lists that place any more
        return {"deleted_objects": len(deleted)}
    lost = sum((row["Key"], row["ETag"]) not in kept for row in deleted)
    return {"deleted_objects": len(deleted), **({"deleted_for_good": lost} if lost else {})}
