"""docs/lineage*.md say what the code does. After a change, `python -m tests.test_lineage_docs` writes them anew."""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
from functools import cache
from pathlib import Path

import pytest
from tests.evidence_reader import astray, bodies
from tests.join_records import RECORDS, SETTINGS
from tests.recorded_answers import EXAMPLES, records_of

from studbook.lineage.joins import JOINS
from studbook.lineage.link import LinkContext, link
from studbook.model import RELATIONS, Edge
from studbook.model.canonical import fields_of
from studbook.model.sources import REGISTRY
from studbook.sources import normalize

TOP = Path(__file__).parent.parent
PAGE = TOP / "docs" / "lineage.md"
INPUTS, OTHERS = TOP / "docs" / "lineage-inputs.md", TOP / "docs" / "lineage-edges.md"
REFRESH = "run: python -m tests.test_lineage_docs"
BEGIN, END = "<!-- edges: begin -->", "<!-- edges: end -->"
_FORM = re.compile(
    rf"(?:{'|'.join(REGISTRY)}):[A-Z][A-Za-z0-9]+#\S+|mlflow:[a-z-]+/(?:search|get)#\S+|config:[a-z]+\[\d+\]\.\w+|rule:[a-z0-9-]+"
)
_CHANNEL = re.compile(r"[#|](?:(?:AutoMLJob)?InputDataConfig|ProcessingInputs)\[")
_OUTPUT = re.compile(r"#ProcessingOutputConfig\.Outputs\[")

ESTATES = (RECORDS, *map(records_of, EXAMPLES))
"""Each recorded answer for itself, and what it takes more to see every join, and the sources that declare nothing."""


@cache
def edges() -> list[tuple[Edge, str, str]]:
    """The edges of all estates, with the kinds of their ends."""
    found = []
    for records in ESTATES:
        linked = link(records, normalize, LinkContext.of(SETTINGS))
        kinds = {asset.id: asset.kind for asset in linked.assets}
        found += [(edge, kinds[edge.source], kinds[edge.target]) for edge in linked.edges]
    return found


def row(edge: Edge, source: str, target: str) -> str:
    """An edge as its rule: kinds for ids, and neither positions nor names that somebody chose."""
    role = edge.role or ""
    found = {one.line for one in edge.evidence}
    if any(_CHANNEL.search(line) and "HubAccess" not in line for line in found):
        role = "*channel*"
    elif edge.relation == "produced" and any(_OUTPUT.search(line) for line in found):
        role = "*output*"
    elif edge.relation == "deployed_to" and role:
        role = "*variant*"
    elif any("#PipelineExecutionSteps[" in line for line in found) and edge.relation != "produced":
        role = "*step*"
    lines = {re.sub(r"\[\d+\]", "[]", line).replace("|", "\\|") for line in found}
    evidence = "<br>".join(f"`{line}`" for line in sorted(lines))
    return f"| {source} | {target} | {edge.relation} | {role} | {edge.certainty} | {evidence} |"


def table(page: Path) -> list[str]:
    """The rows of a page, in the order of the relations."""
    order = list(RELATIONS)
    here = [found for found in edges() if (found[0].relation == "input_to") == (page == INPUTS)]
    rows = {(order.index(found[0].relation), row(*found)) for found in here}
    return [text for _, text in sorted(rows)]


def written(page: Path) -> list[str]:
    """The rows that a page has."""
    between = page.read_text().partition(BEGIN)[2].partition(END)[0]
    return [line for line in between.splitlines() if line.startswith("| ")][2:]


def rules() -> dict[str, tuple[str, str]]:
    """The page's rules: the module that draws the conclusion, and the test that shows it."""
    found = re.findall(
        r"^\| `(rule:[a-z0-9-]+)` \|[^|]*\| `([a-z0-9_/]+\.py)` \| `([^`]+)` \|$", PAGE.read_text(), re.M
    )
    return {rule: (module, test) for rule, module, test in found}


def traps() -> list[str]:
    """The tests that hold the page's traps."""
    section = PAGE.read_text().partition("## The traps")[2].partition("\n## ")[0]
    return re.findall(r"\| `([^`]+)` \|$", section, re.M)


def defined(test: str) -> bool:
    """Whether `path::class::function`, or `path::function`, is there."""
    path, *names = test.split("::")
    node: ast.AST | None = ast.parse((TOP / path).read_text())
    for name in names:
        node = next((one for one in getattr(node, "body", ()) if getattr(one, "name", None) == name), None)
    return isinstance(node, ast.FunctionDef)


def joins() -> list[str]:
    """Each join with the first sentence of its docstring, in the order in which they run."""
    modules = [inspect.getmodule(join) for join in JOINS]
    first = [re.split(r"(?<=\.)\s", " ".join(module.__doc__.split()))[0] for module in modules]
    items = [f"- `{module.__name__.rpartition('.')[2]}`: {text}" for module, text in zip(modules, first, strict=True)]
    return [line for item in items for line in textwrap.wrap(item, 120, subsequent_indent="  ", break_on_hyphens=False)]


class TestTable:
    @pytest.mark.parametrize("page", [INPUTS, OTHERS], ids=lambda page: page.stem)
    def test_every_edge_rule_is_in_the_table(self, page):
        """What the code concludes from recorded answers is what the pages say, no row more and none less."""
        assert written(page) == table(page), REFRESH

    def test_evidence_has_its_form(self):
        """Every line names a service, an operation and a field, an entry of the configuration, or a rule."""
        lines = {one.line for edge, *_ in edges() for one in edge.evidence}

        assert {line for line in lines if not _FORM.fullmatch(line)} == set()

    def test_evidence_leads_to_a_value(self):
        """Whoever follows a path through the record that it is of, step by step, arrives somewhere."""
        for records in ESTATES:
            linked = link(records, normalize, LinkContext.of(SETTINGS))
            cited = (one.as_data() for edge in linked.edges for one in edge.evidence)
            assert astray(cited, bodies(map(fields_of, records))) == []

    def test_only_conclusions_rest_on_rules_alone(self):
        """Whoever is said to be referenced is named by a field."""
        bare = {e.key for e, *_ in edges() if e.certainty != "inferred" and all(x.rule for x in e.evidence)}

        assert bare == set()

    def test_every_conclusion_names_its_rule(self):
        """An inferred edge says by which rule."""
        silent = {e.key for e, *_ in edges() if e.certainty == "inferred" and not any(x.rule for x in e.evidence)}

        assert silent == set()

    def test_every_relation_has_a_case(self):
        """The estate of all rules leaves out none."""
        assert set(RELATIONS) == {edge.relation for edge, *_ in edges()}


class TestRules:
    def test_every_rule_of_the_code_is_explained(self):
        """The page and the code know the same rules."""
        code = "".join(path.read_text() for path in (TOP / "src" / "studbook").rglob("*.py"))
        assert set(rules()) == set(re.findall(r'"(rule:[a-z0-9-]+)"', code))

    def test_every_rule_has_a_case(self):
        """The table shows each rule at work."""
        assert {one.line for edge, *_ in edges() for one in edge.evidence if one.rule} == set(rules())

    @pytest.mark.parametrize("rule", sorted(rules()))
    def test_its_module_and_its_test_exist(self, rule):
        """The page leads to the code that draws the conclusion and to the test that shows it."""
        module, test = rules()[rule]

        assert f'"{rule}"' in (TOP / "src" / "studbook" / module).read_text()
        assert defined(test)

    def test_the_joins_are_in_the_manual_in_their_order(self):
        """Each join sees what those before it concluded, and is told in the words of its own docstring."""
        section = PAGE.read_text().partition("## The joins")[2].partition("\n## ")[0]

        assert [line for line in section.splitlines() if line.startswith(("- ", "  "))] == joins(), REFRESH


class TestTraps:
    def test_each_is_held_by_a_test(self):
        """The page leads to tests that are there."""
        assert len(traps()) > 25
        assert [test for test in traps() if not defined(test)] == []


def refresh() -> None:
    """Writes the joins and the tables of the code into the pages."""
    intro, joined, rest = PAGE.read_text().partition("## The joins\n")
    lead = rest.partition("\n- ")[0]
    PAGE.write_text(f"{intro}{joined}{lead}\n" + "\n".join(joins()) + "\n\n## " + rest.partition("\n## ")[2])
    head = ["| from | to | relation | role | certainty | evidence |", "| --- | --- | --- | --- | --- | --- |"]
    for page in (INPUTS, OTHERS):
        before, _, after = page.read_text().partition(BEGIN)
        text = "\n".join([*head, *table(page)])
        page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after.partition(END)[2]}")


if __name__ == "__main__":
    sys.exit(refresh())
