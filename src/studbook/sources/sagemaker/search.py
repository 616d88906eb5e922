"""SageMaker's Search as a way to read many records in one call, 100 a page, with their tags.

Calls: sagemaker:Search, for the types and under the rules that the families state. Of a type's describe call Search
lacks a few members (botocore's shapes compared member by member; a test holds these lists to them): those without
lineage are dropped from records altogether, so that a record is the same whichever call brought it; where one with
lineage could be, the record is described. Search is eventually consistent, and may show records that a policy hides
from describe calls: it answers for nothing that a listing does not show too, in the same state. A role that may not
Search costs one describe call for each record, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from studbook.sources.interface import Bulk, Json, Seen, always
from studbook.sources.reading import member

_NEWEST: Final = {"SortOrder": "Descending"}


def search(  # noqa: PLR0913 - the members of a Bulk
    resource: str,
    whole: Callable[[Json, Seen], bool],
    *,
    path: tuple[str, ...] = (),
    order: str = "LastModifiedTime",
    listed_order: bool = True,
    tags: Callable[[Json], bool] = always,
    extra: tuple[str, ...] = (),
    unshared: tuple[str, ...] = (),
    apart: tuple[str, ...] = (),
    drops: tuple[str, ...] = (),
    shows_changes: bool = False,
) -> Bulk:
    """Search for one resource type.

    `path` leads from a result to the record where that is not the type's own name; `order` is what results are sorted
    by, and `listed_order` says whether summaries have it too; `tags` whether a record has tags at all; `extra` are
    members that only Search has. The rest is `Bulk`'s.
    """
    hidden = {*extra, "Tags"}

    def record(result: Json) -> Json:
        found: Json = member(result, *(path or (resource,)))
        body = {name: value for name, value in found.items() if name not in hidden}
        if tags(found):
            body["Tags"] = sorted(found.get("Tags") or [], key=lambda tag: str(tag["Key"]))
        return body

    return Bulk(
        operation="Search",
        items="Results",
        params={"Resource": resource, "SortBy": order, **_NEWEST},
        record=record,
        whole=whole,
        order=order if listed_order else None,
        unshared=frozenset(unshared),
        apart=frozenset(apart),
        drops=frozenset(drops),
        shows_changes=shows_changes,
        brings=frozenset({"Tags"} if tags is always else ()),
    )


def always_whole(body: Json, seen: Seen) -> bool:
    """For types of which Search shows every member that the description has."""
    return True


def never_whole(body: Json, seen: Seen) -> bool:
    """For types of which Search tells the tags alone."""
    return False
