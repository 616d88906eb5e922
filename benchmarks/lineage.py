"""What it costs to link an estate, to keep it, and to ask it something, beside what other engines cost.

    python -m benchmarks.lineage [ASSETS ...]

Each step runs in a process of its own, so that its peak memory is its own. Seconds are of the processor.
"""

from __future__ import annotations

import json
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from studbook.harvest.derive import derive
from studbook.harvest.snapshot import WorkingFolder, add_snapshot
from studbook.lineage.link import LinkContext
from studbook.model import Coverage, Record
from studbook.rules import RULES
from studbook.settings import Dataset, Settings
from studbook.store import Catalog
from studbook.store.chunks import RECORDS

SIZES = (10_000, 100_000, 1_000_000)
ACCOUNT, REGION = "111122223333", "us-west-2"
ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:"
BASE = f"arn:aws:sagemaker:{REGION}:aws:hub-content/SageMakerPublicHub/Model/llama"
IMAGE = "763104351884.dkr.ecr.us-west-2.amazonaws.com/xgboost:"
ENDPOINT, DATASET = f"{ARN}endpoint/e-0", "s3://data/set-0/"
COMMON = "s3://data/common/"
"""A dataset that a fifth of all jobs read."""
GROUP, VERSION = f"{ARN}model-package-group/group-0", f"{ARN}model-package/group-0/0"
QUESTIONS = (
    ("show", ENDPOINT),
    ("trace", ENDPOINT),
    ("impact", DATASET),
    ("impact", f"{IMAGE}0"),
    ("runs", VERSION),
    ("runs", ENDPOINT),
    ("runs", ACCOUNT),
    ("copies", GROUP),
    ("scores", GROUP),
    ("candidates", ENDPOINT),
    ("candidates", GROUP),
    ("incident", DATASET),
    ("incident", COMMON),
    ("gaps", ENDPOINT),
    ("log", VERSION),
)
"""What is asked, of what."""


def main(arguments: list[str] | None = None) -> None:
    """Print what each step costs, size after size."""
    for size in [int(size) for size in arguments or ()] or list(SIZES):
        with tempfile.TemporaryDirectory() as folder:
            print(f"\n{size:,} assets", flush=True)
            for step in STEPS:
                _run("--step", step, folder, str(size))
            for question, asset in QUESTIONS:
                _ask(folder, [question, asset])


def _run(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "benchmarks.lineage", *arguments], check=True)


def _ask(folder: str, question: list[str]) -> None:
    """As a person asks: a new process, from its start to the last line."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "studbook", *question, "--catalog", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    name = "/".join(question[1].rsplit("/", 2)[1:])
    _line(f"studbook {question[0]} {name}", spent, None, f"{len(done.stdout.splitlines())} lines")


def _line(step: str, seconds: float, megabytes: float | None, note: str) -> None:
    memory = "" if megabytes is None else f"{megabytes:,.0f} MB"
    print(f"  {step:44} {seconds:9.3f} s {memory:>10}  {note}", flush=True)


class _Clock:
    def __init__(self) -> None:
        self._last = time.process_time()

    def lap(self, step: str, note: str = "") -> None:
        now = time.process_time()
        _line(step, now - self._last, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, note)
        self._last = time.process_time()


# --- ours ---------------------------------------------------------------------------------------------------------


SETTINGS = Settings(datasets=tuple(Dataset(uri=uri) for uri in (COMMON, *(f"s3://data/set-{n}/" for n in range(200)))))


def link_and_commit(folder: Path, size: int) -> None:
    """The first night: everything is linked. What is printed is the peak until then."""
    _night(folder, estate(size), "everything")


def next_night(folder: Path, size: int) -> None:
    """A night on which one record of a hundred is new or other than before."""
    _night(folder, _later(estate(size)), "1 % night")


def _night(folder: Path, records: Iterator[Record], name: str) -> None:
    catalog = Catalog(folder)
    previous = catalog.latest()
    lines = map(RECORDS.line, records) if previous is None else iter([RECORDS.line(record) for record in records])
    clock = _Clock()
    kept = catalog.keep_records(lines)
    clock.lap(f"{name}: keep the records")
    number = previous.number + 1 if previous else 1
    content, _ = derive(
        catalog,
        LinkContext.of(SETTINGS),
        records=kept.records,
        config=SETTINGS.digest,
        previous=previous,
    )
    row = Coverage(account=ACCOUNT, region=REGION, source="sagemaker", status="complete", records=0, requests=0)
    taken_at = f"2026-11-{20 + number}T02:00:00Z"
    draft = catalog.draft(content, number=number, coverage=[row], taken_at=taken_at, config=SETTINGS.digest)
    clock.lap(f"{name}: link, and keep the lineage")
    envelope = add_snapshot(catalog, draft, WorkingFolder(SETTINGS, (), {}, (), RULES), readings=kept.readings)
    clock.lap(f"{name}: apply the rules, make the tree")
    counts = ", ".join(f"{count:,} {part}" for part, count in catalog.counts(envelope).items())
    changed = f"; {len(catalog.changed(previous, envelope)):,} assets changed" if previous else ""
    print(f"  {counts}{changed}", flush=True)


def _later(records: Iterator[Record]) -> Iterator[Record]:
    """Of two hundred records one has other tags, wherever it is, and there is one new training job."""
    for number, record in enumerate(records):
        if number % 200 == 0:
            yield replace(record, body={**record.body, "Tags": [{"Key": "reviewed", "Value": "yes"}]})
            if record.kind == "training_job":
                body = {**record.body, "CreationTime": "2026-12-31T00:00:00Z", "ModelArtifacts": {}}
                yield replace(record, id=f"{record.id}-again", body=body)
        else:
            yield record


def index(folder: Path, _: int) -> None:
    """The index, from nothing."""
    catalog = Catalog(folder)
    clock = _Clock()
    with catalog.index(catalog.resolve("latest")):
        pass
    assert catalog.index_file is not None
    clock.lap("index", f"{catalog.index_file.stat().st_size / 1e6:,.0f} MB on disk")


# --- the same plain walk in each engine ---------------------------------------------------------------------------
# Everything upstream of the endpoint, everything downstream of the dataset; ids only, no rules. All must find as much.


def walk_index(folder: Path, _: int) -> None:
    """Our own index, from Python, level by level."""
    catalog = Catalog(folder)
    clock = _Clock()
    with catalog.index(catalog.resolve("latest")) as lineage:
        clock.lap("our index: open")

        def reach(start: str, direction: Any) -> int:
            seen, ahead = {start}, [start]
            while ahead:
                lineage.prefetch(ahead, direction)
                ends = []
                for one in ahead:
                    edges = lineage.upstream(one) if direction == "upstream" else lineage.downstream(one)
                    ends += [edge.source if direction == "upstream" else edge.target for edge in edges]
                ahead = list(dict.fromkeys(end for end in ends if end not in seen))
                seen.update(ahead)
            return len(seen) - 1

        _both(clock, "our index", lambda: reach(ENDPOINT, "upstream"), lambda: reach(DATASET, "downstream"))


def walk_sqlite(folder: Path, _: int) -> None:
    """Two recursive queries over the same file."""
    place = Catalog(folder).index_file
    assert place is not None
    connection = sqlite3.connect(place)
    clock = _Clock()

    def reach(start: str, near: str, far: str) -> int:
        query = f"""
            WITH RECURSIVE reached (key) AS (
                SELECT key FROM asset WHERE backwards = ?
                UNION SELECT {far} FROM edge JOIN reached ON {near} = reached.key
            ) SELECT count(*) - 1 FROM reached
        """
        return int(connection.execute(query, (start[::-1],)).fetchone()[0])

    _both(
        clock,
        "SQLite, recursive query",
        lambda: reach(ENDPOINT, "target", "source"),
        lambda: reach(DATASET, "source", "target"),
    )


def walk_networkx(folder: Path, _: int) -> None:
    """A DiGraph of ids, from the catalog's edges."""
    import networkx

    clock = _Clock()
    graph = networkx.DiGraph(_pairs(folder))
    clock.lap("networkx: load")
    _both(
        clock,
        "networkx",
        lambda: len(networkx.ancestors(graph, ENDPOINT)),
        lambda: len(networkx.descendants(graph, DATASET)),
    )


def walk_rustworkx(folder: Path, _: int) -> None:
    """A PyDiGraph of numbers, with the ids beside it."""
    import rustworkx

    clock = _Clock()
    graph, numbers = rustworkx.PyDiGraph(), {}
    edges = []
    for pair in _pairs(folder):
        edges.append(tuple(numbers.setdefault(one, len(numbers)) for one in pair))
    graph.add_nodes_from(list(numbers))
    graph.add_edges_from_no_data(edges)
    clock.lap("rustworkx: load")
    _both(
        clock,
        "rustworkx",
        lambda: len(rustworkx.ancestors(graph, numbers[ENDPOINT])),
        lambda: len(rustworkx.descendants(graph, numbers[DATASET])),
    )


def _both(clock: _Clock, engine: str, up: Callable[[], int], down: Callable[[], int]) -> None:
    found = up()
    clock.lap(f"{engine}: upstream", f"{found:,} found")
    found = down()
    clock.lap(f"{engine}: downstream", f"{found:,} found")


def _pairs(folder: Path) -> Iterator[tuple[str, str]]:
    """The ends of all edges, without validating them."""
    catalog = Catalog(folder)
    manifest = catalog.resolve("latest").parts.edges
    for chunk in catalog.objects.lines(manifest):
        for line in catalog.objects.lines(json.loads(chunk)["object"]):
            edge = json.loads(line)
            yield edge["source"], edge["target"]


STEPS: dict[str, Callable[[Path, int], None]] = {
    "link": link_and_commit,
    "night": next_night,
    "index": index,
    "walk-index": walk_index,
    "walk-sqlite": walk_sqlite,
    "walk-networkx": walk_networkx,
    "walk-rustworkx": walk_rustworkx,
}


# --- the estate ---------------------------------------------------------------------------------------------------


def estate(assets: int) -> Iterator[Record]:
    """Records as the describe calls give them: training jobs that read two of 200 datasets, a base model and an
    archive of code; every fourth has a package, every twentieth is deployed. Nearly three edges for each asset.
    """
    jobs = round(assets / 2.4)
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
                    _channel("train", COMMON if n % 5 == 0 else f"s3://data/set-{n % 200}/part-{n % 7}/"),
                    _channel("validation", f"s3://data/set-{n % 199}/held-out/"),
                    _channel("code", f"s3://code/archive-{n % 500}/sourcedir.tar.gz"),
                    _channel("model", "s3://jumpstart/llama/", HubAccessConfig={"HubContentArn": f"{BASE}/1.{n % 9}"}),
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


def _channel(name: str, uri: str, **more: Any) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, **more}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}


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
    if sys.argv[1:2] == ["--step"]:
        STEPS[sys.argv[2]](Path(sys.argv[3]), int(sys.argv[4]))
    else:
        main(sys.argv[1:])
