"""The Python API: what docs/python.md shows, and that all doors give one answer."""

from __future__ import annotations

import inspect
import io
import json
import re
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.pedigrees import asset, commit, edge

import studbook
from studbook.api import Lineage, Result
from studbook.cli import main, terminal
from studbook.errors import NotFound, StudbookError, UsageError
from studbook.lineage.graph import Graph
from studbook.model import WorkingFile
from studbook.queries import QUESTIONS
from studbook.queries.answer import Night
from studbook.render import answers
from studbook.render.views import Site
from studbook.settings import Settings
from studbook.store import Catalog
from studbook.store.chunks import ASSETS, EDGES

PAGE = Path(__file__).parent.parent / "docs" / "python.md"


def members(thing: type) -> str:
    """A table of the public methods of a class, with the first sentence of each docstring."""
    rows = ["| | |", "| --- | --- |"]
    for name, member in vars(thing).items():
        if name.startswith("_") or name in ("answer", "snapshot", "lineage", "catalog"):
            continue
        document = inspect.getdoc(member) or ""
        sentence = " ".join(document.split("\n\n")[0].split()).replace("|", "\\|")
        if inspect.isfunction(member):
            signature = inspect.signature(member)
            bare = [one.replace(annotation=inspect.Parameter.empty) for one in signature.parameters.values()]
            shown = signature.replace(parameters=bare[1:], return_annotation=inspect.Signature.empty)
            rows.append(f"| `{name}{shown}` | {sentence} |")
        else:
            rows.append(f"| `{name}` | {sentence} |")
    return "\n".join(rows)


class TestThePage:
    @pytest.mark.parametrize(("mark", "thing"), [("methods", Lineage), ("result", Result)])
    def test_has_the_docstrings(self, mark: str, thing: type) -> None:
        """What a method does is told once, in its docstring; the page has it from there."""
        assert f"<!-- {mark} -->\n\n{members(thing)}\n" in PAGE.read_text()

    @pytest.mark.demo
    def test_its_examples_run(self, demo_catalog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Every line of every block, over the demo's catalog."""
        (tmp_path / "catalog").symlink_to(demo_catalog)
        monkeypatch.chdir(tmp_path)
        names: dict[str, Any] = {}
        for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S):
            exec(block, names)
        assert names["runs"].total == 2
        assert "support-bot@dev" in names["lineage"].handles.of(names["lineage"].asset("support-bot@dev"))
        html = names["runs"]._repr_html_()
        assert "<table>" in html
        assert "<svg" in html
        assert "support-bot-prod" in html
        assert "href" not in html


def test_the_import_is_cheap() -> None:
    """`import studbook` loads neither pydantic nor SQLite."""
    code = "import sys, studbook; print([name for name in ('pydantic', 'sqlite3', 'boto3') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


KINDS = ["dataset", "dataset_version", "training_job", "evaluation_job", "evaluator_version", "model_package"]
KINDS += ["model_package_group", "model", "endpoint_config", "endpoint", "artifact", "base_model_version"]
RELATIONS = ["input_to", "produced", "packaged_as", "deployed_to", "has_version", "copied_to", "part_of", "same_as"]


@st.composite
def estates(draw: st.DrawFn) -> Graph:
    """Some assets of all kinds, with edges of any relation between them."""
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=9))
    names = [f"a{number}" for number in range(len(kinds))]
    accounts = draw(
        st.lists(st.sampled_from(["111111111111", "222222222222"]), min_size=len(kinds), max_size=len(kinds))
    )
    assets = [
        asset(name, kind, account=account, stage=draw(st.sampled_from([None, "production"])))
        for name, kind, account in zip(names, kinds, accounts, strict=True)
    ]
    pairs = draw(
        st.lists(
            st.tuples(
                st.sampled_from(names),
                st.sampled_from(names),
                st.sampled_from(RELATIONS),
                st.sampled_from([None, "train", "evaluated_model", "evaluator"]),
            ),
            max_size=14,
            unique=True,
        )
    )
    edges = [edge(a, b, relation, role) for a, b, relation, role in pairs if a != b]
    return Graph(assets, edges)


class TestOneAnswer:
    @settings(max_examples=25, deadline=None)
    @given(estates())
    def test_every_door_says_the_same(self, tmp_path_factory: pytest.TempPathFactory, graph: Graph) -> None:
        """Of every question over any estate: JSON, MCP's and that beside a page are Python's, and so is what is asked
        of the exported document; the text has its sentence and rows, and fits."""
        folder = tmp_path_factory.mktemp("estate")
        known = WorkingFile(kind="settings", name="studbook.yml", content=Settings().resolved)
        envelope = commit(Catalog(folder), graph, people=[known])
        door = pytest.importorskip("studbook.mcp", exc_type=ImportError)
        agents = door.Folder(Catalog(folder))
        past = Catalog(folder).past(envelope)
        site = Site(graph=graph, envelope=envelope, settings=Settings(), findings=[], history=[envelope], past=past)
        document = json.loads(said("export", "json", "--catalog", str(folder))[1])
        exported = Graph(
            map(ASSETS.adapter.validate_python, document["assets"]),
            map(EDGES.adapter.validate_python, document["edges"]),
        )
        night = Night.of(Catalog(folder), envelope, exported, Settings())
        with studbook.open(folder) as lineage:
            for question in QUESTIONS:
                for one in list(graph.assets)[:3]:
                    options = ("--catalog", str(folder), "--limit", "0")
                    code, out = said(question, one, *options)
                    if code:
                        with pytest.raises(StudbookError):
                            lineage.ask(question, one)
                        assert (code, out) == (2, "")
                        continue
                    found = lineage.ask(question, one)
                    assert " ".join(out.split()).startswith(" ".join(found.summary.split()))
                    lines = out.splitlines()
                    assert all(terminal.wide(line) <= 100 for line in lines if "--catalog" not in line)
                    assert [line for line in lines if line.startswith("not known")] == (
                        [f"not known ({len(found.unknown)})"] if found.unknown else []
                    )
                    tree = said(question, one, "--tree", "--catalog", str(folder))[1]
                    assert " ".join(tree.split()).startswith(" ".join(found.summary.split()))
                    assert [line for line in tree.splitlines() if terminal.wide(line) > 100] == []
                    assert ("not known (" in tree) is bool(found.unknown)
                    assert len(tree.partition("not known (")[0].partition("\n\n")[2].splitlines()) >= found.total
                    assert json.loads(said(question, one, *options, "--format", "json")[1]) == json.loads(
                        json.dumps(found.to_json())
                    )
                    plain = json.loads(json.dumps(found.to_json()))
                    assert door.called(agents, question, {"asset": one, "full": True}).structured_content == plain
                    few = door.called(agents, question, {"asset": one, "limit": 2}).structured_content
                    if not few.get("cut"):
                        assert few == {name: plain[name] for name in few} | {"rows": plain["rows"][:2]}
                    assert QUESTIONS[question].ask(night, one).told() == found.answer.told()
                    beside = json.loads(answers.of_asset(site, graph.assets[one]))["answers"]
                    assert beside.get(question, found.answer.told()) == json.loads(json.dumps(found.answer.told()))
                    assert question in beside or question == "incident"
                    rows = said(question, one, *options, "--format", "csv")[1].splitlines()
                    assert len(rows) == (found.total + 1 if found.total else 0)
                    table = found.table()
                    assert len(table.rows) == found.total
                    for row in table.rows if found.total > 1 else ():
                        assert any(terminal.cut(row[0], 20)[:4] in line for line in lines)

    def test_an_unknown_asset_and_a_wrong_kind_are_errors_of_ours(self, tmp_path: Path) -> None:
        """With the way out in the hint; nothing exits."""
        commit(
            Catalog(tmp_path),
            Graph([asset("s3://bucket/chats/", "dataset", name="chats"), asset("bot", "endpoint")], []),
        )
        with studbook.open(tmp_path) as lineage:
            with pytest.raises(NotFound) as caught:
                lineage.runs("bto")
            assert "bot" in (caught.value.hint or "")
            with pytest.raises(UsageError):
                lineage.runs("chats")
            assert lineage.incident("s3a://bucket/nobody/reads/", to="2026-11-30").total == 0

    def test_what_was_first_seen_later_is_said(self, tmp_path: Path) -> None:
        """An earlier night knows nothing of it; the error says since when it is known."""
        commit(Catalog(tmp_path), Graph([asset("old", "endpoint")], []))
        new = asset("new", "endpoint", first_seen=2)
        commit(Catalog(tmp_path), Graph([asset("old", "endpoint"), new], []), night=2)
        with studbook.open(tmp_path, as_of=1) as lineage, pytest.raises(NotFound, match="has no 'new' yet") as caught:
            lineage.trace("new")
        assert caught.value.hint == "it was first seen in snapshot 2, 2026-11-02T02:00:00Z"


def said(*words: str) -> tuple[int, str]:
    """What the command line says: its exit code and standard output."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    with redirect_stdout(out), redirect_stderr(io.StringIO()), pytest.raises(SystemExit) as stopped:
        main(list(words))
    out.seek(0)
    return int(stopped.value.code or 0), out.read()
