"""Page after page, by tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from studbook.aws.errors import Trouble

_NEXT: Final = {"NextToken": "NextToken"}


def follow(
    call: Callable[[Mapping[str, Any]], dict[str, Any]],
    operation: str,
    params: Mapping[str, Any],
    tokens: Mapping[str, str] | None = None,
) -> Iterator[dict[str, Any]]:
    """Every page of a listing; `tokens` maps members of an answer to members of the next request.

    Raises Trouble of meaning `repeated` where a token comes twice, and what `call` raises.
    """
    request = dict(params)
    met: set[tuple[Any, ...]] = set()
    while True:
        page = call(request)
        yield page
        following = {member: page[answer] for answer, member in (tokens or _NEXT).items() if page.get(answer)}
        if not following:
            return
        mark = tuple(sorted(following.items()))
        if mark in met:
            raise Trouble("repeated", operation, "RepeatedToken", "a page token came twice; the listing has no end")
        met.add(mark)
        request = {**params, **following}
