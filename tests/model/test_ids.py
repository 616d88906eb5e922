"""Ids are what catalog/README.md says, to the letter."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studbook.model import ids
from studbook.model.ids import bedrock_model


class TestHubContent:
    def test_splits_a_public_version(self):
        """Public hub content has the account `aws`."""
        content = ids.parse_hub_content(
            "arn:aws:sagemaker:us-west-2:aws:hub-content/SageMakerPublicHub/Model/llama/1.12.0"
        )

        assert content is not None
        assert (content.arn.account, content.type, content.name, content.version) == ("aws", "Model", "llama", "1.12.0")
        assert content.parent == "arn:aws:sagemaker:us-west-2:aws:hub-content/SageMakerPublicHub/Model/llama"

    def test_a_missing_version_is_none(self):
        """An ARN without a version names none."""
        content = ids.parse_hub_content("arn:aws:sagemaker:us-west-2:111122223333:hub-content/h/DataSet/d")

        assert content is not None
        assert content.version is None


class TestLambda:
    @pytest.mark.parametrize(
        ("qualifier", "is_version"), [(None, False), ("7", True), ("$LATEST", True), ("prod", False)]
    )
    def test_tells_versions_from_aliases(self, qualifier, is_version):
        """A number and $LATEST are versions; a name is an alias."""
        function = "arn:aws:lambda:us-west-2:111122223333:function:f"
        parsed = ids.parse_lambda(function + (f":{qualifier}" if qualifier else ""))

        assert parsed == (function, qualifier)
        assert parsed.is_version is is_version


class TestImages:
    @pytest.mark.parametrize(
        ("host", "region"),
        [
            ("dkr.ecr.us-west-2.amazonaws.com", "us-west-2"),
            ("dkr.ecr-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
            ("dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"),
            ("dkr.ecr.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
            ("dkr-ecr.us-west-2.on.aws", "us-west-2"),
        ],
    )
    def test_a_registry_by_any_of_its_hosts(self, host, region):
        """In every AWS partition, FIPS and dual-stack hosts included, the image's account and region are told."""
        assert ids.image_registry(f"111122223333.{host}/train:1") == ("111122223333", region)

    def test_another_registry_has_no_account(self):
        """A host that only ends so is no registry of AWS."""
        assert ids.image_registry("111122223333.dkr.ecr.us-west-2.amazonaws.com.evil.example/t") == (None, None)


class TestS3:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("s3://b/a//c", "s3://b/a//c"),
            ("s3://b", "s3://b/"),
            ("https://b.s3.us-west-2.amazonaws.com/a/c", "s3://b/a/c"),
            ("https://s3.us-west-2.amazonaws.com/b/a%20c", "s3://b/a c"),
            ("https://b.s3.eusc-de-east-1.amazonaws.eu/a/c", "s3://b/a/c"),
            ("https://b.s3.us-west-2.amazonaws.com//a/c", "s3://b//a/c"),
            ("https://s3.us-west-2.amazonaws.com/b//a/c", "s3://b//a/c"),
            ("https://s3.dualstack.cn-north-1.amazonaws.com.cn/b/a", "s3://b/a"),
            ("https://b.s3.us-iso-east-1.c2s.ic.gov/a", "s3://b/a"),
        ],
    )
    def test_reads_every_form(self, text, expected):
        """SageMaker accepts https forms besides s3://; inner double slashes are legal keys."""
        assert str(ids.parse_s3(text)) == expected

    @pytest.mark.parametrize("text", ["", "s3://", "/local", "https://example.com/b/a", None, 7])
    def test_what_is_not_s3_is_none(self, text):
        """A stranger's text never raises."""
        assert ids.parse_s3(text) is None

    @pytest.mark.parametrize(
        ("key", "expected"), [("p", "s3://b/p/"), ("p/", "s3://b/p/"), ("p//", "s3://b/p/"), ("", "s3://b/")]
    )
    def test_a_dataset_has_exactly_one_trailing_slash(self, key, expected):
        """Whatever was written, the id is one."""
        assert ids.dataset_id(ids.S3Uri("b", key)) == expected


class TestBedrock:
    @pytest.mark.parametrize(
        "named",
        [
            "anthropic.claude-3-haiku-v1:0",
            "us.anthropic.claude-3-haiku-v1:0",
            "us-gov.anthropic.claude-3-haiku-v1:0",
            "apac.anthropic.claude-3-haiku-v1:0",
            "global.anthropic.claude-3-haiku-v1:0",
            "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-v1:0",
            "arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/anthropic.claude-3-haiku-v1:0",
            "arn:aws:bedrock:eu-west-1:111122223333:inference-profile/eu.anthropic.claude-3-haiku-v1:0",
        ],
    )
    def test_one_model_by_all_its_ids(self, named):
        """Its own, those of AWS's inference profiles, and ARNs of either in any region and partition."""
        assert bedrock_model(named) == "bedrock:anthropic.claude-3-haiku-v1:0"

    @pytest.mark.parametrize("named", ["us.model", "meta.llama3-8b-v1:0", "anthropic.claude-v2:1", "minimax.m2.1"])
    def test_a_word_that_is_no_geography_stays(self, named):
        """Model ids begin with who made the model."""
        assert bedrock_model(named) == f"bedrock:{named}"

    @pytest.mark.parametrize(
        "named", [None, 7, "", "arn:aws:bedrock:us-east-1:1:prompt-router/x", "arn:aws:iam::1:role/x"]
    )
    def test_what_is_no_one_model_is_none(self, named):
        """A router sends requests to one model or another."""
        assert bedrock_model(named) is None

    def test_what_has_an_arn_of_its_own_keeps_it(self):
        """A tuned model, or an address behind which models may change."""
        for path in ("custom-model/amazon.nova-lite-v1:0/x", "provisioned-model/p", "application-inference-profile/a"):
            assert bedrock_model(f"arn:aws:bedrock:us-east-1:1:{path}") == f"arn:aws:bedrock:us-east-1:1:{path}"


class TestFingerprint:
    def test_is_the_digest_of_the_manifest(self):
        """`key TAB size TAB etag LF` in byte order; folder markers left out; quotes cut from the etag."""
        objects = [
            {"Key": "p/b", "Size": 2, "ETag": '"e2"'},
            {"Key": "p/", "Size": 0, "ETag": '"d41d"'},
            {"Key": "p/a%\n", "Size": 1, "ETag": "e1"},
        ]

        expected = hashlib.sha256(b"a%25%0A\t1\te1\nb\t2\te2\n").hexdigest()

        assert ids.fingerprint(objects, "p/") == f"sha256:{expected}"

    @given(
        st.lists(st.tuples(st.text(min_size=1), st.integers(0, 9)), unique_by=lambda row: row[0]).flatmap(
            st.permutations
        )
    )
    def test_does_not_depend_on_the_order_of_the_listing(self, rows):
        """Pages may come in any order."""
        objects = [{"Key": key, "Size": size, "ETag": "e"} for key, size in rows if not _surrogate(key)]

        assert ids.fingerprint(objects) == ids.fingerprint(list(reversed(objects)))


def _surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


class TestMlflow:
    def test_names_are_percent_encoded_segments(self):
        """A slash in a name does not make a segment."""
        assert ids.mlflow_id("lab", "model", "a/b", "3") == "mlflow:lab/model/a%2Fb/3"


class TestCode:
    def test_user_and_password_are_cut_out(self):
        """An id shows no secret."""
        assert ids.code_id("https://bob:s3cret@git.example.com/x.git", "abc") == "git:https://git.example.com/x.git@abc"

    def test_redacted_user_info_is_cut_out(self):
        """What redaction left in the place of user and password is no part of the address."""
        assert ids.code_id("https://[redacted]@git.example.com/x.git", "abc") == "git:https://git.example.com/x.git@abc"


class TestPagePath:
    @given(st.text(min_size=1))
    def test_is_safe_for_any_text(self, asset_id):
        """Keys from strangers never make a path."""
        if _surrogate(asset_id):
            return
        path = ids.page_path("training_job", asset_id)

        assert set(path) <= set("abcdefghijklmnopqrstuvwxyz0123456789-/")
        assert path.count("/") == 2
        assert len(path) < 80

    def test_two_things_of_one_name_have_two_pages(self):
        """The id makes the address unique."""
        here, there = (
            f"arn:aws:sagemaker:us-west-2:{account}:model/bot" for account in ("111111111111", "222222222222")
        )
        assert ids.page_path("model", here) != ids.page_path("model", there)

    @pytest.mark.parametrize(
        ("asset_id", "readable"),
        [
            ("arn:aws:sagemaker:us-west-2:111111111111:model-package/support-bot/2", "support-bot-2"),
            ("arn:aws:sagemaker:us-west-2:111111111111:training-job/fraud-xgb", "fraud-xgb"),
            ("arn:aws:lambda:us-west-2:111111111111:function:eval-tone:1", "eval-tone-1"),
            (f"s3://bucket/sets/fraud/@sha256:{'a' * 64}", "fraud-aaaaaaaaaaaa"),
            ("mlflow:lab/model/support-bot/2", "support-bot-2"),
        ],
    )
    def test_can_be_read(self, asset_id, readable):
        """The end of the id, in small letters; a name, which may change, is no part of it."""
        assert ids.page_path("model", asset_id).removeprefix("model/")[:-14] == readable
