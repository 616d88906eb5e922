"""AutoML, tuning, optimization, recommendation and benchmark jobs, and training sessions, as records say them."""

import pytest
from tests.join_records import job, package, record
from tests.sources.sagemaker.record_facts import HERE, LLAMA, arrows, proof, said

from studbook.lineage.graph import Graph
from studbook.lineage.link import LinkContext, link
from studbook.model.facts import ByName, LatestAtStart, MlflowNames, Output, Reads
from studbook.queries.origins import makers
from studbook.queries.walks import made, reaches
from studbook.sources import normalize

AUTO = f"{HERE}automl-job/cards"
FASTER = f"{HERE}optimization-job/faster"
FITTED = f"{HERE}ai-recommendation-job/fitted"
LOADED = f"{HERE}ai-benchmark-job/loaded"
SESSION = f"{HERE}training-session/tinker"
SEARCH = f"{HERE}hyper-parameter-tuning-job/search"
CREATED = "2026-09-14T10:00:00Z"
BEST = "s3://acme/auto/output/best/model.tar.gz"


def reads(facts):
    return {(claim.uri, claim.role) for claim in facts.claims if isinstance(claim, Reads)}


def names(facts):
    return {(c.kind, c.name, c.relation, c.upstream, c.role) for c in facts.claims if isinstance(c, ByName)}


class TestAutoml:
    FACTS = said(
        "automl_job",
        AUTO,
        AutoMLJobName="cards",
        AutoMLJobStatus="Completed",
        CreationTime=CREATED,
        AutoMLJobInputDataConfig=[
            {
                "ChannelType": "training",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://a/t/"}},
            },
            {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://a/more/"}}},
        ],
        AutoMLProblemTypeConfig={
            "TabularJobConfig": {"TargetAttributeName": "fraud", "FeatureSpecificationS3Uri": "s3://a/features.json"}
        },
        BestCandidate={
            "CandidateName": "cards-7",
            "FinalAutoMLJobObjectiveMetric": {"MetricName": "AUC", "Value": 0.93},
            "CandidateSteps": [
                {
                    "CandidateStepType": "AWS::SageMaker::ProcessingJob",
                    "CandidateStepArn": f"{HERE}processing-job/c-db",
                },
                {"CandidateStepType": "AWS::SageMaker::TrainingJob", "CandidateStepArn": f"{HERE}training-job/c-7"},
            ],
            "InferenceContainers": [{"Image": "x", "ModelDataUrl": BEST}],
            "InferenceContainerDefinitions": {"CPU": [{"Image": "x", "ModelDataUrl": BEST}]},
            "CandidateProperties": {"CandidateArtifactLocations": {"Explainability": "s3://acme/auto/explain"}},
        },
    )

    def test_a_candidate_that_is_not_the_best(self):
        """Its weights lie in the search's folder, and it came of the search, not of the best candidate's jobs."""
        search = record(
            "automl_job",
            AUTO,
            AutoMLJobName="cards",
            OutputDataConfig={"S3OutputPath": "s3://acme/auto"},
            BestCandidate={
                "CandidateSteps": [{"CandidateStepArn": f"{HERE}training-job/c-7"}],
                "InferenceContainers": [{"ModelDataUrl": "s3://acme/auto/cards/c-7/model.tar.gz"}],
            },
        )
        versions = [package(int(one), f"s3://acme/auto/cards/c-{one}/model.tar.gz") for one in "78"]
        versions += [package(3, "s3://acme/auto/cards-2/c-7/model.tar.gz")]
        linked = link([search, *versions], normalize, LinkContext())
        graph = Graph(linked.assets, linked.edges)
        made_by = {one.id: {job.id for job in makers(graph, graph.assets[one.id])} for one in versions}
        assert list(made_by.values()) == [{AUTO}, {AUTO}, set()]
        (edge,) = graph.upstream("s3://acme/auto/cards/c-8/model.tar.gz", "produced")
        assert (edge.certainty, {one.line for one in edge.evidence}) == (
            "inferred",
            {
                "rule:s3-prefix",
                "sagemaker:DescribeAutoMLJobV2#AutoMLJobName",
                "sagemaker:DescribeAutoMLJobV2#OutputDataConfig.S3OutputPath",
                "sagemaker:DescribeModelPackage#InferenceSpecification.Containers[0].ModelDataUrl",
            },
        )
        step = f"{HERE}training-job/c-7"
        assert [step in {asset.id for asset in made(graph, one.id).assets} for one in versions] == [True, False, False]
        assert any(asset.id == versions[0].id for asset in reaches(graph, step).assets)

    def test_which_step_made_which_model_no_record_tells(self):
        """Each of the best candidate's is a candidate, but those that tell what they wrote."""
        prepare, model = "s3://acme/auto/cards/prepare.tar.gz", "s3://acme/auto/cards/c-7.tar.gz"
        search = record(
            "automl_job",
            AUTO,
            AutoMLJobName="cards",
            BestCandidate={
                "CandidateSteps": [{"CandidateStepArn": f"{HERE}training-job/{one}"} for one in ("a", "b", "c")],
                "InferenceContainers": [{"ModelDataUrl": prepare}, {"ModelDataUrl": model}],
            },
        )
        told = job("c", ModelArtifacts={"S3ModelArtifacts": model})
        linked = link([search, told], normalize, LinkContext())
        found = {
            (edge.source.rpartition("/")[2], edge.target): (edge.certainty, edge.candidate)
            for edge in linked.edges
            if edge.relation == "produced" and "training-job" in edge.source
        }
        assert found == {
            ("a", prepare): ("inferred", True),
            ("b", prepare): ("inferred", True),
            ("c", model): ("referenced", False),
        }

    def test_asset(self):
        """What was looked for, and how good the best is."""
        (asset,) = self.FACTS.assets
        assert (asset.kind, asset.name, asset.status) == ("automl_job", "cards", "Completed")
        assert (asset.attributes["target"], asset.attributes["metrics"]) == ("fraud", {"AUC": 0.93})

    def test_edges(self):
        """The jobs of the best candidate are part of the search; its model and its reports came of it."""
        assert arrows(self.FACTS) == {
            (f"{HERE}processing-job/c-db", "part_of", AUTO, None),
            (f"{HERE}training-job/c-7", "part_of", AUTO, None),
            (AUTO, "produced", BEST, "model"),
            (AUTO, "produced", "s3://acme/auto/explain", "explainability"),
        }
        assert proof(self.FACTS, f"{HERE}training-job/c-7", AUTO)[1] == (
            "sagemaker:DescribeAutoMLJobV2#BestCandidate.CandidateSteps[1].CandidateStepArn",
        )

    def test_data(self):
        """Channels by their type, training where none is said; no claim that the search itself packaged anything."""
        assert reads(self.FACTS) == {
            ("s3://a/t/", "training"),
            ("s3://a/more/", "training"),
            ("s3://a/features.json", "feature_specification"),
        }
        assert not any(isinstance(claim, Output) for claim in self.FACTS.claims)


class TestTuning:
    def test_warm_start(self):
        """A search that starts from others names them, without their ARNs."""
        parents = [{"HyperParameterTuningJobName": "first"}, {"HyperParameterTuningJobName": "second"}]
        facts = said(
            "tuning_job",
            SEARCH,
            HyperParameterTuningJobName="search",
            WarmStartConfig={"ParentHyperParameterTuningJobs": parents, "WarmStartType": "TransferLearning"},
        )
        assert names(facts) == {
            ("tuning_job", "first", "input_to", True, "warm_start"),
            ("tuning_job", "second", "input_to", True, "warm_start"),
        }
        assert facts.assets[0].attributes["warm_start"] == "TransferLearning"


class TestOptimization:
    FACTS = said(
        "optimization_job",
        FASTER,
        OptimizationJobName="faster",
        OptimizationJobStatus="COMPLETED",
        ModelSource={"S3": {"S3Uri": "s3://acme/model/"}, "SageMakerModel": {"ModelName": "slow"}},
        OptimizationConfigs=[
            {
                "ModelQuantizationConfig": {
                    "Image": "1.dkr.ecr.r.amazonaws.com/q:1",
                    "OverrideEnvironment": {"A": "awq"},
                }
            },
            {
                "ModelSpeculativeDecodingConfig": {
                    "Technique": "EAGLE",
                    "TrainingDataSource": {"S3Uri": "s3://acme/drafts/", "S3DataType": "S3Prefix"},
                }
            },
        ],
        OutputConfig={"S3OutputLocation": "s3://acme/fast/", "SageMakerModel": {"ModelName": "fast"}},
    )

    def test_asset(self):
        """It customizes a model; its status keeps the API's own spelling."""
        (asset,) = self.FACTS.assets
        assert (asset.kind, asset.status) == ("customization_job", "COMPLETED")
        assert asset.attributes["technique"] == "Quantization, SpeculativeDecoding"

    def test_from_what_to_what(self):
        """The model that it started from, what a draft was trained on, and the model that came of it."""
        assert arrows(self.FACTS) == {
            ("1.dkr.ecr.r.amazonaws.com/q:1", "input_to", FASTER, "image"),
            (FASTER, "produced", "s3://acme/fast/", "model"),
        }
        assert names(self.FACTS) == {
            ("model", "slow", "input_to", True, "source_model"),
            ("model", "fast", "produced", False, None),
        }
        assert reads(self.FACTS) == {("s3://acme/model/", "source_model"), ("s3://acme/drafts/", "train")}
        assert [claim.uri for claim in self.FACTS.claims if isinstance(claim, Output)] == ["s3://acme/fast/"]


class TestRecommendation:
    def test_what_it_registered(self):
        """A recommendation may hold a package, made from the model and its adapters to fit the machines."""
        adapter = f"{HERE}model-package/bot/4"
        app = f"{HERE}mlflow-app/app-1"
        facts = said(
            "ai_recommendation_job",
            FITTED,
            AIRecommendationJobName="fitted",
            AIRecommendationJobStatus="Completed",
            ModelSource={"S3": {"S3Uri": "s3://acme/model/"}},
            AdapterSource={
                "ModelPackageArns": [{"AdapterId": "a", "ModelPackageArn": adapter}],
                "S3Uris": [{"AdapterId": "b", "S3Uri": "s3://acme/adapter/"}],
            },
            OutputConfig={
                "S3OutputLocation": "s3://acme/fitted/",
                "MlflowConfig": {"MlflowResourceArn": app, "MlflowExperimentName": "fit", "MlflowRunName": "r"},
            },
            Recommendations=[{"ModelDetails": {"ModelPackageArn": f"{HERE}model-package/fitted/1"}}, {}],
        )
        assert facts.assets[0].kind == "customization_job"
        assert arrows(facts) == {
            (adapter, "input_to", FITTED, "adapter"),
            (FITTED, "produced", f"{HERE}model-package/fitted/1", None),
        }
        assert reads(facts) == {("s3://acme/model/", "source_model"), ("s3://acme/adapter/", "adapter")}
        assert [claim.run for claim in facts.claims if isinstance(claim, MlflowNames)] == ["r"]


class TestBenchmark:
    @pytest.mark.parametrize(
        ("identifier", "named", "arrow"),
        [
            ("bot-prod", [("endpoint", "bot-prod", "input_to", True, "benchmarked")], set()),
            (f"{HERE}endpoint/bot-prod", [], {(f"{HERE}endpoint/bot-prod", "input_to", LOADED, "benchmarked")}),
            (f"{HERE}model/bot-prod", [], set()),
        ],
        ids=["by name", "by ARN", "another kind"],
    )
    def test_what_it_measured(self, identifier, named, arrow):
        """An endpoint, by its ARN or its name; it is no evaluation of a model, for it measures speed."""
        config = {"MlflowResourceArn": f"{HERE}mlflow-app/a", "MlflowExperimentName": "load", "MlflowRunName": "r"}
        facts = said(
            "ai_benchmark_job",
            LOADED,
            AIBenchmarkJobStatus="Completed",
            BenchmarkTarget={"Endpoint": {"Identifier": identifier}},
            OutputConfig={"S3OutputLocation": "s3://acme/load/", "MlflowConfig": config},
        )

        assert facts.assets[0].kind == "customization_job"
        assert arrows(facts) == arrow
        assert names(facts) == set(named)
        assert [claim.run for claim in facts.claims if isinstance(claim, MlflowNames)] == ["r"]


class TestSession:
    def test_base_model_and_output(self):
        """A session knows its base model; what it was trained on no record has."""
        detail = {
            "TrainingSessionArn": SESSION,
            "TrainingSessionName": "tinker",
            "TrainingSessionStatus": "Running",
            "CreationTime": CREATED,
            "ModelConfig": {"BaseModelArn": LLAMA},
            "LoraConfig": {"Rank": 16, "Alpha": 32},
            "OutputConfig": {"S3Location": {"Path": "s3://acme/tinker/"}},
            "Tags": [{"Key": "team", "Value": "bots"}],
        }
        facts = said("training_session", SESSION, TrainingSessionDetail=detail)
        (asset,) = facts.assets
        assert (asset.kind, asset.status, asset.created_at, asset.tags) == (
            "training_session",
            "Running",
            CREATED,
            {"team": "bots"},
        )
        assert arrows(facts) == {
            (LLAMA, "input_to", SESSION, "base_model"),
            (SESSION, "produced", "s3://acme/tinker/", "output"),
        }
        assert proof(facts, LLAMA, SESSION)[1] == (
            "sagemaker:DescribeTrainingSession#TrainingSessionDetail.ModelConfig.BaseModelArn",
        )
        assert [type(claim) for claim in facts.claims] == [LatestAtStart]


@pytest.mark.parametrize(
    ("kind", "arn", "body"),
    [
        ("automl_job", AUTO, {"BestCandidate": [], "AutoMLProblemTypeConfig": "x", "AutoMLJobInputDataConfig": {}}),
        ("automl_job", AUTO, {"BestCandidate": {"InferenceContainerDefinitions": {"CPU": [None]}}}),
        ("optimization_job", FASTER, {"OptimizationConfigs": [None, {"ModelShardingConfig": []}], "ModelSource": None}),
        ("ai_recommendation_job", FITTED, {"Recommendations": [{"ModelDetails": None}], "AdapterSource": []}),
        ("ai_benchmark_job", LOADED, {"BenchmarkTarget": {"Endpoint": {"Identifier": 7}}}),
        ("ai_benchmark_job", LOADED, {"BenchmarkTarget": [], "OutputConfig": {"MlflowConfig": []}}),
        ("training_session", SESSION, {}),
        ("tuning_job", SEARCH, {"WarmStartConfig": {"ParentHyperParameterTuningJobs": [{}, None]}}),
    ],
)
def test_what_cannot_be_read(kind, arn, body):
    """What is missing or not what it should be is no edge, and never an error."""
    facts = said(kind, arn, **body)
    assert len(facts.assets) == 1
    assert (facts.edges, facts.claims) == ([], [])
