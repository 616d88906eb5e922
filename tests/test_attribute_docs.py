"""docs/attributes.md is what the rows declare. After a change, `python tests/test_attribute_docs.py` writes it anew."""

from __future__ import annotations

from pathlib import Path

from join_records import RECORDS
from recorded_answers import EXAMPLES, records_of
from studbook.model import KINDS
from studbook.model.attributes import LINKED, Attribute
from studbook.sources import declared_attributes, normalize

PAGE = Path(__file__).parent.parent / "docs" / "attributes.md"
INTRO = """# Attributes

What is known of each kind of asset, what it means, and where it is read: the operation of the API that has the member,
and the member's path in the kept record. Of several the first that has a value counts. `rule:` says how a value is
computed. `studbook show ASSET --evidence` shows the record and the value itself; `studbook export schema` has the same
under `x-source`.
"""


def line(row: Attribute) -> str:
    """A row of the table."""
    cells = [f"`rule:{one['rule']}`" if "rule" in one else f"`{one['operation']}#{one['path']}`" for one in row.source]
    read = "<br>".join(cells).replace("|", "\\|")
    return f"| `{row.name}` | {row.meaning} | {read} |"


def page() -> str:
    """The whole page."""
    head = "| attribute | meaning | read from |\n| --- | --- | --- |\n"
    parts = [INTRO, "## Any kind\n", head + "\n".join(map(line, LINKED)) + "\n"]
    for kind, rows in declared_attributes().items():
        parts += [f"## {KINDS[kind].title}\n", head + "\n".join(dict.fromkeys(map(line, rows))) + "\n"]
    return "\n".join(parts)


class TestPage:
    def test_says_what_the_rows_declare(self) -> None:
        """No attribute is read that the manual does not explain."""
        assert PAGE.read_text() == page(), "run: python tests/test_attribute_docs.py"

    def test_every_attribute_that_is_read_is_declared(self) -> None:
        """Whatever recorded answers and the records of joins show has a row of its kind."""
        declared = {(kind, row.name) for kind, rows in declared_attributes().items() for row in (*rows, *LINKED)}
        shown = {
            (asset.kind, name)
            for facts in map(normalize, (*RECORDS, *(one for path in EXAMPLES for one in records_of(path))))
            for asset in facts.assets
            if asset.id in facts.rows
            for name in asset.attributes
        }
        assert shown
        assert shown <= declared


if __name__ == "__main__":
    PAGE.write_text(page())
