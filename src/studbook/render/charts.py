"""Small static charts as SVG: one metric over versions, states over time. Colours are the stylesheet's."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from markupsafe import Markup, escape

from studbook.render.words import shortened, shown

_W, _H = 560, 170
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 16, 14, 34


def line_chart(points: Sequence[tuple[str, float]], label: str) -> Markup:
    """One metric over named points, left to right; every value is also its point's title."""
    if not points:
        return Markup("")
    values = [value for _, value in points]
    low, high = min(values), max(values)
    if low == high:
        low, high = low - abs(low or 1) * 0.05, high + abs(high or 1) * 0.05
    width, height = _W - _LEFT - _RIGHT, _H - _TOP - _BOTTOM

    def place(index: int, value: float) -> tuple[float, float]:
        across = width / 2 if len(points) == 1 else width * index / (len(points) - 1)
        return _LEFT + across, _TOP + height * (high - value) / (high - low)

    out = [_open(label, f"{label}: " + ", ".join(f"{name} {value:.6g}" for name, value in points))]
    for step in range(3):
        value = low + (high - low) * step / 2
        y = place(0, value)[1]
        out.append(f'<path class="sb-grid" d="M{_LEFT} {y:.1f}H{_W - _RIGHT}"/>')
        out.append(_tick(_LEFT - 8, y + 3.5, f"{value:.4g}", "end"))
    spots = [place(index, value) for index, (_, value) in enumerate(points)]
    out.append('<path class="sb-series" d="M' + "L".join(f"{x:.1f} {y:.1f}" for x, y in spots) + '"/>')
    every = max(1, -(-len(points) // 8))
    for index, ((name, value), (x, y)) in enumerate(zip(points, spots, strict=True)):
        out.append(_point(x, y, f"{name}: {value:.6g}"))
        if index % every == 0:
            out.append(_tick(x, _H - 12, shortened(name, 14)))
    return _close(out)


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
    every = max(1, -(-len(moments) // 6))
    for index, ((name, when), x) in enumerate(zip(moments, xs, strict=True)):
        out.append(_point(x, 36, f"{name}: {when}"))
        if index % every == 0:
            out.append(_tick(x, 20, shortened(name, 14)))
            out.append(_tick(x, 60, when[:10]))
    return _close(out)


def _point(x: float, y: float, text: str) -> str:
    return f'<circle class="sb-point" cx="{x:.1f}" cy="{y:.1f}" r="4"><title>{escape(shown(text))}</title></circle>'


def _tick(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f'<text class="sb-tick" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(shown(text))}</text>'


def _open(label: str, text: str, height: int = _H) -> str:
    return (
        f'<svg class="sb-chart" role="img" aria-label="{escape(shown(text))}" viewBox="0 0 {_W} {height}" '
        f'xmlns="http://www.w3.org/2000/svg"><title>{escape(shown(label))}</title>'
    )


def _close(out: list[str]) -> Markup:
    return Markup("".join(out) + "</svg>")  # noqa: S704  every text in it is escaped above
