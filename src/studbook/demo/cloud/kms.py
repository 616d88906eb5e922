"""AWS KMS in memory, of signing keys on Ed25519, which moto does not have: CreateKey, GetPublicKey, Sign."""

from __future__ import annotations

import base64
import uuid
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from studbook.demo.cloud.clock import Clock
from studbook.demo.cloud.protocols import ApiError

Json = dict[str, Any]

SPEC, ALGORITHM = "ECC_NIST_EDWARDS25519", "ED25519_SHA_512"


class Kms:
    """The keys of all accounts, by ARN; a key is named by its ARN, or by its id within its account and region."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._keys: dict[str, Ed25519PrivateKey] = {}

    def call(self, account: str, region: str, operation: str, request: Json) -> Json:
        """One operation's answer. Raises ApiError as KMS words it."""
        home = f"arn:aws:kms:{region}:{account}:key/"
        if operation == "CreateKey":
            return self._create(home, request)
        if operation not in ("GetPublicKey", "Sign"):
            raise ApiError("UnknownOperationException", f"{operation} is not supported")
        named = request["KeyId"]
        arn = named if named.startswith("arn:") else home + named
        key = self._keys.get(arn)
        if key is None:
            raise ApiError("NotFoundException", f"Key '{arn}' does not exist")
        if operation == "GetPublicKey":
            public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            return {
                "KeyId": arn,
                "KeySpec": SPEC,
                "KeyUsage": "SIGN_VERIFY",
                "PublicKey": base64.b64encode(public).decode(),
                "SigningAlgorithms": [ALGORITHM],
            }
        if (request["SigningAlgorithm"], request.get("MessageType", "RAW")) != (ALGORITHM, "RAW"):
            raise ApiError("ValidationException", "Algorithm and key spec do not match")
        signature = key.sign(base64.b64decode(request["Message"]))
        return {"KeyId": arn, "Signature": base64.b64encode(signature).decode(), "SigningAlgorithm": ALGORITHM}

    def _create(self, home: str, request: Json) -> Json:
        if request.get("KeySpec") != SPEC or request.get("KeyUsage") != "SIGN_VERIFY":
            raise ApiError("ValidationException", f"only keys of {SPEC} for SIGN_VERIFY are made here")
        name = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{home}{len(self._keys)}"))
        self._keys[home + name] = Ed25519PrivateKey.generate()
        told = {"KeyId": name, "Arn": home + name, "KeySpec": SPEC, "KeyUsage": "SIGN_VERIFY", "Enabled": True}
        return {"KeyMetadata": {**told, "CreationDate": self._clock.now.timestamp()}}
