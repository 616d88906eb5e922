"""One MLflow server's REST API: what may be asked, with which login, and within which limits.

Plain REST, no MLflow client: that one signs with a process-global tracking URI, so that two servers in one process get
each other's requests. A server knows its own login and no other's; none is sent over http beyond this machine, through
a proxy that is not asked for https, or from `~/.netrc`.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
import re
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import _basic_auth_str
from requests.utils import get_environ_proxies
from urllib3.exceptions import HTTPError

from studbook import __version__
from studbook.aws.errors import Meaning, NotReadOnly, Trouble, explain, meaning_of, no_answer
from studbook.aws.pages import follow
from studbook.aws.transport import Limits, bounded, too_large
from studbook.model import canonical
from studbook.model.ids import parse_arn
from studbook.model.storable import ApiAnswer, Loss, answer, load_json
from studbook.settings import MlflowSettings as Configured
from studbook.settings import Settings
from studbook.sources.interface import Json, Visit

ALLOWED: Final = frozenset(
    {
        ("POST", "/api/2.0/mlflow/experiments/search"),
        ("POST", "/api/2.0/mlflow/runs/search"),
        ("GET", "/api/2.0/mlflow/runs/get"),
        ("GET", "/api/2.0/mlflow/metrics/get-history"),
        ("POST", "/api/2.0/mlflow/logged-models/search"),
        ("GET", "/api/2.0/mlflow/registered-models/search"),
        ("GET", "/api/2.0/mlflow/model-versions/search"),
    }
)
"""Every request that may ever leave: nothing here changes anything."""

SERVER_INFO: Final = "/api/3.0/mlflow/server-info"
WORKSPACES: Final = "/api/3.0/mlflow/workspaces"
ALLOWED_PLAIN: Final = frozenset({("GET", SERVER_INFO), ("GET", WORKSPACES)})
"""And of a server that the configuration names: what it is, and which workspaces it has."""

_AGAIN = frozenset({429, 500, 502, 503, 504})
_SIGNED_WITH = re.compile(r"Credential=([^/]+)/")
_WORKSPACE_HEADER: Final = "X-MLFLOW-WORKSPACE"
_CHUNK: Final = 65_536
_WITHHELD: Final = "its login was not sent: http is open to everybody on the way; use https, or say insecure: true"


@dataclass(frozen=True, slots=True)
class Login:
    """What a server knows us by."""

    authorization: str | None = None
    withheld: bool = False
    """There is one, and it was not sent."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where an MLflow API is and how it knows us."""

    id: str
    """The server part of ids: the ARN, or the configuration's name."""
    url: str
    signing_name: str | None = None
    header: str | None = None
    """The header that routes a signed request to the ARN."""
    region: str = ""
    login: Login = Login()
    workspaces: tuple[str, ...] = ()
    """Those that the configuration names; all where it names none."""


def server_of_arn(arn: str) -> Server | None:
    """The API of an MLflow App or tracking server; SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT redirects it, as in the plugin."""
    parts = parse_arn(arn)
    if parts is None or parts.region is None:
        return None
    elsewhere = os.environ.get("SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT")
    if parts.type == "mlflow-tracking-server":
        url = elsewhere or f"https://{parts.region}.experiments.sagemaker.aws"
        return Server(arn, url.rstrip("/"), "sagemaker-mlflow", "x-mlflow-sm-tracking-server-arn", parts.region)
    if parts.type == "mlflow-app":
        url = elsewhere or f"https://mlflow.sagemaker.{parts.region}.app.aws"
        return Server(arn, url.rstrip("/"), "sagemaker", "x-sm-mlflow-app-arn", parts.region)
    return None


def server_of_name(name: str, settings: Settings) -> Server | None:
    """A server that the configuration names, with its own login. Raises Trouble where that is not to be had."""
    for entry in settings.mlflow:
        if entry.name == name:
            url = entry.tracking_uri.rstrip("/")
            return Server(name, url, login=_login(entry, settings), workspaces=entry.workspaces)
    return None


def _login(entry: Configured, settings: Settings) -> Login:
    authorization = _authorization(entry, alone=len(settings.mlflow) == 1)
    url = urlsplit(entry.tracking_uri)
    if authorization and url.scheme != "https" and not entry.insecure and not _is_here(url.hostname or ""):
        return Login(withheld=True)
    return Login(authorization)


def _authorization(entry: Configured, *, alone: bool) -> str | None:
    """From the environment, by the names that the entry gives; without any, by names made of its own; and by MLflow's
    own names where they can mean no other server."""
    if entry.auth is not None:
        token, user, password = (
            _named(entry.name, name)
            for name in (entry.auth.token_env, entry.auth.username_env, entry.auth.password_env)
        )
        return _header(token, user, password)
    for prefix in (entry.variable, *(("MLFLOW_TRACKING",) if alone else ())):
        said = [os.environ.get(f"{prefix}_{what}") for what in ("TOKEN", "USERNAME", "PASSWORD")]
        if header := _header(*said):
            return header
    return None


def _named(server: str, variable: str | None) -> str | None:
    if variable is not None and not os.environ.get(variable):
        raise Trouble("denied", "login", "NoLogin", f"{server}: the variable {variable} is not set")
    return os.environ.get(variable) if variable else None


def _header(token: str | None, user: str | None, password: str | None) -> str | None:
    if token:
        return f"Bearer {token}"
    return _basic_auth_str(user, password or "") if user else None


def _is_here(host: str) -> bool:
    """Whether a host is this machine: what is sent there passes nobody."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


class _Adapter(HTTPAdapter):
    """Connections that read no more than they may, through proxies too."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        pools = self.poolmanager.pool_classes_by_scheme
        self.poolmanager.pool_classes_by_scheme = bounded(pools, self._limits)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = bounded(manager.pool_classes_by_scheme, self._limits)
        return manager


class Api:
    """The REST API of one server, as far as ALLOWED goes. Paced and counted by the visit; raises Trouble."""

    def __init__(self, visit: Visit, server: Server, workspace: str | None = None) -> None:
        self._visit = visit
        self.server = server
        self.workspace = workspace
        self._allowed = ALLOWED if server.signing_name else ALLOWED | ALLOWED_PLAIN
        self._limits = Limits.of(visit.settings.patience)
        self._http = requests.Session()
        self._http.trust_env = False  # no ~/.netrc; proxies and certificates are looked up below
        self._http.mount("http://", _Adapter(self._limits))
        self._http.mount("https://", _Adapter(self._limits))
        self._http.headers["Accept-Encoding"] = "gzip"
        self._http.headers["User-Agent"] = f"studbook/{__version__}"
        self._http.auth = _as_it_is
        if server.login.authorization:
            self._http.headers["Authorization"] = server.login.authorization
        if workspace is not None:
            self._http.headers[_WORKSPACE_HEADER] = workspace

    def items(self, method: str, path: str, body: Json, member: str) -> Iterator[tuple[str, Any, list[Loss]]]:
        """Every item of a search, page after page: its place, itself, and what is missing of it.

        MLflow leaves out a list that is empty. Raises Trouble.
        """
        name = _name(path)
        call = partial(self.call, method, path)
        tokens = {"next_page_token": "page_token"}
        most = self._visit.settings.patience.pages
        needed = {(member,), *((token,) for token in tokens)}
        for number, page in enumerate(follow(call, name, body, tokens, most=most), start=1):
            found = page.get(member, [])
            if not isinstance(found, list) or any(loss.path in needed for loss in page.lost):
                raise no_answer(name, f"the answer has no list of {member}")
            for index, item in enumerate(found):
                place = f"{member}[{index}]" + (f" of page {number}" if number > 1 else "")
                yield place, item, page.lost_at(member, index)

    def call(self, method: str, path: str, body: Json) -> ApiAnswer:
        """One answer; throttled and failing servers are asked again, a few times.

        Raises Trouble when that is over, NotReadOnly for a request that is not on the list.
        """
        if (method, path) not in self._allowed:
            raise NotReadOnly(f"{method} {path} is not on the list of requests that only read")
        trouble, renewed = None, False
        for attempt in range(self._visit.settings.patience.attempts):
            if attempt and not (trouble and trouble.meaning == "expired"):
                time.sleep(0.5 * 2 ** (attempt - 1))
            self._visit.spend(f"mlflow:{_name(path)}")
            try:
                found = self._send(method, path, body)
                data = self._read(found)
            except (requests.RequestException, HTTPError) as error:
                trouble = Trouble("network", _name(path), type(error).__name__, str(error))
                if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.SSLError):
                    break
                continue
            except Trouble as error:
                raise explain(error, _name(path)) from error
            if found.status_code == HTTPStatus.TOO_MANY_REQUESTS:
                self._visit.throttled(f"mlflow:{_name(path)}")
            if found.status_code == HTTPStatus.OK:
                return _json(data, path)
            trouble = self._refused(found, data, path)
            if trouble.meaning == "expired" and not renewed:
                renewed = True
                self._renew(found.request)
            elif found.status_code not in _AGAIN:
                break
        assert trouble is not None
        raise trouble

    def _renew(self, request: requests.PreparedRequest) -> None:
        signed = _SIGNED_WITH.search(str(request.headers.get("Authorization", "")))
        if signed:
            self._visit.renew(signed[1])

    def _send(self, method: str, path: str, body: Json) -> requests.Response:
        data = b"" if method == "GET" else canonical(dict(body))
        query = sorted(body.items()) if method == "GET" else None
        request = requests.Request(method, self.server.url + path, params=query, data=data or None)
        if data:
            request.headers["Content-Type"] = "application/json"
        prepared = self._http.prepare_request(request)
        if self.server.signing_name and self.server.header:
            signer = self._visit.signer(self.server.region)
            assert signer is not None
            assert prepared.url is not None
            # A space is %20 where it is signed; requests would send a plus.
            prepared.url = prepared.url.replace("+", "%20")
            headers = {
                self.server.header: self.server.id,
                "X-Amz-Content-SHA256": hashlib.sha256(data).hexdigest(),
            }
            if data:
                headers["Content-Type"] = "application/json"
            prepared.headers.update(signer(method, prepared.url, headers, data, self.server.signing_name))
        # A redirect leads to a login page, never to the API, and would leave the list of what may be asked.
        patience = self._visit.settings.patience
        address = prepared.url or ""
        return self._http.send(
            prepared,
            timeout=(patience.connect_timeout, patience.read_timeout),
            allow_redirects=False,
            stream=True,
            proxies=get_environ_proxies(address) if address.startswith("https:") else {},
            verify=os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True,
        )

    def _read(self, found: requests.Response) -> bytes:
        """The body, decompressed here, step by step: a bomb is left when it has grown to the limit."""
        with found:
            encoding = found.headers.get("Content-Encoding", "identity").strip().lower()
            pieces = found.raw.stream(_CHUNK, decode_content=False)
            if encoding in ("", "identity"):
                return b"".join(pieces)
            if encoding not in ("gzip", "x-gzip", "deflate"):
                raise no_answer("http", "the answer is compressed in a way that nobody asked for")
            unpack = zlib.decompressobj(zlib.MAX_WBITS | 32)
            body = bytearray()
            try:
                for piece in pieces:
                    body += unpack.decompress(piece, self._limits.bytes + 1 - len(body))
                    if len(body) > self._limits.bytes:
                        raise too_large(self._limits)
            except zlib.error as error:
                raise no_answer("http", f"the answer cannot be decompressed: {error}") from None
            return bytes(body)

    def _refused(self, found: requests.Response, data: bytes, path: str) -> Trouble:
        """What an answer other than 200 means, in MLflow's own words where it has some."""
        try:
            body = load_json(data)
        except ValueError:
            body = None
        # AWS, in front of an App, names its errors in a header.
        code = found.headers.get("x-amzn-ErrorType", "").partition(":")[0] or None
        code = code or (body.get("error_code") if isinstance(body, dict) else None)
        message = body.get("message") or body.get("Message") if isinstance(body, dict) else None
        name, status = _name(path), found.status_code
        if code and meaning_of(str(code)) == "expired":
            return Trouble("expired", name, str(code), str(message or "the session has expired"))
        if status in (401, 403) or found.is_redirect:
            said = str(message or "the server wants another login")
            withheld = f"; {_WITHHELD}" if self.server.login.withheld else ""
            return Trouble("denied", name, str(code or status), said + withheld)
        if status == HTTPStatus.NOT_FOUND and code and meaning_of(str(code)) == "gone":
            return Trouble("gone", name, str(code), str(message or "there is no such thing"))
        if status == HTTPStatus.NOT_FOUND:
            return Trouble(
                "unsupported", name, str(code or status), str(message or "this server does not know the call")
            )
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return Trouble("throttled", name, str(code or status), str(message or "too many requests"))
        meaning: Meaning = "server" if status >= 500 else "invalid"
        return Trouble(meaning, name, str(code or status), str(message or found.reason or "refused"))


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Else a login in the address, or a signature's lack, would bring another header."""
    return request


def _name(path: str) -> str:
    """`runs/search`"""
    return path.rsplit("/mlflow/", 1)[-1]


def _json(data: bytes, path: str) -> ApiAnswer:
    try:
        found = load_json(data)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Trouble("invalid", _name(path), "NotJson", "the answer is no JSON object; is this an MLflow server?")
    if "error_code" in found:
        raise no_answer(_name(path), f"an error came as a success: {found['error_code']}")
    return answer(found)
