"""Identifiers, normalized: from what the APIs write to the ids of the catalog, and from ids to safe page paths.

Every function is total over strings from strangers: what cannot be read is None, never an exception.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple
from urllib.parse import quote, unquote, urlsplit

LAST = chr(0x10FFFF)
"""Behind every other letter."""


def beginning_with(texts: Sequence[str], prefix: str) -> Sequence[str]:
    """Prefix search: those of sorted texts that begin so, by binary search."""
    first = bisect_left(texts, prefix)
    return texts[first : bisect_left(texts, prefix + LAST, first)]


REGION: Final = re.compile(r"(?:[a-z]{2}|eusc)(?:-[a-z]+)+-\d+")
"""A region's name, as the AWS SDKs know them in each AWS partition."""

# --- ARNs ---------------------------------------------------------------------------------------------------------

_RECENT = 4096
"""A record's texts are read several times, by those who show it and those who link it."""


class Arn(NamedTuple):
    """`arn:partition:service:region:account:resource`; the resource keeps its colons and slashes."""

    partition: str
    service: str
    region: str | None
    account: str | None
    resource: str

    @property
    def type(self) -> str:
        """`training-job` of `training-job/name`, `function` of `function:name`."""
        return self.resource.partition("/")[0].partition(":")[0]

    @property
    def name(self) -> str:
        """What follows the type; empty where nothing does."""
        return self.resource[len(self.type) + 1 :]

    def beside(self, resource: str) -> str:
        """The ARN of another resource of this service, in this region and account."""
        return f"arn:{self.partition}:{self.service}:{self.region or ''}:{self.account or ''}:{resource}"


def parse_arn(text: object) -> Arn | None:
    """The parts of an ARN, or None for anything else."""
    return _parse_arn(text) if isinstance(text, str) and text.startswith("arn:") else None


@lru_cache(_RECENT)
def _parse_arn(text: str) -> Arn | None:
    parts = text.split(":", 5)
    if len(parts) != 6 or not parts[2] or not parts[5]:
        return None
    return Arn(parts[1], parts[2], parts[3] or None, parts[4] or None, parts[5])


def sagemaker_arn(aws_partition: str, region: str, account: str, resource_type: str, name: str) -> str:
    """The ARN of a SageMaker resource that only its name is known of: AWS writes the name in lower case."""
    return f"arn:{aws_partition}:sagemaker:{region}:{account}:{resource_type}/{name.lower()}"


class HubContent(NamedTuple):
    """The parts of a hub content ARN; version is None where the ARN names none."""

    arn: Arn
    hub: str
    type: str
    name: str
    version: str | None

    @property
    def parent(self) -> str:
        """The id of the unversioned thing."""
        return self.arn.beside(f"hub-content/{self.hub}/{self.type}/{self.name}")


def parse_hub_content(text: object) -> HubContent | None:
    """`arn:...:hub-content/{hub}/{type}/{name}[/{version}]`."""
    arn = parse_arn(text)
    if arn is None or arn.service != "sagemaker" or arn.type != "hub-content":
        return None
    parts = arn.name.split("/")
    if len(parts) not in (3, 4) or not all(parts):
        return None
    return HubContent(arn, parts[0], parts[1], parts[2], parts[3] if len(parts) == 4 else None)


class LambdaFunction(NamedTuple):
    """A function's ARN and its qualifier: a version number, `$LATEST`, an alias, or None."""

    function: str
    qualifier: str | None

    @property
    def is_published(self) -> bool:
        """Whether it is a published version, which is immutable: it has a number."""
        return self.qualifier is not None and self.qualifier.isdigit()

    @property
    def is_version(self) -> bool:
        """Whether the qualifier names a version, be it `$LATEST`, and no alias."""
        return self.is_published or self.qualifier == "$LATEST"


def parse_lambda(text: object) -> LambdaFunction | None:
    """`arn:...:lambda:region:account:function:name[:qualifier]`."""
    arn = parse_arn(text)
    if arn is None or arn.service != "lambda" or arn.type != "function":
        return None
    name, _, qualifier = arn.name.partition(":")
    if not name:
        return None
    return LambdaFunction(arn.beside(f"function:{name}"), qualifier or None)


_PARTIAL = re.compile(
    r"(?:(?P<account>\d{12}):function:)?(?P<name>[A-Za-z0-9_-]{1,64}(?::(?:\$LATEST|[A-Za-z0-9_-]+))?)"
)


def lambda_arn(text: object, *, partition: str, region: str | None, account: str | None, bare: bool) -> str | None:
    """The ARN that a function's name means there: an ARN as it is, `account:function:name[:qualifier]`, and where the
    field can hold nothing else (`bare`) `name[:qualifier]`. None for anything else.
    """
    if parse_lambda(text) is not None:
        return str(text)
    found = _PARTIAL.fullmatch(text) if isinstance(text, str) else None
    owner = (found["account"] or (account if bare else None)) if found else None
    if found is None or owner is None or region is None:
        return None
    return f"arn:{partition}:lambda:{region}:{owner}:function:{found['name']}"


# --- S3 -----------------------------------------------------------------------------------------------------------


class S3Uri(NamedTuple):
    """A bucket and a key or prefix, exactly as recorded: inner double slashes are legal keys."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    @property
    def prefix(self) -> str:
        """What the keys of all that lies in the folder begin with: it ends with a slash; empty of a whole bucket."""
        return self.key.rstrip("/") + "/" if self.key.strip("/") else ""


AWS_DOMAIN: Final = (
    r"(?:amazonaws\.(?:com(?:\.cn)?|eu)|c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)"
)
"""The end of the names of AWS's hosts, as the AWS SDKs know it in each AWS partition."""
_HOST = (
    r"s3(?:-fips|-accelerate|-external-1|-[a-z]{2,4}(?:-[a-z]+)+-\d)?"
    rf"(?:\.dualstack)?(?:\.[a-z]{{2,4}}(?:-[a-z]+)+-\d)?\.{AWS_DOMAIN}"
)
_VIRTUAL_HOSTED = re.compile(rf"^(?P<bucket>.+)\.{_HOST}$")
_PATH_STYLE = re.compile(rf"^{_HOST}$")
_SCHEME = re.compile(r"^s3[an]?://", re.IGNORECASE)


def parse_s3(text: object) -> S3Uri | None:
    """An `s3://` URI, Hadoop's `s3a://` and `s3n://` of it, or any `https://` form: dual-stack and FIPS hosts too."""
    return _parse_s3(text) if isinstance(text, str) else None


@lru_cache(_RECENT)
def _parse_s3(text: str) -> S3Uri | None:
    if match := _SCHEME.match(text):
        bucket, _, key = text[match.end() :].partition("/")
        return S3Uri(bucket, key) if bucket else None
    if text[:8].lower() == "https://":
        try:
            parts = urlsplit(text)
        except ValueError:
            return None
        host, key = parts.hostname or "", unquote(parts.path.removeprefix("/"))
        if match := _VIRTUAL_HOSTED.match(host):
            return S3Uri(match["bucket"], key)
        if _PATH_STYLE.match(host) and key:
            bucket, _, rest = key.partition("/")
            return S3Uri(bucket, rest)
    return None


def s3_id(uri: object) -> str | None:
    """The id of an S3 object or prefix: its `s3://` URI as recorded, whatever form it was written in."""
    if not isinstance(uri, str):
        return None
    if uri.startswith("s3://"):
        return uri if parse_s3(uri) else None
    parsed = parse_s3(uri)
    return str(parsed) if parsed else None


_ACCESS_POINT = re.compile(r"arn:.*|.*(?:-s3alias|--op-s3|--ol-s3)")
"""What stands in place of a bucket's name: an access point's ARN or alias (of S3, Outposts, Object Lambda)."""


def by_access_point(uri: S3Uri) -> bool:
    """Whether a place is told by an access point, so that nothing in it tells the bucket."""
    return _ACCESS_POINT.fullmatch(uri.bucket) is not None


_JUMPSTART = re.compile(r"jumpstart-(?:private-)?cache-[a-z]+-.+")


def of_jumpstart(place: str) -> bool:
    """Whether a place is in a bucket of SageMaker JumpStart, whose base models, gated ones too, all of AWS takes."""
    uri = parse_s3(place)
    return uri is not None and _JUMPSTART.fullmatch(uri.bucket) is not None


def is_audit_event(asset_id: str) -> bool:
    """Whether it is an event of CloudTrail."""
    return asset_id.startswith("cloudtrail:")


def folders(place: str) -> Iterator[str]:
    """The folders that a place in S3 is, or lies in, innermost first, each with its final slash."""
    end = len(place)
    while (end := place.rfind("/", 0, end)) > len("s3:/"):
        yield place[: end + 1]


def place_name(uri: S3Uri) -> str:
    """What a person calls an S3 place: at most the last three parts of its key, or the bucket."""
    return "/".join(uri.key.rstrip("/").split("/")[-3:]) or uri.bucket


def dataset_id(uri: S3Uri) -> str:
    """`s3://bucket/prefix/` with exactly one trailing slash."""
    prefix = uri.key.rstrip("/")
    return f"s3://{uri.bucket}/{prefix}/" if prefix else f"s3://{uri.bucket}/"


def dataset_version_id(dataset: str, fingerprint: str) -> str:
    """`s3://bucket/prefix/@sha256:<64 hex>`; `fingerprint` is `sha256:<64 hex>`."""
    return f"{dataset}@{fingerprint}"


_CONTROL = re.compile(r"[\x00-\x1f\x7f%]")


def manifest_key(relative_key: str) -> str:
    """A relative key as the object manifest writes it: bytes below 0x20, 0x7F and `%` percent-encoded."""
    return _CONTROL.sub(lambda match: f"%{ord(match[0]):02X}", relative_key)


def manifest_line(relative_key: str, size: int, etag: str) -> bytes:
    """An object's line of the manifest, `key TAB size TAB etag LF`: the size in bytes, the etag without quotes."""
    return f"{manifest_key(relative_key)}\t{size}\t{etag}\n".encode()


def is_folder_marker(key: str, size: int) -> bool:
    """Whether an object only makes a folder to be seen: it is no data, and no part of a manifest."""
    return not size and key.endswith("/")


def manifest_rows(objects: Iterable[Mapping[str, Any]], prefix: str = "") -> Iterator[tuple[str, int, str]]:
    """Relative key, size in bytes and etag without quotes of each object that a manifest has.

    `objects` are `{"Key", "Size", "ETag"}` as ListObjectsV2 gives them; `prefix` is cut from the keys. Folder markers
    (zero bytes, key ending in `/`) are left out.
    """
    for item in objects:
        key, size = str(item["Key"]), int(item["Size"])
        if not is_folder_marker(key, size):
            yield key[len(prefix) :], size, str(item["ETag"]).strip('"')


def manifest_lines(objects: Iterable[Mapping[str, Any]], prefix: str = "") -> list[bytes]:
    """The object manifest: `key TAB size TAB etag LF` in byte order of the relative key, of each of `manifest_rows`."""
    rows = ((key.encode(), manifest_line(key, size, etag)) for key, size, etag in manifest_rows(objects, prefix))
    return [line for _, line in sorted(rows)]


def fingerprint(objects: Iterable[Mapping[str, Any]], prefix: str = "") -> str:
    """`sha256:<64 hex>` as catalog/README.md says: a digest of the object manifest, not of the bytes."""
    hasher = hashlib.sha256()
    for line in manifest_lines(objects, prefix):
        hasher.update(line)
    return "sha256:" + hasher.hexdigest()


# --- models of Bedrock --------------------------------------------------------------------------------------------

_GEOGRAPHY = re.compile(r"^(?:global|us-gov|us|eu|apac|ap|jp|au|ca|sa|me|af|il|mx)\.(?=[^.]+\.)")
"""How the id of an inference profile begins that sends requests to several regions; the model's own id follows."""
_BEDROCK_TYPES = frozenset(
    ("custom-model", "imported-model", "custom-model-deployment", "provisioned-model", "application-inference-profile")
)
"""Models with an ARN of their own, and what can be asked in place of a model."""
_CONTEXT = re.compile(r"^(bedrock:.+:\d+):\d+k$")


def bedrock_model(named: object) -> str | None:
    """The id of what Bedrock is told as a model: by a model's id, an inference profile's, or an ARN of either.

    A foundation model is `bedrock:<model id>`, whichever region or profile it is asked in. What has an ARN of its own
    is that ARN: a tuned or imported model, and an address behind which one answers. None for what is no one model.
    """
    if not isinstance(named, str) or not named:
        return None
    arn = parse_arn(named)
    if arn is None:
        return f"bedrock:{_GEOGRAPHY.sub('', named)}" if not named.startswith("arn:") else None
    if arn.service != "bedrock" or not arn.name:
        return None
    if arn.type in ("foundation-model", "inference-profile"):
        return f"bedrock:{_GEOGRAPHY.sub('', arn.name)}"
    return named if arn.type in _BEDROCK_TYPES else None


def bedrock_without_context(model: str) -> str | None:
    """The id of a foundation model without the length of its context, where it ends in one: `...-v1:0:128k`."""
    found = _CONTEXT.match(model)
    return found[1] if found else None


# --- MLflow, images, code -----------------------------------------------------------------------------------------


def mlflow_id(server: str, *segments: str) -> str:
    """`mlflow:<server>/<segment>/...`: names are percent-encoded path segments, the server is kept as it is."""
    return f"mlflow:{server}/" + "/".join(quote(segment, safe="") for segment in segments)


_EARLIER_ID = re.compile(r"(arn:[^@]+|mlflow:.+/(?:model/[^/@]+(?:/\d+)?|experiment/\d+))@.+")


def holder_of(asset_id: str) -> str | None:
    """The reused id that an earlier holder had, whose own has its time of creation behind an @; None of any other."""
    found = _EARLIER_ID.fullmatch(asset_id) if "@" in asset_id else None
    return found[1] if found else None


_UNTIL: Final = "@until-"


def earlier_version(package: str, until: object) -> str:
    """The id of the record of what a model version was until it was changed: by a time, or a snapshot's number."""
    return f"{package}{_UNTIL}{until}"


def parse_earlier_version(record_id: str) -> tuple[str, str] | None:
    """The version, and until when it was so; None of every other id."""
    package, found, until = record_id.partition(_UNTIL)
    return (package, until) if found else None


def image_id(uri: str, image_digest: str | None = None) -> str:
    """The image's URI, followed by its digest where one is known."""
    if image_digest and "@" not in uri:
        return f"{uri}@{image_digest}"
    return uri


_ECR = re.compile(
    r"^(?P<account>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)"
    rf"\.(?:{AWS_DOMAIN}|on\.(?:aws|amazonwebservices\.com\.cn))/"
)


def image_registry(uri: str) -> tuple[str | None, str | None]:
    """The account and region of an ECR image, by any host of its registry; (None, None) for any other registry."""
    match = _ECR.match(uri)
    return (match["account"], match["region"]) if match else (None, None)


_USER_INFO = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*://)[^/?#]*@")


def without_credentials(url: str) -> str:
    """The URL with user and password, redacted or not, cut out; `user@host:path` (scp form) keeps its user."""
    return _USER_INFO.sub(r"\1", url)


def code_id(repository: str, commit: str) -> str:
    """`git:<repository>@<commit>`."""
    return f"git:{without_credentials(repository)}@{commit}"


# --- pages --------------------------------------------------------------------------------------------------------

_UNSAFE = re.compile(r"[^a-z0-9]+")


_SEGMENT = re.compile(r"[/:@#]+")
_HEX = re.compile(r"^[0-9a-f]{32,}$")


def service_of(asset_id: str) -> str | None:
    """The source that would list such an asset; None where its id does not tell."""
    if asset_id.startswith("s3://"):
        return "s3"
    if asset_id.startswith("mlflow:"):
        return "mlflow"
    arn = parse_arn(asset_id)
    return arn.service if arn is not None and arn.service in ("sagemaker", "lambda", "bedrock") else None


@lru_cache(maxsize=8192)
def slug(asset_id: str) -> str:
    """A stable, unique, safe path segment: what is readable at an id's end, then twelve hex digits of its SHA-256.

    At most 61 characters of `a-z0-9-`, whatever strangers put into keys. A name is no part of it: names change.
    """
    arn = parse_arn(asset_id)
    tail = _SEGMENT.split(arn.resource, maxsplit=1)[-1] if arn else asset_id
    segments = [segment for segment in _SEGMENT.split(tail) if segment and segment != "sha256"][-2:]
    text = "-".join(segment[:12] if _HEX.match(segment) else segment for segment in segments)
    readable = _UNSAFE.sub("-", text.lower()).strip("-")[:48].strip("-")
    tail = hashlib.sha256(asset_id.encode()).hexdigest()[:12]
    return f"{readable}-{tail}" if readable else tail


def page_path(kind: str, asset_id: str) -> str:
    """The address of an asset's page below the site's root, stable for ever: `training-job/<slug>/`."""
    return f"{kind.replace('_', '-')}/{slug(asset_id)}/"
