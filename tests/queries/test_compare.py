"""Two to six things of a kind side by side."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from tests.pedigrees import lineage

from studbook.errors import UsageError
from studbook.model import Record
from studbook.queries.answer import Night
from studbook.queries.compare import Comparison, code_state, compare
from studbook.queries.compared_facts import curves

PEDIGREE = """
    base(base_model_version) -input_to:base_model-> t1(training_job) -produced-> p/1(model_package)
    chats/1(dataset_version) -input_to:train-> t1
    base -input_to:base_model-> t2(training_job) -produced-> p/2(model_package)
    chats/2(dataset_version) -input_to:train-> t2
    p/1 -input_to:source_model-> t2
    p/1 -input_to:evaluated_model-> exam1(evaluation_job)
    p/2 -input_to:evaluated_model-> exam2(evaluation_job)
    golden(dataset_version) -input_to:test-> exam1
    golden -input_to:test-> exam2
    judge/1(evaluator_version) -input_to:evaluator-> exam1
    judge/1 -input_to:evaluator-> exam2
    p/2 -packaged_as-> m(model) -deployed_to-> c(endpoint_config) -deployed_to-> bot(endpoint)
"""
FACTS: dict[str, dict[str, Any]] = {
    "t1": {"attributes": {"hyperparameters": {"lr": "1", "epochs": "3"}}},
    "t2": {"attributes": {"hyperparameters": {"lr": "2", "epochs": "3"}}},
    "exam1": {"attributes": {"metrics": {"score": 0.5}}},
    "exam2": {"attributes": {"metrics": {"score": 0.7}}},
    "p/1": {"attributes": {"approval": "Approved"}},
    "p/2": {"attributes": {"approval": "Approved"}},
}


def set_beside(text: str = PEDIGREE, *things: str, facts: dict[str, dict[str, Any]] | None = None) -> Comparison:
    graph = lineage(text, FACTS if facts is None else facts)
    return compare(Night(graph), [graph.assets[one] for one in things or ("p/1", "p/2")])


def different(found: Comparison) -> dict[str, tuple[Any, ...]]:
    return {f"{row.section}: {row.name}": row.values for row in found.rows if not row.equal}


class TestCompare:
    def test_what_differs_and_what_does_not(self) -> None:
        """Everything that made, judged and runs the two; in the order of the sections."""
        found = set_beside()
        assert different(found) == {
            "data: train": (["chats/1"], ["chats/2"]),
            "hyperparameters: lr": ("1", "2"),
            "training: job": (["t1"], ["t2"]),
            "training: source_model": (None, ["p/1"]),
            "evaluations: score by judge/1 on golden": (0.5, 0.7),
            "deployments: endpoints": (None, ["bot"]),
        }
        assert {f"{row.section}: {row.name}" for row in found.rows if row.equal} == {
            "base: model",
            "hyperparameters: epochs",
            "registry: approval",
        }

    def test_one_of_several_candidates_is_no_fact(self) -> None:
        """Two that may have read either of two states are not said to have read the same, nor to run where they may."""
        text = """
            s/1(dataset_version) -input_to:train~?-> t1(training_job) -produced-> p/1(model_package)
            s/2(dataset_version) -input_to:train~?-> t1
            s/1 -input_to:train~?-> t2(training_job) -produced-> p/2(model_package)
            s/2 -input_to:train~?-> t2
            p/1 -packaged_as~?-> m(model) -deployed_to-> c(endpoint_config) -deployed_to-> bot(endpoint)
            p/2 -packaged_as~?-> m
        """
        found = set_beside(text, facts={})
        assert {row.section for row in found.rows} == {"training"}

    def test_the_endpoint_of_a_descendant_is_not_its_own(self) -> None:
        """A model made from this one runs there; this one does not."""
        assert "bot" not in str([row.values[0] for row in set_beside().rows])

    def test_scores_of_another_evaluator_are_not_set_beside(self) -> None:
        """Other code, or other data, gives another scale."""
        other = PEDIGREE.replace(
            "judge/1 -input_to:evaluator-> exam2", "judge/2(evaluator_version) -input_to:evaluator-> exam2"
        )
        assert {key: value for key, value in different(set_beside(other)).items() if "score" in key} == {
            "evaluations: score by judge/1 on golden": (0.5, None),
            "evaluations: score by judge/2 on golden": (None, 0.7),
        }

    def test_a_clone_differs_from_its_original_in_nothing_that_made_it(self) -> None:
        """The same job made both, the same evaluations hold, and where the clone runs the original runs."""
        text = PEDIGREE + "\n p/2 -copied_to-> prod/1(model_package)"
        assert set(different(set_beside(text, "p/2", "prod/1"))) == {"registry: approval", "deployments: endpoints"}

    def test_what_has_no_such_comparison(self) -> None:
        """Neither a dataset nor a single thing, nor things of two kinds, nor one thing twice."""
        for things in (("golden", "exam1"), ("p/1", "bot"), ("p/1",), ("p/1", "t1"), ("p/1", "p/1")):
            with pytest.raises(UsageError):
                set_beside(PEDIGREE, *things)

    def test_the_verdict_of_versions(self) -> None:
        """Better only on what the same evaluator judged on the same data; what is known of neither is not the same."""
        (told,) = set_beside().verdicts
        assert told == (
            "p/2 against p/1: better on 1 of 1 shared judgement; same base; other data; code not known of both."
        )

    def test_what_is_redacted_is_not_known_to_be_equal(self) -> None:
        """Two values that nobody may see are no row."""
        facts = {"a": {"attributes": {"parameters": {"key": "[redacted]", "lr": "1"}}}}
        found = set_beside("a(mlflow_run) -part_of-> e(mlflow_experiment)\nb(mlflow_run) -part_of-> e", "a", "b",
                           facts=facts | {"b": facts["a"]})  # fmt: skip
        assert [row.name for row in found.rows] == ["lr"]

    @pytest.mark.parametrize(
        ("inputs", "told"),
        [
            ("s3://b/x/(artifact) -input_to:train-> {}", "data not wholly known of both"),
            ("d(dataset) -input_to:train-> {}", "data not wholly known of both"),
            ("d/1(dataset_version) -input_to:train-> {}", "same data"),
            ("d/1(dataset_version) -input_to:train-> {}\n d/2(dataset_version) -input_to:test~?-> {}",
             "data not wholly known of both"),
            ("s3://b/code.tar.gz(code) -input_to:code-> {}", "code not wholly known of both"),
            ("git:https://g.example/a@main(code) -input_to:code-> {}", "code not wholly known of both"),
            ("git:https://g.example/a@9fceb02(code) -input_to:code-> {}", "same code"),
            ("llama(base_model) -input_to:base_model-> {}", "base not wholly known of both"),
            ("llama/1(base_model_version) -input_to:base_model-> {}", "same base"),
        ],
    )  # fmt: skip
    def test_the_same_name_is_not_the_same_content(self, inputs: str, told: str) -> None:
        """What lies at a place, or is a dataset's version, changes under one id; a candidate may be another one."""
        (said,) = set_beside(
            f"a(training_job) -produced-> x(artifact)\n b(training_job) -produced-> y(artifact)\n"
            f"{inputs.replace('{}', 'a')}\n{inputs.replace('{}', 'b')}", "a", "b", facts={}
        ).verdicts  # fmt: skip
        assert told in said

    def test_what_is_named_twice_is_said(self) -> None:
        """'2 were named' would say that nothing is wrong."""
        with pytest.raises(UsageError) as refused:
            set_beside(PEDIGREE, "p/1", "p/1")
        assert refused.value.hint == "p/1 is named twice"


RUNS = """
    d/1(dataset_version) -input_to:train-> a(mlflow_run) -part_of-> e(mlflow_experiment)
    d/2(dataset_version) -input_to:train-> b(mlflow_run) -part_of-> e
    d/1 -input_to:train-> c(mlflow_run) -part_of-> e
    job(training_job) -recorded_in-> a
"""


class TestRuns:
    FACTS: ClassVar[dict[str, dict[str, Any]]] = {
        "a": {"attributes": {"parameters": {"lr": "1", "depth": "6"}, "metrics": {"auc": 0.9, "loss": 0.5},
                             "curves": {"loss": [[1, 0.9], [2, 0.5]]}}},
        "b": {"attributes": {"parameters": {"lr": "2", "seed": "7"}, "metrics": {"auc": 0.93, "loss": 0.5}}},
        "c": {"attributes": {"metrics": {"f1": 1}}},
    }  # fmt: skip

    def test_no_run_is_called_better(self) -> None:
        """Nobody knows which way a metric of a run is good, or that two found it alike: the difference is told."""
        assert set_beside(RUNS, "a", "b", "c", facts=self.FACTS).verdicts == (
            "b against a: auc +0.03; 1 of 1 shared parameter differs, 2 recorded of one alone; other data;"
            " code not known of both.",
            "c against a: no metric is recorded of both; no parameter is recorded of both; same data;"
            " code not known of both.",
        )

    def test_a_metric_that_is_no_number_is_equal_to_none(self) -> None:
        """A run that diverged is not as good as one that did not, nor as another that did."""
        text = "a(mlflow_run) -part_of-> e(mlflow_experiment)\nb(mlflow_run) -part_of-> e"
        for other in ("NaN", 0.5):
            facts = {"a": {"auc": 0.9, "loss": "NaN"}, "b": {"auc": 0.9, "loss": other}}
            told = {one: {"attributes": {"metrics": facts[one]}} for one in facts}
            (said,) = set_beside(text, "a", "b", facts=told).verdicts
            assert said.startswith("b against a: loss not comparable; ")

    def test_a_job_has_the_metrics_and_curves_of_its_run(self) -> None:
        """What MLflow records of a job is the job's."""
        graph = lineage(RUNS + "other(training_job) -recorded_in-> b", self.FACTS)
        found = compare(Night(graph), [graph.assets["job"], graph.assets["other"]])
        assert different(found)["metrics: auc"] == (0.9, 0.93)
        assert curves(graph, graph.assets["job"]) == {"loss": [[1, 0.9], [2, 0.5]]}


class TestData:
    TEXT = "d(dataset) -has_version-> d/1(dataset_version)\nd -has_version-> d/2(dataset_version)"
    FACTS: ClassVar[dict[str, dict[str, Any]]] = {
        f"d/{one}": {"attributes": {"fingerprint": f"sha256:{one}"}} for one in (1, 2)
    }

    def night(self, **states: dict[str, tuple[int, str]]) -> Night:
        def record_of(kind: str, one: str) -> Record | None:
            objects = states.get(one.replace("/", ""))
            if kind != "s3_prefix" or objects is None:
                return None
            contents = [{"Key": f"d/{key}", "Size": size, "ETag": tag} for key, (size, tag) in objects.items()]
            body = {"Uri": "s3://b/d/", "Contents": contents}
            return Record(source="s3", kind=kind, id=one, account="1" * 12, region="us-west-2", revision="1", body=body)

        return Night(lineage(self.TEXT, self.FACTS), record_of=record_of)

    def test_which_objects_differ(self) -> None:
        """By key, size and etag; what is the same is counted and is no row."""
        night = self.night(
            d1={"a": (1, "x"), "b": (2, "y"), "c": (3, "z")}, d2={"a": (1, "x"), "b": (2, "Y"), "n": (9, "")}
        )
        found = compare(night, [night.asset("d/1"), night.asset("d/2")])
        assert found.verdicts == ("d/2 against d/1: 1 object the same, 1 changed, 1 new, 1 gone; 12 bytes, 6 more.",)
        assert {row.name: row.values for row in found.rows if row.section == "objects"} == {
            "b": ((2, "y"), (2, "Y")),
            "c": ((3, "z"), None),
            "n": (None, (9, "")),
        }
        assert not found.unknown

    def test_a_listing_that_is_not_kept_is_not_empty(self) -> None:
        """Of no object is said that it came or went, and what is missing is named."""
        night = self.night(d1={"a": (1, "x")})
        found = compare(night, [night.asset("d/1"), night.asset("d/2")])
        assert found.verdicts == ("d/2 against d/1: another object manifest; which objects differ is not known here.",)
        assert [row for row in found.rows if row.section == "objects"] == []
        assert [(one.what, one.why, one.asset) for one in found.unknown] == [("object manifest", "not recorded", "d/2")]


class TestEvaluators:
    TEXT = """
        e(evaluator) -has_version-> e/1(evaluator_version) -input_to:evaluator-> x1(evaluation_job)
        e -has_version-> e/2(evaluator_version) -input_to:evaluator-> x2(evaluation_job)
        p/1(model_package) -input_to:evaluated_model-> x1
        p/1 -input_to:evaluated_model-> x2
        g(dataset_version) -input_to:test-> x1
        g -input_to:test-> x2
    """

    def test_what_two_versions_made_of_the_same_model(self) -> None:
        """Their code, and what they gave the same version on the same data; neither is called better."""
        facts = {
            "e/1": {"attributes": {"code_sha256": "one", "runtime": "py"}},
            "e/2": {"attributes": {"code_sha256": "two", "runtime": "py"}},
            "x1": {"attributes": {"metrics": {"score": 0.5, "n": 3}}},
            "x2": {"attributes": {"metrics": {"score": 0.4, "n": 3}}},
        }
        found = set_beside(self.TEXT, "e/1", "e/2", facts=facts)
        assert found.verdicts == (
            "e/2 against e/1: another value in 1 of 2 judgements of the same model on the same data; other code;"
            " same configuration.",
        )
        assert different(found)["evaluations: score of p/1 on g"] == (0.5, 0.4)

    @pytest.mark.parametrize(
        ("ours", "theirs", "told"),
        [
            ({"code_sha256": "one"}, {"code_sha256": "one"}, "same code; configuration not known of both."),
            ({"runtime": "py"}, {"runtime": "py", "memory": 1}, "configuration not wholly known of both."),
            ({"runtime": "py", "memory": "[redacted]"}, {"runtime": "py", "memory": "[redacted]"},
             "configuration not wholly known of both."),
            ({"runtime": "py", "memory": "[redacted]"}, {"runtime": "js"}, "other configuration."),
        ],
    )  # fmt: skip
    def test_a_setting_that_one_lacks_is_not_known_to_be_another(self, ours: Any, theirs: Any, told: str) -> None:
        """Nor is one the same that nobody may see; two functions of one digest have the same code."""
        facts = {"e/1": {"attributes": ours}, "e/2": {"attributes": theirs}}
        assert set_beside(self.TEXT, "e/1", "e/2", facts=facts).verdicts[0].endswith(told)

    def test_code_is_the_same_by_its_digest(self) -> None:
        """Two versions of a function with one digest have one code; an unqualified function alone tells of none."""
        text = "\n".join(f"f:{n}(evaluator_version) -content_of-> r/{n}(evaluator_version)" for n in (1, 2))
        facts = {one: {"attributes": {"code_sha256": "one"}} for one in ("f:1", "f:2")}
        said = set_beside(text, "r/1", "r/2", facts=facts).verdicts[0]
        assert "same code" in said
        assert "code not known of both" in set_beside(text, "r/1", "r/2", facts={}).verdicts[0]


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("git:https://github.com/a/b.git@9fceb02", ("https://github.com/a/b/compare/", "9fceb02")),
        ("git:https://gitlab.com/a/b/c@9fceb02", ("https://gitlab.com/a/b/c/-/compare/", "9fceb02")),
        ("git:https://git.example.com/a/b@9fceb02", None),
        ("git:https://github.com/a/b@main", None),
        ("git:https://github.com:8443/a/b@9fceb02", None),
        ("s3://bucket/code.tar.gz", None),
    ],
)
def test_only_a_known_host_compares_two_commits(code: str, state: tuple[str, str] | None) -> None:
    """Of any other the address would be a guess."""
    assert code_state(code) == state
