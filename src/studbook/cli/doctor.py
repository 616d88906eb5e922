"""`studbook doctor`: would a harvest see everything?"""

from __future__ import annotations

import re
import shutil
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from studbook.cli.options import catalog_option, text_or_json
from studbook.cli.terminal import bold, columns, dim, echo, echo_lines, folded, style, table, write_document
from studbook.cli.text import STATUS_COLORS

if TYPE_CHECKING:
    from studbook.harvest.doctor import Check, Diagnosis
    from studbook.harvest.estimate import Estimate
    from studbook.harvest.local_checks import Problem
    from studbook.settings import Settings
    from studbook.store import Catalog

SICK = 3
_SKEW = 60
"""Seconds from which on the clock is worth a word; AWS refuses signatures that are five minutes off."""
_SAID = 3
"""Messages of one cause that are shown."""
_LINES = 40
"""Partitions from which on an account that is well has one line."""
_NAME = 16
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
@text_or_json
def doctor(catalog: Catalog, output_format: str) -> int:
    """Find out what a harvest could not read, and what mends it.

    Every account, region and source is tried with a few small requests, which only read. It looks first at
    this side: cards, waivers, rules, the folder, dot, the login, what an example left in the file.
    """
    from studbook.errors import UsageError
    from studbook.harvest.doctor import examine
    from studbook.model import Partition

    settings = catalog.settings()
    latest = catalog.latest()
    paid: defaultdict[Partition, list[int]] = defaultdict(list)
    for envelope in catalog.envelopes():
        for row in envelope.coverage:
            paid[row.partition].append(row.requests)
    with _waiting():
        found = examine(settings, list(catalog.records(latest)) if latest else (), paid=paid)
    here = [*_around(catalog, settings), *found.here]
    found = replace(found, here=tuple(here))
    if not found.checks and not here:
        raise UsageError("the configuration names nothing to harvest", "list your accounts or MLflow servers in it")
    basis = f"snapshot {latest.number}" if latest else "the first page of each listing"
    if output_format == "json":
        write_document(_as_json(found, basis))
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


def _around(catalog: Catalog, settings: Settings) -> Iterator[Problem]:
    """What is wrong here, before anything is asked."""
    from studbook.errors import UsageError
    from studbook.harvest.local_checks import Problem
    from studbook.nightly import Order, preflight

    try:
        preflight(catalog, Order(catalog.root), ask=False)
    except UsageError as error:
        yield Problem("preflight", "Mistake", error.message, error.hint)
    if settings.site.pictures == "auto" and shutil.which("dot") is None:
        yield Problem(
            "site.pictures",
            "NoDot",
            "there is no 'dot' program on this machine: the site would have a note in the place of each picture",
            "install graphviz: apt-get install graphviz, or brew install graphviz",
            needed=False,
        )


def _as_json(found: Diagnosis, basis: str) -> dict[str, Any]:
    return {
        "well": found.well,
        "caller": found.caller,
        "here": [asdict(one) for one in found.here],
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
    names = found.names
    for one in found.here:
        _print_cause([one], [])
    if found.caller:
        echo(f"logged in as {found.caller}")
        echo()
    if found.checks:
        head = ("account, region", "source", "state", "list", "search", "describe")
        echo_lines(table(head, _rows(found.checks, names)))
        echo()
    for problems, where in _causes(found.checks, names):
        _print_cause(problems, where)
    for check in found.checks:
        for line in check.skipped:
            echo(f"skipped: {_where(check, names)}: {line}")
    if found.checks:
        echo(_clock(found.skew))
        for line in folded(_calls(found.estimate, basis), columns()):
            echo(line)
    if untested := _never_tried(found.checks):
        echo(dim(f"{untested} operations found nothing to be tried on; --format json names them"))
    echo("all is well" if found.well else style("something is denied or out of reach", "red"))


def _rows(checks: Sequence[Check], names: Mapping[str | None, str]) -> Iterator[Sequence[str]]:
    """A line for each account, below it a line for each region and source; of large estates only for what is unwell."""
    brief = len(checks) > _LINES
    for account, group in groupby(checks, key=lambda check: check.partition.account):
        rows = list(group)
        login = all(check.credentials for check in rows)
        well = all(check.status in ("complete", "skipped", "quiet") for check in rows)
        words = style("logged in", "green") if login else style("no login", "red")
        sums = [""] * 3
        if brief and well:
            words = style("well", "green")
            sums = [_of(_sum(count)) for count in zip(*(_tries(check) for check in rows), strict=True)]
        yield bold(_account(account, names)), "", words if account else "", *sums
        for check in rows if not (brief and well) else ():
            state = "no login" if not check.credentials else _WORDS.get(check.status, check.status)
            yield (
                f"  {check.partition.region or '-'}",
                check.partition.source,
                style(state, STATUS_COLORS[check.status]),
                *(_of(count) for count in _tries(check)),
            )


def _clock(skew: float | None) -> str:
    if skew is None:
        return "clock: no answer told the time"
    if abs(skew) < _SKEW:
        return "clock: agrees with AWS's, to the minute"
    side = "ahead of" if skew > 0 else "behind"
    return style(f"clock: AWS's is {abs(skew):.0f} s {side} this machine's; set yours", "yellow")


def _calls(estimate: Estimate, basis: str) -> str:
    if not estimate.first:
        return "calls of a harvest: nobody can tell, for nothing could be reached"
    words = "at least" if estimate.more else "about"
    return (
        f"calls of a harvest: {words} {estimate.first} on a first night, {words} {estimate.unchanged} on a night when "
        f"nothing changed (by {basis})"
    )


def _print_cause(problems: Sequence[Problem], where: Sequence[str]) -> None:
    """One cause as a block: where it was met, what was said, what mends it."""
    first = problems[0]
    more = len({one.operation for one in problems}) - 1
    others = f" and {more} more operation{'s' if more > 1 else ''}" if more else ""
    echo(style(f"{first.operation}{others}: {first.code}", "red" if first.needed else "yellow"))
    said = list(dict.fromkeys(one.message for one in problems))
    mends = list(dict.fromkeys(one.mend for one in problems))
    lines = [("in    ", ", ".join(where))] if where else []
    lines += [("said  ", text) for text in said[:_SAID]]
    if len(said) > _SAID:
        lines.append(("said  ", f"... and {len(said) - _SAID} more like it; --format json has all"))
    for label, text in lines:
        for at, line in enumerate(folded(text, columns() - 8)):
            echo(f"  {' ' * 6 if at else label}{line}")
    for number, line in enumerate((first.mend or "").splitlines()):
        echo(style("        " if number else "  mend  ", "cyan") + line)
    if len(mends) > 1:
        echo(f"        and so in {len(mends) - 1} more account{'s' if len(mends) > 2 else ''}; --format json has each")
    echo()


def _causes(checks: Sequence[Check], names: Mapping[str | None, str]) -> Iterator[tuple[list[Problem], list[str]]]:
    """The problems by cause: those that the same step mends, whichever account, region or operation met them."""
    told: dict[tuple[object, ...], dict[Problem, None]] = {}
    places: dict[tuple[object, ...], dict[str, None]] = {}
    for check in checks:
        for one in map(_as_nothing, check.problems) if _nothing_allowed(check) else check.problems:
            cause: tuple[object, ...] = (one.code, re.sub(r"\d{12}", "", one.mend), one.needed) if one.mend else (one,)
            told.setdefault(cause, {})[one] = None
            places.setdefault(cause, {})[_where(check, names)] = None
    for cause, problems in told.items():
        yield list(problems), list(places[cause])


def _nothing_allowed(check: Check) -> bool:
    """Whether a source may read nothing there: one policy is missing, and not a line for each operation."""
    from studbook.aws.errors import meaning_of

    tried = sum(count for _, count in _tries(check))
    denied = all(meaning_of(one.code) == "denied" for one in check.problems)
    return check.credentials and denied and len(check.problems) > 1 and tried > 1 and not any(_sum(_tries(check))[:1])


def _as_nothing(problem: Problem) -> Problem:
    return replace(problem, mend="nothing may be read there: give that role, or user, what 'studbook iam' prints")


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
    return account if name == account else f"{name[:_NAME]} {account}"


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
