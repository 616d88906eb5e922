"""What judged or rewarded a model cannot be told for sure: the evaluator is named without a version.

A function's ARN without a qualifier, with `$LATEST` or with an alias means other code tomorrow, and so does a hub
evaluator without its version. Where times and code digests prove which version was live, the lineage shows that version
as inferred; the reference is still not pinned, and Studbook's word for the version is the only one.

**Mend it:** publish a version of the function and register the evaluator, or start the job, with the qualified ARN
(`...:function:eval-chat:7`).
"""

from __future__ import annotations

from collections.abc import Iterator

from studbook.model import Asset, Edge
from studbook.model.ids import parse_hub_content, parse_lambda
from studbook.rules.interface import Inspection, Observation, Rule


def check(seen: Inspection) -> Iterator[Observation]:
    graph = seen.lineage
    for target in graph.assets.values():
        if target.gone_since is not None:
            continue
        edges = [*graph.upstream(target.id, "input_to", "evaluator")]
        if target.kind == "evaluator_version":
            edges += graph.upstream(target.id, "content_of")
        for name in dict.fromkeys(
            source.id
            for edge in edges
            if (source := graph.asset(edge.source)) is not None and not _pinned(source, edge)
        ):
            said = f"names the evaluator {seen.handle(name)} without a fixed version of its code"
            yield Observation(target.id, said, subject=name)


def _pinned(source: Asset, edge: Edge) -> bool:
    function = parse_lambda(source.id)
    if function is not None:
        return function.is_published and edge.certainty != "inferred"
    content = parse_hub_content(source.id)
    return content is None or content.version is not None


RULE = Rule("evaluator-not-pinned", "warning", check, __doc__, mend="publish a version, and name it with its number")
