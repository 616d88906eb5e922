"""Explore: the whole lineage as data for the browser, a chunk at a time, each asset in its column already.

A column says how far along its pedigree an asset stands: every arrow leads from a lower column to a higher one, and
what starts a pedigree stands right before the first that it goes into. Chunks are cut by the digest in an asset's
address, so that a night's changes touch few of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterator
from functools import cache

from studbook.lineage.graph import Graph, differing
from studbook.model import KINDS, RELATIONS, Asset
from studbook.model.ids import page_path
from studbook.queries.columns import columns_of
from studbook.queries.walks import made, reaches
from studbook.render.views.site import Json, Site
from studbook.words import mark_words, reference

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

    A node is `[address, name, kind, column, account and region, marks, upstream, downstream]`, the last two being how
    many neighbours it has on each side; the first nodes are the chunk's members, the others their neighbours. An edge
    is `[from, to, relation, role, certainty, candidate]`, its ends by their place in the list; every edge of each
    member is there.
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
    joined = {end for key in (*lost, *gained) for end in (key.source, key.target)}
    ids = old.assets.keys() | new.assets.keys()
    # A node says how many neighbours it has, wherever it stands.
    nodes = joined | {one for one in ids if not _alike(old.assets.get(one), new.assets.get(one))}
    if joined or old.assets.keys() != new.assets.keys():
        before, after = columns_of(old), columns_of(new)
        nodes |= {one for one in ids if before.get(one) != after.get(one)}
    # An asset stands in its own chunk, and in those of its neighbours.
    ends: set[str] = set()
    for one in nodes:
        for graph in (old, new):
            ends.update(edge.source for edge in graph.upstream(one))
            ends.update(edge.target for edge in graph.downstream(one))
    assets = (graph.assets.get(near) for near in ends | nodes for graph in (old, new))
    touched = {_chunk_of(page_path(asset.kind, asset.id), bits) for asset in assets if asset is not None}
    return {_address(number) for number in range(1 << bits) if number not in touched}


MOST = 160
"""The most assets that Explore draws at once."""


def walks(site: Site, asset: Asset) -> Json:
    """What made an asset and what depends on it, for Explore, which looks it up and never walks by itself.

    Of each asset the digest that ends its address, twelve letters after the other, the root left out; of many the
    nearest, and then `more`.
    """
    found = {"made": made, "reaches": reaches}
    out: Json = {}
    for name, walk in found.items():
        answer = walk(site.graph, asset.id, MOST, judged=False)
        digests = sorted(_digest_of(str(site.link(one.id)["path"])) for one in answer.assets if one.id != asset.id)
        out[name] = {"assets": "".join(digests), "more": not answer.ended}
    return out


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
    sides = (
        {edge.source for edge in site.graph.upstream(asset.id)},
        {edge.target for edge in site.graph.downstream(asset.id)},
    )
    counts = [len(side - {asset.id}) for side in sides]
    return [link["path"], link["name"], asset.kind, columns[asset.id], link["where"], mark_words(asset), *counts]


def _bits(graph: Graph) -> int:
    return max(0, (len(graph.assets) // _CHUNK).bit_length())


def _chunk_of(path: str, bits: int) -> int:
    """By the first hex digits of the digest that ends an address."""
    return int(_digest_of(path)[:4], 16) >> (16 - bits)


def _digest_of(path: str) -> str:
    """The digest that ends an address."""
    return path.rstrip("/")[-12:]
