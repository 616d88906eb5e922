"""The MkDocs plugin: the pages of the navigation as MkDocs pages, all others beside them.

The pages of assets, of which there may be a hundred thousand, never become MkDocs pages: Material's own `main.html` is
rendered once for each page shape (tab and table of contents) with markers in place of title, description, address and
body, and every page fills such a shell (`page_writer.PageWriter`). A page that read nothing that changed since an
earlier build is linked from there.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

os.environ.setdefault("NO_MKDOCS_2_WARNING", "1")  # read when Material is imported, which mkdocs does

import jinja2
from markupsafe import Markup
from markupsafe import escape as safe
from mkdocs import __version__ as mkdocs_version
from mkdocs.commands.build import get_context
from mkdocs.config.base import Config
from mkdocs.config.config_options import Optional, Type
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin, event_priority, get_plugin_logger
from mkdocs.structure import StructureItem
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.nav import Navigation, Section
from mkdocs.structure.pages import Page as MkdocsPage
from mkdocs.structure.toc import AnchorLink, TableOfContents
from mkdocs.utils.templates import TemplateContext

from studbook.drawing import Drafting
from studbook.errors import StudbookError
from studbook.model import KINDS
from studbook.packaged import code_digest, packaged
from studbook.render import downloads, search, views
from studbook.render.contents import Contents, load_contents, templates_of
from studbook.render.dependencies import EVERYTHING, changed, said
from studbook.render.environment import Templates, compiled
from studbook.render.load import Lineages
from studbook.render.manual import ManualPage
from studbook.render.page_writer import Earlier, KnownBuild, PageWriter
from studbook.render.policy import InlineScripts
from studbook.render.search import SearchEntry, entries_of, page_entry, sections
from studbook.render.shells import ADDRESS, BODY, DESCRIPTION, INDENT, TITLE, Shells, headings_of
from studbook.render.styles import MINIFIED, minified, purged
from studbook.render.tree_writer import TreeWriter
from studbook.render.views import Page
from studbook.settings import Settings
from studbook.store import open_catalog

_NOWHERE = "https://catalog.invalid/latest/"
"""The sitemap's base where no address is configured: Material's selector reads paths from it, and no name to call."""


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
        self._texts: list[SearchEntry] = []
        self._scripts = InlineScripts()
        config.site_name = safe(config.site_name)  # the theme writes it as it is into each page's title
        if not self.versioned:
            self.contents = self._read(Path(config.config_file_path or ".").parent)
        templates = self.contents.templates if self.contents else Templates()
        # Whoever has templates or a mkdocs.yml of their own may use more of Material than we do.
        self._ours = self.versioned and len(templates.folders) == 1
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
        get_env = config.theme.get_env

        def without_icons() -> jinja2.Environment:
            env = get_env()
            env.loader = _Loader(config.theme.dirs)
            return env

        config.theme.get_env = without_icons  # type: ignore[method-assign]
        return config

    def _read(self, base: Path) -> Contents | None:
        catalog = open_catalog(os.environ.get("STUDBOOK_CATALOG") or str(base / self.config.catalog))
        if catalog.latest() is None:
            return None
        try:
            settings = catalog.settings() if catalog.settings_file.exists() else Settings()
            drafting = Drafting(base / self.config.cache if self.config.cache else None, settings.site.pictures)
            envelope = catalog.resolve(self.config.snapshot)
            templates, report = templates_of(catalog, settings), get_plugin_logger("studbook").info
            return load_contents(Lineages(catalog), settings, envelope, templates, drafting, report=report)
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
            if (manual := files.get_file_from_path(f"{page.section}.md")) is not None:  # both would be one address
                manual.dest_uri = f"manual/{manual.dest_uri}"
            file = File.generated(config, source, content="", inclusion=InclusionLevel.INCLUDED)
            files.append(file)
            _Overview(page, body, file, config)
        theme = packaged("templates") / "theme"
        for file in files:
            name = file.src_uri
            if name in MINIFIED and file.abs_src_path == str(theme / name):  # a user's own stay as they are
                file.content_string = minified(name, file.content_string)
            elif self._ours and _MATERIAL.match(name):
                file.content_string = purged(file.content_string)
        return files

    def on_page_content(self, html: str, page: MkdocsPage, config: MkDocsConfig, files: Files) -> str:
        """Pages of text can be searched too, section by section."""
        if isinstance(page, _Overview):
            self._texts.append(page.entry)
        elif not (page.meta.get("search") or {}).get("exclude"):
            self._texts += sections(page.url, str(page.title), html)
        return html

    def on_nav(self, nav: Navigation, config: MkDocsConfig, files: Files) -> Navigation:
        """Keep what the shells are rendered with; pages of our own manual are parsed once, not each night."""
        self._nav_items, self._files = nav, files
        for file in files.documentation_pages() if self.versioned else ():
            if file.page.__class__ is MkdocsPage:
                file.page.__class__ = ManualPage
        return nav

    def on_page_context(
        self, context: TemplateContext, *, page: MkdocsPage, config: MkDocsConfig, nav: Navigation
    ) -> TemplateContext:
        """The menu lists the pages of the manual on these themselves; on a hundred thousand others it opens it."""
        if isinstance(page, _Overview) or page.file.src_uri == _SHELL:
            context["nav"] = Navigation([_closed(item) for item in nav.items], nav.pages)
        return context

    def on_env(self, env: jinja2.Environment, config: MkDocsConfig, files: Files) -> jinja2.Environment:
        """Keep what the shells are rendered with."""
        env.bytecode_cache = compiled(f"mkdocs-{mkdocs_version}")
        self._env = env
        return env

    def on_post_page(self, output: str, page: MkdocsPage, config: MkDocsConfig) -> str:
        """Under the site's policy no script stands in a page; what Material puts around the text is not indented."""
        shell, article, rest = output.partition("<article")
        return self._scripts.moved(INDENT.sub("\n", shell) + article + rest, page.url)

    @event_priority(-100)
    def on_post_build(self, config: MkDocsConfig) -> None:
        """Writes the pages of assets and accounts; write the search index and the sitemap."""
        target = Path(config.site_dir)
        tree = TreeWriter(target, self.contents.tree if self.contents else None)
        urls = [file.page.url for file in self._files.documentation_pages() if file.page is not None]
        if self.contents is not None:
            try:
                taken = _write_pages(self.contents, self._shells(config), tree)
                for line in self.contents.failed if not self.versioned else ():
                    get_plugin_logger("studbook").warning("could not be made: %s", line)
            except StudbookError as error:
                if self.versioned:  # MkDocs would say that it aborted, and not why
                    raise
                raise PluginError(error.message + (f"\nhint: {error.hint}" if error.hint else "")) from error
            entries = entries_of(self.contents.site)
            urls += [entry.location for entry in entries]
            self._texts += entries
            for name, pieces in downloads.of_site(self.contents.site):
                with (target / name).open("wb") as file:
                    file.writelines(pieces)
            for name, data in views.files(self.contents.site, but=taken):
                tree.put(name, data)
        self._scripts.write(target)
        for name, data in search.files(self._texts):
            tree.put(name, data)
        (target / "sitemap.xml").write_text(_sitemap(config.site_url or _NOWHERE, urls), encoding="utf-8")

    def _shells(self, config: MkDocsConfig) -> Shells:
        def render(section: str, headings: tuple[tuple[str, str], ...]) -> str:
            """Material's own template, by mkdocs' own way, with markers for what differs from page to page."""
            file = File.generated(config, _SHELL, content="", inclusion=InclusionLevel.NOT_IN_NAV)
            page = MkdocsPage(None, file, config)
            page.meta = {"title": TITLE, "description": DESCRIPTION, "hide": ["navigation"]}
            page.content = f"<h1></h1>{BODY}"
            page.toc = _toc(headings)
            if page.canonical_url:
                page.canonical_url = ADDRESS
            tab = self._files.get_file_from_path(_source(section))
            lit = tab.page if tab is not None else None
            if lit is not None:
                lit.active = True
            try:
                context = get_context(self._nav_items, self._files, config, page)
                context = config.plugins.on_page_context(context, page=page, config=config, nav=self._nav_items)
                text = self._env.get_template("main.html").render(context)
                return str(config.plugins.on_post_page(text, page=page, config=config)).replace(
                    f"<h1></h1>{BODY}", BODY
                )
            finally:
                if lit is not None:
                    lit.active = False

        return Shells(render, config.site_url)


class _Loader(jinja2.FileSystemLoader):
    """Lists nothing of hidden folders: MkDocs copies nothing out of them, and Material has ten thousand icons there."""

    def list_templates(self) -> list[str]:
        found: set[str] = set()
        for root in self.searchpath:
            for folder, folders, names in os.walk(root):
                folders[:] = [name for name in folders if not name.startswith(".")]
                found.update(Path(folder, name).relative_to(root).as_posix() for name in names)
        return sorted(found)


class _Overview(MkdocsPage):
    """A page of the navigation whose body is HTML already."""

    def __init__(self, page: Page, body: Markup, file: File, config: MkDocsConfig) -> None:
        super().__init__(page.title, file, config)
        self._page, self._body = page, body

    @property
    def entry(self) -> SearchEntry:
        """What search knows of it."""
        return page_entry(self.url, self._page.section, self._page.title, self._page.description)

    def read_source(self, config: MkDocsConfig) -> None:
        self.markdown = ""
        hidden = ["toc", "navigation"] if self._page.section in _WIDE else ["navigation"]
        if self._page.section in _IN_DEPTH:
            hidden = ["toc"]
        self.meta = {"description": self._page.description, "hide": hidden}

    def render(self, config: MkDocsConfig, files: Files) -> None:
        self.content = str(self._body)
        self.toc = _toc(headings_of(self._body))


def _closed(item: StructureItem) -> StructureItem:
    """A section that has none of our pages, as its first page alone."""
    if isinstance(item, Section) and not any(isinstance(one, _Overview) for one in item.children):
        return Section(item.title, item.children[:1])
    return item


_SHELL = "shell/page.md"
_MATERIAL = re.compile(r"assets/stylesheets/(main|palette)\.\w+\.min\.css$")

_WIDE = ("explore", "compare", "models", "datasets", "evaluators", "deployments", "experiments", "jobs")
"""Pages whose picture or table needs the whole width."""

_IN_DEPTH = ("incident", "accounts", "coverage", "changes", "findings", "audit", "glossary")
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


def _toc(headings: Iterable[tuple[str, str]]) -> TableOfContents:
    return TableOfContents([AnchorLink(title, anchor, 2) for anchor, title in headings])


def _write_pages(contents: Contents, shells: Shells, tree: TreeWriter) -> set[str]:
    """Make or link every page that is not in the navigation, and remember what each read.

    Gives the addresses of other files that were linked as they are in the earlier build.
    """
    site, known = contents.site, contents.known
    program = [contents.templates.digest, contents.drafting.version, code_digest(), site.settings.digest]
    program += [shells.digest(section) for section in sorted({info.section for info in KINDS.values()})]
    context = hashlib.sha256("\n".join(program).encode()).hexdigest()
    now = said(site)
    earlier, taken = None, set()
    if known is not None and known.context == context and contents.old is not None:
        differing = set(now.items()) ^ set(known.said.items())
        news = changed(contents.old, site.graph) | {int(number) for number, _ in differing}
        if known.snapshot != site.envelope.envelope:
            news.add(EVERYTHING)
        earlier = Earlier(known.pages, frozenset(news))
        taken = _taken(views.unchanged(contents.old, site), tree)
    contents.old = None
    writer = PageWriter(
        site=site,
        templates=contents.templates,
        drafting=contents.drafting,
        fill_shell=shells.fill_shell,
        tree=tree,
        earlier=earlier,
    )
    made = writer.run()
    contents.made, contents.failed = made.fresh, made.failed
    contents.known = KnownBuild(context, site.envelope.envelope, now, made.pages)
    return taken


def _taken(names: Iterable[str], tree: TreeWriter) -> set[str]:
    """Those of these files that could be linked from an earlier build."""
    taken: set[str] = set()
    for name in names:
        with suppress(OSError):
            tree.link(name)
            taken.add(name)
    return taken


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
