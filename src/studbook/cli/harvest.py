"""`studbook harvest` and `studbook relink`: the two ways to a new snapshot."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from studbook.cli.options import catalog_option, format_option
from studbook.errors import UsageError

if TYPE_CHECKING:
    from studbook.harvest.run import Elsewhere, Harvested, Progress
    from studbook.model import Coverage, Partition
    from studbook.store import Catalog

PARTIAL = 3


@click.command(
    epilog="""\b
Examples:
  studbook harvest                    what catalog/studbook.yml names, into a new snapshot
  studbook harvest --format json      the same, for a script
  studbook harvest --dask tcp://scheduler:8786     on the workers of a Dask cluster

\b
Exit codes: 0 all was seen; 3 part of it could not be seen (the snapshot says which part);
4 nothing could be read, and the catalog is as it was before.
"""
)
@catalog_option
@click.option("--dask", metavar="ADDRESS", help="Visit the accounts on a Dask cluster's workers (extra 'dask').")
@format_option
def harvest(catalog: Catalog, dask: str | None, output_format: str) -> int:
    """Read the accounts, datasets and MLflow servers of the configuration into a new snapshot. Only reads."""
    from studbook.harvest.run import harvest as run

    settings = catalog.settings()
    with _cluster(dask) as elsewhere, _progress() as progress:
        harvested = run(settings, catalog, progress=progress, elsewhere=elsewhere)
    if output_format == "json":
        click.echo(json.dumps(_as_json(harvested), indent=2))
    else:
        _print(harvested)
    return PARTIAL if harvested.partial else 0


@click.command(
    epilog="""\b
Examples:
  studbook relink                     after an upgrade, or after naming another dataset
"""
)
@catalog_option
@format_option
def relink(catalog: Catalog, output_format: str) -> int:
    """Derive the lineage of the latest snapshot again, from its records, without calling AWS."""
    from studbook.errors import NotFound
    from studbook.harvest.run import relink as run

    settings = catalog.settings()
    relinked = run(settings, catalog)
    if relinked is None:
        raise NotFound(f"{catalog.root}: there is no snapshot yet", "make one with 'studbook harvest'")
    if output_format == "json":
        click.echo(json.dumps(_as_json(relinked), indent=2))
    elif relinked.changed:
        click.echo(f"snapshot {relinked.envelope.number} written: the same records say something else now")
    else:
        click.echo(f"snapshot {relinked.envelope.number} stays: its records say the same as before")
    return 0


def _cluster(address: str | None) -> AbstractContextManager[Elsewhere | None]:
    if address is None:
        return nullcontext()
    try:
        from studbook.harvest.cluster import Cluster
    except ModuleNotFoundError as error:
        raise UsageError(f"--dask needs the package {error.name}", "pip install 'studbook[dask]'") from error
    return Cluster(address)


# --- progress -----------------------------------------------------------------------------------------------------


@contextmanager
def _progress() -> Iterator[Progress]:
    """Live on a terminal, a line for each finished partition elsewhere; always on standard error."""
    if sys.stderr.isatty():
        from studbook.cli._live import Live

        with Live() as live:
            yield live
    else:
        yield _Lines()


class _Lines:
    """One plain line for each partition that is done."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._lock = threading.Lock()

    def planned(self, partitions: Sequence[Partition]) -> None:
        self._say(f"visiting {len(partitions)} partition{'s' if len(partitions) != 1 else ''}")

    def seen(self, partition: Partition, kind: str, records: int) -> None:
        pass

    def finished(self, coverage: Coverage) -> None:
        self._say(f"{_where(coverage)}: {coverage.status}, {coverage.records} records, {coverage.requests} requests")

    def _say(self, line: str) -> None:
        with self._lock:
            click.echo(f"[{time.monotonic() - self._began:6.1f}s] {line}", err=True)


# --- results ------------------------------------------------------------------------------------------------------


def _where(row: Coverage) -> str:
    return " ".join((row.account or "-", row.region or "-", row.source))


def calls(coverage: Iterable[Coverage]) -> dict[str, Counter[str]]:
    """Requests by API and account, the dearest API first."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in coverage:
        for name, number in row.calls.items():
            counts[name][row.account or "-"] += number
    return dict(sorted(counts.items(), key=lambda item: (-item[1].total(), item[0])))


def gaps(coverage: Iterable[Coverage]) -> Iterator[str]:
    """A line for each reason in each partition, with all the operations that met it."""
    for row in coverage:
        operations: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for gap in row.gaps:
            operations[gap.code, gap.message].append(gap.operation)
        for (code, message), names in operations.items():
            yield f"{_where(row)}: {', '.join(names)}: {code}: {message}"


def _as_json(harvested: Harvested) -> dict[str, Any]:
    envelope = harvested.envelope
    return {
        "snapshot": {
            "number": envelope.number,
            "taken_at": envelope.taken_at,
            "digest": envelope.digest,
            "previous": envelope.previous,
            "envelope": envelope.envelope,
            "coverage": [asdict(row) for row in envelope.coverage],
        },
        "changed": harvested.changed,
        "partial": harvested.partial,
    }


def _print(harvested: Harvested) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    colours = {"complete": "green", "partial": "yellow", "failed": "red", "skipped": "dim"}
    # Without a terminal there is no width to fit into: a log wants whole lines.
    console = Console() if sys.stdout.isatty() else Console(width=160)
    table = Table(box=box.SIMPLE_HEAD)
    for name in ("account", "region", "source", "status"):
        table.add_column(name)
    for name in ("records", "requests", "gaps"):
        table.add_column(name, justify="right")
    for row in harvested.coverage:
        table.add_row(
            row.account or "-",
            row.region or "-",
            row.source,
            Text(row.status, style=colours[row.status]),
            str(row.records),
            str(row.requests),
            str(len(row.gaps) or ""),
        )
    console.print(table)
    spent = calls(harvested.coverage)
    accounts = sorted({account for count in spent.values() for account in count})
    price = Table(box=box.SIMPLE_HEAD)
    price.add_column("API", no_wrap=True, min_width=max(map(len, spent), default=0))
    # Where the accounts do not fit side by side the sum must do; the JSON has them all.
    needed = max(map(len, spent), default=0) + sum(len(account) + 3 for account in (*accounts, "requests")) + 3
    columns = accounts if needed <= console.width else []
    for account in (*columns, "requests"):
        price.add_column(account, justify="right")
    for name, count in spent.items():
        price.add_row(name, *(str(count[account] or "") for account in columns), str(count.total()))
    console.print(price)
    for line in gaps(harvested.coverage):
        console.print(Text(line), soft_wrap=True)
    envelope = harvested.envelope
    what = "new content" if harvested.changed else "nothing changed"
    console.print(Text(f"snapshot {envelope.number}, {what}, {envelope.digest}"), soft_wrap=True)
