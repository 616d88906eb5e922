"""What must never be written is taken out here, before anything is kept.

A value goes by the name of its key, by the format of a known token, or by looking random; docs/security.md has the
list. JSON inside of strings is opened, redacted and closed again; a string without a secret stays as it is, byte by
byte.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, Final

from studbook.settings import Redact

REDACTED: Final = "[redacted]"

# --- keys ---------------------------------------------------------------------------------------------------------

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_SECRET_WORDS = re.compile(
    r"\b(?:\w*secrets?|\w*passw(?:or)?ds?|passphrase|\w*pwd|\w*credentials?|\w*api ?keys?|\w*access ?keys?|"
    r"\w*private ?keys?|\w*connection ?strings?|\w*token)\b"
)
# A tokenizer's vocabulary, a page token and a count of tokens are no secrets.
_NO_TOKEN = re.compile(
    r"\b(?:pad|eos|bos|unk|mask|sep|cls|stop|special|image|audio|next|per|continuation)(?:ding)? token\b|"
    r"\btoken (?:count|usage|limit|length|type|ids?|budget)\b"
)
_NO_ENTROPY = re.compile(
    r"(?:^key|\b(?:ids?|arns?|e ?tag|etag|sha\d*|sha \d+|md \d|digests?|checksums?|fingerprint|hashes|hash))$"
)


@lru_cache(maxsize=65_536)
def _words(key: str) -> str:
    """`HF_TOKEN`, `hfToken` and `hf-token` are all `hf token`."""
    return " ".join(_WORD.findall(key)).lower()


@lru_cache(maxsize=65_536)
def names_a_secret(key: str) -> bool:
    """Whether values under this key are secrets, going by the built-in list."""
    words = _words(key)
    return _SECRET_WORDS.search(words) is not None and _NO_TOKEN.search(words) is None


@lru_cache(maxsize=65_536)
def _may_look_random(key: str) -> bool:
    return _NO_ENTROPY.search(_words(key)) is not None


# --- text ---------------------------------------------------------------------------------------------------------

# A token begins where no letter or digit is before it; `run_hf_...` is a token too.
_KNOWN = re.compile(
    r"""
      -----BEGIN[ ][A-Z0-9 ]*PRIVATE[ ]KEY-----.*?(?:-----END[ ][A-Z0-9 ]*PRIVATE[ ]KEY-----|\Z)
    | hooks\.slack\.com/services/[\w/]+                                    # Slack
    | (?<![A-Za-z0-9])(?:
        eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*                                   # JWT
      | (?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])                 # AWS access key
      | gh[pousr]_\w{20,} | github_pat_\w{20,}                             # GitHub
      | gl(?:pat|ptt|dt|rt|cbt|ft|soat|imt|agent|oas)-[\w-]{16,}           # GitLab
      | hf_[A-Za-z0-9]{16,} | api_org_[A-Za-z0-9]{16,}                     # Hugging Face
      | sk-(?:proj|svcacct|admin|None|ant|or)-[\w-]{20,}                   # OpenAI, Anthropic
      | sk-(?=[A-Za-z]*\d)[A-Za-z0-9]{20,}
      | xox[a-z]-[\w-]{10,} | xapp-[\w-]{10,}                              # Slack
      | AIza[\w-]{30,} | ya29\.[\w-]{20,} | GOCSPX-[\w-]{20,}             # Google
      | [\w~.-]{3}\dQ~[\w~.-]{31,34}                                      # Azure
      | dapi[0-9a-f]{32}(?:-\d)?(?![A-Za-z0-9])                            # Databricks
      | [sr]k_(?:live|test)_\w{10,} | whsec_\w{16,}                        # Stripe
      | npm_[A-Za-z0-9]{30,}                                               # npm
      | pypi-[\w-]{40,}                                                    # PyPI
      | wandb_v\d+_\w{20,} | local-[0-9a-f]{40}(?![A-Za-z0-9])            # Weights & Biases
    )
    """,
    re.VERBOSE | re.DOTALL,
)
# Every alternative of _KNOWN has one of these in it. Looking for them first is ten times as fast, and an S3 listing
# has a million strings without any.
_MARKS = (
    "PRIVATE KEY", "eyJ", "AKIA", "ASIA", "ABIA", "ACCA", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "gl",
    "hf_", "api_org_", "sk-", "xox", "xapp-", "hooks.slack", "AIza", "ya29.", "GOCSPX-", "Q~", "dapi", "k_live_",
    "k_test_", "whsec_", "npm_", "pypi-", "wandb_v", "local-",
)  # fmt: skip
_SHORTEST = 15
"""No token that _KNOWN knows is shorter."""
# A name, a number, a path, an ARN or a URI, as nearly all texts are. Without blanks, quotes, `=`, `?`, `&` and `@` in
# it no rule can find anything but a known token and a random run; in an ARN or a URI not even the latter.
_WORD_ALONE = re.compile(r"[A-Za-z0-9_.:/-]*\Z")
_NAMES = ("arn:aws", "s3://", "https://")
_ASSIGNS = ("=", ": ", ":\n", ":\t", ':"', ":'")
_USER_INFO = re.compile(r"(?P<scheme>\b[A-Za-z][A-Za-z0-9+.-]*://)(?P<user>[^\s/?#@\"'<>]+)@")
_PLAIN_USERS = frozenset({"ssh://git", "git+ssh://git"})
_SIGNATURE = re.compile(
    r"(?P<name>[?&](?:X-Amz-(?:Signature|Security-Token|Credential)|Signature|sig|[\w-]*token|[\w-]*key|password|secret)=)"
    r"(?P<value>[^&\s#\"'<>]+)",
    re.IGNORECASE,
)
_ASSIGNED = re.compile(
    r"(?P<name>[A-Za-z_][\w.-]*)(?P<between>[\"']?\s*(?:=|:(?=\s|[\"']))\s*)"
    r"(?P<value>\"[^\"]*\"|'[^']*'|[^\s,;&\"'}\])]+)"
)
_OPTION = re.compile(r"(?P<name>--?[A-Za-z][\w-]*)(?P<between>\s+)(?P<value>\"[^\"]*\"|'[^']*'|[^\s\"'-][^\s\"']*)")
_BEARER = re.compile(r"(?P<name>\b(?:Bearer|Basic)\s+)(?P<value>[A-Za-z0-9+/=._~-]{8,})")
_URI = re.compile(r"(?:\b[A-Za-z][A-Za-z0-9+.-]*://|\barn:aws)[^\s\"'<>]*")
_RUN = re.compile(r"[A-Za-z0-9+/=_-]{28,}")
_NUMBER = re.compile(r"[\s\"']*[-+]?[\d.,_]+(?:[eE][-+]?\d+)?[\s\"']*\Z")
_HARMLESS = frozenset({"", "true", "false", "none", "null", "yes", "no", REDACTED})

_SEGMENT = 20
_WORD_LENGTH = 2.9
"""Letters and digits to a word, on average: names have more, all but one of a hundred random strings have fewer."""


def looks_random(run: str) -> bool:
    """Whether part of a run is too irregular to be a name; hex digests and upper-case ids are not."""
    return any(len(segment) >= _SEGMENT and _irregular(segment) for segment in re.split(r"[/_-]", run))


def _irregular(segment: str) -> bool:
    if sum(map(str.isdigit, segment)) < 2 or not any(map(str.isupper, segment)) or not any(map(str.islower, segment)):
        return False
    if len(segment) > _WORD_LENGTH * len(_WORD.findall(segment)):
        return False
    counts = Counter(segment)
    bits = -sum(count / len(segment) * math.log2(count / len(segment)) for count in counts.values())
    return bits >= min(4.4, 0.86 * math.log2(len(segment)))


def _marked(text: str) -> bool:
    """Whether a known token may be in it."""
    if len(text) >= _SHORTEST:
        for mark in _MARKS:  # a loop is twice as fast as any()
            if mark in text:
                return True
    return False


def _harmless(value: str) -> bool:
    """Values that no secret has: numbers, words of logic, references to where a secret is kept."""
    bare = value.strip().strip("\"'")
    return bare.lower() in _HARMLESS or _NUMBER.match(bare) is not None or bare.startswith(("arn:", "${", "{{"))


@lru_cache(maxsize=65_536)
def _safe_key(key: str) -> str:
    """A key without a token in it; people do put them there."""
    return _RUN.sub(lambda run: REDACTED if looks_random(run[0]) else run[0], _KNOWN.sub(REDACTED, key))


_PAIR_NAMES = ("Name", "Key", "name", "key", "ParameterName")
_PAIR_VALUES = frozenset({"Value", "DefaultValue", "value", "default_value"})

_REMEMBERED: Final = 4_096
_SHORT: Final = 28
"""No random run is shorter."""


class Redactor:
    """Takes secrets out of JSON values and counts them; one for each visit, it is not for many threads."""

    def __init__(self, settings: Redact | None = None) -> None:
        settings = settings or Redact()
        self._globs = tuple(glob.lower() for glob in settings.keys)
        self._values = tuple(re.compile(pattern) for pattern in settings.values)
        self._plain_keys: set[str] = set()
        """Keys without a token in them that name no secret: nearly all, and they come again and again."""
        self._plain_texts: set[str] = set()
        """Texts without a secret in them, under whatever key: times, types, states, names."""
        self.count = 0

    def body(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The same JSON object without its secrets."""
        clean = {}
        for key, value in self._paired(body):
            if key in self._plain_keys or self._is_plain(key):
                kind = type(value)
                if kind is str:
                    clean[key] = value if value in self._plain_texts else self._text(key, value)
                elif kind is dict:
                    clean[key] = self.body(value)
                elif kind is list:
                    clean[key] = self._list(key, value)
                else:
                    clean[key] = self._value(key, value)
            else:
                clean[self._key(key)] = self._value(key, value)
        return clean

    def text(self, text: str) -> str:
        """A message without its secrets."""
        return self._text("", text)

    def identifier(self, text: str) -> str:
        """An id without a token in it: the same words, `redacted` for the token."""
        return _KNOWN.sub("redacted", text) if _marked(text) else text

    def _is_plain(self, key: str) -> bool:
        plain = not self._secret(key) and _safe_key(key) == key
        if plain:
            if len(self._plain_keys) >= _REMEMBERED:
                self._plain_keys.clear()
            self._plain_keys.add(key)
        return plain

    def _key(self, key: str) -> str:
        clean = _safe_key(key)
        self.count += clean != key
        return clean

    # --- values ---

    def _paired(self, body: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
        """The members; of a name and value pair, the value under the name that it has."""
        if _PAIR_VALUES.isdisjoint(body):
            return body.items()
        values = [key for key in _PAIR_VALUES if key in body]
        name = next((body[key] for key in _PAIR_NAMES if key in body), None)
        if not isinstance(name, str) or not self._secret(name):
            return body.items()
        return {**body, **{key: self._erase(name, body[key]) for key in values}}.items()

    def _value(self, key: str, value: Any) -> Any:
        if isinstance(value, str):
            return self._erase(key, value) if self._secret(key) else self._text(key, value)
        if isinstance(value, (Mapping, list)):
            if self._secret(key):
                return self._erase(key, value)
            return self._list(key, value) if isinstance(value, list) else self.body(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and self._secret(key):
            return self._erase(key, value)
        return value

    def _list(self, key: str, values: list[Any]) -> list[Any]:
        """Items; after an option that takes a secret, the next item is one."""
        result = []
        option: str | None = None
        for value in values:
            if option is not None and isinstance(value, str) and not value.startswith("--"):
                result.append(self._erase(option, value))
            else:
                result.append(self._value(key, value))
            is_option = isinstance(value, str) and value.startswith("-") and "=" not in value and " " not in value
            option = value if is_option and self._secret(value) else None
        return result

    def _secret(self, key: str) -> bool:
        return names_a_secret(key) or (bool(self._globs) and self._configured(key))

    def _configured(self, key: str) -> bool:
        return any(fnmatchcase(key.lower(), glob) for glob in self._globs)

    def _erase(self, key: str, value: Any) -> Any:
        """Nothing but the shape; what the configuration names goes even where it is a number."""
        if isinstance(value, Mapping):
            return {self._key(inner): self._erase(key, item) for inner, item in value.items()}
        if isinstance(value, list):
            return [self._erase(key, item) for item in value]
        if isinstance(value, str) and (self._configured(key) or not _harmless(value)):
            if value == REDACTED:
                return value
            self.count += 1
            return REDACTED
        if isinstance(value, (int, float)) and not isinstance(value, bool) and self._configured(key):
            self.count += 1
            return REDACTED
        return value

    # --- text ---

    def _text(self, key: str, text: str) -> str:
        for pattern in self._values:
            text = pattern.sub(self._whole, text)
        if len(text) < 6:
            return text
        alone = _WORD_ALONE.match(text) is not None
        if alone and (len(text) < _SHORT or text.startswith(_NAMES)) and not _marked(text):
            if len(self._plain_texts) >= _REMEMBERED:
                self._plain_texts.clear()
            self._plain_texts.add(text)
            return text
        if not alone and text.lstrip()[:1] in ("{", "["):
            opened = self._json(key, text)
            if opened is not None:
                return opened
        if _marked(text):
            text = _KNOWN.sub(self._whole, text)
        if not alone:
            text = self._sentence(text)
        if len(text) >= _SHORT and not (alone and text.startswith(_NAMES)) and not (key and _may_look_random(key)):
            text = self._entropy(text)
        return text

    def _sentence(self, text: str) -> str:
        """The text without what its own words, or its shape, call a secret."""
        if "://" in text:
            text = _USER_INFO.sub(self._user, text)
            text = _SIGNATURE.sub(self._signature, text)
        if any(mark in text for mark in _ASSIGNS):
            text = _ASSIGNED.sub(self._named, text)
        if "-" in text and " " in text:
            text = _OPTION.sub(self._named, text)
        if " " in text:
            text = _BEARER.sub(self._signature, text)
        return text

    def _json(self, key: str, text: str) -> str | None:
        """The document without its secrets, as it was where it has none; None for no JSON, or nested too deep."""
        before = self.count
        try:
            document = json.loads(text)
            if not isinstance(document, (dict, list)):
                return None
            clean = self.body(document) if isinstance(document, dict) else self._list(key, document)
        except (ValueError, RecursionError):
            self.count = before
            return None
        return text if self.count == before else json.dumps(clean, ensure_ascii=False)

    def _whole(self, match: re.Match[str]) -> str:
        if match[0] in ("", REDACTED):
            return match[0]
        self.count += 1
        return REDACTED

    def _user(self, match: re.Match[str]) -> str:
        if match["scheme"] + match["user"] in _PLAIN_USERS or match["user"] == REDACTED:
            return match[0]
        self.count += 1
        return f"{match['scheme']}{REDACTED}@"

    def _signature(self, match: re.Match[str]) -> str:
        if match["value"].startswith(REDACTED) or _harmless(match["value"]):
            return match[0]
        self.count += 1
        return match["name"] + REDACTED

    def _named(self, match: re.Match[str]) -> str:
        value = match["value"]
        if value.startswith("[redacted") or not self._secret(match["name"]) or _harmless(value):
            return match[0]
        self.count += 1
        return match["name"] + match["between"] + REDACTED

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
