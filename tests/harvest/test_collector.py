"""The engine under every source: paging, reuse, and every way in which a listing can go wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.harvest.scripted import HERD, HERE, Visits, cow, nothing, refused

from studbook.aws.errors import Trouble
from studbook.harvest.calls import VisitEnded
from studbook.sources.interface import Describe, Detail, Listing, Resource


@pytest.fixture
def visits(tmp_path):
    return Visits(tmp_path)


def described(**params):
    return {**cow(params["Name"]), "Weight": 600, "ResponseMetadata": {"RequestId": "x"}}


def gaps(visit):
    return [(gap.operation, gap.code) for gap in visit.ledger.coverage(HERE, records=0, calls={}).gaps]


def names(visit):
    return sorted(record_id.rsplit("/", 1)[-1] for _, record_id in visit.seen)


class TestPaging:
    def test_follows_tokens(self, visits):
        """Every page is asked for, with the page size and the token of the one before."""
        visit = visits(
            {"ListCows": [{"Cows": [cow("a")], "NextToken": "1"}, {"Cows": [cow("b")]}], "DescribeCow": described}
        )

        visit.resource(HERD)

        lists = [params for operation, params in visits.sessions.asked if operation == "ListCows"]
        assert lists == [{"MaxResults": 100}, {"MaxResults": 100, "NextToken": "1"}]
        assert names(visit) == ["a", "b"]
        assert visit.complete == {("cow", None)}

    def test_an_empty_page_is_not_the_last(self, visits):
        """A page without items but with a token is followed by another."""
        visit = visits({"ListCows": [{"Cows": [], "NextToken": "1"}, {"Cows": [cow("a")]}], "DescribeCow": described})

        visit.resource(HERD)

        assert names(visit) == ["a"]

    def test_a_token_that_comes_twice(self, visits):
        """A listing that leads in a circle ends, is a gap, and is not complete."""
        visit = visits({"ListCows": {"Cows": [cow("a")], "NextToken": "1"}, "DescribeCow": described})

        visit.resource(HERD)

        assert gaps(visit) == [("ListCows", "RepeatedToken")]
        assert visit.complete == set()

    def test_variants(self, visits):
        """Each variant is a listing of its own, and all must come to their end."""
        resource = replace(HERD, listing=replace(HERD.listing, variants=({"Breed": "x"}, {"Breed": "y"})))
        visit = visits({"ListCows": [{"Cows": [cow("a")]}, refused("AccessDenied")], "DescribeCow": described})

        visit.resource(resource)

        assert names(visit) == ["a"]
        assert visit.complete == set()


class TestWhere:
    barn = replace(HERD, where=lambda seen: seen.says("barn", "Stalls"))

    def test_where_there_can_be_none_nothing_is_asked(self, visits):
        """And nothing is said of what there is: a listing that was not made is not complete."""
        visit = visits({})

        visit.resource(self.barn)

        assert visits.sessions.asked == []
        assert visit.complete == set()
        assert gaps(visit) == []

    @pytest.mark.parametrize("gone", [None, 3])
    def test_what_was_seen_before_says_that_there_can_be_some(self, visits, gone):
        """Also what has gone since: what it leads to may have stayed."""
        first = visits({})
        first.record("barn", "arn:barn/red", {"Stalls": 12}, operation="ListBarns")
        known = {key: replace(record, gone_since=gone) for key, record in first.seen.items()}
        visit = visits({"ListCows": {"Cows": [cow("a")]}, "DescribeCow": described}, known=known)

        visit.resource(self.barn)

        assert "a" in names(visit)

    def test_what_is_known_is_asked_for(self, visits):
        """Else its end would never be seen."""
        first = visits({"ListCows": {"Cows": [cow("a")]}, "DescribeCow": described})
        first.resource(HERD)
        visit = visits({"ListCows": {"Cows": []}}, known=first.seen)

        visit.resource(self.barn)

        assert visit.complete == {("cow", None)}


class TestReuse:
    def night_after(self, visits, resource, script):
        first = visits({"ListCows": {"Cows": [cow("a")]}, "DescribeCow": described})
        first.resource(resource)
        second = visits(script, known=first.seen)
        second.resource(resource)
        return first, second

    def test_what_did_not_change_is_not_described(self, visits):
        """A summary that is the same as last night stands for the whole record."""
        first, second = self.night_after(visits, HERD, {"ListCows": {"Cows": [cow("a")]}})

        assert visits.sessions.operations() == ["ListCows"]
        assert second.seen == first.seen

    def test_what_changed_is_described(self, visits):
        """Any change of the summary is looked into."""
        script = {"ListCows": {"Cows": [cow("a", Status="New")]}, "DescribeCow": described}
        self.night_after(visits, HERD, script)

        assert visits.sessions.operations() == ["ListCows", "DescribeCow"]

    def test_volatile_is_described_again(self, visits):
        """Where the summary does not show every change, it is not believed."""
        script = {"ListCows": {"Cows": [cow("a")]}, "DescribeCow": described}
        self.night_after(visits, replace(HERD, volatile=True), script)

        assert visits.sessions.operations() == ["ListCows", "DescribeCow"]

    def test_final_is_described_once_in_its_life(self, visits):
        """A body that can never change again is never read again."""
        resource = replace(HERD, volatile=True, final=lambda body: body["Weight"] == 600)
        self.night_after(visits, resource, {"ListCows": {"Cows": [cow("a")]}})

        assert visits.sessions.operations() == ["ListCows"]

    def test_what_comes_back_is_neither_stale_nor_gone(self, visits):
        """A record seen again loses its marks."""
        first = visits({"ListCows": {"Cows": [cow("a")]}, "DescribeCow": described})
        first.resource(HERD)
        known = {key: replace(record, gone_since=3) for key, record in first.seen.items()}
        second = visits({"ListCows": {"Cows": [cow("a")]}}, known=known)

        second.resource(HERD)

        assert second.seen == first.seen

    def test_a_killed_harvest_is_taken_up(self, visits):
        """What a run fetched before it was killed is not fetched again."""
        killed = visits(
            {"ListCows": [{"Cows": [cow("a")], "NextToken": "1"}, KeyboardInterrupt()], "DescribeCow": described}
        )
        with pytest.raises(KeyboardInterrupt):
            killed.resource(HERD)

        visit = visits({"ListCows": {"Cows": [cow("a"), cow("b")]}, "DescribeCow": described})
        visit.resource(HERD)

        assert visits.sessions.operations() == ["ListCows", "DescribeCow"]
        assert names(visit) == ["a", "b"]


class TestFailures:
    def test_a_denied_listing(self, visits):
        """A denied listing is a gap, and nothing is complete."""
        visit = visits({"ListCows": refused("AccessDeniedException")})

        visit.resource(HERD)

        assert gaps(visit) == [("ListCows", "AccessDeniedException")]
        assert visit.ledger.status == "failed"

    @pytest.mark.parametrize("code", ["AccessDeniedException", "InternalFailure", "ValidationException"])
    def test_a_listing_that_fails_on_its_second_page(self, visits, code):
        """What came before is kept, and nothing is complete: whoever is on the page that did not come is not gone."""
        script = {"ListCows": {"Cows": [cow("a"), cow("b")]}, "DescribeCow": described}
        first = visits(script)
        first.resource(HERD)
        broken = [{"Cows": [cow("a"), cow("c")], "NextToken": "1"}, *[refused(code)] * 9]
        second = visits({**script, "ListCows": broken}, known=first.seen)

        second.resource(HERD)

        assert names(second) == ["a", "c"]
        assert {operation for operation, _ in gaps(second)} == {"ListCows"}
        assert second.complete == set()

    def test_a_denied_description(self, visits):
        """What a listing showed and nobody may read is remembered as such; the listing is still complete."""
        visit = visits({"ListCows": {"Cows": [cow("a")]}, "DescribeCow": refused("AccessDenied")})

        visit.resource(HERD)

        assert visit.undescribed == {("cow", "arn:cow/a")}
        assert visit.complete == {("cow", None)}
        assert visit.ledger.status == "partial"

    def test_patience_with_denials(self, visits):
        """An operation that was denied again and again is not asked a thousand times."""
        visit = visits(
            {"ListCows": {"Cows": [cow(str(n)) for n in range(1000)]}, "DescribeCow": refused("AccessDenied")}
        )

        visit.resource(HERD)

        assert len(visits.sessions.asked) < 10
        assert len(visit.undescribed) == 1000

    def test_deleted_in_between(self, visits):
        """A record that was deleted between its listing and its description is no gap."""
        gone = refused("ValidationException", "Requested resource not found.")
        visit = visits({"ListCows": {"Cows": [cow("a"), cow("b")]}, "DescribeCow": [gone, described(Name="b")]})

        visit.resource(HERD)

        assert names(visit) == ["b"]
        assert gaps(visit) == []

    def test_an_expired_session_is_renewed(self, visits):
        """A call that met an expired session is made again with a new one."""
        visit = visits({"ListCows": [refused("ExpiredTokenException"), {"Cows": []}]})

        visit.resource(HERD)

        assert visits.sessions.renewals == 1
        assert visit.complete == {("cow", None)}

    def test_a_session_that_cannot_be_renewed(self, visits):
        """If the new session is refused as well, the visit ends, and says of what."""
        visit = visits({"ListCows": refused("ExpiredTokenException")})

        with pytest.raises(VisitEnded) as ended:
            visit.resource(HERD)

        assert (ended.value.trouble.operation, ended.value.trouble.code) == ("ListCows", "ExpiredTokenException")

    def test_a_dead_network_ends_the_visit(self, visits):
        """Two calls in a row without an answer are enough; thirty types of resources would wait for thirty timeouts."""
        visit = visits({"ListCows": ConnectionResetError("reset")})
        visit.resource(HERD)

        with pytest.raises(VisitEnded):
            visit.resource(HERD)

    def test_an_api_that_botocore_lacks(self, visits):
        """An operation that this botocore does not know is a gap like any other."""
        visit = visits({"ListCows": AttributeError("'SageMaker' object has no attribute 'list_cows'")})

        visit.resource(HERD)

        assert gaps(visit) == [("ListCows", "AttributeError")]

    def test_a_summary_without_its_fields(self, visits):
        """A summary that nobody can name is a gap; the others are kept, but what is missing is not gone."""
        visit = visits({"ListCows": {"Cows": [{"Strange": 1}, cow("b")]}, "DescribeCow": described})

        visit.resource(HERD)

        assert names(visit) == ["b"]
        assert gaps(visit) == [("ListCows", "Unreadable")]
        assert visit.complete == set()


class TestRecords:
    def test_redacted_before_they_are_kept(self, visits, tmp_path):
        """A secret reaches neither the record nor the journal."""
        visit = visits(
            {"ListCows": {"Cows": [cow("a")]}, "DescribeCow": {**cow("a"), "Environment": {"PASSWORD": "hunter2"}}}
        )

        visit.resource(HERD)

        assert visit.seen["cow", "arn:cow/a"].body["Environment"] == {"PASSWORD": "[redacted]"}
        files = [file for file in tmp_path.rglob("*") if file.is_file()]
        assert files
        assert all(b"hunter2" not in file.read_bytes() for file in files)
        assert visit.ledger.coverage(HERE, records=1, calls={}).redacted == 1

    def test_messages_are_redacted(self, visits):
        """A secret in an error message does not reach the coverage."""
        visit = visits({"ListCows": refused("ValidationException", "bad value password=hunter2")})

        visit.resource(HERD)

        (gap,) = visit.ledger.coverage(HERE, records=0, calls={}).gaps
        assert "hunter2" not in gap.message


class TestDetails:
    calves = Detail(operation="ListCalves", params=lambda body: {"Of": body["Name"]}, member="Calves", items="Calves")
    resource = replace(HERD, details=(calves,))

    def test_are_kept_in_the_body(self, visits):
        """A paged detail's items are joined in one member of the body."""
        visit = visits(
            {
                "ListCows": {"Cows": [cow("a")]},
                "DescribeCow": described,
                "ListCalves": [{"Calves": [1], "NextToken": "t"}, {"Calves": [2]}],
            }
        )

        visit.resource(self.resource)

        assert visit.seen["cow", "arn:cow/a"].body["Calves"] == [1, 2]

    def test_a_denied_detail_is_tried_again(self, visits):
        """Without its detail a record is kept, and is read again the next night although its summary is the same."""
        script = {"ListCows": {"Cows": [cow("a")]}, "DescribeCow": described, "ListCalves": refused("AccessDenied")}
        first = visits(script)
        first.resource(self.resource)
        second = visits({**script, "ListCalves": {"Calves": [1]}}, known=first.seen)

        second.resource(self.resource)

        assert gaps(first) == [("ListCalves", "AccessDenied")]
        assert second.seen["cow", "arn:cow/a"].body["Calves"] == [1]

    def test_an_earlier_detail_is_carried_over(self, visits):
        """A detail that is denied tonight keeps what it said before."""
        script = {"ListCows": {"Cows": [cow("a")]}, "DescribeCow": described, "ListCalves": {"Calves": [1]}}
        first = visits(script)
        first.resource(self.resource)
        changed = {**script, "ListCows": {"Cows": [cow("a", Status="x")]}, "ListCalves": refused("AccessDenied")}
        second = visits(changed, known=first.seen)

        second.resource(self.resource)

        assert second.seen["cow", "arn:cow/a"].body["Calves"] == [1]


BARN = Resource(
    kind="barn",
    listing=Listing(operation="ListBarns", items="Barns"),
    identify=lambda summary: summary["Arn"],
    normalize=nothing,
)
BOX = Resource(
    kind="box",
    listing=Listing(
        operation="ListBoxes",
        items="Boxes",
        parent="barn",
        parent_params=lambda barn: {"Barn": barn.body["Arn"]},
    ),
    identify=lambda summary: summary["Arn"],
    describe=Describe(operation="DescribeBox", params=lambda summary: {"Arn": summary["Arn"]}),
    normalize=nothing,
)


class TestParents:
    barns = {"Barns": [{"Arn": "arn:barn/north"}, {"Arn": "arn:barn/south"}]}  # noqa: RUF012 - never changed

    def boxes(self, **params):
        return {"Boxes": [{"Arn": f"{params['Barn']}/1"}]}

    def visit(self, visits, script, known=None):
        answers = {"ListBarns": self.barns, "ListBoxes": self.boxes, "DescribeBox": dict}
        visit = visits({**answers, **script}, known=known)
        visit.resource(BARN)
        visit.resource(BOX)
        return visit

    def test_one_listing_for_each(self, visits):
        """Children are listed under every parent, and are complete when all of them were."""
        visit = self.visit(visits, {})

        assert {record_id for kind, record_id in visit.seen if kind == "box"} == {
            "arn:barn/north/1",
            "arn:barn/south/1",
        }
        assert ("box", None) in visit.complete

    def test_one_denied_parent(self, visits):
        """One parent's denied listing leaves the other's complete, and the whole kind incomplete."""

        def boxes(**params):
            if params["Barn"] == "arn:barn/north":
                raise refused("AccessDenied")
            return self.boxes(**params)

        visit = self.visit(visits, {"ListBoxes": boxes})

        assert {scope for kind, scope in visit.complete if kind == "box"} == {"arn:barn/south"}

    def test_a_parent_deleted_in_between(self, visits):
        """A parent that is gone by the time its children are listed has none."""

        def boxes(**params):
            if params["Barn"] == "arn:barn/north":
                raise refused("ResourceNotFound")
            return self.boxes(**params)

        visit = self.visit(visits, {"ListBoxes": boxes})

        assert ("box", None) in visit.complete
        assert gaps(visit) == []

    def test_parents_that_could_not_be_listed(self, visits):
        """Children of parents known from earlier nights are still looked at; but new parents may have others."""
        first = self.visit(visits, {})
        second = self.visit(visits, {"ListBarns": refused("AccessDenied")}, known=first.seen)

        assert {record_id for kind, record_id in second.seen if kind == "box"} == {
            "arn:barn/north/1",
            "arn:barn/south/1",
        }
        assert ("box", None) not in second.complete

    def test_a_transient_step(self, visits):
        """A type that only leads to another leaves no record behind."""
        visit = visits({"ListBarns": self.barns, "ListBoxes": self.boxes, "DescribeBox": dict})
        visit.resource(replace(BARN, transient=True))
        visit.resource(BOX)

        assert {kind for kind, _ in visit.seen} == {"box"}


class TestCalls:
    def test_trouble_is_what_sources_see(self, visits):
        """Whatever botocore raises, a source meets a Trouble that says what it means."""
        visit = visits({"ListCows": refused("ThrottlingException")})

        with pytest.raises(Trouble) as caught:
            visit.call("ListCows", {})

        assert caught.value.meaning == "throttled"
