"""Several things of a kind compared in Chromium."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page, expect
from tests.pedigrees import asset

import studbook
from studbook.model.ids import page_path
from studbook.queries.compare import SECTIONS, compared
from studbook.queries.compared_facts import COMPARABLE, HeldScore, Subject
from studbook.queries.counterparts import counterparts
from studbook.render.environment import Templates

pytestmark = [pytest.mark.demo, pytest.mark.browser]

GROUP = "arn:aws:sagemaker:us-west-2:222222222222:model-package/support-bot"
AGAINST = """(paths) => Promise.all(paths.map(async (path) => {
  const text = await (await fetch(path)).text();
  const told = new DOMParser().parseFromString(text, "text/html").querySelector(".sb-against");
  return [told.innerText, [...told.querySelectorAll("a")].map((one) => one.getAttribute("href"))];
}))"""
SCRIPT = Templates().theme_folders()[0] / "assets" / "comparison.js"


def test_a_verdict_first_and_what_differs(page: Page, demo_address: str, demo_catalog: Path) -> None:
    """The page counts what the question counts, and says what it says; a third is a box away."""
    ids = [f"{GROUP}/{number}" for number in (2, 4, 3)]
    with studbook.open(demo_catalog) as lineage:
        found = lineage.compare(*ids[:2])
    paths = [page_path("model_package", one) for one in ids]
    different = sum(not row.equal for row in found.rows)
    page.goto(f"{demo_address}latest/compare/#{paths[0]}+{paths[1]}")
    expect(page.locator(".sb-compare > [role=status]")).to_contain_text(
        f"{different} facts differ, {len(found.rows) - different} are equal."
    )
    verdict = page.locator(".sb-compare__verdict li")
    expect(verdict).to_have_count(1)
    expect(verdict).to_contain_text(found.summary.partition(": ")[2].partition(";")[0])
    page.locator(f".sb-compare__things input[value='{paths[2]}']").check()
    expect(verdict).to_have_count(2)
    expect(page.get_by_role("table", name="What differs").locator("thead th")).to_have_count(4)
    expect(page).to_have_url(re.compile(re.escape("+".join(paths)) + "$"))
    page.reload()
    expect(verdict).to_have_count(2)
    page.get_by_label("differences only").uncheck()
    expect(page.get_by_role("table", name="What is equal")).to_be_visible()


def test_with_what_runs_and_what_was_before(page: Page, demo_address: str, demo_catalog: Path) -> None:
    """Each page of what is compared leads to what the question has it held against, in its words."""
    page.goto(f"{demo_address}latest/")
    with studbook.open(demo_catalog) as lineage:
        subjects = [(kind, one) for kind in COMPARABLE for one in lineage.index.of_kind(kind)]
        told = page.evaluate(AGAINST, [page_path(kind, one.id) for kind, one in subjects])
        for (kind, one), (text, links) in zip(subjects, told, strict=True):
            found = counterparts(lineage.night, one)
            assert [link.partition("#")[2] for link in links] == [
                *(f"{page_path(kind, other.asset.id)}+{page_path(kind, one.id)}" for other in found),
                page_path(kind, one.id),
            ]
            assert all(other.words in text for other in found)
    page.goto(f"{demo_address}latest/{page_path('model_package', f'{GROUP}/2')}")
    page.locator(".sb-against").get_by_text("support-bot 4").click()
    expect(page.locator(".sb-compare__verdict li")).to_contain_text("against support-bot 4")


def test_what_is_in_no_group_is_chosen_from_what_is_in_none(page: Page, demo_address: str, demo_site: Path) -> None:
    """The list beside the things says so, behind the groups, and each thing's own file says where it is chosen from."""
    top = demo_site / "latest" / "compare"
    for index in (top / "index").glob("*.json"):
        for whole in json.loads(index.read_text())["wholes"]:
            for _, path in whole["members"]:
                assert json.loads((top / f"{path[:-1]}.json").read_text())["whole"] == [whole["name"], whole["where"]]
    *_, loose = json.loads((top / "index" / "model-package.json").read_text())["wholes"]
    assert loose["name"] == "in no group, 2026-11"
    page.goto(f"{demo_address}latest/compare/#{loose['members'][0][1]}")
    expect(page.locator("[data-whole] option:checked")).to_have_text("in no group, 2026-11 (dev)")
    expect(page.locator(".sb-compare__things label")).to_have_count(1)


def test_chosen_by_boxes_in_a_table(page: Page, demo_address: str) -> None:
    """Two to six of one kind are checked where they are listed, by keyboard too; sorting and filtering keep them."""
    page.goto(f"{demo_address}latest/jobs/")
    table = page.locator("table:has(input.sb-pick)").first
    boxes = table.locator("input.sb-pick")
    opens = page.locator("button.sb-compare-picked:visible")
    expect(boxes.nth(1)).to_be_visible()
    assert opens.count() == 0
    boxes.first.focus()
    page.keyboard.press("Space")
    expect(opens).to_be_disabled()
    expect(opens).to_have_text("Compare: check one more")
    table.locator("th button").first.click()
    left = table.locator("input.sb-pick:not(:checked):not(:disabled)")
    for _ in range(5):
        left.first.check()
    expect(opens).to_have_text("Compare 6")
    expect(left).to_have_count(0)
    opens.click()
    expect(page).to_have_url(re.compile(r"/compare/#(training-job/[a-z0-9-]+/\+?){6}$"))
    expect(page.locator(".sb-compare__verdict li")).to_have_count(5)


def test_the_boxes_are_of_what_can_be_compared() -> None:
    """The script of the tables knows the kinds that the question knows."""
    text = (SCRIPT.parent / "studbook.js").read_text(encoding="utf-8")
    (named,) = re.findall(r"COMPARABLE = /\^\(([a-z|-]+)\)", text)
    assert set(named.split("|")) == {kind.replace("_", "-") for kind in COMPARABLE}


@pytest.fixture(scope="module")
def script(browser: Browser) -> Iterator[Page]:
    """A page with nothing but the script that compares."""
    page = browser.new_page()
    page.add_script_tag(content=SCRIPT.read_text(encoding="utf-8") + "; window.Comparison = Comparison;")
    yield page
    page.close()


def by_script(page: Page, things: list[dict[str, Any]], names: list[str]) -> tuple[list[Any], list[str]]:
    """Rows and verdicts, as the page's script finds them."""
    found = page.evaluate("(given) => Comparison.compared(...given)", [things, names, SECTIONS])
    rows = [(row["section"], row["name"], row["values"], row["equal"]) for row in found["rows"]]
    return rows, found["verdicts"]


def by_question(subjects: list[Subject], names: list[str]) -> tuple[list[Any], list[str]]:
    rows, verdicts = compared(subjects, names)
    return json.loads(json.dumps([(row.section, row.name, row.values, row.equal) for row in rows])), verdicts


@pytest.mark.parametrize("kind", COMPARABLE)
def test_the_site_compares_as_the_question_does(kind: str, script: Page, demo_site: Path, demo_catalog: Path) -> None:
    """Of each kind, any things: the rows and the verdicts are those of Python, and so of the command line."""
    with studbook.open(demo_catalog) as lineage:
        things = lineage.index.of_kind(kind)[:6]
        assert len(things) > 1
        found = lineage.compare(*(one.id for one in things))
        files = [demo_site / "latest" / "compare" / f"{page_path(kind, one.id).rstrip('/')}.json" for one in things]
        rows, verdicts = by_script(
            script, [json.loads(file.read_text()) for file in files], list(map(lineage.handle, things))
        )
        told = json.loads(json.dumps(found.to_json()))
        assert [list(row) for row in rows] == [
            [row[key] for key in ("section", "name", "values", "equal")] for row in told["rows"]
        ]
        assert verdicts == told["verdicts"]


WORDS = st.text(alphabet="abc\n{é€\"'", min_size=1, max_size=3)
NUMBERS = st.one_of(st.integers(-(10**9), 10**9), st.floats(-(10.0**12), 10.0**12))
VALUES = st.one_of(
    st.booleans(), NUMBERS, WORDS, st.lists(WORDS, max_size=2), st.dictionaries(WORDS, NUMBERS, max_size=2)
)
FACTS = st.dictionaries(
    st.tuples(st.sampled_from([one for one in SECTIONS if one != "objects"]), st.sampled_from("abc")),
    VALUES,
    max_size=8,
)
FINGERPRINTS = st.dictionaries(st.just(("state", "fingerprint")), WORDS, max_size=1)
OBJECTS = st.dictionaries(
    WORDS, st.tuples(st.one_of(st.none(), st.integers(0, 10**7)), st.sampled_from("xy")), max_size=4
)


@st.composite
def subjects(draw: st.DrawFn) -> list[Subject]:
    """Two or three things of a kind, that have something in common."""
    kind = draw(st.sampled_from(list(COMPARABLE)))
    named = ["e1", "e2"] if kind in ("training_job", "mlflow_run") else ["e1", "e2", None]  # a metric has a name
    of = st.tuples(st.sampled_from(named), st.sampled_from(["d", None]), st.sampled_from(["auc", "loss"]))
    ways = st.sampled_from([1, -1, None] if kind == "model_package" else [0, None])

    values = NUMBERS if kind == "model_package" else st.one_of(NUMBERS, st.sampled_from(["NaN", "Infinity"]))

    def scores() -> tuple[HeldScore, ...]:
        judges = st.sampled_from([(), ("judge",)])
        known = draw(st.dictionaries(of, st.tuples(judges, values, ways), max_size=5))
        return tuple(HeldScore(one, *known[one]) for one in known)

    return [
        Subject(
            asset=asset(name, kind),
            facts=draw(FACTS) | draw(FINGERPRINTS),
            unsure=draw(st.frozensets(st.sampled_from(["base", "data", "code", "configuration"]), max_size=2)),
            scores=scores(),
            objects=draw(st.one_of(st.none(), OBJECTS)) if kind == "dataset_version" else None,
        )
        for name in ("x", "y", "z")[: draw(st.integers(2, 3))]
    ]


def test_the_script_says_what_the_question_says(script: Page) -> None:
    """Whatever is known of the things: equal values, counts, differences and sentences come out alike."""

    @settings(max_examples=60)
    @given(subjects())
    def holds(given: list[Subject]) -> None:
        names = [one.asset.id for one in given]
        things = json.loads(json.dumps([one.to_json() for one in given]))
        rows, verdicts = by_script(script, things, names)
        expected, told = by_question(given, names)
        assert [list(row) for row in rows] == expected
        assert verdicts == told

    holds()
