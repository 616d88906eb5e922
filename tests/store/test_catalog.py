from __future__ import annotations

import ast
import multiprocessing
import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.pedigrees import GROWN, PEDIGREE, asset, commit, edge, record

from studbook.errors import CatalogError
from studbook.lineage.graph import Graph
from studbook.model import Partition
from studbook.model.canonical import fields_of
from studbook.store import Catalog
from studbook.store.chunks import ASSETS, EDGES, RECORDS, chunks, place_of_asset, write_part


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path)


def files(catalog: Catalog) -> set[str]:
    return {str(path.relative_to(catalog.root)) for path in catalog.root.rglob("*") if path.is_file()}


class TestCommit:
    def test_what_is_written_is_read_back(self, catalog: Catalog) -> None:
        """Records, assets and edges come back equal and in canonical order, whatever order they came in."""
        records = [record("b"), record("a"), record("x", source="s3", region=None), record("y", account=None)]
        envelope = commit(catalog, PEDIGREE, records=records)
        assert [r.id for r in catalog.records(envelope)] == ["y", "x", "a", "b"]
        assert list(catalog.assets(envelope)) == list(PEDIGREE.assets.values())
        assert list(catalog.edges(envelope)) == PEDIGREE.edges

    def test_records_of_one_partition(self, catalog: Catalog) -> None:
        """A partition is read without the others."""
        other = record("b", region="eu-west-1")
        envelope = commit(catalog, PEDIGREE, records=[record("a"), other])
        assert list(catalog.records(envelope, Partition("111111111111", "eu-west-1", "sagemaker"))) == [other]

    def test_an_unchanged_night_adds_an_envelope_and_its_entry_and_no_object(self, catalog: Catalog) -> None:
        """Equal content has an equal digest; time and requests are in the envelope alone."""
        first = commit(catalog, PEDIGREE, records=[record("a")], night=1)
        before = files(catalog)
        second = commit(catalog, PEDIGREE, records=[record("a")], night=2)
        added = {"snapshots/2-2026-11-02T020000Z.json", "log/tile/0/000.p/2", "log/tile/entries/000.p/2"}
        assert files(catalog) - before == added
        assert (second.digest, second.parts) == (first.digest, first.parts)
        assert second.envelope != first.envelope

    def test_envelopes_are_chained(self, catalog: Catalog) -> None:
        """Each names the one before it, so that times and coverage are in the chain too."""
        first, second = commit(catalog, PEDIGREE, night=1), commit(catalog, PEDIGREE, night=2)
        assert (first.number, first.previous) == (1, None)
        assert (second.number, second.previous) == (2, first.envelope)

    def test_only_if_changed_adds_nothing_where_nothing_changed(self, catalog: Catalog) -> None:
        """A relink that comes to the same writes nothing, one that does not, does."""
        first = commit(catalog, PEDIGREE)
        assert commit(catalog, PEDIGREE, night=2, only_if_changed=True) == first
        assert commit(catalog, GROWN, night=2, only_if_changed=True).number == 2

    def test_two_catalogs_of_the_same_facts_are_the_same_bytes(self, tmp_path: Path) -> None:
        """Order and place of writing leave no trace in any object."""
        one, other = Catalog(tmp_path / "one"), Catalog(tmp_path / "other")
        commit(one, PEDIGREE)
        commit(other, PEDIGREE, assets=list(PEDIGREE.assets.values())[::-1], edges=PEDIGREE.edges[::-1])
        assert files(one) == files(other)
        assert all((one.root / name).read_bytes() == (other.root / name).read_bytes() for name in files(one))

    def test_a_row_told_twice_counts_once(self, catalog: Catalog) -> None:
        """A resource that two pages of a listing show is one record."""
        envelope = commit(catalog, PEDIGREE, records=[record("a"), record("a")])
        assert len(list(catalog.records(envelope))) == 1

    def test_two_rows_of_one_identity_are_refused(self, catalog: Catalog) -> None:
        """Which of them is true cannot be known here, and an arbitrary choice would differ from run to run."""
        with pytest.raises(CatalogError, match="two different records"):
            commit(catalog, PEDIGREE, records=[record("a"), record("a", revision="2")])
        with pytest.raises(CatalogError, match="two different assets"):
            commit(catalog, Graph([], []), assets=[asset("a", "model"), asset("a", "endpoint")])

    def test_an_edge_that_points_at_nothing_is_refused(self, catalog: Catalog) -> None:
        """Every end of every edge is an asset of the snapshot."""
        with pytest.raises(CatalogError, match="'nowhere'"):
            commit(catalog, Graph([asset("a", "model")], [edge("a", "nowhere", "packaged_as")]))
        assert catalog.latest() is None

    def test_what_json_cannot_say_is_text(self, catalog: Catalog) -> None:
        """NaN has no canonical form: it is kept as the text that says it, and costs nobody a night."""
        envelope = commit(catalog, Graph([asset("loss", "model", attributes={"loss": float("nan")})], []))

        assert [one.attributes for one in catalog.assets(envelope)] == [{"loss": "NaN"}]

    def test_a_number_that_is_taken_is_refused(self, catalog: Catalog) -> None:
        """Content that says 'first seen in 1' cannot become snapshot 2."""
        commit(catalog, PEDIGREE)
        with pytest.raises(CatalogError, match="another harvest wrote snapshot 1"):
            commit(catalog, GROWN, night=2, number=1)
        assert len(list(catalog.envelopes())) == 1


class TestCuts:
    def test_a_new_job_touches_one_chunk_of_its_kind_and_month(self, catalog: Catalog) -> None:
        """What is shared with the night before is shared on the disk."""
        months = [f"2026-{month:02}-03T00:00:00Z" for month in range(1, 12)]
        jobs = [asset(f"job-{month}", "training_job", created_at=month) for month in months]
        first = commit(catalog, Graph(jobs, []))
        second = commit(catalog, Graph([*jobs, asset("job-new", "training_job", created_at=months[-1])], []), night=2)
        before, after = (
            {chunk.object for chunk in chunks(catalog.objects, envelope.parts.assets)} for envelope in (first, second)
        )
        assert len(before) == 11
        assert len(after - before) == 1

    def test_a_row_that_comes_moves_no_cut_but_its_own(self, catalog: Catalog) -> None:
        """In a place of many rows, a row more changes one chunk, or cuts one in two."""
        many = [asset(f"job-{number:05}", "training_job") for number in range(8000)]
        wanted = [
            {c.object for c in chunks(catalog.objects, write_part(catalog.objects, ASSETS, rows, lambda _: PLACE))}
            for rows in (many, [*many[:4000], asset("job-03999-b", "training_job"), *many[4000:]])
        ]
        assert len(wanted[0]) > 2
        assert len(wanted[1] - wanted[0]) <= 2

    @given(
        st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
            st.sampled_from(["2026-01-02T", None, "2025-12-31T"]),
        )
    )
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
    def test_canonical_order_over_all_chunks(self, tmp_path: Path, drawn: dict[str, str | None]) -> None:
        """However rows are spread over chunks, they are read back by id, and whatever text an id is."""
        rows = [asset(name, "model", created_at=time) for name, time in drawn.items()]
        catalog = Catalog(tmp_path)
        envelope = commit(catalog, Graph(rows, []), number=None)
        assert list(catalog.assets(envelope)) == sorted(rows, key=lambda row: row.id)


PLACE = place_of_asset(asset("x", "training_job"))


class _Killed(BaseException):
    """As SIGKILL would: nothing after this runs, except what Python itself unwinds."""


class TestCrash:
    @pytest.mark.parametrize("step", ["mkstemp", "fsync", "rename", "link"])
    def test_at_any_point_leaves_the_catalog_as_it_was(
        self, catalog: Catalog, monkeypatch: pytest.MonkeyPatch, step: str
    ) -> None:
        """Killed before the n-th flush, rename or link, for every n: the first night stays whole."""
        first = commit(catalog, PEDIGREE)
        crashes = 0
        while True:
            with monkeypatch.context() as patch:
                _kill_at(patch, step, crashes)
                try:
                    commit(catalog, GROWN, night=2)
                except _Killed:
                    crashes += 1
                    if catalog.latest() != first:
                        # Killed after the envelope had its name: then the night is there, and whole.
                        assert step != "link"
                        break
                    assert catalog.verify() == []
                    assert list(catalog.assets(first)) == list(PEDIGREE.assets.values())
                    continue
            break
        assert crashes > (0 if step == "link" else 2)
        assert catalog.latest().number == 2  # type: ignore[union-attr]
        assert catalog.verify() == []

    def test_a_full_disk_is_an_error_that_names_the_file(
        self, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What the system says is passed on, and nothing unfinished stays behind."""

        def full(_: int) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            with pytest.raises(CatalogError, match="cannot be written: No space left on device"):
                commit(catalog, PEDIGREE)
        assert files(catalog) == set()


def _kill_at(patch: pytest.MonkeyPatch, step: str, number: int) -> None:
    import tempfile

    owner: Any = {"mkstemp": tempfile, "fsync": os, "rename": Path, "link": os}[step]
    real: Callable[..., Any] = getattr(owner, step)
    calls = iter(range(1_000_000))

    def dying(*args: Any, **kwargs: Any) -> Any:
        if next(calls) == number:
            raise _Killed
        return real(*args, **kwargs)

    patch.setattr(owner, step, dying)


def _one_of_two(root: str, night: int, barrier: Any, results: Any) -> None:
    catalog = Catalog(Path(root))
    catalog.latest()
    barrier.wait(timeout=30)
    try:
        results.put(commit(catalog, PEDIGREE if night % 2 else GROWN, night=night, number=1).number)
    except CatalogError as error:
        results.put(error.exit_code)


class TestTwoWriters:
    def test_cannot_both_win(self, tmp_path: Path) -> None:
        """Of two processes that write snapshot 1 at once, one writes it; the other's exit code is 4."""
        context = multiprocessing.get_context("fork")
        barrier, results = context.Barrier(2), context.Queue()
        writers = [
            context.Process(target=_one_of_two, args=(str(tmp_path), night, barrier, results)) for night in (1, 2)
        ]
        for writer in writers:
            writer.start()
        assert sorted(results.get(timeout=30) for _ in writers) == [1, 4]
        for writer in writers:
            writer.join(timeout=30)
        catalog = Catalog(tmp_path)
        assert [envelope.number for envelope in catalog.envelopes()] == [1]
        assert catalog.verify() == []


class TestAnswersWithoutAGraph:
    def test_one_record(self, catalog: Catalog) -> None:
        """A record is found by kind and id, and is None where there is none."""
        envelope = commit(catalog, PEDIGREE, records=[record("a"), record("b"), record("b", kind="endpoint")])
        record_of = catalog.record_of(envelope)
        assert record_of("endpoint", "b") == record("b", kind="endpoint")
        assert record_of("endpoint", "a") is None

    @settings(max_examples=25)
    @given(st.sets(st.text(min_size=1, max_size=6), max_size=40), st.text(max_size=6))
    def test_every_record_of_a_crowd(self, tmp_path_factory: pytest.TempPathFactory, ids: set[str], other: str) -> None:
        """Whatever its id is, and whatever its body looks like; no other one is taken for it."""
        catalog = Catalog(tmp_path_factory.mktemp("catalog"))
        kept = {one: record(one, body={"Doc": f',"id":"{one}","kind":"x"', "id": one}) for one in ids}
        record_of = catalog.record_of(commit(catalog, PEDIGREE, records=kept.values()))
        for one in kept.keys() | {other}:
            assert record_of("training_job", one) == kept.get(one)

    def test_a_few_assets(self, catalog: Catalog) -> None:
        """Those that are asked for, without the chunks that can hold none of them."""
        envelope = commit(catalog, PEDIGREE)
        wanted = PEDIGREE.assets["t"]
        for chunk in chunks(catalog.objects, envelope.parts.assets):
            if not chunk.first <= wanted.id <= chunk.last:
                digest = chunk.object.removeprefix("sha256:")
                (path,) = catalog.root.glob(f"objects/{digest[:2]}/{digest}*")
                path.unlink()
        assert list(catalog.assets_among(envelope, {wanted.id, "no such"})) == [wanted]
        with pytest.raises(CatalogError):
            list(catalog.assets(envelope))

    def test_counts_and_changes(self, catalog: Catalog) -> None:
        """How much a snapshot holds, and how many assets differ from the one before."""
        first = commit(catalog, PEDIGREE, records=[record("a")])
        changed = [asset("t", "training_job", status="Completed"), *(a for a in GROWN.assets.values() if a.id != "t")]
        second = commit(catalog, Graph(changed, GROWN.edges), night=2)
        assert catalog.counts(first) == {
            "records": 1,
            "assets": 5,
            "edges": 4,
            "findings": 0,
            "people": 0,
            "readings": 1,
        }
        assert len(catalog.changed(first, second)) == 2

    def test_history_of_an_asset(self, catalog: Catalog) -> None:
        """What an asset was, and what it came from, in every snapshot, those that lack it included."""
        commit(catalog, PEDIGREE)
        commit(catalog, GROWN, night=2)
        steps = [
            (envelope.number, found, edges)
            for envelope, found, edges in catalog.past(catalog.resolve("latest")).history(GROWN.assets["c"])
        ]
        assert steps == [(1, None, []), (2, GROWN.assets["c"], list(GROWN.upstream("c")))]

    @given(st.lists(st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["x", "y"])), min_size=1, max_size=6))
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
    def test_history_is_what_each_night_says(
        self, tmp_path_factory: pytest.TempPathFactory, nights: list[dict[str, str]]
    ) -> None:
        """Things come, change, go and come back: of each the history has what the lineage of every night has, and one
        object for as long as that stays the same."""
        catalog = Catalog(tmp_path_factory.mktemp("nights"))
        known: dict[int, Graph] = {}
        for number, night in enumerate(nights, 1):
            assets = [asset(name, "training_job", status=status) for name, status in night.items()]
            edges = [edge(one, "d", "input_to", night[one]) for one in night if one != "d" and "d" in night]
            known[number] = Graph(assets, edges)
            commit(catalog, known[number], night=number)
        for lineage in (None, known[len(nights)]):
            past = catalog.past(catalog.resolve("latest"), lineage)
            for name in "abcd":
                steps = list(past.history(asset(name, "training_job")))
                assert [(envelope.number, found, list(edges)) for envelope, found, edges in steps] == [
                    (number, graph.asset(name), sorted(graph.upstream(name), key=lambda edge: edge.key.order))
                    for number, graph in known.items()
                ]
                for (_, was, led), (_, found, leads) in pairwise(steps):
                    assert (found == was) == (found is was)
                    assert (list(leads) == list(led)) == (leads is led)


class TestParts:
    @pytest.mark.parametrize("part", [RECORDS, ASSETS, EDGES], ids=lambda part: part.name)
    def test_a_line_is_the_canonical_json_of_all_fields(self, part) -> None:
        """Nothing is left out of what is stored, so that nothing can change unseen."""
        rows = {"records": record("a"), "assets": asset("a", "model"), "edges": edge("a", "b", "produced")}
        row = rows[part.name]
        assert part.row(part.line(row)) == row
        assert all(f'"{name}":'.encode() in part.line(row) for name in fields_of(row))


class TestLayout:
    def test_nothing_else_knows_where_a_file_lies(self) -> None:
        """Who needs a file of the catalog asks the catalog for it: its name stands in one module."""
        names = {"studbook.yml", "waivers.yml", ".harvest", "index.sqlite"}
        source = Path(__file__).parents[2] / "src" / "studbook"
        found = {
            (str(path.relative_to(source)), node.value)
            for path in source.rglob("*.py")
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Constant) and node.value in names
        }

        assert {path for path, _ in found} == {"store/catalog.py"}

    def test_a_new_one_has_what_people_write_in(self, tmp_path: Path) -> None:
        """A configuration, a place for cards, the waivers and the format's description; git leaves out the caches."""
        catalog = Catalog(tmp_path / "catalog")
        catalog.create("accounts: []\n")

        assert files(catalog) == {"studbook.yml", "waivers.yml", "README.md", ".gitignore"}
        assert catalog.cards_folder.is_dir()
        assert catalog.settings().accounts == ()
