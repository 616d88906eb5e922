"""Changes between any two nights: what the browser adds up from steps is what `studbook diff` says of the two."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from studbook.model.ids import page_path
from studbook.queries.diff import Changes, WholeNight, diff
from studbook.store import Catalog

VERSION = "arn:aws:sagemaker:us-west-2:222222222222:model-package/support-bot/4"

pytestmark = [pytest.mark.demo, pytest.mark.browser]


def between(catalog: Path, old: int, new: int) -> Changes:
    store = Catalog(catalog)
    before, after = store.resolve(str(old)), store.resolve(str(new))
    return diff(*(WholeNight.of(store, night, store.graph(night)) for night in (before, after)))


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

    def test_of_one_asset_alone(self, page: Page, demo_address: str, demo_catalog: Path) -> None:
        """From a version's page to what is different of it since the night before, of other nights, and of all."""
        said = between(demo_catalog, 1, 4)
        page.goto(f"{demo_address}latest/{page_path('model_package', VERSION)}")
        page.locator(".sb-against").get_by_role("link", name="the night before").click()
        status = page.get_by_role("status").first
        expect(status).to_have_text("Nothing is different between snapshot 3 and 4. Of this asset alone. All changes")
        page.get_by_label("From snapshot").select_option("1")
        expect(status).to_have_text("Snapshot 1 to 4. Of Model version support-bot 4 alone. All changes")
        assert VERSION in {one.id for one in said.assets_added}
        mine = [edge for edge in said.edges_gained if VERSION in (edge.source, edge.target)]
        numbers = page.locator(".sb-steps__result .sb-numbers strong")
        assert numbers.all_inner_texts() == ["+1", "0", "\N{MINUS SIGN}0", f"+{len(mine)} \N{MINUS SIGN}0"]
        page.reload()
        expect(numbers).to_have_text(["+1", "0", "\N{MINUS SIGN}0", f"+{len(mine)} \N{MINUS SIGN}0"])
        status.get_by_role("link", name="All changes").click()
        expect(numbers.first).to_have_text(f"+{len(said.assets_added)}")

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
