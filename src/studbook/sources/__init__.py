"""Everything that Studbook can harvest: one line for each source."""

from __future__ import annotations

from typing import Final

from studbook.model import Facts, Record
from studbook.sources.declared import Declared
from studbook.sources.interface import Resource, Source, Visit
from studbook.sources.lambda_function import LambdaFunctions
from studbook.sources.mlflow import Mlflow
from studbook.sources.organizations import Organizations, with_accounts
from studbook.sources.s3 import S3
from studbook.sources.sagemaker import RESOURCES

__all__ = ["SOURCES", "Resource", "Source", "Visit", "normalize", "source", "with_accounts"]

SOURCES: Final[tuple[Source, ...]] = (
    Organizations(),
    Declared("sagemaker", RESOURCES),
    S3(),
    LambdaFunctions(),
    Mlflow(),
)

_BY_NAME = {found.name: found for found in SOURCES}


def source(name: str) -> Source | None:
    """The source of that name, if this version has it."""
    return _BY_NAME.get(name)


def normalize(record: Record) -> Facts:
    """What a record says, read by its source; a record of a source that is no more says nothing."""
    found = _BY_NAME.get(record.source)
    return found.normalize(record) if found else Facts()
