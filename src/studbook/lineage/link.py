"""Record linkage, by joins: each record is read alone, joins see the whole, every end of an edge gets a node.

The result depends on the records and the configuration alone, never on their order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any, NamedTuple, Self

from studbook.gc import gc_paused
from studbook.lineage import named_places
from studbook.lineage.changed_weights import changed_weights, doubt_earlier
from studbook.lineage.deleted_objects import mark_deletions
from studbook.lineage.edges import Edges
from studbook.lineage.file_systems import readings
from studbook.lineage.from_id import asset_from_id, parent_edge
from studbook.lineage.holders import Holders, is_later, reassign_to_earlier
from studbook.lineage.job_state import job_state
from studbook.lineage.joins import JOINS
from studbook.lineage.joins.interface import View
from studbook.lineage.mlflow_servers import drop_former_experiments, reassign_to_servers
from studbook.lineage.spelling import arns_of, respelled, spellings
from studbook.model import KINDS, Asset, Claim, Evidence, Facts, Record
from studbook.model.edge import EdgeKey
from studbook.model.facts import (
    ChangedWeights,
    DatasetState,
    EarlierVersion,
    LineageEntity,
    LinkedDirectory,
    MountedDirectory,
    Output,
    Reads,
    Weights,
)
from studbook.model.ids import by_access_point, parse_s3
from studbook.settings import Settings

HISTORY = frozenset({"s3_prefix"})
"""Record kinds whose end is no disappearance: an earlier state of a prefix stays a version of its dataset."""

POINTERS: Mapping[str, Sequence[str]] = {
    "lambda_function": ("Aliases", "CodeSha256", "Layers"),
    "model_package": ("InferenceSpecification", "SourceUri"),
}
"""Record kinds of what points at something else, and can be made to point elsewhere, with the members that say where:
what they said before is kept."""

EVENTS = frozenset({"trail_event"})
"""Record kinds that tell what happened once: that one names a thing is no sign that it is still there."""


class ConfiguredDataset(NamedTuple):
    """An S3 prefix that the configuration calls a dataset."""

    id: str
    name: str
    account: str | None
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class LinkContext:
    """What the lineage takes from the configuration, and from the nights before."""

    stages: Mapping[str, str] = field(default_factory=dict)
    datasets: tuple[ConfiguredDataset, ...] = ()
    first_seen: Callable[[Collection[str]], Mapping[str, int]] = field(default=lambda ids: {})
    """The snapshot that first showed each of these assets; of what is new that to which the lineage belongs."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """What a configuration says: stages by account id, and its datasets in their order."""
        return cls(
            stages={account.id: account.stage for account in settings.accounts if account.stage},
            datasets=tuple(
                ConfiguredDataset(dataset.id, dataset.label, dataset.account, Evidence(config=f"datasets[{index}].uri"))
                for index, dataset in enumerate(settings.datasets)
            ),
        )


@dataclass(slots=True)
class Sightings:
    """Which records show or name an asset, as far as its life depends on it."""

    fresh: bool = False
    """A record of this very harvest shows or names it."""
    stale_since: int | None = None
    """The latest of the carried over records."""
    shown: bool = False
    shown_fresh: bool = False
    shown_stale: int | None = None
    """The same of the records that show it: what they claim is as old as they are."""
    shown_alive: bool = False
    """A record that shows it is not gone."""
    gone_since: int | None = None
    """The latest end of the records that showed it."""

    def add(self, record: Record, *, shows: bool) -> None:
        """One more record, as of tonight, stale or gone; `shows` says whether it shows the asset, or only names it."""
        history = record.kind in HISTORY and record.gone_since is not None
        gone = record.gone_since is not None and not history
        if shows:
            self.shown = True
            self.shown_alive |= not gone
            if gone:
                self.gone_since = max(self.gone_since or 0, record.gone_since or 0)
        if gone or history:
            return
        if record.stale_since is None:
            self.fresh = True
            self.shown_fresh |= shows
            return
        self.stale_since = max(self.stale_since or 0, record.stale_since)
        if shows:
            self.shown_stale = max(self.shown_stale or 0, record.stale_since)

    def merge(self, named: Sightings) -> None:
        """What only named it, in another spelling of its id."""
        self.fresh |= named.fresh
        if named.stale_since is not None:
            self.stale_since = max(self.stale_since or 0, named.stale_since)

    def claimed_by(self, neighbour: Sightings) -> None:
        """Only a join names this asset, from what the neighbour's own records claim."""
        self.fresh |= neighbour.shown_fresh
        if neighbour.shown_stale is not None:
            self.stale_since = max(self.stale_since or 0, neighbour.shown_stale)


@dataclass(frozen=True, slots=True)
class Linked:
    """One lineage, and who saw what of it."""

    assets: list[Asset]
    """By id."""
    edges: Edges
    sightings: Mapping[str, Sightings]


def link(records: Iterable[Record], normalize: Callable[[Record], Facts], context: LinkContext) -> Linked:
    """The lineage that the records tell; each record is read once, and let go."""
    with gc_paused():
        return _link(((record, normalize(record)) for record in records), context)


def _link(several: Iterable[tuple[Record, Facts]], context: LinkContext) -> Linked:
    gathered = _Gathered()
    for record, facts in several:
        gathered.add(record, facts)
    gathered.respell()
    gathered.show_named()
    shown, named, edges, claims = gathered.shown, gathered.named, gathered.edges, gathered.claims
    for dataset in context.datasets:
        named[dataset.id].append(
            Asset(
                id=dataset.id,
                kind="dataset",
                name=dataset.name,
                account=dataset.account,
                attributes={"uri": dataset.id},
            )
        )
    assets = {asset_id: _merged_view(several) for asset_id, several in shown.items()}
    shown.clear()
    sightings = gathered.sightings
    for holder in reassign_to_earlier(edges, Holders(assets, lambda one: not sightings[one].shown_alive)):
        _add_mention(named[holder.id], holder)
    for unmeant in reassign_to_servers(edges, assets):
        named.pop(unmeant, None)
        gathered.sightings.pop(unmeant, None)
    drop_former_experiments(edges)
    view = View(
        assets=assets,
        named=named,
        claims=claims,
        edges=edges.keys(),
        datasets={d.id: d.evidence for d in context.datasets},
        first_seen=context.first_seen,
    )
    claims[ChangedWeights] += changed_weights(assets, view.all(Weights), view.all(EarlierVersion))
    doubt_earlier(edges, assets, view.all(ChangedWeights), view.all(Output))
    claims[Reads] += readings(view.all(MountedDirectory), view.all(LinkedDirectory))
    claims[Reads] += named_places.readings(view)
    for join in JOINS:
        # What a join concludes is there for the joins after it, so a join must not feed itself.
        found = join(view)
        for asset in found.assets:
            assets.setdefault(asset.id, asset)
        for asset in found.mentions:
            _add_mention(named[asset.id], asset)
        for edge in found.edges:
            edges.add(edge)
    _add_missing_nodes(assets, named, edges)
    _set_aliases(assets, claims)
    mark_deletions(assets, view.all(DatasetState))
    _add_sightings(assets, edges.keys(), gathered.sightings)
    return Linked(
        assets=[_placed(assets.pop(asset_id), context) for asset_id in sorted(assets)],
        edges=edges,
        sightings=gathered.sightings,
    )


class _Showing(NamedTuple):
    """One record's view of an asset, and how much it counts beside others."""

    rank: tuple[Any, ...]
    asset: Asset


@dataclass(slots=True)
class _Gathered:
    """What records say, each read alone: all that the joins start from."""

    shown: dict[str, tuple[_Showing, ...]] = field(default_factory=dict)
    aside: list[tuple[Record, Asset]] = field(default_factory=list)
    """What is shown only to those who name it, and where nobody else shows it."""
    named: defaultdict[str, list[Asset]] = field(default_factory=lambda: defaultdict(list))
    edges: Edges = field(default_factory=Edges)
    claims: defaultdict[type[Claim], list[Claim]] = field(default_factory=lambda: defaultdict(list))
    sightings: defaultdict[str, Sightings] = field(default_factory=lambda: defaultdict(Sightings))

    def add(self, record: Record, facts: Facts) -> None:
        for asset in facts.assets if not facts.if_named else ():
            self._show(record, asset)
        self.aside += ((record, asset) for asset in facts.assets if facts.if_named)
        names: set[str] = set()
        for asset in facts.mentions:
            _add_mention(self.named[asset.id], asset)
            names.add(asset.id)
        for edge in facts.edges:
            self.edges.add(edge)
            names.add(edge.source)
            names.add(edge.target)
        for name in names if record.kind not in EVENTS else ():
            self.sightings[name].add(record, shows=False)
        for claim in facts.claims:
            self.claims[type(claim)].append(claim)

    def _show(self, record: Record, asset: Asset) -> None:
        rank = (record.gone_since is not None, record.stale_since is not None, record.source, record.kind, record.id)
        self.shown[asset.id] = (*self.shown.get(asset.id, ()), _Showing(rank, asset))
        self.sightings[asset.id].add(record, shows=True)

    def show_named(self) -> None:
        """Of what is aside those that others name."""
        ids = {asset.id for _, asset in self.aside if asset.id not in self.shown}
        named = {end for key in (self.edges.known() if ids else ()) for end in key[:2] if end in ids}
        for record, asset in self.aside:
            if asset.id in named:
                self._show(record, asset)

    def respell(self) -> None:
        """One id for each thing, whatever case its ARN is written in."""
        ids = set(self.named)
        for key in self.edges.known():
            ids.update(key[:2])
        for several in self.claims.values():
            ids.update(arns_of(several))
        aside = {asset.id for _, asset in self.aside}
        found = spellings(self.shown.keys() | aside if aside else self.shown.keys(), ids)
        if not found:
            return
        self.edges.respell(found)
        for kind, several in self.claims.items():
            self.claims[kind] = respelled(several, found)
        for other in sorted(found):
            for asset in self.named.pop(other, ()):
                _add_mention(self.named[found[other]], asset.but(id=found[other]))
            if (seen := self.sightings.pop(other, None)) is not None:
                self.sightings[found[other]].merge(seen)


def _merged_view(several: tuple[_Showing, ...]) -> Asset:
    records = tuple(sorted("/".join(showing.rank[2:]) for showing in several))
    if len(several) == 1:
        return several[0].asset.but(records=records)
    views = [showing.asset for showing in sorted(several, key=attrgetter("rank"))]
    merged = _merged(views)
    if merged.kind == "dataset_version" and merged.id.startswith("mlflow:"):
        # The digest is of the content: each run says where it read that, and no run's place is another's.
        told = {name: value for name, value in merged.attributes.items() if _agreed(views, name, value)}
        merged = merged.but(attributes=told)
    return merged.but(records=records)


def _agreed(views: Iterable[Asset], name: str, value: object) -> bool:
    return all(view.attributes.get(name, value) == value for view in views)


def _add_mention(views: list[Asset], asset: Asset) -> None:
    """Thousands of jobs name one image, in the same words: those are kept once."""
    if not views or (views[-1] != asset and asset not in views):
        views.append(asset)


def _add_missing_nodes(nodes: dict[str, Asset], named: Mapping[str, list[Asset]], edges: Edges) -> None:
    """A node for every end: as shown, else as named, else by the shape of its id; parents of versions likewise."""

    def node(asset_id: str, kind: str | None = None) -> None:
        if asset_id not in nodes:
            mentions = sorted(named.get(asset_id, ()), key=_mention_order)
            shape = asset_from_id(asset_id)
            nodes[asset_id] = _unresolved(_merged([*mentions, shape.but(kind=kind) if kind else shape]))

    for asset_id in named:
        node(asset_id)
    parents = set()
    for key in list(edges.keys()):
        node(key.source)
        node(key.target)
        if key.relation == "has_version":
            parents.add(key.target)
    told = [edge for one in list(nodes.values()) if one.id not in parents and (edge := parent_edge(one)) is not None]
    unseen = {edge.source for edge in told} - nodes.keys()
    written = spellings(nodes, unseen) if unseen else {}
    for edge in told:
        asset, parent = nodes[edge.target], written.get(edge.source, edge.source)
        edges.add(replace(edge, source=parent))
        # The ARN of a JsonDoc does not tell what it is, nor a place in S3: a version is of its own kind.
        node(parent, of if (of := asset.kind.removesuffix("_version")) in KINDS and of != asset.kind else None)


def _set_aliases(nodes: dict[str, Asset], claims: Mapping[type[Claim], list[Claim]]) -> None:
    """The other names of assets: ARNs of the entities that the Lineage API has of them."""
    aliases: defaultdict[str, set[str]] = defaultdict(set)
    for claim in claims.get(LineageEntity, ()):
        if isinstance(claim, LineageEntity) and claim.id in nodes and not is_later(nodes, claim.id, claim.at):
            aliases[claim.id].add(claim.arn)
    for asset_id, arns in aliases.items():
        asset = nodes[asset_id]
        nodes[asset_id] = asset.but(attributes={**asset.attributes, "aliases": sorted(arns)})


def _add_sightings(nodes: Iterable[str], edges: Iterable[EdgeKey], sightings: dict[str, Sightings]) -> None:
    """What only joins name is as old as the records whose claims they resolved."""
    unsighted = {asset_id: Sightings() for asset_id in nodes if asset_id not in sightings}
    for key in edges:
        for end, other in ((key.source, key.target), (key.target, key.source)):
            if end in unsighted and other in sightings:
                unsighted[end].claimed_by(sightings[other])
    sightings.update(unsighted)


def _mention_order(asset: Asset) -> tuple[str, str, str, str, str]:
    return (asset.kind, asset.name, asset.account or "", asset.region or "", repr(sorted(asset.attributes.items())))


def _merged(several: Iterable[Asset]) -> Asset:
    """One asset of several views of it: the first that knows a thing says it."""
    views = list(several)
    first = views[0]
    if len(views) == 1:
        return first
    attributes: dict[str, Any] = {}
    tags: dict[str, str] = {}
    for asset in reversed(views):
        attributes.update({name: value for name, value in asset.attributes.items() if value is not None})
        tags.update(asset.tags)
    return first.but(
        account=_first(asset.account for asset in views),
        region=_first(asset.region for asset in views),
        status=_first(asset.status for asset in views),
        created_at=_first(asset.created_at for asset in views),
        modified_at=_first(asset.modified_at for asset in views),
        attributes=attributes,
        tags=tags,
    )


def _first(values: Iterable[str | None]) -> str | None:
    return next((value for value in values if value is not None), None)


def _unresolved(asset: Asset) -> Asset:
    """Marked, where a listing could have shown it: what is known by its URI alone, and a table
    that a query or a feature store names, has no listing to be missing from. A place behind an access point is in a
    bucket that its URI does not tell."""
    uri = parse_s3(asset.id)
    if uri is not None and by_access_point(uri):
        return asset.but(attributes={**asset.attributes, "unresolved": True})
    by_uri = asset.kind in ("artifact", "container_image", "code") and not asset.id.startswith("arn:")
    if by_uri or asset.kind == "table" or asset.account == "aws" or asset.id.startswith(("bedrock:", "builtin:")):
        return asset
    return asset.but(attributes={**asset.attributes, "unresolved": True})


def _placed(asset: Asset, context: LinkContext) -> Asset:
    """With the account and region that its id tells, the stage of its account, and the state of a job."""
    state = job_state(asset)
    if state is not None:
        asset = asset.but(attributes={**asset.attributes, "state": state})
    account, region = asset.account, asset.region
    if account is None or region is None:
        shape = asset_from_id(asset.id)
        account, region = account or shape.account, region or shape.region
    stage = context.stages.get(account) if account else None
    if (account, region, stage) == (asset.account, asset.region, asset.stage):
        return asset
    return asset.but(account=account, region=region, stage=stage)
