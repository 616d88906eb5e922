"""MLflow servers, by plain REST: what is asked, how it is signed, and what the answers say."""

from __future__ import annotations

import contextlib
import gzip
import json
import threading
import time
import zlib
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from benchmarks.estate import ACCOUNT, READER_ROLE, REGION, settings
from tests.harvest.scripted import Visits
from tests.pedigrees import record

from studbook.aws.errors import NotReadOnly
from studbook.demo.cloud.aws import EXTERNAL_ID, READER
from studbook.harvest.calls import VisitContext
from studbook.harvest.partition import visit as read
from studbook.harvest.plan import Task
from studbook.harvest.run import harvest
from studbook.model import Partition, Record
from studbook.queries.answer import Night
from studbook.settings import MlflowSettings as Configured
from studbook.settings import Settings
from studbook.sources import mlflow_api as mlflow
from studbook.sources.mlflow import Mlflow
from studbook.sources.mlflow_api import ALLOWED, ALLOWED_PLAIN, Api, server_of_arn
from studbook.store import Catalog

SOURCE = Mlflow()
APP = "arn:aws:sagemaker:us-west-2:111111111111:mlflow-app/app-1"
TRACKING = "arn:aws:sagemaker:eu-west-1:222222222222:mlflow-tracking-server/lab"
PACKAGE = "arn:aws:sagemaker:us-west-2:111111111111:model-package/bot/5"

TRAIN = {
    "info": {
        "run_id": "r1",
        "run_name": "train",
        "experiment_id": "1",
        "status": "FINISHED",
        "start_time": 1790000000000,
    },
    "data": {"params": [{"key": "lr", "value": "1e-4"}], "metrics": [{"key": "loss", "value": 0.5}]},
    "inputs": {
        "dataset_inputs": [
            {
                "tags": [{"key": "mlflow.data.context", "value": "training"}],
                "dataset": {"name": "chats", "digest": "ab", "source_type": "s3", "source": '{"uri": "s3://b/chats/"}'},
            },
            {"dataset": {"name": "a/b", "digest": "cd", "source_type": "local", "source": '{"uri": "/tmp/x"}'}},
        ]
    },
    "outputs": {"model_outputs": [{"model_id": "m-1", "step": 0}]},
}
EVALUATION = {
    "info": {"run_id": "r2", "experiment_id": "1", "status": "FINISHED"},
    "data": {"tags": [{"key": "mlflow.parentRunId", "value": "r1"}], "metrics": [{"key": "x", "value": float("nan")}]},
}
COVERED = {"info": {"run_id": "r3", "experiment_id": "1", "status": "FINISHED"}}
ANSWERS = {
    "experiments/search": {"experiments": [{"experiment_id": "1", "name": "bots"}]},
    "runs/search": {"runs": [TRAIN, EVALUATION, COVERED]},
    "runs/get": {"run": {**EVALUATION, "inputs": {"model_inputs": [{"model_id": "m-1"}]}}},
    "logged-models/search": {
        "models": [
            {
                "info": {"model_id": "m-1", "name": "bot", "source_run_id": "r1"},
                "data": {"metrics": [{"key": "acc", "value": 1, "run_id": "r3"}]},
            }
        ]
    },
    "registered-models/search": {
        "registered_models": [{"name": "bot x", "aliases": [{"alias": "best", "version": "1"}]}]
    },
    "model-versions/search": {
        "model_versions": [
            {
                "name": "bot x", "version": "1", "run_id": "r1", "source": "models:/m-1",
                "tags": [{"key": "sagemaker.model_package_arn", "value": PACKAGE}],
            }
        ]
    },
}  # fmt: skip

STEPPED = {**TRAIN, "data": {"metrics": [{"key": "loss", "value": 0.5, "step": 9}, {"key": "auc", "value": 1}]}}
HISTORY = {"metrics__get_history": {"metrics": [{"key": "loss", "value": 9 - n, "step": n} for n in (1, 0, 2)]}}


class Clock:
    """Time that passes, and waits for nobody."""

    monotonic = time.monotonic

    @staticmethod
    def sleep(seconds):
        pass


class Packed:
    """An answer as it is sent, compressed or not."""

    def __init__(self, data, encoding):
        self.encoding = encoding
        self.data = {"gzip": gzip.compress, "deflate": zlib.compress}.get(encoding, bytes)(data)


class Drip:
    """An answer that comes byte by byte, from its first header on or from its body's beginning."""

    def __init__(self, from_the_start):
        self._at_once = 0 if from_the_start else 60

    def send(self, wire):
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\nX: xxxxxxxxxxxxxxxxxxx\r\n\r\n"
        with contextlib.suppress(OSError):
            wire.write(head[: self._at_once])
            for byte in head[self._at_once :] + b" " * 1000:
                wire.write(bytes([byte]))
                wire.flush()
                time.sleep(0.02)


class Server(ThreadingHTTPServer):
    """Answers by path; an integer is a status, a list is one answer after the other."""

    def __init__(self, answers):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = {path: list(said) if isinstance(said, list) else said for path, said in answers.items()}
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    server: Server

    def _answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path).path
        self.server.asked.append((self.command, path, dict(self.headers), body))
        said = self.server.answers.get(path.rsplit("/mlflow/", 1)[-1], 404)
        if isinstance(said, list):
            said = said.pop(0)
        if isinstance(said, Drip):
            said.send(self.wfile)
            return
        if isinstance(said, Packed):
            self.send_response(200)
            if said.encoding:
                self.send_header("Content-Encoding", said.encoding)
            self.send_header("Content-Length", str(len(said.data)))
            self.end_headers()
            self.wfile.write(said.data)
            return
        data = said.encode() if isinstance(said, str) else json.dumps(said if isinstance(said, dict) else {}).encode()
        self.send_response(said if isinstance(said, int) else getattr(said, "status", 200))
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = _answer  # noqa: N815

    def log_message(self, *_):
        pass


@pytest.fixture
def serve(monkeypatch):
    monkeypatch.setattr(mlflow, "time", Clock)
    servers = []

    def start(**changed):
        answers = {**ANSWERS, **{name.replace("_", "-").replace("--", "/"): said for name, said in changed.items()}}
        servers.append(Server(answers))
        return servers[-1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def visited(tmp_path, server, known=None, targets=("lab",), patience=None, **sources):
    entry = {"name": "lab", "tracking_uri": server.url}
    settings = Settings.model_validate({"mlflow": [entry], "sources": sources, "patience": patience or {}})
    visit = Visits(tmp_path, settings)({}, partition=Partition(None, None, "mlflow"), targets=targets, known=known)
    SOURCE.collect(visit)
    return visit


def night(tmp_path, server, number, known=None):
    """The records after a whole visit, and its row."""
    visits = Visits(tmp_path, Settings.model_validate({"mlflow": [{"name": "lab", "tracking_uri": server.url}]}))
    task = Task(Partition(None, None, "mlflow"), ("lab",), swept=False)
    store = visits({}, partition=task.partition, known=known)._store
    row = read(task, visits.settings, store, VisitContext(visits.sessions), number=number, sources=[SOURCE])
    return {(one.kind, one.id): one for one in store.records()}, row


def paths(server):
    return [path.rsplit("/mlflow/", 1)[-1] for _, path, _, _ in server.asked]


class TestCollect:
    def test_the_least_requests(self, tmp_path, serve):
        """One search for each kind, and runs/get for the one run whose model nothing else shows."""
        server = serve()

        visit = visited(tmp_path, server)

        assert sorted(paths(server)) == sorted([*ANSWERS, "server-info"])
        assert len(visit.seen) == 7
        assert {kind for kind, scope in visit.complete if scope == "lab"} == {kind for kind, _ in visit.seen}

    def test_leftovers_once_in_their_life(self, tmp_path, serve):
        """A run that did not change is not asked for its model inputs again."""
        first = visited(tmp_path, serve())
        server = serve()

        second = visited(tmp_path, server, known=first.seen)

        assert "runs/get" not in paths(server)
        assert second.seen == first.seen

    def test_only_what_is_allowed(self, tmp_path, serve):
        """Every request that a harvest makes is on the list."""
        server = serve(runs__search={"runs": [STEPPED]}, **HISTORY)

        visited(tmp_path, server)

        assert {(method, path) for method, path, _, _ in server.asked} <= ALLOWED | ALLOWED_PLAIN

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("POST", "/api/2.0/mlflow/runs/delete"),
            ("DELETE", "/api/2.0/mlflow/registered-models/delete"),
            ("POST", "/api/2.0/mlflow/runs/get"),
            ("GET", "/api/2.0/mlflow/runs/search/../delete"),
        ],
    )
    def test_nothing_else_is_sent(self, tmp_path, serve, method, path):
        """A request that is not on the list is refused before it is sent."""
        server = serve()
        visit = Visits(tmp_path)({}, partition=Partition(None, None, "mlflow"))

        with pytest.raises(NotReadOnly):
            Api(visit, mlflow.Server("lab", server.url)).call(method, path, {})

        assert server.asked == []

    def test_pages(self, tmp_path, serve):
        """A search goes on as long as there is a token."""
        pages = [{"runs": [TRAIN], "next_page_token": "t"}, {"runs": [COVERED]}]

        server = serve(runs__search=pages)

        assert len([key for key in visited(tmp_path, server).seen if key[0] == "mlflow_run"]) == 2

    def test_the_curves_of_a_model_in_order_of_steps(self, tmp_path, serve):
        """One request for each metric that has steps, of a run that a registered version came from; kept for ever."""
        server = serve(runs__search={"runs": [STEPPED]}, **HISTORY)

        first = visited(tmp_path, server)
        again = visited(tmp_path, server, known=first.seen)

        assert paths(server).count("metrics/get-history") == 1
        (run,) = (record for key, record in again.seen.items() if key[0] == "mlflow_run")
        assert run.body["curves"] == {"loss": [[0, 9], [1, 8], [2, 7]]}
        assert SOURCE.normalize(run).assets[0].attributes["curves"] == run.body["curves"]

    def test_a_run_that_no_model_came_from_has_none(self, tmp_path, serve):
        """Ten thousand tries must not cost a call for each of their metrics."""
        server = serve(runs__search={"runs": [STEPPED]}, model_versions__search={}, **HISTORY)

        visited(tmp_path, server)

        assert "metrics/get-history" not in paths(server)

    def test_a_jobs_run_is_read_once_its_package_is_known(self, tmp_path, serve):
        """The run may be older than the package: its record is read again for the curves, and only then."""
        server = serve(runs__search={"runs": [STEPPED]}, model_versions__search={}, **HISTORY)
        first = visited(tmp_path, server)

        visited(tmp_path, server, known=first.seen, targets=("lab", "lab run r1"))

        assert paths(server).count("metrics/get-history") == 1

    def test_a_long_curve_is_thinned_evenly(self, tmp_path, serve):
        """A hundred points are kept, the first and the last among them."""
        steps = [{"key": "loss", "value": 1, "step": n} for n in range(1000)]
        server = serve(runs__search={"runs": [STEPPED]}, metrics__get_history={"metrics": steps})

        visit = visited(tmp_path, server)

        points = next(r for key, r in visit.seen.items() if key[0] == "mlflow_run").body["curves"]["loss"]
        assert len(points) == 100
        assert (points[0][0], points[-1][0]) == (0, 999)

    def test_curves_can_be_switched_off(self, tmp_path, serve):
        """`sources.mlflow.limits.curves: 0` asks for none."""
        server = serve(runs__search={"runs": [STEPPED]}, **HISTORY)

        visited(tmp_path, server, mlflow={"limits": {"curves": 0}})

        assert "metrics/get-history" not in paths(server)

    def test_denied_curves_are_one_gap(self, tmp_path, serve):
        """A role from before curves keeps everything else, and the rest is not asked for."""
        other = {**STEPPED, "info": {**STEPPED["info"], "run_id": "r9"}}
        server = serve(
            runs__search={"runs": [STEPPED, other]},
            model_versions__search={"model_versions": [{"name": "b", "version": n, "run_id": f"r{n}"} for n in (1, 9)]},
            metrics__get_history=403,
        )

        visit = visited(tmp_path, server)

        assert paths(server).count("metrics/get-history") == 1
        assert visit.ledger.status == "partial"
        assert len([key for key in visit.seen if key[0] == "mlflow_run"]) == 2

    def test_an_older_server(self, tmp_path, serve):
        """A server without logged models has none: no gap, and no run is asked for on their account."""
        server = serve(logged_models__search=404)

        visit = visited(tmp_path, server)

        assert visit.ledger.status == "complete"
        assert "runs/get" not in paths(server)

    @pytest.mark.parametrize(("status", "code"), [(401, "401"), (403, "403"), (302, "302"), (500, "500")])
    def test_a_server_that_refuses(self, tmp_path, serve, status, code):
        """A server that wants a login, or fails, is a gap, and nothing is complete."""
        visit = visited(tmp_path, serve(**{path.replace("/", "--"): status for path in ANSWERS}))

        (gap,) = visit.ledger.coverage(visit.partition, records=0, calls={}).gaps
        assert (gap.operation, gap.code) == ("experiments/search", code)
        assert visit.complete == set()

    @pytest.mark.parametrize("refusal", [403, 500])
    def test_experiments_alone_denied(self, tmp_path, serve, refusal):
        """The registry needs no list of experiments; what does is neither seen nor gone."""
        visit = visited(tmp_path, serve(experiments__search=refusal))

        assert [gap[:2] for gap in gaps(visit)] == [("experiments/search", str(refusal))]
        assert {kind for kind, _ in visit.complete} == {"mlflow_registered_model", "mlflow_model_version"}

    def test_a_later_page_of_experiments(self, tmp_path, serve):
        """Where a page cannot be read, the runs of the experiments before it are, and none of the others is gone."""
        first = {**ANSWERS["experiments/search"], "next_page_token": "x"}

        visit = visited(tmp_path, serve(experiments__search=[first, 403]))

        assert runs(visit) == {"r1", "r2", "r3"}
        assert [gap[:2] for gap in gaps(visit)] == [("experiments/search", "403")]
        assert {kind for kind, _ in visit.complete} == {"mlflow_registered_model", "mlflow_model_version"}

    def test_experiments_and_runs_denied(self, tmp_path, serve):
        """Two listings that fail are two gaps."""
        first = {**ANSWERS["experiments/search"], "next_page_token": "x"}

        visit = visited(tmp_path, serve(experiments__search=[first, 403], runs__search=500))

        assert [gap[:2] for gap in gaps(visit)] == [("experiments/search", "403"), ("runs/search", "500")]

    def test_a_server_that_recovers(self, tmp_path, serve):
        """A server that is busy for a moment is asked again."""
        busy = [503, 429, ANSWERS["experiments/search"]]

        assert visited(tmp_path, serve(experiments__search=busy)).ledger.status == "complete"

    def test_a_page_that_is_no_api(self, tmp_path, serve):
        """A web page instead of an answer is a gap."""
        visit = visited(tmp_path, serve(experiments__search="<html>welcome</html>"))

        assert visit.ledger.status == "failed"

    def test_no_server(self, tmp_path, serve):
        """A server that is down is a gap."""
        server = serve()
        server.shutdown()
        server.server_close()

        assert visited(tmp_path, server).ledger.status == "failed"

    def test_one_kind_denied(self, tmp_path, serve):
        """What cannot be read leaves the other kinds complete."""
        visit = visited(tmp_path, serve(registered_models__search=403))

        assert visit.ledger.status == "partial"
        assert ("mlflow_registered_model", "lab") not in visit.complete
        assert ("mlflow_run", "lab") in visit.complete


def gaps(visit):
    row = visit.ledger.coverage(visit.partition, records=0, calls={})
    return [(gap.operation, gap.code, gap.message) for gap in row.gaps]


def runs(visit):
    return {record_id.rpartition("/")[2] for kind, record_id in visit.seen if kind == "mlflow_run"}


class TestOddAnswers:
    @pytest.mark.parametrize(
        "odd",
        [
            {**TRAIN, "info": {"experiment_id": "1"}},
            {**TRAIN, "info": None},
            {**TRAIN, "info": {**TRAIN["info"], "run_id": ["r1"]}},
            "r1",
            None,
        ],
    )
    def test_a_run_that_nothing_identifies(self, tmp_path, serve, odd):
        """It is a gap that names its place; its neighbours are read, and no run is gone for it."""
        visit = visited(tmp_path, serve(runs__search={"runs": [odd, EVALUATION, COVERED]}))

        assert runs(visit) == {"r2", "r3"}
        ((operation, code, message),) = gaps(visit)
        assert (operation, code) == ("runs/search", "Unreadable")
        assert message.startswith("lab runs[0]: ")
        assert ("mlflow_run", "lab") not in visit.complete
        assert ("mlflow_logged_model", "lab") in visit.complete

    def test_values_that_json_has_no_numbers_for(self, tmp_path, serve):
        """A time in nanoseconds, a step beyond 2^53 and half a character cost nothing: they are text."""
        metric = {"key": "loss", "value": 1e18, "timestamp": 1790000000000000001, "step": 2**60}
        odd = {**COVERED, "data": {"metrics": [metric], "params": [{"key": "note", "value": "cut off \ud83d"}]}}
        visit = visited(tmp_path, serve(runs__search={"runs": [TRAIN, odd]}))

        (record,) = (record for (_, record_id), record in visit.seen.items() if record_id.endswith("run/r3"))
        (asset,) = SOURCE.normalize(record).assets
        assert visit.ledger.status == "complete"
        assert asset.attributes["metrics"] == {"loss": "1e+18"}
        assert asset.attributes["parameters"] == {"note": "cut off \ufffd"}

    @pytest.mark.parametrize("name", ["experiments/search", "runs/search", "registered-models/search"])
    @pytest.mark.parametrize("said", [{"error_code": "TEMPORARILY_UNAVAILABLE"}, [], "<html>", '{"runs": ['])
    def test_a_success_that_is_none(self, tmp_path, serve, name, said):
        """An error with status 200 is a failed answer: nothing of that kind is gone."""
        said = json.dumps(said) if isinstance(said, list) else said
        visit = visited(tmp_path, serve(**{name.replace("-", "_").replace("/", "__"): said}))

        kinds = {"experiments/search": "mlflow_experiment", "runs/search": "mlflow_run"}
        assert (kinds.get(name, "mlflow_registered_model"), "lab") not in visit.complete
        assert {operation for operation, _, _ in gaps(visit)} == {name}

    @pytest.mark.parametrize("nothing", [{}, {"message": "please log in"}])
    def test_a_small_server_that_says_nothing(self, tmp_path, serve, nothing):
        """Who answers everything with nothing empties no catalog in one night, however small; the next one may."""
        known, _ = night(tmp_path, serve(), 1)
        silent = serve(**{path.replace("/", "--"): nothing for path in ANSWERS})
        kinds = {kind for kind, _ in known}

        first, row = night(tmp_path, silent, 2, known)
        again, _ = night(tmp_path, silent, 3, first)

        assert max(sum(one == kind for one, _ in known) for kind in kinds) <= 5 < len(known)
        assert {(one.stale_since, one.gone_since) for one in first.values()} == {(2, None)}
        assert row.status == "partial"
        assert {(gap.code, gap.message.split()[0]) for gap in row.gaps} == {("TooMuchGone", kind) for kind in kinds}
        assert {(one.stale_since, one.gone_since) for one in again.values()} == {(None, 3)}

    def test_a_list_that_cannot_be_kept(self, tmp_path, serve):
        """What is left out at the border in the place of a list is no empty list."""
        visit = visited(tmp_path, serve(runs__search={"runs": "x" * (2 * 1024 * 1024 + 1)}))

        assert [gap[:2] for gap in gaps(visit)] == [("runs/search", "NoAnswer")]
        assert ("mlflow_run", "lab") not in visit.complete

    @pytest.mark.parametrize(("member", "lost"), [("x", False), ("next_page_token", True)])
    def test_what_no_listing_needs(self, tmp_path, serve, member, lost):
        """A member that is left out at the border costs the listing only where it tells whether there is more."""
        deep = json.dumps(ANSWERS["runs/search"])[:-1] + f', "{member}": ' + '{"a":' * 3000 + "1" + "}" * 3001
        visit = visited(tmp_path, serve(runs__search=deep))

        assert ("mlflow_run", "mlflow:lab/run/r1") in visit.seen
        assert [gap[:2] for gap in gaps(visit)] == [("runs/search", "NoAnswer")] * lost
        assert (("mlflow_run", "lab") in visit.complete) != lost

    def test_a_run_that_cannot_be_fetched(self, tmp_path, serve):
        """A run that is listed, and gone where it is asked for, is kept as it was listed, with a gap that names it."""
        gone = json.dumps({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no such run"})

        class Gone(str):
            status = 404

        visit = visited(tmp_path, serve(runs__get=Gone(gone)))

        assert runs(visit) == {"r1", "r2", "r3"}
        ((operation, _, message),) = gaps(visit)
        assert (operation, message) == ("runs/get", "mlflow_run mlflow:lab/run/r2: no such run")

    @pytest.mark.parametrize("encoding", ["gzip", "deflate", None])
    def test_a_bomb(self, tmp_path, serve, encoding):
        """An answer beyond the limit is left where it is, however small it came."""
        patience = {"answer_bytes": 100_000}
        bomb = Packed(b'{"experiments": [' + b" " * 3_000_000 + b"]}", encoding)

        visit = visited(tmp_path, serve(experiments__search=bomb), patience=patience)

        assert gaps(visit)[0][:2] == ("experiments/search", "LargeAnswer")

    def test_compression(self, tmp_path, serve):
        """An answer that is compressed as we asked for is read."""
        answer = Packed(json.dumps(ANSWERS["experiments/search"]).encode(), "gzip")

        assert visited(tmp_path, serve(experiments__search=answer)).ledger.status == "complete"

    @pytest.mark.parametrize("from_the_start", [True, False])
    def test_a_slow_drip(self, tmp_path, serve, from_the_start):
        """A server that sends a byte now and then is never silent, and is left all the same."""
        patience = {"read_timeout": 0.3, "visit_seconds": 10}
        began = time.monotonic()

        visit = visited(tmp_path, serve(experiments__search=Drip(from_the_start)), patience=patience)

        assert time.monotonic() - began < 8
        assert gaps(visit) == [("experiments/search", "SlowAnswer", gaps(visit)[0][2])]

    def test_pages_without_an_end(self, tmp_path, serve):
        """Page tokens that never repeat end at the limit."""
        pages = [{"experiments": [], "next_page_token": str(number)} for number in range(50)]

        visit = visited(tmp_path, serve(experiments__search=pages), patience={"pages": 7})

        assert gaps(visit)[0][:2] == ("experiments/search", "TooManyPages")


class TestLogin:
    def sent(self, server):
        return {headers.get("Authorization") for _, _, headers, _ in server.asked}

    def collect(self, tmp_path, *entries):
        settings = Settings.model_validate({"mlflow": entries})
        targets = tuple(entry["name"] for entry in entries)
        visit = Visits(tmp_path, settings)({}, partition=Partition(None, None, "mlflow"), targets=targets)
        SOURCE.collect(visit)
        return visit

    def test_each_server_has_its_own(self, tmp_path, serve, monkeypatch):
        """A token goes to the server whose name it has, or whose entry names its variable, and to no other."""
        first, second, third = serve(), serve(), serve()
        monkeypatch.setenv("STUDBOOK_MLFLOW_LAB_1_TOKEN", "of-the-lab")
        monkeypatch.setenv("SHOP_USER", "ana")
        monkeypatch.setenv("SHOP_PASSWORD", "hunter2")
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "of-somebody")

        self.collect(
            tmp_path,
            {"name": "lab-1", "tracking_uri": first.url},
            {
                "name": "shop",
                "tracking_uri": second.url,
                "auth": {"username_env": "SHOP_USER", "password_env": "SHOP_PASSWORD"},
            },
            {"name": "open", "tracking_uri": third.url},
        )

        assert self.sent(first) == {"Bearer of-the-lab"}
        assert self.sent(second) == {"Basic YW5hOmh1bnRlcjI="}
        assert self.sent(third) == {None}

    def test_mlflows_own_names_mean_the_only_server(self, tmp_path, serve, monkeypatch):
        """`MLFLOW_TRACKING_TOKEN` logs in where exactly one server is configured."""
        server = serve()
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "of-the-only-one")

        self.collect(tmp_path, {"name": "lab", "tracking_uri": server.url})

        assert self.sent(server) == {"Bearer of-the-only-one"}

    def test_a_variable_that_is_not_set(self, tmp_path, serve):
        """A login that is named and not there is a gap, and nothing is asked without it."""
        server = serve()

        visit = self.collect(tmp_path, {"name": "lab", "tracking_uri": server.url, "auth": {"token_env": "NOT_SET"}})

        assert gaps(visit) == [("login", "NoLogin", "lab: the variable NOT_SET is not set")]
        assert server.asked == []

    @pytest.mark.parametrize(("host", "insecure", "sends"), [
        ("http://10.0.0.7:5000", False, False), ("http://10.0.0.7:5000", True, True), ("https://10.0.0.7", False, True),
        ("http://127.0.0.2:5000", False, True), ("http://[::1]:5000", False, True), ("http://localhost", False, True),
        ("http://localhost.example.com", False, False),
    ])  # fmt: skip
    def test_no_login_over_http(self, monkeypatch, host, insecure, sends):
        """Over http it goes to this machine alone, unless the entry says that it may."""
        monkeypatch.setenv("STUDBOOK_MLFLOW_LAB_TOKEN", "t")
        entry = {"name": "lab", "tracking_uri": host, "insecure": insecure}

        server = mlflow.server_of_name("lab", Settings.model_validate({"mlflow": [entry]}))

        assert server is not None
        assert server.login == mlflow.Login("Bearer t" if sends else None, withheld=not sends)

    def test_nothing_comes_from_netrc_or_through_a_proxy(self, tmp_path, serve, monkeypatch):
        """Neither `~/.netrc` nor HTTP_PROXY says anything to a server of ours over http."""
        server, proxy = serve(), serve()
        (tmp_path / ".netrc").write_text("machine 127.0.0.1 login ana password hunter2\n")
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)

        self.collect(tmp_path, {"name": "lab", "tracking_uri": server.url})

        assert self.sent(server) == {None}
        assert proxy.asked == []


TWO_WORKSPACES = {
    "server_info": {"workspaces_enabled": True},
    "workspaces": {"workspaces": [{"name": "default"}, {"name": "team-a"}]},
}


class TestWorkspaces:
    def test_each_is_looked_into(self, tmp_path, serve):
        """A server that has workspaces is asked for each; a model of one name in two of them is two models."""
        server = serve(**TWO_WORKSPACES)

        visit = visited(tmp_path, server)

        searches = [headers for _, path, headers, _ in server.asked if path.endswith("runs/search")]
        assert {headers.get("X-MLFLOW-WORKSPACE") for headers in searches} == {None, "team-a"}
        models = {record_id for kind, record_id in visit.seen if kind == "mlflow_registered_model"}
        assert models == {"mlflow:lab/model/bot%20x", "mlflow:lab@team-a/model/bot%20x"}
        assert {scope for kind, scope in visit.complete if kind == "mlflow_run"} == {"lab", "lab@team-a"}
        version = visit.seen["mlflow_model_version", "mlflow:lab@team-a/model/bot%20x/1"]
        assert SOURCE.scope(version) == "lab@team-a"
        assert SOURCE.normalize(version).edges[0].source == "mlflow:lab@team-a/model/bot%20x"

    @pytest.mark.parametrize(
        ("source", "name"),
        [("models:/bot x/1", "bot%20x"), ("models:/bot x/1/", "bot%20x"), ("models:/bot@x/1", "bot%40x")],
    )
    def test_a_version_is_copied_within_its_workspace(self, tmp_path, serve, source, name):
        """The default workspace may have a version of that name and number, which is another one."""
        copied = {"model_versions": [{"name": "promoted", "version": "1", "source": source}]}
        visit = visited(tmp_path, serve(**TWO_WORKSPACES, **{"model-versions/search": copied}))

        version = visit.seen["mlflow_model_version", "mlflow:lab@team-a/model/promoted/1"]
        (edge,) = (edge for edge in SOURCE.normalize(version).edges if edge.relation == "registered_as")
        assert edge.source == f"mlflow:lab@team-a/model/{name}/1"

    @pytest.mark.parametrize("workspaces", [403, {}, {"workspaces": []}, {"workspaces": "all"}])
    def test_nobody_says_which(self, tmp_path, serve, workspaces):
        """The default one is read, and that there are others is a gap."""
        visit = visited(tmp_path, serve(**{**TWO_WORKSPACES, "workspaces": workspaces}))

        assert runs(visit) == {"r1", "r2", "r3"}
        assert visit.ledger.status == "partial"
        assert gaps(visit)[0][2].startswith("lab: workspaces besides the default one: ")


class TestSigning:
    def test_two_servers_do_not_cross_wires(self, tmp_path, serve, monkeypatch):
        """Each server named by ARN is signed for its own service and region, and routed by its own header."""
        server = serve()
        monkeypatch.setenv("SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT", server.url)
        for arn in (APP, TRACKING):
            partition = Partition(arn.split(":")[4], arn.split(":")[3], "mlflow")
            SOURCE.collect(Visits(tmp_path)({}, partition=partition, targets=(f"{arn} on",)))

        seen = {
            (
                headers["Authorization"],
                headers.get("x-sm-mlflow-app-arn"),
                headers.get("x-mlflow-sm-tracking-server-arn"),
            )
            for _, _, headers, _ in server.asked
        }

        assert seen == {
            ("111111111111 us-west-2 sagemaker", APP, None),
            ("222222222222 eu-west-1 sagemaker-mlflow", None, TRACKING),
        }

    @pytest.mark.parametrize(
        ("arn", "url"),
        [
            (APP, "https://mlflow.sagemaker.us-west-2.app.aws"),
            (TRACKING, "https://eu-west-1.experiments.sagemaker.aws"),
        ],
    )
    def test_hosts(self, monkeypatch, arn, url):
        """Without a redirection an ARN means AWS's own host."""
        monkeypatch.delenv("SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT", raising=False)
        server = server_of_arn(arn)

        assert server is not None
        assert server.url == url


class TestPlan:
    def record(self, kind, arn, **body):
        account, region = arn.split(":")[4], arn.split(":")[3]
        return Record(source="sagemaker", kind=kind, id=arn, account=account, region=region, revision="1", body=body)

    def test_found_and_configured(self):
        """Servers are what wave 1 found, each in its own partition, and what the configuration names."""
        settings = Settings(mlflow=(Configured(name="lab", tracking_uri="http://x"),))
        records = [self.record("mlflow_app", APP, Status="Created"), self.record("mlflow_tracking_server", TRACKING)]

        assert SOURCE.plan(settings, records) == {
            Partition(None, None, "mlflow"): ["lab"],
            Partition("111111111111", "us-west-2", "mlflow"): [f"{APP} on"],
            Partition("222222222222", "eu-west-1", "mlflow"): [f"{TRACKING} on"],
        }

    def test_one_that_is_gone_is_still_told_of(self):
        """Whoever asks what became of it finds a row that says so."""
        gone = replace(self.record("mlflow_tracking_server", TRACKING), gone_since=3)
        assert SOURCE.plan(Settings(), [gone]) == {
            Partition("222222222222", "eu-west-1", "mlflow"): [f"{TRACKING} gone"]
        }

    def test_switched_off(self, tmp_path):
        """A tracking server that is off is skipped, which is no failure."""
        records = [self.record("mlflow_tracking_server", TRACKING, IsActive="Inactive")]
        ((partition, targets),) = SOURCE.plan(Settings(), records).items()
        visit = Visits(tmp_path)({}, partition=partition, targets=tuple(targets))

        SOURCE.collect(visit)

        assert visit.ledger.status == "skipped"
        assert visit.complete == set()


class TestLeftBehind:
    """Servers that were read once, and are no more."""

    def _night(self, catalog, *names, url):
        """Harvests with these servers in the configuration; the coverage of MLflow by account, and the status of each
        record's server in the lineage."""
        told = settings().model_copy(
            update={"mlflow": tuple(Configured(name=name, tracking_uri=url, account=ACCOUNT) for name in names)}
        )
        harvested = harvest(told, catalog)
        rows = {row.region: row for row in harvested.coverage if row.source == "mlflow"}
        stale = {
            asset.id.removeprefix("mlflow:").partition("/experiment/")[0]: asset.stale_since
            for asset in catalog.assets(harvested.envelope)
            if asset.kind == "mlflow_experiment"
        }
        return harvested, rows, stale

    def test_the_coverage_says_why_nobody_asks_them(self, tmp_path, monkeypatch, serve, empty_aws):
        """One that was deleted, one that the configuration names no more beside others, and the last of its owner:
        what each told is kept, marked as old, and a row says why; no night is partial for it."""
        server, catalog = serve(), Catalog(tmp_path / "catalog")
        monkeypatch.setenv("SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT", server.url)
        empty_aws.role(READER_ROLE, external_id=EXTERNAL_ID, allow=READER)
        made = {"TrackingServerName": "lab", "ArtifactStoreUri": "s3://kept/", "RoleArn": "arn:aws:iam::1:role/x"}
        empty_aws.batch(ACCOUNT, REGION, [("CreateMlflowTrackingServer", made)])
        arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:mlflow-tracking-server/lab"

        _, rows, stale = self._night(catalog, "one", "two", url=server.url)
        assert {row.status for row in rows.values()} == {"complete"}
        assert stale == dict.fromkeys((arn, "one", "two"))

        empty_aws.batch(ACCOUNT, REGION, [("DeleteMlflowTrackingServer", {"TrackingServerName": "lab"})])
        harvested, rows, stale = self._night(catalog, "one", url=server.url)
        assert stale == {arn: 2, "one": None, "two": 2}
        assert (rows[REGION].status, [gap.message for gap in rows[REGION].gaps]) == (
            "skipped",
            [f"{arn} is gone; what it told is kept as it was"],
        )
        assert (rows[None].status, [gap.message for gap in rows[None].gaps]) == (
            "complete",
            ["two is not in the configuration any more; what it told is kept as it was"],
        )
        assert not harvested.partial

        harvested, rows, stale = self._night(catalog, url=server.url)
        assert stale == {arn: 2, "one": 3, "two": 2}
        assert (rows[None].status, rows[None].gaps[0].code) == ("skipped", "Skipped")
        assert "nothing names it any more" in rows[None].gaps[0].message
        assert not harvested.partial
        night = Night(catalog.graph(harvested.envelope), harvested.coverage)
        assert {one.partition for one in night.unseen()} == {f"{ACCOUNT}/-/mlflow", f"{ACCOUNT}/{REGION}/mlflow"}


class TestNormalize:
    @pytest.fixture
    def facts(self, tmp_path, serve):
        seen = visited(tmp_path, serve()).seen
        return {record_id: SOURCE.normalize(record) for (_, record_id), record in seen.items()}

    @pytest.mark.parametrize(
        ("status", "stage", "told"),
        [
            ("RUNNING", "deleted", "deleted"),
            ("SCHEDULED", "deleted", "deleted"),
            ("RUNNING", "active", "RUNNING"),
            ("FAILED", "deleted", "FAILED"),
        ],
    )
    def test_a_deleted_run_goes_on_no_more(self, tmp_path, serve, status, stage, told):
        """The server says RUNNING of it for ever; of one that had ended it is right."""
        info = TRAIN["info"] | {"status": status, "lifecycle_stage": stage}
        visit = visited(tmp_path, serve(**{"runs/search": {"runs": [TRAIN | {"info": info}]}}))

        (run,) = SOURCE.normalize(visit.seen["mlflow_run", "mlflow:lab/run/r1"]).assets[:1]

        assert (run.status, run.attributes["lifecycle_stage"]) == (told, stage)

    def edges(self, facts, record_id):
        return {(edge.source, edge.relation, edge.target, edge.role) for edge in facts[record_id].edges}

    def test_a_run(self, facts):
        """A run belongs to its experiment, read its datasets, and made its model."""
        run = "mlflow:lab/run/r1"

        assert self.edges(facts, run) == {
            (run, "part_of", "mlflow:lab/experiment/1", None),
            ("mlflow:lab/dataset/a%2Fb/cd", "input_to", run, "dataset"),
            (run, "produced", "mlflow:lab/logged-model/m-1", None),
        }
        (claim,) = facts[run].claims
        assert (claim.reader, claim.uri, claim.role) == (run, "s3://b/chats/", "training")
        assert str(claim.evidence) == f"mlflow:runs/search#inputs.dataset_inputs[0].dataset.source|uri of {run}"
        assert facts[run].assets[0].created_at == "2026-09-21T14:13:20Z"

    def test_a_table_in_s3_has_a_version(self):
        """The place joins what is known of it; which version of a table lay there to be read the run says itself."""
        sources = (
            {"path": "s3://lake/chats", "delta_table_version": 7, "delta_table_name": None},
            {"path": "s3://lake/chats", "delta_table_version": 9, "delta_table_name": "ml.chats"},
            {"path": "/dbfs/chats", "delta_table_version": 3},
            {"uri": "s3://lake/plain/"},
            {"path": ["s3://lake/odd"], "delta_table_version": {"x": 1}},
        )
        told = [{"dataset": {"name": "n", "digest": "d", "source": json.dumps(one)}} for one in sources]
        told[1]["tags"] = [{"key": "mlflow.data.context", "value": "eval"}]
        body = {**TRAIN, "server": "lab", "inputs": {"dataset_inputs": told}}
        run = record("mlflow:lab/run/r1", source="mlflow", kind="mlflow_run", account=None, region=None, body=body)
        facts = SOURCE.normalize(run)

        assert [claim.uri for claim in facts.claims] == ["s3://lake/chats", "s3://lake/chats", "s3://lake/plain/"]
        assert facts.assets[0].attributes["tables"] == [
            {"uri": "s3://lake/chats", "role": "dataset", "revision": "7"},
            {"uri": "s3://lake/chats", "role": "eval", "revision": "9", "table": "ml.chats"},
        ]

    def test_a_run_that_names_itself_as_its_parent_is_no_part_of_itself(self, tmp_path, serve):
        """The tag is whatever somebody wrote."""
        run = visited(tmp_path, serve()).seen["mlflow_run", "mlflow:lab/run/r2"]
        (tag,) = run.body["data"]["tags"]
        looped = replace(run, body={**run.body, "data": {"tags": [{**tag, "value": "r2"}]}})

        parents = [edge.target for edge in SOURCE.normalize(looped).edges if edge.relation == "part_of"]
        assert parents == ["mlflow:lab/experiment/1"]

    def test_an_evaluation_run(self, facts):
        """A nested run that judged a model says so, although the search does not."""
        run = "mlflow:lab/run/r2"

        assert self.edges(facts, run) == {
            (run, "part_of", "mlflow:lab/experiment/1", None),
            (run, "part_of", "mlflow:lab/run/r1", None),
            ("mlflow:lab/logged-model/m-1", "input_to", run, "evaluated_model"),
        }

    def test_a_logged_model(self, facts):
        """A metric that another run logged for a model is that run's judgement of it."""
        model = "mlflow:lab/logged-model/m-1"

        assert self.edges(facts, model) == {
            ("mlflow:lab/run/r1", "produced", model, None),
            (model, "input_to", "mlflow:lab/run/r3", "evaluated_model"),
        }

    def test_a_model_version(self, facts):
        """A version ties its model, its run, what was logged, and SageMaker's package together."""
        version = "mlflow:lab/model/bot%20x/1"

        assert self.edges(facts, version) == {
            ("mlflow:lab/model/bot%20x", "has_version", version, None),
            ("mlflow:lab/run/r1", "recorded_in", version, None),
            ("mlflow:lab/logged-model/m-1", "registered_as", version, None),
            (version, "registered_as", PACKAGE, None),
        }

    def test_an_experiment_and_a_registered_model(self, facts):
        """What others are of says nothing of where it comes from."""
        shown = {
            asset.id: (asset.kind, asset.name, self.edges(facts, asset.id))
            for name in ("mlflow:lab/experiment/1", "mlflow:lab/model/bot%20x")
            for asset in facts[name].assets
        }

        assert shown == {
            "mlflow:lab/experiment/1": ("mlflow_experiment", "bots", set()),
            "mlflow:lab/model/bot%20x": ("mlflow_registered_model", "bot x", set()),
        }

    def test_edges_point_at_something(self, facts):
        """Every end of every edge is shown or named by the same record."""
        for found in facts.values():
            known = {asset.id for asset in (*found.assets, *found.mentions)}
            assert {end for edge in found.edges for end in (edge.source, edge.target)} <= known
