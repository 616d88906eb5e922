"""Cells of tables as HTML: most of what pages are made of, and so in Python; `partials/macros.html` has the rest.

What stands in a cell is told in `views/tables.py`. Everything that is not markup of this module is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup, escape

from studbook.render.views.tables import badge, stage_badge
from studbook.words import number, says, shown

_SPECIAL = re.compile("[&<>'\"]").search
_BETWEEN_WORDS = re.compile("(?<=[a-z])(?=[A-Z])")
_WHOLE = re.compile(
    r"(?<![\w.:/@-])(?:[a-z]{2}(?:-[a-z]+)+-[0-9]|[0-9]{12}"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z| UTC)?)?)(?![\w/-]|[.:]\w)"
)
"""A region, an account, a date or a time that is no part of an ARN, say: nothing in it is a place to break it."""
_SHORT = 16
"""Letters of a text that is not to be broken."""


def put(value: Any) -> str:
    """The HTML of a value that a template puts out; most have nothing in them to escape."""
    if value.__class__ is Markup:
        return value
    if value.__class__ is not str:
        return escape(value)
    if value.isprintable() and _SPECIAL(value) is None:
        return value
    return escape(shown(value))


def place(value: str) -> Markup:
    """A place, a sentence, or what tells a thing from its namesakes, each region, date and time in it in one line."""
    told = _WHOLE.sub(r'<span class="sb-whole">\g<0></span>', str(put(value)))  # a Markup would escape the spans
    return Markup(told)  # noqa: S704  escaped by `put`


def asset_link(link: Mapping[str, Any], root: str, kind: bool = False, title: bool = True) -> Markup:
    """A link to an asset, where it has a page, with its place and its marks; `title` is its id, shown on demand."""
    name = put(link["name"]) + (f" · {place(link['at'])}" if link["at"] else "")
    before = f'<span class="sb-kind">{put(link["kind_title"])}</span> ' if kind and link["kind_title"] else ""
    if link["path"] is None:
        told = f'<span class="sb-name">{name}</span>'
    else:
        asset_id = f' title="{put(link["id"])}"' if title else ""
        told = f'<a class="sb-name" href="{root}{put(link["path"])}"{asset_id}>{name}</a>'
    marks = "".join(f' <span class="sb-badge sb-badge--{put(mark)}">{put(mark)}</span>' for mark in link["marks"])
    return Markup(before + told + marks)  # noqa: S704  every text in it is escaped above


def asset_links(links: Sequence[Mapping[str, Any]], root: str, none_text: str = "none", where: bool = False) -> Markup:
    """Links to assets in a row of words; with `where`, each with its account where its name has no place."""
    told = (f"{asset_link(link, root)}{_where(link) if where else ''}" for link in links)
    return Markup(", ".join(told) or f'<span class="sb-quiet">{put(none_text)}</span>')  # noqa: S704  escaped above


def _where(link: Mapping[str, Any]) -> str:
    return f' <span class="sb-quiet">({place(link["where"])})</span>' if link["where"] and not link["at"] else ""


def links_from(root: str) -> tuple[Callable[..., Markup], Callable[..., Markup]]:
    """`asset_link` and `asset_links` for a page that is so far from the site's root."""

    def asset(link: Mapping[str, Any], kind: bool = False, title: bool = True) -> Markup:
        return asset_link(link, root, kind, title)

    def assets(links: Sequence[Mapping[str, Any]], none_text: str = "none", where: bool = False) -> Markup:
        return asset_links(links, root, none_text, where)

    return asset, assets


def stage(value: str | None) -> Markup:
    """A stage, nothing where there is none."""
    return Markup(_badge(stage_badge(value)))  # noqa: S704  every text in it is escaped there


def status(value: str | None) -> Markup:
    """A status, nothing where there is none."""
    return Markup(_badge(badge(value)))  # noqa: S704  every text in it is escaped there


def _badge(item: Mapping[str, Any] | None) -> str:
    """Where a card is too narrow for a long state of AWS, it breaks between two words of it."""
    if not item:
        return ""
    told = put(item["badge"])
    told = _BETWEEN_WORDS.sub("<wbr>", told) if len(told) > _SHORT else told
    return f'<span class="sb-badge sb-badge--{put(item["tone"])}">{told}</span>'


def certainty(value: str, candidate: bool = False, evidence: Sequence[str] = ()) -> Markup:
    """Who says so, with a mark where it is one of several that fit."""
    more = ' <span class="sb-badge sb-badge--wait">candidate</span>' if candidate else ""
    told = put(says(value, evidence))
    return Markup(f'<span class="sb-certainty sb-certainty--{put(value)}">{told}</span>{more}')  # noqa: S704  escaped


def evidence(lines: Sequence[str]) -> Markup:
    """Evidence, shown on demand."""
    told = "".join(f"<li><code>{put(line)}</code></li>" for line in lines)
    return Markup(f'<details class="sb-evidence"><summary>evidence</summary><ul>{told}</ul></details>')  # noqa: S704


def points(items: Sequence[Mapping[str, Any]], root: str) -> Markup:
    """The rows of a framework: what each point asks for, whether there is evidence, and what shows it."""
    return Markup("".join([_point(item, root) for item in items]))  # noqa: S704  every text in it is escaped below


def _point(item: Mapping[str, Any], root: str) -> str:
    found = f"missing: {put(', '.join(item['missing']))}" if item["missing"] else "present"
    shown_by = ", ".join(
        f"<span>{put(one)}</span>" if isinstance(one, str) else asset_link(one, root) for one in item["shown"]
    )
    asked = f'<td class="sb-place">{put(item["id"])}</td><td>{put(item["words"])}</td>'
    return f"<tr>{asked}<td>{found}</td><td>{shown_by}</td></tr>"


def cell(item: Any, root: str) -> Markup:
    """A cell, whatever stands in it."""
    return Markup(_cell(item, root))  # noqa: S704  every text in it is escaped there


def rows(items: Sequence[Sequence[Any]], root: str) -> Markup:
    """The rows of a table."""
    lines = ("".join(f"<td{_class(item)}>{_cell(item, root)}</td>" for item in row) for row in items)
    return Markup("".join(f"      <tr>{line}</tr>\n" for line in lines))  # noqa: S704  every text in it is escaped


def _class(item: Any) -> str:
    if isinstance(item, int | float):
        return ' class="sb-num"'
    if not isinstance(item, str) or len(item) > _SHORT:
        return ""
    return ' class="sb-time"' if item[4:5] == "-" and item[:4].isdigit() else ' class="sb-place"'


def _cell(item: Any, root: str) -> str:
    if isinstance(item, str):
        return put(item) if len(item) <= _SHORT else place(item)
    if item is None:
        return ""
    if isinstance(item, int | float):
        return put(number(item))
    match item:
        case {"marks": _}:
            return asset_link(item, root)
        case {"badge": _, "tone": _}:
            return _badge(item)
        case {"links": links}:
            return asset_links(links, root)
        case {"certainty": certainty, "says": who, "candidate": candidate}:
            more = ' <span class="sb-badge sb-badge--wait">candidate</span>' if candidate else ""
            return f'<span class="sb-certainty sb-certainty--{put(certainty)}">{put(who)}</span>{more}'
        case {"evidence": lines}:
            return evidence(lines)
        case {"code": text, "title": title}:
            return f'<code class="sb-digest" title="{put(title)}">{put(text)}</code>'
    return f'<a href="{root}{put(item["path"])}">{place(item["name"])}</a>'


CELLS: Final[Mapping[str, Callable[..., Any]]] = {
    "asset_link": asset_link,
    "asset_links": asset_links,
    "links_from": links_from,
    "stage_of": stage,
    "status_of": status,
    "certainty_of": certainty,
    "evidence_of": evidence,
    "cell_of": cell,
    "rows_of": rows,
    "points_of": points,
    "place_of": place,
}
"""What templates call, by the names that they have for it."""
