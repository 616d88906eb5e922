"""One public base model under the ARNs of several regions is one model.

`same_as` runs between its versions; between the models themselves only where no version is known.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import chain
from typing import Final

from studbook.lineage.joins.interface import View, inferred
from studbook.model import Evidence, Facts
from studbook.model.ids import HubContent, parse_hub_content

RULE: Final = Evidence.parse("rule:public-regions")


def join(view: View) -> Facts:
    """Relates public hub content of equal hub, type, name and version."""
    facts = Facts()
    regions: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    for asset_id in public_content(view):
        content: HubContent | None = parse_hub_content(asset_id)
        if content is not None and content.arn.account == "aws" and content.type == "Model":
            hub, name = content.hub.lower(), content.name.lower()
            regions[content.arn.partition, hub, name, content.version or ""].add(asset_id)
    versioned = [model for *model, version in regions if version]
    for (*model, version), several in regions.items():
        if not version and model in versioned:
            continue
        first, *others = sorted(several)
        facts.edges.extend(inferred(first, other, "same_as", (RULE,)) for other in others)
    return facts


def public_content(view: View) -> set[str]:
    """The ids of public hub content that somebody names."""
    ends = chain(view.assets, view.named, (end for key in view.edges for end in key[:2]))
    return {end for end in ends if ":aws:hub-content/" in end}
