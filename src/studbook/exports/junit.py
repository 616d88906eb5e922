"""`studbook export junit`: findings as JUnit XML, which every CI system shows as a test report.

A rule is a suite. A finding that counts is a failed case; one that a waiver accepts is skipped, with who and why; one
below the level passes, and says so in its output, since "skipped" would read as "not looked at". A rule without
findings has one case, which passes.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from studbook.exports.interface import Export, Subject
from studbook.model import Finding
from studbook.rules import RULES, is_failing
from studbook.words import shown

_FORBIDDEN: Final = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot say."""


def write(subject: Subject, *, level: str = "error") -> Iterator[bytes]:
    """The report, XML in UTF-8; findings of `level` and graver ones fail."""
    by_rule: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in subject.findings:
        by_rule[finding.rule].append(finding)
    root = Element("testsuites", name="studbook")
    for rule in sorted({rule.id for rule in RULES} | by_rule.keys()):
        found = by_rule[rule]
        failed = [one for one in found if is_failing(one, level)]
        suite = SubElement(
            root,
            "testsuite",
            name=rule,
            timestamp=subject.envelope.taken_at.removesuffix("Z"),
            tests=str(max(1, len(found))),
            failures=str(len(failed)),
            errors="0",
            skipped=str(sum(one.waived is not None for one in found)),
        )
        for one in found:
            _case(suite, one, fails=one in failed)
        if not found:
            SubElement(suite, "testcase", classname=f"studbook.{rule}", name="no findings")
    indent(root)
    yield b'<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode").encode() + b"\n"


def _case(suite: Element, finding: Finding, *, fails: bool) -> None:
    name = f"{finding.asset or 'the catalog'} [{finding.id}]"
    case = SubElement(suite, "testcase", classname=f"studbook.{finding.rule}", name=_text(name))
    if finding.waived is not None:
        waived = finding.waived
        SubElement(case, "skipped", message=_text(f"waived by {waived.who} until {waived.until}: {waived.why}"))
    if fails:
        SubElement(case, "failure", type=finding.level, message=_text(finding.message))
    else:
        SubElement(case, "system-out").text = _text(f"{finding.level}: {finding.message}")


def _text(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", shown(text))


EXPORT = Export(
    "junit",
    "findings as JUnit XML, for the test report of a CI system",
    write,
    options=("level",),
    file="findings.junit.xml",
)
