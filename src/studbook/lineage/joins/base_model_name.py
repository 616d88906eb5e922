"""A package's base model, which it names by hub content name and version but not by hub.

A private hub's content of that name and version in the package's account and region is meant, each of several as a
candidate; where there is none, the public hub's content of that region. Where the package names no version, the
edge comes from the base model without one. Names do not differ by case: the id is as somebody writes it who names the
hub, else in lower case.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from studbook.lineage.joins.interface import View, inferred
from studbook.lineage.joins.public_regions import public_content
from studbook.lineage.spelling import folded
from studbook.model import Evidence, Facts
from studbook.model.facts import BaseModelName
from studbook.model.ids import parse_hub_content

PRIVATE: Final = Evidence.parse("rule:private-hub")
PUBLIC: Final = Evidence.parse("rule:public-hub")


def join(view: View) -> Facts:
    """Resolves every `BaseModelName`."""
    facts = Facts()
    claims = view.all(BaseModelName)
    private: defaultdict[tuple[str | None, str | None, str, str | None], set[str]] = defaultdict(set)
    for asset in view.assets.values() if claims else ():
        if asset.kind == "base_model_version" and (content := parse_hub_content(asset.id)) is not None:
            where = (content.arn.account, content.arn.region)
            if content.arn.account != "aws" and content.version is not None:
                private[*where, content.name.lower(), content.version].add(asset.id)
                private[*where, content.name.lower(), None].add(content.parent)
    written = {folded(one): one for one in sorted(public_content(view), reverse=True)} if claims else {}
    for claim in claims:
        name = claim.name.lower()
        found, rule = private.get((claim.account, claim.region, name, claim.version), set()), PRIVATE
        if not found:
            public = f"arn:{claim.aws_partition}:sagemaker:{claim.region}:aws:hub-content/SageMakerPublicHub/Model"
            version = f"/{claim.version}" if claim.version else ""
            made = f"{public}/{name}{version}"
            found, rule = {written.get(folded(made), made)}, PUBLIC
        facts.edges.extend(
            inferred(base, claim.package, "base_of", (*claim.evidence, rule), candidate=len(found) > 1)
            for base in sorted(found)
        )
    return facts
