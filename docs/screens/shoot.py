"""Pictures of each page type of the demo's site: `make screenshots` runs this after `make demo`.

    python docs/screens/shoot.py build/demo/site [NAME...]

It serves the site on this machine, drives the system's Chromium, and writes WebP pictures and `README.md` beside
itself: of every page type, or of those that are named.
"""

from __future__ import annotations

import base64
import shutil
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from studbook.cli.site import listen

HERE = Path(__file__).parent

SIZES = {"desktop": (1280, 960, 0.6), "phone": (390, 780, 0.72)}
"""Width and height of the window, and how much of it the picture keeps."""

QUALITY = 55


def first(section: str, name: str) -> Callable[[Page], None]:
    """Goes to the asset of that name by its link in an overview."""

    def go(page: Page) -> None:
        page.goto(f"{page.url}{section}/")
        page.get_by_role("link", name=name, exact=True).first.evaluate("link => { location.href = link.href; }")
        page.wait_for_url(lambda url: f"/{section}/" not in url)

    return go


def overview(path: str) -> Callable[[Page], None]:
    """Goes to a page that the site has once."""

    def go(page: Page) -> None:
        page.goto(f"{page.url}{path}")

    return go


def searched(page: Page) -> None:
    """Home, with the search open."""
    page.keyboard.press("/")
    page.keyboard.type("support-bot", delay=20)
    page.get_by_role("listbox", name="Results").get_by_role("option").first.wait_for()


PAGES: dict[str, tuple[str, str, Callable[[Page], None]]] = {
    "home": ("Home", "a row for each model line, worst first; last night; the nights before", overview("")),
    "model-version": ("Model version", "the model card", first("models", "support-bot 4")),
    "model": ("Model", "its versions, its way through the accounts, its scores", first("models", "support-bot · dev")),
    "dataset": ("Dataset", "its states over time, and who read them", first("datasets", "support-chats")),
    "evaluator": ("Evaluator", "its versions, and what it judged", first("evaluators", "support-helpfulness")),
    "endpoint": ("Endpoint", "what answers here, back to its origins", first("deployments", "support-bot-prod")),
    "experiment": ("Experiment", "runs across parameters and metrics", first("experiments", "support-bot-evaluation")),
    "job": ("Job", "what went in, what came out, its curves", first("jobs", "support-bot-rlvr-20261119")),
    "models": ("Overviews", "sorted, filtered, in pages", overview("models/")),
    "deployments": ("Deployments", "where models answer, and which", overview("deployments/")),
    "explore": ("Explore", "what made an asset and what depends on it, in five lanes", overview("explore/")),
    "compare": ("Compare", "a verdict first, then what differs", overview("compare/")),
    "changes": ("Changes", "between any two nights", overview("changes/")),
    "findings": ("Findings", "what the rules say, and what mends it", overview("findings/")),
    "coverage": ("Coverage", "what could not be seen, and why", overview("coverage/")),
    "account": ("Account", "what it holds and what runs there", overview("accounts/222222222222/")),
    "audit": ("Audit", "digests, the chain, downloads", overview("audit/")),
    "search": ("Search", "over every page, by keyboard, with facets", searched),
}


def shoot(browser: Browser, address: str, target: Path, size: str, scheme: str, go: Callable[[Page], None]) -> None:
    """One picture of what a window shows."""
    width, height, scale = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(f"{address}latest/")
    page.wait_for_load_state("networkidle")
    go(page)
    page.wait_for_load_state("networkidle")
    clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": scale}
    ask = {"format": "webp", "quality": QUALITY, "clip": clip}
    shot = context.new_cdp_session(page).send("Page.captureScreenshot", ask)
    target.write_bytes(base64.b64decode(shot["data"]))
    context.close()


def told() -> str:
    """The page that shows the pictures."""
    out = ["# Screens", "", "Each page type of the demo's catalog. `make screenshots` makes them again.", ""]
    for name, (title, words, _) in PAGES.items():
        out += [f"## {title}: {words}", ""]
        for scheme in ("light", "dark"):
            for size, width in (("desktop", 560), ("phone", 205)):
                alt = f"{title}, {size}, {scheme}"
                out.append(f'<img src="{name}-{size}-{scheme}.webp" alt="{alt}" width="{width}">')
        out.append("")
    return "\n".join(out)


def main(site: Path, *names: str) -> None:
    """Page types in both sizes and both palettes."""
    server = listen(site, 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}/"
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for name in names or PAGES:
            _, _, go = PAGES[name]
            for size in SIZES:
                for scheme in ("light", "dark"):
                    shoot(browser, address, HERE / f"{name}-{size}-{scheme}.webp", size, scheme, go)
        browser.close()
    server.shutdown()
    (HERE / "README.md").write_text(told(), encoding="utf-8")
    pictures = list(HERE.glob("*.webp"))
    print(f"{len(pictures)} pictures, {sum(path.stat().st_size for path in pictures):,} bytes, in {HERE}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
