"""The way of a model through accounts: registered here, copied there, approved, running.

One model version may be many packages: clones that name their source, and packages that somebody registered again with
the same weights (`copied_to`, referenced or inferred). A package may also serve another account as it is, shared by its
ARN. All of that together is one path; its order is that of registration.

`promotion(lineage, package)` is the path of a version, `promotions(lineage, group)` the paths of all versions of a
model, newest first. Both are pure; when an approval was given, no API says: `studbook log` knows from night to night.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from studbook.lineage.graph import Lineage
from studbook.model import Asset, Edge
from studbook.queries.deployed import deployed

_DOWN = ("packaged_as", "deployed_to")


@dataclass(frozen=True, slots=True)
class Step:
    """One package on the way."""

    package: Asset
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
        """The step as JSON."""
        package = self.package
        return {
            "package": package.id,
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
                    "evidence": list(edge.evidence),
                }
                for edge in self.copied
            ],
            "runs_at": [endpoint.id for endpoint in self.runs_at],
            "shared_with": list(self.shared_with),
        }


def promotion(lineage: Lineage, package: str) -> tuple[Step, ...]:
    """The path that a package is on: it and all its originals and copies, in the order of registration."""
    family: dict[str, Asset] = {}
    ahead = [package]
    while ahead:
        found = lineage.asset(ahead.pop())
        if found is None or found.id in family:
            continue
        family[found.id] = found
        ahead += [edge.source for edge in lineage.upstream(found.id, "copied_to")]
        ahead += [edge.target for edge in lineage.downstream(found.id, "copied_to")]
    return tuple(_step(lineage, one) for one in sorted(family.values(), key=_registered))


def promotions(lineage: Lineage, group: str) -> tuple[tuple[Step, ...], ...]:
    """The paths of all versions of a model, that with the newest version first."""
    versions = [lineage.asset(edge.target) for edge in lineage.downstream(group, "has_version")]
    met: set[str] = set()
    paths = []
    for version in sorted((one for one in versions if one is not None), key=_registered, reverse=True):
        if version.id not in met:
            path = promotion(lineage, version.id)
            met.update(step.package.id for step in path)
            paths.append(path)
    return tuple(paths)


def _registered(package: Asset) -> tuple[bool, str, str]:
    """In order of time; what nobody dated comes first, as the origin that no listing showed."""
    return (package.created_at is not None, (package.created_at or "").rstrip("Z"), package.id)


def _step(lineage: Lineage, package: Asset) -> Step:
    below = {asset.id: asset for asset in _below(lineage, package)}
    endpoints = [asset for asset in below.values() if asset.kind == "endpoint" and asset.gone_since is None]
    running = [endpoint for endpoint in endpoints if _answers(lineage, endpoint, package)]
    users = {asset.account for asset in below.values() if asset.kind in ("model", "inference_component")}
    return Step(
        package=package,
        copied=tuple(sorted(lineage.upstream(package.id, "copied_to"), key=lambda edge: edge.source)),
        runs_at=tuple(sorted(running, key=lambda endpoint: endpoint.id)),
        shared_with=tuple(sorted(account for account in users if account and account != package.account)),
    )


def _below(lineage: Lineage, package: Asset) -> Iterator[Asset]:
    ahead, seen = [package.id], {package.id}
    while ahead:
        place = ahead.pop()
        for relation in _DOWN:
            for edge in lineage.downstream(place, relation):
                found = lineage.asset(edge.target)
                # A package that was registered from a model is another version.
                if found is not None and found.id not in seen and found.kind != "model_package":
                    seen.add(found.id)
                    ahead.append(found.id)
                    yield found


def _answers(lineage: Lineage, endpoint: Asset, package: Asset) -> bool:
    return any(
        version.id == package.id
        for running in deployed(lineage, endpoint.id)
        if not running.shadow
        for version in running.versions
    )
