from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from tests.pedigrees import lineage

from studbook.lineage.graph import Graph
from studbook.model import Coverage, Gap, canonical
from studbook.queries.diff import Changes, Field, WholeNight
from studbook.queries.diff import diff as compare
from studbook.queries.news import news
from studbook.redaction.past_rules import TodaysRules
from studbook.settings import Redact
from studbook.store.past import redacted_today

BASE = """
    s3://b/c/(dataset) -has_version-> s3://b/c/@sha256:aa(dataset_version) -input_to:train-> t(training_job)
    t -produced-> p/1(model_package) -packaged_as-> m(model) -deployed_to-> c(endpoint_config)
    c -deployed_to-> bot(endpoint)
"""
RETRAINED = (
    BASE.replace("c -deployed_to-> bot(endpoint)", "")
    + "t2(training_job) -produced-> p/2(model_package) -packaged_as-> m2(model) -deployed_to-> c2(endpoint_config) "
    + "-deployed_to-> bot(endpoint)"
)
DOWN = {"bot": {"status": "OutOfService"}}
OLD = {"p/1": {"attributes": {"approval": "PendingManualApproval"}}}

# What changed, told as: the older night, the newer night, and what people are told.
CHANGES: list[tuple[str, Any, Any, dict[str, Any]]] = [
    ("nothing", (BASE, {}), (BASE, {}), {}),
    (
        "a model was added and deployed",
        (BASE, {}),
        (RETRAINED, {}),
        {"models_added": ["p/2"], "deployments_changed": [("bot", ["p/1"], ["p/2"])]},
    ),
    (
        "a model was approved",
        (BASE, OLD),
        (BASE, {"p/1": {"attributes": {"approval": "Approved"}}}),
        {"approvals_changed": [("p/1", "PendingManualApproval", "Approved")]},
    ),
    (
        "a dataset drifted",
        (BASE, {"s3://b/c/@sha256:aa": {"attributes": {"current": True}}}),
        (BASE, {"s3://b/c/@sha256:aa": {"attributes": {"current": False, "superseded_since": 2}}}),
        {"datasets_drifted": [("t", "s3://b/c/@sha256:aa")]},
    ),
    (
        "a dataset that a session reads drifted",
        (BASE.replace("training_job", "training_session"), {"s3://b/c/@sha256:aa": {"attributes": {"current": True}}}),
        (
            BASE.replace("training_job", "training_session"),
            {"s3://b/c/@sha256:aa": {"attributes": {"current": False, "superseded_since": 2}}},
        ),
        {"datasets_drifted": [("t", "s3://b/c/@sha256:aa")]},
    ),
    (
        "an endpoint was deleted",
        (BASE, {}),
        (BASE, {"bot": {"gone_since": 2}}),
        {"assets_gone": ["bot"], "deployments_changed": [("bot", ["p/1"], [])]},
    ),
    (
        "an endpoint takes no more requests",
        (BASE, {}),
        (BASE, {"bot": {"status": "Failed"}}),
        {"deployments_changed": [("bot", ["p/1"], [])]},
    ),
    ("another model was deployed where nothing answers", (BASE, DOWN), (RETRAINED, DOWN), {"models_added": ["p/2"]}),
    (
        "an endpoint came back",
        (BASE, {"bot": {"gone_since": 1}}),
        (BASE, {}),
        {"assets_added": ["bot"], "deployments_changed": [("bot", [], ["p/1"])]},
    ),
]


def diff(old: Graph, new: Graph, before: Sequence[Coverage] = (), after: Sequence[Coverage] = ()) -> Changes:
    return compare(WholeNight(old, tuple(before)), WholeNight(new, tuple(after)))


def told(changes: Changes) -> dict[str, Any]:
    lists: dict[str, Any] = {
        "models_added": [named.id for named in changes.models_added],
        "approvals_changed": [(a.asset.id, a.old, a.new) for a in changes.approvals_changed],
        "deployments_changed": [
            (d.endpoint.id, [named.id for named in d.old], [named.id for named in d.new])
            for d in changes.deployments_changed
        ],
        "datasets_drifted": [(drifted.job.id, drifted.read.id) for drifted in changes.datasets_drifted],
        "assets_gone": [named.id for named in changes.assets_gone],
        "assets_added": [named.id for named in changes.assets_added],
    }
    return {name: several for name, several in lists.items() if several}


class TestDiff:
    def test_what_runs_is_told_with_how_it_does(self) -> None:
        """One of several that fit, or in shadow alone, is not said to answer; what surely answers, too, is."""
        shadow = {"c": {"attributes": {"variants": [{"name": "try", "shadow": True}]}}}
        drawn = BASE + "p/2(model_package) -packaged_as-> m2(model) -deployed_to:try-> c\n"
        drawn += "p/3(model_package) -packaged_as~?-> m\n p/4(model_package) -packaged_as~?-> m2"
        (changed,) = diff(lineage(BASE), lineage(drawn, shadow)).deployments_changed
        assert {one.id: one.manner for one in changed.old} == {"p/1": ""}
        assert {one.id: one.manner for one in changed.new} == {
            "p/1": "",
            "p/2": "shadow",
            "p/3": "candidate",
            "p/4": "candidate",
        }
        (sentence,) = [one for one in news(diff(lineage(BASE), lineage(drawn, shadow))) if "Endpoint" in one]
        assert "p/1, p/2 (shadow), p/3 (candidate) and 1 more now, before p/1" in sentence

    @pytest.mark.parametrize(("old", "new", "expected"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES])
    def test_in_terms_that_people_use(self, old: Any, new: Any, expected: dict[str, Any]) -> None:
        """Models, approvals, deployments and data, each in its own list."""
        found = told(diff(lineage(*old), lineage(*new)))
        assert found.items() >= expected.items()
        assert bool(found) == bool(expected)

    def test_of_a_night_with_itself_is_nothing(self) -> None:
        """No list has anything in it, and the value is false."""
        changes = diff(lineage(BASE), lineage(BASE))
        assert not changes
        assert len(changes) == 0

    def test_of_one_lineage_with_itself_is_its_coverage(self) -> None:
        """Nights that share a lineage can still have seen it differently."""
        coverage = [
            Coverage(
                account="111111111111",
                region="eu-west-1",
                source="sagemaker",
                status="complete",
                records=1,
                requests=1,
                gaps=(),
            )
        ]
        one = lineage(BASE)
        assert diff(one, one, [], coverage) == diff(one, lineage(BASE), [], coverage)
        assert len(diff(one, one, [], coverage).coverage_changed) == 1
        lost = diff(one, one, coverage, [replace(coverage[0], status="failed")])
        assert news(lost) == ("No longer seen whole: 111111111111/eu-west-1/sagemaker.",)
        assert news(lost, account_of={"111111111111": "prod"}.get) == (
            "No longer seen whole: prod/eu-west-1/sagemaker.",
        )

    def test_there_and_back_are_mirrors(self) -> None:
        """What one way is gained is lost the other way."""
        there, back = diff(lineage(BASE), lineage(RETRAINED)), diff(lineage(RETRAINED), lineage(BASE))
        assert there.assets_added == back.assets_gone
        assert there.edges_gained == back.edges_lost
        assert there.edges_lost == back.edges_gained
        assert len(there) == len(back)

    def test_what_was_made_again_under_its_name_did_not_change(self) -> None:
        """One version is gone, with its approval, and another one came; there and back."""
        name, early, late = "arn:aws:sagemaker:r:1:model-package/p/1", "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"
        was = {"created_at": early, "attributes": {"approval": "Approved"}}
        old = lineage(f"g(model_package_group) -has_version-> {name}(model_package)", {name: was})
        new = lineage(
            f"g(model_package_group) -has_version-> {name}(model_package)\n"
            f"g -has_version-> {name}@{early}(model_package)",
            {
                name: {"created_at": late, "attributes": {"approval": "Rejected"}},
                f"{name}@{early}": {**was, "gone_since": 2},
            },
        )
        for changes in (diff(old, new), diff(new, old)):
            told = [[one.id for one in several] for several in (changes.assets_added, changes.assets_gone)]
            assert (told, changes.assets_changed, changes.approvals_changed) == ([[name], [name]], (), ())
        assert [one.id for one in diff(old, new).models_added] == [name]

    def test_fields_one_by_one(self) -> None:
        """Attributes and tags by key, with the value before and after."""
        old = lineage(BASE, {"t": {"status": "InProgress", "tags": {"team": "a"}, "attributes": {"x": 1, "y": [1]}}})
        new = lineage(
            BASE, {"t": {"status": "Completed", "tags": {}, "attributes": {"x": 1, "y": [2]}, "stale_since": 2}}
        )
        (changed,) = diff(old, new).assets_changed
        assert [(field.name, field.old, field.new) for field in changed.fields] == [
            ("attributes.y", [1], [2]),
            ("stale_since", None, 2),
            ("status", "InProgress", "Completed"),
            ("tags.team", "a", None),
        ]

    def test_an_edge_that_became_certain(self) -> None:
        """Neither gained nor lost: the same edge, better known."""
        changes = diff(lineage(BASE.replace("input_to:train-", "input_to:train~?-")), lineage(BASE))
        (change,) = changes.edges_changed
        assert (change.old.certainty, change.old.candidate) == ("inferred", True)
        assert (change.new.certainty, change.new.candidate) == ("referenced", False)
        assert not changes.edges_gained
        assert not changes.edges_lost

    def test_coverage(self) -> None:
        """A region that was refused, one that was not asked any more, and one that stayed as it was."""

        def row(region: str, status: Any, *codes: str) -> Coverage:
            gaps = tuple(Gap(operation="ListHubs", code=code, message="m") for code in codes)
            return Coverage(
                account="1",
                region=region,
                source="sagemaker",
                status=status,
                records=0,
                requests=len(region),
                gaps=gaps,
            )

        graph = lineage(BASE)
        changes = diff(
            graph,
            graph,
            [row("a", "complete"), row("b", "complete"), row("c", "partial", "Denied")],
            [row("a", "partial", "Denied"), row("c", "partial", "Denied")],
        )
        assert [(seen.region, seen.old, seen.new, seen.gaps_opened) for seen in changes.coverage_changed] == [
            ("a", "complete", "partial", ("ListHubs: Denied",)),
            ("b", "complete", None, ()),
        ]

    def test_as_json_has_every_list(self) -> None:
        """The JSON form says all, also what the text cuts short."""
        changes = diff(lineage(BASE), lineage(RETRAINED))
        found = json.loads(canonical(changes.to_json()))
        assert set(found) == set(Changes.__dataclass_fields__)
        assert found["edges_gained"][0].keys() >= {"source", "target", "relation", "role", "certainty", "evidence"}


def test_what_was_redacted_since_is_not_told_again():
    """Where the newer night has a redacted value, the older one's is neither shown nor a change."""
    before = {"t": {"attributes": {"hyperparameters": {"motto": "tulip", "epochs": "3"}, "note": "see tulip"}}}
    after = {"t": {"attributes": {"hyperparameters": {"motto": "[redacted]", "epochs": "4"}, "note": "see [redacted]"}}}

    newer = lineage(BASE, after)

    [changed] = diff(redacted_today(lineage(BASE, before), newer, TodaysRules(Redact())), newer).assets_changed

    assert [(field.name, field.old, field.new) for field in changed.fields] == [
        (
            "attributes.hyperparameters",
            {"motto": "[redacted]", "epochs": "3"},
            {"motto": "[redacted]", "epochs": "4"},
        )
    ]


class TestOlderNight:
    """A lineage of an older night, by rules that came later."""

    RANDOM = "q8Zr2KxW7vLm4TnB9cYd3HsG6pJf5RaE"
    RULES = Redact(values=("tulip-[0-9]+",), keys=("motto",), salt="s")

    def changes(self, was: Any, now: Any) -> Changes:
        newer = lineage(BASE, now)
        return diff(redacted_today(lineage(BASE, was), newer, TodaysRules(self.RULES)), newer)

    def test_what_only_looks_random_is_no_change(self) -> None:
        """Where the newer night says the same, it stays, also beside what changed."""
        was, now = ({"t": {"attributes": {"job": {"seed": self.RANDOM, "epochs": epochs}}}} for epochs in "34")

        assert not self.changes(was, was)
        [changed] = self.changes(was, now).assets_changed
        assert changed.fields == (
            Field("attributes.job", {"seed": self.RANDOM, "epochs": "3"}, {"seed": self.RANDOM, "epochs": "4"}),
        )

    def test_a_value_that_changed_is_told_without_what_the_rules_cover(self) -> None:
        """By its key and by its looks, in attributes, tags and the status."""
        was = {"t": {"attributes": {"motto": "rose", "note": "see tulip-1"}, "tags": {"a": "tulip-2"}, "status": "A"}}
        now = {"t": {"attributes": {"motto": "[redacted]", "note": "none"}, "tags": {"a": "b"}, "status": "B"}}

        [changed] = self.changes(was, now).assets_changed

        assert changed.fields == (
            Field("attributes.note", "see [redacted]", "none"),
            Field("status", "A", "B"),
            Field("tags.a", "[redacted]", "b"),
        )

    def test_an_id_that_the_rules_change_is_the_same_thing(self) -> None:
        """With its edges, and the value that names it elsewhere: nothing is gone, new, gained or lost."""
        pseudonym = TodaysRules(self.RULES).identifier("tulip-7")
        was, now = (
            lineage(f"{name}(training_job) -produced-> p/1(model_package)", {"p/1": {"attributes": {"by": name}}})
            for name in ("tulip-7", pseudonym)
        )

        assert diff(was, now)
        assert not diff(redacted_today(was, now, TodaysRules(self.RULES)), now)
