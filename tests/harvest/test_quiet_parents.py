"""A parent under which nothing can have changed is not listed again, and nothing is lost by that."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.harvest.scripted import HERD, HERE, Visits, cow, nothing, refused

from studbook.harvest.calls import VisitEnded
from studbook.harvest.merge import merge
from studbook.sources.interface import Describe, Listing, Resource

COWS = replace(
    HERD,
    revision=lambda summary: summary["Name"],
    mark=lambda summary: str(summary.get("LastCalved") or ""),
)
CALVES = Resource(
    kind="calf",
    listing=Listing(
        operation="ListCalves",
        items="Calves",
        parent="cow",
        parent_params=lambda mother: {"Mother": mother.body["Name"]},
        parent_of=lambda calf: calf.id.rpartition("/")[0],
        settled=lambda body: body["Status"] == "Weaned",
    ),
    identify=lambda summary: summary["Arn"],
    describe=Describe(operation="DescribeCalf", params=lambda summary: {"Arn": summary["Arn"]}),
    volatile=True,
    final=lambda body: body["Status"] != "Sucking",
    normalize=nothing,
)


def calf(mother, name, status="Weaned"):
    return {"Arn": f"arn:cow/{mother}/{name}", "Status": status}


def scope(record):
    return CALVES.listing.parent_of(record) if record.kind == "calf" else None


class Barn:
    """Cows and calves that a script answers for, night after night."""

    def __init__(self, visits):
        self.visits = visits
        self.marks = {"a": "1", "b": "1"}
        self.calves = {"a": [calf("a", "x")], "b": []}
        self.broken = {}
        self.known = {}
        self.night = 0

    def run(self, *, killed=False):
        """One night; what was asked for."""
        self.night += 1
        script = {
            "ListCows": {"Cows": [cow(name, LastCalved=mark) for name, mark in self.marks.items()]},
            "DescribeCow": lambda **asked: cow(asked["Name"]),
            "ListCalves": lambda **asked: {"Calves": self.calves[asked["Mother"]]},
            "DescribeCalf": lambda **asked: self.calf(asked["Arn"]),
            **self.broken,
        }
        visit = self.visits(script, known=self.known)
        try:
            for resource in (COWS, CALVES):
                visit.resource(resource)
        except VisitEnded:
            pass
        if not killed:
            merge(visit._store, complete=visit.complete, scope=scope, number=self.night)
            self.known = {(record.kind, record.id): record for record in visit._store.records()}
            self.visits.journal.finish()
        return self.visits.sessions.operations()

    def calf(self, arn):
        return next(one for calves in self.calves.values() for one in calves if one["Arn"] == arn)

    def record(self, arn):
        return self.known["calf", arn]


@pytest.fixture
def barn(tmp_path):
    return Barn(Visits(tmp_path))


class TestNothingNew:
    def test_is_not_listed(self, barn):
        """What is known is reused, whole and alive."""
        first = barn.run()
        known = dict(barn.known)

        assert first.count("ListCalves") == 2
        assert barn.run() == ["ListCows"]
        assert barn.known == known

    def test_one_that_moved_is_listed_alone(self, barn):
        """The mark says under whom to look."""
        barn.run()
        barn.marks["a"] = "2"
        barn.calves["a"].append(calf("a", "y"))

        assert barn.run() == ["ListCows", "ListCalves", "DescribeCalf"]
        assert barn.record("arn:cow/a/y").gone_since is None

    def test_a_parent_that_is_gone_takes_all_below_with_it(self, barn):
        """Its listing is not asked for, and still nothing below it lives."""
        barn.run()
        del barn.marks["a"]
        barn.run()

        assert barn.record("arn:cow/a/x").gone_since == 2
        assert {record.gone_since for record in barn.known.values() if record.id == "arn:cow/a"} == {2}

    def test_a_parent_of_the_same_name_and_mark(self, barn):
        """One that is deleted, and made again, is listed."""
        barn.run()
        del barn.marks["a"]
        barn.run()
        barn.marks["a"] = "1"

        assert "ListCalves" in barn.run()
        assert barn.record("arn:cow/a/x").gone_since is None


class TestWhatMayMove:
    @pytest.mark.parametrize("status", ["Sucking", "Sick"])
    def test_is_listed_though_the_mark_stands(self, barn, status):
        """One that is not settled may change at any time."""
        barn.calves["a"] = [calf("a", "x", status)]
        barn.run()
        barn.calves["a"] = [calf("a", "x")]

        assert "ListCalves" in barn.run()
        assert barn.record("arn:cow/a/x").body["Status"] == "Weaned"
        assert barn.run() == ["ListCows"]


class TestAfterTrouble:
    def test_a_denied_listing_is_asked_for_again(self, barn):
        """What was born on the night of the denial is found by the next that is allowed, though the mark stands."""
        barn.run()
        barn.marks["a"] = "2"
        barn.calves["a"].append(calf("a", "y"))
        barn.broken = {"ListCalves": refused("AccessDenied")}
        barn.run()
        barn.broken = {}
        assert barn.record("arn:cow/a/x").stale_since == 2

        assert "ListCalves" in barn.run()
        assert barn.record("arn:cow/a/y").gone_since is None
        assert barn.record("arn:cow/a/x").stale_since is None

    def test_a_failed_description_is_tried_again(self, barn):
        """One that was listed and could not be read is not forgotten."""
        barn.broken = {"DescribeCalf": refused("AccessDenied")}
        barn.run()
        barn.broken = {}

        assert "DescribeCalf" in barn.run()
        assert ("calf", "arn:cow/a/x") in barn.known

    def test_a_visit_that_ended_between_listing_and_reading(self, barn):
        """The next one lists again."""
        barn.broken = {"DescribeCalf": refused("ExpiredToken")}
        barn.run()
        barn.broken = {}

        assert "DescribeCalf" in barn.run()
        assert ("calf", "arn:cow/a/x") in barn.known

    def test_a_killed_harvest(self, barn):
        """What it had read is taken up, settled children among it."""
        barn.run(killed=True)

        assert barn.run() == ["ListCows"]
        assert barn.record("arn:cow/a/x").gone_since is None


class TestParentsNobodyCouldRead:
    """A listing below a parent that was shown and not read has not happened: nothing there is gone."""

    def test_that_are_known(self, barn):
        """All below is listed by what is known of the parent."""
        barn.run()
        revised = replace(COWS, revision=lambda summary: "another")
        visit = barn.visits(
            {
                "ListCows": {"Cows": [cow("a"), cow("b")]},
                "DescribeCow": refused("AccessDenied"),
                "ListCalves": {"Calves": []},
            },
            known={key: record for key, record in barn.known.items() if key[0] != "calf_listing"},
        )
        for resource in (revised, CALVES):
            visit.resource(resource)

        assert barn.visits.sessions.operations().count("ListCalves") == 2

    def test_that_are_not(self, barn):
        """The listing of all below is not complete."""
        visit = barn.visits({"ListCows": {"Cows": [cow("a")]}, "DescribeCow": refused("AccessDenied")})
        for resource in (COWS, CALVES):
            visit.resource(resource)

        assert ("calf", None) not in visit.complete
        assert visit.ledger.coverage(HERE, records=0, calls={}).gaps
