"""Versioned sites, side by side: `<out>/<number>/`, `latest/`, and the list that Material's selector reads.

A built version is never changed in place: a new tree is made beside it and takes its name. Files that are equal in two
versions are one file on disk (hard links), so a hundred nights cost little more than one and the changes. `latest/`
follows file by file: what changed is replaced, and nothing is ever missing from it.
"""

from __future__ import annotations

import datetime
import filecmp
import json
import os
import shutil
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from studbook.errors import UsageError
from studbook.model import Envelope
from studbook.render.policy import with_policy
from studbook.settings import Keep
from studbook.store.files import held, write_whole

LATEST = "latest"
"""The folder that is the newest version's, under a name that stays."""
VERSIONS = "versions.json"
"""The file beside the versions that lists them for Material's selector."""
AUDIENCE = "audience.txt"
"""The file beside the versions that says for whom they are; insiders' sites have none."""
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


def audience_of(output: Path) -> str | None:
    """For whom the sites of a folder are: the label of an edition for outsiders, None for insiders."""
    file = output / AUDIENCE
    return file.read_text(encoding="utf-8").strip() if file.is_file() else None


def is_taken(folder: Path, wanted: str | None) -> bool:
    """Whether sites are there already. Raises UsageError where they are for another audience than is wanted."""
    taken = bool(built(folder)) or any((folder / name).exists() for name in (VERSIONS, AUDIENCE))
    if taken:
        same_audience(folder, audience_of(folder), wanted)
    return taken


def same_audience(place: Path | str, there: str | None, wanted: str | None) -> None:
    """Raises UsageError where what is for two audiences would lie in one place: insiders, outsiders by their secret."""
    if there != wanted:
        what = "insiders" if there is None else "outsiders" if wanted is None else "outsiders, of another secret,"
        raise UsageError(
            f"{place}: is for {what} already, and two audiences never share a place",
            "name another folder, or another target",
        )


def share(tree: Path, other: Path, *, but: Container[str] = ()) -> int:
    """Make every file of `tree` that `other` has too, byte for byte, one file with it; how many were.

    The folders in `but` are not looked into: relative, with a final slash.
    """
    count = 0
    for folder, folders, names in os.walk(tree):
        inner = folder[len(str(tree)) + 1 :]
        inner = f"{inner}/" if inner else ""
        folders[:] = [name for name in folders if f"{inner}{name}/" not in but]
        for name in names:
            path, twin = f"{folder}/{name}", f"{other}/{inner}{name}"
            try:
                here, there = os.stat(path), os.stat(twin)  # noqa: PTH116  ten thousand times
            except OSError:
                continue
            if here.st_ino != there.st_ino and here.st_size == there.st_size and filecmp.cmp(path, twin, shallow=False):
                _link_over(Path(twin), Path(path))
                count += 1
    return count


def mirror(source: Path, target: Path) -> None:
    """Make `target` a second name for the whole of `source`, touching only what is not the same file already.

    A file takes the place of another in one step; what the source has no more goes last.
    """
    surplus = list(_mirror(str(source), str(target)))
    for path in surplus:
        if os.path.isdir(path) and not os.path.islink(path):  # noqa: PTH112, PTH114
            shutil.rmtree(path)
        else:
            os.unlink(path)  # noqa: PTH108


def _mirror(source: str, target: str) -> Iterator[str]:
    """Does so for one folder and those in it; gives what is to go."""
    try:
        with os.scandir(target) as found:
            there = {entry.name: entry for entry in found}
    except FileNotFoundError:
        os.makedirs(target)  # noqa: PTH103
        there = {}
    with os.scandir(source) as found:
        for entry in found:
            twin = there.pop(entry.name, None)
            beside = f"{target}/{entry.name}"
            if twin is not None and twin.is_dir(follow_symlinks=False) != entry.is_dir():
                shutil.rmtree(beside) if twin.is_dir(follow_symlinks=False) else os.unlink(beside)  # noqa: PTH108
                twin = None
            if entry.is_dir():
                yield from _mirror(entry.path, beside)
            elif twin is None:
                _link(entry.path, beside)
            elif twin.inode() != entry.inode():
                _link_over(Path(entry.path), Path(beside))
    yield from (entry.path for entry in there.values())


def put_in_place(tree: Path, target: Path) -> None:
    """Give a finished tree its name; what had that name before is removed afterwards."""
    old = target.with_name(f".old-{target.name}-{os.getpid()}")
    if target.exists():
        target.rename(old)
    tree.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def kept(history: Sequence[Envelope], keep: Literal["all"] | Keep) -> list[Envelope]:
    """The snapshots whose sites are kept: the newest one always."""
    if keep == "all":
        return list(history)
    newest_first = sorted(history, key=lambda envelope: envelope.number, reverse=True)
    chosen = {envelope.number for envelope in newest_first[:1]}
    for count, span in ((keep.daily, _day), (keep.weekly, _week), (keep.monthly, _month)):
        spans: dict[tuple[int, ...], int] = {}
        for envelope in newest_first:
            spans.setdefault(span(datetime.date.fromisoformat(envelope.taken_at[:10])), envelope.number)
        chosen.update(list(spans.values())[:count])
    return [envelope for envelope in history if envelope.number in chosen]


def _day(date: datetime.date) -> tuple[int, ...]:
    return (date.toordinal(),)


def _week(date: datetime.date) -> tuple[int, ...]:
    return tuple(date.isocalendar())[:2]


def _month(date: datetime.date) -> tuple[int, ...]:
    return (date.year, date.month)


def sweep(output: Path) -> None:
    """Remove what killed builds left behind; a build that runs holds its folder."""
    for path in (*output.glob(".building-*"), *output.glob(".old-*")):
        with suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                if held(descriptor):
                    shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(descriptor)


def remove(output: Path, numbers: Iterable[int]) -> None:
    """Take the sites of these snapshots away; what other versions share with them stays theirs."""
    for number in numbers:
        old = output / f".old-{number}-{os.getpid()}"
        (output / str(number)).rename(old)
        shutil.rmtree(old, ignore_errors=True)


def list_versions(output: Path, history: Sequence[Envelope], missing: str, but: Container[int] = ()) -> None:
    """Write `versions.json` (newest first, without those in `but`), the pages at the root, and `latest/`.

    `missing` is the page for an address that leads nowhere.
    """
    known = {envelope.number: envelope for envelope in history}
    numbers = [number for number in built(output) if number in known and number not in but]
    if not numbers:
        return
    newest = numbers[-1]
    entries = [
        {
            "version": str(number),
            "title": f"{number} · {known[number].taken_at[:10]}",
            "aliases": [LATEST] if number == newest else [],
        }
        for number in reversed(numbers)
    ]
    write_whole(output / VERSIONS, (json.dumps(entries, ensure_ascii=False, indent=1) + "\n").encode())
    write_whole(output / "index.html", with_policy(INDEX).encode())
    write_whole(output / "404.html", with_policy(missing, missing).encode())
    mirror(output / str(newest), output / LATEST)


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
