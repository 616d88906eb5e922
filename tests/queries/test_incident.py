"""What a place in S3, a digest or any other thing has spoilt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.pedigrees import asset, edge, lineage, record
from tests.queries.generated_estates import estates

from studbook.errors import NotFound, UsageError
from studbook.lineage.graph import Graph
from studbook.model import Coverage, Evidence, Gap
from studbook.queries.answer import Night
from studbook.queries.impact import impact
from studbook.queries.incident import Spread, incident
from studbook.queries.walks import reaches

SETS = "s3://data/sets/"
OLD, NEW = f"{SETS}@sha256:{'a' * 64}", f"{SETS}@sha256:{'b' * 64}"
SERVED = "m/1(model_package) -packaged_as-> m(model) -deployed_to-> c(endpoint_config) -deployed_to-> e(endpoint)"
PEDIGREE = f"""
    {SETS}(dataset) -has_version-> {OLD}(dataset_version) -input_to:train-> t1(training_job) -produced-> {SERVED}
    {SETS} -has_version-> {NEW}(dataset_version) -input_to:train-> t2(training_job) -produced-> m/2(model_package)
    m -input_to:model-> batch(transform_job) -produced:output-> s3://scores/1(artifact)
    s3://data/other/(artifact) -input_to:train-> t3(training_job)
    g(model_package_group) -has_version-> m/1
    g -has_version-> m/2
"""
FACTS = {
    "t1": {"attributes": {"started_at": "2026-11-10T08:00:00Z"}},
    "t2": {"attributes": {"started_at": "2026-11-20T08:00:00Z"}},
    "m/2": {"created_at": "2026-11-20T09:00:00Z"},
    "e": {"stage": "production"},
}
KEYS = {OLD: ("train/0", "train/1", "held/0"), NEW: ("train/0", "train/2", "held/0")}


def night(
    text: str = PEDIGREE,
    facts: Mapping[str, Mapping[str, Any]] = FACTS,
    *,
    keys: Mapping[str, Sequence[str]] = KEYS,
    parts: Mapping[str, str] | None = None,
    coverage: Sequence[Coverage] = (),
) -> Night:
    """The lineage that is drawn, with manifests of the states; `parts` are the places that jobs read inside of them."""
    graph = lineage(text, facts)
    parts = parts or {}
    edges = [
        edge(
            one.source,
            one.target,
            one.relation,
            one.role,
            certainty="inferred",
            evidence=(
                Evidence(rule="s3-prefix"),
                Evidence(
                    "sagemaker:DescribeTrainingJob",
                    "InputDataConfig[0].DataSource.S3DataSource.S3Uri",
                    f"sagemaker/training_job/{one.target}",
                ),
            ),
        )
        if one.target in parts and one.relation == "input_to"
        else one
        for one in graph.edges
    ]
    records = [
        record(
            state,
            source="s3",
            kind="s3_prefix",
            body={"Uri": SETS, "Contents": [{"Key": f"sets/{key}", "Size": 1, "ETag": "e"} for key in several]},
        )
        for state, several in keys.items()
    ]
    records += [
        record(job, body={"InputDataConfig": [{"DataSource": {"S3DataSource": {"S3Uri": uri}}}]})
        for job, uri in parts.items()
        if uri
    ]
    known = {(one.kind, one.id): one for one in records}
    return Night(
        Graph(graph.assets.values(), edges), tuple(coverage), record_of=lambda kind, one: known.get((kind, one))
    )


def told(found: Any) -> dict[str, str]:
    return {row.asset: row.status for row in found.rows}


ALL_OF_T1 = {"t1", "m/1", "m", "c", "e", "batch", "s3://scores/1"}
ALL_OF_T2 = {"t2", "m/2"}


class TestRoot:
    @pytest.mark.parametrize(
        "root",
        [
            SETS,
            "s3://data/sets",
            "https://data.s3.amazonaws.com/sets/",
            "s3://data/sets/train/0",
            "s3://data/sets/train",
        ],
    )
    def test_a_place_in_any_spelling(self, root: str) -> None:
        """A folder with or without its slash, an object, another spelling: who read all of it, and what follows."""
        assert told(incident(night(), root)) == dict.fromkeys(ALL_OF_T1 | ALL_OF_T2, "certain")

    def test_the_whole_bucket(self) -> None:
        """Everybody who read in it read a part of it."""
        found = told(incident(night(), "s3://data"))
        assert found == dict.fromkeys(ALL_OF_T1 | ALL_OF_T2 | {"t3"}, "possible")

    @pytest.mark.parametrize(
        "root", ["s3://lone", "s3://lone/", "s3://lone/in/it", "https://lone.s3.amazonaws.com/in/it"]
    )
    def test_a_bucket_that_is_told_by_its_name_alone(self, root: str) -> None:
        """Who reads `s3://lone` reads whatever lies in it, though nothing else is known to lie there."""
        found = incident(night(PEDIGREE + "\n s3://lone(artifact) -input_to:train-> t9(training_job)"), root)
        assert told(found) == {"t9": "certain"}

    @pytest.mark.parametrize("root", ["a" * 12, f"sha256:{'a' * 12}", "a" * 64, OLD])
    def test_a_digest_is_that_state_and_no_other(self, root: str) -> None:
        """By its whole digest, its beginning as it is printed, or its id."""
        found = incident(night(), root)
        assert found.root == OLD
        assert told(found) == dict.fromkeys(ALL_OF_T1, "certain")

    def test_a_digest_of_several_is_not_chosen_among(self) -> None:
        """Two places that hold the same objects are two."""
        text = PEDIGREE + f"\n s3://elsewhere/@sha256:{'a' * 64}(dataset_version) -input_to-> t3"
        with pytest.raises(NotFound) as error:
            incident(night(text), "a" * 12)
        assert OLD in (error.value.hint or "")

    def test_any_other_asset(self) -> None:
        """A model version: what was made of it, and where it went."""
        found = told(incident(night(), "m/1"))
        assert found == dict.fromkeys({"m", "c", "e", "batch", "s3://scores/1"}, "certain")

    def test_a_group_is_hit_with_its_versions(self) -> None:
        """The versions are rows: they are no readers, so that no window clears them."""
        found = told(incident(night(), "g", from_="2026-11-19"))
        assert {one: found[one] for one in ("m/1", "m/2")} == {"m/1": "certain", "m/2": "certain"}

    def test_nobody_reads_a_place_in_a_known_bucket(self) -> None:
        """An empty answer, and nothing unknown: a proof of absence."""
        found = incident(night(), "s3://data/nobody/")
        assert (found.total, found.unknown) == (0, ())

    @pytest.mark.parametrize(
        "root", ["s3://strange/sets/", "no-such-thing", "arn:aws:sagemaker:x:1:model/no", "c" * 12]
    )
    def test_what_nothing_knows_is_not_found(self, root: str) -> None:
        """A bucket in which nothing known lies, a name, an ARN, a digest."""
        with pytest.raises(NotFound):
            incident(night(), root)


class TestParts:
    @pytest.mark.parametrize(
        ("root", "status"),
        [
            ("s3://data/sets/train/1", "certain"),
            ("s3://data/sets/train/", "certain"),
            ("s3://data/sets/", "possible"),
            (OLD, "possible"),
            ("s3://data/sets/held/", None),
            ("s3://data/sets/held/0", None),
            ("s3://data/sets/train/2", None),
        ],
    )
    def test_the_place_that_the_record_names_counts(self, root: str, status: str | None) -> None:
        """The edge comes from the whole dataset; readers of a sister folder, or of a state without it, are no rows."""
        found = told(incident(night(parts={"t1": "s3://data/sets/train/"}), root))
        assert found.get("t1") == status
        assert ("e" in found) is (status is not None)

    def test_two_parts_can_be_all_of_it(self) -> None:
        """Of a state with two folders, a job that reads each in a channel of its own."""
        text = PEDIGREE + f"\n {OLD} -input_to:held-> t1"
        assert told(incident(night(text, parts={"t1": "s3://data/sets/"}), SETS))["t1"] == "certain"

    def test_a_part_that_no_record_names_is_possible(self) -> None:
        """Without the record nobody knows which part it was."""
        for root in (SETS, "s3://data/sets/held/", OLD):
            assert told(incident(night(parts={"t1": ""}), root))["t1"] == "possible"

    def test_without_manifests_places_are_compared(self) -> None:
        """A reader of the folder is certain, of one inside possible, of a sister none."""
        one = night(keys={}, parts={"t1": "s3://data/sets/train/"})
        assert told(incident(one, "s3://data/sets/train/x")).get("t1") == "certain"
        assert told(incident(one, SETS)).get("t1") == "possible"
        assert told(incident(one, "s3://data/sets/held/")).get("t1") is None

    def test_what_was_read_is_told_where_it_decides_nothing(self) -> None:
        """A reader of a part of the root is possible whatever it read; which part it was is told all the same."""
        text = PEDIGREE + f"\n {SETS} -input_to:train-> t5(training_job)\n {SETS} -input_to:test-> t5"
        one = night(text, parts={"t5": "s3://data/sets/train/"})
        for root in (SETS, "s3://data/", "s3://data"):
            (row,) = [row for row in incident(one, root).rows if row.asset == "t5"]
            assert row.status == "possible"
            assert row.because.startswith("read a part of it: s3://data/sets/train/, ")

    def test_an_edge_to_a_part_and_to_all_of_it_is_one_to_all_of_it(self) -> None:
        """Two channels of one name, of which one reads the whole dataset, make one edge with the evidence of both."""
        uris = (SETS, f"{SETS}train/")
        paths = [f"Inputs[{at}].S3Uri" for at in range(2)]
        evidence = (*(Evidence("x:Y", path, "sagemaker/training_job/t5") for path in paths), Evidence(rule="s3-prefix"))
        graph = Graph(
            [asset(SETS, "dataset"), asset("t5", "training_job")],
            [edge(SETS, "t5", "input_to", "train", certainty="referenced", evidence=evidence)],
        )
        job = record("t5", body={"Inputs": [{"S3Uri": uri} for uri in uris]})
        one = Night(graph, record_of=lambda kind, record_id: job if record_id == "t5" else None)
        assert told(incident(one, SETS)) == {"t5": "certain"}

    @pytest.mark.parametrize("root", ["s3://data/q/", "s3://data/q/5f.csv", "s3://data/"])
    def test_of_a_place_of_results_each_query_reads_its_own(self, root: str) -> None:
        """Queries of several jobs write to one place: none of the jobs reads all of it, nor surely any one result."""
        evidence = (Evidence("x:Y", "Inputs[0].OutputS3Uri", "s/processing_job/p1"), Evidence(rule="query-results"))
        graph = Graph(
            [asset("s3://data/q/", "artifact"), asset("p1", "processing_job"), asset("p2", "processing_job")],
            [
                edge("s3://data/q/", job, "input_to", "q", certainty="inferred", evidence=evidence)
                for job in ("p1", "p2")
            ],
        )
        rows = incident(Night(graph), root).rows
        assert {row.asset: row.status for row in rows if row.asset != "s3://data/q/"} == {
            "p1": "possible",
            "p2": "possible",
        }
        assert {row.because.partition(", ")[0] for row in rows} == {"read a part of it: what its own query wrote there"}

    def test_an_artifact_that_is_the_place_or_around_it(self) -> None:
        """What no dataset covers is read as recorded, with or without its slash."""
        assert told(incident(night(), "s3://data/other/x/y")) == {"t3": "certain"}
        assert told(incident(night(), "s3://data/oth")) == {"t3": "possible"}

    def test_a_name_that_only_begins_alike_is_a_sister(self) -> None:
        """`sets` is the folder that is known, and `sets-archive` is another."""
        text = PEDIGREE + "\n s3://data/sets-archive/(artifact) -input_to:train-> t4(training_job)"
        assert "t4" not in told(incident(night(text), "s3://data/sets"))

    def test_registered_content_leads_to_its_readers(self) -> None:
        """A registered dataset version that points at the place, and who read that."""
        text = PEDIGREE + f"\n {OLD} -content_of-> reg/1(dataset_version) -input_to-> t4(training_job)"
        found = told(incident(night(text), SETS))
        assert (found["reg/1"], found["t4"]) == ("certain", "certain")


class TestCertainty:
    def test_an_inferred_edge_on_the_way_makes_it_possible(self) -> None:
        """What follows is as certain as the weakest step to it."""
        text = PEDIGREE.replace("m/1(model_package) -packaged_as->", "m/1(model_package) -packaged_as~->")
        found = told(incident(night(text), SETS))
        assert (found["m/1"], found["m"], found["e"]) == ("certain", "possible", "possible")

    def test_another_way_may_be_certain(self) -> None:
        """The best of several ways counts."""
        text = PEDIGREE.replace("m/1(model_package) -packaged_as->", "m/1(model_package) -packaged_as~->")
        assert told(incident(night(text + "\n m/2 -packaged_as-> m"), SETS))["e"] == "certain"

    def test_which_of_two_states_is_no_question_for_the_whole_place(self) -> None:
        """Candidates among states of one dataset: all of them lie in it; one of them alone is possible."""
        text = f"{OLD}(dataset_version) -input_to~?-> t(training_job)\n {NEW}(dataset_version) -input_to~?-> t"
        graph = lineage(text)
        edges = [
            edge(one.source, "t", "input_to", certainty="inferred", candidate=True, evidence=("rule:dataset-at-start",))
            for one in graph.edges
        ]
        one = Night(Graph(graph.assets.values(), edges))
        assert told(incident(one, SETS)) == {"t": "certain"}
        assert told(incident(one, OLD)) == {"t": "possible"}


class TestWindow:
    @pytest.mark.parametrize(
        ("from_", "to", "hit"),
        [
            ("2026-11-10", None, {"t1", "t2"}),
            ("2026-11-11", None, {"t2"}),
            (None, "2026-11-10", {"t1"}),
            (None, "2026-11-09", set()),
            ("2026-11-10T08:00:00Z", "2026-11-20T08:00:00Z", {"t1"}),
            ("2026-11-10T08:00:01", "2026-11-20T08:00:01", {"t2"}),
            ("2026-11-10T10:00:00+02:00", "2026-11-10T10:00:01+02:00", {"t1"}),
            (None, "20261110", {"t1"}),
            ("2026-11-11", "9999-12-31", {"t2"}),
            ("0001-01-01", "9999-12-31", {"t1", "t2"}),
        ],
    )
    def test_from_is_in_it_and_to_is_not(self, from_: str | None, to: str | None, hit: set[str]) -> None:
        """A date as the end means to its end; who read outside is cleared, and nothing follows from that."""
        found = told(incident(night(), SETS, from_=from_, to=to))
        assert {one for one in ("t1", "t2") if found[one] == "certain"} == hit
        assert {one for one in ("t1", "t2") if found[one] == "cleared"} == {"t1", "t2"} - hit
        assert ("e" in found) is ("t1" in hit)

    def test_what_follows_is_hit_whenever_it_ran(self) -> None:
        """A job outside the window that was trained from a model of one inside is no longer cleared."""
        text = PEDIGREE + "\n m/1 -input_to:source_model-> t2"
        found = told(incident(night(text), SETS, to="2026-11-15"))
        assert found["t2"] == "certain"

    def test_a_reader_without_a_time_is_possible(self) -> None:
        """It may have run within."""
        facts = {**FACTS, "t1": {"created_at": None}}
        assert told(incident(night(facts=facts), SETS, from_="2026-11-01"))["t1"] == "possible"
        assert told(incident(night(facts=facts), SETS))["t1"] == "certain"

    @pytest.mark.parametrize(("from_", "to"), [("yesterday", None), ("2026-11-02", "2026-11-01"), ("2026-13-01", None)])
    def test_what_is_no_window_is_refused(self, from_: str | None, to: str | None) -> None:
        """Neither another language nor the wrong way round."""
        with pytest.raises(UsageError):
            incident(night(), SETS, from_=from_, to=to)


class TestWayBack:
    def last(self, found: Any) -> str | None:
        (row,) = [row for row in found.rows if row.kind == "endpoint"]
        return row.last_unaffected

    def test_the_newest_version_of_the_line_that_is_not_hit(self) -> None:
        """It stands on the endpoint; none where all are hit."""
        text = PEDIGREE + "\n g -has_version-> m/0(model_package)\n g -has_version-> m/9(model_package)"
        facts = {**FACTS, "m/0": {"created_at": "2026-01-01T00:00:00Z"}, "m/9": {"gone_since": 2}}
        assert self.last(incident(night(text, facts), SETS)) == "m/0"
        assert self.last(incident(night(text, facts), OLD)) == "m/2"
        assert self.last(incident(night(), SETS)) is None

    def test_the_way_back_is_never_what_was_asked_about(self) -> None:
        """Also of what was trained from it in its own line, in one window and in all of them at once."""
        text = f"{PEDIGREE}\n m/1 -input_to:source_model-> t2\n m/2 -packaged_as-> m"
        facts = {**FACTS, "m/1": {"created_at": "2026-11-10T09:00:00Z"}}
        known = incident(night(text, facts), "m/1").spread()
        assert self.last(incident(night(text, facts), "m/1", from_="2026-11-20")) is None
        assert in_window(known, "2026-11-20", "2026-11-21")[1] == {"e": None}
        assert known.members == ("m/1",)

    def test_a_copy_of_a_hit_version_is_hit(self) -> None:
        """A version and its copies are one version of the line."""
        text = PEDIGREE + "\n m/1 -copied_to-> p/1(model_package) -packaged_as-> pm(model) -deployed_to-> p(endpoint)"
        rows = {row.asset: row for row in incident(night(text), OLD).rows}
        assert rows["p"].last_unaffected == "m/2"


class TestUnknown:
    def test_a_denied_region_is_unknown(self) -> None:
        """It may hold readers, so that an empty answer is no proof there."""
        gap = Gap(operation="ListTrainingJobs", code="AccessDeniedException", message="")
        row = Coverage(
            account="1", region="r", source="sagemaker", status="partial", records=0, requests=1, gaps=(gap,)
        )
        found = incident(night(coverage=[row]), "s3://data/nobody/")
        assert [(one.why, one.partition) for one in found.unknown] == [("denied", "1/r/sagemaker")]

    def test_an_unresolved_reader_may_lead_further(self) -> None:
        """What no listing showed has followers that nobody knows."""
        facts = {**FACTS, "t2": {"attributes": {"unresolved": True}}}
        found = incident(night(facts=facts), SETS)
        assert [(one.asset, one.why) for one in found.unknown] == [("t2", "unresolved")]

    def test_a_place_behind_an_access_point_may_be_any(self) -> None:
        """No record says which bucket an alias is of, nor what a manifest lists that nobody read."""
        alias = "s3://ml-abc-s3alias/sets/"
        text = f"{PEDIGREE}\n {alias}(artifact) -input_to:train-> t4(training_job)"
        seen = night(text, {**FACTS, alias: {"attributes": {"unresolved": True}}})
        for found in (incident(seen, SETS), incident(seen, "s3://data/nobody/"), impact(seen, SETS)):
            assert [(one.asset, one.why) for one in found.unknown] == [(alias, "unresolved")]
        for read, unknown in ((False, [(alias, "not recorded")]), (True, [])):
            told = {**FACTS, alias: {"attributes": {"manifest": "ManifestFile", "expanded": read}}}
            found = incident(night(text, told), SETS)
            assert [(one.asset, one.why) for one in found.unknown] == unknown
        assert incident(seen, "t1").unknown == ()


# --- on generated pedigrees ---------------------------------------------------------------------------------------

FOLDERS = [f"s3://b/{text}" for text in ("", "a/", "a/b/", "a/b/c/", "ab/", "d/")]


@st.composite
def readers(draw: st.DrawFn) -> tuple[Graph, dict[str, tuple[str, str]]]:
    """Jobs that read artifacts at places, each with a model; job to its place and its start."""
    assets, edges, jobs = [], [], {}
    for number in range(draw(st.integers(1, 6))):
        place = draw(st.sampled_from(FOLDERS[1:]))
        day = draw(st.integers(1, 9))
        job = f"t{number}"
        jobs[job] = (place, f"2026-11-0{day}T12:00:00Z")
        assets += [
            asset(job, "training_job", attributes={"started_at": jobs[job][1]}),
            asset(f"m{number}", "model_package"),
        ]
        edges += [edge(place, job, "input_to", "train"), edge(job, f"m{number}", "produced")]
    assets += [asset(place, "artifact") for place in {place for place, _ in jobs.values()}]
    return Graph(assets, edges), jobs


@given(readers(), st.sampled_from(FOLDERS), st.integers(1, 9), st.integers(1, 9), st.booleans())
def test_who_read_what_when(drawn: Any, root: str, one: int, other: int, slash: bool) -> None:
    """Around the root is certain, within it possible, elsewhere no row; outside the window cleared, models follow."""
    graph, jobs = drawn
    first, last = min(one, other), max(one, other)
    known = any(place.startswith(root) for place, _ in jobs.values())
    asked = root if slash or not known else root.rstrip("/")
    found = told(incident(Night(graph), asked, from_=f"2026-11-0{first}", to=f"2026-11-0{last}"))
    expected: dict[str, str] = {}
    for job, (place, started) in jobs.items():
        if not (root.startswith(place) or place.startswith(root)):
            continue
        inside = f"2026-11-0{first}" <= started[:10] <= f"2026-11-0{last}"
        expected[job] = "cleared" if not inside else "certain" if root.startswith(place) else "possible"
        if inside:
            expected[job.replace("t", "m")] = expected[job]
    assert found == expected


def in_window(known: Spread, from_: str, to: str) -> tuple[dict[str, str], dict[str, str | None]]:
    """What the rows are in a window, and the versions to go back to, as a page tells it."""
    inside = {
        n for n, (_, at) in enumerate(known.readers) if at is None or f"{from_}T00:00:00Z" <= at < f"{to}T00:00:00Z"
    }
    rows = {one: "cleared" for one, _ in known.readers} | dict(known.always)
    rows |= {one: "possible" for one, several in known.possible.items() if inside & set(several)}
    rows |= {one: "certain" for one, several in known.certain.items() if inside & set(several)}

    def hit(one: str) -> bool:
        return one in known.members or rows.get(one, "cleared") != "cleared"

    back = {}
    for endpoint, several in known.ways_back.items():
        groups = {group for version, group in several if hit(version)}
        if len(groups) == 1:  # else that window has to be asked for
            sound = [version for version, ids in known.lines[groups.pop()] if not any(map(hit, ids))]
            back[endpoint] = next(iter(sound), None)
    return rows, back


@settings(max_examples=25)
@given(estates(), st.integers(1, 28), st.integers(0, 27))
def test_all_windows_at_once_are_each_of_them(graph: Graph, first: int, days: int) -> None:
    """Of any thing, in any window: the rows, and the version to go back to where that is told."""
    from_, to = f"2026-11-{first:02}", f"2026-11-{min(first + days, 29) + 1:02}"
    for root in graph.assets:
        known = incident(Night(graph), root).spread()
        found = incident(Night(graph), root, from_=from_, to=f"{to}T00:00:00Z")
        rows, back = in_window(known, from_, to)
        assert rows == told(found)
        for row in found.rows:
            if row.asset in back:
                assert row.last_unaffected == back[row.asset]


@settings(max_examples=25)
@given(estates())
def test_what_an_incident_reaches_is_what_depends_on_the_thing(graph: Graph) -> None:
    """In any window that holds all times, whatever the thing."""
    for root in graph.assets:
        assert told(incident(Night(graph), root)).keys() - {root} == {*reaches(graph, root).influence} - {root}


def test_a_job_that_had_ended_before_a_place_was_spoilt_is_not_hit() -> None:
    """A table that is written each night in the same place: what read it before is no follower of a later writer, and
    where only one that may have been hit was early enough, it is possible."""
    night = Night(
        lineage(
            """
            s3://raw/1(artifact) -input_to:train-> early(processing_job) -produced-> s3://features/(artifact)
            s3://raw/1 -input_to:train~-> earlier(processing_job) -produced-> s3://features/
            s3://features/ -same_as-> s3://alias/(artifact)
            s3://alias/ -input_to:train-> before(training_job)
            s3://alias/ -input_to:train-> perhaps(training_job) -produced-> weights(artifact)
            s3://features/ -input_to:train-> after(training_job)
            """,
            {
                "early": ran(10, 11),
                "earlier": ran(5, 6),
                "before": ran(3, 4),
                "perhaps": ran(7, 8),
                "after": ran(12, 13),
            },
        )
    )
    answer = incident(night, "s3://raw/1")
    sure = dict.fromkeys(("early", "after", "s3://features/", "s3://alias/"), "certain")
    assert told(answer) == {**sure, **dict.fromkeys(("earlier", "perhaps", "weights"), "possible")}
    assert told(incident(night, "s3://raw/1", from_="2026-11-09")) == {**sure, "earlier": "cleared"}
    rows, _ = in_window(answer.spread(), "2026-11-09", "2026-12-01")
    assert rows == {**sure, "earlier": "cleared"}


def ran(began: int, ended: int) -> dict[str, Any]:
    """Facts of a job that ran from one day of the month to another."""
    times = {"started_at": f"2026-11-{began:02}T08:00:00Z", "ended_at": f"2026-11-{ended:02}T08:00:00Z"}
    return {"attributes": times}


def test_a_job_that_may_never_have_run_is_no_certain_reader() -> None:
    """Stopped while it waited for a machine: nothing says that it started, so neither that it read nor that it did
    not; one that failed on its machine has read. The windows beside the page say the same."""
    waited = {"status": "Stopped", "created_at": "2026-11-10T08:00:00Z"}
    failed = waited | {"status": "Failed", "attributes": {"started_at": "2026-11-10T08:00:00Z"}}
    text = "s3://b/d/(dataset) -input_to:train-> waited(training_job)\ns3://b/d/ -input_to:train-> failed(training_job)"
    asked = night(text, {"waited": waited, "failed": failed}, keys={})
    answer = incident(asked, "s3://b/d/")
    told = {row.asset: (row.status, row.because) for row in answer.rows}

    assert told["failed"][0] == "certain"
    assert told["waited"][0] == "possible"
    assert told["waited"][1] == "was to read all of it, that it ever started is not recorded"
    spread = answer.spread()
    places = {name: number for number, (name, _) in enumerate(spread.readers)}
    assert spread.certain == {"failed": (places["failed"],)}
    assert spread.possible == {"waited": (places["waited"],)}
