"""The one client that writes: to the bucket that the site is published to, with the caller's own credentials.

Harvesting never comes here; its clients refuse what does not only read (`aws.sessions`).
"""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from studbook import __version__
from studbook.errors import UsageError
from studbook.model.ids import S3Uri


def writer(workers: int) -> Any:
    """An S3 client for so many threads. The standard AWS settings (AWS_PROFILE, AWS_ENDPOINT_URL, ...) are honoured."""
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 5},
        max_pool_connections=workers,
        user_agent_extra=f"studbook/{__version__}",
    )
    return boto3.client("s3", config=config)


def reachable(to: S3Uri) -> None:
    """Asks for a bucket (HeadBucket). Raises UsageError where it is not there, or nothing may be done with it.

    A network that fails says nothing of the bucket: who writes to it later will see.
    """
    try:
        writer(1).head_bucket(Bucket=to.bucket)
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if status == 404:
            raise UsageError(f"{to}: there is no such bucket", "make it, or name another") from None
        if status == 403:
            raise UsageError(
                f"{to}: these credentials may not use the bucket",
                "the caller needs s3:ListBucket on it, and s3:GetObject, s3:PutObject and s3:DeleteObject below the "
                "prefix; see 'aws sts get-caller-identity'",
            ) from None
    except BotoCoreError as error:
        if type(error).__name__ in ("NoCredentialsError", "PartialCredentialsError", "ProfileNotFound"):
            raise UsageError(f"{to}: {error}", "log in, or set AWS_PROFILE") from None
