"""Manifests, metrics reports and results of evaluations in S3: read once, where the configuration lets them be read."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fact_records import Estate, asset
from tests.harvest.scripted import Visits, refused
from tests.policies import actions_in

from studbook.model import Evidence, Partition, Record
from studbook.model.facts import Manifest
from studbook.permissions import allowing, policy
from studbook.settings import Settings
from studbook.sources import s3_documents
from studbook.sources.s3 import S3, sample

DEV = "111111111111"
HERE = Partition(DEV, None, "s3")
SOURCE = S3()
ROLE = f"arn:aws:iam::{DEV}:role/StudbookReader"
JOB = f"arn:aws:sagemaker:us-west-2:{DEV}:training-job/j"
PACKAGE = f"arn:aws:sagemaker:us-west-2:{DEV}:model-package/bot/1"
WRITTEN = "2026-11-01T00:00:00Z"


def settings(*places: str, **more) -> Settings:
    return Settings.model_validate(
        {
            "accounts": [{"id": DEV, "regions": ["us-west-2"], "role_arn": ROLE}],
            "documents": [{"uri": place, "account": DEV} for place in places or ("s3://out/",)],
            **more,
        }
    )


def record(kind: str, record_id: str, body: dict, **more) -> Record:
    return Record(
        source="sagemaker", kind=kind, id=record_id, account=DEV, region="us-west-2", revision="", body=body, **more
    )


def manifest_job(uri: str = "s3://out/m.manifest", data_type: str = "ManifestFile") -> Record:
    place = {"S3DataSource": {"S3DataType": data_type, "S3Uri": uri}}
    return record("training_job", JOB, {"InputDataConfig": [{"ChannelName": "train", "DataSource": place}]})


def package(**more) -> Record:
    source = {"ContentType": "application/json", "S3Uri": "s3://out/metrics.json"}
    return record("model_package", PACKAGE, {"ModelMetrics": {"ModelQuality": {"Statistics": source}}}, **more)


def evaluation(status: str = "Completed") -> Record:
    body = {
        "TrainingJobName": "e",
        "TrainingJobStatus": status,
        "ServerlessJobConfig": {"JobType": "Evaluation"},
        "OutputDataConfig": {"S3OutputPath": "s3://out/eval"},
    }
    return record("training_job", JOB, body)


def answer(value: object) -> dict:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return {"LastModified": WRITTEN, "ETag": '"e1"', "ContentLength": len(raw), "Body": io.BytesIO(raw)}


def visited(tmp_path, script, *records, known=(), **configured):
    visits = Visits(tmp_path, settings(**configured))
    targets = tuple(SOURCE.plan(visits.settings, records).get(HERE, ()))
    visit = visits(script, partition=HERE, targets=targets, known={(one.kind, one.id): one for one in known})
    SOURCE.collect(visit)
    return visit, visits.sessions


class TestPlan:
    def test_nothing_is_read_unless_the_configuration_says_where(self):
        """Reading objects is a right of its own."""
        bare = Settings.model_validate({"accounts": [{"id": DEV, "regions": ["us-west-2"]}]})

        assert SOURCE.plan(bare, [manifest_job(), package(), evaluation()]) == {}

    def test_nothing_is_read_outside_of_the_places(self):
        """A record may name any URI; `s3://out` is no place of `s3://outside`."""
        elsewhere = manifest_job("s3://outside/m.manifest")

        assert SOURCE.plan(settings("s3://out/"), [elsewhere]) == {}

    @pytest.mark.parametrize(
        ("named", "role", "uri"),
        [
            (manifest_job(), "manifest", "s3://out/m.manifest"),
            (package(), "report", "s3://out/metrics.json"),
            (evaluation(), "results", "s3://out/eval/e/output/output/"),
        ],
    )
    def test_what_a_record_names(self, named, role, uri):
        """Manifests of channels, reports of packages, the place where a finished evaluation writes its results."""
        (target,) = SOURCE.plan(settings(), [named])[HERE]

        assert json.loads(target)[:2] == [role, uri]

    def test_an_evaluation_that_goes_on_has_no_results_yet(self):
        """Results are read once, so not before they are all there."""
        assert SOURCE.plan(settings(), [evaluation("InProgress")]) == {}

    def test_the_doctor_tries_one_of_each(self):
        """A thousand manifests in one bucket need one right."""
        many = [manifest_job(f"s3://out/{number}.manifest") for number in range(3)]

        assert len(sample(SOURCE.plan(settings(), [*many, package()])[HERE])) == 2


class TestCollect:
    def test_a_manifest_keeps_its_uris(self, tmp_path):
        """Each entry in the place where the file has it, with the prefix before it."""
        said = [{"prefix": "s3://data/chats/"}, "a.jsonl", "b.jsonl"]

        visit, sessions = visited(tmp_path, {"GetObject": answer(said)}, manifest_job())

        (kept,) = visit.seen.values()
        assert sessions.asked == [("GetObject", {"Bucket": "out", "Key": "m.manifest"})]
        assert kept.body["Body"] == ["s3://data/chats/", "s3://data/chats/a.jsonl", "s3://data/chats/b.jsonl"]
        assert visit.ledger.status == "complete"

    def test_an_augmented_manifest_keeps_references_alone(self, tmp_path):
        """A line's text and labels are somebody's data; what it refers to is lineage."""
        lines = b'{"source-ref": "s3://data/chats/a.png", "label": 3}\n{"source": "a secret letter"}\n'

        visit, _ = visited(tmp_path, {"GetObject": answer(lines)}, manifest_job(data_type="AugmentedManifestFile"))

        (kept,) = visit.seen.values()
        assert kept.body["Body"] == ["s3://data/chats/a.png", None]
        assert "letter" not in json.dumps(kept.body)

    def test_a_report_keeps_numbers_alone(self, tmp_path):
        """Values by dotted names; NaN, text and what lies around all of them are left out."""
        said = {"binary_classification_metrics": {"auc": {"value": 0.9, "standard_deviation": "NaN"}, "note": "x"}}

        visit, _ = visited(tmp_path, {"GetObject": answer(said)}, package())

        (kept,) = visit.seen.values()
        assert kept.body["Metrics"] == {"auc": 0.9}

    def test_results_are_found_below_the_output(self, tmp_path):
        """One listing, then each file of scores; details of single answers are not read."""
        listed = [
            {"Key": "eval/e/output/output/None/eval_results/results_1.json", "LastModified": WRITTEN},
            {"Key": "eval/e/output/output/None/details/0.parquet", "LastModified": WRITTEN},
        ]
        said = {"results": {"all": {"score": 0.5}}, "config_general": {"model_dtype": 3}}

        visit, sessions = visited(
            tmp_path, {"ListObjectsV2": {"Contents": listed}, "GetObject": answer(said)}, evaluation()
        )

        (kept,) = visit.seen.values()
        assert sessions.operations() == ["ListObjectsV2", "GetObject"]
        assert [item["Metrics"] for item in kept.body["Contents"]] == [{"score": 0.5}]

    def test_what_is_known_costs_nothing(self, tmp_path):
        """An unchanged night makes no call; when the package that named it is deleted, neither."""
        visit, _ = visited(tmp_path, {"GetObject": answer({"auc": 1})}, package())
        known = tuple(visit.seen.values())

        for named in (package(), package(gone_since=3)):
            again, sessions = visited(tmp_path, {}, named, known=known)
            assert sessions.asked == []
            assert tuple(again.seen.values()) == known

    def test_another_record_that_names_it_has_it_read_again(self, tmp_path):
        """A report that a second package names may have been written over for it."""
        visit, _ = visited(tmp_path, {"GetObject": answer({"auc": 1})}, package())
        second = replace(package(), id=f"{PACKAGE}1")

        again, sessions = visited(
            tmp_path, {"GetObject": answer({"auc": 2})}, package(), second, known=tuple(visit.seen.values())
        )

        assert sessions.operations() == ["GetObject"]
        assert next(iter(again.seen.values())).body["Metrics"] == {"auc": 2}

    def test_a_denied_document_is_a_gap(self, tmp_path):
        """Denied is never gone, and the next document is read all the same."""
        visit, _ = visited(tmp_path, {"GetObject": [refused("AccessDenied"), answer({"auc": 1})]},
                           manifest_job(), package())  # fmt: skip

        assert [key[0] for key in visit.seen] == ["s3_report"]
        assert visit.complete == {("s3_report", "s3://out/metrics.json")}
        assert visit.ledger.status == "partial"

    @pytest.mark.parametrize(("approval", "asked"), [("Approved", 1), ("PendingManualApproval", 0)])
    def test_approved_weights_are_asked_for_each_night(self, tmp_path, approval, asked):
        """Only S3 knows whether they were written again; the bytes are never read."""
        container = {"ModelDataUrl": "s3://out/w.tar.gz", "ModelDataETag": "e1"}
        body = {"ModelApprovalStatus": approval, "InferenceSpecification": {"Containers": [container]}}
        listing = {"Contents": [{"Key": "w.tar.gz", "ETag": '"e2"', "Size": 7, "LastModified": WRITTEN}]}
        said = record("model_package", PACKAGE, body)
        visit, sessions = visited(tmp_path / "one", {"ListObjectsV2": listing}, said)
        assert sessions.operations() == ["ListObjectsV2"] * asked
        if asked:
            again, sessions = visited(
                tmp_path / "two", {"ListObjectsV2": listing}, said, known=tuple(visit.seen.values())
            )
            assert sessions.operations() == ["ListObjectsV2"]
            assert again.seen == visit.seen

    def test_a_deleted_document_is_gone(self, tmp_path):
        """The object's absence was seen: that is no gap."""
        visit, _ = visited(tmp_path, {"GetObject": refused("NoSuchKey")}, package())

        assert visit.complete == {("s3_report", "s3://out/metrics.json")}
        assert SOURCE.scope(Record(source="s3", kind="s3_report", id="s3://out/metrics.json", account=DEV, region=None,
                                   revision="", body={})) == "s3://out/metrics.json"  # fmt: skip

    def test_too_large_a_document_is_noted_and_left(self, tmp_path):
        """The limit is the configuration's; the record says why there is nothing."""
        said = answer([{"prefix": "s3://data/"}, *("x" * 9 for _ in range(20))])

        visit, _ = visited(
            tmp_path, {"GetObject": said}, manifest_job(), sources={"s3": {"limits": {"document_bytes": 100}}}
        )

        (kept,) = visit.seen.values()
        assert "Body" not in kept.body
        (asset,) = SOURCE.normalize(kept).assets
        assert asset.attributes["expanded"] is False
        assert "document_bytes" in asset.attributes["not_read"]

    @given(raw=st.binary(max_size=60) | st.recursive(st.none() | st.integers() | st.text(max_size=5),
           lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)).map(
               lambda value: json.dumps(value).encode()))  # fmt: skip
    @pytest.mark.parametrize("named", [manifest_job(), manifest_job(data_type="AugmentedManifestFile"), package()])
    def test_whatever_a_stranger_wrote_is_no_failure(self, tmp_path_factory, named, raw):
        """Any bytes make a record and facts; without a manifest's form nothing is concluded."""
        visit, _ = visited(tmp_path_factory.mktemp("any"), {"GetObject": answer(raw)}, named)

        (kept,) = visit.seen.values()
        facts = SOURCE.normalize(kept)
        assert visit.ledger.status == "complete"
        assert not facts.edges
        assert all(uri.startswith("s3://") for claim in facts.claims for _, uri in claim.entries)


class TestNormalize:
    def document_record(self, kind: str, uri: str, **body) -> Record:
        named = [{"Id": JOB, "Evidence": "sagemaker:X#Y", "Record": f"sagemaker/training_job/{JOB}"}]
        return Record(source="s3", kind=kind, id=uri, account=DEV, region=None, revision="",
                      body={"Uri": uri, "NamedBy": named, "LastModified": WRITTEN, "ETag": "e", **body})  # fmt: skip

    def test_a_manifest_claims_its_entries(self):
        """The prefix is no entry; the evidence of each leads to its place in the file."""
        said = self.document_record(
            "s3_manifest", "s3://out/m", DataType="ManifestFile", Body=["s3://d/", "s3://d/a", "s3://d/b"]
        )

        facts = SOURCE.normalize(said)

        entries = tuple(
            (Evidence("s3:GetObject", f"Body[{index}]", "s3/s3_manifest/s3://out/m"), uri)
            for index, uri in ((1, "s3://d/a"), (2, "s3://d/b"))
        )
        assert facts.claims == [Manifest(uri="s3://out/m", modified=WRITTEN, entries=entries)]
        assert facts.assets[0].attributes["objects"] == 2

    def test_a_report_has_its_metrics(self):
        """The artifact that the package is described by tells them."""
        (asset,) = SOURCE.normalize(self.document_record("s3_report", "s3://out/r.json", Metrics={"auc": 0.9})).assets

        assert (asset.id, asset.kind, asset.attributes["metrics"]) == ("s3://out/r.json", "artifact", {"auc": 0.9})

    def test_weights_have_the_etag_of_today(self):
        """What the listing said; the package keeps the one of its registration."""
        (asset,) = SOURCE.normalize(self.document_record("s3_object", "s3://out/w.tar.gz", ETag="e2", Size=7)).assets

        assert (asset.id, asset.attributes["etag"], asset.modified_at) == ("s3://out/w.tar.gz", "e2", WRITTEN)

    def test_results_are_what_the_evaluation_produced(self):
        """Going by where the service writes them, so it is a conclusion; of an evaluation that nobody knows, none."""
        item = {"Key": "eval/e/x.json", "LastModified": WRITTEN, "ETag": "e", "Metrics": {"score": 0.5}}

        facts = SOURCE.normalize(self.document_record("s3_results", "s3://out/eval/", Contents=[item]))

        said = Estate().say(*facts.assets, claims=facts.claims)
        assert len(said.linked().edges) == 0
        (edge,) = said.say(asset("evaluation_job", JOB)).linked().edges
        assert (edge.source, edge.target, edge.role) == (JOB, "s3://out/eval/e/x.json", "results")
        assert edge.certainty == "inferred"
        assert set(map(str, edge.evidence)) == {
            f"sagemaker:X#Y of {JOB}",
            "s3:ListObjectsV2#Contents[0].Key of s3://out/eval/",
            "rule:evaluation-results",
        }
        assert facts.assets[0].attributes["metrics"] == {"score": 0.5}


class TestPolicy:
    def test_reading_is_allowed_where_it_is_configured_and_nowhere_else(self):
        """The printed policy has `s3:GetObject` on the places alone, and not at all without them."""
        assert "s3:GetObject" not in actions_in(policy(settings(documents=[])))
        (line,) = allowing(policy(settings("s3://out/eval/")), "s3:GetObject")

        assert line["Resource"] == ["arn:aws:s3:::out/eval/*"]

    def test_a_prefix_is_meant_literally(self):
        """`*`, `?` and `$` are legal in keys and would widen the policy."""
        (line,) = allowing(policy(settings("s3://out/a*b$c?/")), "s3:GetObject")

        assert line["Resource"] == ["arn:aws:s3:::out/a${*}b${$}c${?}/*"]


def test_every_role_has_a_record_kind():
    """A document's role decides how its record is read."""
    assert set(s3_documents.KINDS) == {"manifest", "report", "results", "weights"}
