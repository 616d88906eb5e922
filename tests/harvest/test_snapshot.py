from __future__ import annotations

import datetime
import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests import small_catalog as small
from tests.pedigrees import ACCOUNT, REGION, record

from studbook.errors import CatalogError
from studbook.harvest.coverage import with_unread
from studbook.harvest.derive import derive_anew
from studbook.harvest.run import relink
from studbook.harvest.snapshot import WorkingFolder, add_snapshot
from studbook.lineage.joins import JOINS
from studbook.lineage.joins.interface import View
from studbook.lineage.link import LinkContext
from studbook.model import Asset, Content, Coverage, Envelope, Facts, Gap, Partition, Reading, canonical, digest
from studbook.people import people_of
from studbook.redaction.redact import Redactor
from studbook.rules import Inspection, Observation, Rule, findings_of
from studbook.settings import Settings
from studbook.sources import Unread
from studbook.store import Catalog
from studbook.store.chunks import RECORDS

PACKAGE = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/bot/1"
CARD = "---\nowner: ana\n---\n## Use\nChats.\n"
BODY = {
    "ModelPackageArn": PACKAGE,
    "ModelPackageGroupName": "bot",
    "ModelPackageVersion": 1,
    "ModelPackageStatus": "Completed",
    "ModelApprovalStatus": "Approved",
    "CreationTime": "2026-11-02T10:00:00Z",
}
BOT = record(PACKAGE, kind="model_package", body=BODY)
HERE = BOT.partition


def read(partition: Partition, reference: str) -> Reading:
    return Reading(record=reference, operation="sagemaker:DescribeModelPackage", snapshot=1)


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """One night: an approved model that nobody judged."""
    catalog = Catalog(tmp_path / "catalog")
    catalog.create(f'accounts:\n  - {{id: "{ACCOUNT}", regions: [{REGION}]}}\n')
    (catalog.cards_folder / "bot.md").write_text(CARD)
    settings = catalog.settings()
    kept = catalog.keep_records([RECORDS.line(BOT)], read)
    content, _ = derive_anew(catalog, LinkContext.of(settings), records=kept.records, previous=None)
    row = Coverage(account=ACCOUNT, region=REGION, source="sagemaker", status="complete", records=1, requests=1)
    draft = catalog.draft(content, number=1, coverage=[row], taken_at="2026-11-22T02:00:00Z", config=settings.digest)
    add_snapshot(catalog, draft, WorkingFolder.read(catalog, settings), readings=kept.readings)
    return catalog


def again(catalog: Catalog) -> Envelope:
    relinked = relink(catalog.settings(), catalog)
    assert relinked is not None
    assert catalog.verify() == []
    return relinked.envelope


def unevaluated(catalog: Catalog, number: int) -> Any:
    (found,) = (one for one in findings_of(catalog, catalog.resolve(str(number))) if one.rule == "unevaluated")
    return found


def waive(catalog: Catalog, **words: str) -> None:
    waiver = {"rule": "unevaluated", "asset": PACKAGE, "why": "pilot", "who": "ana", "until": "2027-01-01"}
    catalog.waivers_file.write_text(json.dumps([waiver | words]))


class TestOddRecords:
    def several(self, catalog: Catalog) -> tuple[dict[str, Any], list[Unread]]:
        """The assets of twenty packages, and the records that could not be read."""
        told = [
            record(f"{PACKAGE}{n}", kind="model_package", body=BODY | {"ModelPackageArn": f"{PACKAGE}{n}"})
            for n in range(20)
        ]
        kept = catalog.keep_records([RECORDS.line(one) for one in told], read)
        content, unread = derive_anew(catalog, LinkContext.of(catalog.settings()), records=kept.records, previous=None)
        latest = catalog.resolve("1")
        draft = catalog.draft(
            content, number=2, coverage=latest.coverage, taken_at="2026-11-25T02:00:00Z", config=latest.config
        )
        return {asset.id: asset for asset in catalog.assets(draft)}, unread

    def test_one_that_cannot_be_linked_costs_itself(self, catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
        """A join that fails at two records of twenty: both are shown as not read, with the place and nothing of what
        the error says; all that the join concludes of the others is there."""
        odd = {f"{PACKAGE}7", f"{PACKAGE}16"}

        def fails(view: View) -> Facts:
            for asset in view.assets.values():
                if asset.id in odd and "unread" not in asset.attributes:
                    raise KeyError("a stranger's words")
            return Facts(assets=[Asset(id="s3://b/concluded", kind="artifact", name="concluded")])

        monkeypatch.setattr("studbook.lineage.link.JOINS", (*JOINS, fails))
        assets, unread = self.several(catalog)

        assert {one.id for one in unread} == odd
        assert all("KeyError at " in one.why and "stranger" not in one.why for one in unread)
        assert {one for one in assets if assets[one].attributes.get("unread")} == odd
        assert {one for one in assets if assets[one].attributes.get("approval") == "Approved"} == {
            f"{PACKAGE}{n}" for n in range(20) if f"{PACKAGE}{n}" not in odd
        }
        assert "s3://b/concluded" in assets

    def test_one_that_is_read_three_times_has_one_gap(self) -> None:
        """Linking reads a record more than once, and says each time what it could not read in it."""
        row = small.COVERAGE[0]
        unread = [Unread(row.partition, "model_card", "c", "Content: no JSON object")] * 3

        told, *_ = with_unread(small.COVERAGE, unread, (), Redactor())

        assert [gap.message for gap in told.gaps if gap.code == "UnreadRecord"] == [
            "model_card c: Content: no JSON object"
        ]

    def test_a_join_that_always_fails_is_an_error(self, catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is no record's fault, and nothing is left out for it."""

        def fails(view: View) -> Facts:
            raise KeyError("always")

        monkeypatch.setattr("studbook.lineage.link.JOINS", (*JOINS, fails))
        with pytest.raises(KeyError, match="always"):
            self.several(catalog)


class TestWorkingFiles:
    def test_a_changed_card_alone_is_a_snapshot(self, catalog: Catalog) -> None:
        """Nothing else is new in it, and the night before keeps its own words."""
        assert again(catalog).number == 1
        (catalog.cards_folder / "bot.md").write_text(CARD.replace("ana", "ben"))
        first, second = catalog.resolve("1"), again(catalog)

        assert (second.number, second.digest) == (2, first.digest)
        assert {
            name for name in second.parts.manifests if getattr(second.parts, name) != getattr(first.parts, name)
        } == {"people"}
        owners = [people_of(catalog, one).cards["bot"].facts["owner"] for one in (first, second)]
        assert owners == ["ana", "ben"]

    def test_a_waiver_counts_from_the_snapshot_that_takes_it_in(self, catalog: Catalog) -> None:
        """The finding is the same one, first seen on the night that it was."""
        waive(catalog)
        assert unevaluated(catalog, 1).waived is None
        again(catalog)

        before, now = unevaluated(catalog, 1), unevaluated(catalog, 2)
        assert (before.waived, now.waived.who) == (None, "ana")
        assert (before.id, before.first_seen) == (now.id, now.first_seen) == (now.id, 1)

    def test_a_secret_in_a_waiver_is_in_no_finding(self, catalog: Catalog) -> None:
        """Neither a known form nor a password among the words: why, and who, are told wherever the finding is."""
        waive(
            catalog,
            why="see ghp_abcdefghijklmnopqrstuvwxyzABCDEF0123, --password tulip-4711",
            who="ana token=tulip-4711",
        )
        again(catalog)

        told = str(unevaluated(catalog, 2))
        assert "ana" in told
        assert not [word for word in ("ghp_", "tulip") if word in told]

    def test_the_settings_of_a_night_are_told_with_it(self, catalog: Catalog) -> None:
        """`config` is the digest of what the snapshot keeps, and patterns of secrets stand as digests."""
        text = catalog.settings_file.read_text()
        catalog.settings_file.write_text(text + 'redact: {values: ["tulip-[0-9]+"], salt: "pepper"}\n')
        (catalog.cards_folder / "bot.md").write_text(CARD + "The password is tulip-4711.\n")
        second = again(catalog)

        kept = {file.name: file.content for file in catalog.people(second) or ()}
        assert second.config == digest(canonical(kept["studbook.yml"]))
        assert second.config == catalog.settings().digest != catalog.resolve("1").config
        assert not [word for word in ("tulip", "pepper") if word in str(kept)]
        assert people_of(catalog, catalog.resolve("1")).settings.redact.values == ()

    def test_what_a_newer_version_wrote_is_said_so(self, catalog: Catalog) -> None:
        """A key that this version does not know is no bug of the program, and not passed over."""

        class Newer(Settings):
            later: str = "x"

        settings = Newer.model_validate(catalog.settings().model_dump())
        latest = catalog.resolve("latest")
        content = Content(**latest.parts.content)
        draft = catalog.draft(
            content, number=None, coverage=latest.coverage, taken_at="2026-11-25T02:00:00Z", config=settings.digest
        )
        added = add_snapshot(
            catalog, draft, WorkingFolder.read(catalog, settings), readings=latest.parts.readings or ""
        )

        with pytest.raises(CatalogError, match=f"snapshot {added.number}: later of its configuration") as raised:
            people_of(catalog, added)
        assert "another version of Studbook" in (raised.value.hint or "")

    def test_a_rule_that_fails_does_not_cost_the_night(self, catalog: Catalog) -> None:
        """It is an error in the snapshot, so that no check passes; what other rules find is there."""
        (catalog.root / "mine.py").write_text(
            "from studbook.rules import Rule\n\n\ndef check(seen):\n    raise KeyError('x')\n\n\n"
            "RULES = [Rule('mine', 'note', check, None)]\n"
        )
        catalog.settings_file.write_text(catalog.settings_file.read_text() + "rules: {files: [mine.py]}\n")
        second = again(catalog)

        found = findings_of(catalog, second)
        assert [(one.level, one.asset) for one in found if one.rule == "mine"] == [("error", None)]
        assert {one.id for one in findings_of(catalog, catalog.resolve("1"))} < {one.id for one in found}
        assert "mine.py" in {file.name for file in catalog.people(second) or ()}


def night(catalog: Catalog, day: str, rule: Callable[[Inspection], Iterable[Observation]], *gaps: Gap) -> Envelope:
    """One more night with the same content, and with one more rule, as a harvest adds it."""
    latest, settings = catalog.resolve("latest"), catalog.settings()
    content = Content(**latest.parts.content)
    row = replace(latest.coverage[0], gaps=gaps)
    taken_at = f"{day}T02:00:00Z"
    draft = catalog.draft(content, number=None, coverage=[row], taken_at=taken_at, config=settings.digest)
    folder = WorkingFolder.read(catalog, settings)
    folder = replace(folder, rules=[*folder.rules, Rule("witness", "note", rule, None)])
    return add_snapshot(catalog, draft, folder, readings=latest.parts.readings or "", alike=latest)


class TestFindings:
    def test_an_equal_night_takes_them_over(self, catalog: Catalog) -> None:
        """No rule is asked; a new gap, a changed card or a turn of the calendar asks all of them."""
        asked: list[datetime.date] = []

        def rule(seen: Inspection) -> Iterable[Observation]:
            asked.append(seen.today)
            return ()

        waive(catalog, until="2026-11-24")
        assert unevaluated(catalog, night(catalog, "2026-11-23", rule).number).waived.who == "ana"
        asked.clear()
        kept = night(catalog, "2026-11-24", rule)
        assert (asked, unevaluated(catalog, kept.number).waived.who) == ([], "ana")
        assert unevaluated(catalog, night(catalog, "2026-11-25", rule).number).waived is None
        night(catalog, "2026-11-25", rule, Gap(operation="ListModels", code="AccessDenied", message="no"))
        (catalog.cards_folder / "bot.md").write_text(CARD + "More.")
        night(catalog, "2026-11-25", rule, Gap(operation="ListModels", code="AccessDenied", message="no"))

        assert [day.day for day in asked] == [25, 25, 25]
        assert catalog.verify() == []


class TestReadings:
    def test_are_kept_by_who_reads_nothing_anew(self, catalog: Catalog) -> None:
        """A relink calls nobody: each record says what it said."""
        (catalog.cards_folder / "bot.md").write_text("words")
        second = again(catalog)

        assert catalog.readings(second)(HERE) == {BOT.reference: read(HERE, BOT.reference)}


def as_format_1(catalog: Catalog) -> None:
    """The envelopes as a Studbook wrote them that knew no other format; there was no log."""
    shutil.rmtree(catalog.log.root)
    previous = None
    for path in catalog.snapshots.paths():
        told = json.loads(path.read_bytes())
        del told["envelope"], told["tree"]
        told["format"] = "studbook.catalog/1"
        told["parts"] = {name: told["parts"][name] for name in ("records", "assets", "edges")}
        told["previous"] = previous
        previous = told["envelope"] = digest(canonical(told))
        path.write_text(json.dumps(told, indent=2, sort_keys=True) + "\n")


class TestFormat1:
    def test_is_read_and_continued(self, catalog: Catalog) -> None:
        """Told with today's files, as it always was; the next snapshot keeps its own, and says what nobody noted."""
        as_format_1(catalog)
        first = catalog.resolve("1")
        assert catalog.verify() == []
        assert people_of(catalog, first).cards["bot"].facts["owner"] == "ana"
        assert unevaluated(catalog, 1).first_seen is None

        second = again(catalog)
        assert (second.format, second.digest, second.previous) == ("studbook.catalog/2", first.digest, first.envelope)
        assert unevaluated(catalog, 2).first_seen == 2
        assert catalog.readings(second)(HERE) == {BOT.reference: Reading(record=BOT.reference)}
        assert again(catalog) == second
