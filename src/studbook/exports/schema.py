"""`studbook export schema`: the JSON Schema (2020-12) of the JSON export, made from the model's own types.

The root describes the document; `#/$defs/Line` describes one line of the `--lines` form.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, Field
from pydantic.json_schema import models_json_schema

from studbook.exports.interface import Export
from studbook.exports.json_export import SCHEMA
from studbook.model import Asset, Edge, Finding, Gap
from studbook.model.attributes import FIELDS, LINKED, Attribute
from studbook.model.coverage import Status
from studbook.model.snapshot import Digest
from studbook.sources import declared_attributes

IDENTIFIER = "urn:studbook:schema:export-2"


class CoverageRow(BaseModel):
    """One partition: how much of it was seen."""

    account: str | None = Field(description="The account that was asked.")
    region: str | None = Field(description="The region that was asked; null where the source has none.")
    source: str = Field(description="sagemaker, lambda, s3, mlflow or organizations.")
    status: Status = Field(description="complete, partial, failed or skipped.")
    records: int = Field(ge=0, description="Records that this partition holds, carried over ones included.")
    requests: int = Field(ge=0, description="API requests that were sent, retries included.")
    gaps: list[Gap] = Field(description="What could not be seen, and why.")


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
    coverage: list[CoverageRow] = Field(description="What was asked of each partition and what came of it.")


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
    """The schema as a value."""
    _, generated = models_json_schema([(ExportDocument, "serialization"), (Header, "serialization")])
    definitions: dict[str, Any] = generated["$defs"]
    for definition in definitions.values():
        if "properties" in definition:
            _close(definition)
    definitions["Asset"]["allOf"] = [_of_kind(kind, rows) for kind, rows in declared_attributes().items()]
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


def document() -> bytes:
    """The schema as a file, indented for reading."""
    return json.dumps(schema(), indent=2, ensure_ascii=False, sort_keys=True).encode() + b"\n"


EXPORT = Export("schema", "the JSON Schema (2020-12) of the JSON export", document=document)
