"""Amazon FSx in memory, as far as file systems are linked with places in S3."""

from __future__ import annotations

import hashlib
from typing import Any

from studbook.demo.cloud.clock import Clock
from studbook.demo.cloud.lists import offset, token
from studbook.demo.cloud.protocols import ApiError

Json = dict[str, Any]
_PAGE = 25


class Fsx:
    """All accounts and regions of one imaginary AWS."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._links: dict[tuple[str, str], list[Json]] = {}

    def call(self, account: str, region: str, operation: str, request: Json) -> Json:
        """Answers one call. Raises ApiError where AWS would refuse."""
        links = self._links.setdefault((account, region), [])
        if operation == "CreateDataRepositoryAssociation":
            request.pop("ClientRequestToken", None)
            told = f"{account} {region} {request['FileSystemId']} {request['FileSystemPath']}"
            name = f"dra-{hashlib.sha256(told.encode()).hexdigest()[:17]}"
            arn = f"arn:aws:fsx:{region}:{account}:association/{request['FileSystemId']}/{name}"
            made = {"AssociationId": name, "ResourceARN": arn, "Lifecycle": "AVAILABLE"}
            links.append({**request, **made, "CreationTime": self._clock.seconds()})
            return {"Association": links[-1]}
        if operation != "DescribeDataRepositoryAssociations":
            raise ApiError("UnknownOperationException", f"The demo's FSx has no {operation}.")
        start, size = offset(operation, request), request.get("MaxResults", _PAGE)
        answer: Json = {"Associations": links[start : start + size]}
        if start + size < len(links):
            answer["NextToken"] = token(operation, request, start + size)
        return answer
