"""What answers at an endpoint: which model versions stand behind it, and which base models as they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from studbook.lineage.graph import Lineage
from studbook.model import Asset

_SERVING = ("endpoint_config", "inference_component", "endpoint")
_SAME_WEIGHTS = ("packaged_as", "same_as", "registered_as")


@dataclass(frozen=True, slots=True)
class Deployed:
    """One thing that an endpoint runs."""

    unit: Asset
    """A model, a model version, or what else was deployed."""
    versions: tuple[Asset, ...]
    """The model versions (packages) that it is, by id; several where several are candidates."""
    bases: tuple[Asset, ...]
    """The base models that it is, untuned, where no model version is known."""


def deployed(lineage: Lineage, endpoint_id: str) -> tuple[Deployed, ...]:
    """What runs behind an endpoint, by id of the unit."""
    units: dict[str, Asset] = {}
    ahead, seen = [endpoint_id], {endpoint_id}
    while ahead:
        for edge in lineage.upstream(ahead.pop(), "deployed_to"):
            if edge.source in seen:
                continue
            seen.add(edge.source)
            asset = lineage.asset(edge.source)
            if asset is None or (asset.kind == "inference_component" and asset.gone_since is not None):
                continue
            if asset.kind in _SERVING:
                ahead.append(asset.id)
            else:
                units[asset.id] = asset
    return tuple(_described(lineage, units[unit_id]) for unit_id in sorted(units))


def _described(lineage: Lineage, unit: Asset) -> Deployed:
    weights = dict(same_weights(lineage, unit))
    versions = {asset.id: asset for asset in weights.values() if asset.kind == "model_package"}
    if not versions:
        # Deployed past the registry, from the artifact itself: the version that holds the same artifact, if one does.
        versions = {asset.id: asset for kept in weights.values() for asset in _registered(lineage, kept)}
    bases = {} if versions else {a.id: a for a in weights.values() if a.kind in ("base_model", "base_model_version")}
    return Deployed(
        unit,
        tuple(versions[asset_id] for asset_id in sorted(versions)),
        tuple(bases[asset_id] for asset_id in sorted(bases)),
    )


def same_weights(lineage: Lineage, asset: Asset) -> Iterator[tuple[str, Asset]]:
    """The asset, and what it was packaged or registered from unchanged: artifacts, packages, logged models."""
    ahead, seen = [asset], {asset.id}
    while ahead:
        asset = ahead.pop()
        yield asset.id, asset
        ends = [
            edge.source
            for relation in _SAME_WEIGHTS
            for edge in lineage.upstream(asset.id, relation)
            if edge.role not in ("image", "code")
        ]
        ends += [edge.target for edge in lineage.downstream(asset.id, "same_as")]
        for end in ends:
            found = lineage.asset(end)
            if found is not None and end not in seen:
                seen.add(end)
                ahead.append(found)


def _registered(lineage: Lineage, artifact: Asset) -> Iterator[Asset]:
    if artifact.kind != "artifact":
        return
    makers = [edge.source for edge in lineage.upstream(artifact.id, "produced")]
    edges = [*lineage.downstream(artifact.id, "packaged_as")]
    edges += [edge for maker in makers for edge in lineage.downstream(maker, "produced")]
    for edge in edges:
        found = lineage.asset(edge.target)
        if found is not None and found.kind == "model_package":
            yield found
