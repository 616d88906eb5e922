"""Model package groups and packages as records say them."""

import json

import pytest
from tests.fact_records import lines
from tests.sources.sagemaker.record_facts import HERE, HUB, arrows, proof, said

from studbook.model.facts import BaseModelName, Weights

GROUP = f"{HERE}model-package-group/support-bot"
PACKAGE = f"{HERE}model-package/support-bot/5"
IMAGE = "763104351884.dkr.ecr.us-west-2.amazonaws.com/djl-inference:lmi"
DIGEST = "sha256:" + "1" * 64
ON = "sagemaker:DescribeModelPackage#"
FIRST = "InferenceSpecification.Containers[0]"


def package(**body):
    return said("model_package", PACKAGE, **body)


def holding(**container):
    return package(InferenceSpecification={"Containers": [container]})


def s3(uri):
    return {"S3DataSource": {"S3Uri": uri, "S3DataType": "S3Prefix"}}


class TestGroup:
    def test_group(self):
        """A group is a registered model."""
        facts = said(
            "model_package_group",
            GROUP,
            ModelPackageGroupName="support-bot",
            ModelPackageGroupStatus="Completed",
            ModelPackageGroupDescription="Answers",
            Tags=[{"Key": "team", "Value": "bots"}],
        )

        (asset,) = facts.assets
        assert (asset.kind, asset.name, asset.status) == ("model_package_group", "support-bot", "Completed")
        assert (asset.attributes, asset.tags) == ({"description": "Answers"}, {"team": "bots"})


class TestPackage:
    def test_asset(self):
        """Status is the package's own; approval and life cycle stand beside it, for they are other things."""
        (asset,) = package(
            ModelPackageGroupName="support-bot",
            ModelPackageVersion=5,
            ModelPackageStatus="Completed",
            ModelApprovalStatus="Approved",
            ModelLifeCycle={"Stage": "production", "StageStatus": "active"},
            ModelPackageRegistrationType="Registered",
            CustomerMetadataProperties={"ticket": "ML-77"},
            CreatedBy={"IamIdentity": {"Arn": "arn:aws:sts::111122223333:assumed-role/DS/ana"}},
        ).assets

        assert (asset.kind, asset.name, asset.status) == ("model_package", "support-bot 5", "Completed")
        assert asset.attributes == {
            "version": 5,
            "approval": "Approved",
            "life_cycle": {"Stage": "production", "StageStatus": "active"},
            "registration_type": "Registered",
            "metadata": {"ticket": "ML-77"},
            "created_by": "arn:aws:sts::111122223333:assumed-role/DS/ana",
            "created_by_identity": "arn:aws:sts::111122223333:assumed-role/DS/ana",
        }

    def test_group(self):
        """A version belongs to the group that it names."""
        facts = package(ModelPackageGroupName="support-bot")

        assert arrows(facts) == {(GROUP, "has_version", PACKAGE, None)}
        assert proof(facts, GROUP, PACKAGE) == ("referenced", (f"{ON}ModelPackageGroupName",))

    def test_image_with_digest(self):
        """An image is named with its digest where the package has one; both fields prove it."""
        facts = holding(Image=IMAGE, ImageDigest=DIGEST)

        assert arrows(facts) == {(f"{IMAGE}@{DIGEST}", "packaged_as", PACKAGE, "image")}
        assert proof(facts, f"{IMAGE}@{DIGEST}", PACKAGE) == (
            "referenced",
            (f"{ON}{FIRST}.Image", f"{ON}{FIRST}.ImageDigest"),
        )

    @pytest.mark.parametrize(
        ("container", "path"),
        [
            ({"ModelDataUrl": "s3://out/m/"}, "ModelDataUrl"),
            ({"ModelDataSource": s3("s3://out/m/")}, "ModelDataSource.S3DataSource.S3Uri"),
            (
                {"AdditionalModelDataSources": [s3("s3://out/m/")]},
                "AdditionalModelDataSources[0].S3DataSource.S3Uri",
            ),
            ({"AdditionalS3DataSource": {"S3Uri": "s3://out/m/"}}, "AdditionalS3DataSource.S3Uri"),
        ],
    )
    def test_weights(self, container, path):
        """Weights are read wherever a container may keep them, adapters and drafts included."""
        facts = holding(**container)

        evidence = f"{ON}{FIRST}.{path}"
        assert arrows(facts) == {("s3://out/m/", "packaged_as", PACKAGE, None)}
        assert proof(facts, "s3://out/m/", PACKAGE) == ("referenced", (evidence,))
        added = path.startswith("Additional")
        assert facts.claims == [Weights(asset=PACKAGE, uri="s3://out/m/", added=added, evidence=evidence)]

    def test_https(self):
        """An https address of S3 is the same artifact, for the claim, too."""
        url = "https://out.s3.us-west-2.amazonaws.com/m/model.tar.gz"
        facts = holding(ModelDataUrl=url)

        assert arrows(facts) == {("s3://out/m/model.tar.gz", "packaged_as", PACKAGE, None)}
        assert [claim.uri for claim in facts.claims if isinstance(claim, Weights)] == ["s3://out/m/model.tar.gz"]

    def test_more_containers(self):
        """Additional specifications and source algorithms hold weights too."""
        facts = package(
            AdditionalInferenceSpecifications=[{"Name": "x", "Containers": [{"ModelDataUrl": "s3://out/a"}]}],
            SourceAlgorithmSpecification={"SourceAlgorithms": [{"ModelDataUrl": "s3://out/b"}]},
        )

        assert {lines(edge) for edge in facts.edges} == {
            (f"{ON}AdditionalInferenceSpecifications[0].Containers[0].ModelDataUrl",),
            (f"{ON}SourceAlgorithmSpecification.SourceAlgorithms[0].ModelDataUrl",),
        }

    def test_base_model_by_name(self):
        """A base model without its hub is claimed by name, version, account and region."""
        facts = holding(BaseModel={"HubContentName": "llama", "HubContentVersion": "1.12.0", "RecipeName": "lora"})

        assert facts.claims == [
            BaseModelName(
                package=PACKAGE,
                name="llama",
                version="1.12.0",
                account="111122223333",
                region="us-west-2",
                evidence=(f"{ON}{FIRST}.BaseModel.HubContentName", f"{ON}{FIRST}.BaseModel.HubContentVersion"),
            )
        ]
        assert facts.assets[0].attributes["recipes"] == ["lora"]

    def test_base_model_without_a_version(self):
        """A base model that is named without its version is claimed without one."""
        facts = holding(BaseModel={"HubContentName": "llama"})

        (claim,) = facts.claims
        assert (claim.name, claim.version) == ("llama", None)
        assert lines(claim) == (f"{ON}{FIRST}.BaseModel.HubContentName",)

    def test_trap_added_weights_may_be_a_draft_that_many_share(self):
        """Adapters and drafts are read, and told apart from the weights that make a model what it is."""
        facts = holding(
            ModelDataUrl="s3://out/m/",
            AdditionalModelDataSources=[s3("s3://out/adapter/")],
            AdditionalS3DataSource={"S3Uri": "s3://cache/draft/"},
        )

        assert {claim.uri: claim.added for claim in facts.claims} == {
            "s3://out/m/": False,
            "s3://out/adapter/": True,
            "s3://cache/draft/": True,
        }

    def test_trap_a_package_may_belong_to_no_group(self):
        """An unversioned package is called by its own name, has no group, and tags of its own."""
        facts = said(
            "model_package",
            f"{HERE}model-package/lone",
            ModelPackageName="lone",
            Tags=[{"Key": "team", "Value": "bots"}],
        )

        assert (facts.assets[0].name, facts.assets[0].tags) == ("lone", {"team": "bots"})
        assert facts.edges == []

    def test_trap_logged_packages_are_no_releases(self):
        """What was only logged says so, whatever its number."""
        (asset,) = package(ModelPackageVersion=6, ModelPackageRegistrationType="Logged").assets

        assert asset.attributes["registration_type"] == "Logged"

    def test_base_model_by_arn(self):
        """Weights that came with hub access name the base model exactly."""
        base = f"{HUB}/ModelReference/llama/1.0.0"
        source = {"S3DataSource": {"S3Uri": "s3://cache/llama/", "HubAccessConfig": {"HubContentArn": base}}}

        assert (base, "base_of", PACKAGE, None) in arrows(holding(ModelDataSource=source))


class TestOrigin:
    @pytest.mark.parametrize(
        ("uri", "relation"),
        [
            ("arn:aws:sagemaker:us-west-2:444455556666:model-package/dev-bot/9", "copied_to"),
            (f"{HERE}model/bot", "packaged_as"),
            ("s3://out/m/model.tar.gz", "packaged_as"),
        ],
    )
    def test_source(self, uri, relation):
        """A package is a clone of another, or registers a model or an artifact."""
        facts = package(SourceUri=uri)

        assert arrows(facts) == {(uri, relation, PACKAGE, None)}
        assert proof(facts, uri, PACKAGE) == ("referenced", (f"{ON}SourceUri",))

    def test_job_and_code(self):
        """The job that generated it, and the commit that it was built from, without the password in its address."""
        job = f"{HERE}training-job/tune-1"
        facts = package(
            MetadataProperties={
                "GeneratedBy": job,
                "CommitId": "9fceb02",
                "Repository": "https://ana:secret@example.com/ml/bot.git",
            }
        )

        assert arrows(facts) == {
            (job, "produced", PACKAGE, None),
            ("git:https://example.com/ml/bot.git@9fceb02", "packaged_as", PACKAGE, "code"),
        }

    @pytest.mark.parametrize("value", ["a notebook", f"{HERE}endpoint/bot", "[redacted]"])
    def test_generated_by_no_job(self, value):
        """Only a job or a pipeline's run produces; what else the field says is an attribute."""
        facts = package(MetadataProperties={"GeneratedBy": value, "CommitId": "9fceb02"})

        assert facts.edges == []
        assert facts.assets[0].attributes["generated_by"] == value


class TestReports:
    def test_roles(self):
        """Each report says what it measures; baselines are told apart from measurements."""
        facts = package(
            ModelMetrics={
                "ModelQuality": {"Statistics": {"S3Uri": "s3://out/q.json"}},
                "Bias": {"PreTrainingReport": {"S3Uri": "s3://out/b.json"}},
            },
            DriftCheckBaselines={"ModelDataQuality": {"Constraints": {"S3Uri": "s3://out/c.json"}}},
        )

        assert arrows(facts) == {
            (PACKAGE, "described_by", "s3://out/q.json", "quality"),
            (PACKAGE, "described_by", "s3://out/b.json", "bias"),
            (PACKAGE, "described_by", "s3://out/c.json", "data_quality_baseline"),
        }
        assert proof(facts, PACKAGE, "s3://out/b.json") == (
            "referenced",
            (f"{ON}ModelMetrics.Bias.PreTrainingReport.S3Uri",),
        )

    def test_card(self):
        """A card inside of a package is an asset that the package is described by."""
        content = json.dumps({"model_overview": {"model_id": "x"}})
        facts = package(ModelCard={"ModelCardContent": content, "ModelCardStatus": "Draft"})

        card = facts.assets[1]
        assert (card.id, card.kind, card.status) == (f"{PACKAGE}#card", "model_card", "Draft")
        assert arrows(facts) == {(PACKAGE, "described_by", f"{PACKAGE}#card", None)}

    def test_trap_metadata_only_leaves_hardly_any_text(self):
        """Of a card under a customer's key the text was left unread: it is said to be, and not taken for the whole."""
        facts = package(
            SecurityConfig={"KmsKeyId": "arn:aws:kms:us-west-2:111122223333:key/1"},
            ModelCard={"ModelCardContent": '{"intended_uses": {"risk_rating": "High"}}', "ModelCardStatus": "Draft"},
        )

        card = facts.assets[1]
        assert (card.attributes["encrypted"], card.attributes["risk_rating"]) == (True, "High")
        assert proof(facts, PACKAGE, card.id) == ("referenced", (f"{ON}ModelCard.ModelCardStatus",))

    def test_trap_an_encrypted_card_without_metadata_is_still_a_card(self):
        """A text of which nothing may be read is not a text that says nothing."""
        facts = package(
            SecurityConfig={"KmsKeyId": "key"}, ModelCard={"ModelCardContent": "{}", "ModelCardStatus": "Draft"}
        )

        assert [asset.kind for asset in facts.assets] == ["model_package", "model_card"]

    @pytest.mark.parametrize("content", ["{}", "", None, "not JSON"])
    def test_empty_card(self, content):
        """A card that says nothing is none."""
        facts = package(ModelCard={"ModelCardContent": content, "ModelCardStatus": "Draft"})

        assert len(facts.assets) == 1
