"""Rows of attributes that many kinds of records have in the same words."""

from __future__ import annotations

from typing import Final

from studbook.model.attributes import Attribute, at
from studbook.sources.reading import who

CREATED: Final = at("created_at", "CreationTime", "When it was made.")
MODIFIED: Final = at("modified_at", "LastModifiedTime", "When it last changed.")
ROLE: Final = at("role", "RoleArn", "The IAM role that it runs as.")
FAILURE: Final = at("failure", "FailureReason", "Why it failed.")
EXPERIMENT: Final = at("experiment", "ExperimentConfig", "The SageMaker experiment and trial that it was run for.")
ENVIRONMENT: Final = at("environment", "Environment", "The environment variables of its container.")


def _person(name: str, member: str, meaning: str) -> tuple[Attribute, ...]:
    """Whoever a UserContext names, by all that it names them by."""
    return (
        at(name, member, f"{meaning}: the Studio profile, else the caller's ARN.", who),
        at(f"{name}_identity", f"{member}.IamIdentity.Arn", f"{meaning}: the caller's ARN."),
        at(f"{name}_profile", f"{member}.UserProfileArn", f"{meaning}: the ARN of the Studio profile."),
        at(f"{name}_source_identity", f"{member}.IamIdentity.SourceIdentity", f"{meaning}: who assumed the role."),
    )


CREATED_BY: Final = _person("created_by", "CreatedBy", "Who made it")
MODIFIED_BY: Final = _person("modified_by", "LastModifiedBy", "Who changed it last, whatever was changed")


def name(*paths: str) -> Attribute:
    """What people call it; its id where none of these is there."""
    return at("name", paths, "What people call it.")


def status(*paths: str) -> Attribute:
    """The record's main status."""
    return at("status", paths, "How far it is, in the API's words.")


def started(*paths: str) -> Attribute:
    """When it began."""
    return at("started_at", paths, "When it began.")


def started_when_made(path: str) -> Attribute:
    """For APIs that tell no time of the start."""
    return at("started_at", path, "When it was made: its API does not say when it began.")


def ended(*paths: str) -> Attribute:
    """When it ended."""
    return at("ended_at", paths, "When it ended.")


def output(path: str) -> Attribute:
    """Where its output goes."""
    return at("output", path, "Where in S3 its output goes.")


def instances(resources: str) -> tuple[Attribute, Attribute]:
    """The machines of a job, type and number, whose member this is."""
    return (
        at("instance_type", f"{resources}.InstanceType", "The type of its machines."),
        at("instance_count", f"{resources}.InstanceCount", "The number of its machines."),
    )


def encryption(path: str, volume: str | None = None) -> tuple[Attribute, ...]:
    """The keys that its output, and its machines' volumes, are encrypted with."""
    key = at("kms_key", path, "The KMS key that its output is encrypted with.")
    return (key, at("volume_kms_key", volume, "The KMS key of its machines' volumes.")) if volume else (key,)


def network(vpc: str, isolation: str | None = None) -> tuple[Attribute, ...]:
    """The network that it runs in."""
    found = at("vpc", vpc, "The subnets and security groups that it runs in.")
    return (found, at("network_isolation", isolation, "Whether it can reach no network.")) if isolation else (found,)


MOST_SECONDS = at("most_seconds", "StoppingCondition.MaxRuntimeInSeconds", "How long it may run.")
