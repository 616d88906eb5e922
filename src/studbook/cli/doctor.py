"""`studbook doctor`: would a harvest see everything?"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from studbook.cli.options import catalog_option, format_option
from studbook.cli.text import safe

if TYPE_CHECKING:
    from studbook.harvest.doctor import Check, Diagnosis

SICK = 3
_SKEW = 60
"""Seconds from which on the clock is worth a word; AWS refuses signatures that are five minutes off."""


@click.command(
    epilog="""\b
Examples:
  studbook doctor                     each account, region and source of catalog/studbook.yml
  studbook doctor --format json       the same, for a script

\b
Exit codes: 0 all is well; 2 wrong configuration; 3 something is denied or out of reach.
"""
)
@catalog_option
@format_option
def doctor(catalog: Path, output_format: str) -> int:
    """Try every account, region and source with a few small requests, and say what mends what is denied. Only reads."""
    from studbook.errors import UsageError
    from studbook.harvest.doctor import examine
    from studbook.settings import load_settings
    from studbook.store import Catalog

    settings = load_settings(catalog / "studbook.yml")
    store = Catalog(catalog)
    latest = store.latest()
    found = examine(settings, list(store.records(latest)) if latest else ())
    if not found.checks:
        raise UsageError("the configuration names nothing to harvest", "list your accounts or MLflow servers in it")
    if latest is not None:
        estimate = {"calls": sum(row.requests for row in latest.coverage), "basis": f"snapshot {latest.number}"}
    else:
        estimate = {"calls": sum(check.listed[1] for check in found.checks), "basis": "listings"}
    if output_format == "json":
        click.echo(json.dumps(_as_json(found, estimate), indent=2))
    else:
        _print(found, estimate)
    return 0 if found.well else SICK


def _as_json(found: Diagnosis, estimate: dict[str, Any]) -> dict[str, Any]:
    return {
        "well": found.well,
        "checks": [
            {
                "account": check.partition.account,
                "region": check.partition.region,
                "source": check.partition.source,
                "status": check.status,
                "credentials": check.credentials,
                "list": {"allowed": check.listed[0], "tried": check.listed[1]},
                "describe": {"allowed": check.described[0], "tried": check.described[1]},
                "untested": list(check.untested),
                "requests": check.requests,
                "problems": [
                    {"operation": one.operation, "code": one.code, "message": one.message, "mend": one.mend}
                    for one in check.problems
                ],
                "skipped": list(check.skipped),
            }
            for check in found.checks
        ],
        "clock_skew_seconds": found.skew,
        "harvest_estimate": estimate,
    }


def _print(found: Diagnosis, estimate: dict[str, Any]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    colours = {"complete": "green", "partial": "yellow", "failed": "red", "skipped": "dim"}
    words = {"complete": "well"}
    console = Console() if sys.stdout.isatty() else Console(width=80)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    for name in ("account", "region", "source", "state", "login"):
        table.add_column(name, no_wrap=True)
    for name in ("list", "describe"):
        table.add_column(name, justify="right", no_wrap=True)
    for check in found.checks:
        table.add_row(
            check.partition.account or "-",
            check.partition.region or "-",
            check.partition.source,
            Text(words.get(check.status, check.status), style=colours[check.status]),
            "ok" if check.credentials else Text("no", style="red"),
            _of(check.listed),
            _of(check.described),
        )
    console.print(table)
    for (operation, code, message, mend), where in _problems(found.checks).items():
        console.print(Text(safe(f"{operation}: {code}"), style="bold red"), soft_wrap=True)
        console.print(Text(f"  in {', '.join(where)}"), soft_wrap=True)
        console.print(Text(f"  {safe(message)}"), soft_wrap=True)
        if mend:
            console.print(Text("  mend: ", style="cyan") + Text(safe(mend)), soft_wrap=True)
    for check in found.checks:
        for line in check.skipped:
            console.print(Text(f"{_where(check)}: skipped: {safe(line)}"), soft_wrap=True)
    untested = sorted({name for check in found.checks for name in check.untested})
    if untested:
        console.print(Text(f"not tried somewhere, for want of an item: {', '.join(untested)}", style="dim"))
    if found.skew is None:
        console.print("clock: no answer told the time")
    else:
        ahead = "ahead of" if found.skew >= 0 else "behind"
        close = abs(found.skew) < _SKEW
        console.print(
            "clock: agrees with AWS's, to the minute"
            if close
            else Text(f"clock: AWS's is {abs(found.skew):.0f} s {ahead} this machine's; set yours", style="yellow")
        )
    if estimate["basis"] == "listings":
        console.print(
            f"a first harvest would make at least {estimate['calls']} calls, one for each listing; how many more "
            "depends on how much there is"
        )
    else:
        console.print(f"a harvest would make about {estimate['calls']} calls (estimate: as for {estimate['basis']})")
    console.print("all is well" if found.well else Text("something is denied or out of reach", style="bold red"))


def _problems(checks: tuple[Check, ...]) -> dict[tuple[str, str, str, str | None], list[str]]:
    """Where each problem was met; one that is everywhere is told once."""
    told: dict[tuple[str, str, str, str | None], list[str]] = {}
    for check in checks:
        for one in check.problems:
            told.setdefault((one.operation, one.code, one.message, one.mend), []).append(_where(check))
    return told


def _where(check: Check) -> str:
    return " ".join(part for part in check.partition if part)


def _of(counts: tuple[int, int]) -> str:
    well, tried = counts
    return f"{well}/{tried}" if tried else "-"
