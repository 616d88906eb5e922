"""Journeys through a built site in Chromium: everything answers, nothing asks another host, strangers stay text."""

from __future__ import annotations

import csv
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import pairwise
from operator import itemgetter

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from tests import small_catalog as small

from studbook.cli.site import listen
from studbook.model.ids import page_path
from studbook.render.environment import Templates
from studbook.render.views.tables import Column, Table

pytestmark = pytest.mark.browser


@pytest.fixture
def page(opened: Callable[..., AbstractContextManager[Page]], address: str) -> Iterator[Page]:
    """A page of the small catalog's site."""
    with opened(address) as made:
        yield made


def path_of(asset_id: str) -> str:
    asset = next(asset for asset in small.assets() if asset.id == asset_id)
    return page_path(asset.kind, asset.id)


def results(page: Page) -> Locator:
    """What search found."""
    return page.get_by_role("listbox", name="Results")


class TestJourneys:
    def test_from_home_to_the_data_behind_production(self, page: Page, address: str) -> None:
        """From the front page, the dataset behind the production model is one click away."""
        page.goto(address)
        page.wait_for_url("**/latest/")  # whole: a click while the tables are dressed finds its link moved
        page.get_by_role("table", name="Models").get_by_role("link", name="support-chats aaaa").click()

        expect(page.locator("h1")).to_have_text("support-chats aaaa")

    def test_from_a_model_card_over_its_picture_to_the_account(self, page: Page, address: str) -> None:
        """A model card's picture leads to its endpoint, and that to the account it runs in."""
        page.goto(address + "latest/" + path_of(small.PACKAGE_2))
        expect(page.locator("h1")).to_have_text("bot/2")
        page.locator("svg.sb-lineage a.sb-kind-endpoint").click()
        expect(page.locator(".sb-overline")).to_have_text(re.compile("endpoint", re.IGNORECASE))
        page.locator(".sb-where").get_by_role("link", name="prod").click()

        expect(page.locator("h1")).to_have_text("prod")
        expect(page.get_by_role("heading", name="Endpoints")).to_be_visible()

    def test_evidence_is_one_click_away(self, page: Page, address: str) -> None:
        """Each edge in the list opens to the field of the operation that says so."""
        page.goto(address + "latest/" + path_of(small.JOB))
        page.get_by_role("table", name="Upstream edges").locator("summary").first.click()

        expect(page.get_by_text("sagemaker:DescribeTrainingJob#").first).to_be_visible()

    def test_search_finds_an_asset(self, page: Page, address: str) -> None:
        """A slash opens the search; a name and Enter lead to its page, whichever page one is on."""
        page.goto(address + "latest/" + path_of(small.PACKAGE_2))
        page.keyboard.press("/")
        page.keyboard.type("judge-1")
        expect(results(page).get_by_role("option", name="judge-1").first).to_have_attribute("aria-selected", "true")
        page.keyboard.press("Enter")

        expect(page.locator("h1")).to_have_text("judge-1")

    def test_search_by_keyboard(self, page: Page, address: str) -> None:
        """Arrows move among the results, and Escape gives the page back."""
        page.goto(address + "latest/")
        page.get_by_role("button", name="Search", exact=True).click()
        page.keyboard.type("bot")
        # Until the answer comes, the newest pages are listed; with it, the first result is chosen again.
        expect(results(page).locator("mark").filter(has_text=re.compile("^bot$")).nth(1)).to_be_visible()
        page.keyboard.press("ArrowDown")
        expect(results(page).get_by_role("option").nth(1)).to_have_attribute("aria-selected", "true")
        page.keyboard.press("Escape")

        expect(page.get_by_role("dialog")).to_have_count(0)

    def test_search_narrows_by_facet(self, page: Page, address: str) -> None:
        """A kind that is chosen leaves its own; without a word, it lists them all."""
        page.goto(address + "latest/")
        page.keyboard.press("s")
        page.get_by_role("combobox", name="Kind").select_option(label="Dataset version (2)")

        expect(results(page).get_by_role("option")).to_have_count(2)
        expect(page.get_by_role("status").filter(has_text="2 pages")).to_be_visible()

    def test_search_finds_the_manual(self, page: Page, address: str) -> None:
        """The words of the manual lead to its section."""
        page.goto(address + "latest/")
        page.keyboard.press("/")
        page.keyboard.type("glossary")

        expect(results(page).get_by_role("option", name="Glossary").first).to_be_visible()

    def test_search_shows_strangers_as_text(self, page: Page, address: str) -> None:
        """A hostile name in the search results is a name."""
        page.goto(address + "latest/")
        page.keyboard.press("/")
        page.keyboard.type("script alert")

        expect(results(page).get_by_role("option").filter(has_text="<script>").first).to_be_visible()

    def test_search_works_from_a_folder(self, browser: Browser, sites: small.Sites) -> None:
        """Without any server, a page that is opened from a folder searches too, and leads to a page."""
        opened = browser.new_page()
        opened.goto((sites.output / "2" / path_of(small.PACKAGE_2) / "index.html").as_uri())
        opened.keyboard.press("/")
        opened.keyboard.type("judge-1")
        results(opened).get_by_role("option", name="judge-1").first.click()
        expect(opened.locator("h1")).to_have_text("judge-1")
        opened.close()

    def test_the_selector_leads_to_the_night_before(self, page: Page, address: str) -> None:
        """The version selector goes to the same page in another snapshot, which says that it is not the latest."""
        page.goto(address + "latest/" + path_of(small.PACKAGE_2))
        page.locator(".md-version__current").hover(force=True)
        page.locator(".md-version__link", has_text="1 · 2026-11-21").click()
        page.wait_for_url(f"{address}1/{path_of(small.PACKAGE_2)}")

        expect(page.get_by_text("This is an earlier snapshot: 1, as of 2026-11-21.")).to_be_visible()
        page.get_by_role("link", name="Go to the latest.").click()
        page.wait_for_url(f"{address}latest/{path_of(small.PACKAGE_2)}")


class TestExplore:
    def test_a_picture_leads_to_it_and_it_opens_step_by_step(self, page: Page, address: str) -> None:
        """From an asset's page to Explore, along the arrows to its endpoint's page, all by keyboard."""
        page.goto(address + "latest/" + path_of(small.BASE))
        page.get_by_role("link", name="Explore from here").click()
        page.wait_for_url(f"{address}latest/explore/#{path_of(small.BASE)}")
        page.get_by_role("button", name="Base model llama").focus()
        page.keyboard.press("ArrowRight")
        expect(page.locator(".sb-explore__panel h2")).to_have_text("llama 1.2.0")
        page.get_by_role("button", name="Everything it reaches").press("Enter")
        expect(page.get_by_role("button", name="Endpoint bot")).to_be_visible()

        expect(page.get_by_role("table", name="Arrows that are shown")).to_be_visible()
        both = "#sb-explore-list tbody tr", ".sb-explore__canvas path.sb-edge"
        rows, arrows = page.evaluate("(both) => both.map((one) => document.querySelectorAll(one).length)", both)
        assert rows >= arrows > 5
        page.get_by_role("button", name="Endpoint bot").press("Enter")
        page.get_by_role("link", name="Open its page").press("Enter")
        expect(page.locator("h1")).to_have_text("bot")

    def test_finds_an_asset_and_goes_back(self, page: Page, address: str) -> None:
        """The search box opens any asset of the snapshot; the browser's own way back leads back."""
        page.goto(address + "latest/explore/#" + path_of(small.BASE))
        page.get_by_role("searchbox", name="Find an asset to explore").press_sequentially("script")
        page.locator(".sb-explore__found button").first.press("Enter")
        expect(page.locator(".sb-explore__panel h2")).to_have_text(small.HOSTILE)
        page.go_back()

        expect(page.locator(".sb-explore__panel h2")).to_have_text("llama")

    def test_pans_and_zooms(self, page: Page, address: str) -> None:
        """Dragging moves the picture and the buttons zoom it; neither opens anything."""
        page.goto(address + "latest/explore/#" + path_of(small.JOB))
        layer = page.locator(".sb-explore__canvas svg > g")
        expect(layer).to_have_attribute("transform", re.compile("scale"))
        before = layer.get_attribute("transform")
        box = page.locator(".sb-explore__canvas").bounding_box()
        assert box
        page.mouse.move(box["x"] + 40, box["y"] + 30)
        page.mouse.down()
        page.mouse.move(box["x"] + 140, box["y"] + 90, steps=4)
        page.mouse.up()
        moved = layer.get_attribute("transform")
        page.get_by_role("button", name="Zoom in").click()

        assert before != moved != layer.get_attribute("transform")
        assert "explore/" in page.url


@pytest.fixture(scope="module")
def long_table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a page with a table of ten thousand rows."""
    folder = tmp_path_factory.mktemp("long")
    rows = [(f"job-{n:05}", ("dev", "prod")[n % 2], n, f"{n % 7} days") for n in range(10_000)]
    columns = [Column("Name", itemgetter(0)), Column("Account", itemgetter(1), facet=True), Column("N", itemgetter(2))]
    columns.append(Column("Age", itemgetter(3)))
    table = Table("Jobs", columns, rows, "jobs")
    templates = Templates()
    (folder / "t.html").write_text('{% from "partials/macros.html" import table with context %}{{ table(data) }}')
    body = Templates(folder).render("t.html", root="", data=table.on_page())
    (folder / "index.html").write_text(
        '<!doctype html><meta charset="utf-8"><title>t</title><link rel="icon" href="data:,">'
        f'<link rel="stylesheet" href="studbook.css"><article class="md-typeset">{body}</article>'
        '<script src="studbook.js"></script>'
    )
    for name in ("studbook.css", "studbook.js"):
        shutil.copy(templates.theme_folders()[0] / "assets" / name, folder)
    (folder / "lists").mkdir()
    (folder / "lists" / "jobs.json").write_text(table.whole())
    server = listen(folder, 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


class TestCompare:
    def test_two_versions_side_by_side(self, page: Page, address: str) -> None:
        """From the list of models to two versions and what differs between them, with links to what each fact names."""
        page.goto(address + "latest/models/")
        page.get_by_role("link", name="Compare two versions").click()
        expect(page.get_by_role("status")).to_contain_text("differ")
        table = page.get_by_role("table", name="What differs")
        expect(table.get_by_role("row", name="approval")).to_contain_text("Rejected")
        expect(table.get_by_role("row", name="approval")).to_contain_text("Approved")
        page.locator(".sb-compare__things input:checked").first.click()
        expect(page.get_by_role("status")).to_have_text("Choose one more.")


class TestTables:
    def test_ten_thousand_rows(self, browser: Browser, long_table: str) -> None:
        """A long table has its first rows on the page and asks for the rest when somebody looks further; printed, it
        says how many of its rows are there."""
        context = browser.new_context()
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(long_table)
        status = page.get_by_role("status")
        expect(status).to_have_text("1 to 50 of 10,000")
        assert not any("lists" in url for url in asked)

        page.get_by_role("searchbox").fill("job-0999")
        expect(status).to_have_text("1 to 10 of 10")
        page.get_by_label("Account: Jobs").select_option("prod")
        expect(status).to_have_text("1 to 5 of 5")
        page.get_by_role("searchbox").fill("")
        page.get_by_label("Account: Jobs").select_option("")
        page.get_by_role("columnheader", name="N", exact=True).get_by_role("button").click()
        page.get_by_role("columnheader", name="N", exact=True).get_by_role("button").click()
        assert page.locator("tbody tr").first.inner_text().startswith("job-09999")
        page.get_by_role("button", name="Next").click()
        expect(status).to_have_text("51 to 100 of 10,000")
        assert page.locator("tbody tr").count() == 50

        left = page.locator(".sb-left")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        expect(left).to_have_text("50 of 10,000 rows")
        page.get_by_role("searchbox").fill("job-0999")
        expect(status).to_have_text("1 to 10 of 10")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        expect(left).to_have_text("10 of 10,000 rows · with “job-0999”")
        context.close()

    @pytest.mark.parametrize("width", [390, 1400])
    def test_a_phone_has_a_wide_row_below_its_titles(self, browser: Browser, long_table: str, width: int) -> None:
        """What a row says stays in the window of a phone, each cell below the other and beside the title of its column.

        Rows that were fetched are as those that came with the page, and the titles still sort.
        """
        context = browser.new_context(viewport={"width": width, "height": 800})
        page = context.new_page()
        page.goto(long_table)
        page.get_by_role("button", name="Next").click()
        expect(page.get_by_role("status")).to_have_text("51 to 100 of 10,000")
        page.get_by_role("columnheader", name="N", exact=True).get_by_role("button").click()
        cells = page.locator("tbody tr").first.locator("td")
        boxes = [box for cell in cells.all() if (box := cell.bounding_box())]
        titles = cells.evaluate_all("cells => cells.slice(1).map((cell) => getComputedStyle(cell, '::before').content)")
        heads = page.get_by_role("columnheader").all_inner_texts()[1:]
        if width > 1000:
            assert len({box["y"] for box in boxes}) == 1
            assert set(titles) == {"none"}
        else:
            assert all(box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes)
            assert all(above["y"] + above["height"] <= below["y"] + 1 for above, below in pairwise(boxes))
            assert titles == [f'"{head}"' for head in heads]
        context.close()

    def test_filter_and_sort(self, page: Page, address: str) -> None:
        """A long table filters by any word and sorts by any column."""
        page.goto(address + f"latest/accounts/{small.DEV}/")
        table = page.get_by_role("table", name="Assets of this account")
        page.get_by_role("searchbox", name="Filter: Assets of this account").fill("evaluator version")
        assert table.locator("tbody tr:visible").count() == 1

        page.get_by_role("searchbox", name="Filter: Assets of this account").fill("")
        table.get_by_role("button", name="Name").click()
        names = table.locator("tbody tr:visible td:first-child .sb-name").all_inner_texts()
        assert names[-1].startswith("train")

    def test_what_is_chosen_is_in_the_address_and_in_the_file(self, page: Page, address: str) -> None:
        """Filter, choice and order survive a reload; the CSV has the rows that are shown, in their order."""
        page.goto(address + f"latest/accounts/{small.DEV}/")
        table = page.get_by_role("table", name="Assets of this account")
        table.get_by_role("button", name="Name").click()
        table.get_by_role("button", name="Name").click()
        page.get_by_label("Kind: Assets of this account").select_option("Training job")
        page.get_by_role("searchbox", name="Filter: Assets of this account").fill("t")
        expect(page).to_have_url(re.compile("assets-of-this-account.q=t"))
        rows = table.locator("tbody tr:visible td:first-child")
        before = rows.all_inner_texts()
        page.reload()
        expect(page.get_by_role("searchbox", name="Filter: Assets of this account")).to_have_value("t")
        expect(page.get_by_label("Kind: Assets of this account")).to_have_value("Training job")
        assert rows.all_inner_texts() == before
        with page.expect_download() as saved:
            page.locator(".sb-tools", has=page.get_by_role("searchbox")).get_by_role("button", name="CSV").click()
        with saved.value.path().open(newline="", encoding="utf-8") as file:
            told = list(csv.reader(file))
        assert told[0][0] == "Name"
        assert [" ".join(row[0].split()) for row in told[1:]] == [" ".join(one.split()) for one in before]

    def test_no_cell_of_a_file_is_a_formula(self, page: Page, address: str) -> None:
        """Whichever page's script writes the CSV file; a number is no formula, and what is not known is empty."""
        page.goto(f"{address}latest/")
        cells = ["=1", "+a", "-a", "@a", "\t=1", "\r=1", "\n=1", "\uff1d1", "\uff0ba", "\uff0da", "\uff20a"]
        with page.expect_download() as saved:
            page.evaluate("(rows) => studbook.saveCsv('cells', rows)", [cells, ["-1,234.5", "+1", 0, None, 'a "b"']])
        with saved.value.path().open(newline="", encoding="utf-8") as file:
            assert list(csv.reader(file)) == [[f"'{cell}" for cell in cells], ["-1,234.5", "+1", "0", "", 'a "b"']]
        assert saved.value.suggested_filename == "cells.csv"


_IN_BOTH_PALETTES = """() => {
  const shown = () => [document.body.dataset.mdColorScheme, document.documentElement.scrollWidth > innerWidth + 1];
  const first = shown();
  document.querySelector("[data-md-component=palette] label:not([hidden])").click();
  return [first, shown()];
}"""


class TestEveryPage:
    def test_opens_without_errors(self, browser: Browser, address: str, sites: small.Sites) -> None:
        """Every page of the site opens at phone width, in both palettes, without error, foreign request or overflow.

        It opens in the palette that was chosen on the page before, and is switched to the other: no script but the
        theme's, which all pages share, asks for the palette.
        """
        context = browser.new_context(viewport={"width": 390, "height": 800}, color_scheme="dark")
        opened = context.new_page()
        wrong: list[str] = []
        opened.on("console", lambda message: message.type == "error" and wrong.append(f"{opened.url}: {message.text}"))
        opened.on("pageerror", lambda error: wrong.append(f"{opened.url}: {error}"))
        opened.on(
            "request", lambda request: not request.url.startswith((address, "data:")) and wrong.append(request.url)
        )
        palettes = ["slate", "default"]
        for path in sorted((sites.output / "2").rglob("index.html")):
            opened.goto(f"{address}2/{path.parent.relative_to(sites.output / '2').as_posix()}/")
            if (shown := opened.evaluate(_IN_BOTH_PALETTES)) != [[palette, False] for palette in palettes]:
                wrong.append(f"{opened.url}: wider than the window, or not in the palette that was chosen: {shown}")
            palettes.reverse()
        context.close()

        assert wrong == []


class TestPolicy:
    @pytest.mark.parametrize("where", ["served", "from a folder"])
    def test_no_script_of_a_page_runs(self, browser: Browser, sites: small.Sites, address: str, where: str) -> None:
        """Wherever the site stands, the browser refuses what is written into a page, and the site's own scripts run."""
        page = browser.new_page()
        page.goto(f"{address}latest/" if where == "served" else (sites.output / "latest/index.html").as_uri())

        page.evaluate(
            "() => { const one = document.createElement('script'); one.textContent = 'window.ran = 1';"
            "document.body.append(one); document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=ran=1>'); }"
        )
        page.wait_for_timeout(200)

        assert page.evaluate("window.ran === undefined && typeof __md_get === 'function'")
        page.close()

    def test_what_is_refused_is_told(self, opened: Callable[..., AbstractContextManager[Page]], address: str) -> None:
        """So that every page that a test opens is held to its policy: here one breaks it."""

        def breaking() -> None:
            with opened(address) as page:
                page.goto(f"{address}latest/")
                page.evaluate(
                    "() => { const one = document.createElement('script'); one.textContent = 'ran = 1';"
                    "document.body.append(one); }"
                )
                page.wait_for_timeout(200)

        with pytest.raises(AssertionError, match="Content Security Policy"):
            breaking()

    def test_an_address_that_leads_nowhere(self, browser: Browser, address: str) -> None:
        """Its page keeps its policy, the script in it included, however deep below the site's root it is asked for."""
        page = browser.new_page()
        page.add_init_script(
            "addEventListener('securitypolicyviolation', (one) => { (window.refused ??= []).push(1) })"
        )
        for path in ("nowhere", "latest/no/where/at/all/"):
            page.goto(f"{address}{path}")
            page.wait_for_timeout(200)
            assert page.evaluate("window.refused === undefined")
        assert page.input_value("#q") == "all"  # its script has run
        page.close()
