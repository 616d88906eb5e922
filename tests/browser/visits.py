"""One visit to a page of each type of the demo's site, in which all is looked at that tests ask of every type.

To open a page and lay it out costs as much as any look at it. So each page is opened once, is made what each look wants
to see (a width, a palette, all of it opened, paper), and every look keeps its own list of what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator
from pathlib import Path
from typing import NamedTuple

import material
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error, Page

_MANUAL = Path(__file__).parents[2] / "docs"
_SELECTORS = re.compile(r"([^{}]+)\{[^{}]*\}")
_REACHED = """(selectors) => selectors.filter((one) => {
  const told = one.replace(/::?(before|after|marker|placeholder|-webkit-[a-z-]+|-moz-[a-z-]+)/g, "").replace(
    /:(hover|focus-visible|focus-within|focus|active|target|checked)/g, "");
  try { return document.querySelector(told) !== null; } catch { return false; }
})"""
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

_AXE = Axe()
_AXE_FINDS = """async ([tags, known]) => {
  /* Contrast takes most of axe's time, and is the same wherever texts are alike in all that axe reads for it: the
     styles of the text and of what it stands in, and what is painted over and under it. So of the texts of a page that
     are alike two are asked about, and none where one that was alike passed on a page before. Every other rule is held
     to everything, always. */
  const digest = (text) => {  // to 64 bits
    let [a, b] = [0xdeadbeef, 0x41c6ce57];
    for (let at = 0; at < text.length; at++) {
      a = Math.imul(a ^ text.charCodeAt(at), 2654435761);
      b = Math.imul(b ^ text.charCodeAt(at), 1597334677);
    }
    a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
    b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
    return `${a >>> 0} ${b >>> 0}`;
  };
  const said = (one, names, part) => {
    const how = getComputedStyle(one, part);
    return names.map((name) => how[name]);
  };
  const paint = ["backgroundColor", "backgroundImage", "opacity", "position", "float", "zIndex", "filter",
    "mixBlendMode", "clip", "clipPath", "contain", "display", "isolation", "maskImage", "overflow", "perspective",
    "visibility", "willChange"];
  const once = (make, made = new Map()) => (one) => {  // to ask for a style costs more than to look it up
    if (!made.has(one)) made.set(one, make(one));
    return made.get(one);
  };
  const painting = once((one) => said(one, paint).join());
  const beside = (one, part) =>  // without content there is nothing
    getComputedStyle(one, part).content === "none" ? "" : said(one, ["content", ...paint], part).join();
  const ground = once((one) => one && digest([ground(one.parentElement), painting(one),
    getComputedStyle(one).transform === "none", beside(one, "::before"), beside(one, "::after")].join()));
  const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  const holds = (a, b) => a.left <= b.left && b.right <= a.right && a.top <= b.top && b.bottom <= a.bottom;
  const seen = [...document.querySelectorAll("body *")].filter((one) => one.checkVisibility());
  const painted = seen.map((one) => [one, painting(one), one.getBoundingClientRect()]).filter(([one, how]) =>
    !how.startsWith("rgba(0, 0, 0, 0),none,") || one.matches("img, svg, canvas, video"));
  const alike = new Map();
  for (const one of seen) {
    const nodes = [...one.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    const own = one.matches("input, select, textarea") ? [one] : nodes.map((node) => {
      const range = document.createRange();
      range.selectNodeContents(node);
      return range;
    });
    if (!own.length) continue;
    const boxes = own.flatMap((part) => [...part.getClientRects()]);
    const text = nodes.map((node) => node.data.trim()).join("");
    const style = digest([
      said(one, ["color", "fontFamily", "fontSize", "fontWeight", "textShadow", "webkitTextFillColor",
        "webkitTextStrokeWidth"]), ground(one),
      painted.filter(([it, , box]) => boxes.some((part) => meet(part, box)) && !it.contains(one)).map(
        ([it, how, box]) => [how, one.compareDocumentPosition(it), boxes.every((part) => holds(box, part))]),
      // Of these axe says nothing: what is alike but for them may not stand behind them.
      text.length === 1, /[^\\0-\\u024f]/.test(text),
      one.closest(":disabled, [aria-disabled=true]") !== null, one.closest("label")?.control?.disabled,
    ].join());
    alike.set(style, [...(alike.get(style) ?? []), one].slice(0, 2));
  }
  const asked = new Map();
  for (const [style, several] of alike) if (!known.includes(style)) for (const one of several) asked.set(one, style);
  for (const one of asked.keys()) one.setAttribute("data-asked", "");
  axe.configure({ rules: [{ id: "color-contrast", selector: "[data-asked]" }] });
  const told = await axe.run(document, { runOnly: tags, selectors: false, elementRef: true });
  for (const one of asked.keys()) one.removeAttribute("data-asked");
  const passed = told.passes.filter((one) => one.id === "color-contrast");
  const wrong = told.violations.filter((one) => ["serious", "critical"].includes(one.impact))
    .flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.html.slice(0, 200)}`));
  return [wrong, passed.flatMap((one) => one.nodes.map((node) => asked.get(node.element)))];
}"""

WIDE_IN_PRINT = """() => {
  const room = document.querySelector("article").getBoundingClientRect().right + 1;
  return [...document.querySelectorAll("article :is(table, th, td, figure, svg, dl, pre)")]
    .filter((one) => one.checkVisibility() && one.getBoundingClientRect().right > room)
    .map((one) => one.outerHTML.slice(0, 120));
}"""
_SMALL_IN_PRINT = """() => [...document.querySelectorAll("article :is(th, td)")]
  .filter((one) => one.checkVisibility() && parseFloat(getComputedStyle(one).fontSize) < 9.99)  // 7.5 pt
  .map((one) => `${getComputedStyle(one).fontSize}: ${one.outerHTML.slice(0, 120)}`)"""
WIDE_TABLES = """() => [...document.querySelectorAll("article .sb-scroll:not(:has(.sb-matrix))")]
  .filter((one) => one.scrollWidth > one.clientWidth + 1)
  .map((one) => one.querySelector("table")?.getAttribute("aria-label"))"""

_ILL_TABLES = """() => {
  const wrong = [];
  const text = (cell) => cell ? cell.textContent.trim().replace(/\\s+/g, " ") : "";
  for (const table of document.querySelectorAll("article table:not(.sb-pairs, .sb-compare *)")) {
    const rows = [...table.tBodies].flatMap((body) => [...body.rows]), name = table.getAttribute("aria-label");
    if (rows.length < 2) continue;
    const box = table.closest(".sb-scroll") ?? table;
    const near = [box.previousElementSibling, box.nextElementSibling, box.closest(".sb-explore")];
    const takes = near.flatMap((one) => one ? [...one.querySelectorAll("button")] : []);
    if (!takes.some((one) => one.textContent === "CSV" && one.checkVisibility())) wrong.push(`${name}: no CSV`);
    const paged = takes.some((one) => one.textContent === "Next");  // a page alone says nothing of the others
    if (paged || table.matches(".sb-matrix")) continue;
    [...table.tHead.rows[0].cells].forEach((head, at) => {
      const first = rows[0].cells[at], one = text(first);
      const opens = !first || first.querySelector("button, details");
      const same = at && !head.hidden && !opens && rows.every((row) => text(row.cells[at]) === one);
      if (same) wrong.push(`${name}: ${text(head)} is ${one} in every row`);
    });
    const right = (one) => one.getBoundingClientRect().right;
    for (const svg of table.querySelectorAll("td svg"))
      if (svg.checkVisibility() && right(svg) > right(svg.closest("td"))) wrong.push(`${name}: a chart is cut`);
  }
  const pressed = "article :is(th button, .sb-pick, [data-chip]), .md-version__current";
  for (const one of document.querySelectorAll(pressed)) {
    const { width, height } = one.getBoundingClientRect();
    if (one.checkVisibility() && Math.min(width, height) < 24) wrong.push(`${text(one)}: ${width} by ${height}`);
  }
  return wrong;
}"""

_BROKEN = """() => {
  const wrong = [], texts = document.createTreeWalker(document.querySelector("article"), NodeFilter.SHOW_TEXT);
  const whole = /(?<![\\w.:\\/@-])([a-z]{2}(-[a-z]+)+-\\d|\\d{4}-\\d\\d-\\d\\d|\\d{12})(?![\\w.:\\/-])/g;
  for (let text; (text = texts.nextNode());) {
    if (!text.parentElement.checkVisibility() || text.parentElement.closest("svg, pre, code")) continue;
    for (const found of text.data.matchAll(whole)) {
      const range = document.createRange();
      range.setStart(text, found.index);
      range.setEnd(text, found.index + found[0].length);
      const lines = new Set([...range.getClientRects()].filter((box) => box.width).map((box) => Math.round(box.top)));
      if (lines.size > 1) wrong.push(`${found[0]}: ${text.parentElement.closest("td, dd, li, p, div").textContent}`);
    }
  }
  return wrong;
}"""


def one_of_each(site: Path) -> list[str]:
    """The addresses of one page of each type; of the assets of a kind, the one with the most to show."""
    found: dict[str, tuple[int, str]] = {}
    top = site / "latest"
    for file in sorted(top.rglob("index.html")):
        path = file.parent.relative_to(top).as_posix() + "/"
        kind = path.split("/")[0] if path.count("/") > 1 else path
        found[kind] = max(found.get(kind, (0, "")), (file.stat().st_size, "" if path == "./" else path))
    assert len(found) > 45
    return sorted(path for _, path in found.values())


def stylesheets(site: Path, name: str) -> tuple[str, str]:
    """One of Material's stylesheets, as the site ships it and as it is."""
    (shipped,) = (site / "latest" / "assets" / "stylesheets").glob(f"{name}.*.min.css")
    whole = Path(material.__file__).parent / "templates" / "assets" / "stylesheets" / shipped.name
    return shipped.read_text(), whole.read_text()


def left_out(site: Path) -> list[str]:
    """The selectors of Material's stylesheets that the site ships without."""
    lost: set[str] = set()
    for name in ("main", "palette"):
        shipped, whole = stylesheets(site, name)
        lost |= set(_SELECTORS.findall(whole)) - set(_SELECTORS.findall(shipped))
    return sorted(lost)


def serious(page: Page, known: set[str]) -> list[str]:
    """What axe finds; of contrast, in texts that are like none of the known: those that passed, which become more."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE.axe_script)
    found, passed = page.evaluate(_AXE_FINDS, [_TAGS, [*known]])
    known.update(passed)
    return [f"{page.url} {wrong}" for wrong in found]


_BREAKABLE = """() => {
  const wrong = [], texts = document.createTreeWalker(document.querySelector("article"), NodeFilter.SHOW_TEXT);
  const times = /(?<![\\w.:\\/@-])\\d{4}-\\d\\d-\\d\\d([T ]\\d\\d:\\d\\d(:\\d\\d(\\.\\d+)?)?(Z| UTC)?)?(?![\\w.\\/-])/g;
  for (let text; (text = texts.nextNode());) {
    const one = text.parentElement;
    if (one.closest("svg, pre, code, option, script, .sb-name")) continue;
    if (getComputedStyle(one).whiteSpace === "nowrap") continue;
    for (const [time] of text.data.matchAll(times)) wrong.push(`${time}: ${text.data}`);
  }
  return wrong;
}"""


_CUT = """() => {
  const wrong = [], texts = document.createTreeWalker(document.querySelector("article"), NodeFilter.SHOW_TEXT);
  const above = (one, stops) => {
    while (one.localName !== "article" && !stops(getComputedStyle(one))) one = one.parentElement;
    return one;
  };
  for (let text; (text = texts.nextNode());) {
    const own = text.parentElement;
    if (!text.data.trim() || !own.checkVisibility() || own.closest("svg, pre, .sb-canvas")) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    const right = Math.max(...[...range.getClientRects()].map((box) => box.right));
    const block = above(own, (how) => !how.display.startsWith("inline"));
    const hides = above(own, (how) => how.overflowX !== "visible");
    const scrolls = ["auto", "scroll"].includes(getComputedStyle(hides).overflowX);
    const boxes = scrolls ? [] : [block, hides];
    if (boxes.some((box) => box.clientWidth > 2 && right > box.getBoundingClientRect().right + 2))
      wrong.push(text.data.trim());
  }
  return wrong;
}"""


class Look(NamedTuple):
    """What a test asks of every page type, and what a page is to be like for it."""

    finds: Callable[[Page], list[str]]
    """What is wrong with the page that is open."""
    pages: str = "site manual"
    """Of which pages: `site`, one of each type; `manual`, all of it; `specimen`, two of the manual; `card`, a card."""
    width: int = 1280
    scheme: str = "light"
    opened: bool = False
    """Whether all is opened that can be."""
    settled: bool = True
    """Whether what the page fetches is there, too."""
    paper: bool = False


PRINTED_WIDTH = 688
"""Pixels that are left of its width by the margins."""
_AS = """async ([scheme, opened, paper]) => {
  const shown = () => document.body.dataset.mdColorScheme ?? scheme;  // a card has one palette
  if (shown() !== scheme) document.querySelector("[data-md-component=palette] label:not([hidden])").click();
  for (const one of document.querySelectorAll(opened ? "details:not([open])" : "details[data-visited]")) {
    one.open = opened;
    one.toggleAttribute("data-visited", opened);
  }
  if (paper) dispatchEvent(new Event("beforeprint"));
  for (let frames = 0; frames < 2; frames += 1) await new Promise(requestAnimationFrame);  // for who observes a size
  return shown() === scheme;
}"""


def looks(site: Path) -> dict[str, Look]:
    """All looks, by name, in the order in which the fewest changes make a page what they want; paper is not undone."""
    known: set[str] = set()

    def asked(script: str, given: object = None) -> Callable[[Page], list[str]]:
        return lambda page: [f"{page.url} {one}" for one in page.evaluate(script, given)]

    def axe(page: Page) -> list[str]:
        return serious(page, known)

    return {
        "unreached-styles": Look(asked(_REACHED, left_out(site)), settled=False),
        "axe-1280-light": Look(axe, opened=True, settled=False),
        "tables": Look(asked(_ILL_TABLES), "site card", opened=True),
        "times": Look(asked(_BREAKABLE), "site"),
        "breaks-1280": Look(asked(_BROKEN), "site"),
        "breaks-390": Look(asked(_BROKEN), "site", 390),
        "cut-390": Look(asked(_CUT), "site", 390),
        "axe-390-dark": Look(axe, "site specimen", 390, "dark", opened=True, settled=False),
        "wide-390": Look(asked(WIDE_TABLES), "site specimen card", 390, "dark", opened=True),
        "paper": Look(asked(WIDE_IN_PRINT), width=PRINTED_WIDTH, paper=True),
        "times-paper": Look(asked(_BREAKABLE), "site", PRINTED_WIDTH, paper=True),
        "paper-letters": Look(asked(_SMALL_IN_PRINT), width=PRINTED_WIDTH, paper=True),
    }


def _emulate(page: Page, look: Look) -> None:
    page.set_viewport_size({"width": look.width, "height": 1000 if look.paper else 900})
    page.emulate_media(media="print" if look.paper else "null", color_scheme=look.scheme)  # type: ignore[arg-type]


def visit(page: Page, address: str, site: Path, names: Container[str]) -> dict[str, list[str]]:
    """What the looks of these names find, in one visit to each page of the newest night that one of them wants."""
    wanted = {name: look for name, look in looks(site).items() if name in names}
    found: dict[str, list[str]] = {name: [] for name in wanted}
    for path, kinds in _pages(site):
        page_is = None
        for name, look in wanted.items():
            if not kinds & set(look.pages.split()):
                continue
            try:
                if (wants := (look.width, look.scheme, look.opened, look.paper)) != page_is:
                    _emulate(page, look)
                    if page_is is None:
                        page.goto(f"{address}latest/{path}")
                    scheme = {"light": "default", "dark": "slate"}[look.scheme]
                    assert page.evaluate(_AS, [scheme, look.opened, look.paper])
                    page_is = wants
                if look.settled:
                    page.wait_for_load_state("networkidle")
                found[name] += look.finds(page)
            except Error as error:  # what one look stumbles over is no other's
                found[name].append(f"{page.url} {error}")
    return found


def _pages(site: Path) -> Iterator[tuple[str, set[str]]]:
    """The path of one page of each type, and of a card, with what it is to a look."""
    moved = site / "latest" / "manual"  # where the site has a page of that name
    manual = {f"{file.stem}/" for file in _MANUAL.glob("*.md") if not (moved / file.stem).exists()}
    assert len(manual) > 9
    for path in one_of_each(site):
        if path == "configuration/" or path.startswith("manual/"):
            yield path, {"manual", "specimen"}
        else:
            yield path, {"manual" if path in manual else "site"}
    card = max((site / "latest" / "model-package").glob("support-bot-4-*/card.html"))
    yield card.relative_to(site / "latest").as_posix(), {"card"}
