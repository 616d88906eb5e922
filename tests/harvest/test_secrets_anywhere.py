"""A secret of every known format in every place that AWS and MLflow have for text: none is in a catalog, a site, an
export or a log."""

from __future__ import annotations

import contextlib
import gzip
import json
import logging
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from test_redact import KNOWN
from tests.harvest.two_accounts import FIRST, Estate, organisation

from studbook.cli import main
from studbook.demo.cloud.aws import FakeAws
from studbook.demo.cloud.mlflow_server import MlflowServer
from studbook.demo.estate.tracking import Tracking
from studbook.harvest.journal import Journal

ISSUERS = (
    "AWS access key", "GitHub", "GitLab", "Hugging Face", "OpenAI", "Anthropic", "Slack", "Slack webhook", "Google API",
    "Azure client secret", "Databricks", "Stripe", "npm", "PyPI", "Weights & Biases", "JWT", "PEM", "LangSmith",
    "Twilio",
    "DigitalOcean", "Mailgun", "Supabase", "New Relic", "Telegram",
)  # fmt: skip
PLANTED = {"random": KNOWN["random"], **{name: KNOWN[f"{name} 0"] for name in ISSUERS}}
"""One of each build of token: a function's environment has no room for all."""

PASSWORD = "Hunter22-of-the-card"
ROLE = f"arn:aws:iam::{FIRST}:role/x"


def plant(estate: Estate) -> None:
    """In environments, arguments, hyperparameters, descriptions, tags, metadata, documents, names and keys."""
    sagemaker: Any = estate.client(FIRST, "sagemaker")
    tracking = Tracking(estate.mlflow)
    experiment = tracking.experiment("secrets", note=KNOWN["JWT 0"])
    for number, secret in enumerate(PLANTED.values()):
        tags = [{"Key": "note", "Value": secret}]
        sagemaker.create_model(
            ModelName=f"secret-{number}",
            ExecutionRoleArn=ROLE,
            PrimaryContainer={"Image": "image", "Environment": {"NOTE": secret, "DOC": json.dumps({secret: [secret]})}},
            Tags=tags,
        )
        sagemaker.create_training_job(
            TrainingJobName=f"secret-{number}",
            RoleArn=ROLE,
            AlgorithmSpecification={
                "TrainingInputMode": "File",
                "TrainingImage": "image",
                "ContainerArguments": ["--note", secret],
            },
            OutputDataConfig={"S3OutputPath": f"s3://data-{FIRST}/out/"},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 60},
            HyperParameters={"note": json.dumps(secret)},
            Tags=tags,
        )
        sagemaker.create_pipeline(
            PipelineName=f"secret-{number}",
            PipelineDisplayName=f"with {secret}",
            PipelineDescription=f"deploys with {secret}",
            PipelineDefinition=json.dumps({"Version": "2020-12-01", "Steps": [], "Metadata": {"note": secret}}),
            ClientRequestToken="a" * 32,
            RoleArn=ROLE,
        )
        sagemaker.create_model_package_group(
            ModelPackageGroupName=f"secret-{number}", ModelPackageGroupDescription=f"see {secret}", Tags=tags
        )
        sagemaker.create_model_package(
            ModelPackageGroupName=f"secret-{number}",
            ModelPackageDescription=f"ask for {secret}",
            CustomerMetadataProperties={"note": secret},
            InferenceSpecification={
                "Containers": [{"Image": "image", "Environment": {"NOTE": secret}}],
                "SupportedContentTypes": ["a/b"],
                "SupportedResponseMIMETypes": ["a/b"],
            },
        )
        run = tracking.run(
            experiment,
            f"run {secret}",
            "2026-11-19T01:00:00Z",
            "2026-11-19T02:00:00Z",
            params={"note": secret},
            tags={"note": f"with {secret}"},
            model=f"bot-{number}",
        )
        tracking.registered_model(f"bot-{number}", f"A bot with {secret}.", note=secret)
        tracking.version(f"bot-{number}", run, None, description=secret)
        # No key has lines, and what only looks random is left alone where names of objects stand.
        if secret not in (KNOWN["random"], KNOWN["PEM 0"]):
            estate.client(FIRST, "s3").put_object(Bucket=f"data-{FIRST}", Key=f"chats/{secret}.json", Body=b"x")
    estate.client(FIRST, "lambda").update_function_configuration(
        FunctionName="eval-tone",
        Description=f"uses {KNOWN['GitHub 0']}",
        Environment={"Variables": {f"N{number}": secret for number, secret in enumerate(PLANTED.values())}},
    )


def write(catalog: Path) -> None:
    """In all that people write beside a catalog: the values of a waiver and of a card, sections, comments."""
    (catalog / "cards").mkdir()
    secrets = [*PLANTED.values(), f"password={PASSWORD}"]
    for number, secret in enumerate(secrets):
        card = f"---\nowner: {json.dumps(secret)} # {secret.splitlines()[0]}\n---\n## Limits\nAsk with {secret}\n"
        (catalog / "cards" / f"secret-{number}.md").write_text(card)
    waivers = [
        {
            "rule": "unevaluated",
            "asset": f"asset-{number}",
            "why": f"see {secret}",
            "who": secret,
            "until": "2099-01-01",
        }
        for number, secret in enumerate(secrets)
    ]
    (catalog / "waivers.yml").write_text(f"# password={PASSWORD}\n{json.dumps(waivers, ensure_ascii=False)}")


@pytest.fixture(scope="module")
def said(tmp_path_factory) -> dict[str, str]:
    """All that was written, by where: files opened where they are compressed."""
    folder = tmp_path_factory.mktemp("secrets")
    catalog, site = folder / "catalog", folder / "site"
    finish = Journal.finish

    def keep(journal: Journal) -> None:
        """The journal as a kill would have left it, with what SQLite has not written into its files yet."""
        shutil.copytree(catalog, folder / "killed")
        finish(journal)

    log = logging.FileHandler(folder / "log")
    with FakeAws() as aws, MlflowServer(folder / "mlflow") as mlflow, pytest.MonkeyPatch.context() as patch:
        estate = Estate(aws, mlflow, *organisation(aws))
        estate.found()
        plant(estate)
        catalog.mkdir()
        (catalog / "studbook.yml").write_text(estate.configuration())
        write(catalog)
        for name, value in {**estate.environment(), "XDG_CACHE_HOME": str(folder / "caches")}.items():
            patch.setenv(name, value)
        patch.setattr(Journal, "finish", keep)
        patch.setattr(logging.root, "handlers", [log])  # a host program may like to know everything
        patch.setattr(logging.root, "level", logging.DEBUG)
        aws.fault("AccessDeniedException", operation="ListEndpoints", message=f"not with {' '.join(PLANTED.values())}")
        for words in (
            ["harvest"],
            ["build", "--output", str(site)],
            ["export", "json", "--output", str(folder / "export.json")],
            ["export", "csv", "--output", str(folder / "tables")],
            ["export", "openlineage", "--output", str(folder / "runs.jsonl")],
            ["export", "evidence", "secret-1/1", "--output", str(folder / "pack.zip")],
            ["show", "secret-1/1", "--evidence"],
        ):
            with (
                (folder / f"{'-'.join(words[:2]).replace('/', '-')}.out").open("w") as out,
                contextlib.redirect_stdout(out),
                contextlib.redirect_stderr(out),
                pytest.raises(SystemExit) as stopped,
            ):
                main([*words, "--catalog", str(catalog)])
            assert stopped.value.code in (0, 3), words
    log.close()
    with zipfile.ZipFile(folder / "pack.zip") as pack:
        pack.extractall(folder / "pack")
    return {str(path.relative_to(folder)): text(path) for path in folder.rglob("*") if path.is_file()}


def text(path: Path) -> str:
    raw = path.read_bytes()
    return (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode(errors="replace")


class TestAnywhere:
    @pytest.mark.parametrize("name", [*PLANTED, "password"])
    def test_no_secret(self, said, name):
        """In no file of the catalog, the journal, the index, the site, the exports, the pack or the log, in whichever
        spelling."""
        secret = PLANTED.get(name, PASSWORD)
        spellings = {secret, json.dumps(secret)[1:-1], json.dumps(json.dumps(secret))[3:-3], secret.splitlines()[0]}
        written = ("mlflow/", "catalog/cards/", "catalog/waivers.yml", "killed/cards/", "killed/waivers.yml")
        places = [place for place in said if not place.startswith(written) and not place.endswith("studbook.yml")]

        assert [place for place in places for one in spellings if one in said[place]] == []

    def test_it_was_there_to_be_found(self, said):
        """The coverage counts what was taken out: of each secret all that were planted in SageMaker alone."""
        (envelope,) = [json.loads(held) for place, held in said.items() if place.startswith("catalog/snapshots/")]
        counted = {row["source"]: row["redacted"] for row in envelope["coverage"] if row["account"] == FIRST}

        assert counted["sagemaker"] >= 11 * len(PLANTED)
        assert counted["lambda"] >= len(PLANTED)
        for place in ("site/", "killed/.harvest/", "caches/", "export.json", "tables/", "pack/", "show-secret-1"):
            assert any("[redacted]" in held for where, held in said.items() if where.startswith(place)), place
        assert len(said["log"]) > 10_000
