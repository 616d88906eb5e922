"""Human words for model cards: `catalog/cards/<model>.md`, reviewed in git, read here and never written.

    ---
    owner: Support platform team
    risk: limited
    versions: ["4", "5"]
    ---
    ## Intended use
    Drafts answers that a person sends.

The front matter holds facts in one line each; the sections are Markdown. The file's name, or `model:` in its front
matter, is the name of the model group that it belongs to. `versions`, or `from`, says of which of its versions a card
speaks. Without `versions` approver and review are told of versions alone that the registry says are approved: a person
approves a version, and never whatever is registered later. A mistake in a card is told with file and line by `check`
and before a night begins; a build goes on without that card.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import yaml

from studbook.errors import SettingsError
from studbook.strict_yaml import load_yaml

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
    "versions": "The versions that it speaks of, and that its approver approved; all where it does not say.",
    "from": "The first version that it speaks of, by number or by the day of registration (YYYY-MM-DD).",
}
"""What the front matter of a card may say."""
OF_APPROVAL: Final = ("approver", "reviewed", "reviewer")
"""What is said of versions that were approved, and of no other."""

_FRONT = re.compile(r"\A---[ \t]*\r?\n(.*?)^---[ \t]*\r?$\n?", re.DOTALL | re.MULTILINE)
_FROM = re.compile(r"\d+|\d{4}-\d{2}-\d{2}")
_HEADING = re.compile(r"^##[ \t]+(.+?)[ \t#]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Card:
    """What people wrote about one model."""

    model: str
    facts: Mapping[str, str]
    sections: tuple[tuple[str, str], ...]
    """Heading and Markdown, in the file's order; the heading is empty for what stands before the first one."""
    source: str
    text: str
    """The file's own words, front matter and all."""
    problems: tuple[SettingsError, ...] = ()
    """What of its front matter is left out."""
    versions: tuple[str, ...] = ()
    """The versions that it speaks of; where it names none, all of them."""

    def of_version(self, version: str, registered: str | None, *, approved: bool) -> Card | None:
        """What it says of one version, by number, time of registration and the registry's approval; None: nothing."""
        if self.versions:
            return self if version in self.versions else None
        first = self.facts.get("from")
        if first is not None and not _is_from(first, version, registered):
            return None
        return self if approved else replace(self, facts=_without(self.facts, OF_APPROVAL))

    def as_data(self) -> dict[str, Any]:
        """For a page: the facts are pairs of key and text in the order of `KEYS`, the sections as they are written."""
        return {
            "model": self.model,
            "facts": [[key, self.facts[key]] for key in KEYS if key in self.facts and key != "model"],
            "sections": [list(section) for section in self.sections],
            "source": self.source,
        }


def load_cards(folder: Path, skip: Callable[[SettingsError], None] | None = None) -> dict[str, Card]:
    """The cards in a folder by the model they belong to; empty where there is no folder. README.md is no card.

    What is wrong with a card goes to `skip`: one that cannot be read is left out, one with a key that nobody knows goes
    without it. Without `skip` it is raised: SettingsError with file and line.
    """
    return cards_in(card_texts(folder, skip or _raised), skip or _raised)


def card_texts(folder: Path, skip: Callable[[SettingsError], None]) -> Iterator[tuple[Path, str]]:
    """The files of a folder that are cards, by name, with their text; what is no text goes to `skip`."""
    for path in sorted(folder.glob("*.md")):
        if path.name.lower() != "readme.md":
            try:
                text = _text(path)
            except SettingsError as error:
                skip(error)
            else:
                yield path, text


def cards_in(texts: Iterable[tuple[Path, str]], skip: Callable[[SettingsError], None]) -> dict[str, Card]:
    """The cards in these texts, by their models' names, as `load_cards` does. Each text comes with its path; of two
    cards of one model the first stands. Every problem goes to `skip`."""
    cards: dict[str, Card] = {}
    for path, text in texts:
        try:
            card = parse_card(text, path.stem, str(path))
            problems = list(card.problems)
            if card.model in cards:
                other = cards[card.model].source
                hint = "make one of the two"
                problems.append(SettingsError(f"{path}: {other} is the card of '{card.model}' already", hint))
            cards.setdefault(card.model, card)
        except SettingsError as error:
            problems = [error]
        for problem in problems:
            skip(problem)
    return cards


def _raised(problem: SettingsError) -> None:
    raise problem


def _text(path: Path) -> str:
    if not path.is_file():  # a fifo would never end
        raise SettingsError(f"{path}: is no file", "a card is a Markdown file")
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {error}", "is it a text file that you may read?") from None


def parse_card(text: str, name: str, source: str) -> Card:
    """The card in `text`; `name` is the model's where the front matter does not say. Raises SettingsError."""
    problems: list[SettingsError] = []
    front: dict[str, str] = {}
    whole = text
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
        text=whole,
        problems=tuple(problems),
        versions=tuple(one.strip() for one in front.get("versions", "").split(",") if one.strip()),
    )


def front_matter(text: str) -> tuple[int, int]:
    """Where the YAML of a card begins and ends; twice 0 where it has none."""
    match = _FRONT.match(text)
    return match.span(1) if match else (0, 0)


def _is_from(first: str, version: str, registered: str | None) -> bool:
    """Whether a version is not older than a number or a day; what cannot be told is not spoken of."""
    if first.isdigit():
        return version.isdigit() and int(version) >= int(first)
    return registered is not None and registered[:10] >= first


def _without(facts: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    return {name: value for name, value in facts.items() if name not in names}


def _front_matter(text: str, source: str, problems: list[SettingsError]) -> dict[str, str]:
    hint = "the front matter is 'key: words' lines between two '---'"
    data, tree = load_yaml(text, source, hint, above=1)
    if tree is None:
        return {}
    if not isinstance(tree, yaml.MappingNode):
        raise SettingsError(f"{source}:2: the front matter is no mapping of keys to words", hint)
    out: dict[str, str] = {}
    for node, said in tree.value:
        key, place = str(node.value), f"{source}:{node.start_mark.line + 2}"
        value = data.get(key)
        if key not in KEYS:
            problems.append(SettingsError(f"{place}: unknown key '{key}'", f"known are: {', '.join(KEYS)}"))
        elif isinstance(value, dict) or any(isinstance(item, yaml.CollectionNode) for item in _items(said)):
            problems.append(SettingsError(f"{place}: '{key}' is more than one line of words", hint))
        elif key == "from" and not _FROM.fullmatch(str(value)):
            problems.append(
                SettingsError(f"{place}: 'from' is no version's number and no day", 'write "4" or 2026-11-20')
            )
        elif value is not None:
            # As it is written: version 010 is not 8, and who answers for it may be called No.
            out[key] = ", ".join(item.value for item in _items(said)) if isinstance(value, list) else said.value
    return out


def _items(node: yaml.Node) -> list[yaml.Node]:
    """Those of a list; of anything else none."""
    return node.value if isinstance(node, yaml.SequenceNode) else []
