"""What MlflowClient sends, without its six seconds of imports: runs, models and versions over MLflow's REST API."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from studbook.demo.cloud.mlflow_server import MlflowServer
from studbook.demo.estate.world import millis


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A finished run and the model that it logged, if it did."""

    experiment_id: str
    run_id: str
    model_id: str | None


class Tracking:
    """A project's use of its MLflow App."""

    def __init__(self, server: MlflowServer) -> None:
        self._server = server

    def _post(self, path: str, **body: Any) -> dict[str, Any]:
        return self._server.call("POST", path, body)

    def experiment(self, name: str, **tags: str) -> str:
        """Creates an experiment; its id."""
        experiment_id: str = self._post("experiments/create", name=name, tags=_pairs(tags))["experiment_id"]
        return experiment_id

    def run(
        self,
        experiment_id: str,
        name: str,
        start: str,
        end: str,
        *,
        params: dict[str, str] | None = None,
        metrics: dict[str, list[float]] | None = None,
        tags: dict[str, str] | None = None,
        datasets: list[tuple[str, str, str, str]] | None = None,
        model: str | None = None,
        status: str = "FINISHED",
        parent: str | None = None,
        evaluated: str | None = None,
    ) -> FinishedRun:
        """A whole run. `metrics` are values by epoch; `datasets` are (context, name, digest, S3 URI); `model` is the
        name of the model that it logs, `evaluated` the id of a logged model that its metrics are about."""
        labels = {"mlflow.runName": name, "mlflow.user": "ana", **(tags or {})}
        if parent:
            labels["mlflow.parentRunId"] = parent
        made = self._post(
            "runs/create",
            experiment_id=experiment_id,
            run_name=name,
            start_time=millis(start),
            tags=_pairs(labels),
        )
        run_id: str = made["run"]["info"]["run_id"]
        if datasets:
            self._post("runs/log-inputs", run_id=run_id, datasets=[_dataset(*one) for one in datasets])
        model_id = self._logged_model(experiment_id, run_id, model) if model else None
        about = {"model_id": evaluated or model_id} if evaluated or model_id else {}
        step = max(1, (millis(end) - millis(start)) // (1 + max(map(len, (metrics or {"": []}).values()))))
        self._post(
            "runs/log-batch",
            run_id=run_id,
            params=_pairs(params or {}),
            metrics=[
                {"key": key, "value": value, "step": epoch, "timestamp": millis(start) + step * epoch, **about}
                for key, values in sorted((metrics or {}).items())
                for epoch, value in enumerate(values, 1)
            ],
        )
        if evaluated:
            self._post("runs/log-inputs", run_id=run_id, models=[{"model_id": evaluated}])
        self._post("runs/update", run_id=run_id, status=status, end_time=millis(end))
        return FinishedRun(experiment_id, run_id, model_id)

    def _logged_model(self, experiment_id: str, run_id: str, name: str) -> str:
        made = self._post("logged-models", experiment_id=experiment_id, name=name, source_run_id=run_id)
        model_id: str = made["model"]["info"]["model_id"]
        self._post("runs/outputs", run_id=run_id, models=[{"model_id": model_id, "step": 0}])
        path = f"logged-models/{model_id}"
        self._server.call("PATCH", path, {"model_id": model_id, "status": "LOGGED_MODEL_READY"})
        return model_id

    def registered_model(self, name: str, description: str, **tags: str) -> None:
        """Creates a registered model."""
        self._post("registered-models/create", name=name, description=description, tags=_pairs(tags))

    def version(self, name: str, run: FinishedRun, package_arn: str | None, description: str = "") -> str:
        """Registers a run's model; its version. SageMaker's sync tags it with the package."""
        tags = {"sagemaker.model_package_arn": package_arn} if package_arn else {}
        made = self._post(
            "model-versions/create",
            name=name,
            source=f"models:/{run.model_id}",
            run_id=run.run_id,
            model_id=run.model_id,
            description=description,
            tags=_pairs(tags),
        )
        version: str = made["model_version"]["version"]
        return version

    def alias(self, name: str, alias: str, version: str) -> None:
        """Points an alias at a version."""
        self._post("registered-models/alias", name=name, alias=alias, version=version)


def _dataset(context: str, name: str, digest: str, uri: str) -> dict[str, Any]:
    return {
        "tags": _pairs({"mlflow.data.context": context}),
        "dataset": {
            "name": name,
            "digest": digest,
            "source_type": "s3",
            "source": json.dumps({"uri": uri}),
            "profile": json.dumps({"num_rows": 1200}),
        },
    }


def _pairs(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in values.items()]
