"""A small lineage told in code: enough of every kind of page to be looked at, with text from strangers in it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import yaml
from tests import pedigrees

from studbook.lineage.graph import Graph
from studbook.model import Asset, Coverage, Edge, Envelope, Gap
from studbook.render import Built, build_site
from studbook.settings import Settings
from studbook.store import Catalog

HOSTILE = "<script>alert('x')</script>{{ 7*7 }}|[a](javascript:alert(1))\"'&amp;"

PROD, DEV = "444444444444", "222222222222"


def arn(account: str, resource: str, service: str = "sagemaker") -> str:
    return f"arn:aws:{service}:us-west-2:{account}:{resource}"


BASE = "arn:aws:sagemaker:us-west-2:aws:hub-content/SageMakerPublicHub/Model/llama"
BASE_1 = f"{BASE}/1.2.0"
DATA = "s3://herd/chats/"
DATA_1 = f"{DATA}@sha256:{'a' * 64}"
DATA_2 = f"{DATA}@sha256:{'b' * 64}"
JOB = arn(DEV, "training-job/sft-1")
GROUP = arn(DEV, "model-package-group/bot")
PACKAGE_1 = arn(DEV, "model-package/bot/1")
PACKAGE_2 = arn(DEV, "model-package/bot/2")
CLONE_GROUP = arn(PROD, "model-package-group/bot")
CLONE = arn(PROD, "model-package/bot/1")
MODEL = arn(PROD, "model/bot")
CONFIG = arn(PROD, "endpoint-config/bot")
ENDPOINT = arn(PROD, "endpoint/bot")
EVALUATION = arn(DEV, "training-job/judge-1")
EVALUATOR = arn(DEV, "function:eval-tone", "lambda")
EVALUATOR_1 = f"{EVALUATOR}:1"
RUN = "mlflow:lab/run/1"
EXPERIMENT = "mlflow:lab/experiment/1"
IMAGE = f"{DEV}.dkr.ecr.us-west-2.amazonaws.com/train@sha256:{'c' * 64}"
CODE = "git:https://github.com/herd/train.git@0123456789abcdef0123456789abcdef01234567"
STRANGER = arn(DEV, "training-job/stranger")
GHOST = arn("999999999999", "model-package/elsewhere/7")


def assets() -> list[Asset]:
    def made(asset_id: str, kind: str, name: str, account: str | None = DEV, **more: object) -> Asset:
        return Asset(
            id=asset_id, kind=kind, name=name, account=account, first_seen=1, **{"region": "us-west-2", **more}
        )  # type: ignore[arg-type]

    return [
        made(BASE, "base_model", "llama", "aws"),
        made(BASE_1, "base_model_version", "llama 1.2.0", "aws", attributes={"version": "1.2.0"}),
        made(DATA, "dataset", "support-chats", None, region=None),
        made(
            DATA_1,
            "dataset_version",
            "support-chats aaaa",
            None,
            region=None,
            created_at="2026-11-18T00:00:00Z",
            attributes={
                "fingerprint": "sha256:" + "a" * 64,
                "objects": 3,
                "bytes": 12_345,
                "superseded_since": 2,
                "current": False,
                "newest": "2026-11-18T00:00:00Z",
            },
        ),
        made(
            DATA_2,
            "dataset_version",
            "support-chats bbbb",
            None,
            region=None,
            created_at="2026-11-21T00:00:00Z",
            attributes={"fingerprint": "sha256:" + "b" * 64, "objects": 4, "bytes": 23_456},
        ),
        made(
            JOB,
            "training_job",
            "sft-1",
            status="Completed",
            stage="development",
            created_at="2026-11-20T10:00:00Z",
            attributes={"hyperparameters": {"learning_rate": "2e-5", "epochs": "3"}},
        ),
        made(GROUP, "model_package_group", "bot", stage="development"),
        made(
            PACKAGE_1,
            "model_package",
            "bot/1",
            status="Completed",
            stage="development",
            created_at="2026-11-19T12:00:00Z",
            attributes={"approval": "Rejected", "version": 1},
        ),
        made(
            PACKAGE_2,
            "model_package",
            "bot/2",
            status="Completed",
            stage="development",
            created_at="2026-11-20T12:00:00Z",
            attributes={"approval": "Approved", "version": 2, "description": HOSTILE},
            tags={"team": HOSTILE},
        ),
        made(CLONE_GROUP, "model_package_group", "bot", PROD, stage="production"),
        made(
            CLONE,
            "model_package",
            "bot/1",
            PROD,
            status="Completed",
            stage="production",
            created_at="2026-11-21T12:00:00Z",
            attributes={"approval": "Approved", "version": 1},
        ),
        made(MODEL, "model", "bot", PROD, stage="production", created_at="2026-11-21T13:00:00Z"),
        made(CONFIG, "endpoint_config", "bot", PROD, stage="production", created_at="2026-11-21T13:01:00Z"),
        made(
            ENDPOINT, "endpoint", "bot", PROD, stage="production", status="InService", created_at="2026-11-21T13:02:00Z"
        ),
        made(
            EVALUATION,
            "evaluation_job",
            "judge-1",
            status="Completed",
            stage="development",
            created_at="2026-11-20T14:00:00Z",
            attributes={"metrics": {"tone": 0.91}},
        ),
        made(EVALUATOR, "evaluator", "eval-tone", stage="development"),
        made(EVALUATOR_1, "evaluator_version", "eval-tone:1", stage="development", attributes={"code_sha256": "abc"}),
        made(EXPERIMENT, "mlflow_experiment", "bot", None, region=None),
        made(
            RUN,
            "mlflow_run",
            "sft-1-run",
            None,
            region=None,
            status="FINISHED",
            created_at="2026-11-20T10:01:00Z",
            attributes={"parameters": {"lr": "2e-5"}, "metrics": {"loss": 0.1234567}},
        ),
        made(IMAGE, "container_image", "train"),
        made(CODE, "code", "train@0123456", None, region=None),
        made(STRANGER, "training_job", HOSTILE, status=HOSTILE, stale_since=1),
        made(GHOST, "model_package", "elsewhere/7", "999999999999", attributes={"unresolved": True}),
    ]


def edges() -> list[Edge]:
    def edge(
        source: str, target: str, relation: str, role: str | None = None, certainty: str = "referenced", **more: object
    ) -> Edge:
        evidence = more.pop("evidence", (f"sagemaker:DescribeTrainingJob#{role or relation}",))
        return Edge(
            source=source, target=target, relation=relation, role=role, certainty=certainty, evidence=evidence, **more
        )  # type: ignore[arg-type]

    return [
        edge(BASE, BASE_1, "has_version"),
        edge(BASE_1, JOB, "input_to", "base_model"),
        edge(DATA, DATA_1, "has_version"),
        edge(DATA, DATA_2, "has_version"),
        edge(
            DATA_1, JOB, "input_to", "train", "inferred", evidence=("rule:dataset-at-start", f"sagemaker:X#{HOSTILE}")
        ),
        edge(IMAGE, JOB, "input_to", "image"),
        edge(CODE, JOB, "input_to", "code"),
        edge(JOB, PACKAGE_2, "produced"),
        edge(JOB, RUN, "recorded_in"),
        edge(RUN, EXPERIMENT, "part_of"),
        edge(GROUP, PACKAGE_1, "has_version"),
        edge(GROUP, PACKAGE_2, "has_version"),
        edge(CLONE_GROUP, CLONE, "has_version"),
        edge(PACKAGE_2, CLONE, "copied_to"),
        edge(CLONE, MODEL, "packaged_as"),
        edge(MODEL, CONFIG, "deployed_to", "AllTraffic"),
        edge(CONFIG, ENDPOINT, "deployed_to", "AllTraffic", "declared"),
        edge(PACKAGE_2, EVALUATION, "input_to", "evaluated_model"),
        edge(EVALUATOR, EVALUATOR_1, "has_version"),
        edge(EVALUATOR_1, EVALUATION, "input_to", "evaluator"),
        edge(DATA_2, EVALUATION, "input_to", "test"),
        edge(GHOST, STRANGER, "input_to", HOSTILE),
    ]


COVERAGE = (
    Coverage(account=DEV, region="us-west-2", source="sagemaker", status="complete", records=9, requests=12),
    Coverage(account=PROD, region="us-west-2", source="sagemaker", status="complete", records=5, requests=8),
    Coverage(
        account=DEV,
        region="eu-west-1",
        source="sagemaker",
        status="failed",
        records=0,
        requests=2,
        gaps=(Gap(operation="ListTrainingJobs", code="AccessDeniedException", message=HOSTILE),),
    ),
)

CARD = """---
owner: Support platform
risk: limited
colour: green
---
## Intended use
Drafts answers. <img src=x onerror=alert(1)> [site](https://example.com) [bad](javascript:alert(1)) {{ 7*7 }}
"""

CONFIGURATION = f"""accounts:
  - {{id: "{DEV}", name: dev, stage: development, regions: [us-west-2, eu-west-1]}}
  - {{id: "{PROD}", name: prod, stage: production, regions: [us-west-2]}}
"""

SETTINGS = Settings.model_validate(yaml.safe_load(CONFIGURATION))


def catalog(root: Path) -> Catalog:
    """A catalog of two nights: on the first there was no endpoint yet."""
    (root / "cards").mkdir(parents=True)
    (root / "studbook.yml").write_text(CONFIGURATION, encoding="utf-8")
    (root / "cards" / "bot.md").write_text(CARD, encoding="utf-8")
    made = Catalog(root)
    late = {ENDPOINT, CONFIG, MODEL}
    commit(
        made,
        [a for a in assets() if a.id not in late],
        [e for e in edges() if not {e.source, e.target} & late],
        "2026-11-21T02:00:00Z",
    )
    commit(made, assets(), edges(), "2026-11-22T02:00:00Z")
    return made


def commit(made: Catalog, some: list[Asset], arrows: list[Edge], taken_at: str) -> Envelope:
    made.root.mkdir(parents=True, exist_ok=True)
    if not made.settings_file.exists():
        made.settings_file.write_text(CONFIGURATION, encoding="utf-8")
    return pedigrees.commit(made, Graph(some, arrows), coverage=COVERAGE, taken_at=taken_at)


class Sites(NamedTuple):
    """The built sites of the small catalog."""

    catalog: Catalog
    output: Path
    built: list[Built]


def build(root: Path) -> Sites:
    """Both nights of the small catalog, built into one folder below `root`."""
    made = catalog(root / "catalog")
    output = root / "site"
    return Sites(
        made,
        output,
        build_site(made, SETTINGS, output, envelopes=list(made.envelopes())),
    )
