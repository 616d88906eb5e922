"""What is exported of one asset: its pedigree, its bill of materials, its evidence."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import small_catalog as small
from tests.exports.test_json_export import subject
from tests.pedigrees import lineage

from studbook.cards import parse_card
from studbook.errors import UsageError
from studbook.exports import cyclonedx, evidence
from studbook.exports import pedigree as as_json
from studbook.lineage.graph import Graph
from studbook.model import Finding, Record
from studbook.queries.pedigree import Pedigree, pedigree
from studbook.queries.walks import made

VALIDATORS = {
    "1.6": JsonStrictValidator(SchemaVersion.V1_6),
    "1.7": JsonStrictValidator(SchemaVersion.V1_7),
}
"""cyclonedx-python-lib 11.12.0, with the standard's own schemas."""
STORY = """
    raw(artifact) -input_to:raw-> prepare(processing_job) -produced-> chats/1(dataset_version)
    llama(base_model_version) -input_to:base_model-> t1(training_job) -produced-> bot/1(model_package)
    chats/1 -input_to:train~?-> t1
    image@sha256:1111111111111111111111111111111111111111111111111111111111111111(container_image) -input_to:image-> t1
    bot(model_package_group) -has_version-> bot/1
    weights(artifact) -packaged_as-> bot/1
    t1 -produced-> weights
    bot/1 -input_to:evaluated_model-> exam(evaluation_job)
    judge(evaluator_version) -input_to:evaluator-> exam
    golden(dataset_version) -input_to:test-> exam
    bot/1 -copied_to-> prod/1(model_package) -packaged_as-> m(model) -deployed_to-> c(endpoint_config)
    c -deployed_to-> answering(endpoint)
    llama -input_to:base_model-> other(training_job) -produced-> cousin/1(model_package)
"""
FACTS: dict[str, dict[str, Any]] = {
    "t1": {"attributes": {"hyperparameters": {"lr": "1e-4", "layers": [1, 2]}}},
    "exam": {"attributes": {"metrics": {"score": 0.5}}},
    "bot/1": {"attributes": {"version": 1, "approval": "Approved"}},
    "chats/1": {"attributes": {"fingerprint": "sha256:" + "a" * 64}},
    "judge": {"attributes": {"code_sha256": "oIh9P5ke52tiZ68hGwKyePxi3LXGtKdPjX/+509wTr0="}},
}
CARD = parse_card("---\nlicense: Our own\n---\n## Intended use\nDrafts.\n## Limits\nEnglish.\n", "bot", "bot.md")


def story() -> Graph:
    return lineage(STORY, FACTS)


def of(asset_id: str = "bot/1", graph: Graph | None = None, **more: Any) -> Pedigree:
    return pedigree(graph or story(), asset_id, **more)


def valid(data: bytes) -> dict[str, Any]:
    out: dict[str, Any] = json.loads(data)
    assert VALIDATORS[out["specVersion"]].validate_str(data.decode()) is None
    return out


def bill(found: Pedigree) -> dict[str, Any]:
    return valid(cyclonedx.write(found))


def bill_with_citations(*several: Pedigree) -> dict[str, Any]:
    return valid(cyclonedx.write_all(several, spec_version="1.7", envelope=subject().envelope))


def at(document: Any, pointer: str) -> Any:
    """What a JSON Pointer (RFC 6901) of plain names leads to."""
    for step in pointer.split("/")[1:]:
        document = document[int(step)] if isinstance(document, list) else document[step]
    return document


def everything(value: Any) -> Iterator[tuple[str, Any]]:
    """Every member of a document, however deep."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield name, item
            yield from everything(item)
    elif isinstance(value, list):
        for item in value:
            yield from everything(item)


class TestPedigree:
    def test_what_made_judged_and_runs_it_and_nothing_else(self) -> None:
        """The data's own origins, the evaluator with its data and the endpoint of the copy; not the cousin."""
        found = of()
        assert {asset.id for asset in found.assets} == story().assets.keys() - {"other", "cousin/1"}
        assert [one.job.id for one in found.evaluations] == ["exam"]

    @given(st.sampled_from(sorted(story().assets)))
    def test_every_end_is_there_and_nothing_of_the_trace_is_missing(self, asset_id: str) -> None:
        """An edge never points at nothing, and a pedigree holds at least what a trace shows."""
        graph = story()
        found = of(asset_id, graph)
        ids = {asset.id for asset in found.assets}
        assert all(edge.source in ids and edge.target in ids for edge in found.edges)
        assert set(made(graph, asset_id).edges) <= set(found.edges)

    def test_what_has_nothing_to_do_with_it_changes_nothing(self) -> None:
        """Another model's night leaves every byte as it was."""
        other = lineage(STORY + "\n cousin/1 -packaged_as-> m2(model)", FACTS)
        assert as_json.write(of()) == as_json.write(of(graph=other))

    def test_a_copy_has_the_words_that_people_wrote_of_the_original(self) -> None:
        """The card belongs to the original's model."""
        assert of("prod/1", cards={"bot": CARD}).card == CARD
        assert of("cousin/1", cards={"bot": CARD}).card is None

    def test_findings_are_those_of_its_assets(self) -> None:
        """Whatever has a finding on the way."""
        finding = Finding(id="f1", rule="r", level="note", asset="t1", message="m")
        found = of(findings=lambda asset_id: [finding] if asset_id in ("t1", "cousin/1") else [])
        assert json.loads(as_json.write(found))["findings"][0]["asset"] == "t1"


class TestCycloneDX:
    def test_says_what_the_pedigree_says(self) -> None:
        """Model, parts, tasks with certainty and evidence, scores, and people's words."""
        found = bill(of(cards={"bot": CARD}))
        model = found["metadata"]["component"]
        assert (model["bom-ref"], model["name"], model["version"]) == ("bot/1", "bot", "1")
        assert [one["name"] for one in model["pedigree"]["ancestors"]] == ["llama"]
        assert [one["url"] for one in model["externalReferences"]] == ["weights"]
        assert model["licenses"] == [{"license": {"name": "Our own"}}]
        card = model["modelCard"]
        assert {one["ref"] for one in card["modelParameters"]["datasets"]} == {"chats/1", "golden"}
        assert card["quantitativeAnalysis"]["performanceMetrics"] == [
            {"type": "score", "value": "0.5", "slice": "by judge on golden; exam judged bot/1"}
        ]
        assert card["considerations"] == {"useCases": ["Drafts."], "technicalLimitations": ["English."]}
        parts = {part["bom-ref"]: part for part in found["components"]}
        assert {ref for ref in parts if "hashes" in parts[ref]} == {"judge"}, "hashes are of bytes alone"
        assert {"name": "studbook:objectManifestDigest", "value": "sha256:" + "a" * 64} in parts["chats/1"][
            "properties"
        ]
        assert parts[f"image@sha256:{'1' * 64}"]["purl"] == f"pkg:oci/image@sha256%3A{'1' * 64}?repository_url=image"
        assert [ref for ref in parts if parts[ref]["type"] == "application"] == ["judge"]
        assert (parts["raw"]["type"], parts["weights"]["type"]) == ("data", "file")
        assert [ref for ref in parts if parts[ref]["type"] == "container"] == ["image@sha256:" + "1" * 64]
        tasks = {task["uid"]: task for task in found["formulation"][0]["workflows"][0]["tasks"]}
        assert {uid: task["taskTypes"] for uid, task in tasks.items()} == {
            "exam": ["test"], "prepare": ["other"], "t1": ["build"],
        }  # fmt: skip
        [data] = [one for one in tasks["t1"]["inputs"] if one.get("resource") == {"ref": "chats/1"}]
        assert {(one["name"], one["value"]) for one in data["properties"]} >= {
            ("studbook:certainty", "inferred"), ("studbook:candidate", "true"), ("studbook:role", "train"),
        }  # fmt: skip
        assert {"name": "layers", "value": "[1,2]"} in tasks["t1"]["inputs"][-1]["parameters"]

    def test_only_models_have_a_model_card(self) -> None:
        """The schema would accept one on anything."""
        for component in [value for name, value in everything(bill(of())) if name == "component"]:
            assert component["type"] == "machine-learning-model"
        assert sum(name == "modelCard" for name, _ in everything(bill(of()))) == 1

    def test_every_reference_leads_somewhere(self) -> None:
        """Each ref names a bom-ref of the bill, and no two things share one."""
        found = bill(of())
        given_out = [value for name, value in everything(found) if name == "bom-ref"]
        asked = [value for name, value in everything(found) if name == "ref"]
        asked += [ref for name, several in everything(found) if name in ("dependsOn", "assemblies") for ref in several]
        assert set(asked) <= set(given_out)
        assert len(given_out) == len(set(given_out))

    def test_the_bill_of_several_has_each_with_its_card(self) -> None:
        """Models are components; what both were made with is there once, and each depends on its own."""
        found = valid(cyclonedx.write_all([of("bot/1"), of("cousin/1")]))
        models = [one for one in found["components"] if "modelCard" in one]
        assert [one["bom-ref"] for one in models] == ["bot/1", "cousin/1"]
        needs = {one["ref"]: one["dependsOn"] for one in found["dependencies"]}
        assert needs["cousin/1"] == ["llama"]
        assert {"llama", "chats/1"} <= {*needs["bot/1"]}
        refs = [value for name, value in everything(found) if name == "bom-ref"]
        assert len(refs) == len(set(refs))
        assert found["compositions"] == [{"aggregate": "incomplete", "assemblies": ["bot/1", "cousin/1"]}]

    def test_citations_say_who_says_so(self) -> None:
        """Each pointer leads to a value of the bill, and each source is a part of it; 1.6 has the same without them."""
        found = bill_with_citations(of(cards={"bot": CARD}))
        refs = {value for name, value in everything(found) if name == "bom-ref"}
        by = {(one["attributedTo"], one["note"]) for one in found["citations"]}
        assert by == {
            ("studbook:service:sagemaker", "sagemaker:DescribeThing#Field"),
            ("studbook:tool", "rule:test"),
            ("studbook:tool", "config:cards/bot.md"),
        }
        assert all(at(found, pointer) for one in found["citations"] for pointer in one["pointers"])
        assert {one["attributedTo"] for one in found["citations"]} <= refs
        [rule] = [one for one in found["citations"] if one["note"] == "rule:test"]
        assert [at(found, pointer)["resource"] for pointer in rule["pointers"]] == [{"ref": "chats/1"}]

    def test_is_of_a_model_version(self) -> None:
        """A job has no bill of materials; the error says what to take."""
        with pytest.raises(UsageError) as caught:
            cyclonedx.write(of("t1"))
        assert "pedigree" in str(caught.value.hint)

    @settings(max_examples=60)
    @given(st.text(max_size=40), st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3))
    def test_whatever_strangers_write_it_is_valid(self, text: str, pairs: dict[str, str]) -> None:
        """Names, hyperparameters, scores and addresses of any kind, none of them lost."""
        graph = story()
        facts = {
            asset_id: replace(asset, name=text, attributes={**asset.attributes, "hyperparameters": pairs, "uri": text})
            for asset_id, asset in graph.assets.items()
        }
        found = bill(of(graph=Graph(facts.values(), graph.edges)))
        parameters = [one for name, value in everything(found) if name == "parameters" for one in value]
        assert {one["name"]: one["value"] for one in parameters} == pairs

    def test_the_herd(self) -> None:
        """Every model version of an estate that has some of everything."""
        graph = Graph(small.assets(), small.edges())
        versions = [asset.id for asset in small.assets() if asset.kind == "model_package"]
        assert versions
        for version in versions:
            bill(of(version, graph))


class TestEvidence:
    RECORDS = (
        Record(source="sagemaker", kind="training_job", id="t1", account="1", region="r", revision="", body={"A": "1"}),
    )

    @pytest.fixture
    def pack(self) -> bytes:
        return evidence.write(of(records=lambda ids: [one for one in self.RECORDS if one.id in ids]))

    def test_its_digests_hold(self, pack: bytes, tmp_path: Path) -> None:
        """By the program that everybody has, and a changed byte is seen."""
        assert shutil.which("sha256sum")
        with zipfile.ZipFile(io.BytesIO(pack)) as archive:
            archive.extractall(tmp_path)
        check = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
        assert subprocess.run(check, cwd=tmp_path, capture_output=True, check=False).returncode == 0
        (tmp_path / "records.jsonl").write_text("{}\n")
        assert subprocess.run(check, cwd=tmp_path, capture_output=True, check=False).returncode == 1

    def test_holds_the_records_behind_the_edges(self, pack: bytes) -> None:
        """And the same documents that the other exports write."""
        with zipfile.ZipFile(io.BytesIO(pack)) as archive:
            assert archive.namelist() == [
                "README.txt",
                "pedigree.json",
                "scores.json",
                "model.cdx.json",
                "card.md",
                "people.jsonl",
                "records.jsonl",
                "SHA256SUMS",
            ]
            assert json.loads(archive.read("records.jsonl"))["body"] == {"A": "1"}
            assert json.loads(archive.read("pedigree.json"))["root"] == "bot/1"

    def test_is_the_same_bytes_each_time(self, pack: bytes) -> None:
        """No clock, no compression that another machine does otherwise."""
        assert pack == evidence.write(of(records=lambda ids: self.RECORDS))
        with zipfile.ZipFile(io.BytesIO(pack)) as archive:
            assert {one.date_time[0] for one in archive.infolist()} == {1980}

    def test_what_is_no_model_version_has_no_bill(self) -> None:
        """A dataset's pack is its pedigree and records."""
        with zipfile.ZipFile(io.BytesIO(evidence.write(of("chats/1")))) as archive:
            assert "model.cdx.json" not in archive.namelist()
