"""The pages of pipelines and their executions."""

from __future__ import annotations

from test_views import ENVELOPE
from tests.pedigrees import lineage

from studbook.render import views
from studbook.render.views.site import Site

RUN = "arn:aws:sagemaker:us-west-2:111111111111:pipeline/p/execution/e2"
BEFORE = "arn:aws:sagemaker:us-west-2:111111111111:pipeline/p/execution/e1"
STEPS = [
    {"name": "Check", "type": "Processing", "status": "Succeeded", "asset": "check", "cached_from": BEFORE},
    {"name": "Train", "type": "Training", "status": "Failed", "asset": "t", "attempts": 2, "failure": "<b>no</b>"},
    {"name": "Good", "type": "Condition", "status": "Succeeded", "outcome": "False"},
]
GRAPH = lineage(
    f"""
    check(processing_job) -part_of:Check-> {BEFORE}(pipeline_execution) -part_of-> p(pipeline)
    check -input_to:Check-> {RUN}(pipeline_execution) -part_of-> p
    t(training_job) -part_of:Train-> {RUN} -produced-> bot/1(model_package)
    """,
    {
        RUN: {"name": "nightly", "status": "Failed", "attributes": {"steps": STEPS, "parameters": {"depth": "6"}}},
        "p": {"attributes": {"steps": [{"name": "Check", "type": "Processing"}], "inputs": [{"name": "depth"}]}},
    },
)
SITE = Site(graph=GRAPH, envelope=ENVELOPE)


def own(asset_id):
    return views.asset_page(SITE, GRAPH.assets[asset_id], "assets/_default.html").data["own"]


class TestExecution:
    def test_steps_in_order_with_their_jobs(self):
        """Each step leads to what it ran; a cached one also to the execution it was taken from."""
        steps = own(RUN)["steps"]

        assert [step["name"] for step in steps] == ["Check", "Train", "Good"]
        assert [step["asset"] and step["asset"]["id"] for step in steps] == ["check", "t", None]
        assert [step["reused"] and step["reused"]["id"] for step in steps] == [BEFORE, None, None]
        assert [link["id"] for link in own(RUN)["made"]] == ["bot/1"]
        assert own(RUN)["pipeline"]["id"] == "p"

    def test_one_that_no_listing_showed(self):
        """It has no steps to tell, and a page all the same."""
        assert own(BEFORE)["steps"] == []


class TestPipeline:
    def test_executions(self):
        """Every execution with the number of its jobs and what it made."""
        rows = {
            row["asset"]["id"]: (row["jobs"], [made["id"] for made in row["made"]]) for row in own("p")["executions"]
        }

        assert rows == {RUN: (1, ["bot/1"]), BEFORE: (1, [])}
        assert own("p")["inputs"] == [["depth", None]]
