"""Models, endpoint configurations, endpoints and components as records say them."""

import pytest
from sayings import HERE, HUB, arrows, proof, said

from studbook.model.facts import ByName, ModelSourceTag, Weights

MODEL = f"{HERE}model/bot"
PACKAGE = f"{HERE}model-package/support-bot/5"
CONFIG = f"{HERE}endpoint-config/bot-prod"
ENDPOINT = f"{HERE}endpoint/bot-prod"
COMPONENT = f"{HERE}inference-component/bot-prod-adapter"


def model(tag=None, **body):
    tags = [{"Key": "sagemaker.amazonaws.com/model-source", "Value": tag}] if tag else []
    return said("model", MODEL, ModelName="bot", Tags=tags, **body)


def by_name(kind, name, other, evidence, *, role=None, upstream=True, relation="deployed_to"):
    return ByName(
        kind=kind,
        name=name,
        account="111122223333",
        region="us-west-2",
        other=other,
        upstream=upstream,
        relation=relation,
        role=role,
        evidence=f"sagemaker:{evidence}",
    )


class TestModel:
    @pytest.mark.parametrize(
        ("body", "path"),
        [
            ({"PrimaryContainer": {"ModelPackageName": PACKAGE}}, "PrimaryContainer"),
            ({"Containers": [{}, {"ModelPackageName": PACKAGE}]}, "Containers[1]"),
        ],
    )
    def test_package(self, body, path):
        """A model of a package names it, in its one container or in several."""
        facts = model(**body)

        assert arrows(facts) == {(PACKAGE, "packaged_as", MODEL, None)}
        assert proof(facts, PACKAGE, MODEL) == ("referenced", (f"sagemaker:DescribeModel#{path}.ModelPackageName",))

    @pytest.mark.parametrize("name", ["lone", "support-bot/5"])
    def test_trap_a_package_may_be_named_without_its_arn(self, name):
        """A bare name, or group and number, is a package of the model's own account and region."""
        facts = model(tag=PACKAGE, PrimaryContainer={"ModelPackageName": name})

        assert facts.claims == [
            by_name(
                "model_package",
                name,
                MODEL,
                "DescribeModel#PrimaryContainer.ModelPackageName",
                relation="packaged_as",
            )
        ]

    def test_image_and_weights(self):
        """A model without a package is an image with weights, which are claimed as well."""
        facts = model(PrimaryContainer={"Image": "registry.example/x:1", "ModelDataUrl": "s3://out/m/model.tar.gz"})

        assert arrows(facts) == {
            ("registry.example/x:1", "packaged_as", MODEL, "image"),
            ("s3://out/m/model.tar.gz", "packaged_as", MODEL, None),
        }
        assert facts.claims == [
            Weights(
                asset=MODEL,
                uri="s3://out/m/model.tar.gz",
                evidence="sagemaker:DescribeModel#PrimaryContainer.ModelDataUrl",
            )
        ]

    def test_hub_weights(self):
        """Weights that came with hub access are the base model itself."""
        base = f"{HUB}/ModelReference/llama/1.0.0"
        source = {"S3DataSource": {"S3Uri": "s3://cache/llama/", "HubAccessConfig": {"HubContentArn": base}}}

        assert (base, "packaged_as", MODEL, None) in arrows(model(PrimaryContainer={"ModelDataSource": source}))

    def test_source_tag(self):
        """The SDK's tag is a claim: it names the package even where the model holds the base weights."""
        facts = model(tag=PACKAGE, PrimaryContainer={})

        assert facts.edges == []
        assert facts.claims == [
            ModelSourceTag(model=MODEL, package=PACKAGE, evidence="sagemaker:ListTags#Tags[0].Value")
        ]

    @pytest.mark.parametrize("tag", ["s3://out/m/", "meta-textgeneration-llama", f"{HERE}model/other"])
    def test_other_source_tags(self, tag):
        """A tag that names no package claims nothing."""
        assert model(tag=tag, PrimaryContainer={}).claims == []


class TestConfig:
    def test_variants(self):
        """Every variant deploys the model that it names; shadows and instance pools do so too."""
        facts = said(
            "endpoint_config",
            CONFIG,
            EndpointConfigName="bot-prod",
            ProductionVariants=[
                {"VariantName": "blue", "ModelName": "bot", "InstanceType": "ml.g5.xlarge"},
                {"VariantName": "green", "InstancePools": [{"ModelNameOverride": "small"}]},
            ],
            ShadowProductionVariants=[{"VariantName": "shadow", "ModelName": "next"}],
        )

        on = "DescribeEndpointConfig#"
        assert facts.claims == [
            by_name("model", "bot", CONFIG, f"{on}ProductionVariants[0].ModelName", role="blue"),
            by_name(
                "model",
                "small",
                CONFIG,
                f"{on}ProductionVariants[1].InstancePools[0].ModelNameOverride",
                role="green",
            ),
            by_name("model", "next", CONFIG, f"{on}ShadowProductionVariants[0].ModelName", role="shadow"),
        ]
        assert facts.assets[0].attributes["variants"] == [
            {"name": "blue", "model": "bot", "instance_type": "ml.g5.xlarge"},
            {"name": "green"},
            {"name": "shadow", "model": "next", "shadow": True},
        ]


class TestEndpoint:
    def test_configuration(self):
        """What is deployed is the configuration in force; the one to come is only said."""
        facts = said(
            "endpoint",
            ENDPOINT,
            EndpointName="bot-prod",
            EndpointConfigName="bot-1",
            EndpointStatus="Updating",
            PendingDeploymentSummary={"EndpointConfigName": "bot-2"},
        )

        assert facts.claims == [by_name("endpoint_config", "bot-1", ENDPOINT, "DescribeEndpoint#EndpointConfigName")]
        (asset,) = facts.assets
        assert (asset.status, asset.attributes["pending"]) == ("Updating", {"EndpointConfigName": "bot-2"})


class TestComponent:
    ON = "DescribeInferenceComponent#"

    @pytest.mark.parametrize(
        ("body", "path"),
        [
            ({"Specification": {"ModelName": "bot"}}, "Specification"),
            ({"Specifications": [{"InstanceType": "ml.g5.xlarge", "ModelName": "bot"}]}, "Specifications[0]"),
        ],
    )
    def test_model(self, body, path):
        """A component runs a model on a variant, with one specification or one for each instance type."""
        facts = said("inference_component", COMPONENT, EndpointArn=ENDPOINT, VariantName="blue", **body)

        assert facts.claims == [by_name("model", "bot", COMPONENT, f"{self.ON}{path}.ModelName")]
        assert arrows(facts) == {(COMPONENT, "deployed_to", ENDPOINT, "blue")}
        assert proof(facts, COMPONENT, ENDPOINT) == (
            "referenced",
            (f"sagemaker:{self.ON}EndpointArn", f"sagemaker:{self.ON}VariantName"),
        )

    def test_adapter(self):
        """An adapter is part of its base component, and only its weights say what it is."""
        facts = said(
            "inference_component",
            COMPONENT,
            EndpointArn=ENDPOINT,
            InferenceComponentStatus="InService",
            Specification={
                "BaseInferenceComponentName": "bot-prod-base",
                "Container": {"ArtifactUrl": "s3://out/tune-1/output/model/checkpoints/hf/"},
            },
        )

        assert arrows(facts) == {(COMPONENT, "deployed_to", ENDPOINT, None)}
        assert facts.claims == [
            by_name(
                "inference_component",
                "bot-prod-base",
                COMPONENT,
                f"{self.ON}Specification.BaseInferenceComponentName",
                upstream=False,
                relation="part_of",
            ),
            Weights(
                asset=COMPONENT,
                uri="s3://out/tune-1/output/model/checkpoints/hf/",
                evidence=f"sagemaker:{self.ON}Specification.Container.ArtifactUrl",
            ),
        ]
        assert facts.assets[0].status == "InService"
