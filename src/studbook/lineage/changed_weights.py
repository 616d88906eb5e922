"""Mutable versions: what is known of the weights that a registered version had does not hold of those that it has now.

UpdateModelPackage gives a version other weights, and leaves all that its record says beside: the job that made it, and
what it was cloned from, were said of the weights that it was registered with. What else names the version, a model or a
job that judged it, named what it was then. These are candidates from the change on, but for a job that wrote the new
weights, too. That there was a change, the night tells that showed something else; that it came when the record had been
changed last, or before, the first record of the new weights.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from studbook.lineage.edges import Edges
from studbook.lineage.from_id import is_execution
from studbook.lineage.job_state import start_of
from studbook.lineage.joins.weights import place
from studbook.lineage.times import instant
from studbook.model import Asset, Evidence, Relation
from studbook.model.edge import EdgeKey
from studbook.model.facts import ChangedWeights, EarlierVersion, HeldWeights, Output, Weights

EARLIER: Final = Evidence.parse("rule:earlier-weights")
_USING: Final[frozenset[Relation]] = frozenset(("copied_to", "deployed_to", "input_to", "packaged_as"))
"""Relations from a version to what it was used for, as it was then."""
_WHEN_CHANGED: Final = frozenset(("endpoint", "inference_component"))
"""What may be given another version whenever it is changed."""


def changed_weights(
    assets: Mapping[str, Asset], weights: Iterable[Weights], states: Iterable[EarlierVersion]
) -> Iterator[ChangedWeights]:
    """The versions that have other weights than an earlier night showed, as far as records show both."""
    several: defaultdict[str, list[EarlierVersion]] = defaultdict(list)
    for state in states:
        several[_holder(assets, state)].append(state)
    if not several:
        return
    now: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for claim in weights:
        if claim.asset in several and not claim.added:
            now[claim.asset][place(claim.uri) or claim.uri] = claim.uri
    for package, earlier in several.items():
        if package not in assets:
            continue
        held, etags = now[package], _etags(assets[package])
        given, since, others = frozenset(held), assets[package].created_at, []
        for state in sorted(earlier, key=lambda one: instant(one.until)):
            had, then = {place(uri) or uri: uri for uri, _ in state.weights}, _etags(state.told)
            kept = {where for where in had.keys() & held.keys() if _may_be_same(then, had[where], etags, held[where])}
            if not kept == held.keys() == had.keys():
                given = frozenset(held.keys() - kept)
                places = {place(uri) or uri: why for uri, why in state.weights}
                others.append(HeldWeights(since, state.until, places))
            since = state.until
        if others:
            yield ChangedWeights(
                package=package,
                since=others[-1].until,
                given=given,
                earlier=others,
                evidence=tuple(sorted({EARLIER, *(why for one in others for why in one.places.values())})),
            )


def _may_be_same(then: Mapping[str, str], was: str, now: Mapping[str, str], uri: str) -> bool:
    """Whether no two ETags tell that other bytes lie at a place."""
    return then.get(was) is None or now.get(uri) in (None, then[was])


def doubt_earlier(
    edges: Edges, assets: dict[str, Asset], changes: Collection[ChangedWeights], outputs: Iterable[Output]
) -> None:
    """Makes candidates of what was said of a version when it had other weights, and says of the version since when it
    has the present ones."""
    changed = {one.package: one for one in changes}
    if not changed:
        return
    made = {(one.job, place(one.uri)) for one in outputs}
    for key in list(edges.known()):
        one = changed.get(key.target) or changed.get(key.source)
        if one is not None and _is_of_earlier(key, one, assets, made):
            edge = edges.pop(key)
            proof = tuple(sorted({*edge.evidence, *one.evidence}))
            edges.add(replace(edge, certainty="inferred", candidate=True, evidence=proof))
    for package, one in changed.items():
        if one.since is not None:
            told = {**assets[package].attributes, "weights_since": one.since}
            assets[package] = assets[package].but(attributes=told)


def _is_of_earlier(
    key: EdgeKey, one: ChangedWeights, assets: Mapping[str, Asset], made: Collection[tuple[str, str | None]]
) -> bool:
    if key.target == one.package:
        if key.relation == "produced":
            return not is_execution(key.source) and not any((key.source, where) in made for where in one.given)
        return key.relation == "copied_to"
    if key.relation not in _USING:
        return False
    user = assets.get(key.target)
    if user is None or one.since is None:
        return True
    at = user.modified_at if user.kind in _WHEN_CHANGED else start_of(user.created_at, user.attributes)
    return not at or instant(at) < instant(one.since)


def _holder(assets: Mapping[str, Asset], state: EarlierVersion) -> str:
    """The version whose state it was: the one that has the number now, or one that had it before."""
    present, made = assets.get(state.package), state.told.created_at
    return state.package if present is None or present.created_at == made else f"{state.package}@{made}"


def _etags(version: Asset) -> Mapping[str, str]:
    found = version.attributes.get("etags")
    return found if isinstance(found, dict) else {}
