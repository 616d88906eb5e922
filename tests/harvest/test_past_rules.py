"""A rule that comes later reaches what was kept before it, from the next snapshot on."""

from __future__ import annotations

import gzip
import json
import shutil
from contextlib import closing
from importlib.resources import files

import pytest
from benchmarks.estate import ACCOUNT, READER_ROLE, REGION, settings

from studbook.demo.cloud.aws import EXTERNAL_ID, READER
from studbook.errors import UsageError
from studbook.generator import RULES as RULES_TEXTS
from studbook.generator import generator, rules_digest
from studbook.harvest.journal import Journal
from studbook.harvest.rewrite import rewrite
from studbook.harvest.run import harvest, relink
from studbook.model import Partition, Record
from studbook.settings import Redact, SiteSettings
from studbook.store import Catalog
from studbook.store.chunks import chunks

TOKEN = "AKIA" + "Q7X2M5B8N4T9K3R6"
LEAKED = ("TICKET-1", "tulip-4711")
RULES = Redact(keys=("motto",), values=("TICKET-[0-9]+",))


@pytest.fixture
def aws(empty_aws):
    """A job that has ended: no later night describes it again."""
    empty_aws.role(READER_ROLE, external_id=EXTERNAL_ID, allow=READER)
    made = {
        "TrainingJobName": "train-TICKET-1",
        "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/x",
        "AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage": "image"},
        "OutputDataConfig": {"S3OutputPath": "s3://out/TICKET-1/"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "HyperParameters": {"motto": "tulip-4711", "comment": "see TICKET-1", "hint": f"use {TOKEN}"},
    }
    empty_aws.batch(ACCOUNT, REGION, [("CreateTrainingJob", made)])
    return empty_aws


def with_rules():
    return settings().model_copy(update={"redact": RULES})


def text_of(catalog: Catalog) -> str:
    """All that the newest snapshot is made of."""
    envelope = catalog.latest()
    parts = [envelope.model_dump_json()]
    for manifest in envelope.parts.manifests.values():
        for chunk in chunks(catalog.objects, manifest):
            parts += [line.decode() for line in catalog.objects.lines(chunk.object)]
            parts.append(json.dumps(chunk.place))
    return "\n".join(parts)


class TestLaterRules:
    @pytest.mark.parametrize("again", [harvest, relink])
    def test_nothing_that_they_cover_is_written_again(self, aws, tmp_path, again):
        """Not in a record, an id, an asset or an edge; the snapshot before stays as it was written."""
        catalog = Catalog(tmp_path / "catalog")
        harvest(settings(), catalog)
        assert [one for one in LEAKED if one not in text_of(catalog)] == []
        first = catalog.latest()

        again(with_rules(), catalog)

        assert catalog.latest().number == 2
        assert [one for one in LEAKED if one in text_of(catalog)] == []
        assert "redacted-" in text_of(catalog)
        assert catalog.resolve("1") == first
        assert catalog.verify() == []

    def test_they_are_counted_and_asked_once(self, aws, tmp_path):
        """The coverage says how many values went; a night later nothing is different, and nothing described again."""
        catalog = Catalog(tmp_path / "catalog")
        harvest(settings(), catalog)

        second = harvest(with_rules(), catalog)
        third = harvest(with_rules(), catalog)

        assert sum(row.redacted for row in second.coverage) > 0
        assert third.envelope.digest == second.envelope.digest
        assert "sagemaker:DescribeTrainingJob" not in third.coverage[0].calls

    @pytest.mark.parametrize("again", [harvest, relink])
    def test_a_form_that_comes_later_needs_no_new_version(self, aws, tmp_path, monkeypatch, again):
        """Another text of the modules that know the forms is another program, though nobody thought of its number."""
        catalog = Catalog(tmp_path / "catalog")
        with monkeypatch.context() as yesterday:
            yesterday.setattr("studbook.redaction.redact.may_hold_one", lambda text: False)
            yesterday.setattr("studbook.generator.rules_digest", lambda folder: "0" * 64)
            generator.cache_clear()
            harvest(settings(), catalog)
        generator.cache_clear()
        assert TOKEN in text_of(catalog)

        again(settings(), catalog)

        assert TOKEN not in text_of(catalog)
        assert catalog.latest().number == 2

    def test_what_else_is_configured_is_no_rule(self, aws, tmp_path):
        """An older night is told as it was written, until a rule of redaction is another."""
        catalog = Catalog(tmp_path / "catalog")
        first = harvest(settings(), catalog).envelope
        titled = settings().model_copy(update={"site": SiteSettings(title="Another")})
        for told, same in ((settings(), True), (titled, True), (with_rules(), False)):
            catalog.settings_file.write_text(json.dumps(told.model_dump(mode="json", exclude_defaults=True)))
            assert (catalog.rules_of()(first) is None) is same

    def test_every_rule_is_in_the_digest(self, tmp_path):
        """A letter more or less in any of the modules of redaction."""
        for name in RULES_TEXTS:
            shutil.copy(files("studbook") / "redaction" / name, tmp_path)
        told = rules_digest(tmp_path)
        assert generator().endswith(f"+{told[:8]}")
        for name in RULES_TEXTS:
            text = (tmp_path / name).read_text()
            (tmp_path / name).write_text(text + "#")
            assert rules_digest(tmp_path) != told
            (tmp_path / name).write_text(text)

    def test_what_a_killed_run_left_is_cleaned_too(self, tmp_path):
        """The next run redacts by its own rules what it takes up."""
        here = Partition(ACCOUNT, REGION, "sagemaker")
        with closing(Journal(tmp_path / "runs")) as journal:
            journal.store(here).add(
                Record(
                    source="sagemaker",
                    kind="job",
                    id="train-TICKET-1",
                    account=ACCOUNT,
                    region=REGION,
                    revision="",
                    body={"motto": "tulip-4711"},
                )
            )
        with closing(Journal(tmp_path / "runs", RULES)) as journal:
            journal.load_previous(here, ())
            [record] = journal.store(here).kept_of("job")

        assert not any(one in repr(record) for one in LEAKED)


class TestFromHistory:
    def test_a_new_catalog_has_it_in_no_night(self, aws, tmp_path):
        """Every snapshot and the words of people; numbers and times stay, the first envelope says what it continues."""
        catalog, clean = Catalog(tmp_path / "catalog"), Catalog(tmp_path / "clean")
        catalog.create("accounts: []\n")
        (catalog.cards_folder / "bot.md").write_text("It came from TICKET-1.")
        for _ in range(2):
            harvest(settings(), catalog)
        old = list(catalog.envelopes())

        rewrite(catalog, with_rules(), clean, lambda envelope: None)

        new = list(clean.envelopes())
        assert [(one.number, one.taken_at) for one in new] == [(one.number, one.taken_at) for one in old]
        assert (new[0].continues.envelope, new[1].continues) == (old[-1].envelope, None)
        assert "redact" in new[0].continues.why
        assert clean.verify() == []
        texts = [path.read_bytes() for path in clean.root.rglob("*") if path.is_file()]
        unpacked = [gzip.decompress(text) if text[:2] == b"\x1f\x8b" else text for text in texts]
        assert not any(one.encode() in text for one in LEAKED for text in unpacked)
        assert list(catalog.envelopes()) == old

    def test_never_in_place(self, aws, tmp_path):
        """A folder with something in it is refused."""
        catalog = Catalog(tmp_path / "catalog")
        harvest(settings(), catalog)

        with pytest.raises(UsageError):
            rewrite(catalog, with_rules(), catalog, lambda envelope: None)
