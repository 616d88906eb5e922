"""Fault injection: answers of AWS and MLflow gone wrong in one place, thousands of times.

    python -m benchmarks mutations [NUMBER [SKIPPED]]

The answers are those of tests/sources/recorded, of S3, Lambda and Organizations, and a small MLflow server's, over
HTTP; every type has neighbours in its listing. Each mutation changes one value, or one answer as a whole, in a night
after a good one. What must hold: nothing raises, no record is gone, the neighbours of the value are as they were, what
is missing is in a gap, and all of it can be stored, read back and linked. The same seed makes the same mutations.
"""

from __future__ import annotations

import copy
import gzip
import json
import math
import os
import random
import re
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from studbook.aws.sessions import Sessions
from studbook.demo.cloud.protocols import asked, model
from studbook.harvest.calls import VisitContext
from studbook.harvest.partition import visit
from studbook.harvest.partition_store import PartitionStore
from studbook.harvest.plan import Task
from studbook.lineage.link import LinkContext, link
from studbook.model import Coverage, Partition, Record
from studbook.settings import Settings
from studbook.sources import SOURCES, Unread, normalize
from studbook.sources.declarative_source import Declared
from studbook.sources.lambda_function import LambdaFunctions
from studbook.sources.mlflow import Mlflow
from studbook.sources.organizations import Organizations
from studbook.sources.s3 import S3
from studbook.store.chunks import ASSETS, EDGES, RECORDS

NUMBER = 5_000
ACCOUNT, REGION = "111122223333", "us-west-2"
RECORDED = Path(__file__).parent.parent / "tests" / "sources" / "recorded"
SERVICES = ("sagemaker", "bedrock", "mlflow", "s3", "lambda", "organizations")
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:eval-tone"
NEIGHBOURS = (1, 2, 3)
_SUFFIX = re.compile(r"-n([1-3])\b")
_IDENTITY = (
    "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/reader</Arn><UserId>A</UserId>"
    f"<Account>{ACCOUNT}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
)


def _nested(depth: int) -> Any:
    inside: Any = "x"
    for _ in range(depth):
        inside = [inside] if depth % 2 else {"a": inside}
    return inside


WRONG: Mapping[str, Callable[[Any], Any]] = {
    "null": lambda value: None,
    "text": lambda value: "\x00odd\u202e",
    "empty text": lambda value: "",
    "number": lambda value: 5,
    "negative": lambda value: -1,
    "2^63": lambda value: 2**63,
    "1e18": lambda value: 1e18,
    "NaN": lambda value: float("nan"),
    "Infinity": lambda value: float("inf"),
    "true": lambda value: True,
    "list": lambda value: ["odd"],
    "empty list": lambda value: [],
    "object": lambda value: {"odd": "x"},
    "empty object": lambda value: {},
    "surrogate": lambda value: "cut off \ud83d",
    "deep": lambda value: _nested(150),
    "deeper": lambda value: _nested(3000),
    "long": lambda value: "x" * (2 * 1024 * 1024 + 1),
    "digits": lambda value: _Raw("7" * 5000),
    "in a list": lambda value: [value],
    "in an object": lambda value: {"value": value},
}
"""What is put in the place of a value."""

BROKEN: Mapping[str, Callable[[bytes], bytes]] = {
    "no body": lambda body: b"",
    "{}": lambda body: b"{}",
    "[]": lambda body: b"[]",
    "null": lambda body: b"null",
    "cut": lambda body: body[: len(body) // 2],
    "html": lambda body: b"<html>please log in</html>",
    "error": lambda body: b'{"__type": "AccessDeniedException", "error_code": "PERMISSION_DENIED", "message": "no"}',
    "no UTF-8": lambda body: body[:-1] + b'\xff"}',
    "brackets": lambda body: b"[" * 100_000,
    "large": lambda body: b" " * 3_000_000 + body,
    "bomb": lambda body: gzip.compress(b" " * 30_000_000, 1),
    "slow": lambda body: body,
    "without an end": lambda body: body,
    "pages without an end": lambda body: body,
}
"""What is put in the place of an answer; how the last four are sent is the server's business."""

_TOKENS = ("NextToken", "nextToken", "next_page_token", "NextMarker", "NextContinuationToken", "NextKeyMarker")
_ODD = re.compile(r"odd|cut off|x{99}|7{99}")
"""What nothing is called: of such a name there is nothing to be described."""


class _Raw(str):
    """JSON text as it is."""


def _json(value: Any) -> bytes:
    """JSON, however deep: Python's own encoder gives up at a thousand."""
    with _deep():
        return re.sub(rb'"\$raw (\d+)"', rb"\1", json.dumps(value, default=str).encode())


def _xml(value: Any) -> bytes:
    """The one element of an object, and what is in it, as S3 writes it: a list is its items under the list's name."""
    with _deep():
        return "".join(f"<{name}>{_inner(item)}</{name}>" for name, item in value.items()).encode(errors="replace")


def _inner(value: Any) -> str:
    if isinstance(value, dict):
        several = ((name, one) for name, item in value.items() for one in (item if isinstance(item, list) else [item]))
        return "".join(f"<{name}>{_inner(one)}</{name}>" for name, one in several)
    if isinstance(value, list):
        return "".join(f"<member>{_inner(one)}</member>" for one in value)
    return "" if value is None else escape(str(value).removeprefix("$raw "))


@contextmanager
def _deep() -> Iterator[None]:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(50_000)
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


@dataclass(frozen=True)
class Mutation:
    """One thing that goes wrong."""

    world: World
    operation: str
    how: str
    path: tuple[str | int, ...] | None
    """Of the value; None: the answer as a whole."""
    neighbour: int | None = None
    """Whose value it is, where it is one item's of a listing; 0 is the original's."""

    def __str__(self) -> str:
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path or ())
        return f"{self.world.name}: {self.operation}{place}: {self.how}"

    def applied(self, answer: Any) -> bytes:
        encoded = _xml if self.world.partition.source == "s3" else _json
        if self.how == "pages without an end":
            more = {**dict.fromkeys(_TOKENS, f"page {next(_page)}"), "IsTruncated": "true"}
            if encoded is _xml:
                return encoded({root: {**said, **more} for root, said in answer.items()})
            return encoded(answer | more)
        if self.path is None:
            return BROKEN[self.how](encoded(answer))
        mutated = copy.deepcopy(answer)
        *way, last = self.path
        inside = mutated
        for part in way:
            inside = inside[part]
        if self.how == "missing":
            del inside[last]
        elif self.how == "twice":
            inside[last] = [*inside[last], *inside[last]]
        else:
            wrong = WRONG[self.how](inside[last])
            inside[last] = f"$raw {wrong}" if isinstance(wrong, _Raw) else wrong
        return encoded(mutated)


_page = count()


@dataclass
class World:
    """A source, or a type of one, and what answers it."""

    name: str
    source: Any
    partition: Partition
    targets: tuple[str, ...]
    answers: dict[str, Any]
    """By operation, as they are when all is well."""
    listings: frozenset[str]
    tail: str = ""
    """What the neighbours' names are made from."""
    known: list[Record] = field(default_factory=list)

    def answer(self, operation: str, request: Mapping[str, Any]) -> Any:
        text = json.dumps(request, ensure_ascii=False)
        if _ODD.search(text):
            return None
        whose = _SUFFIX.search(text)
        request = json.loads(_SUFFIX.sub("", text))
        for to, said in self.answers.items():
            name, _, condition = to.partition("?")
            member, _, value = condition.partition("=")
            if name == operation and (not condition or request.get(member) == value):
                return self._of(whose[1], said) if whose else self._listed(operation, said)
        if self.partition.source == "mlflow":
            return None
        members = model(self.partition.source).operation_model(operation).output_shape.members
        return {name: [] for name, shape in members.items() if shape.type_name == "list"}

    def _of(self, number: object, said: Any) -> Any:
        if not self.tail:
            return said
        whole = rf"(?i)(?<![A-Za-z0-9]){re.escape(self.tail)}(?![A-Za-z0-9])"
        return json.loads(re.sub(whole, rf"\g<0>-n{number}", json.dumps(said)))

    def _listed(self, operation: str, said: Any) -> Any:
        if operation not in self.listings or not self.tail:
            return said
        grown = dict(said)
        for member, items in said.items():
            if isinstance(items, list):
                more = [self._of(number, item) for number in NEIGHBOURS for item in items]
                grown[member] = [*items, *(item for item in more if item not in items)]
        return grown

    def mutations(self) -> Iterator[Mutation]:
        """All that can go wrong here."""
        for to, said in self.answers.items():
            operation = to.partition("?")[0]
            for how in BROKEN:
                if how != "{}" or self.partition.source != "mlflow":  # an empty listing of MLflow's is an empty object
                    yield Mutation(self, operation, how, None)
            listed = self._listed(operation, said)
            for path, value in _paths(listed):
                whose = None
                if operation in self.listings and len(path) > 1:
                    found = _SUFFIX.search(json.dumps(listed[path[0]][path[1]]))
                    whose = int(found[1]) if found else 0
                for how in WRONG:
                    # A listing that is empty says so: of five records or fewer it is believed.
                    if how != "empty list" or len(path) > 1:
                        yield Mutation(self, operation, how, path, whose)
                # MLflow leaves an empty list out.
                if isinstance(path[-1], str) and (len(path) > 1 or self.partition.source != "mlflow"):
                    yield Mutation(self, operation, "missing", path, whose)
                if isinstance(value, list):
                    yield Mutation(self, operation, "twice", path, whose)


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    if path:
        yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _paths(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _paths(item, (*path, index))


# --- what answers -------------------------------------------------------------------------------------------------


class _Server(ThreadingHTTPServer):
    """The answers of a world, one of them mutated."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.world: World | None = None
        self.mutation: Mutation | None = None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who has read enough hangs up."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, _, query = self.path.partition("?")
        target = self.headers.get("X-Amz-Target")
        if "/mlflow/" in path:
            request = dict(part.split("=", 1) for part in query.split("&")) if query else json.loads(body or b"{}")
            self._say(path.rpartition("/mlflow/")[2], request)
        elif target:
            self._say(target.partition(".")[2], json.loads(body))
        elif self.command == "GET":
            environ = {
                "HTTP_AUTHORIZATION": self.headers["Authorization"],
                "REQUEST_METHOD": "GET",
                "PATH_INFO": path,
                "QUERY_STRING": query,
            }
            self._say(asked(environ, b"").operation, {"path": path, "query": query})
        else:
            self._send(200, _IDENTITY.encode(), "text/xml")

    do_GET = do_POST = _answer  # noqa: N815

    def _say(self, operation: str, request: Mapping[str, Any]) -> None:
        world, mutation = self.server.world, self.server.mutation
        assert world is not None
        said = world.answer(operation, request)
        said_as = _xml if world.partition.source == "s3" else _json
        if said is None:
            missing = b'{"__type": "ResourceNotFoundException", "error_code": "RESOURCE_DOES_NOT_EXIST"}'
            self._send(404 if "/mlflow/" in self.path else 400, missing, "application/json")
        elif mutation is not None and mutation.operation == operation and not _SUFFIX.search(json.dumps(request)):
            try:
                self._send(200, mutation.applied(said), "application/x-amz-json-1.1", mutation.how)
            except (KeyError, IndexError, TypeError):  # another variant's answer, which has no such value
                self._send(200, said_as(said), "application/x-amz-json-1.1")
        else:
            self._send(200, said_as(said), "application/x-amz-json-1.1")

    def _send(self, status: int, body: bytes, kind: str, how: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if how == "bomb":
            self.send_header("Content-Encoding", "gzip")
        elif "/mlflow/" in self.path and len(body) > 1_000_000:
            body = gzip.compress(body)
            self.send_header("Content-Encoding", "gzip")
        if how == "without an end":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            while True:  # until who has read enough hangs up
                self.wfile.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if how == "slow":
            for byte in body:
                self.wfile.write(bytes([byte]))
                time.sleep(0.1)
        else:
            self.wfile.write(body)

    def log_message(self, *said: Any) -> None: ...


# --- worlds -------------------------------------------------------------------------------------------------------


def worlds() -> list[World]:
    """One for each example of a declared type, and a small MLflow server."""
    return [*map(_declared, sorted(RECORDED.glob("*.json"))), _mlflow(), *_buckets(), _lambda(), _organizations()]


def _declared(path: Path) -> World:
    example = json.loads(path.read_text())
    service = example.get("service", "sagemaker")
    source = next(source for source in SOURCES if source.name == service)
    assert isinstance(source, Declared)
    by_kind = {resource.kind: resource for resource in source.resources}
    chain = [by_kind[example["kind"]]]
    while (parent := chain[0].listing.parent) is not None:
        chain.insert(0, by_kind[parent])
    names = {operation.partition("?")[0] for operation in example["answers"]}
    listing = chain[0].listing
    answers = {to: said for to, said in example["answers"].items() if to.partition("?")[0] in names}
    tail = ""
    for to, said in answers.items():
        if to.partition("?")[0] == listing.operation and said[listing.items]:
            # Its name: what follows may be the number of a version.
            named = re.split(r"[:/]", chain[0].identify(said[listing.items][0]))
            tail = next(one for one in reversed(named) if len(one) > 2 and not one.isdigit())
    return World(
        path.stem,
        Declared(service, tuple(chain)),
        Partition(ACCOUNT, REGION, service),
        (),
        answers,
        frozenset({listing.operation}),
        tail,
    )


def _mlflow() -> World:
    metric = {"key": "loss", "value": 0.5, "timestamp": 1790000000000, "step": 3}
    dataset = {"name": "chats", "digest": "ab", "source_type": "s3", "source": '{"uri": "s3://b/chats/"}'}
    run = {
        "info": {"run_id": "run-one", "run_name": "train", "experiment_id": "1", "status": "FINISHED",
                 "start_time": 1790000000000, "end_time": 1790000100000},
        "data": {"params": [{"key": "lr", "value": "1e-4"}], "metrics": [metric], "tags": [{"key": "t", "value": "x"}]},
        "inputs": {"dataset_inputs": [{"tags": [], "dataset": dataset}]},
        "outputs": {"model_outputs": [{"model_id": "m-1", "step": 0}]},
    }  # fmt: skip
    answers = {
        "experiments/search": {"experiments": [{"experiment_id": "1", "name": "bots", "tags": []}]},
        "runs/search": {"runs": [run]},
        "runs/get": {"run": run},
        "metrics/get-history": {"metrics": [metric]},
        "logged-models/search": {"models": [{"info": {"model_id": "m-1", "source_run_id": "run-one"},
                                             "data": {"metrics": [{**metric, "run_id": "run-one"}]}}]},
        "registered-models/search": {"registered_models": [{"name": "run-one-bot",
                                                            "aliases": [{"alias": "a", "version": "1"}]}]},
        "model-versions/search": {"model_versions": [{"name": "run-one-bot", "version": "1", "run_id": "run-one",
                                                      "source": "models:/m-1"}]},
    }  # fmt: skip
    listings = frozenset({"runs/search", "registered-models/search", "model-versions/search"})
    return World("mlflow", Mlflow(), Partition(None, None, "mlflow"), ("lab",), answers, listings, "run-one")


def _buckets() -> Iterator[World]:
    """A dataset in a bucket that keeps versions, and one in one that does not; a neighbour beside each."""
    times = {"LastModified": "2026-11-01T02:00:00.000Z"}
    objects = [{"Key": f"chats/{n}.json", **times, "ETag": f'"e{n}"', "Size": "7"} for n in (1, 2)]
    versions = [{**one, "VersionId": f"v{n}", "IsLatest": "true"} for n, one in enumerate(objects)]
    marker = {"Key": "chats/0.json", **times, "VersionId": "v9", "IsLatest": "true"}
    listed = {"Name": "b", "IsTruncated": "false"}
    for name, answers in {
        "kept": {
            "GetBucketVersioning": {"VersioningConfiguration": {"Status": "Enabled"}},
            "ListObjectVersions": {"ListVersionsResult": {**listed, "Version": versions, "DeleteMarker": [marker]}},
            "ListObjectsV2": {"ListBucketResult": {**listed, "KeyCount": "2", "Contents": objects}},
        },
        "plain": {
            "GetBucketVersioning": {"VersioningConfiguration": {}},
            "ListObjectsV2": {"ListBucketResult": {**listed, "KeyCount": "2", "Contents": objects}},
        },
    }.items():
        targets = tuple(f"s3://{name}/chats{beside}/" for beside in ("", "-n1"))
        yield World(f"s3 {name}", S3(), Partition(ACCOUNT, None, "s3"), targets, answers, frozenset(), "chats")


def _lambda() -> World:
    shown = {
        "FunctionName": "eval-tone", "FunctionArn": FUNCTION, "Runtime": "python3.12", "Handler": "a.b", "CodeSize": 5,
        "LastModified": "2026-09-01T10:00:00.000+0000", "CodeSha256": "c2hh", "Version": "$LATEST", "State": "Active",
    }  # fmt: skip
    version = {**shown, "FunctionArn": f"{FUNCTION}:1", "Version": "1"}
    alias = {"Name": "live", "AliasArn": f"{FUNCTION}:live", "FunctionVersion": "1",
             "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1}}}  # fmt: skip
    answers = {
        "ListFunctions": {"Functions": [shown]},
        "GetFunctionConfiguration": shown,
        "ListAliases": {"Aliases": [alias]},
        "ListTags": {"Tags": {"team": "support"}},
        "ListVersionsByFunction": {"Versions": [shown, version]},
    }
    here = Partition(ACCOUNT, REGION, "lambda")
    return World("lambda", LambdaFunctions(), here, (FUNCTION,), answers, frozenset({"ListFunctions"}), "eval-tone")


def _organizations() -> World:
    """No neighbours: of half a list of accounts nothing is taken."""
    accounts = [
        {"Id": account, "Arn": f"arn:aws:organizations::{ACCOUNT}:account/o-1/{account}", "Name": "ml",
         "Status": "ACTIVE", "State": "ACTIVE", "Email": "ml@example.com", "JoinedMethod": "CREATED"}
        for account in ("222222222222", "333333333333")
    ]  # fmt: skip
    answers = {
        "ListAccounts": {"Accounts": accounts},
        "ListAccountsForParent": {"Accounts": accounts[:1]},
        "ListOrganizationalUnitsForParent": {"OrganizationalUnits": []},
        "ListTagsForResource": {"Tags": [{"Key": "studbook", "Value": "yes"}]},
    }
    here = Partition(None, None, "organizations")
    return World("organizations", Organizations(), here, (), answers, frozenset())


# --- the nights ---------------------------------------------------------------------------------------------------


class Harness:
    """Runs nights against one server; its clients are made once."""

    def __init__(self, folder: Path, server: _Server) -> None:
        self._server = server
        self._folder = folder
        self.settings = Settings.model_validate(
            {
                "accounts": [{"id": ACCOUNT, "name": "dev", "regions": [REGION]}],
                "mlflow": [{"name": "lab", "tracking_uri": server.url}],
                "sources": {name: {"enabled": True, "rate": 1e5, "workers": 1} for name in SERVICES},
                "datasets": [
                    {"uri": f"s3://{bucket}/chats{beside}/", "account": ACCOUNT}
                    for bucket in ("kept", "plain") for beside in ("", "-n1")
                ],
                "evaluators": [{"function": "eval-*"}],
                "organization": {
                    "role_name": "Reader", "regions": [REGION], "units": ["ou-1"], "tags": {"studbook": "yes"},
                },
                "patience": {"attempts": 1, "read_timeout": 10, "answer_bytes": 2_900_000, "pages": 30},
            }
        )  # fmt: skip
        self._sessions = Sessions.of(self.settings)
        hurried = self.settings.patience.model_copy(update={"read_timeout": 0.2})
        self.hurried = self.settings.model_copy(update={"patience": hurried})
        self._hurried = Sessions.of(self.hurried)
        self._nights = 0

    def night(self, world: World, mutation: Mutation | None, known: list[Record]) -> tuple[list[Record], Coverage]:
        self._server.world, self._server.mutation = world, mutation
        self._nights += 1
        path = self._folder / f"{self._nights}.sqlite"
        with closing(PartitionStore(path)) as store:
            store.load_previous(map(RECORDS.line, known))
            task = Task(world.partition, world.targets, False)
            slow = mutation is not None and mutation.how == "slow"
            settings, sessions = (self.hurried, self._hurried) if slow else (self.settings, self._sessions)
            row = visit(task, settings, store, VisitContext(sessions), number=2, sources=[world.source])
            found = [RECORDS.row(line) for line in store.lines()]
        path.unlink()
        return found, row

    def check(self, mutation: Mutation) -> list[str]:
        """What does not hold; in two nights, one that knows nothing and one after a good one."""
        world = mutation.world
        if not world.known:
            world.known, row = self.night(world, None, [])
            assert not row.gaps, (world.name, row.gaps)
        faults = []
        for known in ([], world.known):
            try:
                found, row = self.night(world, mutation, known)
                faults += self._faults(mutation, found, row, known)
            except Exception:  # noqa: BLE001 - this is what is looked for
                faults.append(f"raised: {traceback.format_exc(limit=-4)}")
        return faults

    def _faults(self, mutation: Mutation, found: list[Record], row: Coverage, known: list[Record]) -> Iterator[str]:
        if any("a bug in Studbook" in gap.message for gap in row.gaps):
            yield f"a bug: {row.gaps}"
        gone = [record.id for record in found if record.gone_since is not None]
        # Where another text is in the place of what identifies something, another thing is listed in its place.
        named = {(record.kind, record.id) for record in mutation.world.known}
        renamed = len({(record.kind, record.id) for record in found} - named)
        if len(gone) > renamed:
            yield f"gone: {gone}"
        by_id = {(record.kind, record.id): record for record in found}
        fresh = {key for key, record in by_id.items() if record.stale_since is None}
        missing = [one for one in mutation.world.known if (one.kind, one.id) not in fresh]
        if len(missing) > renamed and not row.gaps:
            yield f"missing without a gap: {[one.id for one in missing]}"
        if mutation.neighbour is not None:
            touched = f"-n{mutation.neighbour}"
            for one in mutation.world.known:
                mine = touched in one.id if mutation.neighbour else not _SUFFIX.search(one.id)
                now = by_id.get((one.kind, one.id))
                if not mine and (now is None or now.stale_since is not None):
                    yield f"a neighbour is lost: {one.id}"
        unread: list[Unread] = []
        linked = link(found, lambda record: normalize(record, unread), LinkContext.of(self.settings))
        for asset in linked.assets:
            ASSETS.row(ASSETS.line(asset))
        for edge in linked.edges:
            EDGES.row(EDGES.line(edge))


@contextmanager
def harness() -> Iterator[Harness]:
    """A server and clients for it; AWS's variables are this process's meanwhile."""
    before = dict(os.environ)
    server = _Server()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    os.environ.update(AWS_ENDPOINT_URL=server.url, AWS_ACCESS_KEY_ID="AKIAEXAMPLE", AWS_SECRET_ACCESS_KEY="none")
    try:
        with tempfile.TemporaryDirectory() as folder:
            yield Harness(Path(folder), server)
    finally:
        server.shutdown()
        server.server_close()
        os.environ.clear()
        os.environ.update(before)


@cache
def every() -> list[Mutation]:
    """All mutations there are, in an order that a seed has mixed; a source with many comes more often, but not by as
    much as it has more."""
    by_source: defaultdict[str, list[Mutation]] = defaultdict(list)
    for world in worlds():
        by_source[world.partition.source] += world.mutations()
    mixed = random.Random(20261128)
    turns: list[tuple[float, str, Mutation]] = []
    for source, several in by_source.items():
        mixed.shuffle(several)
        turns += [(turn / math.sqrt(len(several)), source, mutation) for turn, mutation in enumerate(several)]
    return [mutation for *_, mutation in sorted(turns, key=lambda turn: turn[:2])]


def run(number: int, *, skip: int = 0, seconds: float = float("inf")) -> tuple[int, dict[str, list[str]]]:
    """How many mutations were tried, within some seconds of this process's CPU, and the faults of those with some."""
    faults: dict[str, list[str]] = {}
    tried, began = 0, time.process_time()
    with harness() as made:
        for mutation in every()[skip : skip + number]:
            if time.process_time() - began > seconds:
                break
            if found := made.check(mutation):
                faults[str(mutation)] = found
            tried += 1
    return tried, faults


def main(arguments: list[str] | None = None) -> None:
    """Print the counts, and every fault."""
    given = [int(one) for one in arguments or ()]
    number, skip = given[0] if given else NUMBER, given[1] if len(given) > 1 else 0
    began = time.process_time()
    tried, faults = run(number, skip=skip)
    kinds = Counter(fault.partition(":")[0] for several in faults.values() for fault in several)
    for mutation, several in faults.items():
        print(f"{mutation}\n    " + "\n    ".join(several), flush=True)
    print(f"\n{tried:,} mutations of {len(every()):,}, two nights each, {time.process_time() - began:.0f} s of CPU: ")
    print(", ".join(f"{count} {kind}" for kind, count in kinds.items()) or "0 faults")
