"""`studbook harvest` and `studbook relink`: the two ways to a new snapshot."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from studbook.cli.options import catalog_option, catalog_words, text_or_json
from studbook.cli.terminal import bold, columns, dim, echo, echo_lines, folded, say, style, table, write_document
from studbook.cli.text import STATUS_COLORS

if TYPE_CHECKING:
    from studbook.harvest.run import HarvestResult, Progress
    from studbook.model import Asset, Coverage, Partition
    from studbook.store import Catalog

PARTIAL = 3


@click.command(
    epilog="""\b
Examples:
  studbook harvest                    what catalog/studbook.yml names, into a new snapshot
  studbook harvest --calls            and what each source and API call cost
  studbook harvest --format json      the same, for a script
  studbook harvest --dask tcp://scheduler:8786     on the workers of a Dask cluster

\b
Exit codes: 0 all was seen; 3 part of it could not be seen (the snapshot says which part);
4 nothing could be read, and the catalog is as it was before.
"""
)
@catalog_option
@click.option("--dask", metavar="ADDRESS", help="Visit the accounts on a Dask cluster's workers (extra 'dask').")
@click.option("--calls", "costs", is_flag=True, help="Show what each source and API cost, too; JSON has it always.")
@text_or_json
def harvest(catalog: Catalog, dask: str | None = None, output_format: str = "text", costs: bool = False) -> int:
    """Read what the configuration names into a new snapshot. Of accounts, datasets and MLflow servers it only reads."""
    from studbook.cards import load_cards
    from studbook.harvest.run import harvest as run
    from studbook.harvest.run import remote_visits

    settings = catalog.settings()
    load_cards(catalog.cards_folder, lambda problem: say(f"warning: {problem.message}"))
    with remote_visits(dask) as elsewhere, progress_shown() as progress:
        harvested = run(settings, catalog, progress=progress, elsewhere=elsewhere)
    if output_format == "json":
        write_document(_as_json(harvested))
    else:
        if costs:
            echo_lines(_costs(harvested.coverage))
        _print(catalog, harvested)
    return PARTIAL if harvested.partial else 0


@click.command(
    epilog="""\b
Examples:
  studbook relink                     after an upgrade, or after naming another dataset
  studbook relink                     after changing a card, a waiver or a rule, to take it in
"""
)
@catalog_option
@text_or_json
def relink(catalog: Catalog, output_format: str) -> int:
    """Derive the latest snapshot's lineage again, without AWS.

    It is derived from the records that were kept. What people wrote since (cards, waivers, settings) is taken in, and
    the rules are applied again.
    """
    from studbook.errors import NotFound
    from studbook.harvest.run import relink as run

    settings = catalog.settings()
    relinked = run(settings, catalog)
    if relinked is None:
        raise NotFound(f"{catalog.address}: there is no snapshot yet", "make one with 'studbook harvest'")
    if output_format == "json":
        write_document(_as_json(relinked))
    elif relinked.changed:
        echo(f"snapshot {relinked.envelope.number} written: the same records say something else now")
    elif relinked.envelope != relinked.previous:
        echo(f"snapshot {relinked.envelope.number} written: people, or the rules, say something else now")
    else:
        echo(f"snapshot {relinked.envelope.number} stays: its records say the same as before")
    return 0


# --- progress -----------------------------------------------------------------------------------------------------


@contextmanager
def progress_shown() -> Iterator[Progress]:
    """Live on a terminal, a line for each finished partition elsewhere; always on standard error."""
    if sys.stderr.isatty():
        from studbook.cli._live import Live

        with Live() as live:
            yield live
    else:
        yield _LineProgress()


class _LineProgress:
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
            say(f"[{time.monotonic() - self._began:6.1f}s] {line}")


# --- results ------------------------------------------------------------------------------------------------------


def _where(row: Coverage) -> str:
    return " ".join((row.account or "-", row.region or "-", row.source))


def calls(coverage: Iterable[Coverage]) -> dict[str, Counter[str]]:
    """Requests by API and account, the dearest API first; `-` stands for what is of no account."""
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


def _as_json(harvested: HarvestResult) -> dict[str, Any]:
    envelope = harvested.envelope
    return {
        "snapshot": {
            **envelope.summary,
            "previous": envelope.previous,
            "coverage": [asdict(row) for row in envelope.coverage],
        },
        "changed": harvested.changed,
        "partial": harvested.partial,
    }


def _costs(coverage: Sequence[Coverage]) -> Iterator[str]:
    """What was seen of each partition, and what that cost, in two tables."""
    rows = [
        (
            row.account or "-",
            row.region or "-",
            row.source,
            style(row.status, STATUS_COLORS[row.status]),
            str(row.records),
            str(row.requests),
            str(len(row.gaps) or ""),
        )
        for row in coverage
    ]
    yield from table(("account", "region", "source", "status", "records", "requests", "gaps"), rows)
    spent = calls(coverage)
    accounts = sorted({account for count in spent.values() for account in count})
    # Where the accounts do not fit side by side the sum must do; the JSON has them all.
    shown = accounts if max(map(len, spent), default=0) + 14 * len(accounts) + 10 <= columns() else []
    yield ""
    yield from table(
        ("API", *shown, "requests"),
        [
            (name, *(str(count[account] or "") for account in shown), str(count.total()))
            for name, count in spent.items()
        ],
    )
    yield ""


def _print(catalog: Catalog, harvested: HarvestResult) -> None:
    """What was found, what could not be seen, what changed, and what to type next."""
    from studbook.harvest.coverage import seen_whole

    envelope = harvested.envelope
    same = "same content, people or rules say something else" if harvested.annotations_changed else "nothing changed"
    what = "new content" if harvested.changed else same
    echo(f"{bold(f'snapshot {envelope.number}')}, {what}, {envelope.digest}")
    echo_lines(folded(f"found    {_counts_text(catalog.kinds(envelope))}", indent=_INDENT))
    requests = sum(row.requests for row in harvested.coverage)
    echo(f"seen     {seen_whole(harvested.coverage, 'whole')}, in {requests} requests")
    for line in gaps(harvested.coverage):
        echo_lines(folded(f"{style('not seen', 'yellow')} {line}", indent=_INDENT))
    before = catalog.snapshot_before(envelope)
    if before is not None and harvested.changed:
        news = _news(catalog.changed(before, envelope))
        echo_lines(folded(f"changed  since snapshot {before.number}: {news}", indent=_INDENT))
    option = catalog_words(catalog)
    following = [("studbook diff", "what changed, in full")] if before is not None and harvested.changed else []
    following.append(("studbook build", "the pages"))
    if any(row.gaps for row in harvested.coverage):
        following.append(("studbook doctor", "what is denied, and the line that mends it"))
    for number, (command, meaning) in enumerate(following):
        echo(f"{'' if number else 'next':<9}{command + option}  {dim(meaning)}")


_INDENT = " " * 9


def _counts_text(kinds: Counter[str]) -> str:
    """How many assets there are, and of which kinds; jobs together."""
    from studbook.model.kinds import JOB_KINDS, KINDS
    from studbook.queries.answer import counted

    jobs = sum(kinds[kind] for kind in JOB_KINDS)
    shown = [counted(kinds[kind], kind) for kind in KINDS if kinds[kind] and kind not in JOB_KINDS]
    return f"{kinds.total()} assets: {', '.join([*shown, *([f'{jobs} jobs'] if jobs else [])])}"


def _news(changed: Sequence[tuple[Asset | None, Asset | None]]) -> str:
    """What is new, what is gone, whose approval is another, and how many there are of the rest."""
    from studbook.queries.answer import counted

    news: Counter[tuple[str, str]] = Counter()
    others = 0
    for was, now in changed:
        if now is None or (now.gone_since is not None and (was is None or was.gone_since is None)):
            news["gone", (now or was).kind] += 1  # type: ignore[union-attr]  # one of the two is there
        elif was is None:
            news["new", now.kind] += 1
        elif was.attributes.get("approval") != now.attributes.get("approval"):
            news["approval of", now.kind] += 1
        else:
            others += 1
    told = [f"{counted(number, kind)} {what}" for (what, kind), number in sorted(news.items()) if what != "approval of"]
    told += [f"approval of {counted(number, kind)}" for (what, kind), number in news.items() if what == "approval of"]
    return ", ".join([*told, *([f"{others} more changed"] if others else [])]) or "edges and evidence alone"
