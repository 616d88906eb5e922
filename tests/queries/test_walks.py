from __future__ import annotations

from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pedigrees import asset, edge, lineage

from studbook.errors import CatalogError, NotFound
from studbook.lineage.graph import Graph
from studbook.model import KINDS, RELATIONS
from studbook.queries.answer import Night
from studbook.queries.impact import impact
from studbook.queries.incident import incident
from studbook.queries.origins import makers
from studbook.queries.trace import trace
from studbook.queries.walks import Walk, around, made, reaches

SERVED = """
    public/1(base_model_version) -input_to:base_model-> tune(training_job) -produced-> dev/5(model_package)
    chats/2(dataset_version) -input_to:train-> tune
    judge:7(evaluator_version) -content_of-> reward/1(evaluator_version) -input_to:evaluator-> tune
    repo@abc(code) -input_to:code-> tune
    image@1(container_image) -input_to:image-> tune
    tune -recorded_in-> run(mlflow_run) -part_of-> experiment(mlflow_experiment)
    dev/5 -copied_to-> prod/5(model_package) -packaged_as-> model(model) -deployed_to:blue-> conf(endpoint_config)
    conf -deployed_to:blue-> bot(endpoint)
    dev/5 -input_to:evaluated_model-> exam(evaluation_job)
    judge:7 -input_to:evaluator-> exam
    questions/1(dataset_version) -input_to:train-> exam
"""


def ids(walk: Walk) -> set[str]:
    return {found.id for found in walk.assets}


class TestTrace:
    def test_reaches_the_origins_of_an_endpoint(self) -> None:
        """A trace of an endpoint names base model, data, evaluator and its code, source, image and run."""
        found = made(lineage(SERVED), "bot")
        assert ids(found) == {
            *("bot", "conf", "model", "prod/5", "dev/5", "tune", "public/1", "chats/2", "reward/1", "judge:7"),
            *("repo@abc", "image@1", "run", "experiment"),
        }

    def test_tells_how_the_models_on_the_way_were_judged(self) -> None:
        """The evaluations of a trace are those of the original, though the clone is what is deployed."""
        graph = lineage(SERVED, {"exam": {"attributes": {"metrics": {"accuracy": 0.5}}}})
        (exam,) = made(graph, "bot").evaluations
        assert (exam.job.id, exam.models, exam.evaluators, exam.data) == (
            "exam",
            ("dev/5",),
            ("judge:7",),
            ("questions/1",),
        )
        assert exam.scores == {"accuracy": 0.5}

    @pytest.mark.parametrize("kind", [kind for kind, info in KINDS.items() if info.judged])
    def test_tells_how_the_root_was_judged_whatever_can_be(self, kind: str) -> None:
        """An evaluation of an inference profile of Bedrock, which is an endpoint, is its evaluation."""
        (exam,) = made(lineage(f"one({kind}) -input_to:evaluated_model-> exam(evaluation_job)"), "one").evaluations
        assert (exam.job.id, exam.models) == ("exam", ("one",))

    def test_takes_scores_from_the_results_where_neither_job_nor_run_has_one(self) -> None:
        """An evaluation's results in S3 are its scores, where the configuration lets them be read."""
        graph = lineage(
            """
            bot/1(model_package) -input_to:evaluated_model-> exam(evaluation_job) -produced:results~-> r.json(artifact)
            """,
            {"r.json": {"attributes": {"metrics": {"f1": 0.5}}}},
        )
        assert made(graph, "bot/1").evaluations[0].scores == {"f1": 0.5}

    def test_takes_scores_from_the_run_where_the_job_has_none(self) -> None:
        """An evaluation's metrics are often in MLflow only."""
        text = "bot/1(model_package) -input_to:evaluated_model-> exam(evaluation_job) -recorded_in-> run(mlflow_run)"
        graph = lineage(text, {"run": {"attributes": {"metrics": {"f1": 0.25}}}})
        assert made(graph, "bot/1").evaluations[0].scores == {"f1": 0.25}

    def test_a_pipeline_is_context_and_makes_no_siblings_ancestors(self) -> None:
        """Of two jobs of one pipeline execution neither is in the other's trace."""
        graph = lineage("""
            a(training_job) -part_of-> x(pipeline_execution) -part_of-> p(pipeline)
            b(training_job) -part_of-> x
        """)
        assert ids(made(graph, "a")) == {"a", "x", "p"}

    def test_a_pipeline_that_registered_a_version_does_not_make_all_its_steps_ancestors(self) -> None:
        """Of the pipeline's jobs the trace has the one that made the weights; the execution is shown."""
        run = "arn:aws:sagemaker:us-west-2:111111111111:pipeline/p/execution/e1"
        graph = lineage(f"""
            train(training_job) -part_of:Train-> {run}(pipeline_execution) -part_of-> p(pipeline)
            other(training_job) -part_of:Other-> {run} -produced-> bot/1(model_package)
            train -produced~-> bot/1
        """)
        assert ids(made(graph, "bot/1")) == {"bot/1", run, "p", "train"}
        assert ids(made(graph, run)) == {run, "train", "other"}

    def test_what_took_the_results_of_a_job_is_shown_and_its_other_results_are_not(self) -> None:
        """A cached step's job went into a later execution, not into all that the execution made."""
        run = "arn:aws:sagemaker:us-west-2:111111111111:pipeline/p/execution/e2"
        graph = lineage(f"""
            check(processing_job) -input_to:Check-> {run}(pipeline_execution) -produced-> bot/2(model_package)
            {run} -part_of-> p(pipeline)
        """)
        assert ids(reaches(graph, "check")) == {"check", run, "p"}
        assert ids(made(graph, run)) == {run, "check"}

    def test_a_run_is_not_made_by_the_evaluation_recorded_in_it(self) -> None:
        """Another model that was judged within the same run is no ancestor."""
        graph = lineage("""
            t(training_job) -recorded_in-> r(mlflow_run) -recorded_in-> v(mlflow_model_version)
            other(model_package) -input_to:evaluated_model-> e(evaluation_job) -recorded_in-> r
        """)
        assert ids(made(graph, "v")) == {"v", "r", "t"}

    def test_an_adapter_answers_with_its_base_and_the_base_without_the_adapter(self) -> None:
        """The base component is in the trace of the adapter's component, and not the other way round."""
        graph = lineage("""
            llama(model) -deployed_to-> base(inference_component)
            lora(model_package) -deployed_to-> adapter(inference_component) -part_of-> base
        """)
        assert ids(made(graph, "adapter")) == {"adapter", "lora", "base", "llama"}
        assert ids(made(graph, "base")) == {"base", "llama"}

    def test_a_component_that_is_gone_no_longer_answers(self) -> None:
        """It is shown as a tombstone; what it ran is not in the pedigree of what answers now, a deleted model is."""
        graph = lineage(
            """
            old(model_package) -deployed_to-> was(inference_component) -deployed_to-> bot(endpoint)
            new(model_package) -deployed_to-> now(inference_component) -deployed_to-> bot
            p/1(model_package) -packaged_as-> m(model) -deployed_to-> c(endpoint_config) -deployed_to-> bot
            """,
            {"was": {"gone_since": 3}, "m": {"gone_since": 3}, "c": {"gone_since": 3}},
        )
        assert ids(made(graph, "bot")) == {"bot", "was", "now", "new", "p/1", "m", "c"}
        assert ids(reaches(graph, "old")) == {"old", "was"}
        assert "bot" in ids(reaches(graph, "p/1"))

    def test_keeps_every_candidate(self) -> None:
        """Where two versions may have been read, both are shown, and marked."""
        graph = lineage("""
            d@1(dataset_version) -input_to:train~?-> t(training_job)
            d@2(dataset_version) -input_to:train~?-> t
        """)
        found = made(graph, "t")
        assert ids(found) == {"d@1", "d@2", "t"}
        assert all(edge.candidate for edge in found.edges)

    def test_one_thing_under_two_ids_has_one_pedigree(self) -> None:
        """same_as is walked both ways, whichever id is the smaller."""
        graph = lineage("""
            maker(training_job) -produced-> eu(artifact) -same_as-> us(artifact)
            us -packaged_as-> p(model_package)
            eu -packaged_as-> q(model_package)
        """)
        assert "maker" in ids(made(graph, "p"))
        assert ids(reaches(graph, "us")) == {"us", "eu", "p", "q"}

    def test_does_not_follow_what_is_merely_associated(self) -> None:
        """An association of unknown meaning is no influence."""
        graph = lineage("a(artifact) -associated-> b(training_job)")
        assert ids(made(graph, "b")) == {"b"}

    def test_ends_though_a_model_is_its_own_ancestor(self) -> None:
        """A circle of clones is walked once."""
        graph = lineage("a(model_package) -copied_to-> b(model_package) -copied_to-> a")
        assert ids(made(graph, "a")) == ids(reaches(graph, "a")) == {"a", "b"}

    def test_of_an_unknown_id_is_an_error_with_a_way_out(self) -> None:
        """There is nothing to walk from."""
        with pytest.raises(NotFound, match="no asset has the id"):
            made(lineage("a(artifact) -packaged_as-> b(model)"), "c")

    def test_an_edge_that_points_at_nothing_is_an_error(self) -> None:
        """A catalog that lost an asset does not answer as if the asset had never been."""
        broken = Graph([asset("t", "training_job")], [edge("lost", "t", "input_to")])
        with pytest.raises(CatalogError, match="'lost'"):
            made(broken, "t")


class TestImpact:
    def test_of_a_dataset_reaches_the_endpoint_and_the_judgement(self) -> None:
        """Who learned from it, what that became, where it runs, and what judged it."""
        found = reaches(lineage(SERVED), "chats/2")
        assert ids(found) == {
            *("chats/2", "tune", "dev/5", "prod/5", "model", "conf", "bot", "exam", "run", "experiment"),
        }
        assert [evaluation.job.id for evaluation in found.evaluations] == ["exam"]

    def test_of_an_evaluator_is_what_it_rewarded_and_what_it_judged(self) -> None:
        """Its jobs, and through the training what that made; the judged models stand in the evaluations."""
        found = reaches(lineage(SERVED), "judge:7")
        assert {"reward/1", "tune", "dev/5", "bot", "exam"} <= ids(found)
        assert found.evaluations[0].models == ("dev/5",)

    def test_a_version_recorded_in_a_run_does_not_reach_what_the_run_made(self) -> None:
        """The run tells of the version; it does not come from it."""
        graph = lineage("""
            p(model_package) -recorded_in-> r(mlflow_run) -produced-> other(mlflow_logged_model)
        """)
        assert ids(reaches(graph, "p")) == {"p", "r"}

    def test_of_a_place_what_was_read_inside_of_it_is_unknown(self) -> None:
        """An empty answer would be a proof that nobody read there; who is told by another way is known."""
        graph = lineage("""
            s3://b/cap/(artifact) -input_to:train-> whole(training_job)
            s3://b/cap/e/(artifact) -input_to:train-> part(training_job)
            s3://b/cap/f/(artifact) -input_to:train-> whole
            s3://b/captured/(artifact) -input_to:train-> other(training_job)
        """)
        for root, unknown in (("s3://b/cap/", ["s3://b/cap/e/"]), ("s3://b/cap/e/", []), ("s3://b/captured/", [])):
            assert [one.what for one in impact(Night(graph), root).unknown] == unknown

    def test_a_job_of_a_search_reaches_the_searches_that_were_warmed_up_by_it(self) -> None:
        """The next tuning job began with the results of all jobs of the first, as its own trace says."""
        graph = lineage("""
            data/1(dataset_version) -input_to:train-> one(training_job) -part_of-> first(tuning_job)
            two(training_job) -part_of-> first
            first -input_to:warm_start-> second(tuning_job)
            three(training_job) -part_of-> second
        """)
        assert ids(reaches(graph, "data/1")) == {"data/1", "one", "first", "second"}
        assert ids(reaches(graph, "one")) == {"one", "first", "second"}
        assert ids(made(graph, "second")) == {"second", "first", "one", "two", "three", "data/1"}
        assert [row.asset for row in impact(Night(graph), "one").rows] == ["first", "second"]

    def test_a_base_component_reaches_the_adapters_on_it(self) -> None:
        """Whoever changes the base changes what every adapter answers."""
        graph = lineage("""
            llama(model) -deployed_to-> base(inference_component)
            adapter(inference_component) -part_of-> base
            adapter -deployed_to-> bot(endpoint)
        """)
        assert "bot" in ids(reaches(graph, "llama"))
        assert ids(reaches(graph, "adapter")) == {"adapter", "bot"}


NIGHTLY = """
    raw(artifact) -input_to:input-> w1(processing_job) -produced-> features(artifact)
    newer(artifact) -input_to:input-> w2(processing_job) -produced-> features
    features -input_to:train-> r1(training_job)
    features -input_to:train-> r2(training_job)
"""


class TestSearches:
    """An AutoML search: the job of its best candidate, and a rival's, both packaged with a processor they share."""

    TEXT: ClassVar = """
        rows(dataset_version) -input_to:training-> search(automl_job) -produced:model-> weights(artifact)
        search -produced:model-> processor(artifact)
        rows -input_to:train-> prepare(training_job)
        rows -input_to:train-> best(training_job)
        rows -input_to:train-> rival(training_job) -produced:model-> other(artifact)
        rival -part_of-> search
        weights -packaged_as-> v/1(model_package)
        processor -packaged_as-> v/1
        other -packaged_as-> v/2(model_package)
        processor -packaged_as-> v/2
    """
    STEP: ClassVar = "sagemaker:DescribeAutoMLJobV2#BestCandidate.CandidateSteps[0].CandidateStepArn"

    def drawn(self, more: str = "") -> Graph:
        graph = lineage(self.TEXT + more)
        steps = [edge(job, "search", "part_of", evidence=(self.STEP,)) for job in ("best", "prepare")]
        return Graph(list(graph.assets.values()), [*graph.edges, *steps])

    def test_rivals_of_the_best_candidate_did_not_make_it(self) -> None:
        """Nor did the best candidate's job make a rival: what each job wrote is known, also of what they share."""
        graph = self.drawn("prepare -produced:model-> processor\n best -produced:model-> weights")
        jobs = {"best", "rival", "prepare"}
        assert ids(made(graph, "v/1")) & jobs == {"best", "prepare"}
        assert ids(made(graph, "v/2")) & jobs == {"rival", "prepare"}
        for job in jobs:
            assert {one for one in ("v/1", "v/2") if one in ids(reaches(graph, job))} == {
                one for one in ("v/1", "v/2") if job in ids(made(graph, one))
            }

    def test_of_the_search_alone_no_job_of_it_made_a_version(self) -> None:
        """A job that did has an edge of its own, whatever else it is known of."""
        assert ids(made(self.drawn(), "v/1")) & {"best", "rival", "prepare"} == set()
        graph = self.drawn("best -produced:model~?-> weights\n search -produced:output~-> other")
        assert ids(made(graph, "v/1")) & {"best", "rival", "prepare"} == {"best"}
        assert ids(made(graph, "v/2")) & {"best", "rival", "prepare"} == {"rival"}

    def test_of_the_search_itself_all_are_told(self) -> None:
        """It consists of them."""
        assert {"best", "rival", "prepare"} <= ids(made(self.drawn(), "search"))


class TestPlacesThatAreWrittenAgain:
    """Two jobs that write one place, and two that read it: each reader has those before it."""

    TIMES: ClassVar = {"w1": (1, 2), "r1": (3, 4), "w2": (5, 6), "r2": (7, 8)}

    @staticmethod
    def drawn(text: str = NIGHTLY, **times: tuple[int | None, int | None]) -> Graph:
        def at(day: int | None) -> str | None:
            return f"2026-11-{day:02}T08:00:00Z" if day else None

        told = {**TestPlacesThatAreWrittenAgain.TIMES, **times}
        return lineage(
            text,
            {
                job: {
                    "created_at": None,
                    "attributes": {"started_at": at(began), "ended_at": at(ended)},
                }
                for job, (began, ended) in told.items()
            },
        )

    def test_who_began_after_a_reader_had_ended_made_nothing_of_it(self) -> None:
        """In either direction, with what made the later writer."""
        graph = self.drawn()
        assert ids(made(graph, "r1")) == {"r1", "features", "w1", "raw"}
        assert ids(made(graph, "r2")) == {"r2", "features", "w1", "raw", "w2", "newer"}
        assert ids(reaches(graph, "newer")) == {"newer", "w2", "features", "r2"}
        assert ids(reaches(graph, "raw")) == {"raw", "w1", "features", "r1", "r2"}

    def test_of_the_place_itself_all_wrote_and_all_read(self) -> None:
        """It is one thing at all times."""
        graph = self.drawn()
        assert ids(made(graph, "features")) == {"features", "w1", "w2", "raw", "newer"}
        assert ids(reaches(graph, "features")) == {"features", "r1", "r2"}

    @pytest.mark.parametrize("times", [{"w2": (None, 6)}, {"r1": (3, None)}, {"w2": (4, 6)}])
    def test_where_the_times_do_not_tell_all_count(self, times: dict[str, tuple[int | None, int | None]]) -> None:
        """A job without times, one that goes on, one that began in the moment in which the other ended."""
        assert "newer" in ids(made(self.drawn(**times), "r1"))

    def test_another_id_of_the_place_and_what_it_is_a_version_of(self) -> None:
        """Time goes through data."""
        text = NIGHTLY.replace(
            "features -input_to:train-> r1(", "features -same_as-> alias(artifact)\n alias -input_to-> r1("
        )
        assert ids(made(self.drawn(text), "r1")) == {"r1", "alias", "features", "w1", "raw"}

    def test_a_longer_way_may_come_in_time(self) -> None:
        """A place that was reached by an early reader is looked at again for a later one, and how far it is and how
        sure counts by the way in time."""
        graph = self.drawn(
            f"{NIGHTLY} r2 -produced-> model(artifact) -input_to:checkpoint-> r1b(training_job)\n"
            "r1 -produced-> checkpoint(artifact) -input_to:checkpoint-> r1b\n"
            "features -input_to:train-> r1b",
            r1b=(4, 4),
        )
        rows = {row.asset: row for row in trace(Night(graph), "r1b").rows}
        assert "w2" not in rows
        late = self.drawn(
            f"{NIGHTLY} r1 -produced-> model(artifact) -input_to:checkpoint-> last(training_job)\n"
            "r2 -produced-> other(artifact) -input_to:checkpoint~-> last",
            last=(9, 9),
        )
        rows = {row.asset: row for row in trace(Night(late), "last").rows}
        assert (rows["w1"].certainty, rows["w1"].distance, rows["w1"].via) == ("referenced", 4, "features")
        assert (rows["w2"].certainty, rows["w2"].distance, rows["w2"].via) == ("inferred", 4, "features")

    def test_the_picture_is_of_the_same_steps(self) -> None:
        """The nearest of a thing are those of its trace and its impact."""
        near = around(self.drawn(), self.drawn().assets["r1"], 30)
        assert {one.id for one in near.assets} == {"r1", "features", "w1", "raw"}


class TestWhatAnswersChanges:
    """An endpoint was given another version after a job had learnt from what it kept, and another had asked it."""

    TEXT = """
        v/2(model_package) -packaged_as-> m2(model) -deployed_to-> c2(endpoint_config) -deployed_to-> e(endpoint)
        v/3(model_package) -deployed_to-> part(inference_component) -deployed_to-> e
        e -produced:captured-> kept(artifact) -input_to:train-> learns(training_job)
        e -input_to:evaluated_model-> asks(evaluation_job)
    """

    @pytest.mark.parametrize("later", [False, True])
    def test_what_was_made_after_a_job_had_ended_answered_others(self, later: bool) -> None:
        """In either direction; the trace says that nobody knows what answered before."""
        ran = {
            "created_at": None,
            "attributes": {"started_at": "2026-10-01T08:00:00Z", "ended_at": "2026-10-02T08:00:00Z"},
        }
        made_at = {"created_at": "2026-11-01T08:00:00Z" if later else "2026-09-01T08:00:00Z"}
        old = {"created_at": "2026-08-01T08:00:00Z"}
        facts = {"e": old, "part": old} | dict.fromkeys(("v/2", "m2", "c2", "v/3"), made_at)
        graph = lineage(self.TEXT, facts | dict.fromkeys(("learns", "asks"), ran))
        versions = {"v/2", "v/3"}
        for job in ("learns", "asks"):
            assert ids(made(graph, job)) & versions == (set() if later else versions)
            assert {one for one in versions if job in ids(reaches(graph, one))} == (set() if later else versions)
            unknown = {one.what for one in trace(Night(graph), job).unknown if one.why == "not recorded"}
            assert unknown == ({"e", "part"} if later else set())
        assert ids(made(graph, "e")) >= versions

    def test_what_ran_before_may_have_reached_the_jobs_of_then(self) -> None:
        """So that the impact of an older version is no proof that nothing learnt of it; of a newer one it is."""
        text = f"{self.TEXT}\n v/1(model_package) -packaged_as-> m1(model)"
        times = {"v/1": 8, "v/2": 11, "e": 8, "c2": 11, "v/3": 11, "part": 11, "m2": 11, "m1": 8}
        facts: dict[str, dict[str, Any]] = {
            one: {"created_at": f"2026-{month:02}-01T08:00:00Z"} for one, month in times.items()
        }
        ran = {"created_at": "2026-10-01T08:00:00Z", "attributes": {"ended_at": "2026-10-02T08:00:00Z"}}
        graph = lineage(text, facts | {"learns": ran, "asks": ran})
        for version, unknown in (("v/1", ["e"]), ("v/2", [])):
            assert [one.what for one in impact(Night(graph), version).unknown] == unknown

    def test_a_component_that_runs_something_else_today_ran_something_then(self) -> None:
        """It and its endpoint are older than the job; the model that it was given is not."""
        graph = lineage(
            """
            v/1(model_package) -packaged_as-> m1(model)
            m2(model) -deployed_to-> part(inference_component) -deployed_to-> e(endpoint)
            e -produced:captured-> kept(artifact) -input_to:train-> learns(training_job)
            """,
            {
                **{one: {"created_at": "2026-08-01T08:00:00Z"} for one in ("v/1", "m1", "part", "e")},
                "m2": {"created_at": "2026-11-01T08:00:00Z"},
                "learns": {"created_at": "2026-10-01T08:00:00Z", "attributes": {"ended_at": "2026-10-02T08:00:00Z"}},
            },
        )
        assert [one.what for one in impact(Night(graph), "v/1").unknown] == ["e"]


KIND = st.sampled_from(sorted(KINDS))
NODES = st.integers(0, 7)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    assets = [asset(str(number), draw(KIND)) for number in range(8)]
    drawn = draw(st.lists(st.tuples(NODES, NODES, st.sampled_from(sorted(RELATIONS))), max_size=24, unique=True))
    return Graph(assets, [edge(str(a), str(b), relation) for a, b, relation in drawn if a != b])


def connected(graph: Graph, root: str) -> set[str]:
    """What any path, in any direction, joins to the root."""
    found = {root}
    while (
        more := {
            end
            for e in graph.edges
            for end in (e.source, e.target)
            if e.relation != "associated" and found & {e.source, e.target}
        }
        - found
    ):
        found |= more
    return found


class TestEveryLineage:
    @given(graphs())
    def test_a_walk_is_closed_and_within_what_is_connected(self, graph: Graph) -> None:
        """Both ends of each edge are among the assets, and nothing comes that the edges do not connect to the root."""
        for root in graph.assets:
            for walk in (made(graph, root), reaches(graph, root)):
                found = ids(walk)
                assert all(e.source in found and e.target in found for e in walk.edges)
                assert root in found
                assert found <= connected(graph, root)

    @given(graphs(), st.randoms())
    def test_the_order_in_which_rows_come_does_not_matter(self, graph: Graph, random) -> None:
        """The same assets and edges in another order give the same walk."""
        assets, edges = list(graph.assets.values()), list(graph.edges)
        random.shuffle(assets)
        random.shuffle(edges)
        again = Graph(assets, edges)
        assert all(made(again, root) == made(graph, root) for root in graph.assets)


class TestVersionsThatKeepAPlace:
    """Weights at `latest/`: what a job writes there after a version was registered made nothing of that version."""

    TEXT = """
        d1(dataset_version) -input_to:train-> first(training_job) -produced-> s3://m/latest/(artifact)
        d2(dataset_version) -input_to:train-> second(training_job) -produced-> s3://m/latest/
        s3://m/latest/ -packaged_as-> bot/1(model_package) -packaged_as-> served(model)
        s3://m/latest/ -packaged_as-> bot/2(model_package)
        s3://m/latest/ -packaged_as-> past(model)
    """
    FACTS: ClassVar = {
        "first": {"attributes": {"started_at": "2026-11-02T08:00:00Z"}},
        "bot/1": {"created_at": "2026-11-03T08:00:00Z"},
        "second": {"attributes": {"started_at": "2026-11-04T08:00:00Z"}},
        "bot/2": {"created_at": "2026-11-05T08:00:00Z"},
    }

    def test_a_later_writer_is_no_origin(self) -> None:
        """Nor for what the version is served as; of a later version, and of a model past the registry, both may be."""
        graph = lineage(self.TEXT, self.FACTS)
        assert ids(made(graph, "bot/1")) == {"bot/1", "s3://m/latest/", "first", "d1"}
        assert "second" not in ids(made(graph, "served"))
        assert {"first", "second"} <= ids(made(graph, "bot/2")) & ids(made(graph, "past"))
        for version in ("bot/1", "bot/2"):
            asset = graph.asset(version)
            assert asset is not None
            assert {job.id for job in makers(graph, asset)} == ids(made(graph, version)) & {"first", "second"}

    def test_what_was_written_since_may_be_what_it_is_deployed_with(self) -> None:
        """The version is no row of what depends on the later writer, and it is named as unknown."""
        night = Night(lineage(self.TEXT, self.FACTS))
        for answer in (impact(night, "d2"), incident(night, "d2")):
            assert {row.asset for row in answer.rows} == {"second", "s3://m/latest/", "bot/2", "past"}
            assert [one.to_json() for one in answer.unknown] == [
                {"what": "bot/1", "why": "not recorded", "partition": None, "asset": "bot/1"}
            ]
        assert {"bot/1", "served"} <= {row.asset for row in impact(night, "d1").rows}
        assert not impact(night, "d1").unknown
