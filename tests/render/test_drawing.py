from __future__ import annotations

import random
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests import small_catalog as small

from studbook.drawing import Drafting, draw, neighbourhood
from studbook.errors import BuildError
from studbook.lineage.graph import Graph
from studbook.model import Asset, Edge
from studbook.words import called, in_lines, reference, shortened, shown

GRAPH = Graph(small.assets(), small.edges())
SVG = "{http://www.w3.org/2000/svg}"


def fan(readers: int) -> Graph:
    """One dataset and many jobs that read it."""
    jobs = [Asset(id=f"job-{n:04}", kind="training_job", name=f"job-{n}") for n in range(readers)]
    reads = [
        Edge(
            source="data", target=job.id, relation="input_to", role="train", certainty="referenced", evidence=("x:Y#z",)
        )
        for job in jobs
    ]
    return Graph([Asset(id="data", kind="dataset", name="data"), *jobs], reads)


def picture_of(asset_id: str, graph: Graph = GRAPH) -> str:
    picture = neighbourhood(graph, graph.assets[asset_id])
    [layout] = Drafting().lay_out([picture])
    return str(draw(picture, layout, title="Lineage"))


class TestNeighbourhood:
    def test_shows_both_directions(self) -> None:
        """A model version's picture has its base model on one side and its endpoint on the other."""
        shown_ids = {box.asset.id for box in neighbourhood(GRAPH, GRAPH.assets[small.PACKAGE_2]).boxes if box.asset}

        assert {
            small.BASE_1,
            small.DATA_1,
            small.RUN,
            small.ENDPOINT,
            small.EVALUATION,
        } <= shown_ids

    def test_counts_what_is_left_out(self) -> None:
        """A dataset with 100 readers shows 29 of them, and one box for the 71 others."""
        boxes = neighbourhood(fan(100), fan(100).assets["data"]).boxes

        assert [box.hidden for box in boxes if box.asset is None] == [71]
        assert len(boxes) == 31

    def test_gives_both_sides_room(self) -> None:
        """Many readers do not push the origins out of the picture."""
        graph = fan(100)
        origin = Asset(id="origin", kind="artifact", name="origin")
        arrow = Edge(source="origin", target="data", relation="content_of", certainty="declared", evidence=("x:Y#z",))
        graph = Graph([*graph.assets.values(), origin], [*graph.edges, arrow])

        assert any(box.asset is origin for box in neighbourhood(graph, graph.assets["data"]).boxes)

    def test_ends_where_edges_run_in_a_circle(self) -> None:
        """Two assets that point at each other are drawn once each."""
        pair = [Asset(id=name, kind="artifact", name=name) for name in "ab"]
        arrows = [
            Edge(source=a, target=b, relation="same_as", certainty="inferred", evidence=("rule:x",))
            for a, b in ("ab", "ba")
        ]

        assert len(neighbourhood(Graph(pair, arrows), pair[0]).boxes) == 2


class TestDot:
    def test_says_nothing_that_a_stranger_wrote(self) -> None:
        """The text for graphviz is numbers and sizes, whatever the names are."""
        picture = neighbourhood(GRAPH, GRAPH.assets[small.STRANGER])

        assert re.fullmatch(
            r"digraph \{ graph \[[a-zA-Z0-9=. ]+\] node \[[a-z0-9=.\" ]+\] edge \[dir=none\]\n(n\d+( -> n\d+)?\n)+\}\n",
            picture.dot,
        )

    def test_is_the_same_for_any_order_of_the_lineage(self) -> None:
        """Assets and edges in another order give the same pictures."""
        assets, edges = small.assets(), small.edges()
        random.Random(7).shuffle(assets)
        random.Random(8).shuffle(edges)
        other = Graph(assets, edges)

        for asset in GRAPH.assets.values():
            assert neighbourhood(other, other.assets[asset.id]) == neighbourhood(GRAPH, asset)


class TestDrafting:
    def test_a_batch_draws_what_one_alone_draws(self) -> None:
        """A picture's layout does not depend on what is laid out beside it, nor on the order."""
        pictures = [neighbourhood(GRAPH, asset) for asset in GRAPH.assets.values()]
        together = Drafting().lay_out(pictures)

        assert Drafting().lay_out(pictures[::-1]) == together[::-1]
        assert [Drafting().lay_out([picture])[0] for picture in pictures[:5]] == together[:5]

    def test_a_kept_layout_is_not_drawn_again(self, tmp_path: Path) -> None:
        """With a filled cache the program is not even needed to draw; it only says its version."""
        picture = neighbourhood(GRAPH, GRAPH.assets[small.JOB])
        first = Drafting(tmp_path).lay_out([picture])
        again = Drafting(tmp_path)
        again._run = lambda graphs: pytest.fail("drawn again")  # type: ignore[method-assign]

        assert again.lay_out([picture]) == first

    def test_without_graphviz_the_error_names_the_way_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where there is no dot program, the error says how to get it."""
        monkeypatch.setenv("PATH", "")
        with pytest.raises(BuildError) as caught:
            Drafting().lay_out([neighbourhood(GRAPH, GRAPH.assets[small.JOB])])

        assert "apt-get install graphviz" in str(caught.value.hint)


class TestDraw:
    def test_is_well_formed_with_hostile_names(self) -> None:
        """A name full of markup is text in the picture, and its link is the safe page path."""
        root = ElementTree.fromstring(picture_of(small.STRANGER))

        assert not [node for node in root.iter() if node.tag == f"{SVG}script"]
        titles = [node.text or "" for node in root.iter(f"{SVG}title")]
        assert any(small.HOSTILE in title for title in titles)
        assert all(
            re.fullmatch(r"(\.\./\.\./[a-z-]+/[a-z0-9-]+/|\.\./\.\./explore/#[a-z-]+/[a-z0-9-]+/)", a.attrib["href"])
            for a in root.iter(f"{SVG}a")
        )

    def test_marks_certainty_and_state(self) -> None:
        """Inferred lines, unresolved ends and stale assets have classes of their own."""
        assert 'class="sb-edge sb-inferred"' in picture_of(small.JOB)
        assert "sb-is-unresolved" in picture_of(small.STRANGER)
        assert "sb-is-stale" in picture_of(small.STRANGER)

    def test_names_the_page_itself(self) -> None:
        """The page's own asset is marked for assistive technology."""
        assert picture_of(small.JOB).count('aria-current="page"') == 1

    @pytest.mark.parametrize(
        ("at", "caption"),
        [
            ("dev", "Training job · dev"),
            ("ml-dev · development", "Training job · ml-dev"),
            ("machine-learning · eu-west-1", "Training job …hine-learning"),
        ],
    )
    def test_a_box_has_room_for_the_account_before_all_else_of_a_place(self, at: str, caption: str) -> None:
        """Half a region is worth less than the account; all of it shows where one points at the box."""
        picture = neighbourhood(GRAPH, GRAPH.assets[small.JOB])
        [layout] = Drafting().lay_out([picture])
        drawn = draw(picture, layout, title="Lineage", told=lambda asset: reference(asset, asset.id, (), at))
        root = ElementTree.fromstring(str(drawn))
        box = next(node for node in root.iter(f"{SVG}a") if node.get("aria-current"))
        assert next(node.text for node in box.iter(f"{SVG}text")) == caption
        assert at in next(str(node.text) for node in box.iter(f"{SVG}title"))


class TestShown:
    def test_makes_direction_changes_visible(self) -> None:
        """A right-to-left override cannot turn a name around."""
        assert shown("good\u202egpj.exe") == "good\ufffdgpj.exe"

    def test_keeps_the_end_of_long_names(self) -> None:
        """Versions are at the end, so the middle is cut."""
        assert shortened("support-assistant-sft-2026-11-20", 21) == "support-as…2026-11-20"

    def test_counts_wide_characters_twice(self) -> None:
        """Chinese characters take two places each."""
        assert shortened("模型" * 10, 11) == "模型…模型"


class TestInLines:
    @pytest.mark.parametrize(
        ("name", "lines"),
        [
            ("support-bot 4", ("support-bot 4",)),
            ("support-bot-eval-rlvr-20261119", ("support-bot-eval-", "rlvr-20261119")),
            ("djl-inference:0.34.0-lmi16.0.0-cu128", ("djl-inference:", "0.34.0-l…0.0-cu128")),
            ("meta-textgeneration-llama", ("meta-", "textgene…ion-llama")),
            ("x" * 60, ("xxxxxxxx…xxxxxxxxx",)),
            ("模型" * 6, ("模型模型模型模型模", "型模型")),
            ("support-bot 2 · prod", ("support-bot 2", "prod")),
            ("support-bot-prod-1 · prod", ("support-bot-prod-1", "prod")),
            ("fraud · prod · us-west-2", ("fraud · prod", "us-west-2")),
        ],
    )
    def test_breaks_a_name_where_it_has_parts(self, name: str, lines: tuple[str, ...]) -> None:
        """Two lines tell two jobs of one prefix apart; no line is longer than the box has room for, none breaks a
        word, and what tells a name from its namesakes stands together."""
        assert in_lines(name, 18) == lines


class TestCalled:
    def test_versions_of_one_name_can_be_told_apart(self) -> None:
        """Hub content has the same name in every version, so the version is said."""
        version = Asset(id="x", kind="base_model_version", name="llama", attributes={"version": "1.2.0"})

        assert called(version) == "llama 1.2.0"
        assert called(Asset(id="y", kind="model_package", name="bot/2", attributes={"version": 2})) == "bot/2"
