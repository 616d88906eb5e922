"""SLSA provenance of a model version, by the libraries of in-toto and of DSSE."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_ssh_public_key
from google.protobuf.json_format import ParseDict
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey
from tests.exports.test_about_one_asset import of, story
from tests.pedigrees import lineage

from studbook.cli.export import signing
from studbook.errors import UsageError
from studbook.exports import in_toto
from studbook.proof.note import new_key


def checked(document: dict[str, Any]) -> dict[str, Any]:
    """By in-toto-attestation 0.9.3: its own types, and its own rules."""
    message = ParseDict(document, statement_pb2.Statement())
    found = Statement.copy_from_pb(message)
    found.validate()
    return document


def test_says_how_it_was_trained() -> None:
    """The job, what it read and how surely; only images have plain sha256; no SLSA level is claimed."""
    found = checked(json.loads(in_toto.write(of())))
    [subject] = found["subject"]
    assert (subject["name"], list(subject["digest"])) == ("bot/1", ["studbookAssetSha256"])
    built = found["predicate"]["buildDefinition"]
    assert built["externalParameters"]["job"] == "t1"
    inputs = {one["name"]: one for one in built["resolvedDependencies"]}
    assert inputs["chats/1"]["digest"] == {"studbookManifestSha256": "a" * 64}
    assert inputs["chats/1"]["annotations"]["candidate"] is True
    assert inputs[f"image@sha256:{'1' * 64}"]["digest"] == {"sha256": "1" * 64}
    assert found["predicate"]["runDetails"]["builder"]["id"] == "urn:studbook:observed"


def test_a_clone_was_made_by_the_job_of_its_original() -> None:
    """They are the same weights."""
    found = checked(json.loads(in_toto.write(of("prod/1"))))
    assert found["predicate"]["buildDefinition"]["externalParameters"]["job"] == "t1"


def test_where_no_one_job_is_known_there_is_none() -> None:
    """None, or several: nothing is picked."""
    nobody = lineage("bot/1(model_package) -packaged_as-> m(model)")
    two = lineage("a(training_job) -produced-> bot/1(model_package)\nb(training_job) -produced-> bot/1")
    for graph in (nobody, two):
        with pytest.raises(UsageError, match="known to have made"):
            in_toto.write(of(graph=graph))
    assert story()


def test_signed_it_is_a_dsse_envelope(tmp_path: Path) -> None:
    """Verified by securesystemslib 1.6 with the key's other half, and by no other; the payload is the statement."""
    private, public = new_key()
    (tmp_path / "key").write_bytes(private)
    data = in_toto.write(of(), sign=signing(tmp_path / "key"))
    [signature] = json.loads(data)["signatures"]
    envelope = Envelope.from_dict(json.loads(data))
    assert envelope.payload == in_toto.write(of()).rstrip(b"\n")
    keys = [
        SSlibKey.from_crypto(load_ssh_public_key(one), keyid=signature["keyid"])  # type: ignore[arg-type]
        for one in (public, new_key()[1])
    ]
    assert list(envelope.verify([keys[0]], 1)) == [signature["keyid"]]
    with pytest.raises(VerificationError):
        envelope.verify([keys[1]], 1)


def test_a_key_that_is_none_is_wrong_usage(tmp_path: Path) -> None:
    """With the way out."""
    with pytest.raises(UsageError, match="cannot be read"):
        signing(tmp_path / "none")
