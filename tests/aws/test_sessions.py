"""Sessions that only read, renew themselves, and count what they send. Against a server that checks roles."""

from __future__ import annotations

import json

import boto3
import pytest

from studbook import __version__
from studbook.aws.errors import NotReadOnly, Trouble, explain
from studbook.aws.sessions import Sessions, caller, only_reads
from studbook.demo.cloud.server import CALLER_KEY
from studbook.errors import UsageError
from studbook.settings import Account, Patience

ROLE = "arn:aws:iam::222222222222:role/StudbookReader"
PATIENCE = Patience(connect_timeout=2, read_timeout=10, attempts=2)


@pytest.fixture
def aws(fake_aws, monkeypatch):
    for name, value in fake_aws.environment().items():
        monkeypatch.setenv(name, value)
    fake_aws.role(ROLE, external_id="studbook-demo")
    yield fake_aws
    fake_aws.heal()


def account(**more) -> Account:
    fields = {"id": "222222222222", "regions": ("us-west-2",), "role_arn": ROLE, "external_id": "studbook-demo"}
    return Account(**{**fields, **more})


def sessions(known: Account | None = None) -> Sessions:
    known = known or account()
    return Sessions({known.id: known}, rates={"sagemaker": 1000, "sts": 1000}, patience=PATIENCE)


class TestRoles:
    def test_a_role_is_assumed_once(self, aws):
        """All clients of an account share one session, which AWS_ENDPOINT_URL reaches like everything else."""
        made = sessions()

        made.client("222222222222", "us-west-2", "sagemaker").list_models()
        made.client("222222222222", "eu-west-1", "sagemaker").list_models()

        assert made.tally("222222222222", None, "sts").counts == {"sts:AssumeRole": 1}
        assert made.tally("222222222222", "us-west-2", "sagemaker").counts == {"sagemaker:ListModels": 1}

    @pytest.mark.parametrize(("role", "asked"), [(None, "GetCallerIdentity"), (ROLE, "AssumeRole")])
    def test_signing_without_a_login(self, monkeypatch, tmp_path, role, asked):
        """What is missing is told of the call that would have shown it: nobody assumes a role that there is none of."""
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
        signer = sessions(account(role_arn=role, external_id=None)).signer("222222222222", "us-west-2")

        with pytest.raises(Trouble) as raised:
            signer("GET", "https://example.com/", {}, b"", "sagemaker-mlflow")

        assert (raised.value.operation, raised.value.code) == (asked, "NoCredentialsError")

    def test_the_callers_login_is_read_once(self, aws, monkeypatch, tmp_path):
        """However many roles are assumed, a program that logs in runs once; and once more where a session ended."""
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        login = {"Version": 1, "AccessKeyId": CALLER_KEY, "SecretAccessKey": "of-the-demo"}
        (tmp_path / "login.json").write_text(json.dumps(login))
        (tmp_path / "login").write_text(f"#!/bin/sh\necho >>{tmp_path}/ran\ncat {tmp_path}/login.json\n")
        (tmp_path / "login").chmod(0o700)
        (tmp_path / "config").write_text(f"[default]\ncredential_process = {tmp_path}/login\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
        other = account(id="333333333333", role_arn=ROLE.replace("2" * 12, "3" * 12))
        aws.role(other.role_arn, external_id=other.external_id)
        made = sessions()
        made.know({other.id: other})

        clients = {one: made.client(one, "us-west-2", "sagemaker") for one in ("222222222222", other.id)}
        for client in clients.values():
            client.list_models()
        assert len((tmp_path / "ran").read_text()) == 1

        made.renew(other.id, clients[other.id])
        made.client(other.id, "us-west-2", "sagemaker").list_models()
        assert len((tmp_path / "ran").read_text()) == 2

    def test_clients_are_shared(self, aws):
        """One client for each account, region and service, whoever asks."""
        made = sessions()

        assert made.client("222222222222", "us-west-2", "s3") is made.client("222222222222", "us-west-2", "s3")

    def test_requests_say_who_asks(self, aws):
        """In CloudTrail a harvest is told from everything else."""
        client = sessions().client("222222222222", "us-west-2", "sagemaker")
        sent = []
        client.meta.events.register("before-send.*.*", lambda request, **_: sent.append(request.headers["User-Agent"]))

        client.list_models()

        assert [str(value.decode()).split()[0] for value in sent] == [f"studbook/{__version__}"]

    def test_a_key_of_bedrock_s_in_the_environment(self, aws, monkeypatch):
        """It is one account's, whoever asks: what is read of an account is read with that account's role."""
        monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "bedrock-api-key-of-somebody")
        aws.forget_calls()

        sessions().client("222222222222", "us-west-2", "bedrock").list_custom_models()

        [call] = [call for call in aws.calls() if call.operation == "ListCustomModels"]
        assert (call.account, call.service) == ("222222222222", "bedrock")

    @pytest.mark.parametrize(
        "changed",
        [{"external_id": "wrong"}, {"external_id": None}, {"role_arn": "arn:aws:iam::222222222222:role/Nobody"}],
        ids=["wrong external id", "no external id", "no such role"],
    )
    def test_a_refused_role(self, aws, changed):
        """A role that refuses is a matter of credentials, and the failure is AssumeRole's."""
        with pytest.raises(Trouble) as caught:
            sessions(account(**changed)).confirm("222222222222")

        assert (caught.value.meaning, caught.value.operation) == ("credentials", "AssumeRole")

    def test_somebody_elses_credentials(self, aws):
        """An account without a role is read with the caller's credentials only if they are that account's."""
        with pytest.raises(Trouble) as caught:
            sessions(account(role_arn=None, external_id=None)).confirm("222222222222")

        assert caught.value.code == "WrongAccount"

    def test_an_expired_session(self, aws):
        """After a session was revoked, the forgotten session's successor works."""
        made = sessions()
        client = made.client("222222222222", "us-west-2", "sagemaker")
        client.list_models()
        aws.expire_sessions()
        with pytest.raises(Exception) as caught:
            client.list_models()
        assert explain(caught.value, "ListModels").meaning == "expired"

        made.renew("222222222222", client)

        made.client("222222222222", "us-west-2", "sagemaker").list_models()

    def test_renewing_twice_is_once(self, aws):
        """Of two threads that met the same expiry, the second does not throw the first one's new session away."""
        made = sessions()
        stale = made.client("222222222222", "us-west-2", "sagemaker")
        made.renew("222222222222", stale)
        fresh = made.client("222222222222", "us-west-2", "sagemaker")

        made.renew("222222222222", stale)

        assert made.client("222222222222", "us-west-2", "sagemaker") is fresh


class TestCaller:
    def test_who_is_asking(self, aws):
        """`studbook init --here` learns its account and region, and its id where it may see no alias."""
        assert caller() == ("000000000000", "us-west-2", "000000000000")

    def test_without_credentials(self, aws, monkeypatch):
        """Without credentials that is what is said, with a way out."""
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")

        with pytest.raises(UsageError, match="whose credentials") as caught:
            caller()

        assert "AWS_PROFILE" in caught.value.hint


class TestReadOnly:
    @pytest.mark.parametrize("operation", ["create_model", "delete_model", "update_endpoint", "stop_training_job"])
    def test_nothing_else_is_sent(self, aws, operation):
        """A call that could change something is refused before it is sent, whatever its parameters."""
        client = sessions().client("222222222222", "us-west-2", "sagemaker")
        aws.forget_calls()

        with pytest.raises(NotReadOnly):
            getattr(client, operation)()

        assert aws.calls() == []

    @pytest.mark.parametrize("service", ["sagemaker", "s3", "lambda", "sts", "organizations"])
    def test_every_operation_is_one_or_the_other(self, service):
        """Of all operations of the services in use, those that only_reads() lets through are named like reads."""
        operations = boto3.Session().client(service, region_name="us-west-2").meta.service_model.operation_names
        changes = ("Create", "Delete", "Put", "Update", "Stop", "Start", "Add", "Remove", "Register", "Invoke", "Send")

        assert not [name for name in operations if name.startswith(changes) and only_reads(name)]


class TestCounting:
    def test_retries_count(self, aws):
        """Every request that leaves is counted, those that botocore repeats included."""
        made = sessions()
        aws.fault("ThrottlingException", operation="ListModels", times=1)

        made.client("222222222222", "us-west-2", "sagemaker").list_models()

        assert made.tally("222222222222", "us-west-2", "sagemaker").counts == {"sagemaker:ListModels": 2}

    def test_throttling_slows_down(self, aws):
        """A refusal for being too fast reaches the shared budget although botocore's retry hides it."""
        made = sessions()
        aws.fault("ThrottlingException", operation="ListModels", times=1)

        made.client("222222222222", "us-west-2", "sagemaker").list_models()

        assert made.pace("222222222222", "us-west-2", "sagemaker", "ListModels").rate < 1000
        assert made.pace("222222222222", "us-west-2", "sagemaker", "ListEndpoints").rate == 1000
