"""The site: an mkdocs plugin, and `build_site`, which runs mkdocs once for each snapshot.

MkDocs builds the few pages of the navigation. The pages of assets, of which there may be a hundred thousand, never
become MkDocs pages: Material's own `main.html` is rendered once for each page shape (tab and table of contents) with
markers in place of title, description, address and body, and every page is stamped from such a shell
(`stamping.Press`). A page that read nothing that changed since an earlier build is linked from there.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

os.environ.setdefault("NO_MKDOCS_2_WARNING", "1")  # read when Material is imported, which mkdocs does

import jinja2
from markupsafe import Markup
from mkdocs.commands.build import build as mkdocs_build
from mkdocs.commands.build import get_context
from mkdocs.config import load_config
from mkdocs.config.base import Config
from mkdocs.config.config_options import Optional, Type
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import MkDocsException, PluginError
from mkdocs.plugins import BasePlugin, event_priority
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page as MkdocsPage
from mkdocs.structure.toc import AnchorLink, TableOfContents

from studbook.cards import load_cards
from studbook.collecting import left_alone, no_collecting
from studbook.errors import BuildError, StudbookError
from studbook.lineage.graph import Graph
from studbook.model import KINDS, Envelope
from studbook.packaged import packaged
from studbook.render import downloads, search, views
from studbook.render.drawing import Drafting
from studbook.render.environment import Templates, compiled
from studbook.render.reading import Lineages, read_site
from studbook.render.search import Entry, entries_of, sections
from studbook.render.stamping import Earlier, Known, Press
from studbook.render.versions import built, kept, list_versions, put_in_place, remove, share, sweep
from studbook.render.views import Page, Site
from studbook.render.watching import EVERYTHING, changed, said
from studbook.render.words import shown
from studbook.settings import Settings, load_settings
from studbook.store import Catalog

_NOWHERE = "https://catalog.invalid/latest/"
"""The sitemap's base where no address is configured: Material's selector reads paths from it, and no name to call."""


@dataclass(kw_only=True)
class Contents:
    """What one site is made of."""

    site: Site
    templates: Templates
    drafting: Drafting
    tree: Path | None = None
    """A site built earlier, from which pages may be taken."""
    known: Known | None = None
    """What is remembered of it, and after the build of this one."""
    old: Graph | None = None
    """The lineage that it shows."""
    made: int = 0
    """How many pages the build made anew."""


@dataclass(frozen=True, slots=True)
class Built:
    """One snapshot's site."""

    number: int
    path: Path
    pages: int
    written: int


# --- building -----------------------------------------------------------------------------------------------------


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
    keeps no longer. Raises BuildError.
    """
    history = list(catalog.envelopes())
    if not history:
        raise BuildError(f"{catalog.root}: there is no snapshot to build from", "take one with 'studbook harvest'")
    chosen = sorted(envelopes or history[-1:], key=lambda envelope: envelope.number)
    output.mkdir(parents=True, exist_ok=True)
    sweep(output)
    work = output / ".studbook"
    templates, drafting = _templates(catalog, settings), Drafting(work / "layouts")
    done = []
    for envelope in chosen:
        report(f"snapshot {envelope.number}: reading")
        lineages = Lineages(catalog)
        with no_collecting():
            contents = load_contents(lineages, settings, envelope, templates, drafting)
        for problem in (line for card in contents.site.cards.values() for line in card.problems):
            report(f"warning: {problem}")
        if (neighbour := _nearest(output, envelope.number)) is not None:
            contents.tree = output / str(neighbour)
            contents.known = Known.read(work / f"{neighbour}.known")
            contents.old = _shown_by(contents, lineages, history)
        del lineages
        graph = contents.site.graph
        report(f"snapshot {envelope.number}: {len(graph.assets):,} assets, {len(graph.edges):,} edges")
        staging = Path(tempfile.mkdtemp(prefix=f".building-{envelope.number}-", dir=output))
        try:
            staging.chmod(0o755)
            with left_alone():
                _run_mkdocs(contents, staging)
            assert contents.known is not None
            pages = contents.known.pages
            if contents.tree is not None:
                share(staging, contents.tree, but=pages)
            put_in_place(staging, output / str(envelope.number))
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        contents.known.write(work / f"{envelope.number}.known")
        count = sum(1 for path in pages if path.endswith("/"))
        done.append(Built(envelope.number, output / str(envelope.number), count, contents.made))
    stays = {envelope.number for envelope in (*chosen, *kept(history, settings.site.keep))}
    goes = {envelope.number for envelope in history if envelope.number not in stays}.intersection(built(output))
    _forget(work, {str(done[-1].number), str(max(built(output)))})
    list_versions(output, history, _missing(templates, settings), but=goes)
    remove(output, goes)
    return done


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


def load_contents(
    lineages: Lineages, settings: Settings, envelope: Envelope, templates: Templates, drafting: Drafting
) -> Contents:
    """Read a snapshot and everything that is said of it."""
    cards = load_cards(lineages.catalog.root / "cards")
    site = read_site(lineages, settings, envelope, cards)
    return Contents(site=site, templates=templates, drafting=drafting)


def _templates(catalog: Catalog, settings: Settings) -> Templates:
    return Templates(catalog.root / settings.site.templates if settings.site.templates else None)


def _run_mkdocs(contents: Contents, target: Path) -> None:
    logging.getLogger("mkdocs").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as empty:
        docs = packaged("docs")
        try:
            config = load_config(
                str(packaged("mkdocs.yml")),
                # MkDocs would take a relative path from where its configuration lies.
                site_dir=str(target.resolve()),
                docs_dir=str(docs) if docs.is_dir() else empty,
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


# --- the plugin ---------------------------------------------------------------------------------------------------


class StudbookConfig(Config):  # type: ignore[no-untyped-call]
    """The plugin's options in mkdocs.yml."""

    catalog = Type(str, default="catalog")
    snapshot = Type(str, default="latest")
    cache = Optional(Type(str))


class StudbookPlugin(BasePlugin[StudbookConfig]):  # type: ignore[no-untyped-call]
    """Adds the pages of a catalog to an mkdocs site."""

    contents: Contents | None = None
    versioned = False
    """Whether `build_site` builds: then there are versions beside this one."""

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Read the catalog, and put our theme above Material's."""
        self._texts: list[Entry] = []
        if not self.versioned:
            self.contents = self._read(Path(config.config_file_path or ".").parent)
        templates = self.contents.templates if self.contents else Templates()
        for folder in reversed(templates.theme_folders()):
            if str(folder) not in config.theme.dirs:
                config.theme.dirs.insert(0, str(folder))
        config.extra_css[:0] = ["assets/studbook.css", "assets/search.css"]
        config.extra_javascript += ["assets/studbook.js", "assets/search.js"]
        if self.versioned:
            config.extra["version"] = {"provider": "mike", "default": "latest"}
            config.theme.static_templates.discard("404.html")
        config.theme.static_templates.discard("sitemap.xml")
        config.nav = self._nav(config)
        return config

    def _read(self, base: Path) -> Contents | None:
        root = Path(os.environ.get("STUDBOOK_CATALOG") or base / self.config.catalog)
        catalog = Catalog(root)
        if catalog.latest() is None:
            return None
        try:
            settings = load_settings(root / "studbook.yml") if (root / "studbook.yml").exists() else Settings()
            drafting = Drafting(base / self.config.cache if self.config.cache else None)
            envelope = catalog.resolve(self.config.snapshot)
            return load_contents(Lineages(catalog), settings, envelope, _templates(catalog, settings), drafting)
        except StudbookError as error:
            raise PluginError(f"studbook: {error.message}" + (f"; {error.hint}" if error.hint else "")) from error

    def _nav(self, config: MkDocsConfig) -> Any:
        """The navigation without pages that this build cannot have."""
        pages = set(self.contents.templates.pages()) if self.contents else {"home"}
        ours = {_source(name) for name in Templates().pages()}
        docs = any(Path(config.docs_dir).glob("*.md"))

        def kept(item: Any) -> Any:
            if isinstance(item, dict):
                pruned = {title: kept(value) for title, value in item.items()}
                return {title: value for title, value in pruned.items() if value} or None
            if isinstance(item, list):
                return [value for value in map(kept, item) if value] or None
            if item in ours:
                return item if item in {_source(name) for name in pages} else None
            return item if docs else None

        return kept(config.nav) if config.nav else config.nav

    def on_files(self, files: Files, config: MkDocsConfig) -> Files:
        """Add the pages of the navigation and our stylesheets and scripts."""
        pages = (
            [_overview(self.contents, name) for name in self.contents.templates.pages()]
            if self.contents
            else [_welcome()]
        )
        for page, body in pages:
            source = _source(page.section)
            if (present := files.get_file_from_path(source)) is not None:
                files.remove(present)
            file = File.generated(config, source, content="", inclusion=InclusionLevel.INCLUDED)
            files.append(file)
            _Overview(page, body, file, config)
        return files

    def on_page_content(self, html: str, page: MkdocsPage, config: MkDocsConfig, files: Files) -> str:
        """Pages of text can be searched too, section by section."""
        if isinstance(page, _Overview):
            self._texts.append(Entry(location=page.url, title=str(page.title), kind="Page", words=page.description))
        elif not (page.meta.get("search") or {}).get("exclude"):
            self._texts += sections(page.url, str(page.title), html)
        return html

    def on_nav(self, nav: Navigation, config: MkDocsConfig, files: Files) -> Navigation:
        """Keep what the shells are rendered with."""
        self._nav_items, self._files = nav, files
        return nav

    def on_env(self, env: jinja2.Environment, config: MkDocsConfig, files: Files) -> jinja2.Environment:
        """Keep what the shells are rendered with."""
        env.bytecode_cache = compiled()
        self._env = env
        return env

    @event_priority(-100)
    def on_post_build(self, config: MkDocsConfig) -> None:
        """Stamp the pages of assets and accounts; write the search index and the sitemap."""
        target = Path(config.site_dir)
        urls = [file.page.url for file in self._files.documentation_pages() if file.page is not None]
        if self.contents is not None:
            try:
                same = _press(self.contents, self._shells(config), target)
            except StudbookError as error:
                raise PluginError(error.message + (f"\nhint: {error.hint}" if error.hint else "")) from error
            entries = entries_of(self.contents.site)
            urls += [entry.location for entry in entries]
            self._texts += entries
            for name, pieces in downloads.of_site(self.contents.site):
                with (target / name).open("wb") as file:
                    file.writelines(pieces)
            for name, data in views.files(self.contents.site, but=_taken(same, self.contents.tree, target)):
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                (target / name).write_bytes(data)
        for name, data in search.files(self._texts):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes(data)
        (target / "sitemap.xml").write_text(_sitemap(config.site_url or _NOWHERE, urls), encoding="utf-8")

    def _shells(self, config: MkDocsConfig) -> Shells:
        def render(section: str, headings: tuple[tuple[str, str], ...]) -> str:
            """Material's own template, by mkdocs' own way, with markers for what differs from page to page."""
            file = File.generated(config, "shell/page.md", content="", inclusion=InclusionLevel.NOT_IN_NAV)
            page = MkdocsPage(None, file, config)
            page.meta = {"title": _TITLE, "description": _DESCRIPTION, "hide": ["navigation"]}
            page.content = f"<h1></h1>{_BODY}"
            page.toc = _toc(headings)
            if page.canonical_url:
                page.canonical_url = _ADDRESS
            tab = self._files.get_file_from_path(_source(section))
            lit = tab.page if tab is not None else None
            if lit is not None:
                lit.active = True
            try:
                context = get_context(self._nav_items, self._files, config, page)
                context = config.plugins.on_page_context(context, page=page, config=config, nav=self._nav_items)
                text = self._env.get_template("main.html").render(context)
                return str(config.plugins.on_post_page(text, page=page, config=config)).replace(
                    f"<h1></h1>{_BODY}", _BODY
                )
            finally:
                if lit is not None:
                    lit.active = False

        return Shells(render, config.site_url)


class _Overview(MkdocsPage):
    """A page of the navigation whose body is HTML already."""

    def __init__(self, page: Page, body: Markup, file: File, config: MkDocsConfig) -> None:
        super().__init__(page.title, file, config)
        self._page, self._body = page, body

    @property
    def description(self) -> str:
        return self._page.description

    def read_source(self, config: MkDocsConfig) -> None:
        self.markdown = ""
        hidden = ["toc", "navigation"] if self._page.section in _WIDE else ["navigation"]
        if self._page.section in _IN_DEPTH:
            hidden = ["toc"]
        self.meta = {"description": self._page.description, "hide": hidden}

    def render(self, config: MkDocsConfig, files: Files) -> None:
        self.content = str(self._body)
        self.toc = _toc(headings_of(self._body))


_WIDE = ("explore", "compare", "models", "datasets", "evaluators", "deployments", "experiments", "jobs")
"""Pages whose picture or table needs the whole width."""

_IN_DEPTH = ("accounts", "coverage", "changes", "findings", "audit", "glossary")
"""Pages that share a tab, and so need the list of their siblings."""


def _source(name: str) -> str:
    """The source file that mkdocs.yml's nav names for a page."""
    return "index.md" if name in ("home", "") else f"{name}/index.md"


def _overview(contents: Contents, name: str) -> tuple[Page, Markup]:
    page = views.page(contents.site, name)
    body = contents.templates.render(page.template, root=page.root, page=page, **page.data)
    return page, body


def _welcome() -> tuple[Page, Markup]:
    page = Page(
        path="",
        title="Studbook",
        description="No snapshot yet",
        section="home",
        template="partials/welcome.html",
        data={},
    )
    return page, Templates().render(page.template, root="./", page=page)


_HEADING = re.compile(r'<h2 id="([a-z0-9-]+)"[^>]*>(.*?)</h2>', re.DOTALL)
_TAGS = re.compile(r"<[^>]+>")


def headings_of(body: str) -> tuple[tuple[str, str], ...]:
    """The second-level headings that have an id: a page's table of contents."""
    return tuple((anchor, _TAGS.sub("", title).strip()) for anchor, title in _HEADING.findall(body))


def _toc(headings: Iterable[tuple[str, str]]) -> TableOfContents:
    return TableOfContents([AnchorLink(title, anchor, 2) for anchor, title in headings])


# --- shells and stamping ------------------------------------------------------------------------------------------

_TITLE, _DESCRIPTION, _ADDRESS, _BODY = (
    "@@STUDBOOK-TITLE@@",
    "@@STUDBOOK-DESCRIPTION@@",
    "@@STUDBOOK-ADDRESS@@",
    "@@STUDBOOK-BODY@@",
)
_MARKERS = re.compile("|".join((_TITLE, _DESCRIPTION, _ADDRESS, _BODY)))
_INDENT = re.compile(r"\n\s+")


class Shells:
    """The theme, rendered once for each page shape."""

    def __init__(self, render: Callable[[str, tuple[tuple[str, str], ...]], str], site_url: str | None) -> None:
        self._render = render
        self._site_url = site_url
        self._known: dict[tuple[str, tuple[tuple[str, str], ...]], tuple[list[str], list[str]]] = {}

    def digest(self, section: str) -> str:
        """Of the theme as pages of a section see it."""
        texts, markers = self._shell(section, ())
        return hashlib.sha256("\n".join([*texts, *markers, self._site_url or ""]).encode()).hexdigest()

    def stamp(self, page: Page, body: Markup) -> str:
        """The whole page."""
        texts, markers = self._shell(page.section, headings_of(body))
        values = {
            _TITLE: escape(shown(page.title)),
            _DESCRIPTION: escape(shown(page.description)),
            _ADDRESS: urljoin(self._site_url or "", page.path),
            _BODY: str(body),
        }
        return "".join(chain.from_iterable(zip(texts, [*(values[marker] for marker in markers), ""], strict=True)))

    def _shell(self, section: str, headings: tuple[tuple[str, str], ...]) -> tuple[list[str], list[str]]:
        shape = (section, headings)
        if shape not in self._known:
            # Material indents deeply, which is a quarter of a page; nothing in the shell is preformatted.
            text = _INDENT.sub("\n", self._render(section, headings))
            self._known[shape] = (_MARKERS.split(text), _MARKERS.findall(text))
        return self._known[shape]


def _press(contents: Contents, shells: Shells, target: Path) -> set[str]:
    """Make or link every page that is not in the navigation, and remember what each read.

    Gives the addresses of other files that are as the earlier build has them.
    """
    site, known = contents.site, contents.known
    program = [contents.templates.digest, contents.drafting.version, code_digest(), site.settings.digest]
    program += [shells.digest(section) for section in sorted({info.section for info in KINDS.values()})]
    context = hashlib.sha256("\n".join(program).encode()).hexdigest()
    now = said(site)
    earlier, same = None, set()
    if contents.tree is not None:
        earlier = Earlier(tree=contents.tree)
        if known is not None and known.context == context and contents.old is not None:
            differing = set(now.items()) ^ set(known.said.items())
            news = changed(contents.old, site.graph) | {int(number) for number, _ in differing}
            if known.snapshot != site.envelope.envelope:
                news.add(EVERYTHING)
            earlier = Earlier(tree=contents.tree, pages=known.pages, changed=frozenset(news))
            same = views.unchanged(contents.old, site)
    contents.old = None
    press = Press(
        site=site,
        templates=contents.templates,
        drafting=contents.drafting,
        stamp=shells.stamp,
        target=target,
        earlier=earlier,
    )
    made = press.run()
    contents.made = made.fresh
    contents.known = Known(context, site.envelope.envelope, now, made.pages)
    return same


def _taken(names: Iterable[str], tree: Path | None, target: Path) -> set[str]:
    """Those of these files that could be linked from an earlier build."""
    taken: set[str] = set()
    if tree is None:
        return taken
    for name in names:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        with suppress(OSError):
            os.link(tree / name, target / name)
            taken.add(name)
    return taken


def code_digest() -> str:
    """Of the code that makes pages: a newer program makes every page anew."""
    here = Path(__file__).parents[1]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(here.rglob("*.py")))).hexdigest()


def _sitemap(base: str, urls: Iterable[str]) -> str:
    """All pages, without dates: a build's own time would change every night."""
    # Only the front page's own address, "./", has to be resolved.
    places = (urljoin(base, url) if url.startswith(".") else base + url for url in sorted(set(urls)))
    lines = [f" <url><loc>{escape(place)}</loc></url>" for place in places]
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">',
            *lines,
            "</urlset>",
            "",
        ]
    )
