"""`studbook doctor`: would a harvest see everything?"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from studbook.cli.options import catalog_option, format_option
from studbook.cli.text import safe

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from studbook.harvest.doctor import Check, Diagnosis, Problem
    from studbook.harvest.estimate import Estimate
    from studbook.store import Catalog

SICK = 3
_SKEW = 60
"""Seconds from which on the clock is worth a word; AWS refuses signatures that are five minutes off."""
_LINES = 40
"""Partitions from which on an account that is well has one line."""
_NAME = 16
_COLOURS = {"complete": "green", "partial": "yellow", "failed": "red", "skipped": "dim"}
_WORDS = {"complete": "well"}


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
def doctor(catalog: Catalog, output_format: str) -> int:
    """Try every account, region and source with a few small requests, and say what mends what is denied. Only reads."""
    from studbook.errors import UsageError
    from studbook.harvest.doctor import examine
    from studbook.model import Partition

    settings = catalog.settings()
    latest = catalog.latest()
    paid: defaultdict[Partition, list[int]] = defaultdict(list)
    for envelope in catalog.envelopes():
        for row in envelope.coverage:
            paid[Partition(row.account, row.region, row.source)].append(row.requests)
    with _waiting():
        found = examine(settings, list(catalog.records(latest)) if latest else (), paid=paid)
    if not found.checks:
        raise UsageError("the configuration names nothing to harvest", "list your accounts or MLflow servers in it")
    basis = f"snapshot {latest.number}" if latest else "the first page of each listing"
    if output_format == "json":
        click.echo(json.dumps(_as_json(found, basis), indent=2))
    else:
        _print(found, basis)
    return 0 if found.well else SICK


@contextmanager
def _waiting() -> Iterator[None]:
    """On a terminal, a sign of life."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status("asking each account, region and source ..."):
        yield


def _as_json(found: Diagnosis, basis: str) -> dict[str, Any]:
    return {
        "well": found.well,
        "checks": [
            {
                "account": check.partition.account,
                "name": found.names.get(check.partition.account),
                "region": check.partition.region,
                "source": check.partition.source,
                "status": check.status,
                "credentials": check.credentials,
                "list": _counts(check.listed),
                "search": _counts(check.searched),
                "describe": _counts(check.described),
                "untested": list(check.untested),
                "requests": check.requests,
                "harvest_estimate": _estimate(check.estimate),
                "problems": [asdict(one) for one in check.problems],
                "skipped": list(check.skipped),
            }
            for check in found.checks
        ],
        "clock_skew_seconds": found.skew,
        "harvest_estimate": {**_estimate(found.estimate), "basis": basis},
    }


def _counts(counts: tuple[int, int]) -> dict[str, int]:
    return {"allowed": counts[0], "tried": counts[1]}


def _estimate(estimate: Estimate) -> dict[str, Any]:
    return {
        "first_night": estimate.first,
        "unchanged_night": estimate.unchanged,
        "at_least": estimate.more,
    }


# --- for people ---------------------------------------------------------------------------------------------------


def _print(found: Diagnosis, basis: str) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console() if sys.stdout.isatty() else Console(width=80)
    names = found.names
    console.print(_table(found.checks, names))
    for one, where in _problems(found.checks, names).items():
        style = "bold red" if one.needed else "bold yellow"
        console.print(Text(safe(f"{one.operation}: {one.code}"), style=style), soft_wrap=True)
        console.print(Text(f"  in    {', '.join(where)}"), soft_wrap=True)
        console.print(Text(f"  said  {safe(one.message)}"), soft_wrap=True)
        for number, line in enumerate((one.mend or "").splitlines()):
            console.print(Text("        " if number else "  mend  ", style="cyan") + Text(safe(line)), soft_wrap=True)
        console.print()
    for check in found.checks:
        for line in check.skipped:
            console.print(Text(f"skipped: {_where(check, names)}: {safe(line)}"), soft_wrap=True)
    console.print(_clock(found.skew))
    console.print(_calls(found.estimate, basis))
    if untested := _never_tried(found.checks):
        console.print(Text(f"{untested} operations found nothing to be tried on; --format json names them", "dim"))
    console.print("all is well" if found.well else Text("something is denied or out of reach", style="bold red"))


def _table(checks: Sequence[Check], names: Mapping[str | None, str]) -> Table:
    """A line for each account, below it a line for each region and source; of large estates only for what is unwell."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    for name in ("account, region", "source", "state"):
        table.add_column(name, no_wrap=True)
    for name in ("list", "search", "describe"):
        table.add_column(name, justify="right", no_wrap=True)
    brief = len(checks) > _LINES
    for account, group in groupby(checks, key=lambda check: check.partition.account):
        rows = list(group)
        login = all(check.credentials for check in rows)
        well = all(check.status in ("complete", "skipped") for check in rows)
        words = Text("logged in" if login else "no login", style="green" if login else "red") if account else Text()
        sums = [""] * 3
        if brief and well:
            words = Text("well", style="green")
            sums = [_of(_sum(count)) for count in zip(*(_tries(check) for check in rows), strict=True)]
        table.add_row(Text(_account(account, names), "bold"), "", words, *sums)
        for check in rows if not (brief and well) else ():
            state = "no login" if not check.credentials else _WORDS.get(check.status, check.status)
            table.add_row(
                f"  {check.partition.region or '-'}",
                check.partition.source,
                Text(state, style=_COLOURS[check.status]),
                *(_of(count) for count in _tries(check)),
            )
    return table


def _clock(skew: float | None) -> str | Text:
    from rich.text import Text

    if skew is None:
        return "clock: no answer told the time"
    if abs(skew) < _SKEW:
        return "clock: agrees with AWS's, to the minute"
    side = "ahead of" if skew > 0 else "behind"
    return Text(f"clock: AWS's is {abs(skew):.0f} s {side} this machine's; set yours", style="yellow")


def _calls(estimate: Estimate, basis: str) -> str:
    if not estimate.first:
        return "calls of a harvest: nobody can tell, for nothing could be reached"
    words = "at least" if estimate.more else "about"
    return (
        f"calls of a harvest: {words} {estimate.first} on a first night, {words} {estimate.unchanged} on a night when "
        f"nothing changed (by {basis})"
    )


def _problems(checks: Sequence[Check], names: Mapping[str | None, str]) -> dict[Problem, list[str]]:
    """Where each problem was met; one that is everywhere is told once."""
    told: dict[Problem, list[str]] = {}
    for check in checks:
        for one in check.problems:
            told.setdefault(one, []).append(_where(check, names))
    return told


def _never_tried(checks: Sequence[Check]) -> int:
    """How many operations could be tried in no partition of their source."""
    open_ones: dict[str, set[str]] = {}
    for check in checks:
        known = open_ones.setdefault(check.partition.source, set(check.untested))
        if check.credentials:
            known &= set(check.untested)
    return sum(map(len, open_ones.values()))


def _account(account: str | None, names: Mapping[str | None, str]) -> str:
    if account is None:
        return "of no account"
    name = names.get(account, account)
    return account if name == account else f"{safe(name)[:_NAME]} {account}"


def _where(check: Check, names: Mapping[str | None, str]) -> str:
    account, region, source = check.partition
    return " ".join(part for part in (_account(account, names) if account else None, region, source) if part)


def _tries(check: Check) -> tuple[tuple[int, int], ...]:
    return check.listed, check.searched, check.described


def _sum(counts: Iterable[tuple[int, int]]) -> tuple[int, int]:
    pairs = list(counts)
    return sum(well for well, _ in pairs), sum(tried for _, tried in pairs)


def _of(counts: tuple[int, int]) -> str:
    well, tried = counts
    return f"{well}/{tried}" if tried else "-"
