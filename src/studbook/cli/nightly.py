"""`studbook nightly`: what CI runs every night."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from studbook.cli.harvest import progress_shown
from studbook.cli.options import audience_option, catalog_option, format_option, level_option
from studbook.cli.site import output_option
from studbook.cli.terminal import bold, code_block, dim, echo_lines, folded, say, style, uncolored, write, write_json
from studbook.cli.text import LEVEL_COLORS, and_more

if TYPE_CHECKING:
    from studbook.nightly import Report
    from studbook.store import Catalog

_SHOWN = 10
"""Findings and gaps that are shown to people; the JSON form has all."""
_INDENT = " " * 21
_OUTSIDE = "For outsiders: names stand under pseudonyms"
_COLORS = {"ok": "green", "findings": "yellow", "partial": "yellow", "failed": "red", "skipped": "dim"}
_MARKS = {"ok": "✅", "findings": "⚠", "partial": "⚠", "failed": "❌", "skipped": "-"}
_MEANING = {
    0: "done",
    1: "done, and there are findings",
    2: "nothing was asked: something here has to be mended first",
    3: "done, but part of the harvest could not be seen",
    4: "nothing was harvested, and the catalog is as it was before",
    5: "the snapshot was written, and a later step, or a part of it, failed",
}


@click.command(
    epilog="""\b
Examples:
  studbook nightly                               harvest, check, build the site into 'site'
  studbook nightly --publish s3://our-docs/models/ --exports exports
  studbook nightly --audience external --output outside --publish s3://for-the-auditors/models/
  studbook nightly --dask tcp://scheduler:8786   the harvest on the workers of a Dask cluster
  studbook nightly --dry-run                     would it begin? Asks nothing, writes nothing
  studbook nightly --format markdown > report.md     for a chat or a pull request
  studbook nightly --format json | jq '.new_findings[].message'

\b
Exit codes, the worst step's, in this order:
  2 a mistake that was seen before anything was asked
  4 nothing was harvested, and the catalog is as it was before
  5 a snapshot was written, and a later step, or a part of it, failed (sign, check, export,
    build, publish)
  3 part of the harvest could not be seen
  1 findings at or above --level
  0 all is well
The report tells every step, whatever the code; GitHub shows it with the run
($GITHUB_STEP_SUMMARY).
"""
)
@level_option
@click.option(
    "--exports",
    type=click.Path(file_okay=False, path_type=Path),
    help="A folder for every export of the whole snapshot.",
)
@click.option("--publish", "where", metavar="TARGET", help="An S3 URI or a folder for the built site; else publish.to.")
@click.option(
    "--sign-key",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="STUDBOOK_SIGN_KEY",
    show_envvar=True,
    help="Sign the log's checkpoint with this Ed25519 key, as 'studbook sign --key'; else with log.kms.",
)
@click.option("--dask", metavar="ADDRESS", help="Visit the accounts on a Dask cluster's workers (extra 'dask').")
@click.option("--metrics", type=click.Path(dir_okay=False, path_type=Path), help="A file for Prometheus' text format.")
@click.option("--dry-run", is_flag=True, help="Look at everything here, ask nothing, write nothing.")
@format_option("text", "json", "markdown", meaning="How the report is printed; JSON is the form studbook.report/1.")
@audience_option
@output_option
@catalog_option
def nightly(
    *,
    catalog: Catalog,
    output: Path,
    level: str,
    exports: Path | None,
    where: str | None,
    sign_key: Path | None,
    metrics: Path | None,
    dry_run: bool,
    output_format: str,
    audience: str,
    dask: str | None,
) -> int:
    """Do a whole night, from preflight to publishing, as one report.

    Preflight, harvest, sign, check, export, build and publish: no step hides another.
    """
    from studbook.exports.pseudonyms import SECRET
    from studbook.nightly import Order, run

    others = (metrics,) if metrics is not None else ()
    secret = os.environ.get(SECRET, "") if audience == "external" else None
    order = Order(output, level, exports, where, sign_key, others, secret, dask)
    with progress_shown() as progress:
        report = run(catalog, order, dry=dry_run, progress=progress, say=say)
    if not dry_run:
        _tell_elsewhere(report, metrics)
    if output_format == "json":
        write_json(report.to_json())
    elif output_format == "markdown":
        write("\n".join([*markdown(report), ""]).encode())
    else:
        echo_lines(text(report))
    return report.exit


def _tell_elsewhere(report: Report, metrics: Path | None) -> None:
    """GitHub's summary and Prometheus' file, before the report is printed: its exit code is the process's, and where
    one of them cannot be written that is 5 and not 4, for the snapshot is there."""
    from studbook.errors import UNWRITABLE, StudbookError
    from studbook.nightly import prometheus
    from studbook.store.files import write_whole

    try:
        if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
            with Path(summary).open("a", encoding="utf-8") as file:
                file.write("\n".join(markdown(report)) + "\n")
        if metrics is not None and report.exit != 2:
            write_whole(metrics, prometheus(report).encode())
    except (StudbookError, OSError) as error:
        report.told = False
        hint = error.hint if isinstance(error, StudbookError) else UNWRITABLE
        say(f"the report could not be written elsewhere: {error}; {hint}")


def text(report: Report) -> Iterator[str]:
    """The report for a terminal, line by line."""
    if report.audience is not None:
        yield f"{_OUTSIDE}."
        yield ""
    for step in report.steps:
        outcome = style(f"{step.outcome:<8}", _COLORS[step.outcome])
        yield from folded(f"{step.name:<11}{outcome}  {step.message}", indent=_INDENT)
    if report.error is not None and report.error.hint:
        yield from folded(f"{style('mend', 'cyan')}       {report.error.hint}", indent=" " * 11)
    for title, lines in _sections(report):
        yield ""
        yield bold(title)
        for line in lines:
            yield from folded(f"  {line}", indent="    ")
    yield ""
    yield f"exit {report.exit}: {_MEANING[report.exit]}"


def _sections(report: Report) -> Iterator[tuple[str, list[str]]]:
    if report.changes:
        yield "what changed", list(report.changes)
    if report.new_findings:
        yield (
            f"new findings ({len(report.new_findings)})",
            _cut(
                [
                    f"{style(one.level, LEVEL_COLORS[one.level])} {one.message} {dim(one.rule)}"
                    for one in report.new_findings
                ]
            ),
        )
    gaps = list(report.gaps)
    if gaps:
        yield (
            f"not seen ({len(gaps)})",
            _cut(
                [
                    f"{'/'.join(gap[part] or '-' for part in ('account', 'region', 'source'))}: "
                    f"{gap['operation']}: {gap['code']}: {gap['message']}"
                    for gap in gaps
                ]
            ),
        )


def _cut(lines: list[str]) -> list[str]:
    more = len(lines) - _SHOWN
    return [*lines[:_SHOWN], and_more(more)] if more > 0 else lines


def markdown(report: Report) -> Iterator[str]:
    """The report for a chat, a pull request or GitHub's summary; what strangers named stands in code blocks only."""
    snapshot = report.snapshot
    title = f"Snapshot {snapshot.number} of {snapshot.taken_at}" if snapshot is not None else "No snapshot"
    yield from (f"## Studbook: {title}", "", f"Exit {report.exit}: {_MEANING[report.exit]}.", "")
    if report.audience is not None:
        yield from (f"{_OUTSIDE}.", "")
    yield from ("| step | outcome | |", "| --- | --- | --- |")
    for step in report.steps:
        yield f"| {step.name} | {_MARKS[step.outcome]} {step.outcome} | {_cell(step.message)} |"
    for heading, lines in _sections(report):
        yield from ("", f"### {heading[0].upper()}{heading[1:]}", "", "```text", *code_block(lines), "```")


def _cell(text: str) -> str:
    """A stranger's words in a cell of a table: as code, in which nothing is acted on."""
    shown = uncolored(text).replace("`", "'").replace("|", "\\|")
    return f"`{shown}`" if shown else ""
