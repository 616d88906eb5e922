"""MLflow servers: SageMaker's Apps and tracking servers, which wave 1 found, and those that the configuration names.

Plain REST, no MLflow client: that one signs with a process-global tracking URI, so that two servers in one process get
each other's requests. Calls, per server: experiments/search, then runs/search and logged-models/search over all
experiments together (1,000 and 100 a page), registered-models/search, model-versions/search; runs/get only for runs
whose model inputs nothing else shows, once in their life. About `runs/1000 + models/100 + 4` requests. The curves of
the runs that models came from (a registered version or a job's package) cost one metrics/get-history for each metric
that has steps, at most `sources.mlflow.limits.curves` (6) a run, once when the run has ended.

One IAM action opens an App's whole API, deletions included: hence the allow-list of method and path.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import requests

from studbook import __version__
from studbook.aws.errors import PART_LOST, Trouble, explain, meaning_of
from studbook.aws.sessions import NotReadOnly
from studbook.model import Facts, Partition, Record, canonical, digest
from studbook.model.ids import mlflow_id, parse_arn
from studbook.settings import Settings
from studbook.sources import mlflow_facts
from studbook.sources.interface import Grant, Json, Visit
from studbook.sources.reading import member

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

_EXPERIMENTS_AT_ONCE = 1000
_CURVES = 6
_POINTS = 100
_ENDED = frozenset({"FINISHED", "FAILED", "KILLED"})
_AGAIN = frozenset({429, 500, 502, 503, 504})
_SIGNED_WITH = re.compile(r"Credential=([^/]+)/")
_INCOMPLETE = "incomplete:"
"""Before a revision: something was missing when the run was read, so no search ever equals it."""
_KINDS = ("mlflow_experiment", "mlflow_run", "mlflow_logged_model", "mlflow_registered_model", "mlflow_model_version")


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


class Api:
    """The REST API of one server, as far as ALLOWED goes. Paced and counted by the visit; raises Trouble."""

    def __init__(self, visit: Visit, server: Server) -> None:
        self._visit = visit
        self.server = server
        self._http = requests.Session()
        self._http.headers["User-Agent"] = f"studbook/{__version__}"
        if server.signing_name:
            self._http.auth = _as_signed  # or ~/.netrc would replace the signature
        elif token := os.environ.get("MLFLOW_TRACKING_TOKEN"):
            self._http.headers["Authorization"] = f"Bearer {token}"
        elif user := os.environ.get("MLFLOW_TRACKING_USERNAME"):
            self._http.auth = (user, os.environ.get("MLFLOW_TRACKING_PASSWORD", ""))

    def pages(self, method: str, path: str, body: Json) -> Iterator[dict[str, Any]]:
        """Page after page of a search."""
        token, met = None, set()
        while True:
            page = self.call(method, path, {**body, "page_token": token} if token else body)
            yield page
            token = page.get("next_page_token")
            if not token:
                return
            if token in met:
                raise Trouble("repeated", _name(path), "RepeatedToken", "a page token came twice")
            met.add(token)

    def call(self, method: str, path: str, body: Json) -> dict[str, Any]:
        """One answer; throttled and failing servers are asked again, a few times."""
        if (method, path) not in ALLOWED:
            raise NotReadOnly(f"{method} {path} is not on the list of requests that only read")
        trouble, renewed = None, False
        for attempt in range(self._visit.settings.patience.attempts):
            if attempt and not (trouble and trouble.meaning == "expired"):
                time.sleep(0.5 * 2 ** (attempt - 1))
            self._visit.spend(f"mlflow:{_name(path)}")
            try:
                answer = self._send(method, path, body)
            except requests.RequestException as error:
                trouble = Trouble("network", _name(path), type(error).__name__, str(error))
                if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.SSLError):
                    break
                continue
            if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
                self._visit.throttled(f"mlflow:{_name(path)}")
            if answer.status_code == HTTPStatus.OK:
                return _json(answer, path)
            trouble = _refused(answer, path)
            if trouble.meaning == "expired" and not renewed:
                renewed = True
                self._renew(answer.request)
            elif answer.status_code not in _AGAIN:
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
            try:
                prepared.headers.update(signer(method, prepared.url, headers, data, self.server.signing_name))
            except Exception as error:
                raise explain(error, "AssumeRole") from error
        # A redirect leads to a login page, never to the API, and would leave the list of what may be asked.
        patience = self._visit.settings.patience
        timeout = (patience.connect_timeout, patience.read_timeout)
        return self._http.send(prepared, timeout=timeout, allow_redirects=False)


class Mlflow:
    """Experiments, runs, logged models, and the registry."""

    name = "mlflow"
    grants = (
        Grant("MlflowApps", ("sagemaker:*:*:mlflow-app/*",), lambda action: action.startswith("sagemaker:")),
        Grant("MlflowTrackingServers", ("sagemaker:*:*:mlflow-tracking-server/*",)),
    )
    wave = 2
    follows = ('"mlflow_app"', '"mlflow_tracking_server"', '"MlflowRunId"')
    actions = (
        "sagemaker-mlflow:GetMetricHistory",
        "sagemaker-mlflow:GetRun",
        "sagemaker-mlflow:SearchExperiments",
        "sagemaker-mlflow:SearchLoggedModels",
        "sagemaker-mlflow:SearchModelVersions",
        "sagemaker-mlflow:SearchRegisteredModels",
        "sagemaker-mlflow:SearchRuns",
        "sagemaker:CallMlflowAppApi",
    )

    def plan(self, settings: Settings, records: Iterable[Record]) -> Mapping[Partition, Sequence[str]]:
        """Servers by owner; a target is `<ARN> <state>` for what SageMaker lists, a name for what is configured, and
        `<ARN> run <id>` for a run that a job with a package names."""
        plan: defaultdict[Partition, set[str]] = defaultdict(set)
        runs: defaultdict[str, set[str]] = defaultdict(set)
        for server in settings.mlflow:
            plan[Partition(server.account, None, self.name)].add(server.name)
        for record in records:
            if record.gone_since is None and record.kind in ("mlflow_app", "mlflow_tracking_server"):
                state = "on" if _is_on(record) else "off"
                plan[Partition(record.account, record.region, self.name)].add(f"{record.id} {state}")
            elif record.kind == "training_job" and (run := _run_of_package(record)):
                runs[run[0]].add(run[1])
        for targets in plan.values():
            for named in {target.partition(" ")[0] for target in targets}:
                targets.update(f"{named} run {run_id}" for run_id in runs[named])
        return {partition: sorted(targets) for partition, targets in plan.items()}

    def collect(self, visit: Visit) -> None:
        for server in _servers(visit):
            curves = _Curves(visit, server)
            try:
                _server(visit, server, curves)
            except PART_LOST as error:
                visit.gap(error)

    def scope(self, record: Record) -> str | None:
        """The server."""
        server: str = record.body["server"]
        return server

    def normalize(self, record: Record) -> Facts:
        return mlflow_facts.normalize(record)


def reach(visit: Visit) -> None:
    """One request to each server of the visit, for one experiment: is it there, and may we ask?"""
    for server in _servers(visit):
        try:
            Api(visit, server).call(
                "POST", "/api/2.0/mlflow/experiments/search", {"view_type": "ALL", "max_results": 1}
            )
        except Trouble as trouble:
            said = f"{server.id}: {trouble.message}"
            visit.gap(Trouble(trouble.meaning, trouble.operation, trouble.code, said))
        else:
            visit.listed("mlflow_experiment", server.id)


def _servers(visit: Visit) -> Iterator[Server]:
    """The visit's servers that are on; one that is off is skipped, one that nobody understands is a gap."""
    configured = {server.name: Server(server.name, server.tracking_uri.rstrip("/")) for server in visit.settings.mlflow}
    for target in visit.targets:
        name, _, state = target.partition(" ")
        if state.startswith("run "):
            continue
        server = configured.get(name) if not state else server_of_arn(name)
        if server is None:
            visit.gap(Trouble("unsupported", "mlflow", "UnknownServer", f"{name} is no MLflow server's ARN"))
        elif state == "off":
            visit.skip("mlflow", f"{name} is switched off")
        else:
            yield server


def _run_of_package(record: Record) -> tuple[str, str] | None:
    """The MLflow server and run of a job that made a package."""
    server = member(record.body, "MlflowConfig", "MlflowResourceArn")
    run = member(record.body, "MlflowDetails", "MlflowRunId")
    named = isinstance(server, str) and isinstance(run, str) and record.body.get("OutputModelPackageArn")
    return (server, run) if named else None


def _is_on(record: Record) -> bool:
    """Whether the App or tracking server answers requests, going by its own record."""
    body = record.body
    if record.kind == "mlflow_tracking_server":
        return body.get("IsActive") != "Inactive" and body.get("TrackingServerStatus") not in ("Stopped", "Deleting")
    return body.get("Status") not in ("Deleting", "Deleted", "CreateFailed", "Creating")


class _Curves:
    """Metric histories of the runs that models came from, read once when a run has ended."""

    def __init__(self, visit: Visit, server: Server) -> None:
        mark = f"{server.id} run "
        self.runs = {target.removeprefix(mark) for target in visit.targets if target.startswith(mark)}
        self._visit = visit
        self._most = visit.settings.source("mlflow").limits.get("curves", _CURVES)
        self._refused = False

    def wanted(self, item: Json) -> bool:
        """Whether a run, as the search shows it, is to have its curves."""
        info = item["info"]
        return self._most > 0 and not self._refused and info["run_id"] in self.runs and info.get("status") in _ENDED

    def read(self, api: Api, item: Json) -> dict[str, list[list[Any]]] | None:
        """`[step, value]` by metric, evenly thinned to 100 points; None where the server does not tell."""
        curves: dict[str, list[list[Any]]] = {}
        metrics = (item.get("data") or {}).get("metrics") or ()
        stepped = sorted(str(metric["key"]) for metric in metrics if int(metric.get("step") or 0) > 0)
        for key in stepped[: self._most]:
            request = {"run_id": item["info"]["run_id"], "metric_key": key}
            try:
                pages = list(api.pages("GET", "/api/2.0/mlflow/metrics/get-history", request))
            except Trouble as trouble:
                self._refused = trouble.meaning == "denied"
                if trouble.meaning != "gone":
                    self._visit.gap(trouble)
                return None
            points = [
                [int(one.get("step") or 0), one.get("value")] for page in pages for one in page.get("metrics") or ()
            ]
            points.sort(key=lambda point: point[0])
            last = len(points) - 1
            kept = sorted({round(index * last / (_POINTS - 1)) for index in range(_POINTS)}) if last >= _POINTS else ()
            curves[key] = [points[index] for index in kept] if kept else points
        return curves


def _server(visit: Visit, server: Server, curves: _Curves) -> None:
    """Everything on one server. What fails leaves the other kinds complete."""
    api = Api(visit, server)
    experiments: list[str] = []
    for page in api.pages("POST", "/api/2.0/mlflow/experiments/search", {"view_type": "ALL", "max_results": 1000}):
        for item in page.get("experiments") or ():
            experiments.append(item["experiment_id"])
            visit.record(
                "mlflow_experiment", mlflow_id(server.id, "experiment", item["experiment_id"]), _body(server, item)
            )
    visit.listed("mlflow_experiment", server.id)
    for read in (_registered_models, _model_versions):
        try:
            curves.runs |= read(visit, api, server)
        except PART_LOST as error:
            visit.gap(error)
    covered, sure = None, True
    try:
        covered = _logged_models(visit, api, server, experiments)
    except PART_LOST as error:
        # A server before MLflow 3 has none: there is nothing that could not be seen.
        sure = isinstance(error, Trouble) and error.meaning == "unsupported"
        if not sure:
            visit.gap(error)
    _runs(visit, api, experiments, covered, curves, sure=sure)


def _registered_models(visit: Visit, api: Api, server: Server) -> set[str]:
    for page in api.pages("GET", "/api/2.0/mlflow/registered-models/search", {"max_results": 1000}):
        for item in page.get("registered_models") or ():
            visit.record("mlflow_registered_model", mlflow_id(server.id, "model", item["name"]), _body(server, item))
    visit.listed("mlflow_registered_model", server.id)
    return set()


def _model_versions(visit: Visit, api: Api, server: Server) -> set[str]:
    """Keeps the versions; the runs that they came from."""
    runs = set()
    for page in api.pages("GET", "/api/2.0/mlflow/model-versions/search", {"max_results": 10_000}):
        for item in page.get("model_versions") or ():
            record_id = mlflow_id(server.id, "model", item["name"], str(item["version"]))
            visit.record("mlflow_model_version", record_id, _body(server, item))
            runs.add(item.get("run_id") or "")
    visit.listed("mlflow_model_version", server.id)
    return runs


def _logged_models(visit: Visit, api: Api, server: Server, experiments: Sequence[str]) -> set[str] | None:
    """Keeps the logged models; the runs that they name, or None where there is no logged model at all."""
    named: set[str] = set()
    found = False
    for some in _chunks(experiments):
        request = {"experiment_ids": some, "max_results": 100}
        for page in api.pages("POST", "/api/2.0/mlflow/logged-models/search", request):
            for item in page.get("models") or ():
                found = True
                named.add(item["info"].get("source_run_id", ""))
                named.update(metric.get("run_id", "") for metric in (item.get("data") or {}).get("metrics") or ())
                record_id = mlflow_id(server.id, "logged-model", item["info"]["model_id"])
                visit.record("mlflow_logged_model", record_id, _body(server, item))
    visit.listed("mlflow_logged_model", server.id)
    return named if found else None


def _runs(
    visit: Visit, api: Api, experiments: Sequence[str], covered: set[str] | None, curves: _Curves, *, sure: bool
) -> None:
    """Keeps the runs. A search leaves out a run's model inputs; where logged models exist and none of them names the
    run, it alone is asked for them, unless it is known as it is. Where nobody is sure whether there are logged models,
    the night after asks again."""
    server = api.server
    for some in _chunks(experiments):
        request = {"experiment_ids": some, "run_view_type": "ALL", "max_results": 1000}
        for page in api.pages("POST", "/api/2.0/mlflow/runs/search", request):
            for item in page.get("runs") or ():
                run = item["info"]["run_id"]
                record_id = mlflow_id(server.id, "run", run)
                body = _body(server, item)
                revision = digest(canonical(mlflow_facts.finite(body)))
                kept = visit.kept("mlflow_run", record_id)
                curved = curves.wanted(item)
                if kept is not None and kept.revision == revision and not (curved and "curves" not in kept.body):
                    visit.reuse(kept)
                    continue
                leftover = run not in (covered or ()) and not (item.get("outputs") or {}).get("model_outputs")
                if leftover and (covered is not None or not sure):
                    models = ((kept.body.get("inputs") or {}) if kept else {}).get("model_inputs")
                    try:
                        if sure:
                            models = _model_inputs(api, run)
                        else:
                            revision = _INCOMPLETE + revision
                    except Trouble as trouble:
                        if trouble.meaning == "gone":
                            continue  # deleted since it was listed
                        visit.gap(trouble)
                        revision = _INCOMPLETE + revision
                    if models:
                        body["inputs"] = {**(body.get("inputs") or {}), "model_inputs": models}
                if curved and (found := curves.read(api, item)) is not None:
                    body["curves"] = found
                visit.record("mlflow_run", record_id, body, revision=revision)
    visit.listed("mlflow_run", server.id)


def _model_inputs(api: Api, run: str) -> Any:
    whole = api.call("GET", "/api/2.0/mlflow/runs/get", {"run_id": run})["run"]
    return (whole.get("inputs") or {}).get("model_inputs")


def _body(server: Server, item: Json) -> dict[str, Any]:
    return {**item, "server": server.id}


def _chunks(ids: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), _EXPERIMENTS_AT_ONCE):
        yield list(ids[start : start + _EXPERIMENTS_AT_ONCE])


def _as_signed(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _name(path: str) -> str:
    """`runs/search`"""
    return path.rsplit("/mlflow/", 1)[-1]


def _json(answer: requests.Response, path: str) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Trouble("invalid", _name(path), "NotJson", "the answer is no JSON object; is this an MLflow server?")
    return found


def _refused(answer: requests.Response, path: str) -> Trouble:
    """What an answer other than 200 means, in MLflow's own words where it has some."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    # AWS, in front of an App, names its errors in a header.
    code = answer.headers.get("x-amzn-ErrorType", "").partition(":")[0] or None
    code = code or (body.get("error_code") if isinstance(body, dict) else None)
    message = body.get("message") or body.get("Message") if isinstance(body, dict) else None
    status = answer.status_code
    if code and meaning_of(str(code)) == "expired":
        return Trouble("expired", _name(path), str(code), str(message or "the session has expired"))
    if status in (401, 403) or answer.is_redirect:
        return Trouble("denied", _name(path), str(code or status), str(message or "the server wants another login"))
    if status == HTTPStatus.NOT_FOUND and code and meaning_of(str(code)) == "gone":
        return Trouble("gone", _name(path), str(code), str(message or "there is no such thing"))
    if status == HTTPStatus.NOT_FOUND:
        said = str(message or "this server does not know the call")
        return Trouble("unsupported", _name(path), str(code or status), said)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Trouble("throttled", _name(path), str(code or status), str(message or "too many requests"))
    meaning = "server" if status >= 500 else "invalid"
    return Trouble(meaning, _name(path), str(code or status), str(message or answer.reason or "refused"))  # type: ignore[arg-type]
