"""The digest of the image that a model runs, from what endpoints and components pulled."""

from tests.fact_records import ACCOUNT, REGION, Estate, asset, inputs

from studbook.model import Asset, Edge
from studbook.model.facts import PulledImage

ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
MODEL, CONFIG, ENDPOINT, PACKAGE = (
    f"{ARN}:{name}" for name in ("model/m", "endpoint-config/c", "endpoint/e", "model-package/bot/1")
)
IMAGE = "registry.example/serve:latest"
OLD, NEW = (f"{IMAGE}@sha256:{digit * 64}" for digit in "12")
RULE = {"rule:resolved-image"}


def edge(source: str, target: str, relation: str, role: str | None = None) -> Edge:
    return Edge(
        source=source, target=target, relation=relation, role=role, certainty="referenced", evidence=(f"t:T#{role}",)
    )


def pulled(place: str = ENDPOINT, pinned: str = OLD, variant: str | None = "blue") -> PulledImage:
    return PulledImage(place=place, variant=variant, image=IMAGE, pinned=pinned, evidence=f"t:T#{place}")


def estate(*edges: Edge) -> Estate:
    """A model that an endpoint runs in its variant blue."""
    shown: list[Asset] = [
        asset("model", MODEL),
        asset("model", f"{MODEL}2"),
        asset("endpoint_config", CONFIG),
        asset("endpoint", ENDPOINT),
        asset("model_package", PACKAGE),
    ]
    return Estate().say(
        *shown, edges=[edge(MODEL, CONFIG, "deployed_to", "blue"), edge(CONFIG, ENDPOINT, "deployed_to"), *edges]
    )


def images(made: Estate, model: str = MODEL) -> dict[str, tuple[str, bool, set[str]]]:
    return {
        source: said for source, said in inputs(made.linked(), model, "packaged_as").items() if source.startswith(IMAGE)
    }


class TestPulled:
    OWN = edge(IMAGE, MODEL, "packaged_as", "image")

    def test_the_digest_that_an_endpoint_pulled_pins_the_image_of_its_model(self):
        """The tag stays what the model asked for; the digest is what it runs."""
        made = estate(self.OWN).say(claims=[pulled()])

        assert images(made) == {IMAGE: ("referenced", False, set()), OLD: ("inferred", False, RULE)}

    def test_other_variants_run_other_models(self):
        """What one variant pulled says nothing of the model of another."""
        other = edge(f"{MODEL}2", CONFIG, "deployed_to", "green")
        image = edge(IMAGE, f"{MODEL}2", "packaged_as", "image")

        assert images(estate(self.OWN, other, image).say(claims=[pulled()]), f"{MODEL}2").keys() == {IMAGE}

    def test_a_moving_tag_leaves_candidates(self):
        """Two places pulled two digests for one tag: nobody knows which one a third would get; of each of the two it is
        known."""
        component = f"{ARN}:inference-component/x"
        made = estate(self.OWN, edge(MODEL, component, "deployed_to")).say(
            asset("inference_component", component), claims=[pulled(), pulled(component, NEW, None)]
        )

        assert images(made) == {
            IMAGE: ("referenced", False, set()),
            OLD: ("inferred", True, RULE),
            NEW: ("inferred", True, RULE),
        }
        assert images(made, ENDPOINT) == {OLD: ("referenced", False, set())}
        assert images(made, component) == {NEW: ("referenced", False, set())}

    def test_the_image_may_be_the_packages(self):
        """A model that is a package runs the package's image."""
        made = estate(edge(PACKAGE, MODEL, "packaged_as"), edge(IMAGE, PACKAGE, "packaged_as", "image"))

        assert images(made.say(claims=[pulled()])) == {OLD: ("inferred", False, RULE)}

    def test_an_image_that_nobody_named(self):
        """A sidecar of the service's own is no image of the model."""
        other = edge("registry.example/other:1", MODEL, "packaged_as", "image")

        assert images(estate(other).say(claims=[pulled()])) == {}

    def test_without_a_configuration_the_image_is_the_endpoints(self):
        """AWS allows to delete a configuration in use: what the endpoint itself says is told."""
        made = Estate().say(asset("endpoint", ENDPOINT), claims=[pulled()])

        assert images(made, ENDPOINT) == {OLD: ("referenced", False, set())}
