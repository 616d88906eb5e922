"""Records that say what a test wants them to say: a lineage without any API's shapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from studbook.lineage.link import LinkContext, Linked, link
from studbook.model import Asset, Claim, Edge, Evidence, Facts, Record
from studbook.model.facts import DatasetState
from studbook.model.ids import dataset_version_id, fingerprint, parse_s3

ACCOUNT, REGION = "111122223333", "us-west-2"
JOB = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/j"


class Estate:
    """Facts, one record each, in the order in which they are told."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self._facts: dict[str, Facts] = {}

    def say(
        self,
        *assets: Asset,
        edges: Sequence[Edge] = (),
        claims: Sequence[Claim] = (),
        mentions: Sequence[Asset] = (),
        **life: int,
    ) -> Estate:
        record_id = f"record-{len(self.records)}"
        self.records.append(
            Record(
                source="told", kind="told", id=record_id, account=ACCOUNT, region=REGION, revision="", body={}, **life
            )
        )
        self._facts[record_id] = Facts(list(assets), list(mentions), list(edges), list(claims))
        return self

    def linked(self, context: LinkContext | None = None) -> Linked:
        return link(self.records, lambda record: self._facts[record.id], context or LinkContext())

    def reversed(self) -> Linked:
        return link(self.records[::-1], lambda record: self._facts[record.id], LinkContext())


def lines(edge: Any) -> tuple[str, ...]:
    """The evidence of an edge or a claim without its records, sorted."""
    return tuple(sorted(one.line for one in edge.evidence))


def asset(kind: str, asset_id: str, name: str = "n", **fields: Any) -> Asset:
    return Asset(id=asset_id, kind=kind, name=name, **{"account": ACCOUNT, "region": REGION, **fields})


def job(**fields: Any) -> Asset:
    return asset("training_job", JOB, "j", **fields)


def item(key: str, at: str, etag: str = "e", **more: Any) -> dict[str, Any]:
    return {"Key": key, "Size": 1, "ETag": etag, "LastModified": at, **more}


def state(
    uri: str,
    *contents: dict[str, Any],
    dataset: str | None = None,
    versions: Sequence[dict[str, Any]] | None = None,
    markers: Sequence[dict[str, Any]] = (),
    until: int | None = None,
    stale_since: int | None = None,
) -> DatasetState:
    place = parse_s3(uri)
    assert place is not None
    return DatasetState(
        version=dataset_version_id(uri, fingerprint(contents, place.key)),
        dataset=dataset or uri,
        uri=uri,
        owner=ACCOUNT,
        config=Evidence.parse("config:datasets[0].uri"),
        evidence=Evidence.parse("s3:ListObjectsV2#Contents" if versions is None else "s3:ListObjectVersions#Versions"),
        until=until,
        stale_since=stale_since,
        contents=contents,
        versions=versions,
        markers=markers,
    )


def inputs(linked: Linked, target: str = JOB, relation: str = "input_to") -> dict[str, tuple[str, bool, set[str]]]:
    """Source to (certainty, candidate, rules) of the edges that end in `target`."""
    return {
        edge.source: (edge.certainty, edge.candidate, {line for line in lines(edge) if line.startswith("rule:")})
        for edge in linked.edges
        if edge.target == target and edge.relation == relation
    }
