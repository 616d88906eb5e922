"""`studbook export svg`: an answer as a picture, drawn as on the site, in one file without scripts, links or fonts.

Needs the `dot` program of Graphviz, which says where things stand.
"""

from __future__ import annotations

from itertools import groupby

from studbook.drawing import Box, Drafting, Picture, line_of, standalone
from studbook.exports.interface import Export
from studbook.exports.mermaid import notes
from studbook.queries.answer_graph import AnswerGraph


def write(graph: AnswerGraph) -> bytes:
    """The SVG. Raises BuildError where Graphviz is not installed."""
    places = {asset.id: place for place, asset in enumerate(graph.assets)}
    lines = [
        line_of(places[source], places[target], list(several))
        for (source, target), several in groupby(graph.edges, lambda edge: (edge.source, edge.target))
    ]
    picture = Picture(tuple(Box(asset) for asset in graph.assets), tuple(sorted(lines)))
    (layout,) = Drafting().lay_out([picture])
    return standalone(picture, layout, [graph.summary, *notes(graph)], root=graph.root).encode() + b"\n"


EXPORT = Export("svg", "an answer as a picture (needs Graphviz)", picture=write, options=("question", "limit"))
