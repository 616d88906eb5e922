"""MCP server (Model Context Protocol, stdio): the questions as tools for agents, over a catalog or a built site.

A tool for each question under its name, and `compare`, `search`, `asset`, `diff`, `verify`. An answer is a text (the
sentence and the first rows) and the same as `structuredContent`; together they stay below 8 KB unless `full` is asked
for, and say how many rows there are, of which snapshot, and what is unknown, however much is cut.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice, product
from typing import Any, Final, Protocol
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import urlopen

import anyio
import mcp_types as types
from mcp.server import Server, ServerRequestContext
from mcp.server.stdio import stdio_server

from studbook import __version__
from studbook.api import Lineage
from studbook.api import open as open_lineage
from studbook.errors import NotFound, StudbookError, UsageError
from studbook.lineage.from_id import asset_from_id
from studbook.model import Envelope
from studbook.model.canonical import fields_of
from studbook.model.ids import page_path
from studbook.packaged import place_in_code
from studbook.queries import QUESTIONS
from studbook.queries.compare import LEAST
from studbook.queries.compare import MOST as MOST_COMPARED
from studbook.store import Catalog

Json = dict[str, Any]

MOST: Final = 8_192
"""Bytes of an answer, text and structure together."""
_ADDED: Final = 256
"""Room for what the SDK adds to a result: the server's name and version, and that the result is complete."""
_ROWS: Final = 20
_SHORT: Final = ((4_000, 50), (1_000, 20), (400, 12), (200, 8), (120, 5), (80, 3), (60, 1), (40, 0))
"""Letters of a text and members of a list that are kept, ever fewer until the answer fits."""
_TEXT_ROWS: Final = 8
_PATIENCE: Final = 30
"""Seconds to wait for a site."""
_LARGEST: Final = 64 << 20
"""Bytes of a site's file."""


class AnswerSource(Protocol):
    """Where answers come from. Each raises StudbookError for what it has not."""

    def answer(
        self, question: str, asset: str, as_of: str, options: Mapping[str, str], limit: int | None, *, whole: bool
    ) -> Json:
        """A question's answer in the form `studbook.answer/1`, with at most `limit` rows; what it tells besides its
        rows, such as the edges between them, only where it is to be `whole`."""
        ...

    def compare(self, assets: Sequence[str], as_of: str, limit: int | None, *, whole: bool) -> Json:
        """Two to six things of a kind side by side, in the form `studbook.answer/1`."""
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

    def answer(
        self, question: str, asset: str, as_of: str, options: Mapping[str, str], limit: int | None, *, whole: bool
    ) -> Json:
        return self._open(as_of).ask(question, asset, **options).to_json(limit, whole=whole)

    def compare(self, assets: Sequence[str], as_of: str, limit: int | None, *, whole: bool) -> Json:
        return self._open(as_of).compare(*assets).to_json(limit, whole=whole)

    def search(self, text: str, as_of: str, limit: int) -> Json:
        lineage = self._open(as_of)
        found = lineage.handles.search(text)
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
            for one in found[:limit]
        ]
        return _summarized(lineage.snapshot, f"{len(found)} found for {text!r}.", rows) | {"total": len(found)}

    def asset(self, asset: str, as_of: str) -> Json:
        lineage = self._open(as_of)
        found = lineage.asset(asset)
        return _summarized(
            lineage.snapshot, f"{found.kind.replace('_', ' ')} {found.name}", None, asset=fields_of(found)
        )

    def diff(self, older: str, as_of: str) -> Json:
        lineage = self._open(as_of)
        changes = lineage.diff(older).to_json()
        told = _counted(self._catalog.resolve(older).number, lineage.snapshot.number, changes)
        return _summarized(lineage.snapshot, told.pop("summary"), None, **told, changes=changes)

    def verify(self) -> Json:
        envelope = self._catalog.resolve("latest")
        rows = [{"place": one.place, "message": one.message} for one in self._catalog.verify()]
        summary = f"{len(rows)} damages." if rows else "All is as it was written."
        return _summarized(envelope, summary, rows, ok=not rows)


class BuiltSite:
    """A built site at an address: what the `index.json` of its pages say, and its search index."""

    def __init__(self, address: str) -> None:
        if not address.startswith(("http://", "https://")):
            raise UsageError(f"{address!r} is no address of a site", "it begins with https://")
        self._root = address.rstrip("/") + "/"

    def answer(
        self, question: str, asset: str, as_of: str, options: Mapping[str, str], limit: int | None, *, whole: bool
    ) -> Json:
        if options:
            raise UsageError("a site has no answer for a window of time", "ask the catalog: studbook mcp --catalog DIR")
        base, snapshot = self._base(as_of)
        page = self._page(base, asset)
        if question not in page["answers"]:
            kind = str(page["asset"]["kind"]).replace("_", " ")
            raise UsageError(f"a page of a {kind} has no answer to {question}", f"it has: {', '.join(page['answers'])}")
        answer = page["answers"][question]
        return {**answer, "rows": answer["rows"][:limit], "asked": asset, "snapshot": snapshot}

    def compare(self, assets: Sequence[str], as_of: str, limit: int | None, *, whole: bool) -> Json:
        raise UsageError("a site compares in the browser", "ask the catalog: studbook mcp --catalog DIR")

    def search(self, text: str, as_of: str, limit: int) -> Json:
        base, snapshot = self._base(as_of)
        total, found = self._found(base, text)
        rows = [{"name": title, "page": base + place} for title, place in islice(found, limit)]
        return {"summary": f"{total} found for {text!r}.", "snapshot": snapshot, "total": total, "rows": rows}

    def asset(self, asset: str, as_of: str) -> Json:
        base, snapshot = self._base(as_of)
        found = self._page(base, asset)["asset"]
        summary = f"{found['kind'].replace('_', ' ')} {found['name']}"
        return {"summary": summary, "snapshot": snapshot, "asset": found}

    def diff(self, older: str, as_of: str) -> Json:
        if older != "latest~1":
            raise UsageError("a site tells of the night before alone", "ask the catalog: studbook mcp --catalog DIR")
        base, snapshot = self._base(as_of)
        changes = self._get(f"{base}changes/step.json")
        if not isinstance(changes, dict):
            raise NotFound(f"{base} does not tell what changed", "ask the catalog: studbook mcp --catalog DIR")
        if changes.get("old") is None:
            raise NotFound(f"snapshot {snapshot['number']} is the first", "there is none before it to compare with")
        rows = {name: value for name, value in changes.items() if name != "assets"}  # which are what the others name
        return {"snapshot": snapshot, **_counted(changes["old"], snapshot["number"], rows), "changes": changes}

    def verify(self) -> Json:
        raise UsageError("a site cannot be verified", "verify its catalog, or an evidence pack: studbook verify")

    def _base(self, as_of: str) -> tuple[str, Json]:
        """The address of a version, and its snapshot."""
        places = ("latest/", "") if as_of == "latest" else (f"{as_of}/",) if as_of.isdecimal() else ()
        for place in places:
            if isinstance(found := self._get(f"{self._root}{place}snapshot.json"), dict):
                return self._root + place, found
        raise NotFound(f"{self._root} has no snapshot {as_of!r}", "a site knows 'latest', and those it keeps by number")

    def _page(self, base: str, asset: str) -> Json:
        """The `index.json` of the asset of that id, or of the only one of that name."""
        page = self._page_of(base, asset)
        if "error" in page:
            raise StudbookError(f"{page['asset']['id']}: {page['error']}", page["hint"])
        return page

    def _page_of(self, base: str, asset: str) -> Json:
        kinds: tuple[str, ...] = (asset_from_id(asset).kind,)
        kinds += ("dataset", "code") if asset.startswith("s3://") else ()
        ids = [asset, f"{asset.rstrip('/')}/"] if asset.startswith("s3://") else [asset]
        for kind, one in product(kinds, ids):
            if isinstance(found := self._get(f"{base}{page_path(kind, one)}index.json"), dict):
                return found
        near: list[Json] = []
        for _, place in islice(self._found(base, asset)[1], _ROWS):
            found = self._get(f"{base}{place}index.json") if place.endswith("/") else None
            if isinstance(found, dict) and found["asset"]["id"] == asset:
                return found
            near += [found] if isinstance(found, dict) else []
        named = [one for one in near if one["asset"]["name"] == asset]
        if len(named) == 1:
            return named[0]
        ids = [str(one["asset"]["id"]) for one in named or near]
        raise NotFound(
            f"{asset!r} can be {len(named)} things" if named else f"no page answers to {asset!r}",
            "\n  ".join(["give an id:", *ids]) if ids else "find it with the tool 'search'",
        )

    def _found(self, base: str, text: str) -> tuple[int, Iterator[tuple[str, str]]]:
        """How many pages have all the words; their titles and places, those with the words in their titles first."""
        from studbook.render.search import unpacked, words_of

        index = self._script(base, "index")
        numbers: set[int] | None = None
        titled: Counter[int] = Counter()
        for word in words_of(text):
            shard = max((one for one in index["shards"] if word.startswith(one)), key=len, default=None)
            rows = self._script(base, f"t/{shard.encode().hex()}") if shard is not None else []
            matching = [row for row in rows if str(row[0]).startswith(word)]
            in_title = {number for row in matching for number in unpacked(row[1])}
            titled.update(in_title)
            having = in_title | {number for row in matching for number in unpacked(row[2])}
            numbers = having if numbers is None else numbers & having
        ordered = sorted(numbers or (), key=lambda number: (-titled[number], -number))

        def pages() -> Iterator[tuple[str, str]]:
            for number in ordered:
                chunk = self._script(base, f"d/{number // index['chunk']}")
                title, place, *_ = chunk[number % index["chunk"]]
                yield str(title), str(place)

        return len(ordered), pages()

    def _script(self, base: str, name: str) -> Any:
        """The data of a file of the search index: a script that calls a function with its name and the data."""
        text = self._read(f"{base}search/{name}.js") or b""
        begin, end = text.find(b","), text.rfind(b")")
        try:
            return json.loads(text[begin + 1 : end])
        except ValueError:
            raise NotFound(f"{base}search/{name}.js is no part of a search index", "is the site whole?") from None

    def _get(self, address: str) -> Any:
        text = self._read(address)
        try:
            return json.loads(text) if text is not None else None
        except ValueError:
            return None

    def _read(self, address: str) -> bytes | None:
        """None where there is no such file."""
        try:
            with urlopen(quote(address, safe=":/%?=&"), timeout=_PATIENCE) as answer:  # noqa: S310 - http and https alone
                text: bytes = answer.read(_LARGEST + 1)
        except HTTPError as error:
            if error.code in (403, 404):
                return None
            raise StudbookError(f"{address}: {error}", "is the site there?") from None
        except (OSError, ValueError) as error:
            raise StudbookError(f"{address}: {error}", "is the site there, and may you read it?") from None
        if len(text) > _LARGEST:
            raise StudbookError(
                f"{address} has more than {_LARGEST:,} bytes", "ask the catalog: studbook mcp --catalog DIR"
            )
        return text


def _counted(older: int, newer: int, changes: Json) -> Json:
    """How many changes of each sort there are between two nights."""
    counts = {name: len(value) for name, value in changes.items() if isinstance(value, list | tuple)}
    told = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items() if count)
    summary = f"From snapshot {older} to {newer}: {told or 'nothing changed'}."
    return {"summary": summary, "total": sum(counts.values()), "counts": counts}


def _summarized(snapshot: Envelope, summary: str, rows: list[Json] | None, **more: Any) -> Json:
    found: Json = {"summary": summary, "snapshot": snapshot.summary}
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
        if _size(result) <= MOST - _ADDED:
            return result
        cut = {name: value if name == "snapshot" else _cut(value, letters, members) for name, value in found.items()}
        result = _result(cut | {"cut": True, "unknown_total": len(found.get("unknown", ()))})
    if _size(result) <= MOST - _ADDED:
        return result
    # What is nested deeply enough does not fit at any length: what every answer says is left.
    told = {name: found[name] for name in ("question", "root", "snapshot", "total") if name in found}
    empty: Json = {name: [] for name in ("rows", "unknown") if name in found}
    summary = {"summary": _cut(found["summary"], 200, 0), "unknown_total": len(found.get("unknown", ()))}
    return _result(_cut(told, 400, 8) | empty | summary | {"cut": True})


def _size(result: types.CallToolResult) -> int:
    return len(result.model_dump_json(by_alias=True, exclude_none=True).encode())


def _cut(value: Any, letters: int, members: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= letters else value[:letters] + "…"
    if isinstance(value, Mapping):
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
    about = (
        f"{LEAST} to {MOST_COMPARED} versions, training jobs, MLflow runs, dataset or evaluator versions side by side"
    )
    things = {"type": "array", "items": _ASSET, "minItems": LEAST, "maxItems": MOST_COMPARED}
    things["description"] = "Things of one kind; the first is what the others are held against."
    found.append(_tool("compare", f"{about}, a verdict first.", {"assets": things, **usual}, "assets"))
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


def called(source: AnswerSource, name: str, given: Mapping[str, Any]) -> types.CallToolResult:
    """What a tool answers; a mistake is an answer too, with the way out."""
    try:
        arguments = _checked(name, given)
        limit, full = arguments.pop("limit", None), arguments.pop("full", False)
        return fitted(_found(source, name, arguments, limit, full=full), limit, full=full)
    except Exception as error:  # noqa: BLE001  one answer that cannot be made must not end the session
        told = (
            error
            if isinstance(error, StudbookError)
            else StudbookError(f"a bug in Studbook: {type(error).__name__} at {place_in_code(error)}", "report it")
        )
        text = told.message + (f"\nhint: {told.hint}" if told.hint else "")
        shown = text.encode()[: MOST // 2].decode(errors="ignore")
        return types.CallToolResult(content=[types.TextContent(type="text", text=shown)], is_error=True)


def _found(source: AnswerSource, name: str, arguments: Json, limit: int | None, *, full: bool) -> Json:
    as_of = arguments.get("as_of", "latest")
    most = _ROWS if limit is None and not full else limit
    ask: dict[str, Callable[[], Json]] = {
        "compare": lambda: source.compare(arguments["assets"], as_of, most, whole=full),
        "search": lambda: source.search(arguments["text"], as_of, _ROWS if limit is None else limit),
        "asset": lambda: source.asset(arguments["asset"], as_of),
        "diff": lambda: source.diff(arguments.get("from", "latest~1"), as_of),
        "verify": source.verify,
    }
    if name in ask:
        return ask[name]()
    options = {key: arguments[given] for given, key in (("from", "from_"), ("to", "to")) if given in arguments}
    return source.answer(name, arguments["asset"], as_of, options, most, whole=full)


_TYPES: Final[dict[str, type]] = {"string": str, "integer": int, "boolean": bool, "array": list}


def _checked(name: str, given: Mapping[str, Any]) -> Json:
    tool = next((one for one in tools() if one.name == name), None)
    if tool is None:
        raise NotFound(f"there is no tool {name[:80]!r}", f"there are: {', '.join(one.name for one in tools())}")
    properties = tool.input_schema["properties"]
    for key, value in given.items():
        if key not in properties:
            raise UsageError(f"{name} takes no {key[:80]!r}", f"it takes: {', '.join(properties)}")
        wanted = properties[key]["type"]
        if (
            type(value) is not _TYPES[wanted]
            or (isinstance(value, int) and value < 0)
            or (isinstance(value, list) and not all(isinstance(one, str) for one in value))
        ):
            raise UsageError(f"{name}: {key} is to be of the type {wanted}", f"not {str(value)[:80]!r}")
    for key in tool.input_schema["required"]:
        if key not in given:
            raise UsageError(f"{name} needs {key!r}", str(properties[key]["description"]))
    return dict(given)


def serve(source: AnswerSource) -> None:
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
