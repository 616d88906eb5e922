"""Training sessions: a base model with an adapter in memory, which a program trains step by step.

Calls, per region: ListTrainingSessions (100 a page); per session DescribeTrainingSession, once when it has ended, every
night while it runs, tags included. What a session was trained on, its program alone knows: no record has it.
"""

from __future__ import annotations

from dataclasses import replace
from operator import itemgetter
from typing import Final

from studbook.model import Facts, Record
from studbook.model.attributes import at, attributes
from studbook.model.evidence import value_at
from studbook.sources import rows
from studbook.sources.interface import Describe, Json, Listing, Resource
from studbook.sources.reading import Reading, member
from studbook.sources.sagemaker.job_parts import produced

_OPERATION = "DescribeTrainingSession"
_DETAIL = "TrainingSessionDetail"
_OVER = frozenset({"Failed", "Stopped", "Expired"})


def normalize(record: Record) -> Facts:
    """A session: its base model, and where its output goes."""
    detail: Json = member(record.body, _DETAIL) or {}
    reading = Reading(replace(record, body=dict(detail)), _OPERATION, tags_by=_OPERATION)
    name = detail.get("TrainingSessionName") or record.id.rpartition("/")[2]
    reading.show("training_session", SESSION, name=name, record=record)
    base, started = member(detail, "ModelConfig", "BaseModelArn"), detail.get("CreationTime")
    reading.input(base, f"{_DETAIL}.ModelConfig.BaseModelArn", "base_model", started, "base_model")
    path = "OutputConfig.S3Location.Path"
    produced(reading, value_at(detail, path), f"{_DETAIL}.{path}", "output")
    return reading.facts


SESSION: Final = attributes(
    "training_session",
    f"sagemaker:{_OPERATION}",
    rows.name(f"{_DETAIL}.TrainingSessionName"),
    rows.status(f"{_DETAIL}.TrainingSessionStatus"),
    at("created_at", f"{_DETAIL}.CreationTime", "When it was made."),
    at("modified_at", f"{_DETAIL}.LastModifiedTime", "When it last changed."),
    at("base_model", f"{_DETAIL}.ModelConfig.BaseModelArn", "The ARN of the base model that is trained."),
    at("hyperparameters", f"{_DETAIL}.LoraConfig", "The form of the adapter that is trained."),
    at("model_package_group", f"{_DETAIL}.ModelPackageGroupArn", "The model group that its model is registered in."),
    at("billable_tokens", f"{_DETAIL}.BillableTokenUsage", "The tokens that it is billed for."),
    at("role", f"{_DETAIL}.RoleArn", "The IAM role that it runs as."),
    rows.output(f"{_DETAIL}.OutputConfig.S3Location.Path"),
    rows.started_when_made(f"{_DETAIL}.CreationTime"),
    rows.ended(f"{_DETAIL}.EndTime"),
    at("failure", f"{_DETAIL}.ErrorDetails", "Why it failed."),
    rows.encryption(f"{_DETAIL}.OutputConfig.S3Location.KmsKeyArn"),
    rows.network(f"{_DETAIL}.VpcConfig"),
)


RESOURCES: Final = (
    Resource(
        kind="training_session",
        listing=Listing(operation="ListTrainingSessions", items="TrainingSessionSummaries"),
        identify=itemgetter("TrainingSessionArn"),
        describe=Describe(
            operation=_OPERATION,
            params=lambda summary: {"TrainingSessionName": summary["TrainingSessionArn"].rpartition("/")[2]},
        ),
        final=lambda body: member(body, _DETAIL, "TrainingSessionStatus") in _OVER,
        volatile=True,
        normalize=normalize,
    ),
)
