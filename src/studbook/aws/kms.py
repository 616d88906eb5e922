"""Ed25519 keys in AWS KMS (`ECC_NIST_EDWARDS25519`): `GetPublicKey` and `Sign` with `ED25519_SHA_512`."""

from __future__ import annotations

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from studbook.errors import UsageError
from studbook.proof.note import Signer

_SPEC = "ECC_NIST_EDWARDS25519"


def signer(name: str, key: str) -> Signer:
    """A signer with a key that never leaves KMS, by its id, ARN or alias; the caller's own credentials are used.

    Raises UsageError where the key cannot be used, or is of another kind.
    """
    region = key.split(":")[3] if key.startswith("arn:") else None
    try:
        kms = boto3.client("kms", region_name=region)
        answer = kms.get_public_key(KeyId=key)
    except (BotoCoreError, ClientError) as error:
        raise UsageError(f"KMS: {key}: {error}", "may you call kms:GetPublicKey and kms:Sign of it?") from None
    if answer.get("KeySpec") != _SPEC:
        raise UsageError(f"KMS: {key} is a key of the kind {answer.get('KeySpec')}", f"make one of {_SPEC}")

    def sign(message: bytes) -> bytes:
        try:
            answer = kms.sign(KeyId=key, Message=message, MessageType="RAW", SigningAlgorithm="ED25519_SHA_512")
        except (BotoCoreError, ClientError) as error:
            raise UsageError(f"KMS: {key}: {error}", "may you call kms:Sign of it?") from None
        return bytes(answer["Signature"])

    return Signer(name, answer["PublicKey"][-32:], sign)  # the key ends its SubjectPublicKeyInfo (RFC 8410)
