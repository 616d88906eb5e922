"""Small JSON documents in S3 that records name: manifests, metrics reports, results of evaluations.

Read only below the places that the configuration's `documents` lists, and only what a record names. Calls: one
GetObject for each manifest and report; for each evaluation one ListObjectsV2 of its output and one GetObject for each
file of results there. All of it once in the life of the records that name it: an unchanged night makes none. What is
larger than `sources.s3.limits.document_bytes` (1 MiB) is noted and left. Besides, one ListObjectsV2 a night for each
object of weights of which an approved version keeps the ETag: S3 alone knows whether it was written again.

Of a manifest the URIs are kept, of the others the numbers: what strangers wrote around them stays where it is.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from studbook.aws.errors import UNREADABLE, Trouble
from studbook.model import Evidence, Facts, Record, canonical, digest
from studbook.model.attributes import Attributes, at, attributes, computed
from studbook.model.canonical import is_number
from studbook.model.facts import Manifest, Results
from studbook.model.ids import S3Uri, parse_s3, place_name
from studbook.model.storable import parse_json
from studbook.settings import DocumentPlace, Settings
from studbook.sources.interface import Document, Resource, Visit
from studbook.sources.sagemaker import RESOURCES

KINDS: Final = {"manifest": "s3_manifest", "report": "s3_report", "results": "s3_results", "weights": "s3_object"}
"""The record's kind by the document's role."""

_DOCUMENT_BYTES: Final = 1024 * 1024
_FILES: Final = 20
"""Of the results of one evaluation; a benchmark writes one for each of its runs."""
_METRICS: Final = 200
_RESULTS: Final = re.compile(r"/eval_results/results_[^/]*\.json$|/bedrock_llm_judge_results\.json$")
_ASIDE: Final = frozenset({"config_general", "config_tasks", "summary_general", "summary_tasks", "versions"})
"""Parts of an evaluation's results that are about the harness."""


def plan(settings: Settings, records: Iterable[Record]) -> Mapping[str | None, list[str]]:
    """What to read with which account's credentials; a target is JSON: role, URI, type and who names it."""
    if not settings.documents:
        return {}
    resources = {resource.kind: resource for resource in RESOURCES}
    named: defaultdict[tuple[str | None, str, str, str], list[tuple[str, str, str, bool]]] = defaultdict(list)
    for record in records:
        for document in _documents(resources, record):
            place = _place(settings, document.uri)
            if place is not None:
                account = place.account if settings.account(place.account) else None
                key = (account, document.role, document.uri, document.data_type or "")
                named[key].append((record.reference, record.id, document.evidence, record.gone_since is not None))
    targets: defaultdict[str | None, list[str]] = defaultdict(list)
    for account, role, uri, data_type in sorted(named, key=lambda key: (key[0] or "", *key[1:])):
        by = sorted(named[account, role, uri, data_type])
        targets[account].append(json.dumps([role, uri, data_type, by]))
    return targets


def is_target(target: str) -> bool:
    """Whether a target of the S3 source is a document."""
    return target.startswith("[")


def named(target: str) -> str:
    """The document of a target."""
    uri: str = json.loads(target)[1]
    return uri


def is_directory(bucket: str) -> bool:
    """Whether it is a directory bucket (S3 Express One Zone): it keeps no versions, and lists whole folders alone, in
    no order."""
    return bucket.endswith("--x-s3")


def collect(visit: Visit, target: str) -> None:
    """Reads one document, unless it is known by the same records. Raises Trouble."""
    role, uri, data_type, by = json.loads(target)
    kind = KINDS[role]
    revision = digest(canonical([role, uri, data_type, [[record, evidence] for record, _, evidence, _ in by]]))
    kept = visit.kept(kind, uri)
    if all(gone for *_, gone in by):
        if kept is not None:
            visit.reuse(kept)
        return
    if kept is not None and kept.revision == revision and role != "weights":
        visit.reuse(kept)
        return
    named = [{"Record": record, "Id": found, "Evidence": evidence} for record, found, evidence, _ in by]
    body: dict[str, Any] = {"Uri": uri, "NamedBy": named}
    if data_type:
        body["DataType"] = data_type
    place = parse_s3(uri)
    assert place is not None
    try:
        if role == "weights":
            found = _listed(visit, place)
            if found is not None:
                visit.record(kind, uri, {**body, **found}, operation="ListObjectsV2")
        else:
            body |= _results(visit, place) if role == "results" else _read(visit, place, role, data_type)
            brought = "GetObject" if body.get("Contents", True) else "ListObjectsV2"
            visit.record(kind, uri, body, operation=brought, revision=revision)
    except Trouble as trouble:
        if trouble.meaning != "gone":
            raise
    visit.listed(kind, uri)


def normalize(record: Record) -> Facts:
    """A document as an artifact: a manifest's entries as a claim, scores as the artifact's metrics."""
    body = record.body
    if record.kind == KINDS["results"]:
        return _results_facts(record)
    facts = Facts()
    if record.kind == KINDS["manifest"]:
        entries = body.get("Body") or ()
        facts.claims.append(
            Manifest(
                uri=body["Uri"],
                modified=body.get("LastModified"),
                entries=tuple(
                    (Evidence("s3:GetObject", f"Body[{index}]", record.reference), uri)
                    for index, uri in enumerate(entries)
                    if isinstance(uri, str) and not (index == 0 and body["DataType"] == "ManifestFile")
                ),
            )
        )
    shown = {KINDS["manifest"]: MANIFEST, KINDS["weights"]: WEIGHTS}.get(record.kind, REPORT)
    _show(facts, record, body["Uri"], shown)
    return facts


def _documents(resources: Mapping[str, Resource], record: Record) -> list[Document]:
    """What a record names; nothing where its body is in no form that anyone expects."""
    resource = resources.get(record.kind) if record.source == "sagemaker" else None
    try:
        return list(resource.documents(record)) if resource is not None else []
    except UNREADABLE:
        return []


def _place(settings: Settings, uri: str) -> DocumentPlace | None:
    """The innermost of the configured places that the URI lies in."""
    around = [place for place in settings.documents if uri.startswith(place.id)]
    return max(around, key=lambda place: len(place.id), default=None)


def _limit(visit: Visit) -> int:
    return visit.settings.source("s3").limits.get("document_bytes", _DOCUMENT_BYTES)


def _fetch(visit: Visit, place: S3Uri) -> tuple[dict[str, Any], bytes | None]:
    """What S3 says of an object, and its bytes; None where they are more than the limit."""
    limit = _limit(visit)
    answer, raw = visit.fetch({"Bucket": place.bucket, "Key": place.key}, limit)
    about: dict[str, Any] = {
        name: answer[name] for name in ("LastModified", "ContentLength", "VersionId") if name in answer
    }
    about["ETag"] = str(answer.get("ETag", "")).strip('"')
    return about, raw if len(raw) <= limit else None


def _listed(visit: Visit, place: S3Uri) -> dict[str, Any] | None:
    """What a listing says of one object; None where there is none, or where objects cannot be listed one by one."""
    if is_directory(place.bucket):
        return None
    request = {"Bucket": place.bucket, "Prefix": place.key, "MaxKeys": 1}
    for item in visit.call("ListObjectsV2", request).get("Contents") or ():
        if item["Key"] == place.key:
            return {"ETag": item["ETag"].strip('"'), "LastModified": item["LastModified"], "Size": item["Size"]}
    return None


def _read(visit: Visit, place: S3Uri, role: str, data_type: str) -> dict[str, Any]:
    about, raw = _fetch(visit, place)
    if raw is None:
        return {**about, "TooLarge": True}
    if role == "report":
        return {**about, "Metrics": _metrics(_json(raw))}
    entries = _lines(raw) if data_type == "AugmentedManifestFile" else _entries(_json(raw))
    return {**about, "Body": entries} if entries else {**about, "Unreadable": True}


def _results(visit: Visit, place: S3Uri) -> dict[str, Any]:
    """The files of scores below a prefix, the newest first to be kept."""
    folder = place.key[: place.key.rfind("/") + 1] if is_directory(place.bucket) else place.key
    request = {"Bucket": place.bucket, "Prefix": folder, "MaxKeys": 1000}
    listed = [
        {"Key": item["Key"], "LastModified": item["LastModified"]}
        for item in visit.call("ListObjectsV2", request).get("Contents") or ()
        if item["Key"].startswith(place.key) and _RESULTS.search("/" + item["Key"])
    ]
    listed.sort(key=lambda item: (item["LastModified"], item["Key"]))
    contents = []
    for item in listed[-_FILES:]:
        about, raw = _fetch(visit, S3Uri(place.bucket, item["Key"]))
        contents.append({**item, **about, "Metrics": {} if raw is None else _metrics(_json(raw))})
    return {"Contents": contents}


def _json(raw: bytes) -> Any:
    try:
        return parse_json(raw)
    except ValueError:
        return None


def _entries(found: Any) -> list[str]:
    """A ManifestFile's prefix, then the URI of each object; empty where it is none (S3DataSource, SageMaker API)."""
    if not isinstance(found, list) or not found or not isinstance(found[0], Mapping):
        return []
    prefix = found[0].get("prefix")
    if not isinstance(prefix, str) or parse_s3(prefix) is None:
        return []
    return [prefix, *(prefix + item for item in found[1:] if isinstance(item, str))]


def _lines(raw: bytes) -> list[str | None]:
    """An AugmentedManifestFile's first reference of each line; None for a line that holds its data itself."""
    entries: list[str | None] = []
    for line in raw.splitlines():
        item = _json(line)
        members = item.items() if isinstance(item, Mapping) else ()
        uris = (uri for name, uri in members if name.endswith("-ref") and isinstance(uri, str) and parse_s3(uri))
        entries.append(next(uris, None))
    return entries if any(entries) else []


def _metrics(found: Any) -> dict[str, float | int]:
    """The numbers of a report by dotted names; `{"value": x}` is x, what lies around all of them is left out."""
    if isinstance(found, Mapping) and isinstance(found.get("results"), Mapping):
        found = found["results"]
    while isinstance(found, Mapping) and len(found) == 1 and isinstance(inner := next(iter(found.values())), Mapping):
        if is_number(inner.get("value")):
            break
        found = inner
    return dict(sorted(_numbers(found, ""))[:_METRICS])


def _numbers(found: Any, name: str) -> Iterator[tuple[str, float | int]]:
    if is_number(found):
        yield name, found
    elif isinstance(found, Mapping):
        if is_number(found.get("value")):
            yield name, found["value"]
            return
        for key, item in found.items():
            if key not in _ASIDE:
                yield from _numbers(item, f"{name}.{key}".lstrip("."))


def _count(record: Record) -> int:
    entries: Sequence[str | None] = record.body.get("Body") or ()
    return len(entries) - (1 if entries and record.body["DataType"] == "ManifestFile" else 0)


def _show(facts: Facts, record: Record, uri: str, told: Attributes) -> None:
    place = parse_s3(uri)
    assert place is not None
    asset = told.asset("artifact", record, name=place_name(place), id=uri, account=record.account)
    facts.show(asset.but(attributes={**asset.attributes, "uri": uri}), told)


def _results_facts(record: Record) -> Facts:
    """Each file of results as an artifact, which the evaluation produced that names its place."""
    facts = Facts()
    place = parse_s3(record.body["Uri"])
    assert place is not None
    for index, item in enumerate(record.body.get("Contents") or ()):
        uri = f"s3://{place.bucket}/" + item["Key"]
        _show(facts, record, uri, REPORT.within(f"Contents[{index}]"))
        for named in record.body["NamedBy"]:
            naming = Evidence.parse(named["Evidence"])
            if "Record" in named:  # older catalogs lack it
                naming = Evidence.of({**naming.as_data(), "record": named["Record"]})
            listed = Evidence("s3:ListObjectsV2", f"Contents[{index}].Key", record.reference)
            facts.claims.append(Results(job=named["Id"], artifact=uri, evidence=(naming, listed)))
    return facts


def _text(text: str) -> Callable[[Any], str | None]:
    return lambda so: text if so else None


_ABOUT: Final = (
    at("modified_at", "LastModified", "When it was written."),
    at("bytes", "ContentLength", "Its bytes."),
    at("etag", "ETag", "S3's ETag of it."),
    at("newest", "LastModified", "When it was written."),
    at("not_read", "TooLarge", "Why it was not read.", _text("larger than sources.s3.limits.document_bytes")),
    at("not_read", "Unreadable", "Why it was not read.", _text("not in the form of a manifest")),
)
MANIFEST: Final = attributes(
    "artifact",
    "s3:GetObject",
    _ABOUT,
    computed("manifest", "data-type", "The form of the list that it is.", lambda record: record.body["DataType"]),
    computed("expanded", "manifest", "Whether the list was read.", lambda record: "Body" in record.body),
    computed("objects", "manifest", "How many objects it lists.", _count),
)
WEIGHTS: Final = attributes(
    "artifact",
    "s3:ListObjectsV2",
    at("modified_at", "LastModified", "When it was written."),
    at("bytes", "Size", "Its bytes."),
    at("etag", "ETag", "S3's ETag of it."),
)
REPORT: Final = attributes(
    "artifact", "s3:GetObject", _ABOUT, at("metrics", "Metrics", "The numbers in it, by dotted names.")
)
