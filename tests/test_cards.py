from __future__ import annotations

from pathlib import Path

from studbook.cards import load_cards, parse_card

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

    def test_reports_unknown_keys(self) -> None:
        """A key that nobody reads is said, with the ones that are read."""
        [problem] = parse_card(TEXT, "bot", "cards/bot.md").problems

        assert "unknown key 'colour'" in problem
        assert "owner" in problem

    def test_broken_front_matter_keeps_the_words(self) -> None:
        """A mistake in the front matter loses the facts, not the sections."""
        card = parse_card("---\n: [\n---\n## Limits\nNone.\n", "bot", "cards/bot.md")

        assert card.sections == (("Limits", "None."),)
        assert "is no YAML" in card.problems[0]

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
