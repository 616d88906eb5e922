"""Several model versions compared in Chromium."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from studbook.model.ids import page_path
from studbook.queries.answer import Night
from studbook.queries.candidates import candidates
from studbook.queries.compare import compare

pytestmark = [pytest.mark.demo, pytest.mark.browser]

GROUP = "arn:aws:sagemaker:us-west-2:222222222222:model-package/support-bot"


def test_a_verdict_first_and_what_differs(page: Page, demo_address: str, night: Night) -> None:
    """The page counts what the question counts, and says better where it does; a third is a box away."""
    one, other, third = (night.lineage.assets[f"{GROUP}/{number}"] for number in (2, 4, 3))
    paths = [page_path(version.kind, version.id) for version in (one, other, third)]
    found = compare(night.lineage, one, other)
    different = sum(not row.equal for row in found.rows)
    page.goto(f"{demo_address}latest/compare/#{paths[0]}+{paths[1]}")
    expect(page.locator(".sb-compare > [role=status]")).to_contain_text(
        f"{different} facts differ, {len(found.rows) - different} are equal."
    )
    verdict = page.locator(".sb-compare__verdict li")
    expect(verdict).to_have_count(1)
    (row,) = [row for row in candidates(night, one.id).rows if row.version == other.id]
    better = sum(one.delta > 0 for one in row.shared)
    expect(verdict).to_contain_text(f" on {better} of {len(row.shared)} shared judgements")
    expect(verdict).to_contain_text(f"lacks {len(row.missing)} that it has")
    page.locator(f".sb-compare__versions input[value='{paths[2]}']").check()
    expect(verdict).to_have_count(2)
    expect(page.get_by_role("table", name="What differs").locator("thead th")).to_have_count(4)
    expect(page).to_have_url(re.compile(re.escape("+".join(paths)) + "$"))
    page.reload()
    expect(verdict).to_have_count(2)
    page.get_by_label("differences only").uncheck()
    expect(page.get_by_role("table", name="What is equal")).to_be_visible()
