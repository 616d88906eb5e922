"""Many records at once: what may be believed, what has to be described, and what it must never cost."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.harvest.scripted import HERD, HERE, Visits, cow, refused

from studbook.sources.interface import Bulk, Detail

SPOTS = Detail(operation="ListTags", params=lambda body: {"Arn": body["Arn"]}, member="Tags", items="Tags", sort="Key")
BULK = Bulk(
    operation="SearchCows",
    items="Results",
    params={},
    record=lambda item: item["Cow"],
    whole=lambda body, seen: not body.get("Secretive"),
    order="Modified",
    drops=frozenset({"Mood"}),
    brings=frozenset({"Tags"}),
)
COWS = replace(HERD, details=(SPOTS,), bulk=BULK)
TAGS = [{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "1"}]


@pytest.fixture
def visits(tmp_path):
    return Visits(tmp_path)


def summary(name, **more):
    return cow(name, Modified="2026-11-22T02:00:00Z", **more)


def found(name, **more):
    return {"Cow": {**summary(name), "Weight": 600, "Tags": sorted(TAGS, key=lambda tag: tag["Key"]), **more}}


def described(**params):
    return {**summary(params["Name"]), "Weight": 600, "Mood": "fine"}


SINGLE = {"DescribeCow": described, "ListTags": {"Tags": TAGS}}


def listing(*names):
    return {"ListCows": {"Cows": [summary(name) for name in names]}}


def harvested(visits, script, resource=COWS, known=None):
    visit = visits({**SINGLE, **script}, known=known)
    visit.resource(resource)
    return visit


def rows(visit):
    return visit.ledger.coverage(HERE, records=0, calls={})


class TestWhole:
    def test_no_record_is_described(self, visits):
        """What the bulk answer shows whole costs nothing more, tags included."""
        visit = harvested(visits, {**listing("a", "b"), "SearchCows": {"Results": [found("a"), found("b")]}})

        assert visits.sessions.operations() == ["ListCows", "SearchCows"]
        assert len(visit.seen) == 2
        assert visit.complete == {("cow", None)}

    def test_the_same_record_whichever_way(self, visits):
        """Records that came at once equal those that were described one by one."""
        at_once = harvested(visits, {**listing("a"), "SearchCows": {"Results": [found("a")]}})
        one_by_one = harvested(visits, {**listing("a"), "SearchCows": refused("AccessDenied")})

        assert at_once.seen == one_by_one.seen

    def test_what_it_cannot_show_is_described(self, visits):
        """Where something may be hidden the record is described, but its tags are known by then."""
        answer = {"Results": [found("a", Secretive=True)]}
        visit = harvested(visits, {**listing("a"), "SearchCows": answer})

        assert visits.sessions.operations() == ["ListCows", "SearchCows", "DescribeCow"]
        assert [tag["Key"] for tag in visit.seen["cow", "arn:cow/a"].body["Tags"]] == ["a", "b"]

    def test_a_detail_that_it_does_not_bring(self, visits):
        """A record that needs one more call is described, so that its details are read."""
        calves = Detail(operation="ListCalves", params=lambda body: {}, member="Calves", items="Calves")
        script = {**listing("a"), "SearchCows": {"Results": [found("a")]}, "ListCalves": {"Calves": ["x"]}}
        visit = harvested(visits, script, replace(COWS, details=(SPOTS, calves)))

        assert visit.seen["cow", "arn:cow/a"].body["Calves"] == ["x"]


class TestTheListingIsTheTruth:
    def test_what_only_the_bulk_shows(self, visits):
        """What no listing shows is no record."""
        visit = harvested(visits, {**listing("a"), "SearchCows": {"Results": [found("ghost"), found("a")]}})

        assert list(visit.seen) == [("cow", "arn:cow/a")]

    def test_what_the_bulk_misses(self, visits):
        """What a listing shows and the bulk does not is described."""
        visit = harvested(visits, {**listing("a", "late"), "SearchCows": {"Results": [found("a")]}})

        assert visits.sessions.asked[-2] == ("DescribeCow", {"Name": "late"})
        assert len(visit.seen) == 2

    def test_what_lags_behind(self, visits):
        """A bulk answer of another state than the listing's is not believed."""
        late = found("a", Modified="2026-11-22T01:00:00Z", Weight=1)
        visit = harvested(visits, {**listing("a"), "SearchCows": {"Results": [late]}})

        assert visit.seen["cow", "arn:cow/a"].body["Weight"] == 600


class TestRefusal:
    @pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationException", "InternalFailure"])
    def test_is_a_note(self, visits, code):
        """Without the bulk operation everything is described; that is said, and is no failure."""
        visit = harvested(visits, {**listing("a"), "SearchCows": refused(code)})

        assert rows(visit).status == "complete"
        assert [(gap.operation, gap.code) for gap in rows(visit).gaps] == [("SearchCows", "Skipped")]
        assert len(visit.seen) == 1

    def test_is_asked_once(self, visits):
        """An operation that is denied for one type is not asked for the next."""
        script = {**listing("a"), "SearchCows": refused("AccessDeniedException")}
        visit = visits({**SINGLE, **script})
        visit.resource(COWS)
        visit.resource(replace(COWS, kind="ox"))

        assert visits.sessions.operations().count("SearchCows") == 1

    def test_half_an_answer(self, visits):
        """What came before the failure counts, the rest is described."""
        answers = [{"Results": [found("a")], "NextToken": "1"}, refused("InternalFailure")]
        visit = harvested(visits, {**listing("a", "b", "c"), "SearchCows": answers})

        assert [params for name, params in visits.sessions.asked if name == "DescribeCow"] == [
            {"Name": "b"},
            {"Name": "c"},
        ]
        assert len(visit.seen) == 3

    def test_an_item_nobody_understands(self, visits):
        """Strange items are passed over, and their records described."""
        visit = harvested(visits, {**listing("a"), "SearchCows": {"Results": [{"Bull": 1}, {"Cow": {}}]}})

        assert list(visit.seen) == [("cow", "arn:cow/a")]

    def test_a_visit_that_ends_on_the_way(self, visits):
        """Records that were not reached before the session expired for good are neither seen nor gone."""
        from studbook.harvest.calls import VisitEnded

        visit = visits({**SINGLE, **listing("a"), "SearchCows": refused("ExpiredTokenException")})
        with pytest.raises(VisitEnded):
            visit.resource(COWS)

        assert visit.complete == set()


class TestPrice:
    def test_nothing_wanted(self, visits):
        """A night on which nothing changed costs the listing alone."""
        first = harvested(visits, {**listing("a"), "SearchCows": {"Results": [found("a")]}})
        harvested(visits, listing("a"), known=first.seen)

        assert visits.sessions.operations() == ["ListCows"]

    def test_older_pages_are_not_asked_for(self, visits):
        """The newest come first; the pages after the oldest one wanted are left alone."""
        older = found("old", Modified="2025-01-01T00:00:00Z")
        script = {**listing("a", "b"), "SearchCows": {"Results": [older], "NextToken": "1"}}
        harvested(visits, script)

        assert visits.sessions.operations().count("SearchCows") == 1

    def test_never_more_than_it_can_save(self, visits):
        """Pages end when they cost as many calls as describing what is wanted."""
        pages = [{"Results": [], "NextToken": str(number)} for number in range(99)]
        harvested(visits, {**listing("a"), "SearchCows": pages})

        assert visits.sessions.operations().count("SearchCows") == 2


class TestVolatile:
    """Types whose listing does not show every change: the bulk answer does."""

    cows = replace(COWS, volatile=True, bulk=replace(BULK, shows_changes=True, apart=frozenset({"Mood"})))

    def two_nights(self, visits, second):
        night = {**listing("a"), "SearchCows": {"Results": [found("a", Secretive=True)]}}
        script = {**night, "DescribeCow": lambda **params: {**described(**params), "Secretive": True}}
        first = harvested(visits, script, self.cows)
        return first, harvested(visits, {**script, "SearchCows": {"Results": [second]}}, self.cows, first.seen)

    def test_unchanged(self, visits):
        """The same answer as last night's record, members apart aside, proves that nothing changed."""
        first, second = self.two_nights(visits, found("a", Secretive=True))

        assert visits.sessions.operations() == ["ListCows", "SearchCows"]
        assert second.seen == first.seen

    @pytest.mark.parametrize("change", [{"Weight": 601}, {"New": 1}])
    def test_changed(self, visits, change):
        """Any other difference is looked into."""
        self.two_nights(visits, found("a", Secretive=True, **change))

        assert visits.sessions.operations() == ["ListCows", "SearchCows", "DescribeCow"]

    def test_a_member_is_no_more(self, visits):
        """So is a member that last night's record had."""
        second = found("a", Secretive=True)
        del second["Cow"]["Weight"]
        self.two_nights(visits, second)

        assert visits.sessions.operations()[-1] == "DescribeCow"

    def test_whole_and_changed(self, visits):
        """A change that the bulk shows whole is a new record without another call."""
        first = harvested(visits, {**listing("a"), "SearchCows": {"Results": [found("a")]}}, self.cows)
        second = harvested(
            visits, {**listing("a"), "SearchCows": {"Results": [found("a", Weight=1)]}}, self.cows, first.seen
        )

        assert visits.sessions.operations() == ["ListCows", "SearchCows"]
        assert second.seen["cow", "arn:cow/a"].body["Weight"] == 1


class TestSeen:
    def test_none_of_a_kind(self, visits):
        """Only a complete listing without records shows that there is none."""
        visit = visits({"ListCows": [{"Cows": []}, refused("AccessDenied"), {"Cows": [cow("a")]}], **SINGLE})
        assert not visit.none_of("cow")
        visit.resource(HERD)
        assert visit.none_of("cow")
        visit.resource(replace(HERD, kind="ox"))
        assert not visit.none_of("ox")
        visit.resource(replace(HERD, kind="elk", describe=None))
        assert not visit.none_of("elk")
        assert visit.found("elk", "arn:cow/a") is not None
