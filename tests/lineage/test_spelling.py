"""One id for each thing, in whatever case others write its ARN."""

import pytest
from tests.fact_records import ACCOUNT, REGION, Estate, asset

from studbook.lineage.spelling import folded, spellings
from studbook.model import Edge
from studbook.model.facts import ByName, Weights

HERE = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:"
OWN, TYPED = f"{HERE}model-package/fraud/1", f"{HERE}model-package/Fraud/1"
ENDPOINT = f"{HERE}endpoint/e"


def edge(source: str, target: str, relation: str = "packaged_as") -> Edge:
    return Edge(source=source, target=target, relation=relation, certainty="referenced", evidence=("t:T#t",))


class TestSpellings:
    def test_the_record_of_the_thing_itself_decides(self):
        """In whichever case its own ARN is."""
        assert spellings({OWN}, [TYPED]) == {TYPED: OWN}
        assert spellings({TYPED}, [OWN]) == {OWN: TYPED}

    def test_of_what_nobody_shows_the_one_in_lower_case(self):
        """Where somebody writes it so; one spelling alone stays as it is."""
        assert spellings(set(), [TYPED, OWN]) == {TYPED: OWN}
        assert spellings(set(), [TYPED]) == {}

    @pytest.mark.parametrize("other", ["s3://b/P", "arn:aws:lambda:us-west-2:1:function:F", "git:x@Y", "builtin:X"])
    def test_nothing_else_is_folded(self, other):
        """Names of functions, keys and repositories differ by case."""
        assert folded(other) is None

    def test_of_what_a_server_has_its_arn_is_folded_alone(self):
        """Names of MLflow's models differ by case."""
        server = f"mlflow:{HERE}mlflow-tracking-server"
        assert folded(f"{server}/Lab/model/A") == folded(f"{server}/lab/model/A") != folded(f"{server}/lab/model/a")


class TestLinked:
    def test_one_asset_with_the_edges_of_all_spellings(self):
        """Of edges, mentions and claims, whatever the order; nothing is unresolved."""
        shown = [asset("model_package", OWN, "Fraud 1"), asset("model", f"{HERE}model/m", "m")]
        estate = (
            Estate().say(*shown).say(edges=[edge(TYPED, f"{HERE}model/m")], mentions=[asset("model_package", TYPED)])
        )
        estate.say(claims=[Weights(asset=TYPED, uri="s3://b/m", evidence="t:T#w")])

        for linked in (estate.linked(), estate.reversed()):
            assert [found.id for found in linked.assets if found.kind == "model_package"] == [OWN]
            assert not any(found.unresolved for found in linked.assets if found.kind != "model_package_group")
            assert {(e.source, e.target) for e in linked.edges if e.relation == "packaged_as"} == {
                (OWN, f"{HERE}model/m")
            }

    def test_a_name_in_another_case_is_the_same_name(self):
        """Names of one kind in one account and region do not differ by case."""
        named = ByName(
            kind="model", name="FRAUD", account=ACCOUNT, region=REGION, other=ENDPOINT, upstream=True,
            relation="deployed_to", evidence="t:T#m",
        )  # fmt: skip
        linked = Estate().say(asset("model", f"{HERE}model/fraud", "Fraud"), claims=[named]).linked()

        assert {e.source for e in linked.edges} == {f"{HERE}model/fraud"}
