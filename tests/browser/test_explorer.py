"""The lineage explorer over the demo's site: it draws what `trace` and `impact` answer, fitted, with an address."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from studbook.words import in_lines

pytestmark = pytest.mark.browser

Opener = Callable[..., AbstractContextManager[Page]]
DATA = "dataset/acme-shared-data-fraud-*"
OUTSIDE = """() => {
  const frame = document.querySelector(".sb-explore__canvas").getBoundingClientRect();
  const nodes = [...document.querySelectorAll(".sb-explore__canvas .sb-node")];
  const boxes = nodes.map((one) => one.getBoundingClientRect());
  return [boxes.length, boxes.filter((box) => box.left < frame.left - 1 || box.right > frame.right + 1
    || box.top < frame.top - 1 || box.bottom > frame.bottom + 1).length];
}"""
BOXES = """() => [...document.querySelectorAll(".sb-explore__canvas .sb-node:not(.sb-stack)")].map((one) => [
  one.querySelector("title").textContent.split("\\n")[1],
  [...one.querySelectorAll("text:not(.sb-caption)")].map((line) => line.textContent)])"""
ANSWERED = """async ([path, question]) => {
  const { answers } = await (await fetch(`../${path}index.json`)).json();
  await studbookSearch.ready();
  return answers[question].rows.map((row) => studbookSearch.sha256(row.asset).slice(0, 12)).sort();
}"""


def address_of(site: Path, pattern: str) -> str:
    """Where a page lies, below the site's root."""
    (found,) = (site / "latest").glob(pattern)
    return found.relative_to(site / "latest").as_posix() + "/"


def opens(page: Page, address: str, view: str) -> None:
    """Open a view by its address, from nothing."""
    page.goto("about:blank")
    page.goto(f"{address}latest/explore/#{view}")
    expect(page.locator(".sb-explore__status")).to_contain_text("arrow")


@pytest.mark.parametrize(
    ("pattern", "press", "question"),
    [
        ("endpoint/support-bot-prod-*", "Everything that made it", "trace"),
        (DATA, "Everything it reaches", "impact"),
    ],
)
def test_it_draws_what_the_questions_answer(
    opened: Opener, demo_address: str, demo_site: Path, pattern: str, press: str, question: str
) -> None:
    """All that `trace` and `impact` answer is drawn and nothing else, all of it inside the frame on any screen."""
    path = address_of(demo_site, pattern)
    for width in (1400, 390):
        with opened(demo_address, width=width) as page:
            opens(page, demo_address, path)
            boxes, outside = page.evaluate(OUTSIDE)
            assert 5 < boxes <= 36
            assert outside == 0
            page.get_by_role("button", name=press).click()
            expect(page.get_by_role("checkbox", name="artifacts")).to_be_checked()
            links = page.get_by_role("table", name="Arrows that are shown").locator("a.sb-name")
            expect(links.first).to_be_attached()
            shown = {href.rstrip("/")[-12:] for href in links.evaluate_all("(all) => all.map((one) => one.href)")}
            assert sorted(shown - {path[-13:-1]}) == page.evaluate(ANSWERED, [path, question])
            assert page.evaluate(OUTSIDE)[1] == 0


def test_its_boxes_break_names_as_pictures_do(opened: Opener, demo_address: str, demo_site: Path) -> None:
    """Between parts of a name or before its place, never within a word; its tooltip and the panel have all of it."""
    with opened(demo_address) as page:
        opens(page, demo_address, address_of(demo_site, "endpoint/support-bot-prod-*"))
        page.get_by_role("button", name="Everything that made it").click()
        expect(page.get_by_role("checkbox", name="artifacts")).to_be_checked()
        boxes = page.evaluate(BOXES)
        assert sum(len(lines) > 1 for _, lines in boxes) > 10
        assert [(name, tuple(lines)) for name, lines in boxes] == [(name, in_lines(name)) for name, _ in boxes]


def test_every_view_has_its_address(opened: Opener, demo_address: str, demo_site: Path) -> None:
    """Switches, depth, a path and the night are in the address: a reload shows the same, Back the last."""
    endpoint = address_of(demo_site, "endpoint/support-bot-prod-*")
    with opened(demo_address, width=1400) as page:
        opens(page, demo_address, address_of(demo_site, DATA))
        stacks = page.locator(".sb-stack")
        expect(stacks.filter(has_text=re.compile(r"\d+ training jobs")).filter(has_text="led on")).to_have_count(1)
        opens(page, demo_address, endpoint)
        page.get_by_label("MLflow").check()
        page.get_by_label("Steps upstream").fill("4")
        expect(page.get_by_role("button", name=re.compile("^MLflow model version")).first).to_be_attached()
        expect(page.locator("[data-depth=up]")).to_have_text(re.compile("4 of"))
        status, address = page.locator(".sb-explore__status").inner_text(), page.url
        assert "up=4" in address
        assert "show=mlflow" in address
        page.reload()
        expect(page.locator(".sb-explore__status")).to_have_text(status)
        assert page.url == address

        page.get_by_label("Find in the picture").fill("base model")
        expect(page.locator(".sb-node.sb-dim").first).to_be_attached()
        page.get_by_label("Find in the picture").fill("")
        page.get_by_role("button", name=re.compile("^Base model version")).first.press("Enter")
        page.get_by_role("button", name="Path from the start").click()
        expect(page.locator(".sb-explore__status")).to_contain_text("steps between support-bot-prod and")
        assert "to=" in page.url
        assert page.locator(".sb-node").count() < 9
        page.get_by_role("button", name="Back to the whole picture").click()

        page.get_by_role("row").filter(has_text="base_model").get_by_role("button", name="why").first.click()
        panel = page.locator(".sb-explore__panel")
        expect(panel).to_contain_text("AWS or MLflow says: A record of the thing itself names the other.")
        expect(panel).to_contain_text(re.compile(r'BaseModelArn of arn:.* is "arn:aws:sagemaker:'))

        page.get_by_label("Night").press("Home")
        page.wait_for_url(f"{demo_address}1/explore/#{endpoint}*")
        page.go_back()
        page.wait_for_url(f"{demo_address}latest/explore/#{endpoint}*")


def test_a_picture_is_taken_away(opened: Opener, demo_address: str, demo_site: Path, tmp_path: Path) -> None:
    """As SVG with its own colours, as PNG, and its arrows as CSV that no spreadsheet takes for formulas."""
    with opened(demo_address, width=1400) as page:
        opens(page, demo_address, address_of(demo_site, "endpoint/support-bot-prod-*"))
        arrows = page.get_by_role("table", name="Arrows that are shown").locator("tbody tr").count()
        for kind in ("svg", "png", "csv"):
            with page.expect_download() as download:
                page.get_by_role("button", name=kind.upper(), exact=True).click()
            download.value.save_as(tmp_path / f"taken.{kind}")

    assert b'fill="rgb' in (tmp_path / "taken.svg").read_bytes()
    assert (tmp_path / "taken.png").read_bytes().startswith(b"\x89PNG")
    with (tmp_path / "taken.csv").open(newline="") as file:
        assert sum(1 for row in csv.reader(file) if row[-1] in ("referenced", "declared", "inferred")) == arrows


def test_what_was_not_fetched_is_not_taken_for_nothing(browser: Browser, demo_address: str, demo_site: Path) -> None:
    """An asset whose part of the lineage is not there is drawn with a question mark, and the page says so."""
    path = address_of(demo_site, "endpoint/support-bot-prod-*")
    page = browser.new_page()
    own = None

    def chunk(route: object) -> None:
        nonlocal own
        own = own or route.request.url  # type: ignore[attr-defined]
        route.continue_() if route.request.url == own else route.abort()  # type: ignore[attr-defined]

    page.route("**/explore/data/*.json", chunk)
    page.goto(f"{demo_address}latest/explore/#{path}")
    expect(page.locator(".sb-explore__status")).to_contain_text("could not be fetched")
    expect(page.locator(".sb-handle text", has_text="?").first).to_be_attached()
    page.close()


def test_a_night_that_has_it_not_says_so(browser: Browser, demo_address: str, demo_site: Path) -> None:
    """Moved to a night before its first, the page says that it is not there, and leads back; no empty picture."""
    path = address_of(demo_site, "model-package/support-bot-4-*")
    page = browser.new_page()
    opens(page, demo_address, path)
    page.get_by_label("Night").press("Home")
    page.wait_for_url(f"{demo_address}1/explore/#{path}*")
    panel = page.locator(".sb-explore__panel")
    expect(panel).to_contain_text("Not in this night")
    expect(panel).to_contain_text("Snapshot 1")
    expect(page.locator(".sb-explore__canvas")).to_be_hidden()
    page.get_by_label("MLflow").check()
    expect(page.locator(".sb-explore__status")).to_have_text("")
    panel.get_by_role("link", name="the newest").click()
    expect(page.locator(".sb-node").first).to_be_visible()
    expect(page).to_have_url(re.compile(re.escape(f"{demo_address}latest/explore/#{path}")))
    page.close()


def test_what_is_switched_off_is_counted(opened: Opener, demo_address: str, demo_site: Path) -> None:
    """A picture without its artifacts seems whole: how many assets it leaves out is said beside how many it has."""
    with opened(demo_address) as page:
        opens(page, demo_address, address_of(demo_site, "endpoint/support-bot-prod-*"))
        page.get_by_role("button", name="Everything that made it").click()
        told = page.locator(".sb-explore__status")
        expect(told).not_to_contain_text("switched off")
        page.get_by_label("inferred").uncheck()
        expect(told).to_contain_text("switched off")
        shown, made, off = (
            int(re.search(pattern, told.inner_text())[1])  # type: ignore[index]
            for pattern in (r"^(\d+) assets", r"made from (\d+)", r"(\d+) of them are switched off")
        )
        assert shown - 1 + off == made
