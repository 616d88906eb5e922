"""Job states: one normal vocabulary beside each API's own words.

`pending` and `running` may still change, `stopping` will; `completed`, `failed` and `stopped` are final. What finished
with some of its work lost has failed in part, and is `failed`. A word that nobody knows has no state.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from studbook.lineage.times import instant, utc_time
from studbook.model import Asset
from studbook.model.kinds import JOB_KINDS

_WORDS: Final = {
    "pending": "created initializing initialising pending queued scheduled starting submitted validating",
    "running": "executing inprogress running",
    "stopping": "deleting stopping",
    "completed": "complete completed finished succeeded",
    "failed": "completedwithfailures deletefailed expired failed partiallycompleted",
    "stopped": "aborted cancelled killed stopped",
}
_STATES: Final = {word: state for state, words in _WORDS.items() for word in words.split()}
_WITH_RESULT: Final = frozenset({"completedwithfailures", "partiallycompleted", "deleting", "deletefailed"})
"""What failed in part, or is being deleted, may have come to a result before."""
# Fewer kinds: of these alone SageMaker tells when they started on their machines.
_TELLS_START: Final = frozenset({"training_job", "processing_job", "transform_job"})
_MADE_ONCE: Final = frozenset({"model_package", "model", "endpoint_config", "endpoint", "inference_component"})
_HAVING: Final = frozenset({*JOB_KINDS, "pipeline_execution", "mlflow_run"})


def job_state(asset: Asset) -> str | None:
    """The state of a job or run, by its status; None for what has none."""
    return _STATES.get(_word(asset))


def may_have_result(job: Asset) -> bool:
    """Whether a job or run can have come to a result: it neither failed nor was stopped."""
    return _word(job) in _WITH_RESULT or job_state(job) not in ("failed", "stopping", "stopped")


def may_never_have_run(job: Asset) -> bool:
    """Whether a job failed or was stopped, and its record has no time at which it started, as of one that waited for a
    machine: what it was to read it may never have read."""
    ended = job.kind in _TELLS_START and job_state(job) in ("failed", "stopped")
    return ended and not job.attributes.get("started_at")


class Span(NamedTuple):
    """From when to when a job ran, in seconds since the epoch; of what takes its content once, when it did."""

    began: float = -math.inf
    """Its start, else when it was made, which is no later; minus infinity where neither is known."""
    ended: float = math.inf
    """Infinity where it is not known, as of a job that goes on."""


def span_of(kind: str, created_at: str | None, attributes: Mapping[str, Any]) -> Span:
    """From when to when an asset ran, in seconds since the epoch: of a job from its start to its end; of a model
    version when it was registered: it is what lay there then, or, to a later time, when it was given other weights;
    since it was made of what answers, or is deployed. All time of any other, and of one that has no times."""
    if kind in _MADE_ONCE and (made := utc_time(created_at)) is not None:
        filled = utc_time(attributes.get("weights_since")) or made
        return Span(made.timestamp(), filled.timestamp() if kind == "model_package" else Span().ended)
    if kind not in JOB_KINDS:
        return Span()
    began = utc_time(start_of(created_at, attributes))
    ended = utc_time(attributes.get("ended_at"))
    return Span(began.timestamp() if began else Span().began, ended.timestamp() if ended else Span().ended)


def start_of(created_at: str | None, attributes: Mapping[str, Any]) -> str | None:
    """When a job began: its start, else when it was made, which is no later. A job may have waited for its machines."""
    started = attributes.get("started_at")
    return started if isinstance(started, str) and started else created_at


def begins_after(asset: Asset | None, at: str | None) -> bool:
    """Whether a job, or what else writes as it does, surely began after that time."""
    began = start_of(asset.created_at, asset.attributes) if asset is not None else None
    return bool(at and began) and instant(at) < instant(began)


def _word(asset: Asset) -> str:
    """The status in the spelling of the table; empty for what has none."""
    if asset.kind not in _HAVING or not asset.status:
        return ""
    return asset.status.replace("_", "").replace(" ", "").lower()
