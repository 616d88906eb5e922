"""From a snapshot to page data: pure functions, no I/O, nothing but values that JSON can hold."""

from studbook.render.views.asset import asset_page
from studbook.render.views.compare_data import compare_file
from studbook.render.views.explore import unchanged
from studbook.render.views.files import files, packed
from studbook.render.views.pages import page, place_pages, rule_pages
from studbook.render.views.site import Page, Site

__all__ = [
    "Page", "Site", "asset_page", "compare_file", "files", "packed", "page", "place_pages", "rule_pages", "unchanged",
]  # fmt: skip
