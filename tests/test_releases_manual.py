"""`make manual`: the manual of a release, kept beside those of the others."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from studbook import __version__

TOP = Path(__file__).parent.parent


class Clone:
    """A clone of the repository with the files that a manual is made of."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in (".ci/manual", "mkdocs.yml", "manual.yml", "docs/start.md", "docs/commands.md"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TOP / name, folder / name)
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit()

    def git(self, *words: str) -> str:
        told = subprocess.run(
            ["git", *words], check=True, cwd=self.folder, env=self.env, capture_output=True, text=True
        )
        return told.stdout

    @property
    def env(self) -> dict[str, str]:
        people = {f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        return os.environ | people

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "x")

    def has(self, version: str) -> None:
        """An earlier release's manual."""
        self.git("switch", "--quiet", "--orphan", "gh-pages")
        for place in (version, "latest"):
            (self.folder / place).mkdir()
            (self.folder / place / "index.html").write_text(version)
        (self.folder / "versions.json").write_text(
            json.dumps([{"version": version, "title": version, "aliases": ["latest"]}])
        )
        self.commit()
        self.git("switch", "--quiet", "main")

    def manual(self) -> None:
        command = [self.folder / ".ci" / "manual", sys.executable]
        subprocess.run(command, check=True, cwd=self.folder, env=self.env, capture_output=True)

    def shown(self, path: str) -> str:
        return self.git("show", f"gh-pages:{path}")


@pytest.mark.parametrize(("other", "is_latest"), [("0.0.9", True), ("999.0", False)])
def test_it_lies_beside_the_others(tmp_path: Path, other: str, is_latest: bool) -> None:
    """The other release's stays as it was; `latest` is the higher of the two; each page can lead to the others."""
    clone = Clone(tmp_path / "clone")
    clone.has(other)

    clone.manual()

    listed = {one["version"]: one["aliases"] for one in json.loads(clone.shown("versions.json"))}
    assert listed == {other: [] if is_latest else ["latest"], __version__: ["latest"] if is_latest else []}
    assert clone.shown(f"{other}/index.html") == other
    page = clone.shown(f"{__version__}/start/index.html")
    assert "studbook init" in page
    (config,) = re.findall(r'<script id="__config" type="application/json">(.*?)</script>', page)
    assert json.loads(config)["version"] == {"provider": "mike", "default": "latest"}
    assert clone.shown("latest/index.html") == (clone.shown(f"{__version__}/index.html") if is_latest else other)
    assert "latest/" in clone.shown("index.html")
    assert clone.git("status", "--porcelain", "--", "docs", "manual.yml") == ""


def test_the_release_says_so() -> None:
    """What a maintainer does for a release has the command, and `make` has it."""
    assert "`make manual`" in (TOP / "CONTRIBUTING.md").read_text()
    assert re.search(
        r"^manual: \$\(VENV\)/\.dev docs\n\t@\.ci/manual \$\(BIN\)/python$",
        (TOP / "Makefile").read_text(),
        re.MULTILINE,
    )
