"""Lineage pictures: graphviz says where things stand, this module draws them.

`dot` gets a graph of numbered boxes of one size and nothing that a stranger wrote, so no name can break out of it, and
the machine's fonts cannot move a line. It is run in batches through standard input without clusters, the one batched
mode of `dot` that always gives the same layout. Layouts are kept by content: names may change, the drawing board does
not.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import graphviz
from markupsafe import Markup, escape

from studbook.errors import BuildError
from studbook.lineage.graph import LineageReader
from studbook.model import CERTAINTIES, KINDS, Asset, Edge
from studbook.model.ids import page_path
from studbook.queries.walks import around
from studbook.words import in_lines, reference, relation_words, shortened, shown

LIMIT = 30
"""The most assets in one picture; what is beyond is counted."""

_WIDTH, _HEIGHT = 160, 56
_LINE = 15
_CAPTIONED = 27
"""Letters of a caption that its box has room for; digits are wider, four of them by one letter."""
_FIRST = {1: 13, 2: 5}
"""Where the first line of a name stands below the middle of its box, by the number of lines."""
_MIDDLE = _WIDTH // 2
_BOX = f"M5 0h{_WIDTH - 10}q5 0 5 5v{_HEIGHT - 10}q0 5-5 5h-{_WIDTH - 10}q-5 0-5-5v-{_HEIGHT - 10}q0-5 5-5z"
_OUTLINES = {
    "drum": (
        f"M0 4a{_MIDDLE} 4 0 0 1 {_WIDTH} 0v{_HEIGHT - 8}a{_MIDDLE} 4 0 0 1 -{_WIDTH} 0z"
        f"M0 4a{_MIDDLE} 4 0 0 0 {_WIDTH} 0"
    ),
    "hexagon": (f"M11 0h{_WIDTH - 22}l11 {_HEIGHT // 2}-11 {_HEIGHT // 2}h-{_WIDTH - 22}l-11-{_HEIGHT // 2}z"),
    "pill": (
        f"M20 0h{_WIDTH - 40}a20 20 0 0 1 20 20v{_HEIGHT - 40}a20 20 0 0 1-20 20"
        f"h-{_WIDTH - 40}a20 20 0 0 1-20-20v-{_HEIGHT - 40}a20 20 0 0 1 20-20z"
    ),
    "slant": f"M10 0h{_WIDTH - 10}l-10 {_HEIGHT}h-{_WIDTH - 10}z",
    "note": f"M0 0h{_WIDTH - 11}l11 11v{_HEIGHT - 11}h-{_WIDTH}zM{_WIDTH - 11} 0v11h11",
    "facet": f"M8 0h{_WIDTH - 16}l8 8v{_HEIGHT - 16}l-8 8h-{_WIDTH - 16}l-8-8v-{_HEIGHT - 16}z",
}
"""The outline of each shape that is no plain box, from its upper left corner."""
_POINTS = 72.0
_MARGIN = 6.0
_BATCH = 200
_REMEMBERED = 2_000
_SMALLEST = 0.8
"""How far a picture may shrink to fit its page before it scrolls: below this, its words cannot be read."""


class Line(NamedTuple):
    """All edges between two boxes, drawn as one line of the strongest certainty."""

    tail: int
    head: int
    certainty: str
    candidate: bool
    words: str


@dataclass(frozen=True, slots=True)
class Box:
    """One node: an asset, or the count of those left out (`asset` is None)."""

    asset: Asset | None
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class Picture:
    """What is to be drawn, before anything has a place. Boxes are nearest first, the root is box 0."""

    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]

    @property
    def dot(self) -> str:
        """The graph as DOT: numbers and sizes, nothing that a stranger wrote."""
        out = [
            "digraph { graph [rankdir=LR nodesep=0.22 ranksep=0.3] "
            f'node [shape=box fixedsize=true label="" width={_WIDTH / _POINTS:.4f} height={_HEIGHT / _POINTS:.4f}] '
            "edge [dir=none]"
        ]
        out += [f"n{index}" for index in range(len(self.boxes))]
        out += [f"n{line.tail} -> n{line.head}" for line in self.lines]
        return "\n".join(out) + "\n}\n"


def neighbourhood(lineage: LineageReader, root: Asset) -> Picture:
    """The nearest ancestors and descendants of an asset, upstream and downstream in turn, at most `LIMIT` of them.

    The steps are those of trace and impact. Where some are left out, a box on that side says how many neighbours of
    what is shown are not.
    """
    near = around(lineage, root, LIMIT)
    places = {asset.id: place for place, asset in enumerate(near.assets)}
    boxes = [Box(asset) for asset in near.assets]
    lines = [line_of(places[source], places[target], group) for (source, target), group in near.edges.items()]
    for direction, rest in near.beyond.items():
        if rest:
            nearest = min(places[via] for via in rest.values())
            index = len(boxes)
            boxes.append(Box(None, len(rest)))
            tail, head = (index, nearest) if direction == "upstream" else (nearest, index)
            lines.append(Line(tail, head, "more", False, f"{len(rest)} more"))
    return Picture(tuple(boxes), tuple(sorted(lines)))


def line_of(tail: int, head: int, edges: Sequence[Edge]) -> Line:
    """The line of all edges between two boxes, by the boxes' numbers: as sure as the surest edge, a candidate where
    all of them are."""
    best = min(edges, key=lambda edge: _STRENGTH[edge.certainty])
    words = sorted(set(map(relation_words, edges)))
    return Line(tail, head, best.certainty, all(edge.candidate for edge in edges), ", ".join(words))


_STRENGTH = {certainty: rank for rank, certainty in enumerate(CERTAINTIES)}


# --- layout -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Layout:
    """Where graphviz put things, as SVG writes it, with y downwards: most pictures share their layout."""

    width: float
    height: float
    corners: tuple[str, ...]
    """The upper left corner of each box."""
    curves: tuple[str, ...]
    """The path of each line."""


class Drafting:
    """Runs `dot` for many pictures at once, and remembers every layout by the digest of its DOT text.

    `cache` is a folder for layouts, shared by builds; None remembers for this build alone. `pictures` is what the
    configuration says of them.
    """

    def __init__(self, cache: Path | None = None, pictures: Literal["auto", "required", "off"] = "required") -> None:
        self._known: dict[str, Layout] = {}
        """The latest layouts; there are few shapes among many pictures."""
        self._cache = cache
        self._version: str | None = None
        self.draws = pictures == "required" or (pictures == "auto" and shutil.which("dot") is not None)
        """Whether there are pictures; a page without one has its edges in a list."""

    def lay_out(self, pictures: Sequence[Picture]) -> list[Layout]:
        """A layout for each picture, in their order.

        Raises BuildError where graphviz is needed and not installed.
        """
        keys = [self._key(picture) for picture in pictures]
        wanted = {key: picture for key, picture in zip(keys, pictures, strict=True) if not self._has(key, picture)}
        todo = sorted(wanted.items())
        for start in range(0, len(todo), _BATCH):
            batch = todo[start : start + _BATCH]
            for (key, picture), text in zip(batch, self._run([picture.dot for _, picture in batch]), strict=True):
                self._keep(key, picture, text)
        layouts = [self._known[key] for key in keys]
        if len(self._known) > _REMEMBERED:
            self._known.clear()
        return layouts

    @property
    def version(self) -> str:
        """What the program says of itself: another version may place things otherwise."""
        if self._version is None:
            self._version = graphviz_version() if self.draws else "no pictures"
        return self._version

    def _key(self, picture: Picture) -> str:
        return hashlib.sha256(f"{self.version}\n{picture.dot}".encode()).hexdigest()

    def _has(self, key: str, picture: Picture) -> bool:
        if key in self._known:
            return True
        if self._cache is not None and (path := self._cache / key[:2] / key).exists():
            self._known[key] = _parse(path.read_text(encoding="ascii"), picture)
            return True
        return False

    def _keep(self, key: str, picture: Picture, text: str) -> None:
        self._known[key] = _parse(text, picture)
        if self._cache is not None:
            path = self._cache / key[:2] / key
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = path.with_name(f"{path.name}.{os.getpid()}")
            beside.write_text(text, encoding="ascii")
            beside.replace(path)

    def _run(self, graphs: Sequence[str]) -> list[str]:
        done = _plain("".join(graphs))
        texts = [part + "stop\n" for part in done.split("stop\n")[:-1]]
        if len(texts) != len(graphs):
            raise BuildError(
                f"graphviz drew {len(texts)} of {len(graphs)} pictures", "run 'dot -V' and report the version"
            )
        return texts


def no_program() -> BuildError:
    """What is said where graphviz is not installed, and the way out."""
    return BuildError(
        "the lineage pictures need graphviz, and there is no 'dot' program on this machine",
        "install it: 'apt-get install graphviz', 'brew install graphviz', or https://graphviz.org/download/",
    )


def graphviz_version() -> str:
    """The version of the `dot` program. Raises BuildError where there is none."""
    try:
        return ".".join(str(part) for part in graphviz.version())
    except graphviz.ExecutableNotFound:
        raise no_program() from None


def _plain(text: str) -> str:
    """What `dot -Tplain` makes of some graphs."""
    try:
        drawn: str = graphviz.pipe_string("dot", "plain", text, encoding="ascii", quiet=True)
    except graphviz.ExecutableNotFound:
        raise no_program() from None
    except graphviz.CalledProcessError as error:
        raise BuildError(f"graphviz failed: {error.stderr}", "run 'dot -V' to see whether it works at all") from None
    return drawn


def _parse(text: str, picture: Picture) -> Layout:
    """Read `dot -Tplain`: inches from the lower left corner."""
    width = height = 0.0
    corners: dict[int, str] = {}
    curves: dict[tuple[int, int], str] = {}

    def place(x: str, y: str) -> tuple[float, float]:
        return (float(x) * _POINTS + _MARGIN, (height - float(y)) * _POINTS + _MARGIN)

    # Long lines are broken with a backslash.
    for line in text.replace("\\\n", "").splitlines():
        match line.split():
            case ["graph", _, w, h]:
                width, height = float(w), float(h)
            case ["node", name, x, y, *_]:
                across, down = place(x, y)
                corners[int(name[1:])] = f"{across - _WIDTH / 2:.0f} {down - _HEIGHT / 2:.0f}"
            case ["edge", tail, head, count, *rest]:
                points = [place(rest[2 * i], rest[2 * i + 1]) for i in range(int(count))]
                first, *others = [f"{across:.0f} {down:.0f}" for across, down in points]
                curves[int(tail[1:]), int(head[1:])] = f"M{first}C{' '.join(others)}"
    return Layout(
        width=width * _POINTS + 2 * _MARGIN,
        height=height * _POINTS + 2 * _MARGIN,
        corners=tuple(corners[index] for index in range(len(picture.boxes))),
        curves=tuple(curves[line.tail, line.head] for line in picture.lines),
    )


# --- drawing ------------------------------------------------------------------------------------------------------


def draw(
    picture: Picture,
    layout: Layout,
    *,
    root: str = "../../",
    title: str,
    told: Callable[[Asset], Mapping[str, Any]] = lambda asset: reference(asset, asset.id, ()),
) -> Markup:
    """The picture as inline SVG: shapes and classes by kind, boxes that lead to their pages, lines by certainty.

    `root` is the way from the page to the site's root, `told` is how a page refers to an asset, with its place. Colours
    are the stylesheet's: one picture for light and dark.
    """
    width, height = f"{layout.width:.0f}", f"{layout.height:.0f}"
    subject = picture.boxes[0].asset if picture.boxes else None
    name = "sb-" + hashlib.sha256((subject.id if subject else title).encode()).hexdigest()[:8]
    explore = f"{root}explore/#{page_path(subject.kind, subject.id)}" if subject else "#edges"
    out = [
        f'<svg class="sb-lineage" role="group" aria-labelledby="{name}" xmlns="http://www.w3.org/2000/svg" '
        f'width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'style="min-width:{layout.width * _SMALLEST:.0f}px">',
        f'<title id="{name}">{escape(shown(title))}</title>',
        f'<defs><marker id="{name}-tip" class="sb-tip" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto-start-reverse"><path d="M0 .8 8 4 0 7.2z"/></marker></defs>',
        f'<g marker-end="url(#{name}-tip)">',
    ]
    for line, curve in zip(picture.lines, layout.curves, strict=True):
        classes = "sb-edge" + (f" sb-{line.certainty}" if line.certainty != "referenced" else "")
        classes += " sb-candidate" if line.candidate else ""
        out.append(f'<path class="{classes}" d="{curve}"><title>{escape(shown(line.words))}</title></path>')
    out.append("</g>")
    for index, (box, corner) in enumerate(zip(picture.boxes, layout.corners, strict=True)):
        out.append(_box(box, corner, root, explore, told(box.asset) if box.asset else {}, is_root=index == 0))
    out.append("</svg>")
    return Markup("".join(out))  # noqa: S704  every text in it is escaped above


def _box(box: Box, corner: str, root: str, explore: str, told: Mapping[str, Any], *, is_root: bool) -> str:
    place = f' transform="translate({corner})"'
    if box.asset is None:
        return (
            f'<a href="{escape(explore)}" class="sb-node sb-more"{place}><title>{box.hidden} more: open Explore</title>'
            f'<path d="{_OUTLINES["pill"]}"/><text x="{_MIDDLE}" y="{_HEIGHT // 2 + 4}">+ {box.hidden} more</text></a>'
        )
    drawn = _drawn(told["kind"], told["id"], told["name"], tuple(told["marks"]), told["at"])
    here = (" sb-root", ' aria-current="page"') if is_root else ("", "")
    return f'<a href="{root}{drawn.path}" class="{drawn.classes}{here[0]}"{here[1]}{place}>{drawn.inside}</a>'


class _Drawn(NamedTuple):
    """What a box says of its asset, escaped, wherever it stands."""

    path: str
    classes: str
    inside: str


@lru_cache(maxsize=8192)
def _drawn(kind: str, asset_id: str, words: str, marks: tuple[str, ...], at: str) -> _Drawn:
    """An asset stands in a dozen pictures, and in each it says the same."""
    marked = f" ({', '.join(marks)})" if marks else ""
    # The account stands first in the place: where there is no room for all of it, the account has it.
    places = (f" · {at}", f" · {at.partition(' · ')[0]}") if at else ("",)
    captions = [f"{KINDS[kind].title}{place}{marked}" for place in places]
    caption = captions[0]
    captioned = next((one for one in captions if len(one) <= _CAPTIONED), captions[-1])
    room = _CAPTIONED - sum(map(str.isdigit, captioned)) // 4
    hint = "\n".join(part for part in (caption, shown(words), shown(asset_id)) if part)
    shape = KINDS[kind].shape
    classes = " ".join(["sb-node", f"sb-{shape}", f"sb-kind-{kind}", *(f"sb-is-{mark}" for mark in marks)])
    lines = in_lines(words)
    first = _HEIGHT // 2 + _FIRST[len(lines)]
    texts = [
        f'<text x="{_MIDDLE}" y="{first + place * _LINE}">{escape(line)}</text>' for place, line in enumerate(lines)
    ]
    inside = (
        f'<title>{escape(hint)}</title><path d="{_OUTLINES.get(shape, _BOX)}"/>'
        f'<text class="sb-caption" x="{_MIDDLE}" y="{first - _LINE}">{escape(shortened(captioned, room))}</text>'
        f"{''.join(texts)}"
    )
    return _Drawn(escape(page_path(kind, asset_id)), classes, inside)


# --- outside of a site ------------------------------------------------------------------------------------------------


STYLE: Final = (
    "<style>.sb-lineage .sb-node path{fill:#f7f7f4;stroke:#666}.sb-lineage .sb-root path{stroke-width:2.5}"
    ".sb-lineage text{font:12px sans-serif;text-anchor:middle;fill:#222}.sb-lineage .sb-caption{font-size:10px}"
    ".sb-lineage .sb-edge{fill:none;stroke:#777}.sb-lineage .sb-declared{stroke-dasharray:6 3}"
    ".sb-lineage .sb-inferred{stroke-dasharray:2 3}.sb-lineage .sb-tip{fill:#777}</style>"
)
"""What a picture looks like where there is no stylesheet."""
_CAPTION = 18
_LETTER = 7
"""About the width of a letter of a caption."""


def unlinked(picture: Picture, layout: Layout, title: str) -> str:
    """The picture for a page of somebody else's, to which `STYLE` belongs: its boxes lead nowhere."""
    return re.sub(r'<a href="[^"]*"', "<a", draw(picture, layout, title=title))


def standalone(picture: Picture, layout: Layout, captions: Sequence[str], root: str) -> str:
    """The picture as a file of its own, with sentences above it; the box of the asset `root` is drawn stronger."""
    top = _CAPTION * len(captions) + 8
    width = max(layout.width, *(_LETTER * len(line) + 12 for line in captions))
    told = "".join(
        f'<text x="6" y="{_CAPTION * (number + 1)}" style="text-anchor:start">{escape(shown(line))}</text>'
        for number, line in enumerate(captions)
    )
    inner = unlinked(picture, layout, captions[0])
    if not picture.boxes or picture.boxes[0].asset is None or picture.boxes[0].asset.id != root:
        inner = inner.replace(" sb-root", "", 1)
    height = layout.height + top
    return (
        f'<svg class="sb-lineage" xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}">{STYLE}<rect width="100%" height="100%" fill="#fff"/>{told}'
        f'<svg y="{top}" width="{layout.width:.0f}" height="{layout.height:.0f}">{inner}</svg></svg>'
    )
