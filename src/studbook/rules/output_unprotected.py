"""A job keeps its output without a key of yours, or could reach the network, where the policy asks for more.

Nothing is asked until the parameters name stages. `encrypted: [production]` asks of each job in an account of that
stage that its output in S3, or its model in Bedrock, is encrypted with a KMS key; `isolated: [production]` that
training and processing jobs, and deployable models, run isolated from the network. A default key of the bucket is not
known here, and counts as none. A tuning job writes nothing: its training jobs are asked. Of jobs whose documents have
a form that AWS publishes nowhere (data generation, transformation and quality) it is not known what they call their
key: they are not asked.

**Mend it:** give the job a KMS key (`OutputDataConfig.KmsKeyId`), or `EnableNetworkIsolation`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydantic import Field

from studbook.model import Asset
from studbook.model.kinds import JOB_KINDS
from studbook.rules.interface import Inspection, Observation, Rule
from studbook.settings import RuleSettings

_TAKES_NO_KEY = (":ai-recommendation-job/", ":ai-benchmark-job/")
"""Jobs whose APIs have no member for one."""
_OF_JOB_API: Final = ":job/"
_PUBLISHED: Final = ("AgentRFT", "AgentRFTEvaluation")
"""The categories of the Job API of which the SDK shows the document."""
# Fewer kinds: only these can be cut off from the network.
_ISOLATED = ("training_job", "processing_job", "model")


class Protected(RuleSettings):
    """Where what is asked for."""

    encrypted: tuple[str, ...] = Field(default=(), description="Stages in which jobs encrypt their output with a key.")
    isolated: tuple[str, ...] = Field(default=(), description="Stages in which jobs and models reach no network.")


def check(seen: Inspection) -> Iterator[Observation]:
    wanted = seen.parameters(Protected)
    for job in seen.live(*JOB_KINDS) if wanted.encrypted else ():
        if job.stage in wanted.encrypted and not job.attributes.get("kms_key") and _takes_key(seen, job):
            said = f"writes its output without a KMS key, which {job.stage} asks for"
            yield Observation(job.id, said, subject="kms", mend="give it a key")
    for job in seen.live(*_ISOLATED) if wanted.isolated else ():
        # What SageMaker runs for you has no network of yours, and no such member.
        own = job.kind == "model" or bool(job.attributes.get("image") or job.attributes.get("instance_type"))
        if job.stage in wanted.isolated and own and job.attributes.get("network_isolation") is not True:
            said = f"can reach the network, which {job.stage} does not allow"
            yield Observation(job.id, said, subject="network", mend="isolate it")


def _takes_key(seen: Inspection, job: Asset) -> bool:
    """Whether a job writes something of its own, and can be given a key for it."""
    if job.kind == "tuning_job" or any(part in job.id for part in _TAKES_NO_KEY):
        return False
    _, _, in_job_api = job.id.partition(_OF_JOB_API)
    if in_job_api and in_job_api.partition("/")[0] not in _PUBLISHED:
        return False
    made = seen.lineage.downstream(job.id, "produced")
    return bool(job.attributes.get("output")) or any(
        edge.target.startswith("s3://") and not edge.candidate for edge in made
    )


RULE = Rule("output-unprotected", "warning", check, __doc__, parameters=Protected)
