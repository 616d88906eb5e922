"""Where an asset can be looked at outside the catalog. Only https addresses, built from parts that were parsed."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from studbook.model import KINDS, Asset
from studbook.model.ids import parse_arn, parse_lambda, parse_s3
from studbook.render.views.site import Json

_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-us-gov": "console.amazonaws-us-gov.com",
    "aws-cn": "console.amazonaws.cn",
}
_REGION = re.compile(r"^[a-z]{2}(-[a-z]+)+-\d+$")
_COMMIT = {"github.com": "commit", "gitlab.com": "-/commit", "bitbucket.org": "commits"}


def links_out(asset: Asset) -> list[Json]:
    """Links to the AWS console, S3 and git, for what is still there."""
    if asset.gone_since is not None:
        return []
    found = (_console(asset), _s3(asset), _git(asset))
    return [{"title": title, "href": href} for title, href in (pair for pair in found if pair)]


def _console(asset: Asset) -> tuple[str, str] | None:
    arn = parse_arn(asset.id)
    if arn is None or arn.region is None or not _REGION.match(arn.region) or arn.partition not in _CONSOLES:
        return None
    host = f"https://{arn.region}.{_CONSOLES[arn.partition]}"
    if function := parse_lambda(asset.id):
        name = quote(function.function.rsplit(":", 1)[-1], safe="")
        return ("AWS console", f"{host}/lambda/home?region={arn.region}#/functions/{name}")
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
