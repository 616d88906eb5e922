"""What people write beside a catalog: taken into each snapshot, and told with the snapshot that took it in.

The working files are today's; `working_files` are the rows that a snapshot keeps of them, `people_of` what a snapshot
says. A snapshot of format 1 kept none: it is told with the working files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from pydantic import ValidationError

from studbook.cards import Card, card_texts, cards_in, front_matter
from studbook.errors import CatalogError, SettingsError
from studbook.model import Envelope, WorkingFile
from studbook.model.people import FileKind
from studbook.settings import Settings, explain_mistake
from studbook.store import Catalog
from studbook.strict_yaml import with_values

Skip = Callable[[SettingsError], None]


@dataclass(frozen=True, slots=True)
class People:
    """The words of people that belong to a snapshot."""

    settings: Settings
    cards: dict[str, Card]
    """By the model they belong to."""


class Cleaner(Protocol):
    """What takes out of a text what must not be kept."""

    def text(self, text: str) -> str:
        """A text in which a placeholder stands for each secret."""
        ...

    def identifier(self, text: str) -> str:
        """An id, a name or a URI in which a pseudonym stands for each secret, the same for the same."""
        ...

    def body(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """A JSON object with each of its texts cleaned, as its key asks."""
        ...


_NAMES: Final = ("asset", "finding", "model", "rule")
"""What stands under these names something else, as its records do: a secret in it becomes a pseudonym, as there."""


def cleaned(kind: FileKind, text: str, clean: Cleaner) -> str:
    """A working file as it is kept. In YAML each value is cleaned by its key, so that it stays the same YAML."""

    def value(key: str, said: str) -> str:
        return clean.identifier(said) if key in _NAMES else str(next(iter(clean.body({key: said}).values())))

    start, end = front_matter(text) if kind == "card" else (0, len(text) if kind == "waivers" else 0)
    try:
        return text[:start] + with_values(text[start:end], value, clean.text) + clean.text(text[end:])
    except SettingsError:  # nobody can read it but people
        return clean.text(text)


def cards_of(files: Iterable[WorkingFile], skip: Skip = lambda problem: None) -> dict[str, Card]:
    """The cards among working files, by the model they belong to; `skip` hears of those that cannot be read."""
    return cards_in(((Path(file.name), str(file.content)) for file in files if file.kind == "card"), skip)


def working_files(catalog: Catalog, settings: Settings | None, clean: Cleaner) -> Iterator[WorkingFile]:
    """The working files as a snapshot keeps them: cards and waivers as they are written, settings resolved.

    A file that is no text is left out: who takes the files in has said so.
    """
    for path, text in card_texts(catalog.cards_folder, lambda problem: None):
        yield WorkingFile(kind="card", name=str(path.relative_to(catalog.root)), content=cleaned("card", text, clean))
    if settings is not None:
        yield WorkingFile(kind="settings", name=catalog.settings_file.name, content=settings.resolved)
        for name in settings.rules.files:
            with suppress(OSError, UnicodeDecodeError):
                text = (catalog.root / name).read_text(encoding="utf-8")
                yield WorkingFile(kind="rules", name=name, content=cleaned("rules", text, clean))
    with suppress(OSError, UnicodeDecodeError):
        text = catalog.waivers_file.read_text(encoding="utf-8")
        yield WorkingFile(kind="waivers", name=catalog.waivers_file.name, content=cleaned("waivers", text, clean))


def changed_files(catalog: Catalog, envelope: Envelope, clean: Callable[[Settings], Cleaner]) -> list[str]:
    """The names of working files that say something else than a snapshot took in; none of a snapshot of format 1."""
    kept = catalog.people(envelope)
    if kept is None:
        return []
    try:
        settings = catalog.settings()
    except SettingsError:  # what cannot be read is not what was taken in
        settings = None
    now = {file.name: file for file in working_files(catalog, settings, clean(settings or Settings()))}
    before = {file.name: file for file in kept}
    return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))


def settings_of(catalog: Catalog, envelope: Envelope) -> Settings | None:
    """The configuration of the night on which a snapshot was taken; None where nobody knows it.

    Raises CatalogError where this version of Studbook does not know what it says.
    """
    for file in catalog.people(envelope) or ():
        if isinstance(file.content, dict):
            try:
                return Settings.model_validate(file.content)
            except ValidationError as error:
                where, message, _ = explain_mistake(Settings, error)
                raise CatalogError(
                    f"snapshot {envelope.number}: {'.'.join(map(str, where))} of its configuration: {message}",
                    "another version of Studbook wrote it: use that one or a newer one",
                ) from None
    return catalog.settings() if envelope.parts.people is None and catalog.settings_file.exists() else None


def people_of(catalog: Catalog, envelope: Envelope, skip: Skip = lambda problem: None) -> People:
    """What people had written when a snapshot was taken; `skip` hears of cards that cannot be read."""
    files = catalog.people(envelope)
    if files is None:
        return People(catalog.settings(), cards_in(card_texts(catalog.cards_folder, skip), skip))
    return People(settings_of(catalog, envelope) or Settings(), cards_of(files, skip))
