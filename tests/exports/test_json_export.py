from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pedigrees import NO_CONFIG, asset, edge

from studbook import __version__
from studbook.exports import EXPORTS, Subject
from studbook.exports.json_export import write, write_lines
from studbook.exports.schema import document, schema
from studbook.model import Coverage, Envelope, Finding, Gap, Parts, canonical
from studbook.model.finding import Waived

DIGEST = "sha256:" + "a" * 64
WAIVED = Waived(who="ana", why="known", until="2027-01-01")


def subject(**parts: Any) -> Subject:
    gap = Gap(operation="ListHubs", code="AccessDeniedException", message="no")
    usual: dict[str, Any] = {
        "envelope": Envelope(
            number=12,
            taken_at="2026-11-22T02:00:00Z",
            generator="studbook 0.0.1",
            config=NO_CONFIG,
            coverage=(
                Coverage(
                    account="111111111111",
                    region=None,
                    source="s3",
                    status="partial",
                    records=3,
                    requests=4,
                    redacted=2,
                    calls={"s3:ListObjectsV2": 4},
                    gaps=(gap,),
                ),
            ),
            parts=Parts(records=DIGEST, assets=DIGEST, edges=DIGEST),
            digest=DIGEST,
            previous=None,
            envelope=DIGEST,
        ),
        "assets": [
            asset("a", "model", attributes={"loss": 0.25, "whole": 1.0}, tags={"team": "x"}),
            asset("b", "endpoint"),
        ],
        "edges": [edge("a", "b", "deployed_to"), edge("a", "b", "deployed_to", "blue")],
        "findings": [Finding(id="f1", rule="r", level="note", asset="a", message="m", first_seen=3, waived=WAIVED)],
    }
    return Subject(**(usual | parts))


class TestDocument:
    def test_has_exactly_the_keys_of_the_contract(self) -> None:
        """The members of docs/commands.md, one by one."""
        found = json.loads(b"".join(write(subject())))
        assert found["schema"] == "studbook.export/2"
        assert found["generator"] == {"name": "studbook", "version": __version__}
        assert found["snapshot"] == {
            "number": 12,
            "taken_at": "2026-11-22T02:00:00Z",
            "digest": DIGEST,
            "previous": None,
            "envelope": DIGEST,
            "coverage": [
                {
                    "account": "111111111111",
                    "region": None,
                    "source": "s3",
                    "status": "partial",
                    "records": 3,
                    "requests": 4,
                    "redacted": 2,
                    "calls": {"s3:ListObjectsV2": 4},
                    "gaps": [{"operation": "ListHubs", "code": "AccessDeniedException", "message": "no"}],
                }
            ],
        }
        assert found["assets"][0] == {
            "id": "a",
            "kind": "model",
            "name": "a",
            "account": "111111111111",
            "region": "us-west-2",
            "stage": None,
            "status": None,
            "created_at": "2026-11-02T10:00:00Z",
            "modified_at": None,
            "attributes": {"loss": 0.25, "whole": 1},
            "tags": {"team": "x"},
            "first_seen": 1,
            "stale_since": None,
            "gone_since": None,
            "records": [],
        }
        assert found["edges"][1] == {
            "source": "a",
            "target": "b",
            "relation": "deployed_to",
            "role": "blue",
            "certainty": "referenced",
            "candidate": False,
            "evidence": [{"operation": "sagemaker:DescribeThing", "path": "Field"}],
        }
        assert found["findings"] == [
            {
                "id": "f1",
                "rule": "r",
                "level": "note",
                "asset": "a",
                "message": "m",
                "first_seen": 3,
                "waived": {"who": "ana", "why": "known", "until": "2027-01-01"},
            }
        ]
        assert sorted(found) == ["assets", "edges", "findings", "generator", "schema", "snapshot"]

    @pytest.mark.parametrize("empty", [{}, {"assets": [], "edges": [], "findings": []}])
    def test_is_canonical_json_as_a_whole(self, empty: dict[str, Any]) -> None:
        """Written piece by piece, it is what the canonical form of the whole would be, and a line feed."""
        written = b"".join(write(subject(**empty)))
        assert written == canonical(json.loads(written)) + b"\n"


class TestLines:
    def test_are_a_header_then_assets_edges_and_findings(self) -> None:
        """Each line says its type; without it, it is the document's own member."""
        lines = [json.loads(line) for line in write_lines(subject())]
        assert [line["type"] for line in lines] == ["header", "asset", "asset", "edge", "edge", "finding"]
        whole = json.loads(b"".join(write(subject())))
        parts = {"asset": "assets", "edge": "edges", "finding": "findings"}
        for type_, name in parts.items():
            assert [{k: v for k, v in line.items() if k != "type"} for line in lines if line["type"] == type_] == whole[
                name
            ]
        assert lines[0]["snapshot"] == whole["snapshot"]

    def test_are_one_canonical_object_a_line(self) -> None:
        """Line feeds in names cannot break a line."""
        rows = [asset("a\nb", "model", name='"\u2028\r')]
        written = b"".join(write_lines(subject(assets=rows, edges=[], findings=[])))
        assert written.count(b"\n") == 2
        assert all(line == canonical(json.loads(line)) for line in written.splitlines())


class TestSchema:
    VALIDATOR = jsonschema.Draft202012Validator(schema())
    LINES = jsonschema.Draft202012Validator(schema() | {"$ref": "#/$defs/Line"})

    def test_is_a_json_schema(self) -> None:
        """Of the dialect that it names."""
        jsonschema.Draft202012Validator.check_schema(schema())
        assert schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert json.loads(document()) == schema()

    def test_describes_every_export(self) -> None:
        """A whole document and each line of the lines form are valid."""
        self.VALIDATOR.validate(json.loads(b"".join(write(subject()))))
        for line in write_lines(subject()):
            self.LINES.validate(json.loads(line))

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda d: d.pop("findings"),
            lambda d: d.update(more=1),
            lambda d: d["assets"][0].pop("stage"),
            lambda d: d["assets"][0].update(kind="modell"),
            lambda d: d["edges"][0].update(certainty="sure"),
            lambda d: d["edges"][0].update(evidence=[]),
            lambda d: d["snapshot"].update(digest="sha256:short"),
            lambda d: d["snapshot"]["coverage"][0].update(cost=1),
            lambda d: d["snapshot"]["coverage"][0].pop("calls"),
            lambda d: d["snapshot"]["coverage"][0].pop("redacted"),
            lambda d: d["findings"][0].update(level="fatal"),
        ],
    )
    def test_refuses_what_is_no_export(self, spoil) -> None:
        """Every member is there, and no other; every word is of the vocabulary."""
        found = json.loads(b"".join(write(subject())))
        spoil(found)
        assert not self.VALIDATOR.is_valid(found)

    @given(
        st.text(),
        st.dictionaries(st.text(), st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)),
    )
    def test_whatever_strangers_wrote(self, text: str, attributes: dict[str, Any]) -> None:
        """Any text and any attributes make a valid export that reads back the same."""
        row = asset(text, "model", name=text, attributes=attributes)
        found = json.loads(b"".join(write(subject(assets=[row], edges=[]))))
        self.VALIDATOR.validate(found)
        assert found["assets"][0]["name"] == text


class TestExports:
    def test_have_names_of_their_own(self) -> None:
        """A name means one format."""
        names = [export.name for export in EXPORTS]
        assert len(set(names)) == len(names)
        assert all(one.write or one.document or one.about or one.files or one.picture for one in EXPORTS)
