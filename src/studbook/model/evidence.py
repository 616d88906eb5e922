"""Evidence: how Studbook knows what it says. A field of a kept record, a rule of its own, or the configuration.

A path goes by members with dots, list items as `[i]`, other map keys as `["key"]`; what comes after `|` is inside the
JSON text that the path before it leads to. It always leads to a value in the body of its record.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Annotated, Any, Final, NamedTuple, Self

from pydantic import PlainValidator, WithJsonSchema

from studbook.model.storable import parse_json

_SHAPES: Final = tuple(map(frozenset, (("operation", "path", "record"), ("operation", "path"), ("rule",), ("config",))))


class Evidence(NamedTuple):
    """One piece of evidence; of its members those are empty that its form has not. Sorts by code point."""

    operation: str = ""
    """`<service>:<Operation>`: the one whose documented answer has that member, so that anybody can ask it again."""
    path: str = ""
    record: str = ""
    """`<source>/<kind>/<record id>`. Empty in snapshots that were written before evidence named its record."""
    rule: str = ""
    """Of a conclusion: its name in docs/lineage.md."""
    config: str = ""
    """The path of an entry of studbook.yml."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Of `rule:<name>`, `config:<path>` or `<service>:<Operation>#<path>`, which names no record."""
        kind, _, rest = text.partition(":")
        if kind in ("rule", "config") and rest:
            return cls(**{kind: rest})
        operation, _, path = text.partition("#")
        if not operation or not path:
            raise ValueError(f"{text!r} is no evidence")
        return cls(operation, path)

    @classmethod
    def of(cls, data: Any) -> Self:
        """The evidence that an export's JSON, or a line of a catalog, has of it. Raises ValueError for anything else.

        Snapshots that were written before evidence named its record have it as text.
        """
        if type(data) is cls:
            return data
        if isinstance(data, str):
            return cls.parse(data)
        if not isinstance(data, dict) or data.keys() not in _SHAPES:
            raise ValueError("evidence is a record's field, a rule or an entry of the configuration")
        if not all(isinstance(value, str) and value for value in data.values()):
            raise ValueError("evidence is made of texts")
        return cls(**data)

    @property
    def line(self) -> str:
        """Without the record, as `parse` takes it."""
        if self.operation:
            return f"{self.operation}#{self.path}"
        return f"rule:{self.rule}" if self.rule else f"config:{self.config}"

    def as_data(self) -> dict[str, str]:
        """As JSON: of `operation`, `path`, `record`, `rule` and `config` those that it has."""
        return {name: value for name, value in zip(self._fields, self, strict=True) if value}

    def __str__(self) -> str:
        """`<operation>#<path> of <record id>`."""
        return f"{self.line} of {self.record.split('/', 2)[-1]}" if self.record else self.line


_STEP: Final = re.compile(r"""(?P<name>[^.\[\]|"]+)|\[(?P<index>\d+)\]|\[(?P<key>"(?:[^"\\]|\\.)*")\]|(?P<text>\|)""")


def value_at(body: Any, path: str) -> Any:
    """What a path leads to; None where it leads nowhere."""
    found = body
    for step in _steps(path):
        if isinstance(step, str):
            found = found.get(step) if isinstance(found, dict) else None  # `Mapping` takes ten times as long
        elif step is None:
            found = _document(found) if isinstance(found, str) else None
        else:
            found = found[step] if isinstance(found, list) and step < len(found) else None
    return found


def first_step(path: str) -> str | int | None:
    """The member of a body (or the index, of a list) that a path begins with; None of an empty path."""
    return next(iter(_steps(path)), None)


@lru_cache(1 << 14)
def _steps(path: str) -> tuple[str | int | None, ...]:
    """Names and positions; None for what is inside of JSON text."""
    return tuple(
        None
        if step["text"]
        else int(step["index"])
        if step["index"]
        else json.loads(step["key"] or "null") or step["name"]
        for step in _STEP.finditer(path)
    )


@lru_cache(8)
def _document(text: str) -> Any:
    """Many paths lead into one document."""
    try:
        return parse_json(text)
    except ValueError:
        return None


def _sorted(several: Any) -> tuple[Evidence, ...]:
    if not isinstance(several, (tuple, list)) or not several:
        raise ValueError("a statement needs evidence")
    if len(several) == 1:
        return (Evidence.of(several[0]),)
    return tuple(sorted({Evidence.of(each) for each in several}))


def _texts(**members: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: {"type": "string", "description": text} for name, text in members.items()},
        "required": [name for name in members if name != "record"],
        "additionalProperties": False,
    }


SCHEMA: Final[dict[str, Any]] = {
    "type": "array",
    "minItems": 1,
    "items": {
        "oneOf": [
            _texts(
                record="<source>/<kind>/<record id>; absent in snapshots that were written before evidence named it.",
                operation="<service>:<Operation>: the one whose documented answer has that member.",
                path="Leads to a value in the record's body: members by dots, list items as [i], other map keys as "
                '["key"], inside of JSON text after |.',
            ),
            _texts(rule="The name of the rule by which Studbook concluded it."),
            _texts(config="The path of an entry of studbook.yml."),
        ]
    },
}

One = Annotated[Evidence, PlainValidator(Evidence.of)]
"""One piece, checked where it is made."""
Several = Annotated[tuple[Evidence, ...], PlainValidator(_sorted), WithJsonSchema(SCHEMA)]
"""At least one, each once, sorted."""
