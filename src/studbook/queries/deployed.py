"""What answers at an endpoint: which model versions stand behind it, and which base models as they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

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
    carriers: tuple[Asset, ...] = ()
    """Of an adapter: what carries the base weights that it answers with, by id."""
    shadow: bool = False
    """It runs in shadow variants alone: it gets copies of the requests, and its answers reach nobody."""


def deployed(lineage: Lineage, place_id: str) -> tuple[Deployed, ...]:
    """What runs behind an endpoint, or in one inference component, by id of the unit.

    What an endpoint runs only to carry the base weights of adapters is no deployment of its own, if the versions of all
    those adapters are known: it is among their `carriers`. Asked of the component that carries them, it is what runs.
    """
    units: dict[str, Asset] = {}
    through: defaultdict[str, set[str]] = defaultdict(set)
    answering: set[str] = set()
    ahead, seen = [place_id], {place_id}
    while ahead:
        place = ahead.pop()
        shadows = _shadows(lineage.asset(place))
        for edge in lineage.upstream(place, "deployed_to"):
            asset = lineage.asset(edge.source)
            # A configuration may be deleted under the endpoint that runs it; nothing else answers from the grave.
            if asset is None or (asset.kind in ("inference_component", "endpoint") and asset.gone_since is not None):
                continue
            if asset.kind not in _SERVING:
                units[asset.id] = asset
                through[asset.id].add(place)
                if edge.role not in shadows:
                    answering.add(asset.id)
            elif asset.id not in seen:
                seen.add(asset.id)
                ahead.append(asset.id)
    found = {unit_id: _described(lineage, units[unit_id]) for unit_id in sorted(units)}
    adapters = _adapters(lineage, {place for places in through.values() for place in places} - {place_id})
    known = {place for place in seen if any(place in through[unit] and found[unit].versions for unit in found)}
    carrying = {base for base, several in adapters.items() if several <= known}
    only_carried = {unit for unit, places in through.items() if places <= carrying}
    return tuple(
        replace(one, carriers=_carriers(through[unit], adapters, through, units), shadow=unit not in answering)
        for unit, one in found.items()
        if unit not in only_carried
    )


def versions_running(lineage: Lineage, place: Asset) -> set[str]:
    """The ids of the model versions behind an endpoint that is there; none for anything else."""
    if place.kind != "endpoint" or place.gone_since is not None:
        return set()
    return {version.id for unit in deployed(lineage, place.id) for version in unit.versions}


def _shadows(place: Asset | None) -> set[str]:
    """The names of a configuration's shadow variants."""
    variants = place.attributes.get("variants") if place is not None and place.kind == "endpoint_config" else None
    return {str(variant.get("name")) for variant in variants or () if variant.get("shadow")}


def _adapters(lineage: Lineage, places: Iterable[str]) -> dict[str, set[str]]:
    """The live adapter components of each component that has any."""
    adapters = {
        place: {
            asset.id
            for edge in lineage.upstream(place, "part_of")
            if (asset := lineage.asset(edge.source)) is not None
            and asset.kind == "inference_component"
            and asset.gone_since is None
        }
        for place in places
    }
    return {base: several for base, several in adapters.items() if several}


def _carriers(
    places: set[str],
    adapters: Mapping[str, set[str]],
    through: Mapping[str, set[str]],
    units: Mapping[str, Asset],
) -> tuple[Asset, ...]:
    bases = {base for base, several in adapters.items() if several & places}
    return tuple(units[unit] for unit in sorted(units) if through[unit] & bases and not through[unit] & places)


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
