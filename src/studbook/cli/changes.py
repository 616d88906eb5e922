"""A diff for people: what they look for first, then the rest by kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Final, NamedTuple

from studbook.cli.terminal import bold, dim, style, uncolored
from studbook.cli.text import and_more, change, gaps_by_code, relation, value
from studbook.model import Edge, Envelope
from studbook.queries.answer import counted
from studbook.queries.diff import Approval, Certainty, Changes, Deployment, Drifted, Field, Named, Running

_SHOWN = 20

Called = Callable[[str], tuple[str, str]]
"""From an id to its asset's kind in words and its handle, of either night."""
Line = Callable[[], str]
"""A line, made when it is shown: of a large night most are only counted."""


class _Section(NamedTuple):
    title: str
    kinds: str
    """How many of which kind, where there are several kinds."""
    lines: list[str]
    more: int
    """How many lines are not shown."""


def changes_text(old: Envelope, new: Envelope, changes: Changes, called: Called) -> Iterator[str]:
    """The lines; long lists are cut, and say so (the JSON form has all)."""
    yield bold(f"snapshot {_title(old, new)}")
    if not changes:
        yield "nothing changed"
    for section in _sections(changes, called):
        yield ""
        yield bold(section.title) + (dim(f"  {section.kinds}") if section.kinds else "")
        yield from (f"  {line}" for line in section.lines)
        if section.more:
            yield dim(f"  {and_more(section.more)}")


def changes_markdown(old: Envelope, new: Envelope, changes: Changes, called: Called) -> Iterator[str]:
    """What `changes_text` says, for a pull request or a chat: what strangers named is in code blocks only, where
    nothing acts on it."""
    yield f"## Snapshot {_title(old, new)}"
    if not changes:
        yield from ("", "Nothing changed.")
    for section in _sections(changes, called):
        yield from ("", f"### {section.title.capitalize()}", "")
        if section.kinds:
            yield from (section.kinds, "")
        yield "```diff"
        # Each begins with its sign and has no line break, so that none can be the end of the block.
        yield from (uncolored(line) for line in section.lines)
        yield "```"
        if section.more:
            yield from ("", and_more(section.more))


def _title(old: Envelope, new: Envelope) -> str:
    return f"{old.number} ({old.taken_at}) to {new.number} ({new.taken_at})"


def _sections(changes: Changes, called: Called) -> Iterator[_Section]:
    """Those that are not empty, in the order in which people look for them; what is gone is not told as changed too."""
    of = _Wording(called)
    changed = [(c.asset, fields) for c in changes.assets_changed if (fields := _fields(c.asset, c.fields, changes))]
    sections: tuple[tuple[str, Iterable[Line], Sequence[Named]], ...] = (
        ("models added", [partial(of.asset, "+", one) for one in changes.models_added], ()),
        ("approvals", [partial(of.approval, one) for one in changes.approvals_changed], ()),
        ("deployments", [partial(of.deployment, one) for one in changes.deployments_changed], ()),
        ("datasets drifted", [partial(of.drift, one) for one in changes.datasets_drifted], ()),
        ("coverage", [partial(str, line) for line in _coverage(changes)], ()),
        ("assets added", [partial(of.asset, "+", one) for one in changes.assets_added], changes.assets_added),
        ("assets gone", [partial(of.asset, "-", one) for one in changes.assets_gone], changes.assets_gone),
        ("assets changed", [partial(of.fields, *one) for one in changed], [named for named, _ in changed]),
        ("edges gained", [partial(of.edge, "+", one) for one in changes.edges_gained], ()),
        ("edges lost", [partial(of.edge, "-", one) for one in changes.edges_lost], ()),
        ("certainty", [partial(of.certainty, one) for one in changes.edges_changed], ()),
    )
    for title, lines, assets in sections:
        if several := list(lines):
            kinds = Counter(asset.kind for asset in assets)
            yield _Section(
                f"{title} ({len(several)})",
                ", ".join(counted(number, kind) for kind, number in sorted(kinds.items())),
                [line() for line in several[:_SHOWN]],
                max(0, len(several) - _SHOWN),
            )


class _Wording:
    """The line of each change; it begins with its sign."""

    def __init__(self, called: Called) -> None:
        self._called = called

    def _name(self, asset_id: str) -> str:
        return " ".join(filter(None, self._called(asset_id)))

    def _names(self, several: Iterable[Running]) -> str:
        return ", ".join(running.called(self._called(running.id)[1]) for running in several) or "nothing"

    def asset(self, sign: str, named: Named) -> str:
        return f"{style(sign, _COLORS[sign])} {self._name(named.id)}  {dim(named.id)}"

    def edge(self, sign: str, one: Edge) -> str:
        words = f"{self._name(one.source)} -> {self._name(one.target)}"
        return f"{style(sign, _COLORS[sign])} {words}  {dim(relation(one))}  {dim(_sure(one))}"

    def approval(self, one: Approval) -> str:
        return f"~ {self._name(one.asset.id)}: {value(one.old)} -> {bold(value(one.new))}"

    def deployment(self, one: Deployment) -> str:
        return f"~ {self._name(one.endpoint.id)}: {self._names(one.old)} -> {bold(self._names(one.new))}"

    def drift(self, one: Drifted) -> str:
        return f"! {self._name(one.job.id)} read {self._name(one.read.id)}, which is another now"

    def fields(self, named: Named, fields: str) -> str:
        return f"~ {self._name(named.id)}: {fields}"

    def certainty(self, one: Certainty) -> str:
        return f"{self.edge('~', one.new)}, was {_sure(one.old)}"


def _coverage(changes: Changes) -> Iterator[str]:
    for seen in changes.coverage_changed:
        where = "/".join(part for part in (seen.account, seen.region, seen.source) if part)
        gaps = [
            f"{word} {told}"
            for word, several in (("gap", seen.gaps_opened), ("closed", seen.gaps_closed))
            for told in gaps_by_code(gap.partition(": ")[::2] for gap in several)
        ]
        yield f"~ {where}: {seen.old or 'not asked'} -> {bold(seen.new or 'not asked')}" + "".join(
            f"; {gap}" for gap in gaps
        )


def _fields(asset: Named, fields: Iterable[Field], changes: Changes) -> str:
    gone = asset in changes.assets_gone
    return "; ".join(
        change(field.name, field.old, field.new) for field in fields if not (gone and field.name == "gone_since")
    )


_COLORS: Final = {"+": "green", "-": "red", "~": None}


def _sure(edge: Edge) -> str:
    return edge.certainty + (" candidate" if edge.candidate else "")
