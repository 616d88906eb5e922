"""Rules of one's own: a Python file beside `studbook.yml`, named under `rules: {files: [...]}`.

    RULES = [Rule("owner-tag", "warning", check, __doc__, mend="tag it with its owner")]

Such a file is a program, and runs with the rights of whoever checks the catalog.
"""

from __future__ import annotations

import runpy
from collections.abc import Collection, Iterator
from pathlib import Path

from studbook.errors import SettingsError
from studbook.rules.interface import Rule
from studbook.settings import Settings


def load_rules(settings: Settings, catalog: Path, taken: Collection[str]) -> tuple[Rule, ...]:
    """The rules of all files that the configuration names, in its order; `taken` are ids that they cannot have.

    Raises SettingsError where a file cannot be run, or has no rules.
    """
    found: dict[str, Rule] = {}
    for name in settings.rules.files:
        for rule in _rules_in(catalog / name):
            if rule.id in taken or rule.id in found:
                raise SettingsError(f"{catalog / name}: there is a rule '{rule.id}' already", "give it another id")
            found[rule.id] = rule
    return tuple(found.values())


def _rules_in(path: Path) -> Iterator[Rule]:
    hint = "see 'studbook help rules': it has a list RULES"
    if not path.is_file():
        raise SettingsError(f"{path}: there is no such file", "rules.files is relative to the catalog")
    try:
        rules = runpy.run_path(str(path)).get("RULES", ())
    except Exception as error:
        raise SettingsError(f"{path}: cannot be run: {type(error).__name__}: {error}", hint) from error
    if not isinstance(rules, list | tuple) or not rules or not all(isinstance(rule, Rule) for rule in rules):
        raise SettingsError(f"{path}: has no list RULES of rules", hint)
    yield from rules
