"""`python -m benchmarks [NAME [ARGUMENT ...]]`: one benchmark, or all of them in their usual sizes."""

from __future__ import annotations

import importlib
import sys

NAMES = (
    "harvest",
    "inventory",
    "lineage",
    "mcp",
    "mutations",
    "organisation",
    "pace",
    "redaction",
    "simulation",
    "site",
)


def main(arguments: list[str]) -> None:
    """Runs what is asked for; exits with the names where there is no such benchmark."""
    if arguments and arguments[0] not in NAMES:
        raise SystemExit(f"no benchmark {arguments[0]}; there are: {' '.join(NAMES)}")
    for name in arguments[:1] or NAMES:
        importlib.import_module(f"benchmarks.{name}").main(arguments[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
