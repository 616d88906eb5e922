"""Lambda functions as evaluators."""

from __future__ import annotations

import json

import pytest
from tests.harvest.scripted import Visits, refused

from studbook.model import Partition, Record
from studbook.settings import Account, Evaluator, Settings
from studbook.sources.lambda_function import LambdaFunctions

SOURCE = LambdaFunctions()
HERE = Partition("111111111111", "us-west-2", "lambda")
SMR = "arn:aws:sagemaker:us-west-2"
ARN = "arn:aws:lambda:us-west-2:111111111111:function:tox-check"
SETTINGS = Settings(accounts=(Account(id="111111111111", regions=("us-west-2",)),))


def hub(document) -> Record:
    return Record(
        source="sagemaker", kind="hub_content", id=f"{SMR}:222222222222:hub-content/h/JsonDoc/tox/1.0.0",
        account="222222222222", region="us-west-2", revision="1", body={"HubContentDocument": json.dumps(document)},
    )  # fmt: skip


def job(kind: str, name: str, **body) -> Record:
    return Record(
        source="sagemaker", kind=kind, id=f"{SMR}:111111111111:{name}", account="111111111111", region="us-west-2",
        revision="1", body=body,
    )  # fmt: skip


def configuration(version: str = "$LATEST", **more):
    return {
        "FunctionName": "tox-check", "FunctionArn": ARN, "Version": version, "CodeSha256": f"sha-{version}",
        "LastModified": "2026-09-01T10:00:00.000+0000", **more,
    }  # fmt: skip


SCRIPT = {
    "GetFunctionConfiguration": configuration(),
    "ListAliases": {"Aliases": [{"Name": "prod", "FunctionVersion": "2"}]},
    "ListTags": {"Tags": {"purpose": "evaluator"}},
    "ListVersionsByFunction": [
        {"Versions": [configuration(), configuration("1")], "NextMarker": "m"},
        {"Versions": [configuration("2")]},
    ],
}


def visited(tmp_path, script, targets=(ARN,), settings=SETTINGS):
    visit = Visits(tmp_path, settings)(script, partition=HERE, targets=targets)
    SOURCE.collect(visit)
    return visit


class TestPlan:
    @pytest.mark.parametrize("reference", [ARN, f"{ARN}:7", f"{ARN}:prod", f"{ARN}:$LATEST"])
    def test_references_in_nested_json(self, reference):
        """A reference is found in JSON inside of JSON, in any account's record, and kept as it was written."""
        document = {"SubType": "AWS/Evaluator", "JsonContent": json.dumps({"Reference": reference})}

        assert SOURCE.plan(SETTINGS, [hub(document)]) == {HERE: [reference]}

    def test_an_agent_is_no_evaluator(self):
        """A function that is the environment of an agent judges nothing."""
        document = json.dumps({"AgentConfig": {"CustomAgentLambdaConfig": {"LambdaArn": ARN}}})

        assert SOURCE.plan(SETTINGS, [job("job", "job/AgentRFT/a", JobConfigDocument=document)]) == {}

    @pytest.mark.parametrize(
        "record",
        [
            hub({"SubType": "AWS/Specification", "JsonContent": json.dumps({"Reference": ARN})}),
            job("training_job", "training-job/j", Environment={"CALLBACK": ARN}),
        ],
    )
    def test_a_function_that_is_only_mentioned_judges_nothing(self, record):
        """A document that is no evaluator, and a variable of a job, make no evaluator of a function."""
        assert SOURCE.plan(SETTINGS, [record]) == {}

    @pytest.mark.parametrize("name", ["tox-check", "tox-check:7", "111111111111:function:tox-check:7"])
    def test_a_name_and_a_partial_arn(self, name):
        """Lambda takes both for a function: of the job's account and region."""
        record = job("training_job", "training-job/j", HyperParameters={"reward_lambda_arn": name})

        assert SOURCE.plan(SETTINGS, [record]) == {HERE: [ARN + name.rpartition("tox-check")[2]]}

    def test_other_organisations(self):
        """A function in an account that is not configured cannot be asked for."""
        assert SOURCE.plan(Settings(), [hub({"Reference": ARN})]) == {}

    def test_what_was_harvested_is_asked_for_again(self, tmp_path):
        """A function that nothing names any more is still looked at, so that its deletion is seen."""
        known = visited(tmp_path, SCRIPT).seen.values()

        assert SOURCE.plan(SETTINGS, known) == {HERE: [f"{ARN} known", f"{ARN}:$LATEST"]}


class TestCollect:
    def test_versions_aliases_tags(self, tmp_path):
        """A function has its aliases and tags, and every published version is a record."""
        visit = visited(tmp_path, SCRIPT, targets=(f"{ARN}:2",))

        assert sorted(record_id for _, record_id in visit.seen) == [ARN, f"{ARN}:1", f"{ARN}:2"]
        assert visit.seen["lambda_function", ARN].body["Aliases"] == [{"Name": "prod", "FunctionVersion": "2"}]
        assert visit.complete == {("lambda_function", ARN), ("lambda_version", ARN)}

    @pytest.mark.parametrize("reference", [ARN, f"{ARN}:$LATEST"])
    def test_latest_where_it_is_meant(self, tmp_path, reference):
        """$LATEST is a record only where something means it."""
        visit = visited(tmp_path, SCRIPT, targets=(reference,))

        assert ("lambda_version", f"{ARN}:$LATEST") in visit.seen

    def test_known_is_not_named(self, tmp_path):
        """That a function was harvested before does not mean that anything means its $LATEST."""
        visit = visited(tmp_path, SCRIPT, targets=(f"{ARN} known",))

        assert sorted(record_id for _, record_id in visit.seen) == [ARN, f"{ARN}:1", f"{ARN}:2"]

    def test_a_deleted_function(self, tmp_path):
        """A function that does not exist is no gap: that there is nothing is seen completely."""
        visit = visited(tmp_path, {"GetFunctionConfiguration": refused("ResourceNotFoundException")})

        assert visit.ledger.status == "complete"
        assert ("lambda_function", ARN) in visit.complete

    def test_no_version(self, tmp_path):
        """A function has $LATEST: a list without any version is no answer, and none is gone."""
        visit = visited(tmp_path, {**SCRIPT, "ListVersionsByFunction": {"Versions": []}})

        assert visit.complete == {("lambda_function", ARN)}
        assert visit.ledger.status == "partial"

    def test_denied_versions(self, tmp_path):
        """Denied versions are a gap, and none of them is complete."""
        visit = visited(tmp_path, {**SCRIPT, "ListVersionsByFunction": refused("AccessDeniedException")})

        assert visit.ledger.status == "partial"
        assert ("lambda_version", ARN) not in visit.complete

    @pytest.mark.parametrize("picked", [{"function": "tox-*"}, {"tag": {"purpose": "evaluator"}}])
    def test_picked_by_the_configuration(self, tmp_path, picked):
        """A function is picked by a glob over its name or by its tags."""
        settings = SETTINGS.model_copy(update={"evaluators": (Evaluator(**picked),)})
        listed = {"ListFunctions": {"Functions": [configuration()]}}

        visit = visited(tmp_path, {**SCRIPT, **listed}, targets=(), settings=settings)

        assert ("lambda_function", ARN) in visit.seen


class TestNormalize:
    def test_function_and_version(self, tmp_path):
        """A function is an evaluator, its versions are the evaluator's, pinned by the digest of their code."""
        seen = visited(tmp_path, SCRIPT).seen

        (evaluator,) = SOURCE.normalize(seen["lambda_function", ARN]).assets
        facts = SOURCE.normalize(seen["lambda_version", f"{ARN}:2"])

        assert (evaluator.id, evaluator.kind, evaluator.tags) == (ARN, "evaluator", {"purpose": "evaluator"})
        assert (facts.assets[0].kind, facts.assets[0].attributes["code_sha256"]) == ("evaluator_version", "sha-2")
        assert facts.assets[0].created_at == "2026-09-01T10:00:00Z"
        assert [(edge.source, edge.target, edge.relation) for edge in facts.edges] == [(ARN, f"{ARN}:2", "has_version")]

    def test_layers_and_signers(self):
        """What runs is its layers too, and who signed either is told; a layer without an ARN costs nothing else."""
        layer = "arn:aws:lambda:us-west-2:111122223333:layer:metrics:4"
        profile, job = (f"arn:aws:signer:us-west-2:1:/{path}" for path in ("signing-profiles/p/1", "signing-jobs/j"))
        signed = {"Arn": layer, "SigningProfileVersionArn": profile, "SigningJobArn": job}
        body = {
            "FunctionName": "judge",
            "Version": "2",
            "Layers": [signed, {"CodeSize": 1}, None],
            "SigningProfileVersionArn": profile,
            "SigningJobArn": job,
            "RuntimeVersionConfig": {"RuntimeVersionArn": "arn:aws:lambda:us-west-2::runtime:r"},
        }
        record = Record(
            source="lambda", kind="lambda_version", id=f"{ARN}:2", account=None, region=None, revision="1", body=body
        )

        told = SOURCE.normalize(record).assets[0].attributes

        assert {name: told[name] for name in ("layers", "layers_signed_by", "layers_signing_jobs")} == {
            "layers": [layer],
            "layers_signed_by": [profile],
            "layers_signing_jobs": [job],
        }
        assert (told["signed_by"], told["signing_job"]) == (profile, job)
        assert told["runtime_version"] == "arn:aws:lambda:us-west-2::runtime:r"
