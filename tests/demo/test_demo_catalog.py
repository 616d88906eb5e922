"""The demo's catalog and site, from end to end: what was told is found, and what must not come through does not."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from tests.evidence_reader import astray, bodies, rows

from studbook.cli import demo as command
from studbook.cli import main
from studbook.cli.verify import verify
from studbook.demo.estate import registry, support_triage
from studbook.demo.estate.secrets import PLANTED_SECRETS
from studbook.demo.estate.world import DEV, EUROPE, PROD, STAGING
from studbook.errors import UsageError
from studbook.lineage.graph import Graph
from studbook.queries.runs import rows_at
from studbook.queries.sources_of import sources_of
from studbook.queries.walks import made, runs
from studbook.rules import findings_of
from studbook.store import Catalog

pytestmark = pytest.mark.demo


@pytest.fixture(scope="module")
def catalog(demo_catalog: Path) -> Catalog:
    return Catalog(demo_catalog)


@pytest.fixture(scope="module")
def graph(catalog: Catalog) -> Graph:
    return catalog.graph(catalog.resolve("latest"))


def leaks(texts: Iterator[tuple[str, str]]) -> list[tuple[str, str]]:
    """(secret, place) for every planted secret that shows up, in JSON's spelling too."""
    spelt = {name: {value, json.dumps(value)[1:-1]} for name, value in PLANTED_SECRETS.items()}
    return [
        (name, place) for place, text in texts for name, spellings in spelt.items() for one in spellings if one in text
    ]


class TestDeepVerification:
    """The lineage is what the records say, or that is found."""

    def test_a_forged_approval_is_named(self, demo_catalog: Path, tmp_path: Path) -> None:
        """Resealed with all digests right it passes `verify`, and not `verify --deep`."""
        shutil.copytree(demo_catalog, tmp_path, dirs_exist_ok=True)
        catalog = Catalog(tmp_path)
        latest = catalog.resolve("latest")
        kept = list(catalog.assets(latest))
        pending = next(one for one in kept if one.attributes.get("approval") == "PendingManualApproval")
        forged = pending.but(attributes={**pending.attributes, "approval": "Approved"})
        assets = [forged if one.id == pending.id else one for one in kept]
        content = catalog.keep_lineage(latest.parts.records, assets, catalog.edges(latest))
        draft = catalog.draft(
            content, number=None, coverage=latest.coverage, taken_at=latest.taken_at, config=latest.config
        )
        findings, people, readings = latest.parts.findings, latest.parts.people, latest.parts.readings
        assert findings is not None
        assert people is not None
        assert readings is not None
        catalog.add(draft, findings=findings, people=people, readings=readings)

        def verified(*options: str) -> tuple[int, str]:
            done = CliRunner().invoke(verify, [*options, "--catalog", str(tmp_path)], standalone_mode=False)
            return done.return_value, done.output

        assert verified()[0] == 0
        code, said = verified("--deep")
        assert code == 1
        assert pending.id in said
        assert said.count("damaged") == 2


class TestReadings:
    def test_every_record_says_which_call_brought_it(self, demo_catalog: Path) -> None:
        """The call is one that its partition's coverage counts, on the night that is named."""
        catalog = Catalog(demo_catalog)
        nights = {envelope.number: envelope for envelope in catalog.envelopes()}
        for envelope in nights.values():
            records = {(one.partition, one.reference) for one in catalog.records(envelope)}
            readings = {
                (partition, reference): reading
                for partition in {partition for partition, _ in records}
                for reference, reading in catalog.readings(envelope)(partition).items()
            }
            assert readings.keys() == records
            for (partition, _), reading in readings.items():
                assert reading.snapshot is not None
                (row,) = (row for row in nights[reading.snapshot].coverage if row.partition == partition)
                assert reading.operation in row.calls


class TestNights:
    """Each night left its mark on the catalog."""

    def test_four_nights_in_a_chain(self, catalog: Catalog) -> None:
        """Four envelopes, each naming the one before, and nothing damaged."""
        envelopes = list(catalog.envelopes())
        assert [envelope.taken_at[:10] for envelope in envelopes] == [
            "2026-11-18",
            "2026-11-20",
            "2026-11-21",
            "2026-11-22",
        ]
        assert [envelope.previous for envelope in envelopes] == [None, *(e.envelope for e in envelopes[:-1])]
        assert catalog.verify() == []

    def test_the_first_three_nights_saw_everything(self, catalog: Catalog) -> None:
        """No gaps before the fourth night: nothing that the reader's role needs is refused by the fake."""
        for envelope in list(catalog.envelopes())[:3]:
            assert [row for row in envelope.coverage if row.gaps] == []

    def test_the_denied_region_is_a_gap_and_its_facts_are_carried_over(self, catalog: Catalog, graph: Graph) -> None:
        """Prod in Europe failed on the fourth night; its endpoint is stale since then, and not gone."""
        [row] = [row for row in catalog.resolve("latest").coverage if row.gaps]
        assert (row.account, row.region, row.source, row.status) == (PROD, EUROPE, "sagemaker", "failed")
        asset = graph.assets[f"arn:aws:sagemaker:{EUROPE}:{PROD}:endpoint/fraud-scoring-eu"]
        assert (asset.stale_since, asset.gone_since) == (4, None)

    def test_the_removed_endpoint_is_a_tombstone(self, graph: Graph) -> None:
        """Staging's endpoint was seen from the first night and is gone since the fourth."""
        asset = graph.assets[f"arn:aws:sagemaker:us-west-2:{STAGING}:endpoint/support-bot-staging"]
        assert (asset.first_seen, asset.gone_since) == (1, 4)

    def test_the_rules_find_what_was_planted(self, catalog: Catalog, graph: Graph) -> None:
        """Drifted data, a deployment without approval, an evaluator that is not pinned."""
        found = {finding.rule for finding in findings_of(catalog, catalog.resolve("latest"), graph)}
        assert {"dataset-drifted", "deployed-without-approval", "evaluator-not-pinned"} <= found

    def test_prod_leads_back_to_the_chats(self, graph: Graph) -> None:
        """From the endpoint in prod one can walk to the base model, the chats and the MLflow run."""
        walk = made(graph, f"arn:aws:sagemaker:us-west-2:{PROD}:endpoint/support-bot-prod")
        ids = {asset.id for asset in walk.assets}
        assert f"arn:aws:sagemaker:us-west-2:{DEV}:training-job/support-bot-rlvr-20261119" in ids
        assert f"arn:aws:sagemaker:us-west-2:{DEV}:training-job/support-bot-sft-20261118" in ids
        assert any("/DataSet/support-chat-sft/2.0.0" in id for id in ids)
        assert any("/SageMakerPublicHub/Model/meta-textgeneration-llama-3-2-1b-instruct/" in id for id in ids)
        assert any(asset.kind == "mlflow_run" for asset in walk.assets)
        assert walk.evaluations

    def test_what_runs_in_bedrock(self, graph: Graph) -> None:
        """The triage model is what the job made of the chats, judged by another; the fallback is prod's version."""
        named = {asset.name: asset for asset in graph.assets.values() if ":bedrock:" in asset.id}
        walk = made(graph, named["support-triage-dev"].id)
        ids = {asset.id for asset in walk.assets}
        assert {
            named["support-triage"].id,
            named["support-triage-20261115"].id,
            f"bedrock:{support_triage.NOVA}",
        } <= ids
        assert any("s3://acme-shared-data/chat/v1/@sha256:" in id for id in ids)
        [judged] = walk.evaluations
        assert judged.job.id == named["support-triage-judged-20261115"].id
        assert {edge.source for edge in graph.upstream(judged.job.id, "input_to", "judge")} == {
            f"bedrock:{support_triage.JUDGE}"
        }
        versions = [
            edge
            for edge in graph.upstream(named["support-bot-fallback"].id, "packaged_as")
            if ":model-package/" in edge.source
        ]
        assert [edge.source.rpartition(":")[2] for edge in versions] == ["model-package/support-bot/2"]

    def test_what_stands_around_the_models(self, graph: Graph) -> None:
        """A router answers with what is behind it; cards, features and what is no release are what they are."""
        prod, dev = (f"arn:aws:sagemaker:us-west-2:{account}:" for account in (PROD, DEV))
        router = f"{prod}inference-router/{registry.ROUTER}"
        answering = {version.name for one in runs(graph, router) for version in one.versions}
        assert answering == {"support-bot 2", "fraud 1"}
        assert graph.assets[f"{prod}model-card/fraud"].attributes["encrypted"] is True
        card = graph.assets[f"{dev}model-card/support-bot"].attributes
        assert [version["version"] for version in card["versions"]] == [1, 2]
        assert {edge.source for edge in graph.upstream(f"{dev}model-card/support-bot", "described_by")} == {
            f"{dev}model-package/support-bot/2"
        }
        readers = {edge.target for edge in graph.downstream(f"{dev}feature-group/{registry.FEATURES}", "input_to")}
        assert readers == {f"{dev}training-job/fraud-xgb-on-features"}
        assert graph.assets[f"{dev}model-package/fraud-features-baseline"].tags == {"team": "risk"}
        logged = graph.assets[f"{dev}model-package/{registry.CHECKPOINTS}/1"]
        assert logged.attributes["registration_type"] == "Logged"

    def test_a_deployment_under_way_a_shadow_and_a_configuration_that_is_gone(self, graph: Graph) -> None:
        """What answers is what the endpoint still runs; the shadow listens, and what is to come is only said."""
        staging, prod = (
            f"arn:aws:sagemaker:us-west-2:{account}:endpoint/{registry.SHADOWED}" for account in (STAGING, PROD)
        )
        config = f"arn:aws:sagemaker:us-west-2:{STAGING}:endpoint-config/{registry.SHADOWED}-with-shadow"
        assert graph.assets[config].gone_since == 4
        running = {one.unit.name: one.shadow for one in runs(graph, staging)}
        assert running == {registry.SHADOWED: False, "fraud-tuned": True}
        assert graph.assets[prod].attributes["pending"]["config"] == f"{registry.SHADOWED}-20261121"
        assert [version.name for one in runs(graph, prod) for version in one.versions] == ["fraud 1"]

    def test_show_tells_the_way_of_a_model_through_accounts(
        self, demo_catalog: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The fraud model was registered in dev, cloned to staging and to two regions of prod, where it runs."""
        package = f"arn:aws:sagemaker:us-west-2:{PROD}:model-package/fraud/1"
        with pytest.raises(SystemExit):
            main(["show", package, "--catalog", str(demo_catalog), "--format", "json"])
        [path] = json.loads(capsys.readouterr().out)["promotion"]
        assert [(step["stage"], step["approval"], len(step["runs_at"])) for step in path] == [
            ("development", "Approved", 0),
            ("staging", "PendingManualApproval", 1),
            ("production", "PendingManualApproval", 2),  # at its endpoint, and at the router before it
            ("production", "PendingManualApproval", 1),
        ]
        assert {origin["certainty"] for step in path[1:] for origin in step["copied_from"]} == {"referenced"}

        with pytest.raises(SystemExit):
            main(["show", package, "--catalog", str(demo_catalog)])
        said = " ".join(capsys.readouterr().out.split())
        assert said.count("copy of fraud/1@dev (referenced)") == 3

    def test_the_pipeline_that_made_the_fraud_model(self, graph: Graph) -> None:
        """Its first execution ran the job and registered the version; the second took the first one's check."""
        first, second = sorted(
            (a for a in graph.assets.values() if a.kind == "pipeline_execution" and a.name.startswith("nightly")),
            key=lambda asset: asset.created_at or "",
        )
        steps = {edge.role: edge.source.rpartition("/")[2] for edge in graph.upstream(first.id, "part_of")}
        made = [edge.target.rpartition(":")[2] for edge in graph.downstream(first.id, "produced")]

        assert steps == {
            "CheckTables": "fraud-check-tables-1115",
            "Train": "fraud-xgb-20261115",
            "Evaluate": "fraud-evaluate-1115",
        }
        assert made == ["model-package/fraud/1"]
        assert [edge.role for edge in graph.upstream(second.id, "input_to")] == ["CheckTables"]
        assert [edge.role for edge in graph.upstream(second.id, "part_of")] == ["Train"]
        assert (first.status, second.status) == ("Succeeded", "Executing")

    def test_one_evaluation_judged_base_and_tuned_model(self, graph: Graph) -> None:
        """Two jobs of one execution, each in the role of its step."""
        (run,) = (a.id for a in graph.assets.values() if a.name == "eval-support-bot-4")
        jobs = {edge.role: edge.source for edge in graph.upstream(run, "part_of")}

        assert sorted(role or "" for role in jobs) == ["EvaluateBaseModel", "EvaluateCustomModel"]
        judged = {
            role: [edge.source for edge in graph.upstream(job, "input_to", "evaluated_model")]
            for role, job in jobs.items()
        }
        assert "hub-content" in judged["EvaluateBaseModel"][0]
        assert judged["EvaluateCustomModel"][0].endswith("model-package/support-bot/4")

    def test_a_score_leads_back_to_the_payments(self, graph: Graph) -> None:
        """From a night's scores in prod to the model, its training, the job that made its table, and the exports."""
        walk = made(graph, f"arn:aws:sagemaker:us-west-2:{PROD}:transform-job/fraud-batch-20261119")
        ids = {asset.id for asset in walk.assets}
        assert f"arn:aws:sagemaker:us-west-2:{DEV}:training-job/fraud-xgb-20261115" in ids
        assert f"arn:aws:sagemaker:us-west-2:{DEV}:processing-job/fraud-prepare-20261020" in ids
        assert "s3://acme-payments-exports/2026-09/" in ids

    def test_the_agent_leads_back_to_the_golden_answers(self, graph: Graph) -> None:
        """The agent learned from tasks that a job generated, which other jobs looked at and judged it by."""
        walk = made(graph, f"arn:aws:sagemaker:us-west-2:{DEV}:model-package/support-agent/1")
        ids = {asset.id for asset in walk.assets}
        job = f"arn:aws:sagemaker:us-west-2:{DEV}:job"
        assert {
            f"{job}/AgentRFT/support-agent-mtrl-20261116",
            f"{job}/SyntheticDataGeneration/support-agent-tasks-20261112",
        } <= ids
        assert any("/DataSet/support-golden/1.0.0" in id for id in ids)
        assert any(asset.id.endswith("eval-fine-tuned-20261116") for asset in graph.assets.values())

    def test_the_command_that_the_demo_proposes_works(
        self, demo_catalog: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """`studbook trace support-bot-prod` needs no full id: one asset has that name."""
        with pytest.raises(SystemExit) as end:
            main(["trace", command.SHOWPIECE, "--catalog", str(demo_catalog)])
        assert end.value.code == 0
        assert "support-bot-rlvr-20261119" in capsys.readouterr().out


class TestSecrets:
    """What people put where it does not belong is in no file that Studbook writes."""

    def test_none_in_the_catalog(self, catalog: Catalog) -> None:
        """No record, asset or edge of any night has one."""

        def texts() -> Iterator[tuple[str, str]]:
            for envelope in catalog.envelopes():
                yield envelope.taken_at, repr(envelope)
                for record in catalog.records(envelope):
                    yield record.id, json.dumps(dict(record.body), ensure_ascii=False)
                for asset in catalog.assets(envelope):
                    yield asset.id, repr(asset) + json.dumps(dict(asset.attributes), ensure_ascii=False)
                for edge in catalog.edges(envelope):
                    yield edge.source, repr(edge)

        assert leaks(texts()) == []

    def test_none_in_the_site(self, demo_site: Path) -> None:
        """No page, picture, download or search index has one."""
        files = (path for path in demo_site.rglob("*") if path.is_file())
        assert leaks((str(path), path.read_text(encoding="utf-8", errors="replace")) for path in files) == []


class TestCards:
    def test_a_card_reads_as_people_wrote_it(self, demo_site: Path) -> None:
        """Intended use, data and evaluations are on its page, as text whatever they are; an encrypted one says so."""
        pages = [path.read_text(encoding="utf-8") for path in (demo_site / "latest" / "model-card").rglob("index.html")]
        [whole] = [page for page in pages if "Support chats, with a person to hand over to" in page]
        assert "s3://acme-shared-data/golden/golden.jsonl" in whole
        assert "onerror=alert(1)>" not in whole
        assert "Everything on the card" in whole
        [sealed] = [page for page in pages if "A customer's key encrypts this card" in page]
        assert "Known to those who have the key." not in sealed


class TestCommand:
    """`studbook demo` before it starts anything."""

    def test_it_leaves_other_folders_alone(self, tmp_path: Path) -> None:
        """A folder that is not a demo's and not empty is refused, and keeps its files."""
        (tmp_path / "thesis.tex").write_text("years of work")
        result = CliRunner().invoke(command.demo, ["--output", str(tmp_path), "--no-serve"])
        assert isinstance(result.exception, UsageError)
        assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]

    def test_the_callers_own_aws_is_hidden_and_given_back(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A profile or a session of the caller does not reach the demo, and is there again afterwards."""
        monkeypatch.setenv("AWS_PROFILE", "mine")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of-the-caller")
        monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
        given = {"AWS_ACCESS_KEY_ID": "of-the-demo", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
        with command._environment(given):
            assert "AWS_PROFILE" not in os.environ
            assert os.environ["AWS_ACCESS_KEY_ID"] == "of-the-demo"
        assert os.environ["AWS_PROFILE"] == "mine"
        assert os.environ["AWS_ACCESS_KEY_ID"] == "of-the-caller"
        assert "AWS_ENDPOINT_URL" not in os.environ


class TestEvidence:
    def test_of_every_edge_leads_to_a_value_of_the_record_that_it_names(self, demo_catalog: Path) -> None:
        """Followed by the catalog's README alone, without Studbook: all of it, and there is a lot."""
        kept = bodies(rows(demo_catalog, "records"))
        evidence = [one for edge in rows(demo_catalog, "edges") for one in edge["evidence"]]
        assert len([one for one in evidence if "record" in one]) > 400
        assert astray(evidence, kept) == []

    def test_of_every_value_leads_to_a_value_of_the_record_that_it_names(self, demo_catalog: Path) -> None:
        """As `show ID --evidence --format json` has it: each has evidence, of every asset, and all of it resolves."""
        catalog = Catalog(demo_catalog)
        kept, record_of = bodies(rows(demo_catalog, "records")), catalog.record_of(catalog.resolve("latest"))
        bare, lost, many = [], [], 0
        for asset in catalog.assets(catalog.resolve("latest")):
            for one in sources_of(asset, record_of) if asset.records else ():
                found = one.as_data()
                many += 1
                bare += [] if found["evidence"] else [(asset.kind, one.name)]
                lost += astray(found["evidence"], kept)
        assert many > 1000
        assert (set(map(str, bare)), lost) == (set(), [])


class TestDownloads:
    """What lies beside a model card."""

    def test_every_version_has_a_valid_bill_of_materials(self, demo_site: Path, graph: Graph) -> None:
        """By the standard's own validator, and it is of that version."""
        validator = JsonStrictValidator(SchemaVersion.V1_6)
        versions = {asset.id for asset in graph.assets.values() if asset.kind == "model_package"}
        bills = [path.read_text() for path in (demo_site / "latest" / "model-package").glob("*/model.cdx.json")]
        assert [error for bill in bills if (error := validator.validate_str(bill)) is not None] == []
        assert {json.loads(bill)["metadata"]["component"]["bom-ref"] for bill in bills} == versions

    def test_what_runs_has_its_evidence(
        self, demo_site: Path, demo_catalog: Path, graph: Graph, tmp_path: Path
    ) -> None:
        """What `studbook export evidence` writes but for its night, and all evidence leads to a value in the pack."""
        endpoints = [one for one in graph.of_kind("endpoint") if one.gone_since is None]
        running = {row.version for one in endpoints for row in rows_at(graph, one)} - {None}
        packs = sorted((demo_site / "latest" / "model-package").glob("*/evidence.zip"))
        assert len(packs) == len(running) > 0
        for pack in packs:
            with zipfile.ZipFile(pack) as archive:
                found = json.loads(archive.read("pedigree.json"))
                kept = bodies(map(json.loads, archive.read("records.jsonl").splitlines()))
            assert found["root"] in running
            again = tmp_path / "again.zip"
            about = [found["root"], "--output", str(again), "--catalog", str(demo_catalog)]
            with pytest.raises(SystemExit) as end:
                main(["export", "evidence", *about])
            assert end.value.code == 0
            with zipfile.ZipFile(again) as mine, zipfile.ZipFile(pack) as theirs:
                assert mine.namelist() == [*theirs.namelist(), "night.json"]
                assert {mine.read(name) == theirs.read(name) for name in theirs.namelist()} == {True}
            assert astray((one for edge in found["edges"] for one in edge["evidence"]), kept) == []
            assert {one for asset in found["assets"] for one in asset["records"]} <= kept.keys()
