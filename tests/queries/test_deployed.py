"""What answers at an endpoint."""

from __future__ import annotations

import pytest
from tests.pedigrees import lineage

from studbook.queries.walks import runs

ADAPTER = """
    base(model) -deployed_to-> whole(inference_component) -deployed_to-> bot(endpoint)
    p/1(model_package) -deployed_to-> adapter(inference_component) -deployed_to-> bot
    adapter -part_of-> whole
"""


def ids(text: str, place: str = "bot", facts: dict[str, dict[str, object]] | None = None) -> dict[str, list[str]]:
    return {one.unit.id: [each.unit.id for each in one.carriers] for one in runs(lineage(text, facts), place)}


class TestTraps:
    SHADOW = """
        p/1(model_package) -packaged_as-> m(model) -deployed_to:blue-> c(endpoint_config) -deployed_to-> bot(endpoint)
        p/2(model_package) -packaged_as-> n(model) -deployed_to:next-> c
    """

    def shadows(self, text: str) -> dict[str, bool]:
        facts = {"c": {"attributes": {"variants": [{"name": "blue"}, {"name": "next", "shadow": True}]}}}
        return {one.unit.id: one.shadow for one in runs(lineage(text, facts), "bot")}

    def test_a_shadow_variant_answers_nobody(self) -> None:
        """It runs behind the endpoint, and that is all that is said of it."""
        assert self.shadows(self.SHADOW) == {"m": False, "n": True}

    def test_a_model_in_shadow_and_in_production_answers(self) -> None:
        """One variant whose answers count is enough."""
        assert self.shadows(self.SHADOW + "\n n -deployed_to:blue-> c") == {"m": False, "n": False}

    @pytest.mark.parametrize(
        ("more", "manner"),
        [
            ("n -deployed_to:next-> c", "shadow"),
            ("n -deployed_to:next~?-> c", "candidate"),
            ("n -deployed_to:next-> c\n n -deployed_to:blue~?-> c", "candidate"),
            ("n -deployed_to:next~?-> c\n n -deployed_to:blue-> c", ""),
            ("n -deployed_to:idle-> c", "no share"),
            ("n -deployed_to:idle-> c\n n -deployed_to:next-> c", "no share"),
            ("n -deployed_to:idle-> c\n n -deployed_to:blue~?-> c", "candidate"),
        ],
    )
    def test_how_it_runs_is_the_best_of_its_variants(self, more: str, manner: str) -> None:
        """A variant that may answer people counts before one that surely answers nobody."""
        text = self.SHADOW.replace("n(model) -deployed_to:next-> c", f"n(model)\n {more}")
        shares = [{"name": "blue", "weight": 1.0}, {"name": "idle", "weight": 0.0}]
        facts = {
            "c": {"attributes": {"variants": [{"name": "blue"}, {"name": "next", "shadow": True}]}},
            "bot": {"attributes": {"variants": shares}},
        }
        _, n = runs(lineage(text, facts), "bot")
        assert n.manner("p/2") == manner

    @pytest.mark.parametrize("config", [{"gone_since": 2}, {"attributes": {"unresolved": True}}])
    def test_the_configuration_may_be_deleted_under_a_living_endpoint(self, config: dict[str, object]) -> None:
        """The endpoint runs on what the configuration said."""
        text = (
            "p/1(model_package) -packaged_as-> m(model) -deployed_to-> c(endpoint_config) -deployed_to-> bot(endpoint)"
        )
        assert ids(text, facts={"c": config}) == {"m": []}

    def test_the_configuration_names_no_model_where_there_are_components(self) -> None:
        """What answers is what the components hold."""
        text = """
            c(endpoint_config) -deployed_to-> bot(endpoint)
            p/1(model_package) -packaged_as-> m(model) -deployed_to-> part(inference_component) -deployed_to:all-> bot
        """
        assert ids(text) == {"m": []}

    PIPELINE = """
        fit(training_job) -produced-> first(artifact) -packaged_as-> p/1(model_package)
        fit -produced-> p/1
        last(artifact) -packaged_as-> p/1
    """

    @pytest.mark.parametrize(
        ("served", "versions"),
        [
            ("first -packaged_as-> m(model) -deployed_to-> bot(endpoint)", {}),
            ("first -packaged_as-> m(model) -deployed_to-> bot(endpoint)\n last -packaged_as-> m", {"p/1": False}),
            ("first -deployed_to-> bot(endpoint)", {"p/1": True}),
        ],
    )
    def test_trap_a_part_of_an_inference_pipeline_is_not_the_version(
        self, served: str, versions: dict[str, bool]
    ) -> None:
        """A model has to hold all weights of a version; what is deployed past any model may be one of several."""
        (unit,) = runs(lineage(f"{self.PIPELINE}\n{served}"), "bot")
        assert {one.id: unit.sure[one.id].candidate for one in unit.versions} == versions

    def test_trap_weights_of_jumpstart_tell_no_version(self) -> None:
        """All of AWS serves them, whoever has registered them."""
        public = "s3://jumpstart-cache-prod-us-west-2/llama/"
        (unit,) = runs(
            lineage(f"""
                {public}(artifact) -packaged_as-> p/1(model_package)
                {public} -packaged_as-> m(model) -deployed_to-> bot(endpoint)
            """),
            "bot",
        )
        assert unit.versions == ()

    def test_a_component_without_a_model_is_what_it_holds(self) -> None:
        """Weights in a container of its own, or no more than an image: the component is what answers, and it is a
        version where that is all of those weights."""
        text = """
            whole(artifact) -packaged_as-> p/1(model_package)
            whole -packaged_as-> first(inference_component) -deployed_to:all-> bot(endpoint)
            strange(artifact) -packaged_as-> second(inference_component) -deployed_to:all-> bot
            vllm(container_image) -packaged_as:image-> third(inference_component) -deployed_to:all-> bot
            p/2(model_package) -deployed_to-> fourth(inference_component) -deployed_to:all-> bot
            other(artifact) -packaged_as-> fourth
        """
        found = {one.unit.id: [version.id for version in one.versions] for one in runs(lineage(text), "bot")}
        assert found == {"first": ["p/1"], "second": [], "third": [], "p/2": ["p/2"]}

    def test_a_router_answers_with_what_stands_behind_it(self) -> None:
        """Through its destinations, but for those that are gone."""
        text = """
            p/1(model_package) -deployed_to-> one(endpoint) -deployed_to:bot-> front(endpoint)
            p/2(model_package) -deployed_to-> two(endpoint) -deployed_to:bot-> front
        """
        assert ids(text, "front") == {"p/1": [], "p/2": []}
        assert ids(text, "front", facts={"two": {"gone_since": 3}}) == {"p/1": []}


class TestBaseOfAdapters:
    def test_what_carries_the_weights_is_the_base_of_the_version(self) -> None:
        """An endpoint with an adapter runs the adapter's version, on the base model that is loaded once."""
        assert ids(ADAPTER) == {"p/1": ["base"]}

    def test_an_adapter_that_is_gone_leaves_the_base_model_answering(self) -> None:
        """Without a live adapter the base component is what people talk to."""
        assert ids(ADAPTER, facts={"adapter": {"gone_since": 2}}) == {"base": []}

    def test_an_adapter_of_unknown_version_hides_nothing(self) -> None:
        """Where one of the adapters cannot be told, the base stays in sight."""
        text = (
            ADAPTER
            + "\n a(artifact) -deployed_to-> other(inference_component) -deployed_to-> bot\n other -part_of-> whole"
        )
        assert ids(text) == {"a": ["base"], "base": [], "p/1": ["base"]}

    def test_a_base_that_is_also_deployed_by_itself(self) -> None:
        """A variant of its own is a deployment, whatever else the model carries."""
        text = ADAPTER + "\n base -deployed_to-> c(endpoint_config) -deployed_to-> bot"
        assert set(ids(text)) == {"base", "p/1"}

    @pytest.mark.parametrize(("place", "found"), [("whole", {"base": []}), ("adapter", {"p/1": []})])
    def test_a_component_runs_what_it_loads(self, place: str, found: dict[str, list[str]]) -> None:
        """Asked of one component, the answer is that component's."""
        assert ids(ADAPTER, place) == found
