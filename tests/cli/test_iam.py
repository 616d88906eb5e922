"""`studbook iam`: what it prints is what a harvest needs, and what the manual shows."""

from __future__ import annotations

import ast
import inspect
import json
import pkgutil
import re
from importlib import import_module
from pathlib import Path
from types import ModuleType

import cfnlint
import hcl2
import pytest
from botocore.loaders import create_loader
from botocore.model import ServiceModel
from cfnlint.api import lint_all
from tests.policies import actions_in

from studbook import sources
from studbook.aws.sessions import only_reads
from studbook.cli import main
from studbook.cli.demo import surroundings
from studbook.demo.estate.story import SETTINGS
from studbook.harvest.run import harvest
from studbook.model.sources import REGISTRY
from studbook.permissions import (
    INLINE_LIMIT,
    MANAGED_LIMIT,
    action_of,
    allowing,
    caller_policy,
    policy,
    role_name,
    size,
    trust,
)
from studbook.settings import Settings, load_settings
from studbook.sources import SOURCES
from studbook.sources.declarative_source import Declared
from studbook.sources.interface import Source
from studbook.sources.mlflow_api import ALLOWED
from studbook.store import Catalog

MANUAL = Path(__file__).parent.parent.parent / "docs" / "organisation.md"
UNTOLD = {
    "sagemaker:DescribeAIBenchmarkJob",
    "sagemaker:DescribeAIRecommendationJob",
    "sagemaker:DescribeHubContent",
    "sagemaker:DescribeJob",
    "sagemaker:DescribeModelBiasJobDefinition",
    "sagemaker:DescribeModelExplainabilityJobDefinition",
    "sagemaker:DescribeModelQualityJobDefinition",
    "sagemaker:DescribeTrialComponent",
    "sagemaker:ListPipelineParametersForExecution",
}
"""What the story has no use for."""
ACCOUNT = {"id": "111111111111", "regions": ["us-west-2"], "role_arn": "arn:aws:iam::111111111111:role/Reader"}


def modules_of(source: Source) -> list[ModuleType]:
    """What a source is written in that declares no types: the module of its class, and those whose names go on from it
    (`s3`, `s3_documents`, `s3_inventory`)."""
    name = type(source).__module__
    return [
        import_module(f"{sources.__name__}.{info.name}")
        for info in pkgutil.iter_modules(sources.__path__)
        if f"{sources.__name__}.{info.name}".startswith(name)
    ]


def operations_in(module: ModuleType, service: str) -> set[str]:
    """The operations of a service that a module's texts name, and what the SDK calls to make some of them."""
    texts = {
        node.value.removeprefix(f"{service}:")
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    by_the_sdk = {"CreateSession"} if service == "s3" else set()
    return {name for name in create_model(service).operation_names if name in texts} | by_the_sdk


def create_model(service: str) -> ServiceModel:
    """What botocore knows of a service."""
    return ServiceModel(create_loader().load_service_model(service, "service-2"))


@pytest.fixture
def studbook(tmp_path, capsys):
    def run(*words):
        with pytest.raises(SystemExit) as stopped:
            main(["iam", *words, "--catalog", str(tmp_path)])
        return stopped.value.code, *capsys.readouterr()

    return run


class TestPolicy:
    def test_the_manual_shows_what_the_command_prints(self, studbook):
        """docs/organisation.md holds the policy to the letter."""
        shown = re.search(r"<!-- studbook iam -->\n```json\n(.*?)```\n<!-- end -->", MANUAL.read_text(), re.S)

        code, out, _ = studbook()

        assert code == 0
        assert shown is not None
        assert shown[1] == out

    def test_what_is_off_by_default_needs_no_permission(self, studbook, tmp_path):
        """Those of Bedrock and CloudTrail are asked for once they are turned on, and are all that that calls for."""
        _, out, _ = studbook()
        for name in ("bedrock", "cloudtrail"):
            assert f"{name}:" not in out
        (tmp_path / "studbook.yml").write_text(
            'accounts: [{id: "111122223333", regions: [us-west-2]}]\n'
            "sources: {bedrock: {enabled: true}, cloudtrail: {enabled: true}}\n"
        )
        _, out, _ = studbook()
        held = {action for one in json.loads(out)["Statement"] for action in one["Action"]}
        for name in ("bedrock", "cloudtrail"):
            assert {action for action in held if action.startswith(f"{name}:")} == {
                action for one in SOURCES if one.name == name for action in one.actions
            }

    def test_a_harvest_calls_nothing_outside(self, demo_world, tmp_path, monkeypatch):
        """Every request that AWS or MLflow met, in a first night, a second, and one without Search, is an action of the
        policies; and nearly every action is met, so that no source is left out of this."""
        for name, value in surroundings(demo_world.aws, demo_world.mlflow).items():
            monkeypatch.setenv(name, value)
        (tmp_path / "studbook.yml").write_text(SETTINGS)
        settings = load_settings(tmp_path / "studbook.yml")
        demo_world.aws.forget_calls()

        seen = [harvest(settings, Catalog(tmp_path)) for _ in range(2)]
        demo_world.aws.fault("AccessDeniedException", operation="Search")
        seen.append(harvest(settings, Catalog(tmp_path / "another")))
        demo_world.aws.heal()

        met = {action_of(f"{call.service}:{call.operation}") for call in demo_world.aws.calls()}
        told_of = {name for one in seen for row in one.coverage for name in row.calls}
        asked = {name.removeprefix("mlflow:") for name in told_of if name.startswith("mlflow:")}
        allowed = actions_in(policy(settings))
        assert {"sagemaker:ListTrainingJobs", "s3:ListBucketVersions", "sts:AssumeRole"} <= met
        assert met <= allowed | actions_in(caller_policy(settings))
        assert {name for name in allowed - met if "mlflow" not in name.lower()} <= UNTOLD
        assert "runs/search" in asked
        assert asked <= {path.rpartition("/mlflow/")[2] for _, path in ALLOWED}
        assert {action_of(f"mlflow:{path}", app=app) for path in asked for app in (True, False)} <= allowed

    def test_every_mlflow_request_has_its_action(self):
        """The allow-list of paths and the declared actions are one list."""
        paths = {path.rpartition("/mlflow/")[2] for _, path in ALLOWED}

        wanted = {action_of(f"mlflow:{path}") for path in paths}

        assert wanted == {name for name in actions_in(policy()) if name.startswith("sagemaker-mlflow:")}

    def test_a_source_that_is_off_needs_nothing(self):
        """Without MLflow nobody may open an App's API."""
        names = actions_in(
            policy(Settings.model_validate({"accounts": [ACCOUNT], "sources": {"mlflow": {"enabled": False}}}))
        )

        assert "sagemaker:ListTrainingJobs" in names
        assert not {
            name for name in names if "mlflow" in name.lower() and "List" not in name and "Describe" not in name
        }

    def test_a_part_that_is_left_out_needs_nothing(self):
        """Leaving out the sweep of the Lineage API takes its seven actions out of the policy, and no other."""
        left_out = Settings.model_validate({"sources": {"sagemaker": {"leave_out": ["lineage_api"]}}})

        assert actions_in(policy(Settings())) - actions_in(policy(left_out)) == {
            f"sagemaker:{name}"
            for name in (
                "DescribeAction",
                "DescribeTrialComponent",
                "ListActions",
                "ListArtifacts",
                "ListAssociations",
                "ListContexts",
                "ListTrialComponents",
            )
        }

    def test_apis_that_open_a_whole_service_are_scoped(self):
        """MLflow's actions reach MLflow's resources only; hub content is named on both of its ARNs."""
        assert allowing(policy(), "sagemaker:CallMlflowAppApi")[0]["Resource"] == ["arn:aws:sagemaker:*:*:mlflow-app/*"]
        assert allowing(policy(), "sagemaker-mlflow:SearchRuns")[0]["Resource"] == [
            "arn:aws:sagemaker:*:*:mlflow-tracking-server/*"
        ]
        assert allowing(policy(), "sagemaker:DescribeHubContent")[0]["Resource"] == [
            "arn:aws:sagemaker:*:*:hub/*",
            "arn:aws:sagemaker:*:*:hub-content/*",
        ]

    def test_only_the_configured_prefixes_are_listed(self):
        """Two datasets in one bucket are its two prefixes; a dollar starts no policy variable."""
        settings = Settings.model_validate(
            {
                "accounts": [ACCOUNT],
                "datasets": [
                    {"uri": "s3://lake/chats/", "account": "111111111111"},
                    {"uri": "s3://lake/a${b/", "account": "111111111111"},
                    {"uri": "s3://elsewhere/x/"},
                ],
            }
        )

        statements = [one for one in policy(settings)["Statement"] if "s3:ListBucket" in one["Action"]]

        assert [one["Resource"] for one in statements] == [["arn:aws:s3:::lake"]]
        assert statements[0]["Condition"] == {"StringEquals": {"s3:prefix": ["a${$}{b/", "chats/"]}}
        assert allowing(caller_policy(settings), "s3:ListBucket")[0]["Resource"] == ["arn:aws:s3:::elsewhere"]

    def test_an_inventory_is_read_in_place_of_listing(self):
        """Its configuration, the folder of its reports, and below the datasets' prefixes what it does not show."""
        inventory = "s3://reports/daily/lake/id/"
        several = [
            {"uri": f"s3://lake/{name}/", "account": "111111111111", "inventory": inventory} for name in ("a", "b")
        ]

        statements = policy(Settings.model_validate({"accounts": [ACCOUNT], "datasets": several}))["Statement"]

        held = [one for one in statements if any(action.startswith("s3:") for action in one["Action"])]
        assert [(one["Action"], one["Resource"]) for one in held] == [
            (["s3:GetInventoryConfiguration"], ["arn:aws:s3:::lake"]),
            (["s3:ListBucket"], ["arn:aws:s3:::lake"]),
            (["s3:GetObject"], ["arn:aws:s3:::reports/daily/lake/id/*"]),
            (["s3:ListBucket"], ["arn:aws:s3:::reports"]),
        ]
        assert held[1]["Condition"] == {"StringEquals": {"s3:prefix": ["a/", "b/"]}}

    def test_a_directory_bucket_is_read_by_sessions(self):
        """S3 Express One Zone knows one action, and that one for reading alone; no other names such a bucket."""
        fast = {"uri": "s3://fast--usw2-az1--x-s3/a/", "account": "111111111111"}
        settings = Settings.model_validate(
            {"accounts": [ACCOUNT], "datasets": [fast], "documents": [{**fast, "uri": "s3://docs--usw2-az1--x-s3/"}]}
        )

        naming = [one for one in policy(settings)["Statement"] if "x-s3" in json.dumps(one)]

        assert naming == [
            {
                "Sid": "DirectoryBuckets",
                "Effect": "Allow",
                "Action": ["s3express:CreateSession"],
                "Resource": [f"arn:aws:s3express:*:*:bucket/{name}--usw2-az1--x-s3" for name in ("docs", "fast")],
                "Condition": {"StringEquals": {"s3express:SessionMode": "ReadOnly"}},
            }
        ]


class TestTrust:
    def test_names_the_principal_and_the_external_id(self, studbook):
        """Nobody else may assume the role, and nobody without the id."""
        _, out, _ = studbook(
            "--part", "trust", "--principal", "arn:aws:iam::999999999999:role/ci", "--external-id", "x"
        )

        assert json.loads(out)["Statement"] == [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::999999999999:role/ci"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": "x"}},
            }
        ]

    def test_a_trust_policy_for_nobody_is_wrong_usage(self, studbook):
        """It asks for the principal, and prints nothing to standard output."""
        code, out, err = studbook("--part", "trust")

        assert (code, out) == (2, "")
        assert "--principal" in err


CONFIGURATION = {
    "accounts": [ACCOUNT, {**ACCOUNT, "id": "222222222222", "role_arn": "arn:aws:iam::222222222222:role/Reader"}],
    "organization": {"role_name": "Reader", "regions": ["us-west-2"], "units": ["ou-1"], "tags": {"a": "b"}},
    "datasets": [
        {"uri": "s3://lake/a$b/", "account": "111111111111"},
        {"uri": "s3://lake/%{if}/", "account": "111111111111"},
        {"uri": "s3://other/", "account": "222222222222"},
        {"uri": "s3://huge/", "account": "111111111111", "inventory": "s3://reports/huge/id/"},
        {"uri": "s3://fast--usw2-az1--x-s3/a/", "account": "111111111111"},
    ],
    "documents": [{"uri": "s3://out/${x}/", "account": "222222222222"}],
    "evaluators": [{"function": "eval-*"}],
}


@pytest.fixture(params=["no configuration", "all of it"])
def configured(request, tmp_path):
    """With a configuration of everything, or with none."""
    if request.param == "no configuration":
        return None
    (tmp_path / "studbook.yml").write_text(json.dumps(CONFIGURATION))
    return load_settings(tmp_path / "studbook.yml")


class TestTemplates:
    def test_cloudformation_is_well_formed(self, studbook, configured):
        """cfn-lint, which knows the resource types and the actions of IAM, has nothing to say; the policy is ours."""
        _, out, _ = studbook("--format", "cloudformation")

        found = [one for one in lint_all(out) if one.rule.id[0] in "EW"]
        # It checks each action against AWS's reference; what is newer than its copy botocore must know.
        unknown = [one for one in found if one.rule.id == "W3037"]
        assert [str(one) for one in found if one not in unknown] == []
        known = {name.lower() for name in create_model("sagemaker").operation_names}
        assert {re.match(r"'(\w+)'", one.message)[1] for one in unknown} <= known
        role = json.loads(out)["Resources"]["Reader"]["Properties"]
        assert role["Policies"][0]["PolicyDocument"] == policy(configured)
        assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"AWS": {"Ref": "Principal"}}

    def test_terraform_is_well_formed(self, studbook, configured):
        """python-hcl2 reads it; the policy in it, templates opened, is ours to the letter."""
        principal = "arn:aws:iam::999999999999:role/ci"

        _, out, _ = studbook("--format", "terraform", "--principal", principal)

        found = hcl2.loads(out)
        resources = {kind.strip('"'): body for one in found["resource"] for kind, body in one.items()}
        variables = {name.strip('"'): body for one in found["variable"] for name, body in one.items()}
        assert resources.keys() == {"aws_iam_role", "aws_iam_role_policy"}
        assert resources["aws_iam_role"]['"studbook"']["name"] == f'"{role_name(configured)}"'
        assert variables["principal"]["default"] == f'"{principal}"'
        held = re.search(r"policy\s+= jsonencode\((\{.*?\n  \})\)", out.split("aws_iam_role_policy")[1], re.S)
        assert json.loads(held[1].replace("$${", "${").replace("%%{", "%{")) == policy(configured)
        assert not re.search(r"(?<![$])\$\{(?!\w+\.)|(?<!%)%\{", held[1])


class TestSize:
    def test_without_datasets_it_fits_anywhere(self, configured):
        """All sources on, the policy is smaller than a managed policy may be, and the trust policy than a role's."""
        assert size(policy(configured)) < MANAGED_LIMIT
        assert size(caller_policy(configured)) < MANAGED_LIMIT
        assert size(trust("arn:aws:iam::999999999999:role/ci", "x" * 1224)) < 2048

    def test_many_datasets(self, studbook, tmp_path):
        """A policy that IAM would refuse is said to be one, with the way out: a policy for each account."""
        datasets = [
            {"uri": f"s3://lake-of-{account}/data/{number:03}/", "account": account}
            for account in ("111111111111", "222222222222")
            for number in range(300)
        ]
        (tmp_path / "studbook.yml").write_text(json.dumps({**CONFIGURATION, "datasets": datasets}))

        _, out, err = studbook()
        _, own, own_err = studbook("--account", "111111111111")

        assert "IAM will refuse it" in err
        assert size(json.loads(out)) > INLINE_LIMIT > size(json.loads(own))
        assert "fits into a role" in own_err
        assert "222222222222" not in own

    def test_one_account(self, studbook, configured):
        """An account's role reads its own buckets; one that nobody configured has none."""
        if configured is None:
            assert studbook("--account", "111111111111")[0] == 2
            return

        _, out, _ = studbook("--account", "222222222222")

        buckets = {one for s in json.loads(out)["Statement"] for one in s["Resource"] if one.startswith("arn:aws:s3")}
        assert buckets == {"arn:aws:s3:::other", "arn:aws:s3:::out", "arn:aws:s3:::out/${$}{x}/*"}
        assert studbook("--account", "222222222222", "--part", "caller")[0] == 2


class TestActions:
    def test_every_action_is_one(self):
        """Each is in AWS's reference as cfn-lint has it, or is the name of an operation that botocore knows."""
        reference = Path(cfnlint.__file__).parent / "data" / "AdditionalSpecs" / "Policies.json"
        known = json.loads(reference.read_text())

        def real(action: str) -> bool:
            service, _, name = action.partition(":")
            listed = {one.lower() for one in known[service]["Actions"]}
            return name.lower() in listed or name in create_model(service).operation_names

        settings = Settings.model_validate(CONFIGURATION)
        wanted = actions_in(policy()) | actions_in(policy(settings)) | actions_in(caller_policy(settings))
        assert len(wanted) > 70
        assert [action for action in sorted(wanted) if not real(action)] == []

    def test_every_operation_has_its_action(self):
        """What the sources call is what they declare: every operation of their declarations, and every one that the
        modules of the others have a word for (a botocore that knows the word tells)."""
        for source in SOURCES:
            if isinstance(source, Declared):
                called = {f"{source.name}:{name}" for one in source.resources for name in one.operations}
                assert called == set(source.actions), source.name
            elif source.name != "mlflow":  # TestPolicy has those
                told = {name for module in modules_of(source) for name in operations_in(module, source.name)}
                assert told, source.name
                assert {action_of(f"{source.name}:{name}") for name in told} == set(source.actions)

    def test_every_action_reads(self):
        """By name; of MLflow's App and of directory buckets there is one action for all, which is narrowed down."""
        settings = Settings.model_validate(CONFIGURATION)
        wanted = actions_in(policy()) | actions_in(policy(settings)) | actions_in(caller_policy(settings))
        assert {one for one in wanted if not only_reads(one.partition(":")[2])} == {
            "sagemaker:CallMlflowAppApi",
            "s3express:CreateSession",  # whose condition has it read only
        }

    def test_every_source_is_in_it(self):
        """What a source declares is allowed by one of the two documents, whichever source comes next."""
        settings = Settings.model_validate(
            {**CONFIGURATION, "sources": {name: {} for name, entry in REGISTRY.items() if entry.optional}}
        )
        allowed = actions_in(policy(settings)) | actions_in(caller_policy(settings))

        for source in SOURCES:
            declared = {action_of(action) for action in source.actions}
            assert declared
            assert declared <= allowed, source.name
