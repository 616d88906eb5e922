"""A version that UpdateModelPackage gave other weights: who made which, and what was made of which."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.join_records import DEV, SMR, channel, job, model, package

from studbook.lineage.link import LinkContext, Linked, link
from studbook.model import Record
from studbook.sources import normalize

ARN = f"{SMR}:{DEV}"
VERSION = f"{ARN}:model-package/bot/1"
FIRST, SECOND = "s3://w/first/model.tar.gz", "s3://w/second/model.tar.gz"
REGISTERED, CHANGED, APPROVED = (f"2026-09-{day}T00:00:00Z" for day in ("02", "05", "08"))


def version(uri: str, **body: Any) -> Record:
    return package(1, uri, CreationTime=REGISTERED, **body)


def had(uri: str = FIRST, until: str = CHANGED, **body: Any) -> Record:
    """What an earlier night showed of it."""
    return replace(version(uri, **body), id=f"{VERSION}@until-{until}", gone_since=2)


def made(name: str, uri: str, at: str) -> Record:
    times = {"CreationTime": at, "TrainingStartTime": at}
    return replace(job(name), body=job(name).body | times | {"ModelArtifacts": {"S3ModelArtifacts": uri}})


OLD, NEW = made("old", FIRST, "2026-09-01T00:00:00Z"), made("new", SECOND, "2026-09-04T00:00:00Z")


def linked(*records: Record) -> Linked:
    return link(records, normalize, LinkContext())


def edges(found: Linked, relation: str, end: str = VERSION) -> dict[str, bool]:
    """The names of what an end is joined with, and whether that is a candidate."""
    several = [edge for edge in found.edges if edge.relation == relation and end in (edge.source, edge.target)]
    others = ((edge.target if edge.source == end else edge.source, edge.candidate) for edge in several)
    return {other.rpartition("/")[2]: candidate for other, candidate in others}


class TestMakers:
    @pytest.mark.parametrize("told", [{}, {"MetadataProperties": {"GeneratedBy": OLD.id}}])
    def test_who_made_the_new_weights_made_the_version(self, told):
        """And who made those that it had is a candidate, also where the record goes on naming it."""
        found = linked(OLD, NEW, version(SECOND, LastModifiedTime=CHANGED, **told), had(**told))
        assert edges(found, "produced") == {"old": True, "new": False}

    def test_who_wrote_there_after_the_change_made_none_of_it(self):
        """An approval, later still, is no other change."""
        later = made("later", SECOND, "2026-09-06T00:00:00Z")
        found = linked(OLD, NEW, later, version(SECOND, LastModifiedTime=APPROVED), had())
        assert edges(found, "produced") == {"old": True, "new": False}

    def test_a_job_that_wrote_both_is_the_one_that_is_named(self):
        """The record says so of what it was registered with, and the job of what it has now."""
        both = made("both", SECOND, "2026-09-01T00:00:00Z")
        told = {"MetadataProperties": {"GeneratedBy": both.id}}
        found = linked(both, version(SECOND, LastModifiedTime=CHANGED, **told), had(**told))
        (edge,) = (edge for edge in found.edges if edge.relation == "produced" and edge.target == VERSION)
        assert (edge.source, edge.certainty, edge.candidate) == (both.id, "referenced", False)

    @pytest.mark.parametrize(("then", "now", "changed"), [("a", "b", True), ("a", "a", False), (None, "b", False)])
    def test_other_bytes_at_one_place_are_other_weights(self, then, now, changed):
        """Where both nights tell their ETags."""
        again = made("again", FIRST, "2026-09-04T00:00:00Z")
        was, is_now = ([{"ModelDataUrl": FIRST, "ModelDataETag": etag}] for etag in (then, now))
        versions = [
            replace(one, body=one.body | {"InferenceSpecification": {"Containers": containers}})
            for one, containers in ((version(FIRST, LastModifiedTime=CHANGED), is_now), (had(), was))
        ]
        found = linked(OLD, again, *versions)
        assert edges(found, "produced") == ({"old": True, "again": True} if changed else {"old": False})

    def test_what_had_the_number_before_keeps_what_it_had(self):
        """Its group was made anew, and counts from one again."""
        anew = replace(version(SECOND), body=version(SECOND).body | {"CreationTime": APPROVED})
        earlier = replace(version(SECOND), id=f"{VERSION}@{REGISTERED}", gone_since=3)
        found = linked(OLD, NEW, anew, earlier, had())
        assert edges(found, "produced", earlier.id) == {"old": True, "new": False}
        assert edges(found, "produced") == {"new": False}


class TestUses:
    @pytest.mark.parametrize(("at", "candidate"), [("2026-09-03T00:00:00Z", True), ("2026-09-06T00:00:00Z", False)])
    def test_a_model_made_before_the_change_may_hold_what_it_had(self, at, candidate):
        named = model("m", ModelPackageName=VERSION)
        named = replace(named, body=named.body | {"CreationTime": at})
        found = linked(named, version(SECOND, LastModifiedTime=CHANGED), had())
        assert edges(found, "packaged_as", named.id) == {"1": candidate}

    @pytest.mark.parametrize(("at", "meant"), [("2026-09-03T00:00:00Z", {"1": True}), ("2026-09-06T00:00:00Z", {})])
    def test_who_took_or_read_the_place_until_then_is_told_as_a_candidate(self, at, meant):
        by_place = model("m", ModelDataUrl=FIRST)
        read = job("judge", InputDataConfig=[channel("model", FIRST)])
        users = [
            replace(one, body=one.body | {"CreationTime": at, "TrainingStartTime": at}) for one in (by_place, read)
        ]
        found = linked(*users, version(SECOND, LastModifiedTime=CHANGED), had())
        versions = {"1": True} if meant else {}
        assert {one: doubt for one, doubt in edges(found, "packaged_as", by_place.id).items() if one == "1"} == versions
        assert {one: doubt for one, doubt in edges(found, "input_to", read.id).items() if one == "1"} == versions
