"""The one client that writes: to the bucket of the site, or of the catalog, with the caller's own credentials.

Harvesting never comes here; its clients refuse what does not only read (`aws.sessions`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from studbook import __version__
from studbook.errors import CatalogError, UsageError
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


_TAKEN: Final = ("PreconditionFailed", "ConditionalRequestConflict")
"""If-None-Match found something there, or somebody who was writing at the same moment."""


class Bucket:
    """A folder in S3, by keys relative to it. Raises CatalogError, with the rights that are needed, where S3 refuses.

    What is written is encrypted as STUDBOOK_S3_SSE (`AES256`, `aws:kms`, `aws:kms:dsse`) and STUDBOOK_S3_KMS_KEY_ID
    say, else as the bucket's default is; STUDBOOK_S3_REQUEST_PAYER=requester pays for a bucket that asks for it.
    """

    def __init__(self, to: S3Uri, workers: int = 8) -> None:
        self.uri = to
        self._prefix = to.prefix
        self._client = writer(workers)
        sse, key, payer = (os.environ.get(f"STUDBOOK_S3_{name}") for name in ("SSE", "KMS_KEY_ID", "REQUEST_PAYER"))
        self._payer = {"RequestPayer": payer} if payer else {}
        self._written = self._payer | ({"ServerSideEncryption": sse or "aws:kms"} if sse or key else {})
        self._written |= {"SSEKMSKeyId": key} if key else {}

    def listed(self, folder: str = "", *, deep: bool = True) -> Iterator[tuple[str, str]]:
        """Key and ETag of what lies in a folder; without `deep`, of its folders too, each with a final slash."""
        with self._explaining_errors("ListObjectsV2"):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.uri.bucket,
                Prefix=self._prefix + folder,
                **({} if deep else {"Delimiter": "/"}),
                **self._payer,
            )
            for page in pages:
                for item in page.get("Contents", ()):
                    yield item["Key"].removeprefix(self._prefix), item["ETag"]
                for item in page.get("CommonPrefixes", ()):
                    yield item["Prefix"].removeprefix(self._prefix), ""

    def get(self, key: str) -> bytes | None:
        """The bytes of an object; None where there is none. Raises CatalogError where S3 refuses."""
        with self._explaining_errors("GetObject"):
            try:
                found = self._client.get_object(Bucket=self.uri.bucket, Key=self._prefix + key, **self._payer)
            except self._client.exceptions.NoSuchKey:
                return None
            body: bytes = found["Body"].read()
            return body

    def put(self, key: str, data: bytes) -> str:
        """Write an object; gives its ETag as S3 has it. Raises CatalogError where S3 refuses."""
        with self._explaining_errors("PutObject"):
            said = self._client.put_object(Bucket=self.uri.bucket, Key=self._prefix + key, Body=data, **self._written)
            etag: str = said["ETag"]
            return etag

    def delete(self, key: str) -> None:
        """Take an object away, if it is there."""
        with self._explaining_errors("DeleteObject"):
            self._client.delete_object(Bucket=self.uri.bucket, Key=self._prefix + key, **self._payer)

    def put_new(self, key: str, data: bytes) -> bool:
        """Conditional write (If-None-Match: *): whether the object is ours; False where one is there already."""
        with self._explaining_errors("PutObject"):
            try:
                self._client.put_object(
                    Bucket=self.uri.bucket, Key=self._prefix + key, Body=data, IfNoneMatch="*", **self._written
                )
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") in _TAKEN:
                    return False
                raise
            return True

    @contextmanager
    def _explaining_errors(self, operation: str) -> Iterator[None]:
        try:
            yield
        except (BotoCoreError, ClientError) as error:
            from studbook.aws.errors import explain

            trouble = explain(error, "S3")
            raise CatalogError(
                f"{self.uri}: {operation}: {trouble.code}: {trouble.message}",
                "the caller needs s3:ListBucket on the bucket, s3:GetObject and s3:PutObject below the prefix, and "
                "s3:DeleteObject below its log/",
            ) from error
