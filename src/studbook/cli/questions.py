"""The questions: one command for each of `QUESTIONS`, all made here.

An answer is one sentence first; then a table that fits the terminal, what is unknown, and what to type next. `--tree`
draws all rows in the place of the table.
"""

from __future__ import annotations

import csv
import io
import json
import shlex
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from studbook.cli import QUESTIONS as HELP
from studbook.cli.options import catalog_option, catalog_words, format_option, snapshot_option
from studbook.cli.terminal import (
    bold,
    code_block,
    columns,
    cut,
    dim,
    echo_lines,
    folded,
    printable,
    style,
    table,
    table_parts,
    wide,
    write,
    write_json,
)
from studbook.cli.text import and_more
from studbook.queries import QUESTIONS, Question

if TYPE_CHECKING:
    from studbook.answer_table import AnswerTable
    from studbook.api import Lineage, Result
    from studbook.store import Catalog

_ROWS: Final = 20
"""Rows of a table, unless more are asked for."""
_UNKNOWN: Final = 8
_LESS: Final = ("via", "distance", "unit", "base")
"""Columns that are left out where there is no room, the first one first."""
_BELOW: Final = ("note", "by", "copies")
"""Columns that stand below their row, in a line of their own, where there is still none."""

_EXAMPLES: Final = {
    "trace": (
        ("support-bot-prod", "what made the model that answers there"),
        ("support-bot/4 --tree", "each step, with its certainty"),
        ("support-bot@prod --tree --evidence", "and the field of the API that says so"),
        ("support-bot/4 --as-of 2026-11-20", "as it was known that night"),
    ),
    "impact": (
        ("card-payments", "who learned from it, where that runs"),
        ("eval-support-helpfulness:1 --limit 0", "all that it judged or rewarded"),
        ("s3://acme-shared-data/fraud/ --format csv", "for a spreadsheet"),
    ),
    "runs": (
        ("support-bot/4", "where a version and its copies run"),
        ("support-bot-prod", "what answers at an endpoint"),
        ("prod", "what answers in an account"),
    ),
    "copies": (
        ("support-bot/4", "where a version went, and by which copy"),
        ("support-bot@dev --tree", "of every version of a group, as trees"),
    ),
    "scores": (
        ("support-bot/4", "how a version was judged"),
        ("support-helpfulness/1.0.0", "what an evaluator's version judged"),
        ("support-golden/1.0.0 --format json", "what was judged on a dataset's version"),
    ),
    "candidates": (
        ("support-bot-prod", "is there something better than what runs there?"),
        ("support-bot/2@dev", "than this version?"),
    ),
    "incident": (
        ("s3://acme-shared-data/fraud/", "whom bad data reached"),
        ("card-payments@2026-11-20", "whom one state of it reached"),
        ("card-payments --from 2026-11-20 --to 2026-11-21", "by what was read then"),
        ("8714c19db2ec --format csv", "by a digest, for a ticket"),
    ),
    "gaps": (
        ("support-bot/2@prod", "what cannot be known of what made it"),
        ("fraud-scoring-us@prod", "of what an endpoint runs"),
    ),
    "log": (
        ("", "all snapshots, newest first"),
        ("support-bot/4", "approved, copied, judged: when, by whom"),
        ("support-bot-prod", "what ran there, and since when"),
        ("card-payments --as-of 2026-11-20", "as it was told that night"),
    ),
}
"""What to type after a command, and what comes of it; they answer on the demo."""
_NEXT: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "trace": (("scores", "how it was judged"), ("gaps", "what cannot be known of its origins")),
    "impact": (("incident", "what is certain, possible and cleared"),),
    "runs": (("candidates", "is there something better"), ("trace", "what made it")),
    "copies": (("runs", "where they run"),),
    "scores": (("candidates", "what is newer, and better"),),
    "candidates": (("runs", "what runs"),),
    "incident": (("log", "when it changed"),),
    "gaps": (("trace", "what is known"),),
    "log": (("show", "all that is known of it now"),),
}
"""Questions that often follow."""


def _command(question: Question) -> click.Command:
    examples = _EXAMPLES.get(question.name, ())
    lines = [f"studbook {question.name} {words}".rstrip() for words, _ in examples]
    wide = max(map(len, lines), default=0)
    shown = [f"  {line:<{wide}}  {meaning}" for line, (_, meaning) in zip(lines, examples, strict=True)]
    nights = question.name == "log"

    def run(**options: Any) -> None:
        _answer(question, **options)

    parameters = (
        click.argument("asset", required=not nights),
        *(_option(name) for name in question.options),
        _tree_option,
        *((_evidence_option,) if question.name in _WALKS else ()),
        click.option(
            "--limit",
            type=click.IntRange(min=0),
            default=None,
            metavar="N",
            help=f"Rows at most; 0 for all. Unless it is said, text and Markdown show {_ROWS}, JSON and CSV all.",
        ),
        format_option(
            "text",
            "json",
            "csv",
            "markdown",
            meaning="How the answer is printed; Markdown is for a comment or a chat.",
        ),
        snapshot_option,
        catalog_option,
    )
    for parameter in reversed(parameters):
        run = parameter(run)
    return click.command(
        name=question.name,
        help=HELP[question.name],
        epilog="\n".join(["\b", "Examples:", *shown]),
    )(run)


_tree_option = click.option("--tree", is_flag=True, help="Draw all rows as a tree, with all that is told of each.")
_evidence_option = click.option("--evidence", is_flag=True, help="In the tree: which field of which operation says so.")


def _option(name: str) -> Callable[[click.Command], click.Command]:
    word = name.rstrip("_")
    text = {"from": "Only what was read from then on (a date, or a time in UTC).", "to": "Only what was read before; "
            "a date means to its end."}[word]  # fmt: skip
    return click.option(f"--{word}", name, metavar="TIME", help=text)


def _answer(
    question: Question,
    *,
    asset: str | None,
    limit: int | None,
    output_format: str,
    snapshot: str,
    catalog: Catalog,
    tree: bool = False,
    evidence: bool = False,
    **options: Any,
) -> None:
    if asset is None:
        from studbook.cli.history import print_snapshots

        print_snapshots(catalog, snapshot, as_json=output_format == "json")
        return
    from studbook.api import open as open_catalog

    with open_catalog(catalog, snapshot) as lineage:
        found = lineage.ask(question.name, asset, **options)
        most = (None if output_format in ("json", "csv") else _ROWS) if limit is None else limit or None
        if output_format == "json":
            write_json(found.to_json(most))
        elif output_format == "csv":
            write(_csv(found, most))
        else:
            more = _catalog_words(catalog, snapshot)
            same = "".join(f" --{name.rstrip('_')} {shlex.quote(text)}" for name, text in options.items() if text)
            drawn = _tree(lineage, found, evidence) if tree else None
            lines = _text(lineage, found, most, (same, more), drawn)
            if output_format == "markdown":
                write("\n".join(["```text", *code_block(lines), "```", ""]).encode())
            else:
                echo_lines(lines)


def _catalog_words(catalog: Catalog, snapshot: str) -> str:
    """The options that a next command needs, too."""
    return catalog_words(catalog) + ("" if snapshot == "latest" else f" --as-of {shlex.quote(snapshot)}")


# --- text ---------------------------------------------------------------------------------------------------------


def _text(
    lineage: Lineage, found: Result[Any], limit: int | None, more: tuple[str, str], tree: Iterator[str] | None
) -> Iterator[str]:
    shown = found.table(limit)
    sentence, *rest = folded(found.summary)
    yield bold(sentence)
    yield from map(bold, rest)
    yield from (dim(line) for line in folded(_about(lineage, found)))
    if shown.rows:
        yield ""
        yield from tree or _rows(shown, found.total)
    if shown.unknown:
        yield ""
        yield style(f"not known ({len(shown.unknown)})", "yellow")
        for line in shown.unknown[:_UNKNOWN]:
            yield cut(f"  {line}", columns())
        if len(shown.unknown) > _UNKNOWN:
            yield dim(f"  {and_more(len(shown.unknown) - _UNKNOWN)}")
    if tree is None:
        yield ""
        yield from _next(lineage, found, len(shown.rows), more)


def _rows(shown: AnswerTable, total: int) -> Iterator[str]:
    """The table; rows within a row stand below it. Then what it leaves out, and what is the same in all of it."""
    left = _too_many(shown.head, shown.rows, _LESS)
    kept = [at for at, title in enumerate(shown.head) if title not in left]
    below = _too_many([shown.head[at] for at in kept], [[row[at] for at in kept] for row in shown.rows], _BELOW)
    kept = [at for at in kept if shown.head[at] not in below]
    (head,), *parts = table_parts([shown.head[at] for at in kept], [[row[at] for at in kept] for row in shown.rows])
    yield head
    for at, lines in enumerate(parts):
        yield from lines
        for title, cell in zip(shown.head, shown.rows[at], strict=True):
            if title in below and cell:
                yield from (f"  {part}" for part in folded(f"{title} {cell}", columns() - 2, "  "))
        for detail in shown.details:
            if detail.row == at:
                yield f"  {detail.title}"
                yield from (f"    {inner}" for inner in table(detail.head, detail.rows, columns() - 4))
    if left:
        yield dim(f"without {', '.join(left)}, for which there is no room; --tree has all columns")
    if shown.same:
        where = "in every row: " if len(shown.rows) == total else "in each of these rows: "
        yield from (dim(line) for line in folded(where + ", ".join(f"{a} {b}" for a, b in shown.same)))


def _too_many(head: Sequence[str], rows: Sequence[Sequence[str]], titles: Sequence[str]) -> list[str]:
    """The first of these columns that have to go, so that those that matter more need not be cut."""
    widths = {title: max(wide(row[at]) for row in [head, *rows]) for at, title in enumerate(head)}
    left: list[str] = []
    for title in titles:
        if sum(widths.values()) + 2 * (len(widths) - 1) <= columns():
            break
        if widths.pop(title, None) is not None:
            left.append(title)
    return left


def _about(lineage: Lineage, found: Result[Any]) -> str:
    """What was asked about, so that it can be typed again, and of which night this is told."""
    from studbook.cli.text import words_of_marks
    from studbook.model.kinds import kind_words

    root = lineage.index.asset(found.root)
    parts = [found.root]
    if root is not None:
        account = lineage.handles.account_name(root.account)
        parts = [f"{kind_words(root.kind)} {lineage.handle(root)}", *filter(None, (account, root.stage, root.region))]
        parts += words_of_marks(root)
    elif (name := lineage.handles.account_name(found.root)) != found.root:
        parts = [f"account {found.root}", str(name)]
    return " · ".join([*parts, f"snapshot {found.snapshot.number} of {found.snapshot.taken_at[:10]}"])


def _next(lineage: Lineage, found: Result[Any], rows: int, options: tuple[str, str]) -> Iterator[str]:
    """What to type next: the rest of the rows, the tree, questions that often follow and are asked of such a thing.

    Of `options` the first are the question's own, which only it takes again; every command takes the others.
    """
    root = lineage.index.asset(found.root)
    name = shlex.quote(lineage.handle(root) if root is not None else found.answer.asked)
    own, more = options
    this = f"studbook {found.answer.question} {name}{own}"
    following = []
    if found.total > rows:
        following.append((f"{this} --limit 0", f"all {found.total} rows"))
    if found.answer.question in _STEPS and found.rows:
        following.append((f"{this} --tree", "each step, and how sure it is"))
    for question, meaning in _NEXT.get(found.answer.question, ()):
        asked = QUESTIONS.get(question)
        if root is not None and (asked is None or asked.is_asked_of(root.kind)):
            following.append((f"studbook {question} {name}", meaning))
    room = max((wide(command + more) for command, _ in following), default=0)
    for at, (command, meaning) in enumerate(following):
        before = f"{'' if at else 'next':<6}"
        whole = f"{before}{command + more:<{room}}"
        if wide(whole) <= columns():
            yield f"{whole}  {dim(meaning)}" if wide(whole) + wide(meaning) + 2 <= columns() else whole.rstrip()
        else:  # in two lines that are one command; what is cut would be another
            yield f"{before}{command} \\"
            yield f"        {more.strip()}"


# --- trees --------------------------------------------------------------------------------------------------------


_WALKS: Final = ("trace", "impact")
"""Their trees are the steps of the walk; they have edges, and so evidence."""
_STEPS: Final = (*_WALKS, "copies", "incident")
"""Their trees say by which step each thing was come to."""
_LEVELS: Final[dict[str, tuple[str, ...]]] = {
    "runs": ("endpoint",),
    "scores": ("judged", "evaluator", "data"),
    "candidates": ("against",),
    "gaps": ("why", "partition"),
    "log": ("night",),
}
"""The columns by which the rows of the others are a tree."""


def _tree(lineage: Lineage, found: Result[Any], evidence: bool) -> Iterator[str]:
    from studbook.cli import walks

    question = found.answer.question
    if question in _WALKS:
        return walks.walk_text(lineage, found.answer.walk, evidence=evidence)  # type: ignore[attr-defined]
    if question == "copies":
        return walks.copy_text(lineage, found.rows)
    if question == "incident":
        return walks.hit_text(lineage, found.rows)
    return walks.grouped_text(found.table(), _LEVELS[question])


# --- CSV ----------------------------------------------------------------------------------------------------------


def _csv(found: Result[Any], limit: int | None) -> bytes:
    """A head, then a line for each row; what is no text, number or truth is JSON."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    rows = found.to_json(limit)["rows"]
    if rows:
        writer.writerow(rows[0])
    writer.writerows([_csv_cell(value) for value in row.values()] for row in rows)
    return out.getvalue().encode()


def _csv_cell(value: Any) -> Any:
    if isinstance(value, dict | list):
        return json.dumps(value, sort_keys=True)
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return value
    # One line a row, and nothing that a spreadsheet would run.
    return f"'{printable(value)}" if value[:1] in tuple("=+@\t\r") else printable(value)


def __getattr__(name: str) -> click.Command:
    if name in QUESTIONS:
        return _command(QUESTIONS[name])
    raise AttributeError(name)
