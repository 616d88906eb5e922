"""What an agent gets from `studbook mcp`: each tool's answer, in how many bytes, in what time, beside the shell's.

    python -m benchmarks mcp [ASSETS ...]

A real client starts the server over a generated estate and calls every tool; then the same is asked from the shell. The
first call opens the catalog; what is measured is each call of a second round, and that the first was no slower than the
shell. Seconds are of the clock, for the client waits.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import anyio
from benchmarks.lineage import COMMON, ENDPOINT, GROUP, VERSION, link_and_commit
from mcp import Client, StdioServerParameters

from studbook.mcp import MOST
from studbook.queries import QUESTIONS

SIZES = (100_000,)
ABOUT = {
    "impact": COMMON,
    "incident": COMMON,
    "copies": GROUP,
    "scores": VERSION,
    "candidates": ENDPOINT,
    "log": VERSION,
}
Call = tuple[str, dict[str, str]]
CALLS: tuple[Call, ...] = (
    *((name, {"asset": ABOUT.get(name, ENDPOINT)}) for name in QUESTIONS),
    ("search", {"text": "group-0"}),
    ("asset", {"asset": ENDPOINT}),
    ("diff", {"from": "latest"}),
    ("verify", {}),
)
"""Every tool."""
SHELL = {"search": None, "asset": "show"}
"""The commands of tools that have other names, or none."""


def main(arguments: list[str] | None = None) -> None:
    """Print each tool's bytes and seconds, and the shell's; fails where an answer is larger than it may be."""
    for size in [int(size) for size in arguments or ()] or list(SIZES):
        with tempfile.TemporaryDirectory() as folder:
            print(f"\n{size:,} assets", flush=True)
            link_and_commit(Path(folder), size)
            measure(folder)


def measure(folder: str) -> None:
    """Of one catalog."""
    print(f"  {'tool':12} {'bytes':>7} {'first':>9} {'again':>9} {'shell':>9}")
    for (name, given), (size, first, again) in zip(CALLS, anyio.run(_asked, folder), strict=True):
        assert size <= MOST, f"{name} answers with {size} bytes"
        shell = _shell(folder, name, given)
        print(f"  {name:12} {size:7,} {first:7.2f} s {again:7.2f} s {shell:>9}", flush=True)


async def _asked(folder: str) -> list[tuple[int, float, float]]:
    command = StdioServerParameters(command=sys.executable, args=["-m", "studbook", "mcp", "--catalog", folder])
    async with Client(command) as client:
        found = []
        await client.list_tools()
        for name, given in CALLS:
            seconds = []
            for _ in range(2):
                began = time.perf_counter()
                result: Any = await client.call_tool(name, given)
                seconds.append(time.perf_counter() - began)
            assert not result.is_error, result.content[0].text
            found.append((len(result.model_dump_json(by_alias=True, exclude_none=True).encode()), *seconds))
        return found


def _shell(folder: str, name: str, given: dict[str, str]) -> str:
    verb = SHELL.get(name, name)
    if verb is None:
        return "-"
    began = time.perf_counter()
    command = [sys.executable, "-m", "studbook", verb, *given.values(), "--catalog", folder]
    subprocess.run(command, capture_output=True, check=True)
    return f"{time.perf_counter() - began:7.2f} s"


if __name__ == "__main__":
    main(sys.argv[1:])
