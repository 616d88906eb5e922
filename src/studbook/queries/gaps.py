"""`gaps`: a certificate of what cannot be known of a model version's origins, or of those of what an endpoint runs.

Two sorts of gaps: an origin that is named and that no listing showed, or shows no more; and an origin that no record
names, of the kinds that every model has (data, code, a base model where something was tuned, an image, a judgement).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from studbook.errors import UsageError
from studbook.lineage.graph import LineageReader
from studbook.lineage.job_state import may_have_result
from studbook.lineage.joins.weights import NAMED_PLACE as NAMED
from studbook.model import KINDS, Asset, Edge, Partition
from studbook.model.ids import parse_arn
from studbook.model.kinds import JOB_KINDS, kind_words
from studbook.queries.answer import Answer, Night, Row, Why, called, counted
from studbook.queries.origins import makers, origins
from studbook.queries.question import Question
from studbook.queries.walks import NO_DATA_ROLES, is_data, made, runs

Missing = Literal["base_model", "code", "data", "image", "judgement"]

_VERSIONS: Final = ("model_package", "mlflow_model_version")
_OF_JOBS: Final = ("sagemaker", "bedrock")
_JOBS: Final = re.compile(r"Job|^Search|^AssumeRole$")
"""Operations that show jobs, or without which none is seen."""
_NOT_S3: Final = ("fsx:", "efs:", "mlflow:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack(Row):
    """One origin that cannot be known."""

    what: str
    """Its id where one is known, else `base_model`, `code`, `data`, `image` or `judgement`."""
    why: Why
    partition: str | None = None
    """Where it could not be asked: `account/region/source`."""
    asset: str | None = None
    """What it is an origin of: the version or the job that lacks it; of a named origin, itself."""


@dataclass(frozen=True, kw_only=True)
class Gaps(Answer[Lack]):
    """By what is lacking, then by whose origin it is."""


def gaps(night: Night, root: str, asked: str | None = None) -> Gaps:
    """What cannot be known of the origins of a model version, or of those of all that an endpoint runs.

    Raises NotFound where there is no such asset, UsageError where it is neither.
    """
    asset = night.asset(root)
    if not QUESTION.is_asked_of(asset.kind):
        raise UsageError(
            f"{called(asset)} is of the kind {kind_words(asset.kind)}, and gaps is asked of others",
            "ask it of a model version or an endpoint: 'studbook impact' names those that depend on this",
        )
    found = {*_named(night, asset), *lacking(night, asset)}
    rows = tuple(sorted(found, key=lambda row: (row.what, row.why, row.partition or "", row.asset or "")))
    end = night.end(asset)
    return Gaps(
        question="gaps",
        root=root,
        asked=root if asked is None else asked,
        summary=_summary(asset, rows),
        rows=rows,
        unknown=(end,) if end is not None and end.why == "stale" else (),
    )


QUESTION: Final = Question(name="gaps", ask=gaps, of=(*_VERSIONS, "endpoint"))


def _summary(asset: Asset, rows: Sequence[Lack]) -> str:
    if not rows:
        return f"All origins of {asset.name} are known."
    missing = sorted({row.what.replace("_", " ") for row in rows if row.what in Missing.__args__})  # type: ignore[attr-defined]
    unseen = {row.what.replace("_", " ") for row in rows if row.why != "not recorded"}
    named = len({row.what for row in rows if row.what not in Missing.__args__})  # type: ignore[attr-defined]
    told = [f"no {what} is {'known' if what in unseen else 'recorded'}" for what in missing]
    told += [f"{counted(named, 'named origin')} cannot be seen"] * bool(named)
    return f"Of {asset.name} {counted(len(rows), 'thing')} cannot be known: {', '.join(told)}."


# --- named, and not to be seen ------------------------------------------------------------------------------------


def _named(night: Night, root: Asset) -> Iterator[Lack]:
    walk = made(night.lineage, root.id)
    read = {edge.source for edge in walk.edges if edge.relation == "input_to" and _reads_data(night.lineage, edge)}
    for asset in walk.assets:
        if asset.id == root.id or asset.id not in walk.influence:
            continue
        end = night.end(asset)
        if end is not None and end.why == "stale":
            why, where = _partition(night, asset)
            yield Lack(what=asset.id, why=why, partition=where, asset=asset.id)
        elif end is not None:
            yield Lack(what=asset.id, why=end.why, partition=end.partition, asset=asset.id)
        elif asset.id.startswith(_NOT_S3) and asset.kind in ("artifact", "dataset_version"):
            yield Lack(what=asset.id, why="not S3", asset=asset.id)
        elif asset.kind in ("artifact", "dataset") and asset.id in read and not _made(night.lineage, asset):
            yield Lack(what=asset.id, why="not recorded", asset=asset.id)


def _partition(night: Night, asset: Asset) -> tuple[Why, str | None]:
    """Why something was carried over: its partition could not be asked in that night."""
    for one in night.unseen({partition.source for partition in night.gaps}):
        if one.partition is not None and one.partition.startswith(f"{asset.account or '-'}/{asset.region or '-'}/"):
            return one.why, one.partition
    return "failed", None


def is_unlisted_data(lineage: LineageReader, asset: Asset) -> bool:
    """Whether any job read it as data, and nobody knows what lay there: no state was listed, and no job made it."""
    if _made(lineage, asset):
        return False
    roles = [role for role in lineage.roles(asset.id, "input_to") if role not in NO_DATA_ROLES]
    edges = (edge for role in roles for edge in lineage.downstream(asset.id, "input_to", role))
    return any(_reads_data(lineage, edge) for edge in edges)


def _made(lineage: LineageReader, asset: Asset) -> bool:
    return bool(lineage.upstream(asset.id, "produced"))


def _reads_data(lineage: LineageReader, edge: Edge) -> bool:
    """Whether an input is data, and of a job that is no evaluation."""
    reader = lineage.asset(edge.target) if is_data(edge) else None
    return reader is not None and reader.kind in JOB_KINDS and reader.kind != "evaluation_job"


# --- not recorded -------------------------------------------------------------------------------------------------


def lacking(night: Night, root: Asset) -> Iterator[Lack]:
    """What is lacking, as `not_recorded`; where jobs that may have recorded it could not be seen, that is why:
    denied, or failed."""
    lineage = night.lineage
    for one in not_recorded(lineage, root):
        model = lineage.asset(one.asset or "")
        known = one.what != "judgement" and (model is None or KINDS[model.kind].job or makers(lineage, model))
        if model is None or known or one.what not in Missing.__args__:  # type: ignore[attr-defined]
            yield one
            continue
        accounts = {origin.account for origin in origins(lineage, model, parts=True) if origin.account is not None}
        end = next(night.unseen(_OF_JOBS, lambda name: _JOBS.search(name) is not None, _in(accounts)), None)
        yield one if end is None else replace(one, why=end.why, partition=end.partition)


def _in(accounts: Collection[str]) -> Callable[[Partition], bool]:
    return lambda partition: partition.account in accounts


def not_recorded(lineage: LineageReader, root: Asset) -> Iterator[Lack]:
    """What no record names of the origins of a model version, or of all that an endpoint runs."""
    if root.kind != "endpoint":
        yield from _of_model(lineage, root)
        return
    running = runs(lineage, root.id)
    if not running and root.gone_since is None and not lineage.upstream(root.id, "deployed_to"):
        yield Lack(what=root.id, why="not recorded", asset=root.id)
    for unit in running:
        for version in unit.versions or (() if unit.bases else (unit.unit,)):
            yield from _of_model(lineage, version)


def _of_model(lineage: LineageReader, model: Asset) -> Iterator[Lack]:
    """Of a version, or of a model that is none that is known."""
    if model.unresolved:
        return

    def lack(what: Missing, asset: Asset = model) -> Lack:
        return Lack(what=what, why="not recorded", asset=asset.id)

    jobs = makers(lineage, model)
    if not jobs:
        told = _told_by_runs(lineage, model)
        yield from (lack(what) for what in ("code", "data") if what not in told)
    for job in jobs:
        if not job.unresolved:
            yield from (lack(what, job) for what in _missing(lineage, job))
    if not _has_image(lineage, model, jobs):
        yield lack("image")
    if not is_judged(lineage, model):
        yield lack("judgement")


def _told_by_runs(lineage: LineageReader, model: Asset) -> set[Missing]:
    """What the MLflow runs that it came from logged of their inputs: the record of whatever trained outside AWS."""
    ends = ((edge, lineage.asset(edge.target)) for edge in made(lineage, model.id).edges if edge.relation == "input_to")
    of_runs = [edge for edge, run in ends if run is not None and run.kind == "mlflow_run"]
    found: set[Missing] = {"code"} if any(edge.role == "code" for edge in of_runs) else set()
    return found | {"data"} if any(map(is_data, of_runs)) else found


def _missing(lineage: LineageReader, job: Asset) -> Iterator[Missing]:
    inputs = [(edge, lineage.asset(edge.source)) for edge in lineage.upstream(job.id, "input_to")]
    roles = {edge.role for edge, _ in inputs}
    kinds = {source.kind for _, source in inputs if source is not None}
    of = _search_of(lineage, job)
    if _is_classic(of) and "code" not in roles | kinds:
        yield "code"
    # That a parameter names a place does not record that it was read.
    if not any(is_data(edge) and source is not None and NAMED not in edge.evidence for edge, source in inputs):
        yield "data"
    if _tunes(of) and not roles & {"base_model", "source_model"}:
        yield "base_model"


def _search_of(lineage: LineageReader, job: Asset) -> Asset:
    """The AutoML job whose candidate it trains, with the service's code and of what that tunes; else the job itself."""
    wholes = (lineage.asset(edge.target) for edge in lineage.downstream(job.id, "part_of"))
    return next((one for one in wholes if one is not None and one.kind == "automl_job"), job)


def _tunes(job: Asset) -> bool:
    """Whether it begins with a base model; of what AutoML searches for only text generation does, by a name of its own
    that is no model's id."""
    return job.attributes.get("problem") == "TextGeneration" if job.kind == "automl_job" else not _is_classic(job)


def _is_classic(job: Asset) -> bool:
    """Whether it runs code of its own in an image. What AWS tunes for you does not, and neither does AutoML."""
    told = (job.attributes.get(name) for name in ("job_type", "technique", "base_model"))
    arn = parse_arn(job.id)
    return job.kind == "training_job" and not (arn is not None and arn.service == "bedrock") and not any(told)


def _has_image(lineage: LineageReader, model: Asset, jobs: Sequence[Asset]) -> bool:
    for asset in (*origins(lineage, model, parts=True), *jobs):
        edges = (*lineage.upstream(asset.id, "packaged_as"), *lineage.upstream(asset.id, "input_to"))
        if any(edge.role == "image" for edge in edges):
            return True
    return False


def is_judged(lineage: LineageReader, model: Asset) -> bool:
    """Whether a report describes a model version or what it is a copy of, or an evaluation of it has not failed."""
    for origin in origins(lineage, model):
        ends = (lineage.asset(edge.target) for edge in lineage.downstream(origin.id, "described_by"))
        if any(end is not None and end.kind == "artifact" for end in ends):
            return True
        for edge in lineage.downstream(origin.id, "input_to", "evaluated_model"):
            job = lineage.asset(edge.target)
            if job is not None and may_have_result(job):
                return True
    return False
