"""Full-text search: an inverted index in many small files, of which a query loads the few that it needs.

A document is one line: title, address and, where its name is not its alone, its place. Its kind, account, region,
stage, status and approval are six letters in `index.js`; its words (of title, id, tags, parameters, findings, base
model, card) lie in files by their first letters (`t/`), cut where they would be too long, and the lines themselves in
files of thirty-two (`d/`). A whole id is one word more, a digest, so that what is pasted finds its page and no other:
`exact`. `near.js` has the words that a misspelt one may mean. Documents are numbered in the order in which they were
first seen, so that a night's news touch the last files and those of their own words. The files are scripts that call
`studbookSearch`, since a page that was opened from a folder may load scripts, and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import unescape
from typing import Any

from studbook.model import KINDS, Asset
from studbook.model.ids import parse_arn, parse_s3
from studbook.queries.answer import called
from studbook.render.views import Site
from studbook.render.views.pages import account_ids, region_names
from studbook.render.views.site import account_path, region_path, rule_path
from studbook.words import shown

CHUNK = 32
"""Documents in one file."""
SHARD = 16_000
"""About so many characters of words and numbers in one file."""
_SUMMARY = 200
"""The newest documents that stand for all, where only the first letters of too many words are typed."""
_LONGEST = 24
"""Letters of a word that count; a digest is told by fewer."""
_WHOLE = "="
"""How the word of a whole id begins."""
_NEAR = 8_000
"""The most words among which one is looked for that was misspelt."""
_FEWEST = 4
"""Letters of a word that can be misspelt."""
FACETS = ("Kind", "Account", "Region", "Stage", "Status", "Approval")
_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"(?<![\w.])(?:\d{1,4}\.\d{1,10}(?:e[+-]?\d{1,2})?|\d{1,4}e-\d{1,2})(?![\w.])", re.ASCII)
_SECTION = re.compile(r'<h2 id="([^"]+)"[^>]*>(.*?)</h2>', re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_TEXT = "Manual"
"""The kind of a page of text."""
_FIRST = ("model_package_group", "model_package", "dataset", "endpoint", "evaluator", "base_model", "mlflow_experiment")
"""Kinds that are meant more often than others."""
_LAST = ("action", "context", "artifact")
"""Kinds that are seldom meant."""
_SAID = ("hyperparameters", "static_hyperparameters", "parameters", "metadata")
"""Attributes by which jobs, runs and versions are looked for: what people gave them, by names of their own."""
_ASKED = {
    "home": "what runs running now prod production live status board",
    "deployments": "what runs running prod production live serving inference",
    "findings": "drift drifted problems warnings errors rules risks",
    "changes": "new news diff since yesterday",
    "coverage": "gaps denied unread missing",
    "audit": "verify digest proof evidence chain",
}
"""What people call the site's own pages, beside their titles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchEntry:
    """What search knows of a page."""

    location: str
    title: str
    kind: str
    place: str = ""
    """What tells it from its namesakes, to be shown beside its title; it is found by its facets."""
    account: str = ""
    region: str = ""
    stage: str = ""
    status: str = ""
    approval: str = ""
    words: str = ""
    """What else it can be found by."""
    ids: tuple[str, ...] = ()
    """What is this and nothing else, as it may be pasted: in any case, of a place in S3 in any spelling."""
    folders: tuple[str, ...] = ()
    """The places in S3 that it lies in."""

    @property
    def facets(self) -> tuple[str, ...]:
        """What can be chosen among, in the order of `FACETS`."""
        return (self.kind, self.account, self.region, self.stage, self.status, self.approval)


def entries_of(site: Site) -> list[SearchEntry]:
    """Every page that is not in the navigation, in an order that tomorrow only adds to."""
    names = {account: site.account_name(account) or account for account in account_ids(site)}
    places = [
        SearchEntry(location=account_path(account), title=name, kind="Account", account=name, words=account)
        for account, name in names.items()
    ]
    places += [
        SearchEntry(location=region_path(region), title=region, kind="Region", region=region)
        for region in region_names(site)
    ]
    places += [SearchEntry(location=rule_path(rule), title=f"Findings: {rule}", kind="Finding") for rule in site.rules]
    assets = sorted(site.graph.assets.values(), key=lambda a: (a.first_seen or 0, a.created_at or "", a.id))
    return places + [_entry(site, asset) for asset in assets]


def page_entry(location: str, name: str, title: str, description: str) -> SearchEntry:
    """A page of the navigation, with what people call it."""
    return SearchEntry(location=location, title=title, kind="Page", words=f"{description} {_ASKED.get(name, '')}")


def _entry(site: Site, asset: Asset) -> SearchEntry:
    aliases = asset.attributes.get("aliases")
    approval = asset.attributes.get("approval")
    return SearchEntry(
        location=str(site.link(asset.id)["path"]),
        title=called(asset),
        kind=KINDS[asset.kind].title,
        place=site.place_of(asset),
        account=site.account_name(asset.account) or "",
        region=asset.region or "",
        stage=asset.stage or "",
        status="gone" if asset.gone_since is not None else asset.status or "",
        approval=approval if isinstance(approval, str) and asset.kind == "model_package" else "",
        words=" ".join(_words(site, asset)),
        ids=(asset.id, *(one for one in aliases if isinstance(one, str))) if isinstance(aliases, list) else (asset.id,),
        folders=tuple(_folders(asset.id)) if asset.kind == "dataset" else (),
    )


def _words(site: Site, asset: Asset) -> Iterator[str]:
    """What an asset can be found by, beside its name and its facets."""
    yield asset.id.split(":", 5)[-1] if parse_arn(asset.id) else asset.id
    for key, value in asset.tags.items():
        yield f"{key} {value}"
    for name in _SAID:
        said = asset.attributes.get(name)
        if isinstance(said, Mapping):
            yield from (f"{key} {value}" for key, value in said.items() if _is_short(value))
    yield from {finding.rule for finding in site.findings_by_asset.get(asset.id, ())}
    if asset.kind == "dataset" and any(
        "superseded_since" in site.graph.assets[edge.target].attributes
        for edge in site.graph.downstream(asset.id)
        if edge.relation == "has_version" and edge.target in site.graph.assets
    ):
        yield "drift drifted"
    for edge in site.graph.upstream(asset.id):
        if edge.relation == "base_of" and edge.source in site.graph.assets:
            yield called(site.graph.assets[edge.source])
    if asset.kind == "model_package_group" and (card := site.cards.get(asset.name)) is not None:
        yield from (f"{key} {value}" for key, value in card.facts.items())


def _is_short(value: object) -> bool:
    """Whether a value is a word or a number that somebody may know: no address, no document."""
    return isinstance(value, str | int | float) and len(str(value)) <= _LONGEST * 2 and "://" not in str(value)


def _folders(asset_id: str) -> Iterator[str]:
    """The bucket and the folders that a place in S3 lies in."""
    place = parse_s3(asset_id)
    if place is not None:
        parts = str(place).rstrip("/").split("/")
        yield from ("/".join(parts[:end]) for end in range(3, len(parts)))


def sections(location: str, title: str, body: str) -> Iterator[SearchEntry]:
    """A page of text: one document for what stands before its first heading, and one for each section."""
    parts = _SECTION.split(body)
    yield SearchEntry(location=location, title=title, kind=_TEXT, words=_text(parts[0]))
    for anchor, heading, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        name = _text(heading).replace("¶", "").strip()
        yield SearchEntry(location=f"{location}#{anchor}", title=f"{title}: {name}", kind=_TEXT, words=_text(text))


def _text(body: str) -> str:
    return unescape(_TAG.sub(" ", body))


def words_of(text: str) -> set[str]:
    """The words of a text as the index has them; the browser cuts a query in the same places."""
    plain = unicodedata.normalize("NFKD", text).lower()
    plain = "".join(char for char in plain if not unicodedata.combining(char)) if not plain.isascii() else plain
    words = {word[:_LONGEST] for word in _WORD.findall(plain)}
    if "." in plain or "e-" in plain:
        words |= {_as_number(number) for number in _NUMBER.findall(plain)}
    # Nobody types the zeros of job-000123.
    return words | {word.lstrip("0") for word in words if word[0] == "0" and word.isdecimal()} - {""}


def _as_number(text: str) -> str:
    """A number as one word, however it is written: `0.0001`, `1e-4` and `1E-04` are `1e-4`."""
    digits, exponent = f"{Decimal(text).normalize():e}".split("e")
    return f"{digits}e{int(exponent)}"


def exact(text: str) -> str:
    """The word of a whole id: a digest of it in lower case; of a place in S3 without its last slash."""
    plain = text.lower().rstrip("/") if parse_s3(text) is not None else text.lower()
    return _WHOLE + hashlib.sha256(plain.encode("utf-8", "replace")).hexdigest()[:10]


def files(entries: Sequence[SearchEntry]) -> Iterator[tuple[str, bytes]]:
    """The index: names below the site's root, and contents. Equal entries give equal bytes."""
    terms: dict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    near: Counter[str] = Counter()
    for number, entry in enumerate(entries):
        title = words_of(entry.title)
        for word in title:
            terms[word][0].append(number)
        others = words_of(entry.words) - title
        for word in others:
            terms[word][1].append(number)
        if entry.kind != _TEXT:
            near.update(filter(_is_misspelt, title | others))
        ids = set(map(exact, entry.ids))
        for word in ids:
            terms[word][0].append(number)
        for word in set(map(exact, entry.folders)) - ids:
            terms[word][1].append(number)
    for value in {value for entry in entries for value in entry.facets}:
        near.update(filter(_is_misspelt, words_of(value)))
    ordered = [(word, _packed(terms[word][0]), _packed(terms[word][1])) for word in sorted(terms)]
    names: list[str] = []
    for prefix, rows in _shards("", ordered, terms):
        names.append(prefix)
        yield _script(f"t/{prefix.encode().hex()}", rows)
    for start in range(0, len(entries), CHUNK):
        lines = [
            [shown(entry.title), entry.location, *([shown(entry.place)] if entry.place else [])]
            for entry in entries[start : start + CHUNK]
        ]
        yield _script(f"d/{start // CHUNK}", lines)
    yield _script("near", sorted(sorted(near, key=lambda word: (-near[word], word))[:_NEAR]))
    facets = [_facet([entry.facets[place] for entry in entries]) for place in range(len(FACETS))]
    first = {KINDS[kind].title: len(_FIRST) - rank for rank, kind in enumerate(_FIRST)}
    first |= {"Page": len(_FIRST) + 1, _TEXT: -14} | {KINDS[kind].title: -5 for kind in _LAST}
    ids_of = {entry.account: entry.words for entry in entries if entry.kind == "Account"}
    index = {
        "count": len(entries),
        "chunk": CHUNK,
        "shards": names,
        "facets": [[name, *facet] for name, facet in zip(FACETS, facets, strict=True)],
        "first": [first.get(kind, 0) for kind in facets[0][0]],
        "accounts": [ids_of.get(account, "") for account in sorted({entry.account for entry in entries})],
    }
    yield _script("index", index)


def _is_misspelt(word: str) -> bool:
    """Whether people misspell such a word: no number, and no digest."""
    return len(word) >= _FEWEST and word.isalpha()


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
    if prefix and not prefix.startswith(_WHOLE):
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
    """The ascending numbers that `_packed` was given."""
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
