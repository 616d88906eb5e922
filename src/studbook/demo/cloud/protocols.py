"""What an AWS request asks for and how AWS words a refusal, for the protocols that the demo's services speak.

Everything is read from botocore's own service models, so that the operation names in faults and in the request log are
the API's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote
from xml.sax.saxutils import escape

import botocore.session
from botocore.model import ServiceModel

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
_COPIES = ("CopyObject", "UploadPartCopy")
_SERVICES = {"tagging": "resourcegroupstaggingapi"}

StartResponse = Callable[..., Any]
Wsgi = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


class ApiError(Exception):
    """A refusal as the API words it."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom a request addresses: the signing key, region and service of its signature, and the operation."""

    key: str | None
    region: str
    service: str
    operation: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes
    content_type: str
    headers: tuple[tuple[str, str], ...] = ()


@cache
def model(service: str) -> ServiceModel:
    """botocore's model of a service."""
    return botocore.session.get_session().get_service_model(service)


def collect(application: Wsgi, environ: dict[str, Any]) -> Answer:
    """The whole answer of a WSGI application."""
    kept: dict[str, Any] = {}

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        kept.update(status=int(status.split(" ", 1)[0]), headers=headers)

    chunks = application(environ, start)
    body = b"".join(chunks)
    closer = getattr(chunks, "close", None)
    if closer:
        closer()
    kind = next((value for name, value in kept["headers"] if name.lower() == "content-type"), "text/plain")
    rest = tuple((n, v) for n, v in kept["headers"] if n.lower() != "content-type")
    return Answer(kept["status"], body, kind, rest)


def send(answer: Answer, start_response: StartResponse) -> Iterable[bytes]:
    """Answers a WSGI request."""
    headers = [(name, value) for name, value in answer.headers if name.lower() != "content-length"]
    length = next((value for name, value in answer.headers if name.lower() == "content-length"), None)
    size = length if length is not None and not answer.body else str(len(answer.body))
    start_response(f"{answer.status} -", [("Content-Type", answer.content_type), ("Content-Length", size), *headers])
    return [answer.body]


def asked(environ: dict[str, Any], body: bytes) -> Asked:
    """The operation that a WSGI request calls; its name is `?` where no model knows it."""
    found = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    key, region, signed = found.groups() if found else (None, "us-east-1", "s3")
    service = _SERVICES.get(signed, signed)
    return Asked(key, region, service, _operation(service, environ, body))


def _operation(service: str, environ: dict[str, Any], body: bytes) -> str:
    target: str = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        return target.rsplit(".", 1)[-1]
    path = _path(environ)
    if path.startswith("/service/") and "/operation/" in path:
        return path.rsplit("/", 1)[-1]
    if service in ("sts", "iam"):
        return parse_qs(body.decode()).get("Action", ["?"])[0]
    given = dict.fromkeys(part.split("=", 1)[0] for part in environ.get("QUERY_STRING", "").split("&") if part)
    best, name = -1, "?"
    for method, pattern, query, operation in _routes(service):
        if operation in _COPIES and "HTTP_X_AMZ_COPY_SOURCE" not in environ:
            continue
        if method == environ["REQUEST_METHOD"] and query <= given.keys() and pattern.fullmatch(path):
            weight = 2 * len(query) + ("Key" not in pattern.groupindex)
            if weight > best:
                best, name = weight, operation
    return name


def _path(environ: dict[str, Any]) -> str:
    """As it was sent: an ARN in it has its slashes escaped, and a server's PATH_INFO has not."""
    sent: str = environ.get("RAW_URI") or environ.get("PATH_INFO", "/")
    return sent.partition("?")[0]


def members(who: Asked, environ: dict[str, Any], body: bytes) -> dict[str, Any]:
    """What a request of a REST API says in its path, its query and its body, by the names of the members.

    Raises ApiError where the operation is not known.
    """
    path = _path(environ)
    found = (pattern.fullmatch(path) for _, pattern, _, name in _routes(who.service) if name == who.operation)
    in_path = next(found, None)
    if in_path is None:
        raise ApiError("UnknownOperationException", f"No operation of {who.service} is at {path}.", 404)
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    said: dict[str, Any] = json.loads(body or b"{}")
    shape: Any = model(who.service).operation_model(who.operation).input_shape
    for name, member in shape.members.items():
        wire = member.serialization.get("name", name)
        match member.serialization.get("location"):
            case "uri":
                said[name] = unquote(in_path[wire])
            case "querystring" if wire in query:
                plain = member.type_name in ("integer", "boolean")
                said[name] = json.loads(query[wire]) if plain else query[wire]
    return said


@cache
def _routes(service: str) -> list[tuple[str, re.Pattern[str], frozenset[str], str]]:
    routes = []
    try:
        described = model(service)
    except Exception:  # noqa: BLE001 - a service that botocore does not know has no routes
        return []
    for name in described.operation_names:
        http = described.operation_model(name).http
        path, _, query = http["requestUri"].partition("?")
        pattern = re.sub(r"\{(\w+)\+\}", r"(?P<\1>.+)", path)
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern).rstrip("/")
        wanted = frozenset(part.split("=", 1)[0] for part in query.split("&") if part)
        routes.append((http["method"], re.compile(pattern + "/?"), wanted, name))
    return routes


def refusal(service: str, error: ApiError, *, cbor: bool = False) -> Answer:
    """An error as clients of that service expect it."""
    if service == "s3":
        code = {"AccessDeniedException": "AccessDenied", "ThrottlingException": "SlowDown"}.get(error.code, error.code)
        status = {"AccessDenied": 403, "SlowDown": 503}.get(code, error.status)
        text = f"<Error><Code>{escape(code)}</Code><Message>{escape(error.message)}</Message></Error>"
        return Answer(status, b'<?xml version="1.0" encoding="UTF-8"?>\n' + text.encode(), "application/xml")
    if service in ("sts", "iam"):
        code = {"AccessDeniedException": "AccessDenied"}.get(error.code, error.code)
        status = 403 if code == "AccessDenied" else error.status
        text = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{escape(code)}</Code>"
            f"<Message>{escape(error.message)}</Message></Error></ErrorResponse>"
        )
        return Answer(status, text.encode(), "text/xml")
    if service in ("lambda", "bedrock"):
        code = error.code
        if service == "lambda" and code == "ThrottlingException":
            code = "TooManyRequestsException"
        refused = {"AccessDeniedException": 403, "TooManyRequestsException": 429, "ThrottlingException": 429}
        body = json.dumps({"Message": error.message, "Type": "User"}).encode()
        return Answer(refused.get(code, error.status), body, "application/json", (("x-amzn-ErrorType", code),))
    if cbor:
        body = encode_cbor({"__type": error.code, "message": error.message})
        return Answer(error.status, body, "application/cbor", (("smithy-protocol", "rpc-v2-cbor"),))
    body = json.dumps({"__type": error.code, "message": error.message}).encode()
    return Answer(error.status, body, "application/x-amz-json-1.1")


def encode_cbor(value: Any) -> bytes:
    """RFC 8949 for the JSON types, which is all that the tagging API needs."""
    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, str):
        raw = value.encode()
        return _head(3, len(raw)) + raw
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(map(encode_cbor, value))
    if isinstance(value, dict):
        return _head(5, len(value)) + b"".join(encode_cbor(k) + encode_cbor(v) for k, v in value.items())
    raise TypeError(f"no CBOR for {type(value).__name__}")


def _head(major: int, number: int) -> bytes:
    for extra, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 24:
            return bytes([major << 5 | number])
        if number < 1 << 8 * size:
            return bytes([major << 5 | extra]) + number.to_bytes(size, "big")
    raise ValueError("number too large")


def decode_cbor(raw: bytes) -> Any:
    """The request of a CBOR client, read with botocore's own parser."""
    import io

    from botocore.parsers import RpcV2CBORParser

    return RpcV2CBORParser().parse_data_item(io.BufferedReader(io.BytesIO(raw))) if raw else {}


def bucket_of(path: str) -> str:
    """The bucket of a path-style S3 request; empty for the service itself."""
    return unquote(path).lstrip("/").split("/", 1)[0]
