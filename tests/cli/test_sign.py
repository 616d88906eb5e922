"""`studbook sign`: by a key in a file, by a key in KMS, and by a second party."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.pedigrees import commit, lineage, record

from studbook.cli import main
from studbook.demo.cloud.aws import FakeAws
from studbook.store import Catalog

PEDIGREE = lineage("t(training_job) -produced-> bot/1(model_package)")
ORIGIN = "models.example.com/studbook"


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    catalog = Catalog(tmp_path / "catalog")
    catalog.create(f"log: {{origin: {ORIGIN}}}\n")
    commit(catalog, PEDIGREE, records=[record("1")], origin=ORIGIN)
    return catalog


def run(*args: object) -> int:
    with pytest.raises(SystemExit) as end:
        main([str(arg) for arg in args])
    return int(end.value.code or 0)


def trust(catalog: Catalog, *keys: str) -> None:
    catalog.settings_file.write_text(f"log:\n  origin: {ORIGIN}\n  keys: [{', '.join(keys)}]\n")


def test_signed_and_cosigned(catalog: Catalog, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both signatures are checked by the keys that the configuration names, and each byte of them is."""
    for name, options in (("own", ()), ("witness", ("--cosign", "--name", "audit.example.com/w1"))):
        key = tmp_path / name
        assert run("sign", "--new-key", key, "--catalog", catalog.root, *options) == 0
        assert (key.stat().st_mode & 0o777, run("sign", "--new-key", key, "--name", "x")) == (0o600, 2)
        assert run("sign", "--key", key, "--catalog", catalog.root, *options) == 0
    keys = capsys.readouterr().out.split()
    assert keys[0].startswith(f"{ORIGIN}+")
    assert keys[0] == keys[1] != keys[2] == keys[3]
    assert catalog.verify() == []  # nobody's keys are known yet
    trust(catalog, keys[0], keys[2])
    assert catalog.verify() == []
    checkpoint = catalog.root / "log/checkpoint"
    whole = checkpoint.read_bytes()
    assert whole.count(b"\xe2\x80\x94 ") == 2
    for place in range(len(whole)):
        checkpoint.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert {damage.place for damage in catalog.verify()} == {"log/checkpoint"}, place
    checkpoint.write_bytes(whole)
    trust(catalog, keys[2])
    assert "does not name" in catalog.verify()[0].message


def test_what_does_not_hold_is_not_signed(catalog: Catalog, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second party that saw another chain does not cosign; nobody signs a log that tells of other snapshots."""
    assert run("sign", "--new-key", tmp_path / "key", "--name", "w") == 0
    cosign = ("sign", "--cosign", "--key", tmp_path / "key", "--name", "w", "--catalog", catalog.root)
    assert run(*cosign, "--anchor", "sha256:" + "0" * 64) == 4
    seen = tmp_path / "seen"
    seen.write_bytes((catalog.root / "log/checkpoint").read_bytes())
    commit(catalog, PEDIGREE, records=[record("2")], night=2, origin=ORIGIN)
    assert run(*cosign, "--anchor", seen) == 0
    max((catalog.root / "snapshots").iterdir()).unlink()
    assert run(*cosign) == 4
    assert run("sign", "--catalog", catalog.root) == 2
    assert "--new-key" in capsys.readouterr().err


def test_kms(
    catalog: Catalog, fake_aws: FakeAws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key in KMS signs as one in a file does; a key that is not there, or may not be used, is wrong usage."""
    for name, value in fake_aws.environment().items():
        monkeypatch.setenv(name, value)
    command = ("sign", "--catalog", catalog.root, "--kms")
    assert run(*command, "alias/none") == 2
    fake_aws.caller_may("kms:*")
    kms = fake_aws.caller().client("kms", endpoint_url=fake_aws.url)
    made = kms.create_key(KeySpec="ECC_NIST_EDWARDS25519", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    assert run(*command, made["KeyId"]) == 0
    assert run(*command, made["Arn"]) == 0
    key = capsys.readouterr().out.split()[-1]
    trust(catalog, key)
    assert catalog.verify() == []
    assert (catalog.root / "log/checkpoint").read_text().count("— ") == 1
    fake_aws.caller_may("kms:GetPublicKey")
    assert run(*command, made["Arn"]) == 2
