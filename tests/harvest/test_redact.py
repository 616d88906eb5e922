"""A secret is never written."""

from __future__ import annotations

import base64
import json
import string
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from studbook.harvest.redact import REDACTED, Redactor, looks_random, names_a_secret
from studbook.settings import Redact

RANDOM = "wJalrXUtnFEMIK7MDENGbPxRfiCYzEXAMPL3KEY9"


class TestKeys:
    @pytest.mark.parametrize(
        "key",
        [
            "HF_TOKEN", "hfToken", "hf-token", "hftoken", "AWS_SECRET_ACCESS_KEY", "password", "DB_PASSWD", "dbPwd",
            "api_key", "OPENAI_API_KEY", "WANDB_API_KEY", "apikey", "private_key", "credential", "Credentials",
            "ConnectionString", "client_secret", "access_key", "AccessKeyId",
        ],
    )  # fmt: skip
    def test_secret(self, key):
        """Keys that people give to secrets, in every spelling."""
        assert names_a_secret(key)

    @pytest.mark.parametrize(
        "key",
        [
            "tokenizer", "max_new_tokens", "MaxTokens", "BillableTokenCount", "pad_token", "NextToken", "eos_token_id",
            "VolumeKmsKeyId", "Key", "keyboard", "lr", "SecondaryStatus", "hub_access_config",
        ],
    )  # fmt: skip
    def test_no_secret(self, key):
        """Keys that only look like it."""
        assert not names_a_secret(key)


KNOWN = {
    "aws": "AKIAIOSFODNN7EXAMPLE",
    "github": "ghp_" + "a1B2" * 9,
    "github fine-grained": "github_pat_" + "a1B2" * 10,
    "gitlab": "glpat-" + "a1B2" * 5,
    "hugging face": "hf_" + "aBcD" * 8,
    "openai": "sk-proj-" + "a1B2" * 8,
    "anthropic": "sk-ant-api03-" + "a1B2" * 8,
    "slack": "xoxb-123456789012-" + "a1B2" * 4,
    "google": "AIza" + "a1B2-" * 7,
    "azure": "abc8Q~" + "a1B2" * 8,
    "databricks": "dapi" + "0a1b" * 8,
    "stripe": "sk_live_" + "a1B2" * 6,
    "npm": "npm_" + "a1B2" * 9,
    "pypi": "pypi-AgEIcHlwaS5vcmc" + "a1B2" * 12,
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "pem": "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----",
    "random": RANDOM,
    "aws session": "ASIAIOSFODNN7EXAMPLE",
    "github app": "ghs_" + "a1B2" * 9,
    "gitlab runner": "glrt-" + "a1B2" * 5,
    "hugging face organisation": "api_org_" + "aBcD" * 8,
    "slack app": "xapp-1-" + "A1B2" * 4,
    "slack hook": "hooks.slack.com/services/T000/B000/a1B2a1B2",
    "google session": "ya29." + "a1B2-" * 6,
    "google client": "GOCSPX-" + "a1B2-" * 6,
    "stripe restricted": "rk_test_" + "a1B2" * 6,
    "stripe webhook": "whsec_" + "a1B2" * 6,
    "weights & biases": "wandb_v1_" + "a1B2" * 6,
    "weights & biases, own server": "local-" + "0a1b2" * 8,
}


class TestValues:
    @pytest.mark.parametrize("secret", KNOWN.values(), ids=KNOWN)
    @pytest.mark.parametrize("shape", ["alone", "in text", "in JSON in a string", "in a list", "quoted"])
    def test_known_formats(self, secret, shape):
        """Tokens of known formats go, wherever they are and whatever their key is called."""
        value = {
            "alone": secret,
            "in text": f"use {secret} please",
            "in JSON in a string": json.dumps({"note": json.dumps({"inner": secret})}),
            "in a list": ["x", secret],
            "quoted": json.dumps(secret),
        }[shape]
        redactor = Redactor()

        clean = redactor.body({"note": value})

        assert secret.splitlines()[0] not in json.dumps(clean)
        assert REDACTED in json.dumps(clean)
        assert redactor.count == 1

    @pytest.mark.parametrize(
        ("body", "clean"),
        [
            ({"Environment": {"DB_PASSWORD": "hunter2"}}, {"Environment": {"DB_PASSWORD": REDACTED}}),
            ({"Name": "db_password", "Value": "x1"}, {"Name": "db_password", "Value": REDACTED}),
            ({"Name": "api-key", "DefaultValue": "x1"}, {"Name": "api-key", "DefaultValue": REDACTED}),
            ({"Key": "secret", "Value": "x1"}, {"Key": "secret", "Value": REDACTED}),
            ({"key": "wandb_api_key", "value": "x1"}, {"key": "wandb_api_key", "value": REDACTED}),
            ({"a": ["--password", "x1", "--lr", "3"]}, {"a": ["--password", REDACTED, "--lr", "3"]}),
            ({"a": ["--api-key=x1", "--lr=3"]}, {"a": [f"--api-key={REDACTED}", "--lr=3"]}),
            ({"a": "train --password x1 --lr 3"}, {"a": f"train --password {REDACTED} --lr 3"}),
            ({"a": "PASSWORD=x1 python t.py"}, {"a": f"PASSWORD={REDACTED} python t.py"}),
            ({"a": "lr: 3\npassword: x1\n"}, {"a": f"lr: 3\npassword: {REDACTED}\n"}),
            ({"a": "https://ana:x1@host/p"}, {"a": f"https://{REDACTED}@host/p"}),
            ({"a": "https://h/p?X-Amz-Signature=ab12&x=1"}, {"a": f"https://h/p?X-Amz-Signature={REDACTED}&x=1"}),
            ({"a": "https://h/p?sv=1&sig=ab%2B12"}, {"a": f"https://h/p?sv=1&sig={REDACTED}"}),
            ({"a": "Authorization: Bearer abcdefgh12"}, {"a": f"Authorization: Bearer {REDACTED}"}),
            ({"credentials": {"user": "u1", "x": ["y1"]}}, {"credentials": {"user": REDACTED, "x": [REDACTED]}}),
            ({"doc": '{"password": "x1", "n": 1}'}, {"doc": f'{{"password": "{REDACTED}", "n": 1}}'}),
        ],
    )  # fmt: skip
    def test_by_name(self, body, clean):
        """What is named a secret goes, in pairs, arguments, assignments and URLs; nothing else does."""
        assert Redactor().body(body) == clean

    @pytest.mark.parametrize(
        "body",
        [
            {"HubName": "J90HLHSMB60JN1OUCL7UGEIJ8V657V3QFKIAMI2I3K6DL6CBU9PG"},
            {"PipelineName": "SagemakerEvaluation-CustomScorerEvaluation-1f0c2a3b-aaaa-4bbb-8ccc-0123456789ab"},
            {"CodeSha256": "t2xhtfbTPPxcPTmz4JYdSXW2iTGGRVB4q/g+jIt2dVg="},
            {"ImageDigest": "sha256:" + "0a1b" * 16},
            {"VersionId": "3sL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY.MTRCxf3vjVBH40Nr8X8gdRQBpUMLUo"},
            {"commit": "9fceb02d0ae598e95dc970b74767f19372d61af8"},
            {"RoleArn": "arn:aws:iam::111122223333:role/SageMakerExec"},
            {"SecretArn": "arn:aws:secretsmanager:us-west-2:111122223333:secret:db-AbCdEf"},
            {"S3Uri": "s3://bucket/AbCdEfGh1234567890ZyXwVuTsRqPo/data.jsonl"},
            {"Image": "763104351884.dkr.ecr.us-west-2.amazonaws.com/huggingface-pytorch-training:2.5-gpu"},
            {"Repository": "git@example.com:ml/bot.git", "other": "ssh://git@example.com/ml/bot.git"},
            {"HyperParameters": {"lr": "\"2e-5\"", "max_tokens": "512", "tokenizer": "llama", "eos_token": "\"\""}},
            {"BillableTokenCount": 4100000, "token": None, "use_token": True},
            {"doc": '{"b" : 1,   "a":[1.50]}'},
            {"S3ModelArtifacts": "s3://sagemaker-us-west-2-111122223333/output/acme-llama-rlvr-20260914101112/output"},
        ],
    )  # fmt: skip
    def test_what_is_no_secret_stays(self, body):
        """Ids, digests, ARNs, URIs, names and numbers come through byte by byte."""
        redactor = Redactor()

        assert redactor.body(body) == body
        assert redactor.count == 0

    def test_twice_is_once(self):
        """What is redacted already is neither changed nor counted again."""
        clean = Redactor().body({"password": "x1", "a": f"token={RANDOM}", "u": "https://u:p@h/"})
        again = Redactor()

        assert again.body(clean) == clean
        assert again.count == 0

    def test_in_a_key(self):
        """A token that somebody used as a key goes as well."""
        redactor = Redactor()

        assert redactor.body({KNOWN["github"]: "x"}) == {REDACTED: "x"}
        assert redactor.body({"doc": json.dumps({RANDOM: "x"})}) == {"doc": json.dumps({REDACTED: "x"})}
        assert redactor.count == 2

    def test_configured_keys(self):
        """The configuration's keys are case-insensitive globs, and take numbers too."""
        redactor = Redactor(Redact(keys=("*pin*",)))

        assert redactor.body({"CardPin": 1234, "x": 1}) == {"CardPin": REDACTED, "x": 1}

    def test_configured_values(self):
        """The configuration's values are regular expressions over values."""
        assert Redactor(Redact(values=(r"ACME-\d+",))).text("see ACME-123") == f"see {REDACTED}"

    def test_identifiers(self):
        """A token in an id becomes a word that fits into one."""
        assert Redactor().identifier("mlflow:lab/model/hf_" + "aBcD" * 8) == "mlflow:lab/model/redacted"

    @pytest.mark.parametrize(
        "name", ["CustomScorerEvaluationPipeline2024Run12", "meta-textgeneration-llama-3-2-1b-instruct"]
    )
    def test_names_do_not_look_random(self, name):
        """Long names with digits are still names."""
        assert not looks_random(name)


class TestDepth:
    @pytest.mark.parametrize("depth", [400, 900, 5_000, 100_000])
    def test_json_nested_too_deep(self, depth):
        """A document that only a recursion error would answer is text like any other; what is secret in it goes."""
        text = '{"a":' * depth + f'"{KNOWN["aws"]}"' + "}" * depth

        clean = Redactor().body({"document": text})

        assert KNOWN["aws"] not in clean["document"]


# --- anywhere, and nowhere else -------------------------------------------------------------------------------------

ALPHANUMERIC = string.ascii_letters + string.digits
BASE64URL = ALPHANUMERIC + "-_"
HEX = "0123456789abcdef"


def drawn(alphabet: str, least: int, most: int | None = None) -> st.SearchStrategy[str]:
    return st.text(alphabet, min_size=least, max_size=most or least)


def formed(*parts: str | st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Parts in a row."""
    return st.tuples(*(st.just(one) if isinstance(one, str) else one for one in parts)).map("".join)


def _jwt(claims: dict[str, str], signature: str) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in ({"alg": "x"}, claims)]
    return ".".join([*parts, signature])


FORMATS: dict[str, st.SearchStrategy[str]] = {
    "AWS": formed(st.sampled_from(["AKIA", "ASIA"]), drawn(string.ascii_uppercase + "234567", 16)),
    "GitHub": formed(st.sampled_from(["ghp_", "gho_", "ghu_", "ghs_", "ghr_"]), drawn(ALPHANUMERIC, 36)),
    "GitHub, fine-grained": formed("github_pat_", drawn(ALPHANUMERIC, 22), "_", drawn(ALPHANUMERIC, 59)),
    "GitLab": formed(st.sampled_from(["glpat-", "gldt-", "glrt-", "glptt-"]), drawn(BASE64URL, 20)),
    "Hugging Face": formed(st.sampled_from(["hf_", "api_org_"]), drawn(string.ascii_letters, 34)),
    "OpenAI": formed(
        st.sampled_from(["sk-", "sk-proj-", "sk-svcacct-"]),
        drawn(ALPHANUMERIC, 20),
        "T3BlbkFJ",
        drawn(ALPHANUMERIC, 20),
    ),
    "Anthropic": formed("sk-ant-api03-", drawn(BASE64URL, 93), "AA"),
    "Slack": formed(
        st.sampled_from(["xoxb-", "xoxp-", "xapp-1-"]), drawn(string.digits, 12), "-", drawn(ALPHANUMERIC, 24)
    ),
    "Google": formed("AIza", drawn(BASE64URL, 35)),
    "Google, a session": formed("ya29.", drawn(BASE64URL, 40, 120)),
    "Google, a client": formed("GOCSPX-", drawn(BASE64URL, 28)),
    "Azure": formed(drawn(ALPHANUMERIC, 3), "8Q~", drawn(ALPHANUMERIC + "~._-", 30), drawn(ALPHANUMERIC, 4)),
    "Databricks": formed("dapi", drawn(HEX, 32)),
    "Stripe": formed(st.sampled_from(["sk_live_", "sk_test_", "rk_live_"]), drawn(ALPHANUMERIC, 24, 99)),
    "npm": formed("npm_", drawn(ALPHANUMERIC, 36)),
    "PyPI": formed("pypi-AgEIcHlwaS5vcmc", drawn(BASE64URL, 60, 150)),
    "Weights & Biases": formed("wandb_v1_", drawn(ALPHANUMERIC, 70)),
    "JWT": st.builds(
        _jwt,
        st.dictionaries(drawn(string.ascii_lowercase, 3), drawn(ALPHANUMERIC, 8), min_size=1),
        drawn(BASE64URL, 43),
    ),
    "PEM": drawn(ALPHANUMERIC + "+/", 64, 400).map(
        lambda body: f"-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----"
    ),
}
"""Every format of the list in docs/security.md, as its issuer makes it."""

SAFE_KEYS = ("note", "description", "EntryPoint", "S3Uri", "lr", "Value", "Key", "sha", "RoleArn", "id")
AROUND = (
    "{}",
    "use {} please",
    "'{}'",
    '"{}"',
    "({})",
    "x={}",
    "a: {}",
    "{},",
    "{}\n",
    "https://h/p?x={}",
    "s3://b/{}/f",
    "run_{}",
    "v1.{}",
)


@st.composite
def planted(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A secret, and a body with that secret somewhere deep inside, in a value or as a key, as text or as JSON."""
    secret = draw(st.sampled_from(sorted(FORMATS)).flatmap(FORMATS.__getitem__))
    value: Any = draw(st.sampled_from(AROUND)).format(secret)
    if draw(st.booleans()) and "\n" not in secret:
        value = {value: "x"}
    for _ in range(draw(st.integers(0, 4))):
        key = draw(st.sampled_from(SAFE_KEYS))
        value = draw(
            st.sampled_from(
                [{key: value}, [value], ["--note", value], {"Key": key, "Value": value}, {key: json.dumps(value)}]
            )
        )
    return secret, {draw(st.sampled_from(SAFE_KEYS)): value}


def strings(value: Any) -> Iterator[str]:
    """Every string in a value, keys too; of a string with JSON in it also those in there."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, str):
        yield value
        if value[:1] in ("{", "[", '"'):
            try:
                yield from strings(json.loads(value))
            except ValueError:
                return


def pieces(secret: str) -> set[str]:
    """What would be enough to know a secret by."""
    lines = [line for line in secret.splitlines() if not line.startswith("-----")]
    return {line[start : start + 16] for line in lines for start in range(max(1, len(line) - 15))}


WORDS = (
    "bot",
    "fraud",
    "llama",
    "Chat",
    "support",
    "eval",
    "train",
    "Model",
    "instruct",
    "v2",
    "LoRA",
    "3",
    "8b",
    "sk",
    "hf",
    "learn",
)
NAMES = st.one_of(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map("-".join),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map("_".join),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map("".join),
)
STAMPS = st.datetimes().map(lambda when: when.strftime("%Y-%m-%d-%H-%M-%S-") + f"{when.microsecond:06}"[:3])
NUMBERS = st.one_of(st.integers().map(str), st.floats(allow_nan=False).map(str), st.just("2e-5"), st.just("5e-05"))
UUIDS = st.uuids().map(str)
HASHES = st.one_of(drawn(HEX, 32), drawn(HEX, 40), drawn(HEX, 64).map("sha256:".__add__), drawn(HEX, 64))
PATHS = st.lists(
    st.one_of(NAMES, UUIDS, STAMPS, st.integers(0, 99999).map("part-{:05}-c000.snappy.parquet".format), HASHES),
    min_size=1,
    max_size=5,
).map("/".join)
ACCOUNT = drawn(string.digits, 12)
ARNS = st.one_of(
    st.builds("arn:aws:sagemaker:us-west-2:{}:training-job/{}-{}".format, ACCOUNT, NAMES, STAMPS),
    st.builds("arn:aws:sagemaker:eu-west-1:{}:model-package/{}/{}".format, ACCOUNT, NAMES, st.integers(1, 999)),
    st.builds(
        "arn:aws:sagemaker:eu-west-1:{}:mlflow-app/app-{}".format,
        ACCOUNT,
        drawn(string.ascii_uppercase + string.digits, 12),
    ),
    st.builds("arn:aws:lambda:us-west-2:{}:function:{}:{}".format, ACCOUNT, NAMES, st.integers(1, 99)),
    st.builds("arn:aws:iam::{}:role/service-role/{}".format, ACCOUNT, NAMES),
    st.builds("arn:aws:kms:us-west-2:{}:key/{}".format, ACCOUNT, UUIDS),
    st.builds("arn:aws:secretsmanager:us-west-2:{}:secret:{}-{}".format, ACCOUNT, NAMES, drawn(ALPHANUMERIC, 6)),
)
ORDINARY = st.one_of(
    ARNS,
    HASHES,
    UUIDS,
    PATHS,
    PATHS.map("s3://acme-models/{}".format),
    st.builds("{}.dkr.ecr.us-west-2.amazonaws.com/{}@sha256:{}".format, ACCOUNT, PATHS, drawn(HEX, 64)),
    st.builds("{}-{}".format, NAMES, STAMPS),
    st.builds("mlflow:lab/run/{}".format, drawn(HEX, 32)),
    st.builds("git:https://git.example.com/{}@{}".format, PATHS, drawn(HEX, 40)),
    NUMBERS,
    st.dictionaries(NAMES, NUMBERS).map(json.dumps),
)
"""What records are full of."""
PARAMETERS = (
    "learning_rate",
    "max_new_tokens",
    "pad_token_id",
    "eos_token",
    "tokenizer",
    "num_keys",
    "S3Uri",
    "Key",
    "ETag",
    "Image",
)


class TestAnywhere:
    @given(planted())
    def test_no_secret_of_a_known_format_survives(self, given: tuple[str, dict[str, Any]]):
        """Wherever it stands, whatever stands around it: not even sixteen characters of it are left."""
        secret, body = given
        redactor = Redactor()

        left = list(strings(redactor.body(body)))

        assert not [(piece, text) for piece in pieces(secret) for text in left if piece in text]

    @given(planted())
    def test_nor_in_a_message_or_an_id(self, given: tuple[str, dict[str, Any]]):
        """Errors are quoted in gaps, and names become ids."""
        secret, _ = given

        assert secret not in Redactor().text(f"AccessDenied: {secret} is not allowed")
        assert secret not in Redactor().identifier(f"mlflow:lab/model/{secret}")


class TestNowhereElse:
    @given(st.dictionaries(st.sampled_from(PARAMETERS), st.one_of(ORDINARY, st.lists(ORDINARY, max_size=3))))
    @example({"EntryPoint": "sk-learn-random-forest-classifier"})
    def test_what_records_are_full_of_stays(self, body: dict[str, Any]):
        """ARNs, digests, keys, images, names, numbers: byte by byte, and nothing is counted."""
        redactor = Redactor()

        assert redactor.body(body) == body
        assert redactor.count == 0
