from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from studbook.cards import load_cards, parse_card
from studbook.errors import SettingsError

TEXT = """---
owner: Support
risk: [limited, reviewed]
colour: green
---
A word before.

## Intended use
Drafts answers.

### Not a section
Stays inside.

## Limits
- English only
"""


class TestParseCard:
    def test_reads_facts_and_sections(self) -> None:
        """Front matter gives facts, second-level headings give sections, in the file's order."""
        card = parse_card(TEXT, "bot", "cards/bot.md")

        assert card.facts == {"owner": "Support", "risk": "limited, reviewed"}
        assert [heading for heading, _ in card.sections] == ["", "Intended use", "Limits"]
        assert "### Not a section" in card.sections[1][1]

    @pytest.mark.parametrize("value", ["{a: b}", "[a, {b: c}]", "[[1, 2], 3]"])
    def test_words_in_words_are_a_mistake(self, value: str) -> None:
        """A fact is words, or a list of them."""
        [problem] = parse_card(f"---\nowner: {value}\n---\ntext\n", "bot", "cards/bot.md").problems

        assert str(problem).startswith("cards/bot.md:2: 'owner' is more than one line of words")

    def test_reports_unknown_keys(self) -> None:
        """A key that nobody reads is said, with its line and the ones that are read; the card stays."""
        card = parse_card(TEXT, "bot", "cards/bot.md")

        [problem] = card.problems
        assert problem.message == "cards/bot.md:4: unknown key 'colour'"
        assert "owner" in (problem.hint or "")
        assert card.facts["owner"] == "Support"

    @pytest.mark.parametrize(
        ("front", "line"),
        [
            ("owner: ana\nrisk: [", 3),
            ("owner: &a x\nrisk: *a", 3),
            ("owner: ana\nowner: ben", 3),
            ("- a list", 2),
            ("owner: " + "[" * 100, 2),
        ],
    )
    def test_what_cannot_be_read_names_its_line(self, front: str, line: int) -> None:
        """Broken YAML, an alias, a key twice, no mapping, a pile of brackets: the file and the line."""
        with pytest.raises(SettingsError) as raised:
            parse_card(f"---\n{front}\n---\n## Limits\nNone.\n", "bot", "cards/bot.md")

        assert re.match(rf"cards/bot\.md:[{line}{line + 1}]: ", raised.value.message)

    def test_dates_are_text(self) -> None:
        """Whatever the calendar says of it."""
        assert parse_card("---\nreviewed: 2026-02-31\n---\n", "bot", "bot.md").facts == {"reviewed": "2026-02-31"}

    def test_needs_no_front_matter(self) -> None:
        """Plain Markdown is a card."""
        assert parse_card("Just words.", "bot", "bot.md").sections == (("", "Just words."),)


class TestLoadCards:
    def test_finds_models_by_file_or_by_key(self, tmp_path: Path) -> None:
        """A card belongs to the model that its file, or its front matter, names; README.md is no card."""
        (tmp_path / "bot.md").write_text("words")
        (tmp_path / "other.md").write_text("---\nmodel: fraud\n---\nwords")
        (tmp_path / "README.md").write_text("about")

        assert sorted(load_cards(tmp_path)) == ["bot", "fraud"]

    def test_no_folder_is_no_cards(self, tmp_path: Path) -> None:
        """A catalog without cards is fine."""
        assert load_cards(tmp_path / "none") == {}

    def test_one_that_cannot_be_read_is_left_out(self, tmp_path: Path) -> None:
        """It is told, and the others are there; asked strictly, it is an error."""
        (tmp_path / "bad.md").write_text("---\n: [\n---\nwords")
        (tmp_path / "bot.md").write_text("words")
        os.mkfifo(tmp_path / "pipe.md")
        told: list[str] = []

        cards = load_cards(tmp_path, lambda problem: told.append(problem.message))

        assert list(cards) == ["bot"]
        assert [Path(one.split(":")[0]).name for one in told] == ["bad.md", "pipe.md"]
        with pytest.raises(SettingsError):
            load_cards(tmp_path)


def test_words_stay_as_they_are_written():
    """YAML takes 010 for 8 and No for a word of logic; a card speaks of version 010, and No answers for it."""
    card = parse_card('---\nversions: [010, "4"]\nowner: No\nlicense: 1_0\n---\n', "m", "m.md")

    assert card.versions == ("010", "4")
    assert (card.facts["owner"], card.facts["license"]) == ("No", "1_0")
