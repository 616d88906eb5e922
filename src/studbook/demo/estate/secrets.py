"""What must not come through: secrets that people put where they do not belong, and text that wants to be code.

The secrets are made here from parts, so that no scanner takes this file for a leak, and look like the real thing.
"""

from __future__ import annotations

import base64
import json
import random
import string

_LETTERS = string.ascii_letters + string.digits


def _random(name: str, length: int, alphabet: str = _LETTERS) -> str:
    drawn = random.Random(name)  # noqa: S311 - the same in every run
    return "".join(drawn.choice(alphabet) for _ in range(length))


def _jwt() -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    head, claims = part({"alg": "HS256", "typ": "JWT"}), part({"sub": "ci-pipeline", "role": "deployer"})
    return f"{head}.{claims}.{_random('jwt', 43)}"


def _pem() -> str:
    body = [_random(f"pem{line}", 64, _LETTERS + "+/") for line in range(6)]
    kind = "RSA PRIVATE" + " KEY"
    return "\n".join([f"-----BEGIN {kind}-----", *body, f"-----END {kind}-----"])


PLANTED_SECRETS: dict[str, str] = {
    "aws_access_key_id": "AK" + "IA" + _random("akid", 16, string.ascii_uppercase + "234567"),
    "aws_secret_access_key": _random("secret", 40, _LETTERS + "+/"),
    "github_token": "gh" + "p_" + _random("github", 36),
    "gitlab_token": "gl" + "pat-" + _random("gitlab", 20),
    "huggingface_token": "h" + "f_" + _random("hf", 34),
    "openai_key": "s" + "k-proj-" + _random("openai", 48),
    "slack_token": "xo" + "xb-" + _random("slack", 12, string.digits) + "-" + _random("slack2", 24),
    "jwt": _jwt(),
    "database_password": "Tr0ub4dor" + _random("db", 9),
    "argument_password": "hunter" + _random("argument", 8),
    "private_key": _pem(),
    "mlflow_api_key": _random("mlflow", 32),
    "lambda_password": "S3cure" + _random("lambda", 10),
    "signature": _random("signature", 44, string.hexdigits.lower()[:16]),
}
"""Every secret in the story, by what it is. None of them may appear in a catalog, a page, an export or a log."""

HOSTILE: dict[str, str] = {
    "script": "<script>alert(1)</script>",
    "image": '"><img src=x onerror=alert(1)>',
    "link": "[click](javascript:alert(1))",
    "table": "a|b",
    "template": "{{ 7*7 }}",
    "block": "{% include 'secrets' %}",
    "heading": "# not a heading\n---\nfoo: bar",
    "quotes": """it's "quoted" & `ticked`""",
    "direction": "\u202egnp.elif",
}
"""Text that a careless page would run, render or break on."""
