"""One image under several ids: with and without its tag, or by another host of its registry, of one digest.

A tag alone is no digest: what it means today it need not have meant then.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Final

from studbook.lineage.joins.interface import View, inferred
from studbook.model import Evidence, Facts
from studbook.model.ids import image_registry

RULE: Final = Evidence.parse("rule:image-digest")
_PINNED: Final = re.compile(r"(?P<host>[^/]+)/(?P<name>[^@]+?)(?::[^/:@]+)?@(?P<digest>sha256:[0-9a-f]{64})")


def join(view: View) -> Facts:
    """Relates images of equal registry, repository and digest."""
    facts = Facts()
    images: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    for image in {end for key in view.edges for end in key[:2] if "@sha256:" in end}:
        if (found := _PINNED.fullmatch(image)) is not None:
            images[_registry(found["host"]), found["name"], found["digest"]].add(image)
    for several in images.values():
        first, *others = sorted(several)
        facts.edges.extend(inferred(first, other, "same_as", (RULE,)) for other in others)
    return facts


def _registry(host: str) -> str:
    """All hosts of one ECR registry, dual-stack and FIPS included, as one."""
    account, region = image_registry(f"{host}/")
    return f"{account} {region}" if account else host
