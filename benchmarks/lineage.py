"""How long it takes to link an estate, to keep it, and to ask it something.

    python -m benchmarks.lineage [JOBS ...]

The estate is generated: training jobs that read 200 datasets, every fourth with a package, every twentieth deployed.
Each size runs in a process of its own, so that the peak memory is that size's own.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from studbook.lineage.chronicle import chronicle
from studbook.lineage.graph import Lineage, impact, trace
from studbook.lineage.link import LinkContext, link
from studbook.model import Coverage, Record
from studbook.settings import Dataset, Settings
from studbook.sources import normalize
from studbook.store import Catalog

SIZES = (2_000, 20_000)
ACCOUNT, REGION = "111122223333", "us-west-2"
ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:"
IMAGE = "763104351884.dkr.ecr.us-west-2.amazonaws.com/xgboost:"


def main(arguments: list[str] | None = None) -> None:
    """Print a table, a line for each size."""
    sizes = [int(size) for size in arguments or ()] or list(SIZES)
    head = ("jobs", "assets", "edges", "link s", "commit s", "index s", "trace ms", "impact ms", "peak MB")
    print(" ".join(f"{title:>10}" for title in head))
    for size in sizes:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.lineage", "--one", str(size)], capture_output=True, text=True, check=True
        )
        print(done.stdout, end="", flush=True)


def one(jobs: int) -> None:
    """Measure one size, and print its line; seconds are of the processor."""
    settings = Settings(datasets=tuple(Dataset(uri=f"s3://data/set-{n}/") for n in range(200)))
    records = list(estate(jobs))
    clock = _Clock()
    linked = link(records, normalize, LinkContext.of(settings))
    assets = chronicle(linked, {}, 1)
    linking = clock.lap()
    with tempfile.TemporaryDirectory() as folder:
        catalog = Catalog(Path(folder))
        row = Coverage(account=ACCOUNT, region=REGION, source="sagemaker", status="complete", records=jobs, requests=0)
        envelope = catalog.commit(
            records=records,
            assets=assets,
            edges=linked.edges,
            coverage=[row],
            taken_at="2026-11-22T02:00:00Z",
            config=settings.digest,
        )
        committing = clock.lap()
        index: Lineage = catalog.index(envelope)
        indexing = clock.lap()
        trace(index, f"{ARN}endpoint/e-0")
        tracing = clock.lap()
        impact(index, "s3://data/set-0/")
        reaching = clock.lap()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cells = (jobs, len(assets), len(linked.edges), f"{linking:.1f}", f"{committing:.1f}", f"{indexing:.1f}")
    print(" ".join(f"{cell:>10}" for cell in (*cells, f"{tracing * 1e3:.0f}", f"{reaching * 1e3:.0f}", f"{peak:.0f}")))


class _Clock:
    def __init__(self) -> None:
        self._last = time.process_time()

    def lap(self) -> float:
        now = time.process_time()
        spent, self._last = now - self._last, now
        return spent


def estate(jobs: int) -> Iterator[Record]:
    """Records as the describe calls give them."""
    for n in range(jobs):
        at = f"2026-{1 + n % 12:02d}-{1 + n % 28:02d}T00:00:00Z"
        artifact = f"s3://out/job-{n}/model.tar.gz"
        yield _record(
            "training_job",
            f"training-job/job-{n}",
            {
                "TrainingJobName": f"job-{n}",
                "TrainingJobStatus": "Completed",
                "CreationTime": at,
                "TrainingStartTime": at,
                "HyperParameters": {"eta": "0.1", "rounds": "30"},
                "AlgorithmSpecification": {"TrainingImage": f"{IMAGE}{n % 5}"},
                "InputDataConfig": [
                    {
                        "ChannelName": "train",
                        "DataSource": {
                            "S3DataSource": {
                                "S3DataType": "S3Prefix",
                                "S3Uri": f"s3://data/set-{n % 200}/part-{n % 7}/",
                            }
                        },
                    }
                ],
                "ModelArtifacts": {"S3ModelArtifacts": artifact},
            },
        )
        if n % 4 == 0:
            group = f"group-{n % 300}"
            yield _record(
                "model_package",
                f"model-package/{group}/{n}",
                {
                    "ModelPackageGroupName": group,
                    "ModelPackageVersion": n,
                    "ModelPackageStatus": "Completed",
                    "ModelApprovalStatus": "Approved",
                    "CreationTime": at,
                    "InferenceSpecification": {"Containers": [{"Image": f"{IMAGE}1", "ModelDataUrl": artifact}]},
                },
            )
        if n % 20 == 0:
            package = f"{ARN}model-package/group-{n % 300}/{n}"
            yield _record(
                "model",
                f"model/m-{n}",
                {"ModelName": f"m-{n}", "CreationTime": at, "PrimaryContainer": {"ModelPackageName": package}},
            )
            yield _record(
                "endpoint_config",
                f"endpoint-config/c-{n}",
                {
                    "EndpointConfigName": f"c-{n}",
                    "CreationTime": at,
                    "ProductionVariants": [{"VariantName": "all", "ModelName": f"m-{n}"}],
                },
            )
            yield _record(
                "endpoint",
                f"endpoint/e-{n}",
                {
                    "EndpointName": f"e-{n}",
                    "EndpointStatus": "InService",
                    "EndpointConfigName": f"c-{n}",
                    "CreationTime": at,
                },
            )


def _record(kind: str, resource_name: str, body: dict[str, Any]) -> Record:
    return Record(
        source="sagemaker",
        kind=kind,
        id=f"{ARN}{resource_name}",
        account=ACCOUNT,
        region=REGION,
        revision="",
        body=body,
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(int(sys.argv[2]))
    else:
        main(sys.argv[1:])
