"""`studbook export cyclonedx`: a model version as a CycloneDX 1.6 bill of materials (ECMA-424), with its model card.

- The model version is `metadata.component`, with its `modelCard`; base models and models that it was tuned from are its
  `pedigree.ancestors`.
- Data, images, code, evaluators and base models are `components`. A fingerprint is a hash of the object manifest.
- Jobs are `formulation[].workflows[].tasks[]`; each input and output has its certainty and evidence.
- Evaluations are `quantitativeAnalysis.performanceMetrics`, a slice for each evaluator and its data.
- People's words (`catalog/cards/`) are `considerations` and `licenses`.

What has no member of its own is a property named `studbook:*`. The bill says of itself that it is incomplete: nobody
can see more than the APIs show. It has no timestamp, so that equal facts give equal bytes.
"""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from studbook import __version__
from studbook.errors import UsageError
from studbook.exports.interface import Export
from studbook.model import KINDS, Asset, Edge, canonical
from studbook.queries.pedigree import Pedigree
from studbook.queries.walks import reads_data

KIND = "model_package"

_USED = ("input_to", "base_of", "packaged_as", "content_of", "produced", "registered_as", "copied_to")
"""Relations that make a thing a component; what merely has versions, or belongs to something, is none."""
_CONSIDERATIONS = {
    "useCases": ("intended use", "intended uses", "use cases", "purpose"),
    "technicalLimitations": ("limits", "limitations", "out of scope", "technical limitations"),
    "performanceTradeoffs": ("performance tradeoffs", "trade-offs", "tradeoffs"),
}
_ETHICS = ("ethical considerations", "ethics", "risks")
_DIGEST = re.compile(r"@sha256:([0-9a-f]{64})$")
_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*):(//[^/]*)?(.*)", re.DOTALL)
_NAMESPACE = uuid.UUID("6f1c9ed2-5d0b-5c0e-8a1b-2f7f6a0d9a43")


def write(pedigree: Pedigree) -> bytes:
    """The bill, in one line of canonical JSON.

    Raises UsageError for what is no model version.
    """
    if pedigree.root.kind != KIND:
        raise UsageError(
            f"{pedigree.root.id!r} is of the kind {pedigree.root.kind}, and a bill of materials is of a model version",
            "name a model_package, or take 'studbook export pedigree'",
        )
    bill = _bill(pedigree)
    serial = uuid.uuid5(_NAMESPACE, canonical(bill).decode())
    return canonical(bill | {"serialNumber": f"urn:uuid:{serial}"}) + b"\n"


def _bill(pedigree: Pedigree) -> dict[str, Any]:
    root = pedigree.root
    used = {edge.source for edge in pedigree.edges if edge.relation in _USED}
    used |= {edge.target for edge in pedigree.edges if edge.relation == "content_of"}
    parts = {
        asset.id: asset
        for asset in pedigree.assets
        if KINDS[asset.kind].bom_type and asset.id in used and asset.id not in pedigree.onward and asset.id != root.id
    }
    read = {edge.source for edge in pedigree.edges if edge.source in parts and reads_data(edge, parts[edge.source])}
    types = {ref: "data" if ref in read else KINDS[part.kind].bom_type or "" for ref, part in parts.items()}
    jobs = [asset for asset in pedigree.assets if KINDS[asset.kind].bom_task]
    refs = {root.id, *parts}
    needs: dict[str, set[str]] = {ref: set() for ref in refs}
    needs[root.id] = set(parts)
    for edge in pedigree.edges:
        if edge.relation == "content_of" and edge.source in refs and edge.target in refs:
            needs[edge.target].add(edge.source)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "lifecycles": [{"phase": "operations"}],
            "tools": {"components": [{"type": "application", "name": "studbook", "version": __version__}]},
            "component": _model(pedigree, types),
        },
        "components": [_component(asset, types[ref]) for ref, asset in parts.items()],
        "dependencies": [{"ref": ref, "dependsOn": sorted(needs[ref])} for ref in sorted(needs)],
        "compositions": [{"aggregate": "incomplete", "assemblies": [root.id]}],
        "formulation": [
            {
                "bom-ref": "studbook:formula",
                "workflows": [
                    {
                        "bom-ref": "studbook:workflow",
                        "uid": root.id,
                        "name": "how it was made and judged",
                        "taskTypes": sorted({KINDS[job.kind].bom_task or "" for job in jobs}) or ["other"],
                        "tasks": [_task(job, pedigree.edges, refs) for job in jobs],
                    }
                ],
            }
        ],
    }


def _model(pedigree: Pedigree, types: Mapping[str, str]) -> dict[str, Any]:
    root, card = pedigree.root, pedigree.card
    group = next((a for e in pedigree.edges if e.target == root.id and e.relation == "has_version"
                  for a in pedigree.assets if a.id == e.source), None)  # fmt: skip
    ancestors = [
        asset
        for asset in pedigree.assets
        if types.get(asset.id) == "machine-learning-model" and asset.id in pedigree.made
    ]
    weights = [e.source for e in pedigree.edges if e.target == root.id and e.relation == "packaged_as" and not e.role]
    facts: dict[str, Any] = {
        "approvalStatus": root.attributes.get("approval"),
        "approvalDescription": root.attributes.get("approval_description"),
        "status": root.status,
        "stage": root.stage,
        "createdAt": root.created_at,
    }
    return {
        "type": "machine-learning-model",
        "bom-ref": root.id,
        "name": group.name if group is not None else root.name,
        **_version(root),
        **({"licenses": [{"license": {"name": card.facts["license"]}}]} if card and card.facts.get("license") else {}),
        **({"description": card.facts["title"]} if card and card.facts.get("title") else {}),
        "pedigree": {"ancestors": [_ancestor(asset) for asset in ancestors]},
        "externalReferences": [_reference("distribution", uri) for uri in weights],
        "modelCard": _card(pedigree, types),
        "properties": [
            *_place(root),
            *(_property(name, value) for name, value in facts.items() if value is not None),
            *(_property("runsAt", endpoint) for endpoint in pedigree.runs_at),
            *(_property(f"finding:{found.rule}", f"{found.level}: {found.message}") for found in pedigree.findings),
        ],
    }


def _card(pedigree: Pedigree, types: Mapping[str, str]) -> dict[str, Any]:
    kinds = {asset.id: asset.kind for asset in pedigree.assets}
    data = [
        edge.source
        for edge in pedigree.edges
        if edge.relation == "input_to"
        and types.get(edge.source) == "data"
        and KINDS[kinds[edge.target]].job
        and "data" not in KINDS[kinds[edge.target]].makes
    ]
    metrics = [
        {"type": str(name), "value": str(value), "slice": _slice(found.evaluators, found.data)}
        for found in pedigree.evaluations
        if pedigree.same.intersection(found.models)
        for name, value in sorted((found.scores or {}).items())
    ]
    out: dict[str, Any] = {
        "modelParameters": {"datasets": [{"ref": ref} for ref in dict.fromkeys(data)]},
        "quantitativeAnalysis": {"performanceMetrics": metrics},
    }
    if pedigree.card is not None:
        words = {heading.strip().lower(): text for heading, text in pedigree.card.sections}
        considerations: dict[str, Any] = {
            member: [words[heading] for heading in headings if heading in words]
            for member, headings in _CONSIDERATIONS.items()
        }
        considerations["ethicalConsiderations"] = [{"name": words[heading]} for heading in _ETHICS if heading in words]
        out["considerations"] = {member: said for member, said in considerations.items() if said}
        out["properties"] = [
            _property(f"card:{name}", value) for name, value in sorted(pedigree.card.facts.items()) if name != "model"
        ]
    return out


def _slice(evaluators: Iterable[str], data: Iterable[str]) -> str:
    return f"by {', '.join(evaluators) or 'what is not recorded'} on {', '.join(data) or 'what is not recorded'}"


def _component(asset: Asset, kind: str) -> dict[str, Any]:
    uri = asset.attributes.get("uri")
    uri = uri if isinstance(uri, str) else asset.id
    out: dict[str, Any] = {
        "type": kind,
        "bom-ref": asset.id,
        "name": asset.name,
        **_version(asset),
        "properties": [*_place(asset), _property("kind", asset.kind)],
    }
    if kind == "data":
        out["data"] = [{"type": "dataset", "name": asset.name, "contents": {"url": _iri(uri)}}]
    if hashes := list(_hashes(asset)):
        out["hashes"] = hashes
        if asset.kind == "dataset_version":
            out["data"][0]["description"] = "The hash is of the object manifest (keys, sizes, etags), not of the bytes."
    return out


def _ancestor(asset: Asset) -> dict[str, Any]:
    return {
        "type": KINDS[asset.kind].bom_type,
        "name": asset.name,
        **_version(asset),
        "properties": [_property("id", asset.id), *_place(asset)],
    }


def _hashes(asset: Asset) -> Iterator[dict[str, str]]:
    fingerprint, code = asset.attributes.get("fingerprint"), asset.attributes.get("code_sha256")
    if isinstance(fingerprint, str) and re.fullmatch(r"sha256:[0-9a-f]{64}", fingerprint):
        yield {"alg": "SHA-256", "content": fingerprint.removeprefix("sha256:")}
    elif (match := _DIGEST.search(asset.id)) is not None:
        yield {"alg": "SHA-256", "content": match[1]}
    elif isinstance(code, str):
        try:
            raw = base64.b64decode(code, validate=True)
        except (binascii.Error, ValueError):
            return
        if len(raw) == 32:
            yield {"alg": "SHA-256", "content": raw.hex()}


def _task(job: Asset, edges: Iterable[Edge], refs: set[str]) -> dict[str, Any]:
    inputs: list[dict[str, Any]] = []
    outputs: list[dict[str, Any]] = []
    for edge in edges:
        if edge.target == job.id and edge.relation == "input_to":
            inputs.append({"resource": _resource(edge.source, refs), "properties": _known(edge)})
        elif edge.source == job.id and edge.relation == "produced":
            outputs.append({"type": "artifact", "resource": _resource(edge.target, refs), "properties": _known(edge)})
    hyperparameters = job.attributes.get("hyperparameters")
    if isinstance(hyperparameters, dict) and hyperparameters:
        inputs.append(
            {"parameters": [{"name": name, "value": _text(hyperparameters[name])} for name in sorted(hyperparameters)]}
        )
    times = {"timeStart": job.attributes.get("started_at") or job.created_at, "timeEnd": job.attributes.get("ended_at")}
    return {
        "bom-ref": f"studbook:task:{job.id}",
        "uid": job.id,
        "name": job.name,
        "description": KINDS[job.kind].title,
        "taskTypes": [KINDS[job.kind].bom_task],
        **{member: time for member, time in times.items() if isinstance(time, str)},
        **({"inputs": inputs} if inputs else {}),
        **({"outputs": outputs} if outputs else {}),
        "properties": _place(job),
    }


def _known(edge: Edge) -> list[dict[str, str]]:
    """How an edge is known."""
    facts = [("role", edge.role), ("certainty", edge.certainty), ("candidate", "true" if edge.candidate else None)]
    return [_property(name, value) for name, value in facts if value] + [
        _property("evidence", str(evidence)) for evidence in edge.evidence
    ]


def _resource(asset_id: str, refs: set[str]) -> dict[str, Any]:
    return {"ref": asset_id} if asset_id in refs else {"externalReference": _reference("other", asset_id)}


def _reference(kind: str, uri: str) -> dict[str, str]:
    return {"type": kind, "url": _iri(uri)}


def _iri(uri: str) -> str:
    """The address with everything escaped that RFC 3987 does not allow; keys and names may hold anything."""
    match = _ADDRESS.match(uri)
    if match is None:
        return quote(uri, safe="/~")
    scheme, host, rest = match.groups()
    return f"{scheme}:" + (f"//{quote(host[2:], safe='~')}" if host else "") + quote(rest, safe="/:@!$&'()*+,;=~")


def _version(asset: Asset) -> dict[str, str]:
    version = asset.attributes.get("version")
    if version is None and asset.kind == "dataset_version" and (match := _DIGEST.search(asset.id)) is not None:
        version = f"sha256:{match[1]}"
    return {"version": str(version)} if version is not None else {}


def _place(asset: Asset) -> list[dict[str, str]]:
    facts = (("account", asset.account), ("region", asset.region))
    return [_property(name, value) for name, value in facts if value]


def _property(name: str, value: Any) -> dict[str, str]:
    return {"name": f"studbook:{name}", "value": _text(value)}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else canonical(value).decode()


EXPORT = Export("cyclonedx", "one model version as a CycloneDX 1.6 bill of materials", about=write)
