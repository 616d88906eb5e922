"""A snapshot for exports: the small herd, with names that mean harm, and findings of every sort."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests import small_catalog as small
from tests.exports.test_json_export import subject

from studbook.exports import Subject
from studbook.model import Finding
from studbook.model.finding import Waived, finding_id

TEXTS = (
    '=HYPERLINK("http://evil.example/")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "-2+3",
    "\uff1d1+1",
    "[click](http://evil.example) {0} @everyone `code` <img src=x onerror=alert(1)>",
    "a\x00b\x1b[31m\u202ec\ud7ff",
    "line\nbreak | pipe \\ back",
    "]]> <![CDATA[ & \"'",
    "%{{ }}end subgraph; -->",
)
"""What strangers write: formulas, links, mentions, markup, control characters."""


def finding(rule: str, level: Any, asset: str | None, message: str, **more: Any) -> Finding:
    return Finding(id=finding_id(rule, asset, message), rule=rule, level=level, asset=asset, message=message, **more)


FINDINGS = (
    finding("unevaluated", "warning", small.CLONE, TEXTS[4], first_seen=12),
    finding("deployed-without-approval", "error", small.ENDPOINT, "runs what nobody approved", first_seen=3),
    finding("house-rule", "note", None, TEXTS[6]),
    finding(
        "dataset-drifted", "error", small.JOB, TEXTS[5],
        waived=Waived(who=TEXTS[0], why=TEXTS[7], until="2027-01-01"),
    ),
)  # fmt: skip


def told(*, named: str | None = None, **parts: Any) -> Subject:
    """The herd as a snapshot; each asset with one of the texts, or with `named`, behind its name."""
    usual: dict[str, Any] = {
        "assets": [
            replace(asset, name=named if named is not None else TEXTS[place % len(TEXTS)], tags={"owner": TEXTS[0]})
            for place, asset in enumerate(sorted(small.assets(), key=lambda asset: asset.id))
        ],
        "edges": sorted(small.edges(), key=lambda edge: edge.key.order),
        "findings": list(FINDINGS),
    }
    return subject(**(usual | parts))
