"""Where an asset can be looked at outside the catalog: addresses built from parts that were parsed, and the
configuration's own MLflow servers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from studbook.model import KINDS, Asset
from studbook.model.ids import REGION, parse_arn, parse_lambda, parse_s3
from studbook.render.views.site import Json

_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-us-gov": "console.amazonaws-us-gov.com",
    "aws-cn": "console.amazonaws.cn",
}
_COMMIT = {"github.com": "commit", "gitlab.com": "-/commit", "bitbucket.org": "commits"}


_STUDIO = ("model_package", "model_package_group", "pipeline", "pipeline_execution")
"""What Studio alone shows; it has an address for each domain, so that its way in is all that can be known."""


def links_out(asset: Asset, servers: Mapping[str, str] | None = None) -> list[Json]:
    """Links to the AWS console, Studio, S3, git and MLflow, for what is still there.

    `servers` are the addresses of MLflow servers by the names that ids have for them.
    """
    if asset.gone_since is not None:
        return []
    found = (_console(asset), _s3(asset), _git(asset), _mlflow(asset, servers or {}))
    return [{"title": title, "href": href} for title, href in (pair for pair in found if pair)]


def _console(asset: Asset) -> tuple[str, str] | None:
    arn = parse_arn(asset.id)
    if arn is None or arn.region is None or not REGION.fullmatch(arn.region) or arn.partition not in _CONSOLES:
        return None
    host = f"https://{arn.region}.{_CONSOLES[arn.partition]}"
    if function := parse_lambda(asset.id):
        name = quote(function.function.rsplit(":", 1)[-1], safe="")
        return ("AWS console", f"{host}/lambda/home?region={arn.region}#/functions/{name}")
    if arn.service == "sagemaker" and asset.kind in _STUDIO:
        return ("Studio", f"{host}/sagemaker/home?region={arn.region}#/studio-landing")
    # Neither jobs of the Job API nor inference routers have a page of their own there.
    if (
        arn.service == "sagemaker"
        and (place := KINDS[asset.kind].console)
        and arn.type not in ("job", "inference-router")
    ):
        return (
            "AWS console",
            f"{host}/sagemaker/home?region={arn.region}#/{place}/{quote(asset.name, safe='')}",
        )
    return None


def _s3(asset: Asset) -> tuple[str, str] | None:
    uri = parse_s3(asset.id.split("@sha256:", 1)[0])
    if uri is None or not re.fullmatch(r"[A-Za-z0-9.\-_]{3,63}", uri.bucket):
        return None
    return (
        "S3 console",
        f"https://s3.console.aws.amazon.com/s3/buckets/{uri.bucket}?prefix={quote(uri.key, safe='/')}",
    )


def _git(asset: Asset) -> tuple[str, str] | None:
    if not asset.id.startswith("git:https://"):
        return None
    repository, _, commit = asset.id.removeprefix("git:").rpartition("@")
    parts = urlsplit(repository.removesuffix(".git"))
    if parts.hostname not in _COMMIT or not re.fullmatch(r"[0-9a-f]{7,64}", commit):
        return None
    path = quote(parts.path, safe="/")
    return ("Git commit", f"https://{parts.hostname}{path}/{_COMMIT[parts.hostname]}/{commit}")


def _mlflow(asset: Asset, servers: Mapping[str, str]) -> tuple[str, str] | None:
    server, _, rest = asset.id.removeprefix("mlflow:").partition("/")
    if not asset.id.startswith("mlflow:") or server not in servers:
        return None
    match rest.split("/"):
        case ["experiment", one]:
            place = f"experiments/{one}"
        case ["model", name]:
            place = f"models/{name}"
        case ["model", name, version]:
            place = f"models/{name}/versions/{version}"
        case _:
            return None
    return ("MLflow", f"{servers[server].rstrip('/')}/#/{place}")
