"""Small static charts as SVG: one metric over versions, states over time. Colours are the stylesheet's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import isfinite

from markupsafe import Markup, escape

from studbook.words import number, shortened, shown, tick

_W, _H = 400, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 14, 12, 28
_WIDE, _TALL = 960, 280
_A_CURVE = 3
"""Fewer points are no curve."""
_TWO = 2


def line_chart(points: Sequence[tuple[str, float]], label: str) -> Markup:
    """One metric over named points, left to right; every value is also its point's title."""
    if not points:
        return Markup("")
    values = [value for _, value in points]
    low, high = _widened(min(values), max(values))
    width, height = _W - _LEFT - _RIGHT, _H - _TOP - _BOTTOM

    def place(index: int, value: float) -> tuple[float, float]:
        across = width / 2 if len(points) == 1 else width * index / (len(points) - 1)
        return _LEFT + across, _TOP + height * (high - value) / (high - low)

    out = [_open(label, f"{label}: " + ", ".join(f"{name} {number(value)}" for name, value in points))]
    out += _grid(low, high)
    spots = [place(index, value) for index, (_, value) in enumerate(points)]
    out.append('<path class="sb-series" d="M' + "L".join(f"{x:.1f} {y:.1f}" for x, y in spots) + '"/>')
    every = max(1, -(-len(points) // 6))
    for index, ((name, value), (x, y)) in enumerate(zip(points, spots, strict=True)):
        out.append(_point(x, y, f"{name}: {number(value)}"))
        if index % every == 0:
            out.append(_tick(x, _H - 12, shortened(name, 14)))
    return _close(out)


def spark(points: Sequence[tuple[str, float]], label: str) -> Markup:
    """Sparkline: one metric over named points, as large as a word; fewer than two are none."""
    if len(points) < _TWO:
        return Markup("")
    values = [value for _, value in points]
    low, high = _widened(min(values), max(values))
    spots = [
        (3 + 58 * index / (len(points) - 1), 3 + 12 * (high - value) / (high - low))
        for index, value in enumerate(values)
    ]
    text = f"{label}: " + ", ".join(f"{name} {number(value)}" for name, value in points)
    x, y = spots[-1]
    return _close(
        [
            f'<svg class="sb-spark" viewBox="0 0 64 18" role="img" aria-label="{escape(shown(text))}">',
            f'<path d="M{"L".join(f"{across:.0f} {down:.1f}" for across, down in spots)}"/>',
            f'<circle cx="{x:.0f}" cy="{y:.1f}" r="2"/>',
        ]
    )


def curve(points: Sequence[Sequence[float]], label: str) -> Markup:
    """One metric over the steps of a run: `[step, value]` in order. Values that are no finite number are left out."""
    known = [(float(x), float(y)) for x, y in points if isinstance(y, int | float) and isfinite(y)]
    if len(known) < _A_CURVE:
        return Markup("")
    xs, ys = [x for x, _ in known], [y for _, y in known]
    low, high = _widened(min(ys), max(ys))
    first, last = min(xs), max(xs)
    width, height = _W - _LEFT - _RIGHT, _H - _TOP - _BOTTOM
    begin, end = f"step {number(first)}", f"step {number(last)}"
    text = f"{label}: {number(ys[0])} at {begin}, {number(ys[-1])} at {end}"
    text += f", from {number(min(ys))} to {number(max(ys))}"
    out = [_open(label, text), *_grid(low, high)]
    across, up = width / ((last - first) or 1), height / (high - low)
    spots = [(_LEFT + across * (x - first), _TOP + up * (high - y)) for x, y in known]
    out.append('<path class="sb-series" d="M' + "L".join(f"{x:.1f} {y:.1f}" for x, y in spots) + '"/>')
    out.append(_point(*spots[-1], f"{end}: {number(ys[-1])}"))
    out += [_tick(_LEFT, _H - 12, begin, "start"), _tick(_W - _RIGHT, _H - 12, end, "end")]
    return _close(out)


def parallel(axes: Sequence[str], lines: Sequence[tuple[str, Sequence[float | None]]], best: int | None) -> Markup:
    """Runs as lines across parallel axes, each axis from its least value to its greatest; `best` is drawn over all."""
    if len(axes) == _TWO:
        return _scatter(axes, lines, best)
    if len(axes) < _TWO or len(lines) < _TWO:
        return Markup("")
    columns = [[line[1][index] for line in lines] for index in range(len(axes))]
    spans = [(min(known), max(known)) for column in columns if (known := [v for v in column if v is not None])]
    gap = (_WIDE - 2 * 60) / (len(axes) - 1)
    top, bottom = 40, _TALL - 24
    out = [
        _open("Runs across their parameters and metrics", f"{len(lines)} runs across {', '.join(axes)}", _TALL, _WIDE)
    ]

    def place(index: int, value: float) -> str:
        low, high = spans[index]
        share = 0.5 if low == high else (value - low) / (high - low)
        return f"{60 + index * gap:.1f} {bottom - (bottom - top) * share:.1f}"

    order = [index for index in range(len(lines)) if index != best] + ([best] if best is not None else [])
    for row in order:
        name, values = lines[row]
        words = ", ".join(f"{axis} {number(v)}" for axis, v in zip(axes, values, strict=True) if v is not None)
        for stretch in _stretches(values):
            path = "L".join(place(index, value) for index, value in stretch)
            classes = "sb-run" + (" sb-run--best" if row == best else "")
            out.append(f'<path class="{classes}" d="M{path}"><title>{escape(shown(f"{name}: {words}"))}</title></path>')
    for index, axis in enumerate(axes):
        x = 60 + index * gap
        out.append(f'<path class="sb-axis" d="M{x:.1f} {top}V{bottom}"/>')
        out.append(_tick(x, 14 if index % 2 == 0 else 28, shortened(axis, 22)))
        # Right of its axis a number has no end: left of the last one it stays in the picture.
        beside, anchor = (x - 5, "end") if index == len(axes) - 1 else (x + 5, "start")
        out += [_tick(beside, y, tick(end), anchor) for y, end in zip((bottom + 2, top + 4), spans[index], strict=True)]
    return _close(out)


def _scatter(axes: Sequence[str], lines: Sequence[tuple[str, Sequence[float | None]]], best: int | None) -> Markup:
    """Runs as points where only two things vary."""
    known = []
    for row, (name, (x, y)) in enumerate(lines):
        if x is not None and y is not None:
            known.append((row, name, x, y))
    if len(known) < _TWO:
        return Markup("")
    left, right = _widened(min(x for _, _, x, _ in known), max(x for _, _, x, _ in known))
    low, high = _widened(min(y for _, _, _, y in known), max(y for _, _, _, y in known))
    top = _TOP + 16  # the name of the vertical axis stands above it
    across, up = (_W - _LEFT - _RIGHT - 24) / (right - left), (_H - top - _BOTTOM) / (high - low)
    label = f"{axes[1]} against {axes[0]}"
    out = [_open(label, f"{label}: {len(known)} runs"), *_grid(low, high, top)]
    for row, name, x, y in known:
        spot = (_LEFT + 12 + across * (x - left), top + up * (high - y))
        out.append(_point(*spot, f"{name}: {axes[0]} {number(x)}, {axes[1]} {number(y)}", best=row == best))
    out += [_tick(_LEFT + 12, _H - 12, tick(left)), _tick(_W - _RIGHT - 12, _H - 12, tick(right))]
    out += [_tick(_W / 2, _H - 4, shortened(axes[0], 40)), _tick(4, 10, shortened(axes[1], 40), "start")]
    return _close(out)


def _stretches(values: Sequence[float | None]) -> Iterator[list[tuple[int, float]]]:
    """The parts of a line between values that are not known; a lone value is no line."""
    part: list[tuple[int, float]] = []
    for index, value in enumerate([*values, None]):
        if value is not None:
            part.append((index, value))
        else:
            if len(part) > 1:
                yield part
            part = []


def _widened(low: float, high: float) -> tuple[float, float]:
    return (low, high) if low != high else (low - abs(low or 1) * 0.05, high + abs(high or 1) * 0.05)


def _grid(low: float, high: float, top: int = _TOP) -> Iterator[str]:
    for step in range(3):
        y = top + (_H - top - _BOTTOM) * (1 - step / 2)
        yield f'<path class="sb-grid" d="M{_LEFT} {y:.1f}H{_W - _RIGHT}"/>'
        yield _tick(_LEFT - 8, y + 3.5, tick(low + (high - low) * step / 2), "end")


def timeline(moments: Sequence[tuple[str, str]], label: str) -> Markup:
    """Named moments (label, RFC 3339 time) in their order, evenly spaced, with their dates."""
    if not moments:
        return Markup("")
    width = _W - 2 * 60
    xs = [
        60 + (width / 2 if len(moments) == 1 else width * index / (len(moments) - 1)) for index in range(len(moments))
    ]
    out = [_open(label, f"{label}: " + ", ".join(f"{name} on {when[:10]}" for name, when in moments), height=84)]
    out += [f'<path class="sb-series" d="M{a:.1f} 36H{b:.1f}"/>' for a, b in pairwise(xs)]
    every = max(1, -(-len(moments) // 4))
    for index, ((name, when), x) in enumerate(zip(moments, xs, strict=True)):
        out.append(_point(x, 36, f"{name}: {when}"))
        if index % every == 0:
            out.append(_tick(x, 20, shortened(name, 14)))
            out.append(_tick(x, 60, when[:10]))
    return _close(out)


def _point(x: float, y: float, text: str, *, best: bool = False) -> str:
    kind = "sb-point sb-point--best" if best else "sb-point"
    title = f"<title>{escape(shown(text))}</title>"
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{6 if best else 4}">{title}</circle>'


def _tick(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f'<text class="sb-tick" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(shown(text))}</text>'


def _open(label: str, text: str, height: int = _H, width: int = _W) -> str:
    return (
        f'<svg class="sb-chart" role="img" aria-label="{escape(shown(text))}" viewBox="0 0 {width} {height}" '
        f'xmlns="http://www.w3.org/2000/svg"><title>{escape(shown(label))}</title>'
    )


def _close(out: list[str]) -> Markup:
    return Markup("".join(out) + "</svg>")  # noqa: S704  every text in it is escaped above


CHARTS = (line_chart, spark, curve, parallel, timeline)
"""What templates may call."""
