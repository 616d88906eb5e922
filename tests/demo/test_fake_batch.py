"""The demo's AWS takes many calls at once, and its Search shows what the dashboard shows."""

from __future__ import annotations

import pytest

from studbook.demo.cloud.aws import FakeAws

ACCOUNT, REGION = "777777777777", "us-west-2"
ADMIN = f"arn:aws:iam::{ACCOUNT}:role/Admin"
MODELS = [("CreateModel", {"ModelName": name, "Tags": [{"Key": "k", "Value": name}]}) for name in ("a", "b", "c")]


class TestBatch:
    def test_calls_are_made_a_second_apart(self, fake_aws: FakeAws) -> None:
        """Each resource of a batch has a time of its own, and Search has the newest first, a page at a time."""
        fake_aws.role(ADMIN)
        fake_aws.batch(ACCOUNT, REGION, MODELS)
        sagemaker = fake_aws.session(ADMIN).client("sagemaker", endpoint_url=fake_aws.url, region_name=REGION)

        asked = {"Resource": "Model", "SortBy": "CreationTime", "SortOrder": "Descending", "MaxResults": 2}
        page = sagemaker.search(**asked)
        rest = sagemaker.search(**asked, NextToken=page["NextToken"])

        found = [item["Model"]["Model"] for item in page["Results"] + rest["Results"]]
        assert [model["ModelName"] for model in found] == ["c", "b", "a"]
        assert found[0]["Tags"] == [{"Key": "k", "Value": "c"}]
        assert (found[0]["CreationTime"] - found[1]["CreationTime"]).total_seconds() == 1
        described = sagemaker.describe_model(ModelName="a")
        del described["ResponseMetadata"], found[2]["Tags"]
        assert found[2] == described

    def test_a_refused_call(self, fake_aws: FakeAws) -> None:
        """A batch ends with the first call that AWS would refuse, and says why."""
        with pytest.raises(RuntimeError, match="already existing"):
            fake_aws.batch(ACCOUNT, "eu-west-1", [MODELS[0], MODELS[0]])
