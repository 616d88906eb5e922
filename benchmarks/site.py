"""What a site costs: built cold, on a night without changes and on one with 1 % changed, beside mkdocs-material alone.

    python -m benchmarks site [ASSETS ...] [--no-stock] [--no-search]

The catalog is generated (benchmarks/register.py) and built by `studbook build`, each time in a process of its own. The
last night is built once more from nothing, elsewhere, and the two trees are compared. Then the pages that came out are
written as Markdown, tables, links and pictures alike, and plain `mkdocs build` renders them with its own search: the
pictures and charts are drawn already, and no asset is in the navigation, which is the best case for it.
"""

from __future__ import annotations

import filecmp
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import register
from benchmarks.markdown import as_markdown

from studbook.model import Asset
from studbook.store import Catalog

SIZES = (1_000, 10_000)
_TICK = 0.2
_STOCK = """site_name: Stock
site_url: https://catalog.invalid/
theme: {name: material, font: false}
plugins: [search]
validation: {nav: {omitted_files: ignore}}
nav: [index.md]
markdown_extensions:
  - admonition
  - attr_list
  - tables
  - toc: {permalink: true}
  - pymdownx.highlight
  - pymdownx.superfences
"""
_HEAD = "| build | pages | CPU s | of stock | peak MB | MB written | inodes |"


def main(arguments: list[str] | None = None) -> None:
    """Print a table for each size."""
    asked = arguments or []
    for size in [int(word) for word in asked if word.isdecimal()] or SIZES:
        with tempfile.TemporaryDirectory(prefix="studbook-site-") as folder:
            _measure(Path(folder), size, stock="--no-stock" not in asked, search="--no-search" not in asked)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one build took: processor seconds of all its processes, their memory together, and what it wrote."""

    cpu: float
    megabytes: float
    written: float
    inodes: int


def _measure(folder: Path, size: int, *, stock: bool, search: bool) -> None:
    root, output = folder / "catalog", folder / "site"
    lineage = register.lineage(size)
    catalog = register.write(root, size)
    build = [sys.executable, "-m", "studbook", "build", "--catalog", str(root), "--output"]
    costs = {"cold": _cost([*build, str(output)], output)}
    register.commit(catalog, lineage, 2)
    costs["a night without changes"] = _cost([*build, str(output)], output)
    register.commit(catalog, register.change(lineage, 3), 3)
    costs["a night with 1 % changed"] = _cost([*build, str(output)], output)
    again = folder / "again"
    costs["that night, cold"] = _cost([*build, str(again)], again)
    pages = sum(1 for _ in (output / "3").rglob("index.html"))
    if stock:
        source, plain = folder / "plain", folder / "plain" / "site"
        _write_markdown(output / "3", source)
        costs["mkdocs-material alone"] = _cost([sys.executable, "-m", "mkdocs", "build", "-q"], plain, source)
    print(f"\n{size:,} assets\n\n{_HEAD}\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    whole = costs["mkdocs-material alone"].cpu if stock else None
    for name, cost in costs.items():
        share = f"1/{whole / cost.cpu:.1f}" if whole else ""
        print(
            f"| {name} | {pages:,} | {cost.cpu:.1f} | {share} | {cost.megabytes:,.0f} | {cost.written:,.1f} "
            f"| {cost.inodes:,} |"
        )
    weight, heaviest = max((len(without_pictures(page)), page) for page in (output / "3").rglob("index.html"))
    print(f"\nthe heaviest page before pictures: {weight:,} bytes, {heaviest.relative_to(output)}")
    differing = differences(output / "3", again / "3")
    print(f"\nfiles that differ between the night and its cold build: {len(differing)}", *differing[:5], flush=True)
    if search:
        _search(output, catalog)


# --- measuring a build --------------------------------------------------------------------------------------------


def _cost(command: list[str], output: Path, where: Path | None = None) -> Cost:
    before = {inode for inode, _ in _inodes(output)}
    # What is installed has its bytecode, the theme's tools too; empty is as if it were not set.
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONDONTWRITEBYTECODE": ""}
    process = subprocess.Popen(command, cwd=where, env=environment, stdout=subprocess.DEVNULL)
    peak = [0.0]
    done = threading.Event()
    watch = threading.Thread(target=_watch, args=(process.pid, peak, done))
    watch.start()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    done.set()
    watch.join()
    if process.returncode:
        raise SystemExit(f"failed: {' '.join(command)}")
    new = {inode: count for inode, count in _inodes(output) if inode not in before}
    return Cost(used.ru_utime + used.ru_stime, max(peak[0], used.ru_maxrss / 1024), sum(new.values()) / 1e6, len(new))


def _watch(pid: int, peak: list[float], done: threading.Event) -> None:
    """Note the most memory that the process and all below it have together; what they share counts once."""
    while not done.wait(_TICK):
        peak[0] = max(peak[0], sum(_proportional(one) for one in _family(pid)) / 1024)


def _family(pid: int) -> Iterator[int]:
    yield pid
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _family(int(child))
    except OSError:
        return


def _proportional(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def _inodes(folder: Path) -> Iterator[tuple[int, int]]:
    """Number and bytes of every file and folder, each once in a dict."""
    for path in folder.rglob("*"):
        found = path.lstat()
        yield found.st_ino, found.st_size if path.is_file() else 0


def without_pictures(page: Path) -> bytes:
    """What a page is before its pictures, sparklines too."""
    return re.sub(rb"<svg.*?</svg>", b"", page.read_bytes(), flags=re.DOTALL)


def differences(one: Path, other: Path) -> list[str]:
    """The files that only one of two trees has, or that are not the same in both."""
    names = [{path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()} for root in (one, other)]
    both = sorted(names[0] & names[1])
    changed = [name for name in both if not filecmp.cmp(one / name, other / name, shallow=False)]
    return sorted(names[0] ^ names[1]) + changed


# --- the same as Markdown -----------------------------------------------------------------------------------------


def _write_markdown(site: Path, folder: Path) -> None:
    docs = folder / "docs"
    for page in site.rglob("index.html"):
        place = docs / page.relative_to(site).with_suffix(".md")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(as_markdown(page.read_text(encoding="utf-8")), encoding="utf-8")
    (folder / "mkdocs.yml").write_text(_STOCK, encoding="utf-8")


# --- search in a browser ------------------------------------------------------------------------------------------


def _search(output: Path, catalog: Catalog) -> None:
    """Type names and parts of names into the search of a page, each in a fresh browser context.

    An open search lists the newest pages before anything is typed: what is waited for is the answer to the query.
    """
    from playwright.sync_api import sync_playwright

    from studbook.cli.site import listen

    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        print("search was not measured: there is no Chromium")
        return
    server = listen(output, 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}/latest/"
    seconds, sizes = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        for query in queries(catalog):
            context = browser.new_context()
            page = context.new_page()
            loaded = [0]
            page.goto(address)
            page.on(
                "requestfinished", lambda request, loaded=loaded: loaded.append(request.sizes()["responseBodySize"])
            )
            page.keyboard.press("/")
            answer = page.get_by_role("dialog").get_by_role("status")
            answer.filter(has_text="the newest first").wait_for()
            start = time.perf_counter()
            page.keyboard.insert_text(query)
            answer.filter(has_text=re.compile(r"^(?!.*the newest first)")).wait_for()
            page.get_by_role("listbox", name="Results").get_by_role("option").first.wait_for()
            seconds.append((time.perf_counter() - start, query))
            page.wait_for_load_state("networkidle")
            sizes.append(sum(loaded))
            context.close()
        browser.close()
    server.shutdown()
    server.server_close()
    seconds.sort()
    print(
        f"search, {len(seconds)} queries in a browser, nothing cached: first result after "
        f"{seconds[len(seconds) // 2][0]:.2f} s (slowest {seconds[-1][0]:.2f} s, {seconds[-1][1]!r}); "
        f"{sum(sizes) / len(sizes) / 1e3:,.0f} KB a query (most {max(sizes) / 1e3:,.0f} KB)",
        flush=True,
    )


def queries(catalog: Catalog) -> list[str]:
    """What people type: whole names of assets of every kind, the beginnings of names, and two words."""
    assets = list(catalog.assets(catalog.resolve("latest")))
    kinds: dict[str, Asset] = {}
    for asset in assets[:: max(1, len(assets) // 500)]:
        kinds.setdefault(asset.kind, asset)
    names = sorted({asset.name for asset in kinds.values()})
    return [*names, *(sorted({name[:3] for name in names})), "s", "evaluation judge", "sft team-3"]
