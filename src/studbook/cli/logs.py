"""Log handler: warnings of every library, through the one exit to the terminal."""

from __future__ import annotations

import logging
import traceback

from studbook.cli.terminal import say


def log_to_terminal(*, debug: bool) -> None:
    """Show warnings from now on, and with `debug` all that Studbook itself logs."""
    root = logging.getLogger()
    if not any(isinstance(handler, _Warnings) for handler in root.handlers):
        root.addHandler(_Warnings())
    logging.getLogger("studbook").setLevel(logging.DEBUG if debug else logging.NOTSET)


class _Warnings(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        say(f"{record.levelname.lower()}: {record.getMessage()}")
        if record.exc_info:  # where it was, not what it said: that may be a stranger's secret
            for line in "".join(traceback.format_tb(record.exc_info[2])).splitlines():
                say(line)
