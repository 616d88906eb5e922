"""A diff for people: what they look for first, then the rest by kind."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from studbook.cli.terminal import bold, dim, style, uncolored
from studbook.cli.text import change, end, kind, relation, value
from studbook.model import Asset, Edge, Envelope
from studbook.queries.diff import Changes, Field, Named

_SHOWN = 20
_OPERATIONS = 3

AssetLookup = Callable[[str], Asset | None]
"""From an id to the asset, of either night."""


class _Section(NamedTuple):
    title: str
    kinds: str
    """How many of which kind, where there are several kinds."""
    lines: list[str]
    more: int
    """How many lines are not shown."""


def changes_text(old: Envelope, new: Envelope, changes: Changes, lineage: AssetLookup) -> Iterator[str]:
    """The lines; long lists are cut, and say so (the JSON form has all)."""
    yield bold(f"snapshot {_title(old, new)}")
    if not changes:
        yield "nothing changed"
    for section in _sections(changes, lineage):
        yield ""
        yield bold(section.title) + (dim(f"  {section.kinds}") if section.kinds else "")
        yield from (f"  {line}" for line in section.lines)
        if section.more:
            yield dim(f"  {_more(section)}")


def changes_markdown(old: Envelope, new: Envelope, changes: Changes, lineage: AssetLookup) -> Iterator[str]:
    """The same for a pull request or a chat: what strangers named is in code blocks only, where nothing acts on it."""
    yield f"## Snapshot {_title(old, new)}"
    if not changes:
        yield from ("", "Nothing changed.")
    for section in _sections(changes, lineage):
        yield from ("", f"### {section.title.capitalize()}", "")
        if section.kinds:
            yield from (section.kinds, "")
        yield "```diff"
        # Each begins with its sign and has no line break, so that none can be the end of the block.
        yield from (uncolored(line) for line in section.lines)
        yield "```"
        if section.more:
            yield from ("", _more(section))


def _title(old: Envelope, new: Envelope) -> str:
    return f"{old.number} ({old.taken_at}) to {new.number} ({new.taken_at})"


def _more(section: _Section) -> str:
    return f"... and {section.more} more; --format json has all"


def _sections(changes: Changes, lineage: AssetLookup) -> Iterator[_Section]:
    """Those that are not empty, in the order in which people look for them; what is gone is not told as changed too."""
    changed = [(c.asset, fields) for c in changes.assets_changed if (fields := _fields(c.asset, c.fields, changes))]
    sections: tuple[tuple[str, Iterable[str], Sequence[Named]], ...] = (
        ("models added", (_thing("+", named) for named in changes.models_added), ()),
        (
            "approvals",
            (f"~ {_name(a.asset)}: {value(a.old)} -> {bold(value(a.new))}" for a in changes.approvals_changed),
            (),
        ),
        (
            "deployments",
            (f"~ {_name(d.endpoint)}: {_names(d.old)} -> {bold(_names(d.new))}" for d in changes.deployments_changed),
            (),
        ),
        (
            "datasets drifted",
            (f"! {_name(d.job)} read {_name(d.read)}, which is another now" for d in changes.datasets_drifted),
            (),
        ),
        ("coverage", _coverage(changes), ()),
        ("assets added", (_thing("+", named) for named in changes.assets_added), changes.assets_added),
        ("assets gone", (_thing("-", named) for named in changes.assets_gone), changes.assets_gone),
        (
            "assets changed",
            (f"~ {_name(named)}: {fields}" for named, fields in changed),
            [named for named, _ in changed],
        ),
        ("edges gained", (_edge("+", edge, lineage) for edge in changes.edges_gained), ()),
        ("edges lost", (_edge("-", edge, lineage) for edge in changes.edges_lost), ()),
        (
            "certainty",
            (f"{_edge('~', c.new, lineage)}, was {_sure(c.old)}" for c in changes.edges_changed),
            (),
        ),
    )
    for title, lines, assets in sections:
        if several := list(lines):
            kinds = Counter(asset.kind for asset in assets)
            yield _Section(
                f"{title} ({len(several)})",
                ", ".join(f"{number} {kind(word)}" for word, number in sorted(kinds.items())),
                several[:_SHOWN],
                max(0, len(several) - _SHOWN),
            )


def _coverage(changes: Changes) -> Iterator[str]:
    for seen in changes.coverage_changed:
        where = "/".join(part for part in (seen.account, seen.region, seen.source) if part)
        gaps = [*_gaps("gap", seen.gaps_opened), *_gaps("closed", seen.gaps_closed)]
        yield f"~ {where}: {seen.old or 'not asked'} -> {bold(seen.new or 'not asked')}" + "".join(
            f"; {gap}" for gap in gaps
        )


def _gaps(word: str, several: Iterable[str]) -> Iterator[str]:
    """One for each code, with the first few operations."""
    by_code: defaultdict[str, list[str]] = defaultdict(list)
    for gap in several:
        operation, _, code = gap.partition(": ")
        by_code[code].append(operation)
    for code, operations in by_code.items():
        more = len(operations) - _OPERATIONS
        named = ", ".join(operations[:_OPERATIONS])
        yield f"{word} {code}: {named}" + (f" and {more} more" if more > 0 else "")


def _thing(sign: str, named: Named) -> str:
    color = {"+": "green", "-": "red"}[sign]
    return f"{style(sign, color)} {_name(named)}  {dim(named.id)}"


def _name(named: Named) -> str:
    return f"{kind(named.kind)} {named.name}"


def _names(several: Iterable[Named]) -> str:
    return ", ".join(named.name for named in several) or "nothing"


def _fields(asset: Named, fields: Iterable[Field], changes: Changes) -> str:
    gone = asset in changes.assets_gone
    return "; ".join(
        change(field.name, field.old, field.new) for field in fields if not (gone and field.name == "gone_since")
    )


def _edge(sign: str, edge: Edge, lineage: AssetLookup) -> str:
    color = {"+": "green", "-": "red", "~": None}[sign]
    source, target = (end(one, lineage(one)) for one in (edge.source, edge.target))
    return f"{style(sign, color)} {source} -> {target}  {dim(relation(edge))}  {dim(_sure(edge))}"


def _sure(edge: Edge) -> str:
    return edge.certainty + (" candidate" if edge.candidate else "")
