"""Pseudonymization for outsiders: accounts, people, buckets and repositories under names that only a secret links.

A pseudonym is the kind and the beginning of an HMAC-SHA256 of what it stands for, so that it is the same in every
export of every night, and nobody without the secret can tell whose it is, or try names until one fits. What is masked
is found by its form (twelve digits, `s3://`, repositories of code and images, addresses of mail and of machines) and by
where it stands (fields and tags that name a person, cards, waivers); it is then replaced wherever it occurs.

A name that is a plain word (a bucket called `data`) is replaced in names, values and sentences, and left where such
words are vocabulary: kinds, relations, roles and keys. An account's name that says no more than its stage (`dev`) is no
name. A name that only stands in a sentence, and nowhere where names stand, is not known for one.
"""

from __future__ import annotations

import dataclasses
import hmac
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeVar

from studbook.cards import Card
from studbook.errors import StudbookError, UsageError
from studbook.model import Asset, Edge, Envelope, Evidence, Finding
from studbook.model.ids import AWS_DOMAIN
from studbook.settings import Settings

SECRET: Final = "STUDBOOK_AUDIENCE_SECRET"  # noqa: S105  the variable's name
"""The environment variable that has the secret."""
_LEAST: Final = 16

_PERSON: Final = re.compile(
    r"(?:^|[^a-z])(?:by|who|user\w*|owner\w*|author\w*|creator\w*|contact\w*|e?mail|actor\w*|principal\w*|approver\w*"
    r"|reviewer\w*|address|profile\w*|assignee)$",
    re.IGNORECASE,
)
"""Names of fields and tags that hold a person."""
_FORMS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    ("account", re.compile(r"(?<![0-9A-Za-z])(\d{12})(?![0-9A-Za-z])")),
    ("bucket", re.compile(r"s3[an]?://([^/\s\"'?#]+)", re.IGNORECASE)),
    ("bucket", re.compile(r"arn:aws[\w-]*:s3:::([^/\s\"'*?]+)")),
    ("bucket", re.compile(rf"https?://([\w.-]+?)\.s3[\w.-]*\.{AWS_DOMAIN}")),
    ("bucket", re.compile(rf"https?://s3[\w.-]*\.{AWS_DOMAIN}/([\w.-]+)")),
    ("repository", re.compile(r"\.dkr[.-]ecr[\w.-]*/([^\s@:\"']+)")),
    ("repository", re.compile(r"git:(?:https?://|ssh://|git@)?([^\s\"'@]+)")),
    ("repository", re.compile(r"(?:https?|ssh)://([^\s\"'@]+?\.git)(?![\w.])")),
    ("repository", re.compile(r"(?<![\w./:@-])([\w.-]+\.git)(?![\w.])")),
    ("person", re.compile(r"([\w.+-]+@[\w-]+\.[\w.-]*\w)")),
    ("person", re.compile(r"(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3})(?![\d.])")),
    ("person", re.compile(r"arn:aws[\w-]*:(?:iam|sts)::\w*:(?:user|assumed-role)/(?:[^\s\"']*/)?([^/\s\"']+)")),
    ("role", re.compile(r"arn:aws[\w-]*:iam::\w*:role/(?:[\w+=,.@-]+/)*([\w+=,.@-]*[\w+=@-])")),
    ("role", re.compile(r"arn:aws[\w-]*:sts::\w*:assumed-role/([\w+=,.@-]+)/")),
    ("person", re.compile(r":user-profile/[^/\s\"']+/([^/\s\"']+)")),
)
"""Forms whose first group is what is masked."""
_DISTINCT: Final = re.compile(r"[^a-z]|.{16}")
"""What is no plain word."""
_VOCABULARY: Final = frozenset(
    {"kind", "region", "stage", "status", "created_at", "modified_at", "relation", "certainty", "level", "rule"}
)
"""Fields whose values are words of ours, of AWS or of the configuration."""
_PUBLIC: Final = frozenset({"aws", "studbook", "lambda", "sagemaker"})
_STAGES: Final = frozenset(
    {"data", "dev", "development", "main", "ml", "prod", "production", "qa", "sandbox", "shared", "staging", "test"}
)
"""Names of accounts that are nobody's."""
T = TypeVar("T")


class Pseudonyms:
    """What is masked in a snapshot, and as what."""

    def __init__(self, secret: str, told: Iterable[Any], known: Mapping[str, str] | None = None) -> None:
        """`told` is all that is to be written, `known` the kind of each thing that is masked besides, in lower case.

        Raises UsageError for a secret that could be guessed.
        """
        if len(secret) < _LEAST:
            raise UsageError(
                f"an edition for outsiders needs a secret of at least {_LEAST} characters in {SECRET}",
                f"make one and keep it: export {SECRET}=$(openssl rand -hex 32)",
            )
        self._key = secret.encode()
        found = dict(known or {})
        for value in told:
            for kind, name in _originals(value):
                found.setdefault(name.casefold(), kind)
        self.originals = {name: kind for name, kind in found.items() if name not in _PUBLIC and len(name) > 1}
        """What is masked, in lower case, and its kind."""
        self._found = _any_of(self.originals)
        self._distinct = _any_of(name for name in self.originals if _DISTINCT.search(name))

    def text(self, text: str) -> str:
        """The same with a pseudonym in the place of each original."""
        return self._found.sub(self._name, text)

    def _word(self, text: str) -> str:
        """The same where plain words are vocabulary."""
        return self._distinct.sub(self._name, text)

    def _name(self, match: re.Match[str]) -> str:
        name = match[0].casefold()
        return f"{self.originals[name]}-{self.keyed(self.originals[name], name)[:12]}"

    def keyed(self, *words: str) -> str:
        """What stands for some words and can be compared, and that nobody without the secret can try to guess: hex."""
        return hmac.new(self._key, "\0".join(words).encode(), "sha256").hexdigest()

    def masked(self, value: T) -> T:
        """The same, whatever it is made of; keys of mappings, too."""
        return self._masked(value)  # type: ignore[no-any-return]

    def _masked(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Asset):
            return self.asset(value)
        if isinstance(value, Evidence):
            return value._replace(path=self._word(value.path), record=self.text(value.record))
        if isinstance(value, Envelope):
            config = "sha256:" + self.keyed("config", value.config)
            return value.model_copy(update={"coverage": self._masked(value.coverage), "config": config})
        if isinstance(value, Mapping):
            return {self._word(str(key)): self._masked(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple | frozenset):
            return type(value)(map(self._masked, value))
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return dataclasses.replace(value, **self._fields(value))
        return value

    def _fields(self, value: Any) -> dict[str, Any]:
        masked: dict[str, Any] = {}
        for field in dataclasses.fields(value):
            inner = getattr(value, field.name)
            if field.name == "role" and isinstance(inner, str):
                masked[field.name] = self._word(inner)
            elif isinstance(value, Finding) and field.name == "id":
                masked["id"] = self.keyed("finding", inner)[:16]  # a digest of ids could be tried out
            elif field.name not in _VOCABULARY:
                masked[field.name] = self._masked(inner)
        return masked

    def asset(self, asset: Asset) -> Asset:
        """An asset whose name, or whose place, says no more what it is has `masked` among its attributes."""
        name, known = self.text(asset.name), self.text(asset.id)
        hidden = name != asset.name or (known != asset.id and not asset.id.startswith(("arn:", "mlflow:")))
        values = self._fields(asset)
        attributes = self._masked(dict(asset.attributes)) | ({"masked": True} if hidden else {})
        return dataclasses.replace(asset, **(values | {"attributes": attributes}))

    def edges(self, edges: Iterable[Edge]) -> list[Edge]:
        """In the order of the new ids, so that order tells nothing of the old ones."""
        return sorted(map(self.masked, edges), key=lambda edge: edge.key.order)

    def checked(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The pieces as they are. Raises StudbookError before one that still has an original in it."""
        for piece in pieces:
            text = piece.decode(errors="replace")
            if (left := self._distinct.search(text)) is not None:
                kind = self.originals[left[0].casefold()]
                raise StudbookError(
                    f"a {kind} was left in what outsiders would get; nothing more was written",
                    "this is a fault of Studbook's: report the format, and delete what was written",
                )
            yield piece


def _any_of(names: Iterable[str]) -> re.Pattern[str]:
    """Any of these, the longest first, where no letter or digit goes on; nothing where there are none."""
    words = "|".join(map(re.escape, sorted(names, key=lambda name: (-len(name), name))))
    return re.compile(rf"(?<![0-9A-Za-z])(?:{words})(?![0-9A-Za-z])" if words else r"(?!)", re.IGNORECASE)


def _originals(value: Any, person: bool = False) -> Iterator[tuple[str, str]]:
    """What is to be masked in a value: by the form of its texts, and by the fields that they stand in."""
    if isinstance(value, str):
        for kind, form in _FORMS:
            for match in form.finditer(value):
                name = match[1].rstrip("/")
                yield kind, name
                if kind == "repository":  # without the host, and without the ending
                    path = name.partition("/")[2] if "." in name.partition("/")[0] else name
                    yield kind, path.removesuffix(".git")
        if person and value.strip() and ":" not in value:  # an ARN or an address is masked by its parts
            yield "person", value.strip()
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _originals(str(key))
            yield from _originals(inner, person or _PERSON.search(str(key)) is not None)
    elif isinstance(value, list | tuple | frozenset):
        for inner in value:
            yield from _originals(inner, person)
    elif isinstance(value, Envelope):
        yield from _originals(value.coverage)
    elif isinstance(value, Settings):
        yield from _originals(value.model_dump(mode="json", exclude={"rules", "redact", "exclude"}))
        yield from (("account", one.name) for one in value.accounts if one.name and one.name.casefold() not in _STAGES)
        yield from (("role", value.organization.role_name),) if value.organization else ()
    elif isinstance(value, Finding | Card | Asset | Edge) or dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            named = _PERSON.search(field.name) is not None
            yield from _originals(getattr(value, field.name), person or named)
