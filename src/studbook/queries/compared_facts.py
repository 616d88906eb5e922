"""What can be compared of one thing: facts by section and name, what it judged or was judged, its objects.

A fact that is not known is left out, and so is one that was redacted: two values that nobody may see are not known to
be equal. Where the job that made a version is one of several, its facts are left out rather than guessed, and so is
an end that is one of several candidates. Of which sections something was left out so is kept, and which name things
that change under one id: a place in S3, a dataset without its version.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from studbook.lineage.graph import LineageReader
from studbook.lineage.job_state import may_have_result
from studbook.model import Asset, Edge
from studbook.model.canonical import is_number
from studbook.model.record import REDACTED
from studbook.queries.answer import Night
from studbook.queries.candidates import Judge
from studbook.queries.manifests import Objects, objects_of
from studbook.queries.neighbours import content, known_as, newest
from studbook.queries.origins import makers, origins
from studbook.queries.runs import rows_of_version
from studbook.queries.scores import scores
from studbook.queries.walks import copied, evaluation, reads_data, scores_of

Fact = tuple[tuple[str, str], Any]
"""Section and name, and the value."""

_MADE_WITH = ("image", "source_model", "evaluator", "judge", "agent", "checkpoint")
_OF_JOB = ("technique", "peft", "sequence_length", "instance_type", "instance_count")
_OF_VERSION = ("approval", "lifecycle", "registration_type", "recipes")
_OF_DATA = ("uri", "objects", "bytes", "newest", "dataset_type")
_NAMING = frozenset(("version", "hub", "reference", "display_name", "unresolved", "code_sha256", "uri", "aliases"))
"""Attributes of an evaluator that say which it is, not how it is set."""


class HeldScore(NamedTuple):
    """A value that may be held against another thing's."""

    of: tuple[str | None, ...]
    """What was found, of what and on what; only values of the same are held against each other."""
    judges: tuple[str, ...]
    """What must be the same besides."""
    value: Any
    way: int | None
    """1 where more is better, -1 where less is, 0 where neither is; None where it is held against none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One of the things that are compared."""

    asset: Asset
    facts: Mapping[tuple[str, str], Any]
    unsure: frozenset[str] = frozenset()
    """The sections whose facts, equal as they are, do not show that the things are equal there."""
    scores: tuple[HeldScore, ...] = ()
    objects: Objects | None = None
    """Of a dataset version; None where its listing is not kept."""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, all that comparing asks of it: `facts` are `[section, name, value]`, `scores` the
        fields of `HeldScore`."""
        return {
            "kind": self.asset.kind,
            "facts": [[*key, self.facts[key]] for key in sorted(self.facts)],
            "unsure": sorted(self.unsure),
            "scores": [list(one) for one in self.scores],
            "objects": self.objects,
        }


def subject(night: Night, judge: Judge, asset: Asset) -> Subject:
    """What can be compared of an asset of one of `COMPARABLE`."""
    told = dict(COMPARABLE[asset.kind](night, asset))
    facts = {key: value for key, value in told.items() if REDACTED not in str(value)}
    unsure = {section for section, _ in told.keys() - facts.keys()} | {*_unsure(night.lineage, asset, facts)}
    held: Iterable[HeldScore] = ()
    if asset.kind == "model_package":
        held = _judgements(judge, night.lineage, asset)
    elif asset.kind == "evaluator_version":
        held = _judged(night, asset)
    elif asset.kind in _MEASURED:
        metrics = _metrics(night.lineage, asset)
        held = [HeldScore((name,), (), metrics[name], 0) for name in sorted(metrics)]
    objects = _objects(night, asset) if asset.kind == "dataset_version" else None
    return Subject(asset=asset, facts=facts, unsure=frozenset(unsure), scores=tuple(held), objects=objects)


def _unsure(lineage: LineageReader, asset: Asset, facts: Mapping[tuple[str, str], Any]) -> Iterator[str]:
    """The sections that name what changes under its id, or that lack an end which is one of several candidates."""
    for (section, _), ids in facts.items():
        named = ids if section in _INPUTS and isinstance(ids, list) else ()
        if not all(_is_fixed(lineage.asset(one)) for one in named):
            yield section
    for one in (asset, *(makers(lineage, asset) if asset.kind == "model_package" else ())):
        for edge in lineage.upstream(one.id):
            if edge.candidate and edge.relation in ("base_of", "packaged_as", "input_to"):
                yield "base" if edge.relation == "base_of" else _section(edge)


def _is_fixed(asset: Asset | None) -> bool:
    """Whether an id means one content for ever, as that of a version or a commit does."""
    if asset is None or asset.kind == "code":
        return asset is not None and _CODE.fullmatch(asset.id) is not None
    return asset.kind not in ("artifact", "base_model", "dataset", "feature_group", "table")


_CODE: Final = re.compile(r"git:.+@[0-9a-f]{7,64}|arn:.+:function:[^:]+:\d+")
_INPUTS: Final = ("base", "data", "code")
_MEASURED: Final = ("training_job", "mlflow_run")


def curves(lineage: LineageReader, asset: Asset) -> dict[str, Any]:
    """The histories of metrics, `[step, value]` each, of a run, or of the run of a job or of a version's only maker."""
    behind = {asset.id: asset}
    if asset.kind == "model_package":
        jobs = makers(lineage, asset)
        behind |= {job.id: job for job in jobs} if len(jobs) == 1 else {}
    for one in list(behind):
        for edge in _sure(lineage.downstream(one, "recorded_in")):
            if (run := lineage.asset(edge.target)) is not None and run.kind == "mlflow_run":
                behind[run.id] = run
    known = [one for one in newest(behind.values()) if isinstance(one.attributes.get("curves"), Mapping)]
    return {
        name if len(known) == 1 else f"{name} of {one.name}": points
        for one in known
        for name, points in one.attributes["curves"].items()
    }


# --- of each kind -----------------------------------------------------------------------------------------------------


def facts_of_version(night: Night, version: Asset) -> Iterator[Fact]:
    """Facts of a model version, `((section, name), value)`: what made it, how it was judged, where it runs."""
    lineage = night.lineage
    bases = {edge.source for edge in _sure(lineage.upstream(version.id, "base_of"))}
    code = {edge.source for edge in _sure(lineage.upstream(version.id, "packaged_as", "code"))}
    jobs = makers(lineage, version)
    yield from _listed("training", "job", (job.id for job in jobs))
    if len(jobs) == 1:
        yield from _of_job(lineage, jobs[0], bases, code)
    yield from _listed("base", "model", bases)
    yield from _listed("code", "code", code)
    yield from _pairs("registry", {name: version.attributes.get(name) for name in _OF_VERSION})
    yield from _evaluations(lineage, version)
    yield from _listed("deployments", "endpoints", _endpoints(lineage, version))


def facts_of_job(night: Night, job: Asset) -> Iterator[Fact]:
    """Facts of a training job: what went into it, how it was set, what came of it."""
    lineage = night.lineage
    bases: set[str] = set()
    code: set[str] = set()
    yield from _of_job(lineage, job, bases, code)
    yield from _listed("base", "model", bases)
    yield from _listed("code", "code", code)
    yield from _listed("made", "versions and weights", _ends(lineage, job, "produced"))


def facts_of_run(night: Night, run: Asset) -> Iterator[Fact]:
    """Facts of an MLflow run: what it read, its parameters and metrics, what it belongs to."""
    lineage = night.lineage
    inputs: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for edge in _sure(lineage.upstream(run.id, "input_to")):
        source = lineage.asset(edge.source)
        if edge.role == "code":
            inputs["code", "code"].append(edge.source)
        elif source is not None and reads_data(edge, source):
            inputs["data", edge.role or "input"].append(edge.source)
        else:
            inputs["training", edge.role or "input"].append(edge.source)
    for (section, name), ids in inputs.items():
        yield from _listed(section, name, ids)
    yield from _pairs("parameters", run.attributes.get("parameters"))
    yield from _pairs("metrics", run.attributes.get("metrics"))
    yield from _listed("training", "job", (edge.source for edge in _sure(lineage.upstream(run.id, "recorded_in"))))
    yield from _pairs("registry", {"status": run.status})
    yield from _listed("made", "models", _ends(lineage, run, "produced", "recorded_in"))


def facts_of_data(night: Night, version: Asset) -> Iterator[Fact]:
    """Facts of a dataset version: the state that it is, and who read it."""
    lineage = night.lineage
    states = content(lineage, version)
    for name in ("fingerprint", *_OF_DATA):
        said = (one.attributes.get(name) for one in states)
        yield from _pairs("state", {name: next((value for value in said if value is not None), None)})
    reads = (edge for one in known_as(lineage, version) for edge in lineage.downstream(one.id, "input_to"))
    yield from _listed("readers", "jobs and runs", (edge.target for edge in _sure(reads)))


def facts_of_evaluator(night: Night, version: Asset) -> Iterator[Fact]:
    """Facts of an evaluator version: its code, how it is set, what it judged."""
    said: dict[str, Any] = {}
    states = content(night.lineage, version)
    for one in states:
        said = {name: one.attributes[name] for name in one.attributes} | said
    yield from _pairs("code", {"code digest": said.get("code_sha256")})
    yield from _listed("configuration", "function", (one.id for one in states if one.id != version.id))
    yield from _pairs("configuration", {name: said[name] for name in said if name not in _NAMING})
    held = list(_judged(night, version))
    yield from _listed("judged", "versions", (str(score.of[0]) for score in held if score.of[0]))
    for score in held:
        judged, data, metric = score.of
        on = f"{judged or 'what is not recorded'} on {data or 'data that is not recorded'}"
        yield ("evaluations", f"{metric} of {on}"), score.value


COMPARABLE: Final[Mapping[str, Callable[[Night, Asset], Iterator[Fact]]]] = {
    "model_package": facts_of_version,
    "training_job": facts_of_job,
    "mlflow_run": facts_of_run,
    "dataset_version": facts_of_data,
    "evaluator_version": facts_of_evaluator,
}
"""The kinds whose things can be set side by side."""


def _of_job(lineage: LineageReader, job: Asset, bases: set[str], code: set[str]) -> Iterator[Fact]:
    """What a job was made with; its base models and its code are added to those that are known."""
    data: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for edge in _sure(lineage.upstream(job.id, "input_to")):
        section = _section(edge)
        if section == "code":
            code.add(edge.source)
        elif section == "base":
            bases.add(edge.source)
        else:
            data[section, edge.role or "input"].append(edge.source)
    for (section, name), ids in data.items():
        yield from _listed(section, name, ids)
    yield from _pairs("hyperparameters", job.attributes.get("hyperparameters"))
    yield from _pairs("metrics", _metrics(lineage, job))
    yield from _pairs("training", {name: job.attributes.get(name) for name in _OF_JOB})


def _section(edge: Edge) -> str:
    """Of what went into a job, or into a version beside its job."""
    if edge.role in ("code", "base_model"):
        return "code" if edge.role == "code" else "base"
    return "training" if edge.role in _MADE_WITH or edge.relation == "packaged_as" else "data"


def _metrics(lineage: LineageReader, asset: Asset) -> Mapping[str, Any]:
    """Of a job or a run; none where what told them is one of several."""
    metrics, told = scores_of(lineage, asset)
    return metrics if metrics and len(list(_sure(told))) == len(told) else {}


def _endpoints(lineage: LineageReader, version: Asset) -> Iterator[str]:
    """The endpoints that run the version or a clone of it; those of models made from it are not its own."""
    return (row.endpoint for row in rows_of_version(lineage, version) if not row.candidate)


def _evaluations(lineage: LineageReader, version: Asset) -> Iterator[Fact]:
    """The scores of the version and what it was cloned from, by what judged and on what; the newest of each."""
    jobs: dict[str, Asset] = {}
    for origin in origins(lineage, version):
        for edge in _sure(lineage.downstream(origin.id, "input_to", "evaluated_model")):
            job = lineage.asset(edge.target)
            if job is not None and job.kind == "evaluation_job" and may_have_result(job):
                jobs[job.id] = job
    for job in sorted(jobs.values(), key=lambda job: (job.created_at or "", job.id)):
        found = evaluation(lineage, job)
        if not found.scores or not found.evaluators:
            continue
        judged = f"{', '.join(found.evaluators)} on {', '.join(found.data) or 'data that is not recorded'}"
        for metric in sorted(found.scores):
            yield ("evaluations", f"{metric} by {judged}"), found.scores[metric]


def _judgements(judge: Judge, lineage: LineageReader, version: Asset) -> Iterator[HeldScore]:
    """How a version, whichever of its copies, was judged: what `candidates` holds against another's."""
    family = copied(lineage, version.id)
    fixed = judge.numbers(family)
    for one, score in judge.scores(family).items():
        way = None if one not in fixed else -1 if judge.prefers_less(one.metric) else 1
        yield HeldScore((one.evaluator, one.data, one.metric), tuple(sorted(score.judges)), score.value, way)


def _judged(night: Night, version: Asset) -> Iterator[HeldScore]:
    """What an evaluator version gave: the newest score of each model, on each data, by each metric."""
    lineage = night.lineage
    mine = {one.id for one in (*content(lineage, version), *known_as(lineage, version))}
    found: dict[tuple[str | None, ...], HeldScore] = {}
    for row in scores(night, version.id).rows:
        if row.evaluator not in mine or row.candidate:
            continue
        data = lineage.asset(row.data or "")
        sure = row.judged is not None and data is not None and data.kind == "dataset_version" and is_number(row.value)
        of = (copied(lineage, row.judged).original.id if row.judged else None, row.data, row.metric)
        found[of] = HeldScore(of, row.judges, row.value, 0 if sure else None)
    yield from (found[of] for of in sorted(found, key=lambda of: [one or "" for one in of]))


def _objects(night: Night, version: Asset) -> Objects | None:
    """The listing of a dataset version, or of the state in S3 that it points at."""
    for one in content(night.lineage, version):
        record = night.record_of("s3_prefix", one.id)
        if record is not None and isinstance(record.body.get("Contents"), list):
            return objects_of(record.body)
    return None


def _ends(lineage: LineageReader, asset: Asset, *relations: str) -> Iterator[str]:
    return (edge.target for relation in relations for edge in _sure(lineage.downstream(asset.id, relation)))


def _sure(edges: Iterable[Edge]) -> Iterator[Edge]:
    """Those whose ends are not one of several candidates."""
    return (edge for edge in edges if not edge.candidate)


def _pairs(section: str, facts: Any) -> Iterator[Fact]:
    if isinstance(facts, Mapping):
        for name in sorted(facts):
            if facts[name] is not None:
                yield (section, name), facts[name]


def _listed(section: str, name: str, ids: Iterable[str]) -> Iterator[Fact]:
    if several := sorted(set(ids)):
        yield (section, name), several
