"""Runs as OpenLineage events: by the schemas of its specification 2-0-2, and read by openlineage-python 1.54."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema
from hypothesis import given, settings
from hypothesis import strategies as st
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from referencing import Registry, Resource
from tests.exports.hostile_snapshot import told
from tests.pedigrees import lineage

from studbook.exports import Subject
from studbook.exports.openlineage import LIMIT, write

FOLDER = Path(__file__).parent / "schemas" / "openlineage"
SCHEMAS = {document["$id"]: document for document in (json.loads(path.read_text()) for path in FOLDER.glob("*.json"))}
REGISTRY: Registry[Any] = Registry().with_resources(
    [(name, Resource.from_contents(schema)) for name, schema in SCHEMAS.items()]
)
JOB = "arn:aws:sagemaker:us-west-2:111111111111:training-job/fit"
STORY = f"""
    s3://lake/chats/@sha256:{"a" * 64}(dataset_version) -input_to:train-> {JOB}(training_job) -produced-> s3://lake/out(artifact)
    s3://lake/maybe/(dataset) -input_to:train~?-> {JOB}
    image(container_image) -input_to:image-> {JOB}
    git:https://example.org/train@0123abc(code) -input_to:code-> {JOB}
    {JOB} -part_of-> search(tuning_job)
"""
FACTS: dict[str, dict[str, Any]] = {
    JOB: {
        "attributes": {
            "state": "completed",
            "started_at": "2026-11-02T10:00:00Z",
            "ended_at": "2026-11-02T11:00:00Z",
            "hyperparameters": {"lr": 0.5},
        }
    },
}


def valid(schema: str, document: Any) -> None:
    jsonschema.Draft202012Validator(
        {"$ref": schema}, registry=REGISTRY, format_checker=jsonschema.FormatChecker()
    ).validate(document)


def facets(event: dict[str, Any]) -> list[dict[str, Any]]:
    holders = [event["run"], event["job"], *event["inputs"], *event["outputs"]]
    return [facet for holder in holders for facet in holder["facets"].values()]


def events(subject: Subject) -> list[dict[str, Any]]:
    """Each valid by the schema that it names, as are its facets, and built again by the standard's client."""
    out = []
    for line in b"".join(write(subject)).splitlines():
        assert len(line) <= LIMIT
        event = json.loads(line)
        valid(event["schemaURL"], event)
        for facet in facets(event):
            if facet["_schemaURL"].startswith("https:"):
                valid(facet["_schemaURL"], facet)
        RunEvent(
            eventTime=event["eventTime"],
            eventType=RunState[event["eventType"]],
            producer=event["producer"],
            run=Run(runId=event["run"]["runId"]),
            job=Job(namespace=event["job"]["namespace"], name=event["job"]["name"]),
            inputs=[InputDataset(one["namespace"], one["name"]) for one in event["inputs"]],
            outputs=[OutputDataset(one["namespace"], one["name"]) for one in event["outputs"]],
        )
        out.append(event)
    return out


def story(**facts: Any) -> Subject:
    graph = lineage(STORY, FACTS | facts)
    return told(assets=list(graph.assets.values()), edges=graph.edges, findings=[])


def test_a_run_starts_and_ends() -> None:
    """Two events with its times; inputs by bucket and prefix with their version, outputs when it has ended."""
    start, end = (one for one in events(story()) if one["job"]["name"] == "training-job/fit")
    assert (start["eventType"], start["eventTime"]) == ("START", "2026-11-02T10:00:00Z")
    assert (end["eventType"], end["eventTime"]) == ("COMPLETE", "2026-11-02T11:00:00Z")
    assert start["job"]["namespace"] == "arn:aws:sagemaker:us-west-2:111111111111"
    assert start["outputs"] == []
    assert [(one["namespace"], one["name"]) for one in end["outputs"]] == [("s3://lake", "out")]
    [data] = end["inputs"]
    assert (data["namespace"], data["name"]) == ("s3://lake", "chats/")
    assert data["facets"]["version"]["datasetVersion"] == "sha256:" + "a" * 64
    assert data["facets"]["studbook_lineage"]["certainty"] == "referenced"
    assert UUID(start["run"]["runId"]).version == 5
    assert start["run"]["runId"] == end["run"]["runId"]
    assert start["job"]["facets"]["sourceCodeLocation"]["url"] == "https://example.org/train"
    assert start["run"]["facets"]["executionParameters"]["parameters"] == [{"key": "lr", "value": "0.5"}]
    [search] = [one for one in events(story()) if one["job"]["name"] == "search"]
    assert start["run"]["facets"]["parent"]["run"]["runId"] == search["run"]["runId"]


def test_what_may_have_been_read_is_no_input() -> None:
    """A consumer would show it as what was read."""
    assert not any(one["name"] == "maybe/" for event in events(story()) for one in event["inputs"])


def test_what_failed_and_what_was_stopped_says_so() -> None:
    """By the one vocabulary of states; what still runs has no end, and what was only named no event."""
    for state, types in (("failed", ["START", "FAIL"]), ("stopped", ["START", "ABORT"]), ("running", ["START"])):
        found = events(story(**{JOB: {"attributes": {"state": state}}}))
        assert [one["eventType"] for one in found if one["job"]["name"] == "training-job/fit"] == types
    assert events(story(**{JOB: {"created_at": None}, "search": {"created_at": None}})) == []


def test_a_large_event_is_cut_and_says_what() -> None:
    """Below the limit, whatever a job reads or is given; nothing is cut without its number."""
    several = "\n".join(f"s3://lake/part/{number}(artifact) -input_to:train-> {JOB}" for number in range(3_000))
    graph = lineage(STORY + several, FACTS)
    start, end = (
        one
        for one in events(told(assets=list(graph.assets.values()), edges=graph.edges, findings=[]))
        if one["job"]["name"] == "training-job/fit"
    )
    for event in (start, end):
        cut = event["run"]["facets"]["studbook_cut"]
        assert len(event["inputs"]) + cut["inputs"] == 3_001
        assert 0 < cut["inputs"] < 3_000
        assert (cut["evidence"] > 3_000, cut["parameters"]) == (True, 1)
    assert end["outputs"] != []


def test_the_herd_and_the_same_bytes() -> None:
    """An estate that has some of everything, told by somebody who means harm."""
    assert len(events(told())) == 3
    assert b"".join(write(told())) == b"".join(write(told()))


@settings(max_examples=40)
@given(st.text(min_size=1, max_size=40), st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3))
def test_whatever_strangers_write_it_is_valid(text: str, pairs: dict[str, str]) -> None:
    """Names of code and places, and parameters of any kind."""
    graph = lineage(STORY, FACTS)
    assets = [
        one.but(
            id=f"git:{text}@{text}" if one.kind == "code" else one.id,
            attributes=dict(one.attributes) | {"hyperparameters": pairs},
        )
        for one in graph.assets.values()
    ]
    renamed = {one.id: new.id for one, new in zip(graph.assets.values(), assets, strict=True)}
    edges = [replace(one, source=renamed[one.source], target=renamed[one.target]) for one in graph.edges]
    found = events(told(assets=assets, edges=edges, findings=[]))
    given = [facet["parameters"] for one in found for facet in facets(one) if "parameters" in facet]
    assert all({one["key"]: one["value"] for one in several} == pairs for several in given)
    assert bool(given) is bool(pairs)
