from __future__ import annotations

import ast
import dataclasses
import os
import pty
import re
import sys
import threading
import tty
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pedigrees import commit, lineage, record

import studbook.cli
from studbook.cli import COMMANDS, main, terminal
from studbook.lineage.graph import Graph
from studbook.model import Coverage, Gap
from studbook.store import Catalog

EVIL = "x\x1b[35m\x1b]0;pwn\x07\r\x08\u202e\u200b\u3164\x9b2J\nall as written"
"""Colours, a window's title, a step back, what turns text round or hides it, and a line that is not ours."""
OURS = re.compile(r"\x1b\[(?:0|1|2|31|32|33|36)m")
TEXT = """
    data(dataset) -has_version-> data/1(dataset_version) -input_to:train-> tune(training_job)
    base(base_model_version) -input_to:base_model-> tune -produced-> bot/1(model_package)
    group(model_package_group) -has_version-> bot/1 -copied_to-> bot/2(model_package)
    bot/1 -packaged_as-> m(model) -deployed_to:blue-> conf(endpoint_config) -deployed_to:blue-> end(endpoint)
    bot/1 -input_to:evaluated_model-> exam(evaluation_job)
    judge(evaluator_version) -input_to:evaluator-> exam
    same-1(artifact) -input_to:a-> tune
    same-2(artifact) -input_to:b-> tune
"""


def hostile(night: int) -> Graph:
    """What any of the commands shows, with the payload in every text that a stranger can write."""
    graph = lineage(TEXT, {"end": {"stage": "production"}})
    renamed = {
        asset.id: asset.but(
            id=f"{asset.id}{EVIL}" if asset.id.startswith("same") else asset.id,
            name=f"same{EVIL}" if asset.id.startswith("same") else f"{asset.name}{EVIL}",
            status=f"{EVIL}{night}",
            stage=f"{asset.stage}{EVIL}" if asset.stage else None,
            attributes={
                "approval": f"{EVIL}{night}",
                "metrics": {f"acc{EVIL}": 0.5},
                f"key{EVIL}": [EVIL, {EVIL: EVIL}],
                **({"unresolved": True} if asset.id == "base" else {}),
            },
            tags={f"team{EVIL}": EVIL},
        )
        for asset in graph.assets.values()
    }
    edges = [
        dataclasses.replace(
            edge,
            source=renamed[edge.source].id,
            target=renamed[edge.target].id,
            role=f"{edge.role}{EVIL}" if edge.role and edge.role != "evaluated_model" else edge.role,
            evidence=(f"sagemaker:DescribeThing#Field{EVIL}",),
        )
        for edge in graph.edges
    ]
    return Graph(renamed.values(), edges)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("evil")
    (root / "studbook.yml").write_text("accounts: []\n")
    for night in (1, 2):
        coverage = [
            Coverage(
                account="111111111111",
                region="us-west-2",
                source="sagemaker",
                status="partial",
                records=1,
                requests=night,
                gaps=(Gap(operation=f"List{EVIL}", code=f"{EVIL}{night}", message=EVIL),),
            )
        ]
        records = [record("tune", kind="training_job", body={"TrainingJobName": EVIL})]
        commit(Catalog(root), hostile(night), records=records, coverage=coverage, night=night)
    return root


@contextmanager
def recorded_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], str]]:
    """Standard output and error are a pseudo terminal; gives what was written to it."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    read: list[bytes] = []

    def record_all() -> None:
        try:
            while data := os.read(ours, 65536):
                read.append(data)
        except OSError:  # as Linux says that the other side is closed
            pass

    recorder = threading.Thread(target=record_all)
    recorder.start()
    screen = TextIOWrapper(os.fdopen(theirs, "wb", buffering=0), encoding="utf-8", write_through=True)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", screen)
        patch.setattr(sys, "stderr", screen)
        patch.setenv("COLUMNS", "100")

        def said() -> str:
            screen.close()
            recorder.join()
            return b"".join(read).decode()

        yield said
    os.close(ours)


SAID = [
    ["trace", "end"],
    ["trace", "end", "--tree", "--evidence"],
    ["impact", "data", "--format", "csv"],
    ["runs", "bot/1"],
    ["copies", "bot/1", "--tree"],
    ["scores", "bot/1"],
    ["candidates", "end"],
    ["incident", "data", "--to", "2026-11-30"],
    ["gaps", "bot/1"],
    ["show", "tune"],
    ["show", "latest"],
    ["show", "tune", "--format", "json"],
    ["log"],
    ["log", "bot/1"],
    ["diff"],
    ["diff", "--format", "markdown"],
    ["check", "--level", "note"],
    ["compare", "bot/1", "bot/2"],
    ["compare", "bot/1", "bot/2", "--all"],
    ["reproduce", "bot/1"],
    ["export", "json"],
    ["export", "pedigree", "bot/1"],
    ["verify"],
    ["prove", "bot/1"],
]
REFUSED = [
    ["show", f"same{EVIL}"],
    ["show", f"nobody{EVIL}"],
    ["show", "nobody", "--snapshot", EVIL],
    ["incident", "data", "--from", EVIL],
    ["incident", f"s3://b/{EVIL}"],
    ["compare", f"same{EVIL}", "bot/1"],
    [f"trace{EVIL}"],
    ["trace", f"--{EVIL}"],
    ["trace", "end", "--format", EVIL],
    ["trace", "end", EVIL],
    ["export", EVIL],
]


def forged(said: str) -> list[str]:
    """What came out that a terminal acts on, or that cannot be seen."""
    shown = OURS.sub("", said)
    bad = [char for char in shown if char != "\n" and (not char.isprintable() or char == "\u3164")]
    return bad + [line for line in shown.splitlines() if line.startswith("all as written") and "snapshots" not in line]


class TestEveryCommand:
    @pytest.mark.parametrize("command", SAID + REFUSED, ids=lambda words: " ".join(map(terminal.printable, words)))
    def test_shows_what_strangers_wrote_as_text(
        self, catalog: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
    ) -> None:
        """On a terminal no control byte comes out but the line feed and our own colours, and nothing hides."""
        with recorded_terminal(monkeypatch) as said:
            with pytest.raises(SystemExit) as stopped:
                main([*command, "--catalog", str(catalog)])
            told = said()
        assert told
        assert forged(told) == []
        assert stopped.value.code == 2 or command in SAID

    @pytest.mark.parametrize("name", ["studbook.yml", "waivers.yml"])
    def test_files_that_strangers_wrote_too(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        """What is wrong in a file is said, its own words as text."""
        (tmp_path / "studbook.yml").write_text("accounts: []\n")
        commit(Catalog(tmp_path), lineage("a(model)"))
        (tmp_path / name).write_text('"k\\e[35m\\u202e": "v\\e[35m"\n')
        with recorded_terminal(monkeypatch) as said:
            with pytest.raises(SystemExit) as stopped:
                main(["check", "--catalog", str(tmp_path)])
            told = said()
        assert stopped.value.code == 2
        assert forged(told) == []

    def test_there_is_one_exit(self) -> None:
        """No command writes to the terminal but through `terminal`; a bar of progress shows numbers of ours."""
        folder = Path(studbook.cli.__file__).parent
        for path in sorted(folder.glob("*.py")):
            if path.name in ("terminal.py", "_live.py"):
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    called = ast.unparse(node.func)
                    assert called not in ("print", "click.echo", "click.secho", "traceback.print_exc"), path
                    assert not re.search(r"(?:stdout|stderr)(?:\.buffer)?\.write$|console\.print$", called), path

    def test_every_command_is_held_to_it(self) -> None:
        """A new command has its line here, or says only words of ours."""
        ours = {
            "init",
            "demo",
            "harvest",
            "relink",
            "build",
            "serve",
            "publish",
            "help",
            "nightly",
            "iam",
            "doctor",
            "mcp",
            "redact",
            "sign",
            "ci",
        }
        assert {words[0] for words in SAID} | ours >= set(COMMANDS)


class TestEcho:
    @given(st.text())
    def test_nobody_but_us_can_colour(self, text: str) -> None:
        """Whatever a text is: shown, it is printable, and of the length that `wide` says."""
        shown = terminal.printable(text)
        assert shown.isprintable()
        assert terminal.uncolored(terminal.bold(text)) == shown
        assert terminal.wide(terminal.bold(text)) == sum(
            0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in shown
        )

    @pytest.mark.parametrize("text", ["Modèle 模型 🐎 a b", "naïve", "a\u0301"])
    def test_what_can_be_read_stays(self, text: str) -> None:
        """Letters of any script are no danger."""
        assert terminal.printable(text) == text


class TestTable:
    @given(
        st.lists(st.lists(st.text(max_size=70), min_size=4, max_size=4), min_size=1, max_size=5),
        st.integers(min_value=40, max_value=120),
    )
    def test_no_line_is_wider_than_the_room(self, rows: list[list[str]], room: int) -> None:
        """Whatever is in the cells: the widest columns give way, and cells are cut in the middle."""
        for line in terminal.table(("one", "two", "three", "four"), rows, room):
            assert terminal.wide(line) <= room

    def test_short_cells_are_whole(self) -> None:
        """Only what does not fit is cut, and its two ends are kept."""
        rows = [("short", "a" * 30 + "-end"), ("other", "b")]
        assert [terminal.uncolored(line) for line in terminal.table(("x", "y"), rows, 20)] == [
            "x      y",
            "short  aaaaaa…aa-end",
            "other  b",
        ]

    def test_a_sentence_goes_on_below_itself(self) -> None:
        """In the last column, where there is room for it; a coloured cell is cut, since a colour ends with its line."""
        rows = [("short", "follows from another"), ("other", terminal.bold("follows from another"))]
        assert [terminal.uncolored(line) for line in terminal.table(("x", "y"), rows, 20)] == [
            "x      y",
            "short  follows from",
            "       another",
            "other  follow…nother",
        ]

    def test_times_are_whole(self) -> None:
        """What is cut out of a time is what it says: other columns give way, while they can."""
        rows = [("2026-11-20 02:00", "a" * 30, "b" * 30), ("2026-11-21", "", "")]
        lines = [terminal.uncolored(line) for line in terminal.table(("at", "x", "y"), rows, 40)]
        assert lines[1].startswith("2026-11-20 02:00  ")
        assert max(map(len, lines)) <= 40
        rows = [("a" * 60, "read all of it, 2026-11-21T23:30:00Z")]
        assert [terminal.uncolored(line).split()[-1] for line in terminal.table(("x", "why"), rows, 50)][2:] == [
            "2026-11-21T23:30:00Z"
        ]

    @given(st.text(max_size=200), st.integers(min_value=30, max_value=100))
    def test_a_sentence_is_folded(self, text: str, room: int) -> None:
        """Into lines that fit."""
        assert all(terminal.wide(line) <= room for line in terminal.folded(text, room, "  "))
