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
from studbook.model import CERTAINTIES, KINDS, RELATIONS, Asset, Evidence, Record
from studbook.model.ids import page_path
from studbook.model.kinds import KindInfo
from studbook.queries.columns import columns_of
from studbook.queries.namesakes import renamed
from studbook.queries.sources_of import RecordOf, quoted
from studbook.render.views.site import Json, Site
from studbook.words import full_name, mark_words, reference, says

_CHUNK = 64
"""About so many assets in a chunk."""
_STARTS = 8


def explore(site: Site) -> Json:
    """What the page itself needs: how to find a chunk, the words, and where one may begin."""
    return {
        "bits": _bits(site.graph),
        "kinds": {kind: [i.title, i.plural, i.shape, _lane(i), _layer(i)] for kind, i in KINDS.items()},
        "words": dict(RELATIONS),
        "lanes": LANES,
        "certainties": dict(CERTAINTIES),
        "says": {certainty: says(certainty) for certainty in CERTAINTIES},
        "starts": site.links(asset.id for asset in _starts(site))[:_STARTS],
    }


LANES = ("Data", "Build", "Model", "Judgement", "Serve")
"""The columns in which a lineage is drawn."""


def _lane(info: KindInfo) -> int:
    """The column of a kind."""
    if info.section == "deployments":
        return LANES.index("Serve")
    if info.section == "evaluators" or "scores" in info.makes:
        return LANES.index("Judgement")
    if info.section == "models" or info.shape == "facet":
        return LANES.index("Model")
    return LANES.index("Data" if info.data and info.section != "other" else "Build")


def _layer(info: KindInfo) -> str:
    """What is folded into the arrows until somebody asks for it: `mlflow`, `artifact`, or nothing."""
    if info.section == "experiments":
        return "mlflow"
    return "artifact" if info.section == "other" or info.name in ("endpoint_config", "model_card") else ""


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
    nodes = joined | renamed(old.assets, new.assets)
    nodes |= {one for one in ids if not _alike(old.assets.get(one), new.assets.get(one))}
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


def upstream(site: Site, asset: Asset) -> list[Json]:
    """Every edge that ends at an asset, with its fields and, of jobs, states of data and what runs, their values."""

    def record_of(kind: str, record_id: str) -> Record | None:
        behind = (one for one in site.records_behind.get(record_id, ()) if one.kind == kind)
        return site.records.get((kind, record_id)) or next(behind, None)

    return [
        {
            "source": edge.source,
            "relation": edge.relation,
            "role": edge.role,
            "evidence": [_quoted(one, record_of) for one in edge.evidence],
        }
        for edge in sorted(site.graph.upstream(asset.id), key=lambda edge: edge.key.order)
    ]


def _quoted(evidence: Evidence, record_of: RecordOf) -> Json:
    value = quoted(evidence, record_of)
    return {"field": str(evidence)} | ({} if value is None else {"value": value})


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
    return [link["path"], full_name(link), asset.kind, columns[asset.id], link["where"], mark_words(asset), *counts]


def _bits(graph: Graph) -> int:
    return max(0, (len(graph.assets) // _CHUNK).bit_length())


def _chunk_of(path: str, bits: int) -> int:
    """By the first hex digits of the digest that ends an address."""
    return int(_digest_of(path)[:4], 16) >> (16 - bits)


def _digest_of(path: str) -> str:
    """The digest that ends an address."""
    return path.rstrip("/")[-12:]
