"""What was registered or served from MLflow, by place and by URI."""

import pytest
from tests.fact_records import ACCOUNT, JOB, REGION, Estate, asset, job, lines

from studbook.model import Edge
from studbook.model.facts import MlflowPlace, MlflowUri, Reads, Weights

ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
PACKAGE, MODEL = f"{ARN}:model-package/fraud/1", f"{ARN}:model/m"
COMPONENT = f"{ARN}:inference-component/c"
LOGGED, RUN, VERSION = "mlflow:lab/logged-model/m-1", "mlflow:lab/run/r1", "mlflow:lab/model/fraud/1"
PLACE = "s3://art/models/m-1/artifacts"


def estate(*claims) -> Estate:
    """A run that made one logged model, and a version of that name."""
    lab = {"server": "lab"}
    shown = [
        asset("mlflow_logged_model", LOGGED, "model", attributes=lab),
        asset("mlflow_run", RUN, "r", attributes=lab),
        asset("mlflow_model_version", VERSION, "fraud 1", attributes=lab),
    ]
    made = Edge(source=RUN, target=LOGGED, relation="produced", certainty="referenced", evidence=("mlflow:x#y",))
    place = MlflowPlace(asset=LOGGED, uri=PLACE, evidence="mlflow:logged-models/search#info.artifact_uri")
    served = [asset("model_package", PACKAGE, "fraud 1"), asset("model", MODEL, "m")]
    served.append(asset("inference_component", COMPONENT, "c"))
    return Estate().say(*shown, *served, edges=[made], claims=[place, *claims])


def concluded(made: Estate) -> dict:
    return {
        (e.source, e.relation, e.target): (e.certainty, e.candidate)
        for e in made.linked().edges
        if {"rule:mlflow-uri", "rule:mlflow-place"} & set(lines(e))
    }


class TestPackages:
    @pytest.mark.parametrize(
        ("uri", "arrow"),
        [
            ("models:/m-1", (LOGGED, "packaged_as", PACKAGE)),
            ("models:/fraud/1", (VERSION, "registered_as", PACKAGE)),
            ("runs:/r1/model", (LOGGED, "packaged_as", PACKAGE)),
        ],
    )
    def test_by_uri(self, uri, arrow):
        """SourceUri names a logged model, a version or a run; no server, so it is inferred."""
        assert concluded(estate(MlflowUri(asset=PACKAGE, uri=uri, evidence="t:T#s"))) == {arrow: ("inferred", False)}

    def test_a_name_may_have_an_at_sign(self):
        """An alias has no number behind it."""
        version = asset("mlflow_model_version", "mlflow:lab/model/a%40b/1", "a@b 1", attributes={"server": "lab"})
        made = estate(MlflowUri(asset=PACKAGE, uri="models:/a@b/1", evidence="t:T#s")).say(version)

        assert concluded(made) == {(version.id, "registered_as", PACKAGE): ("inferred", False)}

    @pytest.mark.parametrize("uri", ["models:/fraud@champion", "models:/fraud/Production", "models:/other/1"])
    def test_an_alias_means_another_version_tomorrow(self, uri):
        """Nothing is concluded from it, nor from a name that nobody has."""
        assert concluded(estate(MlflowUri(asset=PACKAGE, uri=uri, evidence="t:T#s"))) == {}

    @pytest.mark.parametrize(("made", "candidate"), [("2026-11-02T10:00:00Z", False), ("2026-11-09T10:00:00Z", True)])
    def test_trap_a_registered_model_that_was_made_again_counts_from_one(self, made, candidate):
        """A version that is much younger than the package may be another one; a little, and it is a clock's error."""
        version = asset("mlflow_model_version", VERSION, "fraud 1", created_at=made, attributes={"server": "lab"})
        package = asset("model_package", PACKAGE, "fraud 1", created_at="2026-11-02T12:00:00Z")
        claim = MlflowUri(asset=PACKAGE, uri="models:/fraud/1", evidence="t:T#s")

        assert concluded(Estate().say(version, package, claims=[claim])) == {
            (VERSION, "registered_as", PACKAGE): ("inferred", candidate)
        }

    @pytest.mark.parametrize(("named_at", "meant"), [("2026-11-02T12:00:00Z", "old"), ("2026-11-20T12:00:00Z", "new")])
    def test_of_those_who_had_a_number_in_turn_the_one_of_then_is_meant(self, named_at, meant):
        """A registered model that was made again has a version of each number; a night showed what the earlier was."""
        ids = {"old": f"{VERSION}@1793527200000", "new": VERSION}
        versions = [
            asset("mlflow_model_version", ids[name], "fraud 1", created_at=made, attributes={"server": "lab"})
            for name, made in (("old", "2026-11-01T10:00:00Z"), ("new", "2026-11-09T10:00:00Z"))
        ]
        package = asset("model_package", PACKAGE, "fraud 1", created_at=named_at)
        claim = MlflowUri(asset=PACKAGE, uri="models:/fraud/1", evidence="t:T#s")

        assert concluded(Estate().say(*versions, package, claims=[claim])) == {
            (ids[meant], "registered_as", PACKAGE): ("inferred", False)
        }

    def test_servers_with_one_id_are_candidates(self):
        """Which of them is meant the record does not say."""
        made = estate(MlflowUri(asset=PACKAGE, uri="models:/m-1", evidence="t:T#s"))
        other = asset("mlflow_logged_model", LOGGED.replace("lab", "old"), attributes={"server": "old"})

        assert set(concluded(made.say(other)).values()) == {("inferred", True)}

    @pytest.mark.parametrize("uri", [PLACE, f"{PLACE}/", f"{PLACE}/model.tar.gz"])
    @pytest.mark.parametrize("user", [PACKAGE, MODEL, COMPONENT])
    def test_by_place(self, uri, user):
        """Who takes weights from where a logged model lies, or from below, serves that model."""
        found = concluded(estate(Weights(asset=user, uri=uri, evidence="t:T#w")))

        assert found == {(LOGGED, "packaged_as", user): ("inferred", False)}

    @pytest.mark.parametrize(
        ("uri", "at", "made", "edges"),
        [
            (PLACE, "2026-11-03T00:00:00Z", "2026-11-02T00:00:00Z", 1),
            (f"{PLACE}/model.pkl", "2026-11-03T00:00:00Z", "2026-11-02T00:00:00Z", 1),
            (PLACE, "2026-11-03T00:00:00Z", "2026-11-04T00:00:00Z", 0),
            ("s3://art/models/m-10/artifacts", "2026-11-03T00:00:00Z", "2026-11-02T00:00:00Z", 0),
        ],
    )
    def test_a_job_that_reads_there_reads_that_model(self, uri, at, made, edges):
        """Though it names a place alone; not before it was logged."""
        model = asset("mlflow_logged_model", LOGGED, "model", created_at=made, attributes={"server": "lab"})
        place = MlflowPlace(asset=LOGGED, uri=PLACE, evidence="mlflow:logged-models/search#info.artifact_uri")
        reads = Reads(reader=JOB, uri=uri, role="model", at=at, evidence="t:T#r")
        found = concluded(Estate().say(model, job(), claims=[place, reads]))
        assert found == ({(LOGGED, "input_to", JOB): ("inferred", False)} if edges else {})

    def test_letters_are_no_folder(self):
        """`m-1/artifacts2` is another place."""
        assert concluded(estate(Weights(asset=MODEL, uri=f"{PLACE}2/model.tar.gz", evidence="t:T#w"))) == {}


class TestVersions:
    def test_registered_by_the_place_of_a_logged_model(self):
        """On its own server; the place may have any scheme."""
        version = asset("mlflow_model_version", "mlflow:lab/model/wine/1", "wine 1", attributes={"server": "lab"})
        windows = "file:///C:/ml/models/m-1/artifacts"
        claims = [
            MlflowPlace(asset=LOGGED, uri=windows, evidence="mlflow:logged-models/search#info.artifact_uri"),
            MlflowUri(asset=version.id, uri=windows, server="lab", evidence="mlflow:model-versions/search#source"),
        ]

        assert concluded(estate(*claims).say(version)) == {(LOGGED, "registered_as", version.id): ("inferred", False)}

    @pytest.mark.parametrize(
        ("at", "edges"),
        [(PLACE, 1), ("gs://art/m-1", 1), ("dbfs:/art/m-1", 0), ("/art/m-1", 0), ("file:///art/m-1", 0)],
    )
    def test_a_registry_of_its_own_keeps_what_lies_on_another_server(self, at, edges):
        """By a place that is one for everybody; a path means each server's own disk."""
        version = asset("mlflow_model_version", "mlflow:reg/model/wine/1", "wine 1", attributes={"server": "reg"})
        claims = [
            MlflowPlace(asset=LOGGED, uri=at, evidence="mlflow:logged-models/search#info.artifact_uri"),
            MlflowUri(asset=version.id, uri=at, server="reg", evidence="mlflow:model-versions/search#source"),
        ]
        shown = asset("mlflow_logged_model", LOGGED, "model", attributes={"server": "lab"})

        found = concluded(Estate().say(shown, version, claims=claims))

        assert found == ({(LOGGED, "registered_as", version.id): ("inferred", False)} if edges else {})
