"""Pagination: page after page, by tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar

from studbook.aws.errors import Trouble, no_answer
from studbook.model.storable import ApiAnswer

_NEXT: Final = {"NextToken": "NextToken"}
Page = TypeVar("Page", bound=ApiAnswer)


def follow(
    call: Callable[[Mapping[str, Any]], Page],
    operation: str,
    params: Mapping[str, Any],
    tokens: Mapping[str, str] | None = None,
    *,
    most: int,
    items: str | None = None,
) -> Iterator[Page]:
    """Every page of a listing; `tokens` maps members of an answer to members of the next request.

    `items` is the list that every page has, be it empty. Raises Trouble where a page has none, where a token comes
    twice, after `most` pages, and what `call` raises.
    """
    request = dict(params)
    met: set[tuple[Any, ...]] = set()
    while True:
        page = call(request)
        if items is not None and not isinstance(page.get(items), list):
            raise no_answer(operation, f"the answer has no list of {items}")
        yield page
        following = {member: page[answer] for answer, member in (tokens or _NEXT).items() if page.get(answer)}
        if not following:
            return
        if not all(isinstance(token, str) for token in following.values()):
            raise no_answer(operation, "its page token is no text")
        mark = tuple(sorted(following.items()))
        if mark in met:
            raise Trouble("repeated", operation, "RepeatedToken", "a page token came twice; the listing has no end")
        met.add(mark)
        if len(met) >= most:
            raise Trouble("limit", operation, "TooManyPages", f"more than {most:,} pages (patience.pages)")
        request = {**params, **following}
