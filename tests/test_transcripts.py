"""What README and manual show of a terminal is what the program prints over the demo, at 100 columns."""

from __future__ import annotations

import io
import os
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from studbook.cli import COMMANDS, QUESTIONS, main, root

TOP = Path(__file__).parent.parent
BLOCK = re.compile(r"```console\n.*?```", re.S)
TRANSCRIPT = re.compile(r"^\$ (studbook [^\n]*)\n((?:(?!\$ |```)[^\n]*\n)*)", re.M)
PAGES = [TOP / "README.md", *sorted((TOP / "docs").glob("*.md"))]


def asks(name: str) -> bool:
    """Whether a command asks a catalog, without AWS and without writing."""
    return name in (*QUESTIONS, "diff", "show", "compare", "reproduce")


class Shown(NamedTuple):
    """A command in a block of a page, and the lines below it."""

    page: str
    command: str
    lines: list[str]


def transcripts() -> Iterator[Shown]:
    for page in PAGES:
        for block in BLOCK.findall(page.read_text()):
            for command, output in TRANSCRIPT.findall(block):
                if output.strip() and asks(command.split()[1]):
                    yield Shown(page.name, command, output.splitlines())


def said(words: list[str]) -> list[str]:
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    with redirect_stdout(out), redirect_stderr(io.StringIO()), pytest.raises(SystemExit):
        main(words)
    out.seek(0)
    return out.read().splitlines()


def printed(command: str) -> list[str]:
    """What a command line prints; `| head -3` is the first three lines."""
    words, _, rest = command.partition("|")
    lines = said(shlex.split(words)[1:])
    head = re.fullmatch(r"head -(\d+)", rest.strip())
    return lines[: int(head[1])] if head else lines


@pytest.fixture
def demo(demo_catalog: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDBOOK_CATALOG", str(demo_catalog))
    monkeypatch.setenv("COLUMNS", "100")


@pytest.mark.demo
@pytest.mark.parametrize("shown", list(transcripts()), ids=lambda shown: f"{shown.page}: {shown.command}")
def test_a_transcript_is_what_the_program_prints(demo: None, shown: Shown) -> None:
    """Line by line; where a demo tells another story now, `refresh` below writes it into the pages."""
    lines = printed(shown.command)
    assert shown.lines == lines
    assert max(map(len, lines)) <= 100


def test_trace_runs_and_incident_are_shown() -> None:
    """The three questions that people come with stand in the README, with their answers."""
    readme = [shown.command for shown in transcripts() if shown.page == "README.md"]
    assert {command.split()[1] for command in readme} >= {"trace", "runs", "incident"}


def examples() -> Iterator[str]:
    """The command lines in the help of the commands that ask a catalog, or write what it proves."""
    for name in COMMANDS:
        if asks(name) or name in ("export", "prove"):
            command = root.get_command(click.Context(root), name)
            assert command is not None
            for line in (command.epilog or "").splitlines():
                if match := re.match(rf"  (studbook {name}\b.*?)(?:\s{{2,}}|\s*[>|]|$)", line):
                    yield match[1]


@pytest.mark.demo
@pytest.mark.parametrize("line", list(examples()))
def test_the_examples_of_help_answer_on_the_demo(
    demo: None, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever types what `--help` shows sees what it does."""
    monkeypatch.chdir(tmp_path)
    out, error = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True), io.StringIO()
    with redirect_stdout(out), redirect_stderr(error), pytest.raises(SystemExit) as stopped:
        main(shlex.split(line)[1:])
    assert not stopped.value.code, error.getvalue()


def refresh(catalog: Path) -> None:
    """Write what the program prints today into the pages: `python -m tests.test_transcripts build/demo/catalog`."""
    os.environ |= {"STUDBOOK_CATALOG": str(catalog), "COLUMNS": "100"}

    def transcript(match: re.Match[str]) -> str:
        if not match[2].strip() or not asks(match[1].split()[1]):
            return match[0]
        return "\n".join([f"$ {match[1]}", *printed(match[1]), ""])

    for page in PAGES:
        text = BLOCK.sub(lambda block: TRANSCRIPT.sub(transcript, block[0]), page.read_text())
        page.write_text(text)


if __name__ == "__main__":
    refresh(Path(sys.argv[1]))
