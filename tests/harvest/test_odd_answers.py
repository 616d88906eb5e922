"""What an odd answer costs: one value, else one record; and what it says in the coverage."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.harvest.scripted import HERD, Visits, cow, refused

from studbook.aws.errors import Trouble
from studbook.harvest.calls import VisitContext
from studbook.harvest.partition import visit as read
from studbook.harvest.plan import Task
from studbook.sources.interface import Describe

DEEP = {"a": {}}
for _ in range(150):
    DEEP = {"a": DEEP}


@pytest.fixture
def visits(tmp_path):
    return Visits(tmp_path)


def gaps(visit):
    row = visit.ledger.coverage(visit.partition, records=0, calls={})
    return [(gap.operation, gap.code, gap.message) for gap in row.gaps]


def names(visit):
    return sorted(record_id.rpartition("/")[2] for kind, record_id in visit.seen if kind == "cow")


class TestListings:
    @pytest.mark.parametrize("odd", [{}, {"Arn": ["x"], "Name": "odd"}, {"Arn": "", "Name": "odd"}, None, "odd", 5])
    def test_an_item_that_nothing_identifies(self, visits, odd):
        """It is a gap that names its place; its neighbours are read, and nothing is complete, so nothing is gone."""
        answer = {"Cows": [cow("ada"), odd, cow("bea")]}
        visit = visits({"ListCows": answer, "DescribeCow": lambda **asked: cow(asked["Name"], Colour="brown")})

        visit.resource(HERD)

        assert names(visit) == ["ada", "bea"]
        ((operation, code, message),) = gaps(visit)
        assert (operation, code, message.partition(": ")[0]) == ("ListCows", "Unreadable", "cow Cows[1]")
        assert visit.complete == set()

    @pytest.mark.parametrize("answer", [{}, {"Cows": None}, {"Cows": {}}, {"Herd": []}, {"Cows": "none"}])
    def test_an_answer_without_its_list(self, visits, answer):
        """Absence is no list: the answer has failed, and says of no record that it is gone."""
        visit = visits({"ListCows": answer})

        visit.resource(HERD)

        assert [gap[:2] for gap in gaps(visit)] == [("ListCows", "NoAnswer")]
        assert visit.complete == set()

    @pytest.mark.parametrize("odd", ["odd", 7, None])
    def test_a_category_that_contradicts_its_arn(self, visits, odd):
        """Whatever a description asks by has to be what the ARN names, not the name alone."""
        herd = replace(
            HERD, describe=Describe(operation="DescribeCow", params=lambda it: {"Name": it["Name"], "Herd": it["Herd"]})
        )
        script = {
            "ListCows": {"Cows": [{"Arn": "arn:alps/bea", "Name": "bea", "Herd": odd}]},
            "DescribeCow": refused("ResourceNotFoundException"),
        }
        visit = visits(script)

        visit.resource(herd)

        assert visit.undescribed == {("cow", "arn:alps/bea")}
        assert [gap[:2] for gap in gaps(visit)] == [("DescribeCow", "ResourceNotFoundException")]

    def test_a_name_that_contradicts_its_arn(self, visits):
        """That there is nothing of another name says nothing of what the ARN names: a gap, and nothing is gone."""
        listed = [cow("ada"), {"Arn": "arn:cow/bea", "Name": "odd"}]
        there = {"ada", "bea"}

        def described(**asked):
            if asked["Name"] not in there:
                raise refused("ResourceNotFoundException", operation="DescribeCow")
            return cow(asked["Name"])

        visit = visits({"ListCows": {"Cows": listed}, "DescribeCow": described})
        visit.resource(HERD)

        assert names(visit) == ["ada"]
        assert visit.undescribed == {("cow", "arn:cow/bea")}
        assert [gap[:2] for gap in gaps(visit)] == [("DescribeCow", "ResourceNotFoundException")]
        assert "cow arn:cow/bea" in gaps(visit)[0][2]

    def test_a_description_of_another(self, visits):
        """An answer that says of itself that it is another thing's is none."""
        listed = [cow("ada"), {"Arn": "arn:cow/bea", "Name": "ada"}]
        visit = visits({"ListCows": {"Cows": listed}, "DescribeCow": lambda **asked: cow(asked["Name"])})

        visit.resource(HERD)

        assert names(visit) == ["ada"]
        assert visit.undescribed == {("cow", "arn:cow/bea")}
        assert [gap[2] for gap in gaps(visit)] == [
            "cow arn:cow/bea: an answer is not as expected: ValueError: it describes another one"
        ]

    def test_a_listing_without_an_end(self, visits):
        """Page tokens that never repeat and never end are left off at the limit."""
        visits.settings = visits.settings.model_copy(
            update={"patience": visits.settings.patience.model_copy(update={"pages": 7})}
        )
        pages = iter(range(10**9))
        visit = visits({"ListCows": lambda **_: {"Cows": [], "NextToken": f"page {next(pages)}"}})

        visit.resource(HERD)

        assert [gap[:2] for gap in gaps(visit)] == [("ListCows", "TooManyPages")]
        assert next(pages) == 7

    def test_a_visit_without_an_end(self, visits):
        """A visit that takes too long makes no further call."""
        patience = visits.settings.patience.model_copy(update={"visit_seconds": 1e-9})
        visits.settings = visits.settings.model_copy(update={"patience": patience})
        visit = visits({})

        with pytest.raises(Exception, match="VisitTooLong"):
            visit.resource(HERD)

        assert visits.sessions.operations() == []


class TestUnkept:
    def test_a_record_that_nobody_can_keep_leaves_its_listing_incomplete(self, visits):
        """Which one it was is not known, so that none of its kind is gone."""
        visit = visits({})
        visit.record("run", "r-1", {}, operation="SearchRuns")
        visit.record("run", "7" * 5000, {}, operation="SearchRuns")
        visit.listed("run", "lab")
        visit.listed("model", "lab")

        assert visit.complete == {("model", "lab")}
        assert [gap[:2] for gap in gaps(visit)] == [("SearchRuns", "Unreadable")]


class TestRedactedIds:
    def test_two_things_that_would_become_one(self, visits):
        """The first is kept, the second is a gap; neither's secret is anywhere, and both again are the same two."""
        visit = visits({})
        for _ in range(2):
            for user in ("ana:hunter2", "bob:swordfish"):
                visit.record("repository", f"https://{user}@git.example.com/train", {"By": user[:3]}, operation="List")

        assert {key: one.body for key, one in visit.seen.items()} == {
            ("repository", "https://git.example.com/train"): {"By": "ana"}
        }
        assert [code for _, code, _ in gaps(visit)] == ["Unreadable"]
        assert "is another one's" in gaps(visit)[0][2]
        assert not any(word in repr([gaps(visit), visit.undescribed]) for word in ("hunter2", "swordfish"))


class Herd:
    """A source with one kind, which a listing may lose."""

    name = "sagemaker"

    def collect(self, visit):
        visit.resource(HERD)

    def scope(self, record):
        return None


class TestAbsence:
    def night(self, visits, listings, known=None):
        """A night whose listings are these, one after the other; the records after it, and the gaps."""
        script = {"ListCows": listings, "DescribeCow": lambda **asked: cow(asked["Name"])}
        visit = visits(script, known=known)
        store = visit._store
        task = Task(visit.partition, (), False)
        row = read(task, visits.settings, store, VisitContext(visits.sessions), number=2, sources=[Herd()])
        return {(one.kind, one.id): one for one in store.records()}, row

    def test_it_is_asked_twice(self, visits):
        """A listing that lacks too much is asked again; where it then shows them, all is well."""
        cows = {"Cows": [cow(f"c{number}") for number in range(8)]}
        known, _ = self.night(visits, [cows])

        found, row = self.night(visits, [{"Cows": []}, cows], known)

        assert found == known
        assert (row.status, row.gaps) == ("complete", ())

    def test_twice_the_same(self, visits):
        """Where it lacks them again they are stale, with a gap that says how many."""
        known, _ = self.night(visits, [{"Cows": [cow(f"c{number}") for number in range(8)]}])

        found, row = self.night(visits, [{"Cows": []}, {"Cows": []}], known)

        assert {(one.stale_since, one.gone_since) for one in found.values()} == {(2, None)}
        ((operation, code, message),) = [(gap.operation, gap.code, gap.message) for gap in row.gaps]
        assert (operation, code) == ("ListCows", "TooMuchGone")
        assert message.startswith("cow: it lacks 8 of 8 known records, twice")


class TestValues:
    def test_what_no_record_can_hold(self, visits):
        """A number is text, half a character U+FFFD; what is too deep is left out, told, and asked for again."""
        told = {"Seed": 2**63, "Loss": float("nan"), "Note": "\ud83d", "Deep": DEEP}
        listed = {"Cows": [cow("ada"), cow("bea")]}
        script = {
            "ListCows": listed,
            "DescribeCow": lambda **asked: cow(asked["Name"], **told if asked["Name"] == "ada" else {}),
        }
        visit = visits(script)

        visit.resource(HERD)

        ada = visit.seen["cow", "arn:cow/ada"]
        assert ada.body == cow("ada", Seed="9223372036854775808", Loss="NaN", Note="\ufffd", Deep=ada.body["Deep"])
        ((operation, code, message),) = gaps(visit)
        assert (operation, code) == ("DescribeCow", "LeftOut")
        assert message.startswith("cow arn:cow/ada: Deep.a.a.")
        assert message.endswith(": nested too deep")
        again = visits(script, known=visit.seen)
        again.resource(HERD)
        assert visits.sessions.operations() == ["ListCows", "DescribeCow"]

    def test_a_record_that_a_source_cannot_keep(self, visits):
        """It is a gap that names it; what is kept before and after it is kept."""
        visit = visits({})

        visit.record("cow", "a", {"Name": "a"}, operation="ListCows")
        visit.record("cow", ["b"], {"Name": "b"}, operation="ListCows")
        visit.record("cow", "c", {"Name": "c"}, revision="brown and white", operation="ListCows")
        visit.record("cow", "d", {"Name": "d"}, operation="ListCows")

        assert names(visit) == ["a", "d"]
        assert [gap[2].partition(": ")[0] for gap in gaps(visit)] == ["cow ['b']", "cow c"]


class TestGaps:
    def test_codes_and_messages_are_strangers_too(self, visits):
        """They are cut, redacted and storable: a server may write a token, a megabyte or half a character in both."""
        visit = visits({})
        token = "ghp_" + "a1B2" * 9

        visit.gap(Trouble("invalid", "runs/search", f"X_{token}", f"cut off \ud83d {token}"))
        visit.gap(Trouble("invalid", "runs/search", "Y" * 10**6, "z" * 10**6))

        (first, second) = gaps(visit)
        assert token not in "".join(first)
        assert "\ufffd" in first[2]
        assert len(second[1]) <= 100
        assert len(second[2]) <= 600

    def test_no_more_are_named_than_anybody_reads(self, visits):
        """Of a thousand losses a hundred are named, and one line tells how many more there are."""
        visit = visits({})

        for number in range(1000):
            visit.record("cow", f"cow-{number}", {}, revision="brown", operation="ListCows")

        found = gaps(visit)
        assert len(found) == 101
        assert sum("(900 times)" in message for _, _, message in found) == 1
