"""Redaction: how many of the secrets that docs/security.md promises are missed, how many harmless values harmed.

python -m benchmarks redaction [SECRETS-IN-EACH-PLACE]
"""

from __future__ import annotations

import time
from collections import Counter

from benchmarks.secret_corpus import harmless, is_left, secrets

from studbook.redaction.redact import Redactor
from studbook.settings import Redact


def main(arguments: list[str]) -> None:
    """Prints both counts, and each form that was missed."""
    each = int(arguments[0]) if arguments else 10
    missed, total, harmed, alive = Counter[str](), 0, 0, 0
    started = time.perf_counter()
    for planted in secrets(each=each):
        total += 1
        if is_left(planted, Redactor(Redact()).body(planted.body)):
            missed[planted.form] += 1
            if missed[planted.form] <= 2:
                print("  missed:", planted.form, planted.body)
    for body in harmless(each=each * 10):
        alive += 1
        clean = Redactor(Redact()).body(body)
        if clean != body:
            harmed += 1
            if harmed <= 20:
                print("  harmed:", body, "->", clean)
    print(f"missed {missed.total():,} of {total:,} secrets, harmed {harmed:,} of {alive:,} harmless values")
    print(f"{time.perf_counter() - started:.1f} s")
