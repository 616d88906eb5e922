"""What the Lineage API declares, beside what the records tell."""

from dataclasses import replace

import pytest
from tests.fact_records import ACCOUNT, JOB, REGION, Estate, asset, item, job, lines, state

from studbook.lineage.link import LinkContext
from studbook.model import Edge
from studbook.model.facts import Association, DeployedBy, LineageEntity, Reads, RunBehind
from studbook.settings import Settings

HERE = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:"
PLACE = "s3://data/chat/train.jsonl"
ARTIFACT, OTHER = f"{HERE}artifact/a1", f"{HERE}artifact/a2"
COMPONENT = f"{HERE}experiment-trial-component/j"
ACTION, SECOND = f"{HERE}action/e1", f"{HERE}action/e2"
PACKAGE = f"{HERE}model-package/bot/1"
LISTED = "sagemaker:ListAssociations#SourceArn"
CHATS = LinkContext.of(Settings.model_validate({"datasets": [{"uri": "s3://data/chat/"}]}))


def entity(arn, asset_id, kind=None):
    return LineageEntity(arn=arn, id=asset_id, type=kind, evidence=("sagemaker:ListArtifacts#Source.SourceUri",))


def said(source, destination, kind="ContributedTo"):
    return Association(source=source, destination=destination, type=kind, evidence=(LISTED,))


def edge(source, target, relation, role=None, certainty="referenced"):
    return Edge(
        source=source, target=target, relation=relation, role=role, certainty=certainty, evidence=("t:T#t", "rule:x")
    )


TC = entity(COMPONENT, JOB)
FILE = entity(ARTIFACT, PLACE, "DataSet")


def linked(*claims, edges=(), assets=(), context=None):
    return Estate().say(job(), *assets, edges=edges, claims=[TC, *claims]).linked(context)


def found(lineage, relation=None):
    return {
        (e.source, e.relation, e.target, e.role): (e.certainty, e.candidate)
        for e in lineage.edges
        if relation in (None, e.relation)
    }


def proof(lineage, source, target):
    (one,) = [e for e in lineage.edges if (e.source, e.target) == (source, target)]
    return one.certainty, LISTED in lines(one)


def attributes(lineage, asset_id):
    return next(a.attributes for a in lineage.assets if a.id == asset_id)


class TestRelations:
    @pytest.mark.parametrize(
        ("claim", "arrow"),
        [
            (said(ARTIFACT, COMPONENT, "ContributedTo"), (PLACE, "input_to", JOB, None)),
            (said(ARTIFACT, COMPONENT, "AssociatedWith"), (PLACE, "input_to", JOB, None)),
            (said(COMPONENT, ARTIFACT, "Produced"), (JOB, "produced", PLACE, None)),
            (said(ARTIFACT, COMPONENT, "DerivedFrom"), (JOB, "produced", PLACE, None)),
            (said(ARTIFACT, ACTION, "ContributedTo"), (PLACE, "associated", ACTION, "ContributedTo")),
            (said(ARTIFACT, ACTION, None), (PLACE, "associated", ACTION, None)),
            (said(ARTIFACT, OTHER, "SameAs"), (OTHER, "same_as", PLACE, None)),
        ],
    )
    def test_each_type(self, claim, arrow):
        """Into a job an input, out of it an output, one thing twice, or merely associated; always declared."""
        assert found(linked(FILE, claim)) == {arrow: ("declared", False)}

    def test_a_job_and_its_own_trial_component(self):
        """What is associated with itself says nothing."""
        assert found(linked(said(COMPONENT, JOB))) == {}


class TestMerging:
    def test_arns_become_aliases(self):
        """Two artifacts of one URI are one asset with two names; the job has its trial component's."""
        lineage = linked(FILE, entity(OTHER, PLACE), said(ARTIFACT, COMPONENT), said(OTHER, COMPONENT))

        assert attributes(lineage, PLACE)["aliases"] == [ARTIFACT, OTHER]
        assert attributes(lineage, JOB)["aliases"] == [COMPONENT]
        assert found(lineage) == {(PLACE, "input_to", JOB, None): ("declared", False)}

    def test_an_arn_that_stands_for_two_assets(self):
        """Both are kept as candidates; none is picked."""
        lineage = linked(FILE, entity(ARTIFACT, "s3://data/other"), said(ARTIFACT, COMPONENT))

        assert set(found(lineage).values()) == {("declared", True)}
        assert len(found(lineage)) == 2

    def test_an_association_of_an_edge_that_is_there_is_more_evidence_of_it(self):
        """Whatever its role; an inference that is declared is sure."""
        lineage = linked(FILE, said(ARTIFACT, COMPONENT), edges=[edge(PLACE, JOB, "input_to", "train", "inferred")])

        assert found(lineage) == {(PLACE, "input_to", JOB, "train"): ("declared", False)}
        assert proof(lineage, PLACE, JOB) == ("declared", True)

    def test_what_another_relation_says_is_not_associated_too(self):
        """Weights that contributed to a package are packaged, and nothing makes that surer."""
        package = asset("model_package", PACKAGE)
        known = edge(PLACE, PACKAGE, "packaged_as", certainty="inferred")
        lineage = linked(FILE, entity(OTHER, PACKAGE), said(ARTIFACT, OTHER), edges=[known], assets=[package])

        assert proof(lineage, PLACE, PACKAGE) == ("inferred", True)
        assert found(lineage, "associated") == {}

    def test_a_step_and_the_listing_tell_one_association(self):
        """The listing has the type, the step's metadata none."""
        lineage = linked(FILE, said(ARTIFACT, ACTION), said(ARTIFACT, ACTION, None))

        assert found(lineage) == {(PLACE, "associated", ACTION, "ContributedTo"): ("declared", False)}

    def test_the_order_does_not_matter(self):
        """Of records."""
        estate = Estate().say(job(), claims=[TC]).say(claims=[FILE, said(ARTIFACT, ACTION, None)])
        estate.say(claims=[said(ARTIFACT, ACTION), said(ARTIFACT, COMPONENT)])

        assert found(estate.reversed()) == found(estate.linked())


class TestDatasets:
    READ = Reads(reader=JOB, uri=PLACE, role="train", at="2026-11-02T12:00:00Z", evidence="t:T#channel")

    def test_a_part_of_a_dataset_is_no_artifact_beside_it_and_the_version_gets_no_surer(self):
        """The association names a place and no version: it is more evidence of the edge that the job's record made."""
        listed = state("s3://data/chat/", item("chat/train.jsonl", "2026-11-01T00:00:00Z"))
        without = linked(self.READ, listed, context=CHATS)
        lineage = linked(self.READ, listed, FILE, said(ARTIFACT, COMPONENT), context=CHATS)

        assert found(lineage) == found(without)
        assert PLACE not in {a.id for a in lineage.assets}
        assert all(LISTED in lines(e) for e in lineage.edges if e.relation == "input_to")

    def test_a_part_of_a_dataset_that_only_the_lineage_api_connects(self):
        """It is an artifact: nothing else would say what the job read."""
        lineage = linked(FILE, said(ARTIFACT, COMPONENT), context=CHATS)

        assert (PLACE, "input_to", JOB, None) in found(lineage)

    def test_an_artifact_of_the_whole_dataset_is_the_dataset(self):
        """Its ARN is the dataset's alias."""
        lineage = linked(entity(ARTIFACT, "s3://data/chat/"), context=CHATS)

        assert attributes(lineage, "s3://data/chat/")["aliases"] == [ARTIFACT]

    @pytest.mark.parametrize("uri", ["s3://data/chat", "s3://data/chat-old/", "s3://data/chat-old/train.jsonl"])
    def test_the_prefix_trap(self, uri):
        """A place whose name begins like the dataset's is not in it: another asset, and no edge from the dataset."""
        listed = state("s3://data/chat/", item("chat/train.jsonl", "2026-11-01T00:00:00Z"))
        lineage = linked(listed, entity(ARTIFACT, uri), said(ARTIFACT, COMPONENT), context=CHATS)

        assert found(lineage, "input_to") == {(uri, "input_to", JOB, None): ("declared", False)}
        assert "aliases" not in attributes(lineage, "s3://data/chat/")

    def test_a_place_read_without_a_slash_is_no_surer_for_being_declared(self):
        """The job's prefix without a slash may mean several datasets; the artifact of that URI says no more."""
        read = Reads(reader=JOB, uri="s3://data/ch", role="train", at="2026-11-02T12:00:00Z", evidence="t:T#channel")
        chats = state("s3://data/chat/", item("chat/a", "2026-11-01T00:00:00Z"))
        other = state("s3://data/chess/", item("chess/a", "2026-11-01T00:00:00Z"))
        told = (read, chats, other)
        lineage = linked(*told, entity(ARTIFACT, "s3://data/ch"), said(ARTIFACT, COMPONENT))

        assert found(lineage, "input_to") == found(linked(*told), "input_to")
        assert {certainty for certainty, _ in found(lineage, "input_to").values()} == {"inferred"}


class TestOtherAccounts:
    THERE = f"arn:aws:sagemaker:{REGION}:444455556666:artifact/a1"

    def test_an_artifact_of_another_account_is_not_ours_of_the_same_id(self):
        """An entity is its whole ARN: what nobody harvested is a node of its own, of its own account."""
        lineage = linked(FILE, said(self.THERE, COMPONENT))

        assert found(lineage) == {(self.THERE, "input_to", JOB, None): ("declared", False)}
        assert attributes(lineage, self.THERE)["unresolved"]

    def test_one_place_known_in_two_accounts_is_one_asset(self):
        """Each account has an artifact of the URI; SameAs between the two says nothing new."""
        lineage = linked(FILE, entity(self.THERE, PLACE), said(ARTIFACT, self.THERE, "SameAs"), said(self.THERE, JOB))

        assert found(lineage) == {(PLACE, "input_to", JOB, None): ("declared", False)}
        assert attributes(lineage, PLACE)["aliases"] == [ARTIFACT, self.THERE]


class TestReusedNames:
    AFTER = "2026-11-09T00:00:00Z"

    def test_an_association_of_an_earlier_job_of_that_name(self):
        """What was declared before the job was made is of the one before it: no edge."""
        early = replace(said(ARTIFACT, COMPONENT), at="2026-11-08T00:00:00Z")
        estate = Estate().say(job(created_at=self.AFTER), claims=[TC, FILE])

        assert found(estate.say(claims=[early]).linked()) == {}
        late = replace(early, at=self.AFTER)
        assert (PLACE, "input_to", JOB, None) in found(estate.say(claims=[late]).linked())

    def test_the_context_of_an_earlier_endpoint_of_that_name(self):
        """It is not the present endpoint's alias, and its associations are not the endpoint's."""
        endpoint, context = f"{HERE}endpoint/bot", f"{HERE}context/bot-1-aws-endpoint"
        before = replace(entity(context, endpoint), at="2026-11-08T00:00:00Z")
        late = replace(said(ARTIFACT, context), at="2026-11-10T00:00:00Z")
        shown = asset("endpoint", endpoint, created_at=self.AFTER)
        lineage = Estate().say(shown, claims=[before, late, FILE]).linked()

        assert found(lineage) == {}
        assert "aliases" not in attributes(lineage, endpoint)


class TestEvaluations:
    def test_a_report_points_to_its_action_and_is_not_made_by_it(self):
        """The SDK's direction is report, action, context; it is kept."""
        report = entity(OTHER, "s3://out/eval", "EvaluationReport")
        lineage = linked(report, said(OTHER, ACTION))

        assert found(lineage) == {("s3://out/eval", "associated", ACTION, "ContributedTo"): ("declared", False)}

    def test_a_report_uri_that_two_runs_share_joins_neither_to_the_other(self):
        """Their actions are associated with one place, and a walk from one never reaches the other."""
        from studbook.lineage.graph import Graph
        from studbook.queries.walks import made, reaches

        report = entity(OTHER, "s3://out/eval", "EvaluationReport")
        lineage = linked(report, said(OTHER, ACTION), said(OTHER, SECOND), said(COMPONENT, OTHER, "Produced"))
        graph = Graph(lineage.assets, lineage.edges)

        assert {a.id for a in made(graph, ACTION).assets} == {ACTION}
        assert {a.id for a in reaches(graph, JOB).assets} == {JOB, "s3://out/eval"}

    def test_the_dataset_artifact_of_the_templates_is_the_model(self):
        """An action's artifact is what its URI says, a package, and no dataset of the evaluation."""
        package = asset("model_package", PACKAGE)
        lineage = linked(entity(ARTIFACT, PACKAGE, "DataSet"), said(ARTIFACT, ACTION), assets=[package])

        declared = {(PACKAGE, "associated", ACTION, "ContributedTo"): ("declared", False)}
        assert found(lineage, "associated") == declared
        assert not {a.kind for a in lineage.assets} & {"dataset", "dataset_version", "artifact"}


class TestRuns:
    RUN = "mlflow:lab/run/0f1e2d3c4b5a69788796a5b4c3d2e1f0"
    ELSEWHERE = RUN.replace("lab", "other")
    BEHIND = RunBehind(entity=ACTION, run=RUN.rpartition("/")[2], evidence=("t:T#run",))

    def lineage(self, *claims, servers=(RUN,)):
        shown = [asset("model_package", PACKAGE), *(asset("mlflow_run", run) for run in servers)]
        return linked(entity(OTHER, PACKAGE), self.BEHIND, *claims, assets=shown)

    @pytest.mark.parametrize("claim", [said(ACTION, OTHER, "Produced"), said(OTHER, ACTION, "DerivedFrom")])
    def test_the_run_behind_an_action(self, claim):
        """The package that came of it is recorded in that run."""
        lineage = self.lineage(claim)

        assert found(lineage, "recorded_in") == {(PACKAGE, "recorded_in", self.RUN, None): ("declared", False)}
        assert found(lineage)[self.RUN, "associated", ACTION, "source"] == ("inferred", False)

    def test_a_package_that_went_in_is_not_recorded_in_the_run(self):
        """It only contributed."""
        assert found(self.lineage(said(OTHER, ACTION)), "recorded_in") == {}

    def test_servers_with_runs_of_one_id(self):
        """Both are candidates: an id names no server."""
        lineage = self.lineage(said(ACTION, OTHER, "Produced"), servers=(self.RUN, self.ELSEWHERE))

        assert found(lineage, "recorded_in") == {
            (PACKAGE, "recorded_in", run, None): ("declared", True) for run in (self.RUN, self.ELSEWHERE)
        }

    def test_a_run_that_no_server_showed(self):
        """Nothing is made up: no server, no node."""
        assert found(self.lineage(said(ACTION, OTHER, "Produced"), servers=()), "recorded_in") == {}


class TestDeployments:
    CLAIM = DeployedBy(package=PACKAGE, component=f"{HERE}inference-component/c", evidence=("t:T#d",))

    def test_the_sdks_action_ties_a_package_to_its_component(self):
        """Declared, where nothing else says so."""
        lineage = linked(self.CLAIM)

        assert (PACKAGE, "deployed_to", self.CLAIM.component, None) in found(lineage)

    def test_a_component_that_runs_another_package_by_now(self):
        """The action is history: no edge."""
        now = edge(f"{HERE}model-package/bot/2", self.CLAIM.component, "deployed_to")
        lineage = linked(self.CLAIM, edges=[now])

        assert {key[0] for key in found(lineage, "deployed_to")} == {now.source}

    @pytest.mark.parametrize("package", ["bot/2", None])
    def test_a_component_that_runs_a_model_of_another_package(self, package):
        """Or of weights that no package is known to hold."""
        model = f"{HERE}model/m"
        edges = [edge(model, self.CLAIM.component, "deployed_to")]
        if package:
            edges.append(edge(f"{HERE}model-package/{package}", model, "packaged_as"))
        lineage = linked(self.CLAIM, edges=edges)

        assert {key[0] for key in found(lineage, "deployed_to")} == {model}

    def test_a_component_that_was_made_anew(self):
        """An action is older than the component that has its name now."""
        again = asset("inference_component", self.CLAIM.component, created_at="2026-11-09T00:00:00Z")
        lineage = linked(replace(self.CLAIM, at="2026-11-08T00:00:00Z"), assets=[again])

        assert found(lineage, "deployed_to") == {}


class TestEndpointsWithoutConfiguration:
    ENDPOINT, CONTEXT = f"{HERE}endpoint/old", f"{HERE}context/old"
    OF_ENDPOINT = entity(CONTEXT, ENDPOINT)

    def linked(self, *claims, edges=(), assets=()):
        shown = [asset("endpoint", self.ENDPOINT), asset("action", ACTION), *assets]
        source = edge(self.ENDPOINT, ACTION, "associated", "source")
        return linked(FILE, self.OF_ENDPOINT, *claims, edges=[source, *edges], assets=shown)

    def test_each_declaration_keeps_its_direction(self):
        """What an action is associated with is not turned round because it is also its source."""
        lineage = self.linked(said(ACTION, self.CONTEXT, "AssociatedWith"))

        assert found(lineage) == {
            (self.ENDPOINT, "associated", ACTION, "source"): ("referenced", False),
            (ACTION, "associated", self.ENDPOINT, "AssociatedWith"): ("declared", False),
        }

    def test_what_contributed_to_the_deployment_of_an_endpoint_without_configuration(self):
        """The Lineage API still tells which weights answer there."""
        lineage = self.linked(said(ARTIFACT, ACTION), said(ACTION, self.CONTEXT, "AssociatedWith"))

        assert found(lineage, "deployed_to") == {(PLACE, "deployed_to", self.ENDPOINT, None): ("declared", False)}

    def test_a_configuration_tells_more(self):
        """What was deployed once need not answer there now."""
        config = asset("endpoint_config", f"{HERE}endpoint-config/c")
        lineage = self.linked(
            said(ARTIFACT, ACTION),
            said(ACTION, self.CONTEXT, "AssociatedWith"),
            edges=[edge(config.id, self.ENDPOINT, "deployed_to")],
            assets=[config],
        )

        assert found(lineage, "deployed_to").keys() == {(config.id, "deployed_to", self.ENDPOINT, None)}

    def test_a_deleted_model_holds_what_contributed_to_the_deployment(self):
        """AWS lets models in use be deleted, too; one that is shown tells what answers, and two are candidates."""
        config, deleted, other = f"{HERE}endpoint-config/c", f"{HERE}model/deleted", f"{HERE}model/other"
        claims = [said(ARTIFACT, ACTION), said(ACTION, self.CONTEXT, "AssociatedWith")]
        edges = [edge(config, self.ENDPOINT, "deployed_to"), edge(deleted, config, "deployed_to", "a")]
        assets = [asset("endpoint_config", config)]
        two = [*edges, edge(other, config, "deployed_to", "b")]

        gone = self.linked(*claims, edges=edges, assets=assets)
        assert found(gone, "packaged_as") == {(PLACE, "packaged_as", deleted, None): ("inferred", False)}
        assert {target for _, _, target, _ in found(gone, "deployed_to")} == {config, self.ENDPOINT}

        both = self.linked(*claims, edges=two, assets=assets)
        assert found(both, "packaged_as") == {
            (PLACE, "packaged_as", model, None): ("inferred", True) for model in (deleted, other)
        }
        shown = self.linked(*claims, edges=two, assets=[*assets, asset("model", other)])
        assert found(shown, "packaged_as") == {}
