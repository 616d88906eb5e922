"""Everything that Studbook can harvest: one line for each source."""

from __future__ import annotations

import logging
from typing import Final

from studbook.lineage.from_id import asset_from_id
from studbook.model import Facts, Record
from studbook.sources import bedrock
from studbook.sources.declarative_source import Declared
from studbook.sources.interface import Resource, Source, Visit
from studbook.sources.lambda_function import LambdaFunctions
from studbook.sources.mlflow import Mlflow
from studbook.sources.organizations import Organizations, with_accounts
from studbook.sources.s3 import S3
from studbook.sources.sagemaker import RESOURCES

__all__ = ["SOURCES", "Resource", "Source", "Visit", "normalize", "source", "with_accounts"]

logger = logging.getLogger(__name__)

SOURCES: Final[tuple[Source, ...]] = (
    Organizations(),
    Declared("sagemaker", RESOURCES),
    Declared("bedrock", bedrock.RESOURCES),
    S3(),
    LambdaFunctions(),
    Mlflow(),
)

_BY_NAME = {found.name: found for found in SOURCES}


def source(name: str) -> Source | None:
    """The source of that name, if this version has it."""
    return _BY_NAME.get(name)


def normalize(record: Record) -> Facts:
    """What a record says, read by its source; a record of a source that is no more says nothing.

    A record that is not as its API describes it costs no other record: it is shown, marked `unread`, and says nothing.
    """
    found = _BY_NAME.get(record.source)
    if found is None:
        return Facts()
    try:
        return found.normalize(record)
    except (TypeError, ValueError, AttributeError, LookupError, AssertionError) as error:
        logger.warning("the %s %s cannot be read: %s", record.kind, record.id, type(error).__name__)
        asset = asset_from_id(record.id)
        return Facts([asset.but(attributes={"unread": type(error).__name__})] if asset.kind != "artifact" else [])
