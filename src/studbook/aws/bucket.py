"""The one client that writes: to the bucket that the site is published to, with the caller's own credentials.

Harvesting never comes here; its clients refuse what does not only read (`aws.sessions`).
"""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config

from studbook import __version__


def writer(workers: int) -> Any:
    """An S3 client for so many threads. The standard AWS settings (AWS_PROFILE, AWS_ENDPOINT_URL, ...) are honoured."""
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 5},
        max_pool_connections=workers,
        user_agent_extra=f"studbook/{__version__}",
    )
    return boto3.client("s3", config=config)
