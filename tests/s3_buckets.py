"""A bucket of the fake S3, written over HTTP with the caller's own credentials."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from studbook.aws.bucket import writer


def empty_bucket(fake_aws: Any, monkeypatch: pytest.MonkeyPatch, bucket: str) -> Any:
    """S3 with that bucket, empty, as a caller sees it who may do everything there."""
    for name, value in fake_aws.environment().items():
        monkeypatch.setenv(name, value)
    fake_aws.heal()
    fake_aws.caller_may("s3:*")
    client = writer(4)
    with suppress(client.exceptions.BucketAlreadyOwnedByYou):
        client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    for key in keys_in(client, bucket):
        client.delete_object(Bucket=bucket, Key=key)
    return client


def keys_in(client: Any, bucket: str) -> list[str]:
    """All keys of a bucket, in order."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return [item["Key"] for page in pages for item in page.get("Contents", ())]
