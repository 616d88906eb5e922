"""The lineage of a model or a job ends at something that no listing showed.

A record names it, but it was deleted, belongs to an account that is not harvested, or lies behind a permission that
Studbook lacks. What is further up cannot be known. Images and code are left out, for Studbook lists neither, and so are
built-in evaluators, what AWS publishes for everybody, and artifacts of which the maker is known.

**Mend it:** add the account that owns it to `studbook.yml`, name the S3 prefix under `datasets:`, or grant what the
coverage page shows as denied. If it is gone for good, write a waiver: nothing will bring it back. So it is with what
was deleted before another got its name.
"""

from __future__ import annotations

from collections.abc import Iterator

from studbook.model.ids import holder_of
from studbook.rules.interface import Inspection, Observation, Rule

_RELATIONS = ("input_to", "base_of", "packaged_as", "deployed_to", "copied_to", "content_of", "registered_as")
_NOT_LISTED = ("container_image", "code", "context", "action")


def check(seen: Inspection) -> Iterator[Observation]:
    graph = seen.lineage
    for edge in graph.edges:
        source, target = graph.assets[edge.source], graph.assets[edge.target]
        if not source.unresolved or source.kind in _NOT_LISTED or edge.relation not in _RELATIONS:
            continue
        if target.unresolved or target.gone_since is not None:
            continue
        if source.kind == "artifact" and graph.upstream(source.id):
            continue
        role = f" as {edge.role}" if edge.role else ""
        what = f"{source.kind.replace('_', ' ')} {seen.handle(source)}"
        said = f"{'may depend' if edge.candidate else 'depends'}{role} on the {what}, which no listing shows"
        mend = "waive it: another has its name by now" if holder_of(source.id) is not None else None
        yield Observation(target.id, said, subject=f"{edge.relation} {edge.role or ''} {source.id}", mend=mend)


RULE = Rule(
    "unresolved-input",
    "warning",
    check,
    __doc__,
    mend="let Studbook read where it is, or waive it if it is gone for good",
)
