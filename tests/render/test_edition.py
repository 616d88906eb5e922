"""The site for outsiders: the ordinary one, of a catalog under pseudonyms."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests import small_catalog as small

from studbook.cli import main
from studbook.errors import UsageError
from studbook.exports.edition import Edition
from studbook.exports.pseudonyms import SECRET
from studbook.publish import publish_folder
from studbook.queries import QUESTIONS
from studbook.queries.answer import Night
from studbook.render import build_site
from studbook.render.versions import AUDIENCE
from studbook.store import Catalog

KEY = "a secret of the house, kept apart"


def call(*words: object) -> object:
    with pytest.raises(SystemExit) as end:
        main(list(map(str, words)))
    return end.value.code


def inside(data: bytes) -> Iterator[bytes]:
    """A file, or what is packed in it."""
    if re.match(rb"[0-9a-f]{8}\n\[", data):  # what is remembered of a build: a checksum, a line of text, and numbers
        yield data.split(b"\n", 2)[1]
    elif data[:2] == b"\x1f\x8b":
        yield from inside(gzip.decompress(data))
    elif zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            for name in packed.namelist():
                yield name.encode()
                yield from inside(packed.read(name))
    else:
        yield data


def originals(catalog: Path) -> set[str]:
    """What outsiders must not read, found in all rows, records and words of people by a reader of its own."""
    store = Catalog(catalog)
    told = [path.read_text() for path in (*catalog.glob("cards/*"), catalog / "studbook.yml", catalog / "waivers.yml")]
    for envelope in store.envelopes():
        told += [repr(list(rows)) for rows in (store.records(envelope), store.assets(envelope), store.edges(envelope))]
    text = "\n".join(told)
    found = {"ana", "bo", "ravi", "payments risk"}
    assert all(name in text.lower() for name in found)
    for form in (
        r"(?<!\w)\d{12}(?!\w)", r"acme-[a-z0-9-]+(?=/)", r"github\.com/([\w/-]+)", r"[\w.+-]+@[\w-]+\.\w[\w.]*",
        r"assumed-role/(\w+)/", r"::\d+:role/(?:[\w-]+/)*(\w+)", r"(?<![\d.])203\.0\.113\.\d+",
    ):  # fmt: skip
        several = set(re.findall(form, text))
        assert several, form
        found |= several
    return {name.lower() for name in found} - {"aws", "studbook"}


def found_in(folder: Path, names: set[str]) -> int:
    """Looks through all files of a folder, the theme's aside, for names that must not be there; gives their number.

    Most are the same bytes in several versions of a site and in its published copy: those are looked through once.
    """
    files = [path for path in folder.rglob("*") if path.is_file() and "assets" not in path.parts]
    known: set[bytes] = set()
    for path in files:
        for data in (str(path.relative_to(folder)).encode(), *inside(path.read_bytes())):
            if (digest := hashlib.sha256(data).digest()) in known:
                continue
            known.add(digest)
            text = data.decode(errors="replace").lower()
            left = [
                name
                for name in names
                if name in text and re.search(rf"(?<![0-9a-z]){re.escape(name)}(?![0-9a-z])", text)
            ]
            assert left == [], path
    return len(files)


@pytest.fixture(scope="module")
def outside(demo_catalog: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's newest night for outsiders."""
    folder = tmp_path_factory.mktemp("edition")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(SECRET, KEY)
        assert call("build", "--audience", "external", "--catalog", demo_catalog, "--output", folder / "site") == 0
        assert call(
            "export", "json", "--audience", "external", "--catalog", demo_catalog, "--output", folder / "e.json"
        ) == 0  # fmt: skip
    return folder


def test_no_original_is_in_any_file(outside: Path, demo_catalog: Path) -> None:
    """Accounts, roles, people, buckets, repositories, addresses, the secret: in no page, picture, answer, index or
    download, packed or not, in no file's name, nor in what a build remembers; the theme's own files aside.
    """
    assert found_in(outside / "site", {*originals(demo_catalog), KEY}) > 500
    assert not list((outside / "site").rglob("*.zip"))


def test_it_is_the_edition_that_exports_are(outside: Path) -> None:
    """Its export is the one that the command prints; masked things are drawn as masked; and it says what it is."""
    site = outside / "site" / "latest"
    assert (site / "export.json").read_bytes() == (outside / "e.json").read_bytes()
    masked = [
        one for one in json.loads((site / "export.json").read_text())["assets"] if one["attributes"].get("masked")
    ]
    assert masked
    pictures = [path for path in site.rglob("index.html") if "(masked)" in path.read_text()]
    assert len(pictures) > len(masked)
    assert "edition for outsiders" in (site / "audit" / "index.html").read_text()


def test_it_can_be_checked_by_who_has_the_secret(
    outside: Path, demo_catalog: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As an export, against the catalog; with another secret it is another edition."""
    words = ("verify", outside / "e.json", "--audience", "external", "--catalog", demo_catalog)
    monkeypatch.setenv(SECRET, KEY)
    assert call(*words) == 0
    assert "all as written" in capsys.readouterr().out
    monkeypatch.setenv(SECRET, KEY[::-1])
    assert call(*words) == 1


def test_questions_have_as_many_answers(demo_catalog: Path) -> None:
    """Pseudonyms hide who, never what: each question about each asset has as many rows, for `incident` aside, which
    reads the objects of data, and what nobody knows stays unknown.
    """
    catalog = Catalog(demo_catalog)
    edition = Edition(catalog, KEY)

    def totals(told: Catalog, name: Any) -> dict[str, list[tuple[str, int, int]]]:
        envelope = told.resolve("latest")
        night = Night.of(told, envelope, told.graph(envelope), edition.settings() if told is edition else None)
        found: dict[str, list[tuple[str, int, int]]] = {}
        for asset in night.lineage.of_kind("model_package") + night.lineage.of_kind("endpoint"):
            answers = [(one, QUESTIONS[one].ask(night, asset.id)) for one in QUESTIONS if one != "incident"
                       and QUESTIONS[one].is_asked_of(asset.kind)]  # fmt: skip
            found[name(asset.id)] = [(one, answer.total, len(answer.unknown)) for one, answer in answers]
        return found

    assert totals(catalog, edition.mask.text) == totals(edition, str)


def test_two_audiences_never_share_a_place(tmp_path: Path) -> None:
    """Neither a folder of sites nor a place where one is published; nor do two secrets."""
    catalog = small.catalog(tmp_path / "catalog")
    edition = Edition(catalog, KEY)
    site, other = tmp_path / "site", tmp_path / "other"
    for folder in (site, other):
        (folder / "1").mkdir(parents=True)
        (folder / "1" / "index.html").write_text("a page")
        (folder / "versions.json").write_text("[]")
    (other / AUDIENCE).write_text(edition.label)
    for told, folder, what in (
        (edition, site, "insiders"), (catalog, other, "outsiders"),
        (Edition(catalog, KEY[::-1]), other, "another secret"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=what):
            build_site(told, small.SETTINGS, folder)
    for first, second, target in ((site, other, "public"), (other, site, "public-too")):
        assert publish_folder(first, tmp_path / target).sent
        with pytest.raises(UsageError, match="never share a place"):
            publish_folder(second, tmp_path / target)
        assert (tmp_path / target / AUDIENCE).exists() == (first is other)
