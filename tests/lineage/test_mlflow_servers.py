"""A registry on a server of its own, and the runs and logged models that its versions name."""

import pytest
from tests.fact_records import Estate, asset, lines

from studbook.model import Edge

VERSION = "mlflow:reg/model/wine/1"


@pytest.mark.parametrize(
    ("kind", "of", "relation"),
    [
        ("mlflow_run", "run/" + "a" * 32, "recorded_in"),
        ("mlflow_logged_model", "logged-model/m-" + "b" * 32, "registered_as"),
    ],
)
@pytest.mark.parametrize(
    ("shown", "sources"),
    [
        ([], {"reg": ("referenced", False)}),
        (["lab"], {"lab": ("inferred", False)}),
        (["lab", "old"], {"lab": ("inferred", True), "old": ("inferred", True)}),
        (["lab", "reg"], {"reg": ("referenced", False)}),
    ],
)
def test_what_its_server_does_not_have_is_what_another_has_of_that_id(kind, of, relation, shown, sources):
    """It is on no server but those that have it; of several each is a candidate; where nobody has it, it is unknown."""
    named = asset(kind, f"mlflow:reg/{of}")
    edge = Edge(
        source=named.id, target=VERSION, relation=relation, certainty="referenced", evidence=("mlflow:x#run_id",)
    )
    made = Estate().say(asset("mlflow_model_version", VERSION), mentions=[named], edges=[edge])
    made.say(*(asset(kind, f"mlflow:{server}/{of}") for server in shown))

    for linked in (made.linked(), made.reversed()):
        found = {e.source: (e.certainty, e.candidate) for e in linked.edges if e.relation == relation}
        assert found == {f"mlflow:{server}/{of}": known for server, known in sources.items()}
        assert {a.id for a in linked.assets if a.kind == kind} == {
            f"mlflow:{server}/{of}" for server in {*shown, *sources}
        }
        assert ["mlflow:x#run_id" in lines(e) for e in linked.edges if e.relation == relation] == [True] * len(sources)


def test_a_run_that_was_moved_is_in_one_experiment():
    """In that which its own record names, not in the one that a job names, in which it was made; where nobody shows the
    run the job's word stands. A parent run is no experiment."""
    run, first, second, parent = (f"mlflow:lab/{name}" for name in ("run/r", "experiment/1", "experiment/2", "run/p"))

    def ends(**told):
        edges = [
            Edge(source=run, target=target, relation="part_of", certainty="referenced", evidence=(operation,))
            for target, operation in told.items()
        ]
        return {edge.target for edge in Estate().say(asset("mlflow_run", run), edges=edges).linked().edges}

    by_job, by_run = "sagemaker:DescribeTrainingJob#MlflowDetails.MlflowExperimentId", "mlflow:runs/search#info.x"
    assert ends(**{first: by_job, second: by_run}) == {second}
    assert ends(**{first: by_job, parent: by_run}) == {first, parent}
    assert ends(**{first: by_job}) == {first}
