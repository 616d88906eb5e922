"""The one exit to the terminal: whatever a command shows a person goes through `echo`, which escapes what must not be
acted on, and `write` is for bytes that programs read.

Names, messages and arguments come from strangers. `echo` writes every character that a terminal would act on, or that
hides itself or others (control bytes, bidirectional and zero-width characters), as an escape like `\\x1b`. Colours are
marks that nobody outside this process can write, and become SGR codes here alone, where there is a terminal.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import click

_NONCE: Final = os.urandom(8).hex()
_MARK: Final = re.compile(f"\0{_NONCE}:([a-z]*)\0")
_STYLES: Final[dict[str, dict[str, Any]]] = {
    "bold": {"bold": True},
    "dim": {"dim": True},
    **{color: {"fg": color} for color in ("red", "yellow", "green", "cyan")},
}
_BLANK: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""What Python calls printable and nobody sees: fillers, joiners, variation selectors."""
WIDTH: Final = 100
"""Columns where nothing tells how wide the terminal is."""
_LEAST: Final = 6
"""Columns below which a cell is not cut."""
_SENTENCE: Final = len("2026-11-21T23:30:00Z")
"""Columns below which a sentence does not go on below itself before other cells are cut: a time in it is whole."""
_TIME: Final = re.compile(r"(?:\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}(?::\d{2})?Z?)?)?")


def printable(text: object) -> str:
    """The text with every character that a terminal would act on, or hide, written as an escape."""
    shown = str(text)
    if shown.isascii() and shown.isprintable():
        return shown
    return "".join(
        char if char.isprintable() and not _BLANK.match(char) else char.encode("unicode_escape").decode()
        for char in shown
    )


def style(text: str, name: str | None) -> str:
    """The text in `bold`, `dim`, or a colour; an empty one stays empty."""
    return f"\0{_NONCE}:{name}\0{text}\0{_NONCE}:\0" if text and name else text


def bold(text: str) -> str:
    """`style`, in bold."""
    return style(text, "bold")


def dim(text: str) -> str:
    """`style`, dim."""
    return style(text, "dim")


def uncolored(text: str) -> str:
    """The text without colours, as `echo` writes it into a file."""
    return printable(_MARK.sub("", text))


def code_block(lines: Iterable[str]) -> Iterator[str]:
    """Lines for a code block of Markdown, where strangers' words are acted on by nobody.

    One that begins with a space closes no block.
    """
    return (f" {uncolored(line)}" for line in lines)


def echo(line: str = "", *, err: bool = False) -> None:
    """Write one line for a person: a line break within it is a stranger's, and is escaped like the rest."""
    parts = _MARK.split(line)
    out = []
    for name, text in zip(["", *parts[1::2]], parts[::2], strict=True):
        shown = printable(text)
        out.append(click.style(shown, **_STYLES[name]) if name and shown else shown)
    click.echo("".join(out), err=err)


def echo_lines(lines: Iterable[str], *, err: bool = False) -> None:
    """Write lines for a person."""
    for line in lines:
        echo(line, err=err)


def echo_folded(lines: Iterable[str]) -> None:
    """Write lines for a person; one that is too long goes on below itself, further in. Ids stay whole."""
    for line in lines:
        text = line.lstrip(" ")
        margin = " " * (len(line) - len(text))
        room = columns() - len(margin)
        for part in folded(text, room, "    ", whole_words=True) if wide(text) > room else [text]:
            echo(margin + part)


def say(line: str) -> None:
    """Write one line of progress, a remark or a warning: to standard error."""
    echo(line, err=True)


def write(data: bytes) -> None:
    """Write bytes for a program to standard output; on a terminal without what it would act on.

    There the escapes are those of JSON, in which most of it is written.
    """
    if sys.stdout.isatty():
        text = data.decode("utf-8", "backslashreplace")
        click.echo("".join(char if char in "\n\t" else _in_json(char) for char in text), nl=False)
        return
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _in_json(char: str) -> str:
    if char.isprintable() and not _BLANK.match(char):
        return char
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def write_json(thing: Any) -> None:
    """One canonical line on standard output: what is printed depends on the catalog alone."""
    from studbook.model.canonical import canonical

    write(canonical(thing) + b"\n")


def write_document(thing: Any) -> None:
    """JSON on standard output, indented for readers."""
    write(json.dumps(thing, indent=2).encode() + b"\n")


# --- widths -------------------------------------------------------------------------------------------------------


def columns() -> int:
    """How many characters a line may have: the terminal's, or `WIDTH` where there is none."""
    return shutil.get_terminal_size((WIDTH, 24)).columns


def wide(text: str) -> int:
    """How many columns a text takes once it is printed: wide characters two, combining ones none."""
    shown = uncolored(text)
    if shown.isascii():
        return len(shown)
    return sum(map(_wide, shown))


def _wide(char: str) -> int:
    return 0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1


def cut(text: str, room: int) -> str:
    """A text that fits: the middle goes, since what tells names apart is at their ends."""
    if wide(text) <= room:
        return text
    styled, shown = _MARK.findall(text), uncolored(text)
    head = (room - 1) // 2
    short = f"{_first(shown, head)}…{_first(shown[::-1], room - 1 - head)[::-1]}"
    return style(short, styled[0]) if styled and styled[0] else short


def _first(text: str, room: int) -> str:
    for at, char in enumerate(text):
        room -= _wide(char)
        if room < 0:
            return text[:at]
    return text


def folded(text: str, room: int | None = None, indent: str = "", *, whole_words: bool = False) -> Iterator[str]:
    """A sentence in lines that fit; words longer than a line are cut, unless they must be whole to be pasted."""
    room = columns() if room is None else room
    line = ""
    for whole in text.split(" "):
        word = whole if whole_words else cut(whole, room - len(indent))
        if line and wide(line) + 1 + wide(word) > room:
            yield line.rstrip(" ")
            line = indent
        line = f"{line} {word}" if line.strip() else line + word
    yield line


def table(head: Sequence[str], rows: Iterable[Sequence[str]], room: int | None = None) -> Iterator[str]:
    """Lines of aligned columns under a dim head, none wider than the terminal, as `table_parts` makes them."""
    return (line for part in table_parts(head, rows, room) for line in part)


def table_parts(head: Sequence[str], rows: Iterable[Sequence[str]], room: int | None = None) -> Iterator[list[str]]:
    """The head of a table, then each of its rows, as the lines that it takes.

    A sentence in the last column gives way first, since it goes on below itself; then the widest columns, but for
    times, which say nothing when they are cut; cells are cut in the middle. The last column is not padded.
    """
    cells = [list(row) for row in rows]
    widths = [max(wide(row[i]) for row in [list(head), *cells]) for i in range(len(head))]
    room = (columns() if room is None else room) - 2 * (len(head) - 1)
    if cells and all(map(_is_sentence, filter(None, (row[-1] for row in cells)))):
        widths[-1] = max(min(widths[-1], _SENTENCE), widths[-1] - max(0, sum(widths) - room))
    giving = [at for at in range(len(head)) if not all(_TIME.fullmatch(row[at]) for row in cells)]
    if sum(min(width, _LEAST) if at in giving else width for at, width in enumerate(widths)) > room:
        giving = list(range(len(head)))
    while sum(widths) > room and giving and max(widths[at] for at in giving) > _LEAST:
        widest = max(widths[at] for at in giving)
        next_wide = max([_LEAST, *(widths[at] for at in giving if widths[at] < widest)])
        many = sum(widths[at] == widest for at in giving)
        over = sum(widths) - room
        step = max(1, min(widest - next_wide, -(-over // many)))
        for at in giving:
            if widths[at] == widest and over > 0:
                widths[at] -= min(step, over)
                over -= step
    yield [dim(_line(head, widths))]
    for *row, last in cells:
        sentence = _is_sentence(last) and wide(last) > widths[-1]
        first, *rest = folded(last, widths[-1]) if sentence else [last]
        yield [_line([*row, first], widths), *(_line([*[""] * len(row), more], widths) for more in rest)]


def _is_sentence(cell: str) -> bool:
    """Whether it can go on below itself."""
    return " " in cell and not _MARK.search(cell)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    fitting = [cut(cell, width) for cell, width in zip(row, widths, strict=True)]
    padded = [cell + " " * (width - wide(cell)) for cell, width in zip(fitting, widths, strict=True)]
    while padded and not padded[-1].strip():
        padded.pop()
    if not padded:
        return ""
    return "  ".join([*padded[:-1], fitting[len(padded) - 1]])
