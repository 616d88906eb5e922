"""Hub content as records say it."""

import json

import pytest
from tests.join_records import HUB as REGISTRY
from tests.join_records import content, job_of
from tests.sources.sagemaker.record_facts import HERE, HUB, LLAMA, arrows, proof, said

from studbook.lineage.link import LinkContext, link
from studbook.model.facts import LambdaUse, Reads
from studbook.sources import normalize
from studbook.sources.sagemaker import RESOURCES

CREATED = "2026-09-01T08:00:00Z"
FUNCTION = "arn:aws:lambda:us-west-2:111122223333:function:tox-check"
DATASET = f"{HUB}/DataSet/support-chat-sft"
EVALUATOR = f"{HUB}/JsonDoc/toxicity-check"
REFERENCE = f"{HUB}/ModelReference/llama"


def dataset(prefix="chat/v2/train.jsonl"):
    document = {"DatasetType": "CUSTOMER_PROVIDED", "DatasetS3Bucket": "acme", "DatasetS3Prefix": prefix}
    return said(
        "hub_content",
        f"{DATASET}/2.0.0",
        HubContentName="support-chat-sft",
        HubContentVersion="2.0.0",
        HubContentDocument=json.dumps(document),
        HubContentSearchKeywords=["customization_technique:sft"],
        HubContentStatus="Available",
        CreationTime=CREATED,
        CreatedBy={"UserProfileName": "ana"},
    )


def evaluator(reference, subtype="AWS/Evaluator"):
    content = json.dumps({"Reference": reference, "EvaluatorType": "RewardFunction"})
    return said(
        "hub_content",
        f"{EVALUATOR}/3.0.0",
        HubContentName="toxicity-check",
        HubContentVersion="3.0.0",
        HubContentDocument=json.dumps({"SubType": subtype, "JsonContent": content}),
        CreationTime=CREATED,
    )


class TestDataset:
    def test_version_and_parent(self):
        """One record shows the version, the dataset that it is of, and the arrow between them."""
        facts = dataset()

        assert [(asset.id, asset.kind, asset.name) for asset in facts.assets] == [
            (DATASET, "dataset", "support-chat-sft"),
            (f"{DATASET}/2.0.0", "dataset_version", "support-chat-sft"),
        ]
        assert arrows(facts) == {(DATASET, "has_version", f"{DATASET}/2.0.0", None)}
        assert proof(facts, DATASET, f"{DATASET}/2.0.0") == (
            "referenced",
            ("sagemaker:DescribeHubContent#HubContentName",),
        )

    def test_what_it_says_of_itself(self):
        """The document, the keywords and the author are the version's attributes."""
        version = dataset().assets[1]

        assert version.status == "Available"
        assert version.created_at == CREATED
        assert version.attributes == {
            "version": "2.0.0",
            "keywords": ["customization_technique:sft"],
            "created_by": "ana",
            "uri": "s3://acme/chat/v2/train.jsonl",
            "dataset_type": "CUSTOMER_PROVIDED",
        }

    @pytest.mark.parametrize(("prefix", "data_type"), [("chat/v2/train.jsonl", "Object"), ("chat/v2/", "S3Prefix")])
    def test_content(self, prefix, data_type):
        """Where the data lies is claimed as its content, since its creation."""
        assert dataset(prefix).claims == [
            Reads(
                reader=f"{DATASET}/2.0.0",
                uri=f"s3://acme/{prefix}",
                relation="content_of",
                data_type=data_type,
                at=CREATED,
                evidence="sagemaker:DescribeHubContent#HubContentDocument|DatasetS3Prefix",
            )
        ]

    @pytest.mark.parametrize("document", [None, "", "no JSON", "[1]", '{"DatasetS3Bucket": 7}'])
    def test_a_document_nobody_can_read(self, document):
        """A version without a readable document is still a version, of which nothing more is claimed."""
        facts = said("hub_content", f"{DATASET}/2.0.0", HubContentVersion="2.0.0", HubContentDocument=document)

        assert [asset.kind for asset in facts.assets] == ["dataset", "dataset_version"]
        assert facts.claims == []


class TestEvaluator:
    def test_function(self):
        """A reward function is claimed for the version by its ARN as written, out of the JSON inside the JSON."""
        facts = evaluator(f"{FUNCTION}:7")

        assert [asset.kind for asset in facts.assets] == ["evaluator", "evaluator_version"]
        assert facts.assets[1].attributes["evaluator_type"] == "RewardFunction"
        assert facts.claims == [
            LambdaUse(
                arn=f"{FUNCTION}:7",
                target=f"{EVALUATOR}/3.0.0",
                relation="content_of",
                at=CREATED,
                evidence="sagemaker:DescribeHubContent#HubContentDocument|JsonContent|Reference",
            )
        ]

    def test_prompt(self):
        """A reward prompt is one object in S3."""
        (claim,) = evaluator("s3://acme/prompts/tone.txt").claims

        assert isinstance(claim, Reads)
        assert (claim.uri, claim.relation, claim.data_type) == ("s3://acme/prompts/tone.txt", "content_of", "Object")

    @pytest.mark.parametrize("named", ["1.0.0", None])
    def test_other_documents(self, named):
        """A JsonDoc that does not say that it is an evaluator is nothing of ours; one that a job names as an evaluator
        is listed, and no evaluator, nor is what it is a version of."""
        form = content("JsonDoc", "form", "1.0.0", {"SubType": "AWS/Specification"})
        arn = f"{REGISTRY}/JsonDoc/form" + (f"/{named}" if named else "")
        judged = job_of("AgentRFTEvaluation", "by-form", EvaluationConfig={"EvaluatorArn": arn})

        assert not link([form], normalize, LinkContext()).assets

        linked = link([judged, form], normalize, LinkContext())
        shown = {asset.id: (asset.kind, asset.unresolved, asset.records) for asset in linked.assets}
        assert shown == {
            arn: ("artifact", False, (f"sagemaker/hub_content/{REGISTRY}/JsonDoc/form/1.0.0",)),
            judged.id: ("evaluation_job", False, (f"sagemaker/job/{judged.id}",)),
        }
        assert [(edge.source, edge.role) for edge in linked.edges] == [(arn, "evaluator")]

    def test_a_version_that_is_one_beside_another_that_is_none(self):
        """What both are versions of is the evaluator, whichever was read first."""
        inner = json.dumps({"Reference": FUNCTION})
        good = content("JsonDoc", "form", "2.0.0", {"SubType": "AWS/Evaluator", "JsonContent": inner})
        bad = content("JsonDoc", "form", "1.0.0", {"SubType": "AWS/Specification"})
        arn = f"{REGISTRY}/JsonDoc/form"
        judged = job_of("AgentRFTEvaluation", "by-form", EvaluationConfig={"EvaluatorArn": f"{arn}/1.0.0"})
        for records in ([bad, good, judged], [judged, good, bad]):
            linked = link(records, normalize, LinkContext())
            kinds = {asset.id: asset.kind for asset in linked.assets if asset.id.startswith(arn)}
            assert kinds == {arn: "evaluator", f"{arn}/1.0.0": "artifact", f"{arn}/2.0.0": "evaluator_version"}

    def test_of_a_hub_that_nobody_listed(self):
        """What a job alone names as an evaluator is one, and what it is a version of."""
        arn = "arn:aws:sagemaker:us-west-2:999999999999:hub-content/theirs/JsonDoc/judge"
        judged = job_of("AgentRFTEvaluation", "by-theirs", EvaluationConfig={"EvaluatorArn": f"{arn}/1.0.0"})
        linked = link([judged], normalize, LinkContext())
        kinds = {asset.id: (asset.kind, asset.unresolved) for asset in linked.assets if asset.id.startswith(arn)}

        assert kinds == {arn: ("evaluator", True), f"{arn}/1.0.0": ("evaluator_version", True)}


class TestBaseModel:
    def test_the_files_that_were_copied_into_the_hub(self):
        """Where they came from; a dependency that says nothing is none."""
        dependencies = [{"DependencyOriginPath": "s3://acme/weights/", "DependencyCopyPath": "s3://hub/w/"}, {}, None]
        facts = said("hub_content", f"{HUB}/Model/own/1.0.0", HubContentDependencies=dependencies)
        (_, version) = facts.assets

        assert version.attributes["dependencies"] == ["s3://acme/weights/"]

    def test_reference(self):
        """A reference is a base model of its own, and the same as the public one: between versions where there are."""
        facts = said(
            "hub_content",
            f"{REFERENCE}/1.0.0",
            HubContentVersion="1.0.0",
            SageMakerPublicHubContentArn=f"{LLAMA}/1.12.0",
        )

        assert [asset.kind for asset in facts.assets] == ["base_model", "base_model_version"]
        assert (f"{REFERENCE}/1.0.0", "same_as", f"{LLAMA}/1.12.0", None) in arrows(facts)

    def test_reference_to_no_version(self):
        """Where the public one is named without a version, it is the references as a whole that are the same."""
        facts = said("hub_content", f"{REFERENCE}/1.0.0", HubContentVersion="1.0.0", SageMakerPublicHubContentArn=LLAMA)

        assert (REFERENCE, "same_as", LLAMA, None) in arrows(facts)


class TestListing:
    def test_public_hub(self):
        """The public hub is never listed."""
        hubs = next(resource for resource in RESOURCES if resource.kind == "hub")
        public = "arn:aws:sagemaker:us-west-2:aws:hub/SageMakerPublicHub"

        assert not hubs.keep({"HubName": "SageMakerPublicHub", "HubArn": public})
        assert hubs.keep({"HubName": "registry", "HubArn": f"{HERE}hub/registry"})

    def test_version_is_always_sent(self):
        """A version is described as that version, and of the hub that its ARN names."""
        contents = next(resource for resource in RESOURCES if resource.kind == "hub_content")

        assert contents.describe is not None
        summary = {"HubContentArn": f"{DATASET}/2.0.0", "HubContentVersion": "2.0.0"}
        assert contents.describe.params(summary) == {
            "HubName": f"{HERE}hub/registry",
            "HubContentType": "DataSet",
            "HubContentName": "support-chat-sft",
            "HubContentVersion": "2.0.0",
        }
