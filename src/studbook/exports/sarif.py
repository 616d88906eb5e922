"""`studbook export sarif`: findings as SARIF 2.1.0 (OASIS, errata 01), which code scanning and many CI systems read.

A rule is a `reportingDescriptor` with its page of the manual; a finding is a result, whose asset is a logical location.
Its `partialFingerprints` is the finding's id, so that it is the same result every night. A waiver is a `suppression`.
The physical location that GitHub asks for is the configuration's file, of which every finding is. Gravest first, since
some readers show the first thousands alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from studbook import __version__
from studbook.exports.interface import Export, Subject
from studbook.model import Asset, Finding, canonical
from studbook.rules import LEVELS, RULES, Rule
from studbook.store.catalog import SETTINGS_FILE
from studbook.words import shown

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def write(subject: Subject) -> Iterator[bytes]:
    """One document, in one line of canonical JSON."""
    found = sorted(subject.findings, key=lambda finding: LEVELS.index(finding.level))
    wanted = {finding.asset for finding in found}
    assets = {asset.id: asset for asset in subject.assets if asset.id in wanted}
    known = {rule.id: rule for rule in RULES}
    ids = sorted(known.keys() | {finding.rule for finding in found})
    run = {
        "tool": {
            "driver": {
                "name": "studbook",
                "semanticVersion": __version__,
                "rules": [_rule(rule, known.get(rule)) for rule in ids],
            }
        },
        "automationDetails": {"id": "studbook/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"CATALOG": {"description": {"text": "The catalog's folder."}}},
        "properties": {"snapshot": subject.envelope.number, "takenAt": subject.envelope.taken_at},
        "results": [
            _result(finding, ids.index(finding.rule), assets.get(finding.asset or ""), subject.envelope.number)
            for finding in found
        ],
    }
    yield canonical({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}) + b"\n"


def _rule(rule_id: str, rule: Rule | None) -> dict[str, Any]:
    if rule is None or not rule.manual:
        return {"id": rule_id}
    first, _, rest = rule.manual.strip().partition("\n")
    help_text = rest.strip() or first
    return {
        "id": rule_id,
        "shortDescription": {"text": first},
        "defaultConfiguration": {"level": rule.level},
        "help": {"text": help_text, "markdown": help_text},
    }


def _result(finding: Finding, rule: int, asset: Asset | None, snapshot: int) -> dict[str, Any]:
    place: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": {"uri": SETTINGS_FILE, "uriBaseId": "CATALOG"}},
    }
    if finding.asset is not None:
        name = asset.name if asset is not None else finding.asset
        place["logicalLocations"] = [{"name": name, "fullyQualifiedName": finding.asset, "kind": "resource"}]
    return {
        "ruleId": finding.rule,
        "ruleIndex": rule,
        "level": finding.level,
        "message": {"text": _plain(finding.message)},
        "locations": [place],
        "partialFingerprints": {"studbookFinding/v1": finding.id},
        **({"baselineState": "new"} if finding.first_seen == snapshot else {}),
        **({"suppressions": [_suppression(finding)]} if finding.waived is not None else {}),
        "properties": {
            "account": asset.account if asset is not None else None,
            "stage": asset.stage if asset is not None else None,
            "firstSeen": finding.first_seen,
        },
    }


def _suppression(finding: Finding) -> dict[str, Any]:
    assert finding.waived is not None
    waived = finding.waived
    return {
        "kind": "external",
        "status": "accepted",
        "justification": f"{waived.who}: {waived.why} (until {waived.until})",
    }


def _plain(text: str) -> str:
    """Brackets would be links, and braces placeholders (SARIF 3.11.5 and 3.11.6)."""
    for sign in "\\[]":
        text = text.replace(sign, f"\\{sign}")
    return shown(text).replace("{", "{{").replace("}", "}}")


EXPORT = Export("sarif", "findings as SARIF 2.1.0, for code scanning", write, file="findings.sarif")
