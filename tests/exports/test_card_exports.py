"""A model version as a card of SageMaker and of Hugging Face, a dataset version as Croissant."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import mlcroissant
import pytest
import yaml
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER
from huggingface_hub import ModelCard
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.exports.hostile_snapshot import TEXTS
from tests.exports.test_about_one_asset import CARD, of, story
from tests.pedigrees import lineage

from studbook.cards import parse_card
from studbook.errors import UsageError
from studbook.exports import EXPORTS, croissant, huggingface, sagemaker_card
from studbook.lineage.graph import Graph

CLOUDFORMATION = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", "AWS::SageMaker::ModelCard").schema
"""By cfn-lint 1.58: the resource's own schema, whose members are those of the card in camel case."""
MANY = "\n".join(f"data/{number}(dataset_version) -input_to:train-> t1" for number in range(40))


def camel(value: Any, *, names: bool = True) -> Any:
    """The members as CloudFormation spells them; maps of free names keep theirs."""
    if isinstance(value, dict):
        return {
            "".join(part.capitalize() for part in name.split("_")) if names else name: camel(
                inner, names=name not in ("metadata", "custom_details")
            )
            for name, inner in value.items()
        }
    return [camel(one) for one in value] if isinstance(value, list) else value


def content(found: Any) -> dict[str, Any]:
    data = sagemaker_card.write(found)
    out: dict[str, Any] = json.loads(data)
    assert len(data.decode()) <= sagemaker_card.LIMIT + 1
    jsonschema.Draft7Validator({**CLOUDFORMATION, "$ref": "#/definitions/Content"}).validate(camel(out))
    return out


class TestSageMakerCard:
    def test_says_what_is_known(self) -> None:
        """The version, its package, how it was trained and judged, and people's words."""
        found = content(of(cards={"bot": CARD}))
        assert found["model_overview"]["model_name"] == "bot"
        assert found["model_overview"]["model_version"] == 1
        assert found["model_package_details"]["model_approval_status"] == "Approved"
        training = found["training_details"]["training_job_details"]
        assert training["training_arn"] == "t1"
        assert {one["name"]: one["value"] for one in training["hyper_parameters"]} == {"lr": "1e-4", "layers": "[1,2]"}
        assert "training_datasets" not in training, "the one that may have been read is a candidate"
        [judged] = found["evaluation_details"]
        assert judged["datasets"] == ["golden"]
        assert judged["metric_groups"][0]["metric_data"] == [{"name": "score", "type": "number", "value": 0.5}]
        assert found["intended_uses"]["intended_uses"] == "Drafts."

    def test_what_is_too_much_is_cut_and_said(self) -> None:
        """Lists and texts at the limits of the schema."""
        card = parse_card("## Intended use\n" + "x" * 5_000, "bot", "bot.md")
        graph = story()
        more = lineage("t1(training_job) -produced-> bot/1(model_package)\n" + MANY)
        found = content(of(graph=Graph({**more.assets, **graph.assets}.values(), [*graph.edges, *more.edges]),
                           cards={"bot": card}))  # fmt: skip
        assert len(found["training_details"]["training_job_details"]["training_datasets"]) == 15
        assert len(found["intended_uses"]["intended_uses"]) == 2048
        assert "training_datasets" in found["additional_information"]["custom_details"]["cut"]

    @settings(max_examples=40)
    @given(st.text(max_size=300), st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3))
    def test_whatever_strangers_write_it_is_valid(self, text: str, pairs: dict[str, str]) -> None:
        """By the schema of the resource."""
        graph = story()
        assets = [
            replace(one, name=text, attributes={**one.attributes, "hyperparameters": pairs, "created_by": text})
            for one in graph.assets.values()
        ]
        content(of(graph=Graph(assets, graph.edges)))


class TestHuggingFace:
    def load(self, **more: Any) -> ModelCard:
        """By huggingface_hub 2.4, as the Hub's own tools load it."""
        return ModelCard(huggingface.write(of(**more)).decode())

    def test_is_loaded(self) -> None:
        """Licence, results and our ids in the front matter; people's words below."""
        found = self.load(cards={"bot": CARD})
        assert (found.data.license, found.data.license_name) == ("other", "Our own")
        [result] = found.data.eval_results
        assert (result.metric_type, result.metric_value, result.dataset_name) == ("score", 0.5, "golden")
        assert found.data.studbook["approval"] == "Approved"
        assert "## Intended use\n\nDrafts." in found.text

    def test_only_a_name_at_the_hub_is_a_base_model(self) -> None:
        """Where the record has its address there."""
        assert self.load().data.base_model is None
        graph = story()
        llama = replace(graph.assets["llama"], attributes={"url": "https://huggingface.co/meta-llama/Llama-3.2-1B"})
        known = Graph({**graph.assets, "llama": llama}.values(), graph.edges)
        assert self.load(graph=known).data.base_model == ["meta-llama/Llama-3.2-1B"]

    @pytest.mark.parametrize("text", TEXTS)
    def test_strangers_text_stays_data(self, text: str) -> None:
        """In the front matter a string, below in code spans; HTML in people's words is text."""
        graph = story()
        card = parse_card(f"## {text}\n<script>alert(1)</script>", "bot", "bot.md")
        assets = [replace(one, name=text if one.id != "bot" else "bot") for one in graph.assets.values()]
        found = self.load(graph=Graph(assets, graph.edges), cards={"bot": card})
        assert isinstance(yaml.safe_load(found.content.split("\n---\n")[0]), dict)
        assert not re.search(r"<(script|img)", re.sub(r"`+[^`].*?`+", "", found.text))


class TestCroissant:
    def test_is_valid(self, tmp_path: Path) -> None:
        """By mlcroissant 1.1: without an error, and the manifest's digest is the fingerprint."""
        graph = lineage(
            "raw(artifact) -input_to:raw-> prepare(processing_job) -produced-> "
            f"s3://lake/chats/@sha256:{'a' * 64}(dataset_version)",
            {f"s3://lake/chats/@sha256:{'a' * 64}": {"attributes": {"fingerprint": "sha256:" + "a" * 64}}},
        )
        file = tmp_path / "croissant.json"
        file.write_bytes(croissant.write(of(f"s3://lake/chats/@sha256:{'a' * 64}", graph)))
        dataset = mlcroissant.Dataset(jsonld=file)
        assert dataset.metadata.issues.errors == set()
        manifest, objects = dataset.metadata.distribution
        assert (manifest.sha256, objects.contained_in) == ("a" * 64, ["manifest"])
        assert dataset.metadata.name == f"s3://lake/chats/@sha256:{'a' * 64}"

    def test_a_registered_version_is_described_by_what_it_was_registered_of(self) -> None:
        """Whose objects were listed."""
        graph = lineage(
            "listed(dataset_version) -content_of-> hub(dataset_version)",
            {"listed": {"attributes": {"fingerprint": "sha256:" + "b" * 64, "uri": "s3://lake/x/"}}},
        )
        found = json.loads(croissant.write(of("hub", graph)))
        assert found["distribution"][0]["sha256"] == "b" * 64

    def test_what_has_no_manifest_is_refused(self) -> None:
        """A digest that nobody knows is not made up."""
        for other in ("golden", "t1"):
            with pytest.raises(UsageError):
                croissant.write(of(other))


@pytest.mark.parametrize("name", ["sagemaker-card", "huggingface", "in-toto"])
def test_is_of_a_model_version(name: str) -> None:
    """Any other asset is wrong usage; equal facts are equal bytes."""
    [export] = [export for export in EXPORTS if export.name == name]
    assert export.about is not None
    with pytest.raises(UsageError):
        export.about(of("exam"))
    assert export.about(of()) == export.about(of())
