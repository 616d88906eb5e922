"""`studbook help`: the manual, as text, from the package itself."""

from __future__ import annotations

import io
import re
from pathlib import Path

import click

from studbook.cli.terminal import columns, echo, echo_lines, table
from studbook.errors import UsageError, meant
from studbook.packaged import packaged

_LINK = re.compile(r"\[([^]\[]+)\]\(([\w-]+)\.md(?:#[^)]*)?\)|\[([^]\[]+)\]\(#[^)]*\)")
_WIDTH = 100


@click.command(
    "help",
    epilog="""\b
Examples:
  studbook help                      what the manual has
  studbook help troubleshooting      a page of it
  studbook help configuration | less
  studbook help harvest              a command's own --help
""",
)
@click.argument("topic", required=False)
@click.pass_context
def manual(ctx: click.Context, topic: str | None) -> None:
    """Show a page of the manual, or a command's help. Without TOPIC, what there is. No network, no pager."""
    pages = topics()
    if topic is None:
        echo_lines(table(("topic", "page"), [(name, _title(path)) for name, path in pages.items()]))
        echo()
        echo("studbook help TOPIC shows a page, studbook help COMMAND the help of a command")
        return
    if topic in pages:
        echo_lines(rendered(pages[topic].read_text(encoding="utf-8"), min(_WIDTH, columns())))
        return
    root = ctx.find_root()
    group = root.command
    command = group.get_command(root, topic) if isinstance(group, click.Group) else None
    if command is None:
        raise UsageError(f"the manual has no page {topic!r}", meant(topic, pages, "'studbook help' lists them"))
    with click.Context(command, info_name=topic, parent=root) as of_command:
        echo_lines(command.get_help(of_command).splitlines())


def topics() -> dict[str, Path]:
    """The pages of the manual by name; `format` is the catalog's own description, `templates` what templates may ask
    for.
    """
    found = {path.stem: path for path in sorted(packaged("docs").glob("*.md"))}
    return found | {"format": packaged("catalog") / "README.md", "templates": packaged("templates") / "README.md"}


def _title(path: Path) -> str:
    return path.read_text(encoding="utf-8").split("\n", 1)[0].removeprefix("# ")


def rendered(text: str, width: int) -> list[str]:
    """Markdown as lines of plain text, none wider than `width`; links to other pages name their topic."""
    from rich.console import Console
    from rich.markdown import Markdown

    out = io.StringIO()
    text = _LINK.sub(lambda link: f"{link[1]} (studbook help {link[2]})" if link[2] else link[3], text)
    Console(file=out, width=width, color_system=None, force_terminal=False).print(Markdown(text, hyperlinks=False))
    return [line.rstrip() for line in out.getvalue().splitlines()]
