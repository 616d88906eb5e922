"""Resource types whose operations and members SageMaker names after one noun, as it does most of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from operator import itemgetter

from studbook.model import Facts, Record
from studbook.sources.interface import Describe, Document, Listing, Resource, no_documents, request
from studbook.sources.reading import tags_of
from studbook.sources.sagemaker.job_parts import ENDED


def named(kind: str, noun: str, items: str, normalize: Callable[[Record], Facts]) -> Resource:
    """A type of `List<noun>s`, which answers in `items`, and `Describe<noun>`; its record is named `<noun>Name` and
    `<noun>Arn`, and has tags. What else a type has its family says with `replace`."""
    return Resource(
        kind=kind,
        listing=Listing(operation=f"List{noun}s", items=items),
        identify=itemgetter(f"{noun}Arn"),
        describe=Describe(operation=f"Describe{noun}", params=request(f"{noun}Name")),
        details=(tags_of(f"{noun}Arn"),),
        normalize=normalize,
    )


def job(
    kind: str,
    noun: str,
    items: str,
    normalize: Callable[[Record], Facts],
    documents: Callable[[Record], Iterable[Document]] = no_documents,
) -> Resource:
    """A type of jobs: its `<noun>Status` says when one has ended, and until then the listing does not show every
    change."""
    return replace(
        named(kind, noun, items, normalize),
        final=lambda body: body.get(f"{noun}Status") in ENDED,
        volatile=True,
        documents=documents,
    )
