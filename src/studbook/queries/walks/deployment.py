"""Traversal of deployments: what answers at a place, and where a version answers, over relations of deployment alone.

A version that another was trained from does not run where that other one runs. A configuration may be deleted under the
endpoint that runs it; a component or an endpoint that is gone answers nobody. What has no machine or copy at the moment
(serverless, asynchronous, scaled to none) runs: it answers again once it is asked. A variant of weight 0 beside others
runs for those alone who name it in their request, so that it serves nobody who does not know of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple

from studbook.lineage.graph import LineageReader, is_between
from studbook.model import Asset, Edge
from studbook.model.ids import of_jumpstart
from studbook.queries.walks.certainty import Sure, best_ways, sure_of

SERVING = ("endpoint_config", "inference_component", "endpoint")
"""The kinds of places through which a model answers."""
ANSWERING = ("inference_component", "endpoint")
"""Those of them that are asked."""
_NO_SERVICE: Final = ("Creating", "Deleting", "Failed", "OutOfService")
"""What says of these that no request is taken (`EndpointStatus`, `InferenceComponentStatus`)."""
_SAME_WEIGHTS = ("packaged_as", "same_as", "registered_as")
NO_WEIGHTS = ("image", "code", "manifest")
_BASES = ("base_model", "base_model_version")

Manner = Literal["", "candidate", "no share", "shadow"]


class Variant(NamedTuple):
    """One of the ways in which a place runs a unit."""

    name: str | None
    """The variant's; of what stands behind a router, the target's, where nothing nearer has a name."""
    shadow: bool
    """It gets copies of the requests, and its answers reach nobody."""
    sure: Sure
    """That the place runs the unit."""
    via: str
    """The id of the place's neighbour on the way to the unit."""
    places: frozenset[str]
    """The ids of all that is on that way, from the unit to the place."""
    unasked: bool
    """It has no share of the requests: see `is_unasked`."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """One thing that a place runs."""

    unit: Asset
    """A model, a model version, or what else was deployed."""
    variants: tuple[Variant, ...]
    """By name; at least one."""
    versions: tuple[Asset, ...]
    """The model versions (packages) that it is, by id; several where several are candidates."""
    sure: Mapping[str, Sure]
    """How sure it is that the unit is that version, or that base model, by id."""
    bases: tuple[Asset, ...]
    """The base models that it is, untuned, where no model version is known."""
    carriers: tuple[Deployed, ...] = ()
    """Of an adapter: what carries the base weights that it answers with, by id."""

    @property
    def shadow(self) -> bool:
        """Whether it runs in shadow variants alone."""
        return all(variant.shadow for variant in self.variants)

    def surely(self, variant: Variant, version: str | None) -> Sure:
        """How sure it is that a variant runs that version or base model; without one, that it runs the unit."""
        known = self.sure.get(version or "")
        return variant.sure if known is None else variant.sure.and_(known)

    def manner(self, version: str) -> Manner:
        """How it runs that: the best that holds of a variant, and empty where one surely answers requests."""
        shadow, unasked, doubted = min(
            (one.shadow, one.unasked, self.surely(one, version).candidate) for one in self.variants
        )
        return "candidate" if doubted else "shadow" if shadow else "no share" if unasked else ""


def out_of_service(asset: Asset) -> bool:
    """Whether an endpoint or a component takes no requests, whatever is deployed there."""
    return asset.kind in ANSWERING and asset.status in _NO_SERVICE


def runs(lineage: LineageReader, place_id: str) -> tuple[Deployed, ...]:
    """What answers at an endpoint, or in one inference component, by id of the unit.

    What an endpoint runs only to carry the base weights of adapters is no deployment of its own, if the versions of all
    those adapters are known: it is among their `carriers`. Asked of the component that carries them, it is what runs.
    """
    units: dict[str, Asset] = {}
    variants: defaultdict[str, dict[tuple[str | None, bool], Variant]] = defaultdict(dict)
    through: defaultdict[str, set[str]] = defaultdict(set)
    places = _places(lineage, place_id)
    for place, way in places.items():
        for unit, edges in _deployed(lineage, place, way):
            units[unit.id] = unit
            through[unit.id].add(place)
            variant = _variant(lineage, edges)
            known = variants[unit.id].get(variant[:2])
            if known is None or variant.sure.rank < known.sure.rank:
                variants[unit.id][variant[:2]] = variant
    found = {
        unit_id: _described(lineage, units[unit_id], sorted(variants[unit_id].values(), key=_variant_order))
        for unit_id in sorted(units)
    }
    adapters = _adapters(lineage, {place for several in through.values() for place in several} - {place_id})
    known_places = {place for place in places if any(place in through[unit] and found[unit].versions for unit in found)}
    carrying = {base for base, several in adapters.items() if several <= known_places}
    only_carried = {unit for unit, several in through.items() if several <= carrying}
    return tuple(
        replace(one, carriers=_carriers(through[unit], adapters, through, found))
        for unit, one in found.items()
        if unit not in only_carried
    )


def _variant_order(variant: Variant) -> tuple[bool, str, bool]:
    return (variant.name is not None, variant.name or "", variant.shadow)


def _places(lineage: LineageReader, place_id: str) -> dict[str, tuple[Edge, ...]]:
    """The place and what serves behind it, each with the best way there."""

    def behind(place: str) -> Iterator[tuple[Edge, str]]:
        for edge in lineage.upstream(place, "deployed_to"):
            asset = lineage.asset(edge.source)
            if asset is not None and asset.kind in SERVING and not _silent(asset):
                yield edge, asset.id

    return best_ways(place_id, behind)


def _deployed(lineage: LineageReader, place: str, way: tuple[Edge, ...]) -> Iterator[tuple[Asset, tuple[Edge, ...]]]:
    """What is deployed at a place that serves, each with the way from there: a component of which no model or version
    is known is what its own record says, weights or no more than an image."""
    behind = lineage.upstream(place, "deployed_to")
    for edge in behind:
        unit = lineage.asset(edge.source)
        if unit is not None and unit.kind not in SERVING:
            yield unit, (edge, *reversed(way))
    itself = lineage.asset(place)
    if way and not behind and itself is not None and itself.kind == "inference_component" and not itself.unresolved:
        yield itself, tuple(reversed(way))


def _silent(asset: Asset) -> bool:
    """Whether it answers nobody, though what it is part of may."""
    return _gone(asset) or out_of_service(asset)


def _gone(asset: Asset) -> bool:
    """Whether it answers no more: nothing but a configuration can be deleted and serve on."""
    return asset.kind in ANSWERING and asset.gone_since is not None


def _variant(lineage: LineageReader, edges: tuple[Edge, ...]) -> Variant:
    """Of the edges from a unit to the place that is asked."""
    shadow = any(edge.role is not None and edge.role in _shadows(lineage.asset(edge.target)) for edge in edges)
    name = next((edge.role for edge in edges if edge.role is not None), None)
    first = edges[-1]
    unasked = is_unasked(lineage, first.target, first.source, name)
    ends = (end for edge in edges for end in (edge.source, edge.target))
    return Variant(name, shadow, sure_of(edges), first.source, frozenset(ends), unasked)


def is_unasked(lineage: LineageReader, place_id: str, via_id: str, variant: str | None) -> bool:
    """Whether a variant gets only the requests that name it: it has weight 0, and others have a share. To components
    no weights lead; of what stands behind a router the weights of its own variants count."""
    place, via = lineage.asset(place_id), lineage.asset(via_id)
    if via is not None and via.kind == "endpoint":
        behind = (lineage.asset(edge.source) for edge in lineage.upstream(via_id, "deployed_to", variant))
        place = None if any(one is not None and one.kind in ANSWERING for one in behind) else via
    elif via is None or via.kind in ANSWERING:
        return False
    if place is None or variant is None:
        return False
    several = (one for one in place.attributes.get("variants") or () if not one.get("shadow"))
    weights = {one.get("name"): one.get("weight") for one in several}
    return weights.get(variant) == 0 and any(weights.values())


def _shadows(place: Asset | None) -> set[str]:
    """The names of the shadow variants of a configuration or an endpoint."""
    variants = place.attributes.get("variants") if place is not None else None
    return {str(variant.get("name")) for variant in variants or () if variant.get("shadow")}


def _adapters(lineage: LineageReader, places: Iterable[str]) -> dict[str, set[str]]:
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
    found: Mapping[str, Deployed],
) -> tuple[Deployed, ...]:
    bases = {base for base, several in adapters.items() if several & places}
    return tuple(one for unit, one in found.items() if through[unit] & bases and not through[unit] & places)


def _described(lineage: LineageReader, unit: Asset, variants: Iterable[Variant]) -> Deployed:
    sure: dict[str, Sure] = {}
    versions: dict[str, Asset] = {}
    bases: dict[str, Asset] = {}
    artifacts: list[tuple[Asset, Sure]] = []
    for asset_id, way in best_ways(unit.id, lambda one: _packed_from(lineage, one)).items():
        asset = lineage.asset(asset_id)
        if asset is None:
            continue
        if asset.kind == "model_package":
            versions[asset_id], sure[asset_id] = asset, sure_of(way)
        elif asset.kind in _BASES:
            bases[asset_id], sure[asset_id] = asset, sure_of(way)
        elif asset.kind == "artifact":
            artifacts.append((asset, sure_of(way)))
    if not versions:
        # Deployed past the registry, from the artifact itself: the version that holds the same artifact, if one does.
        held = {artifact.id for artifact, _ in artifacts}
        for artifact, packed in artifacts:
            for version, registered in _registered(lineage, artifact, unit, held):
                both = packed.and_(registered)
                if version.id not in sure or both.rank < sure[version.id].rank:
                    versions[version.id], sure[version.id] = version, both
        if len(versions) > 1:
            sure |= {version: Sure("inferred", True) for version in versions}
    return Deployed(
        unit,
        tuple(variants),
        tuple(versions[asset_id] for asset_id in sorted(versions)),
        sure,
        () if versions else tuple(bases[asset_id] for asset_id in sorted(bases)),
    )


def _packed_from(lineage: LineageReader, asset_id: str) -> Iterator[tuple[Edge, str]]:
    """What holds the same weights as a unit; what a version was itself packaged from is another version's."""
    asset = lineage.asset(asset_id)
    if asset is not None and asset.kind != "model_package":
        yield from _weights_of(lineage, asset_id)


def _weights_of(lineage: LineageReader, asset_id: str) -> Iterator[tuple[Edge, str]]:
    for relation in _SAME_WEIGHTS:
        for edge in lineage.upstream(asset_id, relation):
            if edge.role not in NO_WEIGHTS:
                yield edge, edge.source
    for edge in lineage.downstream(asset_id, "same_as"):
        yield edge, edge.target


def same_weights(lineage: LineageReader, asset: Asset, *, parts: bool = False) -> Iterator[Asset]:
    """The asset, and what it was packaged or registered from unchanged: artifacts, packages, logged models.

    One of several weights, of an inference pipeline or an adapter's base, is not the version: it comes with `parts`.
    """
    ahead, seen = [asset], {asset.id}
    while ahead:
        asset = ahead.pop()
        yield asset
        if asset.kind == "model_package" and not parts:
            seen |= _parts(lineage, asset.id)
        for _, end in _weights_of(lineage, asset.id):
            found = lineage.asset(end)
            if found is not None and end not in seen:
                seen.add(end)
                ahead.append(found)


def _registered(lineage: LineageReader, artifact: Asset, unit: Asset, held: set[str]) -> Iterator[tuple[Asset, Sure]]:
    """The versions that hold an artifact, or that the same job made; the latter is likely, and no proof.

    Of a version with several weights (an inference pipeline, an adapter with its base) a model has to hold all; an
    artifact that is deployed past any model may be one of those that are.
    """
    for edge in lineage.downstream(artifact.id, "packaged_as"):
        found = lineage.asset(edge.target)
        if found is not None and found.kind == "model_package":
            several = [one for one in _specifications(lineage, found.id).values() if not all(map(of_jumpstart, one))]
            if any(artifact.id in one and one <= held for one in several):
                yield found, sure_of([edge])
            elif unit.kind == "artifact" and any(artifact.id in one for one in several):
                yield found, Sure("inferred", True)
    for maker in lineage.upstream(artifact.id, "produced"):
        for edge in lineage.downstream(maker.source, "produced"):
            found = lineage.asset(edge.target)
            if found is None or found.kind != "model_package":
                continue
            if all(len(one) == 1 for one in _specifications(lineage, found.id).values()):
                yield found, Sure("inferred", True)


def _parts(lineage: LineageReader, version: str) -> set[str]:
    """The ids of what a version holds beside other weights, and never alone."""
    several = {member for member, held in _specifications(lineage, version).items() if len(held) > 1}
    held = lineage.upstream(version, "packaged_as") if several else ()
    return {edge.source for edge in held if edge.role not in NO_WEIGHTS and _members(edge) <= several}


def _specifications(lineage: LineageReader, version: str) -> Mapping[str, set[str]]:
    """The artifacts that a version holds, by the member of its record that names them: each is all of it.

    What is added to weights that a job made, a draft say, is no part that has to be there.
    """
    return lineage.once(("specifications", version), lambda: _read_specifications(lineage, version))


def _read_specifications(lineage: LineageReader, version: str) -> Mapping[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    added: set[str] = set()
    for edge in lineage.upstream(version, "packaged_as"):
        asset = lineage.asset(edge.source)
        if asset is not None and asset.kind == "artifact" and edge.role not in NO_WEIGHTS:
            for member in _members(edge):
                found[member].add(asset.id)
            if all(".Additional" in path for path in _own(edge) or ("",)):
                added.add(asset.id)
    return {
        member: main if main != held and any(lineage.upstream(one, "produced") for one in main) else held
        for member, held in found.items()
        for main in (held - added,)
    }


def _members(edge: Edge) -> set[str]:
    """The members of the target's own record that an edge is known by."""
    return {path.partition(".")[0] for path in _own(edge)} or {""}


def _own(edge: Edge) -> Sequence[str]:
    """The paths of an edge's evidence that are in the target's own record."""
    return [one.path for one in edge.evidence if one.record.endswith(edge.target)]


def runs_at(
    lineage: LineageReader, versions: Iterable[str], kinds: Collection[str] = ("endpoint",)
) -> tuple[Asset, ...]:
    """The live endpoints, or places of these kinds, by id, at which one of these versions may answer: `runs` tells
    whether it does."""
    ahead = list(versions)
    for version in list(ahead):
        held = [edge.source for edge in lineage.upstream(version, "packaged_as") if edge.role not in NO_WEIGHTS]
        makers = [edge.source for edge in lineage.upstream(version, "produced")]
        held += [edge.target for maker in makers for edge in lineage.downstream(maker, "produced")]
        ahead += [one for one in held if (asset := lineage.asset(one)) is not None and asset.kind == "artifact"]
        ahead += [edge.source for edge in lineage.upstream(version, "registered_as")]
    seen = set(ahead)
    places: dict[str, Asset] = {}
    while ahead:
        here = ahead.pop()
        for end in _served_by(lineage, here):
            found = lineage.asset(end)
            if found is None or end in seen or found.kind == "model_package" or _gone(found):
                continue
            seen.add(end)
            ahead.append(end)
            if found.kind in kinds:
                places[end] = found
    return tuple(places[one] for one in sorted(places))


def shared_with(lineage: LineageReader, version: Asset) -> tuple[str, ...]:
    """The other accounts that made a model, or a component, of this very version, sorted."""
    users = (lineage.asset(end) for end in _served_by(lineage, version.id))
    kinds = ("model", "inference_component")
    accounts = {user.account for user in users if user is not None and user.kind in kinds}
    return tuple(sorted(account for account in accounts if account and account != version.account))


def _served_by(lineage: LineageReader, asset_id: str) -> Iterator[str]:
    for relation in (*_SAME_WEIGHTS, "deployed_to"):
        for edge in lineage.downstream(asset_id, relation):
            if edge.role not in NO_WEIGHTS or relation == "deployed_to":
                yield edge.target
    for edge in lineage.upstream(asset_id, "same_as"):
        yield edge.source


def unknown_at(lineage: LineageReader, endpoint: Asset) -> Iterator[Asset]:
    """What hides a part of what a live endpoint runs: what nobody showed, what is told from before, and a deployment
    that is under way."""
    for place, way in _places(lineage, endpoint.id).items():
        asset = lineage.asset(place)
        assert asset is not None
        behind = lineage.upstream(place, "deployed_to")
        hides = not behind if way else not behind or asset.unresolved
        if (
            asset.stale_since is not None
            or is_between(asset.kind, asset.status, asset.attributes)
            or (hides and (asset.unresolved or not way))
        ):
            yield asset
        for edge in behind:
            unit = lineage.asset(edge.source)
            if unit is not None and unit.kind not in SERVING and unit.unresolved and unit.kind != "model_package":
                known = _described(lineage, unit, ())
                if not known.versions and not known.bases:
                    yield unit
