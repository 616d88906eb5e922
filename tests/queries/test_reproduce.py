"""The request that would train it again, and how near it comes."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import botocore.session
import pytest
from botocore.validate import ParamValidator
from tests.pedigrees import ACCOUNT, REGION, lineage, record

from studbook.errors import NotFound, UsageError
from studbook.lineage.graph import Graph
from studbook.model import REDACTED, Record
from studbook.model.ids import dataset_version_id, fingerprint
from studbook.queries.reproduce import Reproduction, reproduce, script
from studbook.queries.reproduce.request import JOB, problems
from studbook.store import Catalog

IMAGE = "1.dkr.ecr.r.amazonaws.com/x@sha256:" + "0" * 64
CREATED = "2026-11-02T10:00:00Z"
BODY: dict[str, Any] = {
    "TrainingJobName": "t",
    "TrainingJobArn": "t",
    "TrainingJobStatus": "Completed",
    "CreationTime": CREATED,
    "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
    "RoleArn": "arn:aws:iam::111111111111:role/Train",
    "OutputDataConfig": {"S3OutputPath": "s3://b/out"},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
    "SecondaryStatusTransitions": [{"Status": "Completed", "StartTime": CREATED}],
    "Tags": [{"Key": "aws:cloudformation:stack", "Value": "x"}, {"Key": "team", "Value": "risk"}],
}
CHANNEL = {
    "ChannelName": "train",
    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/d/train/"}},
}


def item(key: str, etag: str, version: str | None, time: str = "2026-11-01T00:00:00Z", **more: Any) -> dict[str, Any]:
    return {"Key": key, "ETag": etag, "Size": 1, "VersionId": version, "LastModified": time} | more


OLD = [item("d/train/a", "e1", "v1")]
NEW = [item("d/train/a", "e2", "v2", "2026-11-09T00:00:00Z", IsLatest=True)]
WAS, NOW = (dataset_version_id("s3://b/d/", fingerprint(state, "d/")) for state in (OLD, NEW))


def again(
    graph: Graph, body: dict[str, Any] | None = None, asset: str = "t", records: tuple[Record, ...] = ()
) -> Reproduction:
    """What comes of a graph with the job t, its body, and other records."""
    several = [record("t", body=BODY | (body or {})), *records]
    known = {(one.kind, one.id): one for one in several}
    found = graph.asset(asset)
    assert found is not None
    return reproduce(graph, found, lambda kind, record_id: known.get((kind, record_id)))


def parts(found: Reproduction) -> list[tuple[str, str]]:
    return [(reason.part, reason.leaves) for reason in found.reasons]


def prefix(version: str, contents: list[dict[str, Any]], versions: list[dict[str, Any]] | None) -> Record:
    body = {"Uri": "s3://b/d/", "VersionsBy": "fingerprint", "Contents": contents}
    body |= {"Versions": versions} if versions is not None else {}
    return record(version, source="s3", kind="s3_prefix", body=body)


class TestRequest:
    def test_every_training_job_of_the_demo_is_accepted_by_botocore(self, demo_catalog: Path) -> None:
        """Classic, tuned, serverless, evaluations: what comes out can be sent, and has a place in the API."""
        catalog = Catalog(demo_catalog)
        envelope = catalog.latest()
        assert envelope is not None
        graph = catalog.graph(envelope)
        model = botocore.session.get_session().get_service_model("sagemaker")
        shape = model.operation_model("CreateTrainingJob").input_shape
        sorts = set()
        for row in catalog.records(envelope):
            if row.kind == "job":
                found = reproduce(graph, graph.assets[row.id], catalog.record_of(envelope))
                asked = model.operation_model("CreateJob").input_shape
                assert ParamValidator().validate(found.request, asked).generate_report() == ""
                assert "ServiceOutput" not in found.request["JobConfigDocument"]
                sorts.add("job")
            if row.kind == "training_job":
                found = reproduce(graph, graph.assets[row.id], catalog.record_of(envelope))
                assert ParamValidator().validate(found.request, shape).generate_report() == ""
                assert REDACTED not in repr(found.request)
                assert found.request["TrainingJobName"] != row.body["TrainingJobName"]
                sorts.add("serverless" if "ServerlessJobConfig" in found.request else "classic")
        assert sorts == {"classic", "job", "serverless"}

    def test_what_the_api_adds_is_left_out(self) -> None:
        """Status, ARN and times are no request; tags of AWS's own cannot be set."""
        found = again(lineage("t(training_job) -produced-> w(artifact)"))
        assert found.request == {
            name: BODY[name]
            for name in (
                "AlgorithmSpecification",
                "OutputDataConfig",
                "ResourceConfig",
                "RoleArn",
                "StoppingCondition",
            )
        } | {"TrainingJobName": "t-again", "Tags": [{"Key": "team", "Value": "risk"}]}

    def test_a_long_name_stays_a_name(self) -> None:
        """63 characters are what the API takes."""
        found = again(lineage("t(training_job) -produced-> w(artifact)"), {"TrainingJobName": "n" * 63})
        assert len(found.request["TrainingJobName"]) == 63

    def test_a_record_without_a_request_says_so(self) -> None:
        """What the API would refuse is not called possible."""
        found = again(lineage("t(training_job) -produced-> w(artifact)"), {"RoleArn": None})
        assert found.verdict == "not possible"
        assert "RoleArn" in found.reasons[0].message
        assert "RoleArn" in problems(found.request)


class TestJobApi:
    """Jobs whose configuration is a document in a string."""

    ID = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:job/AgentRFT/mtrl"
    DOCUMENT: ClassVar[dict[str, Any]] = {
        "AgentConfig": {"CustomAgentLambdaConfig": {"LambdaArn": "arn:aws:lambda:r:1:function:f"}},
        "InputDataConfig": [CHANNEL],
        "TrainingConfig": {"BaseModelArn": "b", "HyperParameters": {"learning_rate": "0.1"}},
    }

    def told(self, document: str | None = None, graph: str = "", facts: dict[str, Any] | None = None) -> Reproduction:
        text = json.dumps(self.DOCUMENT | {"ServiceOutput": {"RunId": "1"}}) if document is None else document
        body = {
            "JobName": "mtrl",
            "JobArn": self.ID,
            "JobCategory": "AgentRFT",
            "JobConfigSchemaVersion": "1.0.0",
            "JobConfigDocument": text,
            "JobStatus": "Completed",
            "RoleArn": BODY["RoleArn"],
            "CreationTime": CREATED,
            "Tags": [{"Key": "team", "Value": "bots"}],
        }
        found = lineage(f"{self.ID}(training_job) -produced-> w(artifact)\n{graph}", facts)
        kept = record(self.ID, kind="job", body=body)
        return reproduce(
            found, found.assets[self.ID], lambda kind, one: kept if (kind, one) == ("job", self.ID) else None
        )

    def test_the_request_is_what_the_user_told(self) -> None:
        """CreateJob under a new name; what the service wrote into the document is not sent back."""
        found = self.told()
        assert found.operation == "CreateJob"
        assert problems(found.request, JOB) == ""
        assert found.request["JobName"] == "mtrl-again"
        assert json.loads(found.request["JobConfigDocument"]) == self.DOCUMENT
        assert set(found.request) == {
            "JobCategory", "JobConfigDocument", "JobConfigSchemaVersion", "JobName", "RoleArn", "Tags"
        }  # fmt: skip

    def test_without_output_of_the_service_the_document_stays_as_it_is(self) -> None:
        """Byte by byte."""
        text = json.dumps(self.DOCUMENT, indent=3)
        assert self.told(text).request["JobConfigDocument"] == text

    @pytest.mark.parametrize("text", ["", "{", "[1]", "{" * 5_000])
    def test_a_document_that_cannot_be_read(self, text: str) -> None:
        """It is no request, and no failure."""
        assert self.told(text).verdict == "not possible"

    def test_what_stands_in_the_way(self) -> None:
        """The agent's code, the defaults of the day, the base model's version, data that nobody listed."""
        base = "arn:aws:sagemaker:r:aws:hub-content/SageMakerPublicHub/Model/qwen"
        found = self.told(
            graph=f"""
            arn:aws:lambda:r:1:function:f(code) -input_to:agent-> {self.ID}
            {base}/1.0.0(base_model_version) -input_to:base_model-> {self.ID}
            """
        )
        assert {(reason.part, reason.leaves) for reason in found.reasons} == {
            ("agent", "close"),
            ("base model", "close"),
            ("data (train)", "close"),
            ("values", "close"),
        }

    def test_an_agent_that_is_a_published_version_is_fixed(self) -> None:
        """A version of a function is immutable; what runs by another name can be another by now."""
        function = "arn:aws:lambda:r:1:function:f:7"
        found = self.told(graph=f"{function}(code) -input_to:agent-> {self.ID}")
        assert ("agent", function) in {(pin.part, pin.value) for pin in found.pins}
        assert "agent" not in {reason.part for reason in found.reasons}

    def test_data_by_state(self) -> None:
        """Channels are read in the document as in a training job."""
        graph = f"{WAS}(dataset_version) -input_to:train-> {self.ID}"
        assert ("data (train)", WAS) in {
            (p.part, p.value) for p in self.told(graph=graph, facts={WAS: {"attributes": {"current": True}}}).pins
        }

    def test_the_script_sends_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """By create_job, the document in its string."""
        sent: list[dict[str, Any]] = []
        client = SimpleNamespace(create_job=lambda **request: sent.append(request) or {"JobArn": "arn"})
        monkeypatch.setitem(sys.modules, "boto3", SimpleNamespace(client=lambda name, region_name: client))
        found = self.told()
        exec(compile(script(found), "again.py", "exec"), {"__name__": "__main__"})
        [request] = sent
        assert json.loads(request["JobConfigDocument"]) == self.DOCUMENT
        assert request | {"JobConfigDocument": ""} == dict(found.request) | {"JobConfigDocument": ""}

    def test_other_jobs_have_no_request(self) -> None:
        """An optimization job is not written as a request, and that is said."""
        graph = lineage("o(customization_job) -produced-> p/1(model_package)")
        with pytest.raises(UsageError, match="neither"):
            reproduce(graph, graph.assets["p/1"], lambda kind, one: None)


class TestCommit:
    def test_of_the_run_the_tags_and_the_package(self) -> None:
        """Each names a commit; an archive beside it can still have been overwritten."""
        graph = lineage(
            """
            s3://b/src.tar.gz(code) -input_to:code-> t(training_job) -recorded_in-> r(mlflow_run)
            t -produced-> p/1(model_package)
            git:https://x/y.git@0123456(code) -packaged_as:code-> p/1
            """,
            {
                "r": {"tags": {"mlflow.source.git.commit": "89abcdef", "mlflow.source.git.repoURL": "https://x/y.git"}},
                "t": {"tags": {"git_commit": "7654321", "commit": "latest"}},
            },
        )
        found = again(graph)
        assert [pin.value for pin in found.pins if pin.part == "code"] == [
            "commit 7654321",
            "git:https://x/y.git@0123456",
            "git:https://x/y.git@89abcdef",
        ]
        assert ("code", "close") in parts(found)


class TestJob:
    def test_a_clone_leads_to_the_job_of_the_original(self) -> None:
        """Whichever account the version was promoted to."""
        graph = lineage("t(training_job) -produced-> p/1(model_package) -copied_to-> prod/1(model_package)")
        assert again(graph, asset="prod/1").job.id == "t"

    def test_what_no_job_made(self) -> None:
        """An endpoint has no request; a version of unknown origin neither; of two jobs none is picked."""
        graph = lineage("""
            t(training_job) -produced-> p/1(model_package) -deployed_to-> e(endpoint)
            u(training_job) -produced-> p/1
            base(base_model) -base_of-> p/2(model_package)
        """)
        for asset in ("e", "p/1", "p/2"):
            with pytest.raises(UsageError):
                again(graph, asset=asset)

    def test_of_a_search_and_its_job_the_job_is_meant(self) -> None:
        """An AutoML job names the artifact of its best candidate; the candidate's training job made it."""
        graph = lineage("""
            t(training_job) -produced-> w(artifact) -packaged_as-> p/1(model_package)
            t -part_of-> auto(automl_job) -produced-> w
        """)
        assert again(graph, asset="p/1").job.id == "t"

    def test_of_a_job_that_made_it_and_one_that_may_have_the_first_is_meant(self) -> None:
        """Of two that may have none is, and nobody says that they did."""
        graph = lineage("t(training_job) -produced-> p/1(model_package)\nu(training_job) -produced~?-> p/1")
        assert again(graph, asset="p/1").job.id == "t"
        graph = lineage("t(training_job) -produced~?-> p/1(model_package)\nu(training_job) -produced~?-> p/1")
        with pytest.raises(UsageError, match="2 jobs may have made"):
            again(graph, asset="p/1")

    def test_a_job_that_may_have_made_it_is_told_as_that(self) -> None:
        """The request is one of a candidate; asked of the job itself there is no doubt."""
        graph = lineage("t(training_job) -produced~?-> p/1(model_package)")
        assert ("job", "close") in parts(again(graph, asset="p/1"))
        assert ("job", "close") not in parts(again(graph, asset="t"))

    def test_an_earlier_holder_of_the_name_is_another_job(self) -> None:
        """A name can be used again; the record of the newer job is not that of the older."""
        with pytest.raises(NotFound):
            again(lineage("t(training_job) -produced-> w(artifact)"), {"CreationTime": "2026-11-05T00:00:00Z"})


class TestVerdict:
    def test_exact(self) -> None:
        """An image by digest, data that has not changed, code by commit: nothing stands in the way."""
        graph = lineage(
            f"{WAS}(dataset_version) -input_to:train-> t(training_job)\n git:r@c(code) -input_to:code-> t",
            {WAS: {"attributes": {"current": True}}},
        )
        found = again(graph, {"InputDataConfig": [CHANNEL]}, records=(prefix(WAS, OLD, OLD),))
        assert (found.verdict, found.reasons) == ("exact", ())
        assert {pin.part for pin in found.pins} == {"code", "data (train)", "image"}
        assert [list(manifest.objects) for manifest in found.manifests] == [
            [{"Key": "d/train/a", "VersionId": "v1", "Size": 1, "ETag": "e1"}]
        ]

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ({"AlgorithmSpecification": {"TrainingImage": "x:1", "TrainingInputMode": "File"}}, "image"),
            ({"Environment": {"TOKEN": REDACTED}}, "values"),
            ({"CheckpointConfig": {"S3Uri": "s3://b/c/"}}, "checkpoints"),
            ({"InputDataConfig": [CHANNEL]}, "data (train)"),
        ],
    )
    def test_what_can_be_another_by_now(self, body: dict[str, Any], expected: str) -> None:
        """Each alone leaves it close."""
        assert parts(again(lineage("t(training_job) -produced-> w(artifact)"), body)) == [(expected, "close")]

    @pytest.mark.parametrize(
        ("graph", "expected"),
        [
            ("s3://b/src.tar.gz(code) -input_to:code-> t(training_job)", "code"),
            (
                "arn:aws:lambda:r:1:function:f:$LATEST(evaluator_version) -input_to:evaluator-> t(training_job)",
                "evaluator",
            ),
            ("arn:aws:lambda:r:1:function:f:7(evaluator_version) -input_to:evaluator~-> t(training_job)", "evaluator"),
            ("builtin:mmlu(evaluator) -input_to:evaluator-> t(training_job)", "evaluator"),
        ],
    )
    def test_what_is_not_fixed(self, graph: str, expected: str) -> None:
        """What can be overwritten, or names no version, leaves it close."""
        assert parts(again(lineage(graph))) == [(expected, "close")]

    @pytest.mark.parametrize("status", ["Stopped", "Failed"])
    def test_a_job_that_came_to_no_end_of_its_own(self, status: str) -> None:
        """The request would run to its end; how far the first had come it does not say."""
        assert parts(again(lineage("t(training_job)", {"t": {"status": status}}))) == [("job", "close")]

    def test_a_fixed_evaluator_is_no_reason(self) -> None:
        """A published version of a function is immutable."""
        graph = lineage("arn:aws:lambda:r:1:function:f:7(evaluator_version) -input_to:evaluator-> t(training_job)")
        assert again(graph).verdict == "exact"

    def test_a_source_model_that_is_gone(self) -> None:
        """Without it there is nothing to go on from."""
        graph = lineage("p/1(model_package) -input_to:source_model-> t(training_job)", {"p/1": {"gone_since": 3}})
        assert parts(again(graph)) == [("source model", "not possible")]

    def test_a_serverless_base_model_is_only_asked_for(self) -> None:
        """The service takes the latest; the newer one that is known is named."""
        base = "arn:aws:sagemaker:r:aws:hub-content/SageMakerPublicHub/Model/llama"
        graph = lineage(f"""
            {base}(base_model) -has_version-> {base}/1.0.0(base_model_version) -input_to:base_model-> t(training_job)
            {base} -has_version-> {base}/2.0.0(base_model_version)
        """)
        found = again(graph, {"ServerlessJobConfig": {"BaseModelArn": f"{base}/1.0.0", "JobType": "FineTuning"}})
        assert parts(found) == [("base model", "close")]
        assert f"{base}/2.0.0" in found.reasons[0].message
        assert [pin.part for pin in found.pins] == ["image"]

    def test_the_base_model_that_ran_is_told_by_what_came_of_it(self) -> None:
        """The package names the version that the service took, whatever was asked for."""
        base = "arn:aws:sagemaker:r:aws:hub-content/SageMakerPublicHub/Model/llama"
        graph = lineage(f"""
            {base}/1.0.0(base_model_version) -input_to:base_model-> t(training_job) -produced-> p/1(model_package)
            {base}/2.0.0(base_model_version) -base_of~-> p/1
        """)
        found = again(graph, {"ServerlessJobConfig": {"BaseModelArn": f"{base}/1.0.0", "JobType": "FineTuning"}})
        assert parts(found) == [("base model", "close")]
        assert [(pin.part, pin.value) for pin in found.pins if pin.part != "image"] == [("base model", f"{base}/2.0.0")]

    def test_what_a_tag_meant_where_models_were_served(self) -> None:
        """It need not have meant the same when the job ran: a lead, and no pin."""
        graph = lineage(f"""
            x:1(container_image) -input_to:image-> t(training_job)
            x:1 -packaged_as:image-> m(model)
            x:1@sha256:{"a" * 64}(container_image) -packaged_as:image~-> m
            y:1@sha256:{"b" * 64}(container_image) -packaged_as:image~-> m
        """)
        found = again(graph, {"AlgorithmSpecification": {"TrainingImage": "x:1", "TrainingInputMode": "File"}})
        assert parts(found) == [("image", "close")]
        assert f"from sha256:{'a' * 64}" in found.reasons[0].message
        assert "b" * 64 not in found.reasons[0].message
        assert found.pins == ()


class TestDriftedData:
    GRAPH = f"""
        s3://b/d/(dataset) -has_version-> {WAS}(dataset_version) -input_to:train-> t(training_job)
        s3://b/d/ -has_version-> {NOW}(dataset_version)
    """

    def told(
        self, versions: list[dict[str, Any]] | None, *records: Record, now: list[dict[str, Any]] = NEW
    ) -> Reproduction:
        facts = {
            WAS: {"attributes": {"current": False, "newest": OLD[0]["LastModified"], "fingerprint": WAS.split("@")[1]}},
            NOW: {"attributes": {"current": True}},
        }
        graph = lineage(self.GRAPH, facts)
        return again(graph, {"InputDataConfig": [CHANNEL]}, records=(prefix(NOW, now, versions), *records))

    def test_the_bucket_keeps_what_was_read(self) -> None:
        """Changed, but every object version is there: close, with the list."""
        found = self.told([*OLD, *NEW], prefix(WAS, OLD, OLD))
        assert parts(found) == [("data (train)", "close")]
        assert found.manifests[0].objects[0]["VersionId"] == "v1"

    def test_a_state_that_no_listing_showed_is_put_together(self) -> None:
        """From the object versions, and only if its digest is the one that was read."""
        assert self.told([*OLD, *NEW]).manifests[0].objects[0]["VersionId"] == "v1"
        assert self.told([item("d/train/a", "other", "v1"), *NEW]).verdict == "not possible"

    @pytest.mark.parametrize("versions", [None, [], NEW])
    def test_the_bucket_does_not_keep_it(self, versions: list[dict[str, Any]] | None) -> None:
        """No versions, or not that one: what was read is gone."""
        assert parts(self.told(versions, prefix(WAS, OLD, None))) == [("data (train)", "not possible")]

    @pytest.mark.parametrize(
        ("changed", "verdict"), [("2026-11-01T12:00:00Z", "close"), ("2026-11-09T00:00:00Z", "not possible")]
    )
    def test_what_a_registration_points_at(self, changed: str, verdict: str) -> None:
        """What had changed before the job started was not read as registered; what changed later, unkept, is gone."""
        arn = "arn:aws:sagemaker:r:1:hub-content/h/DataSet/chats/1.0.0"
        graph = lineage(
            f"""
            s3://b/d/(dataset) -has_version-> {WAS}(dataset_version) -content_of-> {arn}(dataset_version)
            s3://b/d/ -has_version-> {NOW}(dataset_version)
            {arn} -input_to:train-> t(training_job)
            """,
            {
                WAS: {"attributes": {"current": False, "newest": "2026-11-01T00:00:00Z"}},
                NOW: {"attributes": {"current": True, "newest": changed}},
            },
        )
        source = {"ChannelName": "train", "DataSource": {"DatasetSource": {"DatasetArn": arn}}}
        found = again(graph, {"InputDataConfig": [source]}, records=(prefix(WAS, OLD, OLD), prefix(NOW, NEW, NEW)))
        assert parts(found) == [("data (train)", verdict)]

    def test_a_change_elsewhere_under_the_prefix(self) -> None:
        """The dataset is another, what the channel reads of it is not."""
        assert self.told([], prefix(WAS, OLD, OLD), now=[*OLD, item("d/test/b", "e9", "v9")]).verdict == "exact"


class TestScript:
    HOSTILE = "'''\"\"\"\n#{x}\r\u2028\u202e<FILL OUT>\\"

    def test_it_sends_the_request_whatever_strangers_wrote(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Names are data in it, in code and in comments: run with a stand-in for boto3 it sends exactly the request."""
        graph = lineage("c(code) -input_to:code-> t(training_job)")
        found = again(
            graph, {"HyperParameters": {self.HOSTILE: self.HOSTILE}, "CheckpointConfig": {"S3Uri": self.HOSTILE}}
        )
        text = script(found)
        assert text.isascii()
        imports = [node for node in ast.parse(text).body if isinstance(node, ast.Import)]
        assert [name.name for node in imports for name in node.names] == ["json", "boto3"]
        sent: list[dict[str, Any]] = []
        client = SimpleNamespace(
            create_training_job=lambda **request: sent.append(request) or {"TrainingJobArn": "arn"}
        )
        monkeypatch.setitem(sys.modules, "boto3", SimpleNamespace(client=lambda name, region_name: client))
        exec(compile(text, "again.py", "exec"), {"__name__": "__main__"})
        assert sent == [found.request]

    def test_it_puts_the_data_back(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """With a bucket to copy to, the object versions go there and the channel reads there."""
        graph = lineage(
            f"{WAS}(dataset_version) -input_to:train-> t(training_job)", {WAS: {"attributes": {"current": True}}}
        )
        text = script(again(graph, {"InputDataConfig": [CHANNEL]}, records=(prefix(WAS, OLD, OLD),)))
        sent: list[Any] = []
        client = SimpleNamespace(
            create_training_job=lambda **request: sent.append(request) or {"TrainingJobArn": "arn"},
            copy=lambda *what: sent.append(what),
        )
        monkeypatch.setitem(sys.modules, "boto3", SimpleNamespace(client=lambda name, region_name: client))
        text = text.replace('COPY_TO = ""', 'COPY_TO = "mine"')
        exec(compile(text, "again.py", "exec"), {"__name__": "__main__"})
        copied, request = sent
        assert copied == ({"Bucket": "b", "Key": "d/train/a", "VersionId": "v1"}, "mine", "d/train/a")
        assert request["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] == "s3://mine/d/train/"

    def test_of_several_candidates_none_is_put_back(self) -> None:
        """Objects of two states mixed would be data that never was."""
        graph = lineage(
            f"""
            {WAS}(dataset_version) -input_to:train~?-> t(training_job)
            {NOW}(dataset_version) -input_to:train~?-> t
            """,
            {WAS: {"attributes": {"current": True}}, NOW: {"attributes": {"current": True}}},
        )
        found = again(graph, {"InputDataConfig": [CHANNEL]}, records=(prefix(WAS, OLD, OLD), prefix(NOW, NEW, NEW)))
        assert len(found.manifests) == 2
        assert "OBJECTS = {}" in script(found)

    def test_it_stops_at_what_was_redacted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """No job is started with a placeholder for a secret."""
        found = again(lineage("t(training_job) -produced-> w(artifact)"), {"Environment": {"TOKEN": REDACTED}})
        monkeypatch.setitem(sys.modules, "boto3", SimpleNamespace())
        with pytest.raises(SystemExit, match="fill in"):
            exec(compile(script(found), "again.py", "exec"), {"__name__": "__main__"})
