"""The incident of a dataset in Chromium: any window, and what one takes away."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from studbook.queries.answer import Night
from studbook.queries.incident import incident

pytestmark = [pytest.mark.demo, pytest.mark.browser]

ROOT = "s3://acme-shared-data/fraud/"


def taken(page: Page, name: str) -> str:
    """What a button gives as a file."""
    with page.expect_download() as waiting:
        reached = page.get_by_role("region", name="What it has reached")
        reached.get_by_role("button", name=name, exact=True).click()
    return Path(waiting.value.path()).read_text(encoding="utf-8")


def told(found: Any) -> set[tuple[str, str, str | None]]:
    return {(row.asset, row.status, row.last_unaffected) for row in found.rows}


@pytest.mark.parametrize(
    ("from_", "to"),
    [
        ("2026-11-15T00:00", "2026-11-16T00:00"),
        ("2026-11-20T05:30", ""),
        ("", "2026-11-14T08:03"),
        ("2026-11-17T00:00", "2026-11-18T00:00"),
    ],
)
def test_a_window_in_the_address_is_the_questions(
    page: Page, demo_address: str, night: Night, from_: str, to: str
) -> None:
    """Opened by a link, the page tells of each thing what the question tells of that window, in what one takes away."""
    page.goto(f"{demo_address}latest/{place(demo_address, page)}?from={from_}&to={to}#incident")
    expect(page.locator(".sb-incident__sentence")).to_contain_text("Read ")
    found = incident(night, ROOT, from_=from_ or None, to=to or None)
    rows = json.loads(taken(page, "JSON"))["rows"]
    assert {(row["asset"], row["status"], row["last_unaffected"]) for row in rows} == told(found)
    lines = list(csv.DictReader(io.StringIO(taken(page, "CSV"))))
    assert {line["asset"] for line in lines} == {row.asset for row in found.rows}
    shown = page.locator(".sb-incident__rows tbody tr")
    expect(shown).to_have_count(found.total)


@pytest.mark.parametrize("window", ["", "?from=2026-11-15T00:00&to=2026-11-18T00:00"])
def test_what_a_card_says_to_do_is_read_as_it_was_written(page: Page, demo_address: str, window: str) -> None:
    """Its Markdown is marked up beside each endpoint, in a window too."""
    page.goto(f"{demo_address}latest/{place(demo_address, page)}{window}#incident")
    expect(page.locator(".sb-incident__sentence")).to_contain_text("Read from" if window else "reached")
    told = page.get_by_role("table", name="Affected endpoints").locator("tbody tr").first.locator("td").last
    expect(told.locator("code")).to_have_text("payments/runbooks/fraud-score.md")
    expect(told).not_to_contain_text("`")
    names = page.get_by_role("table", name="Affected endpoints").locator("tbody tr td:first-child")
    expect(names.filter(has_text="fraud-scoring-us · staging")).to_have_count(1)


def test_a_ticket_and_a_pasted_place(page: Page, demo_address: str) -> None:
    """An object's address leads to its dataset; the ticket names endpoints, whom to call, the night and the link."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{demo_address}latest/incident/")
    page.get_by_label("A place in S3, an ARN or a digest").fill("https://acme-shared-data.s3.amazonaws.com/fraud/x.csv")
    expect(page.get_by_role("link", name=ROOT, exact=True)).to_be_visible()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Copy as a ticket").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    text = page.evaluate("navigator.clipboard.readText()")
    assert all(
        one in text for one in (ROOT, "endpoint fraud-scoring-us", "payments-risk@acme.example", "Snapshot 4", page.url)
    )


@pytest.mark.parametrize(
    "pasted",
    [
        "<http://s3.us-west-2.amazonaws.com/acme-shared-data/fraud/x.csv>",
        "https://acme-shared-data.s3.dualstack.us-west-2.amazonaws.com/%66raud/x.csv?X-Amz-Expires=60",
        "https://us-west-2.console.aws.amazon.com/s3/buckets/acme-shared-data?prefix=fraud/x/",
        "arn:aws:s3:::acme-shared-data/fraud/x.csv",
    ],
)
def test_a_place_is_known_in_any_spelling(page: Page, demo_address: str, pasted: str) -> None:
    """What search knows for a place in S3, the incident page does: addresses, the console's, and ARNs."""
    page.goto(f"{demo_address}latest/incident/")
    page.get_by_label("A place in S3, an ARN or a digest").fill(pasted)
    expect(page.get_by_role("link", name=ROOT, exact=True)).to_be_visible()


def place(address: str, page: Page) -> str:
    """Where the dataset's page is, as the incident page knows it."""
    answer = page.request.get(f"{address}latest/incident/places.json").json()
    return next(path for one, _, _, path, *_ in answer["places"] if one == ROOT)
