"""The demo's AWS as one HTTP server: moto for S3, Lambda and IAM; the rest is our own.

It has faults, a clock and a log.

`python -m studbook.demo.cloud.server` serves until its standard input closes, and writes its address to standard
output. `demo.cloud.aws.FakeAws` starts and steers it. Its own paths begin with `/_studbook/`:

    POST clock   {"now": "2026-11-19T02:00:00Z"}
    POST fill    {"arn": ..., "members": {...}}        what SageMaker or Bedrock fills by itself
    POST batch   {"account", "region", "calls": [[operation, request], ...]}   SageMaker calls, without HTTP for each
    POST roles   {"arn": ..., "external_id": ..., "allow": ["Describe*", ...]}
    POST faults  as `demo.faults` has them
    POST caller  {"allow": ["organizations:List*", ...]}   what the caller's own credentials may do besides sts
    DELETE faults, DELETE sessions, GET calls, DELETE calls, GET throttled
    DELETE all                                         everything is as at the start

Every write takes a second, so that what a story makes one after the other has one date after the other.

moto takes any key for any account; here a request is signed with a key that AssumeRole gave out, or with the caller's
own, and a role can do what it was allowed. A bucket is its owner's alone.
"""

from __future__ import annotations

import fnmatch
import json
import re
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode
from xml.sax.saxutils import escape

from studbook.demo.cloud.bedrock import Bedrock
from studbook.demo.cloud.clock import Clock
from studbook.demo.cloud.cloudtrail import CloudTrail
from studbook.demo.cloud.faults import Faults, after, before
from studbook.demo.cloud.fsx import Fsx
from studbook.demo.cloud.http_server import start, tell_and_wait
from studbook.demo.cloud.kms import Kms
from studbook.demo.cloud.protocols import (
    Answer,
    ApiError,
    Asked,
    StartResponse,
    Wsgi,
    asked,
    bucket_of,
    collect,
    decode_cbor,
    encode_cbor,
    members,
    refusal,
    send,
)
from studbook.demo.cloud.sagemaker import SageMaker
from studbook.demo.estate.public import publish_models

CALLER_ACCOUNT = "000000000000"
CALLER_KEY = "AKIASTUDBOOKDEMOCALL"
LAMBDA_PAGE = 50
_FUNCTION_ARN = re.compile(r"/functions/arn:aws:lambda:[^/:]+:\d+:function:([^/:]+)(?=/|$)")
_READS = ("List", "Describe", "Get", "Head", "BatchDescribe", "Search")
_TICKING = ("sagemaker", "bedrock", "fsx", "s3", "lambda", "iam")
"""Services whose writes take a second."""

Json = dict[str, Any]


class Gateway:
    """The WSGI application in front of everything."""

    def __init__(self, moto: Wsgi, clock: Clock, set_clock: Callable[[datetime], None]) -> None:
        self._moto = moto
        self._clock = clock
        self._set_clock = set_clock
        self._sagemaker = SageMaker(clock)
        self._bedrock = Bedrock(clock)
        self._trail = CloudTrail(clock)
        self._services: dict[str, CloudTrail | Fsx | Kms] = {
            "cloudtrail": self._trail,
            "fsx": Fsx(clock),
            "kms": Kms(clock),
        }
        publish_models(self._sagemaker, clock)
        self._lock = threading.RLock()
        self._roles: dict[str, Json] = {}
        self._sessions: dict[str, str] = {}
        self._session_names: dict[str, str] = {}
        self._expired: set[str] = set()
        self._owners: dict[str, str] = {}
        self._faults = Faults()
        self._caller_may: list[str] = []
        self._calls: Counter[tuple[str, str, str, str]] = Counter()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith("/_studbook/"):
            return send(self._control(environ), start_response)
        body = _body(environ)
        who = asked(environ, body)
        cbor = environ.get("HTTP_SMITHY_PROTOCOL") == "rpc-v2-cbor"
        try:
            role = self._signed_by(who)
            account = role.split(":")[4] if role else CALLER_ACCOUNT
            with self._lock:
                self._calls[account, who.region, who.service, who.operation] += 1
            fault = self._faults.meet(account, who.region, who.service, who.operation) or {}
            begun = before(fault, who.service, who.operation, environ, body)
            if isinstance(begun, Answer):
                return send(begun, start_response)
            body = begun
            self._allowed(role, who)
            if who.service == "sts":
                answer = self._sts(account, role, who, body)
            elif who.service == "sagemaker":
                with self._lock:
                    said = self._sagemaker.call(
                        account,
                        who.region,
                        who.operation,
                        json.loads(body or b"{}"),
                        decrypts=self._may(role, "kms", "Decrypt"),
                    )
                    reads = who.operation.startswith(_READS)
                    caller = _caller(role, self._session_names.get(who.key or "", "studbook"))
                    request = json.loads(body or b"{}")
                    self._trail.note(account, who, who=caller, asked=request, said=said, read=reads)
                answer = _amazon_json(said)
            elif who.service == "bedrock":
                with self._lock:
                    said = self._bedrock.call(account, who.region, who.operation, members(who, environ, body))
                answer = Answer(200, json.dumps(said).encode(), "application/json")
            elif (service := self._services.get(who.service)) is not None:
                with self._lock:
                    said = service.call(account, who.region, who.operation, json.loads(body or b"{}"))
                answer = _amazon_json(said)
            elif who.service == "resourcegroupstaggingapi":
                answer = self._tagging(account, who, body, cbor=cbor)
            else:
                self._owned(account, who, environ)
                answer = self._ask_moto(account, who, environ, body)
            if who.service in _TICKING and not who.operation.startswith(_READS):
                with self._lock:
                    self._set_clock(self._clock.now + timedelta(seconds=1))
            answer = after(fault, environ, answer)
        except ApiError as error:
            answer = refusal(who.service, error, cbor=cbor)
        return send(answer, start_response)

    # Who may

    def _signed_by(self, who: Asked) -> str | None:
        """The role behind the signature; None is the caller's own account."""
        if who.key is None or who.key == CALLER_KEY:
            return None
        if who.key in self._expired:
            code = "ExpiredToken" if who.service in ("s3", "sts") else "ExpiredTokenException"
            raise ApiError(code, "The security token included in the request is expired", 403)
        if who.key not in self._sessions:
            code = {"s3": "InvalidAccessKeyId", "sts": "InvalidClientTokenId"}.get(
                who.service, "UnrecognizedClientException"
            )
            raise ApiError(code, "The security token included in the request is invalid.", 403)
        return self._sessions[who.key]

    def _allowed(self, role: str | None, who: Asked) -> None:
        if role is None and who.service == "sts":
            return
        if not self._may(role, who.service, who.operation):
            raise ApiError(
                "AccessDeniedException",
                f"User: {_caller(role)} is not authorized to perform: {who.service}:{who.operation} because no "
                f"identity-based policy allows the {who.service}:{who.operation} action",
            )

    def _may(self, role: str | None, service: str, operation: str) -> bool:
        allow = self._roles[role]["allow"] if role else self._caller_may
        asked_for = (operation, f"{service}:{operation}")
        return any(fnmatch.fnmatchcase(name, pattern) for name in asked_for for pattern in allow)

    def _owned(self, account: str, who: Asked, environ: dict[str, Any]) -> None:
        bucket = bucket_of(environ["PATH_INFO"]) if who.service == "s3" else ""
        if not bucket:
            return
        with self._lock:
            owner = self._owners.setdefault(bucket, account) if who.operation == "CreateBucket" else None
            owner = owner or self._owners.get(bucket, account)
        if owner != account:
            raise ApiError("AccessDenied", "Access Denied", 403)

    # What it answers by itself

    def _sts(self, account: str, role: str | None, who: Asked, body: bytes) -> Answer:
        given = {key: value[0] for key, value in parse_qs(body.decode()).items()}
        if who.operation == "GetCallerIdentity":
            result = f"<Arn>{escape(_caller(role))}</Arn><UserId>AIDADEMO</UserId><Account>{account}</Account>"
        elif who.operation == "AssumeRole":
            arn = given["RoleArn"]
            known = self._roles.get(arn)
            if known is None or known.get("external_id") not in (None, given.get("ExternalId")):
                raise ApiError(
                    "AccessDenied",
                    f"User: {_caller(role)} is not authorized to perform: sts:AssumeRole on resource: {arn}",
                    403,
                )
            with self._lock:
                key = f"ASIASTUDBOOK{len(self._sessions):08d}"
                self._sessions[key] = arn
                self._session_names[key] = given["RoleSessionName"]
            until = datetime.now(UTC) + timedelta(seconds=int(given.get("DurationSeconds", "3600")))
            session = arn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")
            result = (
                f"<Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>of-the-demo</SecretAccessKey>"
                f"<SessionToken>of-the-demo</SessionToken><Expiration>{until:%Y-%m-%dT%H:%M:%SZ}</Expiration>"
                f"</Credentials><AssumedRoleUser><Arn>{escape(session)}/{escape(given['RoleSessionName'])}</Arn>"
                f"<AssumedRoleId>AROADEMO:{escape(given['RoleSessionName'])}</AssumedRoleId></AssumedRoleUser>"
            )
        else:
            raise ApiError("InvalidAction", f"The demo's STS has no {who.operation}.")
        name = who.operation
        text = (
            f'<{name}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{name}Result>{result}</{name}Result>'
            f"<ResponseMetadata><RequestId>demo</RequestId></ResponseMetadata></{name}Response>"
        )
        return Answer(200, text.encode(), "text/xml")

    def _tagging(self, account: str, who: Asked, body: bytes, *, cbor: bool) -> Answer:
        if who.operation != "GetResources":
            raise ApiError("InvalidParameterException", f"The demo's tagging API has no {who.operation}.")
        given = decode_cbor(body) if cbor else json.loads(body or b"{}")
        with self._lock:
            found = self._sagemaker.resources(account, who.region)
        types = given.get("ResourceTypeFilters") or ["sagemaker"]
        found = [
            resource
            for resource in found
            if any(kind in ("sagemaker", "sagemaker:" + _type(resource["ResourceARN"])) for kind in types)
        ]
        start = int(given.get("PaginationToken") or 0)
        size = given.get("ResourcesPerPage") or 50
        said: Json = {"ResourceTagMappingList": found[start : start + size], "PaginationToken": ""}
        if start + size < len(found):
            said["PaginationToken"] = str(start + size)
        if cbor:
            return Answer(200, encode_cbor(said), "application/cbor", (("smithy-protocol", "rpc-v2-cbor"),))
        return _amazon_json(said)

    def _ask_moto(self, account: str, who: Asked, environ: dict[str, Any], body: bytes) -> Answer:
        """moto's answer, with Lambda's lists cut into pages as AWS cuts them."""
        import io

        environ = {**environ, "wsgi.input": io.BytesIO(body), "HTTP_X_MOTO_ACCOUNT_ID": account}
        paging: dict[str, str] = {}
        member = {"ListFunctions": "Functions", "ListVersionsByFunction": "Versions", "ListAliases": "Aliases"}.get(
            who.operation
        )
        if who.service == "lambda":
            # moto's ListAliases finds no function by its ARN, as AWS does.
            path = _FUNCTION_ARN.sub(r"/functions/\1", environ["PATH_INFO"])
            environ.update(PATH_INFO=path, RAW_URI=path, REQUEST_URI=path)
        if who.service == "lambda" and member:
            query = parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)
            paging = {key: value for key, value in query if key in ("MaxItems", "Marker")}
            environ["QUERY_STRING"] = urlencode([(key, value) for key, value in query if key not in paging])
        answer = collect(self._moto, environ)
        if who.service == "lambda" and member and answer.status == 200:
            said = json.loads(answer.body)
            start = int(paging.get("Marker") or 0)
            end = start + min(int(paging.get("MaxItems") or LAMBDA_PAGE), LAMBDA_PAGE)
            if end < len(said[member]):
                said["NextMarker"] = str(end)
            said[member] = said[member][start:end]
            return Answer(200, json.dumps(said).encode(), "application/json")
        return answer

    # The demo's own paths

    def _ticking(self, given: Json) -> Iterator[tuple[str, Json]]:
        """The calls of a batch, a second apart."""
        for operation, request in given["calls"]:
            yield operation, request
            self._clock.set(self._clock.now + timedelta(seconds=1))
        self._set_clock(self._clock.now)

    def _control(self, environ: dict[str, Any]) -> Answer:
        said: Any = {}
        given = json.loads(_body(environ) or b"{}")
        with self._lock:
            match environ["REQUEST_METHOD"], environ["PATH_INFO"].removeprefix("/_studbook/"):
                case "POST", "clock":
                    self._set_clock(datetime.fromisoformat(given["now"]))
                case "POST", "fill":
                    service = self._bedrock if given["arn"].startswith("arn:aws:bedrock:") else self._sagemaker
                    try:
                        service.fill(given["arn"], given["members"])
                    except ApiError as error:
                        return refusal("sagemaker", error)
                case "POST", "batch":
                    try:
                        for call in self._ticking(given):
                            self._sagemaker.call(given["account"], given["region"], *call)
                    except ApiError as error:
                        return refusal("sagemaker", error)
                case "POST", "roles":
                    self._roles[given["arn"]] = given
                case "POST", "faults":
                    self._faults.add(given)
                case "POST", "caller":
                    self._caller_may = given["allow"]
                case "DELETE", "faults":
                    self._faults.clear()
                case "DELETE", "sessions":
                    self._expired.update(self._sessions)
                case "GET", "calls":
                    said = [[*key, count] for key, count in sorted(self._calls.items())]
                case "GET", "throttled":
                    said = self._faults.throttled
                case "DELETE", "calls":
                    self._calls.clear()
                case _:
                    return Answer(404, b"{}", "application/json")
        return Answer(200, json.dumps(said).encode(), "application/json")


def _amazon_json(said: Json) -> Answer:
    return Answer(200, json.dumps(said).encode(), "application/x-amz-json-1.1")


def _caller(role: str | None, session: str = "studbook") -> str:
    if role is None:
        return f"arn:aws:iam::{CALLER_ACCOUNT}:user/nightly-ci"
    return role.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + f"/{session}"


def _type(arn: str) -> str:
    return arn.split(":", 5)[5].split("/", 1)[0]


def _body(environ: dict[str, Any]) -> bytes:
    if environ.get("HTTP_TRANSFER_ENCODING") == "chunked":
        read: bytes = environ["wsgi.input"].read()
        return read
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    return body


def make_application() -> Wsgi:
    """The application, with moto set to the demo's clock. For a process of its own: moto's state is global."""
    from studbook.demo.cloud import motoclock

    clock = Clock()
    moto = motoclock.application(clock)

    def empty() -> Gateway:
        return Gateway(moto, clock, lambda now: motoclock.move(clock, now))

    gateway = empty()

    def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        nonlocal gateway
        if (environ["REQUEST_METHOD"], environ["PATH_INFO"]) == ("DELETE", "/_studbook/all"):
            motoclock.reset(clock)
            gateway = empty()
            return send(Answer(200, b"{}", "application/json"), start_response)
        return gateway(environ, start_response)

    return application


def main() -> None:
    """Serves on a free port, or the one that is given, until standard input closes."""
    tell_and_wait(start(make_application(), int(sys.argv[1]) if sys.argv[1:] else 0))


if __name__ == "__main__":
    main()
