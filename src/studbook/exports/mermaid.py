"""`studbook export mermaid`: an answer as a Mermaid flowchart, which GitHub, GitLab and many wikis draw.

An arrow is solid where a record of the thing itself says so, else dotted. Everything that Mermaid could take for
markup is written as `#<code>;`, so that a name is only ever a name.
"""

from __future__ import annotations

from collections.abc import Iterator

from studbook.exports.interface import Export
from studbook.model import KINDS, Edge
from studbook.queries.answer import called
from studbook.queries.answer_graph import AnswerGraph
from studbook.words import mark_words, relation_words, shown

_PLAIN = frozenset(" -_./,")


def write(graph: AnswerGraph) -> bytes:
    """The flowchart, in UTF-8."""
    return ("\n".join(_lines(graph)) + "\n").encode()


def _lines(graph: AnswerGraph) -> Iterator[str]:
    yield "flowchart LR"
    yield f'  summary["{_text(graph.summary)}"]:::note'
    for number, line in enumerate(notes(graph)):
        yield f'  note{number}["{_text(line)}"]:::note'
    numbers = {asset.id: f"n{number}" for number, asset in enumerate(graph.assets)}
    for asset in graph.assets:
        caption = ", ".join([KINDS[asset.kind].title, *mark_words(asset)])
        style = ":::root" if asset.id == graph.root else ""
        yield f'  {numbers[asset.id]}["{_text(caption)}<br/>{_text(called(asset))}"]{style}'
    for edge in graph.edges:
        arrow = "-->" if edge.certainty == "referenced" else "-.->"
        yield f'  {numbers[edge.source]} {arrow}|"{_text(words(edge))}"| {numbers[edge.target]}'
    yield "  classDef root stroke-width:3px"
    yield "  classDef note fill:none,stroke:none"


def words(edge: Edge) -> str:
    """What stands on an arrow."""
    sure = [] if edge.certainty == "referenced" else [edge.certainty]
    doubts = ", ".join([*sure, *(["one of several"] if edge.candidate else [])])
    told = relation_words(edge)
    return f"{told}, {doubts}" if doubts else told


def notes(graph: AnswerGraph) -> list[str]:
    """What a picture must say beside what it shows: what is left out of it, and what is not known."""
    several = [f"and {graph.hidden} more, which are not drawn"] if graph.hidden else []
    if graph.unknown:
        reasons = sorted({one.why for one in graph.unknown})
        several.append(f"not known: {len(graph.unknown)} ({', '.join(reasons)})")
    return several


def _text(text: str) -> str:
    return "".join(
        char if char.isalnum() or char in _PLAIN else f"#{ord(char)};" for char in " ".join(shown(text).split())
    )


EXPORT = Export(
    "mermaid", "an answer as a Mermaid flowchart, for a README or a wiki", picture=write, options=("question", "limit")
)
