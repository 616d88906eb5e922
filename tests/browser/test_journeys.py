"""What people come for, in Chromium, with the clicks that it takes counted by the browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from studbook.cli import main
from studbook.model.ids import page_path
from studbook.queries.answer import Night
from studbook.queries.candidates import candidates
from studbook.queries.incident import incident
from studbook.queries.log import log
from studbook.queries.trace import trace
from studbook.store import Catalog

pytestmark = [pytest.mark.demo, pytest.mark.browser]

VERSION = "arn:aws:sagemaker:us-west-2:444444444444:model-package/support-bot/2"
DATA = "s3://acme-shared-data/fraud/"

_COUNT = """addEventListener("click", (event) => {
  if (event.isTrusted) sessionStorage.setItem("clicks", Number(sessionStorage.getItem("clicks")) + 1);
}, true)"""


class Walk:
    """One person with a page of the site, from its front page on."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        page.context.add_init_script(_COUNT)
        page.goto(f"{address}latest/")

    @property
    def clicks(self) -> int:
        """Since the front page."""
        return int(self.page.evaluate("Number(sessionStorage.getItem('clicks'))"))

    def to(self, asset_id: str) -> None:
        """Follow the first link to an asset that is on the page."""
        self.page.locator(f"main a[title='{asset_id}']").first.click()
        self.page.wait_for_load_state()


@pytest.fixture
def walk(opened: Callable[..., AbstractContextManager[Page]], demo_address: str) -> Iterator[Walk]:
    """A walk through the demo's site on a desktop."""
    with opened(demo_address) as page:
        yield Walk(page, demo_address)


@pytest.fixture(scope="module")
def night(demo_catalog: Path) -> Night:
    """The demo's newest night, as questions see it."""
    catalog = Catalog(demo_catalog)
    envelope = catalog.resolve("latest")
    return Night.of(catalog, envelope, catalog.graph(envelope), catalog.settings())


def test_what_runs_takes_none(walk: Walk) -> None:
    """The first screen says what production runs, who approved it and how it was judged."""
    row = walk.page.get_by_role("table", name="Models").get_by_role("row").filter(has_text="support-bot-prod")
    expect(row.locator(f"a[title='{VERSION}']")).to_be_in_viewport()
    assert walk.clicks == 0


def test_what_made_it_takes_none_once_the_version_is_open(walk: Walk, night: Night) -> None:
    """The version's first screen has the base model, the data and the job, as `trace` has them."""
    walk.to(VERSION)
    strip = walk.page.get_by_role("list", name="Pedigree, from origins to endpoints")
    made = {row.asset for row in trace(night, VERSION).rows}
    seen: list[str] = []
    for link in (
        strip.locator("li")
        .filter(has_text="Base")
        .locator("a")
        .or_(strip.locator("li").filter(has_text="Data").locator("a"))
        .all()
    ):
        expect(link).to_be_in_viewport()
        seen.append(str(link.get_attribute("title")))
    assert len(seen) > 1
    assert set(seen) <= made
    assert walk.clicks == 1


def test_a_better_candidate_takes_one(walk: Walk, night: Night) -> None:
    """Whether something newer waits stands on the page of what runs, as `candidates` says it; or nothing does."""
    walk.to(VERSION)
    expect(walk.page.get_by_text(candidates(night, VERSION).summary)).to_be_in_viewport()
    assert walk.clicks == 1


def test_what_replaced_a_version_takes_none_once_it_is_open(walk: Walk, demo_address: str) -> None:
    """Of a version that runs nowhere: where it ran, since when no more, and what production runs of its line."""
    walk.page.goto(f"{demo_address}latest/{page_path('model_package', VERSION.replace('/2', '/1'))}")
    runs = walk.page.locator(".sb-verdict > div").first
    for told in (
        "nowhere that is known",
        "no more at support-bot-prod since snapshot 3",
        "production runs support-bot 4",
    ):
        expect(runs.get_by_text(told)).to_be_in_viewport()
    assert walk.clicks == 0


def test_who_uses_a_dataset_takes_one(walk: Walk, night: Night) -> None:
    """The data of what runs leads to whom it has reached, endpoints and their owners first."""
    row = walk.page.get_by_role("table", name="Models").get_by_role("row").filter(has_text="support-bot-prod")
    row.get_by_role("link", name="support-chats v2").click()
    page = walk.page
    page.wait_for_load_state()
    found = incident(night, page.locator(".sb-incident").get_attribute("data-asset") or "")
    expect(page.locator(".sb-incident__sentence")).to_have_text(found.summary)
    rows = page.get_by_role("table", name="Affected endpoints").locator("tbody tr")
    expect(rows).to_have_count(sum(row.kind == "endpoint" for row in found.rows))
    expect(page.get_by_role("table", name="Readers")).to_be_visible()
    assert walk.clicks == 1


def test_poisoned_data_to_the_endpoints_takes_two(walk: Walk, night: Night) -> None:
    """The page has the question's sentence, every endpoint that the question has, and whom to call."""
    walk.page.get_by_role("link", name="Datasets", exact=True).first.click()
    walk.page.get_by_role("link", name="card-payments", exact=True).click()
    found = incident(night, DATA)
    expect(walk.page.locator(".sb-incident__sentence")).to_have_text(found.summary)
    rows = walk.page.get_by_role("table", name="Affected endpoints").locator("tbody tr")
    expect(rows).to_have_count(sum(row.kind == "endpoint" for row in found.rows))
    expect(rows.first).to_contain_text("payments-risk@acme.example")
    assert walk.clicks == 2


def test_approvals_of_a_past_night_take_three(walk: Walk, night: Night) -> None:
    """The menu of nights, a night, the version that ran then: its history begins with who approved it, and when."""
    page = walk.page
    page.locator(".md-version__current").focus()
    page.locator(".md-version__link", has_text="3 · ").click()
    page.wait_for_url("**/3/")
    walk.to(VERSION)
    page.locator(".md-sidebar--secondary").get_by_role("link", name="History").click()
    given = [row for row in log(night, VERSION).rows if row.event == "approval"]
    first = page.locator(".sb-history--approval").first
    expect(first).to_be_in_viewport()
    expect(first).to_contain_text(str(given[-1].by))
    assert walk.clicks == 3


def test_a_proof_is_verified_in_two(walk: Walk, demo_catalog: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """From the version's page one click looks at the pack beside it, and says what that does not show; a second
    chooses one that names its night, which is whole and of the anchor that is pasted."""
    out = tmp_path_factory.mktemp("pack") / "evidence.zip"
    with pytest.raises(SystemExit) as end:
        main(["export", "evidence", VERSION, "--catalog", str(demo_catalog), "--output", str(out)])
    assert end.value.code == 0
    walk.to(VERSION)
    before, page = walk.clicks, walk.page
    page.get_by_role("link", name="Verify here").click()
    said = page.locator(".sb-here__said")
    expect(said).to_contain_text(f"Whole in itself: {VERSION}. It names no night", timeout=30_000)
    expect(said).to_have_attribute("data-tone", "wait")
    page.get_by_label("Your anchor").fill(Catalog(demo_catalog).resolve("latest").envelope)
    with page.expect_file_chooser() as choosing:
        page.get_by_label("Evidence pack").click()
    choosing.value.set_files(out)
    expect(said).to_contain_text(f"Whole, and of your anchor: {VERSION}", timeout=30_000)
    assert walk.clicks - before == 2
