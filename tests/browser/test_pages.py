"""The demo's site in Chromium: every page type for everybody, and the journeys that it is made for."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.visits import PRINTED_WIDTH, WIDE_IN_PRINT, WIDE_TABLES, serious, stylesheets, visit

from studbook.queries.answer import natural

pytestmark = [pytest.mark.demo, pytest.mark.browser]

Opener = Callable[..., AbstractContextManager[Page]]

_MANUAL = Path(__file__).parents[2] / "docs"
_RULES_OF = """(text) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  return [...sheet.cssRules].map((rule) => rule.cssText).join("\\n").replaceAll(", ", ",");
}"""

_UNSEEN_FOCUS = """() => {
  const it = document.activeElement;
  if (!it || it === document.body) return "";
  const how = getComputedStyle(it), inner = it.querySelector("path");
  const stroke = inner && getComputedStyle(inner).strokeWidth;
  const outline = how.outlineStyle !== "none" && parseFloat(how.outlineWidth) >= 1;
  return outline || how.boxShadow !== "none" || parseFloat(stroke) >= 3 ? "seen" : it.outerHTML.slice(0, 160);
}"""


def lit(page: Page) -> Locator:
    """The page's own heading."""
    return page.locator("h1")


@pytest.fixture(scope="module")
def visited(request: pytest.FixtureRequest, opened: Opener, demo_address: str, demo_site: Path) -> dict[str, list[str]]:
    """What is wrong with the pages of each type, for each look that a test of this run asks for."""
    own = [item for item in request.session.items if item.path == request.path and isinstance(item, pytest.Function)]
    asked = {item.callspec.params.get("wrong") for item in own if hasattr(item, "callspec")}
    with opened(demo_address) as page:
        return visit(page, demo_address, demo_site, asked)


@pytest.fixture
def wrong(request: pytest.FixtureRequest, visited: dict[str, list[str]]) -> list[str]:
    """What the look of that name finds wrong, on any page type."""
    return visited[request.param]


def on_every_page_type(*looks: str) -> pytest.MarkDecorator:
    """A test of what these looks find, each by itself: all are taken in one visit to each page."""
    return pytest.mark.parametrize("wrong", looks, indirect=True)


class TestEverybody:
    @on_every_page_type("axe-1280-light", "axe-390-dark")
    def test_axe_finds_nothing_serious(self, wrong: list[str]) -> None:
        """Every page type, all of it opened, holds to WCAG 2.2 AA as far as axe can tell."""
        assert wrong == []

    @on_every_page_type("tables")
    def test_each_table_can_be_taken_away(self, wrong: list[str]) -> None:
        """On every page type: as CSV; no column says one thing in every row, no chart leaves its cell, and what is
        pressed or checked is 24 pixels or more."""
        assert wrong == []

    @on_every_page_type("wide-390")
    def test_a_phone_scrolls_no_table_sideways(self, wrong: list[str]) -> None:
        """On every page type: a table that is wider than a phone stands row by row there; a matrix alone scrolls."""
        assert wrong == []

    @on_every_page_type("cut-390")
    def test_a_phone_shows_every_text_whole(self, wrong: list[str]) -> None:
        """On every page type: no text runs over the edge of its box, where the next one or nothing is."""
        assert wrong == []

    @pytest.mark.parametrize(("width", "lines"), [(1280, 7), (1400, 5)])
    def test_who_approved_has_its_room(self, opened: Opener, demo_address: str, width: int, lines: int) -> None:
        """The table of approvals scrolls on no desktop, and says in few lines who did it, and by which event."""
        with opened(demo_address, width=width) as page:
            page.goto(f"{demo_address}latest/audit/")
            table = page.get_by_role("table", name="Approvals")
            expect(table.locator("tbody tr").first).to_be_visible()
            assert table.evaluate("(one) => one.scrollWidth - one.closest('.sb-scroll').clientWidth") <= 1
            tallest = table.evaluate("(one) => Math.max(...[...one.tBodies[0].rows].map((row) => row.offsetHeight))")
            assert tallest <= lines * 22 + 20

    def test_names_stand_below_each_other(self, opened: Opener, demo_address: str) -> None:
        """Where some rows of a table have a box to compare, the names of all begin at one place, however long."""
        with opened(demo_address) as page:
            page.goto(f"{demo_address}latest/jobs/")
            names = page.get_by_role("table", name="Jobs").locator("tbody td:first-child > .sb-name")
            assert names.count() > 20
            left = "(all) => [...new Set(all.map((one) => Math.round(one.getBoundingClientRect().left)))]"
            assert len(names.evaluate_all(left)) == 1

    def test_every_endpoint_fits_a_phone(self, opened: Opener, demo_address: str, demo_site: Path) -> None:
        """Also one whose record names images by digest within a list: nothing is wider than the window."""
        with opened(demo_address, width=390) as page:
            for folder in sorted((demo_site / "latest" / "endpoint").iterdir()):
                page.goto(f"{demo_address}latest/endpoint/{folder.name}/")
                assert page.evaluate("document.documentElement.scrollWidth") <= 390, folder.name

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_axe_finds_nothing_serious_in_what_opens(self, opened: Opener, demo_address: str, scheme: str) -> None:
        """Search with results, Explore with a neighbourhood and the list of versions hold to it too."""
        known: set[str] = set()
        with opened(demo_address, scheme=scheme) as page:
            page.goto(f"{demo_address}latest/")
            page.keyboard.press("/")
            page.keyboard.type("support")
            expect(page.get_by_role("listbox", name="Results").get_by_role("option").first).to_be_visible()
            found = serious(page, known)
            page.keyboard.press("Escape")
            page.goto(f"{demo_address}latest/explore/")
            page.get_by_role("button", name=re.compile("Everything that made it")).click()
            expect(page.locator(".sb-explore__canvas .sb-node").nth(4)).to_be_visible()
            found += serious(page, known)
            page.locator(".md-version__current").focus()
            expect(page.locator(".md-version__link").first).to_be_visible()
            found += serious(page, known)

        assert found == []

    @pytest.mark.parametrize("path", ["latest/", "latest/jobs/", "latest/explore/", "latest/compare/"])
    def test_who_uses_the_keyboard_sees_where_it_is(self, page: Page, demo_address: str, path: str) -> None:
        """Each of the first stops of the Tab key shows that it has the focus."""
        page.goto(demo_address + path)
        page.wait_for_load_state("networkidle")
        stops = []
        for _ in range(45):
            page.keyboard.press("Tab")
            stops.append(page.evaluate(_UNSEEN_FOCUS))

        assert stops.count("seen") > 20
        assert set(stops) <= {"seen", ""}


class TestOrder:
    def test_a_table_sorts_names_as_the_build_does(self, page: Page, demo_address: str) -> None:
        """One natural order: of numbers, case and versions."""
        page.goto(f"{demo_address}latest/")
        names = ["team-10", "team-2", "Team-1", "v1.10", "v1.9", "b/10", "b/9", "b", "10", "9", "team-2-eu"]
        assert page.evaluate("(names) => names.sort(window.studbook.byName)", names) == sorted(names, key=natural)

    @on_every_page_type("breaks-1280", "breaks-390")
    def test_no_region_date_or_account_breaks(self, wrong: list[str]) -> None:
        """On every page type: each that stands by itself in a text is in one line of it, however narrow its cell."""
        assert wrong == []

    @on_every_page_type("times", "times-paper")
    def test_no_time_can_break(self, wrong: list[str]) -> None:
        """On every page type, on paper too: wherever a sentence or a cell wraps, a time in it is in one line."""
        assert wrong == []


class TestWeight:
    def test_a_card_and_its_first_view(self, page: Page, demo_address: str, demo_site: Path) -> None:
        """Uncompressed: the heaviest card is below 100 KiB, and below 350 KiB with everything that it loads."""
        card = max((demo_site / "latest" / "model-package").glob("*/index.html"), key=lambda file: file.stat().st_size)
        loaded: list[int] = []
        page.on("response", lambda answer: loaded.append(len(answer.body())))
        page.goto(f"{demo_address}latest/model-package/{card.parent.name}/")
        page.wait_for_load_state("networkidle")

        assert card.stat().st_size < 100 * 1024
        assert 0 < sum(loaded) < 350 * 1024

    @pytest.mark.parametrize("width", [390, 1400])
    def test_a_picture_opens_as_large_as_it_is_read(
        self, opened: Opener, demo_address: str, demo_site: Path, width: int
    ) -> None:
        """With the page's own asset in view; it fits its frame at a press, and has its own size at another."""
        endpoint = max((demo_site / "latest" / "endpoint").glob("support-bot-prod-*/"))
        with opened(demo_address, width=width) as page:
            page.goto(f"{demo_address}latest/endpoint/{endpoint.name}/")
            wide = (
                "(drawn) => [drawn.clientWidth, drawn.parentElement.clientWidth, Number(drawn.getAttribute('width'))]"
            )
            drawn = page.locator("svg.sb-lineage")
            shown, frame, own = drawn.evaluate(wide)
            assert frame < shown < own
            least = "(drawn) => Math.min(...[...drawn.querySelectorAll('.sb-node text')].map((one) => "
            least += "parseFloat(getComputedStyle(one).fontSize))) * drawn.clientWidth / drawn.getAttribute('width')"
            assert drawn.evaluate(least) > 8
            asset, box = page.locator(".sb-lineage .sb-root").bounding_box(), page.locator(".sb-canvas").bounding_box()
            assert asset
            assert box
            for at, size in (("x", "width"), ("y", "height")):
                assert box[at] <= asset[at]
                assert asset[at] + asset[size] <= box[at] + box[size]
            page.get_by_role("button", name="Fit").click()
            fitted = drawn.evaluate(wide)[0]
            assert fitted <= frame or fitted == pytest.approx(own / 3, abs=1)
            page.get_by_role("button", name="100 %").click()
            assert drawn.evaluate(wide)[0] == own

    @pytest.mark.parametrize("name", ["studbook.css", "search.css"])
    def test_styles_lose_white_space_and_no_rule(self, page: Page, demo_site: Path, name: str) -> None:
        """The browser reads the same rules out of a stylesheet as it is written and as it is shipped."""
        written = (_MANUAL.parent / "templates" / "theme" / "assets" / name).read_text()
        shipped = (demo_site / "latest" / "assets" / name).read_text()

        assert len(shipped) < len(written) * 0.9
        assert page.evaluate(_RULES_OF, shipped) == page.evaluate(_RULES_OF, written) != ""

    @pytest.mark.parametrize("name", ["main", "palette"])
    def test_styles_of_the_theme_are_left_out(self, demo_site: Path, name: str) -> None:
        """A site ships with less than seven tenths of each of Material's stylesheets."""
        shipped, whole = stylesheets(demo_site, name)
        assert len(shipped) < len(whole) * 0.7

    @on_every_page_type("unreached-styles")
    def test_what_is_left_out_of_the_theme_reaches_nothing(self, wrong: list[str]) -> None:
        """Of Material's stylesheets the rules that a site ships without have no element on a page of any type."""
        assert wrong == []

    def test_a_query(self, page: Page, demo_address: str) -> None:
        """It loads the few files of its letters."""
        page.goto(f"{demo_address}latest/")
        page.wait_for_load_state("networkidle")
        loaded: list[int] = []
        page.on("response", lambda answer: loaded.append(len(answer.body())))
        page.keyboard.press("/")
        page.keyboard.type("support")
        expect(page.get_by_role("listbox", name="Results").get_by_role("option").first).to_be_visible()
        page.wait_for_load_state("networkidle")

        assert 0 < sum(loaded) < 200 * 1024


class TestStatusBoard:
    def test_what_runs_takes_no_click(self, page: Page, demo_address: str) -> None:
        """Home says in its first screen what production runs of each model, and where."""
        page.goto(demo_address)
        page.wait_for_url("**/latest/")
        row = page.get_by_role("table", name="Models").get_by_role("row").filter(has_text="support-bot-prod")
        expect(row.get_by_role("link", name="support-bot 2")).to_be_in_viewport()
        expect(row).to_contain_text("Approved")
        expect(row).to_contain_text("by ana")
        expect(row).to_contain_text("0.632")

    def test_chips_are_kept_in_the_address(self, page: Page, demo_address: str) -> None:
        """What is chosen narrows the rows, and survives a reload and a link that is sent to somebody."""
        page.goto(demo_address)
        page.wait_for_url("**/latest/")
        rows = page.get_by_role("table", name="Models").locator("tbody tr:visible")
        expect(rows.filter(has_text="support-agent")).to_have_count(1)
        all_rows = rows.count()
        page.get_by_role("button", name="Payments risk (bo)").click()
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text("fraud")
        assert "owner=" in page.url
        page.reload()
        expect(rows).to_have_count(1)
        page.get_by_role("button", name="Payments risk (bo)", pressed=True).click()
        expect(rows).to_have_count(all_rows)


class TestLargeBoard:
    def test_sixty_four_endpoints_fit_one_screen(self, opened: Opener, large_address: str) -> None:
        """Every model has its row wholly within 1400 x 900, its worst endpoint by name, and the others by number."""
        with opened(large_address, width=1400) as page:
            page.goto(large_address + "latest/")
            page.wait_for_load_state("networkidle")
            rows = page.get_by_role("table", name="Models").locator("tbody tr")
            boxes = [box for row in rows.all() if (box := row.bounding_box())]
            assert len(boxes) == 16
            assert sum(box["y"] >= 0 and box["y"] + box["height"] <= 900 for box in boxes) == 16
            assert page.locator(".sb-board .sb-at").count() == 64
            expect(page.locator(".sb-board .sb-at:visible")).to_have_count(16)
            assert page.evaluate(WIDE_TABLES) == []

            first = rows.first.locator("td").nth(2)
            first.get_by_text("+3", exact=True).click()
            expect(first.locator(".sb-at:visible")).to_have_count(4)

    def test_many_owners_are_one_chip(self, opened: Opener, large_address: str) -> None:
        """It opens to all of them, and stays open where one is chosen."""
        with opened(large_address) as page:
            page.goto(large_address + "latest/")
            owner = page.get_by_role("button", name="Payments risk 7", exact=True)
            expect(owner).to_be_hidden()
            page.get_by_text("Owner (16)").click()
            owner.click()
            page.reload()
            expect(owner).to_have_attribute("aria-pressed", "true")
            expect(owner).to_be_visible()
            expect(page.get_by_role("table", name="Models").locator("tbody tr:visible")).to_have_count(1)

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_it_is_read_on_a_phone(self, opened: Opener, large_address: str, scheme: str) -> None:
        """A model below the other, each line of it with its title, none beyond the edge, and for everybody."""
        with opened(large_address, width=390, scheme=scheme) as page:
            page.goto(large_address + "latest/")
            page.wait_for_load_state("networkidle")
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
            row = page.get_by_role("table", name="Models").locator("tbody tr").first
            heads = row.locator("td:visible").evaluate_all("cells => cells.map((cell) => cell.dataset.head)")
            assert heads[:4] == ["Model", "In production", "Where", "Approval"]
            assert serious(page, set()) == []


class TestJourneys:
    def test_to_the_dataset_behind_production_in_two_clicks(self, page: Page, demo_address: str) -> None:
        """Home names the data that made what answers in production; its second click is the dataset over time."""
        page.goto(demo_address)
        page.wait_for_url("**/latest/")
        row = page.get_by_role("table", name="Models").get_by_role("row").filter(has_text="support-bot-prod")
        row.get_by_role("link", name="support-chats v2").click()
        expect(lit(page)).to_have_text("support-chats v2")
        page.locator("dl.sb-facts").get_by_role("link", name="support-chats", exact=True).click()

        expect(lit(page)).to_have_text("support-chats")
        expect(page.get_by_role("table", name="Versions").get_by_role("row")).to_have_count(3)

    def test_who_is_affected_by_a_state_of_data(self, page: Page, demo_address: str) -> None:
        """A dataset version names the models that depend on it, and Explore follows it down to what answers."""
        page.goto(demo_address + "latest/datasets/")
        page.get_by_role("link", name="support-chats v2").click()
        expect(page.locator("dl.sb-facts")).to_contain_text("support-bot 4")
        expect(page.get_by_role("heading", name="Who reads it")).to_be_visible()
        page.get_by_role("link", name="Explore from here").click()
        page.get_by_role("button", name="Everything it reaches").click()

        expect(page.get_by_role("button", name=re.compile("^Endpoint support-bot-prod"))).to_be_attached()

    def test_two_versions_of_a_model(self, page: Page, demo_address: str) -> None:
        """From a model version, one click compares it with the one before, what differs first."""
        page.goto(demo_address + "latest/models/")
        page.get_by_role("row", name=re.compile("support-bot 4")).get_by_role("link", name="support-bot 4").click()
        page.locator(".sb-against").get_by_role("link", name="support-bot 3").click()
        expect(page.locator(".sb-compare__things input:checked")).to_have_count(2)
        expect(page.get_by_role("table", name="What differs").get_by_role("row").nth(1)).to_be_visible()
        expect(page.locator(".sb-compare > [role=status]")).to_contain_text("differ")

    def test_a_run_by_its_parameter(self, page: Page, demo_address: str) -> None:
        """The table of all runs is narrowed by a parameter's value; the run shows it."""
        page.goto(demo_address + "latest/experiments/")
        page.get_by_role("searchbox", name="Filter: Runs").fill("support-toxicity")
        runs = page.get_by_role("table", name="Runs", exact=True).locator("tbody tr")
        expect(runs).to_have_count(1)
        runs.get_by_role("link").click()

        expect(page.get_by_role("table", name="Parameters")).to_contain_text("support-toxicity")

    def test_an_earlier_night(self, page: Page, demo_address: str) -> None:
        """The version switch stays on the page, which then says as of when it speaks; and back, on the same page."""
        page.goto(demo_address + "latest/deployments/")
        page.locator(".md-version__current").focus()
        page.locator(".md-version__link", has_text="1 · ").click()
        page.wait_for_url(demo_address + "1/deployments/")
        expect(page.get_by_text(re.compile(r"This is an earlier snapshot: 1, as of \d{4}-\d\d-\d\d\."))).to_be_visible()
        page.get_by_role("link", name="Go to the latest.").click()

        page.wait_for_url(demo_address + "latest/deployments/")
        expect(page.get_by_text("This is an earlier snapshot")).to_be_hidden()

    @on_every_page_type("paper")
    def test_nothing_is_cut_on_paper(self, wrong: list[str]) -> None:
        """No page type has a table, picture or list that is wider than A4."""
        assert wrong == []

    @on_every_page_type("paper-letters")
    def test_what_is_printed_can_be_read(self, wrong: list[str]) -> None:
        """No page type has a table in smaller letters than 7.5 points, however many columns it has."""
        assert wrong == []

    def test_a_card_on_paper(self, page: Page, demo_address: str) -> None:
        """A printed card is clean A4: its snapshot and address, no navigation, nothing cut off, everything opened."""
        page.goto(demo_address + "latest/models/")
        page.get_by_role("row", name=re.compile("support-bot 4")).get_by_role("link", name="support-bot 4").click()
        page.set_viewport_size({"width": PRINTED_WIDTH, "height": 1000})
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        expect(page.locator(".sb-printed")).to_contain_text(re.compile(r"snapshot 4, as of .*model-package/"))
        for hidden in (".md-header", ".md-tabs", ".md-sidebar", ".sb-tools", ".sb-crumbs", ".md-footer", ".sb-aside"):
            for part in page.locator(hidden).all():
                expect(part).to_be_hidden()
        assert page.evaluate(WIDE_IN_PRINT) == []
        expect(page.get_by_text("sagemaker:DescribeModelPackage#").first).to_be_visible()
        page.emulate_media(media="null")  # a PDF of an emulated screen would have the screen's style
        paper = page.pdf(format="A4", prefer_css_page_size=True)

        sheets = paper.count(b"/Type /Page\n")
        assert 3 < sheets < 10
