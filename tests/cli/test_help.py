"""`studbook help`: the manual, from wherever the package is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from studbook.cli import COMMANDS, GROUPS, main
from studbook.cli.help import rendered, topics

TOP = Path(__file__).parents[2]
SHIPPED = {*(TOP / "docs").glob("*.md"), TOP / "catalog" / "README.md", TOP / "templates" / "README.md"}


@pytest.fixture
def studbook(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")

    def run(*words):
        with pytest.raises(SystemExit) as stopped:
            main([*words])
        return stopped.value.code, *capsys.readouterr()

    return run


def test_every_page_is_a_topic(studbook):
    """The list has each page of the manual, the catalog's format and what templates may ask for."""
    code, out, _ = studbook("help")

    assert code == 0
    assert {path.resolve() for path in topics().values()} == SHIPPED
    assert all(re.search(rf"^{name} ", out, re.M) for name in topics())


@pytest.mark.parametrize("topic", topics())
def test_a_page_is_plain_text_that_fits(topic):
    """No line is wider than 100 columns, no mark of Markdown is left of a link, and every word is there."""
    text = topics()[topic].read_text()
    lines = rendered(text, 100)

    assert max(map(len, lines)) <= 100
    assert not re.search(r"\]\([\w#-]+", "\n".join(lines))
    shown = set(re.findall(r"\w+", "\n".join(lines)))
    said = re.findall(r"^\|? ?`?(\w{3,15})\b", re.sub(r"```.*?```", "", text, flags=re.S), re.M)
    assert [word for word in said if word not in shown] == []


def test_a_page_a_command_or_what_is_near(studbook):
    """A page, a command's help where no page has the name, and for others what is spelt nearly so."""
    assert "When something is wrong" in studbook("help", "troubleshooting")[1]
    assert studbook("help", "harvest")[1] == studbook("harvest", "--help")[1]
    code, _, err = studbook("help", "trubleshooting")
    assert code == 2
    assert "did you mean 'troubleshooting'?" in err


def test_no_message_names_a_file_that_an_installed_package_lacks():
    """What is said to people sends them to `studbook help`, to topics that there are."""
    texts = [(TOP / "catalog" / "studbook.yml").read_text()]
    for path in (TOP / "src").rglob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text())))
        docstrings = {node.value for node in nodes if isinstance(node, ast.Expr)}
        strings = {node for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        texts += [node.value for node in strings - docstrings]
    named = {name for text in texts for name in re.findall(r"studbook help ([a-z]+)'", text)}

    assert [text for text in texts if re.search(r"(?<![\w/.])(docs|templates)/[\w-]+\.md", text)] == []
    assert {"configuration", "security", "rules", "templates"} <= named <= {*topics(), *COMMANDS}


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits(studbook, command):
    """No line of a command's help is wider than a terminal of 100 columns."""
    _, out, _ = studbook(*command.split(), "--help")

    assert [line for line in out.splitlines() if len(line) > 100] == []


def test_each_command_in_a_whole_sentence(studbook, monkeypatch):
    """The list of commands says what each is for in words that fit 80 columns, none of them cut."""
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = studbook("--help")

    listed = out.partition("Set up:\n")[2]
    said = dict(re.findall(r"^  ([a-z]+) +(\S.*)$", listed, re.M))
    assert said.keys() >= COMMANDS.keys()
    assert [name for name in COMMANDS if said[name].endswith("...")] == []


def test_commands_stand_under_what_people_want(studbook):
    """Thirty names in one list are read by nobody; under headings their words still begin in one column."""
    _, out, _ = studbook("--help")

    found: dict[str, list[str]] = {}
    lines = out.partition("Options:\n")[2].splitlines()[2:]
    for line in lines[: lines.index(next(line for line in lines if "Exit codes" in line))]:
        if line.endswith(":") and line[0] != " ":
            found[line[:-1]] = []
        elif line:
            list(found.values())[-1].append(line)

    assert {heading: [line.split()[0] for line in told] for heading, told in found.items()} == {
        heading: list(group) for heading, group in GROUPS.items()
    }
    assert list(found) == ["Set up", "Harvest", "Build", "Ask", "Prove", "Keep"]
    assert len({re.match(r"  \S+ +", line).end() for told in found.values() for line in told}) == 1
