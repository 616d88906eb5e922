"""The demo's AWS misleads a harvester where AWS does, and nowhere else."""

from __future__ import annotations

import io
import time
import zipfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from studbook.demo.cloud.aws import READER, FakeAws

ACCOUNT, OTHER = "555555555555", "666666666666"
WORKER = f"arn:aws:iam::{ACCOUNT}:role/Worker"
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture
def client(fake_aws: FakeAws) -> Any:
    """Clients of one account, or of another one."""

    def make(service: str, account: str = ACCOUNT, region: str = "us-west-2") -> Any:
        arn = WORKER.replace(ACCOUNT, account)
        fake_aws.role(arn)
        session = fake_aws.session(arn)
        once = Config(retries={"total_max_attempts": 1})
        return session.client(service, region_name=region, endpoint_url=fake_aws.url, config=once)

    fake_aws.heal()
    return make


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def train(sagemaker: Any, name: str, **more: Any) -> str:
    arn = sagemaker.create_training_job(
        TrainingJobName=name,
        RoleArn=WORKER,
        OutputDataConfig={"S3OutputPath": "s3://some-bucket/out"},
        StoppingCondition={"MaxRuntimeInSeconds": 60},
        **more,
    )["TrainingJobArn"]
    return str(arn)


@pytest.fixture(scope="module")
def jobs(fake_aws: FakeAws) -> Any:
    """A region with twenty-three jobs, of which the last has failed."""
    fake_aws.role(WORKER)
    fake_aws.clock(NOON)
    sagemaker = fake_aws.session(WORKER).client("sagemaker", region_name="ap-northeast-1", endpoint_url=fake_aws.url)
    arns = [train(sagemaker, f"job-{number:02}") for number in range(23)]
    fake_aws.clock(NOON + timedelta(hours=1))
    fake_aws.fill(arns[-1], TrainingJobStatus="Failed")
    return sagemaker


class TestPaging:
    """Lists come in pages, of the sizes that AWS has."""

    def test_a_page_has_ten_unless_asked_otherwise(self, jobs: Any) -> None:
        """A harvester that forgets NextToken sees ten of twenty-three."""
        first = jobs.list_training_jobs()
        assert len(first["TrainingJobSummaries"]) == 10
        second = jobs.list_training_jobs(NextToken=first["NextToken"])
        third = jobs.list_training_jobs(NextToken=second["NextToken"])
        assert [len(page["TrainingJobSummaries"]) for page in (second, third)] == [10, 3]
        assert "NextToken" not in third

    def test_the_paginator_sees_everything_once(self, jobs: Any) -> None:
        """All names come, each once, in order of creation."""
        pages = jobs.get_paginator("list_training_jobs").paginate(PaginationConfig={"PageSize": 7})
        names = [job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]]
        assert names == [f"job-{number:02}" for number in range(23)]

    def test_status_is_looked_at_after_the_cut(self, jobs: Any) -> None:
        """Two pages without any job and with a NextToken come before the one that failed."""
        token: dict[str, str] = {}
        sizes = []
        for _ in range(3):
            page = jobs.list_training_jobs(StatusEquals="Failed", **token)
            sizes.append(len(page["TrainingJobSummaries"]))
            token = {"NextToken": page.get("NextToken", "")}
        assert sizes == [0, 0, 1]

    def test_last_modified_is_looked_at_after_the_cut(self, jobs: Any) -> None:
        """What changed lately lies behind empty pages."""
        page = jobs.list_training_jobs(LastModifiedTimeAfter=NOON + timedelta(minutes=30))
        assert page["TrainingJobSummaries"] == []
        assert page["NextToken"]

    def test_creation_time_is_looked_at_before_the_cut(self, jobs: Any) -> None:
        """The index by creation time gives whole pages."""
        page = jobs.list_training_jobs(CreationTimeAfter=NOON + timedelta(seconds=20))
        assert [job["TrainingJobName"] for job in page["TrainingJobSummaries"]] == ["job-21", "job-22"]
        assert "NextToken" not in page

    def test_a_token_is_good_for_its_request_alone(self, jobs: Any) -> None:
        """The token of one listing is refused by another."""
        token = jobs.list_training_jobs()["NextToken"]
        with pytest.raises(ClientError) as error:
            jobs.list_training_jobs(NextToken=token, NameContains="job-1")
        assert code(error) == "ValidationException"

    def test_no_more_than_a_hundred_at_once(self, jobs: Any) -> None:
        """MaxResults above the API's limit is refused."""
        with pytest.raises(ClientError) as error:
            jobs.list_training_jobs(MaxResults=101)
        assert code(error) == "ValidationException"

    def test_lambda_lists_fifty(self, client: Any) -> None:
        """Fifty functions a page, however many are asked for; a function answers to its ARN."""
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as archive:
            archive.writestr("handler.py", "")
        client("iam").create_role(RoleName="Run", AssumeRolePolicyDocument="{}")
        functions = client("lambda")
        for number in range(53):
            functions.create_function(
                FunctionName=f"f{number:02}",
                Role=f"arn:aws:iam::{ACCOUNT}:role/Run",
                Runtime="python3.12",
                Handler="handler.handler",
                Code={"ZipFile": held.getvalue()},
            )
        first = functions.list_functions(MaxItems=1000)
        assert len(first["Functions"]) == 50
        rest = functions.list_functions(Marker=first["NextMarker"])
        assert len(rest["Functions"]) == 3
        assert "NextMarker" not in rest
        arn = rest["Functions"][0]["FunctionArn"]
        functions.publish_version(FunctionName=arn)
        functions.create_alias(FunctionName=arn, Name="live", FunctionVersion="1")
        assert [alias["Name"] for alias in functions.list_aliases(FunctionName=arn)["Aliases"]] == ["live"]


class TestSageMaker:
    """Records keep what moto drops, and answers are worded as AWS words them."""

    def test_a_serverless_job_keeps_everything(self, fake_aws: FakeAws, client: Any) -> None:
        """A job without an algorithm is described with the members that carry its lineage."""
        sagemaker = client("sagemaker")
        serverless = {
            "BaseModelArn": "arn:aws:sagemaker:us-west-2:aws:hub-content/SageMakerPublicHub/Model/m/1.0.0",
            "JobType": "FineTuning",
        }
        mlflow = {"MlflowResourceArn": f"arn:aws:sagemaker:us-west-2:{ACCOUNT}:mlflow-app/app-EXAMPLE12345"}
        arn = train(sagemaker, "Serverless-1", ServerlessJobConfig=serverless, MlflowConfig=mlflow)
        fake_aws.fill(arn, MlflowDetails={"MlflowExperimentId": "1", "MlflowRunId": "abc"})
        said = sagemaker.describe_training_job(TrainingJobName="Serverless-1")
        assert said["ServerlessJobConfig"] == serverless
        assert said["MlflowConfig"] == mlflow
        assert said["MlflowDetails"]["MlflowRunId"] == "abc"
        assert said["TrainingJobArn"].endswith(":training-job/serverless-1")

    def test_an_unknown_job_is_a_validation_error(self, client: Any) -> None:
        """AWS says `Requested resource not found.` in a ValidationException."""
        with pytest.raises(ClientError, match="Requested resource not found") as error:
            client("sagemaker").describe_training_job(TrainingJobName="nope")
        assert code(error) == "ValidationException"

    def test_an_unknown_app_is_not_found(self, client: Any) -> None:
        """Newer resources say ResourceNotFound."""
        with pytest.raises(ClientError) as error:
            client("sagemaker").describe_mlflow_app(
                Arn=f"arn:aws:sagemaker:us-west-2:{ACCOUNT}:mlflow-app/app-NOTHING00000"
            )
        assert code(error) == "ResourceNotFound"

    def test_versioned_packages_must_be_asked_for(self, client: Any) -> None:
        """ListModelPackages shows unversioned ones by default, and versions with their group's name."""
        sagemaker = client("sagemaker")
        sagemaker.create_model_package_group(ModelPackageGroupName="Grp")
        arns = [
            sagemaker.create_model_package(ModelPackageGroupName="Grp", SourceUri=f"s3://x/{number}")["ModelPackageArn"]
            for number in range(2)
        ]
        assert [arn.rsplit(":", 1)[1] for arn in arns] == ["model-package/grp/1", "model-package/grp/2"]
        assert sagemaker.list_model_packages()["ModelPackageSummaryList"] == []
        assert len(sagemaker.list_model_packages(ModelPackageType="Versioned")["ModelPackageSummaryList"]) == 2
        assert len(sagemaker.list_model_packages(ModelPackageGroupName="Grp")["ModelPackageSummaryList"]) == 2
        asked = [*arns, arns[0] + "9"]
        said = sagemaker.batch_describe_model_package(ModelPackageArnList=asked)
        assert sorted(said["ModelPackageSummaries"]) == arns
        assert list(said["BatchDescribeModelPackageErrorMap"]) == [arns[0] + "9"]

    def test_every_list_of_the_api_answers(self, client: Any) -> None:
        """A kind that the demo has none of is an empty list, as in an account that has none."""
        sagemaker = client("sagemaker", region="sa-east-1")
        for operation in ("list_transform_jobs", "list_feature_groups", "list_projects", "list_trial_components"):
            said = getattr(sagemaker, operation)()
            assert [value for key, value in said.items() if isinstance(value, list)] == [[]]

    def test_a_job_is_listed_by_its_category(self, fake_aws: FakeAws, client: Any) -> None:
        """Each category is a list of its own; description and Search tell the same, tags included."""
        made = {
            category: client("sagemaker").create_job(
                JobName="tune",
                RoleArn=WORKER,
                JobCategory=category,
                JobConfigSchemaVersion="1.0.0",
                JobConfigDocument="{}",
                Tags=[{"Key": "team", "Value": category}],
            )["JobArn"]
            for category in ("AgentRFT", "AgentRFTEvaluation")
        }
        fake_aws.fill(made["AgentRFT"], JobStatus="Completed", SecondaryStatus="Completed")
        for category, status in (("AgentRFT", "Completed"), ("AgentRFTEvaluation", "Starting")):
            [summary] = client("sagemaker").list_jobs(JobCategory=category)["JobSummaries"]
            assert (summary["JobArn"], summary["JobSecondaryStatus"]) == (made[category], status)
            described = client("sagemaker").describe_job(JobName="tune", JobCategory=category)
            del described["ResponseMetadata"]
            assert described["Tags"] == [{"Key": "team", "Value": category}]
            assert described in [found["Job"] for found in client("sagemaker").search(Resource="Job")["Results"]]

    def test_the_public_hub_is_in_every_region(self, client: Any) -> None:
        """It answers to its name, belongs to `aws`, and says its versions."""
        for region in ("us-west-2", "eu-west-1"):
            said = client("sagemaker", region=region).describe_hub_content(
                HubName="SageMakerPublicHub",
                HubContentType="Model",
                HubContentName="meta-textgeneration-llama-3-2-1b-instruct",
                HubContentVersion="1.12.0",
            )
            assert said["HubContentArn"].startswith(f"arn:aws:sagemaker:{region}:aws:hub-content/SageMakerPublicHub/")

    def test_tags_come_from_two_apis(self, client: Any) -> None:
        """ListTags and the tagging API say the same; the latter speaks CBOR."""
        tags = [{"Key": "team", "Value": "x"}]
        sagemaker = client("sagemaker", region="eu-central-1")
        arn = train(sagemaker, "tagged", Tags=tags)
        assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == tags
        found = client("resourcegroupstaggingapi", region="eu-central-1").get_resources(
            ResourceTypeFilters=["sagemaker:training-job"]
        )
        assert found["ResourceTagMappingList"] == [{"ResourceARN": arn, "Tags": tags}]

    def test_search_filters_and_drops_what_its_shape_lacks(self, client: Any) -> None:
        """Search finds by status and name, and knows no ServerlessJobConfig."""
        sagemaker = client("sagemaker", region="eu-central-1")
        train(
            sagemaker,
            "searched",
            ServerlessJobConfig={
                "BaseModelArn": "arn:aws:sagemaker:us-west-2:aws:hub-content/SageMakerPublicHub/Model/m/1.0.0",
                "JobType": "FineTuning",
            },
        )
        said = sagemaker.search(
            Resource="TrainingJob",
            SearchExpression={"Filters": [{"Name": "TrainingJobName", "Operator": "Equals", "Value": "searched"}]},
        )
        [found] = said["Results"]
        assert found["TrainingJob"]["TrainingJobName"] == "searched"
        assert "ServerlessJobConfig" not in found["TrainingJob"]


class TestWhoMay:
    """Keys, roles and owners are checked, which moto leaves out."""

    def assume(self, fake_aws: FakeAws, arn: str, **more: str) -> Any:
        sts = fake_aws.caller().client("sts", endpoint_url=fake_aws.url)
        return sts.assume_role(RoleArn=arn, RoleSessionName="test", **more)

    def test_an_unknown_role_is_refused(self, fake_aws: FakeAws) -> None:
        """moto lets anybody assume any role of any account."""
        with pytest.raises(ClientError) as error:
            self.assume(fake_aws, "arn:aws:iam::999999999999:role/nope")
        assert code(error) == "AccessDenied"

    @pytest.mark.parametrize("given", [{}, {"ExternalId": "wrong"}])
    def test_the_external_id_must_be_right(self, fake_aws: FakeAws, given: dict[str, str]) -> None:
        """Without it or with a wrong one the role is refused, with the right one it is given."""
        arn = f"arn:aws:iam::{ACCOUNT}:role/Guarded"
        fake_aws.role(arn, external_id="right")
        with pytest.raises(ClientError) as error:
            self.assume(fake_aws, arn, **given)
        assert code(error) == "AccessDenied"
        assert self.assume(fake_aws, arn, ExternalId="right")["Credentials"]["AccessKeyId"].startswith("ASIA")

    def test_a_reader_cannot_write(self, fake_aws: FakeAws) -> None:
        """The role that Studbook assumes is refused any Create."""
        arn = f"arn:aws:iam::{ACCOUNT}:role/Reader"
        fake_aws.role(arn, allow=READER)
        sagemaker = fake_aws.session(arn).client("sagemaker", endpoint_url=fake_aws.url)
        assert sagemaker.list_models()["Models"] == []
        with pytest.raises(ClientError) as error:
            sagemaker.create_model_package_group(ModelPackageGroupName="x")
        assert code(error) == "AccessDeniedException"

    def test_a_made_up_key_is_refused(self, fake_aws: FakeAws) -> None:
        """moto takes any key for its default account."""
        session = boto3.Session("ASIAMADEUP0000000000", "x", "y", region_name="us-west-2")
        with pytest.raises(ClientError) as error:
            session.client("sagemaker", endpoint_url=fake_aws.url).list_models()
        assert code(error) == "UnrecognizedClientException"

    def test_sessions_can_expire(self, fake_aws: FakeAws, client: Any) -> None:
        """A session that was good is refused with the code that clients renew on."""
        sagemaker = client("sagemaker")
        sagemaker.list_models()
        fake_aws.expire_sessions()
        with pytest.raises(ClientError) as error:
            sagemaker.list_models()
        assert code(error) == "ExpiredTokenException"

    def test_accounts_and_regions_are_apart(self, client: Any) -> None:
        """What one account made in one region, no other account or region shows."""
        client("sagemaker").create_model_package_group(ModelPackageGroupName="mine")
        for other in (client("sagemaker", OTHER), client("sagemaker", region="us-east-1")):
            assert other.list_model_package_groups()["ModelPackageGroupSummaryList"] == []

    def test_a_bucket_is_its_owners(self, client: Any) -> None:
        """Another account is denied, in S3's words."""
        mine = client("s3")
        mine.create_bucket(Bucket="mine-alone", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
        mine.put_object(Bucket="mine-alone", Key="a", Body=b"1")
        assert mine.list_objects_v2(Bucket="mine-alone")["KeyCount"] == 1
        with pytest.raises(ClientError) as error:
            client("s3", OTHER).list_objects_v2(Bucket="mine-alone")
        assert code(error) == "AccessDenied"
        assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


class TestFaults:
    """Faults hit what they name, as often as they say, in the service's own words."""

    @pytest.mark.parametrize(
        ("service", "method", "wanted"),
        [
            ("sagemaker", "list_models", "ThrottlingException"),
            ("bedrock", "list_custom_models", "ThrottlingException"),
            ("lambda", "list_functions", "TooManyRequestsException"),
            ("s3", "list_buckets", "SlowDown"),
            ("resourcegroupstaggingapi", "get_resources", "ThrottlingException"),
        ],
    )
    def test_each_service_has_its_word(
        self, fake_aws: FakeAws, client: Any, service: str, method: str, wanted: str
    ) -> None:
        """A throttled call fails once with the code of its service, and then works."""
        calls = client(service)
        fake_aws.fault("ThrottlingException", service=service, message="Rate exceeded", times=1)
        with pytest.raises(ClientError) as error:
            getattr(calls, method)()
        assert code(error) == wanted
        getattr(calls, method)()

    def test_a_fault_has_a_place(self, fake_aws: FakeAws, client: Any) -> None:
        """One account's one region's one operation is denied, and nothing beside it."""
        fake_aws.fault("AccessDeniedException", account=OTHER, region="eu-*", service="sagemaker", operation="List*")
        with pytest.raises(ClientError) as error:
            client("sagemaker", OTHER, "eu-west-1").list_models()
        assert code(error) == "AccessDeniedException"
        client("sagemaker", OTHER, "us-west-2").list_models()
        client("sagemaker", ACCOUNT, "eu-west-1").list_models()

    def test_a_server_error_has_its_status(self, fake_aws: FakeAws, client: Any) -> None:
        """An internal error comes as a 500."""
        sagemaker = client("sagemaker")
        fake_aws.fault("InternalFailure", service="sagemaker", status=500, message="oops")
        with pytest.raises(ClientError) as error:
            sagemaker.list_models()
        assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500

    def test_latency(self, fake_aws: FakeAws, client: Any) -> None:
        """A slow operation is slow, and answers."""
        sagemaker = client("sagemaker")
        fake_aws.fault(service="sagemaker", operation="ListModels", seconds=0.2)
        began = time.monotonic()
        sagemaker.list_models()
        assert time.monotonic() - began >= 0.2

    def test_calls_are_counted(self, fake_aws: FakeAws, client: Any) -> None:
        """By account, region, service and operation, refused ones included."""
        sagemaker = client("sagemaker", region="us-east-2")
        fake_aws.forget_calls()
        fake_aws.fault("AccessDeniedException", operation="ListModels", times=1)
        for _ in range(2):
            try:
                sagemaker.list_models()
            except ClientError:
                continue
        assert [(call.account, call.region, call.operation, call.count) for call in fake_aws.calls()] == [
            (ACCOUNT, "us-east-2", "ListModels", 2)
        ]


def test_a_rate_is_each_account_s_and_operation_s_own(client: Any, fake_aws: FakeAws) -> None:
    """What is above it is throttled, and counted; another account's calls and another operation's are not."""
    here, there = client("sagemaker"), client("sagemaker", OTHER)
    fake_aws.fault(rate=0.001, service="sagemaker")
    here.list_models()
    there.list_models()
    here.list_endpoints()

    with pytest.raises(ClientError) as caught:
        here.list_models()

    assert code(caught) == "ThrottlingException"
    assert fake_aws.throttled() == 1
    fake_aws.heal()
    here.list_models()


def test_a_connection_is_kept(fake_aws: FakeAws) -> None:
    """Calls follow one another over one connection, as at AWS; a refused HEAD, too, has no body to be read."""
    with closing(HTTPConnection(fake_aws.url.removeprefix("http://"))) as connection:
        connection.connect()
        opened = connection.sock
        for method in ("HEAD", "PUT", "GET"):
            connection.request(method, "/some-bucket/key", body=b"hello")
            answer = connection.getresponse()
            assert (answer.status, bool(answer.read())) == (403, method != "HEAD")
        assert connection.sock is opened


def test_it_can_be_emptied(empty_aws: FakeAws) -> None:
    """Then it is as it was at the start, the ids that it gives out included."""

    def life() -> list[Any]:
        began = [one.operation for one in empty_aws.calls()]
        empty_aws.role(WORKER)
        session = empty_aws.session(WORKER)
        asked = {"region_name": "us-west-2", "endpoint_url": empty_aws.url}
        s3, sagemaker, iam = (session.client(name, **asked) for name in ("s3", "sagemaker", "iam"))
        there = [s3.list_buckets()["Buckets"], sagemaker.list_training_jobs()["TrainingJobSummaries"]]
        role = iam.create_role(RoleName="x", AssumeRolePolicyDocument="{}")["Role"]
        s3.create_bucket(Bucket="some-bucket", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
        s3.put_bucket_versioning(Bucket="some-bucket", VersioningConfiguration={"Status": "Enabled"})
        version = s3.put_object(Bucket="some-bucket", Key="key", Body=b"hello")["VersionId"]
        train(sagemaker, "job")
        made = sagemaker.describe_training_job(TrainingJobName="job")["CreationTime"]
        empty_aws.caller_may("s3:*")
        empty_aws.fault("AccessDeniedException", service="lambda")
        return [began, there, role["RoleId"], version, made]

    first = life()
    empty_aws.reset()

    with pytest.raises(ClientError):
        empty_aws.caller().client("s3", endpoint_url=empty_aws.url).list_buckets()
    empty_aws.forget_calls()
    assert life() == first
    assert first[:2] == [[], [[], []]]
