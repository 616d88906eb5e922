"""The `studbook` command: one module per group of commands, imported only when its command is called.

Only this package prints or exits. Facts go to standard output, progress and logs to standard error.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import sys
from importlib.util import find_spec
from itertools import pairwise
from typing import Any, NoReturn

import click

from studbook import __version__
from studbook.cli.terminal import say, style
from studbook.errors import UNWRITABLE, StudbookError, UsageError

QUESTIONS = {
    "trace": "What made ASSET: base models, data, code, evaluators.",
    "impact": "What depends on ASSET: jobs, models, deployments.",
    "runs": "Where a version runs, or what an endpoint or account runs.",
    "copies": "Where a model version, or a group's, was copied to.",
    "scores": "How a version was judged, or what an evaluator or data judged.",
    "candidates": "What is newer than what runs, and whether it is better.",
    "incident": "What bad data has reached: an S3 place, a digest, any ASSET.",
    "gaps": "What cannot be known of a version's or endpoint's origins.",
    "log": "What happened to ASSET; without ASSET, the snapshots.",
}
"""The commands of `studbook.queries.QUESTIONS`, which is not loaded to list them."""
GROUPS: dict[str, dict[str, str]] = {
    "Set up": {
        "init": "studbook.cli.init:init",
        "demo": "studbook.cli.demo:demo",
        "iam": "studbook.cli.iam:iam",
        "doctor": "studbook.cli.doctor:doctor",
        "help": "studbook.cli.help:manual",
    },
    "Harvest": {
        "harvest": "studbook.cli.harvest:harvest",
        "relink": "studbook.cli.harvest:relink",
    },
    "Build": {
        "build": "studbook.cli.site:build",
        "serve": "studbook.cli.site:serve",
        "export": "studbook.cli.export:export",
    },
    "Ask": {
        **{name: f"studbook.cli.questions:{name}" for name in QUESTIONS},
        "diff": "studbook.cli.diff:diff",
        "show": "studbook.cli.show:show",
        "compare": "studbook.cli.compare:compare",
        "check": "studbook.cli.check:check",
        "reproduce": "studbook.cli.reproduce:reproduce",
        "mcp": "studbook.cli.mcp:mcp",
    },
    "Prove": {
        "verify": "studbook.cli.verify:verify",
        "prove": "studbook.cli.prove:prove",
        "sign": "studbook.cli.sign:sign",
    },
    "Keep": {
        "nightly": "studbook.cli.nightly:nightly",
        "ci": "studbook.cli.ci:ci",
        "publish": "studbook.cli.publish:publish",
        "redact": "studbook.cli.redact:redact",
    },
}
"""The commands by what people want, as `studbook --help` lists them: heading, name, and where the command is."""
COMMANDS: dict[str, str] = {name: target for group in GROUPS.values() for name, target in group.items()}

_EPILOG = """\b
Exit codes: 0 done; 1 findings at or above the level asked for; 2 wrong usage or configuration;
3 done, but part of the harvest failed; 4 failed, and the catalog is as it was before;
5 a snapshot was written, and a later step, or pages of the site, failed.
"""


class _Lazy(click.Group):
    """A group that knows its commands by name and imports each when it is wanted."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        target = COMMANDS.get(cmd_name)
        if target is None:
            return None
        module, _, attribute = target.partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Under their headings in one column; of the questions without loading them."""
        widest = max(map(len, COMMANDS))
        for heading, group in GROUPS.items():
            rows = []
            for name in group:
                command = (
                    click.Command(name, help=QUESTIONS[name]) if name in QUESTIONS else self.get_command(ctx, name)
                )
                told = command.get_short_help_str(formatter.width - 6 - widest) if command is not None else ""
                rows.append((name.ljust(widest), told))
            with formatter.section(heading):
                formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from difflib import get_close_matches

        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = get_close_matches(args[0], COMMANDS, 1)
            if near:
                raise click.UsageError(f"{error.message} Did you mean '{near[0]}'?", ctx) from None
            raise

    def invoke(self, ctx: click.Context) -> Any:
        from studbook.cli.logs import log_to_terminal  # which costs the list of commands a tenth

        log_to_terminal(debug=bool(os.environ.get(_ASKED)))
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # click would exit with 1, which says that there are findings
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise click.exceptions.Exit(_NOBODY_READS) from None


_STOPPED = 130
"""By Ctrl-C, as shells say it; no code of the contract."""
_NOBODY_READS = 141
"""`studbook log | head -1` closed the pipe, as shells say it; no code of the contract."""
_ASKED = "STUDBOOK_TRACEBACK"
"""The variable that asks where bugs are."""


@click.group(
    cls=_Lazy, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="studbook")
def root() -> None:
    """The register of your models' ancestry: what made them, what judged them, where they run."""


def main(args: list[str] | None = None) -> None:
    """Run the command line and exit with the code that docs/commands.md gives it."""
    argv = sys.argv[1:] if args is None else args
    atexit.register(gc.freeze)  # at the end all memory is given back: nobody need look for cycles in it
    if find_spec("fcntl") is None:
        elsewhere = UsageError(
            "Studbook runs on Linux and macOS: it locks files as POSIX does", "on Windows use it within WSL 2"
        )
        _report(elsewhere, as_json=_wants_json(argv))
        sys.exit(elsewhere.exit_code)
    try:
        result: Any = root.main(argv, standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:  # its message is the help, and nothing went wrong
        for line in error.format_message().splitlines():
            say(line)
        sys.exit(2)
    except click.ClickException as error:
        _report(UsageError(error.format_message(), _usage(error)), as_json=_wants_json(argv))
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        say("stopped")
        _end(_STOPPED)
    except StudbookError as error:
        _report(error, as_json=_wants_json(argv))
        _end(error.exit_code)
    except OSError as error:
        _report(StudbookError(str(error), UNWRITABLE), as_json=_wants_json(argv))
        _end(StudbookError.exit_code)
    except MemoryError:
        _report(StudbookError("there is not enough memory", "free some, or raise the limit"), as_json=_wants_json(argv))
        _end(StudbookError.exit_code)
    except Exception as error:
        import logging

        logging.getLogger(__name__).debug("the bug is here", exc_info=True)
        from studbook.aws.errors import login_cure

        cure = login_cure(type(error).__name__)
        told = (
            UsageError(str(error), cure)
            if cure
            else StudbookError(
                f"a bug in Studbook: {type(error).__name__}: {error}", f"report it with what {_ASKED}=1 shows of it"
            )
        )
        _report(told, as_json=_wants_json(argv))
        _end(told.exit_code)
    sys.exit(result if isinstance(result, int) else 0)


def _end(code: int) -> NoReturn:
    """Ends now, whatever still hangs in a call. All that was fetched is on disk."""
    from studbook.threads import left_behind

    if left_behind():
        sys.stdout.flush()
        os._exit(code)
    sys.exit(code)


def _wants_json(argv: list[str]) -> bool:
    return "--format=json" in argv or ("--format", "json") in pairwise(argv)


def _report(error: StudbookError, *, as_json: bool) -> None:
    if as_json:
        say(json.dumps({"error": error.message, "hint": error.hint, "exit_code": error.exit_code}))
        return
    for title, color, text in (("error: ", "red", error.message), ("hint: ", "cyan", error.hint or "")):
        first, *rest = text.split("\n")
        if first or rest:
            say(style(title, color) + first)
        for line in rest:  # behind a margin, where no stranger's line break can make a line of its own kind
            say(f"  {line}")


def _usage(error: click.ClickException) -> str | None:
    """What the command takes, and where it is explained."""
    context = getattr(error, "ctx", None)
    if context is None:
        return None
    command = context.command_path
    return f"{command} {' '.join(context.command.collect_usage_pieces(context))}; see {command} --help"
