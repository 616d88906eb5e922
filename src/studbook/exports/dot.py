"""`studbook export dot`: an answer as a graph in DOT, for Graphviz and what else reads it (Gephi, yEd).

Every text is a quoted string in which quotes, backslashes and ampersands are escaped, so that no name can end it, be an
escape of Graphviz or a reference to a character.
"""

from __future__ import annotations

from collections.abc import Iterator

from studbook.exports.interface import Export
from studbook.exports.mermaid import notes, words
from studbook.model import KINDS
from studbook.queries.answer import called
from studbook.queries.answer_graph import AnswerGraph
from studbook.words import mark_words, shown

_STYLES = {"referenced": "solid", "declared": "dashed", "inferred": "dotted"}


def write(graph: AnswerGraph) -> bytes:
    """The graph, in UTF-8."""
    return ("\n".join(_lines(graph)) + "\n").encode()


def _lines(graph: AnswerGraph) -> Iterator[str]:
    caption = "\\n".join(_escaped(line) for line in (graph.summary, *notes(graph)))
    yield "digraph {"
    yield f'  graph [rankdir=LR label="{caption}" labelloc=t fontname="sans-serif" fontsize=11]'
    yield '  node [shape=box style=rounded fontname="sans-serif" fontsize=10]'
    yield '  edge [fontname="sans-serif" fontsize=8]'
    for asset in graph.assets:
        about = ", ".join([KINDS[asset.kind].title, *mark_words(asset)])
        width = " penwidth=2" if asset.id == graph.root else ""
        yield f'  "{_escaped(asset.id)}" [label="{_escaped(about)}\\n{_escaped(called(asset))}"{width}]'
    for edge in graph.edges:
        style = _STYLES[edge.certainty]
        yield (
            f'  "{_escaped(edge.source)}" -> "{_escaped(edge.target)}" [label="{_escaped(words(edge))}" style={style}]'
        )
    yield "}"


def _escaped(text: str) -> str:
    line = " ".join(shown(text).split())
    return line.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")


EXPORT = Export("dot", "an answer as a graph for Graphviz", picture=write, options=("question", "limit"))
