"""A page that read nothing that changed is the page that it was."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests import small_catalog as small
from tests.render.test_views import ENVELOPE

from studbook.drawing import neighbourhood
from studbook.lineage.graph import Graph
from studbook.model import Asset, Edge, Finding
from studbook.queries import QUESTIONS
from studbook.render import answers, downloads, views
from studbook.render.dependencies import EVERYTHING, ReadSet, TrackedSite, _bucket, changed, said, unpacked
from studbook.render.page_writer import KnownBuild
from studbook.render.views import Site, card, dossier

Lineage = tuple[dict[str, Asset], list[Edge]]
FIELDS = ("name", "status", "stage", "created_at", "stale_since", "gone_since", "region")
KEYS = ("version", "metrics", "approval", "fingerprint", "newest", "hyperparameters", "something")
VALUES: dict[str, Any] = {"metrics": {"loss": 0.5}, "hyperparameters": {"rank": "8"}, "stale_since": 2, "gone_since": 2}


def site_of(lineage: Lineage, findings: list[Finding]) -> Site:
    assets, edges = lineage
    return Site(
        graph=Graph(assets.values(), edges),
        envelope=ENVELOPE,
        settings=small.SETTINGS,
        findings=findings,
        history=[ENVELOPE],
    )


def pages_of(site: Site) -> dict[str, tuple[str, set[int]]]:
    """All that goes into each asset's page and the files beside it, and what was noted while they were made."""
    notes = ReadSet()
    watched = TrackedSite(site, notes)
    out = {}
    for asset_id in site.graph.assets:
        notes.begin()
        asset = watched.graph.assets[asset_id]
        page = views.asset_page(watched, asset, "assets/_default.html")
        picture = neighbourhood(watched.graph, asset)
        boxes = [
            (box.hidden, box.asset and (box.asset.id, box.asset.name, box.asset.unresolved)) for box in picture.boxes
        ]
        out[asset_id] = (
            json.dumps([page.title, page.path, page.data, boxes, picture.lines]),
            set(unpacked(notes.packed())),
        )
        notes.begin()
        told = answers.of_asset(watched, asset).decode()
        out[f"{asset_id} answers"] = (told, set(unpacked(notes.packed())))
        if asset.kind == downloads.KIND:
            notes.begin()
            files = downloads.of_model(watched, asset)
            out[f"{asset_id} files"] = (repr(files), set(unpacked(notes.packed())))
            notes.begin()
            told = json.dumps(card.card_page(watched, asset).data)
            out[f"{asset_id} card"] = (told, set(unpacked(notes.packed())))
            notes.begin()
            told = json.dumps(dossier.dossier_page(watched, asset).data)
            out[f"{asset_id} dossier"] = (told, set(unpacked(notes.packed())))
    return out


@st.composite
def another_night(draw: st.DrawFn) -> tuple[Lineage, list[Finding]]:
    """The small lineage after some changes of every sort."""
    assets = {asset.id: asset for asset in small.assets()}
    edges = small.edges()
    findings = []
    ids = st.sampled_from(sorted(assets))
    for what in draw(
        st.lists(st.sampled_from(["field", "attribute", "edge", "evidence", "new", "finding"]), max_size=3)
    ):
        asset = assets[draw(ids)]
        if what == "field":
            name = draw(st.sampled_from(FIELDS))
            assets[asset.id] = asset.but(**{name: VALUES.get(name, "another")})
        elif what == "attribute":
            key = draw(st.sampled_from(KEYS))
            assets[asset.id] = asset.but(attributes={**asset.attributes, key: VALUES.get(key, "other")})
        elif what == "edge" and edges:
            edges.remove(draw(st.sampled_from(edges)))
        elif what == "evidence" and edges:
            old = edges.pop(draw(st.integers(0, len(edges) - 1)))
            edges.append(replace(old, certainty="inferred", evidence=("rule:x",)))
        elif what == "new":
            made = asset.but(id=f"{asset.id}-another")
            assets[made.id] = made
            edges.append(replace(small.edges()[0], source=made.id, target=asset.id, relation="input_to", role=None))
        elif what == "finding":
            findings.append(
                Finding(id="f1", rule="unevaluated", level="warning", asset=asset.id, message="never judged")
            )
    return (assets, edges), findings


BEFORE = site_of(({asset.id: asset for asset in small.assets()}, small.edges()), [])
PAGES = pages_of(BEFORE)


@settings(max_examples=150)
@given(another_night())
def test_what_is_not_made_again_need_not_be(night: tuple[Lineage, list[Finding]]) -> None:
    """After any change, a page whose notes name nothing that changed has the content that it had."""
    after = site_of(*night)
    differing = set(said(BEFORE).items()) ^ set(said(after).items())
    news = changed(BEFORE.graph, after.graph) | {int(number) for number, _ in differing}
    for asset_id, (content, _) in pages_of(after).items():
        if asset_id in PAGES and news.isdisjoint(PAGES[asset_id][1]):
            assert content == PAGES[asset_id][0], asset_id


def test_one_changed_asset_is_few_pages() -> None:
    """A status is read by the pages that show it, and by no page that only names its asset."""
    # Its own answers, and the files of the model that it trained, and of its clone, have the whole of it.
    files = {f"{asset_id} files" for asset_id in (small.PACKAGE_2, small.CLONE)}
    assert made_again(small.IMAGE, status="Deprecated") == {small.IMAGE, f"{small.IMAGE} answers", *files}


def made_again(asset_id: str, **field: str) -> set[str]:
    """What has read something that is not the same where a field of an asset is another."""
    assets = {asset.id: asset for asset in small.assets()}
    assets[asset_id] = assets[asset_id].but(**field)
    news = changed(BEFORE.graph, site_of((assets, small.edges()), []).graph)
    return {name for name, (_, noted) in PAGES.items() if not news.isdisjoint(noted)}


def test_when_a_version_was_touched_is_read_where_it_is_told() -> None:
    """A model's page tells it of what has copies, in the tree of them, and of no other version."""
    assert small.GROUP not in made_again(small.PACKAGE_1, modified_at="2026-11-22T00:00:00Z")
    assert small.GROUP in made_again(small.PACKAGE_2, modified_at="2026-11-22T00:00:00Z")


def test_neither_a_page_of_an_asset_nor_a_file_beside_it_reads_everything() -> None:
    """What is not one asset's changes every night, so a page that read it would never be the same."""
    assert any(asset_id.endswith(" files") for asset_id in PAGES)
    assert [asset_id for asset_id, (_, noted) in PAGES.items() if EVERYTHING in noted] == []


@settings(max_examples=25)
@given(another_night())
def test_an_answer_that_is_told_twice_has_read_the_same_for_both(night: tuple[Lineage, list[Finding]]) -> None:
    """A page and the answers beside it share an answer, and each depends on all that was read for it."""
    site, notes = site_of(*night), ReadSet()
    watched = TrackedSite(site, notes)
    for asset_id, asset in site.graph.assets.items():
        for name in (name for name, question in QUESTIONS.items() if question.is_asked_of(asset.kind)):
            notes.begin()
            answer = watched.answer(name, asset_id).told()
            noted = notes.read
            notes.begin()
            assert watched.answer(name, asset_id).told() == answer == site.answer(name, asset_id).told()
            assert notes.read == noted != set()


def test_who_had_a_name_before_is_read_of_that_name_alone() -> None:
    """A history asks which earlier holders its id has; one that comes is told, and no other id makes it again."""
    arn, other = (f"arn:aws:sagemaker:us-east-1:111111111111:endpoint/{name}" for name in ("live", "live-2"))
    assert EVERYTHING not in (_bucket(f"{arn}@"), _bucket(f"{arn}@before-1"))
    assert _bucket(f"{arn}@") == _bucket(f"{arn}@before-1") != _bucket(f"{other}@before-1")
    assert _bucket("s3://bucket@") == _bucket("arn:") == EVERYTHING


def test_what_is_remembered_is_believed_whole_or_not_at_all(tmp_path: Path) -> None:
    """A file with any byte changed, lost or added is as none: read as it lies, it would call pages unchanged that are
    not."""
    file = tmp_path / "1.known"
    told = KnownBuild(
        "context", "sha256:1", {"7": "found"}, {"a/": bytes(range(8)), "b/": b"", "c/files": b"\n\0\xff\n"}
    )
    told.write(file)
    assert KnownBuild.read(file) == told
    whole = file.read_bytes()
    for place in range(len(whole)):
        for damaged in (whole[:place], whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]):
            file.write_bytes(damaged)
            assert KnownBuild.read(file) is None, place
    file.write_bytes(whole + b"\0")
    assert KnownBuild.read(file) is None
