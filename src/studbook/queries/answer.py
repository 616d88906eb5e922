"""What a question is asked of, and what comes back: one result type for all of them, which says itself as JSON.

A question is a pure function of a `Night` (one snapshot's lineage, coverage and settings), an id and its own options;
it gives an `Answer` of rows of its own. What could add a row and cannot be seen is in `unknown`: no rows and nothing
unknown is a proof of absence.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, Self, TypeVar, cast, get_args, overload

from studbook.errors import NotFound
from studbook.lineage.graph import LineageReader
from studbook.lineage.job_state import Span, span_of, start_of
from studbook.lineage.times import instant
from studbook.model import KINDS, Asset, Coverage, Envelope, Evidence, Gap, Partition, Record
from studbook.model.coverage import SKIPPED
from studbook.model.ids import folders, parse_s3, service_of
from studbook.model.kinds import kind_words
from studbook.queries.audit_trail import is_deleted
from studbook.queries.walks import ANSWERING, NO_WEIGHTS, out_of_service, runs_at, unknown_at
from studbook.queries.walks.reach import View

if TYPE_CHECKING:
    from studbook.settings import Settings
    from studbook.store import Catalog
    from studbook.store.past import SnapshotHistory

SCHEMA: Final = "studbook.answer/1"

Why = Literal["denied", "failed", "stale", "gone", "unresolved", "not recorded", "not S3"]

_FAILED: Final[Why] = "failed"
_MANY = 20
"""More than so many unknowns of a kind are one entry with their number."""
_NUMBERS = re.compile("([0-9]+)")


class Row:
    """A row of an answer: a frozen dataclass, whose fields are its columns.

    A field that Python has no room for is written with an underscore behind it: `from_` is the column `from`.
    """

    __slots__ = ()

    def to_json(self) -> dict[str, Any]:
        """The columns as plain JSON values, in the order of the fields."""
        found = {}
        for column, name in _columns(type(self)):  # type: ignore[arg-type]
            value = getattr(self, name)
            found[column] = value if type(value) in _SCALARS else _json(value)  # most are: a call for each is too many
        return found


_SCALARS: Final = frozenset((str, int, bool, float, type(None)))


@lru_cache
def _columns(row: Hashable) -> tuple[tuple[str, str], ...]:
    """The columns of a row and the fields that hold them."""
    return tuple((field.name.rstrip("_"), field.name) for field in fields(cast(Any, row)))


def _json(value: Any) -> Any:
    if type(value) in _SCALARS:
        return value
    if isinstance(value, Row):
        return value.to_json()
    if isinstance(value, Evidence):  # a tuple, too
        return value.as_data()
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name.rstrip("_"): _json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: _json(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_json(item) for item in value]
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown(Row):
    """What could add a row, if it could be seen."""

    what: str
    """The asset's id, or in words what is missing: the operations that failed, `code`, `23 endpoints`."""
    why: Why
    """`denied` goes before `unresolved`; `stale` is what is shown from before."""
    partition: str | None = None
    """`account/region/source`, with `-` for what a partition has not."""
    asset: str | None = None
    """The id of the asset that it is about."""


RecordOf = Callable[[str, str], Record | None]
"""From a record kind and an id to the record of this snapshot."""


@dataclass(frozen=True)
class Night:
    """One snapshot, as questions see it. What every question of the night needs is found once."""

    lineage: LineageReader
    coverage: tuple[Coverage, ...] = ()
    settings: Settings | None = None
    """None where nothing depends on them, or for the defaults."""
    record_of: RecordOf = lambda kind, record_id: None
    """What the APIs answered; nothing where the night is told without its records."""
    envelope: Envelope | None = None
    """None for a lineage that is no snapshot's."""
    history: SnapshotHistory | None = None
    """The nights up to this one."""

    @classmethod
    def of(cls, catalog: Catalog, envelope: Envelope, lineage: LineageReader, settings: Settings | None = None) -> Self:
        """A snapshot of a catalog, with its lineage in memory or on disk."""
        return cls(lineage, envelope.coverage, settings, catalog.record_of(envelope), envelope, catalog.past(envelope))

    def asset(self, asset_id: str) -> Asset:
        """The asset of that id; NotFound where the lineage has none."""
        found = self.lineage.asset(asset_id)
        if found is None:
            raise NotFound.asset(asset_id)
        return found

    @cached_property
    def gaps(self) -> Mapping[Partition, tuple[tuple[Gap, Why], ...]]:
        """What could not be asked, by partition, and whether that was denied or failed."""
        found = {}
        for row in self.coverage:
            several = tuple((gap, _why(gap)) for gap in row.gaps if row.records or not _is_nothing(gap))
            if several or row.status == "failed":
                found[row.partition] = several
        return found

    def unseen(
        self,
        sources: Collection[str] = (),
        concerns: Callable[[str], bool] = lambda operation: True,
        within: Callable[[Partition], bool] = lambda partition: True,
    ) -> Iterator[Unknown]:
        """What partitions could not show, one row for each reason.

        Of these sources (all, where none is named), of the partitions that `within` is true of, and of the operations
        that `concerns` is true of.
        """
        for partition, several in self.gaps.items():
            if (sources and partition.source not in sources) or not within(partition):
                continue
            operations: defaultdict[Why, list[str]] = defaultdict(list)
            for gap, why in several:
                if concerns(gap.operation):
                    operations[why].append(gap.operation)
            if not several:
                operations["failed"].append("all of it")
            for why in sorted(operations):
                yield Unknown(what=", ".join(sorted(set(operations[why]))), why=why, partition=place(partition))

    def end(self, asset: Asset) -> Unknown | None:
        """Why an asset, at which an answer ends, is no sure end: it is stale, gone, or only named; None where it is.

        Of what is only named it is the partition in which it should be that says why, if that could not be read.
        """
        if asset.unresolved:
            at_home = [
                Unknown(what=asset.id, why=why, partition=place(partition), asset=asset.id)
                for partition, several in self.gaps.items()
                if (partition.account, partition.region) == (asset.account, asset.region)
                and partition.source == (service_of(asset.id) or partition.source)
                for why in ({why for _, why in several} or {_FAILED})
            ]
            at_home.sort(key=lambda one: (one.why, one.partition or ""))
            return at_home[0] if at_home else Unknown(what=asset.id, why="unresolved", asset=asset.id)
        if asset.gone_since is not None:
            return Unknown(what=asset.id, why="gone", asset=asset.id)
        if asset.stale_since is not None:
            return Unknown(what=asset.id, why="stale", asset=asset.id)
        return None

    def ends(
        self, view: View[Any], alike: Iterable[tuple[Asset, Sequence[Any]]]
    ) -> tuple[list[Unknown], Counter[Several]]:
        """The stale and unresolved among nodes, the first of each sort; and how many more there are."""
        found: list[Unknown] = []
        more: Counter[Several] = Counter()
        for asset, several in alike:
            end = self.end(asset) if asset.unresolved or asset.stale_since is not None else None
            if end is not None:
                # One more than are named: whether that is too many is told by all sorts together.
                named = list(map(view.id, several[: _MANY + 1]))
                found += [replace(end, what=one, asset=one) for one in named]
                more[end.why, asset.kind, end.partition or ""] += len(several) - len(named)
        return found, more

    def unsaid(self, view: View[Any], nodes: Iterable[Any]) -> Iterator[Unknown]:
        """What may belong to an answer though no record says so: an Unknown for each of these nodes of a view, in
        their order."""
        return (Unknown(what=one, why="not recorded", asset=one) for one in map(view.id, nodes))

    @cached_property
    def nameless_places(self) -> tuple[Unknown, ...]:
        """What may be read of any place in S3: no record says in which bucket an access point's places are, and what
        a manifest lists is known only where it was read."""
        places = self.lineage.of_kind("artifact", unsure=True)
        behind = (one.id for one in places if one.unresolved and parse_s3(one.id))
        return (*(Unknown(what=one, why="unresolved", asset=one) for one in behind), *unread_lists(places))

    @cached_property
    def hidden_content(self) -> Mapping[str, tuple[Unknown, ...]]:
        """The live endpoints of which not all can be known that they run, by id, and why."""
        found: dict[str, set[Unknown]] = {}
        for kind in ("endpoint", "endpoint_config", "inference_component", "model"):
            for place in self.lineage.of_kind(kind, unsure=True):
                if place.gone_since is None or (kind == "endpoint_config" and not self.lineage.upstream(place.id)):
                    for endpoint in (place,) if kind == "endpoint" else runs_at(self.lineage, [place.id]):
                        # One that was deleted before the first night is named by the trail alone.
                        if endpoint.id not in found and not (
                            endpoint.unresolved and is_deleted(self.lineage, endpoint)
                        ):
                            found[endpoint.id] = {
                                self._hidden(endpoint, hidden) for hidden in unknown_at(self.lineage, endpoint)
                            }
        return {endpoint: tuple(sorted(found[endpoint], key=_order)) for endpoint in sorted(found) if found[endpoint]}

    @cached_property
    def earlier_content(self) -> Mapping[str, float]:
        """The endpoints of which jobs learnt, or that jobs asked, that had ended before something was made that is
        deployed there now, by id, with when the last of those ended, in seconds since the epoch: what answered then no
        record says any more."""
        found: dict[str, float] = {}
        endpoints = self.lineage.of_kind("endpoint")
        self.lineage.prefetch([endpoint.id for endpoint in endpoints], "downstream")
        for endpoint in endpoints:
            kept = [edge.target for edge in self.lineage.downstream(endpoint.id, "produced")]
            readers = {edge.target for one in (endpoint.id, *kept) for edge in self.lineage.downstream(one, "input_to")}
            since = max(self._spans(self._deployed_at(endpoint.id)), default=None)
            ended = [span.ended for span in self._spans(readers) if since is not None and span.ended < since.began]
            if ended:
                found[endpoint.id] = max(ended)
        return found

    def _deployed_at(self, place: str) -> Iterable[str]:
        """What is deployed at an endpoint, and at the components and endpoints that answer there, by id."""
        found: set[str] = set()
        ahead = [place]
        while ahead:
            new = {edge.source for edge in self.lineage.upstream(ahead.pop(), "deployed_to")} - found
            found |= new
            ahead += [one for one in new if (asset := self.lineage.asset(one)) and asset.kind in ANSWERING]
        return found

    def _spans(self, asset_ids: Iterable[str]) -> Iterator[Span]:
        assets = (asset for asset in map(self.lineage.asset, asset_ids) if asset is not None)
        return (span_of(asset.kind, asset.created_at, asset.attributes) for asset in assets)

    def hidden_uses(self, root: str) -> Iterator[Unknown]:
        """What may depend on an asset though no edge says so: live endpoints of which not all is known that they run,
        or ran when jobs learnt of them, and of a place in S3, what is read through names that no record resolves."""
        made = next(self._spans((root,)), Span())
        for endpoint, until in self.earlier_content.items():
            if endpoint != root and endpoint not in self.hidden_content and made.began <= until:
                yield Unknown(what=endpoint, why="not recorded", asset=endpoint)
        for endpoint, several in self.hidden_content.items():
            if endpoint != root:
                yield from several
        if root.startswith("s3://"):
            yield from self.nameless_places
        version = self.lineage.asset(root)
        if version is not None and version.kind == "model_package":
            yield from self._untold_readers(version)

    def _untold_readers(self, version: Asset) -> Iterator[Unknown]:
        """The places at or around a version's weights from which others read since, and no version tells what: where
        very many lie no edge leads from each of them to each reader."""
        told = {edge.target for edge in self.lineage.downstream(version.id, "input_to")}
        told |= {edge.source for edge in self.lineage.upstream(version.id, "produced")}
        weights = [
            edge.source for edge in self.lineage.upstream(version.id, "packaged_as") if edge.role not in NO_WEIGHTS
        ]
        for place in weights:
            around = (one for folder in reversed([*folders(place)]) for one in (folder, folder.rstrip("/")))
            for where in dict.fromkeys((*around, place)):
                readers = {edge.target for edge in self.lineage.downstream(where, "input_to")} - told
                if any(self._began_without_version(reader, version.created_at) for reader in readers):
                    yield Unknown(what=where, why="not recorded", asset=where)

    def _began_without_version(self, reader: str, since: str | None) -> bool:
        """Whether a job began since then, and is told to read no version."""
        job = self.lineage.asset(reader)
        if job is None or instant(start_of(job.created_at, job.attributes)) < instant(since):
            return False
        return not any(":model-package/" in edge.source for edge in self.lineage.upstream(reader, "input_to"))

    def _hidden(self, endpoint: Asset, hidden: Asset) -> Unknown:
        end = self.end(hidden) or Unknown(what=hidden.id, why="not recorded")
        return Unknown(what=endpoint.id, why=end.why, partition=end.partition, asset=endpoint.id)


def unread_lists(assets: Iterable[Asset]) -> Iterator[Unknown]:
    """The manifests among assets that nobody read: whatever they list was read with them."""
    for one in assets:
        if one.attributes.get("manifest") and one.attributes.get("expanded") is False:
            yield Unknown(what=one.id, why="not recorded", asset=one.id)


def place(partition: Partition) -> str:
    """`444444444444/us-west-2/sagemaker`."""
    return "/".join(part or "-" for part in partition)


def _why(gap: Gap) -> Why:
    from studbook.aws.errors import meaning_of  # it loads botocore, which an answer without gaps never needs

    return "denied" if meaning_of(gap.code) in ("denied", "credentials") else "failed"


def _is_nothing(gap: Gap) -> bool:
    """Whether a gap hides nothing where nothing was ever seen: in a region that the account has not enabled there is
    nothing. In one that it had enabled before, what was there runs on, and nobody can look."""
    return gap.operation == "region" and gap.code == SKIPPED


Several = tuple[Why, str, str]
"""What unknowns are counted by: the reason, the kind and the partition."""


def few(
    unknown: Iterable[Unknown], kind_of: Callable[[str], str | None], more: Mapping[Several, int] | None = None
) -> tuple[Unknown, ...]:
    """In order, each once; more than twenty of a kind for one reason are one entry with their number.

    `kind_of` gives the kind of an asset's id; `more` is how many there are beyond those that are given.
    """
    groups: defaultdict[Several, set[Unknown]] = defaultdict(set)
    for one in unknown:
        kind = kind_of(one.asset) if one.asset is not None else None
        groups[one.why, kind or "", one.partition or ""].add(one)
    found: list[Unknown] = []
    for (why, kind, where), several in groups.items():
        number = len(several) + (more or {}).get((why, kind, where), 0)
        if kind and number > _MANY:
            found.append(Unknown(what=f"{number} {kind_words(kind, number)}", why=why, partition=where or None))
        else:
            found += several
    return tuple(sorted(found, key=_order))


def _order(one: Unknown) -> tuple[str, str, str, str]:
    return (one.why, one.what, one.partition or "", one.asset or "")


_FIRST: Final = ("endpoint", "model_package", "base_model_version", "dataset_version", "dataset", "evaluator_version")
_KINDS: Final = {kind: rank for rank, kind in enumerate(dict.fromkeys((*_FIRST, *KINDS)))}


def looked_for(kind: str) -> int:
    """The rank of a kind among those that people look for first: the lower, the sooner."""
    return _KINDS.get(kind, 0)


Status = Literal["certain", "possible", "cleared"]
"""Of what an incident may have hit."""
STATUSES: Final[tuple[Status, ...]] = get_args(Status)


def _importance(row: Row) -> tuple[int, int]:
    status = getattr(row, "status", "")
    return STATUSES.index(status) if status in STATUSES else 0, looked_for(getattr(row, "kind", ""))


R_co = TypeVar("R_co", bound=Row, covariant=True)


class LazyRows(Sequence[R_co]):
    """Lazy rows: of a crowd they are counted, and only those that somebody looks at are made."""

    def __init__(self, total: int, made: Callable[[int | None, bool], Sequence[R_co]]) -> None:
        """`made` gives the first so many rows, in their order or, where that is asked for, by importance."""
        self._total, self._made = total, made
        self._all: tuple[R_co, ...] | None = None

    def __len__(self) -> int:
        return self._total

    def first(self, limit: int | None) -> tuple[R_co, ...]:
        """The first so many, all where it is None."""
        if self._all is None and limit is not None and limit < self._total:
            return tuple(self._made(limit, False))
        if self._all is None:
            self._all = tuple(self._made(None, False))
        return self._all[:limit]

    def foremost(self, limit: int) -> tuple[R_co, ...]:
        """The first so many by importance: by status where rows have one, then endpoints and models before other
        kinds."""
        return tuple(self._made(limit, True))

    @overload
    def __getitem__(self, at: int) -> R_co: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[R_co, ...]: ...
    def __getitem__(self, at: int | slice) -> R_co | tuple[R_co, ...]:
        if isinstance(at, slice) and at.start is None and at.step is None and (at.stop is None or at.stop >= 0):
            return self.first(at.stop)
        return self.first(None)[at]

    def __iter__(self) -> Iterator[R_co]:
        return iter(self.first(None))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


@dataclass(frozen=True, kw_only=True)
class Answer(Generic[R_co]):
    """The answer to a named question, whole; whoever shows it may cut its rows, and never its total."""

    question: str
    """Its name in `QUESTIONS`, or `compare`, which is asked of several."""
    root: str
    """The resolved id of what it was asked of."""
    asked: str
    """What was asked, in the asker's words."""
    summary: str
    """One sentence that answers."""
    rows: Sequence[R_co]
    unknown: tuple[Unknown, ...] = ()

    @property
    def total(self) -> int:
        """How many rows there are, however many are shown."""
        return len(self.rows)

    def foremost(self, limit: int | None = None) -> Sequence[R_co]:
        """The first so many rows where, of many kinds, endpoints and models stand first."""
        if isinstance(self.rows, LazyRows) and limit is not None and limit < len(self.rows):
            return self.rows.foremost(limit)
        return sorted(self.rows, key=_importance)[:limit]

    def more(self) -> dict[str, Any]:
        """What a question tells besides its rows, as JSON by name; mostly nothing."""
        return {}

    def told(self, limit: int | None = None) -> dict[str, Any]:
        """The sentence, the rows (at most `limit`) and what is unknown: equal on nights that know the same."""
        return {
            "schema": SCHEMA,
            "question": self.question,
            "root": self.root,
            "summary": self.summary,
            "total": self.total,
            "rows": [row.to_json() for row in self.rows[:limit]],
            "unknown": [one.to_json() for one in self.unknown],
        }

    def to_json(self, snapshot: Envelope, limit: int | None = None, *, whole: bool = True) -> dict[str, Any]:
        """The form `studbook.answer/1`, with at most `limit` rows; `snapshot` is what the question was asked of.

        What it tells besides its rows is left out where it is not to be `whole`.
        """
        told = {**self.told(limit), "asked": self.asked, "snapshot": snapshot.summary}
        return told | self.more() if whole else told


def counted(number: int, kind: str) -> str:
    """`1 endpoint`, `3 endpoints`, `no endpoints`: a kind of asset, or another word with a regular plural."""
    words = kind_words(kind, number)
    if number != 1 and kind not in KINDS:
        words = f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"
    return f"{number or 'no'} {words}"


def called(asset: Asset) -> str:
    """What people call an asset: its name, with its version where the name does not end in it."""
    version = asset.attributes.get("version")
    if version is None or not asset.kind.endswith("_version") or asset.name.endswith(str(version)):
        return asset.name
    return f"{asset.name} {version}"


def natural(text: str) -> tuple[tuple[str, int, str], ...]:
    """Natural sort order, as a key: `team-2` before `team-10`, whatever the case.

    `theme/assets/studbook.js` has the same order for what is sorted in the browser.
    """
    parts = _NUMBERS.split(text.casefold())
    digits = [part.lstrip("0") for part in parts[1::2]]
    return (*zip(parts[::2], [len(one) for one in digits] + [0], [*digits, ""], strict=True), (text, 0, ""))


def listed(words: Iterable[str]) -> str:
    """Words as an enumeration: `a`, `a and b`, `a, b and c`."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def in_production(asset: Asset) -> bool:
    """Whether its account's stage is production, or none, and it takes requests: no stage may be production."""
    return (asset.stage or "production").lower() in ("production", "prod", "live") and not out_of_service(asset)
