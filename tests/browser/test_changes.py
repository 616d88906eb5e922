"""Changes between any two nights: what the browser adds up from steps is what `studbook diff` says of the two."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from studbook.queries.diff import Changes, diff
from studbook.store import Catalog

pytestmark = [pytest.mark.demo, pytest.mark.browser]


def between(catalog: Path, old: int, new: int) -> Changes:
    store = Catalog(catalog)
    before, after = store.resolve(str(old)), store.resolve(str(new))
    return diff(store.graph(before), store.graph(after), before.coverage, after.coverage)


class TestAnyTwo:
    @pytest.mark.parametrize(("old", "new"), [(1, 2), (1, 3), (1, 4), (2, 4)])
    def test_steps_add_up_to_the_difference(
        self, page: Page, demo_address: str, demo_catalog: Path, old: int, new: int
    ) -> None:
        """Assets that came, went or changed, and edges gained and lost, are those of the two snapshots themselves."""
        said = between(demo_catalog, old, new)
        page.goto(f"{demo_address}latest/changes/#{old}..{new}")
        expect(page.get_by_role("status").first).to_have_text(f"Snapshot {old} to {new}.")
        numbers = page.locator(".sb-steps__result .sb-numbers strong").all_inner_texts()
        gone = {named.id for named in said.assets_gone}

        assert numbers == [
            f"+{len(said.assets_added)}",
            str(sum(item.asset.id not in gone for item in said.assets_changed)),
            f"\N{MINUS SIGN}{len(said.assets_gone)}",
            f"+{len(said.edges_gained)} \N{MINUS SIGN}{len(said.edges_lost)}",
        ]
        told = page.locator(".sb-steps__result .sb-told li").all_inner_texts()
        assert sum(" runs " in line for line in told) == len(said.deployments_changed)
        assert sum(" went from " in line for line in told) == len(said.approvals_changed)

    def test_another_night_is_chosen(self, page: Page, demo_address: str) -> None:
        """The page tells its own step until another is chosen; what is named leads to the pages of the later night."""
        page.goto(demo_address + "latest/changes/")
        expect(page.get_by_role("heading", name="New", exact=True)).to_be_visible()
        page.get_by_label("From snapshot").select_option("1")
        expect(page.get_by_role("status").first).to_have_text("Snapshot 1 to 4.")
        page.get_by_role("table", name="New", exact=True).get_by_role("link").first.click()
        page.wait_for_url(demo_address + "4/**")
        page.go_back()

        expect(page.get_by_label("From snapshot")).to_have_value("1")
        page.get_by_label("To snapshot").select_option("1")
        expect(page.get_by_text("Choose an older snapshot on the left.")).to_be_visible()
