"""The Python API: one snapshot of a catalog, and the questions to it as methods.

    import studbook

    with studbook.open("catalog", as_of="2026-11-20") as lineage:
        for row in lineage.runs("support-bot/4").rows:
            print(row.endpoint, row.certainty)

Nothing here prints or exits. What goes wrong is an exception of `studbook.errors`, whose `message` and `hint` are
sentences for a reader.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from studbook.answer_table import AnswerTable, answer_table
from studbook.errors import BuildError, NotFound, StudbookError, UsageError
from studbook.model import Asset, Envelope
from studbook.model.ids import parse_s3
from studbook.people import settings_of
from studbook.queries import QUESTIONS
from studbook.queries.answer import Answer, Night, Row, Unknown
from studbook.queries.candidates import Candidate
from studbook.queries.compare import ComparedFact
from studbook.queries.compare import compare as comparison
from studbook.queries.compared_facts import COMPARABLE
from studbook.queries.copies import Copy
from studbook.queries.diff import Changes, WholeNight
from studbook.queries.diff import diff as difference
from studbook.queries.gaps import Lack
from studbook.queries.handles import Handles
from studbook.queries.incident import Hit
from studbook.queries.log import Entry
from studbook.queries.runs import Run
from studbook.queries.scores import Score
from studbook.queries.trace import Influence
from studbook.settings import Settings
from studbook.store import Catalog, open_catalog
from studbook.store.index import Index

R = TypeVar("R", bound=Row)

_DIGEST = re.compile(r"(?:sha256:)?[0-9a-f]{6,64}")
_SHOWN = 50
"""Rows of a result that a notebook shows."""


def open(catalog: str | Path | Catalog = "catalog", as_of: str | int = "latest") -> Lineage:
    """The lineage of a catalog folder as one snapshot has it; a context manager, closed when done.

    `as_of` is a snapshot's number, `latest`, `latest~3`, a date (the last snapshot on or before it) or the beginning of
    a digest. Raises NotFound where there is no catalog, or no such snapshot.
    """
    store = catalog if isinstance(catalog, Catalog) else open_catalog(str(catalog))
    return Lineage(store, store.resolve(str(as_of)))


class Lineage:
    """One snapshot, to be asked.

    Whatever is asked of an asset takes its handle: a name, `name@account`, an id, its end, a place in S3, a digest.
    """

    def __init__(self, catalog: Catalog, snapshot: Envelope) -> None:
        self.catalog = catalog
        """The folder that the snapshot is in."""
        self.snapshot = snapshot
        """Its envelope: number, time, digests, coverage."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the index. A lineage that is asked again opens it again."""
        index = self.__dict__.pop("index", None)
        for asked in ("handles", "night"):
            self.__dict__.pop(asked, None)
        if index is not None:
            index.close()

    @cached_property
    def settings(self) -> Settings | None:
        """The configuration of that night; of a snapshot of format 1 today's, None where the folder has none."""
        return settings_of(self.catalog, self.snapshot)

    @cached_property
    def index(self) -> Index:
        """Its assets and edges by id."""
        return self.catalog.index(self.snapshot)

    @cached_property
    def handles(self) -> Handles:
        """What people call its assets."""
        return Handles(self.index, self.settings, self._taken_at)

    @cached_property
    def night(self) -> Night:
        """The snapshot as questions see it."""
        return Night.of(self.catalog, self.snapshot, self.index, self.settings)

    def asset(self, handle: str, kinds: Collection[str] = ()) -> Asset:
        """The asset of that handle; where several could be meant, the one of these kinds.

        Raises NotFound, whose hint has the handles of what it could be.
        """
        try:
            return self.handles.find(handle, kinds)
        except NotFound as error:
            later = self._first_seen(handle, kinds)
            raise (later or error) from None

    def handle(self, asset: Asset | str) -> str:
        """The shortest handle of an asset, or of the asset of an id, that means no other; an unknown id as it is."""
        found = self.index.asset(asset) if isinstance(asset, str) else asset
        return self.handles.of(found) if found is not None else str(asset)

    def search(self, text: str, limit: int = 20) -> list[Asset]:
        """The assets that answer to a text, or else those whose names are like it, the likest first."""
        return list(self.handles.search(text)[:limit])

    def diff(self, older: str | int = "latest~1") -> Changes:
        """What changed since an older snapshot, which is named as `open` takes it."""
        before = self.catalog.resolve(str(older))
        was, now = self.catalog.compared(before, self.snapshot)
        return difference(WholeNight.of(self.catalog, before, was), WholeNight.of(self.catalog, self.snapshot, now))

    # --- the questions ------------------------------------------------------------------------------------------------

    def ask(self, question: str, asset: str, **options: Any) -> Result[Any]:
        """The answer to a question by its name; what the methods below do.

        Raises NotFound where the handle means nothing or several things, UsageError where the question is not one of
        such an asset.
        """
        asked = QUESTIONS[question]
        answer = asked.ask(self.night, self._root(question, asset), asset, **options)
        return Result(answer, self.snapshot, self)

    def trace(self, asset: str) -> Result[Influence]:
        """What made an asset, back to the origins."""
        return self.ask("trace", asset)

    def impact(self, asset: str) -> Result[Influence]:
        """What depends on an asset."""
        return self.ask("impact", asset)

    def runs(self, asset: str) -> Result[Run]:
        """Where a model version runs now, or what answers at an endpoint, a component or in an account."""
        return self.ask("runs", asset)

    def copies(self, asset: str) -> Result[Copy]:
        """The tree of copies that a model version, or each version of a group, is in, over all accounts."""
        return self.ask("copies", asset)

    def scores(self, asset: str) -> Result[Score]:
        """How a model version was judged, or what an evaluator or a dataset version judged."""
        return self.ask("scores", asset)

    def candidates(self, asset: str) -> Result[Candidate]:
        """What is newer of the same line than what runs at an endpoint, or than a version, and whether it is better."""
        return self.ask("candidates", asset)

    def incident(self, place: str, *, from_: str | None = None, to: str | None = None) -> Result[Hit]:
        """What a place in S3, a digest or an asset has spoilt, by readers that started in a window of time.

        `from_` and `to` are dates or times in UTC, from inclusive, to exclusive; a date as `to` means to its end.
        """
        return self.ask("incident", place, from_=from_, to=to)

    def gaps(self, asset: str) -> Result[Lack]:
        """What cannot be known of the origins of a model version, or of what an endpoint runs."""
        return self.ask("gaps", asset)

    def log(self, asset: str) -> Result[Entry]:
        """What happened to an asset, from the first night on."""
        return self.ask("log", asset)

    def compare(self, *assets: str) -> Result[ComparedFact]:
        """Two to six versions, runs, training jobs, dataset or evaluator versions side by side, a verdict first.

        The first is what the others are held against. Two nights are compared by `diff`.
        """
        things = self._comparable(assets)
        asked = ", ".join(assets)
        return Result(comparison(self.night, things, self.handle, asked), self.snapshot, self)

    def _comparable(self, handles: Sequence[str]) -> list[Asset]:
        """What the handles mean, of one kind where they can: a job and its run often have one name."""
        for kind in COMPARABLE:
            try:
                found = [self.handles.find(handle, (kind,)) for handle in handles]
            except NotFound:
                continue
            if all(one.kind == kind for one in found):
                return found
        try:
            return [self.asset(handle, tuple(COMPARABLE)) for handle in handles]
        except NotFound:
            if all(map(self._is_night, handles)):
                raise UsageError("nights are compared by diff", f"studbook diff {' '.join(handles[:2])}") from None
            raise

    def _is_night(self, name: str) -> bool:
        try:
            return bool(self.catalog.resolve(name))
        except StudbookError:
            return False

    def _root(self, question: str, handle: str) -> str:
        """What a question is asked of: an asset's id; an account, or a place or digest, where it takes those."""
        asked = QUESTIONS[question]
        text = handle.strip()
        if asked.places and (parse_s3(text) is not None or _DIGEST.fullmatch(text)):
            return text
        account = self.handles.account(text) if "account" in asked.of else None
        if account == text:
            return text
        try:
            return self.asset(text, asked.of).id
        except NotFound:
            if account is None:
                raise
            return account

    def _taken_at(self, number: int) -> str | None:
        return self._times.get(number)

    @cached_property
    def _times(self) -> dict[int, str]:
        return {envelope.number: envelope.taken_at for envelope in self.catalog.envelopes()}

    def _first_seen(self, handle: str, kinds: Collection[str]) -> NotFound | None:
        """That a handle means nothing yet, where the newest snapshot knows it."""
        latest = self.catalog.latest()
        if latest is None or latest.number == self.snapshot.number:
            return None
        self.close()  # there is one file for the index, and it has one snapshot at a time
        with Lineage(self.catalog, latest) as now:
            try:
                asset = now.handles.find(handle, kinds)
            except NotFound:
                return None
        if asset.first_seen is None or asset.first_seen <= self.snapshot.number:
            return None
        return NotFound(
            f"snapshot {self.snapshot.number} has no {handle!r} yet",
            f"it was first seen in snapshot {asset.first_seen}, {self._taken_at(asset.first_seen)}",
        )


@dataclass(frozen=True, slots=True)
class Result(Generic[R]):
    """The answer to a question, of one snapshot; in a notebook a table and a picture."""

    answer: Answer[R]
    snapshot: Envelope
    lineage: Lineage

    @property
    def summary(self) -> str:
        """One sentence that answers."""
        return self.answer.summary

    @property
    def root(self) -> str:
        """The id of what was asked about."""
        return self.answer.root

    @property
    def rows(self) -> Sequence[R]:
        """All rows; their fields are the columns, `from_` is the column `from`."""
        return self.answer.rows

    @property
    def total(self) -> int:
        """How many rows there are."""
        return self.answer.total

    @property
    def unknown(self) -> tuple[Unknown, ...]:
        """What could add a row and cannot be seen: no rows and nothing unknown is a proof of absence."""
        return self.answer.unknown

    def to_json(self, limit: int | None = None, *, whole: bool = True) -> dict[str, Any]:
        """The form `studbook.answer/1`, as the command line prints it, with at most `limit` rows.

        Not `whole`, `trace` and `impact` have their rows without the edges between them.
        """
        return self.answer.to_json(self.snapshot, limit, whole=whole)

    def table(self, limit: int | None = None) -> AnswerTable:
        """The rows in words, with handles in the place of ids."""
        return answer_table(self.answer, self.lineage.handle, self.lineage.handles.account_name, limit)

    def __repr__(self) -> str:
        return f"<{self.answer.question}: {self.summary} {self.total} rows, {len(self.unknown)} unknown>"

    def _repr_html_(self) -> str:
        """For a notebook: the sentence, a table, what is unknown, and a picture where graphviz is installed."""
        table = self.table(_SHOWN)
        parts = [f"<p><strong>{escape(self.summary)}</strong></p>"]
        if table.rows:
            head = "".join(f"<th>{escape(title)}</th>" for title in table.head)
            rows = "".join(
                f"<tr>{''.join(f'<td>{escape(_visible(cell))}</td>' for cell in row)}</tr>" for row in table.rows
            )
            parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>")
        if table.same:
            parts.append(f"<p>in every row: {escape(_visible(', '.join(map(' '.join, table.same))))}</p>")
        if self.total > len(table.rows):
            parts.append(f"<p>... and {self.total - len(table.rows)} more</p>")
        if table.unknown:
            known = "".join(f"<li>{escape(_visible(line))}</li>" for line in table.unknown)
            parts.append(f"<p>not known:</p><ul>{known}</ul>")
        return "".join(parts) + self._picture()

    def _picture(self) -> str:
        from studbook.drawing import STYLE, Drafting, neighbourhood, unlinked

        root = self.lineage.index.asset(self.root)
        if root is None:
            return ""
        picture = neighbourhood(self.lineage.index, root)
        try:
            (layout,) = Drafting().lay_out([picture])
        except BuildError:
            return ""
        return f'{STYLE}<div style="overflow-x:auto">{unlinked(picture, layout, self.summary)}</div>'


def _visible(text: str) -> str:
    from studbook.words import shown

    return shown(text)
