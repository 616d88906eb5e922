"""Many snapshots' sites side by side: `<out>/<number>/`, `latest/`, and the list that Material's selector reads.

A built version is never changed in place: a new tree is made beside it and takes its name. Files that are equal in two
versions are one file on disk (hard links), so a hundred nights cost little more than one and the changes.
"""

from __future__ import annotations

import filecmp
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from studbook.model import Envelope

INDEX = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Studbook</title>
<meta http-equiv="refresh" content="0; url=latest/">
<link rel="canonical" href="latest/">
<link rel="icon" href="latest/assets/studbook.svg">
<p><a href="latest/">To the latest snapshot</a></p>
</html>
"""


def built(output: Path) -> list[int]:
    """The numbers of the snapshots whose sites are there, oldest first."""
    if not output.is_dir():
        return []
    return sorted(
        int(path.name) for path in output.iterdir() if path.name.isdigit() and (path / "index.html").is_file()
    )


def share(tree: Path, other: Path) -> int:
    """Make every file of `tree` that `other` has too, byte for byte, one file with it; how many were."""
    count = 0
    for path in sorted(tree.rglob("*")):
        twin = other / path.relative_to(tree)
        if not path.is_file() or not twin.is_file() or path.samefile(twin):
            continue
        if path.stat().st_size == twin.stat().st_size and filecmp.cmp(path, twin, shallow=False):
            _link_over(twin, path)
            count += 1
    return count


def link_tree(source: Path, target: Path) -> None:
    """A second name for a whole tree: `target` must not exist."""
    shutil.copytree(source, target, copy_function=_link)


def put_in_place(tree: Path, target: Path) -> None:
    """Give a finished tree its name; what had that name before is removed afterwards."""
    old = target.with_name(f".old-{target.name}-{os.getpid()}")
    if target.exists():
        target.rename(old)
    tree.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def list_versions(output: Path, history: Sequence[Envelope]) -> None:
    """Write `versions.json` (newest first), the page at the root, and `latest/`."""
    known = {envelope.number: envelope for envelope in history}
    numbers = [number for number in built(output) if number in known]
    if not numbers:
        return
    newest = numbers[-1]
    entries = [
        {
            "version": str(number),
            "title": f"{number} · {known[number].taken_at[:10]}",
            "aliases": ["latest"] if number == newest else [],
        }
        for number in reversed(numbers)
    ]
    _write(output / "versions.json", json.dumps(entries, ensure_ascii=False, indent=1) + "\n")
    _write(output / "index.html", INDEX)
    fresh = output / f".latest-{os.getpid()}"
    shutil.rmtree(fresh, ignore_errors=True)
    link_tree(output / str(newest), fresh)
    put_in_place(fresh, output / "latest")


def _write(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}-{os.getpid()}")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def _link(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:
        # Some file systems have no hard links; a copy costs space and nothing else.
        shutil.copyfile(source, target)
    return target


def _link_over(source: Path, target: Path) -> None:
    beside = target.with_name(f".{target.name}-{os.getpid()}")
    _link(str(source), str(beside))
    beside.replace(target)
