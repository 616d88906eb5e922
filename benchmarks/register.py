"""A generated catalog: as many assets as asked, with everything that a site draws.

Forty jobs are a team's: one model group, one dataset of four versions, one experiment. Every job has its run and its
artifact, every second one a package and its evaluation, every tenth an endpoint. A fifth of the packages are trained on
from the one before.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from studbook.model import Asset, Coverage, Edge, Envelope
from studbook.people import working_files
from studbook.redaction.redact import Redactor
from studbook.settings import Settings
from studbook.store import Catalog

ACCOUNT, PRODUCTION, REGION = "111122223333", "444455556666", "us-west-2"
_HUB = f"arn:aws:sagemaker:{REGION}:aws:hub-content/SageMakerPublicHub/Model/"
CONFIGURATION = f"""accounts:
  - {{id: "{ACCOUNT}", name: ml-dev, stage: development, regions: [{REGION}]}}
  - {{id: "{PRODUCTION}", name: ml-prod, stage: production, regions: [{REGION}]}}
"""
Lineage = tuple[list[Asset], list[Edge]]


def write(root: Path, count: int) -> Catalog:
    """A catalog of one night with about `count` assets."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "studbook.yml").write_text(CONFIGURATION, encoding="utf-8")
    catalog = Catalog(root)
    commit(catalog, lineage(count), 1)
    return catalog


def commit(catalog: Catalog, of: Lineage, night: int) -> Envelope:
    """Add a night."""
    assets, edges = of
    kept = catalog.keep_records(())
    content = catalog.keep_lineage(kept.records, assets, edges)
    draft = catalog.draft(
        content,
        number=None,
        coverage=[
            Coverage(account=account, region=REGION, source="sagemaker", status="complete", records=1, requests=1)
            for account in (ACCOUNT, PRODUCTION)
        ],
        taken_at=f"2026-{9 + night // 28:02d}-{1 + night % 28:02d}T02:00:00Z",
        config=Settings().digest,
    )
    people = catalog.keep_people(working_files(catalog, catalog.settings(), Redactor()))
    return catalog.add(draft, findings=catalog.keep_findings(()), people=people, readings=kept.readings)


def lineage(count: int) -> Lineage:
    """The first `count` assets of an endless estate, and the edges between them."""
    assets: dict[str, Asset] = {}
    edges: dict[Any, Edge] = {}
    for item in _parts():
        if isinstance(item, Edge):
            edges[item.key] = item
        elif len(assets) < count or item.id in assets:
            assets.setdefault(item.id, item)
        else:
            break
    return list(assets.values()), [edge for edge in edges.values() if edge.source in assets and edge.target in assets]


def change(of: Lineage, night: int) -> Lineage:
    """One asset in a hundred changes as assets do: metrics, statuses, approvals; another hundred each night."""
    assets, edges = of
    changed = [
        asset.but(
            modified_at=f"2026-11-{1 + night % 28:02d}T00:00:00Z",
            attributes={**asset.attributes, "note": f"looked at in night {night}"},
        )
        if (index + night * 7) % 100 == 0
        else asset
        for index, asset in enumerate(assets)
    ]
    return changed, edges


def _parts() -> Iterator[Asset | Edge]:
    """Assets, each before the edges that name it."""
    number = 0
    while True:
        yield from _job(number)
        number += 1


def _job(n: int) -> Iterator[Asset | Edge]:
    team, base = n // 40, f"{_HUB}base-{n // 40 % 10}/1.0.0"
    dataset = f"s3://data-{team}/chats/"
    state = f"{dataset}@sha256:{n // 10:064x}"
    image, code = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/train@sha256:{team // 5:064x}", _code(n)
    group, experiment = _arn(f"model-package-group/team-{team}"), f"mlflow:lab/experiment/{team}"
    judge = _arn("function:judge", "lambda") + f":{1 + team % 3}"
    job, run, weights = (
        _arn(f"training-job/sft-{n:06}"),
        f"mlflow:lab/run/{n:032x}",
        f"s3://out/sft-{n:06}/model.tar.gz",
    )
    at = f"2026-{1 + n % 9:02d}-{1 + n % 28:02d}T{n % 24:02d}:00:00Z"
    scores = {
        f"{name}_score": round((n * 7 + i * 13) % 100 / 100, 4) for i, name in enumerate(("tone", "truth", "safe"))
    }
    rates = {"learning_rate": f"{1 + n % 9}e-5", "epochs": str(1 + n % 4), "rank": "16", "warmup": "0.1"}
    yield _asset(base.rpartition("/")[0], "base_model", f"base-{team % 10}", account="aws")
    yield _asset(base, "base_model_version", f"base-{team % 10} 1.0.0", account="aws")
    yield _edge(base.rpartition("/")[0], base, "has_version")
    yield _asset(dataset, "dataset", f"chats-{team}", account=None)
    yield _asset(
        state,
        "dataset_version",
        f"chats-{team} {n // 10}",
        account=None,
        created_at=at,
        attributes={"fingerprint": f"sha256:{n // 10:064x}", "objects": 100 + n // 10, "bytes": 10_000_000 + n},
    )
    if n % 10 == 0:
        yield _edge(dataset, state, "has_version")
    yield _asset(image, "container_image", f"train-{team // 5}")
    yield _asset(code, "code", f"train@{n // 5:07x}", account=None)
    yield _asset(group, "model_package_group", f"team-{team}", stage="development")
    yield _asset(experiment, "mlflow_experiment", f"team-{team}", account=None)
    yield _asset(judge.rpartition(":")[0], "evaluator", "judge", stage="development")
    yield _asset(judge, "evaluator_version", f"judge:{1 + team % 3}", stage="development")
    if n % 40 == 0 and team < 3:
        yield _edge(judge.rpartition(":")[0], judge, "has_version")
    yield _asset(
        job,
        "training_job",
        f"sft-{n:06}",
        stage="development",
        status="Completed",
        created_at=at,
        attributes={"hyperparameters": rates, "instance_type": "ml.g5.xlarge", "metrics": {"loss": n % 97 / 100}},
        tags={"team": f"team-{team}", "cost-centre": str(1000 + team)},
    )
    yield _edge(state, job, "input_to", "train")
    yield _edge(base, job, "input_to", "base_model")
    yield _edge(image, job, "input_to", "image")
    yield _edge(code, job, "input_to", "code")
    yield _asset(
        run,
        "mlflow_run",
        f"sft-{n:06}-run",
        account=None,
        status="FINISHED",
        created_at=at,
        attributes={"parameters": rates, "metrics": {"loss": n % 97 / 100, "tokens": 1_000 * n}},
    )
    yield _edge(job, run, "recorded_in")
    yield _edge(run, experiment, "part_of")
    yield _asset(weights, "artifact", f"sft-{n:06}/model.tar.gz", created_at=at)
    yield _edge(job, weights, "produced")
    if n % 2:
        return
    package, version = _arn(f"model-package/team-{team}/{1 + n % 40 // 2}"), 1 + n % 40 // 2
    yield _asset(
        package,
        "model_package",
        f"team-{team}/{version}",
        stage="development",
        status="Completed",
        created_at=at,
        attributes={"approval": ("Approved", "Rejected", "PendingManualApproval")[n % 3], "version": version},
    )
    yield _edge(group, package, "has_version")
    yield _edge(weights, package, "packaged_as")
    if version % 5 == 2:
        yield _edge(_arn(f"model-package/team-{team}/{version - 1}"), job, "input_to", "source_model")
    evaluation = _arn(f"training-job/judge-{n:06}")
    yield _asset(
        evaluation,
        "evaluation_job",
        f"judge-{n:06}",
        stage="development",
        status="Completed",
        created_at=at,
        attributes={"metrics": scores},
    )
    yield _edge(package, evaluation, "input_to", "evaluated_model")
    yield _edge(judge, evaluation, "input_to", "evaluator")
    yield _edge(state, evaluation, "input_to", "test")
    if n % 10:
        return
    names = [_arn(f"{what}/live-{n:06}", account=PRODUCTION) for what in ("model", "endpoint-config", "endpoint")]
    above = package
    for arn, kind in zip(names, ("model", "endpoint_config", "endpoint"), strict=True):
        status = "InService" if kind == "endpoint" else None
        yield _asset(arn, kind, f"live-{n:06}", account=PRODUCTION, stage="production", status=status, created_at=at)
        yield _edge(above, arn, "packaged_as" if kind == "model" else "deployed_to")
        above = arn


def _code(n: int) -> str:
    return f"git:https://github.com/team/train.git@{n // 5:040x}"


def _arn(resource: str, service: str = "sagemaker", account: str = ACCOUNT) -> str:
    return f"arn:aws:{service}:{REGION}:{account}:{resource}"


def _asset(asset_id: str, kind: str, name: str, account: str | None = ACCOUNT, **more: Any) -> Asset:
    region = REGION if account else None
    return Asset(id=asset_id, kind=kind, name=name, account=account, region=region, first_seen=1, **more)  # type: ignore[arg-type]


def _edge(source: str, target: str, relation: str, role: str | None = None) -> Edge:
    evidence = (f"sagemaker:DescribeTrainingJob#{role or relation}", "sagemaker:DescribeModelPackage#Containers[0]")
    return Edge(source=source, target=target, relation=relation, role=role, certainty="referenced", evidence=evidence)  # type: ignore[arg-type]
