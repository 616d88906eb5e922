"""botocore sessions by account: the caller's own credentials or an assumed role; an allowlist of calls, paced, counted.

Calls: sts:AssumeRole (for accounts with a role), sts:GetCallerIdentity (for accounts without one, to be sure that the
credentials are that account's). AWS_ENDPOINT_URL, AWS_PROFILE and the other standard settings are botocore's to honour.
"""

from __future__ import annotations

import copy
import functools
import logging
import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final, Self

import boto3
import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import DeferredRefreshableCredentials
from botocore.loaders import Loader, create_loader
from botocore.session import Session

from studbook import __version__
from studbook.aws.answers import LenientParsers, check_answer, check_content
from studbook.aws.errors import NOBODY_ANSWERS, NotReadOnly, Trouble, explain, is_throttling, login_cure
from studbook.aws.pacing import Pace, Paces
from studbook.aws.times import parsed
from studbook.aws.transport import Limits, bounded
from studbook.errors import UsageError
from studbook.settings import Account, Patience, Settings

SESSION_NAME: Final = "studbook"
_READ_ONLY = re.compile(r"^(List|Describe|Get|Search|Query|Lookup|BatchDescribe|Head)[A-Z]|^(AssumeRole|Search)$")

_EVENT_NAMES: Final[dict[str, str]] = {}
"""What botocore calls its events now, by the names that it emits. Each client would find that out for itself, with a
sixth of the CPU of its first call of an operation, and most calls of a night are that."""

Signer = Callable[[str, str, Mapping[str, str], bytes, str], dict[str, str]]
"""(method, url, headers, body, signing name) -> all the headers to send."""


def only_reads(operation: str) -> bool:
    """Whether an AWS operation, by its name, reads."""
    return _READ_ONLY.match(operation) is not None


def _guard(model: Any, params: Mapping[str, Any], **_: Any) -> dict[str, Any] | None:
    """What may be sent, and as what: botocore itself opens a session before it reads a directory bucket of S3 Express,
    and asks for one that may write."""
    if model.name == "CreateSession":
        return {**params, "SessionMode": "ReadOnly"}
    if only_reads(model.name):
        return None
    raise NotReadOnly(f"{model.service_model.service_name}:{model.name} does not only read; it was not sent")


def _give_up(caught_exception: BaseException | None, **_: Any) -> None:
    """For botocore's `needs-retry`: what hit a limit would hit it again. Raises Trouble."""
    inner = getattr(caught_exception, "kwargs", {}).get("error")
    if isinstance(inner, Trouble):
        raise inner


class Tally:
    """Requests as they were sent, retries included, by `service:Operation`. For many threads."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, call: str) -> None:
        """Counts one request of `service:Operation`."""
        with self._lock:
            self._counts[call] += 1

    @property
    def counts(self) -> dict[str, int]:
        """Requests by `service:Operation`, in the order of the names."""
        with self._lock:
            return dict(sorted(self._counts.items()))


class Sessions:
    """Everything that talks to AWS gets its client here."""

    def __init__(
        self,
        accounts: Mapping[str, Account],
        *,
        rates: Mapping[str, float] | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._accounts = dict(accounts)
        self.patience = patience or Patience()
        self._paces = Paces(rates)
        self._tallies: dict[tuple[str | None, str | None, str], Tally] = {}
        self._sessions: dict[str | None, Session] = {}
        self._clients: dict[tuple[str | None, str | None, str], Any] = {}
        self._confirmed: set[str | None] = set()
        self._lock = threading.RLock()
        # At debug level it writes every answer, with secrets and session tokens: not to a log that a host program
        # keeps at that level for itself.
        for name in ("botocore", "boto3", "urllib3"):
            logger = logging.getLogger(name)
            logger.setLevel(max(logger.level, logging.WARNING))
        # It writes a refused AssumeRole to the log, traceback and request included; here that becomes a gap.
        logging.getLogger("botocore.credentials").setLevel(logging.ERROR)

    @classmethod
    def of(cls, settings: Settings, patience: Patience | None = None) -> Self:
        """For the accounts of a configuration, at its rates, with its patience or another."""
        rates = {str(name): found.rate for name, found in settings.sources.items() if found.rate}
        return cls(
            {account.id: account for account in settings.accounts}, rates=rates, patience=patience or settings.patience
        )

    def know(self, accounts: Mapping[str, Account]) -> None:
        """Adds accounts that were found on the way, by their ids."""
        with self._lock:
            self._accounts = {**accounts, **self._accounts}

    def pace(self, account: str | None, region: str | None, api: str, operation: str) -> Pace:
        """The shared budget of calls of an operation there."""
        return self._paces.of(account, region, api, operation)

    def tally(self, account: str | None, region: str | None, service: str) -> Tally:
        """What was sent to a service there."""
        with self._lock:
            return self._tallies.setdefault((account, region, service), Tally())

    def client(self, account: str | None, region: str | None, service: str) -> Any:
        """A client that is safe to share between threads; it can only read.

        Raises Trouble where this botocore does not know the service, or no region is known.
        """
        key = (account, region, service)
        with self._lock:
            if key not in self._clients:
                try:
                    session = self._session(account)
                    home = region or self._home(account) or session.get_config_variable("region") or "us-east-1"
                    self._clients[key] = self._hooked(session, key, home)
                except Exception as error:
                    raise explain(error, f"client:{service}") from error
            return self._clients[key]

    def release(self, account: str | None, region: str | None, service: str) -> None:
        """Lets go of a client that is not needed for now: each keeps nearly 1 MB, and an organisation has thousands."""
        with self._lock:
            self._clients.pop((account, region, service), None)

    def confirm(self, account: str | None) -> None:
        """Makes sure that there are credentials, and that they are the account's.

        Raises Trouble of meaning `credentials` where not.
        """
        with self._lock:
            if account in self._confirmed:
                return
            known = self._accounts.get(account or "")
        try:
            if known is not None and known.role_arn is None:
                found = self.client(account, None, "sts").get_caller_identity()["Account"]
                if found != account:
                    raise Trouble(
                        "credentials",
                        "GetCallerIdentity",
                        "WrongAccount",
                        f"these credentials belong to account {found}, not to {account}; give the account a role_arn",
                    )
            else:
                self.credentials(account)
        except Exception as error:
            raise explain(error, self._login(account)) from error
        with self._lock:
            self._confirmed.add(account)

    def renew(self, account: str | None, stale: Any) -> None:
        """Forgets the session behind an expired client, so that the next client begins a new one.

        Of many threads that meet the same expiry only the first forgets anything.
        """
        with self._lock:
            if not any(client is stale for client in self._clients.values()):
                return
            self._forget(account)

    def renew_signer(self, account: str | None, stale: str) -> None:
        """The same, for requests that were signed here; `stale` is the access key that was refused."""
        with self._lock:
            if self.credentials(account).access_key == stale:
                self._forget(account)

    def _forget(self, account: str | None) -> None:
        self._sessions.pop(account, None)
        self._sessions.pop(None, None)  # the caller's own may have been renewed, and is read again
        for key in [key for key in self._clients if key[0] == account]:
            del self._clients[key]

    def credentials(self, account: str | None) -> Any:
        """The frozen credentials in force now: access_key, secret_key, token. Raises botocore's errors, or Trouble."""
        with self._lock:
            credentials = self._session(account).get_credentials()
        if credentials is None:
            raise Trouble("credentials", "GetCallerIdentity", "NoCredentialsError", "no AWS credentials were found")
        return credentials.get_frozen_credentials()

    def signer(self, account: str | None, region: str) -> Signer:
        """Signs requests with Signature Version 4 as the account. Signing raises Trouble."""

        def sign(method: str, url: str, headers: Mapping[str, str], body: bytes, name: str) -> dict[str, str]:
            request = AWSRequest(method=method, url=url, data=body, headers=dict(headers))
            try:
                SigV4Auth(self.credentials(account), name, region).add_auth(request)
            except Exception as error:
                raise explain(error, self._login(account)) from error
            return dict(request.headers.items())

        return sign

    def _login(self, account: str | None) -> str:
        """The operation by which an account's credentials are had, or shown to be its own."""
        known = self._accounts.get(account or "")
        return "AssumeRole" if known and known.role_arn else "GetCallerIdentity"

    def _home(self, account: str | None) -> str | None:
        """A region that the account uses, for services that have none of their own."""
        known = self._accounts.get(account or "")
        return known.regions[0] if known else None

    def _session(self, account: str | None) -> Session:
        if account not in self._sessions:
            known = self._accounts.get(account or "")
            if known is None or known.role_arn is None:
                self._sessions[account] = _core()
            else:
                self._sessions[account] = self._assumed(known)
        return self._sessions[account]

    def _assumed(self, account: Account) -> Session:
        """A session whose credentials assume the role when first used, and again before they expire.

        All accounts' are asked for with one session of the caller's own: a login by a program or by SSO is read once.
        Each is that session but for its credentials: to make one costs as much as five calls.
        """
        key = (account.id, None, "sts")
        own = self._session(None)
        sts = self._hooked(own, key, account.regions[0])

        def fetch() -> dict[str, str]:
            request = {"RoleArn": account.role_arn, "RoleSessionName": SESSION_NAME}
            if account.external_id:
                request["ExternalId"] = account.external_id
            found = sts.assume_role(**request)["Credentials"]
            return {
                "access_key": found["AccessKeyId"],
                "secret_key": found["SecretAccessKey"],
                "token": found["SessionToken"],
                "expiry_time": found["Expiration"],
            }

        core: Any = copy.copy(own)
        # The one place in which botocore takes credentials that renew themselves; its own providers do the same.
        core._credentials = DeferredRefreshableCredentials(refresh_using=fetch, method="sts-assume-role")
        return core  # type: ignore[no-any-return]

    def _hooked(self, session: Session, key: tuple[str | None, str | None, str], region: str) -> Any:
        account, home, service = key
        config = Config(
            connect_timeout=self.patience.connect_timeout,
            read_timeout=self.patience.read_timeout,
            retries={"mode": "standard", "total_max_attempts": self.patience.attempts},
            max_pool_connections=32,
            user_agent=_user_agent(),
        )
        if service == "bedrock":
            # Else a key in AWS_BEARER_TOKEN_BEDROCK, which is one account's, would go before every account's role.
            config = config.merge(Config(signature_version="v4"))
        client: Any = session.create_client(service, region_name=region, config=config)
        client.meta.events._alias_name_cache = _EVENT_NAMES
        tally = self.tally(account, home, service)

        def before_send(event_name: str, **_: Any) -> None:
            operation = event_name.rsplit(".", 1)[-1]
            self._paces.of(account, home, service, operation).take()
            tally.add(f"{service}:{operation}")

        def received(event_name: str, parsed_response: Mapping[str, Any] | None, **_: Any) -> None:
            pace = self._paces.of(account, home, service, event_name.rsplit(".", 1)[-1])
            code = (parsed_response or {}).get("Error", {}).get("Code")
            if is_throttling(code):
                pace.throttled()
            elif parsed_response is not None:
                pace.accepted()

        # The only place that botocore has for a connection's class.
        pools = client._endpoint.http_session._pool_classes_by_scheme
        pools.update(bounded(pools, Limits.of(self.patience)))
        client.meta.events.register_first("needs-retry.*.*", _give_up)
        client.meta.events.register("before-parse.*.*", check_answer)
        client.meta.events.register("after-call.*.*", check_content)
        client.meta.events.register_first("provide-client-params.*.*", _guard)
        client.meta.events.register_first("before-send.*.*", before_send)
        client.meta.events.register("response-received.*.*", received)
        return client


@functools.cache
def _models() -> Loader:
    """The descriptions of AWS's services, read once: a session of its own would read megabytes of them again."""
    return create_loader(botocore.session.get_session().get_config_variable("data_path"))


def _core() -> Session:
    """A botocore session with the standard settings; times in answers are text."""
    core = botocore.session.get_session()
    core.register_component("data_loader", _models())
    parsers = LenientParsers()
    parsers.set_parser_defaults(timestamp_parser=parsed)
    core.register_component("response_parser_factory", parsers)
    return core


@functools.cache
def _user_agent() -> str:
    """Who asks, put together once: botocore makes its own text anew for each request, with a tenth of all CPU."""
    app = botocore.session.get_session().get_config_variable("user_agent_appid")
    return f"studbook/{__version__} Boto3/{boto3.__version__}" + (f" app/{app}" if app else "")


def caller() -> tuple[str, str | None, str]:
    """The account, region (None where none is set) and account alias (else its id) of the caller's own credentials.

    Calls sts:GetCallerIdentity and, where it is allowed, iam:ListAccountAliases. Raises UsageError where AWS does not
    say who is asking.
    """
    sessions = Sessions({})
    try:
        account: str = sessions.client(None, None, "sts").get_caller_identity()["Account"]
    except Exception as error:
        trouble = explain(error, "GetCallerIdentity")
        log_in = NOBODY_ANSWERS if trouble.meaning == "network" else "set AWS_PROFILE, or log in with 'aws sso login'"
        raise UsageError(
            f"AWS does not say whose credentials these are: {trouble.message}", login_cure(trouble.code) or log_in
        ) from error
    region = boto3.Session().region_name
    try:
        aliases = sessions.client(None, None, "iam").list_account_aliases()["AccountAliases"]
    except Exception:  # noqa: BLE001 - the alias is a nicety
        aliases = []
    return account, region, aliases[0] if aliases else account
