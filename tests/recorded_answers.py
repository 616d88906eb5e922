"""Recorded answers: what AWS says, over HTTP, to the calls of one declared type; and the records that come of it.

A file of `sources/recorded/` is one example: the answers of the operations that its declaration calls, as they are on
the wire (times are numbers, or text where the API says so), and what the lineage of that one record is.
`Operation?Member=Value` is the answer to requests that say so; what has no answer is an empty list. `also` are the
types whose records it connects.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Mapping
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest import mock

from studbook.aws.sessions import Sessions
from studbook.demo.cloud.protocols import asked, model
from studbook.harvest.calls import VisitContext
from studbook.harvest.collector import PartitionVisit
from studbook.harvest.partition_store import PartitionStore
from studbook.harvest.plan import Task
from studbook.model import Partition, Record
from studbook.settings import Settings
from studbook.sources import SOURCES
from studbook.sources.declarative_source import Declared
from studbook.sources.interface import Resource

ACCOUNT, REGION = "111122223333", "us-west-2"
SETTINGS = Settings.model_validate(
    {
        "accounts": [{"id": ACCOUNT, "name": "dev", "regions": [REGION]}],
        "sources": {source.name: {"rate": 2000} for source in SOURCES},  # nobody waits for a recording
    }
)
EXAMPLES = sorted((Path(__file__).parent / "sources" / "recorded").glob("*.json"))
DECLARED = {
    (source.name, resource.kind): resource
    for source in SOURCES
    if isinstance(source, Declared)
    for resource in source.resources
}

_IDENTITY = f"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::{ACCOUNT}:user/reader</Arn><UserId>A</UserId><Account>{ACCOUNT}</Account></GetCallerIdentityResult>
</GetCallerIdentityResponse>"""


@cache
def example(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())


def service(path: Path) -> str:
    """Whose answers an example has."""
    return str(example(path).get("service", "sagemaker"))


def declarations(path: Path) -> list[Resource]:
    """What an example collects: its type, after those that say what it connects."""
    kinds = [*example(path).get("also", ()), example(path)["kind"]]
    return [resource for kind in kinds for resource in chain(service(path), kind)]


def chain(of: str, kind: str) -> list[Resource]:
    """The declaration, after those that it is listed under."""
    resource = DECLARED[of, kind]
    return [*(chain(of, resource.listing.parent) if resource.listing.parent else ()), resource]


class Recorded(ThreadingHTTPServer):
    """AWS as far as it was recorded."""

    service: str
    answers: Mapping[str, Any]

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)

    def answer(self, operation: str, request: Mapping[str, Any]) -> Any:
        for to, said in self.answers.items():
            name, _, condition = to.partition("?")
            member, _, value = condition.partition("=")
            if name == operation and (not condition or request.get(member) == value):
                return said
        members = model(self.service).operation_model(operation).output_shape.members
        return {name: [] for name, shape in members.items() if shape.type_name == "list"}


class _Handler(BaseHTTPRequestHandler):
    server: Recorded

    def do_POST(self) -> None:
        request = self.rfile.read(int(self.headers["Content-Length"]))
        target = self.headers.get("X-Amz-Target")
        if target is None:
            self._say("text/xml", _IDENTITY)
        else:
            said = self.server.answer(target.partition(".")[2], json.loads(request))
            self._say("application/x-amz-json-1.1", json.dumps(said))

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        environ = {
            "HTTP_AUTHORIZATION": self.headers["Authorization"],
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path,
            "QUERY_STRING": query,
        }
        self._say("application/json", json.dumps(self.server.answer(asked(environ, b"").operation, {})))

    def _say(self, kind: str, body: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *said: Any) -> None: ...


@cache
def _aws() -> tuple[Recorded, Sessions]:
    """One server, and one client of each service, for all examples: to make them takes longer than to ask."""
    server = Recorded()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, Sessions.of(SETTINGS)


@cache
def records_of(path: Path) -> tuple[Record, ...]:
    """The records that an example's declarations make of its answers."""
    server, sessions = _aws()
    server.service, server.answers = service(path), example(path)["answers"]
    login = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "none"}
    with tempfile.TemporaryDirectory() as folder:
        store = PartitionStore(Path(folder) / "store.sqlite")
        with mock.patch.dict(os.environ, login, AWS_ENDPOINT_URL=f"http://127.0.0.1:{server.server_port}"):
            task = Task(Partition(ACCOUNT, REGION, server.service), (), swept=False)
            visit = PartitionVisit(task, SETTINGS, store, VisitContext(sessions))
            for resource in declarations(path):
                visit.resource(resource)
        found = tuple(store.records())
        store.close()
    return found
