from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.pedigrees import commit, lineage

from studbook.cli import main
from studbook.lineage.graph import Graph
from studbook.store import Catalog

GRAPH = lineage(
    "p/1(model_package) -packaged_as-> m(model) -deployed_to-> c(endpoint_config) -deployed_to-> bot(endpoint)",
    {"bot": {"stage": "production"}},
)


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    (tmp_path / "studbook.yml").write_text("accounts: []\n")
    commit(Catalog(tmp_path), GRAPH, night=20)
    return tmp_path


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    return int(stop.value.code or 0)


def waive(catalog: Path, until: str) -> None:
    waiver = {"rule": "deployed-without-approval", "asset": "bot", "why": "pilot", "who": "ana", "until": until}
    (catalog / "waivers.yml").write_text(json.dumps([waiver]))
    commit(Catalog(catalog), GRAPH, night=20)


class TestCheck:
    @pytest.mark.parametrize(("level", "code"), [("error", 1), ("warning", 1), ("note", 1)])
    def test_an_error_counts_at_every_level(self, catalog: Path, level: str, code: int) -> None:
        """Exit code 1 for findings at or above the level."""
        assert call("check", "--catalog", str(catalog), "--level", level) == code

    def test_waived_findings_are_shown_and_do_not_count(
        self, catalog: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Until the waiver ends, by the day of the snapshot and not of today."""
        waive(catalog, "2026-11-20")
        assert call("check", "--catalog", str(catalog)) == 0
        assert "[waived by ana until 2026-11-20]" in " ".join(capsys.readouterr().out.split())
        waive(catalog, "2026-11-19")
        assert call("check", "--catalog", str(catalog)) == 1

    def test_warnings_count_only_where_asked(self, catalog: Path) -> None:
        """The unevaluated model is a warning."""
        waive(catalog, "2027-01-01")
        assert call("check", "--catalog", str(catalog), "--level", "error") == 0
        assert call("check", "--catalog", str(catalog), "--level", "warning") == 1

    def test_a_card_that_cannot_be_read(self, catalog: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """File and line, and exit code 2, by check and before a night begins; a build tells it and goes on."""
        (catalog / "cards").mkdir()
        (catalog / "cards/bot.md").write_text("---\nowner: ana\nowner: ben\n---\nwords")

        for command in ("check", "nightly"):
            assert call(command, "--catalog", str(catalog)) == 2
            told = capsys.readouterr()
            assert "cards/bot.md:3: the key 'owner' is here twice" in " ".join((told.out + told.err).split())
        commit(Catalog(catalog), GRAPH, night=21)
        assert call("build", "--catalog", str(catalog), "--output", str(catalog / "site")) == 0
        assert "warning: " in capsys.readouterr().err

    def test_as_json(self, catalog: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """The findings as the export has them, alone on standard output."""
        assert call("check", "--catalog", str(catalog), "--format", "json") == 1
        found = json.loads(capsys.readouterr().out)
        assert found["snapshot"] == 1
        assert {"id", "rule", "level", "asset", "message", "first_seen", "waived"} == found["findings"][0].keys()

    @pytest.mark.parametrize("form", ["sarif", "junit", "markdown"])
    def test_as_others_read_it(self, catalog: Path, capsysbinary: Any, form: str) -> None:
        """What `export` writes, with check's exit code."""
        assert call("check", "--catalog", str(catalog), "--format", form) == 1
        printed = capsysbinary.readouterr().out
        assert call("export", form, "--catalog", str(catalog)) == 0
        assert printed == capsysbinary.readouterr().out
        waive(catalog, "2027-01-01")
        assert call("check", "--catalog", str(catalog), "--format", form) == 0

    def test_only_what_is_new(self, catalog: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """By the finding's id: the second night has one endpoint more, and the first everything."""
        assert call("check", "--catalog", str(catalog), "--new-only") == 1
        more = lineage("c2(endpoint_config) -deployed_to-> other(endpoint)", {"other": {"stage": "production"}})
        edges = [*GRAPH.edges, *more.edges, *lineage("m(model) -deployed_to-> c2(endpoint_config)").edges]
        assets = {**GRAPH.assets, **more.assets}
        commit(Catalog(catalog), Graph(assets.values(), edges), night=21)
        capsys.readouterr()
        assert call("check", "--catalog", str(catalog), "--new-only", "--format", "json") == 1
        found = json.loads(capsys.readouterr().out)["findings"]
        assert {one["asset"] for one in found} == {"other"}
        commit(Catalog(catalog), Graph(assets.values(), edges), night=22)
        assert call("check", "--catalog", str(catalog), "--new-only") == 0

    def test_a_malformed_waiver_is_wrong_usage(self, catalog: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Exit code 2 with file and line; a check that ignored it would fail the night or pass it wrongly."""
        (catalog / "waivers.yml").write_text("- rule: unevaluated\n  until: soon\n")
        assert call("check", "--catalog", str(catalog)) == 2
        assert "waivers.yml:1: the waiver has no asset and no why and no who" in capsys.readouterr().err


class TestExport:
    def read(self, catalog: Path, capsysbinary: Any, *options: str) -> bytes:
        assert call("export", *options, "--catalog", str(catalog)) == 0
        out: bytes = capsysbinary.readouterr().out
        return out

    def test_json_is_valid_by_its_own_schema(self, catalog: Path, capsysbinary: Any) -> None:
        """What one command prints describes what the other prints."""
        schema = json.loads(self.read(catalog, capsysbinary, "schema"))
        document = json.loads(self.read(catalog, capsysbinary, "json"))
        jsonschema.Draft202012Validator(schema).validate(document)
        assert [a["id"] for a in document["assets"]] == sorted(GRAPH.assets)
        assert len(document["edges"]) == 3
        assert {f["rule"] for f in document["findings"]} == {"card-missing", "deployed-without-approval", "unevaluated"}

    def test_lines_have_the_same_facts(self, catalog: Path, capsysbinary: Any) -> None:
        """One header, and a line for each."""
        lines = [json.loads(line) for line in self.read(catalog, capsysbinary, "json", "--lines").splitlines()]
        assert [line["type"] for line in lines] == ["header", *["asset"] * 4, *["edge"] * 3, *["finding"] * 3]

    def test_to_a_file_is_whole_or_not_there(self, catalog: Path, capsysbinary: Any, tmp_path: Path) -> None:
        """The same bytes as on standard output, and nothing else on it."""
        target = tmp_path / "out" / "export.json"
        assert self.read(catalog, capsysbinary, "json", "--output", str(target)) == b""
        assert target.read_bytes() == self.read(catalog, capsysbinary, "json")
        assert [path.name for path in target.parent.iterdir()] == ["export.json"]

    def test_an_asset_is_named_in_either_way(self, catalog: Path, capsysbinary: Any) -> None:
        """Behind the format or by `--asset`, which scripts have from before."""
        said = self.read(catalog, capsysbinary, "pedigree", "bot")
        assert self.read(catalog, capsysbinary, "pedigree", "--asset", "bot") == said

    def test_two_exports_are_the_same_bytes(self, catalog: Path, capsysbinary: Any) -> None:
        """The clock is not asked."""
        assert self.read(catalog, capsysbinary, "json") == self.read(catalog, capsysbinary, "json")

    def test_a_bill_is_of_one_version_or_of_all(self, catalog: Path, capsysbinary: Any) -> None:
        """Without an asset every model version of the snapshot is in it; 1.7 has its citations."""
        one = json.loads(self.read(catalog, capsysbinary, "cyclonedx", "p/1"))
        every = json.loads(self.read(catalog, capsysbinary, "cyclonedx", "--spec-version", "1.7"))
        assert one["metadata"]["component"]["bom-ref"] == every["metadata"]["component"]["bom-ref"] == "p/1"
        assert ("citations" in one, one["specVersion"], every["specVersion"]) == (False, "1.6", "1.7")

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (["jsn"], b"did you mean 'json'?"),
            (["schema", "--lines"], b"leave --lines out"),
            (["pdf"], b"json: the whole snapshot"),
            (["evidence"], b"studbook export evidence ASSET"),
            (["evidence", "bot", "p/1"], b"is about one asset"),
            (["json", "bot"], b"or take 'pedigree' for one"),
            (["schema", "bot"], b"leave the assets out"),
            (["pedigree", "nobody"], b"nobody"),
            (["pedigree", "bot", "--lines"], b"leave --lines out"),
            (["json", "--spec-version", "1.7"], b"has no option --spec-version"),
        ],
    )
    def test_what_does_not_exist(self, catalog: Path, capsysbinary: Any, options: list[str], message: bytes) -> None:
        """Exit code 2, and what there is instead."""
        assert call("export", *options, "--catalog", str(catalog)) == 2
        assert message in capsysbinary.readouterr().err
