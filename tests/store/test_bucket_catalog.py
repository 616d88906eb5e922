"""A catalog in S3, over HTTP into a fake one: what is there, who wins, and at what price."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.pedigrees import GROWN, PEDIGREE, commit, record
from tests.s3_buckets import empty_bucket, keys_in

from studbook.cli import main
from studbook.errors import CatalogError
from studbook.store import Catalog, open_catalog
from studbook.store.snapshots import document

BUCKET = "our-catalog"
PLACE = f"s3://{BUCKET}/studbook"


@pytest.fixture
def client(fake_aws: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """S3 with an empty bucket, and a caller who may use it."""
    return empty_bucket(fake_aws, monkeypatch, BUCKET)


@pytest.fixture
def machine(client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Catalog]:
    """The catalog as a machine of that name sees it: each has a cache of its own."""

    def on(name: str) -> Catalog:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / name))
        return open_catalog(PLACE)

    return on


def asked(fake_aws: Any) -> Iterator[str]:
    """The operations that were called, with repetitions."""
    for calls in fake_aws.calls():
        if calls.service == "s3":
            yield from [calls.operation] * calls.count


class TestBucketCatalog:
    def test_what_one_machine_writes_another_reads(self, machine):
        """Configuration, cards, records, assets and edges, byte for byte."""
        here = machine("one")
        here.create("accounts: []\n")
        written = commit(here, PEDIGREE, records=[record("a")])

        there = machine("other")

        assert there.latest() == written
        assert [one.id for one in there.records(written)] == ["a"]
        assert list(there.edges(written)) == list(here.edges(written))
        assert there.settings() == here.settings()
        assert there.verify() == []
        assert there.address == PLACE

    def test_a_folder_and_a_bucket_have_the_same_objects(self, machine, client, tmp_path):
        """What is in the bucket is a catalog folder: copied to a disk, it is one."""
        commit(machine("one"), PEDIGREE)
        folder = Catalog(tmp_path / "folder")
        commit(folder, PEDIGREE)

        there = {key.removeprefix("studbook/") for key in keys_in(client, BUCKET)}

        here = {path.relative_to(folder.root).as_posix() for path in folder.root.rglob("*") if path.is_file()}
        assert there - here == {"claims/1"}
        assert {name for name in here - there if not name.startswith(".")} == set()

    def test_of_two_writers_one_wins(self, machine):
        """The other hears so, and what it wrote is in no snapshot."""
        one, other = machine("one"), machine("other")
        commit(one, PEDIGREE, night=1)

        with pytest.raises(CatalogError, match="another harvest wrote snapshot 1"):
            commit(other, GROWN, night=2)

        assert [envelope.taken_at for envelope in machine("third").envelopes()] == [one.latest().taken_at]

    def test_a_writer_that_died_blocks_nobody(self, machine, client):
        """Its envelope was whole when it claimed the number: the next writer puts it in its place, and comes second."""
        one, other = machine("one"), machine("other")
        commit(one, PEDIGREE, night=1)
        (name,) = [key for key in keys_in(client, BUCKET) if "/snapshots/" in key]
        client.delete_object(Bucket=BUCKET, Key=name)

        with pytest.raises(CatalogError, match="another harvest wrote snapshot 1"):
            commit(other, GROWN, night=2)

        third = machine("third")
        assert third.latest() == one.latest()
        assert commit(third, GROWN, night=3).number == 2
        assert third.verify() == []

    def test_an_unchanged_night_sends_no_content(self, machine, fake_aws):
        """What is there is not sent again: only claim, envelope, the log's two tiles and its checkpoint are."""
        catalog = machine("one")
        commit(catalog, PEDIGREE, night=1)
        fake_aws.forget_calls()

        commit(catalog, PEDIGREE, night=2)

        assert list(asked(fake_aws)) == ["PutObject"] * 5

    def test_a_card_that_changed_in_the_bucket_is_seen(self, machine, client):
        """What people write is compared each time the catalog is opened."""
        catalog = machine("one")
        catalog.create("accounts: []\n")
        for text in ("---\nowner: A\n---\n", "---\nowner: B\n---\n"):
            client.put_object(Bucket=BUCKET, Key="studbook/cards/bot.md", Body=text.encode())
            assert (machine("one").cards_folder / "bot.md").read_text() == text
        client.delete_object(Bucket=BUCKET, Key="studbook/cards/bot.md")
        assert not (machine("one").cards_folder / "bot.md").exists()

    def test_verify_looks_at_the_bucket(self, machine, client, capsys):
        """A cache that is right does not hide a bucket that is not."""
        catalog = machine("one")
        catalog.create("accounts: []\n")
        commit(catalog, PEDIGREE, records=[record("a")])
        key = next(key for key in keys_in(client, BUCKET) if "/objects/" in key)
        client.put_object(Bucket=BUCKET, Key=key, Body=b"something else")

        with pytest.raises(SystemExit) as end:
            main(["verify", "--catalog", PLACE])

        assert end.value.code == 1
        assert key.removeprefix("studbook/") in capsys.readouterr().out

    def test_a_key_that_would_lie_elsewhere(self, machine, client):
        """Whoever can write into the bucket cannot write onto this machine's disk."""
        client.put_object(Bucket=BUCKET, Key="studbook/cards/../../../x", Body=b"x")
        with pytest.raises(CatalogError, match="is no name in a catalog"):
            machine("one")

    def test_no_right(self, machine, fake_aws):
        """The error names the rights."""
        fake_aws.caller_may("s3:List*")
        catalog = machine("one")
        with pytest.raises(CatalogError) as error:
            commit(catalog, PEDIGREE)
        assert "s3:PutObject" in (error.value.hint or "")

    def test_encrypted_as_asked(self, machine, client, monkeypatch):
        """Each object that is written carries the encryption that the environment asks for."""
        monkeypatch.setenv("STUDBOOK_S3_SSE", "aws:kms")
        commit(machine("one"), PEDIGREE)
        told = {
            client.head_object(Bucket=BUCKET, Key=key).get("ServerSideEncryption") for key in keys_in(client, BUCKET)
        }
        assert told == {"aws:kms"}

    def test_commands_take_the_place(self, machine, capsys):
        """As they take a folder; what is to be typed next names it too."""
        catalog = machine("one")
        catalog.create("accounts: []\n")
        commit(catalog, PEDIGREE)
        with pytest.raises(SystemExit) as end:
            main(["log", "--catalog", PLACE])
        assert end.value.code == 0
        assert "2026-11-0" in capsys.readouterr().out


def test_init_says_where_the_configuration_is(client, tmp_path, monkeypatch, capsys):
    """In the bucket: what is typed next is of the bucket too, and not of this machine's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(SystemExit) as end:
        main(["init", "--accounts", "111111111111", "--regions", "us-east-1", "--catalog", PLACE])
    told = capsys.readouterr()
    assert end.value.code == 0
    assert told.out == f"wrote {PLACE}/studbook.yml\n"
    assert f"studbook harvest --catalog {PLACE}\n" in told.err
    assert str(tmp_path) not in told.err


def test_the_claim_is_the_envelope(machine, client):
    """So that anybody can finish what another began."""
    written = commit(machine("one"), PEDIGREE)
    assert client.get_object(Bucket=BUCKET, Key="studbook/claims/1")["Body"].read() == document(written)
