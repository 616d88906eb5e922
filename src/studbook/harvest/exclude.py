"""Filter by tag: what the configuration excludes: records that are read, and then left out of everything.

A record is excluded by a tag of its own, or together with what it belongs to: the versions of a tagged model group,
the executions of a tagged pipeline, the versions of a tagged function, the runs of a tagged experiment, everything on
a tagged MLflow App or tracking server (which is not asked at all).

Being excluded is no disappearance. A record that was kept on earlier nights leaves no tombstone and is not carried
over: from this snapshot on it is not there, as if it had never been listed, and the coverage says how many were left
out. Other records may still name it, so that its id can stay as an unresolved asset. Since nothing of it is kept, it
is read anew each night. Snapshots that were taken before stay as they are.
"""

from __future__ import annotations

import fnmatch
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from studbook.model import Coverage, Gap, Partition, Record
from studbook.model.coverage import SKIPPED
from studbook.model.ids import parse_arn
from studbook.settings import Settings


@dataclass(slots=True)
class IncludedRecords(Iterable[Record]):
    """The records that the configuration lets be; gone through anew each time, as the records are."""

    records: Iterable[Record]
    settings: Settings
    left_out: Counter[Partition] = field(default_factory=Counter)
    """How many living ones were left out; as of the last time that all were gone through."""

    def __iter__(self) -> Iterator[Record]:
        wanted = self.settings.exclude.tags
        if not wanted:
            yield from self.records
            return
        tagged = {record.id for record in self.records if _tagged(record, wanted)}
        self.left_out.clear()
        for record in self.records:
            if record.id in tagged or any(above in tagged for above in _above(record)):
                self.left_out[record.partition] += record.gone_since is None
            else:
                yield record

    def without_excluded(self, coverage: Iterable[Coverage]) -> list[Coverage]:
        """The coverage of what is left, row by row, with a gap that says how many were left out."""
        return [self._without_excluded(row) for row in coverage]

    def _without_excluded(self, row: Coverage) -> Coverage:
        number = self.left_out[row.partition]
        if not number:
            return row
        said = "1 record is" if number == 1 else f"{number} records are"
        gap = Gap(operation="exclude", code=SKIPPED, message=f"{said} excluded by tag")
        gaps = sorted([*row.gaps, gap])
        return replace(row, records=row.records - number, gaps=tuple(gaps))


def _tagged(record: Record, wanted: Mapping[str, str]) -> bool:
    """Whether one of its own tags is among those that exclude; values are globs."""
    for key, value in _tags(record.body):
        pattern = wanted.get(key)
        if pattern is not None and fnmatch.fnmatchcase(value, pattern):
            return True
    return False


def _tags(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Tags in each of the forms that APIs have for them."""
    inner = [part.get("tags") for name in ("data", "info") if isinstance(part := body.get(name), Mapping)]
    for several in (body.get("Tags"), body.get("tags"), *inner):
        if isinstance(several, Mapping):
            yield from ((str(key), str(value)) for key, value in several.items())
        for tag in several if isinstance(several, list) else ():
            if isinstance(tag, Mapping):
                yield str(tag.get("Key") or tag.get("key")), str(tag.get("Value") or tag.get("value") or "")


def _above(record: Record) -> Iterator[str]:
    """The ids of what a record belongs to."""
    body = record.body
    if record.source == "mlflow":
        server = str(body.get("server"))
        info = body.get("info")
        experiment = info.get("experiment_id") if isinstance(info, Mapping) else None
        yield server
        yield f"mlflow:{server}/experiment/{experiment}"
        yield record.id.rpartition("/")[0]
        return
    arn = parse_arn(record.id)
    if arn is None:
        named = body.get("NamedBy")
        owners = [one.get("Id") for one in named if isinstance(one, Mapping)] if isinstance(named, list) else []
        if len(owners) == 1:
            yield str(owners[0])
        return
    stem, name = record.id.removesuffix(arn.name), arn.name
    if arn.type == "model-package":
        yield f"{stem.removesuffix('model-package/')}model-package-group/{name.rpartition('/')[0]}"
    for index, letter in enumerate(name):
        if letter in "/:@":
            yield stem + name[:index]
