"""Training sessions: a base model with an adapter in memory, which a program trains step by step.

Calls, per region: ListTrainingSessions (100 a page); per session DescribeTrainingSession, once when it has ended, every
night while it runs, tags included. What a session was trained on, its program alone knows: no record has it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from studbook.model import Facts, Record
from studbook.sources.interface import Describe, Json, Listing, Resource
from studbook.sources.reading import Reading, member, some
from studbook.sources.sagemaker.job_parts import produced

_OPERATION = "DescribeTrainingSession"
_DETAIL = "TrainingSessionDetail"
_OVER = frozenset({"Failed", "Stopped", "Expired"})


def normalize(record: Record) -> Facts:
    """A session: its base model, and where its output goes."""
    detail: Json = member(record.body, _DETAIL) or {}
    reading = Reading(replace(record, body=dict(detail)), _OPERATION, tags_by=_OPERATION)
    reading.show(
        "training_session",
        detail.get("TrainingSessionName") or record.id.rpartition("/")[2],
        status=detail.get("TrainingSessionStatus"),
        attributes=some(
            base_model=member(detail, "ModelConfig", "BaseModelArn"),
            hyperparameters=detail.get("LoraConfig"),
            model_package_group=detail.get("ModelPackageGroupArn"),
            billable_tokens=detail.get("BillableTokenUsage"),
            role=detail.get("RoleArn"),
            output=member(detail, "OutputConfig", "S3Location", "Path"),
            started_at=detail.get("CreationTime"),
            ended_at=detail.get("EndTime"),
            failure=detail.get("ErrorDetails"),
        ),
    )
    base, started = member(detail, "ModelConfig", "BaseModelArn"), detail.get("CreationTime")
    reading.input(base, f"{_DETAIL}.ModelConfig.BaseModelArn", "base_model", started, "base_model")
    path = "OutputConfig.S3Location.Path"
    produced(reading, member(detail, *path.split(".")), f"{_DETAIL}.{path}", "output")
    return reading.facts


RESOURCES: Final = (
    Resource(
        kind="training_session",
        listing=Listing(operation="ListTrainingSessions", items="TrainingSessionSummaries"),
        identify=lambda summary: summary["TrainingSessionArn"],
        describe=Describe(
            operation=_OPERATION,
            params=lambda summary: {"TrainingSessionName": summary["TrainingSessionArn"].rpartition("/")[2]},
        ),
        final=lambda body: member(body, _DETAIL, "TrainingSessionStatus") in _OVER,
        volatile=True,
        normalize=normalize,
    ),
)
