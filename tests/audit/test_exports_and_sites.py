"""A whole export, and a published site, are held against the catalog that they came from."""

from __future__ import annotations

import json
import random
import threading
from pathlib import Path

import pytest
from tests import small_catalog as small

from studbook.cli import main
from studbook.cli.site import listen
from studbook.render import build_site


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> small.Sites:
    folder = tmp_path_factory.mktemp("small")
    catalog = small.catalog(folder / "catalog")
    return small.Sites(catalog, folder / "site", build_site(catalog, small.SETTINGS, folder / "site"))


def run(*args: object) -> int:
    with pytest.raises(SystemExit) as end:
        main([str(arg) for arg in args])
    return int(end.value.code or 0)


def test_exports(sites: small.Sites, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As a document and as lines: any flipped byte is found, and the row that was altered is named."""
    at = ("--catalog", sites.catalog.root)
    for options in ((), ("--lines",), ("--as-of", "1")):
        path = tmp_path / "export.json"
        assert run("export", "json", "--output", path, *options, *at) == 0
        assert run("verify", path, *at) == 0
        assert run("verify", path, "--anchor", sites.catalog.resolve("latest").envelope, *at) == 0
        whole = path.read_bytes()
        draw = random.Random(17)
        for place in (0, 1, len(whole) - 1, *(draw.randrange(len(whole)) for _ in range(12))):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            assert run("verify", path, *at) == 1, place
    path.write_bytes(whole.replace(b'"approval":"Approved"', b'"approval":"Rejected"', 1))
    assert path.read_bytes() != whole
    capsys.readouterr()
    assert run("verify", path, "--format", "json", *at) == 1
    [damage] = json.loads(capsys.readouterr().out)["damages"]
    assert damage["place"] == "assets"
    assert "model-package/bot/" in damage["message"]
    assert run("verify", path, "--catalog", tmp_path / "none") != 0


def test_sites(sites: small.Sites, capsys: pytest.CaptureFixture[str]) -> None:
    """In a folder and at an address: a page that was altered, taken away or planted is named."""
    at = ("--catalog", sites.catalog.root)
    page = next((sites.output / "2" / "endpoint").rglob("index.html"))
    whole = page.read_bytes()
    page.write_bytes(whole + b" ")
    (sites.output / "2" / "planted.html").write_text("x")
    lost = sites.output / "2" / "llms.txt"
    told = lost.read_bytes()
    lost.unlink()
    capsys.readouterr()
    assert run("verify", sites.output, "--format", "json", *at) == 1
    named = {damage["place"] for damage in json.loads(capsys.readouterr().out)["damages"]}
    assert {"2/planted.html", "2/llms.txt", str(page.relative_to(sites.output))} <= named
    lost.write_bytes(told)
    (sites.output / "2" / "planted.html").unlink()
    page.write_bytes(whole)
    server = listen(sites.output, 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        address = f"http://127.0.0.1:{server.server_address[1]}/"
        assert run("verify", address, *at) == 0
    finally:
        server.shutdown()
        server.server_close()
