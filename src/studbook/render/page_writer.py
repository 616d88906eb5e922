"""Makes the pages that are not in the navigation, on all cores: each is linked from an earlier build or made anew.

Worker pool, incremental build: forked workers share the lineage and take a batch at a time, so that memory does not
grow with the number of pages. What each page read is kept beside the site (`KnownBuild`); the next build makes those
again that read something that changed, and no page declares what it depends on, so none can forget to. A page made
anew that comes out as it was is one file with the earlier one all the same.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import threading
import zlib
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

from markupsafe import Markup

from studbook.drawing import Drafting, Picture, draw, neighbourhood
from studbook.gc import gc_frozen, gc_paused
from studbook.model.ids import page_path
from studbook.queries.compared_facts import COMPARABLE
from studbook.render import answers, downloads, views
from studbook.render.dependencies import EVERYTHING, ReadSet, TrackedSite, unpacked
from studbook.render.environment import Templates
from studbook.render.views import Page, Site, dossier
from studbook.render.views.card import NAME

_BATCH = 100
_ROUND = 6
"""How many batches a worker makes before another takes its place: what it has touched of the lineage is a copy."""
_INDEX = "index.html"
_FILES = "files"
_ANSWERS = "answers"
_COMPARED = "compare"
_ALL = array("I", [EVERYTHING]).tobytes()
FillShell = Callable[[Page, Markup], str]
"""Page and body to the whole file."""


@dataclass(frozen=True, slots=True)
class KnownBuild:
    """What is remembered of a built site."""

    context: str
    """The digest of what every page depends on: the program, the templates, the theme, the settings."""
    snapshot: str
    """The digest of the snapshot's envelope."""
    said: Mapping[str, str]
    """Findings, gaps and cards, by `watching.said`."""
    pages: Mapping[str, bytes]
    """What each page read, by its path; its other files, by its path and `files`, `answers` or `compare`."""

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        sizes = [[name, len(noted)] for name, noted in self.pages.items()]
        head = json.dumps([self.context, self.snapshot, dict(self.said), sizes]).encode()
        beside = path.with_name(f"{path.name}.{os.getpid()}")
        beside.write_bytes(zlib.compress(b"\n".join([head, b"".join(self.pages.values())]), 1))
        beside.replace(path)

    @classmethod
    def read(cls, path: Path) -> KnownBuild | None:
        """None where there is none that can be read."""
        try:
            head, _, body = zlib.decompress(path.read_bytes()).partition(b"\n")
            context, snapshot, said, sizes = json.loads(head)
        except (OSError, ValueError, zlib.error):
            return None
        pages, at = {}, 0
        for name, size in sizes:
            pages[name] = body[at : at + size]
            at += size
        return cls(context, snapshot, said, pages)


@dataclass(kw_only=True)
class Earlier:
    """A built site to take pages from."""

    tree: Path
    pages: Mapping[str, bytes] = field(default_factory=dict)
    """What each page read; without, all are made anew."""
    changed: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class PagesMade:
    """What came of it."""

    pages: dict[str, bytes]
    """What was read, as in `KnownBuild.pages`."""
    fresh: int
    """How many pages were made anew."""


class _PageTask(NamedTuple):
    """What is to be made of one asset."""

    asset_id: str
    page: bool
    answers: bool
    compared: bool
    files: bool
    dossier: bool


@dataclass(frozen=True, kw_only=True)
class PageWriter:
    """All that is needed to make a page."""

    site: Site
    templates: Templates
    drafting: Drafting
    fill_shell: FillShell
    target: Path
    earlier: Earlier | None = None

    def run(self) -> PagesMade:
        """Make or link every page, and the files beside it."""
        read = self._places_linked()
        fresh = 0
        if not read:
            for page in (*views.place_pages(self.site), *views.rule_pages(self.site)):
                self._write(page, None)
                read[page.path] = _ALL
                fresh += 1
        todo: list[_PageTask] = []
        for asset in self.site.graph.assets.values():
            path = self.site.link(asset.id)["path"]
            wanted = [path, path + _ANSWERS] + [path + _COMPARED] * (asset.kind in COMPARABLE)
            wanted += [path + _FILES] * (asset.kind == downloads.KIND)
            filed = dossier.path_of(asset) if asset.kind == dossier.KIND else ""
            wanted += [filed] * bool(filed)
            missing = [one for one in wanted if not self._linked(one)]
            read.update((one, self._earlier.pages[one]) for one in wanted if one not in missing)
            if missing:
                due = [one in missing for one in (path, path + _ANSWERS, path + _COMPARED, path + _FILES, filed)]
                todo.append(_PageTask(asset.id, *due))
                fresh += todo[-1].page + todo[-1].dossier
        for batch in _everywhere(self, [todo[start : start + _BATCH] for start in range(0, len(todo), _BATCH)]):
            read.update(batch)
        return PagesMade(read, fresh)

    def _places_linked(self) -> dict[str, bytes]:
        """The pages of accounts, regions and rules, which read everything, where nothing changed."""
        if self.earlier is None or EVERYTHING in self.earlier.changed:
            return {}
        return {path: noted for path, noted in self.earlier.pages.items() if noted == _ALL and self._linked(path)}

    @property
    def _earlier(self) -> Earlier:
        assert self.earlier is not None
        return self.earlier

    def batch(self, tasks: Sequence[_PageTask]) -> list[tuple[str, bytes]]:
        """Make the pages of some assets, and the files beside them: what each read."""
        notes = ReadSet()
        watched = TrackedSite(self.site, notes)
        done: list[tuple[str, bytes]] = []
        fresh: list[tuple[Page, Picture]] = []
        for task in tasks:
            watched.turn()
            notes.begin()
            seen = watched.graph.assets[task.asset_id]
            if task.page:
                page = views.asset_page(watched, seen, self.templates.asset_template(seen.kind))
                fresh.append((page, neighbourhood(watched.graph, seen)))
                done.append((page.path, notes.packed()))
            path = page_path(seen.kind, seen.id)
            if task.answers:
                notes.begin()
                self._put(path, answers.NAME, answers.of_asset(watched, seen))
                done.append((path + _ANSWERS, notes.packed()))
            if task.compared:
                notes.begin()
                self._put(*_compared(path), views.packed(views.compare_file(watched, seen)))
                done.append((path + _COMPARED, notes.packed()))
            if task.files:
                notes.begin()
                for name, data in downloads.of_model(watched, seen).items():
                    self._put(path, name, data)
                card = views.card_page(watched, seen)
                self._put(path, NAME, self._filled(card, None))
                done.append((path + _FILES, notes.packed()))
            if task.dossier:
                notes.begin()
                told = dossier.dossier_page(watched, seen)
                self._write(told, None)
                done.append((told.path, notes.packed()))
        if not self.drafting.draws:
            for page, _ in fresh:
                self._write(page, None)
            return done
        layouts = self.drafting.lay_out([picture for _, picture in fresh])
        for (page, picture), layout in zip(fresh, layouts, strict=True):
            title = f"Lineage of {page.title}"
            drawn = draw(picture, layout, root=page.root, title=title, told=lambda asset: self.site.link(asset.id))
            self._write(page, drawn)
        return done

    def _linked(self, path: str) -> bool:
        """Whether a page, or the files beside one, read nothing that changed, and could be taken as it was."""
        if self.earlier is None:
            return False
        noted = self.earlier.pages.get(path)
        if noted is None or not self.earlier.changed.isdisjoint(unpacked(noted)):
            return False
        folder = path[: path.rfind("/") + 1]
        what = path[len(folder) :]
        try:
            if what == _COMPARED:
                folder, *names = _compared(folder)
            else:
                names = {"": [_INDEX], _ANSWERS: [answers.NAME]}.get(what) or self._beside(folder)
            for name in names:
                self._link(folder, name)
        except OSError:
            return False
        return True

    def _link(self, folder: str, name: str) -> None:
        """The earlier build's file, under a second name. Raises OSError where that cannot be."""
        ends = f"{self._earlier.tree}/{folder}{name}", f"{self.target}/{folder}{name}"
        try:
            os.link(*ends)
        except FileNotFoundError:
            self._make(folder)
            os.link(*ends)

    def _beside(self, folder: str) -> list[str]:
        names = os.listdir(f"{self._earlier.tree}/{folder}")  # noqa: PTH208
        return [name for name in names if name not in (_INDEX, answers.NAME)]

    def _make(self, folder: str) -> None:
        os.makedirs(f"{self.target}/{folder}", exist_ok=True)  # noqa: PTH103  ten thousand times, and twice as fast

    def _write(self, page: Page, picture: Markup | None) -> None:
        self._put(page.path, _INDEX, self._filled(page, picture))

    def _filled(self, page: Page, picture: Markup | None) -> bytes:
        body = self.templates.render(page.template, root=page.root, page=page, picture=picture or "", **page.data)
        return self.fill_shell(page, body).encode("utf-8", errors="xmlcharrefreplace")

    def _put(self, path: str, name: str, data: bytes) -> None:
        """Write a file, or link the earlier build's where it has the same bytes."""
        place = f"{self.target}/{path}{name}"
        if self.earlier is not None:
            # A link that was made before another failed is the earlier build's own file.
            Path(place).unlink(missing_ok=True)
            twin = self.earlier.tree / path / name
            try:
                if twin.read_bytes() == data:
                    self._link(path, name)
                    return
            except OSError:
                pass
        try:
            file = open(place, "wb")  # noqa: PTH123, SIM115  ten thousand times, and twice as fast
        except FileNotFoundError:
            self._make(path)
            file = open(place, "wb")  # noqa: PTH123, SIM115
        with file:
            file.write(data)


def _compared(path: str) -> tuple[str, str]:
    """Folder and name of the file from which Compare takes what has its page at `path`."""
    folder, _, name = path.rstrip("/").rpartition("/")
    return f"compare/{folder}/", f"{name}.json"


_press: PageWriter | None = None
"""What the workers make pages with: they are forked, and so have it without a copy."""


def _work(tasks: Sequence[_PageTask]) -> list[tuple[str, bytes]]:
    assert _press is not None
    return _made(_press, tasks)


def _made(press: PageWriter, tasks: Sequence[_PageTask]) -> list[tuple[str, bytes]]:
    """A batch, and then what of it refers to itself is let go: to look for that on the way takes a fifth of it."""
    with gc_paused():
        made = press.batch(tasks)
    gc.collect()
    return made


def _everywhere(press: PageWriter, batches: list[list[_PageTask]]) -> Iterator[list[tuple[str, bytes]]]:
    """Each batch's result, in their order, made by as many workers as there are cores.

    In this process alone where there is little to make, one core or no fork, or where other threads run (a server's,
    for one): what they hold at the moment of a fork, nobody would ever let go.
    """
    workers = min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, 8)
    if workers < 2 or len(batches) < 3 or threading.active_count() > 1 or not _can_fork():
        yield from map(partial(_made, press), batches)
        return
    # Processes, since templates are Python and threads would share one core; forked, since the lineage is too large to
    # be pickled for each.
    global _press  # noqa: PLW0603  forked workers inherit it
    _press = press
    gc.collect()
    try:
        for start in range(0, len(batches), workers * _ROUND):
            with gc_frozen(), ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("fork")) as pool:
                yield from pool.map(_work, batches[start : start + workers * _ROUND])
    finally:
        _press = None


def _can_fork() -> bool:
    return "fork" in multiprocessing.get_all_start_methods()
