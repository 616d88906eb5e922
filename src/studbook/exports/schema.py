"""`studbook export schema`: the JSON Schemas (2020-12) of what is written as JSON, made from the model's own types.

`--of export` (also without `--of`) describes the document of `studbook export json`, and at `#/$defs/Line` one line of
its `--lines` form; `answer` the answer to a question, with the rows that each question has; `report` what
`studbook nightly --format json` prints; `pedigree` the export of that name.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import fields
from functools import cache
from typing import Any, Final, Literal, get_args, get_type_hints

from pydantic import BaseModel, Field, TypeAdapter
from pydantic.json_schema import models_json_schema

from studbook.exports.interface import Export
from studbook.exports.json_export import SCHEMA
from studbook.model import KINDS, Asset, Coverage, Edge, Finding
from studbook.model.attributes import FIELDS, LINKED, Attribute
from studbook.model.evidence import SCHEMA as EVIDENCE
from studbook.model.snapshot import Digest
from studbook.queries import QUESTIONS
from studbook.queries.answer import Row, Unknown
from studbook.queries.compare import compare
from studbook.sources import declared_attributes

IDENTIFIER = "urn:studbook:schema:export-2"


class Generator(BaseModel):
    """The program that wrote the export."""

    name: Literal["studbook"]
    version: str


class Snapshot(BaseModel):
    """Which snapshot this is, and what it could see."""

    number: int = Field(ge=1, description="Counts up from 1.")
    taken_at: str = Field(description="When the harvest began; UTC, RFC 3339 with Z.")
    digest: Digest = Field(description="The content's digest.")
    previous: Digest | None = Field(description="The envelope's digest of the snapshot before.")
    envelope: Digest = Field(description="The envelope's digest.")
    coverage: list[Coverage] = Field(description="What was asked of each partition and what came of it.")


class _Head(BaseModel):
    schema_: Literal["studbook.export/2"] = Field(alias="schema", description="The format and its version.")
    generator: Generator
    snapshot: Snapshot


class ExportDocument(_Head):
    """Everything that is known of one snapshot."""

    assets: list[Asset] = Field(description="Sorted by id.")
    edges: list[Edge] = Field(description="Sorted by source, target, relation and role, null first.")
    findings: list[Finding] = Field(description="What the rules say.")


class Header(_Head):
    """The first line of the lines form."""

    type: Literal["header"]


def schema() -> dict[str, Any]:
    """The JSON Schema of the whole JSON export, as a value."""
    _, generated = models_json_schema([(ExportDocument, "serialization"), (Header, "serialization")])
    definitions: dict[str, Any] = generated["$defs"]
    for definition in definitions.values():
        if "properties" in definition:
            _close(definition)
    of_quiet = {one.name for one in fields(Coverage) if getattr(one.default, "exclude_if", None)}
    row = definitions["Coverage"]
    row["required"] = [name for name in row["required"] if name not in of_quiet]
    declared = declared_attributes()  # of some kinds only the linker says something
    definitions["Asset"]["allOf"] = [_of_kind(kind, declared.get(kind, ())) for kind in KINDS]
    for name in ("Asset", "Edge", "Finding"):
        definitions[f"{name}Line"] = _as_line(definitions[name], name.lower())
    definitions["Line"] = {
        "description": "One line of the lines form: a header first, then assets, edges and findings.",
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in ("Header", "AssetLine", "EdgeLine", "FindingLine")],
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": IDENTIFIER,
        "title": SCHEMA,
        "$ref": "#/$defs/ExportDocument",
        "$defs": dict(sorted(definitions.items())),
    }


def _of_kind(kind: str, rows: Iterable[Attribute]) -> dict[str, Any]:
    """What is said of assets of a kind: each row's meaning, and under `x-source` where it is read."""
    several: defaultdict[str, list[Attribute]] = defaultdict(list)
    for row in (*rows, *LINKED):
        several[row.name].append(row)
    told = {
        name: {
            "description": " ".join(dict.fromkeys(row.meaning for row in found)),
            "x-source": [one for row in found for one in row.source],
        }
        for name, found in sorted(several.items())
    }
    properties: dict[str, Any] = {name: told.pop(name) for name in FIELDS if name in told}
    properties["attributes"] = {"properties": told}
    return {"if": {"properties": {"kind": {"const": kind}}}, "then": {"properties": properties}}


def _close(definition: dict[str, Any]) -> None:
    """An export writes every member, whatever its value, and no other."""
    for member in definition["properties"].values():
        member.pop("default", None)
    definition["required"] = list(definition["properties"])
    definition["additionalProperties"] = False


def _as_line(definition: dict[str, Any], type_: str) -> dict[str, Any]:
    return definition | {
        "title": definition["title"] + "Line",
        "properties": {"type": {"const": type_}} | definition["properties"],
        "required": ["type", *definition["required"]],
    }


# --- of answers, reports and pedigrees --------------------------------------------------------------------------------


class SnapshotName(BaseModel):
    """How an answer or a report names its snapshot."""

    number: int = Field(ge=1)
    taken_at: str
    digest: Digest
    envelope: Digest


class Step(BaseModel):
    """One step of a night."""

    name: Literal["preflight", "harvest", "sign", "check", "export", "build", "publish"]
    outcome: Literal["ok", "findings", "partial", "failed", "skipped"]
    message: str = Field(description="In a sentence.")


class ReportGap(BaseModel):
    """What could not be seen, and where."""

    account: str | None
    region: str | None
    source: str
    operation: str
    code: str
    message: str


class ReportDocument(BaseModel):
    """What a night came to."""

    schema_: Literal["studbook.report/1"] = Field(alias="schema")
    snapshot: SnapshotName | None = Field(description="The one that was written; null where none was.")
    steps: list[Step] = Field(description="In their order.")
    changes: list[str] = Field(description="In at most five sentences.")
    findings: list[Finding]
    new_findings: list[Finding] = Field(description="Those that the night before did not have.")
    gaps: list[ReportGap]
    exit: int = Field(description="The exit code.")
    audience: Literal["external"] | None = Field(
        default=None,
        exclude_if=lambda value: value is None,
        description="Of a night for outsiders: names stand under pseudonyms. Not there in any other.",
    )


class PedigreeDocument(BaseModel):
    """One asset with everything that made, judged and runs it."""

    schema_: Literal["studbook.pedigree/1"] = Field(alias="schema")
    root: str = Field(description="The id of the asset.")
    assets: list[Asset]
    edges: list[Edge]
    findings: list[Finding]


class _Told(BaseModel):
    """What an answer refers to, for their definitions."""

    asset: Asset
    edge: Edge
    snapshot: SnapshotName


def _model_schema(kind: type[BaseModel], of: str) -> dict[str, Any]:
    _, generated = models_json_schema([(kind, "serialization")])
    schema = _rooted(generated["$defs"], kind.__name__, of)
    optional = {name for name, field in kind.model_fields.items() if field.exclude_if is not None}
    root = schema["$defs"][kind.__name__]
    root["required"] = [name for name in root["required"] if name not in optional]
    return schema


def _rooted(definitions: dict[str, Any], root: str, of: str) -> dict[str, Any]:
    definitions.pop("Evidence", None)  # pydantic's own idea of it; what stands in an edge is spelt there
    for definition in definitions.values():
        if "properties" in definition:
            _close(definition)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:studbook:schema:{of.replace('/', '-').removeprefix('studbook.')}",
        "title": of,
        "$ref": f"#/$defs/{root}",
        "$defs": dict(sorted(definitions.items())),
    }


def answer_schema() -> dict[str, Any]:
    """Of the answer to any question, and of `compare`: by `question`, which rows it has."""
    _, generated = models_json_schema([(_Told, "serialization")])
    definitions: dict[str, Any] = generated["$defs"]
    definitions.pop("_Told")
    rows = {**{name: _row_type(question.ask) for name, question in QUESTIONS.items()}, "compare": _row_type(compare)}
    for row in (*rows.values(), Unknown):
        made = TypeAdapter(row).json_schema(mode="serialization", ref_template="#/$defs/{model}")
        definitions |= made.pop("$defs", {})
        definitions[row.__name__] = made
    for row in (*rows.values(), Unknown):
        known = definitions[row.__name__]
        known["properties"] = {name.rstrip("_"): member for name, member in known["properties"].items()}
    schema = _rooted(definitions, "Answer", "studbook.answer/1")
    schema["$defs"]["Evidence"] = EVIDENCE["items"]
    schema["$defs"]["Answer"] = {
        "type": "object",
        "description": "The answer to a question. Those beside a site's pages name no snapshot: the site does.",
        "properties": {
            "schema": {"const": "studbook.answer/1"},
            "question": {"enum": list(rows)},
            "root": {"type": "string", "description": "The resolved id of what was asked of."},
            "asked": {"type": "string", "description": "What was asked."},
            "snapshot": {"$ref": "#/$defs/SnapshotName"},
            "summary": {"type": "string", "description": "One sentence that answers."},
            "total": {"type": "integer", "minimum": 0, "description": "How many rows there are, were they cut or not."},
            "rows": {"type": "array"},
            "unknown": {
                "type": "array",
                "items": {"$ref": "#/$defs/Unknown"},
                "description": "What could add a row, if it could be seen.",
            },
            "direction": {"enum": ["upstream", "downstream"]},
            "assets": {"type": "array", "items": {"$ref": "#/$defs/Asset"}},
            "edges": {"type": "array", "items": {"$ref": "#/$defs/Edge"}},
            "evaluations": {"type": "array", "items": {"type": "object"}},
            "things": {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 6},
            "verdicts": {"type": "array", "items": {"type": "string"}},
            "code": {"type": "array", "items": {"type": "string", "format": "uri"}},
        },
        "required": ["schema", "question", "root", "summary", "total", "rows", "unknown"],
        "allOf": [
            {
                "if": {"properties": {"question": {"const": name}}},
                "then": {"properties": {"rows": {"items": {"$ref": f"#/$defs/{row.__name__}"}}}},
            }
            for name, row in rows.items()
        ],
    }
    return schema


def _row_type(ask: Callable[..., Any]) -> type[Row]:
    """The rows of a question, by the type of its answer."""
    answer = get_type_hints(ask)["return"]
    of = get_args(answer) or get_args(answer.__orig_bases__[0])
    row: type[Row] = of[0]
    return row


_OF: Final[dict[str, Callable[[], dict[str, Any]]]] = {
    "export": schema,
    "answer": answer_schema,
    "report": lambda: _model_schema(ReportDocument, "studbook.report/1"),
    "pedigree": lambda: _model_schema(PedigreeDocument, "studbook.pedigree/1"),
}


@cache
def document(*, of: str = "export") -> bytes:
    """The schema of `export`, `answer`, `report` or `pedigree` as a file, indented for reading: once for all nights."""
    return json.dumps(_OF[of](), indent=2, ensure_ascii=False, sort_keys=True).encode() + b"\n"


EXPORT = Export(
    "schema",
    "the JSON Schemas (2020-12) of what is written as JSON",
    document=document,
    options=("of",),
    file="studbook.schema.json",
)
