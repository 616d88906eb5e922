"""Key names: which of them say that a secret stands under them, and which values no secret has.

A key is told by its words, in any spelling (`DB_PASSWORD`, `dbPassword`, `db-password`). A *strong* key takes its
value away unless that is plainly none (`true`, an ARN, an `s3://` URI, a reference to where the secret is kept). A
*weak* one, `token` above all, is also a word of the trade: its value goes unless it reads like one of the trade's
(`<pad>`, `cls`, `210ms`). Compounds are told by what they end in: a `password_policy_dataset` is a dataset.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final, Literal

from studbook.model import REDACTED
from studbook.redaction.secret_forms import reads_like_words

Strength = Literal["", "weak", "strong"]

_CACHED = 65_536

WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_A-Za-z]+")
_LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ß": "ss", "\u0131": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"}
)


@lru_cache(maxsize=_CACHED)
def words(key: str) -> str:
    """`HF_TOKEN`, `hfToken` and `hf-token` are all `hf token`; accents go: `contraseña` is `contrasena`."""
    if not key.isascii():
        plain = unicodedata.normalize("NFKD", key)
        key = "".join(letter for letter in plain if not unicodedata.combining(letter))
        key = key.replace("Ł", "L").replace("İ", "I").translate(_LETTERS)
    return " ".join(WORD.findall(key)).lower()


_STRONG = re.compile(
    r"\b(?:\w*passw(?:or)?ds?|passw(?:or)?d\w*|\w*passphrases?|passcodes?|\w*pwds?|pw|\w*secrets?|"
    r"\w*credentials?|creds?|(?:store|key|db|user|smtp|ssh|proxy|root|admin|login|mail)pass|"
    r"\w*api ?keys?|\w*access ?keys?|\w*private ?keys?|\w*connection ?strings?|conn(?:ection)? str(?:ing)?|"
    r"connstr|dsn|"
    r"web ?hooks?|cookies?|jwts?|otp|totp|mnemonic|"
    r"(?:ssh|sshd|signing|signature|encryption|account|license|licence|master|storage|shared|auth|"
    r"service account|session|"
    r"host|sas|deploy|hmac|aes|rsa|ed25519|pgp|gpg|tls|ssl|client|consumer|admin|root|subscription|functions|bot|app|"
    r"application|"
    r"write|read|wandb|openai|anthropic|claude|hf|hugging ?face|cohere|mistral|groq|gemini|google|azure|gcp|"
    r"stripe|slack|"
    r"twilio|sendgrid|mailgun|datadog|dd|new ?relic|sentry|comet|neptune|pinecone|langsmith|langchain|langfuse|"
    r"replicate|"
    r"together|fireworks|perplexity|serper|serpapi|tavily|github|gitlab|databricks|snowflake|supabase|nvidia|"
    r"ngc|kaggle|"
    r"algolia|deepseek|openrouter|voyage|weaviate|qdrant|roboflow|labelbox|scale|snyk|cloudflare) keys?)\b"
    r"|(?<!forward )(?<!backward )(?<!single )(?<!multi )(?<!first )(?<!second )(?<!two )(?<!one )(?<!per )(?<!by )"
    r"(?<!low )(?<!high )(?<!band )(?<!num )(?<!n )\bpass(?: \d+)?\Z"
    r"|\bsas(?: (?:uri|url))?\Z"
)
_WEAK = re.compile(
    r"\b(?:\w*tokens?|auth|authorization|authentication|bearer|pats?|pin|pin code|secret id)\Z|\b\w*token\b"
)
# A tokenizer's vocabulary, a page token and a count of tokens are no secrets.
_NO_TOKEN = re.compile(
    r"\b(?:pad|eos|bos|unk|mask|sep|cls|stop|special|image|audio|video|start|end|eot|bot|next|prev|previous|page|per|"
    r"first|last|new|max|min|num|n|total|avg|count|continuation|pagination|decoder|encoder|prefix|suffix|middle|"
    r"placeholder|speaker|vision|boi|eoi|system|user|assistant)(?:ding|ning)?(?: \w+){0,2} tokens?\b|"
    r"\btokens? (?:per|to|in|on|for generation)\b"
)
# What a compound with such a last word is: the name of a secret, a place, a number, a setting of the trade.
_HEADS = re.compile(
    r" (?:names?|urls?|uris?|arns?|datasets?|polic(?:y|ies)|paths?|files?|filenames?|dirs?|directory|folders?|"
    r"counts?|"
    r"usage|limits?|length|lengths|types?|ids?|budgets?|pooling|sizes?|rates?|ratios?|ttl|expiry|expires|"
    r"expiration|at|age|"
    r"versions?|providers?|managers?|stores?|rotation|enabled|required|formats?|fields?|columns?|min|max|modes?|"
    r"strategy|"
    r"embeddings?|classifiers?|classification|levels?|ind(?:ex|ices)|positions?|masks?|dims?|dimension|scopes?|"
    r"endpoints?|"
    r"algorithms?|lifetime|duration|latency|throughput|time|models?|tasks?|metrics?|accuracy|f1|loss|dropout|probs?|"
    r"weights?|vocab|vocabulary|merging|merge|detection|detector|regex|pattern|strength|complexity|generation|reset|"
    r"prompt|description|aliases|alias|source|issuer|audience|per \w+|seconds?|ms|class|backend|helper|kind|ref|"
    r"reference|"
    r"service|bucket|prefix|region|group|role|status|state|validation|hint|label|labels|rule|rules|test|tests|"
    r"parser)\Z"
)
_STRONG_ANYHOW = re.compile(
    r"\baccess ?key id\Z|\bweb ?hook (?:url|uri|endpoint)\Z|\bsecret id\Z|\bprivate ?key id\Z|"
    r"\b(?:sas|connection) (?:url|uri)\Z"
)

FOREIGN: Final = (
    "contraseña", "contraseñas", "palabra clave", "senha", "palavra-passe", "palavra-chave", "mot de passe", "mdp",
    "Passwort", "Kennwort", "Zugangscode", "Geheimnis", "Schlüsselwort", "wachtwoord", "hasło", "heslo", "lösenord",
    "adgangskode", "kodeord", "passord", "lykilorð", "salasana", "parola", "parool", "parole", "slaptažodis", "šifra",
    "şifre", "lozinka", "geslo", "jelszó", "fjalëkalim", "segreto", "pasahitza", "contrasenya", "mật khẩu",
    "kata sandi", "katasandi", "sandi", "katalaluan", "пароль", "пароля", "пароли", "парола", "лозинка", "секрет",
    "токен", "κωδικός", "συνθηματικό", "סיסמה", "סיסמא", "كلمة المرور", "كلمة السر", "گذرواژه", "رمز عبور", "पासवर्ड",
    "পাসওয়ার্ড", "கடவுச்சொல்", "รหัสผ่าน", "密码", "密碼", "口令", "密钥", "秘密", "令牌", "パスワード", "暗証番号",
    "비밀번호", "암호",
)  # fmt: skip
"""The word for a password (or a secret, or a token) in other languages; compared without accents and blanks."""

_SHORT_WORDS = 7
"""A Latin word up to this length counts alone, as a word of a key; a longer one also inside of one."""


def _squeezed(text: str) -> str:
    return words(text).replace(" ", "")


_FOREIGN_WORDS = frozenset(_squeezed(word) for word in FOREIGN)
_FOREIGN_PARTS = tuple(
    sorted(word for word in _FOREIGN_WORDS if len(word) > _SHORT_WORDS or not word.isascii())
)  # `parole` is also French for speech, `sandi` is in a name


@lru_cache(maxsize=_CACHED)
def strength(key: str) -> Strength:
    """How sure a key says that its values are secrets, by the built-in words."""
    text = words(key)
    if not text:
        return ""
    if _STRONG_ANYHOW.search(text):
        return "weak" if text.endswith("secret id") else "strong"
    if _HEADS.search(text):
        return ""
    squeezed = text.replace(" ", "")
    if (
        _STRONG.search(text)
        or not _FOREIGN_WORDS.isdisjoint(text.split())
        or squeezed in _FOREIGN_WORDS
        or any(word in squeezed for word in _FOREIGN_PARTS)
    ):
        return "strong"
    return "weak" if _WEAK.search(text) and not _NO_TOKEN.search(text) else ""


_NAMED_THING = re.compile(
    r"(?:^(?:s3 |object )?key|^k|\b(?:ids?|arns?|e ?tag|sha\d*|sha \d+|md \d|digests?|checksums?|fingerprint|"
    r"hash(?:es)?|"
    r"names?|uris?|urls?|images?|versions?|paths?|prefix(?:es)?|locations?|commits?|revisions?|repository|repo|"
    r"buckets?|"
    r"groups?|variants?|refs?|branch|endpoints?|models?|jobs?|datasets?|runs?|experiments?|artifacts?|checkpoints?))$"
)


@lru_cache(maxsize=_CACHED)
def names_a_thing(key: str) -> bool:
    """Whether values under this key are names, ids, places, versions or digests: their looks say nothing."""
    return _NAMED_THING.search(words(key)) is not None


# --- values -------------------------------------------------------------------------------------------------------

_LOGIC = frozenset({"", "true", "false", "none", "null", "yes", "no", "on", "off", "nil", "undefined", REDACTED})
_ELSEWHERE = ("arn:", "s3://", "${", "{{", "$(", "env:", "ssm:", "secretsmanager:", "op://", "resolve:", "valueFrom")
_CODE = re.compile(r"(?:os\.|process\.env|env\[|System\.getenv|getenv|get\w*\(|boto3|var\.|self\.|config[.\[(])")
_MASKED = re.compile(r"[*x.•…]+\Z|<[A-Z _-]+>\Z")
_INTEGER = re.compile(r"[-+]?\d+\Z")
_NUMBER = re.compile(r"[-+]?[\d.,_]+(?:[eE][-+]?\d+)?\Z")
_PIN = 4
"""No number of fewer digits is a secret."""
_CODE_DIGITS = 6
"""Under a weak key, of fewer than these."""
_TRADE = re.compile(
    r"<.*>\Z|\[[^\]]*\]\Z|\W{0,4}\Z|.{0,3}\Z|\d+(?:\.\d+)?\s?[A-Za-z%/]{1,5}\Z|(?:[a-z]{1,14}|[A-Z][a-z]{1,13}|"
    r"[A-Z]{1,8})\Z|[a-z]+(?:[_-][a-z]+)+\Z"
    r"|https?://|/[\w./-]*\Z",
    re.DOTALL,
)
_PROSE_WORDS = 3


def no_secret(value: str) -> bool:
    """Values that no secret has under any key: words of logic, short numbers, where a secret is kept, ARNs, `s3://`."""
    bare = value.strip().strip("\\\"'").strip()
    if bare.lower() in _LOGIC or bare.startswith(_ELSEWHERE) or _MASKED.match(bare) or _CODE.match(bare):
        return True
    return _NUMBER.match(bare) is not None and not (_INTEGER.match(bare) and len(bare.lstrip("+-")) >= _PIN)


def of_the_trade(value: str) -> bool:
    """Values under a weak key that are no secret: special tokens, one word, a number with a unit, prose, a place."""
    bare = value.strip().strip("\\\"'").strip()
    if _INTEGER.match(bare):
        return len(bare) < _CODE_DIGITS
    several = bare.split()
    return _TRADE.match(bare) is not None or (len(several) >= _PROSE_WORDS and all(map(reads_like_words, several)))
