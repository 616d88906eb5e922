"""`studbook export in-toto`: how a model version was trained, as an in-toto Statement with SLSA provenance (v1).

Without a key it is the Statement itself; with `--key FILE` it is that in a DSSE envelope, signed with an Ed25519 key.
An envelope without a signature is none (DSSE asks for at least one), so there is no such thing here.

Studbook saw the job, and did not run it: `builder.id` says so, and no SLSA level is claimed. The subject's digest is of
Studbook's own knowledge, the canonical JSON of the asset as `studbook export pedigree` has it; weights have no digest
that AWS records. Digests of inputs are under the names that say what they are of: `sha256` of images, `gitCommit`,
`studbookManifestSha256` of an object manifest.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from typing import Any, Final

from studbook import __version__
from studbook.errors import UsageError
from studbook.exports.interface import Export
from studbook.exports.pedigree import asset_data
from studbook.model import Asset, Edge, canonical
from studbook.queries.pedigree import Pedigree, makers

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
_GIT: Final = re.compile(r"git:.*@([0-9a-f]{40}|[0-9a-f]{64})")
_IMAGE: Final = re.compile(r"@sha256:([0-9a-f]{64})$")

Sign = Callable[[bytes], tuple[str, bytes]]
"""From a message to the id of a key and its signature."""


def write(pedigree: Pedigree, *, sign: Sign | None = None) -> bytes:
    """The Statement, or with `sign` the envelope around it, in canonical JSON.

    Raises UsageError for what is no model version, and where no job, or more than one, is known to have made it.
    """
    statement = canonical(_statement(pedigree))
    if sign is None:
        return statement + b"\n"
    key, signature = sign(_pae(statement))
    envelope = {
        "payload": base64.b64encode(statement).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"keyid": key, "sig": base64.b64encode(signature).decode()}],
    }
    return canonical(envelope) + b"\n"


def _pae(payload: bytes) -> bytes:
    """What is signed: DSSE's pre-authentication encoding."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def _statement(pedigree: Pedigree) -> dict[str, Any]:
    root, job = pedigree.root, _job(pedigree)
    inputs = [edge for edge in pedigree.edges if edge.target == job.id and edge.relation == "input_to"]
    assets = {asset.id: asset for asset in pedigree.assets}
    external = {
        "job": job.id,
        "hyperparameters": job.attributes.get("hyperparameters") or {},
    }
    times = {"startedOn": job.attributes.get("started_at"), "finishedOn": job.attributes.get("ended_at")}
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": root.id, "digest": {"studbookAssetSha256": _digest(root)}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": f"urn:studbook:build:{job.kind}:1",
                "externalParameters": external,
                "resolvedDependencies": [_dependency(edge, assets[edge.source]) for edge in inputs],
            },
            "runDetails": {
                "builder": {"id": "urn:studbook:observed", "version": {"studbook": __version__}},
                "metadata": {"invocationId": job.id, **{key: at for key, at in times.items() if isinstance(at, str)}},
            },
        },
    }


def _job(pedigree: Pedigree) -> Asset:
    """The one job that made the version, or the weights or the original that it was made from without a change."""
    if pedigree.root.kind != "model_package":
        raise UsageError(
            f"{pedigree.root.id!r} is of the kind {pedigree.root.kind}, and provenance is of a model version",
            "name a model_package",
        )
    jobs = makers(pedigree)
    if len(jobs) != 1:
        found = f"{len(jobs)} jobs are" if jobs else "no job is"
        raise UsageError(
            f"{found} known to have made {pedigree.root.id!r}", "'studbook gaps' tells what cannot be known of it"
        )
    return jobs[0]


def _digest(asset: Asset) -> str:
    return hashlib.sha256(canonical(asset_data(asset))).hexdigest()


def _dependency(edge: Edge, asset: Asset) -> dict[str, Any]:
    digest = {}
    if (match := _GIT.fullmatch(asset.id)) is not None:
        digest["gitCommit"] = match[1]
    fingerprint = asset.attributes.get("fingerprint")
    if isinstance(fingerprint, str):
        digest["studbookManifestSha256"] = fingerprint.removeprefix("sha256:")
    elif asset.kind == "container_image" and (match := _IMAGE.search(asset.id)) is not None:
        digest["sha256"] = match[1]
    known: dict[str, Any] = {"kind": asset.kind, "certainty": edge.certainty}
    if edge.role is not None:
        known["role"] = edge.role
    if edge.candidate:
        known["candidate"] = True
    return {
        "name": asset.id,
        "digest": digest or {"studbookAssetSha256": _digest(asset)},
        "annotations": known | {"evidence": [str(one) for one in edge.evidence]},
    }


EXPORT = Export(
    "in-toto", "how a model version was trained, as in-toto SLSA provenance", about=write, options=("sign",)
)
