"""Model cards of their own as records say them."""

import json

import pytest
from tests.sources.sagemaker.record_facts import HERE, arrows, proof, record, said

from studbook.sources import Unread, normalize

CARD = f"{HERE}model-card/support-bot"
PACKAGE = f"{HERE}model-package/support-bot/5"
MODEL = f"{HERE}model/support-bot"
JOB = f"{HERE}training-job/tune-1"

CONTENT = {
    "model_overview": {"model_id": MODEL, "model_name": "Support bot"},
    "model_package_details": {"model_package_arn": PACKAGE},
    "intended_uses": {"purpose_of_model": "Answers", "intended_uses": "Support chats", "risk_rating": "High"},
    "training_details": {
        "training_job_details": {"training_arn": JOB, "training_datasets": ["s3://data/chat/", 7]},
    },
    "evaluation_details": [
        {
            "name": "golden",
            "evaluation_job_arn": f"{HERE}training-job/judge-1",
            "datasets": ["s3://data/golden/"],
            "evaluation_observation": "Good enough",
            "metric_groups": [
                {
                    "name": "all",
                    "metric_data": [
                        {"name": "score", "type": "number", "value": 0.79},
                        {"name": "by class", "type": "matrix", "value": [[1, 0], [0, 1]]},
                    ],
                }
            ],
        }
    ],
}


def card(content=CONTENT, **body):
    return said("model_card", CARD, ModelCardName="support-bot", Content=json.dumps(content), **body)


class TestCard:
    @pytest.mark.parametrize("text", ["[1]", "7", "null", '"a text"', "{", "Looks good to me"])
    def test_a_text_that_nobody_can_read_does_not_say_nothing(self, text):
        """It is told as not read, and the card itself is there."""
        unread: list[Unread] = []
        (asset,) = normalize(record("model_card", CARD, ModelCardName="support-bot", Content=text), unread).assets

        assert [one.why for one in unread] == ["Content: no JSON object"]
        assert (asset.id, asset.name) == (CARD, "support-bot")

    @pytest.mark.parametrize("body", [{}, {"Content": ""}, {"Content": "[redacted]"}, {"Content": "\ufeff{}"}])
    def test_without_a_text_nothing_is_lost(self, body):
        """There is none, a rule took it out, or it says nothing."""
        unread: list[Unread] = []
        normalize(record("model_card", CARD, ModelCardName="support-bot", **body), unread)

        assert unread == []

    def test_asset(self):
        """A card says what the model is for, what it learned from and how it was judged, each by name."""
        (asset,) = card(
            ModelCardStatus="Approved",
            ModelCardVersion=2,
            Versions=[
                {"ModelCardVersion": 1, "ModelCardStatus": "Draft", "CreationTime": "2026-11-01T00:00:00Z"},
                {"ModelCardVersion": 2, "ModelCardStatus": "Approved", "CreationTime": "2026-11-02T00:00:00Z"},
            ],
            Tags=[{"Key": "team", "Value": "bots"}],
        ).assets

        assert (asset.id, asset.kind, asset.name, asset.status) == (CARD, "model_card", "support-bot", "Approved")
        assert asset.tags == {"team": "bots"}
        assert asset.attributes == {
            "version": 2,
            "versions": [
                {"version": 1, "status": "Draft", "created_at": "2026-11-01T00:00:00Z"},
                {"version": 2, "status": "Approved", "created_at": "2026-11-02T00:00:00Z"},
            ],
            "model": MODEL,
            "package": PACKAGE,
            "purpose": "Answers",
            "intended_uses": "Support chats",
            "risk_rating": "High",
            "training_job": JOB,
            "training_datasets": ["s3://data/chat/"],
            "evaluations": [
                {
                    "name": "golden",
                    "job": f"{HERE}training-job/judge-1",
                    "datasets": ["s3://data/golden/"],
                    "observation": "Good enough",
                    "metrics": {"score": 0.79},
                }
            ],
            "content": CONTENT,
        }

    def test_what_it_describes(self):
        """The package and the model that the text names by ARN are described by the card."""
        facts = card()

        assert arrows(facts) == {(PACKAGE, "described_by", CARD, None), (MODEL, "described_by", CARD, None)}
        assert proof(facts, PACKAGE, CARD) == (
            "referenced",
            ("sagemaker:DescribeModelCard#Content|model_package_details.model_package_arn",),
        )
        assert proof(facts, MODEL, CARD) == (
            "referenced",
            ("sagemaker:DescribeModelCard#Content|model_overview.model_id",),
        )

    def test_a_model_elsewhere_is_only_a_name(self):
        """A model that is no SageMaker resource leads nowhere."""
        facts = card({"model_overview": {"model_id": "churn in the warehouse"}})

        assert facts.edges == []
        assert facts.assets[0].attributes["model"] == "churn in the warehouse"

    def test_trap_metadata_only_leaves_the_model_and_its_risk(self):
        """An encrypted card still says which package it is about, and that the rest was left unread."""
        left = {
            "model_package_details": {"model_package_arn": PACKAGE},
            "intended_uses": {"risk_rating": "High"},
        }
        facts = card(left, SecurityConfig={"KmsKeyId": "arn:aws:kms:us-west-2:111122223333:key/1"})

        assert arrows(facts) == {(PACKAGE, "described_by", CARD, None)}
        assert facts.assets[0].attributes["encrypted"] is True

    def test_what_nobody_can_read_is_an_empty_card(self):
        """A text that is no JSON document, or has other shapes inside, harms nothing."""
        assert said("model_card", CARD, Content="[1]").assets[0].attributes == {}
        strange = {"model_overview": [1], "training_details": "x", "evaluation_details": [{"metric_groups": 3}, "y"]}
        assert card(strange).assets[0].attributes == {"evaluations": [{}], "content": strange}
