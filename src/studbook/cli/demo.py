"""`studbook demo`: four nights at an imaginary company, harvested, checked, built and exported, without AWS.

The one place where the demo and the product meet: the demo gives servers to harvest, and the product knows no demo.
"""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from studbook.cli.terminal import echo, say
from studbook.errors import StudbookError, UsageError

if TYPE_CHECKING:
    from studbook.demo.cloud.aws import FakeAws
    from studbook.demo.cloud.mlflow_server import MlflowServer
    from studbook.store import Catalog

MARK = ".studbook-demo"
"""The file that says that a folder is a demo's and may be made anew."""
SHOWPIECE = "support-bot-prod"
"""The endpoint whose ancestry is worth a look."""
_OF_THE_CALLER = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_REGION",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL_STS",
    "AWS_ENDPOINT_URL_LAMBDA",
    "AWS_ENDPOINT_URL_SAGEMAKER",
    "AWS_ENDPOINT_URL_BEDROCK",
    "AWS_BEARER_TOKEN_BEDROCK",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "SAGEMAKER_MLFLOW_ASSUME_ROLE_ARN",
)


@click.command(
    epilog="""\b
Examples:
  studbook demo                        about a minute; then the site's address
  studbook demo --no-serve             for a script
  studbook demo --output /tmp/demo     somewhere else than ./studbook-demo

The AWS and the MLflow that it harvests are made up, and run on this machine alone while the demo runs.
"""
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("studbook-demo"),
    show_default=True,
    help="The folder to make; a demo that lies there is made anew.",
)
@click.option("--serve/--no-serve", default=True, show_default=True, help="Serve the site until interrupted.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="The port to serve on.")
@click.pass_context
def demo(ctx: click.Context, output: Path, serve: bool, port: int) -> None:
    """Try everything on made-up accounts: nights, site, export."""
    from studbook.cli.export import export
    from studbook.cli.site import build, listen
    from studbook.store import Catalog

    need_the_package()
    say = _Clocked()
    catalog, site, exported = Catalog(output / "catalog"), output / "site", output / "export.json"
    _make_room(output)
    say("starting an AWS and an MLflow of our own")
    with estate(output / ".servers") as (aws, mlflow):
        play(catalog, aws, mlflow, say)
        say("exporting")
        ctx.invoke(export, format_name="json", output=exported, lines=False, catalog=catalog, snapshot="latest")
        say("building the site of every night")
        ctx.invoke(build, catalog=catalog, snapshot="latest", output=site, everything=True)
        _summary(catalog)
        echo(f"catalog   {catalog.root}      try: studbook trace {SHOWPIECE} --catalog {catalog.root}")
        echo(f"export    {exported}")
        echo(f"site      {site}")
        if not serve:
            return
        with listen(site, port) as server:
            echo()
            echo(f"http://127.0.0.1:{server.server_address[1]}/   Ctrl-C ends it")
            echo("until then this shell's commands could harvest the demo too, with")
            for name, value in surroundings(aws, mlflow).items():
                echo(f"  export {name}={value}")
            try:
                server.serve_forever()
            except KeyboardInterrupt:
                say("stopped")


def need_the_package() -> None:
    """Raises StudbookError, with the way out, where the demo's own distribution, or what that needs, is missing."""
    missing = [name for name in ("studbook.demo", "moto", "mlflow", "flask") if find_spec(name) is None]
    if missing:
        raise StudbookError(f"the demo needs {missing[0]}, which is not installed", "pip install studbook-demo")


@contextmanager
def estate(folder: Path) -> Iterator[tuple[FakeAws, MlflowServer]]:
    """The demo's AWS and MLflow, started side by side; both end with the context."""
    from studbook.demo.cloud.aws import FakeAws
    from studbook.demo.cloud.mlflow_server import MlflowServer

    with FakeAws() as aws, MlflowServer(folder) as mlflow:
        yield aws, mlflow


def surroundings(aws: FakeAws, mlflow: MlflowServer) -> dict[str, str]:
    """The environment variables with which a harvest sees the demo."""
    return {**aws.environment(), "SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT": mlflow.url}


def play(catalog: Catalog, aws: FakeAws, mlflow: MlflowServer, say: Callable[[str], None]) -> None:
    """Tells the story night by night, and harvests each night into the catalog."""
    from studbook.demo.estate.story import NIGHTS, SETTINGS
    from studbook.demo.estate.world import World
    from studbook.harvest.run import harvest
    from studbook.packaged import packaged

    catalog.create(SETTINGS, packaged("catalog") / "cards")
    settings = catalog.settings()
    world = World(aws, mlflow)
    with _environment(surroundings(aws, mlflow)):
        for night in NIGHTS:
            say(f"night {NIGHTS.index(night) + 1} of {len(NIGHTS)}, {night.taken_at:%d %b}: {night.title}")
            night.play(world)
            harvested = harvest(settings, catalog, now=night.taken_at)
            calls = sum(row.requests for row in harvested.coverage)
            gaps = sum(len(row.gaps) for row in harvested.coverage)
            say(f"  read with {calls} API calls, {gaps} gap{'s' if gaps != 1 else ''}")


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Sets these variables, and hides what the caller has set for AWS, as long as the context lasts."""
    kept = {name: os.environ.pop(name, None) for name in (*_OF_THE_CALLER, *values)}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in kept.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


class _Clocked:
    """Lines on standard error, with the seconds since the start."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def __call__(self, line: str) -> None:
        say(f"[{time.monotonic() - self._began:5.1f}s] {line}")


def _make_room(output: Path) -> None:
    if output.exists() and any(output.iterdir()):
        if not (output / MARK).is_file():
            raise UsageError(f"{output} is no demo's folder and not empty", "name another with --output DIR")
        for name in ("catalog", "site", ".servers"):
            shutil.rmtree(output / name, ignore_errors=True)
    output.mkdir(parents=True, exist_ok=True)
    (output / MARK).write_text("Made by 'studbook demo', which may replace it.\n", encoding="utf-8")


def _summary(catalog: Catalog) -> None:
    from studbook.rules import findings_of

    settings = catalog.settings()
    envelopes = list(catalog.envelopes())
    latest = envelopes[-1]
    graph = catalog.graph(latest)
    findings = findings_of(catalog, latest, graph)
    gone = sum(asset.gone_since is not None for asset in graph.assets.values())
    stale = sum(asset.stale_since is not None for asset in graph.assets.values())
    calls = ", ".join(str(sum(row.requests for row in envelope.coverage)) for envelope in envelopes)
    echo()
    echo(f"{len(envelopes)} nights, {len(settings.accounts)} accounts, API calls by night: {calls}")
    echo(f"{len(graph.assets)} assets ({gone} gone, {stale} stale): {_counted(a.kind for a in graph.assets.values())}")
    echo(f"{len(graph.edges)} edges: {_counted(edge.certainty for edge in graph.edges)}")
    echo(f"{len(findings)} findings: {_counted(finding.rule for finding in findings)}")
    for row in latest.coverage:
        if row.gaps:
            where = " ".join((row.account or "-", row.region or "-", row.source))
            echo(f"{len(row.gaps)} gaps in {where} ({row.status}): {row.gaps[0].code}")
    echo()


def _counted(names: Iterator[str]) -> str:
    counted = Counter(names).most_common()
    return ", ".join(f"{number} {name}" for name, number in sorted(counted, key=lambda pair: (-pair[1], pair[0])))
