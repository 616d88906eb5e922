"""The request that would train a model again, and how near it comes to the first time.

The request is what the kept record of the job said, as far as the input shape of CreateTrainingJob, or of CreateJob, in
botocore's own model has a place for it, under a new name, and accepted by botocore's parameter validation. What the
service wrote into a Job's document is taken out. `[redacted]` becomes `<FILL IN>`. Nothing here calls AWS: what is
there still, and what is not, is what the snapshot shows.

The verdict is about what goes in, not about the weights that come out: training is seldom deterministic. It is the
worst that any reason leaves possible:

- **exact**: whatever the request names is fixed to what the job used, and the snapshot shows it unchanged.
- **close**: the request can be sent, but something may be another than it was, or has to be put right first:
  - a value was redacted, and has to be filled in;
  - the data has changed, but the bucket keeps the object versions that were read: they are listed, to be copied back;
  - which state of the data was read is inferred from listings or S3's inventory, is one of several candidates, or was
    never listed (a place in S3 that is no configured dataset, a manifest, a file system); what a registered dataset
    version points at had changed before the job started;
  - the image or the code is named by something that can be overwritten: a tag, an S3 URI; or the service chooses it;
  - a serverless job: the service takes the latest version of the base model, whatever version is asked for;
  - a Job: hyperparameters that its document does not name are the service's, and its agent's code is not fixed;
  - an evaluator's code is not fixed: `$LATEST`, an alias, an unqualified function, a name without a version;
  - the checkpoints of the first time lie where the job would look for them, and it would go on from there;
  - which job made the model is not certain: this one may have;
  - the job failed or was stopped before its end, by whoever or whatever watched it, and its weights are of that moment.
- **not possible**: something that goes in is gone:
  - the data has changed and the bucket does not keep what was read;
  - the registered dataset version, source model, base model or evaluator has been deleted;
  - the record has no valid request in it.

That roles, keys, subnets and quotas are still as they were is not checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from studbook.errors import NotFound, UsageError
from studbook.lineage.graph import LineageReader
from studbook.model import Asset
from studbook.queries.answer import RecordOf
from studbook.queries.origins import makers
from studbook.queries.reproduce.inputs import Inputs, ObjectVersions, Pin, Reason, Verdict, rank
from studbook.queries.reproduce.program import script
from studbook.queries.reproduce.request import JOB, create_of, request_of
from studbook.queries.walks.reach import surely_made

__all__ = ["Manifest", "Pin", "Reason", "RecordOf", "Reproduction", "reproduce", "script"]

# Fewer kinds: those that CreateTrainingJob makes; a Job is known by its ARN.
_JOBS = ("training_job", "evaluation_job")
KINDS = ("model_package", "customization_job", *_JOBS)
"""What a request can be written for, or for what made it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """How to train it again."""

    asset: Asset
    job: Asset
    operation: str
    region: str | None
    verdict: Verdict
    reasons: tuple[Reason, ...]
    """The gravest first."""
    pins: tuple[Pin, ...]
    manifests: tuple[ObjectVersions, ...]
    request: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, under the names of the fields."""
        return {
            "asset": self.asset.id,
            "job": self.job.id,
            "operation": self.operation,
            "region": self.region,
            "verdict": self.verdict,
            "reasons": [asdict(reason) for reason in self.reasons],
            "pins": [asdict(pin) for pin in self.pins],
            "manifests": [
                {
                    "channel": manifest.channel,
                    "dataset_version": manifest.dataset_version,
                    "bucket": manifest.bucket,
                    "prefix": manifest.prefix,
                    "objects": [dict(item) for item in manifest.objects],
                }
                for manifest in self.manifests
            ],
            "request": self.request,
        }


def reproduce(lineage: LineageReader, asset: Asset, record_of: RecordOf) -> Reproduction:
    """The request that would train a model version, or run a training or evaluation job, again.

    Raises UsageError for what no one job made, and NotFound where the job's record is not kept.
    """
    job = _job(lineage, asset)
    create = create_of(job.id)
    if job.kind not in _JOBS and create is not JOB:
        raise UsageError(f"{job.id!r} is neither a training job nor a Job", "no other kind is written as a request")
    record = record_of(create.kind, job.id.partition("@")[0])
    if record is None or record.body.get("CreationTime") != job.created_at:
        raise NotFound(
            f"no record of {job.id!r} is kept", "it was deleted before the first harvest, or is not harvested"
        )
    request = request_of(record.body, create)
    found = Inputs(lineage, record_of, job, request, create)
    reasons = [*found.reasons]
    if job.id not in surely_made(lineage, asset.id):
        reasons.append(Reason("job", "close", f"which job made {asset.name} is not certain: {job.name} may have"))
    reasons.sort(key=lambda one: (-rank(one.leaves), one.part, one.message))
    return Reproduction(
        asset=asset,
        job=job,
        operation=create.operation,
        region=job.region,
        verdict=max((reason.leaves for reason in reasons), key=rank, default="exact"),
        reasons=tuple(reasons),
        pins=tuple(sorted(found.pins, key=lambda pin: (pin.part, pin.value))),
        manifests=tuple(found.manifests),
        request=request,
    )


def _job(lineage: LineageReader, asset: Asset) -> Asset:
    if asset.kind in _JOBS or create_of(asset.id) is JOB:
        return asset
    if asset.kind != "model_package":
        hint = (
            "name one of its training jobs" if asset.kind == "tuning_job" else "name a model version or a training job"
        )
        raise UsageError(f"{asset.id!r} is of the kind {asset.kind}: no request made it", hint)
    jobs = makers(lineage, asset)
    if len(jobs) == 1:
        return jobs[0]
    if not jobs:
        raise UsageError(f"no record says which job made {asset.id!r}", "see 'studbook trace' for what is known of it")
    sure = surely_made(lineage, asset.id)
    known = [job for job in jobs if job.id in sure]
    if len(known) == 1:
        return known[0]
    said = f"{len(known)} jobs made" if known else f"{len(jobs)} jobs may have made"
    raise UsageError(f"{said} {asset.id!r}", "\n  ".join(["name one:", *(job.id for job in known or jobs)]))
