"""Trees: what made a thing or depends on it, and the copies of a model version."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence

from studbook.api import Lineage
from studbook.cli.terminal import bold, columns, cut, dim, style, wide
from studbook.cli.text import counted, kind, marks, relation, value
from studbook.model import CERTAINTIES, KINDS, Asset
from studbook.queries.copies import Copy
from studbook.queries.walks import Evaluation, Hop, Walk

_KIND_ORDER = {word: number for number, word in enumerate(KINDS)}
_LEAST = 16
"""Columns that a handle keeps, however much stands before and behind it."""


def walk_text(lineage: Lineage, walk: Walk, *, evidence: bool) -> Iterator[str]:
    """A tree from the root, whole; what was shown before is named again, and not opened again."""
    yield _fitted(lineage, "", walk.root, "")
    opened = {walk.root.id}
    # Each entry: what stands before the lines below it, and the steps still to show there. No recursion: chains of
    # clones and checkpoints can be longer than Python's stack.
    ahead: list[tuple[str, deque[Hop]]] = [("", _steps(walk, walk.root.id))]
    while ahead:
        before, steps = ahead[-1]
        if not steps:
            ahead.pop()
            continue
        hop = steps.popleft()
        branch, below = ("├─ ", "│  ") if steps else ("└─ ", "   ")
        again = hop.asset.id in opened and bool(walk.hops.get(hop.asset.id))
        yield _fitted(lineage, before + branch, hop.asset, _edge(hop) + (dim(" (see above)") if again else ""))
        if evidence:
            below_it = "│  " if walk.hops.get(hop.asset.id) and not again else "   "
            for line in hop.edge.evidence:
                yield cut(before + below + below_it + dim(f"by {line}"), columns())
        if not again:
            opened.add(hop.asset.id)
            ahead.append((before + below, _steps(walk, hop.asset.id)))
    if walk.evaluations:
        yield ""
        yield bold("evaluations")
        for found in walk.evaluations:
            yield from _evaluation(lineage, found)
    yield ""
    yield from _summary(walk)


def _steps(walk: Walk, asset_id: str) -> deque[Hop]:
    """The steps from an asset, those to what is gone last."""
    return deque(
        sorted(
            walk.hops.get(asset_id, ()),
            key=lambda hop: (
                hop.asset.gone_since is not None,
                _KIND_ORDER[hop.asset.kind],
                hop.asset.name,
                hop.edge.key.order,
            ),
        )
    )


def _fitted(lineage: Lineage, before: str, asset: Asset, behind: str) -> str:
    """A line of the tree; where there is no room, the stage goes, then the handle is cut, and in the end the line."""
    word, handle = kind(asset.kind), lineage.handle(asset)
    for stage in (dim(asset.stage or ""), ""):
        rest = "".join(f"  {part}" for part in (stage, marks(asset), behind) if part)
        room = columns() - wide(before) - len(word) - 2 - wide(rest)
        if wide(handle) <= room:
            break
    return cut(f"{before}{word}  {bold(cut(handle, max(_LEAST, room)))}{rest}", columns())


def _edge(hop: Hop) -> str:
    edge = hop.edge
    sure = edge.certainty + (", candidate" if edge.candidate else "")
    color = None if edge.certainty == "referenced" and not edge.candidate else "yellow"
    return f"{dim(relation(edge))}  {style(sure, color)}"


def _evaluation(lineage: Lineage, found: Evaluation) -> Iterator[str]:
    yield _fitted(lineage, "  ", found.job, "")
    for word, several in (("judged", found.models), ("by", found.evaluators), ("on", found.data)):
        names = ", ".join(map(lineage.handle, several)) or "-"
        yield f"    {dim(word.ljust(6))}  {cut(names, columns() - 12)}"
    if found.scores:
        yield f"    {dim('scores')}  {cut(value(dict(found.scores)), columns() - 12)}"


def _summary(walk: Walk) -> Iterator[str]:
    counts = Counter(edge.certainty for edge in walk.edges)
    sure = ", ".join(f"{counts[word]} {word}" for word in CERTAINTIES if counts[word])
    candidates = sum(edge.candidate for edge in walk.edges)
    found = f"{counted('asset', len(walk.assets))}, {counted('edge', len(walk.edges))}"
    yield dim(found + (f": {sure}" if sure else "") + (f"; {counted('candidate', candidates)}" if candidates else ""))


def copy_text(lineage: Lineage, rows: Sequence[Copy]) -> Iterator[str]:
    """The trees of copies, each from its original."""
    below: dict[str, list[Copy]] = {}
    for copy in rows:
        below.setdefault(copy.from_, []).append(copy)
    copies = {copy.to for copy in rows}
    ahead: list[tuple[str, str, str, Copy | None]] = [
        ("", "", origin, None) for origin in reversed(below) if origin not in copies
    ]
    opened: set[str] = set()
    while ahead:
        before, inner, asset_id, row = ahead.pop()
        asset = lineage.index.asset(asset_id)
        sure = f"{row.certainty}{', candidate' if row.candidate else ''}  {row.at or ''}" if row is not None else ""
        yield _fitted(lineage, before, asset, dim(sure)) if asset is not None else cut(before + asset_id, columns())
        several = [] if asset_id in opened else below.get(asset_id, [])
        opened.add(asset_id)
        for at, one in enumerate(reversed(several)):
            branch, deeper = ("└─ ", "   ") if at == 0 else ("├─ ", "│  ")
            ahead.append((inner + branch, inner + deeper, one.to, one))
