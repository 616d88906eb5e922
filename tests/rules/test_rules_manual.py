"""docs/rules.md is what the rules say of themselves; `python -m tests.rules.test_rules_manual` writes it anew.

What it shows of rules of one's own is run.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.pedigrees import commit, lineage

from studbook.cli import main
from studbook.rules import RULES, Rule
from studbook.settings import RuleSettings
from studbook.store import Catalog

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"
_GENERATED = "## `"


def section(rule: Rule) -> str:
    """A rule's part of the page."""
    own = {name: field for name, field in rule.parameters.model_fields.items() if name not in RuleSettings.model_fields}
    state = "" if rule.enabled else ", off until `enabled: true`"
    parts = [f"{_GENERATED}{rule.id}`\n\nLevel: {rule.level}{state}.\n", f"{(rule.manual or '').strip()}\n"]
    if own:
        rows = "\n".join(f"| `{name}` | {field.description} |" for name, field in own.items())
        parts.append(f"| parameter | meaning |\n| --- | --- |\n{rows}\n")
    return "\n".join(parts)


def page() -> str:
    """The whole page: what is written by hand, and a section for each rule."""
    head = PAGE.read_text().partition(_GENERATED)[0]
    return head + "\n".join(section(rule) for rule in sorted(RULES, key=lambda rule: rule.id))


class TestPage:
    def test_is_what_the_rules_say(self) -> None:
        """Every rule, with its level, its reasons, its mend and its parameters; those that found nothing, too."""
        assert PAGE.read_text() == page(), "run: python -m tests.rules.test_rules_manual"

    def test_every_parameter_is_explained(self) -> None:
        """A parameter without words is none that anybody could set."""
        fields = [field for rule in RULES for field in rule.parameters.model_fields.values()]
        assert all(field.description for field in fields)


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """A catalog with the files that the page shows, and two endpoints."""
    shown = dict(re.findall(r'```\w+ title="catalog/([^"]+)"\n(.*?)```', PAGE.read_text(), re.S))
    assert sorted(shown) == ["ours.py", "studbook.yml"]
    for name, text in shown.items():
        (tmp_path / name).write_text(text)
    drawn = "c(endpoint_config) -deployed_to-> bot(endpoint)\n c -deployed_to-> chat(endpoint)"
    facts = {"bot": {"tags": {"team": "support"}}, "chat": {"tags": {"team": "sales", "owner": "ana"}}}
    commit(Catalog(tmp_path), lineage(drawn, facts))
    return tmp_path


def call(*words: str) -> object:
    with pytest.raises(SystemExit) as end:
        main(list(words))
    return end.value.code


class TestOwnRules:
    def test_the_page_s_example_works(self, catalog: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """The file is run, its parameter is read, and what it finds is a finding as any other."""
        call("check", "--catalog", str(catalog), "--level", "note")
        told = " ".join(capsys.readouterr().out.split())
        assert "bot has no tag cost-center: tag it, or tear it down." in told
        assert "bot has no tag team" not in told

    @pytest.mark.parametrize(
        ("name", "old", "new", "message"),
        [
            ("studbook.yml", "{tags:", "{tag:", "studbook.yml:5: unknown key 'rules.endpoint-tags.tag'"),
            ("studbook.yml", "endpoint-tags", "endpoint-tgs", "studbook.yml:5: rules: there is no rule 'endpoint-tgs'"),
            ("studbook.yml", "[team, cost-center]", "7", "studbook.yml:5: rules.endpoint-tags.tags: "),
            ("studbook.yml", "ours.py", "theirs.py", "theirs.py: there is no such file"),
            ("ours.py", "RULES =", "RULE =", "ours.py: has no list RULES of rules"),
            ("ours.py", '"endpoint-tags"', '"unevaluated"', "ours.py: there is a rule 'unevaluated' already"),
            ("ours.py", "from __future__", "from __past__", "ours.py: cannot be run: "),
        ],
    )
    def test_a_mistake_in_them_is_told(
        self, catalog: Path, capsys: pytest.CaptureFixture[str], name: str, old: str, new: str, message: str
    ) -> None:
        """Exit code 2, with the file, and the line where it has one."""
        (catalog / name).write_text((catalog / name).read_text().replace(old, new))
        assert call("check", "--catalog", str(catalog)) == 2
        assert message in " ".join(capsys.readouterr().err.split())


if __name__ == "__main__":
    PAGE.write_text(page())
