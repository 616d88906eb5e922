"""Each declared resource type: what AWS answers, over HTTP, and the assets and edges that come of it.

A file of `recorded/` is one example: the answers of the operations that its declaration calls, as they are on the wire
(times are numbers, or text where the API says so), and what the lineage of that one record is.
`Operation?Member=Value` is the answer to requests that say so; what has no answer is an empty list. `also` are the
types whose records it connects. Ids are shortened: `~` is the beginning of SageMaker's ARNs, `^` of Bedrock's. An arrow
is as in `pedigrees`, `=` where it is declared, and its value is the evidence.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from botocore.validate import ParamValidator
from scripted import ScriptedVisit

from studbook.aws.sessions import Sessions
from studbook.demo.cloud.protocols import asked, model
from studbook.harvest.journal import Journal
from studbook.lineage.link import LinkContext, link
from studbook.model import Edge, Partition, Record
from studbook.settings import Settings
from studbook.sources import SOURCES, Resource, normalize
from studbook.sources.declarative_source import Declared
from studbook.store import Catalog

ACCOUNT, REGION = "111122223333", "us-west-2"
BEGINNINGS = {"~": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:", "^": f"arn:aws:bedrock:{REGION}:{ACCOUNT}:"}
SETTINGS = Settings.model_validate({"accounts": [{"id": ACCOUNT, "name": "dev", "regions": [REGION]}]})
EXAMPLES = sorted((Path(__file__).parent / "recorded").glob("*.json"))
DECLARED = {
    (source.name, resource.kind): resource
    for source in SOURCES
    if isinstance(source, Declared)
    for resource in source.resources
}
UNRECORDED = frozenset({"Search", "ListTags"})
"""Search shows what the descriptions say (test_sagemaker_search.py holds it to that); most things have no tags."""
ELSEWHERE = {
    "lambda_function": "test_lambda_source.py::TestNormalize::test_function_and_version",
    "lambda_version": "test_lambda_source.py::TestNormalize::test_function_and_version",
    "mlflow_experiment": "test_mlflow_source.py::TestNormalize::test_an_experiment_and_a_registered_model",
    "mlflow_logged_model": "test_mlflow_source.py::TestNormalize::test_a_logged_model",
    "mlflow_model_version": "test_mlflow_source.py::TestNormalize::test_a_model_version",
    "mlflow_registered_model": "test_mlflow_source.py::TestNormalize::test_an_experiment_and_a_registered_model",
    "mlflow_run": "test_mlflow_source.py::TestNormalize::test_a_run",
    "s3_manifest": "test_s3_documents.py::TestNormalize::test_a_manifest_claims_its_entries",
    "s3_prefix": "test_s3_source.py::TestNormalize::test_dataset_and_version",
    "s3_report": "test_s3_documents.py::TestNormalize::test_a_report_has_its_metrics",
    "s3_results": "test_s3_documents.py::TestNormalize::test_results_are_what_the_evaluation_produced",
}
"""What sources keep that are more than declarations, and the test that reads it from their API's answers."""

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

    def __init__(self, service: str, answers: Mapping[str, Any]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.service = service
        self.answers = answers

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


@pytest.fixture
def collected(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[Record]]:
    """The records that an example's declaration makes of its answers."""
    found = example(request.param)
    of = service(request.param)
    with Recorded(of, found["answers"]) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")
        journal = Journal(tmp_path)
        here = Partition(ACCOUNT, REGION, of)
        visit = ScriptedVisit(
            here,
            (),
            SETTINGS,
            sessions=Sessions.of(SETTINGS),
            store=journal.store(here),
            stop=threading.Event(),
            progress=lambda *_: None,
        )
        for resource in declarations(request.param):
            visit.resource(resource)
        yield list(visit.seen.values())
        journal.close()
        server.shutdown()


def short(text: str) -> str:
    for sign, beginning in BEGINNINGS.items():
        text = text.replace(beginning, sign)
    return text


def assets_of(records: list[Record]) -> dict[str, str]:
    linked = link(records, normalize, LinkContext.of(SETTINGS))
    return {short(asset.id): asset.kind + (", named only" if asset.unresolved else "") for asset in linked.assets}


def arrow(edge: Edge) -> str:
    role = f":{edge.role}" if edge.role else ""
    certainty = {"referenced": "", "declared": "=", "inferred": "~"}[edge.certainty] + "?" * edge.candidate
    return f"{short(edge.source)} -{edge.relation}{role}{certainty}-> {short(edge.target)}"


def edges_of(records: list[Record]) -> dict[str, str]:
    linked = link(records, normalize, LinkContext.of(SETTINGS))
    return {arrow(edge): " ".join(sorted(one.line for one in edge.evidence)) for edge in linked.edges}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
class TestExample:
    def test_is_an_answer_of_the_api(self, path: Path) -> None:
        """Every member is one of the API's, of its type, and none that it always has is missing."""
        for request, answer in example(path)["answers"].items():
            shape = model(service(path)).operation_model(request.partition("?")[0]).output_shape
            assert ParamValidator().validate(answer, shape).generate_report() == "", request

    def test_answers_all_that_its_declaration_asks(self, path: Path) -> None:
        """Listing, description, details: each operation of the type, and of what it is listed under."""
        recorded = {operation.partition("?")[0] for operation in example(path)["answers"]}
        called = {operation for resource in declarations(path) for operation in resource.operations}
        assert called - UNRECORDED <= recorded <= called


@pytest.mark.parametrize("collected", EXAMPLES, ids=lambda path: path.stem, indirect=True)
class TestLineage:
    def test_of_the_recorded_answers(self, collected: list[Record], request: pytest.FixtureRequest) -> None:
        """The assets that it shows and names, and the edges with their evidence."""
        expected = example(request.node.callspec.params["collected"])
        assert expected["kind"] in {record.kind for record in collected}
        assert assets_of(collected) == expected["assets"]
        assert edges_of(collected) == expected["edges"]


class TestTable:
    def test_every_declared_type_has_an_example(self) -> None:
        """A new declaration comes with what AWS answers."""
        shown = {(service(path), resource.kind) for path in EXAMPLES for resource in declarations(path)}
        assert shown == set(DECLARED)

    def test_so_has_all_else_that_the_demo_keeps(self, demo_catalog: Path) -> None:
        """Sources with a way of their own have their examples in tests of their own."""
        catalog = Catalog(demo_catalog)
        declared = {source for source, _ in DECLARED}
        kept = {one.kind for one in catalog.records(catalog.resolve("latest")) if one.source not in declared}
        assert kept == set(ELSEWHERE)

    @pytest.mark.parametrize("test", sorted(set(ELSEWHERE.values())))
    def test_exists(self, test: str) -> None:
        """The table leads to tests."""
        path, group, name = test.split("::")
        text = (Path(__file__).parent / path).read_text()
        assert f"class {group}:" in text
        assert f"    def {name}(" in text
