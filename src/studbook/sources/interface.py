"""Connector interface: a source is a description of an API, and a pure reading of what it says.

The collecting half declares how a resource type is listed and described; `harvest.collector` does the paging, the
reuse, the errors and the counting. The other half, `normalize`, turns one record into facts and touches nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from studbook.model import Facts, Partition, Record
from studbook.model.storable import ApiAnswer
from studbook.settings import Settings

if TYPE_CHECKING:
    from studbook.aws.sessions import Signer  # it loads boto3, and a site asks sources only what they declare

Json = Mapping[str, Any]


def never(body: Json) -> bool:
    """For resources that may change for as long as they live."""
    return False


def always(body: Json) -> bool:
    """For resources that never change once made."""
    return True


def whole(answer: Json) -> Json:
    """For answers that are kept as they are."""
    return answer


def without(*names: str) -> Callable[[Json], Json]:
    """For answers that are kept but for these members."""
    return lambda answer: {name: value for name, value in answer.items() if name not in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """How all resources of a type are found: one paged operation, once or per parent."""

    operation: str
    """As the API names it: `ListTrainingJobs`."""
    items: str
    """The member of the response that holds the summaries."""
    params: Json = field(default_factory=dict)
    variants: tuple[Json, ...] = ({},)
    """One listing for each, added to `params`: `({"JobCategory": "AgentRFT"}, ...)`."""
    parent: str | None = None
    """The record kind under each of whose records this is listed; it must be declared before."""
    parent_params: Callable[[Record], Json | None] | None = None
    """The request members that name the parent; None passes that parent over."""
    parent_of: Callable[[Record], str | None] | None = None
    """From a record of this type to its parent's id: one parent's failed listing then leaves the others' complete."""
    settled: Callable[[Json], bool] | None = None
    """Whether a body can never be another. Needs `parent_of`, and the parent's `mark`: while that has not moved since
    all below the parent was read, and all of it is settled, the listing would show nothing new and is not asked for."""
    page_size: int | None = 100
    page_param: str = "MaxResults"
    token: str = "NextToken"  # noqa: S105 - the name of a member


def request(parameter: str, member: str | None = None) -> Callable[[Json], Json]:
    """Of a call with one parameter: from a summary, or a body, to its member of that name, or of the one given."""
    return lambda body: {parameter: body[member or parameter]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Describe:
    """How one resource is read whole: the answer becomes the record's body."""

    operation: str
    params: Callable[[Json], Json]
    """From the summary to the request."""
    when: Callable[[Json], bool] = always
    """Which summaries leave something out; any other is the record."""
    trim: Callable[[Json], Json] = whole
    """Takes out of the answer what is too long to be kept, or moves without a change of the resource."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """A further call whose answer belongs to the same record, kept in its body under `member`."""

    operation: str
    params: Callable[[Json], Json]
    """From the body so far to the request."""
    member: str
    items: str | None = None
    """Paged: the member whose lists are joined. None: one call, the whole answer is kept."""
    part: str | None = None
    """Of one call: the member of the answer that is kept, in place of the whole."""
    when: Callable[[Json], bool] = always
    trim: Callable[[Json], Json] = whole
    """Takes out of the answer, or of each item, what is too long to be kept or moves without a change."""
    page_size: int | None = 100
    sort: str | None = None
    """The member of an item by which the joined list is put in order; for lists that the API gives in any order."""


class Seen(Protocol):
    """What a visit has found so far, for rules that depend on more than one record."""

    def found(self, kind: str, record_id: str) -> Record | None:
        """The record, if tonight showed it."""
        ...

    def none_of(self, kind: str) -> bool:
        """Whether a complete listing showed that there is none of a kind."""
        ...

    def says(self, kind: str, member: str) -> bool:
        """Whether a record of a kind has a member of that name, tonight or as it was last known, gone ones too."""
        ...


def anywhere(seen: Seen) -> bool:
    """For resources that there may be in any region."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """A paged operation that answers with many records at once, in place of one describe call for each.

    The listing stays the truth: what the operation shows and no listing does is no record; what it misses, or shows in
    another state than the listing, is described, for it may lag behind. Where it is refused everything is described.
    A record is the same whichever way it came: the operation must tell every member as the description would, but for
    those in `drops`, which are never kept, and those in `apart`, which only a description can tell.
    """

    operation: str
    items: str
    """The member of the response that holds the records."""
    params: Json
    """They ask for the newest by `order` first."""
    record: Callable[[Json], Json]
    """From an item to the record's body, as the description (and the details in `brings`) would have it."""
    whole: Callable[[Json, Seen], bool]
    """Whether a body needs no description. True only where nothing that the operation cannot show can be there."""
    order: str | None = None
    """A member of summary and body: items older than the oldest one wanted are not asked for. None: none is in both."""
    unshared: frozenset[str] = frozenset()
    """Members of the summary that the body lacks; all others must be equal."""
    apart: frozenset[str] = frozenset()
    """Members that the operation lacks or words differently; `whole` says where they cannot be."""
    drops: frozenset[str] = frozenset()
    """Members of the description that the operation lacks and that say nothing of lineage."""
    brings: frozenset[str] = frozenset()
    """The details that come with it: their members need no call, even where the record is described."""
    shows_changes: bool = False
    """True: an answer that equals the kept record, `apart` aside, proves that this holds: every change moves it."""
    page_size: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A small S3 object, or a folder of them, that tells what the record which names it leaves out."""

    role: Literal["manifest", "report", "results", "weights"]
    """`manifest`: the list of objects that a job read; `report`: metrics of a package; `results`: the prefix under
    which an evaluation writes its scores; `weights`: an object of a version, of which the ETag alone is asked for."""
    uri: str
    evidence: str
    """Of the field that names it."""
    data_type: str | None = None
    """Of a manifest: ManifestFile or AugmentedManifestFile."""


def no_documents(record: Record) -> Iterable[Document]:
    """For resource types whose records say all there is."""
    return ()


def no_facts(record: Record) -> Facts:
    """For resource types that are no assets: what they lead to are."""
    return Facts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource type: a declaration and one pure function."""

    kind: str
    """The record's kind: the asset kind where there is exactly one, else the API's own word in snake case."""
    listing: Listing
    identify: Callable[[Json], str]
    """From the summary to the record's id (an ARN)."""
    normalize: Callable[[Record], Facts]
    describe: Describe | None = None
    """None: the summary is the record."""
    details: tuple[Detail, ...] = ()
    documents: Callable[[Record], Iterable[Document]] = no_documents
    """What the S3 source is to read for a record, where the configuration lets it."""
    bulk: Bulk | None = None
    """How many can be read at once; None: each is described."""
    keep: Callable[[Json], bool] = always
    """Which summaries matter at all."""
    where: Callable[[Seen], bool] = anywhere
    """Whether there can be any, by what was seen before: else they are listed only where some are known."""
    revision: Callable[[Json], str] | None = None
    """What in the summary changes with the resource; None: all of it. A kept record of the same revision is reused."""
    final: Callable[[Json], bool] = never
    """Whether a body of this shape never changes again: described once in its life."""
    volatile: bool = False
    """True: the summary does not show every change, so a record that is not final is described every time."""
    mark: Callable[[Json], str] | None = None
    """What in the summary moves whenever something is added to the listings below; see `Listing.settled`."""
    part: Literal["lineage_api"] | None = None
    """What the configuration calls the part of the source that it can leave out, and this type with it."""
    transient: bool = False
    """True: only a step on the way: its summaries are parents of other listings, and no record of it is kept."""

    @property
    def operations(self) -> tuple[str, ...]:
        """Every operation that collecting this type may call: its listing, bulk operation, description and details,
        in this order."""
        described = (self.describe.operation,) if self.describe else ()
        at_once = (self.bulk.operation,) if self.bulk else ()
        return (self.listing.operation, *at_once, *described, *(detail.operation for detail in self.details))


@dataclass(frozen=True, slots=True)
class Grant:
    """A statement of the reader's policy: some of a source's actions, on some resources."""

    sid: str
    """Its statement's name: letters and digits, and no other source's."""
    resources: tuple[str, ...] = ("*",)
    """What it is granted on: `*`, or an ARN without `arn:` and the AWS partition."""
    covers: Callable[[str], bool] = lambda action: True
    """Which actions; the first grant of a source that covers an action has it."""


def everywhere(source: str, settings: Settings) -> Mapping[Partition, Sequence[str]]:
    """A plan of a source for every region of every account, without targets."""
    return {Partition(account.id, region, source): () for account in settings.accounts for region in account.regions}


class Visit(Protocol):
    """What a source meets when it collects one partition: paced, counted, read-only calls, and a place for records.

    `call`, `pages` and `signer` raise `aws.errors.Trouble`. A source that lets it pass ends its visit there; what it
    has not `listed` by then is carried over.
    """

    settings: Settings

    @property
    def partition(self) -> Partition: ...

    @property
    def since(self) -> str | None:
        """When the last night was taken that saw this partition whole; None where none did."""
        ...

    @property
    def targets(self) -> tuple[str, ...]:
        """What the plan asks for here, in the source's own words."""
        ...

    def call(self, operation: str, params: Json, *, service: str | None = None) -> ApiAnswer:
        """The operation's answer as storable JSON, without response metadata; what is missing of it is a gap."""
        ...

    def fetch(self, params: Json, limit: int) -> tuple[dict[str, Any], bytes]:
        """S3's GetObject: what it says of the object, and at most `limit` + 1 of its bytes."""
        ...

    def pages(
        self,
        operation: str,
        params: Json,
        *,
        tokens: Mapping[str, str] | None = None,
        service: str | None = None,
        items: str | None = None,
    ) -> Iterator[ApiAnswer]:
        """Page after page; `tokens` maps members of the answer to members of the next request, `items` is the list
        that every page has, be it empty: one without it is a failed answer."""
        ...

    def signer(self, region: str) -> Signer | None:
        """Signs requests to APIs that botocore does not know, as this partition's account; None: no account's."""
        ...

    def renew(self, access_key: str) -> None:
        """A request signed with this key was refused for its age: the next one is signed by a new session."""
        ...

    def spend(self, operation: str) -> None:
        """Waits for the partition's budget and counts one request that is about to be sent."""
        ...

    def throttled(self, operation: str) -> None:
        """A request of that operation was refused for being one too many."""
        ...

    def resource(self, resource: Resource) -> None:
        """Collects one declared type: lists, reuses, describes, and says what is complete."""
        ...

    def kept(self, kind: str, record_id: str) -> Record | None:
        """The record as it was last known, if it was."""
        ...

    def known(self, kind: str) -> Iterable[Record]:
        """The records of a kind that are not gone, as they were last known."""
        ...

    def record(self, kind: str, record_id: str, body: Json, *, operation: str, revision: str | None = None) -> None:
        """Keeps a record, redacted, as that operation of the source brought it; without a revision (a digest or a
        time) it is the digest of the body.

        Never raises for what is in it: what cannot be kept is a gap that names the record, as far as it has a name."""
        ...

    def reuse(self, record: Record) -> None:
        """Says that a known record was seen again and has not changed."""
        ...

    def listed(self, kind: str, scope: str | None = None) -> None:
        """Says that all records of a kind (in a scope, see `Source.scope`) were seen: what is missing now is gone."""
        ...

    def wrote(self) -> None:
        """Says that an event of this account and region is a write: what was listed before may hold no longer."""
        ...

    def gap(self, trouble: Exception, subject: str | None = None) -> None:
        """Notes what could not be seen: a Trouble, or what reading the last answer raised (aws.errors.PART_LOST).

        `subject` is the record or the place in which that was; a Trouble says for itself whether it is about one."""
        ...

    def skip(self, operation: str, message: str) -> None:
        """Notes what is not there to be seen: something that is switched off. That is no failure."""
        ...


class Source(Protocol):
    """A service that can be harvested, one partition at a time."""

    @property
    def name(self) -> str:
        """`sagemaker`, `lambda`, `s3`, `mlflow`, `organizations`."""
        ...

    @property
    def wave(self) -> int:
        """When it is visited: 0 finds accounts, 1 finds most things, 2 follows what they name."""
        ...

    @property
    def actions(self) -> tuple[str, ...]:
        """The IAM actions that collecting may need, sorted."""
        ...

    @property
    def grants(self) -> tuple[Grant, ...]:
        """What the actions are granted on; none where that depends on the configuration."""
        ...

    @property
    def follows(self) -> tuple[str, ...]:
        """Texts of which each record that `plan` looks at has one in its JSON; the others need not be read for it."""
        ...

    def plan(self, settings: Settings, records: Iterable[Record]) -> Mapping[Partition, Sequence[str]]:
        """The partitions to visit and the targets in each, from the configuration and the waves before."""
        ...

    def collect(self, visit: Visit) -> None:
        """Reads one partition into records."""
        ...

    def scope(self, record: Record) -> str | None:
        """The part of its kind's listing that a record comes from; None where there is one listing for all."""
        ...

    def normalize(self, record: Record) -> Facts:
        """The pure reading of one of this source's records."""
        ...
