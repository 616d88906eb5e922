"""Weights that an environment names: what answers may be a version, though no member says so."""

from __future__ import annotations

import pytest
from tests.join_records import DEV, SMR, component, job, model, package

from studbook.lineage.link import LinkContext, link
from studbook.model import Record
from studbook.sources import normalize

ARCHIVE, FOLDER = "s3://w/a/output/model.tar.gz", "s3://w/a/output/"
VERSION = package(1, ARCHIVE)


def into(end: str, *records: Record) -> dict[str, tuple[str, bool]]:
    """What leads to an asset: the relation or role, and whether that is a candidate."""
    edges = link(records, normalize, LinkContext()).edges
    return {edge.source: (edge.role or edge.relation, edge.candidate) for edge in edges if edge.target == end}


class TestNamed:
    @pytest.mark.parametrize("uri", [ARCHIVE, FOLDER, "s3a://w/a/output"])
    def test_a_version_that_lies_there_may_be_what_answers(self, uri):
        """The archive, or the folder of that one file, in whichever spelling."""
        served = model("m", Environment={"HF_MODEL_ID": uri})
        found = into(served.id, VERSION, served)
        assert found == {VERSION.id: ("packaged_as", True), ARCHIVE: ("packaged_as", True)}

    def test_a_component_has_an_environment_too(self):
        of_component = component("c", Specification={"Container": {"Environment": {"HF_MODEL_ID": ARCHIVE}}})
        assert into(of_component.id, VERSION, of_component)[VERSION.id] == ("deployed_to", True)

    def test_what_a_job_wrote_need_not_be_registered(self):
        wrote = job("j", ModelArtifacts={"S3ModelArtifacts": ARCHIVE})
        served = model("m", Environment={"HF_MODEL_ID": ARCHIVE})
        assert into(served.id, wrote, served) == {ARCHIVE: ("packaged_as", True)}

    @pytest.mark.parametrize(
        "more", [{"ModelDataUrl": "s3://w/b.tar.gz"}, {"ModelPackageName": f"{SMR}:{DEV}:model-package/bot/2"}]
    )
    def test_who_names_weights_otherwise_holds_those(self, more):
        """What else the variables of its environment are for, nobody knows."""
        served = model("m", Environment={"DATA": ARCHIVE}, **more)
        assert not {VERSION.id, ARCHIVE} & into(served.id, VERSION, served).keys()

    @pytest.mark.parametrize(
        "value", ["meta/llama", "s3://w/elsewhere/", "s3://w/a/output/model.tar.gz.old", "/opt/ml/model"]
    )
    def test_where_nothing_lies_that_is_known_nothing_is_told(self, value):
        """A name in a hub of others is none of these; folders that share letters are strangers."""
        served = model("m", Environment={"HF_MODEL_ID": value})
        assert into(served.id, VERSION, served) == {}

    def test_the_sdk_names_code(self):
        """And nothing else by variables that begin as its own do."""
        variables = {"SAGEMAKER_SUBMIT_DIRECTORY": "s3://c/src.tar.gz", "SAGEMAKER_OTHER": ARCHIVE}
        served = model("m", Environment=variables)
        assert into(served.id, VERSION, served) == {"s3://c/src.tar.gz": ("code", False)}
