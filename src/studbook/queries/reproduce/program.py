"""A reproduction as a Python program; what strangers wrote is in literals, and escaped in comments."""

from __future__ import annotations

import json
import re
from pprint import pformat
from typing import TYPE_CHECKING, Any

from botocore import xform_name

from studbook.queries.reproduce.request import PLACEHOLDER, create_of

if TYPE_CHECKING:
    from studbook.queries.reproduce import Reproduction
    from studbook.queries.reproduce.inputs import ObjectVersions

_SCRIPT = '''"""Train it again, as far as the records go. Made by Studbook.

Needs: boto3, and credentials that may call sagemaker:{operation}. It starts a job that costs money.
"""

# What:
#   {asset}
# Made by:
#   {job}
# Verdict: {verdict}
{reasons}
import json

import boto3

REGION = {region}

REQUEST = {request}

# What each channel read: its key or prefix, and the S3 object versions as (bucket, key, version id).
OBJECTS = {objects}

# To train on exactly these, name a bucket of yours: they are copied there, under the same keys, and read from there.
COPY_TO = ""


def restored(request):
    """The request, with the data of the first time put back where COPY_TO says so."""
    s3 = boto3.client("s3", region_name=REGION)
    told = json.loads(request["JobConfigDocument"]) if "JobConfigDocument" in request else request
    for channel in told.get("InputDataConfig", []):
        source = channel["DataSource"].get("S3DataSource")
        prefix, objects = OBJECTS.get(channel["ChannelName"], ("", []))
        if not (COPY_TO and source and objects):
            continue
        for bucket, key, version in objects:
            s3.copy({{"Bucket": bucket, "Key": key, "VersionId": version}}, COPY_TO, key)
        source["S3Uri"] = "s3://" + COPY_TO + "/" + prefix
    if "JobConfigDocument" in request:
        request["JobConfigDocument"] = json.dumps(told)
    return request


if __name__ == "__main__":
    if {placeholder} in repr(REQUEST):
        raise SystemExit("fill in what was redacted first")
    print(boto3.client("sagemaker", region_name=REGION).{method}(**restored(REQUEST))["{answer}"])
'''


def script(found: Reproduction) -> str:
    """A Python program that sends the request."""
    create = create_of(found.job.id)
    manifests: dict[str, list[ObjectVersions]] = {}
    for manifest in found.manifests:
        manifests.setdefault(manifest.channel, []).append(manifest)
    objects = {
        channel: (only.prefix, [(only.bucket, str(item["Key"]), str(item["VersionId"])) for item in only.objects])
        # Of several candidates none can be put back as what was read.
        for channel, (only, *others) in manifests.items()
        if not others
    }
    return _SCRIPT.format(
        asset=_comment(found.asset.id),
        job=_comment(found.job.id),
        verdict=found.verdict,
        operation=create.operation,
        method=xform_name(create.operation),
        answer=create.answer,
        reasons="".join(
            f"#   {reason.leaves}: {_comment(f'{reason.part}: {reason.message}')}\n" for reason in found.reasons
        ),
        region=_literal(found.region),
        request=_literal(found.request),
        objects=_literal(objects),
        placeholder=_literal(PLACEHOLDER),
    )


def _comment(text: str) -> str:
    """The text in one line of ASCII."""
    return json.dumps(text)[1:-1]


def _literal(value: Any) -> str:
    return re.sub(r"[^\x00-\x7f]", _escaped, pformat(value, width=110))


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\U{code:08x}" if code > 0xFFFF else f"\\u{code:04x}"
