"""A real MLflow tracking server, light enough for a demo: MLflow's own Flask app and SQL store, one process, sqlite.

`mlflow server` starts three processes and needs 20 seconds and 600 MB; the app alone under werkzeug's threads needs six
seconds and one process. It answers for an MLflow App: SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT points here, as it does for
AWS's own plugin.

Why ids and times are set: the demo's catalog must come out the same in every run, and a run id is part of an asset's
id. So in this process alone uuid4 draws from a generator that the clock seeds, and MLflow's clock is the demo's; it
moves on by a second with every write.
"""

from __future__ import annotations

import io
import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import requests

from studbook.demo.cloud.served import Served


class MlflowServer(Served):
    """The running server, as a context manager; its database is `<folder>/mlflow.db`, made anew."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        database = folder / "mlflow.db"
        database.unlink(missing_ok=True)
        super().__init__("studbook.demo.cloud.mlflow_server", str(database.resolve()))

    def clock(self, now: datetime) -> None:
        """Moves the server's time; the ids that it gives out next follow from it."""
        self._post("clock", {"now": now.isoformat()})

    def call(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """One call of MLflow's REST API: `call("POST", "runs/create", {...})`. Raises HTTPError with MLflow's words."""
        answer = self._http.request(method, f"{self.url}/api/2.0/mlflow/{path}", json=body, timeout=120)
        if answer.status_code >= 400:
            raise requests.HTTPError(f"{path}: {answer.status_code} {answer.text}", response=answer)
        said: dict[str, Any] = answer.json()
        return said


def _application(database: str) -> Callable[[dict[str, Any], Any], Iterable[bytes]]:
    from studbook.demo.cloud.clock import Clock
    from studbook.demo.cloud.faults import Faults, after, before
    from studbook.demo.cloud.protocols import Answer, ApiError, collect, send

    clock, faults = Clock(), Faults()
    uuid.uuid4 = clock.uuid4
    os.environ.update(
        MLFLOW_DISABLE_TELEMETRY="true",
        DO_NOT_TRACK="true",
        MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false",
        _MLFLOW_SERVER_FILE_STORE=f"sqlite:///{database}",
        _MLFLOW_SERVER_ARTIFACT_ROOT="s3://acme-mlflow-artifacts",
    )
    import mlflow.utils.time

    vars(mlflow.utils.time)["time"] = SimpleNamespace(time=clock.seconds, perf_counter=time.perf_counter)
    from mlflow.server import app

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith("/_studbook/"):
            answer = control(environ)
        elif fault := faults.meet(*_addressed(environ)):
            answer = faulty(fault, environ)
        else:
            return asked(environ, start_response)
        return send(answer, start_response)

    def asked(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "GET" and not environ["PATH_INFO"].endswith("/search"):
            clock.set(clock.now + timedelta(seconds=1))
        said: Iterable[bytes] = app(environ, start_response)
        return said

    def faulty(fault: dict[str, Any], environ: dict[str, Any]) -> Answer:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        try:
            begun = before(fault, "mlflow", _addressed(environ)[3], environ, body)
            if isinstance(begun, Answer):
                return begun
            return after(fault, environ, collect(asked, {**environ, "wsgi.input": io.BytesIO(begun)}))
        except ApiError as error:
            if _addressed(environ)[0] == "-":
                said = {"error_code": error.code, "message": error.message}
                return Answer(error.status, json.dumps(said).encode(), "application/json")
            # AWS, which stands before an App, refuses in its own way.
            said = {"Message": error.message}
            return Answer(
                error.status, json.dumps(said).encode(), "application/json", (("x-amzn-ErrorType", error.code),)
            )

    def control(environ: dict[str, Any]) -> Answer:
        given = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)) or b"{}")
        match environ["REQUEST_METHOD"], environ["PATH_INFO"].removeprefix("/_studbook/"):
            case "POST", "clock":
                clock.set(datetime.fromisoformat(given["now"]))
            case "POST", "faults":
                faults.add(given)
            case "DELETE", "faults":
                faults.clear()
        return Answer(200, b"{}", "application/json")

    return application


def _addressed(environ: dict[str, Any]) -> tuple[str, str, str, str]:
    """Account, region, service and operation of a request; of an unsigned one the first two are `-`."""
    arn = environ.get("HTTP_X_SM_MLFLOW_APP_ARN") or environ.get("HTTP_X_MLFLOW_SM_TRACKING_SERVER_ARN") or ":::-:-:"
    return arn.split(":")[4], arn.split(":")[3], "mlflow", environ["PATH_INFO"].rpartition("/mlflow/")[2]


def main() -> None:
    """Serves on a free port until standard input closes."""
    from studbook.demo.cloud.http_server import start, tell_and_wait

    output = sys.stdout
    sys.stdout = sys.stderr
    address = start(_application(sys.argv[1]))
    requests.get(f"{address}/api/2.0/mlflow/experiments/get?experiment_id=0", timeout=120)
    sys.stdout = output
    tell_and_wait(address)


if __name__ == "__main__":
    main()
