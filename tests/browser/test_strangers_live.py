"""Hostile text in every field of the demo's estate, in a browser that would run it if anything did."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests import hostile_texts

pytestmark = [pytest.mark.demo, pytest.mark.browser]


@pytest.fixture
def page(opened: Callable[..., AbstractContextManager[Page]], strange_address: str) -> Iterator[Page]:
    """A page that fails its test if anything is run, asked for or complained of that should not be."""
    with opened(strange_address) as made:
        ran: list[object] = []
        made.expose_function(hostile_texts.RUN, lambda *how: ran.append(how))
        yield made
        assert ran == []


class TestAnywhere:
    def test_a_page_of_each_kind(self, page: Page, strange_address: str, strange_site: Path) -> None:
        """Opened, with all that can be opened, and made ready for paper: names are names."""
        largest: dict[str, Path] = {}
        for path in sorted((strange_site / "2").rglob("index.html"), key=lambda path: path.stat().st_size):
            parts = path.relative_to(strange_site / "2").parts
            largest["/".join(parts[:-1]) if len(parts) < 3 else parts[0]] = path
        for path in largest.values():
            page.goto(f"{strange_address}{path.parent.relative_to(strange_site).as_posix()}/")
            page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
            page.evaluate("dispatchEvent(new Event('beforeprint'))")
            assert page.locator("article img, article iframe").count() == 0

    def test_search_and_its_results(self, page: Page, strange_address: str) -> None:
        """A hostile name is found by its words, and shown as it is."""
        page.goto(strange_address + "latest/")
        page.keyboard.press("/")
        page.keyboard.type("support-bot")
        option = page.get_by_role("listbox", name="Results").get_by_role("option").filter(has_text="<img src=x")
        expect(option.first).to_be_visible()

    def test_tables_that_are_filtered_and_sorted(self, page: Page, strange_address: str) -> None:
        """Rows that a script makes anew have text in them."""
        page.goto(strange_address + "latest/jobs/")
        page.get_by_role("searchbox").first.fill("onerror")
        page.get_by_role("columnheader", name="Name").first.get_by_role("button").click()
        expect(page.locator("tbody tr").first).to_contain_text("<img src=x onerror=")

    def test_explore_compare_and_changes(self, page: Page, strange_address: str) -> None:
        """What is drawn, compared and told by scripts is text, in its tooltips too."""
        page.goto(strange_address + "latest/models/")
        page.get_by_role("link", name=re.compile("^support-bot 4")).first.click()
        page.get_by_role("link", name="Explore from here").click()
        expect(page.locator(".sb-explore__panel h2")).to_contain_text("<img src=x onerror=")
        page.get_by_role("button", name="Everything that made it").click()
        expect(page.locator(".sb-explore__canvas .sb-node title").nth(3)).to_contain_text("<script>")
        page.goto(strange_address + "latest/compare/")
        page.get_by_label("differences only").click()
        expect(page.get_by_role("table", name="What is equal")).to_contain_text("<img src=x onerror=")
        page.goto(strange_address + "2/changes/")
        expect(page.get_by_role("table", name="Changed", exact=True)).to_contain_text("<img src=x onerror=")
