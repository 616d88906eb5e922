"""MCP server (Model Context Protocol, stdio): the questions as tools for agents, over a catalog or a built site.

A tool for each question under its name, and `search`, `asset`, `diff`, `verify`. An answer is a text (the sentence and
the first rows) and the same as `structuredContent`; together they stay below 8 KB unless `full` is asked for, and say
how many rows there are, of which snapshot, and what is unknown, however much is cut.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

import anyio
import mcp_types as types
from mcp.server import Server, ServerRequestContext
from mcp.server.stdio import stdio_server

from studbook import __version__
from studbook.api import Lineage
from studbook.api import open as open_lineage
from studbook.errors import NotFound, StudbookError, UsageError
from studbook.model import Envelope
from studbook.model.canonical import fields_of
from studbook.queries import QUESTIONS
from studbook.queries.answer import snapshot_json
from studbook.store import Catalog

Json = dict[str, Any]

MOST: Final = 8_192
"""Bytes of an answer, text and structure together."""
_ROWS: Final = 20
_SHORT: Final = ((4_000, 50), (1_000, 20), (400, 12), (200, 8), (120, 5), (80, 3), (60, 1), (40, 0))
"""Letters of a text and members of a list that are kept, ever fewer until the answer fits."""
_TEXT_ROWS: Final = 8


class Source(Protocol):
    """Where answers come from. Each raises StudbookError for what it has not."""

    def answer(self, question: str, asset: str, as_of: str, options: Mapping[str, str]) -> Json:
        """A question's answer, whole, in the form `studbook.answer/1`."""
        ...

    def search(self, text: str, as_of: str, limit: int) -> Json:
        """What answers to a text: rows of id, kind, name, account and region."""
        ...

    def asset(self, asset: str, as_of: str) -> Json:
        """What is known of one asset."""
        ...

    def diff(self, older: str, as_of: str) -> Json:
        """What changed between two snapshots."""
        ...

    def verify(self) -> Json:
        """Whether what is stored is what was written."""
        ...


class Folder:
    """A catalog's folder. The snapshot asked last stays open."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._lineage: Lineage | None = None

    def _open(self, as_of: str) -> Lineage:
        number = self._catalog.resolve(as_of).number
        if self._lineage is None or self._lineage.snapshot.number != number:
            self.close()
            self._lineage = open_lineage(self._catalog, as_of)
        return self._lineage

    def close(self) -> None:
        """Lets the index go."""
        if self._lineage is not None:
            self._lineage.close()
            self._lineage = None

    def answer(self, question: str, asset: str, as_of: str, options: Mapping[str, str]) -> Json:
        return self._open(as_of).ask(question, asset, **options).to_json()

    def search(self, text: str, as_of: str, limit: int) -> Json:
        lineage = self._open(as_of)
        rows = [
            {
                "asset": one.id,
                "kind": one.kind,
                "name": one.name,
                "account": one.account,
                "region": one.region,
                "stage": one.stage,
                "gone_since": one.gone_since,
            }
            for one in lineage.search(text, limit)
        ]
        return _told(lineage.snapshot, f"{len(rows)} found for {text!r}.", rows)

    def asset(self, asset: str, as_of: str) -> Json:
        lineage = self._open(as_of)
        found = lineage.asset(asset)
        return _told(lineage.snapshot, f"{found.kind.replace('_', ' ')} {found.name}", None, asset=fields_of(found))

    def diff(self, older: str, as_of: str) -> Json:
        lineage = self._open(as_of)
        changes = lineage.diff(older).to_json()
        counts = {name: len(value) for name, value in changes.items() if isinstance(value, list | tuple)}
        told = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items() if count)
        before = self._catalog.resolve(older).number
        summary = f"From snapshot {before} to {lineage.snapshot.number}: {told or 'nothing changed'}."
        return _told(lineage.snapshot, summary, None, counts=counts, changes=changes) | {"total": sum(counts.values())}

    def verify(self) -> Json:
        envelope = self._catalog.resolve("latest")
        rows = [{"place": one.place, "message": one.message} for one in self._catalog.verify()]
        summary = f"{len(rows)} damages." if rows else "All is as it was written."
        return _told(envelope, summary, rows, ok=not rows)


def _told(snapshot: Envelope, summary: str, rows: list[Json] | None, **more: Any) -> Json:
    found: Json = {"summary": summary, "snapshot": snapshot_json(snapshot)}
    if rows is not None:
        found |= {"total": len(rows), "rows": rows}
    return found | {"unknown": []} | more


# --- an answer that fits ------------------------------------------------------------------------------------------


def fitted(found: Json, limit: int | None, *, full: bool) -> types.CallToolResult:
    """An answer as a result; unless it is to be full, cut until it has at most `MOST` bytes."""
    if full:
        return _result({**found, "rows": found["rows"][:limit]} if limit is not None and "rows" in found else found)
    if "rows" in found:
        found = {**found, "rows": found["rows"][: _ROWS if limit is None else limit]}
    result = _result(found)
    for letters, members in _SHORT:
        if _size(result) <= MOST:
            return result
        cut = {name: _cut(value, letters, members) for name, value in found.items()}
        result = _result(cut | {"cut": True, "unknown_total": len(found.get("unknown", ()))})
    return result


def _size(result: types.CallToolResult) -> int:
    return len(result.model_dump_json(by_alias=True, exclude_none=True).encode())


def _cut(value: Any, letters: int, members: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= letters else value[:letters] + "…"
    if isinstance(value, Mapping):
        # A snapshot's own members are never more than these.
        kept = list(value.items())[: max(members, 8)]
        return {_cut(name, 80, 0): _cut(item, letters, members) for name, item in kept}
    if isinstance(value, list | tuple):
        return [_cut(item, letters, members) for item in value[:members]]
    return value


def _result(found: Json) -> types.CallToolResult:
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=_text(found))],
        structured_content=json.loads(json.dumps(found, default=str)),
        is_error=False,
    )


def _text(found: Json) -> str:
    """The sentence, the snapshot, what is unknown, and the first rows: a line each."""
    snapshot, rows, unknown = found["snapshot"], list(found.get("rows") or ()), list(found.get("unknown") or ())
    lines = [str(found["summary"])]
    told = [f"snapshot {snapshot['number']} of {snapshot['taken_at']}"]
    if "total" in found:
        told.append(f"{found['total']} in all")
    told.append(f"{found.get('unknown_total', len(unknown))} unknown")
    lines.append("; ".join(told))
    lines += [_line(row) for row in rows[:_TEXT_ROWS]]
    if len(rows) > _TEXT_ROWS or len(rows) < (found.get("total") or 0):
        lines.append("... more: see structuredContent, or ask with 'limit' or 'full'")
    lines += [f"unknown: {_line(one)}" for one in unknown[:2]]
    return "\n".join(lines)


def _line(row: Any) -> str:
    if not isinstance(row, Mapping):
        return str(row)[:300]
    return "  ".join(f"{name}={value}" for name, value in row.items() if value not in (None, [], {}))[:300]


# --- the tools ----------------------------------------------------------------------------------------------------

_ASSET: Final = {
    "type": "string",
    "description": "A name, name@account, name/version, an ARN, an s3:// place, the beginning of a digest.",
}
_AS_OF: Final = {
    "type": "string",
    "default": "latest",
    "description": "The snapshot: a number, latest, latest~3, a date, or the beginning of a digest.",
}
_LIMIT: Final = {"type": "integer", "minimum": 0, "description": f"At most so many rows; {_ROWS} unless full."}
_FULL: Final = {"type": "boolean", "default": False, "description": "All of it, whatever its size."}
_WINDOW: Final = {
    "from": {"type": "string", "description": "A date or time in UTC, inclusive."},
    "to": {"type": "string", "description": "A date (to its end) or time in UTC, exclusive."},
}
_ABOUT: Final = {
    "trace": "What made an asset: base models, data, code, evaluators, back to the origins.",
    "impact": "What depends on an asset: jobs, models, deployments.",
    "runs": "Where a model version runs now, by deployment alone; or what answers at an endpoint or in an account.",
    "copies": "The tree of copies of a model version over accounts.",
    "scores": "How a model version, group, evaluator or dataset version was judged.",
    "candidates": "Newer versions than what runs, with a verdict on judgements that both had.",
    "incident": "What data (an S3 place, object, digest) or any asset has spoilt, within a window; what is cleared.",
    "gaps": "What cannot be known of the origins of a model version or an endpoint, and why.",
    "log": "The events of an asset from the first night on: approvals, copies, deployments, evaluations, drift.",
}


def tools() -> list[types.Tool]:
    """All of them, as an agent sees them."""
    usual = {"as_of": _AS_OF, "limit": _LIMIT, "full": _FULL}
    found = []
    for name, question in QUESTIONS.items():
        window = _WINDOW if "from_" in question.options else {}
        found.append(_tool(name, _ABOUT.get(name, name), {"asset": _ASSET, **window, **usual}, "asset"))
    text = {"type": "string", "description": "A part of a name, an id, a place in S3."}
    older = {"type": "string", "default": "latest~1", "description": "The snapshot to compare with."}
    found.append(_tool("search", "Finds assets by a text.", {"text": text, **usual}, "text"))
    found.append(
        _tool("asset", "What is known of one asset.", {"asset": _ASSET, "as_of": _AS_OF, "full": _FULL}, "asset")
    )
    found.append(_tool("diff", "What changed between two snapshots.", {"from": older, "as_of": _AS_OF, "full": _FULL}))
    found.append(_tool("verify", "Whether the catalog is as it was written.", {"full": _FULL}))
    return found


def _tool(name: str, about: str, properties: Json, *required: str) -> types.Tool:
    schema = {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
    return types.Tool(
        name=name,
        description=about,
        input_schema=schema,
        annotations=types.ToolAnnotations(read_only_hint=True, idempotent_hint=True),
    )


def called(source: Source, name: str, given: Mapping[str, Any]) -> types.CallToolResult:
    """What a tool answers; a mistake is an answer too, with the way out."""
    try:
        arguments = _checked(name, given)
        limit, full = arguments.pop("limit", None), arguments.pop("full", False)
        return fitted(_found(source, name, arguments, limit), limit, full=full)
    except StudbookError as error:
        text = error.message + (f"\nhint: {error.hint}" if error.hint else "")
        shown = text.encode()[: MOST // 2].decode(errors="ignore")
        return types.CallToolResult(content=[types.TextContent(type="text", text=shown)], is_error=True)


def _found(source: Source, name: str, arguments: Json, limit: int | None) -> Json:
    as_of = arguments.get("as_of", "latest")
    ask: dict[str, Callable[[], Json]] = {
        "search": lambda: source.search(arguments["text"], as_of, _ROWS if limit is None else limit),
        "asset": lambda: source.asset(arguments["asset"], as_of),
        "diff": lambda: source.diff(arguments.get("from", "latest~1"), as_of),
        "verify": source.verify,
    }
    if name in ask:
        return ask[name]()
    options = {key: arguments[given] for given, key in (("from", "from_"), ("to", "to")) if given in arguments}
    return source.answer(name, arguments["asset"], as_of, options)


_TYPES: Final[dict[str, type]] = {"string": str, "integer": int, "boolean": bool}


def _checked(name: str, given: Mapping[str, Any]) -> Json:
    tool = next((one for one in tools() if one.name == name), None)
    if tool is None:
        raise NotFound(f"there is no tool {name[:80]!r}", f"there are: {', '.join(one.name for one in tools())}")
    properties = tool.input_schema["properties"]
    for key, value in given.items():
        if key not in properties:
            raise UsageError(f"{name} takes no {key[:80]!r}", f"it takes: {', '.join(properties)}")
        wanted = properties[key]["type"]
        if type(value) is not _TYPES[wanted] or (isinstance(value, int) and value < 0):
            raise UsageError(f"{name}: {key} is to be of the type {wanted}", f"not {str(value)[:80]!r}")
    for key in tool.input_schema["required"]:
        if key not in given:
            raise UsageError(f"{name} needs {key!r}", str(properties[key]["description"]))
    return dict(given)


def serve(source: Source) -> None:
    """Answers on standard input and output until the client goes."""

    async def listed(
        context: ServerRequestContext[Any], params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return types.ListToolsResult(tools=tools())

    async def call(context: ServerRequestContext[Any], params: types.CallToolRequestParams) -> types.CallToolResult:
        return called(source, params.name, params.arguments or {})

    server: Server[Any] = Server(
        "studbook",
        version=__version__,
        instructions="Lineage of machine learning models on AWS: what made them, what judged them, where they run. "
        "An empty answer with nothing unknown is a proof of absence.",
        on_list_tools=listed,
        on_call_tool=call,
    )

    async def run() -> None:
        async with stdio_server() as (read, write):
            await server.run(read, write, server.create_initialization_options())

    anyio.run(run)
