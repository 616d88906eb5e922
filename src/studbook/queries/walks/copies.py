"""Copies of model versions, and the line that they make: one model over all accounts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from studbook.lineage.graph import LineageReader
from studbook.model import Asset, Edge
from studbook.model.edge import EdgeKey


@dataclass(frozen=True)
class Family:
    """One version of a model: an original and all its copies, over all accounts."""

    members: tuple[Asset, ...]
    """In the order of registration; what nobody dated comes first, as an original that no listing showed."""
    edges: tuple[Edge, ...]
    """The copies that were made of each, in canonical order: what was copied to what, by evidence and never by date."""

    @cached_property
    def original(self) -> Asset:
        """What nothing among them was copied to, the earliest of several; in a circle of copies the earliest of all."""
        copies = {edge.target for edge in self.edges}
        return next((one for one in self.members if one.id not in copies), self.members[0])

    @cached_property
    def ids(self) -> frozenset[str]:
        """Of all members."""
        return frozenset(one.id for one in self.members)


def copied(lineage: LineageReader, version: str) -> Family:
    """The whole tree of copies that a version is in, whichever of them it is."""
    return lineage.once(("copied", version), lambda: _copied(lineage, version))


def _copied(lineage: LineageReader, version: str) -> Family:
    members: dict[str, Asset] = {}
    edges: dict[EdgeKey, Edge] = {}
    ahead = [version]
    while ahead:
        found = lineage.asset(ahead.pop())
        if found is None or found.id in members:
            continue
        members[found.id] = found
        up, down = lineage.upstream(found.id, "copied_to"), lineage.downstream(found.id, "copied_to")
        edges.update((edge.key, edge) for edge in (*up, *down))
        ahead += [edge.source for edge in up] + [edge.target for edge in down]
    return Family(
        tuple(sorted(members.values(), key=registered)),
        tuple(sorted(edges.values(), key=lambda edge: edge.key.order)),
    )


def copies_of(lineage: LineageReader, versions: Iterable[str]) -> Iterator[str]:
    """These versions and the copies that were made from them, on and on; not what they were copied from."""
    ahead = list(versions)
    seen = set(ahead)
    while ahead:
        here = ahead.pop()
        yield here
        for edge in lineage.downstream(here, "copied_to"):
            if edge.target not in seen:
                seen.add(edge.target)
                ahead.append(edge.target)


def registered(version: Asset) -> tuple[bool, str, str]:
    """In order of time; what nobody dated comes first, as the origin that no listing showed."""
    return (version.created_at is not None, (version.created_at or "").rstrip("Z"), version.id)


def line(lineage: LineageReader, group: str) -> tuple[Family, ...]:
    """What one model group and all copies of its versions are, over all accounts: each version once, oldest first."""
    return lineage.once(("line", group), lambda: _line(lineage, group))


def _line(lineage: LineageReader, group: str) -> tuple[Family, ...]:
    versions = [edge.target for edge in lineage.downstream(group, "has_version")]
    lineage.prefetch(versions, "downstream", "copied_to")
    lineage.prefetch(versions, "upstream", "copied_to")
    met: set[str] = set()
    families = []
    for version in versions:
        if version not in met and lineage.asset(version) is not None:
            family = copied(lineage, version)
            met |= family.ids
            families.append(family)
    return tuple(sorted(families, key=lambda family: registered(family.original)))


def groups_of(lineage: LineageReader, version: str) -> list[str]:
    """The ids of the groups that a version's original is in, sorted; those of its own where the original is in none."""
    family = copied(lineage, version)
    found = [edge.source for edge in lineage.upstream(family.original.id, "has_version")]
    return sorted(found or [edge.source for edge in lineage.upstream(version, "has_version")])


def lines(lineage: LineageReader, versions: Iterable[str]) -> dict[str, tuple[Family, ...]]:
    """The lines that versions belong to, by the group of their originals."""
    groups = {group for version in versions for group in groups_of(lineage, version)}
    return {group: line(lineage, group) for group in sorted(groups)}
