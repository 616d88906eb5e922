"""`studbook export prov`: the lineage as W3C PROV in its JSON form (PROV-JSON, Member Submission of 2013).

| relation | in PROV |
| --- | --- |
| `input_to` a job or run | `used` |
| `produced` by a job or run | `wasGeneratedBy` |
| `has_version` | `specializationOf` |
| `same_as` | `alternateOf` |
| `base_of`, `packaged_as`, `copied_to`, `registered_as`, `content_of` | `wasDerivedFrom` |
| all others | `wasInfluencedBy` |

Jobs, runs and executions are activities, all else are entities; who made a thing is an agent. PROV points back in time,
the other way round. Each statement has `sb:relation`, `sb:certainty` and `sb:evidence`; one of several that fit has
`sb:candidate`. Identifiers are digests, since ARNs and S3 keys are no local names; the id is `prov:location`. A
`specializationOf` or `alternateOf` has no attributes in PROV: where it is inferred, it is `wasInfluencedBy`.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from studbook import __version__
from studbook.exports.interface import Export, Subject
from studbook.model import KINDS, Asset, Edge, canonical

_ACTIVITIES: Final = ("mlflow_run", "pipeline_execution", "action")
_DERIVED: Final = ("base_of", "packaged_as", "copied_to", "registered_as", "content_of")
_BARE: Final = {"has_version": ("specializationOf", "prov:specificEntity", "prov:generalEntity"),
                "same_as": ("alternateOf", "prov:alternate1", "prov:alternate2")}  # fmt: skip


def write(subject: Subject) -> Iterator[bytes]:
    """One document, in one line."""
    said: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    activities: set[str] = set()
    for asset in subject.assets:
        if KINDS[asset.kind].job or asset.kind in _ACTIVITIES:
            activities.add(asset.id)
            said["activity"][_name(asset.id)] = _activity(asset)
        else:
            said["entity"][_name(asset.id)] = _described(asset)
        _attributed(said, asset, asset.id in activities)
    for edge in subject.edges:
        statement, body = _statement(edge, activities)
        key = canonical([edge.source, edge.target, edge.relation, edge.role]).decode()
        said[statement]["_:" + hashlib.sha256(key.encode()).hexdigest()[:24]] = body
    _told_by(said, subject)
    prefix = {"sb": "urn:studbook:"}
    text = json.dumps({"prefix": prefix, **said}, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    yield text.encode() + b"\n"


def _name(asset_id: str) -> str:
    return "sb:" + hashlib.sha256(asset_id.encode()).hexdigest()[:24]


def _described(asset: Asset) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "prov:label": asset.name,
        "prov:location": asset.id,
        "prov:type": {"$": f"sb:{asset.kind}", "type": "prov:QUALIFIED_NAME"},
        "sb:account": asset.account,
        "sb:region": asset.region,
        "sb:stage": asset.stage,
        "sb:status": asset.status,
        "sb:createdAt": asset.created_at,
        "sb:unresolved": "true" if asset.unresolved else None,
        "sb:goneSince": None if asset.gone_since is None else f"snapshot {asset.gone_since}",
        "sb:staleSince": None if asset.stale_since is None else f"snapshot {asset.stale_since}",
        "sb:fingerprint": asset.attributes.get("fingerprint"),
    }
    return {name: value for name, value in facts.items() if value is not None}


def _activity(asset: Asset) -> dict[str, Any]:
    times = {
        "prov:startTime": asset.attributes.get("started_at"),
        "prov:endTime": asset.attributes.get("ended_at"),
    }
    return _described(asset) | {name: time for name, time in times.items() if isinstance(time, str)}


def _attributed(said: defaultdict[str, dict[str, Any]], asset: Asset, activity: bool) -> None:
    """Who made it, where a record says so."""
    who = asset.attributes.get("created_by")
    if not isinstance(who, str):
        return
    agent = _name(f"agent {who}")
    said["agent"][agent] = {"prov:label": who, "sb:recordedAs": "created_by"}
    statement, thing = ("wasAssociatedWith", "prov:activity") if activity else ("wasAttributedTo", "prov:entity")
    key = "_:" + hashlib.sha256(f"{asset.id} by {who}".encode()).hexdigest()[:24]
    said[statement][key] = {thing: _name(asset.id), "prov:agent": agent}


def _statement(edge: Edge, activities: set[str]) -> tuple[str, dict[str, Any]]:
    source, target = _name(edge.source), _name(edge.target)
    about: dict[str, Any] = {
        "sb:relation": edge.relation,
        "sb:certainty": edge.certainty,
        "sb:evidence": [str(one) for one in edge.evidence],
    }
    if edge.candidate:
        about["sb:candidate"] = "true"
    if edge.role is not None:
        about["prov:role"] = edge.role
    ends = (edge.source in activities, edge.target in activities)
    if edge.relation == "input_to" and ends == (False, True):
        return "used", {"prov:activity": target, "prov:entity": source} | about
    if edge.relation == "produced" and ends == (True, False):
        return "wasGeneratedBy", {"prov:entity": target, "prov:activity": source} | about
    role = about.pop("prov:role", None)
    if role is not None:
        about["sb:role"] = role
    if ends == (False, False):
        if edge.relation in _BARE and edge.certainty == "referenced" and not edge.candidate:
            statement, one, other = _BARE[edge.relation]
            return statement, {one: target, other: source}
        if edge.relation in _DERIVED:
            return "wasDerivedFrom", {"prov:generatedEntity": target, "prov:usedEntity": source} | about
    return "wasInfluencedBy", {"prov:influencee": target, "prov:influencer": source} | about


def _told_by(said: defaultdict[str, dict[str, Any]], subject: Subject) -> None:
    """The snapshot itself, and the program that wrote it."""
    snapshot = {
        "prov:label": f"snapshot {subject.envelope.number}",
        "prov:type": {"$": "sb:snapshot", "type": "prov:QUALIFIED_NAME"},
        "sb:takenAt": subject.envelope.taken_at,
        "sb:digest": subject.envelope.digest,
    }
    said["entity"]["sb:snapshot"] = snapshot
    software = {"$": "prov:SoftwareAgent", "type": "prov:QUALIFIED_NAME"}
    said["agent"]["sb:studbook"] = {"prov:label": f"studbook {__version__}", "prov:type": software}
    said["wasAttributedTo"]["_:snapshot"] = {"prov:entity": "sb:snapshot", "prov:agent": "sb:studbook"}


EXPORT = Export("prov", "the lineage as W3C PROV (PROV-JSON)", write, file="prov.json")
