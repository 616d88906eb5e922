from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.pedigrees import asset, commit, lineage

from studbook.lineage.graph import Graph
from studbook.queries.walks import made, reaches
from studbook.store import Catalog
from studbook.store.chunks import chunks
from studbook.store.index import Index

PEDIGREE = lineage("""
    base(base_model) -same_as-> twin(base_model) -input_to:base_model-> t(training_job)
    chats/1(dataset_version) -input_to:train~?-> t -produced-> arn:x:model-package/bot/1(model_package)
    arn:x:model-package/bot/1 -input_to:evaluated_model-> exam(evaluation_job)
""")
OTHER = lineage("t(training_job) -produced-> arn:x:model-package/bot/2(model_package)")


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    catalog = Catalog(tmp_path)
    commit(catalog, PEDIGREE, night=1)
    commit(catalog, OTHER, night=2)
    return catalog


def same(index: Index, graph: Graph) -> bool:
    """Whether the index answers every question as the graph does."""
    return all(
        index.asset(one) == graph.asset(one)
        and list(index.upstream(one)) == list(graph.upstream(one))
        and list(index.downstream(one)) == list(graph.downstream(one))
        and list(index.downstream(one, "input_to", "train")) == list(graph.downstream(one, "input_to", "train"))
        and list(index.upstream(one, "same_as")) == list(graph.upstream(one, "same_as"))
        and list(index.beginning(one[:-1])) == list(graph.beginning(one[:-1]))
        for one in {*PEDIGREE.assets, *OTHER.assets, "nothing"}
    )


class TestIndex:
    def test_answers_as_the_graph_in_memory(self, catalog: Catalog) -> None:
        """Every asset, every edge, and so every walk, is the same."""
        with catalog.index(catalog.resolve("1")) as index:
            assert same(index, PEDIGREE)
            for one in PEDIGREE.assets:
                assert made(index, one) == made(PEDIGREE, one)
                assert reaches(index, one) == reaches(PEDIGREE, one)

    def test_what_is_read_ahead_answers_the_same(self, catalog: Catalog) -> None:
        """Also of one relation, asked again; and what was read ahead for that relation alone is not taken for more."""
        with catalog.index(catalog.resolve("1")) as index:
            index.prefetch(PEDIGREE.assets, "downstream", "input_to")
            assert same(index, PEDIGREE)
            index.prefetch(PEDIGREE.assets, "downstream")
            index.prefetch(PEDIGREE.assets, "upstream")
            assert same(index, PEDIGREE)
            assert same(index, PEDIGREE)

    def test_knows_where_an_answer_may_end_too_early(self, tmp_path: Path) -> None:
        """As the graph does: at what is stale, at what nothing leads to, and at an endpoint between two states."""
        text = """
            m(model) -deployed_to-> c(endpoint_config) -deployed_to-> new(endpoint)
            c -deployed_to-> mixed(endpoint)
            c -deployed_to-> old(endpoint)
            c -deployed_to-> sound(endpoint)
        """
        facts = {
            "new": {"status": "Updating", "attributes": {"config": "c", "pending": {"config": "d"}}},
            "mixed": {"status": "UpdateRollbackFailed"},
            "old": {"status": "InService", "stale_since": 1},
            "sound": {"status": "InService", "attributes": {"config": "c", "pending": {"config": "c"}}},
        }
        graph, catalog = lineage(text, facts), Catalog(tmp_path)
        commit(catalog, graph, night=1)
        with catalog.index(catalog.resolve("1")) as index:
            for kind, unsure in (("endpoint", ["mixed", "new", "old"]), ("model", ["m"]), ("endpoint_config", [])):
                for lineage_of in (index, graph):
                    assert sorted(one.id for one in lineage_of.of_kind(kind, unsure=True)) == unsure

    def test_follows_the_snapshot_that_is_asked_for(self, catalog: Catalog) -> None:
        """To a later snapshot and back, nothing of the other is left."""
        for name, graph in (("1", PEDIGREE), ("2", OTHER), ("1", PEDIGREE)):
            with catalog.index(catalog.resolve(name)) as index:
                assert same(index, graph)

    def test_replaces_only_the_chunks_that_differ(self, catalog: Catalog) -> None:
        """What two snapshots share is not read again: it can be missing."""
        many = [asset(f"old-{n}", "model", created_at="2025-01-01T00:00:00Z") for n in range(3)]
        first = commit(catalog, Graph(many, []), night=3)
        with catalog.index(first):
            pass
        second = commit(catalog, Graph([*many, asset("new", "model")], []), night=4)
        shared, new = sorted(chunks(catalog.objects, second.parts.assets), key=lambda chunk: chunk.rows, reverse=True)
        assert (shared.rows, new.rows) == (3, 1)
        catalog.objects.path(shared.object).unlink()
        with catalog.index(second) as index:
            assert index.asset("new") is not None
            assert index.asset("old-1") is not None

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda path: path.unlink(),
            lambda path: path.write_bytes(b"this is no database, and long enough to be read as one" * 100),
            lambda path: sqlite3.connect(path).execute("PRAGMA user_version = 77").connection.close(),
        ],
        ids=["deleted", "rubbish", "of another version"],
    )
    def test_is_made_again_where_it_cannot_be_used(self, catalog: Catalog, spoil) -> None:
        """A cache is never the truth."""
        envelope = catalog.resolve("1")
        with catalog.index(envelope):
            pass
        spoil(catalog.index_file)
        with catalog.index(envelope) as index:
            assert same(index, PEDIGREE)

    def test_needs_no_writable_folder(self, catalog: Catalog) -> None:
        """Where the file cannot be written the answer comes from memory."""
        catalog.index_file.mkdir()
        with catalog.index(catalog.resolve("1")) as index:
            assert same(index, PEDIGREE)

    def test_two_readers_of_two_snapshots_both_get_theirs(
        self, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """While one reads, another who wants another night does not wait for ever, and takes nothing away."""
        monkeypatch.setattr("studbook.store.index._PATIENCE", 0.05)
        with catalog.index(catalog.resolve("1")) as one, catalog.index(catalog.resolve("2")) as other:
            assert same(one, PEDIGREE)
            assert same(other, OTHER)


class TestDamageFurtherIn:
    def test_a_page_in_the_middle(self, tmp_path: Path) -> None:
        """A file that opens and is broken behind its head is made again; the answers are those of the chunks."""
        catalog = Catalog(tmp_path)
        graph = Graph([asset(f"arn:x:{n}", "artifact", name="n" * 100) for n in range(300)], [])
        envelope = commit(catalog, graph)
        catalog.index(envelope).__exit__(None, None, None)
        path = catalog.index_file
        whole = path.read_bytes()
        path.write_bytes(whole[:16384] + b"\xa5" * (len(whole) - 16384))
        with catalog.index(envelope) as index:
            assert [index.asset(asset_id) for asset_id in graph.assets] == list(graph.assets.values())
        with closing(sqlite3.connect(path)) as mended:
            assert mended.execute("PRAGMA integrity_check").fetchone() == ("ok",)

    def test_a_line_in_the_middle(self, tmp_path: Path) -> None:
        """A row that SQLite takes for sound and that is no asset is a damage too."""
        catalog = Catalog(tmp_path)
        graph = Graph([asset("arn:x:bot", "endpoint")], [])
        envelope = commit(catalog, graph)
        catalog.index(envelope).__exit__(None, None, None)
        with closing(sqlite3.connect(catalog.index_file)) as connection, connection:
            connection.execute("UPDATE asset SET line = x'7b'")
        with catalog.index(envelope) as index:
            assert index.named("arn:x:bot")[0].kind == "endpoint"
