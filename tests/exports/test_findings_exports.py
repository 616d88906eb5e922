"""Findings as SARIF, JUnit XML and Markdown, each read by what their readers read them with."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import junitparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown import markdown as to_html
from tests.exports.hostile_snapshot import FINDINGS, TEXTS, finding, told

from studbook.exports import junit, markdown, sarif

SCHEMA = json.loads((Path(__file__).parent / "schemas" / "sarif-schema-2.1.0.json").read_text())
VALIDATOR = jsonschema.Draft4Validator(SCHEMA)
"""jsonschema 4.26 with OASIS' schema of SARIF 2.1.0, errata 01."""


def run(**parts: Any) -> dict[str, Any]:
    document = json.loads(b"".join(sarif.write(told(**parts))))
    VALIDATOR.validate(document)
    [only] = document["runs"]
    out: dict[str, Any] = only
    return out


def suites(level: str = "error", **parts: Any) -> junitparser.JUnitXml:
    """By junitparser 5.0."""
    return junitparser.JUnitXml.fromroot(
        junitparser.junitparser.etree.parse(io.BytesIO(b"".join(junit.write(told(**parts), level=level)))).getroot()
    )


class TestSarif:
    def test_each_finding_is_a_result_with_its_id(self) -> None:
        """Gravest first; the id is the fingerprint, the asset a logical location, a waiver a suppression."""
        results = run()["results"]
        assert [one["level"] for one in results] == ["error", "error", "warning", "note"]
        assert {one["partialFingerprints"]["studbookFinding/v1"] for one in results} == {one.id for one in FINDINGS}
        assert [one.get("suppressions", [{}])[0].get("status") for one in results].count("accepted") == 1
        assert [one.get("baselineState") for one in results].count("new") == 1
        [place] = results[0]["locations"]
        assert place["logicalLocations"][0]["fullyQualifiedName"] == FINDINGS[1].asset
        assert "logicalLocations" not in results[-1]["locations"][0]

    def test_each_rule_has_its_page(self) -> None:
        """Those that found nothing, and a house's own, too; results point at them by place."""
        found = run()
        rules = found["tool"]["driver"]["rules"]
        assert all(rules[one["ruleIndex"]]["id"] == one["ruleId"] for one in found["results"])
        assert "house-rule" in {one["id"] for one in rules}
        assert sum("help" in one for one in rules) == len(rules) - 1

    def test_strangers_text_is_no_link_and_no_placeholder(self) -> None:
        """Brackets and braces are escaped as the standard says."""
        [text] = [one["message"]["text"] for one in run()["results"] if one["ruleId"] == "unevaluated"]
        assert text.startswith("\\[click\\](http://evil.example) {{0}} ")

    @given(st.text(max_size=60))
    def test_whatever_is_said_it_is_valid(self, text: str) -> None:
        """By the schema, and nothing is dropped."""
        found = run(findings=[finding("r", "note", None, text)], named=text)
        assert len(found["results"]) == 1


class TestJUnit:
    def test_counts(self) -> None:
        """What counts fails, what is waived is skipped, what is below passes; a rule that found nothing has a case."""
        found = {suite.name: suite for suite in suites()}
        assert (found["deployed-without-approval"].failures, found["dataset-drifted"].skipped) == (1, 1)
        assert sum(suite.failures for suite in found.values()) == 1
        assert all(suite.tests == len(list(suite)) > 0 for suite in found.values())
        assert sum(suite.failures for suite in suites("note")) == 3

    def test_says_who_waived_it(self) -> None:
        """Who and why, as they wrote it."""
        [case] = [case for suite in suites() for case in suite if case.is_skipped]
        assert case.result[0].message == f"waived by {TEXTS[0]} until 2027-01-01: {TEXTS[7]}"

    @given(st.text(max_size=60))
    def test_whatever_is_said_it_is_xml(self, text: str) -> None:
        """Control characters that XML has no words for are replaced, nothing else."""
        [case] = [c for s in suites("note", findings=[finding("r", "note", "a", text)]) for c in s if s.name == "r"]
        said = case.result[0].message
        assert len(said) == len(text)
        assert all(a == b or b == "\ufffd" or a in "\t\n\r" for a, b in zip(text, said, strict=True))


class TestMarkdown:
    def page(self, **parts: Any) -> str:
        return b"".join(markdown.write(told(**parts))).decode()

    def test_has_each_finding(self) -> None:
        """With its id, under its level; waived ones apart, with who and why."""
        text = self.page()
        assert "1 error, 1 warning, 1 note, 1 waived" in text
        assert all(text.count(one.id) == 1 for one in FINDINGS)
        assert (
            text.index("### Errors") < text.index("### Warnings") < text.index("### Notes") < text.index("### Waived")
        )

    @pytest.mark.parametrize("text", TEXTS)
    def test_strangers_text_stays_in_its_cell(self, text: str) -> None:
        """No link, no mention, no HTML, no further row or cell comes of it, by Python-Markdown 3."""
        html = to_html(self.page(findings=[finding("r", "note", None, text)]), extensions=["tables"])
        assert re.findall(r"<(?!/?(?:h2|h3|p|table|thead|tbody|tr|th|td|code)\b)[^>]*>", html) == []
        assert (html.count("<tr>"), html.count("<td>")) == (2, 4)
        outside = re.sub(r"<code>.*?</code>", "", html, flags=re.S)
        assert "@" not in outside
        assert "evil" not in outside
