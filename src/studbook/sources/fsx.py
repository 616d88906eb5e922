"""Amazon FSx: which places in S3 the directories of file systems are linked with.

Calls, per region in which a job reads a file system: DescribeDataRepositoryAssociations (25 a page). Elsewhere nothing
is asked. Kept is what is linked with the file systems that jobs read. Of file systems without associations (scratch
ones of the first generation, those whose import path is a property of their own) the place is not read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from studbook.aws.errors import UNREADABLE
from studbook.model import Facts, Partition, Record
from studbook.model.facts import LinkedDirectory, MountedDirectory
from studbook.model.ids import parse_s3
from studbook.settings import Settings
from studbook.sources import sagemaker
from studbook.sources.interface import Grant, Visit
from studbook.sources.reading import Reading

_ASSOCIATION: Final = "data_repository_association"
_OPERATION: Final = "DescribeDataRepositoryAssociations"
_NAMES: Final = ("FileSystemId", "FileSystemPath", "DataRepositoryPath")
_NEVER_LINKED: Final = frozenset({"CREATING", "FAILED"})


class FileSystems:
    """The links of those file systems that jobs read."""

    name = "fsx"
    wave = 2
    follows = ("FileSystemId",)
    actions = (f"fsx:{_OPERATION}",)
    grants = (Grant("FileSystems"),)

    def plan(self, settings: Settings, records: Iterable[Record]) -> Mapping[Partition, Sequence[str]]:
        """The file systems by the account and region of the job that reads them, or of the link that is known."""
        plan: defaultdict[Partition, set[str]] = defaultdict(set)
        for record in records:
            if record.gone_since is None and record.region is not None and settings.account(record.account) is not None:
                for system in _systems(record):
                    plan[Partition(record.account, record.region, self.name)].add(system)
        return {partition: sorted(systems) for partition, systems in plan.items()}

    def collect(self, visit: Visit) -> None:
        wanted = set(visit.targets)
        for page in visit.pages(_OPERATION, {"MaxResults": 25}, items="Associations"):
            for index, association in enumerate(page["Associations"]):
                try:
                    if association.get("FileSystemId") in wanted:
                        visit.record(_ASSOCIATION, association["ResourceARN"], association, operation=_OPERATION)
                except UNREADABLE as error:
                    visit.gap(error, f"Associations[{index}]")
        visit.listed(_ASSOCIATION)

    def scope(self, record: Record) -> str | None:
        return None

    def normalize(self, record: Record) -> Facts:
        """No asset: what a job reads there is what the link leads to."""
        reading, body = Reading(record, _OPERATION), record.body
        system, path, uri = (str(body.get(name) or "") for name in _NAMES)
        if system and path and parse_s3(uri) is not None and body.get("Lifecycle") not in _NEVER_LINKED:
            told = reading.evidence(*_NAMES)
            since = body.get("CreationTime")
            reading.claim(LinkedDirectory(system=system, path=path, uri=uri, since=since, evidence=told))
        return reading.facts


def _systems(record: Record) -> Iterator[str]:
    if record.source == "fsx":
        yield str(record.body.get("FileSystemId"))
    yield from (claim.system for claim in sagemaker.SOURCE.claims(record, MountedDirectory))
