"""Names, Lambda qualifiers, shared artifacts, public models, MLflow names: what only the whole can tell."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.fact_records import ACCOUNT, JOB, REGION, Estate, asset, inputs, job

from studbook.lineage.link import LinkContext
from studbook.model import Asset, Claim, Edge, Evidence
from studbook.model.facts import (
    BaseModelName,
    ByName,
    EarlierFunction,
    LambdaUse,
    LatestAtStart,
    MlflowNames,
    ModelSourceTag,
    Output,
    Reads,
    Weights,
    Writes,
)

FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:judge"
PACKAGE = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/bot/1"
NOON = "2026-11-02T12:00:00Z"


def _edge(source: str, target: str, relation: str) -> Edge:
    return Edge(source=source, target=target, relation=relation, certainty="referenced", evidence=("t:T#t",))


class TestNames:
    CLAIM = ByName(
        kind="model",
        name="Bot",
        account=ACCOUNT,
        region=REGION,
        other=JOB,
        upstream=True,
        relation="deployed_to",
        evidence="t:T#n",
    )

    def test_a_listed_record_of_that_name_is_meant(self):
        """Name, account, region and type together are exact."""
        model = asset("model", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model/bot", "Bot")

        assert inputs(Estate().say(model, job(), claims=[self.CLAIM]).linked(), relation="deployed_to") == {
            model.id: ("referenced", False, set())
        }

    def test_the_same_name_in_another_account_is_not_meant(self):
        """A name without a listed record gets its ARN in lower case, and is unresolved."""
        stranger = asset("model", "arn:aws:sagemaker:us-west-2:999999999999:model/bot", "Bot", account="999999999999")

        linked = Estate().say(stranger, job(), claims=[self.CLAIM]).linked()
        named = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model/bot"

        assert set(inputs(linked, relation="deployed_to")) == {named}
        assert next(a for a in linked.assets if a.id == named).unresolved

    def test_trap_a_package_named_by_group_and_number(self):
        """`bot/1` is the listed version of that group, or the ARN that it would have."""
        version = asset("model_package", PACKAGE, "bot 1")
        claim = replace(self.CLAIM, kind="model_package", name="bot/1", relation="packaged_as")

        for said in ([version, job()], [job()]):
            assert set(inputs(Estate().say(*said, claims=[claim]).linked(), relation="packaged_as")) == {PACKAGE}


class TestHolders:
    """A name, and with it an ARN, may be given again."""

    ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
    MODEL, CONFIG, ENDPOINT = f"{ARN}:model/bot", f"{ARN}:endpoint-config/c", f"{ARN}:endpoint/e"
    EARLY, LATER = "2026-11-01T12:00:00Z", "2026-11-03T12:00:00Z"

    def test_a_version_is_of_the_group_that_was_there_when_it_was_registered(self):
        """A group that was deleted and made anew under its name has none of the versions before; where no night showed
        another, the name stands."""
        group = f"{self.ARN}:model-package-group/bot"
        known = asset("model_package_group", f"{group}@{self.EARLY}", "bot", created_at=self.EARLY)
        for earlier, holder in (([known], known.id), ([], group)):
            estate = Estate().say(*earlier, asset("model_package_group", group, "bot", created_at=self.LATER))
            for name, at in ((f"{PACKAGE}@{NOON}", NOON), (PACKAGE, "2026-11-04T12:00:00Z")):
                version = asset("model_package", name, "bot 1", created_at=at)
                estate.say(version, edges=[_edge(group, name, "has_version")])
            found = {edge.target: edge.source for edge in estate.linked().edges if edge.relation == "has_version"}
            assert found == {f"{PACKAGE}@{NOON}": holder, PACKAGE: group}

    def test_a_job_is_part_of_the_schedule_that_ran_it(self):
        """One that was made anew under its name ran none of the jobs before."""
        schedule = f"{self.ARN}:monitoring-schedule/s"
        known = asset("monitoring_schedule", f"{schedule}@{self.EARLY}", "s", created_at=self.EARLY)
        now = asset("monitoring_schedule", schedule, "s", created_at=self.LATER)
        for at, whole in ((NOON, known.id), ("2026-11-04T12:00:00Z", schedule)):
            linked = Estate().say(known, now, job(created_at=at), edges=[_edge(JOB, schedule, "part_of")]).linked()
            assert [edge.target for edge in linked.edges if edge.relation == "part_of"] == [whole]

    def test_a_job_wrote_to_the_feature_group_that_was_there(self):
        """It names the group alone, and one that was made after it is another."""
        group = f"{self.ARN}:feature-group/cards"
        known = asset("feature_group", f"{group}@{self.EARLY}", "cards", created_at=self.EARLY)
        now = asset("feature_group", group, "cards", created_at=self.LATER)
        claim = replace(self._claim("feature_group", "cards", JOB), upstream=False, relation="produced")
        for at, wrote in ((NOON, known.id), ("2026-11-04T12:00:00Z", group)):
            linked = Estate().say(known, now, job(created_at=at), claims=[claim]).linked()
            assert [edge.target for edge in linked.edges if edge.relation == "produced"] == [wrote]

    def _named_by(self, end: str, source: str, target: str, relation: str) -> Edge:
        """An edge that the record of one of its ends tells."""
        return replace(_edge(source, target, relation), evidence=(Evidence("t:T", "t", f"t/t/{end}"),))

    @pytest.mark.parametrize("seen", [True, False])
    def test_a_version_was_made_by_the_job_that_was_there(self, seen):
        """GeneratedBy names a job that was deleted, and another has its name since."""
        earlier, unseen = f"{JOB}@{self.EARLY}", f"{JOB}@before-{self.LATER}"
        known = [asset("training_job", earlier, "j", created_at=self.EARLY)] if seen else []
        version = asset("model_package", PACKAGE, "bot 1", created_at=NOON)
        edge = self._named_by(PACKAGE, JOB, PACKAGE, "produced")
        linked = Estate().say(job(created_at=self.LATER), version, *known, edges=[edge]).linked()

        found = inputs(linked, PACKAGE, "produced")
        assert found == {earlier if seen else unseen: ("inferred", False, {"rule:earlier-holder"})}

    def test_a_job_made_the_version_that_came_next(self):
        """It names the version that it registered; the group was deleted, and counts anew."""
        earlier = asset("model_package", f"{PACKAGE}@{NOON}", "bot 1", created_at=NOON)
        now = asset("model_package", PACKAGE, "bot 1", created_at=self.LATER)
        for at, version in ((self.EARLY, earlier.id), ("2026-11-03T11:00:00Z", PACKAGE)):
            edge = self._named_by(JOB, JOB, PACKAGE, "produced")
            linked = Estate().say(job(created_at=at), earlier, now, edges=[edge]).linked()
            assert [one.target for one in linked.edges if one.relation == "produced"] == [version]

    @pytest.mark.parametrize("kind", ["tuning_job", "automl_job", "mlflow_experiment"])
    def test_a_part_is_of_the_whole_that_was_there(self, kind):
        """Jobs of a search, and runs of an experiment, whose name or number was given again."""
        whole = "mlflow:lab/experiment/1" if kind == "mlflow_experiment" else f"{self.ARN}:{kind}/s"
        known, now = (
            asset(kind, f"{whole}@1", "s", created_at=self.EARLY),
            asset(kind, whole, "s", created_at=self.LATER),
        )
        for at, found in ((NOON, known.id), ("2026-11-04T12:00:00Z", whole)):
            edge = self._named_by(JOB, JOB, whole, "part_of")
            linked = Estate().say(known, now, job(created_at=at), edges=[edge]).linked()
            assert [edge.target for edge in linked.edges if edge.relation == "part_of"] == [found]

    @pytest.mark.parametrize(("life", "found"), [({}, 0), ({"gone_since": 2}, 1)])
    def test_a_run_that_is_there_is_in_the_experiment_that_is_there(self, life, found):
        """It may have been imported, and have begun before that; what went with the one before was of it."""
        whole, run = "mlflow:lab/experiment/1", "mlflow:lab/run/r"
        known = asset("mlflow_experiment", f"{whole}@1", "s", created_at=self.EARLY)
        now = asset("mlflow_experiment", whole, "s", created_at=self.LATER)
        estate = Estate().say(known, gone_since=2).say(now)
        edge = self._named_by(run, run, whole, "part_of")
        linked = estate.say(asset("mlflow_run", run, "r", created_at=NOON), edges=[edge], **life).linked()
        assert [edge.target for edge in linked.edges if edge.relation == "part_of"] == [(whole, known.id)[found]]

    def test_a_whole_names_the_part_that_came_next(self):
        """A step of an execution, and the best job of a search: the first of that name that was made after it."""
        run = asset("pipeline_execution", f"{self.ARN}:pipeline/p/execution/e", "e", created_at=NOON)
        earlier = asset("training_job", f"{JOB}@{NOON}", "j", created_at=NOON)
        for at, found in ((self.EARLY, JOB), (NOON, earlier.id)):
            known = earlier if at == NOON else earlier.but(created_at=at)
            edge = self._named_by(run.id, JOB, run.id, "part_of")
            linked = Estate().say(run, known, job(created_at=self.LATER), edges=[edge]).linked()
            assert [edge.source for edge in linked.edges if edge.relation == "part_of"] == [found]

    @pytest.mark.parametrize(("written", "now"), [(NOON, False), ("2026-11-04T12:00:00Z", True)])
    def test_a_card_is_about_the_model_that_was_there_when_it_was_written_last(self, written, now):
        """A model that was made anew under its name has no card yet."""
        model = asset("model", self.MODEL, "bot", created_at=self.LATER)
        card = asset("model_card", f"{self.ARN}:model-card/c", "c", created_at=self.EARLY, modified_at=written)
        linked = Estate().say(model, card, edges=[_edge(model.id, card.id, "described_by")]).linked()
        assert set(inputs(linked, card.id, "described_by")) == {
            self.MODEL if now else f"{self.MODEL}@before-{self.LATER}"
        }

    @pytest.mark.parametrize(("ended", "now"), [(NOON, False), (None, True), ("2026-11-04T12:00:00Z", True)])
    def test_a_job_asked_the_endpoint_that_was_there_before_it_ended(self, ended, now):
        """It may have made the endpoint itself; one that was made after its end it cannot have asked."""
        endpoint = asset("endpoint", self.ENDPOINT, "e", created_at=self.LATER)
        ran = job(created_at=self.EARLY, attributes={"ended_at": ended})
        linked = Estate().say(endpoint, ran, edges=[_edge(endpoint.id, JOB, "input_to")]).linked()
        assert set(inputs(linked)) == {endpoint.id if now else f"{endpoint.id}@before-{self.LATER}"}

    def _claim(self, kind: str, name: str, other: str) -> ByName:
        return replace(TestNames.CLAIM, kind=kind, name=name, other=other)

    def _found(self, *known, deployed: str = NOON, target: str = CONFIG) -> dict:
        model = asset("model", self.MODEL, "bot", created_at=self.LATER)
        config = asset("endpoint_config", self.CONFIG, "c", created_at=NOON)
        endpoint = asset("endpoint", self.ENDPOINT, "e", modified_at=deployed)
        claims = [self._claim("model", "bot", config.id), self._claim("endpoint_config", "c", endpoint.id)]
        said = Estate().say(model, config, endpoint, *known, claims=claims)
        assert self._forms(said.linked(), target) == self._forms(said.reversed(), target)
        return self._forms(said.linked(), target)

    def _forms(self, linked, target: str) -> dict:
        found = [edge for edge in linked.edges if (edge.target, edge.relation) == (target, "deployed_to")]
        return {edge.source: (edge.certainty, edge.candidate) for edge in found}

    def test_trap_what_was_made_later_was_not_meant(self):
        """The endpoint answers with a model of that name which no night showed."""
        assert self._found() == {f"{self.MODEL}@before-{self.LATER}": ("inferred", False)}

    def test_the_last_one_who_had_the_name_by_then_was_meant(self):
        """As far as a night showed it."""
        several = [
            asset("model", f"{self.MODEL}@{at}", "bot", created_at=at)
            for at in ("2026-10-01T12:00:00Z", self.EARLY, "2026-11-02T13:00:00Z")
        ]

        assert self._found(*several) == {f"{self.MODEL}@{self.EARLY}": ("inferred", False)}

    def test_a_configuration_that_was_deployed_again_may_mean_either(self):
        """Names are looked up when it is deployed."""
        assert self._found(deployed="2026-11-04T12:00:00Z") == {
            f"{self.MODEL}@before-{self.LATER}": ("inferred", True),
            self.MODEL: ("inferred", True),
        }

    def test_a_configuration_made_after_the_endpoint_changed_is_not_the_one_in_force(self):
        """So that what it names does not run there."""
        assert self._found(deployed=self.EARLY, target=self.ENDPOINT) == {
            f"{self.CONFIG}@before-{NOON}": ("inferred", False)
        }

    def test_an_arn_is_given_again_too(self):
        """A model was made of version 1 of a group that was deleted, and made again."""
        package = asset("model_package", PACKAGE, "bot 1", created_at=self.LATER)
        model = asset("model", self.MODEL, "bot", created_at=NOON)
        edge = _edge(package.id, model.id, "packaged_as")
        linked = Estate().say(package, model, edges=[edge]).linked()

        assert [(one.source, one.certainty) for one in linked.edges if one.target == model.id] == [
            (f"{PACKAGE}@before-{self.LATER}", "inferred")
        ]
        assert next(one for one in linked.assets if "@" in one.id).unresolved

    @pytest.mark.parametrize(("since", "source"), [(EARLY, PACKAGE), (LATER, f"{PACKAGE}@before-{LATER}")])
    def test_a_group_gives_no_number_again(self, since, source):
        """Where it was there before the model, its version 1 is the only one, whatever time its record has."""
        package = asset("model_package", PACKAGE, "bot 1", created_at=self.LATER)
        model = asset("model", self.MODEL, "bot", created_at=NOON)
        group = asset("model_package_group", f"{self.ARN}:model-package-group/bot", "bot", created_at=since)
        edge = _edge(package.id, model.id, "packaged_as")
        linked = Estate().say(package, model, group, edges=[edge]).linked()

        assert [one.source for one in linked.edges if one.target == model.id] == [source]

    @pytest.mark.parametrize("server", ["lab", "lab@team-a"])
    def test_a_number_in_mlflow_is_given_again_too(self, server):
        """A version was copied from version 1 of a registered model that was deleted, and made again: from the one that
        a night showed, else from one that none did."""
        named, by = f"mlflow:{server}/model/m/1", f"mlflow:{server}/model/promoted/1"
        copied = asset("mlflow_model_version", by, "promoted 1", created_at=NOON)
        present = asset("mlflow_model_version", named, "m 1", created_at=self.LATER)
        earlier = asset("mlflow_model_version", f"{named}@1793534400000", "m 1", created_at=self.EARLY)
        edge = _edge(named, by, "registered_as")

        for known, source in (([earlier], earlier.id), ([], f"{named}@before-{self.LATER}")):
            linked = Estate().say(copied, present, *known, edges=[edge]).linked()
            assert [
                (one.source, one.certainty)
                for one in linked.edges
                if (one.target, one.relation) == (by, "registered_as")
            ] == [(source, "inferred")]

    def test_a_version_is_of_the_registered_model_of_its_time(self):
        """The one that was made after it never had it."""
        model = "mlflow:lab/model/m"
        shown = [
            asset("mlflow_registered_model", model, "m", created_at=self.LATER),
            asset("mlflow_registered_model", f"{model}@1793534400000", "m", created_at=self.EARLY),
            asset("mlflow_model_version", f"{model}/1", "m 1", created_at=self.LATER),
            asset("mlflow_model_version", f"{model}/1@1793620800000", "m 1", created_at=NOON),
        ]
        edges = [_edge(model, version.id, "has_version") for version in shown[2:]]

        assert {
            (edge.source, edge.target)
            for edge in Estate().say(*shown, edges=edges).linked().edges
            if edge.relation == "has_version"
        } == {(model, f"{model}/1"), (f"{model}@1793534400000", f"{model}/1@1793620800000")}

    def test_what_stands_behind_an_endpoint_comes_and_goes(self):
        """A component is made after its endpoint."""
        component = asset("inference_component", f"{self.ARN}:inference-component/i", created_at=self.LATER)
        endpoint = asset("endpoint", self.ENDPOINT, "e", modified_at=NOON)
        edge = _edge(component.id, endpoint.id, "deployed_to")

        assert [one.source for one in Estate().say(component, endpoint, edges=[edge]).linked().edges] == [component.id]


class TestLambdaVersion:
    def _found(self, arn: str, *said) -> dict:
        use = LambdaUse(arn=arn, target=JOB, relation="input_to", role="evaluator", at=NOON, evidence="t:T#f")
        return inputs(
            Estate()
            .say(job(), *said, edges=[_edge(FUNCTION, a.id, "has_version") for a in said[1:]], claims=[use])
            .linked()
        )

    def test_a_number_is_exact(self):
        """A qualified ARN names its version."""
        assert self._found(f"{FUNCTION}:7") == {f"{FUNCTION}:7": ("referenced", False, set())}

    def test_an_alias_with_weights_means_two_versions(self):
        """Both are candidates."""
        function = asset(
            "evaluator", FUNCTION, attributes={"aliases_of_function": {"prod": {"version": "7", "weights": {"8": 0.1}}}}
        )

        assert self._found(f"{FUNCTION}:prod", function) == {
            f"{FUNCTION}:7": ("inferred", True, {"rule:lambda-alias"}),
            f"{FUNCTION}:8": ("inferred", True, {"rule:lambda-alias"}),
        }

    def test_an_alias_that_has_moved_since_means_nobody_knows_what(self):
        """It points at what was published after the job began."""
        told = {"aliases_of_function": {"prod": {"version": "7", "weights": {}}}}
        function = asset("evaluator", FUNCTION, attributes=told)
        version = asset("evaluator_version", f"{FUNCTION}:7", created_at="2026-11-02T13:00:00Z")

        assert self._found(f"{FUNCTION}:prod", function, version) == {
            FUNCTION: ("inferred", False, {"rule:lambda-alias"})
        }

    @pytest.mark.parametrize(
        ("first_seen", "versions"), [(1, {"7"}), (2, {"7"}), (3, {"7", "8"}), (4, {"8"}), (5, {"8", "6"}), (6, {"6"})]
    )
    def test_an_alias_is_what_it_was_when_its_user_was_first_seen(self, first_seen, versions):
        """It pointed at 7 until snapshot 3 showed 8, and at 8 until snapshot 5 showed 6: of who came with the night on
        which it had moved both are candidates."""

        def pointing(version: str) -> Asset:
            return asset(
                "evaluator", FUNCTION, attributes={"aliases_of_function": {"p": {"version": version, "weights": {}}}}
            )

        use = LambdaUse(
            arn=f"{FUNCTION}:p", target=JOB, relation="input_to", role="evaluator", at=NOON, evidence="t:T#f"
        )
        earlier = [
            EarlierFunction(function=FUNCTION, until=until, told=pointing(version), record=f"lambda/f/{until}")
            for until, version in ((5, "8"), (3, "7"))
        ]
        estate = Estate().say(job(), pointing("6"), claims=[use, *earlier])
        found = inputs(estate.linked(LinkContext(first_seen=lambda ids: dict.fromkeys(ids, first_seen))))
        assert found == {
            f"{FUNCTION}:{one}": ("inferred", len(versions) > 1, {"rule:lambda-alias"}) for one in versions
        }

    @pytest.mark.parametrize(
        ("earlier", "published", "found"),
        [
            ((), "2026-11-01T00:00:00Z", {":8"}),
            ((), "2026-11-03T00:00:00Z", {":8", ""}),
            (("7",), "2026-11-03T00:00:00Z", {":8", ":7"}),
        ],
    )
    def test_a_registered_evaluator_means_whatever_its_alias_means_then(self, earlier, published, found):
        """A job that names it asks the version of its own time: each that is known is a candidate, and one that is
        not where none was there when the evaluator was registered."""
        registered = asset("evaluator_version", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:hub-content/h/JsonDoc/e/1.0.0")
        told = {one: {"aliases_of_function": {"p": {"version": one, "weights": {}}}} for one in ("8", *earlier)}
        now = asset("evaluator", FUNCTION, attributes=told["8"])
        version = asset("evaluator_version", f"{FUNCTION}:8", created_at=published)
        use = LambdaUse(arn=f"{FUNCTION}:p", target=registered.id, relation="content_of", at=NOON, evidence="t:T#r")
        known = [
            EarlierFunction(function=FUNCTION, until=2, told=now.but(attributes=told[one]), record="lambda/f/2")
            for one in earlier
        ]
        estate = Estate().say(registered, now, version, claims=[use, *known])
        linked = estate.linked(LinkContext(first_seen=lambda ids: dict.fromkeys(ids, 1)))
        assert {one: candidate for one, (_, candidate, _) in inputs(linked, registered.id, "content_of").items()} == {
            f"{FUNCTION}{one}": len(found) > 1 for one in found
        }

    def test_code_that_was_overwritten_is_what_ran_before(self):
        """The night that first showed the job had the code of version 7 in $LATEST."""
        told = {"latest_code_sha256": "x"}
        then = asset("evaluator", FUNCTION, modified_at="2026-11-01T00:00:00Z", attributes=told)
        now = then.but(modified_at="2026-11-03T00:00:00Z", attributes={"latest_code_sha256": "y"})
        version = asset(
            "evaluator_version", f"{FUNCTION}:7", created_at="2026-11-01T00:00:01Z", attributes={"code_sha256": "x"}
        )
        use = LambdaUse(arn=FUNCTION, target=JOB, relation="input_to", role="evaluator", at=NOON, evidence="t:T#f")
        earlier = EarlierFunction(function=FUNCTION, until=2, told=then, record="lambda/f/2")
        estate = Estate().say(
            job(), now, version, edges=[_edge(FUNCTION, version.id, "has_version")], claims=[use, earlier]
        )
        for first_seen, meant in ((1, version.id), (2, f"{FUNCTION}:$LATEST")):
            linked = estate.linked(LinkContext(first_seen=lambda ids, night=first_seen: dict.fromkeys(ids, night)))
            assert set(inputs(linked)) == {meant}

    def test_without_a_qualifier_it_is_latest(self):
        """Nothing pins it."""
        assert self._found(FUNCTION) == {f"{FUNCTION}:$LATEST": ("inferred", False, {"rule:lambda-latest"})}

    def test_without_a_qualifier_a_published_version_can_be_proved(self):
        """$LATEST has had the code of version 7 since before the job."""
        function = asset(
            "evaluator", FUNCTION, modified_at="2026-11-01T00:00:00Z", attributes={"latest_code_sha256": "x"}
        )
        version = asset(
            "evaluator_version", f"{FUNCTION}:7", created_at="2026-11-01T00:00:01Z", attributes={"code_sha256": "x"}
        )

        assert self._found(FUNCTION, function, version) == {f"{FUNCTION}:7": ("inferred", False, {"rule:lambda-code"})}

    def test_other_layers_run_other_code(self):
        """The digest of the code says nothing of them."""
        told = {"latest_code_sha256": "x", "layers": ["arn:aws:lambda:us-west-2:111122223333:layer:metrics:4"]}
        function = asset("evaluator", FUNCTION, modified_at="2026-11-01T00:00:00Z", attributes=told)
        version = asset(
            "evaluator_version", f"{FUNCTION}:7", created_at="2026-11-01T00:00:01Z", attributes={"code_sha256": "x"}
        )

        assert set(self._found(FUNCTION, function, version)) == {f"{FUNCTION}:$LATEST"}

    def test_code_changed_since_proves_nothing(self):
        """What $LATEST was then is not what it is now."""
        function = asset(
            "evaluator", FUNCTION, modified_at="2026-11-03T00:00:00Z", attributes={"latest_code_sha256": "x"}
        )
        version = asset(
            "evaluator_version", f"{FUNCTION}:7", created_at="2026-11-01T00:00:01Z", attributes={"code_sha256": "x"}
        )

        assert set(self._found(FUNCTION, function, version)) == {f"{FUNCTION}:$LATEST"}


class TestSharedArtifacts:
    OUTPUT = Output(job=JOB, uri="s3://b/out/model.tar.gz", evidence="t:T#o")
    WEIGHTS = Weights(asset=PACKAGE, uri="s3://b/out/model.tar.gz", evidence="t:T#w")

    def _package(self, arn: str = PACKAGE, **fields):
        return asset("model_package", arn, **fields)

    def test_a_job_produced_the_package_that_holds_its_artifact(self):
        """The equal S3 place ties them where no record does."""
        linked = Estate().say(job(), self._package(), claims=[self.OUTPUT, self.WEIGHTS]).linked()

        assert inputs(linked, PACKAGE, "produced") == {JOB: ("inferred", False, {"rule:same-artifact"})}

    def test_what_was_registered_before_a_job_began_is_not_its(self):
        """Something else lay there then."""
        began, registered = job(created_at=NOON), self._package(created_at="2026-11-02T11:59:59Z")
        linked = Estate().say(began, registered, claims=[self.OUTPUT, self.WEIGHTS]).linked()

        assert inputs(linked, PACKAGE, "produced") == {}

    def test_nor_what_was_registered_while_it_waited_for_its_machines(self):
        """A job begins when it starts, and not when it is made: what walks say of its time, joins say."""
        waited = job(created_at="2026-11-02T09:00:00Z", attributes={"started_at": NOON})
        registered = self._package(created_at="2026-11-02T11:00:00Z")
        linked = Estate().say(waited, registered, claims=[self.OUTPUT, self.WEIGHTS]).linked()

        assert inputs(linked, PACKAGE, "produced") == {}

    def test_a_version_that_was_changed_later_is_of_no_later_job(self):
        """It was approved, for all that its record says: who wrote over its weights meanwhile did not make it."""
        began, earlier = job(created_at=NOON), asset("training_job", f"{JOB}-0", created_at="2026-11-01T12:00:00Z")
        version = self._package(created_at="2026-11-02T10:00:00Z", modified_at="2026-11-02T13:00:00Z")
        for others, found in (((), {}), ((earlier,), {earlier.id: ("inferred", False, {"rule:same-artifact"})})):
            claims = [self.WEIGHTS, *(replace(self.OUTPUT, job=one.id) for one in (began, *others))]
            linked = Estate().say(began, version, *others, claims=claims).linked()

            assert inputs(linked, PACKAGE, "produced") == found

    def test_a_place_that_was_written_over_makes_no_copy(self):
        """Both packages keep the ETag that their weights had, and it is another one."""
        uri, elsewhere = self.WEIGHTS.uri, f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/other/1"
        first = self._package(created_at=NOON, attributes={"etags": {uri: "a"}})
        claims = [self.WEIGHTS, replace(self.WEIGHTS, asset=elsewhere)]
        for etag, copies in (("a", {PACKAGE}), ("b", set())):
            kept = {"etags": {uri: etag}}
            later = self._package(elsewhere, created_at="2026-11-02T13:00:00Z", attributes=kept)
            linked = Estate().say(first, later, claims=claims).linked()

            assert set(inputs(linked, elsewhere, "copied_to")) == copies

    def test_trap_an_inference_pipeline_is_all_of_its_weights(self):
        """What two versions share, a first container say, makes neither the other, nor what serves it one of them."""
        first, last, other = (f"s3://b/{name}/model.tar.gz" for name in ("features", "scores", "other"))
        again = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/again/1"
        versions = [self._package(one, created_at=at) for one, at in ((PACKAGE, NOON), (again, "2026-11-02T13:00:00Z"))]
        model = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model/served"
        claims = [Weights(asset=PACKAGE, uri=uri, evidence="t:T#spec.w") for uri in (first, last)]
        claims += [Weights(asset=again, uri=uri, evidence="t:T#spec.w") for uri in (first, other)]
        claims.append(Weights(asset=again, uri="s3://b/compiled/model.tar.gz", evidence="t:T#another.w"))
        sure = ("inferred", False, {"rule:same-artifact"})
        for held, found in (
            ((first,), {}),
            ((first, last), {PACKAGE: sure}),
            ((other, first), {again: sure}),
            (("s3://b/compiled/model.tar.gz",), {again: sure}),
        ):
            of_model = [Weights(asset=model, uri=uri, evidence="t:T#m") for uri in held]
            linked = Estate().say(*versions, asset("model", model), claims=[*claims, *of_model]).linked()

            assert inputs(linked, again, "copied_to") == {}
            assert inputs(linked, model, "packaged_as") == found

    def test_each_weight_of_an_inference_pipeline_has_its_job(self):
        """Two jobs are candidates where both wrote to one place, not where each wrote its own."""
        uris = dict(zip((JOB, f"{JOB}-2"), ("s3://b/features/model.tar.gz", "s3://b/scores/model.tar.gz"), strict=True))
        claims = [Weights(asset=PACKAGE, uri=uri, evidence="t:T#spec.w") for uri in uris.values()]
        claims += [Output(job=one, uri=uri, evidence="t:T#o") for one, uri in uris.items()]
        linked = Estate().say(job(), asset("training_job", f"{JOB}-2"), self._package(), claims=claims).linked()

        assert inputs(linked, PACKAGE, "produced") == dict.fromkeys(uris, ("inferred", False, {"rule:same-artifact"}))

    def test_a_copy_may_be_copied(self):
        """The first of one place may itself say what it was copied from."""
        source, later = (f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/{one}/1" for one in ("src", "later"))
        first = self._package(created_at=NOON)
        copied = [_edge(source, PACKAGE, "copied_to")]
        claims = [self.WEIGHTS, replace(self.WEIGHTS, asset=later)]
        again = self._package(later, created_at="2026-11-02T13:00:00Z")
        linked = Estate().say(first, again, edges=copied, claims=claims).linked()

        assert inputs(linked, PACKAGE, "copied_to") == {source: ("referenced", False, set())}
        assert inputs(linked, later, "copied_to") == {PACKAGE: ("inferred", False, {"rule:same-weights"})}

    def test_an_exact_producer_needs_no_inference(self):
        """What the record says stands alone."""
        linked = (
            Estate()
            .say(job(), self._package(), edges=[_edge(JOB, PACKAGE, "produced")], claims=[self.OUTPUT, self.WEIGHTS])
            .linked()
        )

        assert inputs(linked, PACKAGE, "produced") == {JOB: ("referenced", False, set())}

    def test_an_adapter_belongs_to_the_package_around_its_place(self):
        """ArtifactUrl alone ties an adapter's component to its package."""
        component = asset("inference_component", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:inference-component/a")
        claims = [
            Weights(asset=PACKAGE, uri="s3://b/out/", evidence="t:T#w"),
            Weights(asset=component.id, uri="s3://b/out/model/checkpoints/hf/", evidence="t:T#c"),
        ]

        linked = Estate().say(self._package(), component, claims=claims).linked()

        assert inputs(linked, component.id, "deployed_to") == {PACKAGE: ("inferred", False, {"rule:adapter-artifact"})}

    def test_of_copies_the_one_in_the_users_account_is_deployed(self):
        """A clone and its source hold one artifact: no ambiguity of weights, and the rule says how it was narrowed."""
        source = self._package("arn:aws:sagemaker:us-west-2:999999999999:model-package/bot/9", account="999999999999")
        model = asset("model", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model/m")
        uri = "s3://b/out/"
        claims = [Weights(asset=a, uri=uri, evidence="t:T#w") for a in (source.id, PACKAGE, model.id)]

        linked = (
            Estate()
            .say(source, self._package(), model, edges=[_edge(source.id, PACKAGE, "copied_to")], claims=claims)
            .linked()
        )

        assert inputs(linked, model.id, "packaged_as") == {
            PACKAGE: ("inferred", False, {"rule:same-artifact", "rule:same-account"})
        }

    def test_a_copy_that_no_record_names_is_one_all_the_same(self):
        """The job made the first of two packages with the same weights, in two accounts, and not the later one, which
        is what a model of that account serves."""
        first = self._package(
            "arn:aws:sagemaker:us-west-2:999999999999:model-package/bot/9",
            account="999999999999",
            created_at="2026-11-02T13:00:00Z",
        )
        later = self._package(created_at="2026-11-03T13:00:00Z")
        model = asset("model", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model/m")
        claims = [Weights(asset=a, uri="s3://b/out/", evidence="t:T#w") for a in (first.id, PACKAGE, model.id)]
        output = Output(job=JOB, uri="s3://b/out/", evidence="t:T#o")

        linked = Estate().say(job(), first, later, model, claims=[*claims, output]).linked()

        assert inputs(linked, PACKAGE, "copied_to") == {first.id: ("inferred", False, {"rule:same-weights"})}
        assert inputs(linked, PACKAGE, "produced") == {}
        assert inputs(linked, first.id, "produced") == {JOB: ("inferred", False, {"rule:same-artifact"})}
        assert inputs(linked, model.id, "packaged_as") == {
            PACKAGE: ("inferred", False, {"rule:same-artifact", "rule:same-account"})
        }

    def test_trap_a_shared_draft_makes_no_copy(self):
        """Two models that add the same draft to their own weights are two models, and what serves one is not both."""
        other = self._package(f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/other/1", created_at=NOON)
        model = asset("model", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model/m")
        claims = [
            Weights(asset=one, uri="s3://cache/draft/", added=True, evidence="t:T#d")
            for one in (PACKAGE, other.id, model.id)
        ]
        drafted = Output(job=JOB, uri="s3://cache/draft/", evidence="t:T#o")

        linked = Estate().say(job(), self._package(created_at=NOON), other, model, claims=[*claims, drafted]).linked()

        assert [edge for edge in linked.edges if edge.relation != "has_version"] == []

    def test_trap_adapters_of_one_base_are_as_many_versions(self):
        """No version is a copy of another with another adapter; a model with one of the adapters is that version, and
        the base alone, as a model or as a component, is none."""
        other = self._package(f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/other/1", created_at=NOON)
        served = [asset("model", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model/{name}") for name in ("adapted", "base")]
        component = asset("inference_component", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:inference-component/base")
        users = [PACKAGE, other.id, *(one.id for one in (*served, component))]
        claims = [Weights(asset=one, uri="s3://b/base/", evidence="t:T#spec.b") for one in users]
        claims += [
            Weights(asset=one, uri=f"s3://b/{name}/", added=True, evidence="t:T#spec.a")
            for one, name in ((PACKAGE, "mine"), (other.id, "theirs"), (served[0].id, "mine"))
        ]

        linked = Estate().say(self._package(created_at=NOON), other, *served, component, claims=claims).linked()

        found = {edge.key[:3] for edge in linked.edges if edge.relation != "has_version"}
        assert found == {(PACKAGE, served[0].id, "packaged_as")}

    def test_what_is_added_to_weights_that_a_job_made_is_a_draft(self):
        """With or without it the version is the same: what serves the weights alone, or a part of them, runs it, and
        who registered them again has a copy."""
        again = self._package(f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/again/1", created_at=NOON)
        model = asset("model", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model/m")
        adapter = asset("inference_component", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:inference-component/a")
        claims = [
            Output(job=JOB, uri="s3://b/tuned/output/model.tar.gz", evidence="t:T#o"),
            Weights(asset=PACKAGE, uri="s3://b/tuned/", evidence="t:T#spec.b"),
            Weights(asset=PACKAGE, uri="s3://cache/draft/", added=True, evidence="t:T#spec.a"),
            Weights(asset=again.id, uri="s3://b/tuned/", evidence="t:T#spec.b"),
            Weights(asset=model.id, uri="s3://b/tuned/merged/", evidence="t:T#m"),
            Weights(asset=adapter.id, uri="s3://b/tuned/checkpoints/", evidence="t:T#c"),
        ]
        first = self._package(created_at="2026-11-01T12:00:00Z")

        linked = Estate().say(job(), first, again, model, adapter, claims=claims).linked()

        found = {edge.key[:3] for edge in linked.edges if edge.source == PACKAGE}
        assert found == {
            (PACKAGE, again.id, "copied_to"),
            (PACKAGE, model.id, "packaged_as"),
            (PACKAGE, adapter.id, "deployed_to"),
        }

    @pytest.mark.parametrize("bucket", ["jumpstart-cache-prod-us-west-2", "jumpstart-private-cache-prod-us-west-2"])
    def test_trap_weights_of_jumpstart_tie_nobody_to_anybody(self, bucket):
        """All of AWS takes them: who registers them copies nobody, and who serves or reads them does not know who has
        registered them; with the same adapter it is the same version."""
        other = self._package(f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/other/1", created_at=NOON)
        model = asset("model", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model/m")
        public = f"s3://{bucket}/llama/"
        claims = [Weights(asset=one, uri=public, evidence="t:T#spec.b") for one in (PACKAGE, other.id, model.id)]
        reads = Reads(reader=JOB, uri=public, relation="input_to", role="model", at=NOON, evidence="t:T#r")
        estate = Estate().say(job(), self._package(created_at=NOON), other, model, claims=[*claims, reads])

        assert {key.relation for edge in estate.linked().edges if PACKAGE in (key := edge.key)} == {"has_version"}

        adapter = [
            Weights(asset=one, uri="s3://b/mine/", added=True, evidence="t:T#spec.a") for one in (PACKAGE, model.id)
        ]
        assert set(inputs(estate.say(claims=adapter).linked(), model.id, "packaged_as")) == {PACKAGE}

    def test_an_added_adapter_ties_what_serves_it_alone(self):
        """A component whose weights a package adds to the base belongs to that package."""
        component = asset("inference_component", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:inference-component/a")
        claims = [
            Weights(asset=PACKAGE, uri="s3://b/adapter/", added=True, evidence="t:T#w"),
            Weights(asset=component.id, uri="s3://b/adapter/", evidence="t:T#c"),
        ]

        linked = Estate().say(self._package(), component, claims=claims).linked()

        assert set(inputs(linked, component.id, "deployed_to")) == {PACKAGE}

    def test_unrelated_packages_of_one_place_are_candidates(self):
        """Two registrations that no copy joins are never picked from."""
        other = self._package(f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/bot/2")
        model = asset("model", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model/m")
        claims = [Weights(asset=a, uri="s3://b/out/", evidence="t:T#w") for a in (PACKAGE, other.id, model.id)]

        found = inputs(Estate().say(self._package(), other, model, claims=claims).linked(), model.id, "packaged_as")

        assert {source: candidate for source, (_, candidate, _) in found.items()} == {PACKAGE: True, other.id: True}

    def test_a_package_registered_again_elsewhere_is_a_copy(self):
        """Same weights, other account, no SourceUri: the later comes from the earlier."""
        first = self._package(created_at="2026-11-01T00:00:00Z")
        later = self._package(
            "arn:aws:sagemaker:us-west-2:999999999999:model-package/bot/1",
            account="999999999999",
            created_at="2026-11-02T00:00:00Z",
        )
        claims = [Weights(asset=a.id, uri="s3://b/out/", evidence="t:T#w") for a in (first, later)]

        assert inputs(Estate().say(first, later, claims=claims).linked(), later.id, "copied_to") == {
            PACKAGE: ("inferred", False, {"rule:same-weights"})
        }


class TestModelSourceTag:
    MODEL = asset("model", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model/m")
    TAG = ModelSourceTag(model=MODEL.id, package=PACKAGE, evidence='t:T#Tags["model-source"]')

    def _found(self, *claims):
        return inputs(
            Estate().say(asset("model_package", PACKAGE), self.MODEL, claims=[self.TAG, *claims]).linked(),
            self.MODEL.id,
            "packaged_as",
        )

    def test_a_model_without_weights_of_its_own_is_the_package(self):
        """Restricted packages show no S3 place; the tag is all there is."""
        assert self._found() == {PACKAGE: ("inferred", False, {"rule:model-source-tag"})}

    def test_the_base_model_under_an_adapter_is_not_the_package(self):
        """The SDK tags the model of the base weights with the adapter's package."""
        base = Weights(asset=self.MODEL.id, uri="s3://public/base/", evidence="t:T#b")
        adapter = Weights(asset=PACKAGE, uri="s3://b/out/", evidence="t:T#w")

        assert self._found(base, adapter) == {}

    def test_the_base_of_an_adapter_that_names_it_is_not_the_package(self):
        """Nor where the package says which base its adapter is for."""
        base = Weights(asset=self.MODEL.id, uri="s3://b/base/", evidence="t:T#b")
        own = replace(base, asset=PACKAGE, evidence="t:T#spec.b")
        adapter = Weights(asset=PACKAGE, uri="s3://b/out/", added=True, evidence="t:T#spec.a")

        assert self._found(base, own, adapter) == {}
        assert self._found(base, own, adapter, replace(adapter, asset=self.MODEL.id)) != {}


class TestPublicModels:
    PUBLIC = "arn:aws:sagemaker:{}:aws:hub-content/SageMakerPublicHub/Model/llama/1.0.0"
    CLAIM = BaseModelName(
        package=PACKAGE, name="llama", version="1.0.0", account=ACCOUNT, region=REGION, evidence=("t:T#n", "t:T#v")
    )

    def test_a_base_model_by_name_is_the_public_hubs(self):
        """The package names no hub."""
        linked = Estate().say(asset("model_package", PACKAGE), claims=[self.CLAIM]).linked()

        assert inputs(linked, PACKAGE, "base_of") == {
            self.PUBLIC.format(REGION): ("inferred", False, {"rule:public-hub"})
        }

    def test_trap_a_base_model_named_without_its_version(self):
        """Nobody knows which version it was, so the edge comes from the model without one."""
        claim = BaseModelName(
            package=PACKAGE, name="llama", version=None, account=ACCOUNT, region=REGION, evidence=("t:T#n",)
        )
        public = f"arn:aws:sagemaker:{REGION}:aws:hub-content/SageMakerPublicHub/Model/llama"
        linked = Estate().say(asset("model_package", PACKAGE), claims=[claim]).linked()
        assert set(inputs(linked, PACKAGE, "base_of")) == {public}

        own = asset("base_model_version", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:hub-content/mine/Model/llama/2.0.0")
        linked = Estate().say(asset("model_package", PACKAGE), own, claims=[claim]).linked()
        assert set(inputs(linked, PACKAGE, "base_of")) == {own.id.rpartition("/")[0]}

    def test_a_private_hubs_content_of_that_name_comes_first(self):
        """In the package's own account and region."""
        private = asset(
            "base_model_version", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:hub-content/curated/Model/llama/1.0.0"
        )

        linked = Estate().say(asset("model_package", PACKAGE), private, claims=[self.CLAIM]).linked()

        assert set(inputs(linked, PACKAGE, "base_of")) == {private.id}

    def test_a_name_in_another_case_is_the_same(self):
        """In a private hub; and in the public one, which another record names by its ARN, or nobody does."""
        private = asset(
            "base_model_version", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:hub-content/curated/Model/Llama/1.0.0"
        )
        other = replace(self.CLAIM, name="LLAMA")
        linked = Estate().say(asset("model_package", PACKAGE), private, claims=[other]).linked()
        assert set(inputs(linked, PACKAGE, "base_of")) == {private.id}

        public = self.PUBLIC.format(REGION)
        for known in (public.replace("llama", "Llama"), None):
            edges = [_edge(known, JOB, "input_to")] if known else []
            linked = Estate().say(asset("model_package", PACKAGE), job(), edges=edges, claims=[other]).linked()
            assert set(inputs(linked, PACKAGE, "base_of")) == {known or public}

    def test_the_parent_of_a_version_in_another_case_is_the_same(self):
        """A version that is there no more, as somebody wrote it: its model is the one that others are versions of."""
        arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:hub-content/curated/Model"
        model, version = asset("base_model", f"{arn}/Llama"), f"{arn}/LLAMA/0.9.0"
        linked = Estate().say(model, job(), edges=[_edge(version, JOB, "input_to")]).linked()
        assert set(inputs(linked, version, "has_version")) == {model.id}

    def test_one_public_model_in_two_regions_is_the_same(self):
        """From the smaller id to the larger, between versions."""
        east, west = self.PUBLIC.format("us-east-1"), self.PUBLIC.format("us-west-2")
        edges = [_edge(east, JOB, "input_to"), _edge(west, JOB, "input_to")]

        linked = Estate().say(job(), edges=edges).linked()

        assert inputs(linked, west, "same_as") == {east: ("inferred", False, {"rule:public-regions"})}
        assert inputs(linked, east, "same_as") == {}


class TestTimes:
    CONTENT = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:hub-content/h/DataSet/d"

    def test_no_version_means_the_latest_at_the_start(self):
        """Never the latest now."""
        versions = [
            asset("dataset_version", f"{self.CONTENT}/{n}.0.0", created_at=f"2026-11-0{n}T00:00:00Z") for n in (1, 2, 3)
        ]
        claim = LatestAtStart(content=self.CONTENT, reader=JOB, role="train", at=NOON, evidence="t:T#d")
        edges = [_edge(self.CONTENT, version.id, "has_version") for version in versions]

        assert inputs(Estate().say(job(), *versions, edges=edges, claims=[claim]).linked()) == {
            versions[1].id: ("inferred", False, {"rule:latest-at-start"})
        }

    @pytest.mark.parametrize("status", ["ImportFailed", "Importing"])
    def test_a_version_that_never_came_is_not_the_latest(self, status):
        """Its record stays, and nobody can have read it."""
        old = asset("dataset_version", f"{self.CONTENT}/1.0.0", created_at="2026-11-01T00:00:00Z", status="Available")
        new = asset("dataset_version", f"{self.CONTENT}/2.0.0", created_at="2026-11-02T00:00:00Z", status=status)
        claim = LatestAtStart(content=self.CONTENT, reader=JOB, role="train", at=NOON, evidence="t:T#d")
        edges = [_edge(self.CONTENT, version.id, "has_version") for version in (old, new)]
        assert set(inputs(Estate().say(job(), old, new, edges=edges, claims=[claim]).linked())) == {old.id}

    def test_several_versions_registered_at_one_place_are_candidates(self):
        """A plain S3 URI does not say which version of the dataset was meant."""
        versions = [f"{self.CONTENT}/{n}.0.0" for n in (1, 2)]
        claims = [
            Reads(reader=v, uri="s3://b/d.jsonl", relation="content_of", data_type="Object", evidence="t:T#p")
            for v in versions
        ]
        claims.append(Reads(reader=JOB, uri="s3://b/d.jsonl", role="train", at=NOON, evidence="t:T#u"))

        found = inputs(Estate().say(job(), claims=claims).linked())

        assert {v: found[v] for v in versions} == {
            v: ("inferred", True, {"rule:registered-location"}) for v in versions
        }

    def test_a_run_by_name_is_inferred_and_two_are_candidates(self):
        """Run names are not unique."""
        experiment = asset("mlflow_experiment", "mlflow:lab/experiment/1", "bot")
        runs = [asset("mlflow_run", f"mlflow:lab/run/{n}", "r", attributes={"server": "lab"}) for n in "ab"]
        claim = MlflowNames(job=JOB, server="lab", experiment="bot", run="r", evidence=("t:T#e", "t:T#r"))
        edges = [_edge(run.id, experiment.id, "part_of") for run in runs]

        linked = Estate().say(job(), experiment, *runs, edges=edges, claims=[claim]).linked()

        assert [edge.candidate for edge in linked.edges if edge.relation == "recorded_in"] == [True, True]

    @pytest.mark.parametrize(
        ("began", "experiment", "found"),
        [
            ("2026-11-02T12:30:00Z", "bot", [False]),
            ("2026-11-02T12:30:00Z", "kept", [True]),
            ("2026-11-02T11:30:00Z", "bot", [False]),
            ("2026-11-02T11:30:00Z", "kept", []),
            ("2026-11-02T13:00:01Z", "bot", []),
            ("2026-11-02T13:00:01Z", "kept", []),
        ],
    )
    def test_a_run_by_name_is_the_jobs_if_it_began_by_then(self, began, experiment, found):
        """A run that was moved to another experiment is found by its time, as a candidate; and of a run that is gone,
        the next one of its name is another job's."""
        of_run = asset("mlflow_experiment", "mlflow:lab/experiment/1", experiment)
        run = asset("mlflow_run", "mlflow:lab/run/a", "r", attributes={"server": "lab"}, created_at=began)
        claim = MlflowNames(job=JOB, server="lab", experiment="bot", run="r", evidence=("t:T#e", "t:T#r"))
        ran = job(created_at=NOON, attributes={"ended_at": "2026-11-02T13:00:00Z"})
        edges = [_edge(run.id, of_run.id, "part_of")]

        linked = Estate().say(ran, of_run, run, edges=edges, claims=[claim]).linked()

        assert [edge.candidate for edge in linked.edges if edge.relation == "recorded_in"] == found


class TestFolderOfWeights:
    """A model that serves a folder inside a version's serves that version, if it was there when it was registered."""

    ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
    PACKAGE, COPY = f"{ARN}:model-package/first/1", f"{ARN}:model-package/second/1"
    MODEL, COMPONENT = f"{ARN}:model/m", f"{ARN}:inference-component/c"
    THERE = "s3://w/first/tuned/output/model.tar.gz"

    def versions(self, *jobs_at: str, claims: Sequence[Claim] = (), user: str = MODEL, wrote: str = THERE) -> list[str]:
        """The versions that the model serves, where jobs that began at these times wrote what it serves."""
        shown = [asset("model_package", self.PACKAGE, created_at="2026-11-02T12:00:00Z")]
        shown += [asset("model_package", self.COPY, created_at="2026-11-04T12:00:00Z")]
        shown += [asset("model", self.MODEL), asset("inference_component", self.COMPONENT)]
        jobs = [asset("training_job", f"{self.ARN}:training-job/{n}", created_at=at) for n, at in enumerate(jobs_at)]
        told = [Output(job=one.id, uri=wrote, evidence="t:T#o") for one in jobs]
        told += [Weights(asset=self.PACKAGE, uri="s3://w/first/", evidence="t:T#p")]
        told += [Weights(asset=user, uri=self.THERE, evidence="t:T#m")]
        linked = Estate().say(*shown, *jobs, claims=[*told, *claims]).linked()
        return [
            edge.source for edge in linked.edges if edge.target == user and edge.source in (self.PACKAGE, self.COPY)
        ]

    def test_a_part_that_was_there(self):
        """Whoever wrote it."""
        assert self.versions() == [self.PACKAGE]
        assert self.versions("2026-11-01T12:00:00Z") == [self.PACKAGE]

    def test_what_a_later_job_wrote_there_is_another_model(self):
        """One that was trained from the version, say: to be trained from is not to run."""
        assert self.versions("2026-11-03T12:00:00Z") == []

    def test_whatever_uses_it_and_whatever_it_says_of_itself(self):
        """An adapter's component, and a model with the SDK's tag of the version."""
        assert self.versions(user=self.COMPONENT) == [self.PACKAGE]
        assert self.versions("2026-11-03T12:00:00Z", user=self.COMPONENT) == []
        tag = ModelSourceTag(model=self.MODEL, package=self.PACKAGE, evidence='t:T#Tags["model-source"]')
        assert self.versions(claims=[tag]) == [self.PACKAGE]
        assert self.versions("2026-11-03T12:00:00Z", claims=[tag]) == []

    def test_whoever_wrote_it(self):
        """Also a job that makes no model of its own, but was told where to write what it converts."""
        life = {"began": "2026-11-03T12:00:00Z", "ended": None, "evidence": "t:T#w"}
        converts = Writes(writer=f"{self.ARN}:training-job/0", uri="s3://w/first/tuned/", role="converted", **life)
        assert self.versions("2026-11-03T12:00:00Z", claims=[converts], wrote="s3://elsewhere/") == []

    def test_nor_is_it_a_part_of_a_copy_that_is_registered_after_the_job(self):
        """A copy holds what its original did."""
        copy = Weights(asset=self.COPY, uri="s3://w/first/", evidence="t:T#c")
        assert self.versions("2026-11-03T12:00:00Z", claims=[copy]) == []
        assert set(self.versions("2026-11-01T12:00:00Z", claims=[copy])) == {self.PACKAGE, self.COPY}

    def test_what_was_written_again_may_have_been_there(self):
        """The model may serve what was there at registration."""
        assert self.versions("2026-11-01T12:00:00Z", "2026-11-03T12:00:00Z") == [self.PACKAGE]
