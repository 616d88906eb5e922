"""Which jobs read the weights of registered versions, whose record names no more than a place in S3."""

from __future__ import annotations

import pytest
from tests.fact_records import ACCOUNT, JOB, REGION, Estate, asset, job

from studbook.lineage.joins.weights_read import _MOST
from studbook.model import Asset, Edge
from studbook.model.facts import Output, Reads, Weights, Writes

ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
MAKER, OTHER = f"{ARN}:training-job/maker", f"{ARN}:training-job/other"
PLACE = "s3://out/maker/output/model.tar.gz"
MONDAY, TUESDAY, WEDNESDAY, THURSDAY = (f"2026-11-0{day}T00:00:00Z" for day in (2, 3, 4, 5))


def package(number: int, at: str | None = TUESDAY, account: str = ACCOUNT) -> Asset:
    package_id = f"arn:aws:sagemaker:{REGION}:{account}:model-package/bot/{number}"
    return asset("model_package", package_id, f"bot {number}", created_at=at, account=account)


def weights(of: Asset, uri: str = PLACE, *, added: bool = False) -> Weights:
    return Weights(asset=of.id, uri=uri, added=added, evidence="t:T#weights")


def output(of: str, uri: str = PLACE) -> tuple[Output, Edge]:
    """A job's own word of what it made."""
    edge = Edge(source=of, target=uri, relation="produced", certainty="referenced", evidence=("t:T#made",))
    return Output(job=of, uri=uri, evidence="t:T#made"), edge


def reads(uri: str = PLACE, at: str | None = WEDNESDAY, data_type: str = "S3Prefix", reader: str = JOB) -> Reads:
    return Reads(reader=reader, uri=uri, role="model", data_type=data_type, at=at, evidence="t:T#read")


def made(at: str, of: str = MAKER) -> Asset:
    return asset("training_job", of, created_at=at)


def inputs(*said: object) -> dict[str, tuple[str, bool]]:
    """The packages that went into the job, by the end of their ARN: their rules, and whether each is a candidate."""
    shown = [one for one in said if isinstance(one, Asset)]
    edges = [one for one in said if isinstance(one, Edge)]
    claims = [one for one in said if not isinstance(one, Asset | Edge)]
    linked = Estate().say(job(created_at=WEDNESDAY), *shown, edges=edges, claims=claims).linked()
    found = {}
    for edge in linked.edges:
        if edge.relation == "input_to" and edge.target == JOB and ":model-package/" in edge.source:
            assert (edge.certainty, edge.role) in (("inferred", "model"), ("referenced", "source_model"))
            rules = " ".join(sorted(one.rule for one in edge.evidence if one.rule))
            found[edge.source.rpartition(":")[2]] = (rules, edge.candidate)
    return found


ONE = package(1)


class TestPlaces:
    @pytest.mark.parametrize(
        ("read", "rule"),
        [
            (reads(), "same-artifact"),
            (reads(data_type="Object"), "same-artifact"),
            (reads("s3://out/maker/"), "s3-prefix"),
            (reads("s3://out"), "s3-prefix"),
            (reads("s3://out/mak"), "prefix-without-slash"),
            (reads("s3://out/maker", data_type="Path"), "s3-prefix"),
            (reads("s3://out/mak", data_type="Path"), None),
            (reads("s3://out/maker/", data_type="Object"), None),
            (reads("s3://out/maker/output/model.tar.g", data_type="Object"), None),
            (reads("s3://out/make/"), None),
            (reads("s3://out/maker/", data_type="ManifestFile"), None),
        ],
    )
    def test_the_place_or_a_folder_around_it(self, read, rule):
        """Letters are no folder, and one object is no prefix."""
        assert inputs(ONE, weights(ONE), read) == ({"model-package/bot/1": (rule, False)} if rule else {})

    def test_a_part_of_weights_that_are_a_folder(self):
        """Whoever reads a file of them reads of that version."""
        folder = weights(ONE, "s3://out/maker/")
        assert inputs(ONE, folder, reads("s3://out/maker/adapter.bin")) == {"model-package/bot/1": ("s3-prefix", False)}

    def test_what_is_only_added_is_nobodys(self):
        """Many versions share a draft model: who reads it reads none of them."""
        assert inputs(ONE, weights(ONE, added=True), reads()) == {}

    def test_a_base_to_which_a_version_adds_an_adapter_that_was_made(self):
        """Who reads the base alone does not read the version; where nobody tells who made either it may be a model with
        its draft, and where a job made the model it is."""
        adapter = "s3://out/adapter/"
        said = (ONE, weights(ONE), weights(ONE, adapter, added=True), reads())
        assert inputs(*said, made(MONDAY), *output(MAKER, adapter)) == {}
        assert inputs(*said) == {"model-package/bot/1": ("same-artifact", True)}
        assert inputs(*said, made(MONDAY), *output(MAKER)) == {"model-package/bot/1": ("same-artifact", False)}

    def test_versions_of_one_place_are_candidates(self):
        """Time picks none; of copies the one in the reader's own account is meant."""
        two = package(2)
        assert inputs(ONE, two, weights(ONE), weights(two), reads()) == {
            "model-package/bot/1": ("same-artifact", True),
            "model-package/bot/2": ("same-artifact", True),
        }
        away = package(1, account="999999999999")
        copied = Edge(
            source=ONE.id, target=away.id, relation="copied_to", certainty="referenced", evidence=("t:T#copy",)
        )
        assert inputs(ONE, away, copied, weights(ONE), weights(away), reads()) == {
            "model-package/bot/1": ("same-account same-artifact", False)
        }

    def test_a_version_that_the_record_names_is_the_one(self):
        """Others at its place are no candidates."""
        two = package(2)
        named = Edge(
            source=two.id,
            target=JOB,
            relation="input_to",
            role="source_model",
            certainty="referenced",
            evidence=("t:T#n",),
        )
        assert inputs(ONE, two, named, weights(ONE), weights(two), reads()) == {"model-package/bot/2": ("", False)}

    def test_very_many_versions_are_told_by_the_place_alone(self):
        """Or there would be as many edges as versions and readers multiplied."""
        many = [package(number) for number in range(_MOST + 1)]
        told = [weights(one, f"s3://out/{number}/model.tar.gz") for number, one in enumerate(many)]
        assert inputs(*many, *told, reads("s3://out/")) == {}
        assert len(inputs(*many[1:], *told[1:], reads("s3://out/"))) == _MOST


class TestTimes:
    @pytest.mark.parametrize(
        ("registered", "writers", "found"),
        [
            (TUESDAY, (), False),
            (THURSDAY, (), True),
            (TUESDAY, (MONDAY,), False),
            (THURSDAY, (MONDAY,), False),
            (TUESDAY, (THURSDAY,), None),
            (MONDAY, (MONDAY, TUESDAY), True),
            (MONDAY, (MONDAY, THURSDAY), False),
            (THURSDAY, (MONDAY, THURSDAY), None),
        ],
    )
    def test_who_wrote_there_and_when(self, registered, writers, found):
        """Read on Wednesday. What was not written by then was not read; what was written over since is in doubt; and
        so is what was registered later, if nobody tells who wrote it."""
        one = package(1, registered)
        jobs = [made(at, of) for at, of in zip(writers, (MAKER, OTHER), strict=False)]
        told = [part for each in jobs for part in output(each.id)]
        expected = {} if found is None else {"model-package/bot/1": ("same-artifact", found)}
        assert inputs(one, *jobs, *told, weights(one), reads()) == expected

    def test_a_job_that_waited_wrote_nothing_before_it_started(self):
        """It was made on Monday and started on Thursday: on Wednesday nothing of it lay there."""
        one, started = package(1, TUESDAY), {"started_at": THURSDAY}
        waited = made(MONDAY).but(attributes=started)
        assert inputs(one, waited, *output(MAKER), weights(one), reads()) == {}

    def test_a_job_does_not_read_what_it_makes(self):
        """Its own weights, where it reads its checkpoints from the folder in which it writes."""
        assert inputs(ONE, *output(JOB), weights(ONE), reads("s3://out/")) == {}
        writes = Writes(
            writer=JOB, uri="s3://out/maker/", role="checkpoint", began=MONDAY, ended=None, evidence="t:T#w"
        )
        assert inputs(ONE, writes, weights(ONE, "s3://out/maker/"), reads("s3://out/maker/")) == {}

    def test_nor_what_is_made_of_it_later(self):
        """An inference pipeline is registered last, with what its second model was trained through among its weights:
        that is no input of its own."""
        pipeline = package(9, THURSDAY)
        several = (weights(pipeline), weights(pipeline, "s3://out/classifier/model.tar.gz"))
        assert inputs(made(MONDAY), *output(MAKER), pipeline, *several, reads()) == {}
        assert inputs(made(MONDAY), *output(MAKER), ONE, weights(ONE), several[0], pipeline, several[1], reads()) == {
            "model-package/bot/1": ("same-artifact", False)
        }

    @pytest.mark.parametrize(("wrote", "found"), [(MONDAY, True), (WEDNESDAY, False)])
    def test_what_a_later_job_wrote_inside_is_none_of_the_version(self, wrote, found):
        """Who reads a file there reads the version if the file was there when the version was registered."""
        folder, inside = weights(ONE, "s3://out/maker/"), "s3://out/maker/tuned/output/model.tar.gz"
        there = inputs(made(wrote), *output(MAKER, inside), ONE, folder, reads(inside, THURSDAY))
        assert there == ({"model-package/bot/1": ("s3-prefix", False)} if found else {})
        whole = inputs(made(wrote), *output(MAKER, inside), ONE, folder, reads("s3://out/maker/", THURSDAY))
        assert whole == {"model-package/bot/1": ("same-artifact", False)}
