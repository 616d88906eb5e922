"""`studbook export cyclonedx`: model versions as a CycloneDX bill of materials (ECMA-424, 1.6 or 1.7) with model cards.

- Of one model version it is `metadata.component`; of several each is a component. Each has its `modelCard`; base models
  and models that it was tuned from are its `pedigree.ancestors`.
- Data, images, code, evaluators and base models are `components`. `hashes` are of bytes alone, so that whoever compares
  files can: a fingerprint of an object manifest is a property. An image's digest is in its `purl`.
- Jobs are `formulation[].workflows[].tasks[]`; each input and output has its certainty and evidence.
- Evaluations are `quantitativeAnalysis.performanceMetrics`, a slice for each evaluator and its data.
- People's words (`catalog/cards/`) are `considerations` and `licenses`.
- 1.7 has `citations`: which service's answer, which rule of Studbook's or whose card says what a JSON Pointer leads to.

What has no member of its own is a property named `studbook:*`. The bill says of itself that it is incomplete: nobody
can see more than the APIs show. 1.6 has no timestamp, so that equal facts give equal bytes; a citation needs one, and
has the snapshot's.
"""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from studbook import __version__
from studbook.errors import UsageError
from studbook.exports.interface import Export
from studbook.lineage.job_state import start_of
from studbook.model import KINDS, Asset, Edge, Envelope, Record, canonical
from studbook.model.attributes import FIELDS
from studbook.model.canonical import as_text
from studbook.model.edge import EdgeKey
from studbook.queries.pedigree import Pedigree
from studbook.queries.sources_of import sources_of
from studbook.queries.walks import Evaluation, reads_data

KIND = "model_package"

_USED = ("input_to", "base_of", "packaged_as", "content_of", "produced", "registered_as", "copied_to")
"""Relations that make a thing a component; what merely has versions, or belongs to something, is none."""
_CONSIDERATIONS = {
    "useCases": ("intended use", "intended uses", "use cases", "purpose"),
    "technicalLimitations": ("limits", "limitations", "out of scope", "technical limitations"),
    "performanceTradeoffs": ("performance tradeoffs", "trade-offs", "tradeoffs"),
}
_FACTS = {
    "approvalStatus": "approval",
    "approvalDescription": "approval_description",
    "status": "status",
    "createdAt": "created_at",
}
"""What a bill says of a model version as properties, by the attributes that say it."""
_ETHICS = ("ethical considerations", "ethics", "risks")
_DIGEST = re.compile(r"@sha256:([0-9a-f]{64})$")
_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*):(//[^/]*)?(.*)", re.DOTALL)
_NAMESPACE = uuid.UUID("6f1c9ed2-5d0b-5c0e-8a1b-2f7f6a0d9a43")


def write(pedigree: Pedigree, *, spec_version: str = "1.6", envelope: Envelope | None = None) -> bytes:
    """The bill of one model version, in one line of canonical JSON; 1.7 needs the snapshot's envelope.

    Raises UsageError for what is no model version.
    """
    return write_all([pedigree], spec_version=spec_version, envelope=envelope)


def write_all(pedigrees: Sequence[Pedigree], *, spec_version: str = "1.6", envelope: Envelope | None = None) -> bytes:
    """The bill of several model versions, in one line of canonical JSON; 1.7 needs the snapshot's envelope.

    Raises UsageError for what is no model version.
    """
    for pedigree in pedigrees:
        if pedigree.root.kind != KIND:
            raise UsageError(
                f"{pedigree.root.id!r} is of the kind {pedigree.root.kind}, "
                "and a bill of materials is of a model version",
                "name a model_package, or take 'studbook export pedigree'",
            )
    roots = {pedigree.root.id: pedigree for pedigree in pedigrees}
    bill = _bill(roots, spec_version)
    if spec_version != "1.6":
        assert envelope is not None
        bill |= _cited(bill, roots, envelope.taken_at)
    told = canonical(bill)
    serial = uuid.uuid5(_NAMESPACE, told.decode())
    # Put where the order of keys has it, before the last two members.
    before, version, after = told.rpartition(b',"specVersion":')
    return before + f',"serialNumber":"urn:uuid:{serial}"'.encode() + version + after + b"\n"


def _bill(pedigrees: Mapping[str, Pedigree], spec_version: str) -> dict[str, Any]:
    needs: dict[str, set[str]] = {}
    parts: dict[str, Asset] = {}
    edges: dict[EdgeKey, Edge] = {}
    jobs: dict[str, Asset] = {}
    for root, pedigree in pedigrees.items():
        own = _parts(pedigree)
        parts |= own
        needs[root] = set(own)
        edges |= {edge.key: edge for edge in pedigree.edges}
        jobs |= {asset.id: asset for asset in pedigree.assets if KINDS[asset.kind].bom_task}
    read = {edge.source for edge in edges.values() if edge.source in parts and reads_data(edge, parts[edge.source])}
    types = {ref: "data" if ref in read else KINDS[part.kind].bom_type or "" for ref, part in parts.items()}
    parts = {ref: parts[ref] for ref in sorted(parts.keys() - pedigrees.keys())}
    refs = {*pedigrees, *parts}
    for ref in parts:
        needs[ref] = set()
    for edge in edges.values():
        if edge.relation == "content_of" and edge.source in refs and edge.target in refs:
            needs[edge.target].add(edge.source)
    models = [_model(pedigree, types) for pedigree in pedigrees.values()]
    one = models[0] if len(models) == 1 else None
    arrows = sorted(edges.values(), key=lambda edge: edge.key.order)
    made = [jobs[job] for job in sorted(jobs)]
    workflow = {
        "bom-ref": "studbook:workflow",
        "uid": next(iter(pedigrees)) if one else "studbook:catalog",
        "name": "how it was made and judged",
        "taskTypes": sorted({KINDS[job.kind].bom_task or "" for job in made}) or ["other"],
        "tasks": [_task(job, arrows, refs) for job in made],
    }
    return {
        "$schema": f"http://cyclonedx.org/schema/bom-{spec_version}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": spec_version,
        "version": 1,
        "metadata": {
            "lifecycles": [{"phase": "operations"}],
            "tools": {"components": [_TOOL]},
            **({"component": one} if one else {}),
        },
        "components": [*([] if one else models), *(_component(asset, types[ref]) for ref, asset in parts.items())],
        "dependencies": [{"ref": ref, "dependsOn": sorted(needs[ref])} for ref in sorted(needs)],
        "compositions": [{"aggregate": "incomplete", "assemblies": sorted(pedigrees)}],
        "formulation": [{"bom-ref": "studbook:formula", "workflows": [workflow]}],
    }


_TOOL: Final = {"type": "application", "bom-ref": "studbook:tool", "name": "studbook", "version": __version__}


def _parts(pedigree: Pedigree) -> dict[str, Asset]:
    """What one model version was made with and judged by."""
    used = {edge.source for edge in pedigree.edges if edge.relation in _USED}
    used |= {edge.target for edge in pedigree.edges if edge.relation == "content_of"}
    return {
        asset.id: asset
        for asset in pedigree.assets
        if KINDS[asset.kind].bom_type
        and asset.id in used
        and asset.id not in pedigree.onward
        and asset.id != pedigree.root.id
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
    facts = {name: getattr(root, of) if of in FIELDS else root.attributes.get(of) for name, of in _FACTS.items()} | {
        "stage": root.stage
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
        {"type": str(name), "value": str(value), "slice": _slice(found, pedigree.same)}
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


def _slice(found: Evaluation, same: Iterable[str]) -> str:
    """By what, on what, in which job, and which of the ids of these weights it judged."""
    by, on = (", ".join(several) or "what is not recorded" for several in (found.evaluators, found.data))
    judged = ", ".join(sorted(set(found.models).intersection(same)))
    return f"by {by} on {on}; {found.job.id} judged {judged}"


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
    if (fingerprint := asset.attributes.get("fingerprint")) is not None:
        out["properties"].append(_property("objectManifestDigest", fingerprint))
    if asset.kind == "container_image" and (digest := _DIGEST.search(asset.id)) is not None:
        out["purl"] = _purl(asset.id[: digest.start()], digest[1])
    if (zipped := _zip_digest(asset.attributes.get("code_sha256"))) is not None:
        out["hashes"] = [{"alg": "SHA-256", "content": zipped}]
    return out


def _purl(repository: str, digest: str) -> str:
    """The package URL of an image, with its digest as version."""
    host, _, last = repository.rpartition("/")
    name = last.partition(":")[0].lower() or "image"
    place = f"{host}/{name}" if host else name
    return f"pkg:oci/{quote(name, safe='')}@sha256%3A{digest}?repository_url={quote(place, safe='')}"


def _ancestor(asset: Asset) -> dict[str, Any]:
    return {
        "type": KINDS[asset.kind].bom_type,
        "name": asset.name,
        **_version(asset),
        "properties": [_property("id", asset.id), *_place(asset)],
    }


def _zip_digest(code: Any) -> str | None:
    """Lambda's CodeSha256 in hex: the SHA-256 of the bytes of a deployment package."""
    try:
        raw = base64.b64decode(code, validate=True) if isinstance(code, str) else b""
    except (binascii.Error, ValueError):
        return None
    return raw.hex() if len(raw) == 32 else None


def _task(job: Asset, edges: Iterable[Edge], refs: set[str]) -> dict[str, Any]:
    inputs: list[dict[str, Any]] = []
    outputs: list[dict[str, Any]] = []
    for edge in edges:
        if edge.target == job.id and edge.relation == "input_to":
            inputs.append({"resource": _resource(edge.source, refs), "properties": _edge_evidence(edge)})
        elif edge.source == job.id and edge.relation == "produced":
            outputs.append(
                {"type": "artifact", "resource": _resource(edge.target, refs), "properties": _edge_evidence(edge)}
            )
    hyperparameters = job.attributes.get("hyperparameters")
    if isinstance(hyperparameters, dict) and hyperparameters:
        inputs.append(
            {
                "parameters": [
                    {"name": name, "value": as_text(hyperparameters[name])} for name in sorted(hyperparameters)
                ]
            }
        )
    times = {"timeStart": start_of(job.created_at, job.attributes), "timeEnd": job.attributes.get("ended_at")}
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


def _edge_evidence(edge: Edge) -> list[dict[str, str]]:
    """How an edge is known."""
    facts = [("role", edge.role), ("certainty", edge.certainty), ("candidate", "true" if edge.candidate else None)]
    return [_property(name, value) for name, value in facts if value] + [
        _property("evidence", str(evidence)) for evidence in edge.evidence
    ]


def _cited(bill: Mapping[str, Any], pedigrees: Mapping[str, Pedigree], timestamp: str) -> dict[str, Any]:
    """The citations of a bill, and the services whose answers they cite."""
    said: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    of_models: list[tuple[str, Mapping[str, Any]]] = [
        (f"/components/{place}", one) for place, one in enumerate(bill["components"]) if "modelCard" in one
    ]
    if "component" in bill["metadata"]:
        of_models.append(("/metadata/component", bill["metadata"]["component"]))
    for at, model in of_models:
        for pointer, evidence in _claims(at, model, pedigrees[model["bom-ref"]]):
            said[_origin(evidence)].append(pointer)
    for place, task in enumerate(bill["formulation"][0]["workflows"][0]["tasks"]):
        for member in ("inputs", "outputs"):
            for number, one in enumerate(task.get(member, ())):
                pointer = f"/formulation/0/workflows/0/tasks/{place}/{member}/{number}"
                for line in one.get("properties", ()):
                    if line["name"] == "studbook:evidence":
                        said[_origin(line["value"])].append(pointer)
    services = sorted({ref for ref, _ in said} - {_TOOL["bom-ref"]})
    return {
        "services": [{"bom-ref": ref, "name": ref.removeprefix(_SERVICE)} for ref in services],
        "citations": [
            {"pointers": pointers, "timestamp": timestamp, "attributedTo": ref, "note": note}
            for (ref, note), pointers in sorted(said.items())
        ],
    }


def _claims(at: str, model: Mapping[str, Any], pedigree: Pedigree) -> Iterator[tuple[str, str]]:
    """Pointers to what a bill says of a model version, each with the evidence of it."""
    records = {(record.kind, record.id): record for record in pedigree.records}

    def record_of(kind: str, record_id: str) -> Record | None:
        return records.get((kind, record_id))

    sources = {found.name: found.evidence for found in sources_of(pedigree.root, record_of)}
    for place, line in enumerate(model["properties"]):
        name = line["name"].removeprefix("studbook:")
        for evidence in sources.get(_FACTS.get(name, ""), ()):
            yield f"{at}/properties/{place}", str(evidence)
    if pedigree.card is not None:
        for member in ("considerations", "properties"):
            if member in model["modelCard"]:
                yield f"{at}/modelCard/{member}", f"config:cards/{pedigree.card.model}.md"


def _origin(evidence: str) -> tuple[str, str]:
    """Who says so, as a `bom-ref`, and where."""
    service = evidence.partition(":")[0]
    return ("studbook:tool" if service in ("rule", "config") else _SERVICE + service, evidence)


_SERVICE: Final = "studbook:service:"


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
    return {"name": f"studbook:{name}", "value": as_text(value)}


EXPORT = Export(
    "cyclonedx",
    "a model version, or all of them, as a CycloneDX bill of materials",
    about=write,
    about_all=write_all,
    kind=KIND,
    options=("spec_version", "envelope"),
)
