"""What cannot be made of one asset costs that page, or that file, and nobody the site."""

from __future__ import annotations

import json
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest
from tests import small_catalog as small

from studbook.cli import main
from studbook.cli.site import listen
from studbook.errors import BuildError, StudbookError
from studbook.mcp import BuiltSite
from studbook.model.ids import page_path
from studbook.render import answers, build_site, downloads, views
from studbook.render.page_writer import KnownBuild
from studbook.render.views import card, dossier
from studbook.store import Catalog

TURNED = {"curves": {"loss": 5}}
"""What no view expects of an MLflow run: a curve that is a number."""


def odd_night(folder: Path, asset_id: str, odd: dict[str, Any]) -> Catalog:
    """The small catalog, and a third night on which an asset has attributes that no source gives."""
    made = small.catalog(folder / "catalog")
    some = [one.but(attributes={**one.attributes, **odd}) if one.id == asset_id else one for one in small.assets()]
    small.commit(made, some, small.edges(), "2026-11-25T02:00:00Z")
    return made


def test_one_page_says_that_it_could_not_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The kind of error and its place in our code stand in the page's place; `build` names it and exits with 5; the
    answers beside it and all other pages are made."""
    made = odd_night(tmp_path, small.JOB, {"curves": 3})
    with pytest.raises(SystemExit) as stopped:
        main(["build", "--catalog", str(made.root), "--output", str(tmp_path / "site")])
    out, err = capsys.readouterr()
    told = (tmp_path / "site" / "3" / page_path("training_job", small.JOB) / "index.html").read_text()

    assert stopped.value.code == 5
    place = page_path("training_job", small.JOB)
    assert f"could not be made: {place}: AttributeError at render/views/asset.py:" in err
    assert "1 file could not be made" in out
    assert "This page could not be made" in told
    assert "AttributeError at render/views/asset.py:" in told.replace("<code>", "").replace("</code>", "")
    assert str(Path(small.__file__).parents[1]) not in told
    assert "answers" in json.loads((tmp_path / "site" / "3" / place / "index.json").read_text())
    assert (tmp_path / "site" / "3" / "index.html").exists()
    others = [page for page in (tmp_path / "site" / "3").rglob("index.html") if page.parent.name != Path(place).name]
    assert len(others) > 50
    assert not any("This page could not be made" in page.read_text() for page in others)


def test_what_a_template_fails_at_is_told_of_each_page(tmp_path: Path) -> None:
    """A chart that cannot be drawn costs the pages that would show it."""
    made = odd_night(tmp_path, small.RUN, TURNED)
    (built,) = build_site(made, small.SETTINGS, tmp_path / "site")

    assert {line.partition(":")[0] for line in built.failed} >= {page_path("mlflow_run", small.RUN)}
    assert all("TypeError at render/charts.py:" in line for line in built.failed)
    assert built.failed == tuple(dict.fromkeys(built.failed))
    assert f"{len(built.failed)} files could not be made" in built.sentence


def test_it_is_tried_again(tmp_path: Path) -> None:
    """The next build of an equal night makes it anew, and links all others."""
    made = odd_night(tmp_path, small.RUN, TURNED)
    (first,) = build_site(made, small.SETTINGS, tmp_path / "site")
    (second,) = build_site(made, small.SETTINGS, tmp_path / "site")
    known = KnownBuild.read(tmp_path / "site" / ".studbook" / "3.known")

    assert second.failed == first.failed
    assert second.written == len(second.failed)
    assert known is not None
    assert page_path("mlflow_run", small.RUN) not in known.pages


def failing(real: Any, position: int) -> Any:
    """A function as it was, but for the endorsed version of the small catalog, of which it raises."""

    def raises(*of: Any, **more: Any) -> Any:
        asset = of[position]
        if (asset.id if hasattr(asset, "id") else asset) == small.CLONE:
            raise KeyError("hf_" + "s" * 34)
        return real(*of, **more)

    return raises


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, tuple[str, ...]]:
    """A site of which a version's answers, comparison, downloads, card and dossier met a bug; and what `build` says."""
    made = small.catalog(tmp_path / "catalog")
    monkeypatch.setattr(answers, "of_asset", failing(answers.of_asset, 1))
    monkeypatch.setattr(dossier, "dossier_page", failing(dossier.dossier_page, 1))
    monkeypatch.setattr(views, "compare_file", failing(views.compare_file, 1))
    monkeypatch.setattr(downloads, "pedigree_of", failing(downloads.pedigree_of, 1))
    monkeypatch.setattr(card, "card_page", failing(card.card_page, 1))
    (built,) = build_site(made, small.SETTINGS, tmp_path / "site")
    return tmp_path / "site" / "2", built.failed


def test_no_answer_is_replaced_by_an_empty_one(broken: tuple[Path, tuple[str, ...]]) -> None:
    """Answers, comparison, downloads, card, dossier: each says in its own form that it could not be made, and what an
    exception said, which may quote anything, is nowhere."""
    site, failed = broken
    folder = site / page_path("model_package", small.CLONE)
    told = [folder / "index.json", folder / "pedigree.json", folder / "model.cdx.json"]
    told.append(site / "compare" / f"{page_path('model_package', small.CLONE).rstrip('/')}.json")
    for path in told:
        data = json.loads(path.read_text())
        assert data.keys() == {"asset", "error", "hint"}
        assert data["error"].startswith("could not be made: KeyError at ")
        assert "report it" in data["hint"]
    with zipfile.ZipFile(folder / "evidence.zip") as pack:
        assert pack.namelist() == ["NOT-MADE.json"]
    clone = next(one for one in small.assets() if one.id == small.CLONE)
    for page in (folder / "card.html", site / dossier.path_of(clone) / "index.html"):
        assert "This page could not be made" in page.read_text()
    assert len(failed) >= 5
    for path in site.rglob("*"):
        assert not path.is_file() or b"hf_sss" not in path.read_bytes()


def test_a_mistake_in_ones_own_template_is_one_of_the_build(tmp_path: Path) -> None:
    """Whatever kind of error it raises: with file and line, and no site."""
    made = small.catalog(tmp_path / "catalog")
    own = made.root / "mine" / "assets"
    own.mkdir(parents=True)
    (own / "code.html").write_text("fine\n{{ 1 + asset.name }}")
    settings = small.SETTINGS.model_copy(update={"site": small.SETTINGS.site.model_copy(update={"templates": "mine"})})
    with pytest.raises(BuildError, match=r"mine/assets/code\.html:2: TypeError"):
        build_site(made, settings, tmp_path / "site")


def test_agents_are_told(broken: tuple[Path, tuple[str, ...]]) -> None:
    """Of a site whose answers could not be made an agent gets that, and no answer."""
    server = listen(broken[0].parent, 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        site = BuiltSite(f"http://127.0.0.1:{server.server_address[1]}/")
        with pytest.raises(StudbookError, match="could not be made: KeyError"):
            site.answer("runs", small.CLONE, "latest", {}, None, whole=False)
    finally:
        server.shutdown()
        server.server_close()
