from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from benchmarks import register
from playwright.sync_api import Browser, Page, sync_playwright
from tests import small_catalog as small
from tests.grown_estates import commit, grown

from studbook.cli.site import listen
from studbook.queries.answer import Night
from studbook.render import build_site
from studbook.store import Catalog

_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def chromium() -> str:
    """The system's Chromium."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    assert found, "these tests need Chromium: apt-get install chromium"
    return found


@pytest.fixture(scope="session")
def sites(tmp_path_factory: pytest.TempPathFactory) -> small.Sites:
    """Both nights of the small catalog, built into one folder."""
    return small.build(tmp_path_factory.mktemp("sites"))


@pytest.fixture(scope="module")  # not longer: nothing else may use asyncio meanwhile
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium(), args=list(_ARGUMENTS))
        yield running
        running.close()


@pytest.fixture(scope="module")
def address(sites: small.Sites) -> Iterator[str]:
    """Where the small catalog's site is served."""
    with _served(sites.output) as where:
        yield where


@pytest.fixture(scope="module")
def demo_address(demo_site: Path) -> Iterator[str]:
    """Where the demo's site is served."""
    with _served(demo_site) as where:
        yield where


@pytest.fixture(scope="module")
def strange_address(strange_site: Path) -> Iterator[str]:
    """Where the site of a hostile estate is served."""
    with _served(strange_site) as where:
        yield where


@pytest.fixture(scope="module")
def large_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the site of an estate is served that has sixteen models with an owner each, and sixty-four endpoints."""
    folder = tmp_path_factory.mktemp("large")
    (folder / "catalog" / "cards").mkdir(parents=True)
    settings = register.CONFIGURATION + "site: {pictures: 'off'}\n"
    (folder / "catalog" / "studbook.yml").write_text(settings, encoding="utf-8")
    for team in range(16):
        card = f"---\nowner: Payments risk {team}\n---\nScores chats.\n"
        (folder / "catalog" / "cards" / f"team-{team}.md").write_text(card, encoding="utf-8")
    catalog = Catalog(folder / "catalog")
    commit(catalog, grown(3_000), 1)
    build_site(catalog, catalog.settings(), folder / "site")
    with _served(folder / "site") as where:
        yield where


Opener = Callable[..., AbstractContextManager[Page]]


@pytest.fixture(scope="module")
def opened(browser: Browser) -> Opener:
    """Opens pages that fail their test on a console error, an exception, a dialog, or a request to another host."""

    @contextmanager
    def open_(address: str, *, width: int = 1280, scheme: str = "light") -> Iterator[Page]:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,  # type: ignore[arg-type]
            reduced_motion="reduce",
        )
        page = context.new_page()
        wrong: list[str] = []
        page.on("console", lambda message: message.type == "error" and wrong.append(f"{page.url}: {message.text}"))
        page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
        page.on("dialog", lambda dialog: wrong.append(f"{page.url}: a dialog: {dialog.message}"))
        page.on("request", lambda request: not request.url.startswith((address, "data:")) and wrong.append(request.url))
        page.on(
            "response", lambda answer: answer.status >= 400 and wrong.append(f"{page.url}: {answer.url} is missing")
        )
        try:
            yield page
        finally:
            context.close()
        assert wrong == []

    return open_


@pytest.fixture
def page(opened: Opener, demo_address: str) -> Iterator[Page]:
    """A page of the demo's site at desktop width."""
    with opened(demo_address) as made:
        yield made


@pytest.fixture(scope="module")
def night(demo_catalog: Path) -> Night:
    """The demo's newest night, as questions see it."""
    catalog = Catalog(demo_catalog)
    envelope = catalog.resolve("latest")
    return Night.of(catalog, envelope, catalog.graph(envelope), catalog.settings())


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    server = listen(folder, 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()
