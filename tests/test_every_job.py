"""One question has one answer, whatever the kind of job: pages, bill of materials, drift and trace of one pedigree."""

from __future__ import annotations

import datetime
import json

import pytest
from tests import small_catalog as small
from tests.pedigrees import lineage
from tests.render.test_views import ENVELOPE

from studbook.exports import cyclonedx
from studbook.lineage.graph import Graph
from studbook.model import KINDS
from studbook.model.kinds import JOB_KINDS
from studbook.queries.origins import makers
from studbook.queries.pedigree import pedigree
from studbook.queries.walks import made
from studbook.render import views
from studbook.render.views.deployments import answers
from studbook.render.views.provenance import training_of
from studbook.render.views.site import Site
from studbook.rules import check
from studbook.rules.dataset_drifted import RULE as DRIFT
from studbook.settings import Settings

TODAY = datetime.date(2026, 11, 22)
OLD = {"attributes": {"current": False, "superseded_since": 2}}


def prepared_by(kind: str) -> Graph:
    """A model whose training read what a job of this kind had made of raw data, which has changed since."""
    return lineage(
        f"""
        raw(dataset) -has_version-> raw/7(dataset_version) -input_to:raw-> prep({kind})
        prep -produced-> table/1(dataset_version)
        image(container_image) -input_to:image-> prep
        weights(artifact) -input_to:model-> prep
        table/1 -input_to:train-> fit(training_job) -produced-> bot/1(model_package)
        bot(model_package_group) -has_version-> bot/1
        bot/1 -packaged_as-> m(model) -deployed_to-> c(endpoint_config) -deployed_to-> answering(endpoint)
        """,
        {"raw/7": OLD},
    )


def made_by(kind: str) -> Graph:
    """A model that a job of this kind made."""
    return lineage(f"raw/7(dataset_version) -input_to:train-> fit({kind}) -produced-> bot/1(model_package)")


def site(graph: Graph) -> Site:
    return Site(graph=graph, envelope=ENVELOPE, settings=small.SETTINGS, findings=[], history=[ENVELOPE])


@pytest.mark.parametrize("kind", JOB_KINDS)
class TestWhatPrepared:
    def test_trace_page_and_bill_name_the_same_jobs_and_data(self, kind: str) -> None:
        """The job and what it read are in the trace, on the model's page and in its bill of materials."""
        graph = prepared_by(kind)
        traced = {asset.id: asset.kind for asset in made(graph, "bot/1").assets}
        training = training_of(site(graph), graph.assets["bot/1"])
        bill = json.loads(cyclonedx.write(pedigree(graph, "bot/1")))
        jobs = {asset_id for asset_id, found in traced.items() if KINDS[found].job}

        assert jobs == {"prep", "fit"}
        assert {entry["job"]["id"] for entry in training["jobs"]} == jobs
        assert {task["uid"] for task in bill["formulation"][0]["workflows"][0]["tasks"]} == jobs
        assert {entry["asset"]["id"] for entry in training["inputs"]["data"]} == {"raw/7", "table/1"}
        assert [entry["asset"]["id"] for entry in training["inputs"]["weights"]] == ["weights"]
        types = {part["bom-ref"]: part["type"] for part in bill["components"]}
        assert types == {"raw/7": "data", "table/1": "data", "image": "container", "weights": "file"}

    def test_changed_data_is_a_finding_and_on_the_page(self, kind: str) -> None:
        """What changed after any job read it is said of the job, and of the model that came of it."""
        graph = prepared_by(kind)
        training = training_of(site(graph), graph.assets["bot/1"])

        assert [found.asset for found in check(graph, Settings(), today=TODAY, rules=[DRIFT])] == ["prep"]
        assert {entry["asset"]["id"]: entry["drifted"] for entry in training["inputs"]["data"]}["raw/7"] is True

    def test_an_endpoint_names_what_its_model_was_trained_on(self, kind: str) -> None:
        """What went into data, or into scores, is no data that the model was trained on."""
        graph = prepared_by(kind)
        [running] = answers(site(graph), graph.assets["answering"])
        expected = {"table/1"} | ({"raw/7"} if KINDS[kind].makes == ("model",) else set())

        assert {link["id"] for link in running["data"]} == expected

    def test_has_a_page_of_a_job(self, kind: str) -> None:
        """A job's page says what it made."""
        graph = prepared_by(kind)
        page = views.asset_page(site(graph), graph.assets["prep"], "assets/_job.html")

        assert [link["id"] for link in page.data["own"]["made"]] == ["table/1"]


@pytest.mark.parametrize("kind", [kind for kind in JOB_KINDS if "model" in KINDS[kind].makes])
def test_what_made_a_model_is_its_maker(kind: str) -> None:
    """Whichever kind of job made the weights, they are its work."""
    graph = made_by(kind)

    assert [job.id for job in makers(graph, graph.assets["bot/1"])] == ["fit"]
