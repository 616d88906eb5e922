"""The verifier in the manual: a hundred lines of JavaScript that know nothing of Studbook but the format."""

from __future__ import annotations

import io
import random
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from tests.audit.packs import Packs

from studbook.store import Catalog

PAGE = Path(__file__).parents[2] / "docs" / "audit.md"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program as the page prints it."""
    if shutil.which("node") is None:
        pytest.skip("node is not on this machine: the verifier of docs/audit.md is not run")
    version = subprocess.run(["node", "--version"], capture_output=True, check=True, text=True).stdout
    if tuple(map(int, version.strip().lstrip("v").split("."))) < (20, 15):
        pytest.skip(f"node {version.strip()} is older than 20.15, and has no crc32")
    [text] = re.findall(r"```js\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert text.count("\n") <= 100
    assert re.findall(r"from '(?!node:)", text) == []
    path = tmp_path_factory.mktemp("node") / "verify-pack.mjs"
    path.write_text(text, encoding="utf-8")
    return path


def run(program: Path, *args: object) -> tuple[int, str]:
    done = subprocess.run(["node", program, *map(str, args)], capture_output=True, check=False, text=True)
    return done.returncode, done.stdout + done.stderr


def test_passes_packs_and_fails_each_mutation(program: Path, demo_catalog: Path, tmp_path: Path) -> None:
    """A byte flipped in any file of it, in what is between them, at its anchor: each is found."""
    packs = Packs(Catalog(demo_catalog))
    versions = {one.name: one for one in packs.graph.of_kind("model_package") if "444444444444" in one.id}
    path = tmp_path / "pack.zip"
    whole = min((packs.whole(one.id) for one in versions.values()), key=len)
    path.write_bytes(whole)
    anchors = (packs.envelope.envelope, demo_catalog / "log" / "checkpoint")
    for anchor in anchors:
        code, said = run(program, path, anchor)
        assert (code, said.split(":")[0]) == (0, "whole"), said
    assert run(program, path, "sha256:" + "0" * 64)[0] == 1
    draw = random.Random(17)
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        entries, listed = archive.infolist(), archive.start_dir
    places = [listed + draw.randrange(len(whole) - listed) for _ in range(3)]
    for one in entries:
        start = one.header_offset + 30 + len(one.filename)
        places.append(draw.randrange(one.header_offset, start))
        if one.file_size:
            places += [start, start + draw.randrange(one.file_size)]
    for place in places:
        bent = bytearray(whole)
        bent[place] ^= 1 << draw.randrange(8)
        path.write_bytes(bent)
        code, said = run(program, path)
        assert (code, said.split(":")[0]) == (1, "damaged"), (place, said)
