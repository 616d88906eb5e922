"""Promotion: the way of a model through accounts: registered here, copied there, approved, running.

One model version may be many packages: clones that name their source, and packages that somebody registered again with
the same weights (`copied_to`, referenced or inferred). A package may also serve another account as it is, shared by its
ARN. All of that together is one tree, as the copies were made: what was registered later was not copied from what was
registered before it.

`promotion(lineage, package)` is the tree of a version, `promotions(lineage, group)` the trees of all versions of a
model, newest first. Both are pure; when an approval was given, no API says: `studbook log` knows from night to night.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from studbook.lineage.graph import LineageReader
from studbook.model import Asset, Edge
from studbook.queries.runs import rows_at
from studbook.queries.walks import Family, copied, line, runs_at, shared_with
from studbook.queries.walks.copies import registered


@dataclass(frozen=True, slots=True)
class Step:
    """One package on the way."""

    package: Asset
    depth: int
    """How many copies lie between it and the original; it stands below what it is a copy of."""
    copied: tuple[Edge, ...]
    """The edges from what it is a copy of; several where several are candidates, none where the path begins."""
    runs_at: tuple[Asset, ...]
    """The live endpoints that answer with it, by id."""
    shared_with: tuple[str, ...]
    """The other accounts that made a model of this very package, sorted."""

    @property
    def approval(self) -> str | None:
        """PendingManualApproval, Approved or Rejected; None where nobody was asked."""
        found: str | None = self.package.attributes.get("approval")
        return found

    @property
    def released(self) -> bool:
        """Whether it is a release: what was only logged is none."""
        return self.package.attributes.get("registration_type") != "Logged"

    def as_data(self) -> dict[str, Any]:
        """The step as JSON: the package's facts, `copied_from` with evidence, `runs_at` and `shared_with` as lists
        of ids."""
        package = self.package
        return {
            "package": package.id,
            "depth": self.depth,
            "name": package.name,
            "account": package.account,
            "region": package.region,
            "stage": package.stage,
            "registered_at": package.created_at,
            "released": self.released,
            "approval": self.approval,
            "life_cycle": package.attributes.get("life_cycle"),
            "changed_at": package.modified_at,
            "changed_by": package.attributes.get("modified_by"),
            "gone_since": package.gone_since,
            "copied_from": [
                {
                    "package": edge.source,
                    "certainty": edge.certainty,
                    "candidate": edge.candidate,
                    "evidence": edge.as_data()["evidence"],
                }
                for edge in self.copied
            ],
            "runs_at": [endpoint.id for endpoint in self.runs_at],
            "shared_with": list(self.shared_with),
        }


def promotion(lineage: LineageReader, package: str) -> tuple[Step, ...]:
    """The tree that a package is in: each package right below what it is a copy of, copies in the order of time."""
    return _steps(lineage, copied(lineage, package))


def promotions(lineage: LineageReader, group: str) -> tuple[tuple[Step, ...], ...]:
    """The trees of all versions of a model, that with the newest version first."""
    return tuple(_steps(lineage, family) for family in reversed(line(lineage, group)))


def _steps(lineage: LineageReader, family: Family) -> tuple[Step, ...]:
    return tuple(_step(lineage, family, package, depth) for package, depth in _in_tree(family))


def _in_tree(family: Family) -> Iterator[tuple[Asset, int]]:
    """Depth first; what several may be the source of stands below the first of them."""
    members = {one.id: one for one in family.members}
    seen: set[str] = set()
    copies = {edge.target for edge in family.edges}
    originals = [one for one in family.members if one.id not in copies]
    # In a circle of copies nothing is the original: then the earliest stands for it.
    for start in [*originals, *family.members]:
        ahead = [(start, 0)]
        while ahead:
            here, depth = ahead.pop()
            if here.id in seen:
                continue
            seen.add(here.id)
            yield here, depth
            below = [members[edge.target] for edge in family.edges if edge.source == here.id and edge.target in members]
            ahead += [(one, depth + 1) for one in sorted(below, key=registered, reverse=True)]


def _step(lineage: LineageReader, family: Family, package: Asset, depth: int) -> Step:
    running = [
        endpoint
        for endpoint in runs_at(lineage, [package.id])
        if any(row.version == package.id and not row.shadow for row in rows_at(lineage, endpoint))
    ]
    return Step(
        package=package,
        depth=depth,
        copied=tuple(edge for edge in family.edges if edge.target == package.id),
        runs_at=tuple(running),
        shared_with=shared_with(lineage, package),
    )
