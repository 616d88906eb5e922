"""Human words for model cards: `catalog/cards/<model>.md`, reviewed in git, read here and never written.

    ---
    owner: Support platform team
    risk: limited
    ---
    ## Intended use
    Drafts answers that a person sends.

The front matter holds facts in one line each; the sections are Markdown. The file's name, or `model:` in its front
matter, is the name of the model group that it belongs to. What cannot be used is a problem that is reported, and never
an error: a typing mistake in one card must not stop a nightly build.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

KEYS: dict[str, str] = {
    "model": "The model group's name, where it is not the file's.",
    "title": "What people call the model.",
    "owner": "Who answers for it.",
    "contact": "Where to reach them.",
    "risk": "Its risk class, in your own words.",
    "license": "Under which terms it may be used.",
    "approver": "Who approves its versions.",
    "reviewed": "When a person last read this card, as YYYY-MM-DD.",
    "reviewer": "Who that was.",
    "documentation": "An http(s) address with more.",
}
"""What the front matter of a card may say."""

_FRONT = re.compile(r"\A---[ \t]*\r?\n(.*?)^---[ \t]*\r?$\n?", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^##[ \t]+(.+?)[ \t#]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Card:
    """What people wrote about one model."""

    model: str
    facts: Mapping[str, str]
    sections: tuple[tuple[str, str], ...]
    """Heading and Markdown, in the file's order; the heading is empty for what stands before the first one."""
    source: str
    problems: tuple[str, ...] = ()

    def as_data(self) -> dict[str, Any]:
        """For a page."""
        return {
            "model": self.model,
            "facts": [[key, self.facts[key]] for key in KEYS if key in self.facts and key != "model"],
            "sections": [list(section) for section in self.sections],
            "source": self.source,
        }


def load_cards(folder: Path) -> dict[str, Card]:
    """The cards in a folder by the model they belong to; empty where there is no folder. README.md is no card."""
    cards: dict[str, Card] = {}
    for path in sorted(folder.glob("*.md")):
        if path.name.lower() == "readme.md":
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            cards[path.stem] = Card(path.stem, {}, (), path.name, (f"{path}: cannot be read: {error}",))
            continue
        card = parse_card(text, path.stem, str(path))
        cards[card.model] = card
    return cards


def parse_card(text: str, name: str, source: str) -> Card:
    """The card in `text`; `name` is the model's where the front matter does not say."""
    problems: list[str] = []
    front: dict[str, str] = {}
    match = _FRONT.match(text)
    if match:
        front = _front_matter(match[1], source, problems)
        text = text[match.end() :]
    pieces = _HEADING.split(text)
    sections = [("", pieces[0].strip())] + [
        (pieces[index].strip(), pieces[index + 1].strip()) for index in range(1, len(pieces), 2)
    ]
    return Card(
        model=front.get("model", name),
        facts=front,
        sections=tuple((heading, body) for heading, body in sections if heading or body),
        source=Path(source).name,
        problems=tuple(problems),
    )


def _front_matter(text: str, source: str, problems: list[str]) -> dict[str, str]:
    try:
        data = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        problems.append(f"{source}: the front matter is no YAML: {getattr(error, 'problem', error)}")
        return {}
    if not isinstance(data, dict):
        problems.append(f"{source}: the front matter is no mapping of keys to words")
        return {}
    out: dict[str, str] = {}
    for key, value in data.items():
        if key not in KEYS:
            problems.append(f"{source}: unknown key '{key}' in the front matter; known are: {', '.join(KEYS)}")
        elif isinstance(value, dict):
            problems.append(f"{source}: '{key}' is more than one line of words")
        elif value is not None:
            out[str(key)] = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return out
