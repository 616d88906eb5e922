from __future__ import annotations

import json
from dataclasses import replace
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st
from tests import pedigrees
from tests import small_catalog as small

from studbook.lineage.graph import Graph
from studbook.model import KINDS, Envelope, Evidence, Parts, Record
from studbook.queries.columns import columns_of
from studbook.render import views
from studbook.render.views.explore import LANES, chunks, explore, unchanged, upstream
from studbook.render.views.site import Site

DIGEST = "sha256:" + "0" * 64


def site_of(graph: Graph) -> Site:
    return Site(
        graph=graph,
        envelope=Envelope(
            number=1,
            taken_at="2026-11-22T02:00:00Z",
            generator="studbook test",
            config=DIGEST,
            coverage=(),
            parts=Parts(records=DIGEST, assets=DIGEST, edges=DIGEST),
            digest=DIGEST,
            previous=None,
            envelope=DIGEST,
        ),
    )


@st.composite
def pedigree(draw: st.DrawFn, circles: bool = False) -> Graph:
    """Up to two hundred assets; arrows lead from lower numbers to higher ones, or anywhere."""
    count = draw(st.integers(1, 200))
    pairs = draw(st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=120))
    arrows = {(a, b) if circles else (min(a, b), max(a, b)) for a, b in pairs if a != b}
    return Graph(
        [pedigrees.asset(f"a{n:03}", "training_job") for n in range(count)],
        [pedigrees.edge(f"a{a:03}", f"a{b:03}", "input_to") for a, b in sorted(arrows)],
    )


class TestColumns:
    @given(pedigree())
    def test_every_arrow_leads_to_a_higher_column(self, graph: Graph) -> None:
        """Who stands further right was made later in the pedigree."""
        columns = columns_of(graph)

        assert all(columns[edge.source] < columns[edge.target] for edge in graph.edges)

    @given(pedigree(circles=True))
    def test_a_circle_has_columns_too(self, graph: Graph) -> None:
        """Records that name each other in a circle are no reason to lose one."""
        assert columns_of(graph).keys() == graph.assets.keys()

    def test_what_begins_stands_before_its_first_use(self) -> None:
        """Code of a late job is not drawn at the far left."""
        graph = pedigrees.lineage("""
            data(dataset) -has_version-> v1(dataset_version) -input_to-> job(training_job) -produced-> m(model_package)
            code(code) -input_to-> job
        """)

        assert columns_of(graph)["code"] == columns_of(graph)["v1"]


class TestChunks:
    @given(pedigree(circles=True))
    def test_a_member_comes_with_every_edge_and_both_its_ends(self, graph: Graph) -> None:
        """Whoever has an asset's chunk can draw its whole neighbourhood."""
        site = site_of(graph)
        address = {site.link(asset_id)["path"]: asset_id for asset_id in graph.assets}
        seen: list[str] = []
        for _, data in chunks(site):
            ids = [address[node[0]] for node in data["nodes"]]
            members = ids[: data["members"]]
            seen += members
            lines = {(ids[edge[0]], ids[edge[1]]) for edge in data["edges"]}
            assert lines == {(e.source, e.target) for e in graph.edges if {e.source, e.target} & set(members)}
        assert sorted(seen) == sorted(graph.assets)

    @given(pedigree(circles=True))
    def test_a_node_says_how_many_neighbours_it_has_wherever_it_stands(self, graph: Graph) -> None:
        """So that what is not loaded yet is not taken for what is not there."""
        site = site_of(graph)
        address = {site.link(asset_id)["path"]: asset_id for asset_id in graph.assets}
        with patch("studbook.render.views.explore._CHUNK", 1):
            for _, data in chunks(site):
                for path, *_, up, down in data["nodes"]:
                    here = address[path]
                    assert up == len({edge.source for edge in graph.upstream(here)} - {here})
                    assert down == len({edge.target for edge in graph.downstream(here)} - {here})

    def test_strangers_stay_text(self) -> None:
        """A hostile name is a JSON string in the data, and nothing else."""
        site = site_of(Graph(small.assets(), small.edges()))
        chunk = (content for name, content in views.files(site) if name.startswith("explore/"))
        names = {node[1] for content in chunk for node in json.loads(content)["nodes"]}

        assert small.HOSTILE in names

    def test_a_change_of_one_asset_touches_few_chunks(self) -> None:
        """What a night changes is what has to be published."""
        graph = Graph([pedigrees.asset(f"a{n}", "training_job") for n in range(2000)], [])
        other = Graph([*list(graph.assets.values())[1:], pedigrees.asset("a0", "training_job", gone_since=2)], [])
        before, after = dict(chunks(site_of(graph))), dict(chunks(site_of(other)))

        assert before.keys() == after.keys()
        assert sum(before[name] != after[name] for name in before) == 1
        assert len(unchanged(graph, site_of(other))) == len(before) - 1

    @given(pedigree(circles=True), st.data())
    def test_what_is_kept_is_what_would_be_made(self, old: Graph, data: st.DataObject) -> None:
        """After any changes of assets and edges, a chunk that is taken from the build before is the same."""
        marked, gone = (data.draw(st.sets(st.sampled_from(sorted(old.assets)), max_size=2)) for _ in range(2))
        edges = [edge for edge in old.edges if not {edge.source, edge.target} & gone]
        edges = [edge for edge in edges if data.draw(st.integers(0, 9))]
        left = [asset for asset in old.assets.values() if asset.id not in gone]
        new = Graph([one.but(status="Odd", stale_since=2) if one.id in marked else one for one in left], edges)
        with patch("studbook.render.views.explore._CHUNK", 1):
            same, before, after = unchanged(old, site_of(new)), dict(chunks(site_of(old))), dict(chunks(site_of(new)))

        assert {name: after[name] for name in same} == {name: before[name] for name in same}


class TestUpstream:
    def test_an_arrow_has_its_field_and_the_value_there(self) -> None:
        """What an arrow of Explore tells: every edge that ends at an asset, the field that says so, and its value."""
        says = Evidence(
            record="sagemaker/training_job/job",
            operation="sagemaker:DescribeTrainingJob",
            path="InputDataConfig[0].Uri",
        )
        edge = replace(pedigrees.edge("data", "job", "input_to"), evidence=(says, Evidence(rule="of-names")))
        graph = Graph([pedigrees.asset("data", "dataset"), pedigrees.asset("job", "training_job")], [edge])
        body = {"InputDataConfig": [{"Uri": "s3://data/"}]}
        record = Record(
            source="sagemaker", kind="training_job", id="job", account=None, region=None, revision="1", body=body
        )
        site = replace(site_of(graph), records={("training_job", "job"): record})

        assert [one["source"] for one in upstream(site, graph.assets["job"])] == ["data"]
        assert upstream(site, graph.assets["job"])[0]["evidence"] == [
            {"field": "rule:of-names"},
            {"field": "sagemaker:DescribeTrainingJob#InputDataConfig[0].Uri of job", "value": "s3://data/"},
        ]


def test_every_kind_has_its_lane() -> None:
    """What a page draws in five lanes: each kind stands in one, jobs that judge in Judgement, what answers in Serve."""
    kinds = explore(site_of(Graph([], [])))["kinds"]
    lanes = {kind: LANES[told[3]] for kind, told in kinds.items()}

    assert lanes.keys() == KINDS.keys()
    assert lanes["dataset_version"] == "Data"
    assert lanes["training_job"] == "Build"
    assert lanes["model_package"] == lanes["mlflow_model_version"] == "Model"
    assert lanes["evaluation_job"] == lanes["evaluator_version"] == "Judgement"
    assert lanes["endpoint"] == lanes["model"] == "Serve"
