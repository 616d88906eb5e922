"""What a source is: a description of an API, and a pure reading of what it says.

The collecting half declares how a resource type is listed and described; `harvest.collector` does the paging, the
reuse, the errors and the counting. The other half, `normalize`, turns one record into facts and touches nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from studbook.model import Facts, Record

Json = Mapping[str, Any]


def never(body: Json) -> bool:
    """For resources that may change for as long as they live."""
    return False


def always(body: Json) -> bool:
    """For resources that never change once made."""
    return True


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
    page_size: int | None = 100
    page_param: str = "MaxResults"
    token: str = "NextToken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Describe:
    """How one resource is read whole: the answer becomes the record's body."""

    operation: str
    params: Callable[[Json], Json]
    """From the summary to the request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """A further call whose answer belongs to the same record, kept in its body under `member`."""

    operation: str
    params: Callable[[Json], Json]
    """From the body so far to the request."""
    member: str
    items: str | None = None
    """Paged: the member whose lists are joined. None: one call, the whole answer is kept."""
    when: Callable[[Json], bool] = always
    page_size: int | None = 100


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
    keep: Callable[[Json], bool] = always
    """Which summaries matter at all."""
    revision: Callable[[Json], str] | None = None
    """What in the summary changes with the resource; None: all of it. A kept record of the same revision is reused."""
    final: Callable[[Json], bool] = never
    """Whether a body of this shape never changes again: described once in its life."""
    volatile: bool = False
    """True: the summary does not show every change, so a record that is not final is described every time."""


class Source(Protocol):
    """A service that can be harvested, one partition at a time."""

    name: str
    """`sagemaker`, `lambda`, `s3`, `mlflow`, `organizations`."""

    def normalize(self, record: Record) -> Facts:
        """The pure reading of one of this source's records."""
        ...
