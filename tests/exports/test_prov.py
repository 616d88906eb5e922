"""The lineage as PROV-JSON, read by the library prov 3.2 and written again."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from prov.model import ProvDocument
from tests.exports.hostile_snapshot import told
from tests.pedigrees import lineage

from studbook.exports import Subject
from studbook.exports.prov import write


def read(subject: Subject) -> tuple[ProvDocument, dict[str, Any]]:
    """The document as the library has it, and as it stands; nothing is lost on the way through the library."""
    text = b"".join(write(subject)).decode()
    found = ProvDocument.deserialize(content=text, format="json")
    assert ProvDocument.deserialize(content=found.serialize(format="json"), format="json") == found
    plain = json.loads(text)
    assert len(found.records) == sum(len(several) for name, several in plain.items() if name != "prefix")
    return found, plain


def test_each_relation_is_told_in_prov() -> None:
    """Jobs use and generate, versions specialise, packages derive; the rest influences; candidates say so."""
    graph = lineage(
        """
        chats(dataset) -has_version-> chats/1(dataset_version) -input_to:train-> fit(training_job) -produced-> out(artifact)
        chats -input_to:maybe~?-> fit
        out -packaged_as-> bot/1(model_package) -copied_to-> prod/1(model_package)
        prod/1 -deployed_to-> part(inference_component)
        fit -part_of-> search(tuning_job)
        """,  # noqa: E501
        {"fit": {"attributes": {"started_at": "2026-11-02T10:00:00Z", "created_by": "ana"}}},
    )
    found, plain = read(told(assets=list(graph.assets.values()), edges=graph.edges, findings=[]))
    counts = Counter(type(record).__name__ for record in found.records)
    assert (counts["ProvUsage"], counts["ProvGeneration"], counts["ProvSpecialization"]) == (2, 1, 1)
    assert (counts["ProvDerivation"], counts["ProvInfluence"], counts["ProvActivity"]) == (2, 2, 2)
    assert [one.get("sb:candidate") for one in plain["used"].values()].count("true") == 1
    assert {one["prov:label"] for one in plain["agent"].values()} >= {"ana"}
    [started] = [one["prov:startTime"] for one in plain["activity"].values() if "prov:startTime" in one]
    assert started == "2026-11-02T10:00:00Z"
    places = {one["prov:location"] for one in (plain["entity"] | plain["activity"]).values() if "prov:location" in one}
    assert places == graph.assets.keys()


def test_the_herd_and_the_same_bytes() -> None:
    """Every asset and every edge is a record, and equal snapshots have equal bytes."""
    subject = told()
    found, plain = read(told())
    statements = sum(len(several) for name, several in plain.items() if name.startswith("was") or name in (
        "used", "specializationOf", "alternateOf"))  # fmt: skip
    attributed = len(plain.get("wasAttributedTo", ())) + len(plain.get("wasAssociatedWith", ()))
    assert statements - attributed == len(list(subject.edges))
    assert len(plain["entity"]) + len(plain["activity"]) == len(list(subject.assets)) + 1
    assert b"".join(write(told())) == b"".join(write(told()))
    assert found.records


@settings(max_examples=40)
@given(st.text(max_size=40))
def test_whatever_strangers_write_it_is_read(text: str) -> None:
    """As what it is: a text."""
    _, plain = read(told(named=text))
    assert {one["prov:label"] for one in plain["activity"].values()} == {text}
