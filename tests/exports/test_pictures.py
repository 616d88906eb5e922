"""Answers as pictures: Mermaid, DOT (by Graphviz' own `dot`) and SVG."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.exports.hostile_snapshot import TEXTS
from tests.pedigrees import lineage

from studbook.exports import dot, mermaid, svg
from studbook.model import Coverage, Gap
from studbook.queries import QUESTIONS
from studbook.queries.answer import Night
from studbook.queries.answer_graph import AnswerGraph, answer_graph

STORY = """
    chats/1(dataset_version) -input_to:train-> fit(training_job) -produced-> bot/1(model_package)
    maybe/1(dataset_version) -input_to:train~?-> fit
    bot/1 -copied_to-> prod/1(model_package) -packaged_as-> m(model) -deployed_to-> c(endpoint_config)
    c -deployed_to-> answering(endpoint)
    bot/1 -input_to:evaluated_model-> exam(evaluation_job)
    judge(evaluator_version) -input_to:evaluator-> exam
    golden(dataset_version) -input_to:test-> exam
"""
FACTS: dict[str, dict[str, Any]] = {"exam": {"attributes": {"metrics": {"score": 0.5}}}}
GAP = Coverage(
    account="111111111111", region="us-west-2", source="sagemaker", status="partial", records=1, requests=1,
    gaps=(Gap(operation="ListEndpoints", code="AccessDeniedException", message="no"),),
)  # fmt: skip


def graph(question: str = "trace", named: str | None = None, most: int = 50) -> AnswerGraph:
    facts = {name: {"name": named} for name in ("bot/1", "fit", "chats/1")} if named is not None else {}
    night = Night(lineage(STORY, FACTS | facts), coverage=(GAP,))
    return answer_graph(night.lineage, QUESTIONS[question].ask(night, "bot/1"), most)


def drawn(found: AnswerGraph) -> str:
    """What Graphviz makes of the DOT."""
    done = subprocess.run(["dot", "-Tjson"], input=dot.write(found), capture_output=True, check=True)
    assert done.stderr == b""
    return done.stdout.decode()


@pytest.mark.parametrize(
    ("question", "assets"),
    [
        ("trace", {"bot/1", "fit", "chats/1", "maybe/1"}),
        ("runs", {"bot/1", "prod/1", "m", "c", "answering"}),
        ("copies", {"bot/1", "prod/1"}),
        ("scores", {"bot/1", "exam", "judge", "golden"}),
    ],
)
def test_an_answer_is_drawn_with_what_its_rows_name(question: str, assets: set[str]) -> None:
    """And the edges of the lineage between these: nothing is walked to."""
    found = graph(question)
    assert {one.id for one in found.assets} == assets
    assert found.assets[0].id == "bot/1"
    ends = {(edge.source, edge.target) for edge in found.edges}
    assert ends == {(e.source, e.target) for e in lineage(STORY).edges if {e.source, e.target} <= assets}
    picture = json.loads(drawn(found))
    assert len(picture["objects"]) == len(assets)
    assert len(picture["edges"]) == len(found.edges)
    assert mermaid.write(found).decode().count("<br/>") == len(assets)
    assert svg.write(found).count(b'class="sb-node') == len(assets)


def test_what_is_not_known_and_what_is_left_out_is_said() -> None:
    """In every form: a picture that ends is no proof that there is no more."""
    found = graph(most=2)
    for text in (mermaid.write(found).decode(), dot.write(found).decode(), svg.write(found).decode()):
        assert "and 2 more" in text
        assert "not known" in text


def test_how_an_edge_is_known_is_drawn() -> None:
    """What is one of several, and what was concluded, is dotted and says so."""
    [line] = [line for line in mermaid.write(graph()).decode().splitlines() if "-.->" in line]
    assert "inferred, one of several" in line
    assert '(train), inferred, one of several" style=dotted' in dot.write(graph()).decode()


@settings(max_examples=30)
@given(st.one_of(st.sampled_from(TEXTS), st.text(max_size=40)))
def test_strangers_text_stays_data(text: str) -> None:
    """One box a name, whatever it is: Graphviz has as many, XML is whole, and Mermaid's text has no sign of its own."""
    found = graph(named=text)
    picture = json.loads(drawn(found))
    assert len(picture["objects"]) == len(found.assets)
    root = ElementTree.fromstring(svg.write(found))
    assert not [one for one in root.iter() if one.tag.endswith(("script", "image", "foreignObject"))]
    assert not [name for one in root.iter() for name in one.attrib if name.startswith("on") or "href" in name]
    for line in mermaid.write(found).decode().splitlines()[1:-2]:
        for label in re.findall(r'"(.*?)"', line):
            assert re.fullmatch(r"(?:[^\W_]|[ _./,-]|#\d+;)*(?:<br/>)?(?:[^\W_]|[ _./,-]|#\d+;)*", label), label
    assert mermaid.write(found) == mermaid.write(graph(named=text))
