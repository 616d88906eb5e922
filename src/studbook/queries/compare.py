"""Two model versions side by side: what made them, how they were judged, where they run.

A row is equal only where both sides are known and the same; two unknowns are no row. Evaluations are set side by side
only where the same evaluators judged on the same data, both by id: any other two scores say nothing about each other.
Where the job that made a version is one of several, its facts are left out rather than guessed, and so is an input or
an endpoint that is one of several candidates.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from studbook.errors import UsageError
from studbook.lineage.graph import LineageReader
from studbook.model import Asset
from studbook.model.kinds import kind_words
from studbook.queries.origins import makers, origins
from studbook.queries.runs import rows_of_version
from studbook.queries.walks import evaluation

SECTIONS = (
    "base",
    "data",
    "hyperparameters",
    "code",
    "training",
    "metrics",
    "evaluations",
    "registry",
    "deployments",
)
_MADE_WITH = ("image", "source_model", "evaluator", "judge", "agent", "checkpoint")
_OF_JOB = ("technique", "peft", "sequence_length", "instance_type", "instance_count")
_OF_VERSION = ("approval", "lifecycle", "registration_type", "recipes")


@dataclass(frozen=True, slots=True)
class ComparedFact:
    """One fact of both."""

    section: str
    """One of nine, from `base` to `deployments`."""
    name: str
    left: Any
    """None where it is not known, or not there."""
    right: Any

    @property
    def equal(self) -> bool:
        return bool(self.left == self.right)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The rows in the order of the sections."""

    left: Asset
    right: Asset
    rows: tuple[ComparedFact, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values: the differences and the equal rows apart."""
        return {
            "left": self.left.id,
            "right": self.right.id,
            "different": [asdict(row) for row in self.rows if not row.equal],
            "equal": [asdict(row) for row in self.rows if row.equal],
        }


def compare(lineage: LineageReader, left: Asset, right: Asset) -> Comparison:
    """What is different, and what is not, between two model versions.

    Raises UsageError where one of them is no model version.
    """
    for asset in (left, right):
        if asset.kind != "model_package":
            raise UsageError(
                f"{asset.name} is of the kind {kind_words(asset.kind)}",
                "name two model versions: model-package/<group>/<number>",
            )
    one, other = dict(facts(lineage, left)), dict(facts(lineage, right))
    keys = sorted(one.keys() | other.keys(), key=lambda key: (SECTIONS.index(key[0]), key[1]))
    return Comparison(left, right, tuple(ComparedFact(*key, one.get(key), other.get(key)) for key in keys))


def facts(lineage: LineageReader, version: Asset) -> Iterator[tuple[tuple[str, str], Any]]:
    """What can be compared of one model version: section and name, and the value."""
    bases = {edge.source for edge in lineage.upstream(version.id, "base_of")}
    code = {edge.source for edge in lineage.upstream(version.id, "packaged_as") if edge.role == "code"}
    jobs = makers(lineage, version)
    yield from _listed("training", "job", (job.id for job in jobs))
    if len(jobs) == 1:
        job = jobs[0]
        data: defaultdict[str, list[str]] = defaultdict(list)
        for edge in lineage.upstream(job.id, "input_to"):
            if edge.candidate:
                continue
            if edge.role == "code":
                code.add(edge.source)
            elif edge.role == "base_model":
                bases.add(edge.source)
            elif edge.role in _MADE_WITH:
                data[f"training/{edge.role}"].append(edge.source)
            else:
                data[f"data/{edge.role or 'input'}"].append(edge.source)
        for key, ids in data.items():
            section, _, name = key.partition("/")
            yield from _listed(section, name, ids)
        for section in ("hyperparameters", "metrics"):
            yield from _pairs(section, job.attributes.get(section))
        yield from _pairs("training", {name: job.attributes.get(name) for name in _OF_JOB})
    yield from _listed("base", "model", bases)
    yield from _listed("code", "code", code)
    yield from _pairs("registry", {name: version.attributes.get(name) for name in _OF_VERSION})
    yield from _evaluations(lineage, version)
    yield from _listed("deployments", "endpoints", _endpoints(lineage, version))


def _endpoints(lineage: LineageReader, version: Asset) -> Iterator[str]:
    """The endpoints that run the version or a clone of it; those of models made from it are not its own."""
    return (row.endpoint for row in rows_of_version(lineage, version) if not row.candidate)


def _evaluations(lineage: LineageReader, version: Asset) -> Iterator[tuple[tuple[str, str], Any]]:
    """The scores of the version and what it was cloned from, by what judged and on what; the newest of each."""
    jobs: dict[str, Asset] = {}
    for origin in origins(lineage, version):
        for edge in lineage.downstream(origin.id, "input_to", "evaluated_model"):
            job = lineage.asset(edge.target)
            if job is not None and job.kind == "evaluation_job":
                jobs[job.id] = job
    for job in sorted(jobs.values(), key=lambda job: (job.created_at or "", job.id)):
        found = evaluation(lineage, job)
        if not found.scores or not found.evaluators:
            continue
        judged = f"{', '.join(found.evaluators)} on {', '.join(found.data) or 'data that is not recorded'}"
        for metric in sorted(found.scores):
            yield ("evaluations", f"{metric} by {judged}"), found.scores[metric]


def _pairs(section: str, facts: Any) -> Iterator[tuple[tuple[str, str], Any]]:
    if isinstance(facts, Mapping):
        for name in sorted(facts):
            if facts[name] is not None:
                yield (section, name), facts[name]


def _listed(section: str, name: str, ids: Iterable[str]) -> Iterator[tuple[tuple[str, str], Any]]:
    if several := sorted(set(ids)):
        yield (section, name), several


def spelled(name: str, called: Callable[[str], str | None]) -> str:
    """A row's name for people: `called` gives the name of an id, and None for any other word."""
    words = []
    for word in name.split(" "):
        known = called(word.rstrip(","))
        words.append(word if known is None else known + word[len(word.rstrip(",")) :])
    return " ".join(words)
