"""The schemas of answers, reports and pedigrees describe what the commands print, by jsonschema 4.26."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from tests.exports.test_about_one_asset import of
from tests.exports.test_json_export import subject
from tests.exports.test_pictures import FACTS, GAP, STORY
from tests.pedigrees import lineage

from studbook.exports import pedigree, schema
from studbook.model import KINDS
from studbook.nightly import Report, Step
from studbook.queries import QUESTIONS
from studbook.queries.answer import Night


def validator(kind: str) -> jsonschema.Draft202012Validator:
    found = json.loads(schema.document(of=kind))
    jsonschema.Draft202012Validator.check_schema(found)
    return jsonschema.Draft202012Validator(found)


@pytest.mark.parametrize("question", [name for name in QUESTIONS if name != "log"])
def test_an_answer(question: str) -> None:
    """Of every question; a row without one of its columns is none."""
    night = Night(lineage(STORY, FACTS), coverage=(GAP,), envelope=subject().envelope)
    root = "chats/1" if question == "incident" else "bot/1"
    answer = QUESTIONS[question].ask(night, root).to_json(subject().envelope)
    found: dict[str, Any] = json.loads(json.dumps(answer))
    validator("answer").validate(found)
    assert found["rows"] or question in ("candidates", "gaps")
    for row in found["rows"][:1]:
        row.popitem()
        with pytest.raises(jsonschema.ValidationError):
            validator("answer").validate(found)


def test_every_piece_of_evidence_in_a_row_says_what_it_is() -> None:
    """As in an edge: its record, operation and path, or its rule."""
    night = Night(lineage(STORY, FACTS))
    for row in QUESTIONS["scores"].ask(night, "bot/1").to_json(subject().envelope)["rows"]:
        assert row["evidence"]
        assert all(one.keys() <= {"record", "operation", "path", "rule", "config"} for one in row["evidence"])


def test_a_report() -> None:
    """Of a night that wrote a snapshot, and of one that did not."""
    one = subject()
    steps = [Step("preflight", "ok", "looked at the configuration")]
    whole = Report(steps, one.envelope, ("a",), tuple(one.findings), coverage=one.envelope.coverage)
    for report in (Report(steps), whole):
        validator("report").validate(json.loads(json.dumps(report.to_json())))


def test_a_pedigree() -> None:
    """As it is exported."""
    validator("pedigree").validate(json.loads(pedigree.write(of())))


def test_of_every_kind_an_export_says_where_its_attributes_come_from() -> None:
    """Of images, code, tables and base models no record says anything, and what the linker says has a rule."""
    told = {one["if"]["properties"]["kind"]["const"]: one["then"] for one in schema.schema()["$defs"]["Asset"]["allOf"]}

    assert list(told) == list(KINDS)
    for then in told.values():
        assert then["properties"]["attributes"]["properties"]["unresolved"]["x-source"] == [{"rule": "unresolved"}]
