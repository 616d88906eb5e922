"""Models of Bedrock under several names."""

import pytest
from tests.fact_records import ACCOUNT, REGION, Estate, asset

from studbook.model import Edge, Evidence
from studbook.model.facts import BedrockAddress

BEDROCK = f"arn:aws:bedrock:{REGION}:{ACCOUNT}"
ADDRESS, JOB, MODEL = (f"{BEDROCK}:{path}" for path in ("provisioned-model/p", "evaluation-job/e", "custom-model/m"))
SAID = Evidence.parse("t:T#modelArn")
EARLIER, NOON, LATER = (f"2026-09-01T{hour}:00:00Z" for hour in ("10", "12", "14"))


def used(source: str, role: str = "evaluated_model") -> Edge:
    return Edge(source=source, target=JOB, relation="input_to", role=role, certainty="referenced", evidence=(SAID,))


def judged(*models: str, changed: str | None = EARLIER) -> dict[str, tuple[str, bool]]:
    """The models that the join says were judged, each with its certainty and whether it is a candidate."""
    shown = [asset("evaluation_job", JOB, created_at=NOON), asset("endpoint", ADDRESS, modified_at=changed)]
    claims = [BedrockAddress(address=ADDRESS, model=model, evidence=SAID) for model in models]
    linked = Estate().say(*shown, edges=[used(ADDRESS)], claims=claims).linked()
    return {edge.source: (edge.certainty, edge.candidate) for edge in linked.edges if edge.source != ADDRESS}


class TestAddress:
    def test_what_answers_there_was_asked(self):
        """The address is what the job names; the model behind it is a conclusion."""
        assert judged(MODEL) == {MODEL: ("inferred", False)}

    @pytest.mark.parametrize("changed", [NOON, LATER, None])
    def test_an_address_that_changed_since_may_have_led_elsewhere(self, changed):
        """Nobody tells what answered before."""
        assert judged(MODEL, changed=changed) == {MODEL: ("inferred", True)}

    def test_several_are_candidates(self):
        """None is picked."""
        assert judged(MODEL, f"{MODEL}2") == {MODEL: ("inferred", True), f"{MODEL}2": ("inferred", True)}


class TestContext:
    def test_one_model_with_several_lengths_of_context(self):
        """Each has an id; the plain one is the smaller. Versions are other models."""
        names = ["bedrock:amazon.nova-lite-v1:0", "bedrock:amazon.nova-lite-v1:0:300k", "bedrock:amazon.nova-lite-v1:1"]
        edges = [used(name, role) for name, role in zip(names, ("a", "b", "c"), strict=True)]
        linked = Estate().say(asset("evaluation_job", JOB), edges=edges).linked()

        assert [(one.source, one.target) for one in linked.edges if one.relation == "same_as"] == [tuple(names[:2])]

    def test_alone_it_is_what_it_is(self):
        """Nothing is shown that nobody names."""
        linked = Estate().say(asset("evaluation_job", JOB), edges=[used("bedrock:a.b-v1:0:128k")]).linked()

        assert {one.relation for one in linked.edges} == {"input_to"}
