"""What one record says: assets it shows, assets it names, edges it proves, and claims that need a wider view.

A normalizer reads one record and nothing else. What it cannot decide alone (which version of a dataset a URI meant at
a time, which version an alias pointed at, which record a bare name means) it leaves as a claim; the joins of
`lineage.joins` decide with all records in view.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, NamedTuple, TypeVar, cast, dataclass_transform

from pydantic import AfterValidator, ConfigDict, SkipValidation
from pydantic.dataclasses import dataclass as checked

from studbook.model.asset import Asset
from studbook.model.attributes import Attributes
from studbook.model.edge import Edge
from studbook.model.evidence import Evidence, One, Several
from studbook.model.ids import parse_s3, s3_id
from studbook.model.kinds import Kind
from studbook.model.relations import Certainty, Relation

MANIFESTS: Final = ("ManifestFile", "AugmentedManifestFile")
"""Data types whose URI names a list of objects, not the objects."""


Place = Annotated[str, AfterValidator(lambda uri: s3_id(uri) or uri)]
"""A place in S3 by its id, in whichever spelling a record has it; what is none stays as it is."""

Rows = Annotated[Sequence[Mapping[str, Any]], SkipValidation]
"""Of a listing: too many to be checked again."""

C = TypeVar("C", bound="Claim")


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that a record says and only the whole lineage can resolve.

    Checked when it is made, while it is known whose it is; listings of objects are not, for they are long.
    """


@dataclass_transform(frozen_default=True, kw_only_default=True)
def _checked(cls: type[C]) -> type[C]:
    """Lazy initialization: the validator is made with the first claim of a type; most estates have few of them."""
    made = checked(cls, frozen=True, slots=True, kw_only=True, config=ConfigDict(defer_build=True))
    return cast("type[C]", made)


@_checked
class Reads(Claim):
    """Somebody reads an S3 URI: a job its channel, a registered dataset version the content it points at."""

    reader: str
    uri: Place
    relation: Relation = "input_to"
    role: str | None = None
    data_type: str = "S3Prefix"
    """S3Prefix, ManifestFile, AugmentedManifestFile, Converse, Object for one key exactly, or Path for what is a key or
    a folder, and no prefix of other names."""
    at: str | None = None
    """When reading began; UTC, RFC 3339 with Z."""
    ever: bool = False
    """Whatever is there at any time is meant: the dataset, and none of its versions."""
    candidate: bool = False
    """Nothing says that it was read at all."""
    evidence: One
    """Of the field that holds the URI, or leads to it."""
    through: tuple[One, ...] = ()
    """What led to the URI where the reader does not name it: with a rule, so that it is a conclusion."""

    @property
    def prefix(self) -> str:
        """With what the places in S3 begin that are read beside the URI itself: of a path those in it, as a folder."""
        uri = str(parse_s3(self.uri))  # of a bucket alone with its slash: others' names may begin so
        return f"{uri.rstrip('/')}/" if self.data_type == "Path" else uri


@_checked
class NamedPlace(Claim):
    """The parameters of a job name a place in S3; what the job does there no record says."""

    reader: str
    uri: Place
    role: str
    """The name of the parameter."""
    at: str | None
    evidence: One


@_checked
class NamedWeights(Claim):
    """An environment variable of what serves names a place in S3: whether weights are taken from there no record
    says."""

    user: str
    """A model, a version or a component."""
    uri: Place
    evidence: One


@_checked
class QueryResults(Reads):
    """Somebody reads what a query of its own wrote to an S3 URI, and nothing else of what lies there."""


@_checked
class MountedDirectory(Claim):
    """A job reads a directory of a file system."""

    reader: str
    system: str
    directory: str
    role: str
    at: str | None
    evidence: One


@_checked
class LinkedDirectory(Claim):
    """A directory of a file system is linked with a place in S3."""

    system: str
    path: str
    uri: Place
    since: str | None
    evidence: Several


class InventoryTold(NamedTuple):
    """What an inventory says of a prefix, of which no list of objects is kept."""

    objects: int
    newest: str
    """When the newest of them was written; empty where there is none."""
    seen_at: str
    """When the last inventory began that shows this state."""


@_checked
class DatasetState(Claim):
    """One state of an S3 prefix, as listed: what `Reads` is resolved against."""

    version: str
    """The dataset_version's id."""
    dataset: str
    uri: str
    """The listed prefix; the dataset's own, or a subprefix of it."""
    owner: str | None
    """The account that the configuration says."""
    config: One
    """Of the configuration's entry."""
    evidence: One
    """Of the listing."""
    until: int | None
    """The snapshot whose listing showed another state; None: this is the last one."""
    stale_since: int | None
    """The snapshot from which on it is carried over: what came after it was not listed, or in another account."""
    contents: Rows
    """Current objects: Key, Size, ETag, LastModified."""
    versions: Rows | None
    """All object versions, where the bucket keeps and lists them: Key, Size, ETag, LastModified, VersionId."""
    markers: Rows
    """Delete markers: Key, LastModified."""
    inventory: InventoryTold | None = None
    """Told by S3 Inventory: `contents` are not kept."""


@_checked
class Manifest(Claim):
    """A manifest was read: what a `Reads` of its URI comes to."""

    uri: str
    modified: str | None
    """Of the manifest itself, as it was read; UTC, RFC 3339 with Z."""
    entries: Annotated[Sequence[tuple[Evidence, str]], SkipValidation]
    """Evidence and URI of each object that it lists."""


@_checked
class Results(Claim):
    """A file lies where the service writes the results of a job."""

    job: str
    artifact: str
    evidence: Several


@_checked
class Weights(Claim):
    """An asset takes its weights from an S3 URI: what ties packages, models and adapters to one another."""

    asset: str
    uri: Place
    added: bool = False
    """Beside the main weights: an adapter, or a draft model that many share. Sharing it makes nobody a copy."""
    evidence: One


@_checked
class ServedFolder(Claim):
    """A multi-model container serves whatever lies under an S3 prefix."""

    model: str
    uri: Place
    evidence: One


@_checked
class MlflowPlace(Claim):
    """MLflow keeps a logged model, or the artifacts of a run, under a URI of any scheme."""

    asset: str
    uri: str
    evidence: One


@_checked
class MlflowUri(Claim):
    """A model version or a package says where in MLflow it is from: `models:/...`, `runs:/...` or a place."""

    asset: str
    uri: str
    server: str | None = None
    """None: the record does not say."""
    evidence: One


@_checked
class Output(Claim):
    """A job wrote its model to an S3 URI."""

    job: str
    uri: Place
    evidence: One


@_checked
class Writes(Claim):
    """A job writes data to an S3 URI, for others to read."""

    writer: str
    uri: Place
    role: str | None
    began: str | None
    ended: str | None
    """UTC, RFC 3339 with Z: what it wrote was written between the two. None while it runs."""
    evidence: One


@_checked
class CandidateStep(Claim):
    """A job was a step of the candidate of an AutoML search whose model lies at an S3 URI."""

    job: str
    uri: Place
    evidence: Several


@_checked
class OutputFolder(Claim):
    """A job writes whatever it writes below a folder of its own; it matters where another job reads there."""

    writer: str
    uri: Place
    began: str | None
    evidence: Several


@_checked
class PulledImage(Claim):
    """An endpoint or component pulled an image for one of its variants, and says with which digest."""

    place: str
    variant: str | None
    image: str
    """As specified."""
    pinned: str
    """The id with the digest."""
    evidence: One


@_checked
class CapturesTo(Claim):
    """An endpoint, or a configuration for those that it serves, says where requests and answers are kept."""

    place: str
    """The endpoint's id, or the configuration's."""
    uri: Place
    role: str = "captured"
    """That, or `output` where asynchronous answers are written."""
    stopped: bool = False
    """Nothing is kept there any more, or yet: what lies in the endpoint's own folder was."""
    evidence: One


@_checked
class BedrockAddress(Claim):
    """An address in Bedrock is answered by a model: what is asked there is asked of it."""

    address: str
    model: str
    evidence: One


@_checked
class ModelSourceTag(Claim):
    """A model carries the SDK's tag that names the package which was deployed, though maybe not as this model."""

    model: str
    package: str
    evidence: One


@_checked
class LambdaUse(Claim):
    """A record names a Lambda function, by whatever qualifier."""

    arn: str
    target: str
    relation: Relation
    role: str | None = None
    at: str | None = None
    """When it ran, or was registered."""
    evidence: One


@_checked
class EarlierFunction(Claim):
    """What a Lambda function said until another night showed something else."""

    function: str
    until: int
    """The snapshot that showed it."""
    told: Annotated[Asset, SkipValidation]
    """The function as it was."""
    record: str
    """The reference of the record that is kept of it."""


@_checked
class EarlierVersion(Claim):
    """What a model version was until it was given other weights."""

    package: str
    until: str | None
    """When it was changed at the latest; UTC, RFC 3339 with Z."""
    told: Annotated[Asset, SkipValidation]
    """The version as it was."""
    weights: tuple[tuple[Place, One], ...]
    """Where its main weights lay."""


class HeldWeights(NamedTuple):
    """The main weights that a model version had for a time."""

    since: str | None
    until: str | None
    """Both at the latest; UTC, RFC 3339 with Z."""
    places: Mapping[str, Evidence]
    """What says so by their places, as `place` gives them."""


@_checked
class ChangedWeights(Claim):
    """A model version has other weights than it had: made of all `EarlierVersion` of it, and of what it is now."""

    package: str
    since: str | None
    """When it was given the present ones at the latest; UTC, RFC 3339 with Z."""
    given: frozenset[str]
    """The places of main weights that it had not before, or not those bytes; as `place` gives them."""
    earlier: Annotated[Sequence[HeldWeights], SkipValidation]
    """The others that it had, oldest first."""
    evidence: Several
    """That it had others."""


@_checked
class ByName(Claim):
    """One end of an edge is known by its name alone: the record of that account, region and kind is meant."""

    kind: Kind
    name: str
    account: str
    region: str
    aws_partition: str = "aws"
    other: str
    """The id of the known end."""
    upstream: bool
    """True: the named thing is the edge's source."""
    relation: Relation
    role: str | None = None
    pending: bool = False
    """It is to come by a deployment that goes on: it may answer already, or never."""
    evidence: One


@_checked
class Roleless(Claim):
    """An edge whose role, if it has one, another record tells: that edge is the same, and this one more proof of it."""

    source: str
    target: str
    relation: Relation
    certainty: Certainty = "referenced"
    evidence: Several


@_checked
class LineageEntity(Claim):
    """An entity of the Lineage API that is an asset under another id: its ARN is an alias."""

    arn: str
    id: str
    kind: Kind | None = None
    """Where the id does not tell."""
    type: str | None = None
    """In the API's words: DataSet, Model, EvaluationReport, ..."""
    at: str | None = None
    """When the entity was made: what took the name of its source later is another thing."""
    evidence: Several


@_checked
class Association(Claim):
    """The Lineage API says that two of its entities are connected."""

    source: str
    destination: str
    type: str | None
    at: str | None = None
    """When it was said."""
    evidence: Several


@_checked
class RunBehind(Claim):
    """The source of a Lineage entity is an MLflow run, named by its id alone, without its server."""

    entity: str
    run: str
    evidence: Several


@_checked
class DeployedBy(Claim):
    """An action of the SDK deployed a package as a component, which may run something else by now."""

    package: str
    component: str
    at: str | None = None
    evidence: Several


@_checked
class BaseModelName(Claim):
    """A package names its base model by hub content name, maybe with its version, without the hub."""

    package: str
    name: str
    version: str | None
    account: str
    region: str
    aws_partition: str = "aws"
    evidence: Several


@_checked
class MlflowNames(Claim):
    """A job names its MLflow experiment and run by name, without ids."""

    job: str
    server: str
    experiment: str
    run: str
    evidence: Several


@_checked
class LatestAtStart(Claim):
    """A job names hub content without a version: the latest one at that time was meant."""

    content: str
    """The unversioned id."""
    reader: str
    role: str | None
    at: str | None
    evidence: One


@dataclass(slots=True)
class Facts:
    """The pure reading of one record."""

    assets: list[Asset] = field(default_factory=list)
    """Shown: the record describes them."""
    mentions: list[Asset] = field(default_factory=list)
    """Named only: kept as unresolved unless another record shows them."""
    edges: list[Edge] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    rows: dict[str, Attributes] = field(default_factory=dict)
    """By which rows the shown assets were read."""
    if_named: bool = False
    """Whether the shown assets are the lineage's only where an edge of another record leads to them."""

    def show(self, asset: Asset, rows: Attributes) -> None:
        """One more shown asset, read by these rows."""
        self.assets.append(asset)
        self.rows[asset.id] = rows
