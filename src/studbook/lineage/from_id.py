"""Parsing of ids: the kind, name and place of a thing that no record shows, and the parent of a version."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote

from studbook.model import Asset, Edge, Evidence, Kind
from studbook.model.ids import image_registry, parse_arn, parse_hub_content, parse_lambda, parse_s3, place_name
from studbook.model.kinds import ARN_KINDS, HUB_KINDS, JOB_CATEGORIES

ARN: Final = Evidence.parse("rule:arn")
_MLFLOW: Final[dict[str, Kind]] = {
    "experiment": "mlflow_experiment",
    "run": "mlflow_run",
    "model": "mlflow_registered_model",
    "logged-model": "mlflow_logged_model",
    "dataset": "dataset_version",
}


def asset_from_id(asset_id: str) -> Asset:
    """The asset that an id by itself describes."""
    if asset_id.startswith("arn:"):
        return _of_arn(asset_id)
    if asset_id.startswith("mlflow:"):
        return _of_mlflow(asset_id)
    if asset_id.startswith("s3://"):
        if "/@sha256:" in asset_id:
            return Asset(id=asset_id, kind="dataset_version", name=asset_id.rpartition("sha256:")[2][:12])
        uri = parse_s3(asset_id)
        return Asset(id=asset_id, kind="artifact", name=place_name(uri) if uri else asset_id)
    if asset_id.startswith("git:"):
        repository, _, commit = asset_id[4:].rpartition("@")
        return Asset(id=asset_id, kind="code", name=f"{repository.rstrip('/').rpartition('/')[2]}@{commit[:12]}")
    if asset_id.startswith("bedrock:"):
        return Asset(id=asset_id, kind="base_model", name=asset_id[8:], account="aws")
    if asset_id.startswith("builtin:"):
        return Asset(id=asset_id, kind="evaluator", name=asset_id[8:])
    account, region = image_registry(asset_id)
    kind: Kind = "container_image" if account or "@sha256:" in asset_id else "artifact"
    return Asset(id=asset_id, kind=kind, name=asset_id.rpartition("/")[2], account=account, region=region)


def _of_arn(asset_id: str) -> Asset:
    arn = parse_arn(asset_id)
    if arn is None:
        return Asset(id=asset_id, kind="artifact", name=asset_id)
    kind: Kind = "artifact"
    name = arn.name.rpartition("/")[2] or arn.resource
    if content := parse_hub_content(asset_id):
        # A JsonDoc may be anything: those who name it as an evaluator say so.
        kinds = HUB_KINDS.get(content.type) if content.type != "JsonDoc" else None
        unversioned, versioned = kinds or ("artifact", "artifact")
        kind = versioned if content.version else unversioned
        name = f"{content.name} {content.version}" if content.version else content.name
    elif function := parse_lambda(asset_id):
        kind = "evaluator_version" if function.is_version else "evaluator"
        name = arn.name
    else:
        kind = ARN_KINDS.get(f"{arn.service}:{arn.type}", "artifact")
    if arn.service == "sagemaker":
        if arn.type == "model-package":
            name = " ".join(arn.name.split("/"))
        elif arn.type == "job":
            kind = JOB_CATEGORIES.get(arn.name.partition("/")[0], "customization_job")
        elif arn.type == "pipeline":
            kind = "pipeline_execution" if "/execution/" in arn.name else "pipeline"
    return Asset(id=asset_id, kind=kind, name=name, account=arn.account, region=arn.region)


def _of_mlflow(asset_id: str) -> Asset:
    server, *path = _mlflow_parts(asset_id)
    arn = parse_arn(server)
    kind: Kind = _MLFLOW.get(path[0] if path else "", "artifact")
    if kind == "mlflow_registered_model" and len(path) == 3:
        kind = "mlflow_model_version"
    return Asset(
        id=asset_id,
        kind=kind,
        name=" ".join(unquote(segment) for segment in path[1:]) or asset_id,
        account=arn.account if arn else None,
        region=arn.region if arn else None,
    )


def _mlflow_parts(asset_id: str) -> list[str]:
    """The server, then the path's segments; a server's ARN has one slash of its own."""
    first, *rest = asset_id.removeprefix("mlflow:").split("/")
    if first.startswith("arn:") and rest:
        return [f"{first}/{rest[0]}", *rest[1:]]
    return [first, *rest]


def is_execution(asset_id: str) -> bool:
    """Whether an id is a pipeline execution's ARN."""
    return ":pipeline/" in asset_id and "/execution/" in asset_id


def parent_edge(asset: Asset) -> Edge | None:
    """`has_version` from the parent that a version's id names; the shape of the id is the evidence."""
    parent: str | None = None
    if asset.kind in ("dataset_version", "evaluator_version", "base_model_version"):
        if content := parse_hub_content(asset.id):
            parent = content.parent if content.version else None
        elif function := parse_lambda(asset.id):
            parent = function.function if function.qualifier else None
        elif asset.id.startswith("s3://") and "/@sha256:" in asset.id:
            parent = asset.id.rpartition("@")[0]
    elif asset.kind == "model_package":
        arn = parse_arn(asset.id)
        group, _, version = arn.name.rpartition("/") if arn else ("", "", "")
        if arn and group and version.partition("@")[0].isdigit():
            parent = arn.beside(f"model-package-group/{group}")
    elif asset.kind == "mlflow_model_version":
        parent = asset.id.rpartition("/")[0]
    if not parent or parent == asset.id:
        return None
    return Edge(source=parent, target=asset.id, relation="has_version", certainty="inferred", evidence=(ARN,))
