"""Change detection by event log: partitions that are not listed tonight, since CloudTrail shows no write there.

A partition is quiet where the night before saw it whole (or found it quiet), nothing in it can change without an event,
and LookupEvents, asked from an hour before that night on, was answered whole and shows no write. Its records stay as
they are, neither stale nor seen again, and its row in the coverage says why, and when it was last listed.

Events can be lost or late, and some changes have none (metrics that are added to an ended trial, say): so a share of
all partitions is listed whole whatever the events say, and none stays quiet for longer than that takes to come round. A
region without a record is asked for its events but once a week.

Of SageMaker alone: what its API writes are management events. Objects in S3 and MLflow's API are in no management
event, asking Bedrock's models is in too many, and Lambda's functions are few.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from studbook.errors import CatalogError
from studbook.harvest.plan import Task
from studbook.model import Coverage, Envelope, Partition, Record
from studbook.model.coverage import SKIPPED
from studbook.model.ids import parse_arn
from studbook.redaction.past_rules import same_rules
from studbook.settings import Settings
from studbook.sources.cloudtrail import EVENTS_KEPT, OVERLAP, CloudTrail, window_start
from studbook.store.snapshots import Snapshots

WATCHED: Final = "sagemaker"
"""The source of which CloudTrail has every call that writes."""

_ROTATION, _IDLE = 28, 7
"""Days until every partition was listed, and until a region without a record is asked for its events again."""

_SETTLED: Final = frozenset(
    """active approved archived available completed completedwithfailures completedwithviolations created createfailed
    deleted deletefailed deprecated disabled draft enabled error expired failed importfailed inactive inservice
    issuesfound maintenancecomplete maintenancefailed noissuesfound pendingmanualapproval pendingreview rejected
    restricted reused routable started startfailed stopped stopfailed succeeded successful supported terminated
    unknown updated updatefailed""".split()  # noqa: SIM905 - one a line would fill a page
)
"""Statuses that only a call ends. Any other word, one that nobody knows yet too, may be another one tomorrow."""
_MOVING: Final = frozenset(
    {("WarmPoolStatus", "available"), ("TrainingSessionStatus", "created"), ("RoutingStatus", "unknown")}
)
"""Those that the service ends, though the word is a settled one elsewhere."""


class QuietPartitions:
    """Which of the planned partitions could be quiet tonight, by the night before; made before the first call."""

    def __init__(self, settings: Settings, previous: Envelope | None, taken_at: str, tasks: Sequence[Task]) -> None:
        """`tasks` are those of the wave; without one for CloudTrail nothing is quiet. `previous` is `asked_alike`."""
        limits = settings.source(CloudTrail.name).limits
        self._rotation, self._every = limits.get("rotation", _ROTATION), limits.get("idle", _IDLE)
        self._excludes = bool(settings.exclude.tags)
        self._taken_at = taken_at
        self._trails = {task.partition[:2]: task for task in tasks if task.partition.source == CloudTrail.name}
        self._rows: dict[Partition, Coverage] = {}
        self._turns: dict[Partition, int] = {}
        if previous is None or not self._trails:
            return
        self._before = previous.taken_at
        # By dates, for snapshots have other reasons than nights; a night that was skipped is made up for.
        self._days = range(_day(self._before) + 1, _day(taken_at) + 1)
        apart = datetime.fromisoformat(taken_at) - datetime.fromisoformat(self._before)
        if timedelta() < apart < EVENTS_KEPT - OVERLAP:
            self._rows = {row.partition: row for row in previous.coverage}
            self._turns = {one: turn for turn, one in enumerate(t.partition for t in tasks if _watched(t.partition))}

    def idle(self, task: Task) -> Coverage | None:
        """The row of a trail that is not asked tonight: nothing was there, and this is not the night of its week."""
        account, region, source = task.partition
        there = Partition(account, region, WATCHED)
        row, listed = self._rows.get(task.partition), self._could_be(there)
        nothing = listed is not None and listed.records == 0 and not self._excludes
        if source != CloudTrail.name or not nothing or row is None or not _whole(row) or task.since is None:
            return None
        asked = task.since
        if self._turns_up(self._turns[there], self._every) or self._age(asked) >= self._every:
            return None
        why = f"nothing was there when it was asked last, {asked}; such a region is asked once in {self._every} days"
        return _quiet(row, why, asked)

    def unchanged(self, partition: Partition, trail: Coverage | None, wrote: Callable[[], bool]) -> Coverage | None:
        """The row of a partition without news, by tonight's row of the trail and whether an event there is a write.

        Whether what it holds is `settled` is another question.
        """
        row, task = self._could_be(partition), self._trails.get(partition[:2])
        if row is None or task is None or task.since is None or trail is None or not _whole(trail):
            return None
        if trail.status == "quiet":
            return _quiet(row, trail.reason or "", row.listed_at or self._before)
        if wrote():
            return None
        why = f"CloudTrail shows no write from {window_start(task.since)} to {self._taken_at}"
        return _quiet(row, why, row.listed_at or self._before)

    def _could_be(self, partition: Partition) -> Coverage | None:
        """Its row of the night before, where that saw all of it and this is not the night to list it anyway."""
        row = self._rows.get(partition)
        turn = self._turns.get(partition)
        if row is None or turn is None or not _whole(row) or self._turns_up(turn, self._rotation):
            return None
        return None if self._age(row.listed_at or self._before) >= self._rotation else row

    def _turns_up(self, turn: int, every: int) -> bool:
        return every <= max(1, len(self._days)) or any(day % every == turn % every for day in self._days)

    def _age(self, time: str) -> int:
        return _day(self._taken_at) - _day(time)


def asked_alike(snapshots: Snapshots, latest: Envelope | None, settings: Settings) -> Envelope | None:
    """The latest night, if these settings and this program asked for what it has: others may lack what is asked today.

    A relink names who linked, and has the time of the night whose records it took: that must be alike as well. What was
    written anew out of another catalog names who did that, and nothing tells who asked.
    """
    if latest is None:
        return None
    try:
        continues = next(iter(snapshots)).continues
        anew = continues.number if continues is not None else 0
        nights = snapshots.of_night(latest.taken_at)
        return latest if all(one.number > anew and same_rules(one, settings) for one in nights) else None
    except CatalogError:  # a damaged one tells nothing, and is for `verify` to say: all is asked
        return None


def settled(records: Iterable[Record], listed_at: str) -> bool:
    """Whether nothing in a partition can become another thing without an event that its trail has."""
    late = window_start(listed_at)
    return all(record.gone_since is not None or _is_settled(record, late) for record in records)


def _is_settled(record: Record, late: str) -> bool:
    """Not so of what runs, of what changed so short a time before the listing that its effects may have come after it,
    and of what another account owns and shares: its events are there."""
    arn = parse_arn(record.id)
    if arn is not None and arn.account not in (None, "", record.account):
        return False
    times = (value for name, value in record.body.items() if name.endswith("Time") and isinstance(value, str))
    return all(time < late for time in times) and all(
        word in _SETTLED and (name, word) not in _MOVING for name, word in _statuses(record.body, "")
    )


def _statuses(value: Any, within: str) -> Iterator[tuple[str, str]]:
    """Each status, by the member that it is; what was passed through on the way, and the secondary ones, left out."""
    if isinstance(value, list):
        for item in value:
            yield from _statuses(item, within)
    elif isinstance(value, dict):
        for name, item in value.items():
            if "SecondaryStatus" in name:
                continue
            if isinstance(item, str) and name.endswith("Status"):
                yield within if name == "Status" and within else name, item.casefold()
            else:
                yield from _statuses(item, name)


def _watched(partition: Partition) -> bool:
    return partition.source == WATCHED


def _whole(row: Coverage) -> bool:
    return row.status in ("complete", "quiet") and all(gap.code == SKIPPED for gap in row.gaps)


def _quiet(row: Coverage, why: str, listed_at: str) -> Coverage:
    return replace(row, status="quiet", requests=0, redacted=0, calls={}, reason=why, listed_at=listed_at)


def _day(time: str) -> int:
    return date.fromisoformat(time[:10]).toordinal()
