"""A walk as a tree for people, and as JSON for programs."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from studbook.cli.terminal import bold, dim, style
from studbook.cli.text import counted, kind, marks, name, place, relation, value
from studbook.lineage.graph import Lineage
from studbook.model import CERTAINTIES, KINDS, Asset
from studbook.model.canonical import fields_of
from studbook.queries.walks import Evaluation, Hop, Walk

_KIND_ORDER = {word: number for number, word in enumerate(KINDS)}


def walk_json(walk: Walk) -> dict[str, Any]:
    """A walk as JSON: the form that docs/commands.md tells."""
    return {
        "root": walk.root.id,
        "direction": walk.direction,
        "assets": [fields_of(asset) for asset in walk.assets],
        "edges": [edge.as_data() for edge in walk.edges],
        "evaluations": [fields_of(found) | {"job": found.job.id} for found in walk.evaluations],
    }


NEAREST = 2_000
"""Where the text of a walk ends, unless all of it is asked for."""
_ALIKE = 20
"""How many of one kind below one asset are shown one by one."""


def walk_text(lineage: Lineage, walk: Walk, *, evidence: bool, ids: bool, everything: bool = False) -> Iterator[str]:
    """A tree from the root; what was shown before is named again, and not opened again.

    Of many of one kind below one asset the first are shown and the others counted, unless everything is asked for.
    """
    most = None if everything else _ALIKE
    counting = not walk.ended
    yield _title(walk.root, ids)
    opened = {walk.root.id}
    # Each entry: what stands before the lines below it, and the steps still to show there. No recursion: chains of
    # clones and checkpoints can be longer than Python's stack.
    ahead: list[tuple[str, deque[Hop | str]]] = [("", _steps(walk, walk.root.id, most))]
    while ahead:
        before, steps = ahead[-1]
        if not steps:
            ahead.pop()
            continue
        hop = steps.popleft()
        branch, below = ("├─ ", "│  ") if steps else ("└─ ", "   ")
        if isinstance(hop, str):
            counting = True
            yield before + branch + dim(hop)
            continue
        again = hop.asset.id in opened and bool(walk.hops.get(hop.asset.id))
        yield before + branch + _line(hop, ids) + (dim(" (see above)") if again else "")
        if evidence:
            below_it = "│  " if walk.hops.get(hop.asset.id) and not again else "   "
            for line in hop.edge.evidence:
                yield before + below + below_it + dim(f"by {line}")
        if not again:
            opened.add(hop.asset.id)
            ahead.append((before + below, _steps(walk, hop.asset.id, most)))
    if walk.evaluations:
        yield ""
        yield bold("evaluations")
        for found in walk.evaluations[:most]:
            yield from _evaluation(lineage, found, ids)
        if most is not None and len(walk.evaluations) > most:
            yield dim(f"  ... and {len(walk.evaluations) - most} more")
    yield ""
    yield from _summary(walk, kinds=counting)


def _steps(walk: Walk, asset_id: str, most: int | None) -> deque[Hop | str]:
    """The steps from an asset, and in words how many of each kind are left out."""
    steps = sorted(
        walk.hops.get(asset_id, ()),
        key=lambda hop: (
            hop.asset.gone_since is not None,
            _KIND_ORDER[hop.asset.kind],
            hop.asset.name,
            hop.edge.key.order,
        ),
    )
    shown: deque[Hop | str] = deque()
    for _, group in groupby(steps, key=lambda hop: (hop.asset.gone_since is not None, hop.asset.kind)):
        several = list(group)
        # One line that says "one more" takes the place of that one.
        kept = several if most is None or len(several) <= most + 1 else several[:most]
        shown.extend(kept)
        if len(kept) < len(several):
            shown.append(f"... and {counted(several[0].asset.kind, len(several) - len(kept), 'more ')}")
    return shown


def _title(asset: Asset, ids: bool) -> str:
    parts = (
        kind(asset.kind),
        bold(asset.id if ids else name(asset)),
        dim(place(asset)),
        asset.status or "",
        marks(asset),
    )
    return "  ".join(part for part in parts if part)


def _line(hop: Hop, ids: bool) -> str:
    edge = hop.edge
    sure = edge.certainty + (", candidate" if edge.candidate else "")
    color = None if edge.certainty == "referenced" and not edge.candidate else "yellow"
    return f"{_title(hop.asset, ids)}  {dim(relation(edge))}  {style(sure, color)}"


def _evaluation(lineage: Lineage, found: Evaluation, ids: bool) -> Iterator[str]:
    def listed(word: str, several: tuple[str, ...]) -> str:
        names = (name(asset) if (asset := lineage.asset(one)) and not ids else one for one in several)
        return f"{dim(word)} {', '.join(names) or '-'}"

    parts = listed("judged", found.models), listed("by", found.evaluators), listed("on", found.data)
    yield "  " + _title(found.job, ids)
    yield "    " + "  ".join(parts)
    if found.scores:
        yield f"    {dim('scores')} {value(dict(found.scores))}"


def _summary(walk: Walk, *, kinds: bool) -> Iterator[str]:
    counts = Counter(edge.certainty for edge in walk.edges)
    sure = ", ".join(f"{counts[word]} {word}" for word in CERTAINTIES if counts[word])
    candidates = sum(edge.candidate for edge in walk.edges)
    found = f"{_many(len(walk.assets), 'asset')}, {_many(len(walk.edges), 'edge')}"
    yield dim(found + (f": {sure}" if sure else "") + (f"; {_many(candidates, 'candidate')}" if candidates else ""))
    if kinds:
        of_kind = Counter[str](asset.kind for asset in walk.assets)
        yield dim(", ".join(counted(word, of_kind[word]) for word in KINDS if word in of_kind))
    if not walk.ended:
        yield style(f"the nearest {len(walk.assets)} only: there are more, with --all", "yellow")


def _many(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
