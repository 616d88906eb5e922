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

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from studbook.aws.errors import PART_LOST, UNREADABLE, Trouble, left_out, no_answer
from studbook.model import Facts, Partition, Record, canonical, digest
from studbook.model.ids import mlflow_id
from studbook.settings import Settings
from studbook.sources import mlflow_facts
from studbook.sources.interface import Grant, Json, Visit
from studbook.sources.mlflow_api import SERVER_INFO, WORKSPACES, Api, Server, server_of_arn, server_of_name
from studbook.sources.reading import each, member

_DEFAULT: Final = "default"
"""The workspace that every server has."""
_EXPERIMENTS_AT_ONCE = 1000
_CURVES = 6
_POINTS = 100
_OF_ONE_LISTING: Final = ("denied", "server", "repeated")
"""What a server may answer to the search for experiments, and not to the other searches."""
_INCOMPLETE = "incomplete:"
"""Before a revision: something was missing when the run was read, so no search ever equals it."""


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
        """Servers by owner; a target is `<ARN> <state>` for what SageMaker lists, or listed once, a name for what is
        configured, and `<ARN> run <id>` for a run that a job with a package names."""
        plan: defaultdict[Partition, set[str]] = defaultdict(set)
        runs: defaultdict[str, set[str]] = defaultdict(set)
        for server in settings.mlflow:
            plan[Partition(server.account, None, self.name)].add(server.name)
        for record in records:
            if record.kind in ("mlflow_app", "mlflow_tracking_server"):
                state = "gone" if record.gone_since is not None else "on" if _is_on(record) else "off"
                plan[Partition(record.account, record.region, self.name)].add(f"{record.id} {state}")
            elif record.kind == "training_job" and (run := _run_of_package(record)):
                runs[run[0]].add(run[1])
        for targets in plan.values():
            for named in {target.partition(" ")[0] for target in targets}:
                targets.update(f"{named} run {run_id}" for run_id in runs[named])
        return {partition: sorted(targets) for partition, targets in plan.items()}

    def collect(self, visit: Visit) -> None:
        _left_behind(visit)
        for server in _servers(visit):
            curves = _Curves(visit, server)
            workspaces, unlisted = _workspaces(visit, server)
            for workspace in workspaces:
                try:
                    _server(visit, server, workspace, curves)
                except PART_LOST as error:
                    visit.gap(error)
                    if unlisted and isinstance(error, Trouble) and error.code == unlisted.code:
                        unlisted = None  # a server that lets nobody in: one cause, one gap
            if unlisted:
                visit.gap(unlisted)

    def scope(self, record: Record) -> str | None:
        """The server, and the workspace where it is not the default one."""
        return mlflow_facts.home(record.body["server"], record.body.get("workspace"))

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
    for target in visit.targets:
        name, _, state = target.partition(" ")
        if state.startswith("run "):
            continue
        try:
            server = server_of_name(name, visit.settings) if not state else server_of_arn(name)
        except Trouble as trouble:
            visit.gap(trouble)
            continue
        if server is None:
            visit.gap(Trouble("unsupported", "mlflow", "UnknownServer", f"{name} is no MLflow server's ARN"))
        elif state == "off":
            visit.skip("mlflow", f"{name} is switched off")
        elif state != "gone":
            yield server


def _left_behind(visit: Visit) -> None:
    """Says of each server that was read once and is no more why nobody asks it; what one told stays, as of then."""
    states = dict(target.partition(" ")[::2] for target in visit.targets if " run " not in target)
    for server in sorted({str(record.body.get("server")) for record in visit.known("mlflow_experiment")}):
        if states.get(server) == "gone":
            visit.skip("mlflow", f"{server} is gone; what it told is kept as it was")
        elif server not in states and not server.startswith("arn:"):
            visit.skip("mlflow", f"{server} is not in the configuration any more; what it told is kept as it was")


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
        ended = info.get("status") in mlflow_facts.RUN_ENDED
        return self._most > 0 and not self._refused and info["run_id"] in self.runs and ended

    def read(self, api: Api, item: Json) -> dict[str, list[list[Any]]] | None:
        """`[step, value]` by metric, evenly thinned to 100 points; None where the server does not tell."""
        curves: dict[str, list[list[Any]]] = {}
        metrics = [metric for _, metric in each(member(item, "data", "metrics")) if isinstance(metric.get("key"), str)]
        stepped = sorted(metric["key"] for metric in metrics if metric.get("key") and _step(metric) > 0)
        for key in stepped[: self._most]:
            request = {"run_id": item["info"]["run_id"], "metric_key": key}
            try:
                points: list[list[Any]] = [
                    [_step(point), point.get("value")]
                    for _, point, _ in api.items("GET", "/api/2.0/mlflow/metrics/get-history", request, "metrics")
                    if isinstance(point, dict)
                ]
            except Trouble as trouble:
                self._refused = trouble.meaning == "denied"
                if trouble.meaning != "gone":
                    self._visit.gap(trouble)
                return None
            points.sort(key=lambda point: point[0])
            last = len(points) - 1
            kept = sorted({round(index * last / (_POINTS - 1)) for index in range(_POINTS)}) if last >= _POINTS else ()
            curves[key] = [points[index] for index in kept] if kept else points
        return curves


def _step(point: Json) -> int:
    """A metric's step, which MLflow may write as text; 0 where it is none."""
    try:
        return int(point.get("step") or 0)
    except (TypeError, ValueError):
        return 0


def _workspaces(visit: Visit, server: Server) -> tuple[list[str | None], Trouble | None]:
    """The workspaces to look into, None for the default one; and why nobody says which there are, where that is so.

    A server has none before MLflow 3.10, or where it was not started with them; those of AWS have none.
    """
    if server.signing_name:
        return [None], None
    unlisted = None
    names: list[object] = list(server.workspaces)
    api = Api(visit, server)
    try:
        if not names and api.call("GET", SERVER_INFO, {}).get("workspaces_enabled"):
            found = api.call("GET", WORKSPACES, {}).get("workspaces")
            if not isinstance(found, list) or not found:
                raise no_answer("workspaces", "the answer has no list of workspaces")
            names = [member(one, "name") for one in found]
    except Trouble as trouble:
        if trouble.meaning not in ("unsupported", "gone"):
            unlisted = trouble.about(f"{server.id}: workspaces besides the default one")
    workspaces: list[str | None] = []
    for index, name in enumerate(names or [_DEFAULT]):
        if isinstance(name, str) and name:
            workspaces.append(None if name == _DEFAULT else name)
        else:
            visit.gap(TypeError("it has no name"), f"{server.id} workspaces[{index}]")
    return workspaces, unlisted


class _Place:
    """One workspace of a server, and what was found there so far."""

    def __init__(self, visit: Visit, server: Server, workspace: str | None, curves: _Curves) -> None:
        self.visit = visit
        self.api = Api(visit, server, workspace)
        self.server = server
        self.workspace = workspace
        self.curves = curves
        self.experiments: list[str] = []
        self._search = ""

    @property
    def scope(self) -> str:
        return mlflow_facts.home(self.server.id, self.workspace)

    def body(self, item: Json) -> dict[str, Any]:
        body = {**item, "server": self.server.id}
        return body if self.workspace is None else {**body, "workspace": self.workspace}

    def each(self, method: str, path: str, request: Json, member: str, take: Callable[[Json], tuple[str, str]]) -> bool:
        """Hands over every item of a search; whether nothing was left out that nobody can name.

        `take` keeps the record and gives its kind and id; what it raises is a gap of that one item. Raises Trouble.
        """
        whole = True
        self._search = path.rsplit("/mlflow/", 1)[-1]
        for place, item, lost in self.api.items(method, path, request, member):
            try:
                subject = " ".join(take(item))
            except UNREADABLE as error:
                self.visit.gap(error, f"{self.scope} {place}")
                whole = False
                continue
            for loss in lost:
                self.visit.gap(left_out(self._search, loss, subject))
        return whole

    def kept(self, kind: str, record_id: str, item: Json, **more: Any) -> tuple[str, str]:
        self.visit.record(kind, record_id, self.body(item), operation=self._search, **more)
        return kind, record_id


def _server(visit: Visit, server: Server, workspace: str | None, curves: _Curves) -> None:
    """Everything of one workspace. What fails leaves the other kinds complete.

    Raises Trouble where the experiments cannot be listed, once all has been read that does not need the rest of them.
    """
    place = _Place(visit, server, workspace, curves)

    def experiment(item: Json) -> tuple[str, str]:
        record_id = mlflow_id(server.id, "experiment", item["experiment_id"])
        place.experiments.append(item["experiment_id"])
        return place.kept("mlflow_experiment", record_id, item)

    request = {"view_type": "ALL", "max_results": 1000}
    whole, unlisted = False, None
    try:
        whole = place.each("POST", "/api/2.0/mlflow/experiments/search", request, "experiments", experiment)
    except Trouble as trouble:
        if trouble.meaning not in _OF_ONE_LISTING:
            raise
        unlisted = trouble
    if whole:
        visit.listed("mlflow_experiment", place.scope)
    failed: list[Exception] = []
    reads = (_registered_models, _model_versions)
    for read in reads:
        try:
            read(place)
        except PART_LOST as error:
            failed.append(error)
    if unlisted and [error.code for error in failed if isinstance(error, Trouble)] == [unlisted.code] * len(reads):
        raise unlisted  # a server that lets nobody in: one cause, one gap
    for lost in failed:
        visit.gap(lost)
    covered, sure = None, True
    try:
        covered = _logged_models(place, whole=whole)
    except PART_LOST as error:
        # A server before MLflow 3 has none: there is nothing that could not be seen.
        sure = isinstance(error, Trouble) and error.meaning == "unsupported"
        if not sure:
            visit.gap(error)
    try:
        _runs(place, covered, sure=sure, whole=whole)
    except PART_LOST as error:
        visit.gap(error)
    if unlisted:
        raise unlisted


def _registered_models(place: _Place) -> None:
    def model(item: Json) -> tuple[str, str]:
        return place.kept("mlflow_registered_model", mlflow_id(place.scope, "model", item["name"]), item)

    request = {"max_results": 1000}
    if place.each("GET", "/api/2.0/mlflow/registered-models/search", request, "registered_models", model):
        place.visit.listed("mlflow_registered_model", place.scope)


def _model_versions(place: _Place) -> None:
    """Keeps the versions; the runs that they came from get their curves."""

    def version(item: Json) -> tuple[str, str]:
        record_id = mlflow_id(place.scope, "model", item["name"], str(item["version"]))
        if isinstance(run := item.get("run_id"), str):
            place.curves.runs.add(run)
        return place.kept("mlflow_model_version", record_id, item)

    request = {"max_results": 10_000}
    if place.each("GET", "/api/2.0/mlflow/model-versions/search", request, "model_versions", version):
        place.visit.listed("mlflow_model_version", place.scope)


def _logged_models(place: _Place, *, whole: bool) -> set[str] | None:
    """Keeps the logged models; the runs that they name, or None where there is no logged model at all."""
    named: set[str] = set()
    found = False

    def model(item: Json) -> tuple[str, str]:
        nonlocal found
        info = item["info"]
        record_id = mlflow_id(place.server.id, "logged-model", info["model_id"])
        found = True
        runs = [info.get("source_run_id")] + [
            metric.get("run_id") for _, metric in each(member(item, "data", "metrics"))
        ]
        named.update(run for run in runs if isinstance(run, str))
        return place.kept("mlflow_logged_model", record_id, item)

    for some in _chunks(place.experiments):
        request = {"experiment_ids": some, "max_results": 100}
        whole &= place.each("POST", "/api/2.0/mlflow/logged-models/search", request, "models", model)
    if whole:
        place.visit.listed("mlflow_logged_model", place.scope)
    return named if found else None


def _runs(place: _Place, covered: set[str] | None, *, sure: bool, whole: bool) -> None:
    """Keeps the runs. A search leaves out a run's model inputs; where logged models exist and none of them names the
    run, it alone is asked for them, unless it is known as it is. Where nobody is sure whether there are logged models,
    the night after asks again; where the run cannot be fetched, it is kept as it was listed."""
    visit = place.visit

    def run(item: Json) -> tuple[str, str]:
        run_id = item["info"]["run_id"]
        kind, record_id = "mlflow_run", mlflow_id(place.server.id, "run", run_id)
        revision = digest(canonical(place.body(item)))
        kept = visit.kept(kind, record_id)
        curved = place.curves.wanted(item)
        if kept is not None and kept.revision == revision and not (curved and "curves" not in kept.body):
            visit.reuse(kept)
            return kind, record_id
        leftover = run_id not in (covered or ()) and not member(item, "outputs", "model_outputs")
        more: dict[str, Any] = {}
        if leftover and (covered is not None or not sure):
            models = member(kept.body, "inputs", "model_inputs") if kept else None
            try:
                if sure:
                    models = _model_inputs(place.api, run_id)
                else:
                    revision = _INCOMPLETE + revision
            except Trouble as trouble:
                visit.gap(trouble.about(f"{kind} {record_id}") if trouble.meaning == "gone" else trouble)
                revision = _INCOMPLETE + revision
            if models:
                more["inputs"] = {**(item.get("inputs") or {}), "model_inputs": models}
        if curved and (found := place.curves.read(place.api, item)) is not None:
            more["curves"] = found
        return place.kept(kind, record_id, {**item, **more}, revision=revision)

    for some in _chunks(place.experiments):
        request = {"experiment_ids": some, "run_view_type": "ALL", "max_results": 1000}
        whole &= place.each("POST", "/api/2.0/mlflow/runs/search", request, "runs", run)
    if whole:
        visit.listed("mlflow_run", place.scope)


def _model_inputs(api: Api, run: str) -> Any:
    found = api.call("GET", "/api/2.0/mlflow/runs/get", {"run_id": run})
    if not isinstance(member(found, "run", "info"), dict):
        raise no_answer("runs/get", "the answer has no run")
    return member(found, "run", "inputs", "model_inputs")


def _chunks(ids: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), _EXPERIMENTS_AT_ONCE):
        yield list(ids[start : start + _EXPERIMENTS_AT_ONCE])
