"""`copies`: the tree of copies that a model version, or each version of a group, is in, over all accounts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from studbook.errors import UsageError
from studbook.lineage.graph import LineageReader
from studbook.model import Asset
from studbook.model.ids import parse_hub_content
from studbook.model.kinds import kind_words
from studbook.model.relations import Certainty
from studbook.queries.answer import Answer, Night, Row, called, counted, few
from studbook.queries.question import Question
from studbook.queries.walks import Family, copied, line
from studbook.queries.walks.copies import registered

_ELSEWHERE = re.compile("Job|AutoML|Hub|Pipeline|Experiment|Trial|FeatureGroup|Endpoint|Inference|Card|ListTags")
"""Operations whose answers name no model version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy(Row):
    """One version that was copied to another place; never a chain by date."""

    from_: str
    to: str
    certainty: Certainty
    candidate: bool
    """Whether it is one of several that it may be a copy of."""
    at: str | None
    """When the copy was registered."""


def copies(night: Night, root: str, asked: str | None = None) -> Answer[Copy]:
    """The whole tree from the original, whichever copy is asked of; an equal artifact alone makes no copy.

    Raises NotFound where the lineage has no such asset, UsageError for what is no model version and no group of them.
    """
    asset = night.asset(root)
    if asset.kind not in QUESTION.of:
        raise UsageError(
            f"{called(asset)} is of the kind {kind_words(asset.kind)}, and has no copies",
            "name a model version or a model group",
        )
    lineage = night.lineage
    families = (copied(lineage, root),) if asset.kind == "model_package" else line(lineage, root)
    rows = tuple(row for family in families for row in _rows(family))
    members = {one.id: one for family in families for one in family.members}
    ends = (night.end(one) for one in members.values() if one.unresolved or one.stale_since is not None)
    unseen = night.unseen(("sagemaker", "organizations"), lambda operation: _ELSEWHERE.search(operation) is None)
    unknown = [*unseen, *(end for end in ends if end is not None)]
    accounts = {account for row in rows if (account := members[row.to].account)}
    where = f" in {counted(len(accounts), 'account')}" if accounts else ""
    told = "no copy that is known" if unknown and not rows else counted(len(rows), "copy")
    whose = asset if asset.kind == "model_package_group" else families[0].original
    return Answer(
        question="copies",
        root=root,
        asked=asked or root,
        summary=f"{called(whose)} has {told}{where}.",
        rows=rows,
        unknown=few(unknown, lambda one: members[one].kind),
    )


def _rows(family: Family) -> list[Copy]:
    """By the time of registration, as the copies came about."""
    members = {one.id: one for one in family.members}
    edges = [edge for edge in family.edges if edge.target in members]
    edges.sort(key=lambda edge: (registered(members[edge.target]), edge.source))
    return [
        Copy(
            from_=edge.source,
            to=edge.target,
            certainty=edge.certainty,
            candidate=edge.candidate,
            at=members[edge.target].created_at,
        )
        for edge in edges
    ]


def unlike(lineage: LineageReader, copy: Asset) -> Iterator[tuple[Asset, str]]:
    """What a version was surely copied from, and in which words it is unlike it, where both records say what it is."""
    for edge in lineage.upstream(copy.id, "copied_to"):
        source = lineage.asset(edge.source)
        if source is None or source.unresolved or edge.candidate:
            continue
        image, its_image = (_images(lineage, one) for one in (copy, source))
        base, its_base = (_bases(lineage, one) for one in (copy, source))
        etags, its_etags = ({**(one.attributes.get("etags") or {})} for one in (copy, source))
        both = etags.keys() & its_etags.keys()
        if image and its_image and image != its_image:
            yield source, "image"
        if base and its_base and base != its_base:
            yield source, "base model"
        if any(etags[uri] != its_etags[uri] for uri in both):
            yield source, "state of its weights"


def _images(lineage: LineageReader, version: Asset) -> set[str]:
    """Name and tag or digest of each image, without the registry, which is another one in each region."""
    edges = lineage.upstream(version.id, "packaged_as", "image")
    return {edge.source.partition("/")[2] for edge in edges if edge.certainty != "inferred"}


def _bases(lineage: LineageReader, version: Asset) -> set[str]:
    """The name of each base model, which has another ARN in each region and hub."""
    found = (parse_hub_content(edge.source) for edge in lineage.upstream(version.id, "base_of"))
    return {content.name for content in found if content is not None}


QUESTION: Final = Question(name="copies", ask=copies, of=("model_package", "model_package_group"))
