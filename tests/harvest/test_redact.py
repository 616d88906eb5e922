"""A secret is never written."""

from __future__ import annotations

import json
import re
import string
import time
from random import Random
from typing import Any

import pytest
from benchmarks.secret_corpus import SHAPES, Planted, harmless, is_left, secrets, texts, token
from hypothesis import example, given
from hypothesis import strategies as st

from studbook.cards import parse_card
from studbook.model import REDACTED
from studbook.people import cleaned
from studbook.redaction.redact import Redactor, looks_random
from studbook.redaction.secret_forms import ANCHORED, FORMS
from studbook.redaction.secret_keys import strength
from studbook.rules import read_waivers
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
        assert strength(key)

    @pytest.mark.parametrize(
        "key",
        [
            "tokenizer", "max_new_tokens", "MaxTokens", "BillableTokenCount", "pad_token", "NextToken", "eos_token_id",
            "VolumeKmsKeyId", "Key", "keyboard", "lr", "SecondaryStatus", "hub_access_config",
        ],
    )  # fmt: skip
    def test_no_secret(self, key):
        """Keys that only look like it."""
        assert not strength(key)


KNOWN = {f"{issuer} {number}": token(Random(number), shape) for issuer, shapes in SHAPES.items()
         for number, shape in enumerate(shapes)}  # fmt: skip
"""A token of every known form, and one string that only looks random."""
KNOWN["random"] = RANDOM


class TestForms:
    def test_the_table_is_generated_from(self):
        """Every known form has a source, and a shape from which tests build its tokens."""
        forms = [*FORMS, *ANCHORED]

        assert {form.issuer for form in forms} == set(SHAPES)
        assert [form for form in forms if not form.source.startswith("https://")] == []

    @pytest.mark.parametrize("issuer", SHAPES)
    def test_each_form(self, issuer):
        """Forty tokens of each shape: none stays in a text that says nothing of it."""
        random = Random(issuer)

        made = [token(random, shape) for shape in SHAPES[issuer] for _ in range(40)]
        planted = [Planted(issuer, one, {"note": f"see {one} there"}) for one in made]

        assert [one.secret for one in planted if is_left(one, Redactor().body(one.body))] == []

    @pytest.mark.parametrize("name", ["helm install web -p 8080", "jdbc:oracle:thin:@//h:1521/d", "low-bypass filter"])
    def test_what_is_near_them(self, name):
        """An option that is a password to `login` alone, an address without a user and a word that ends alike stay."""
        assert Redactor().body({"note": name, "bypass": 3}) == {"note": name, "bypass": 3}

    def test_what_has_a_prefix_alone(self):
        """What begins like a token and goes on in words is somebody's name."""
        names = ["xoxo-dataset-v1-final", "gldt-corpus-1-final-version", "hf_llama_chat_tokenizer", "sk-learn-pipeline"]

        assert [Redactor().text(name) for name in names] == names


class TestCorpus:
    def test_what_is_promised_is_never_missed(self):
        """Every promised form in every place: none is left."""
        assert [one for one in secrets(seed=3, each=1) if is_left(one, Redactor().body(one.body))] == []

    def test_what_is_harmless_stays(self):
        """Of what records are full of at most one in two hundred values is altered."""
        bodies = list(harmless(seed=5, each=10))

        harmed = [body for body in bodies if Redactor().body(body) != body]

        assert len(harmed) * 200 <= len(bodies), harmed


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

        assert secret.splitlines()[-1] not in json.dumps(clean)
        assert "redacted" in json.dumps(clean)
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
            {"source": "wasbs://models@acme.blob.core.windows.net/m", "abfss": "abfss://lake@acme.dfs.core.windows.net/"},
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

        assert redactor.body({KNOWN["GitHub 0"]: "x"}) == {REDACTED: "x"}
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
        """A token in an id becomes a keyed digest: two things never become one, and no two catalogs tell the same."""
        ids = [f"mlflow:lab/model/{token(Random(seed), 'hf_<letter:34>')}" for seed in range(20)]
        clean = [Redactor().identifier(one) for one in ids]

        assert all(re.fullmatch("mlflow:lab/model/redacted-[0-9a-f]{8}", one) for one in clean)
        assert len(set(clean)) == len(ids)
        assert Redactor(Redact(salt="another")).identifier(ids[0]) != clean[0]

    def test_names_and_ids_agree(self):
        """A name in a body and the id made of it are the same words, so that what names each other still does."""
        name = f"train-{token(Random(1), 'sbp_<hex:40>')}"
        arn = f"arn:aws:sagemaker:us-west-2:111122223333:training-job/{name}"
        clean = Redactor().body({"TrainingJobName": name, "TrainingJobArn": arn})

        assert clean["TrainingJobArn"] == Redactor().identifier(arn)
        assert clean["TrainingJobArn"].endswith("/" + clean["TrainingJobName"])

    def test_configured_values_reach_ids(self):
        """What the configuration names is taken out of names, places and ids too, each into one of its own."""
        redactor = Redactor(Redact(values=(r"TICKET-\d+",)))

        clean = redactor.body(
            {"TrainingJobName": "train-TICKET-1", "S3Uri": "s3://b/TICKET-2/", "note": "see TICKET-3"}
        )

        assert "TICKET" not in json.dumps(clean)
        assert clean["S3Uri"] == redactor.identifier("s3://b/TICKET-2/")
        assert clean["note"] == f"see {REDACTED}"

    @pytest.mark.parametrize(
        ("body", "clean"),
        [
            ({"password": 98761234501}, {"password": REDACTED}),
            ({"password": "98761234502"}, {"password": REDACTED}),
            ({"a": json.dumps(json.dumps({"password": "x1"}))}, {"a": json.dumps(json.dumps({"password": REDACTED}))}),
            ({"a": "postgresql://app:p@x1@db/x"}, {"a": f"postgresql://{REDACTED}@db/x"}),
            ({"a": "AccountEndpoint=https://h:443/;AccountKey=x1/y2==;"},
             {"a": f"AccountEndpoint=https://h:443/;AccountKey={REDACTED};"}),
            ({"a": "https://h/p?X-Goog-Signature=ab12"}, {"a": f"https://h/p?X-Goog-Signature={REDACTED}"}),
            ({"a": "config['password'] = 'x1'"}, {"a": f"config['password'] = {REDACTED}"}),
            ({"a": "--from-literal=password=x1"}, {"a": f"--from-literal=password={REDACTED}"}),
            ({"a": "a:\n  password: |\n    x1\n    y2\n  lr: 3"}, {"a": f"a:\n  password: {REDACTED}\n  lr: 3"}),
            ({"TagKey": "password", "TagValue": "x1"}, {"TagKey": "password", "TagValue": REDACTED}),
            ({"a": ["mysql", "-px1", "db"]}, {"a": ["mysql", f"-p{REDACTED}", "db"]}),
            ({"a": "curl -u ana:x1 https://h/"}, {"a": f"curl -u ana:{REDACTED} https://h/"}),
            ({"a": "Authorization: GenieKey 0a1b-2c3d"}, {"a": f"Authorization: GenieKey {REDACTED}"}),
            ({"a": "'Authorization: Api-Key x1.y2z3'"}, {"a": f"'Authorization: Api-Key {REDACTED}'"}),
            ({"a": "Authorization: Key 0a1b:2c3d"}, {"a": f"Authorization: Key {REDACTED}"}),
            ({"a": r"Authorization:\ Bearer\ x1y2z3"}, {"a": rf"Authorization:\ Bearer\ {REDACTED}"}),
            ({"a": "Authorization: Bearer  0a1b-2c3d"}, {"a": f"Authorization: Bearer  {REDACTED}"}),
            ({"a": "Authorization: IAM based access only"}, {"a": "Authorization: IAM based access only"}),
            ({"a": "x-functions-key: 0a1b-2c3d"}, {"a": f"x-functions-key: {REDACTED}"}),
            ({"a": "wandb login --relogin x1 && ls"}, {"a": f"wandb login --relogin {REDACTED} && ls"}),
            ({"a": ["wandb", "login", "--host", "https://h", "x1"]},
             {"a": ["wandb", "login", "--host", "https://h", REDACTED]}),
            ({"a": "wandb login && python train.py"}, {"a": "wandb login && python train.py"}),
            ({"a": "dvc remote modify r password x1"}, {"a": f"dvc remote modify r password {REDACTED}"}),
            ({"a": 'Authorization: Snowflake Token="x1 y2"'}, {"a": f"Authorization: Snowflake {REDACTED}"}),
            ({"a": "jdbc:oracle:thin:scott/x1@//h:1521/db"}, {"a": f"jdbc:oracle:thin:scott/{REDACTED}@//h:1521/db"}),
            ({"a": '{"username": "ana", "key": "0a1b"}'}, {"a": f'{{"username": "ana", "key": "{REDACTED}"}}'}),
            ({"a": "az acr login -n r -u ana -p x1"}, {"a": f"az acr login -n r -u ana -p {REDACTED}"}),
            ({"a": ["skopeo", "login", "-p", "x1", "h"]}, {"a": ["skopeo", "login", "-p", REDACTED, "h"]}),
            ({"a": "keytool -storepass x1yz -alias ca"}, {"a": f"keytool -storepass {REDACTED} -alias ca"}),
            ({"a": "sqlplus -s ana/x1@//h:1521/d"}, {"a": f"sqlplus -s ana/{REDACTED}@//h:1521/d"}),
        ],
    )  # fmt: skip
    def test_forms_of_text(self, body, clean):
        """Each form takes the secret and leaves what is around it as it was."""
        assert Redactor().body(body) == clean

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
        text = '{"a":' * depth + f'"{KNOWN["AWS access key 0"]}"' + "}" * depth

        clean = Redactor().body({"document": text})

        assert KNOWN["AWS access key 0"] not in clean["document"]


# --- anywhere, and nowhere else -------------------------------------------------------------------------------------

ALPHANUMERIC = string.ascii_letters + string.digits
HEX = "0123456789abcdef"


def drawn(alphabet: str, least: int, most: int | None = None) -> st.SearchStrategy[str]:
    return st.text(alphabet, min_size=least, max_size=most or least)


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
    shape = draw(st.sampled_from([shape for shapes in SHAPES.values() for shape in shapes if "b64" not in shape]))
    secret = token(Random(draw(st.integers(0, 2**32))), shape)
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


def pieces(secret: str) -> set[str]:
    """What would be enough to know a secret by."""
    lines = [line.removeprefix("https://") for line in secret.splitlines() if not line.startswith("-----")]
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

        left = list(texts(redactor.body(body)))

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


@pytest.mark.parametrize(
    "piece", ["a://", "a:b@", "password=", 'password="', "<a>", "-a ", "Ab1/", "h://u:p", "name: a value "]
)
def test_no_text_takes_long(piece):
    """What strangers write cannot hold up a night: a long text costs a bounded time a letter."""
    started = time.process_time()

    Redactor().text(piece * (30_000 // len(piece)) + "@")

    assert time.process_time() - started < 5


class TestWhatPeopleWrite:
    """Waivers and cards, as a snapshot keeps them."""

    WAIVERS = """\
# of ana, password=Hunter22secret
- rule: unevaluated
  asset: "arn:aws:sagemaker:us-east-1:222222222222:endpoint/bot"
  why: |
    until Tuesday
    password: Hunter22secret
  who: bob   # password=Hunter22secret
  until: 2027-01-31
- {rule: a, finding: b, why: password=Hunter22secret, who: KNOWN, until: "2027-01-31"}
"""

    def test_waivers_stay_waivers(self):
        """Why and who are cleaned as any text is, whatever the YAML looks like; what is accepted, and until when, is
        what it was, and each is read again."""
        text = self.WAIVERS.replace("KNOWN", KNOWN["GitHub 0"])

        kept = cleaned("waivers", text, Redactor())

        assert "Hunter22secret" not in kept
        before, after = read_waivers(text, ""), read_waivers(kept, "")
        assert [(one.key, one.until) for one in after] == [(one.key, one.until) for one in before]
        assert [one.why for one in after] == ["until Tuesday\npassword: [redacted]\n", "password=[redacted]"]
        assert [one.who for one in after] == ["bob", "[redacted]"]

    @pytest.mark.parametrize("kind", ["waivers", "card", "rules"])
    def test_nothing_else_changes(self, kind):
        """A file without a secret is kept to the byte."""
        card = "---\r\nowner: 'a: b'\r\nversions: [1, '2']\r\n---\r\n# not: yaml {{\r\n"
        text = card if kind == "card" else "- a: |\n   b\n"

        assert cleaned(kind, text, Redactor()) == text

    def test_a_card_can_still_be_read(self):
        """A value that is a secret alone is redacted text in its place, not a list."""
        card = f"---\nowner: {KNOWN['GitHub 0']}\ntitle: Bot\n---\n## Use\nwith password=Hunter22secret\n"

        found = parse_card(cleaned("card", card, Redactor()), "bot", "bot.md")

        assert (found.facts, found.problems) == ({"owner": "[redacted]", "title": "Bot"}, ())
        assert found.sections == (("Use", "with password=[redacted]"),)

    def test_what_is_no_yaml_is_cleaned_as_text(self):
        """Nobody but people can read it; it is kept all the same."""
        assert cleaned("waivers", "{{ password=Hunter22secret", Redactor()) == "{{ password=[redacted]"
