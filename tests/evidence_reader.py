"""Evidence followed as a stranger would: by catalog/README.md, with gzip and JSON, and nothing of Studbook."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

_STEP = re.compile(r"""(?P<name>[^.\[\]|"]+)|\[(?P<index>\d+)\]|\[(?P<key>"(?:[^"\\]|\\.)*")\]|(?P<text>\|)""")


def at(body: Any, path: str) -> Any:
    """What a path leads to: members by dots, list items by `[i]`, other keys by `["key"]`, JSON text after `|`.

    KeyError, IndexError, TypeError or ValueError where it leads nowhere.
    """
    for step in _STEP.finditer(path):
        if step["text"]:
            body = json.loads(body)
        elif step["index"]:
            body = body[int(step["index"])]
        else:
            body = body[json.loads(step["key"]) if step["key"] else step["name"]]
    return body


def leads(body: Any, path: str) -> bool:
    """Whether a path leads to a value."""
    try:
        return at(body, path) is not None
    except (KeyError, IndexError, TypeError, ValueError):
        return False


def bodies(records: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The bodies of records by what evidence calls them."""
    return {f"{one['source']}/{one['kind']}/{one['id']}": one["body"] for one in records}


def astray(evidence: Iterable[Mapping[str, str]], found: Mapping[str, Any]) -> list[Mapping[str, str]]:
    """The evidence that leads to no value at the record that it names."""
    return [
        one
        for one in evidence
        if one.keys() not in ({"rule"}, {"config"})
        and not (one.keys() == {"operation", "path", "record"} and leads(found.get(one["record"]), one["path"]))
    ]


def rows(catalog: Path, part: str) -> Iterator[dict[str, Any]]:
    """The rows of a part of a catalog's newest snapshot."""
    envelope = json.loads(max((catalog / "snapshots").iterdir()).read_text())
    for line in _lines(catalog, envelope["parts"][part]):
        yield from _lines(catalog, line["object"])


def _lines(catalog: Path, digest: str) -> Iterator[Any]:
    name = digest.removeprefix("sha256:")
    yield from map(json.loads, gzip.decompress((catalog / "objects" / name[:2] / name).read_bytes()).splitlines())
