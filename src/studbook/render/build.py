"""`build_site`: mkdocs run once for each snapshot, each into a folder of its own."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

os.environ.setdefault("NO_MKDOCS_2_WARNING", "1")  # read when Material is imported, which mkdocs does

from mkdocs.commands.build import build as mkdocs_build
from mkdocs.config import load_config
from mkdocs.exceptions import MkDocsException, PluginError

from studbook.drawing import Drafting, no_program
from studbook.errors import BuildError, StudbookError
from studbook.exports.edition import Edition
from studbook.gc import gc_frozen, gc_paused, gc_seldom
from studbook.lineage.graph import Graph
from studbook.model import Envelope
from studbook.packaged import packaged
from studbook.queries.answer import counted
from studbook.render.contents import Contents, load_contents, templates_of
from studbook.render.environment import Templates
from studbook.render.load import Lineages
from studbook.render.page_writer import KnownBuild
from studbook.render.plugin import StudbookPlugin
from studbook.render.versions import (
    AUDIENCE,
    built,
    is_taken,
    kept,
    list_versions,
    put_in_place,
    remove,
    share,
    sweep,
)
from studbook.settings import Settings
from studbook.store import Catalog
from studbook.store.files import held


@dataclass(frozen=True, slots=True)
class Built:
    """One snapshot's site."""

    number: int
    path: Path
    pages: int
    written: int
    failed: tuple[str, ...] = ()
    """What could not be made of an asset, and why, each in a line; in its place the site says so."""

    @property
    def sentence(self) -> str:
        """What was built, and what was not."""
        told = f"{self.pages:,} pages, {self.written:,} of them new, in {self.path}"
        return f"{told}; {counted(len(self.failed), 'file')} could not be made" if self.failed else told


def build_site(
    catalog: Catalog,
    settings: Settings,
    output: Path,
    *,
    envelopes: Sequence[Envelope] | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> list[Built]:
    """Build the sites of these snapshots, the latest where none are named, and the list of all that are there.

    Equal input gives equal bytes; the sites of other snapshots stay as they are, but for those that the configuration
    keeps no longer. A catalog's edition for outsiders gets a folder of its own. Raises BuildError, UsageError.
    """
    history = list(catalog.envelopes())
    if not history:
        raise BuildError(f"{catalog.address}: there is no snapshot to build from", "take one with 'studbook harvest'")
    chosen = sorted(envelopes or history[-1:], key=lambda envelope: envelope.number)
    _claim(output, catalog.label if isinstance(catalog, Edition) else None)
    sweep(output)
    work = output / ".studbook"
    templates, drafting = templates_of(catalog, settings), Drafting(work / "layouts", settings.site.pictures)
    if not drafting.draws and settings.site.pictures != "off":
        missing = no_program()
        report(f"warning: {missing.message}; pages have a note in their place. {missing.hint}")
    done = []
    for envelope in chosen:
        report(f"snapshot {envelope.number}: reading")
        lineages = Lineages(catalog)
        with gc_paused():
            contents = load_contents(lineages, settings, envelope, templates, drafting, report=report)
        if (neighbour := _nearest(output, envelope.number)) is not None:
            contents.tree = output / str(neighbour)
            contents.known = KnownBuild.read(work / f"{neighbour}.known")
            contents.old = _shown_by(contents, lineages, history)
        del lineages
        graph = contents.site.graph
        report(f"snapshot {envelope.number}: {len(graph.assets):,} assets, {len(graph.edges):,} edges")
        with gc_frozen(), gc_seldom():
            known = _write_site(catalog, contents, output / str(envelope.number))
            known.write(work / f"{envelope.number}.known")
        count = sum(1 for path in known.pages if path.endswith("/"))
        for line in contents.failed:
            report(f"could not be made: {line}")
        done.append(Built(envelope.number, output / str(envelope.number), count, contents.made, tuple(contents.failed)))
    stays = {envelope.number for envelope in (*chosen, *kept(history, settings.site.keep))}
    goes = {envelope.number for envelope in history if envelope.number not in stays}.intersection(built(output))
    _forget(work, {str(done[-1].number), str(max(built(output)))})
    list_versions(output, history, _missing(templates, settings), but=goes)
    remove(output, goes)
    return done


def _write_site(catalog: Catalog, contents: Contents, target: Path) -> KnownBuild:
    """Atomic build: the site is made in a folder beside its place and put there when it is whole; gives what is to be
    remembered of it."""
    staging = Path(tempfile.mkdtemp(prefix=f".building-{target.name}-", dir=target.parent))
    descriptor = os.open(staging, os.O_RDONLY)
    held(descriptor)  # until the end, so that no other build sweeps it away
    try:
        staging.chmod(0o755)
        _run_mkdocs(contents, staging)
        assert contents.known is not None
        _look_through(catalog, staging)
        if contents.tree is not None:
            share(staging, contents.tree, but=contents.known.pages)
        put_in_place(staging, target)
    finally:
        os.close(descriptor)
        shutil.rmtree(staging, ignore_errors=True)
    return contents.known


def _claim(output: Path, label: str | None) -> None:
    """A folder for the sites of one audience. Raises UsageError where it is another's."""
    output.mkdir(parents=True, exist_ok=True)
    if not is_taken(output, label) and label is not None:
        (output / AUDIENCE).write_text(f"{label}\n", encoding="utf-8")


def _look_through(catalog: Catalog, tree: Path) -> None:
    """Raises BuildError where an original is left in what outsiders get, the theme's files aside."""
    if not isinstance(catalog, Edition):
        return
    for path in sorted(tree.rglob("*")):
        if path.is_file() and path.relative_to(tree).parts[0] != "assets":
            try:
                for _ in catalog.mask.checked((path.read_bytes(), path.relative_to(tree).as_posix().encode())):
                    pass
            except StudbookError as error:
                raise BuildError(f"{path.relative_to(tree).parent}: {error.message}", error.hint) from error


def _missing(templates: Templates, settings: Settings) -> str:
    base = urlsplit(settings.site.url or "/").path.rstrip("/") + "/"
    return str(templates.render("partials/missing.html", title=settings.site.title, base=base))


def _nearest(output: Path, number: int) -> int | None:
    """The built version to share with: this one itself, else the nearest number."""
    return min(built(output), key=lambda other: (abs(other - number), other), default=None)


def _shown_by(contents: Contents, lineages: Lineages, history: Sequence[Envelope]) -> Graph | None:
    """The lineage of the snapshot that is remembered, if the catalog has it."""
    known = contents.known
    if known is None:
        return None
    shown = next((envelope for envelope in history if envelope.envelope == known.snapshot), None)
    return lineages.of(shown) if shown is not None else None


def _forget(work: Path, kept: set[str]) -> None:
    """What pages read is worth keeping of the newest site and of the one built last."""
    for path in work.glob("*.known"):
        if path.stem not in kept:
            path.unlink()


def _run_mkdocs(contents: Contents, target: Path) -> None:
    logging.getLogger("mkdocs").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as empty:
        docs = packaged("docs")
        try:
            config = load_config(
                str(packaged("mkdocs.yml")),
                # MkDocs would take a relative path from where its configuration lies.
                site_dir=str(target.resolve()),
                # The manual is no part of an edition: its examples name accounts, and one of them may be yours.
                docs_dir=str(docs) if docs.is_dir() and not contents.site.external else empty,
                site_name=contents.site.settings.site.title,
                site_url=_base(contents.site.settings),
            )
            plugin = config.plugins["studbook"]
            assert isinstance(plugin, StudbookPlugin)
            plugin.contents = contents
            plugin.versioned = True
            config.plugins.on_startup(command="build", dirty=False)
            mkdocs_build(config)
        except PluginError as error:
            raise BuildError(str(error)) from error
        except MkDocsException as error:
            raise BuildError(f"mkdocs could not build the site: {error}") from error


def _base(settings: Settings) -> str | None:
    return urljoin(settings.site.url.rstrip("/") + "/", "latest/") if settings.site.url else None
