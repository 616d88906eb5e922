"""What a model version replaces: the one before it in its line that was released, and how both were judged."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from studbook.lineage.graph import LineageReader
from studbook.model import Asset
from studbook.queries.walks import Family, copied, groups_of


@dataclass(frozen=True, slots=True)
class Release:
    """A version that people rely on: it runs in production, or is the newest of its line that somebody approved."""

    version: Asset
    """The copy that runs, else the one that was approved."""
    family: Family
    """With all its copies."""
    runs: bool
    """Whether it runs in production."""


Lines = Callable[[str], Sequence[Family]]
"""The line of a group by its id, as `walks.line` tells it; who asks for many looks each up once."""


def releases(lineage: LineageReader, running: Collection[str], line_of: Lines) -> Iterator[Release]:
    """The releases of all lines, each version once; `running` are the versions that run in production."""
    met: set[str] = set()
    for version_id in sorted(running):
        family = copied(lineage, version_id)
        version = lineage.asset(version_id)
        if version is not None and family.original.id not in met:
            met.add(family.original.id)
            yield Release(version, family, True)
    for group in lineage.of_kind("model_package_group"):
        approved = [(family, one) for family in line_of(group.id) if (one := _approved(family)) is not None]
        for family, version in approved[-1:]:
            if family.original.id not in met:
                met.add(family.original.id)
                yield Release(version, family, False)


def predecessor(lineage: LineageReader, release: Release, running: Collection[str], line_of: Lines) -> Family | None:
    """The newest older version of the line that was approved or runs in production; None where there is none.

    What nobody dated is older than nothing.
    """
    mine = release.family
    at = mine.original.created_at
    found: list[Family] = []
    for group in groups_of(lineage, release.version.id):
        for family in line_of(group):
            before = family.original.created_at
            released = _approved(family) is not None or any(one.id in running for one in family.members)
            if family.original.id != mine.original.id and released and before is not None and at and before < at:
                found.append(family)
    return max(found, key=lambda family: (family.original.created_at or "", family.original.id), default=None)


def _approved(family: Family) -> Asset | None:
    """The first of its members that somebody approved, and that is still there."""
    approved = (one for one in family.members if one.attributes.get("approval") == "Approved")
    return next((one for one in approved if one.gone_since is None), None)
