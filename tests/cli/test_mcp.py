"""The MCP server, asked by a real client over its standard input and output."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from operator import mul
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.pedigrees import asset, commit, edge

import studbook
from studbook.errors import NotFound, StudbookError
from studbook.lineage.graph import Graph
from studbook.queries import QUESTIONS
from studbook.store import Catalog

pytest.importorskip("mcp", reason="the extra 'mcp' is not installed")

import anyio
from mcp import Client, StdioServerParameters

from studbook import mcp as door

Call = tuple[str, Mapping[str, Any]]


def asked(source: Path, calls: list[Call]) -> list[Any]:
    """What a client gets that starts `studbook mcp` and calls these tools."""

    async def ask() -> list[Any]:
        command = StdioServerParameters(
            command=sys.executable, args=["-m", "studbook", "mcp", "--catalog", str(source)], cwd=str(source)
        )
        async with Client(command) as client:
            names = {tool.name for tool in (await client.list_tools()).tools}
            assert names == {*QUESTIONS, "compare", "search", "asset", "diff", "verify"}
            return [await client.call_tool(name, dict(arguments)) for name, arguments in calls]

    return anyio.run(ask)


def size(result: Any) -> int:
    return len(result.model_dump_json(by_alias=True, exclude_none=True).encode())


VERSION = "arn:aws:sagemaker:us-west-2:222222222222:model-package/support-bot/4"
ENDPOINT = "arn:aws:sagemaker:us-west-2:444444444444:endpoint/support-bot-prod"
ABOUT = {"candidates": ENDPOINT, "incident": "s3://acme-shared-data/fraud/"}
COMPARED = [VERSION.replace("/4", f"/{number}") for number in (2, 4)]
EVERY: list[Call] = [
    *((name, {"asset": ABOUT.get(name, VERSION)}) for name in QUESTIONS),
    ("compare", {"assets": COMPARED}),
    ("search", {"text": "support-bot"}),
    ("asset", {"asset": VERSION}),
    ("diff", {"from": "1"}),
    ("verify", {}),
]


@pytest.mark.demo
def test_every_tool_answers_over_the_demo(demo_catalog: Path) -> None:
    """In at most 8 KB, with a text and its structure, the snapshot, the total and what is unknown."""
    for (name, _), result in zip(EVERY, asked(demo_catalog, EVERY), strict=True):
        assert not result.is_error, (name, result.content[0].text)
        assert size(result) <= door.MOST
        told = result.structured_content
        assert told["snapshot"]["number"] == 4
        assert told["summary"] in result.content[0].text or told["summary"].endswith("…")
        assert "unknown" in told
        if name not in ("asset",):
            assert isinstance(told["total"], int)


@pytest.mark.demo
def test_an_answer_is_the_question_s_own(demo_catalog: Path) -> None:
    """Whole where it is asked for: the rows of the same question, in their order; a limit cuts rows and no total."""
    calls: list[Call] = [
        ("incident", {"asset": "s3://acme-shared-data/fraud", "full": True, "from": "2026-11-15", "to": "2026-11-15"}),
        ("incident", {"asset": "s3://acme-shared-data/fraud", "limit": 2, "from": "2026-11-15", "to": "2026-11-15"}),
        ("log", {"asset": VERSION, "as_of": "2", "full": True}),
        ("compare", {"assets": COMPARED, "full": True}),
        ("compare", {"assets": COMPARED, "limit": 1}),
    ]
    whole, few, log, compared, first = asked(demo_catalog, calls)
    catalog = Catalog(demo_catalog)
    source = door.Folder(catalog)
    window = {"from_": "2026-11-15", "to": "2026-11-15"}
    expected = source.answer("incident", "s3://acme-shared-data/fraud", "latest", window, None, whole=True)
    source.close()
    assert whole.structured_content == json.loads(json.dumps(expected))
    assert few.structured_content["rows"] == whole.structured_content["rows"][:2]
    assert few.structured_content["total"] == whole.structured_content["total"] == len(expected["rows"])
    assert {row["night"] for row in log.structured_content["rows"]} == {2}
    with studbook.open(demo_catalog) as lineage:
        expected = lineage.compare(*COMPARED).to_json()
    assert compared.structured_content == json.loads(json.dumps(expected))
    assert first.structured_content["rows"] == compared.structured_content["rows"][:1]
    assert first.structured_content["total"] == len(expected["rows"]) > 1
    assert first.content[0].text.startswith(" ".join(expected["verdicts"]))


@pytest.mark.demo
def test_a_site_answers_as_its_catalog(demo_catalog: Path, demo_site: Path) -> None:
    """By id or by a name that is one thing's alone, each question that its page has; what a site has not, it says."""
    folder = door.Folder(Catalog(demo_catalog))
    with served(demo_site) as address:
        site = door.BuiltSite(address)
        for name, root in (*((name, ABOUT.get(name, VERSION)) for name in QUESTIONS), ("runs", ENDPOINT)):
            found, expected = (source.answer(name, root, "latest", {}, None, whole=True) for source in (site, folder))
            kept = found.keys() & expected.keys() - {"asked"}
            assert {"summary", "total", "rows", "unknown", "snapshot", "root"} <= kept
            assert {key: found[key] for key in kept} == {key: json.loads(json.dumps(expected[key])) for key in kept}
        assert site.asset("support-bot-prod", "latest")["asset"]["id"] == folder.asset(ENDPOINT, "4")["asset"]["id"]
        assert site.answer("log", VERSION, "2", {}, None, whole=True)["snapshot"]["number"] == 2
        for source in (site, folder):
            few, many = (source.search("support bot", "latest", limit) for limit in (1, 1_000))
            assert (len(few["rows"]), few["total"], few["summary"]) == (1, many["total"], many["summary"])
            assert many["total"] == len(many["rows"]) > 1
        changed, known = site.diff("latest~1", "latest"), folder.diff("latest~1", "latest")
        step = json.loads((demo_site / str(changed["snapshot"]["number"]) / "changes" / "step.json").read_text())
        assert changed["counts"] == {name: len(step[name]) for name in changed["counts"]}
        assert changed["total"] == sum(changed["counts"].values()) > 0
        assert changed["counts"]["edges_added"] == known["counts"]["edges_gained"]
        assert changed["summary"].startswith(f"From snapshot {step['old']} to {step['number']}: ")
        with pytest.raises(NotFound, match="snapshot 1 is the first"):
            site.diff("latest~1", "1")
        assert any("support-bot" in row["name"] for row in site.search("support bot", "latest", 20)["rows"])
        for name, arguments in (
            ("trace", {"asset": "no-such-model"}),
            ("trace", {"asset": VERSION, "as_of": "77"}),
            ("incident", {"asset": VERSION, "from": "2026-11-15"}),
            ("runs", {"asset": "s3://acme-shared-data/fraud/"}),
            ("compare", {"assets": COMPARED}),
            ("verify", {}),
        ):
            result = door.called(site, name, arguments)
            assert result.is_error
            assert "hint: " in result.content[0].text
        for name in QUESTIONS:
            assert size(door.called(site, name, {"asset": ABOUT.get(name, VERSION)})) <= door.MOST
    folder.close()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a folder over HTTP."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.demo
def test_a_mistake_is_answered_with_the_way_out(demo_catalog: Path) -> None:
    """What nothing answers to, an argument that no tool has, one of the wrong type, a missing one."""
    calls: list[Call] = [
        ("trace", {"asset": "no-such-model"}),
        ("trace", {"asset": VERSION, "depth": 3}),
        ("trace", {"asset": VERSION, "limit": "many"}),
        ("trace", {}),
        ("trace", {"asset": VERSION, "as_of": "77"}),
        ("compare", {"assets": [VERSION]}),
        ("compare", {"assets": [VERSION, ENDPOINT]}),
        ("compare", {"assets": [VERSION, 4]}),
        ("compare", {"assets": VERSION}),
    ]
    for result in asked(demo_catalog, calls):
        assert result.is_error
        assert "hint: " in result.content[0].text


def test_a_crowd_fits(tmp_path: Path) -> None:
    """Ten thousand rows with long names: each answer is as small, and tells how many there are."""
    long = "x" * 300
    jobs = [
        asset(f"arn:job/{n:05}/{long}", "training_job", tags={f"{long}{k}": long for k in range(20)})
        for n in range(9_999)
    ]
    data = asset("s3://b/d/", "dataset", attributes={f"a{n}": [long] * 50 for n in range(60)})
    edges = [edge(data.id, job.id, "input_to", "train") for job in jobs]
    commit(Catalog(tmp_path), Graph([data, *jobs], edges))
    calls: list[Call] = [(name, {"asset": data.id}) for name in ("impact", "incident", "log", "trace")]
    calls += [
        ("asset", {"asset": data.id}),
        ("asset", {"asset": jobs[0].id}),
        ("search", {"text": "arn:job", "limit": 50}),
    ]
    results = asked(tmp_path, calls)
    for (name, _), result in zip(calls, results, strict=True):
        assert not result.is_error, (name, result.content[0].text)
        assert size(result) <= door.MOST
    assert [result.structured_content["total"] for result in results[:2]] == [9_999, 9_999]


# Large by repetition: what is drawn is small, or hypothesis throws most of it away.
TIMES = st.integers(1, 12)
TEXT = st.builds(mul, st.text(max_size=40), TIMES)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: (
        st.builds(mul, st.lists(inner, max_size=6), TIMES) | st.dictionaries(st.text(max_size=40), inner, max_size=20)
    ),
    max_leaves=40,
)
ROWS = st.builds(mul, st.lists(st.dictionaries(st.text(max_size=30), JSON, max_size=6), max_size=6), TIMES)


@settings(max_examples=25)
@given(ROWS, st.builds(mul, st.text(max_size=400), TIMES), JSON)
def test_whatever_is_answered_fits(rows: list[Any], summary: str, more: Any) -> None:
    """Rows, sentences and attributes of any size and any characters."""
    snapshot = {"number": 1, "taken_at": "2026-11-01T02:00:00Z", "digest": "d" * 71, "envelope": "e" * 71}
    found = {"summary": summary, "snapshot": snapshot, "total": len(rows), "rows": rows, "unknown": rows, "asset": more}
    result = door.fitted(found, None, full=False)
    assert size(result) <= door.MOST
    assert result.structured_content is not None
    assert result.structured_content["total"] == len(rows)
    assert result.structured_content["snapshot"]["envelope"] == snapshot["envelope"]


def test_an_answer_that_meets_a_bug_is_told_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tool says where, nothing of what the exception said, and no rows; the next question is answered."""
    catalog = Catalog(tmp_path / "catalog")
    commit(catalog, Graph([asset("a", "model_package")], []))
    ask = QUESTIONS["runs"].ask

    def fails(*given: Any, **options: Any) -> Any:
        raise KeyError("hf_" + "s" * 34)

    monkeypatch.setitem(QUESTIONS, "runs", replace(QUESTIONS["runs"], ask=fails))
    source = door.Folder(catalog)
    told = door.called(source, "runs", {"asset": "a"})
    assert told.is_error
    assert told.structured_content is None
    assert told.content[0].text.startswith("a bug in Studbook: KeyError at ")
    assert "hf_" not in told.content[0].text
    monkeypatch.setitem(QUESTIONS, "runs", replace(QUESTIONS["runs"], ask=ask))
    assert not door.called(source, "runs", {"asset": "a"}).is_error


def test_a_file_that_a_site_lacks_is_no_empty_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither where the host has no file of changes, nor where a file is larger than may be read."""
    (tmp_path / "snapshot.json").write_text('{"number": 2}')
    with served(tmp_path) as address:
        site = door.BuiltSite(address)
        with pytest.raises(NotFound, match="does not tell what changed"):
            site.diff("latest~1", "latest")
        (tmp_path / "changes").mkdir()
        (tmp_path / "changes" / "step.json").write_text(json.dumps({"number": 2, "old": 1, "added": ["x" * 99]}))
        monkeypatch.setattr(door, "_LARGEST", 50)
        with pytest.raises(StudbookError, match="has more than 50 bytes"):
            site.diff("latest~1", "latest")
