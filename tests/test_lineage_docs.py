"""docs/lineage.md is what the code does. After a change: `python tests/test_lineage_docs.py` writes the table anew."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path

import pytest

from every_edge import RECORDS, SETTINGS
from studbook.lineage.joins import JOINS
from studbook.lineage.link import LinkContext, link
from studbook.model import RELATIONS, Edge
from studbook.sources import normalize

TOP = Path(__file__).parent.parent
PAGE = TOP / "docs" / "lineage.md"
BEGIN, END = "<!-- edges: begin -->", "<!-- edges: end -->"
_FORM = re.compile(
    r"(?:sagemaker|s3|lambda):[A-Z][A-Za-z0-9]+#\S+|mlflow:[a-z-]+/(?:search|get)#\S+|config:[a-z]+\[\d+\]\.\w+|rule:[a-z0-9-]+"
)

_LINKED = link(RECORDS, normalize, LinkContext.of(SETTINGS))
_KINDS = {asset.id: asset.kind for asset in _LINKED.assets}


def row(edge: Edge) -> str:
    """An edge as its rule: kinds for ids, and neither positions nor names that somebody chose."""
    role = edge.role or ""
    if any("#InputDataConfig[" in line and "HubAccess" not in line for line in edge.evidence):
        role = "*channel*"
    elif edge.relation == "deployed_to" and role:
        role = "*variant*"
    lines = {re.sub(r"\[\d+\]", "[]", line).replace("|", "\\|") for line in edge.evidence}
    evidence = "<br>".join(f"`{line}`" for line in sorted(lines))
    return (
        f"| {_KINDS[edge.source]} | {_KINDS[edge.target]} | {edge.relation} | {role} | {edge.certainty} | {evidence} |"
    )


def table() -> list[str]:
    """The rows, in the order of the relations."""
    order = list(RELATIONS)
    rows = {(order.index(edge.relation), row(edge)) for edge in _LINKED.edges}
    return [text for _, text in sorted(rows)]


def written() -> list[str]:
    """The rows that the page has."""
    between = PAGE.read_text().partition(BEGIN)[2].partition(END)[0]
    return [line for line in between.splitlines() if line.startswith("| ")][2:]


def rules() -> dict[str, tuple[str, str]]:
    """The page's rules: the module that draws the conclusion, and the test that shows it."""
    found = re.findall(r"^\| `(rule:[a-z0-9-]+)` \|[^|]*\| `([a-z_/]+\.py)` \| `([^`]+)` \|$", PAGE.read_text(), re.M)
    return {rule: (module, test) for rule, module, test in found}


class TestTable:
    def test_every_edge_rule_is_in_the_table(self):
        """What the code concludes from one case of each rule is what the page says, no row more and none less."""
        assert written() == table(), "run: python tests/test_lineage_docs.py"

    def test_evidence_has_its_form(self):
        """Every line names a service, an operation and a field, an entry of the configuration, or a rule."""
        lines = {line for edge in _LINKED.edges for line in edge.evidence}

        assert {line for line in lines if not _FORM.fullmatch(line)} == set()

    def test_only_conclusions_rest_on_rules_alone(self):
        """Whoever is said to be referenced is named by a field."""
        bare = {
            row(e) for e in _LINKED.edges if e.certainty != "inferred" and all(x[:5] == "rule:" for x in e.evidence)
        }

        assert bare == set()

    def test_every_conclusion_names_its_rule(self):
        """An inferred edge says by which rule."""
        silent = {
            row(e) for e in _LINKED.edges if e.certainty == "inferred" and not any(x[:5] == "rule:" for x in e.evidence)
        }

        assert silent == set()

    def test_every_relation_but_declared_ones_has_a_case(self):
        """The estate of all rules leaves out only what the Lineage API alone declares."""
        assert set(RELATIONS) - {edge.relation for edge in _LINKED.edges} == {"associated"}


class TestRules:
    def test_every_rule_of_the_code_is_explained(self):
        """The page and the code know the same rules."""
        code = "".join(path.read_text() for path in (TOP / "src" / "studbook").rglob("*.py"))
        assert set(rules()) == set(re.findall(r'"(rule:[a-z0-9-]+)"', code))

    def test_every_rule_has_a_case(self):
        """The table shows each rule at work."""
        assert {line for edge in _LINKED.edges for line in edge.evidence if line.startswith("rule:")} == set(rules())

    @pytest.mark.parametrize("rule", sorted(rules()))
    def test_its_module_and_its_test_exist(self, rule):
        """The page leads to the code that draws the conclusion and to the test that shows it."""
        module, test = rules()[rule]
        path, *names = test.split("::")
        source = (TOP / path).read_text()

        assert f'"{rule}"' in (TOP / "src" / "studbook" / module).read_text()
        assert f"class {names[0]}:" in source
        assert f"def {names[1]}(" in source

    @pytest.mark.parametrize("join", JOINS, ids=lambda join: join.__module__.rpartition(".")[2])
    def test_every_join_is_in_the_manual(self, join):
        """Each join has its line, in the words of its own docstring."""
        module = inspect.getmodule(join)
        name = module.__name__.rpartition(".")[2]
        first = re.split(r"(?<=\.)\s", " ".join(module.__doc__.split()))[0]

        assert f"- `{name}`: {first}" in PAGE.read_text().splitlines()

    def test_the_joins_are_listed_in_their_order(self):
        """Each join sees what those before it concluded, so the order matters to a reader."""
        section = PAGE.read_text().partition("## The joins")[2].partition("## ")[0]
        listed = re.findall(r"^- `([a-z0-9_]+)`: ", section, re.M)

        assert listed == [join.__module__.rpartition(".")[2] for join in JOINS]


def refresh() -> None:
    """Writes the table of the code into the page."""
    text = PAGE.read_text()
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    head = ["| from | to | relation | role | certainty | evidence |", "| --- | --- | --- | --- | --- | --- |"]
    PAGE.write_text(f"{before}{BEGIN}\n" + "\n".join([*head, *table()]) + f"\n{END}{after}")


if __name__ == "__main__":
    sys.exit(refresh())
