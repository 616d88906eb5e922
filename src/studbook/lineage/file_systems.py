"""The places in S3 behind file systems: what a job read in a directory that is linked with one.

A job names a directory as its machines mount it: the file system's mount name first, then the path that links name. A
link that was made after the job had begun says nothing of it. What lies in a linked directory need not be what lies in
S3 at the time, so that the reading is a conclusion.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from studbook.lineage.times import instant
from studbook.model import Evidence
from studbook.model.facts import LinkedDirectory, MountedDirectory, Reads

RULE: Final = Evidence.parse("rule:linked-directory")


def readings(mounted: Iterable[MountedDirectory], linked: Iterable[LinkedDirectory]) -> Iterator[Reads]:
    """What jobs read in S3, through the links of the directories that they mount."""
    links = list(linked)
    for one in mounted if links else ():
        here = [link for link in links if link.system == one.system and not _is_later(link, one)]
        inside = _folder(one.directory)
        for directory in (_folder(inside.partition("/")[2].partition("/")[2]), inside):
            if found := sorted(_places(here, directory), key=lambda link: link.uri):
                yield from (_reads(one, link) for link in found)
                break


def _places(links: Iterable[LinkedDirectory], directory: str) -> Iterator[LinkedDirectory]:
    """The innermost link around a directory, with the place of the directory itself; else those below it."""
    around = [link for link in links if directory.startswith(_folder(link.path))]
    if around:
        nearest = max(around, key=lambda link: (len(_folder(link.path)), link.uri))
        rest = directory[len(_folder(nearest.path)) :]
        yield replace(nearest, uri=f"{nearest.uri.rstrip('/')}/{rest}")
    else:
        yield from (link for link in links if _folder(link.path).startswith(directory))


def _reads(one: MountedDirectory, link: LinkedDirectory) -> Reads:
    return Reads(
        reader=one.reader,
        uri=f"{link.uri.rstrip('/')}/",
        role=one.role,
        at=one.at,
        evidence=one.evidence,
        through=(*link.evidence, RULE),
    )


def _is_later(link: LinkedDirectory, one: MountedDirectory) -> bool:
    return one.at is not None and instant(link.since) > instant(one.at)


def _folder(path: str) -> str:
    """With one slash at either end."""
    inner = path.strip("/")
    return f"/{inner}/" if inner else "/"
