"""Explore: the whole lineage as data for the browser, a chunk at a time, each asset in its column already.

A column says how far along its pedigree an asset stands: every arrow leads from a lower column to a higher one, and
what starts a pedigree stands right before the first that it goes into. Chunks are cut by the digest in an asset's
address, so that a night's changes touch few of them.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Container, Iterable, Iterator
from functools import cache

from studbook.lineage.graph import Graph, differing
from studbook.model import KINDS, RELATIONS, Asset
from studbook.model.ids import page_path
from studbook.render.views.site import Json, Site
from studbook.render.words import mark_words, reference

_CHUNK = 64
"""About so many assets in a chunk."""
_STARTS = 8


def explore(site: Site) -> Json:
    """What the page itself needs: how to find a chunk, the words, and where one may begin."""
    return {
        "bits": _bits(site.graph),
        "kinds": {name: [info.title, info.shape] for name, info in KINDS.items()},
        "words": dict(RELATIONS),
        "starts": site.links(asset.id for asset in _starts(site))[:_STARTS],
    }


def _starts(site: Site) -> Iterator[Asset]:
    """What runs, production first, then what is newest."""
    live = [asset for asset in site.of("endpoint") if asset.gone_since is None]
    yield from sorted(live, key=lambda asset: asset.stage != "production")
    for kind in ("model_package", "dataset", "training_job"):
        yield from site.of(kind)[:_STARTS]
    yield from site.graph.assets.values()


def chunks(site: Site, but: Container[str] = ()) -> Iterator[tuple[str, Json]]:
    """The lineage in parts: address, and `nodes`, `edges` and the count of `members`; without those in `but`.

    A node is `[address, name, kind, column, account and region, marks]`; the first ones are the chunk's members, the
    others their neighbours. An edge is `[from, to, relation, role, certainty, candidate]`, its ends by their place in
    the list; every edge of each member is there.
    """
    graph, columns, bits = site.graph, columns_of(site.graph), _bits(site.graph)
    groups: defaultdict[int, list[Asset]] = defaultdict(list)
    for asset in graph.assets.values():
        groups[_chunk_of(str(site.link(asset.id)["path"]), bits)].append(asset)
    node = cache(lambda asset_id: _node(site, graph.assets[asset_id], columns))
    for number in range(1 << bits):
        if (address := _address(number)) in but:
            continue
        members = groups.get(number, [])
        places = {asset.id: place for place, asset in enumerate(members)}
        # An edge between two members is upstream of one of them.
        edges = [edge for asset in members for edge in graph.upstream(asset.id) if edge.source in graph.assets]
        edges += [
            edge
            for asset in members
            for edge in graph.downstream(asset.id)
            if edge.target in graph.assets and edge.target not in places
        ]
        lines = sorted(edges, key=lambda edge: edge.key.order)
        for edge in lines:
            for end in (edge.source, edge.target):
                places.setdefault(end, len(places))
        yield (
            address,
            {
                "members": len(members),
                "nodes": [node(asset_id) for asset_id in places],
                "edges": [
                    [places[e.source], places[e.target], e.relation, e.role or "", e.certainty, int(e.candidate)]
                    for e in lines
                ],
            },
        )


def unchanged(old: Graph, site: Site) -> set[str]:
    """The addresses of the chunks that a site with the same settings had when this was its lineage, word for word."""
    new, bits = site.graph, _bits(site.graph)
    if _bits(old) != bits:
        return set()
    lost, gained = differing(old, new)
    ends = {end for key in (*lost, *gained) for end in (key.source, key.target)}
    ids = old.assets.keys() | new.assets.keys()
    nodes = {one for one in ids if not _alike(old.assets.get(one), new.assets.get(one))}
    if ends or old.assets.keys() != new.assets.keys():
        before, after = columns_of(old), columns_of(new)
        nodes |= {one for one in ids if before.get(one) != after.get(one)}
    # An asset stands in its own chunk, and in those of its neighbours.
    for one in nodes:
        for graph in (old, new):
            ends.update(edge.source for edge in graph.upstream(one))
            ends.update(edge.target for edge in graph.downstream(one))
    assets = (graph.assets.get(one) for one in ends | nodes for graph in (old, new))
    touched = {_chunk_of(page_path(asset.kind, asset.id), bits) for asset in assets if asset is not None}
    return {_address(number) for number in range(1 << bits) if number not in touched}


def _alike(before: Asset | None, after: Asset | None) -> bool:
    """Whether nodes show nothing of what is different."""
    if before is after:
        return True
    return before is not None and after is not None and _shown(before) == _shown(after)


def _shown(asset: Asset) -> Json:
    return reference(asset, asset.id, (asset.account, asset.region))


def _address(number: int) -> str:
    return f"explore/data/{number:x}.json"


def _node(site: Site, asset: Asset, columns: dict[str, int]) -> list[object]:
    link = site.link(asset.id)
    return [link["path"], link["name"], asset.kind, columns[asset.id], link["where"], mark_words(asset)]


def _bits(graph: Graph) -> int:
    return max(0, (len(graph.assets) // _CHUNK).bit_length())


def _chunk_of(path: str, bits: int) -> int:
    """By the first hex digits of the digest that ends an address."""
    return int(path.rstrip("/")[-12:][:4], 16) >> (16 - bits)


def columns_of(graph: Graph) -> dict[str, int]:
    """The column of every asset: an arrow leads to a higher one, but for arrows that close a circle."""
    ahead = {asset_id: list(_ends(graph, asset_id)) for asset_id in graph.assets}
    waiting: dict[str, int] = dict.fromkeys(graph.assets, 0)
    for ends in ahead.values():
        for end in ends:
            waiting[end] += 1
    columns = dict.fromkeys(graph.assets, 0)
    ready = deque(asset_id for asset_id, count in waiting.items() if count == 0)
    order: list[str] = []
    left = iter(graph.assets)
    done: set[str] = set()
    while len(order) < len(graph.assets):
        if not ready:
            # A circle: it is cut before the first of its members.
            ready.append(next(asset_id for asset_id in left if asset_id not in done))
        here = ready.popleft()
        if here in done:
            continue
        done.add(here)
        order.append(here)
        for end in ahead[here]:
            waiting[end] -= 1
            if end not in done:
                columns[end] = max(columns[end], columns[here] + 1)
                if waiting[end] == 0:
                    ready.append(end)
    starts = graph.assets.keys() - {end for ends in ahead.values() for end in ends}
    for asset_id in starts:
        if ahead[asset_id]:
            columns[asset_id] = min(columns[end] for end in ahead[asset_id]) - 1
    return columns


def _ends(graph: Graph, asset_id: str) -> Iterable[str]:
    """Where arrows from here lead; what only says that two things have to do with each other orders nothing."""
    return {
        edge.target: None
        for edge in graph.downstream(asset_id)
        if edge.relation not in ("same_as", "associated") and edge.target in graph.assets and edge.target != asset_id
    }
