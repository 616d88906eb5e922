"""Audit in Chromium: a dossier, and a proof that the browser verifies."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from studbook.cli import main
from studbook.queries.answer import Night
from studbook.queries.log import log
from studbook.queries.scores import scores
from studbook.store import Catalog

pytestmark = [pytest.mark.demo, pytest.mark.browser]

VERSION = "arn:aws:sagemaker:us-west-2:444444444444:model-package/support-bot/2"


@pytest.fixture(scope="module")
def pack(demo_catalog: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The evidence of the version that production runs, of the newest night."""
    out = tmp_path_factory.mktemp("pack") / "evidence.zip"
    with pytest.raises(SystemExit) as end:
        main(["export", "evidence", VERSION, "--catalog", str(demo_catalog), "--output", str(out)])
    assert end.value.code == 0
    return out


def test_a_dossier_has_every_line_of_the_questions(page: Page, demo_address: str, night: Night) -> None:
    """Numbered through, with its evidence quoted; at its foot the snapshot that it is of; each score and approval."""
    page.goto(f"{demo_address}latest/audit/")
    page.get_by_role("table", name="Dossiers").locator(f"a[title='{VERSION}']").click()
    expect(page.locator("dl[data-snapshot]")).to_contain_text(night.envelope.envelope)
    numbers = page.locator("ol.sb-dossier > li").evaluate_all("(lines) => lines.map((one) => one.value)")
    assert numbers == list(range(1, len(numbers) + 1))
    text = page.locator("article").inner_text()
    for row in scores(night, VERSION).rows:
        assert f"{row.metric} = {row.value} by" in text
    for event in log(night, VERSION).rows:
        if event.event == "approval":
            assert f"{event.at}: " in text
            assert str(event.by) in text
    expect(page.locator("q").first).to_be_visible()
    lines = list(csv.DictReader(page.request.get(f"{demo_address}latest/audit/approvals.csv").text().splitlines()))
    mine = [(line["at"], line["is"], line["by"]) for line in lines if line["version"] == VERSION]
    assert (
        mine == [(one.at, one.is_, one.by or "") for one in log(night, VERSION).rows if one.event == "approval"][::-1]
    )


def test_the_approvals_of_a_period_are_printed(page: Page, demo_address: str, night: Night) -> None:
    """The days that are chosen are in the address, narrow the table, and stand above it on paper."""
    page.goto(f"{demo_address}latest/audit/")
    table = page.get_by_role("table", name="Approvals")
    rows = table.locator("tbody tr")
    several = rows.count()
    page.get_by_label("From", exact=True).fill("2026-11-14")
    page.get_by_label("to", exact=True).fill("2026-11-17")
    days = [cell[:10] for cell in rows.locator("td:first-child").all_inner_texts()]
    assert 0 < len(days) < several
    assert all("2026-11-14" <= day <= "2026-11-17" for day in days)
    expect(page).to_have_url(re.compile(r"from=2026-11-14&to=2026-11-17"))
    page.reload()
    expect(rows).to_have_count(len(days))
    left = page.locator(".sb-left:not(:empty)")
    expect(left).to_have_count(0)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(left).to_have_text(f"{len(days)} of {several} rows · from 2026-11-14 · to 2026-11-17")
    expect(left).to_be_visible()


def test_a_proof_is_verified_here(
    page: Page, demo_address: str, demo_catalog: Path, demo_site: Path, pack: Path, tmp_path: Path
) -> None:
    """A pack and an anchor: whole; with another anchor, without one, or altered anywhere it is said what is wrong."""
    page.goto(f"{demo_address}latest/audit/")
    said = page.locator(".sb-here__said")
    page.get_by_label("Evidence pack").set_input_files(pack)
    expect(said).to_contain_text("No anchor was given", timeout=30_000)
    anchor = page.get_by_label("Your anchor")
    anchor.fill((demo_catalog / "log" / "checkpoint").read_text())
    anchor.blur()
    expect(said).to_contain_text(f"Whole, and of your anchor: {VERSION}", timeout=30_000)
    anchor.fill(Catalog(demo_catalog).resolve("1").envelope)
    anchor.blur()
    expect(said).to_contain_text("not of your anchor", timeout=30_000)
    data = pack.read_bytes()
    for nth in range(1, 6):
        altered = tmp_path / f"{nth}.zip"
        at = len(data) * nth // 6
        altered.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        page.get_by_label("Evidence pack").set_input_files(altered)
        expect(said).to_contain_text("Damaged: ", timeout=30_000)
        page.get_by_label("Evidence pack").set_input_files(pack)
        expect(said).to_contain_text("not of your anchor", timeout=30_000)
    own = next((demo_site / "latest" / "model-package").glob("support-bot-2-*/evidence.zip"))
    page.get_by_label("Evidence pack").set_input_files(own)
    expect(said).to_contain_text("It names no night: your anchor was held against nothing", timeout=30_000)
    expect(said.get_by_text("byte for byte, the pack of this site of snapshot 4")).to_be_visible()
    expect(said.get_by_text("That any of it is in a snapshot, or of the chain that you know")).to_be_visible()
