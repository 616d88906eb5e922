"""Data that changed under jobs that read a part of it: the object manifests tell whether that part did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from tests.pedigrees import asset, edge

from studbook.lineage.graph import Graph
from studbook.model import Evidence, Record
from studbook.queries.answer import Night
from studbook.queries.drift import drifts_of

CHATS = "s3://b/chats/"
OLD, NEW = f"{CHATS}@sha256:aa", f"{CHATS}@sha256:bb"
NAMED = Evidence("sagemaker:DescribeTrainingJob", "Uri", "sagemaker/training_job/t")
INSIDE = (NAMED, Evidence.parse("rule:s3-prefix"))
GONE = {"current": False, "superseded_since": 4}
LOST = {"deleted_objects": 5, "deleted_for_good": 5}
WAS = ("a/1 x", "a/2 x", "b/1 x")


def rows(objects: Sequence[str]) -> list[dict[str, Any]]:
    """Objects by key and ETag, and the day in November when each was written, if not on the first."""
    several = ((*one.split(), "01")[:3] for one in objects)
    return [
        {"Key": f"chats/{key}", "ETag": etag, "Size": 1, "LastModified": f"2026-11-{day}T00:00:00Z"}
        for key, etag, day in several
    ]


def drift(
    place: str,
    now: Sequence[str] | None,
    *,
    evidence: Sequence[Evidence] = INSIDE,
    versions: Sequence[str] | None = None,
    reads: str = OLD,
    registered: str | None = None,
    lost: Mapping[str, int] = LOST,
) -> list[tuple[str, str, str]]:
    """What is said of a job of 2 November that read a place, while it had the objects of `WAS`, and has those of `now`:
    the verb, what became of the data, and what is not known."""
    kinds = {CHATS: "dataset", OLD: "dataset_version", NEW: "dataset_version", "t": "training_job"}
    facts: dict[str, Mapping[str, Any]] = {
        OLD: {**GONE, **lost},
        NEW: {"current": True, "newest": "2026-11-09T00:00:00Z"},
    }
    edges = [edge(CHATS, state, "has_version") for state in (OLD, NEW)]
    if registered is None:
        edges.append(edge(reads, "t", "input_to", "train", certainty="inferred", evidence=evidence))
    else:
        kinds[registered], facts[registered] = "dataset_version", {"uri": place}
        edges.append(edge(reads, registered, "content_of", certainty="inferred", evidence=INSIDE))
        edges.append(edge(registered, "t", "input_to", "train"))
    graph = Graph([asset(one, kind, attributes=facts.get(one, {})) for one, kind in kinds.items()], edges)
    bodies: dict[str, dict[str, Any]] = {"t": {"Uri": place}, OLD: {"Contents": rows(WAS)}}
    if now is not None:
        kept = {} if versions is None else {"VersionsBy": "fingerprint", "Versions": rows(versions)}
        bodies[NEW] = {"Contents": rows(now), **kept}

    def record(kind: str, record_id: str) -> Record | None:
        body = bodies.get(record_id)
        return body and Record(
            source="s", kind=kind, id=record_id, account=None, region=None, revision="", body=body
        )  # fmt: skip

    job = graph.asset("t")
    assert job is not None
    night = Night(graph, record_of=record)
    return [(one.verb, one.words, one.doubt) for one in drifts_of(night, job)]


CHANGED = [("read a part of", "", "")]
UNKNOWN = "whether the part that was read did is not known"


class TestParts:
    @pytest.mark.parametrize(
        ("place", "now", "expected"),
        [
            ("s3://b/chats/a/", ("a/1 x", "a/2 x", "b/1 y"), []),
            ("s3://b/chats/a/", ("a/1 x", "a/2 x"), []),
            ("s3://b/chats/b/1", ("b/1 x", "c/1 x"), []),
            ("s3://b/chats/b/", ("a/1 x", "a/2 x", "b/1 y"), CHANGED),
            ("s3://b/chats/b/", (*WAS, "b/2 x"), CHANGED),
            (
                "s3://b/chats/a/",
                ("a/1 x", "b/1 x"),
                [("read a part of", "the bytes of 1 object are gone for good", "")],
            ),
            ("s3://b/chats/a/", ("b/1 x",), [("read a part of", "the bytes of 2 objects are gone for good", "")]),
        ],
    )
    def test_the_part_decides(self, place: str, now: Sequence[str], expected: list[Any]) -> None:
        """Objects beside it that changed, came or went are nothing to the job; and of its own alone it is told."""
        assert drift(place, now) == expected

    def test_a_deleted_object_of_which_a_version_is_left(self) -> None:
        """It can be had back."""
        told = [("read a part of", "1 object was deleted", "")]
        assert drift("s3://b/chats/b/", WAS[:2], versions=WAS) == told

    def test_bytes_that_are_gone_behind_a_newer_object(self) -> None:
        """Its key is there, its version is not."""
        now = (*WAS[:2], "b/1 y")
        told = [("read a part of", "the bytes of 1 object are gone for good", "")]
        assert drift("s3://b/chats/b/", now, versions=now) == told
        assert drift("s3://b/chats/b/", now, versions=(*now, "b/1 x")) == CHANGED

    def test_all_of_it(self) -> None:
        """Who read the whole dataset is told what became of the whole."""
        whole = [("read", "the bytes of 5 objects are gone for good", "")]
        assert drift(CHATS, WAS[:2], evidence=(NAMED,)) == whole

    @pytest.mark.parametrize("place", ["s3://b/chats/", "s3://b/chats", "s3://b/"])
    def test_a_version_in_a_folder_of_the_dataset(self, place: str) -> None:
        """With `versions: subprefixes` the place of a state lies in the dataset, and who reads that reads all of it."""
        assert drift(place, WAS[:2]) == [("read", "the bytes of 5 objects are gone for good", "")]

    @pytest.mark.parametrize(
        ("now", "evidence", "verb"),
        [
            (None, INSIDE, "read a part of"),
            (WAS, INSIDE[1:], "read"),
            (WAS, (*INSIDE, Evidence("s3:GetObject", "[1]", "s3/s3_document/m")), "read a part of"),
            (WAS, (*INSIDE, Evidence.parse("rule:file-system")), "read a part of"),
        ],
        ids=["no manifest", "no record", "an entry of a manifest file", "a place that is linked with it"],
    )
    def test_what_is_not_known(self, now: Sequence[str] | None, evidence: Sequence[Evidence], verb: str) -> None:
        """The dataset changed; of the part nothing is said."""
        ((told, _, doubt),) = drift("s3://b/chats/b/", now, evidence=evidence)
        assert (told, doubt) == (verb, UNKNOWN)

    def test_a_place_at_which_the_manifest_shows_nothing(self) -> None:
        """The job read something that nobody listed."""
        ((_, _, doubt),) = drift("s3://b/chats/z/", WAS)
        assert doubt == UNKNOWN

    @pytest.mark.parametrize(("place", "expected"), [("s3://b/chats/a/", []), ("s3://b/chats/b/", CHANGED)])
    def test_a_registered_version_that_is_a_part(self, place: str, expected: list[Any]) -> None:
        """Its registration says which: what came later beside it is nothing to who reads the version."""
        assert drift(place, (*WAS[:2], "b/1 y 09"), registered="hub/1", lost={}) == expected

    @pytest.mark.parametrize(("place", "expected"), [("s3://b/chats/a/", []), ("s3://b/chats/b/", CHANGED)])
    def test_of_a_dataset_whose_state_is_not_known(self, place: str, expected: list[Any]) -> None:
        """What lies there now and is younger than the job's start decides."""
        assert drift(place, (*WAS[:2], "b/1 y 09"), reads=CHATS) == expected
