"""Strict YAML: the one loader for what people write (studbook.yml, waivers.yml, the front matter of cards).

The safe subset of YAML 1.1, without aliases (a few lines of them are gigabytes), with bounded size and depth, no key
twice, and dates as the text that they are. A mistake is a SettingsError with file, line and mend.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import yaml

from studbook.errors import SettingsError

_BYTES: Final = 1_000_000
_DEPTH: Final = 50
_TYPES: Final = frozenset(f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "str", "seq", "map"))
"""Those that JSON has too."""
_HALF: Final = re.compile("[\ud800-\udfff]")


class YamlDocument(NamedTuple):
    """What a text says, and where."""

    data: Any
    """Plain values; None for an empty text."""
    tree: yaml.Node | None


class _Loader(yaml.SafeLoader):
    """Dates stay text: PyYAML fails on the 31st of February, and a date is no JSON."""

    def construct_scalar(self, node: Any) -> Any:
        text = super().construct_scalar(node)
        if isinstance(text, str) and _HALF.search(text):  # no file can be written with it
            raise yaml.constructor.ConstructorError(None, None, "half of a character", node.start_mark)
        return text

    def construct_yaml_int(self, node: Any) -> int:
        number: int = super().construct_yaml_int(node)
        str(number)  # Python reads hexadecimal numbers that it refuses to write: a ValueError
        return number


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.yaml_constructors = {
    tag: construct for tag, construct in yaml.SafeLoader.yaml_constructors.items() if tag is None or tag in _TYPES
}
_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)


def load_yaml(text: str, place: str, hint: str | None = None, *, above: int = 0) -> YamlDocument:
    """What a text says. `place` names it in errors, `above` is how many lines of its file stand before it.

    Raises SettingsError, with the line.
    """

    def wrong(message: str, mark: Any, mend: str | None = hint) -> SettingsError:
        return SettingsError(f"{place}{'' if mark is None else f':{mark.line + above + 1}'}: {message}", mend)

    if len(text) > _BYTES:
        raise wrong(f"is longer than {_BYTES:,} characters", None)
    try:
        depth = 0
        for event in yaml.parse(text, Loader=_Loader):  # one by one: what is too deep is never built
            if isinstance(event, yaml.AliasEvent):
                raise wrong(f"an alias (*{event.anchor}) is not read here", event.start_mark, "write it out")
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEPTH:
                raise wrong(f"is nested deeper than {_DEPTH}", event.start_mark)
        tree = yaml.compose(text, Loader=_Loader)
        if (twice := _twice(tree)) is not None:
            raise wrong(f"the key '{twice.value}' is here twice", twice.start_mark, "make one of the two")
        loader = _Loader("")
        return YamlDocument(None if tree is None else loader.construct_document(tree), tree)
    except yaml.YAMLError as error:
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise wrong(f"is no YAML: {problem}", getattr(error, "problem_mark", None)) from None
    except (ValueError, LookupError) as error:  # a number, a word of logic or a key that PyYAML takes for one
        raise wrong(f"is no YAML: {error}", None) from None


def with_values(text: str, change: Callable[[str, str], str], between: Callable[[str], str]) -> str:
    """The text with its values changed where they stand, each by its key and itself, and what is no value by `between`:
    comments, above all. It says the same as before but for that, in the same order, and is YAML still.

    Raises SettingsError where it is no YAML.
    """
    _, tree = load_yaml(text, "")
    parts, end = list[str](), 0
    for key, node in _values(tree, ""):
        start, stop = node.start_mark.index, node.end_mark.index
        changed, raw = change(key, node.value), text[start:stop]
        if changed != node.value:
            raw = json.dumps(changed, ensure_ascii=False) + ("\n" if raw.endswith("\n") else "")
        parts += [between(text[end:start]), raw]
        end = stop
    return "".join([*parts, between(text[end:])])


def _values(node: yaml.Node | None, key: str) -> Iterator[tuple[str, yaml.ScalarNode]]:
    """The scalars that are no key, as they stand, with the key that they are under."""
    if isinstance(node, yaml.ScalarNode):
        yield key, node
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _values(item, key)
    elif isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield from _values(value, name.value if isinstance(name, yaml.ScalarNode) else key)


def _twice(node: yaml.Node | None) -> yaml.ScalarNode | None:
    """The first key that its mapping has already; YAML would read the last and drop the others without a word."""
    if isinstance(node, yaml.SequenceNode):
        return next((found for item in node.value if (found := _twice(item))), None)
    if not isinstance(node, yaml.MappingNode):
        return None
    seen = set()
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode):
            if key.value in seen:
                return key
            seen.add(key.value)
        if found := _twice(value):
            return found
    return None
