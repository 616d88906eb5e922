"""Makes the pages that are not in the navigation, on all cores: each is linked from an earlier build or made anew.

Worker pool, incremental build: forked workers share the lineage and take a batch at a time, so that memory does not
grow with the number of pages. What each page read is kept beside the site (`KnownBuild`); the next build makes those
again that read something that changed, and no page declares what it depends on, so none can forget to. A page made
anew that comes out as it was is one file with the earlier one all the same.
"""

from __future__ import annotations

import gc
import json
import logging
import multiprocessing
import os
import threading
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from zlib import crc32

from markupsafe import Markup

from studbook.drawing import Drafting, Layout, Picture, draw, neighbourhood
from studbook.errors import StudbookError
from studbook.exports import evidence
from studbook.gc import gc_frozen, gc_paused
from studbook.model import Asset
from studbook.model.ids import page_path
from studbook.packaged import place_in_code
from studbook.queries.compared_facts import COMPARABLE
from studbook.render import answers, downloads, views
from studbook.render.dependencies import EVERYTHING, ReadSet, TrackedSite, unpacked
from studbook.render.environment import Templates
from studbook.render.tree_writer import TreeWriter
from studbook.render.views import Page, Site, card, dossier, unmade
from studbook.store.files import write_whole

T = TypeVar("T")
_BATCH = 100
_FEW = 4
"""So many batches are worth workers."""
_ROUND = 6
"""How many batches a worker makes before another takes its place: what it has touched of the lineage is a copy."""
_INDEX = "index.html"
_FILES = "files"
_ALL = array("I", [EVERYTHING]).tobytes()
_Make = Callable[[Site, Asset], Mapping[str, bytes]]
"""What makes files of an asset, by their names."""
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
    """What each page read, with the data beside it, by its path; what is made apart from it, by a name of its own."""

    def write(self, path: Path) -> None:
        """Atomic write: a checksum, a line of JSON, then what each page read, as bytes one after the other. Raises
        CatalogError."""
        sizes = [[name, len(noted)] for name, noted in self.pages.items()]
        head = json.dumps([self.context, self.snapshot, dict(self.said), sizes]).encode()
        # Not compressed: the numbers are checksums, and as random as bytes can be.
        told = b"\n".join([head, b"".join(self.pages.values())])
        write_whole(path, b"%08x\n%b" % (crc32(told), told))

    @classmethod
    def read(cls, path: Path) -> KnownBuild | None:
        """None where there is none that can be read."""
        try:
            checksum, _, told = path.read_bytes().partition(b"\n")
            if int(checksum, 16) != crc32(told):
                return None
            head, _, body = told.partition(b"\n")
            context, snapshot, said, sizes = json.loads(head)
        except (OSError, ValueError):
            return None
        pages, at = {}, 0
        for name, size in sizes:
            pages[name] = body[at : at + size]
            at += size
        return cls(context, snapshot, said, pages)


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is known of an earlier build, whose pages may be taken."""

    pages: Mapping[str, bytes]
    """What each page read."""
    changed: frozenset[int]
    """What is not the same any more."""


@dataclass(frozen=True, slots=True)
class PagesMade:
    """What came of it."""

    pages: dict[str, bytes]
    """What was read, as in `KnownBuild.pages`."""
    fresh: int
    """How many pages were made anew."""
    failed: list[str]
    """What could not be made, and why, each in a line."""


@dataclass(slots=True)
class _Batch:
    """What came of a batch."""

    read: list[tuple[str, bytes]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


class _Unit(NamedTuple):
    """What is made of one asset at once, or not at all."""

    asset: Asset
    name: str
    """What it is called where it fails; of a page, and of what is made apart from it, as in `KnownBuild.pages`."""
    folder: str
    files: Collection[str]


class _PageTask(NamedTuple):
    """What is to be made of one asset."""

    asset_id: str
    units: frozenset[str]
    """By name. The page with the data beside it, which ask the same questions, is one: to remember apart what each
    read cost more than to make both again."""


@dataclass(frozen=True, kw_only=True)
class PageWriter:
    """All that is needed to make a page."""

    site: Site
    templates: Templates
    drafting: Drafting
    fill_shell: FillShell
    tree: TreeWriter
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
            wanted = {path: [(path, _INDEX), (path, answers.NAME), *[_compared(path)] * (asset.kind in COMPARABLE)]}
            for unit, _ in self._apart_from_page(asset, path):
                wanted[unit.name] = [(unit.folder, name) for name in unit.files]
            missing = frozenset(name for name, files in wanted.items() if not self._linked(name, files))
            read.update((name, self._earlier.pages[name]) for name in wanted if name not in missing)
            if missing:
                todo.append(_PageTask(asset.id, missing))
                fresh += sum(1 for name in missing if name.endswith("/"))
        failed: list[str] = []
        for batch in _everywhere(self, [todo[start : start + _BATCH] for start in range(0, len(todo), _BATCH)]):
            read.update(batch.read)
            failed += batch.failed
        return PagesMade(read, fresh, failed)

    def _places_linked(self) -> dict[str, bytes]:
        """The pages of accounts, regions and rules, which read everything, where nothing changed."""
        if self.earlier is None or EVERYTHING in self.earlier.changed:
            return {}
        places = {path: noted for path, noted in self.earlier.pages.items() if noted == _ALL}
        return {path: noted for path, noted in places.items() if self._linked(path, [(path, _INDEX)])}

    @property
    def _earlier(self) -> Earlier:
        assert self.earlier is not None
        return self.earlier

    def batch(self, tasks: Sequence[_PageTask]) -> _Batch:
        """Make the pages of some assets, and the files beside them."""
        notes = ReadSet()
        watched = TrackedSite(self.site, notes)
        made = _Batch()
        fresh: list[tuple[_Unit, Page, Picture, bytes | None]] = []
        for task in tasks:
            watched.turn()
            seen = watched.graph.assets[task.asset_id]
            path = page_path(seen.kind, seen.id)
            if path in task.units:
                notes.begin()
                unit = _Unit(seen, path, path, [_INDEX])
                told = self._attempt(made, unit, self._page, watched, seen)
                beside = [self._kept(made, *one, watched) for one in self._data_beside(seen, path)]
                if told is not None:
                    fresh.append((unit, *told, notes.packed() if all(beside) else None))
            for unit, make in self._apart_from_page(seen, path):
                if unit.name not in task.units:
                    continue
                notes.begin()
                if self._kept(made, unit, make, watched):
                    made.read.append((unit.name, notes.packed()))
        if self.drafting.draws:
            layouts: Iterable[Layout | None] = self.drafting.lay_out([picture for _, _, picture, _ in fresh])
        else:
            layouts = [None] * len(fresh)
        for (unit, page, picture, noted), layout in zip(fresh, layouts, strict=True):
            if self._written(unit, self._attempt(made, unit, self._drawn, page, picture, layout)) and noted is not None:
                made.read.append((unit.name, noted))
        return made

    def _data_beside(self, asset: Asset, path: str) -> Iterator[tuple[_Unit, _Make]]:
        """What is made with the page of an asset, and by what."""
        yield _Unit(asset, f"{path}{answers.NAME}", path, [answers.NAME]), _answers
        if asset.kind in COMPARABLE:
            folder, name = _compared(path)
            yield _Unit(asset, f"{folder}{name}", folder, [name]), partial(_compare_file, name)

    def _apart_from_page(self, asset: Asset, path: str) -> Iterator[tuple[_Unit, _Make]]:
        """What else is made of an asset, and by what."""
        if asset.kind == downloads.KIND:
            yield _Unit(asset, path + _FILES, path, downloads.names_of_model(self.site, asset)), downloads.of_model
        if asset.kind == card.KIND:
            yield _Unit(asset, path + card.NAME, path, [card.NAME]), self._card
        if asset.kind == dossier.KIND:
            folder = dossier.path_of(asset)
            yield _Unit(asset, folder, folder, [_INDEX]), self._dossier

    def _page(self, watched: Site, asset: Asset) -> tuple[Page, Picture]:
        page = views.asset_page(watched, asset, self.templates.asset_template(asset.kind))
        return page, neighbourhood(watched.graph, asset)

    def _drawn(self, page: Page, picture: Picture, layout: Layout | None) -> Mapping[str, bytes]:
        if layout is None:
            return {_INDEX: self._filled(page, None)}
        title = f"Lineage of {page.title}"
        drawn = draw(picture, layout, root=page.root, title=title, told=lambda asset: self.site.link(asset.id))
        return {_INDEX: self._filled(page, drawn)}

    def _card(self, watched: Site, asset: Asset) -> Mapping[str, bytes]:
        return {card.NAME: self._filled(card.card_page(watched, asset), None)}

    def _dossier(self, watched: Site, asset: Asset) -> Mapping[str, bytes]:
        return {_INDEX: self._filled(dossier.dossier_page(watched, asset), None)}

    def _attempt(self, made: _Batch, unit: _Unit, make: Callable[..., T], *of: Any) -> T | None:
        """What `make` gives; where it fails none, and that it could not be made stands in the place of the files.

        What is no bug ends the build: errors with a way out (a mistake in a user's own template, no graphviz, a damaged
        catalog), a disk that is full, a machine without memory.
        """
        try:
            return make(*of)
        except (StudbookError, OSError, MemoryError):
            raise
        except Exception as error:  # one odd record must not cost everybody the site
            logging.getLogger(__name__).debug("%s could not be made", unit.name, exc_info=True)
            # Neither what an exception says, which may quote anything, nor where this machine has its files.
            why = f"{type(error).__name__} at {place_in_code(error)}"
            made.failed.append(f"{unit.name}: {why}")
            for name in unit.files:
                self.tree.put(f"{unit.folder}{name}", self._instead(unit, name, why))
            return None

    def _instead(self, unit: _Unit, name: str, why: str) -> bytes:
        """What a file says that could not be made: in its own form, and with nothing that could be taken for it."""
        if name.endswith(".html"):
            return self._filled(unmade.unmade_page(unit.asset, unit.folder, why), None)
        told = unmade.unmade_data(unit.asset, why)
        return evidence.pack({"NOT-MADE.json": told}) if name.endswith(".zip") else told

    def _kept(self, made: _Batch, unit: _Unit, make: _Make, watched: Site) -> bool:
        """Make files and write them; whether that could be done."""
        return self._written(unit, self._attempt(made, unit, make, watched, unit.asset))

    def _written(self, unit: _Unit, files: Mapping[str, bytes] | None) -> bool:
        for name, data in (files or {}).items():
            self.tree.put(f"{unit.folder}{name}", data)
        return files is not None

    def _linked(self, name: str, files: Iterable[tuple[str, str]]) -> bool:
        """Whether what is remembered by a name read nothing that changed, and its files could be taken as they were."""
        if self.earlier is None:
            return False
        noted = self.earlier.pages.get(name)
        if noted is None or not self.earlier.changed.isdisjoint(unpacked(noted)):
            return False
        try:
            for folder, file in files:
                self.tree.link(f"{folder}{file}")
        except OSError:
            return False
        return True

    def _write(self, page: Page, picture: Markup | None) -> None:
        self.tree.put(f"{page.path}{_INDEX}", self._filled(page, picture))

    def _filled(self, page: Page, picture: Markup | None) -> bytes:
        body = self.templates.render(page.template, root=page.root, page=page, picture=picture or "", **page.data)
        return self.fill_shell(page, body).encode("utf-8", errors="xmlcharrefreplace")


def _answers(watched: Site, asset: Asset) -> Mapping[str, bytes]:
    return {answers.NAME: answers.of_asset(watched, asset)}


def _compare_file(name: str, watched: Site, asset: Asset) -> Mapping[str, bytes]:
    return {name: views.packed(views.compare_file(watched, asset))}


def _compared(path: str) -> tuple[str, str]:
    """Folder and name of the file from which Compare takes what has its page at `path`."""
    folder, _, name = path.rstrip("/").rpartition("/")
    return f"compare/{folder}/", f"{name}.json"


_press: PageWriter | None = None
"""What the workers make pages with: they are forked, and so have it without a copy."""


def _work(tasks: Sequence[_PageTask]) -> _Batch:
    assert _press is not None
    return _made(_press, tasks)


def _made(press: PageWriter, tasks: Sequence[_PageTask]) -> _Batch:
    """A batch, and then what of it refers to itself is let go: to look for that on the way takes a fifth of it."""
    with gc_paused():
        made = press.batch(tasks)
    gc.collect()
    return made


def _everywhere(press: PageWriter, batches: list[list[_PageTask]]) -> Iterator[_Batch]:
    """Each batch's result, in their order, made by as many workers as there are cores.

    In this process alone where there is little to make (what a worker touches of the lineage is copied, and that costs
    as much as a batch), one core or no fork, or where other threads run (a server's, for one): what they hold at the
    moment of a fork, nobody would ever let go.
    """
    workers = min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, 8)
    if workers < 2 or len(batches) < _FEW or threading.active_count() > 1 or not _can_fork():
        with gc_frozen():
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
