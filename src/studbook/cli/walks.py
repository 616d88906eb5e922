"""Answers as trees: what made a thing or depends on it, copies, what an incident reached, and rows by their columns."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from studbook.answer_table import AnswerTable
from studbook.api import Lineage
from studbook.cli.terminal import bold, columns, cut, dim, folded, style, wide
from studbook.cli.text import how_sure, marks, relation, value
from studbook.model import CERTAINTIES, KINDS, Asset
from studbook.model.kinds import kind_words
from studbook.queries.answer import counted
from studbook.queries.copies import Copy
from studbook.queries.incident import Hit
from studbook.queries.walks import Evaluation, Hop, Walk
from studbook.queries.walks.influence import ALWAYS

_KIND_ORDER = {word: number for number, word in enumerate(KINDS)}
_LEAST = 16
"""Columns that a handle keeps, however much stands before and behind it."""


def walk_text(lineage: Lineage, walk: Walk, *, evidence: bool) -> Iterator[str]:
    """A tree from the root, whole; what was shown before is named again, and not opened again.

    A place that is written again and again leads from each of its readers to what was there for that one.
    """
    yield _fitted(lineage, "", walk.root, "")
    steps = _steps(walk, walk.root, ALWAYS)
    opened = {_opening(walk.root, steps)}
    # Each entry: what stands before the lines below it, and the steps still to show there. No recursion: chains of
    # clones and checkpoints can be longer than Python's stack.
    ahead = [("", steps)]
    while ahead:
        before, steps = ahead[-1]
        if not steps:
            ahead.pop()
            continue
        hop, bound = steps.popleft()
        branch, below = ("├─ ", "│  ") if steps else ("└─ ", "   ")
        onward = _steps(walk, hop.asset, bound)
        opening = _opening(hop.asset, onward)
        again = opening in opened and bool(onward)
        yield _fitted(lineage, before + branch, hop.asset, _edge(hop) + (dim(" (see above)") if again else ""))
        if evidence:
            below_it = "│  " if onward and not again else "   "
            for line in hop.edge.evidence:
                yield cut(before + below + below_it + dim(f"by {line}"), columns())
        if not again:
            opened.add(opening)
            ahead.append((before + below, onward))
    if walk.evaluations:
        yield ""
        yield bold("evaluations")
        for found in walk.evaluations:
            yield from _evaluation(lineage, found)
    yield ""
    yield from _summary(walk)


_Steps = deque[tuple[Hop, float]]
"""Steps of a walk, each with the time bound of its end."""


def _steps(walk: Walk, asset: Asset, bound: float) -> _Steps:
    """The steps from an asset that was reached with that time bound, those to what is gone last."""
    return deque(
        sorted(
            walk.steps(asset, bound),
            key=lambda step: (
                step[0].asset.gone_since is not None,
                _KIND_ORDER[step[0].asset.kind],
                step[0].asset.name,
                step[0].edge.key.order,
            ),
        )
    )


def _opening(asset: Asset, steps: _Steps) -> tuple[str, int]:
    """An asset, and how many of its steps are shown: with a wider time bound more of the same."""
    return asset.id, len(steps)


def _fitted(lineage: Lineage, before: str, asset: Asset, behind: str) -> str:
    """A line of the tree; where there is no room, the stage goes, then the handle is cut, and in the end the line."""
    word, handle = kind_words(asset.kind), lineage.handle(asset)
    for stage in (dim(asset.stage or ""), ""):
        rest = "".join(f"  {part}" for part in (stage, marks(asset), behind) if part)
        room = columns() - wide(before) - len(word) - 2 - wide(rest)
        if wide(handle) <= room:
            break
    return cut(f"{before}{word}  {bold(cut(handle, max(_LEAST, room)))}{rest}", columns())


def _edge(hop: Hop) -> str:
    edge = hop.edge
    color = None if edge.certainty == "referenced" and not edge.candidate else "yellow"
    return f"{dim(relation(edge))}  {style(how_sure(edge), color)}"


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
    found = f"{counted(len(walk.assets), 'asset')}, {counted(len(walk.edges), 'edge')}"
    yield dim(found + (f": {sure}" if sure else "") + (f"; {counted(candidates, 'candidate')}" if candidates else ""))


def copy_text(lineage: Lineage, rows: Sequence[Copy]) -> Iterator[str]:
    """The trees of copies, each from its original, line by line."""
    return _forest(lineage, [(row.from_, row.to, f"{how_sure(row)}  {row.at or ''}") for row in rows])


def hit_text(lineage: Lineage, rows: Sequence[Hit]) -> Iterator[str]:
    """What an incident has reached, each below that by which it was: its status, and why where that begins or falls."""
    status = {row.asset: row.status for row in rows}
    links = []
    for row in rows:
        why = row.because if status.get(row.via) != row.status else ""
        last = f"last unaffected {lineage.handle(row.last_unaffected)}" if row.last_unaffected is not None else ""
        links.append((row.via, row.asset, "  ".join(filter(None, (row.status, why, last)))))
    return _forest(lineage, links)


def _forest(lineage: Lineage, links: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    """Trees of what each thing leads to: from, to, and what is said of it."""
    below: dict[str, list[tuple[str, str, str]]] = {}
    for link in links:
        below.setdefault(link[0], []).append(link)
    ends = {end for _, end, _ in links}
    opened: set[str] = set()
    for origin in (*(one for one in below if one not in ends), *below):  # a circle has no origin
        ahead = [("", "", origin, "")] if origin not in opened else []
        while ahead:
            before, inner, asset_id, said = ahead.pop()
            asset = lineage.index.asset(asset_id)
            yield _fitted(lineage, before, asset, dim(said)) if asset is not None else cut(before + asset_id, columns())
            several = [] if asset_id in opened else below.get(asset_id, [])
            opened.add(asset_id)
            for at, (_, end, its) in enumerate(reversed(several)):
                branch, deeper = ("└─ ", "   ") if at == 0 else ("├─ ", "│  ")
                ahead.append((inner + branch, inner + deeper, end, its))


_Branch = dict[tuple[int, str], Any]
"""What stands below a line of a tree: lines of their own by the number of their row, or one for all rows by -1."""


def grouped_text(shown: AnswerTable, levels: Sequence[str]) -> Iterator[str]:
    """The rows of a table as a tree: level by level what they have in common, then each with all of its columns."""
    trunk: _Branch = {}
    for at, row in enumerate(shown.rows):
        cells = dict(zip(shown.head, row, strict=True)) | dict(shown.same)
        node = trunk
        for level in levels:
            if word := cells.pop(level, ""):
                node = node.setdefault((-1, f"{dim(level)} {bold(word)}"), {})
        leaf: _Branch = node.setdefault((at, _columns(cells)), {})
        for detail in shown.details:
            if detail.row == at:
                inner = leaf.setdefault((-1, dim(detail.title)), {})
                inner |= {(n, _columns(zip(detail.head, one, strict=True))): {} for n, one in enumerate(detail.rows)}
    for (_, text), node in trunk.items():
        yield from _branches("", "", text, node)


def _columns(cells: Mapping[str, str] | Iterable[tuple[str, str]]) -> str:
    return "  ".join(f"{dim(title)} {cell}" for title, cell in dict(cells).items() if cell)


def _branches(before: str, inner: str, text: str, node: _Branch) -> Iterator[str]:
    first, *rest = folded(text, columns() - wide(before) - 3)
    yield before + first
    yield from (inner + ("│  " if node else "   ") + line for line in rest)
    for at, ((_, one), below) in enumerate(node.items()):
        branch, deeper = ("└─ ", "   ") if at == len(node) - 1 else ("├─ ", "│  ")
        yield from _branches(inner + branch, inner + deeper, one, below)
