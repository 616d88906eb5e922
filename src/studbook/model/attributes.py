"""Attributes as declared rows: what is read, what is cited and what is explained are one line each.

A row says an attribute's name, the member of a record's body that it is read from, and what it means. The normalizers
read by the rows, evidence of a value is the row's member in that record, and the manual and the export's schema are
made of them. Evidence is not noted while reading: what is explained could then differ from what is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from studbook.model.asset import Asset
from studbook.model.evidence import Evidence, first_step, value_at
from studbook.model.kinds import Kind
from studbook.model.record import Record

FIELDS: Final = ("name", "status", "created_at", "modified_at")
"""The rows that fill fields of the asset; all others are among its attributes."""
Json = Mapping[str, Any]
_NOTHING: Final[tuple[Any, ...]] = (None, "", {}, [])


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """An attribute, declared: its name, its meaning, and the members of the API's answer that it is read from."""

    name: str
    meaning: str
    """One plain sentence."""
    paths: tuple[str, ...] = ()
    """As in evidence, members alone; of several the first that has a value."""
    operation: str = ""
    """`<service>:<Operation>`, whose documented answer has the member."""
    read: Callable[[Any], Any] | None = None
    """From what lies there to the value; None: it is the value."""
    rule: str = ""
    """Of a computed attribute: how it is computed, as evidence names it."""
    compute: Callable[[Record], Any] | None = None
    """From the record to the value, of what no one member says; with paths it is gathered from all of them."""
    heads: frozenset[object] = field(init=False, repr=False, compare=False)
    """The members of the body at which its paths begin; none where all of the record is looked at."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "heads", frozenset(first_step(path) for path in self.paths if self.compute is None))

    def value(self, record: Record) -> Any:
        """The value, and None where there is none."""
        if self.compute is not None:
            made = self.compute(record)
            return None if made in _NOTHING else made
        for path in self.paths:
            if (found := self._at(record, path)) is not None:
                return found
        return None

    def evidence(self, record: Record) -> tuple[Evidence, ...]:
        """Where the value stands, or by which rule it is computed; empty where there is none."""
        if self.value(record) is None:
            return ()
        if self.rule:
            return (Evidence(rule=self.rule),)
        paths = [path for path in self.paths if self._at(record, path) is not None]
        wanted = paths if self.compute is not None else paths[:1]
        return tuple(Evidence(self.operation, path, record.reference) for path in wanted)

    def _at(self, record: Record, path: str) -> Any:
        found = value_at(record.body, path)
        if found in _NOTHING:
            return None
        value = found if self.read is None else self.read(found)
        return None if value in _NOTHING else value

    @property
    def source(self) -> list[dict[str, str]]:
        """As `x-source` of a schema has it: `[{"rule": name}]`, or `{"operation", "path"}` for each member that it
        is read from."""
        if self.rule:
            return [{"rule": self.rule}]
        return [{"operation": self.operation, "path": path} for path in self.paths]


@dataclass(frozen=True, slots=True)
class Attributes:
    """The rows of what one record kind shows."""

    kinds: tuple[Kind, ...]
    """The asset kinds that it can be."""
    rows: tuple[Attribute, ...]

    def within(self, path: str) -> Attributes:
        """The same of a part of the body that lies there."""
        rows = (replace(row, paths=tuple(f"{path}.{one}" for one in row.paths)) for row in self.rows)
        return Attributes(self.kinds, tuple(rows))

    def asset(self, kind: Kind, record: Record, *, name: str | None = None, **fields: Any) -> Asset:
        """What the record shows; `fields` are those that no row fills, and its id where it is not the record's."""
        there = record.body.keys()
        # Most members are not there, and reading by a path is not free.
        rows = (row for row in self.rows if not row.heads or not there.isdisjoint(row.heads))
        values = {row.name: value for row in rows if (value := row.value(record)) is not None}
        fields = {"id": record.id, **{field: values.pop(field, None) for field in FIELDS}, **fields}
        fields["name"] = name or fields["name"] or fields["id"]
        return Asset(kind=kind, attributes=values, **fields)


def attributes(kinds: Kind | Sequence[Kind], operation: str, *rows: Attribute | Iterable[Attribute]) -> Attributes:
    """The rows of a record that this operation describes; a row may name another."""
    several = [row for one in rows for row in ((one,) if isinstance(one, Attribute) else one)]
    return Attributes(
        (kinds,) if isinstance(kinds, str) else tuple(kinds),
        tuple(row if row.operation or row.rule else replace(row, operation=operation) for row in several),
    )


def at(
    name: str,
    paths: str | tuple[str, ...],
    meaning: str,
    read: Callable[[Any], Any] | None = None,
    *,
    by: str = "",
) -> Attribute:
    """A row that is read from a member; `by` is its operation, where that is not the description's."""
    several = (paths,) if isinstance(paths, str) else paths
    return Attribute(name=name, paths=several, meaning=meaning, read=read, operation=by)


def gathered(
    name: str, paths: tuple[str, ...], meaning: str, compute: Callable[[Json], Any], *, by: str = ""
) -> Attribute:
    """A row that is read from all these members of the body together."""
    return Attribute(name=name, paths=paths, meaning=meaning, operation=by, compute=lambda record: compute(record.body))


def computed(name: str, rule: str, meaning: str, compute: Callable[[Record], Any] | None = None) -> Attribute:
    """A row that no member says; without `compute` the linker gives it."""
    return Attribute(name=name, rule=rule, meaning=meaning, compute=compute)


LINKED: Final = (
    computed("name", "id", "The name in its id, where no record says another."),
    computed("aliases", "aliases", "The other ARNs that the Lineage API has for it."),
    computed("unresolved", "unresolved", "A record names it, and no listing that could show it does."),
    computed("uri", "id", "Its place in S3, as its id says."),
    computed("type", "type", "What the Lineage API calls it; of a directory of FSx or EFS, its file system's type."),
    computed("file_system", "id", "The file system that its id names."),
    computed("directory", "id", "The directory in it, as its id says."),
    computed("unread", "unread", "Its record is not as its API describes it, and says nothing: the error."),
    computed("manifest", "manifest", "It is a list of objects, in this form."),
    computed("expanded", "manifest", "Whether the list was read."),
    computed("state", "job-state", "Of a job or run: pending, running, stopping, completed, failed or stopped."),
    computed("deleted_objects", "listing", "How many of its objects are deleted, as the last listing shows."),
    computed("deleted_for_good", "listing", "Of how many of these no version is left."),
    computed("reconstructed", "dataset-at-start", "Put together from object versions: no listing showed it."),
)
"""What the linker says of assets of any kind, whatever their records say."""
