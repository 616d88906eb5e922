"""What the documentation says is what the program does."""

import ast
import io
import re
import shlex
import tokenize
from pathlib import Path

import botocore.exceptions
import click
import pytest
import requests
from botocore.loaders import create_loader
from botocore.model import ServiceModel

from studbook.cli import COMMANDS, root
from studbook.model import KINDS, RELATIONS
from studbook.settings import Settings

TOP = Path(__file__).parent.parent
DOCS = sorted((TOP / "docs").glob("*.md"))
PAGES = [
    *sorted(TOP.glob("*.md")),
    *(TOP / name / "README.md" for name in ("benchmarks", "catalog", "templates")),
    *DOCS,
]


def create_model(service: str) -> ServiceModel:
    """What botocore knows of a service."""
    return ServiceModel(create_loader().load_service_model(service, "service-2"))


class TestCommands:
    @pytest.mark.parametrize("name", COMMANDS)
    def test_every_command_is_in_the_manual(self, name):
        """No command is a secret."""
        assert f"| `studbook {name}` |" in (TOP / "docs" / "commands.md").read_text()

    def test_the_manual_names_no_other_command(self):
        """Nothing is promised that is not there; the order is that of `studbook --help`."""
        named = re.findall(r"^\| `studbook ([a-z]+)` \|", (TOP / "docs" / "commands.md").read_text(), re.M)

        assert named == list(COMMANDS)

    @pytest.mark.parametrize("page", [TOP / "README.md", *DOCS], ids=lambda page: page.name)
    def test_every_command_line_shown_is_one(self, page):
        """What a page tells people to type exists, with the options it shows."""
        context = click.Context(root)
        for name, rest in re.findall(r"(?:^\$ |`)studbook ([a-z]+)([^`#\n]*)", page.read_text(), re.M):
            command = root.get_command(context, name)
            assert command is not None, f"{page.name} shows 'studbook {name}'"
            commands = [command, *(command.commands.values() if isinstance(command, click.Group) else ())]
            known = {option for each in commands for p in each.params for option in (*p.opts, *p.secondary_opts)}
            shown = set(re.findall(r"(?<!\S)--[a-z-]+", rest)) - {"--help"}
            assert shown <= known, f"{page.name} shows 'studbook {name}{rest}'"

    @pytest.mark.parametrize("page", [TOP / "README.md", TOP / "CONTRIBUTING.md", *DOCS], ids=lambda page: page.name)
    def test_every_command_in_a_block_can_be_typed(self, page):
        """Of each line of a console or shell block: options with values, choices, as many arguments as needed."""
        for words in typed(page.read_text()):
            context = click.Context(root)
            command = root.get_command(context, words[0])
            if words[0].startswith("-"):
                continue
            assert command is not None, f"{page.name} shows 'studbook {words[0]}'"
            given, _, _ = command.make_parser(click.Context(command)).parse_args(words[1:])
            for parameter in command.params:
                value = given.get(parameter.name)
                told = f"{page.name}: studbook {' '.join(words)}: {parameter.name}"
                assert value is not None or not parameter.required or "--help" in words, told
                if isinstance(parameter.type, click.Choice) and isinstance(value, str) and not value.isupper():
                    assert value in parameter.type.choices, told


def typed(text):
    """The words after `studbook`, of each command in a page's console and shell blocks."""
    for language, block in re.findall(r"^```(console|shell|sh|bash)\n(.*?)^```", text, re.M | re.S):
        for line in block.replace("\\\n", " ").splitlines():
            if language == "console" and not line.startswith("$ "):
                continue
            reader = shlex.shlex(line.removeprefix("$ "), posix=True, punctuation_chars=True)
            reader.whitespace_split = True
            words = []
            for word in [*reader, ";"]:
                if not re.fullmatch(r"[|&;<>()]+", word):
                    words.append(word)
                    continue
                if words[:1] == ["studbook"] and len(words) > 1:
                    yield words[1:]
                words = []


class TestConfiguration:
    def test_every_setting_is_explained(self):
        """docs/configuration.md names every key that the configuration knows."""
        text = (TOP / "docs" / "configuration.md").read_text()
        schema = Settings.model_json_schema()
        keys = {key for part in (schema, *schema["$defs"].values()) for key in part.get("properties", {})}

        missing = {key for key in keys if f"`{key}`" not in text and f"## {key}" not in text}

        assert missing == set()


class TestVocabulary:
    def test_every_word_has_a_meaning(self):
        """Each kind has a sentence; each relation reads as a phrase."""
        assert all(info.meaning.endswith(".") for info in KINDS.values())
        assert all(phrase for phrase in RELATIONS.values())


class TestLinks:
    @pytest.mark.parametrize("page", [TOP / "README.md", TOP / "CHANGELOG.md", *DOCS], ids=lambda page: page.name)
    def test_every_relative_link_has_a_target(self, page):
        """No page sends its reader nowhere."""
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
            if not target.startswith(("http:", "https:", "mailto:")):
                assert (page.parent / target).exists(), f"{page.name} links to {target}"


class TestTroubleshooting:
    def test_every_code_is_one(self):
        """Each code in the table is AWS's, botocore's, requests' or Studbook's own, spelt as a gap spells it."""
        text = (TOP / "docs" / "troubleshooting.md").read_text()
        sources = "".join(path.read_text() for path in (TOP / "src" / "studbook").rglob("*.py"))
        services = [create_model(name) for name in ("organizations", "sagemaker", "lambda", "s3", "sts")]
        known = {shape for service in services for shape in service.shape_names}
        known |= {*vars(botocore.exceptions), *vars(requests.exceptions), "RequestTimeTooSkewed"}

        shown = re.findall(
            r"`((?:[A-Z][a-z]+){2,}|[A-Z]+_[A-Z_]+|\d{3})`", "".join(re.findall(r"^\| [^|]*\|", text, re.M))
        )

        assert len(shown) > 25
        assert [one for one in shown if one not in known and not re.search(rf"\b{one}\b", sources)] == []


class TestLines:
    @pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TOP)))
    def test_no_line_is_longer_than_a_line_of_code(self, page):
        """A change of a sentence is a change of few lines; a table's row is one line, however long, in
        an example of a change, too."""
        lines = enumerate(page.read_text().splitlines(), start=1)

        assert [number for number, line in lines if len(line) > 120 and not line.startswith(("|", "+|"))] == []


class TestOperations:
    def test_the_table_of_sizes_is_what_was_measured(self):
        """docs/operations.md rounds the figures of docs/benchmarks.md: of a first night and an unchanged one."""
        measured = (TOP / "docs" / "benchmarks.md").read_text()
        told = (TOP / "docs" / "operations.md").read_text()
        nights = re.findall(
            r"^\| ([\d,]+) \| [\d,]+ \| first \| ([\d,]+) \| [\d,]+ \| [\d.]+ s \| ([\d.]+) s \| (\d+) MB \|\n"
            r"\| \| \| unchanged \| ([\d,]+) \| [\d,]+ \| [\d.]+ s \| ([\d.]+) s \|",
            measured,
            re.M,
        )
        rows = re.findall(
            r"^\| ([\d,]+) training jobs .*? \| ([\d,]+), ([\d,]+) \| (\d+) s, (\d+) s \| (\d+) MB \|", told, re.M
        )

        assert [(jobs, first, later) for jobs, first, later, *_ in rows] == [
            (jobs, first, later) for jobs, first, _, _, later, _ in nights
        ]
        for (_, _, _, *figures), (_, _, cpu, memory, _, cpu_later) in zip(rows, nights, strict=True):
            assert [int(figure) for figure in figures] == [
                pytest.approx(float(one), rel=0.02, abs=0.5) for one in (cpu, cpu_later, memory)
            ]
        pages = re.findall(r"\| [\d,]+ pages: (\d+) s, (\d+) s \|", told)
        sites = re.findall(
            r"^\| cold \| [\d,]+ \| ([\d.]+) .*\n\| a night without changes \| [\d,]+ \| ([\d.]+) ", measured, re.M
        )
        for several, costs in zip(pages, sites, strict=True):
            assert list(map(int, several)) == [pytest.approx(float(one), rel=0.02, abs=0.5) for one in costs]


class TestArchitecture:
    def test_every_file_that_it_names_is_there(self):
        """The map is of the house as it stands."""
        named = re.findall(r"`((?:\w+/)+\w+\.py|\w+\.py)`", (TOP / "docs" / "architecture.md").read_text())
        files = [path.relative_to(TOP / "src" / "studbook").as_posix() for path in (TOP / "src").rglob("*.py")]

        assert [name for name in named if not any(f"/{file}".endswith(f"/{name}") for file in files)] == []


class TestNames:
    def test_no_docstring_names_a_page_that_is_not_there(self):
        """Who reads the code is sent to pages that came with it."""
        here = {path.relative_to(TOP).as_posix() for path in PAGES}
        lost = {
            f"{path.relative_to(TOP)}: {page}"
            for folder in ("src", "tests", "benchmarks")
            for path in (TOP / folder).rglob("*.py")
            for text in docstrings_and_comments(path.read_text())
            for page in re.findall(r"(?<![\w/<>.])[\w./-]*\w\.md\b", text)
            if not any(known == page or known.endswith(f"/{page}") for known in here)
        }

        assert lost == set()


def docstrings_and_comments(source):
    """The docstrings and the comments of a module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            yield ast.get_docstring(node) or ""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string
