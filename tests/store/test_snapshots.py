from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.pedigrees import commit, lineage

from studbook.errors import CatalogError, NotFound
from studbook.model import canonical, digest
from studbook.store import Catalog

PEDIGREE = lineage("t(training_job) -produced-> bot/1(model_package)")


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """Four nights; the first and the second differ, the last two are as the second."""
    catalog = Catalog(tmp_path)
    commit(catalog, lineage("t(training_job) -produced-> a(artifact)"), night=1)
    for night in (2, 4, 5):
        commit(catalog, PEDIGREE, night=night)
    return catalog


class TestEnvelope:
    def test_is_the_digest_of_its_own_canonical_json(self, catalog: Catalog) -> None:
        """Anyone can compute `envelope`, `digest` and `previous` from the files."""
        before = None
        for path in catalog.snapshots.paths():
            document = json.loads(path.read_bytes())
            own = document.pop("envelope")
            assert own == digest(canonical(document))
            content = {name: document["parts"][name] for name in ("records", "assets", "edges")}
            assert document["digest"] == digest(canonical(content))
            assert document["previous"] == before
            before = own

    def test_file_is_named_by_number_and_time(self, catalog: Catalog) -> None:
        """Numbers count up from 1; there is no colon in a file's name."""
        assert [path.name for path in catalog.snapshots.paths()] == [
            "1-2026-11-01T020000Z.json",
            "2-2026-11-02T020000Z.json",
            "3-2026-11-04T020000Z.json",
            "4-2026-11-05T020000Z.json",
        ]

    def test_that_was_edited_is_not_read(self, catalog: Catalog) -> None:
        """A gap that someone deleted by hand is no longer the envelope that was written."""
        path = catalog.snapshots.paths()[-1]
        path.write_bytes(path.read_bytes().replace(b'"requests": 5', b'"requests": 6'))
        with pytest.raises(CatalogError, match="was changed after it was written"):
            catalog.latest()

    def test_of_a_newer_format_says_so(self, catalog: Catalog) -> None:
        """An older Studbook does not guess at a newer catalog."""
        path = catalog.snapshots.paths()[-1]
        path.write_bytes(path.read_bytes().replace(b"studbook.catalog/2", b"studbook.catalog/3"))
        with pytest.raises(CatalogError, match=r"studbook\.catalog/3"):
            catalog.latest()


class TestResolve:
    @pytest.mark.parametrize(
        ("name", "number"),
        [
            ("latest", 4),
            ("latest~0", 4),
            ("latest~3", 1),
            ("2", 2),
            ("2026-11-04", 3),
            ("2026-11-03", 2),
            ("2027-01-01", 4),
            ("2026-11-04T01:59:59Z", 2),
            ("2026-11-04T02:00:00Z", 3),
        ],
    )
    def test_by_number_place_and_date(self, catalog: Catalog, name: str, number: int) -> None:
        """A date means the last snapshot on or before it."""
        assert catalog.resolve(name).number == number

    def test_by_the_beginning_of_a_digest(self, catalog: Catalog) -> None:
        """Of several nights with one content the latest is meant; an envelope's digest means that night."""
        second, first = catalog.resolve("2"), catalog.resolve("1")
        assert catalog.resolve(second.digest[7:19]).number == 4
        assert catalog.resolve(second.envelope[:30]).number == 2
        assert catalog.resolve(first.digest).number == 1

    @pytest.mark.parametrize("name", ["5", "0", "latest~4", "yesterday", "2026-10-31", "ffff", "", "latest~", "-1"])
    def test_of_nothing_says_what_there_is(self, catalog: Catalog, name: str) -> None:
        """Exit code 2, and a hint with which to go on."""
        with pytest.raises(NotFound) as caught:
            catalog.resolve(name)
        assert caught.value.exit_code == 2
        assert caught.value.hint

    def test_in_an_empty_folder_names_the_way_to_a_snapshot(self, tmp_path: Path) -> None:
        """A new catalog is no error of the program."""
        with pytest.raises(NotFound, match="no snapshot here") as caught:
            Catalog(tmp_path).resolve("latest")
        assert "studbook harvest" in str(caught.value.hint)
