"""What one site is made of, read from a snapshot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from studbook.drawing import Drafting
from studbook.exports.edition import Edition
from studbook.lineage.graph import Graph
from studbook.model import Envelope
from studbook.people import people_of
from studbook.render.environment import Templates
from studbook.render.load import Lineages, load_site
from studbook.render.page_writer import KnownBuild
from studbook.render.views import Site
from studbook.settings import Settings
from studbook.store import Catalog


@dataclass(kw_only=True)
class Contents:
    """What one site is made of."""

    site: Site
    templates: Templates
    drafting: Drafting
    tree: Path | None = None
    """A site built earlier, from which pages may be taken."""
    known: KnownBuild | None = None
    """What is remembered of it, and after the build of this one."""
    old: Graph | None = None
    """The lineage that it shows."""
    made: int = 0
    """How many pages the build made anew."""
    failed: list[str] = field(default_factory=list)
    """What could not be made of an asset, and why, each in a line."""


def load_contents(
    lineages: Lineages,
    settings: Settings,
    envelope: Envelope,
    templates: Templates,
    drafting: Drafting,
    *,
    report: Callable[[str], None],
) -> Contents:
    """Read a snapshot and everything that is said of it; how the site looks is said by today's `settings`."""
    catalog = lineages.catalog
    people = people_of(catalog, envelope, lambda problem: report(f"warning: {problem.message}"))
    if isinstance(catalog, Edition):
        people = catalog.told(people)
    told = replace(people, settings=people.settings.model_copy(update={"site": settings.site}))
    site = load_site(lineages, envelope, told)
    return Contents(site=site, templates=templates, drafting=drafting)


def templates_of(catalog: Catalog, settings: Settings) -> Templates:
    """The packaged templates, below the folder of one's own that the configuration names. Raises BuildError where
    that is missing."""
    return Templates(catalog.root / settings.site.templates if settings.site.templates else None)
