"""Ten ways to write the past anew, each whole in itself, and each found against an anchor that was kept."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.pedigrees import commit, lineage, record

from studbook.cli import main
from studbook.model import Envelope
from studbook.store import Catalog
from studbook.store.snapshots import document, envelope_digest, file_name

PEDIGREE = lineage("t(training_job) -produced-> bot/1(model_package)")
FORGED = lineage("t(training_job) -produced-> bot/1(model_package)", {"bot/1": {"status": "Approved"}})


def nights(root: Path, *words: str, graph=PEDIGREE, first: int = 1) -> Catalog:  # type: ignore[no-untyped-def]
    catalog = Catalog(root)
    for night, word in enumerate(words, start=first):
        commit(catalog, graph, records=[record(word)], night=night)
    return catalog


def resealed(catalog: Catalog, change: Callable[[Envelope], Envelope], number: int) -> None:
    """One envelope changed, all digests after it made anew, and the log written from the start."""
    envelopes = list(catalog.envelopes())
    shutil.rmtree(catalog.root / "log")
    shutil.rmtree(catalog.root / "snapshots")
    (catalog.root / "snapshots").mkdir()
    before: Envelope | None = None
    for one in envelopes:
        one = change(one) if one.number == number else one  # noqa: PLW2901
        one = one.model_copy(update={"previous": before.envelope if before else None})  # noqa: PLW2901
        before = one.model_copy(update={"envelope": envelope_digest(one)})
        (catalog.root / "snapshots" / file_name(before.number, before.taken_at)).write_bytes(document(before))
    catalog.log.bring_up(catalog.snapshots, None)


def anew(catalog: Catalog, *words: str, graph=PEDIGREE) -> None:  # type: ignore[no-untyped-def]
    shutil.rmtree(catalog.root)
    nights(catalog.root, *words, graph=graph)


def backdated(catalog: Catalog) -> None:
    resealed(catalog, lambda one: one.model_copy(update={"taken_at": "2026-11-01T12:00:00Z"}), 2)


def removed(catalog: Catalog) -> None:
    anew(catalog, "1", "3", "4")


def forked(catalog: Catalog) -> None:
    anew(catalog, "1", "2", "other", "4")


def truncated(catalog: Catalog) -> None:
    anew(catalog, "1", "2", "3")


def emptied(catalog: Catalog) -> None:
    for name in ("snapshots", "objects", "log"):
        shutil.rmtree(catalog.root / name)
        (catalog.root / name).mkdir()


def replayed(catalog: Catalog) -> None:
    anew(catalog, "1", "2", "3", "3")


def forged(catalog: Catalog) -> None:
    resealed(catalog, lambda one: one.model_copy(update={"generator": "studbook 9"}), 4)


def swapped(catalog: Catalog) -> None:
    anew(catalog, "1", "2", "3", "4", graph=FORGED)


def hidden(catalog: Catalog) -> None:
    """A night that saw less than it did."""
    resealed(catalog, lambda one: one.model_copy(update={"coverage": ()}), 3)


def reordered(catalog: Catalog) -> None:
    anew(catalog, "2", "1", "3", "4")


def went_on(catalog: Catalog) -> None:
    """Another past, and more nights than before."""
    anew(catalog, "1", "other", "3", "4", "5", "6")


WAYS = (backdated, removed, forked, truncated, emptied, replayed, forged, swapped, hidden, reordered, went_on)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_found_against_an_anchor(
    way: Callable[[Catalog], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the digest of the newest envelope, and by the checkpoint: exit 1, and the reason in words."""
    catalog = nights(tmp_path / "catalog", "1", "2", "3", "4")
    newest = catalog.resolve("latest").envelope
    kept = tmp_path / "kept"
    kept.write_bytes((catalog.root / "log" / "checkpoint").read_bytes())

    def verify(*args: object) -> tuple[int, list[dict[str, str]]]:
        with pytest.raises(SystemExit) as end:
            main(["verify", "--format", "json", "--catalog", str(catalog.root), *map(str, args)])
        told = json.loads(capsys.readouterr().out)
        return int(end.value.code or 0), told["damages"]

    for anchor in (newest, kept):
        assert verify("--anchor", anchor) == (0, [])
    way(catalog)
    assert verify()[0] == 0  # it is whole in itself
    for anchor in (newest, kept):
        code, damages = verify("--anchor", anchor)
        assert code == 1
        assert damages[0]["message"]


def test_times_that_go_backwards_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No digest tells a forged time from a clock that was wrong: it is no damage, and nobody overlooks it."""
    catalog = nights(tmp_path / "catalog", "1", first=9)
    nights(catalog.root, "2", first=3)

    with pytest.raises(SystemExit) as end:
        main(["verify", "--catalog", str(catalog.root)])

    assert (end.value.code or 0) == 0
    said = capsys.readouterr().out
    assert "snapshot 2 says 2026-11-03T02:00:00Z, the one before it 2026-11-09T02:00:00Z: a clock was wrong" in said
    assert said.count("a clock was wrong") == 1
