"""Redaction: what must never be written is taken out here, before anything is kept.

In this order: what the configuration names; what a name calls a secret (keys, pairs, options, arguments, assignments,
YAML and XML); known secret forms; what the shape of a URL or header says; long strings of high entropy. The list, form
by form, is docs/security.md. JSON inside of strings is opened, redacted and closed again; a string
without a secret stays as it is, byte by byte.

Names, ids, ARNs and URIs keep their words: a known form in them (or a configured value) becomes `redacted-` and eight
hex digits of its keyed digest, so that two things never become one.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any, Final
from urllib.parse import unquote

from studbook.model import REDACTED, Coverage, Record
from studbook.redaction.secret_forms import frequent_pairs, may_hold_one, mixes_cases, spans
from studbook.redaction.secret_keys import (
    names_a_thing,
    no_secret,
    of_the_trade,
    strength,
)
from studbook.settings import Redact

# --- text ---------------------------------------------------------------------------------------------------------

# A name, a number, a path, an ARN or a URI, as nearly all texts are. Without blanks, quotes, `=`, `?`, `&` and `@` in
# it no rule can find anything but a known form and a random run; in an ARN or a URI not even the latter.
_WORD_ALONE = re.compile(r"[A-Za-z0-9_.:/-]*\Z")
_NAMES = ("arn:aws", "s3://", "https://")
_REFERENCE = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://|arn:aws|mlflow:|git:)[^\s\"'<>]*\Z")

_VALUE = (
    r"\\*\"(?:[^\"\\]|\\[^\"])*\\*\"|\\*'[^']*'|"
    r"[^\s;&\"'<]+?(?=[\s;&\"'<]|,\s*[\"']?[\w.-]+[\"']?\s*[=:]|[,)\]}]+(?:[\s,;)\]}]|\Z)|\Z)"
)
"""What is assigned: quoted, or up to a blank, a sign that ends it, or the next assignment."""
_BLOCK = r"[|>][-+\d]{0,2}[ \t]*(?:\n(?P<indent>[ \t]+)[^\n]*)(?:\n(?P=indent)[^\n]*|\n[ \t]*(?=\n))*"
_ITEMS = r"(?:\n[ \t]*-[ \t]+[^\n]+)+"
_ASSIGNED = re.compile(
    r"(?<![^\W\d])(?P<name>[^\W\d][\w.-]{0,63})(?P<between>\\*[\"'\]]{0,3}[ \t]*"
    r"(?:=>|:=|=(?!=)|:(?=[\s\"'\\])|(?<=[A-Za-z0-9]):(?=[^\s/:])))"
)
_AFTER = re.compile(rf"(?P<space>[ \t]*)(?:(?P<block>{_BLOCK})|(?P<value>{_VALUE}))|(?P<items>{_ITEMS})")
_DIRECT = re.compile(r"[\w:/.@%+-]\Z")
"""Before `name:value` without a blank there is nothing that makes it part of an ARN, a path or a URL."""
_PAIR = re.compile(
    r"\b(?:param\w*|tag|env)?_?(?:name|key)[\"']?\s*[:=]\s*[\"']?(?P<name>[\w.-]+)[\"']?\s*,?\s*[\"']?"
    rf"(?:\w*value|values|default)[\"']?\s*[:=]\s*(?P<value>{_VALUE})",
    re.IGNORECASE,
)
_ELEMENT = re.compile(r"<(?P<name>[\w.:-]+)(?:\s[^<>]*)?>(?P<value>[^<>]+)</(?P=name)\s*>")
_ELEMENT_PAIR = re.compile(
    r"<(?P<tag>\w*(?:name|key))>\s*(?P<name>[^<>]+?)\s*</(?P=tag)>\s*<(?P<other>\w+)>(?P<value>[^<>]+)</(?P=other)>",
    re.IGNORECASE,
)
_OPTION = re.compile(r"(?<![\w-])(?P<name>--?[A-Za-z][\w-]*)\s+(?P<value>\"[^\"]*\"|'[^']*'|[^\s\"'-][^\s\"']*)")
_WORDS_SET = re.compile(
    rf"\b(?:ENV|ARG|setenv|set|export|SET|dvc\s+remote\s+modify(?:\s+--?[\w-]+)*\s+[\w.-]+)\s+(?P<name>[\w.-]+)\s+(?P<value>{_VALUE})"
)
_NETRC = re.compile(r"\b(?:machine\s+\S+|default)\s+login\s+\S+\s+password\s+(?P<value>\S+)")
_BEARER = re.compile(r"(?P<name>\b(?:Bearer|Basic)\s+)(?P<value>[A-Za-z0-9+/=._~-]{8,})", re.IGNORECASE)
_HEADER = re.compile(
    r"\b(?:proxy-)?authorization\\*[\"']?\s*[:=](?:\\*\s)*\\*[\"']?"
    r"(?:(?:(?:bearer|basic|token|digest|apikey|[\w-]*hmac[\w-]*)(?:\\?\s)+|"
    r"[a-z][\w-]*(?:\\?\s)+(?![a-z]+[.,]?(?:\s|\Z))(?=[^\s\"',;\\]{6}))(?![\s\\]))?"
    r"(?P<value>[^\s\"',;\\]{6,})",
    re.IGNORECASE,
)
_COOKIE = re.compile(r"\b(?:set-)?cookie:[ \t]*(?P<value>[^\"'\n]+)", re.IGNORECASE)
_WORD_ONLY = re.compile(r"[a-z]+[.,]?\Z|[A-Z][a-z]+[.,]?\Z")

_USER_INFO = re.compile(
    r"(?P<scheme>\b[A-Za-z][A-Za-z0-9+.-]*://)(?:(?P<user>[^\s/?#\"'<>]{1,2000})|"
    r"(?P<slashed>[^\s/?#@:\"'<>]{0,200}:(?!\d+(?:[/?#]|\Z))[^\s\"'<>]{1,500}))@(?=[\w.\[-])"
)
_ORACLE = re.compile(r"(?:\bjdbc:oracle:\w+:|\bsqlplus\s+(?:-\S+\s+)*)[^\s/@:]+/(?P<value>[^\s@]+)(?=@)")
_NO_PASSWORD = frozenset({
    "ssh", "git+ssh", "sftp", "git", "svn+ssh", "hdfs", "abfs", "abfss", "wasb", "wasbs",
})  # fmt: skip
"""In these schemes a user without a password is an account's name, or Azure's name of a container."""
_BARE_USER = re.compile(
    r"(?<![\w/@:.-])[\w.-]+:(?P<value>[^\s@/]+)(?=@(?:(?:tcp|udp|unix)\(|(?:localhost|[\w-]+(?:\.[\w-]+)+):\d+(?:/|\s|\Z)))"
)
_QUERY = re.compile(r"(?P<name>[?&;](?P<key>[\w.-]+)=)(?P<value>[^&\s#\"'<>;]+)")
_SIGNATURES = frozenset({
    "x-amz-signature", "x-amz-security-token", "x-amz-credential", "x-goog-signature", "x-goog-credential", "signature",
    "sig", "awsaccesskeyid", "googleaccessid", "policy", "key-pair-id", "code", "assertion",
})  # fmt: skip
_URI = re.compile(r"(?:\b[A-Za-z][A-Za-z0-9+.-]*://|\barn:aws)[^\s\"'<>;]*")
_RUN = re.compile(r"[A-Za-z0-9+/=_-]{28,}")
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")

# --- command lines ------------------------------------------------------------------------------------------------

# Options without a name that says secret, by program: those whose next word is one, and those with it in the same word.
_USER, _WHOLE = "user", "whole"
_WITH_LOGIN: Final = (
    "docker", "podman", "nerdctl", "buildah", "skopeo", "oras", "crane", "helm", "az", "oc",
)  # fmt: skip
_PROGRAMS: Final[dict[str, tuple[dict[str, str], tuple[str, ...]]]] = {
    "curl": ({"-u": _USER, "--user": _USER, "-U": _USER, "--proxy-user": _USER}, ("-u",)),
    "http": ({"-a": _USER, "--auth": _USER}, ()),
    "mysql": ({}, ("-p",)),
    "mysqldump": ({}, ("-p",)),
    "mysqladmin": ({}, ("-p",)),
    "mysqlimport": ({}, ("-p",)),
    "mariadb": ({}, ("-p",)),
    "mariadb-dump": ({}, ("-p",)),
    **dict.fromkeys(
        ("mongo", "mongosh", "mongodump", "mongorestore", "mongoexport", "mongoimport"), ({"-p": _WHOLE}, ("-p",))
    ),
    "sshpass": ({"-p": _WHOLE}, ("-p",)),
    "redis-cli": ({"-a": _WHOLE}, ()),
    "sqlcmd": ({"-P": _WHOLE}, ("-P",)),
    "bcp": ({"-P": _WHOLE}, ("-P",)),
    "cqlsh": ({"-p": _WHOLE}, ()),
    "smbclient": ({"-U": _USER}, ()),
    "openssl": ({"-passin": _WHOLE, "-passout": _WHOLE, "-k": _WHOLE}, ()),
    "zip": ({"-P": _WHOLE}, ()),
    "unzip": ({"-P": _WHOLE}, ()),
    "wandb": ({"login": _WHOLE}, ()),
    "vault": ({"login": _WHOLE}, ()),
    **dict.fromkeys(_WITH_LOGIN, ({"-p": _WHOLE}, ())),
    **dict.fromkeys(("twine", "beeline"), ({"-p": _WHOLE}, ())),
    **dict.fromkeys(("ldapsearch", "ldapadd", "ldapmodify", "ldapdelete", "ldapwhoami"), ({"-w": _WHOLE}, ())),
}
_NEEDS: Final = dict.fromkeys(_WITH_LOGIN, "login")
"""What must be said before, for the option to mean a password: `docker run -p` is a port."""
_PROGRAM = re.compile(rf"\b(?:{'|'.join(sorted(_PROGRAMS, key=len, reverse=True))})\b")
_SHELL_WORD = re.compile(r"\"[^\"]*\"|'[^']*'|[^\s\"']+")
_ENDS = frozenset({"|", "||", "&&", ";"})

# --- entropy ------------------------------------------------------------------------------------------------------

_SEGMENT = 20
_LONG = 32
"""A segment of mixed case that is shorter needs a digit as well."""
_WORDY = 0.55
"""The share of pairs of letters that are frequent in names: a random string has about a fifth."""


def looks_random(run: str) -> bool:
    """Whether part of a run is too irregular to be a name; hex digests and upper-case ids are not."""
    return any(len(segment) >= _SEGMENT and _irregular(segment) for segment in re.split(r"[/_-]", run))


def _irregular(segment: str) -> bool:
    if segment.islower() or segment.isupper() or not (len(segment) >= _LONG or any(map(str.isdigit, segment))):
        return False
    frequent, pairs = frequent_pairs(segment)
    if frequent >= _WORDY * pairs and not mixes_cases(segment):
        return False
    counts = Counter(segment)
    bits = -sum(count / len(segment) * math.log2(count / len(segment)) for count in counts.values())
    return bits >= min(3.8, 0.8 * math.log2(len(segment)))


# --- pairs --------------------------------------------------------------------------------------------------------

_PAIR_NAMES = (
    "Name", "Key", "name", "key", "ParameterName", "ParameterKey", "TagKey", "EnvName", "VariableName", "FieldName",
    "parameterName", "parameterKey", "tagKey", "variableName", "fieldName", "parameter_name", "tag_key", "variable",
    "parameter",
)  # fmt: skip
_PAIR_VALUES = frozenset({
    "Value", "DefaultValue", "Values", "TagValue", "ParameterValue", "EnvValue", "StringValue", "StringListValue",
    "Default",
    "value", "default_value", "values", "tagValue", "parameterValue", "stringValue", "defaultValue", "default",
    "parameter_value", "tag_value",
})  # fmt: skip

_KAGGLE: Final = frozenset({"username", "key"})
"""The whole of kaggle.json: a key beside a user is no name of a thing."""

_REMEMBERED: Final = 4_096
_SHORT: Final = 28
"""No random run is shorter."""
_SHORTEST: Final = 6
"""No text that is shorter has a secret in it that its own words name."""


class Redactor:
    """Takes secrets out of JSON values and counts them; one for each visit, it is not for many threads."""

    def __init__(self, settings: Redact | None = None) -> None:
        settings = settings or Redact()
        self._salt = settings.salt.encode()[:64]
        self._globs = tuple(glob.lower() for glob in settings.keys)
        self._values = tuple(re.compile(pattern) for pattern in settings.values)
        self._plain_keys: set[str] = set()
        """Keys without a token in them that name no secret: nearly all, and they come again and again."""
        self._plain_texts: set[str] = set()
        """Texts without a secret in them, under whatever key: times, types, states, names."""
        self.count = 0

    def record(self, record: Record) -> Record:
        """A record that is kept, by today's rules; itself where they find nothing more in it."""
        before = self.count
        clean = replace(
            record, id=self.identifier(record.id), revision=self.text(record.revision), body=self.body(record.body)
        )
        return record if self.count == before and clean.id == record.id else clean

    def coverage(self, row: Coverage) -> Coverage:
        """What a partition's gaps say, by today's rules."""
        gaps = tuple(replace(gap, code=self.text(gap.code), message=self.text(gap.message)) for gap in row.gaps)
        return replace(row, gaps=gaps)

    def body(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The same JSON object without its secrets."""
        clean: dict[str, Any] = {}
        for key, value in self._paired(body):
            if key in self._plain_keys or self._is_plain(key):
                kind = type(value)
                if kind is str:
                    clean[key] = value if value in self._plain_texts else self._text(key, value)
                elif kind is dict:
                    clean[key] = self.body(value)
                elif kind is list:
                    clean[key] = self._list(key, value)
                else:  # a number, a word of logic, or the value of a pair
                    clean[key] = self._text(value.key, value.text) if kind is _Told else value
            else:
                clean[self._key(key, clean)] = self._value(key, value)
        return clean

    def text(self, text: str) -> str:
        """A message without its secrets."""
        return self._text("", text)

    def identifier(self, text: str) -> str:
        """An id, a name or a URI with a pseudonym for each secret in it, without user and password."""
        for pattern in self._values:
            text = pattern.sub(self._pseudonym_of, text)
        if may_hold_one(text):
            text = self._forms(text, self._pseudonym)
        if "@" in text and "://" in text:
            text = _USER_INFO.sub(self._without_user, text)
        return text

    def _is_plain(self, key: str) -> bool:
        plain = not self._strength(key) and self._safe_key(key) == key
        if plain:
            if len(self._plain_keys) >= _REMEMBERED:
                self._plain_keys.clear()
            self._plain_keys.add(key)
        return plain

    def _key(self, key: str, beside: Mapping[str, Any]) -> str:
        """A key without a token in it, people do put them there; no two keys become one."""
        clean = self._safe_key(key)
        self.count += clean != key
        return self._pseudonym(key) if clean != key and clean in beside else clean

    def _safe_key(self, key: str) -> str:
        clean = key
        for pattern in self._values:
            clean = pattern.sub(lambda match: REDACTED if match[0] else "", clean)
        if may_hold_one(clean):
            clean = _replaced(clean, spans(clean), lambda _: REDACTED)
        return _RUN.sub(lambda run: REDACTED if looks_random(run[0]) and "-" not in run[0] else run[0], clean)

    # --- values ---

    def _paired(self, body: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
        """The members; of a name and value pair, the value under the name that it has."""
        if body.keys() == _KAGGLE:
            return {**body, "key": self._erase("api_key", body["key"])}.items()
        if _PAIR_VALUES.isdisjoint(body):
            return body.items()
        name = next((body[key] for key in _PAIR_NAMES if key in body), None)
        if not isinstance(name, str):
            return body.items()
        values = [key for key in body if key in _PAIR_VALUES]
        if not self._strength(name):
            if not names_a_thing(name):
                return body.items()
            return {**body, **{key: _Told(name, body[key]) for key in values if isinstance(body[key], str)}}.items()
        return {**body, **{key: self._erase(name, body[key]) for key in values}}.items()

    def _value(self, key: str, value: Any) -> Any:
        if isinstance(value, _Told):
            return self._text(value.key, value.text)
        if self._strength(key) and not isinstance(value, bool):
            return self._erase(key, value)
        if isinstance(value, str):
            return self._text(key, value)
        if isinstance(value, Mapping):
            return self.body(value)
        return self._list(key, value) if isinstance(value, list) else value

    def _list(self, key: str, values: list[Any]) -> list[Any]:
        """Items; words of a command line go by the words before them."""
        if not values or type(values[0]) is not str:
            return [self.body(value) if type(value) is dict else self._value(key, value) for value in values]
        words = self._command([value if isinstance(value, str) else "" for value in values])
        result: list[Any] = []
        option: str | None = None
        for value, word in zip(values, words, strict=True):
            if word is not None and value != word:
                result.append(word)
            elif option is not None and isinstance(value, str) and not value.startswith("--"):
                result.append(self._erase(option, value))
            else:
                result.append(self._value(key, value))
            is_option = isinstance(value, str) and value.startswith("-") and "=" not in value and " " not in value
            option = value if is_option and self._strength(value) else None
        return result

    def _command(self, words: Sequence[str]) -> list[str | None]:
        """The words of a command line, each without what its program's options make a secret; None where none is."""
        clean: list[str | None] = [None] * len(words)
        program, said, waits, among = "", set[str](), "", False
        for index, word in enumerate(words):
            bare = word.strip("\"'")
            if waits and bare not in _ENDS:
                if among and (bare.startswith("-") or "://" in bare):  # `wandb login --host https://h X`
                    continue
                clean[index] = self._argument(bare, waits)
                waits = ""
                continue
            name = bare.rpartition("/")[2]
            if name in _PROGRAMS and not bare.startswith("-"):
                program, said = name, set()
            elif bare in _ENDS:
                program = waits = ""
            elif program:
                following, attached = _PROGRAMS[program]
                said.add(bare)
                if _NEEDS.get(program, bare) not in said:
                    continue
                if bare in following:
                    waits, among = following[bare], not bare.startswith("-")
                    continue
                for option in attached:
                    if bare.startswith(option) and len(bare) > len(option) and not bare.startswith("--"):
                        how = following.get(option, _WHOLE)
                        clean[index] = option + self._argument(bare[len(option) :].lstrip("="), how)
        return clean

    def _argument(self, word: str, how: str) -> str:
        if how == _USER:
            user, colon, password = word.partition(":") if ":" in word else word.partition("%")
            if not colon or password.startswith(("$", "[redacted")) or not password:
                return word
            self.count += 1
            return f"{user}{colon}{REDACTED}"
        if word.startswith(("$", "-", "[redacted")) or not word:
            return word
        self.count += 1
        return REDACTED

    def _strength(self, key: str) -> str:
        if self._globs and self._configured(key):
            return "strong"
        return strength(key)

    def _configured(self, key: str) -> bool:
        lower = key.lower()
        return any(fnmatchcase(lower, glob) for glob in self._globs)

    def _harmless(self, key: str, value: str) -> bool:
        """Whether the value of a key that names a secret is none; what the configuration names always is one."""
        if self._globs and self._configured(key):
            return value in ("", REDACTED)
        return no_secret(value) or (strength(key) == "weak" and of_the_trade(value))

    def _erase(self, key: str, value: Any) -> Any:
        """Nothing but the shape; what the configuration names goes even where it is a number."""
        if isinstance(value, str):
            if value == REDACTED:
                return value
            if self._harmless(key, value):
                return self._text(key, value)
            opened = self._json(key, value, erase=True) if value.lstrip()[:1] in ("{", "[") else None
            if opened is not None:
                return opened
        elif isinstance(value, Mapping):
            clean: dict[str, Any] = {}
            for inner, item in value.items():
                clean[self._key(inner, clean)] = self._erase(key, item)
            return clean
        elif isinstance(value, list):
            return [self._erase(key, item) for item in value]
        elif isinstance(value, bool) or not isinstance(value, (int, float)) or self._harmless(key, str(value)):
            return value
        self.count += 1
        return REDACTED

    # --- text ---

    def _text(self, key: str, text: str) -> str:
        given = text
        if self._values:
            instead = self._pseudonym_of if self._refers(key, text) else self._whole
            for pattern in self._values:
                text = pattern.sub(instead, text)
        if len(text) < _SHORTEST:
            return text
        alone = _WORD_ALONE.match(text) is not None
        marked = may_hold_one(text)
        if alone:
            named = text.startswith(_NAMES)
            assigned = not named and ":" in text and not text[0].isdigit()
            if not marked and not assigned and (named or len(text) < _SHORT):
                self._remember(text)
                return text
        elif text.lstrip()[:1] in ("{", "[", '"'):
            opened = self._json(key, text)
            if opened is not None:
                return opened
        if not alone or assigned:
            text = self._sentence(text)
            if "://" in text or "?" in text:
                text = _QUERY.sub(self._signature, text)
            if "@" in text:
                text = _USER_INFO.sub(self._user, text)
                text = _BARE_USER.sub(self._anything, text)
                text = _ORACLE.sub(self._anything, text)
            if "%" in text and _ENCODED.search(text):
                text = self._decoded(key, text)
        refers = self._refers(key, text)
        if marked:
            text = self._forms(text, self._pseudonym if refers else lambda _: REDACTED)
        if len(text) >= _SHORT and not refers:
            return self._entropy(text)
        if text is given and len(text) < _SHORT:
            self._remember(text)
        return text

    def _remember(self, text: str) -> None:
        if len(self._plain_texts) >= _REMEMBERED:
            self._plain_texts.clear()
        self._plain_texts.add(text)

    def _refers(self, key: str, text: str) -> bool:
        """Whether a value names a thing: by its key or by its shape."""
        return (key != "" and names_a_thing(key) and " " not in text) or _REFERENCE.match(text) is not None

    def _sentence(self, text: str) -> str:
        """The text without what its own words call a secret."""
        if "<" in text and "</" in text:
            text = _ELEMENT_PAIR.sub(self._named, text)
            text = _ELEMENT.sub(self._named, text)
        if "=" in text or ":" in text:
            if "ame" in text or "ey" in text or "AME" in text or "EY" in text:
                text = _PAIR.sub(self._named, text)
            text = self._assigned(text)
            lower = text.lower()
            if "authorization" in lower:
                text = _HEADER.sub(self._anything, text)
            if "cookie:" in lower:
                text = _COOKIE.sub(self._anything, text)
        if " " in text:
            if "-" in text:
                text = _OPTION.sub(self._named, text)
            if _PROGRAM.search(text):
                text = self._commands(text)
            if " password " in text and " login " in text:
                text = _NETRC.sub(self._anything, text)
            text = _WORDS_SET.sub(self._named, text)
            text = _BEARER.sub(self._bearer, text)
        return text

    def _assigned(self, text: str) -> str:
        """The text without the values of `name = value`, `name: value` and their like."""
        found: list[tuple[int, int]] = []
        end = 0
        for match in _ASSIGNED.finditer(text):
            if match.start() < end or not self._strength(match["name"]):
                continue
            between = match["between"]
            direct = between == ":" and match.end() < len(text) and not text[match.end()].isspace()
            if direct and _DIRECT.search(text[max(0, match.start() - 1) : match.start()]):
                continue
            after = _AFTER.match(text, match.end())
            if after is None:
                continue
            which = next(name for name in ("block", "value", "items") if after[name] is not None)
            value = after[which]
            if value.startswith("[redacted") or self._harmless(match["name"], value):
                continue
            if (
                value[0] not in "\\\"'"
                and (header := _HEADER.search(text, match.start()))
                and header.start() < match.end()
            ):
                continue  # its first word may be the scheme
            if which == "value" and between.endswith(":") and _reads_on(text, value, after.end()):
                continue
            end = after.end()
            found.append((after.start(which), end))
        return self._cut(text, found)

    def _commands(self, text: str) -> str:
        words = list(_SHELL_WORD.finditer(text))
        clean = self._command([word[0] for word in words])
        found = [(word.span(), new) for word, new in zip(words, clean, strict=True) if new is not None]
        for (start, end), new in reversed(found):
            if text[start:end].strip("\"'") != new:
                text = text[:start] + new + text[end:]
        return text

    def _json(self, key: str, text: str, *, erase: bool = False) -> str | None:
        """The document without its secrets, as it was where it has none; None for no JSON, or nested too deep."""
        before = self.count
        try:
            document = json.loads(text)
            if isinstance(document, str):
                clean: Any = self._text(key, document)
            elif not isinstance(document, (dict, list)):
                return None
            elif erase:
                clean = self._erase(key, document)
            else:
                clean = self.body(document) if isinstance(document, dict) else self._list(key, document)
        except (ValueError, RecursionError):
            self.count = before
            return None
        return text if self.count == before else json.dumps(clean, ensure_ascii=False)

    def _decoded(self, key: str, text: str) -> str:
        """A text in URL encoding by what it says; as it is where it says no secret."""
        plain = unquote(text)
        before = self.count
        clean = self._text(key, plain) if plain != text else text
        return text if self.count == before else clean

    def _forms(self, text: str, instead: Callable[[str], str]) -> str:
        found = list(spans(text))
        self.count += len(found)
        return _replaced(text, found, instead)

    def _cut(self, text: str, found: Sequence[tuple[int, int]]) -> str:
        self.count += len(found)
        return _replaced(text, found, lambda _: REDACTED)

    def _pseudonym(self, secret: str) -> str:
        """`redacted-<8 hex>`; ARNs have names in lower case, so that case makes no difference."""
        hashed = hashlib.blake2b(
            secret.casefold().encode("utf-8", "replace"), key=self._salt, person=b"studbook-redact"
        )
        return f"redacted-{hashed.hexdigest()[:8]}"

    def _pseudonym_of(self, match: re.Match[str]) -> str:
        if not match[0]:
            return ""
        self.count += 1
        return self._pseudonym(match[0])

    def _whole(self, match: re.Match[str]) -> str:
        if match[0] in ("", REDACTED):
            return match[0]
        self.count += 1
        return REDACTED

    def _user(self, match: re.Match[str]) -> str:
        user = match["user"] or match["slashed"]
        if user.startswith("[redacted") or (":" not in user and match["scheme"][:-3].lower() in _NO_PASSWORD):
            return match[0]
        self.count += 1
        return f"{match['scheme']}{REDACTED}@"

    def _without_user(self, match: re.Match[str]) -> str:
        if self._user(match) == match[0] and not (match["user"] or "").startswith("[redacted"):
            return match[0]
        return match["scheme"]

    def _signature(self, match: re.Match[str]) -> str:
        key, value = match["key"], match["value"]
        secret = key.lower() in _SIGNATURES or self._strength(key)
        if not secret and not (key.lower() in ("key", "token") and looks_random(value)):
            return match[0]
        if value.startswith(REDACTED) or no_secret(value) or self._harmless(key, value):
            return match[0]
        self.count += 1
        return match["name"] + REDACTED

    def _bearer(self, match: re.Match[str]) -> str:
        if match["value"].isalpha() and (match["value"].islower() or match["value"].istitle()):
            return match[0]
        return self._anything(match)

    def _named(self, match: re.Match[str]) -> str:
        name = match["name"].rpartition(":")[2]
        if not self._strength(name) or self._harmless(name, match["value"]):
            return match[0]
        return self._anything(match)

    def _anything(self, match: re.Match[str]) -> str:
        if match["value"].lstrip("\"'").startswith("[redacted"):
            return match[0]
        self.count += 1
        start, end = (at - match.start() for at in match.span("value"))
        return match[0][:start] + REDACTED + match[0][end:]

    def _entropy(self, text: str) -> str:
        """The text without its random runs; URIs and ARNs name things and are left out."""
        parts, end = [], 0
        for uri in _URI.finditer(text):
            parts.append(_RUN.sub(self._random, text[end : uri.start()]))
            parts.append(uri[0])
            end = uri.end()
        parts.append(_RUN.sub(self._random, text[end:]))
        return "".join(parts)

    def _random(self, match: re.Match[str]) -> str:
        return self._whole(match) if looks_random(match[0]) else match[0]


class _Told:
    """A value with the name that its pair gives it."""

    __slots__ = ("key", "text")

    def __init__(self, key: str, text: str) -> None:
        self.key, self.text = key, text


def _reads_on(text: str, value: str, end: int) -> bool:
    """Whether what follows a colon is a sentence: a word, and another one after it on the same line."""
    rest = text[end:].split("\n", 1)[0].split()
    return _WORD_ONLY.match(value) is not None and bool(rest) and _WORD_ONLY.match(rest[0]) is not None


def _replaced(text: str, found: Iterable[tuple[int, int]], instead: Callable[[str], str]) -> str:
    def parts() -> Iterator[str]:
        end = 0
        for start, stop in found:
            yield text[end:start]
            yield instead(text[start:stop])
            end = stop
        yield text[end:]

    return "".join(parts())
