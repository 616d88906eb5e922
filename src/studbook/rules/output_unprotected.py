"""A job keeps its output without a key of yours, or could reach the network, where the policy asks for more.

Nothing is asked until the parameters name stages. `encrypted: [production]` asks of each job in an account of that
stage that its output is encrypted with a KMS key; `isolated: [production]` that training and processing jobs, and
deployable models, run isolated from the network. A default key of the bucket is not known here, and counts as none.

**Mend it:** give the job a KMS key (`OutputDataConfig.KmsKeyId`), or `EnableNetworkIsolation`.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from studbook.rules.interface import Inspection, Observation, Rule
from studbook.settings import RuleSettings

# Fewer kinds: those whose APIs have the member at all.
_ENCRYPTED = ("training_job", "processing_job", "transform_job", "evaluation_job")
# Fewer kinds: only these can be cut off from the network.
_ISOLATED = ("training_job", "processing_job", "model")


class Protected(RuleSettings):
    """Where what is asked for."""

    encrypted: tuple[str, ...] = Field(default=(), description="Stages in which jobs encrypt their output with a key.")
    isolated: tuple[str, ...] = Field(default=(), description="Stages in which jobs and models reach no network.")


def check(seen: Inspection) -> Iterator[Observation]:
    wanted = seen.parameters(Protected)
    for job in seen.live(*_ENCRYPTED) if wanted.encrypted else ():
        has_output = bool(job.attributes.get("output"))
        if job.stage in wanted.encrypted and has_output and not job.attributes.get("kms_key"):
            said = f"writes its output without a KMS key, which {job.stage} asks for"
            yield Observation(job.id, said, subject="kms", mend="give it a key")
    for job in seen.live(*_ISOLATED) if wanted.isolated else ():
        # What SageMaker runs for you has no network of yours, and no such member.
        own = job.kind == "model" or bool(job.attributes.get("image") or job.attributes.get("instance_type"))
        if job.stage in wanted.isolated and own and job.attributes.get("network_isolation") is not True:
            said = f"can reach the network, which {job.stage} does not allow"
            yield Observation(job.id, said, subject="network", mend="isolate it")


RULE = Rule("output-unprotected", "warning", check, __doc__, parameters=Protected)
