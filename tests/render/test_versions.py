"""Many snapshots' sites in one folder: what is kept, what is shared, and where an address leads."""

from __future__ import annotations

import datetime
import json
import os
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import small_catalog as small
from tests.small_catalog import Sites

from studbook.cli.site import listen
from studbook.model import Envelope
from studbook.model.ids import page_path
from studbook.model.snapshot import Parts
from studbook.render import build_site
from studbook.render.versions import built, kept
from studbook.settings import Keep, Settings
from studbook.store import Catalog
from studbook.store.files import held

_DIGEST = f"sha256:{0:064x}"
_START = datetime.date(2026, 1, 1)


def night(number: int, day: int) -> Envelope:
    """A snapshot taken so many days after the start."""
    taken_at = f"{_START + datetime.timedelta(days=day)}T02:00:00Z"
    parts = Parts(records=_DIGEST, assets=_DIGEST, edges=_DIGEST)
    return Envelope(
        number=number,
        taken_at=taken_at,
        generator="studbook",
        config=_DIGEST,
        coverage=(),
        parts=parts,
        digest=_DIGEST,
        previous=None,
        envelope=_DIGEST,
    )


def keeping(keep: Keep) -> Settings:
    return small.SETTINGS.model_copy(update={"site": small.SETTINGS.site.model_copy(update={"keep": keep})})


def inodes(root: Path) -> dict[int, Path]:
    return {path.stat().st_ino: path for path in root.rglob("*") if path.is_file()}


COUNTS = st.integers(0, 6)


class TestKept:
    @given(st.lists(st.integers(0, 900), min_size=1, max_size=60), COUNTS, COUNTS, COUNTS)
    def test_never_more_than_asked_and_always_the_newest(
        self, days: list[int], daily: int, weekly: int, monthly: int
    ) -> None:
        """Whatever the nights, the newest stays, and each count keeps at most so many."""
        history = [night(number, day) for number, day in enumerate(sorted(days), 1)]
        stays = kept(history, Keep(daily=daily, weekly=weekly, monthly=monthly))

        assert stays[-1] == history[-1]
        assert len(stays) <= max(1, daily + weekly + monthly)
        assert kept(stays, Keep(daily=daily, weekly=weekly, monthly=monthly)) == stays

    def test_days_weeks_and_months(self) -> None:
        """Of a hundred nights, the last three days, the last nights of two weeks, and of three months."""
        history = [night(number + 1, number) for number in range(100)]
        stays = kept(history, Keep(daily=3, weekly=2, monthly=3))

        # The hundredth night is Friday 10 April 2026.
        assert [envelope.taken_at[:10] for envelope in stays] == [
            "2026-02-28",
            "2026-03-31",
            "2026-04-05",
            "2026-04-08",
            "2026-04-09",
            "2026-04-10",
        ]

    def test_all(self) -> None:
        """Nothing is taken away unless the configuration says so."""
        history = [night(number + 1, number) for number in range(9)]

        assert kept(history, Settings().site.keep) == history


class TestRetention:
    def test_a_site_that_is_not_kept_goes_and_the_others_stay_whole(self, tmp_path: Path) -> None:
        """What shares its files with a site that goes keeps every byte, and the selector no longer offers the other."""
        sites = small.build(tmp_path)
        second = sites.output / "2"
        before = {path: path.read_bytes() for path in second.rglob("*") if path.is_file()}
        build_site(sites.catalog, keeping(Keep(daily=1)), sites.output)

        assert built(sites.output) == [2]
        assert [entry["version"] for entry in json.loads((sites.output / "versions.json").read_text())] == ["2"]
        assert {path: path.read_bytes() for path in second.rglob("*") if path.is_file()} == before
        assert not [path for path in sites.output.iterdir() if path.name.startswith(".old")]

    def test_a_night_costs_its_changes(self, sites: Sites, tmp_path: Path) -> None:
        """A night on which nothing changed adds no file of any asset; one on which one changed adds a page or few."""
        catalog = Catalog(tmp_path / "catalog")
        output = tmp_path / "site"
        counts = []
        for number in range(1, 5):
            assets = small.assets()
            if number == 4:
                assets = [asset.but(status="Deprecated") if asset.id == small.IMAGE else asset for asset in assets]
            small.commit(catalog, assets, small.edges(), f"2026-11-2{number}T02:00:00Z")
            known = inodes(output).keys()
            build_site(catalog, small.SETTINGS, output)
            new = [path for inode, path in inodes(output / str(number)).items() if inode not in known]
            pages = {page_path(a.kind, a.id) + "index.html" for a in assets}
            counts.append(sum(path.relative_to(output / str(number)).as_posix() in pages for path in new))

        assert counts == [len(small.assets()), 0, 0, 1]
        whole = sum(path.stat().st_size for path in (output / "1").rglob("*") if path.is_file())
        on_disk = sum(path.stat().st_size for path in inodes(output).values())
        assert on_disk < 2 * whole


class TestLeftovers:
    def test_what_a_killed_build_left_is_swept_away(self, sites: Sites) -> None:
        """By the next build, but for what one that runs at the same time holds."""
        dead, living = (sites.output / name / "page" for name in (".building-7-abc", ".building-8-def"))
        for folder in (dead, living):
            folder.mkdir(parents=True)
        descriptor = os.open(living.parent, os.O_RDONLY)
        assert held(descriptor)

        build_site(sites.catalog, small.SETTINGS, sites.output)

        assert not dead.parent.exists()
        assert living.exists()
        os.close(descriptor)


class TestAddresses:
    def test_an_asset_keeps_its_address_also_when_it_is_gone(self, tmp_path: Path) -> None:
        """Every page of the first night is there in the last one, whatever changed, a tombstone where it is gone."""
        catalog, output = Catalog(tmp_path / "catalog"), tmp_path / "site"
        small.commit(catalog, small.assets(), small.edges(), "2026-11-21T02:00:00Z")
        changed = [
            asset.but(gone_since=2) if asset.id == small.ENDPOINT else asset.but(status="Other", tags={"a": "b"})
            for asset in small.assets()
        ]
        small.commit(catalog, changed, small.edges(), "2026-11-22T02:00:00Z")
        build_site(catalog, small.SETTINGS, output, envelopes=list(catalog.envelopes()))
        first, last = (
            {path.parent.relative_to(output / night).as_posix() for path in (output / night).rglob("index.html")}
            for night in ("1", "2")
        )
        endpoint = next(asset for asset in small.assets() if asset.id == small.ENDPOINT)
        page = output / "latest" / page_path(endpoint.kind, endpoint.id) / "index.html"

        assert first <= last
        assert "gone" in page.read_text(encoding="utf-8").lower()

    def test_an_address_that_leads_nowhere_gets_a_page_that_helps(self, sites: Sites) -> None:
        """The status is 404, and the page leads home, and to the search."""
        server = listen(sites.output, 0)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(f"http://127.0.0.1:{server.server_address[1]}/7/model/no-such/")
            text = caught.value.read().decode()
        finally:
            server.shutdown()
            server.server_close()

        assert caught.value.code == 404
        assert 'action="/latest/"' in text
        assert 'href="/latest/"' in text

    def test_that_page_knows_where_the_site_is_hosted(self, sites: Sites, tmp_path: Path) -> None:
        """A host shows it below any address, so its links start at the host's root."""
        there = small.SETTINGS.site.model_copy(update={"url": "https://example.com/team/catalog"})
        settings = small.SETTINGS.model_copy(update={"site": there})
        build_site(sites.catalog, settings, tmp_path)

        assert 'href="/team/catalog/latest/"' in (tmp_path / "404.html").read_text(encoding="utf-8")
