"""Faults on the wire: what a service does that does not do what it should.

A fault is a JSON object. The globs `account`, `region`, `service` and `operation` say which calls it meets (all where
they are missing), `times` how often (for ever where it is missing), and one or more of these what it does:

    seconds                    the answer comes later
    code, message, status      a refusal in the service's own words
    rate                       so many calls a second are let through for each account, region and operation, and as
                               many at once after a rest; the others are throttled
    drop                       the connection is reset before the answer
    cut                        the connection is reset in the middle of the answer
    pages: empty               a page without items, but with a token, comes before the first one
    pages: repeated            every page is without items and has the same token
    without: [name, ...]       members that the answer lacks, wherever they were in it
    extra: {name: value}       members that each object of the answer has besides its own
    body, status               an answer that is none of this API
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import socket
import struct
import threading
import time
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from studbook.demo.cloud.protocols import Answer, ApiError, model

Json = dict[str, Any]

_TOKEN: Final = "studbook-the-same-page"  # noqa: S105 - the token of a page
_FOLLOWING: Final = {"bedrock": "nextToken", "lambda": "NextMarker", "mlflow": "next_page_token"}
"""The member of an answer that has the token, where it is not NextToken."""
_S3_PAGE: Final = "".join(
    ["<?xml version='1.0' encoding='UTF-8'?><ListBucketResult><IsTruncated>true</IsTruncated><KeyCount>0</KeyCount>"]
    + [f"<{name}>{_TOKEN}</{name}>" for name in ("NextContinuationToken", "NextKeyMarker", "NextVersionIdMarker")]
    + ["</ListBucketResult>"]
)


class Faults:
    """The table of faults. For many threads."""

    def __init__(self) -> None:
        self._faults: list[Json] = []
        self._buckets: dict[tuple[float, str, str, str, str], tuple[float, float]] = {}
        """What is left in each, and when that was."""
        self._lock = threading.Lock()
        self.throttled = 0
        """How many calls were above a rate."""

    def add(self, fault: Json) -> None:
        """From now on."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """All is well again."""
        with self._lock:
            self._faults.clear()
            self._buckets.clear()
            self.throttled = 0

    def meet(self, account: str, region: str, service: str, operation: str) -> Json | None:
        """The first fault that this call meets; it counts as met."""
        asked = {"account": account, "region": region, "service": service, "operation": operation}
        with self._lock:
            for fault in self._faults:
                if all(fnmatch.fnmatchcase(value, fault.get(name) or "*") for name, value in asked.items()):
                    if fault.get("rate"):
                        if self._within(fault["rate"], (fault["rate"], *asked.values())):
                            continue
                        self.throttled += 1
                        return {"code": "ThrottlingException", "message": "Rate exceeded"}
                    if fault.get("times"):
                        fault["times"] -= 1
                        if not fault["times"]:
                            self._faults.remove(fault)
                    return fault
        return None

    def _within(self, rate: float, key: tuple[float, str, str, str, str]) -> bool:
        """Takes a token out of a bucket, if there is one."""
        now = time.monotonic()
        most = max(1.0, rate)
        left, then = self._buckets.get(key, (most, now))
        left = min(most, left + (now - then) * rate)
        self._buckets[key] = (left - 1 if left >= 1 else left, now)
        return left >= 1


def before(fault: Json, service: str, operation: str, environ: dict[str, Any], body: bytes) -> Answer | bytes:
    """What becomes of a request: an answer at once, or the body to go on with; `environ` may be changed.

    Raises ApiError for a refusal, ConnectionResetError after a reset.
    """
    if fault.get("seconds"):
        time.sleep(fault["seconds"])
    if fault.get("drop"):
        raise reset(environ)
    if fault.get("code"):
        denied = f"User: StudbookReader is not authorized to perform: {service}:{operation}"
        raise ApiError(fault["code"], fault.get("message") or denied, fault.get("status") or 400)
    if fault.get("body") is not None:
        status = fault.get("status") or 200
        elsewhere = (("Location", "/login"),) if 300 <= status < 400 else ()
        return Answer(status, fault["body"].encode(), "text/html", elsewhere)
    if fault.get("pages"):
        rest = _without_token(environ, body)
        if rest is None or fault["pages"] == "repeated":
            return _empty_page(service, operation)
        return rest
    return body


def after(fault: Json, environ: dict[str, Any], answer: Answer) -> Answer:
    """What becomes of an answer. Raises ConnectionResetError where it was cut off."""
    if answer.status == 200 and (fault.get("without") or fault.get("extra")):
        text = _changed(answer.body.decode(), fault.get("without") or [], fault.get("extra") or {})
        answer = Answer(answer.status, text.encode(), answer.content_type, answer.headers)
    if fault.get("cut"):
        half = answer.body[: len(answer.body) // 2]
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {answer.content_type}\r\nContent-Length: {len(answer.body)}\r\n\r\n"
        environ["werkzeug.socket"].sendall(head.encode() + half)
        raise reset(environ)
    return answer


def reset(environ: dict[str, Any]) -> ConnectionResetError:
    """Ends a request's connection without a goodbye; the error tells the server that nobody listens any more."""
    connection: socket.socket = environ["werkzeug.socket"]
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # The server holds the socket in more than one object; this takes the descriptor away from all of them.
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), connection.fileno())
    return ConnectionResetError("a fault")


def _empty_page(service: str, operation: str) -> Answer:
    """A page as the service writes one: its list is there and empty; MLflow leaves out a list that is empty."""
    if service == "s3":
        return Answer(200, _S3_PAGE.encode(), "application/xml")
    said: Json = {_FOLLOWING.get(service, "NextToken"): _TOKEN}
    if service != "mlflow":
        shape: Any = model(service).operation_model(operation).output_shape
        lists = {name: one for name, one in shape.members.items() if one.type_name == "list"}
        said |= {one.serialization.get("name", name): [] for name, one in lists.items()}
    return Answer(200, json.dumps(said).encode(), "application/json")


def _without_token(environ: dict[str, Any], body: bytes) -> bytes | None:
    """The body of a request for the page after the empty one, as if it were the first; None where it is another's."""
    query = environ.get("QUERY_STRING", "")
    if _TOKEN in query:
        left = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if value != _TOKEN]
        environ["QUERY_STRING"] = urlencode(left)
        return body
    if _TOKEN.encode() in body:
        left_over = {name: value for name, value in json.loads(body).items() if value != _TOKEN}
        shorter = json.dumps(left_over).encode()
        environ["CONTENT_LENGTH"] = str(len(shorter))
        return shorter
    return None


def _changed(text: str, without: list[str], extra: Json) -> str:
    if text.lstrip().startswith("<"):
        for name in without:
            text = re.sub(rf"<{name}>.*?</{name}>|<{name}/>", "", text, flags=re.DOTALL)
        more = "".join(f"<{name}>{value}</{name}>" for name, value in extra.items())
        return re.sub(r"(</[A-Za-z]+>)\s*$", lambda end: more + end[1], text)
    return json.dumps(_each(json.loads(text), frozenset(without), extra))


def _each(value: Any, without: frozenset[str], extra: Json) -> Any:
    if isinstance(value, list):
        return [_each(item, without, extra) for item in value]
    if isinstance(value, dict):
        return {name: _each(item, without, extra) for name, item in value.items() if name not in without} | extra
    return value
