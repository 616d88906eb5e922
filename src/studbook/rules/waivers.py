"""`waivers.yml`: findings that someone accepted, why, and until when.

    - rule: deployed-without-approval
      asset: "arn:aws:sagemaker:us-east-1:222222222222:endpoint/bot"
      why: "pilot with ten users, see TICKET-77"
      who: ana
      until: "2027-01-31"

A waiver covers its last day, and ends by itself. It accepts what the rule says of the asset; with `finding: <id>` in
the place of `asset` that one finding alone, which is how what is about no asset is accepted.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import yaml

from studbook.errors import SettingsError, meant
from studbook.strict_yaml import load_yaml

_KEYS = ("rule", "asset", "finding", "why", "who", "until")


@dataclass(frozen=True, slots=True)
class Waiver:
    """One accepted finding."""

    rule: str
    of: str
    """The id of an asset, or of one finding."""
    why: str
    who: str
    until: datetime.date
    line: int
    """Where it stands in the file, from 1."""

    @property
    def key(self) -> tuple[str, str]:
        """The rule that it waives and what it waives it of; of two waivers with one key the longer one counts."""
        return (self.rule, self.of)


def load_waivers(path: Path, known: Collection[str]) -> tuple[Waiver, ...]:
    """The waivers in a file, none where there is no file; `known` are the rules' ids.

    Raises SettingsError, with the line at fault, for what is no waiver.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {error}", "is it a text file that you may read?") from None
    return read_waivers(text, str(path), known)


def read_waivers(text: str, path: str, known: Collection[str] | None = None) -> tuple[Waiver, ...]:
    """The waivers in a text, as `load_waivers`; of any rules, where `known` does not say which there are."""
    _, tree = load_yaml(text, path, _example())
    if tree is None or (isinstance(tree, yaml.ScalarNode) and tree.value in ("", "null", "~")):
        return ()
    if not isinstance(tree, yaml.SequenceNode):
        raise SettingsError(f"{path}:1: is no list of waivers", _example())
    return tuple(_waiver(path, node, known) for node in tree.value)


def _waiver(path: str, node: yaml.Node, known: Collection[str] | None) -> Waiver:
    line = node.start_mark.line + 1
    if not isinstance(node, yaml.MappingNode):
        raise SettingsError(f"{path}:{line}: is no waiver", _example())
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    for key, value in node.value:
        at = key.start_mark.line + 1
        if key.value not in _KEYS:
            hint = meant(str(key.value), _KEYS, f"a waiver has {', '.join(_KEYS)}")
            raise SettingsError(f"{path}:{at}: unknown key '{key.value}'", hint)
        if not isinstance(value, yaml.ScalarNode) or not value.value.strip():
            raise SettingsError(f"{path}:{at}: {key.value}: is no text", _example())
        values[key.value], lines[key.value] = value.value, at
    about = [key for key in ("asset", "finding") if key in values]
    if len(about) == 2:
        raise SettingsError(f"{path}:{line}: the waiver has an asset and a finding", "keep one of them")
    missing = [key for key in ("rule", *(about or ["asset"]), "why", "who", "until") if key not in values]
    if missing:
        raise SettingsError(f"{path}:{line}: the waiver has no {' and no '.join(missing)}", _example())
    if known is not None and values["rule"] not in known:
        hint = meant(values["rule"], known, f"the rules are {', '.join(sorted(known))}")
        raise SettingsError(f"{path}:{lines['rule']}: there is no rule '{values['rule']}'", hint)
    try:
        until = datetime.date.fromisoformat(values["until"])
    except ValueError:
        raise SettingsError(
            f"{path}:{lines['until']}: until: {values['until']!r} is no date", 'write it as "2027-01-31"'
        ) from None
    return Waiver(values["rule"], values[about[0]], values["why"], values["who"], until, line)


def _example() -> str:
    return 'a waiver is: - {rule: unevaluated, asset: "arn:...", why: "...", who: ana, until: "2027-01-31"}'
