"""A lineage's index answers by numbers what its objects answer one by one."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from tests.pedigrees import ACCOUNT, asset, commit, edge
from tests.queries.generated_estates import estates
from tests.queries.test_incident import NEW, OLD, PEDIGREE, SETS, night

from studbook.answer_table import answer_table
from studbook.lineage.graph import Graph
from studbook.queries import QUESTIONS
from studbook.queries.answer import Answer, LazyRows, Night
from studbook.store import Catalog


def told(answer: Answer) -> dict[str, object]:
    """All that an answer says, and its first rows as a program and as a person meet them."""
    first = {f"first {limit}": list(answer.rows[:limit]) for limit in (1, 3)}
    shown = {f"shown {limit}": answer_table(answer, str, str, limit) for limit in (1, 3)}
    return answer.told() | answer.more() | first | shown


@settings(max_examples=8)
@given(estates(context=True))
def test_the_index_answers_as_the_objects_do(graph: Graph) -> None:
    """Every question of every asset: rows, counts, sentence and what is unknown, and the rows that are shown first."""
    with TemporaryDirectory() as folder:
        catalog = Catalog(Path(folder))
        envelope = commit(catalog, graph)
        with catalog.index(envelope) as index:
            read, held = Night.of(catalog, envelope, index), Night.of(catalog, envelope, graph)
            assert told(QUESTIONS["runs"].ask(read, ACCOUNT)) == told(QUESTIONS["runs"].ask(held, ACCOUNT))
            for one in graph.assets.values():
                for name, question in QUESTIONS.items():
                    if question.is_asked_of(one.kind):
                        assert told(question.ask(read, one.id)) == told(question.ask(held, one.id)), (name, one.id)
                for window in ({"from_": "2026-11-10"}, {"to": "2026-11-10"}):
                    found = [QUESTIONS["incident"].ask(night, one.id, **window) for night in (read, held)]
                    assert told(found[0]) == told(found[1])


@pytest.fixture
def crowd() -> Graph:
    """An image that sixty jobs used; what half of them wrote was registered, a third of the jobs is only named."""
    jobs = [
        asset(f"job-{n:02}", "training_job", attributes={"unresolved": True} if n % 3 == 0 else {}) for n in range(60)
    ]
    made = [asset(f"bot/{n}", "model_package", stale_since=2) for n in range(0, 60, 2)]
    edges = [edge("image", job.id, "input_to", "image") for job in jobs]
    edges += [
        edge(f"job-{n:02}", f"bot/{n}", "produced", certainty="inferred" if n else "declared") for n in range(0, 60, 2)
    ]
    return Graph([asset("image", "container_image"), *jobs, *made], edges)


@pytest.mark.parametrize("question", ["impact", "incident"])
def test_rows_of_a_crowd_are_made_when_they_are_looked_at(tmp_path: Path, crowd: Graph, question: str) -> None:
    """All are counted; the first are the same as those of all, and unknowns beyond twenty of a kind are a number."""
    catalog = Catalog(tmp_path)
    envelope = commit(catalog, crowd)
    with catalog.index(envelope) as index:
        read, held = (QUESTIONS[question].ask(Night(of), "image") for of in (index, crowd))
        assert isinstance(read.rows, LazyRows)
        assert read.total == held.total == 90
        assert read.rows[:7] == held.rows[:7] == tuple(held.rows)[:7]
        assert read.foremost(7) == held.foremost(7) == tuple(held.foremost())[:7]
        assert [one.kind for one in read.foremost(1)] == ["model_package"]
        assert [one.what for one in read.unknown] == [one.what for one in held.unknown]
        assert next(one.what for one in read.unknown) == "30 model versions"
        assert len(read.unknown) == 21
        assert read.summary == held.summary


@pytest.mark.parametrize("root", ["s3://data/", SETS, f"{SETS}train/", f"{SETS}held/", OLD, NEW])
def test_what_was_read_in_parts(tmp_path: Path, root: str) -> None:
    """Readers of a place inside of a dataset or one of its states, with a manifest and without, in several channels."""
    text = PEDIGREE + f"\n {SETS} -input_to:train-> t4(training_job)\n {SETS} -input_to:a-> t4\n {NEW} -input_to:b-> t4"
    parts = {"t1": f"{SETS}train/", "t2": "", "t4": f"{SETS}train/0"}
    for keys in ({}, {NEW: ("train/0", "held/0")}):
        held = night(text, keys=keys, parts=parts)
        catalog = Catalog(tmp_path / str(len(keys)))
        with catalog.index(commit(catalog, held.lineage)) as index:
            read = Night(index, record_of=held.record_of)
            assert told(QUESTIONS["incident"].ask(read, root)) == told(QUESTIONS["incident"].ask(held, root))
