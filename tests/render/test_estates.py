"""Generated estates of 240 and of 3,000 assets: what each page says is what the questions answer."""

from __future__ import annotations

import json
import os
import random
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element

import html5lib
import pytest
from benchmarks import register
from tests.grown_estates import commit, grown

from studbook.lineage.graph import Graph
from studbook.model import KINDS, Asset
from studbook.model.ids import page_path
from studbook.queries import QUESTIONS
from studbook.queries.answer import Night
from studbook.queries.board import board
from studbook.queries.candidates import best_of
from studbook.queries.namesakes import namesakes, place_of
from studbook.render import build_site
from studbook.render.answers import MOST_ROWS, NAME
from studbook.render.views.dossier import path_of
from studbook.render.views.lists import MOST_BULLETS
from studbook.render.views.tables import LIMIT
from studbook.store import Catalog

SEED = int(os.environ.get("STUDBOOK_TEST_SEED", "18"))
OF_A_KIND = 5
"""The pages of a kind whose text is read."""


class Estate(NamedTuple):
    """A generated night, and its site."""

    night: Night
    catalog: Catalog
    root: Path


@pytest.fixture(scope="module", params=[240, 3_000])
def estate(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Estate:
    """Two nights, between which things change as they do, approvals among them; the site of the second."""
    folder = tmp_path_factory.mktemp(f"estate-{request.param}")
    (folder / "catalog").mkdir()
    (folder / "catalog" / "studbook.yml").write_text(
        register.CONFIGURATION + "site: {pictures: 'off'}\n", encoding="utf-8"
    )
    catalog, graph = Catalog(folder / "catalog"), grown(request.param)
    commit(catalog, graph, 1)
    assets, edges = register.change((list(graph.assets.values()), list(graph.edges)), 2)
    decided = [
        one.but(attributes={**one.attributes, "approval": "Approved", "approval_description": "Looked at."})
        if one.attributes.get("approval") == "PendingManualApproval" and number % 2
        else one
        for number, one in enumerate(assets)
    ]
    commit(catalog, Graph(decided, edges), 2)
    envelope = catalog.resolve("latest")
    (built,) = build_site(catalog, catalog.settings(), folder / "site", envelopes=[envelope])
    night = Night.of(catalog, envelope, catalog.graph(envelope), catalog.settings())
    return Estate(night, catalog, built.path)


# --- a page as its reader sees it ---------------------------------------------------------------------------------


def text_of(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def ids_of(*elements: Element) -> list[str]:
    """The ids of the assets that are linked, in their order."""
    return [one.get("title", "") for element in elements for one in element.iter("a") if _is(one, "sb-name")]


def _is(element: Element, name: str) -> bool:
    return name in (element.get("class") or "").split()


class Told:
    """What one page says, part by part."""

    def __init__(self, file: Path) -> None:
        document = html5lib.parse(file.read_text(encoding="utf-8"), namespaceHTMLElements=False)
        self.article: Element = next(document.iter("article"))
        self.sections: defaultdict[str, list[Element]] = defaultdict(list)
        at = ""
        for parent in self.article.iter():
            if any(child.tag == "h2" for child in parent):
                for child in parent:
                    at = child.get("id", "") if child.tag in ("h2", "h3") and child.get("id") else at
                    self.sections[at].append(child)

    def all(self, tag: str, name: str, within: str | None = None) -> list[Element]:
        """The elements of that tag and class."""
        places = [self.article] if within is None else self.sections[within]
        return [one for place in places for one in place.iter(tag) if _is(one, name)]

    def rows(self, label: str) -> list[list[Element]]:
        """The cells of a table by its name, without its head; nothing where there is no such table."""
        several = [one for one in self.article.iter("table") if one.get("aria-label") == label]
        return [[*row] for table in several for body in table.iter("tbody") for row in body.iter("tr")]

    def verdict(self, name: str) -> Element:
        """A fact below the strip, by its title."""
        (box,) = [one for one in self.all("div", "sb-verdict") for one in one if one[0].text == name]
        return box[1]

    def fact(self, name: str) -> Element:
        """A fact of a list, by its title."""
        found = [row for facts in self.all("dl", "sb-facts") for row in facts if text_of(row[0]) == name]
        return found[0][1]

    def says(self, words: str) -> bool:
        return " ".join(words.split()) in text_of(self.article)


Differs = Iterator[tuple[str, Any, Any]]
"""What is told, as the page tells it and as the question does."""


def of_any(estate: Estate, asset: Asset, page: Told) -> Differs:
    """Its name with its place, and each link, with all that are left out named in a file."""
    lineage = estate.night.lineage
    settings = estate.catalog.settings()
    place = place_of(settings, asset, namesakes(lineage.of_kind(asset.kind)))
    (heading,) = page.article.iter("h1")
    if place:
        yield "its place", place in text_of(heading), True
    for label, edges, end in (
        ("Upstream edges", lineage.upstream(asset.id), "source"),
        ("Downstream edges", lineage.downstream(asset.id), "target"),
    ):
        shown = [one for row in page.rows(label) for one in ids_of(*row)]
        known = [getattr(edge, end) for edge in edges]
        if len(known) <= LIMIT:
            yield label, sorted(shown), sorted(known)
        else:
            yield label, (len(shown), set(shown) <= set(known)), (LIMIT, True)
    if (history := QUESTIONS["log"].ask(estate.night, asset.id).rows) and page.all("li", "sb-history--approval"):
        items = [text_of(one) for one in page.sections["history"] for one in one.iter("li")]
        yield "its history", len(items), len(history)
        for number, entry in enumerate([one for one in reversed(history) if one.event == "approval"]):
            yield "an approval", f"is {entry.is_}" in items[number], True
            yield "its note", not entry.note or entry.note in items[number], True


def of_version(estate: Estate, asset: Asset, page: Told) -> Differs:
    """Where it runs, what waits, how it was judged, what cannot be known, of which it is a copy."""
    runs, scores = (QUESTIONS[name].ask(estate.night, asset.id) for name in ("runs", "scores"))
    here = page.verdict("Runs")
    yield "where it runs", sorted(set(ids_of(here))), sorted({row.endpoint for row in runs.rows})
    if not runs.rows:
        yield "where it runs", text_of(here), "nowhere that is known" if runs.unknown else "nowhere"
    waits = QUESTIONS["candidates"].ask(estate.night, asset.id)
    yield "what waits", page.says(waits.summary), bool(runs.rows)
    yield "whether it waits", page.says("waits. "), bool(runs.rows) and best_of(waits.rows) is not None
    rows = page.rows("Evaluations")
    yield "judged in", {one for row in rows for one in ids_of(row[1])}, {row.job for row in scores.rows}
    told = " ".join(text_of(row[3]) for row in rows)
    yield "scores", [row.metric for row in scores.rows if f"{row.metric}{row.value:g}" not in told], []
    yield from _gaps(estate, asset, page)
    yield from _strip(page, {row.endpoint for row in runs.rows})
    copies = QUESTIONS["copies"].ask(estate.night, asset.id)
    for row in copies.rows:
        shown = {one for element in page.sections["promotion"] for one in ids_of(element)}
        yield "copies", {row.from_, row.to} <= shown, True


def _strip(page: Told, endpoints: Collection[str]) -> Differs:
    (strip,) = page.all("ol", "sb-strip")
    last = strip[-1]
    yield "its strip", set(ids_of(last)) <= set(endpoints) and bool(ids_of(last)) == bool(endpoints), True


def _gaps(estate: Estate, asset: Asset, page: Told) -> Differs:
    rows = QUESTIONS["gaps"].ask(estate.night, asset.id).rows
    said = [text_of(one) for element in page.sections["unknown"] for one in element.iter("li")]
    yield "what is not known", len(said), len(rows)
    for row, line in zip(rows, said, strict=False):
        yield "why it is not known", f": {row.why}" in line, True


def of_group(estate: Estate, asset: Asset, page: Told) -> Differs:
    """Its versions with their copies, and where each runs."""
    versions = [edge.target for edge in estate.night.lineage.downstream(asset.id, "has_version")]
    shown = {}
    for row in page.rows("Versions"):
        for one in ids_of(row[0]):
            shown[one] = {row.get("title") for row in row[2].iter("a")}
    yield "its versions", set(versions) <= shown.keys(), True
    for version in versions:
        yield version, shown.get(version), {row.endpoint for row in QUESTIONS["runs"].ask(estate.night, version).rows}
        family = {one for row in QUESTIONS["copies"].ask(estate.night, version).rows for one in (row.from_, row.to)}
        yield "their copies", family <= shown.keys(), True
    waits = QUESTIONS["candidates"].ask(estate.night, asset.id)
    yield "what waits", page.says(waits.summary), bool(versions)


def of_endpoint(estate: Estate, asset: Asset, page: Told) -> Differs:
    """What answers there, what waits and what cannot be known."""
    rows = QUESTIONS["runs"].ask(estate.night, asset.id).rows
    answers = [ids_of(chain[0][1])[0] for chain in page.all("dl", "sb-chain", "answers")]
    yield "what runs", sorted(set(answers)), sorted({row.version or row.base or row.unit for row in rows})
    waits = QUESTIONS["candidates"].ask(estate.night, asset.id)
    yield "what waits", page.says(waits.summary), True
    yield "whether it waits", page.says("waits. "), best_of(waits.rows) is not None
    yield from _gaps(estate, asset, page)


def of_data(estate: Estate, asset: Asset, page: Told) -> Differs:
    """What it has reached, in numbers and by name, each with how sure that is and where to go back to."""
    found = QUESTIONS["incident"].ask(estate.night, asset.id)
    sentence = [text_of(one) for one in page.all("p", "sb-incident__sentence")]
    yield "what it reached", sentence, [found.summary] if found.rows or asset.kind != "artifact" else []
    status = {row.asset: row.status for row in found.rows}
    rows = page.rows("Affected endpoints")
    back = {row.asset: row.last_unaffected for row in found.rows if row.kind == "endpoint"}
    told = {ids_of(row[0])[0]: (text_of(row[3]), next(iter(ids_of(row[5])), None)) for row in rows}
    yield "its endpoints", told, {one: (status[one], last) for one, last in back.items()}
    for name in ("certain", "possible", "cleared"):
        shown = [ids_of(row[0])[0] for row in page.rows(name.capitalize())]
        others = [one for one, said in status.items() if said == name and one not in back]
        yield name, (len(shown), set(shown) <= set(others)), (min(len(others), 40), True)
    if asset.kind == "dataset_version":
        models = {
            row.asset for row in QUESTIONS["impact"].ask(estate.night, asset.id).rows if row.kind == "model_package"
        }
        yield "models", set(ids_of(page.fact("Model versions that depend on it"))), models


def of_judge(estate: Estate, asset: Asset, page: Told) -> Differs:
    """Every job of which it has a score."""
    scores = QUESTIONS["scores"].ask(estate.night, asset.id) if asset.kind == "evaluator_version" else None
    shown = {one for row in page.rows("What it judged") for one in ids_of(row[0])}
    if scores is not None and len(shown) < LIMIT:
        yield "what it judged", shown, {row.job for row in scores.rows}


TOLD: dict[str, Callable[[Estate, Asset, Told], Differs]] = {
    "model_package": of_version,
    "model_package_group": of_group,
    "endpoint": of_endpoint,
    "evaluator_version": of_judge,
    **dict.fromkeys(("dataset", "dataset_version", "artifact"), of_data),
}


# --- held to the questions ----------------------------------------------------------------------------------------


def test_every_page_has_the_answers_beside_it(estate: Estate) -> None:
    """Each page's `index.json` is what the questions answer of its asset: summary, total, rows, and what is unknown."""
    night = estate.night
    assets = [one for kind in KINDS for one in night.lineage.of_kind(kind)]
    assert len(assets) >= 240
    for asset in assets:
        told = json.loads((estate.root / page_path(asset.kind, asset.id) / NAME).read_text(encoding="utf-8"))
        asked = {name for name, one in QUESTIONS.items() if one.is_asked_of(asset.kind)} - {"incident"}
        assert asked == told["answers"].keys() - {"incident"}
        for name, answer in told["answers"].items():
            found = QUESTIONS[name].ask(night, asset.id).told(MOST_ROWS)
            assert answer == json.loads(json.dumps(found)), (asset.id, name)


def test_what_pages_say_is_what_the_questions_answer(estate: Estate) -> None:
    """Of pages of each kind, drawn by a seed that is printed: names, links, sentences and numbers, none too many."""
    print(f"STUDBOOK_TEST_SEED={SEED}")
    draw = random.Random(SEED)
    wrong = []
    number = 0
    for kind in KINDS:
        known = sorted(estate.night.lineage.of_kind(kind), key=lambda one: one.id)
        for asset in draw.sample(known, min(OF_A_KIND, len(known))):
            page = Told(estate.root / page_path(asset.kind, asset.id) / "index.html")
            for tell in (of_any, TOLD.get(kind)):
                for what, said, right in tell(estate, asset, page) if tell else ():
                    number += 1
                    if said != right:
                        wrong.append(f"{asset.id}: {what}: {said} is not {right}")
    assert not wrong, "\n".join(wrong[:20])
    assert number > 300


def test_home_says_what_the_board_says(estate: Estate) -> None:
    """Its sentence, and of each model line what production runs, what is approved, what waits."""
    found = board(estate.night, list(estate.catalog.findings(estate.night.envelope)))
    page = Told(estate.root / "index.html")
    assert text_of(next(page.article.iter("h1"))) == found.summary
    rows = {ids_of(row[0])[0]: row for row in page.rows("Models")}
    assert list(rows) == [line.group for line in found.lines]
    for line in found.lines:
        row = rows[line.group]
        assert next(iter(ids_of(row[1])), None) == line.version
        assert re.split(" by ", text_of(row[3]))[0] == (line.approval or "")
        assert next(iter(ids_of(row[6])), None) == (line.candidate.version if line.candidate else None)
        assert sum(int(text_of(one).split()[0]) for one in row[7].iter("a")) == sum(line.problems.values())


def test_no_page_is_heavier_than_a_reader_has_patience_for(estate: Estate) -> None:
    """At most 100 KB before pictures, and no table is longer than what its page may hold."""
    for file in estate.root.rglob("index.html"):
        text = file.read_text(encoding="utf-8")
        assert len(text.encode()) <= 100_000, file
        tables = re.findall(r"<table [^>]*data-count.*?</table>", text, re.DOTALL)
        assert all(table.count("<tr") <= LIMIT + 1 for table in tables), file


def test_a_dossier_has_each_line_of_the_questions(estate: Estate) -> None:
    """Of model versions, drawn by the seed: where it runs, each score, each approval, what cannot be known."""
    known = sorted(estate.night.lineage.of_kind("model_package"), key=lambda one: one.id)
    for asset in random.Random(SEED).sample(known, OF_A_KIND):
        page = Told(estate.root / path_of(asset) / "index.html")
        parts = {text_of(one): one.get("id", "") for one in page.article.iter("h2")}
        lines = {
            name: [text_of(li) for one in page.sections[at] for li in one.iter("li")] for name, at in parts.items()
        }
        for row in QUESTIONS["scores"].ask(estate.night, asset.id).rows:
            assert any(line.startswith(f"{row.metric} = {row.value} by") for line in lines["Scores"])
        runs = {row.endpoint for row in QUESTIONS["runs"].ask(estate.night, asset.id).rows}
        shown = {one for one in page.sections[parts["What runs"]] for one in ids_of(one)}
        assert runs <= shown
        for entry in QUESTIONS["log"].ask(estate.night, asset.id).rows:
            if entry.event == "approval":
                assert any(line.startswith(f"{entry.at}: ") for line in lines["Approvals"])


def test_a_night_on_which_much_came_names_the_first_and_leads_to_the_rest(tmp_path: Path) -> None:
    """Of deployments, models and all else that Changes tells in sentences, a page has twenty and a table has all."""
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "studbook.yml").write_text(
        register.CONFIGURATION + "site: {pictures: 'off'}\n", encoding="utf-8"
    )
    catalog = Catalog(tmp_path / "catalog")
    graph = grown(1_200)
    served = {one.id: one for one in graph.assets.values() if KINDS[one.kind].section in ("models", "deployments")}
    edges = [one for one in graph.edges if one.source in served and one.target in served]
    commit(catalog, Graph(list(served.values())[:1], []), 1)
    commit(catalog, Graph(served.values(), edges), 2)
    envelope = catalog.resolve("latest")
    (built,) = build_site(catalog, catalog.settings(), tmp_path / "site", envelopes=[envelope])
    page = Told(built.path / "changes" / "index.html")
    sentences = [text_of(one) for one in next(one for one in page.article.iter("ul") if one.get("class") == "sb-told")]
    step = json.loads((built.path / "changes" / "step.json").read_text(encoding="utf-8"))
    for kind, words, rest in (
        ("deployments", " now runs ", "more deployments"),
        ("models", "New: ", "more new models"),
    ):
        count = len(step[kind])
        assert count > MOST_BULLETS
        assert sum(words in one for one in sentences) == MOST_BULLETS
        assert f"{count - MOST_BULLETS:,} {rest}" in sentences
    (table,) = [one for one in page.article.iter("table") if one.get("aria-label") == "Deployments"]
    assert table.get("data-count") == str(len(step["deployments"]))
    anchors = {one.get("id") for one in page.article.iter()}
    ways = {one.get("href") for one in page.article.iter("a") if " more " in text_of(one)}
    assert ways
    assert ways <= {f"#{one}" for one in anchors}
