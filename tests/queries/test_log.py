"""The history of an asset, from the first night on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.pedigrees import asset, commit, edge, lineage

from studbook.errors import NotFound
from studbook.lineage.graph import Graph
from studbook.queries.answer import Night
from studbook.queries.log import approvals, endpoints_left, log
from studbook.store import Catalog

Facts = Mapping[str, Mapping[str, Any]]


def told(
    folder: Path, nights: Sequence[tuple[str, Facts]], root: str, last: int | None = None
) -> list[tuple[Any, ...]]:
    """The rows of a root's log, without those of its first sight; `last` is the snapshot that is asked."""
    return [row for row in rows(folder, nights, root, last) if row[1] != "first_seen"]


def rows(
    folder: Path, nights: Sequence[tuple[str, Facts]], root: str, last: int | None = None
) -> list[tuple[Any, ...]]:
    catalog = Catalog(folder)
    for number, (text, facts) in enumerate(nights, 1):
        graph = lineage(text, facts)
        seen = {one for before, _ in nights[: number - 1] for one in lineage(before).assets}
        assets = [
            one if one.id in seen or "first_seen" in facts.get(one.id, ()) else one.but(first_seen=number)
            for one in graph.assets.values()
        ]
        commit(catalog, Graph(assets, graph.edges), night=number)
    envelope = catalog.resolve(str(last or "latest"))
    answer = log(Night.of(catalog, envelope, catalog.graph(envelope)), root)
    return [(row.night, row.event, row.was, row.is_) for row in answer.rows]


def at(day: int, hour: int = 1) -> str:
    return f"2026-11-{day:02}T{hour:02}:00:00Z"


class TestOfItself:
    def test_approvals_with_who_when_and_the_words(self, tmp_path: Path) -> None:
        """The record's own time, who changed it last, and the description; the first state is told too."""
        text = "g(model_package_group) -has_version-> v(model_package)"
        pending = {"v": {"attributes": {"approval": "PendingManualApproval"}, "created_at": at(1, 0)}}
        approved = {
            "v": {
                "attributes": {"approval": "Approved", "approval_description": "Signed.", "modified_by": "ada"},
                "created_at": at(1, 0),
                "modified_at": at(1, 20),
            }
        }
        catalog = Catalog(tmp_path)
        for number, facts in enumerate((pending, approved), 1):
            commit(catalog, lineage(text, facts), night=number)
        envelope = catalog.resolve("latest")
        answer = log(Night.of(catalog, envelope, catalog.graph(envelope)), "v")
        found = [row.to_json() for row in answer.rows if row.event == "approval"]
        usual = {"event": "approval", "field": "attributes.approval"}
        assert found == [
            usual | {"night": 1, "at": at(1, 0), "was": None, "is": "PendingManualApproval", "by": None, "note": None},
            usual
            | {
                "night": 2,
                "at": at(1, 20),
                "was": "PendingManualApproval",
                "is": "Approved",
                "by": "ada",
                "note": "Signed.",
            },
        ]
        assert [row.event for row in answer.rows] == ["first_seen", "registered", "approval", "approval"]
        night = Night.of(catalog, envelope, catalog.graph(envelope))
        assert [row.to_json() for row in approvals(night, night.asset("v"))] == found

    def test_a_version_that_was_approved_before_the_first_night(self, tmp_path: Path) -> None:
        """It is in the log all the same, with the record's time."""
        facts = {"v": {"attributes": {"approval": "Approved"}, "modified_at": at(1, 0)}}
        assert (1, "approval", None, "Approved") in rows(tmp_path, [("v(model_package)", facts)], "v")

    def test_fields_are_named_as_diff_names_them(self, tmp_path: Path) -> None:
        """Status, attributes and tags, each with what it was; the time of the change alone is no change beside."""
        before = {"j": {"status": "InProgress", "tags": {"team": "a"}}}
        after = {"j": {"status": "Completed", "tags": {"team": "b"}, "modified_at": at(1, 3)}}
        catalog = Catalog(tmp_path)
        for number, facts in enumerate((before, after), 1):
            commit(catalog, lineage("j(training_job)", facts), night=number)
        envelope = catalog.resolve("latest")
        answer = log(Night.of(catalog, envelope, catalog.graph(envelope)), "j")
        assert [(row.field, row.was, row.is_, row.at) for row in answer.rows if row.event == "changed"] == [
            ("status", "InProgress", "Completed", at(1, 3)),
            ("tags.team", "a", "b", at(1, 3)),
        ]

    def test_stale_gone_and_back(self, tmp_path: Path) -> None:
        """Each from the night that first shows it; to be back is a change."""
        nights = [("j(training_job)", {"j": facts}) for facts in ({}, {"stale_since": 2}, {}, {"gone_since": 4}, {})]
        assert told(tmp_path, nights, "j") == [
            (2, "stale", None, None),
            (3, "changed", 2, None),
            (4, "gone", None, None),
            (5, "changed", 4, None),
        ]

    def test_what_nothing_names_any_more_is_gone(self, tmp_path: Path) -> None:
        """Asked of a night that still has it; a later one has no such asset."""
        nights = [("j(training_job) -produced-> a(artifact)", {}), ("j(training_job)", {})]
        with pytest.raises(NotFound):
            rows(tmp_path, nights, "a")

    def test_what_leads_to_it_changes(self, tmp_path: Path) -> None:
        """An edge that came or went, by its relation; one that takes the place of another is one row."""
        nights = [
            ("a(artifact) -input_to:train-> j(training_job)\n b(artifact)", {}),
            ("b(artifact) -input_to:train-> j(training_job)\n a(artifact)", {}),
        ]
        assert told(tmp_path, nights, "j") == [(2, "changed", "a", "b")]

    @pytest.mark.parametrize("name", ["arn:aws:sagemaker:r:1:model-package/bot/1", "mlflow:lab/model/bot/1"])
    def test_two_that_had_one_name_have_a_log_each(self, tmp_path: Path, name: str) -> None:
        """What was deleted and made again was not changed: nobody took an approval back."""
        old, new = (
            {"name": "bot 1", "created_at": at(1, hour), "attributes": {"approval": one}}
            for hour, one in ((2, "Approved"), (9, "Rejected"))
        )
        buried = f"{name}@{at(1, 2)}"
        nights = [
            (f"g(model_package_group) -has_version-> {name}(model_package)", {name: old}),
            (
                f"g(model_package_group) -has_version-> {name}(model_package)\n"
                f"g -has_version-> {buried}(model_package)",
                {name: new, buried: {**old, "gone_since": 2}},
            ),
        ]
        assert rows(tmp_path / "new", nights, name) == [
            (2, "first_seen", None, None),
            (2, "registered", None, "g"),
            (2, "approval", None, "Rejected"),
        ]
        assert rows(tmp_path / "old", nights, buried) == [
            (1, "first_seen", None, None),
            (1, "registered", None, "g"),
            (1, "approval", None, "Approved"),
            (2, "gone", None, None),
        ]

    def test_what_an_endpoint_runs_by_is_not_changed_by_who_gets_its_name(self, tmp_path: Path) -> None:
        """A configuration was deleted and made again under its name: the endpoint runs what it ran."""
        config = "arn:aws:sagemaker:r:1:endpoint-config/c"
        buried = f"{config}@{at(1, 2)}"
        text = (
            "p/1(model_package) -packaged_as-> m(model) -deployed_to-> {}(endpoint_config) -deployed_to-> bot(endpoint)"
        )
        again = f"p/2(model_package) -packaged_as-> n(model) -deployed_to-> {config}(endpoint_config)"
        nights = [
            (text.format(config), {config: {"created_at": at(1, 2)}}),
            (
                f"{text.format(buried)}\n{again}",
                {
                    config: {"created_at": at(1, 9), "first_seen": 2},
                    buried: {"created_at": at(1, 2), "first_seen": 1, "gone_since": 2},
                },
            ),
        ]
        assert told(tmp_path / "bot", nights, "bot") == [(1, "deployed", None, "p/1")]
        assert told(tmp_path / "p1", nights, "p/1") == [(1, "deployed", None, "bot"), (1, "registered", None, None)]

    def test_a_later_night_is_not_told(self, tmp_path: Path) -> None:
        """As of a night, the log is what it was then."""
        nights = [("j(training_job)", {"j": {"status": status}}) for status in ("a", "b", "c")]
        assert told(tmp_path, nights, "j", last=2) == [(2, "changed", "a", "b")]


class TestInBothLogs:
    """An event that joins two things is in the log of both, with the other's id."""

    def both(self, folder: Path, nights: Sequence[tuple[str, Facts]], event: str, one: str, other: str) -> list[Any]:
        found = []
        for number, (root, end) in enumerate(((one, other), (other, one))):
            for row in rows(folder / str(number), nights, root):
                if row[1] == event and end in row[2:]:
                    found.append(row[0])
        return found

    def test_a_version_is_registered(self, tmp_path: Path) -> None:
        """In its group's log, or its dataset's."""
        nights = [
            ("g(model_package_group)", {}),
            ("g(model_package_group) -has_version-> v(model_package)", {}),
        ]
        assert self.both(tmp_path, nights, "registered", "g", "v") == [2, 2]

    def test_a_copy(self, tmp_path: Path) -> None:
        """From the night that first shows the copy."""
        nights = [("v(model_package)", {}), ("v(model_package) -copied_to-> w(model_package)", {})]
        assert self.both(tmp_path, nights, "copied", "v", "w") == [2, 2]

    def test_an_evaluation_that_ended_well(self, tmp_path: Path) -> None:
        """The job, what it judged and what it judged with; a failed one judged nothing."""
        text = """
            v(model_package) -input_to:evaluated_model-> e(evaluation_job)
            r(evaluator_version) -input_to:evaluator-> e
        """
        assert self.both(tmp_path / "a", [(text, {})], "evaluated", "v", "e") == [1, 1]
        assert (1, "evaluated", None, "e") in rows(tmp_path / "b", [(text, {})], "r")
        failed = {"e": {"status": "Failed"}}
        assert self.both(tmp_path / "c", [(text, failed)], "evaluated", "v", "e") == []

    def test_data_that_changed_after_it_was_read(self, tmp_path: Path) -> None:
        """In the logs of the job, the model that it made, the state that was read and the dataset."""
        old, new = "s3://b/d/@sha256:" + "a" * 64, "s3://b/d/@sha256:" + "b" * 64
        first = f"""
            s3://b/d/(dataset) -has_version-> {old}(dataset_version)
            {old} -input_to-> j(training_job) -produced-> v(model_package)
        """
        second = first + f"\n s3://b/d/ -has_version-> {new}(dataset_version)"
        replaced = {
            old: {"attributes": {"current": False, "superseded_since": 2, "newest": at(1, 0)}},
            new: {"attributes": {"current": True, "newest": at(1, 9)}},
        }
        nights = [(first, {}), (second, replaced)]
        for number, (root, was, now) in enumerate(
            [("j", old, new), ("v", old, new), (old, None, "j"), ("s3://b/d/", None, "j")]
        ):
            assert (2, "drifted", was, now) in rows(tmp_path / str(number), nights, root)


class TestDeployments:
    RUNS = """
        v/1(model_package) -packaged_as-> m1(model) -deployed_to-> c1(endpoint_config)
        v/2(model_package) -packaged_as-> m2(model) -deployed_to-> c2(endpoint_config)
    """
    ONE = RUNS + "\n c1 -deployed_to-> e(endpoint)"
    TWO = RUNS + "\n c2 -deployed_to-> e(endpoint)"

    def test_an_endpoint_runs_another_version(self, tmp_path: Path) -> None:
        """The log of a version has it also where nothing leads from it to the endpoint now."""
        nights = [(self.ONE, {}), (self.TWO, {}), (self.ONE, {})]
        found = {
            root: [row for row in rows(tmp_path / root.replace("/", ""), nights, root) if "deployed" in row[1]]
            for root in ("v/1", "v/2", "e")
        }
        assert found["v/1"] == [(1, "deployed", None, "e"), (2, "undeployed", "e", None), (3, "deployed", None, "e")]
        assert found["v/2"] == [(2, "deployed", None, "e"), (3, "undeployed", "e", None)]
        assert found["e"] == [
            (1, "deployed", None, "v/1"),
            (2, "deployed", None, "v/2"),
            (2, "undeployed", "v/1", None),
            (3, "deployed", None, "v/1"),
            (3, "undeployed", "v/2", None),
        ]

    def test_an_endpoint_that_is_gone_runs_nothing(self, tmp_path: Path) -> None:
        """From the night on which a complete listing lacked it."""
        nights = [(self.ONE, {}), (self.ONE, {"e": {"gone_since": 2}})]
        assert (2, "undeployed", "e", None) in rows(tmp_path, nights, "v/1")

    def test_what_takes_no_requests_runs_nothing(self, tmp_path: Path) -> None:
        """As `diff` and `runs` have it: an endpoint that was never in service, and one that is on some nights."""
        nights = [(self.ONE, {"e": {"status": status}}) for status in ("Creating", "InService", "OutOfService")]
        for root, other in (("v/1", "e"), ("e", "v/1")):
            told = [row for row in rows(tmp_path / root.replace("/", ""), nights, root) if "deployed" in row[1]]
            assert told == [(2, "deployed", None, other), (3, "undeployed", other, None)]
        failed = [(self.ONE, {"e": {"status": "Failed"}})]
        assert [row for row in rows(tmp_path / "failed", failed, "v/1") if "deployed" in row[1]] == []

    def test_training_from_a_version_does_not_deploy_it(self, tmp_path: Path) -> None:
        """Only relations of deployment lead to where it runs."""
        text = self.ONE + "\n v/0(model_package) -input_to:source_model-> j(training_job) -produced-> v/1"
        assert [row for row in rows(tmp_path, [(text, {})], "v/0") if "deployed" in row[1]] == []

    def test_the_time_is_the_endpoints_own(self, tmp_path: Path) -> None:
        """Its last change, where that night shows a new one."""
        catalog = Catalog(tmp_path)
        commit(catalog, lineage(self.ONE, {"e": {"modified_at": at(1, 0)}}), night=1)
        commit(catalog, lineage(self.TWO, {"e": {"modified_at": at(1, 17)}}), night=2)
        envelope = catalog.resolve("latest")
        answer = log(Night.of(catalog, envelope, catalog.graph(envelope)), "v/2")
        assert [row.at for row in answer.rows if row.event == "deployed"] == [at(1, 17)]

    @pytest.mark.parametrize("root", ["e", "v/1", "v/2"])
    def test_what_answers_by_a_component_came_with_it(self, root: str, tmp_path: Path) -> None:
        """The endpoint is older than both of its components: each version's time is that of its own."""
        text = """
            v/1(model_package) -deployed_to-> a(inference_component) -deployed_to-> e(endpoint)
            v/2(model_package) -deployed_to-> b(inference_component) -deployed_to-> e
        """
        made = {"e": at(1, 0), "a": at(1, 3), "b": at(1, 9)}
        facts = {one: {"created_at": time, "modified_at": time, "first_seen": 1} for one, time in made.items()}
        catalog = Catalog(tmp_path)
        commit(catalog, lineage(text, facts), night=1)
        envelope = catalog.resolve("latest")
        answer = log(Night.of(catalog, envelope, catalog.graph(envelope)), root)
        found = {frozenset((root, row.is_)): row.at for row in answer.rows if row.event == "deployed"}
        wanted = {frozenset(("e", "v/1")): at(1, 3), frozenset(("e", "v/2")): at(1, 9)}
        assert {pair: time for pair, time in found.items() if "e" in pair} == {
            pair: time for pair, time in wanted.items() if root in pair
        }


@pytest.mark.parametrize(("root", "other"), [("v/2", "e"), ("e", "v/2")])
def test_how_it_runs_is_noted(root: str, other: str, tmp_path: Path) -> None:
    """One of several that may run is not told as running, nor what runs in shadow as what answers; what comes to answer
    after that is deployed once more, and what is doubted later is not."""
    text = """
        v/1(model_package) -packaged_as-> m1(model) -deployed_to:A-> c(endpoint_config)
        v/2(model_package) -packaged_as-> m2(model) -deployed_to:S{doubt}-> c
        m2 -deployed_to:A-> d(endpoint_config)
        x(endpoint_config)
        {config} -deployed_to-> e(endpoint)
    """
    facts = {"c": {"attributes": {"variants": [{"name": "A"}, {"name": "S", "shadow": True}]}}}
    catalog = Catalog(tmp_path)
    nights = (("~?", "c"), ("", "c"), ("", "d"), ("~?", "c"), ("~?", "x"))
    for number, (doubt, config) in enumerate(nights, 1):
        commit(catalog, lineage(text.format(doubt=doubt, config=config), facts), night=number)
    envelope = catalog.resolve("latest")
    answer = log(Night.of(catalog, envelope, catalog.graph(envelope)), root)
    found = [row for row in answer.rows if other in (row.is_, row.was)]
    assert [(row.night, row.event, row.note) for row in found] == [
        (1, "deployed", "one of several that may run"),
        (2, "deployed", "in shadow"),
        (3, "deployed", None),
        (5, "undeployed", "one of several that may run"),
    ]


@pytest.mark.parametrize(
    ("nights", "wanted"), [("cdx", [("e", 3)]), ("dx", [("e", 2)]), ("d", []), ("cx", []), ("dxd", [])]
)
def test_where_it_ran_and_does_no_more(nights: str, wanted: list[tuple[str, int]], tmp_path: Path) -> None:
    """The endpoints that a version left, with the night that shows it; not where it may have run, or runs again."""
    text = """
        v/1(model_package) -packaged_as-> m1(model) -deployed_to:A~?-> c(endpoint_config)
        m1 -deployed_to:A-> d(endpoint_config)
        x(endpoint_config)
        {config} -deployed_to-> e(endpoint)
    """
    catalog = Catalog(tmp_path)
    for number, config in enumerate(nights, 1):
        commit(catalog, lineage(text.format(config=config)), night=number)
    envelope = catalog.resolve("latest")
    graph = catalog.graph(envelope)
    left = endpoints_left(graph, log(Night.of(catalog, envelope, graph), "v/1").rows)
    assert [(row.was, row.night) for row in left] == wanted


@pytest.mark.parametrize(("root", "other"), [("v/2", "e"), ("e", "v/2")])
def test_shares_are_those_of_each_night(root: str, other: str, tmp_path: Path) -> None:
    """What was deployed beside what answers got its share of the requests later, and lost it again."""
    text = """
        v/1(model_package) -packaged_as-> m1(model) -deployed_to:A-> c(endpoint_config)
        v/2(model_package) -packaged_as-> m2(model) -deployed_to:B-> c -deployed_to-> e(endpoint)
    """
    catalog = Catalog(tmp_path)
    for number, weight in enumerate((0.0, 1.0, 9.0, 0.0), 1):
        variants = [{"name": "A", "weight": 1.0}, {"name": "B", "weight": weight}]
        commit(catalog, lineage(text, {"e": {"attributes": {"variants": variants}}}), night=number)
    envelope = catalog.resolve("latest")
    answer = log(Night.of(catalog, envelope, catalog.graph(envelope)), root)
    without = "without a share of the requests"
    found = [(row.night, row.event, row.note) for row in answer.rows if row.is_ == other]
    assert found == [(1, "deployed", without), (2, "deployed", None), (4, "deployed", without)]


def test_a_component_answered_on_the_nights_on_which_it_was_in_service(tmp_path: Path) -> None:
    """That it takes no requests now says nothing of then."""
    text = "v/1(model_package) -deployed_to-> a(inference_component) -deployed_to-> e(endpoint)"
    nights = [(text, {"a": {"status": status}}) for status in ("InService", "Failed")]
    found = [row for row in rows(tmp_path, nights, "e") if "deployed" in row[1]]
    assert found == [(1, "deployed", None, "v/1"), (2, "undeployed", "v/1", None)]


@settings(max_examples=25)
@given(st.lists(st.sets(st.sampled_from(["v0", "v1", "v2"])), min_size=1, max_size=5))
def test_deployments_tell_every_night(nights: list[set[str]]) -> None:
    """From the events alone, what ran on each night can be told again: of the endpoint and of each version."""
    versions = ["v0", "v1", "v2"]
    with TemporaryDirectory() as folder:
        catalog = Catalog(Path(folder))
        for number, running in enumerate(nights, 1):
            assets = [asset("e", "endpoint"), *(asset(one, "model_package") for one in versions)]
            edges = [edge(one, "e", "deployed_to") for one in sorted(running)]
            commit(catalog, Graph(assets, edges), night=number)
        envelope = catalog.resolve("latest")
        night = Night.of(catalog, envelope, catalog.graph(envelope))
        for root, others in (("e", versions), *((one, ["e"]) for one in versions)):
            rows = [row for row in log(night, root).rows if row.event in ("deployed", "undeployed")]
            for number, running in enumerate(nights, 1):
                there: set[str] = set()
                for row in rows:
                    if row.night <= number:
                        there = there | {row.is_} if row.event == "deployed" else there - {row.was}
                assert there == (running if root == "e" else set(others) if root in running else set())
