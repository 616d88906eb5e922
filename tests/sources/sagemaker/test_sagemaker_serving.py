"""Models, endpoint configurations, endpoints and components as records say them."""

import pytest
from tests.sources.sagemaker.record_facts import HERE, HUB, arrows, proof, said

from studbook.model.facts import ByName, ModelSourceTag, PulledImage, Weights

DIGEST = "sha256:" + "1" * 64
MODEL = f"{HERE}model/bot"
PACKAGE = f"{HERE}model-package/support-bot/5"
CONFIG = f"{HERE}endpoint-config/bot-prod"
ENDPOINT = f"{HERE}endpoint/bot-prod"
COMPONENT = f"{HERE}inference-component/bot-prod-adapter"


def model(tag=None, **body):
    tags = [{"Key": "sagemaker.amazonaws.com/model-source", "Value": tag}] if tag else []
    return said("model", MODEL, ModelName="bot", Tags=tags, **body)


def by_name(kind, name, other, evidence, *, role=None, upstream=True, relation="deployed_to", **more):
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
        **more,
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
    def test_trap_during_a_deployment_the_configuration_to_come_may_answer(self):
        """What is deployed is the configuration in force; the one to come is a candidate, with what it brings."""
        facts = said(
            "endpoint",
            ENDPOINT,
            EndpointName="bot-prod",
            EndpointConfigName="bot-1",
            EndpointStatus="Updating",
            PendingDeploymentSummary={
                "EndpointConfigName": "bot-2",
                "StartTime": "2026-11-20T09:00:00Z",
                "ProductionVariants": [{"VariantName": "blue", "CurrentWeight": 0}],
            },
        )

        path = "DescribeEndpoint#PendingDeploymentSummary.EndpointConfigName"
        assert facts.claims == [
            by_name("endpoint_config", "bot-1", ENDPOINT, "DescribeEndpoint#EndpointConfigName"),
            by_name("endpoint_config", "bot-2", ENDPOINT, path, pending=True),
        ]
        (asset,) = facts.assets
        assert asset.status == "Updating"
        assert asset.attributes["pending"] == {
            "config": "bot-2",
            "since": "2026-11-20T09:00:00Z",
            "variants": [{"name": "blue", "weight": 0}],
        }

    @pytest.mark.parametrize("whole", ["ProductionVariants", "ShadowProductionVariants"])
    def test_pulled_images(self, whole):
        """The digest that an endpoint pulled pins the image that its variant asked for."""
        facts = said(
            "endpoint",
            ENDPOINT,
            **{
                whole: [
                    {
                        "VariantName": "blue",
                        "DeployedImages": [
                            {"SpecifiedImage": "registry.example/x:1", "ResolvedImage": f"registry.example/x@{DIGEST}"}
                        ],
                    }
                ]
            },
        )

        assert facts.claims == [
            PulledImage(
                place=ENDPOINT,
                variant="blue",
                image="registry.example/x:1",
                pinned=f"registry.example/x:1@{DIGEST}",
                evidence=f"sagemaker:DescribeEndpoint#{whole}[0].DeployedImages[0].ResolvedImage",
            )
        ]
        assert [(asset.id, asset.kind) for asset in facts.mentions] == [
            (f"registry.example/x:1@{DIGEST}", "container_image")
        ]

    @pytest.mark.parametrize(
        "image",
        [
            {"SpecifiedImage": f"registry.example/x@{DIGEST}", "ResolvedImage": f"registry.example/x@{DIGEST}"},
            {"ResolvedImage": f"registry.example/x@{DIGEST}"},
        ],
    )
    def test_an_image_that_was_asked_for_by_digest(self, image):
        """Its own id is the pin."""
        variant = {"VariantName": "blue", "DeployedImages": [image]}
        (claim,) = said("endpoint", ENDPOINT, ProductionVariants=[variant]).claims

        assert claim.image == claim.pinned == f"registry.example/x@{DIGEST}"

    def test_nothing_to_pin(self):
        """An image without a digest says nothing of what runs."""
        variant = {"VariantName": "blue", "DeployedImages": [{"SpecifiedImage": "registry.example/x:1"}]}
        assert said("endpoint", ENDPOINT, ProductionVariants=[variant]).claims == []


class TestRouter:
    ROUTER = f"{HERE}inference-router/front"

    def test_destinations(self):
        """A router is an endpoint behind which others stand, by target, in whatever account they are."""
        abroad = "arn:aws:sagemaker:eu-west-1:444455556666:inference-component/bot"
        facts = said(
            "inference_router",
            self.ROUTER,
            InferenceRouterName="front",
            Status="InService",
            RoutingTargets=[
                {
                    "Name": "bot",
                    "RoutingPreference": "LocalRegionFirst",
                    "Destinations": [
                        {"ResourceArn": ENDPOINT, "RoutingStatus": "Routable"},
                        {"ResourceArn": abroad, "RoutingStatus": "Unknown"},
                    ],
                },
                {"Name": "odd", "Destinations": [{"ResourceArn": f"{HERE}model/bot"}, {}]},
            ],
        )

        (asset,) = facts.assets
        assert (asset.kind, asset.name, asset.status) == ("endpoint", "front", "InService")
        assert asset.attributes["router"] is True
        assert arrows(facts) == {
            (ENDPOINT, "deployed_to", self.ROUTER, "bot"),
            (abroad, "deployed_to", self.ROUTER, "bot"),
        }
        assert proof(facts, ENDPOINT, self.ROUTER) == (
            "referenced",
            ("sagemaker:DescribeInferenceRouter#RoutingTargets[0].Destinations[0].ResourceArn",),
        )


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

    def test_trap_the_container_of_each_instance_type_has_its_own_image(self):
        """A component may pull another image for each of its specifications; each is a pin."""
        specifications = [
            {
                "ModelName": "bot",
                "Container": {"DeployedImage": {"SpecifiedImage": f"x:{number}", "ResolvedImage": f"x@{DIGEST}"}},
            }
            for number in (1, 2)
        ]
        facts = said("inference_component", COMPONENT, Specifications=specifications)

        pins = [claim for claim in facts.claims if isinstance(claim, PulledImage)]
        assert [(pin.place, pin.variant, pin.pinned) for pin in pins] == [
            (COMPONENT, None, f"x:1@{DIGEST}"),
            (COMPONENT, None, f"x:2@{DIGEST}"),
        ]
        assert pins[1].evidence.line == f"sagemaker:{self.ON}Specifications[1].Container.DeployedImage.ResolvedImage"

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

        assert arrows(facts) == {
            ("s3://out/tune-1/output/model/checkpoints/hf/", "packaged_as", COMPONENT, None),
            (COMPONENT, "deployed_to", ENDPOINT, None),
        }
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
