"""Deleted objects: what earlier states of a dataset had that its last listing shows no more.

One that a delete marker hides can be had back, while its version is left. Where no version of it is left it is gone for
good, also behind a newer object of its key. Where the bucket keeps no versions what was overwritten has changed, and
only what is missing was deleted. Of states by inventory nobody knows the keys, and nothing is said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from studbook.lineage.joins.object_history import Objects, in_order
from studbook.model import Asset
from studbook.model.facts import DatasetState


def mark_deletions(nodes: dict[str, Asset], states: Iterable[DatasetState]) -> None:
    """Says of each version of a dataset how many of its objects are deleted, and how many of them for good; and of the
    last one that an account showed, where another lists the place since, that it is not the last one."""
    places: defaultdict[str, list[DatasetState]] = defaultdict(list)
    for state in states:
        places[state.uri].append(state)
    for several in places.values():
        *others, newest = in_order(several)
        last = newest if newest.until is None else None
        for state in others:
            if state.until is None and last is not None and state.version != last.version and state.version in nodes:
                _amend(nodes, state, {"current": False, "superseded_since": state.stale_since})
        if last is not None and last.inventory is not None:
            continue
        before = [state for state in several if state is not last and state.version in nodes and not state.inventory]
        for state, losses in _losses(before, last) if before else ():
            _amend(nodes, state, losses)


def _amend(nodes: dict[str, Asset], state: DatasetState, told: Mapping[str, Any]) -> None:
    asset = nodes[state.version]
    nodes[asset.id] = asset.but(attributes={**asset.attributes, **told})


def _losses(
    states: Iterable[DatasetState], last: DatasetState | None
) -> Iterator[tuple[DatasetState, Mapping[str, int]]]:
    """What each state has lost since; the last listing, which can be long, is gone through once."""
    if last is None:  # nobody lists that place any more, and so nobody tells what versions are left
        for state in states:
            yield state, {"deleted_objects": len(state.contents)} if state.contents else {}
        return
    loss_of = losses(last.contents, last.versions)
    for state in states:
        found = [loss_of(row) for row in state.contents]
        told = {
            "deleted_objects": sum(one.deleted for one in found),
            "deleted_for_good": sum(one.for_good for one in found),
        }
        yield state, {name: number for name, number in told.items() if number}


class Loss(NamedTuple):
    """What became of an object."""

    deleted: bool = False
    """It is missing, or no version of it is left, whatever lies at its key now."""
    for_good: bool = False


def losses(contents: Objects, versions: Objects | None) -> Callable[[Mapping[str, Any]], Loss]:
    """What became of an object, by its row of an earlier listing (`Key`, `ETag`), as a later listing tells: its
    objects, and all versions, or None where the bucket does not keep them."""
    there = {row["Key"] for row in contents}
    kept = None if versions is None else {(row["Key"], row["ETag"]) for row in versions}

    def loss_of(row: Mapping[str, Any]) -> Loss:
        missing = row["Key"] not in there
        lost = missing if kept is None else (row["Key"], row["ETag"]) not in kept
        return Loss(missing or lost, lost)

    return loss_of
