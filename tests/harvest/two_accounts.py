"""A small estate of two accounts with something of every source: one account by hand, one found by Organizations.

Both have models with a token in them (Bedrock too), an evaluator's function, a dataset, and an MLflow App.
`evolve` is a day's work: after it every source has something to list that it has not described yet.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from typing import Any

from studbook.demo.cloud.aws import FakeAws
from studbook.demo.cloud.mlflow_server import MlflowServer
from studbook.demo.estate.tracking import Tracking
from studbook.sources import SOURCES

MANAGEMENT, FIRST = "000000000000", "222222222222"
REGION = "us-west-2"
EXTERNAL_ID = "of-the-estate"
SECRETS = ("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", "of-the-demo", "hunter2-of-mlflow")
"""A token in every model, the session's own secret, and what logs in to MLflow."""

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


@dataclass(frozen=True, slots=True)
class Estate:
    """The running servers and what was made in them."""

    aws: FakeAws
    mlflow: MlflowServer
    second: str
    """The account that the organisation made."""
    unit: str
    """The unit that it is in."""

    @property
    def accounts(self) -> tuple[str, str]:
        return FIRST, self.second

    def environment(self) -> dict[str, str]:
        """What a harvest needs."""
        return {
            **self.aws.environment(),
            "SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT": self.mlflow.url,
            "MLFLOW_TRACKING_TOKEN": SECRETS[2],
        }

    def client(self, account: str, service: str) -> Any:
        """A client that may do anything."""
        session = self.aws.session(f"arn:aws:iam::{account}:role/Admin")
        return session.client(service, endpoint_url=self.aws.url, region_name=REGION)

    def configuration(self, **changed: Any) -> str:
        """studbook.yml (JSON is YAML); services have little time, and only CloudTrail's calls are spaced out."""
        settings = {
            "accounts": [
                {
                    "id": FIRST,
                    "name": "first",
                    "regions": [REGION],
                    "role_arn": f"arn:aws:iam::{FIRST}:role/StudbookReader",
                    "external_id": EXTERNAL_ID,
                }
            ],
            "organization": {
                "role_name": "StudbookReader",
                "external_id": EXTERNAL_ID,
                "regions": [REGION],
                "units": [self.unit],
                "stages": {self.unit: "production"},
            },
            "datasets": [{"uri": f"s3://data-{account}/chats/", "account": account} for account in self.accounts],
            "mlflow": [{"name": "lab", "tracking_uri": self.mlflow.url}],
            "evaluators": [{"function": "eval-*"}],
            "sources": {
                # CloudTrail allows two calls a second here, too, and each harvest lengthens its trail: its pace stays.
                # The estate's past is older than the trail's window: what changed in it is found by listing alone.
                source.name: {"enabled": True}
                | ({"limits": {"rotation": 1}} if source.name == "cloudtrail" else {"rate": 2000})
                for source in SOURCES
            },
            "patience": {"attempts": 2},
        }
        return json.dumps({**settings, **changed})

    def found(self) -> None:
        """Lays the ground in both accounts."""
        for account in self.accounts:
            self.aws.role(f"arn:aws:iam::{account}:role/StudbookReader", external_id=EXTERNAL_ID)
            self.aws.role(f"arn:aws:iam::{account}:role/Admin")
            self.client(account, "iam").create_role(RoleName="x", AssumeRolePolicyDocument=json.dumps(TRUST))
            self.client(account, "s3").create_bucket(
                Bucket=f"data-{account}", CreateBucketConfiguration={"LocationConstraint": REGION}
            )
            self.client(account, "lambda").create_function(
                FunctionName="eval-tone",
                Runtime="python3.12",
                Role=f"arn:aws:iam::{account}:role/x",
                Handler="a.b",
                Code={"ZipFile": _archive("1")},
            )
            self.client(account, "sagemaker").create_mlflow_app(
                Name="app", ArtifactStoreUri=f"s3://data-{account}/mlflow", RoleArn=f"arn:aws:iam::{account}:role/x"
            )
            self.work(account, 1)
        tracking = Tracking(self.mlflow)
        experiment = tracking.experiment("bots")
        run = tracking.run(experiment, "first", "2026-11-19T01:00:00Z", "2026-11-19T02:00:00Z", model="bot")
        tracking.registered_model("bot", "A bot.")
        tracking.version("bot", run, None)

    def work(self, account: str, day: int) -> None:
        """A model, a package, a published function, an object of the dataset; what Bedrock tuned, serves and judged."""
        sagemaker = self.client(account, "sagemaker")
        sagemaker.create_model(
            ModelName=f"model-{day}",
            ExecutionRoleArn=f"arn:aws:iam::{account}:role/x",
            PrimaryContainer={"Image": "image", "Environment": {"HF_TOKEN": SECRETS[0]}},
        )
        sagemaker.create_model_package_group(ModelPackageGroupName=f"group-{day}")
        sagemaker.create_model_package(
            ModelPackageGroupName=f"group-{day}",
            InferenceSpecification={
                "Containers": [{"Image": "image", "ModelDataUrl": f"s3://data-{account}/models/{day}.tar.gz"}],
                "SupportedContentTypes": ["a/b"],
                "SupportedResponseMIMETypes": ["a/b"],
            },
        )
        functions = self.client(account, "lambda")
        functions.update_function_code(FunctionName="eval-tone", ZipFile=_archive(str(day)))
        functions.publish_version(FunctionName="eval-tone")
        self.client(account, "s3").put_object(Bucket=f"data-{account}", Key=f"chats/{day}.json", Body=b"hello")
        self.tune(account, day)

    def tune(self, account: str, day: int) -> None:
        """One of each thing that Bedrock has."""
        bedrock = self.client(account, "bedrock")
        role, chats = f"arn:aws:iam::{account}:role/x", {"s3Uri": f"s3://data-{account}/chats/"}
        output = {"s3Uri": f"s3://data-{account}/tuned/"}
        job = bedrock.create_model_customization_job(
            jobName=f"tune-{day}",
            customModelName=f"tuned-{day}",
            roleArn=role,
            baseModelIdentifier="amazon.nova-lite-v1:0:300k",
            trainingDataConfig=chats,
            outputDataConfig=output,
            hyperParameters={"HF_TOKEN": SECRETS[0]},
        )["jobArn"]
        self.aws.fill(job, status="Completed")
        tuned = bedrock.get_model_customization_job(jobIdentifier=job)["outputModelArn"]
        job = bedrock.create_model_import_job(
            jobName=f"import-{day}",
            importedModelName=f"imported-{day}",
            roleArn=role,
            modelDataSource={"s3DataSource": {"s3Uri": f"s3://data-{account}/models/{day}/"}},
        )["jobArn"]
        self.aws.fill(job, status="Completed")
        bedrock.create_custom_model_deployment(modelDeploymentName=f"serving-{day}", modelArn=tuned)
        metrics = {"taskType": "QuestionAndAnswer", "metricNames": ["Builtin.Helpfulness"]}
        job = bedrock.create_evaluation_job(
            jobName=f"judge-{day}",
            roleArn=role,
            evaluationConfig={
                "automated": {
                    "datasetMetricConfigs": [{**metrics, "dataset": {"name": "chats", "datasetLocation": chats}}],
                    "evaluatorModelConfig": {"bedrockEvaluatorModels": [{"modelIdentifier": "amazon.nova-pro-v1:0"}]},
                }
            },
            inferenceConfig={"models": [{"bedrockModel": {"modelIdentifier": tuned}}]},
            outputDataConfig=output,
        )["jobArn"]
        self.aws.fill(job, status="Completed")

    def evolve(self) -> None:
        """The second day."""
        for account in self.accounts:
            self.work(account, 2)
        tracking = Tracking(self.mlflow)
        experiment = tracking.experiment("judges")
        tracking.run(experiment, "second", "2026-11-20T01:00:00Z", "2026-11-20T02:00:00Z", metrics={"tone": [0.5]})


def organisation(aws: FakeAws) -> tuple[str, str]:
    """An organisation with one member in a unit: the account and the unit."""
    aws.caller_may("organizations:List*")
    aws.role(f"arn:aws:iam::{MANAGEMENT}:role/Admin")
    session = aws.session(f"arn:aws:iam::{MANAGEMENT}:role/Admin")
    client = session.client("organizations", endpoint_url=aws.url, region_name="us-east-1")
    client.create_organization(FeatureSet="ALL")
    root = client.list_roots()["Roots"][0]["Id"]
    unit = client.create_organizational_unit(ParentId=root, Name="models")["OrganizationalUnit"]["Id"]
    made = client.create_account(AccountName="second", Email="second@example.com")["CreateAccountStatus"]["AccountId"]
    client.move_account(AccountId=made, SourceParentId=root, DestinationParentId=unit)
    return made, unit


def _archive(source: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(zipfile.ZipInfo("a.py"), source)
    return held.getvalue()
