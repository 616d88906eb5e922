"""A walk as a tree for people, and as JSON for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import click

from studbook.cli.text import bold, dim, kind, marks, name, place, relation, safe, value
from studbook.lineage.graph import Evaluation, Hop, Lineage, Walk
from studbook.model import CERTAINTIES, KINDS, Asset
from studbook.model.canonical import plain

_KIND_ORDER = {word: number for number, word in enumerate(KINDS)}


def walk_json(walk: Walk) -> dict[str, Any]:
    """The form of DESIGN.md section 9."""
    return {
        "root": walk.root.id,
        "direction": walk.direction,
        "assets": [plain(asset) for asset in walk.assets],
        "edges": [plain(edge) for edge in walk.edges],
        "evaluations": [plain(found) | {"job": found.job.id} for found in walk.evaluations],
    }


def walk_text(lineage: Lineage, walk: Walk, *, evidence: bool, ids: bool) -> Iterator[str]:
    """A tree from the root; what was shown before is named again, and not opened again."""
    yield _title(walk.root, ids)
    opened = {walk.root.id}
    # Each entry: what stands before the lines below it, and the steps still to show there. No recursion: chains of
    # clones and checkpoints can be longer than Python's stack.
    ahead: list[tuple[str, list[Hop]]] = [("", _steps(walk, walk.root.id))]
    while ahead:
        before, steps = ahead[-1]
        if not steps:
            ahead.pop()
            continue
        hop = steps.pop(0)
        branch, below = ("├─ ", "│  ") if steps else ("└─ ", "   ")
        again = hop.asset.id in opened and bool(walk.hops.get(hop.asset.id))
        yield before + branch + _line(hop, ids) + (dim(" (see above)") if again else "")
        if evidence:
            below_it = "│  " if walk.hops.get(hop.asset.id) and not again else "   "
            for line in hop.edge.evidence:
                yield before + below + below_it + dim(f"by {safe(line)}")
        if not again:
            opened.add(hop.asset.id)
            ahead.append((before + below, _steps(walk, hop.asset.id)))
    if walk.evaluations:
        yield ""
        yield bold("evaluations")
        for found in walk.evaluations:
            yield from _evaluation(lineage, found, ids)
    yield ""
    yield _summary(walk)


def _steps(walk: Walk, asset_id: str) -> list[Hop]:
    return sorted(
        walk.hops.get(asset_id, ()),
        key=lambda hop: (
            hop.asset.gone_since is not None,
            _KIND_ORDER[hop.asset.kind],
            hop.asset.name,
            hop.edge.key.order,
        ),
    )


def _title(asset: Asset, ids: bool) -> str:
    parts = (
        kind(asset.kind),
        bold(safe(asset.id) if ids else name(asset)),
        dim(place(asset)),
        safe(asset.status or ""),
        marks(asset),
    )
    return "  ".join(part for part in parts if part)


def _line(hop: Hop, ids: bool) -> str:
    edge = hop.edge
    sure = edge.certainty + (", candidate" if edge.candidate else "")
    color = None if edge.certainty == "referenced" and not edge.candidate else "yellow"
    return f"{_title(hop.asset, ids)}  {dim(relation(edge))}  {click.style(sure, fg=color)}"


def _evaluation(lineage: Lineage, found: Evaluation, ids: bool) -> Iterator[str]:
    def listed(word: str, several: tuple[str, ...]) -> str:
        names = (name(asset) if (asset := lineage.asset(one)) and not ids else safe(one) for one in several)
        return f"{dim(word)} {', '.join(names) or '-'}"

    parts = listed("judged", found.models), listed("by", found.evaluators), listed("on", found.data)
    yield "  " + _title(found.job, ids)
    yield "    " + "  ".join(parts)
    if found.scores:
        yield f"    {dim('scores')} {value(dict(found.scores))}"


def _summary(walk: Walk) -> str:
    counts = Counter(edge.certainty for edge in walk.edges)
    sure = ", ".join(f"{counts[word]} {word}" for word in CERTAINTIES if counts[word])
    candidates = sum(edge.candidate for edge in walk.edges)
    found = f"{_many(len(walk.assets), 'asset')}, {_many(len(walk.edges), 'edge')}"
    return dim(found + (f": {sure}" if sure else "") + (f"; {_many(candidates, 'candidate')}" if candidates else ""))


def _many(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
