"""What holds of the answers over any estate."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given, settings
from tests.queries.generated_estates import estates

from studbook.lineage.graph import Direction, Graph
from studbook.model import Asset
from studbook.model.kinds import JOB_KINDS
from studbook.queries import QUESTIONS
from studbook.queries.answer import Answer, Night
from studbook.queries.candidates import candidates
from studbook.queries.copies import copies
from studbook.queries.impact import impact
from studbook.queries.runs import Run, runs
from studbook.queries.scores import scores
from studbook.queries.trace import trace
from studbook.queries.walks import around, copies_of, made, reaches
from studbook.queries.walks.influence import steps_from

FEW = settings(max_examples=40)
"""An estate holds many cases at once."""


def of(graph: Graph, kind: str) -> list[str]:
    return [asset.id for asset in graph.of_kind(kind)]


def live_rows(graph: Graph) -> list[Run]:
    return [row for endpoint in of(graph, "endpoint") for row in runs(Night(graph), endpoint).rows]


@FEW
@given(estates())
def test_where_a_version_runs_is_what_its_endpoints_run(graph: Graph) -> None:
    """`runs` of a version is the inverse of `runs` of all endpoints."""
    rows = live_rows(graph)
    for version in of(graph, "model_package"):
        mine = set(copies_of(graph, [version]))
        assert list(runs(Night(graph), version).rows) == [row for row in rows if row.version in mine]
    assert [row for row in rows if graph.assets[row.endpoint].gone_since is not None] == []
    (account,) = {asset.account for asset in graph.assets.values()}
    assert account is not None
    if rows:
        assert list(runs(Night(graph), account).rows) == rows


@FEW
@given(estates())
def test_what_made_a_thing_reaches_it(graph: Graph) -> None:
    """A trace and an impact are converses, as far as influence goes."""
    up = {(one, asset) for asset in graph.assets for one in made(graph, asset).influence}
    down = {(asset, one) for asset in graph.assets for one in reaches(graph, asset).influence}
    assert up == down


@FEW
@given(estates(context=True))
def test_a_picture_has_every_step_of_both_walks(graph: Graph) -> None:
    """With room for all, the nearest of both sides are all that influence joins to the root, and its context, with the
    same edges; whatever the other side met before."""
    for root in graph.assets.values():
        steps = [
            hop
            for walk in (made(graph, root.id), reaches(graph, root.id))
            for near in walk.influence
            for hop in walk.hops[near]
        ]
        picture = around(graph, root, len(graph.assets))
        assert {asset.id for asset in picture.assets} == {root.id, *(hop.asset.id for hop in steps)}
        assert {edge.key for group in picture.edges.values() for edge in group} == {hop.edge.key for hop in steps}


@FEW
@given(estates())
def test_nobody_reads_what_is_written_later(graph: Graph) -> None:
    """What joins two things is a way on which no job begins, and nothing is made that is deployed, after the one has
    ended that reads the same place or asks the same endpoint, or after the version was registered that lies there: each
    such way counts, and no other. Here all are gone, with the whole of each."""
    for root in graph.assets.values():
        for direction, walk in (("upstream", made), ("downstream", reaches)):
            assert set(walk(graph, root.id).influence) == _on_ways_in_time(graph, root, direction)


def _on_ways_in_time(graph: Graph, root: Asset, direction: Direction) -> set[str]:
    """Depth first over pairs of an asset and the job, or version, that one came from, with only data between them."""
    seen: set[tuple[str, str | None]] = set()
    ahead: list[tuple[Asset, Asset | None]] = [(root, None)]
    while ahead:
        here, job = ahead.pop()
        if (here.id, job.id if job else None) in seen:
            continue
        seen.add((here.id, job.id if job else None))
        for _, end, onward in steps_from(graph, direction, here, here is root):
            there = graph.assets[end]
            earlier, later = (job, there) if direction == "downstream" else (there, job)
            if job is not None and _began(earlier) > _ended(later):
                continue
            if onward:
                came_by = here if here.kind in _TIMED and here.kind not in _CARRYING else job
                ahead.append((there, came_by if there.kind in _CARRYING else None))
    return {asset_id for asset_id, _ in seen}


_CARRYING = ("artifact", "dataset_version", "endpoint", "inference_component")
_TIMED = (*JOB_KINDS, "model_package", "model", "endpoint_config", "endpoint", "inference_component")


def _began(asset: Asset | None) -> str:
    if asset is None or asset.kind not in _TIMED:
        return ""
    return str(asset.attributes.get("started_at") or asset.created_at)


def _ended(asset: Asset | None) -> str:
    if asset is not None and asset.kind == "model_package":
        return str(asset.created_at)
    ended = asset.attributes.get("ended_at") if asset is not None and asset.kind in JOB_KINDS else None
    return str(ended or "9999")


@FEW
@given(estates())
def test_a_row_of_a_trace_is_joined_to_the_root_by_as_sure_a_way(graph: Graph) -> None:
    """Each row's neighbour towards the root is nearer on its way, joined by an edge no weaker than is said."""
    strength = {"referenced": 0, "declared": 1, "inferred": 2}
    for root in graph.assets:
        for answer in (trace(Night(graph), root), impact(Night(graph), root)):
            rows = {row.asset: row for row in answer.rows}
            assert answer.total == len(answer.rows) == len(answer.walk.assets) - 1
            for row in answer.rows:
                towards = rows.get(row.via)
                assert row.via == root or towards is not None
                between = [
                    strength[edge.certainty]
                    for edge in answer.walk.edges
                    if {edge.source, edge.target} == {row.asset, row.via}
                ]
                assert min(between) <= strength[row.certainty]
                # Not exactly one nearer: what is shown nearby as context may be followed only on a longer way.
                assert min(_distances_around(answer, row.asset)) < row.distance


def _distances_around(answer: Answer, asset_id: str) -> Iterator[int]:
    """How far from the root those are with which an asset shares an edge, the root itself at 0."""
    distances = {answer.walk.root.id: 0, **{row.asset: row.distance for row in answer.rows}}
    for edge in answer.walk.edges:
        if asset_id in (edge.source, edge.target):
            yield distances[edge.target if edge.source == asset_id else edge.source]


@FEW
@given(estates())
def test_every_row_is_an_edge_that_somebody_recorded(graph: Graph) -> None:
    """Of copies the edge itself, of runs the last one on the way, of scores the one to what was judged."""
    night = Night(graph)
    edges = {(edge.source, edge.target, edge.relation) for edge in graph.edges}
    for row in live_rows(graph):
        assert (row.via, row.endpoint, "deployed_to") in edges
    for version in of(graph, "model_package"):
        for copy in copies(night, version).rows:
            assert (copy.from_, copy.to, "copied_to") in edges
        for score in scores(night, version).rows:
            for end in (score.judged, score.evaluator, score.data):
                assert end is None or (end, score.job, "input_to") in edges


@FEW
@given(estates())
def test_the_tree_of_copies_is_one_whichever_copy_is_asked(graph: Graph) -> None:
    """And so are the scores of a version, which are those of all its copies."""
    night = Night(graph)
    for version in of(graph, "model_package"):
        tree = copies(night, version)
        for row in tree.rows:
            assert copies(night, row.to).rows == tree.rows
            assert scores(night, row.to).rows == scores(night, version).rows


@FEW
@given(estates())
def test_a_candidate_is_newer_is_of_the_line_and_does_not_serve(graph: Graph) -> None:
    """Nothing is its own candidate, and none was registered before what it is held against."""
    for asked in (*of(graph, "model_package"), *of(graph, "endpoint"), *of(graph, "model_package_group")):
        for row in candidates(Night(graph), asked).rows:
            there, here = graph.assets[row.version], graph.assets[row.against]
            assert (there.created_at or "") > (here.created_at or "")
            assert row.against not in {row.version, *row.copies}
            if graph.assets[asked].kind == "endpoint":
                serving = {run.version for run in runs(Night(graph), asked).rows if not (run.shadow or run.candidate)}
                assert not serving & {row.version, *row.copies}


def answers(graph: Graph) -> Iterator[Answer]:
    for asset in graph.assets.values():
        for name in ("trace", "impact", "runs", "copies", "scores", "candidates"):
            if QUESTIONS[name].is_asked_of(asset.kind):
                yield QUESTIONS[name].ask(Night(graph), asset.id)


@FEW
@given(estates())
def test_the_order_of_rows_in_the_catalog_does_not_matter(graph: Graph) -> None:
    """The same answers, word for word, whatever order assets and edges come in."""
    again = Graph(reversed(list(graph.assets.values())), reversed(graph.edges))
    for one, other in zip(answers(graph), answers(again), strict=True):
        assert (one.summary, one.rows, one.unknown) == (other.summary, other.rows, other.unknown)
        assert one.summary.endswith(".")
