"""A diff for people: what they look for first, then the rest by kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

import click

from studbook.cli.text import bold, dim, kind, name, relation, safe, value
from studbook.diff import Changes, Field, Named
from studbook.model import Asset, Edge, Envelope

_SHOWN = 20


Lineage = Callable[[str], Asset | None]
"""From an id to the asset, of either night."""


def changes_text(old: Envelope, new: Envelope, changes: Changes, lineage: Lineage) -> Iterator[str]:
    """The lines; long lists are cut, and say so (the JSON form has all)."""
    yield bold(f"snapshot {old.number} ({old.taken_at}) to {new.number} ({new.taken_at})")
    if not changes:
        yield "nothing changed"
        return
    yield from _section("models added", (_thing("+", named) for named in changes.models_added))
    yield from _section(
        "approvals",
        (f"~ {_name(a.asset)}: {value(a.old)} -> {bold(value(a.new))}" for a in changes.approvals_changed),
    )
    yield from _section(
        "deployments",
        (f"~ {_name(d.endpoint)}: {_names(d.old)} -> {bold(_names(d.new))}" for d in changes.deployments_changed),
    )
    yield from _section(
        "datasets drifted",
        (f"! {_name(d.job)} read {_name(d.read)}, which is another now" for d in changes.datasets_drifted),
    )
    yield from _section("coverage", _coverage(changes))
    yield from _section("assets added", (_thing("+", named) for named in changes.assets_added), changes.assets_added)
    yield from _section("assets gone", (_thing("-", named) for named in changes.assets_gone), changes.assets_gone)
    yield from _section(
        "assets changed",
        (f"~ {_name(c.asset)}: {_fields(c.fields)}" for c in changes.assets_changed),
        [c.asset for c in changes.assets_changed],
    )
    yield from _section("edges gained", (_edge("+", edge, lineage) for edge in changes.edges_gained))
    yield from _section("edges lost", (_edge("-", edge, lineage) for edge in changes.edges_lost))
    yield from _section(
        "certainty",
        (f"{_edge('~', c.new, lineage)}, was {_sure(c.old)}" for c in changes.edges_changed),
    )


def _section(title: str, lines: Iterable[str], assets: Sequence[Named] = ()) -> Iterator[str]:
    several = list(lines)
    if not several:
        return
    kinds = ", ".join(f"{number} {kind(word)}" for word, number in sorted(Counter(a.kind for a in assets).items()))
    yield ""
    yield bold(f"{title} ({len(several)})") + (dim(f"  {kinds}") if kinds else "")
    yield from (f"  {line}" for line in several[:_SHOWN])
    if len(several) > _SHOWN:
        yield dim(f"  ... and {len(several) - _SHOWN} more; --format json has all")


def _coverage(changes: Changes) -> Iterator[str]:
    for seen in changes.coverage_changed:
        where = "/".join(safe(part) for part in (seen.account, seen.region, seen.source) if part)
        gaps = [f"gap {safe(gap)}" for gap in seen.gaps_opened] + [f"closed {safe(gap)}" for gap in seen.gaps_closed]
        yield f"~ {where}: {seen.old or 'not asked'} -> {bold(seen.new or 'not asked')}" + "".join(
            f"; {gap}" for gap in gaps
        )


def _thing(sign: str, named: Named) -> str:
    color = {"+": "green", "-": "red"}[sign]
    return f"{click.style(sign, fg=color)} {_name(named)}  {dim(safe(named.id))}"


def _name(named: Named) -> str:
    return f"{kind(named.kind)} {safe(named.name)}"


def _names(several: Iterable[Named]) -> str:
    return ", ".join(safe(named.name) for named in several) or "nothing"


def _fields(fields: Iterable[Field]) -> str:
    return "; ".join(f"{safe(field.name)} {value(field.old)} -> {value(field.new)}" for field in fields)


def _edge(sign: str, edge: Edge, lineage: Lineage) -> str:
    color = {"+": "green", "-": "red", "~": None}[sign]
    source, target = (
        f"{kind(asset.kind)} {name(asset)}" if (asset := lineage(end)) is not None else safe(end)
        for end in (edge.source, edge.target)
    )
    return f"{click.style(sign, fg=color)} {source} -> {target}  {dim(relation(edge))}  {dim(_sure(edge))}"


def _sure(edge: Edge) -> str:
    return edge.certainty + (" candidate" if edge.candidate else "")
