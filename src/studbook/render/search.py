"""Full-text search: an inverted index in many small files, of which a query loads the few that it needs.

A document is one line: title and address. Its kind, account, region, stage and status are five letters in `index.js`;
the words of its title, id and tags lie in files by their first letters (`t/`), cut where they would be too long, and
the lines themselves in files of thirty-two (`d/`). Documents are numbered in the order in which they were first seen,
so that a night's news touch the last files and those of their own words. The files are scripts that call
`studbookSearch`, since a page that was opened from a folder may load scripts, and nothing else.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any

from studbook.model import KINDS, Asset
from studbook.model.ids import parse_arn
from studbook.queries.answer import called
from studbook.render.views import Site
from studbook.render.views.pages import account_ids, region_names
from studbook.render.views.site import account_path, region_path
from studbook.words import shown

CHUNK = 32
"""Documents in one file."""
SHARD = 16_000
"""About so many characters of words and numbers in one file."""
_SUMMARY = 200
"""The newest documents that stand for all, where only the first letters of too many words are typed."""
_LONGEST = 24
"""Letters of a word that count; a digest is told by fewer."""
FACETS = ("Kind", "Account", "Region", "Stage", "Status")
_WORD = re.compile(r"[^\W_]+")
_SECTION = re.compile(r'<h2 id="([^"]+)"[^>]*>(.*?)</h2>', re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_FIRST = ("model_package_group", "model_package", "dataset", "endpoint", "evaluator", "base_model", "mlflow_experiment")
"""Kinds that are meant more often than others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchEntry:
    """What search knows of a page."""

    location: str
    title: str
    kind: str
    account: str = ""
    region: str = ""
    stage: str = ""
    status: str = ""
    words: str = ""
    """What else it can be found by."""

    @property
    def facets(self) -> tuple[str, ...]:
        return (self.kind, self.account, self.region, self.stage, self.status)


def entries_of(site: Site) -> list[SearchEntry]:
    """Every page that is not in the navigation, in an order that tomorrow only adds to."""
    places = [
        SearchEntry(
            location=account_path(account), title=site.account_name(account) or account, kind="Account", words=account
        )
        for account in account_ids(site)
    ]
    places += [SearchEntry(location=region_path(region), title=region, kind="Region") for region in region_names(site)]
    assets = sorted(site.graph.assets.values(), key=lambda a: (a.first_seen or 0, a.created_at or "", a.id))
    return places + [_entry(site, asset) for asset in assets]


def _entry(site: Site, asset: Asset) -> SearchEntry:
    arn = parse_arn(asset.id)
    return SearchEntry(
        location=str(site.link(asset.id)["path"]),
        title=called(asset),
        kind=KINDS[asset.kind].title,
        account=site.account_name(asset.account) or "",
        region=asset.region or "",
        stage=asset.stage or "",
        status="gone" if asset.gone_since is not None else asset.status or "",
        words=" ".join([asset.id.split(":", 5)[-1] if arn else asset.id, *asset.tags.values()]),
    )


def sections(location: str, title: str, body: str) -> Iterator[SearchEntry]:
    """A page of text: one document for what stands before its first heading, and one for each section."""
    parts = _SECTION.split(body)
    yield SearchEntry(location=location, title=title, kind="Manual", words=_text(parts[0]))
    for anchor, heading, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        name = _text(heading).replace("¶", "").strip()
        yield SearchEntry(location=f"{location}#{anchor}", title=f"{title}: {name}", kind="Manual", words=_text(text))


def _text(body: str) -> str:
    return unescape(_TAG.sub(" ", body))


def words_of(text: str) -> set[str]:
    """The words of a text as the index has them; the browser cuts a query in the same places."""
    plain = unicodedata.normalize("NFKD", text).lower()
    plain = "".join(char for char in plain if not unicodedata.combining(char)) if not plain.isascii() else plain
    words = {word[:_LONGEST] for word in _WORD.findall(plain)}
    # Nobody types the zeros of job-000123.
    return words | {word.lstrip("0") for word in words if word[0] == "0" and word.isdecimal()} - {""}


def files(entries: Sequence[SearchEntry]) -> Iterator[tuple[str, bytes]]:
    """The index: names below the site's root, and contents. Equal entries give equal bytes."""
    terms: dict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for number, entry in enumerate(entries):
        title = words_of(entry.title)
        for word in title:
            terms[word][0].append(number)
        for word in words_of(entry.words) - title:
            terms[word][1].append(number)
    ordered = [(word, _packed(terms[word][0]), _packed(terms[word][1])) for word in sorted(terms)]
    names: list[str] = []
    for prefix, rows in _shards("", ordered, terms):
        names.append(prefix)
        yield _script(f"t/{prefix.encode().hex()}", rows)
    for start in range(0, len(entries), CHUNK):
        lines = [[shown(entry.title), entry.location] for entry in entries[start : start + CHUNK]]
        yield _script(f"d/{start // CHUNK}", lines)
    facets = [_facet([entry.facets[place] for entry in entries]) for place in range(len(FACETS))]
    first = {KINDS[kind].title: len(_FIRST) - rank for rank, kind in enumerate(_FIRST)}
    index = {
        "count": len(entries),
        "chunk": CHUNK,
        "shards": names,
        "facets": [[name, *facet] for name, facet in zip(FACETS, facets, strict=True)],
        "first": [first.get(kind, 0) for kind in facets[0][0]],
    }
    yield _script("index", index)


Row = tuple[str, str, str]


def _shards(
    prefix: str, rows: list[Row], terms: dict[str, tuple[list[int], list[int]]]
) -> Iterator[tuple[str, list[list[str]]]]:
    """Words by their first letters. A file that would be too long is cut at the next letter, and a summary is left."""
    size = sum(len(word) + len(title) + len(other) + 12 for word, title, other in rows)
    if prefix and (size <= SHARD or len(rows) == 1):
        yield prefix, [list(row) for row in rows]
        return
    groups: dict[str, list[Row]] = defaultdict(list)
    own: list[list[str]] = []
    for row in rows:
        if row[0] == prefix:
            own.append(list(row))
        else:
            groups[row[0][: len(prefix) + 1]].append(row)
    if prefix:
        newest = sorted({number for row in rows for number in terms[row[0]][0][-_SUMMARY:]})[-_SUMMARY:]
        yield prefix, [*own, [f"{prefix}*", _packed(newest), ""]]
    for longer in sorted(groups):
        yield from _shards(longer, groups[longer], terms)


def _packed(numbers: Iterable[int]) -> str:
    """Ascending numbers as the steps between them, in base 36; a run of neighbours is one step and its length."""
    out: list[str] = []
    last, run = -1, 0
    for number in numbers:
        if number == last + 1 and out:
            run += 1
        else:
            if run:
                out.append(f"+{_base36(run)}")
            out.append(_base36(number - last))
            run = 0
        last = number
    if run:
        out.append(f"+{_base36(run)}")
    return " ".join(out)


def unpacked(text: str) -> list[int]:
    """The numbers that `_packed` was given."""
    out: list[int] = []
    for word in text.split():
        if word.startswith("+"):
            out += range(out[-1] + 1, out[-1] + 1 + int(word[1:], 36))
        else:
            out.append((out[-1] if out else -1) + int(word, 36))
    return out


_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def _base36(number: int) -> str:
    out = ""
    while True:
        number, digit = divmod(number, 36)
        out = _DIGITS[digit] + out
        if not number:
            return out


def _facet(values: Sequence[str]) -> tuple[list[str], str]:
    """The values, and one letter for each document."""
    known = sorted(set(values))
    letters = {value: chr(0x30 + at if at < 40 else 0x100 + at) for at, value in enumerate(known)}
    return [shown(value) for value in known], "".join(letters[value] for value in values)


def _script(name: str, data: Any) -> tuple[str, bytes]:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"search/{name}.js", f"studbookSearch({json.dumps(name)},{text})\n".encode("utf-8", "replace")
