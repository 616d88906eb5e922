"""Lenient response parsing: one odd value in an answer costs that value, not the page that it is in.

botocore refuses a whole answer for a time that is none, or for text where its model has an object. Here such a value is
`Unfit`: the border leaves it out and tells so. What is no answer of the API at all is refused, since to botocore a
proxy's login page is an empty list, and what an empty list lacks would be gone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from botocore.parsers import PROTOCOL_PARSERS, BaseJSONParser, ResponseParserError, ResponseParserFactory, RestXMLParser

from studbook.aws.errors import no_answer
from studbook.model.storable import Unfit, load_json

_HEAD: Final = 1000
_ROOT: Final = re.compile(rb"<(?![?!])(?:[\w.-]+:)?([\w.-]+)")
_ROOTS: Final = {
    "ListObjectsV2": "ListBucketResult",
    "ListObjectVersions": "ListVersionsResult",
    "GetBucketVersioning": "VersioningConfiguration",
    "GetBucketInventoryConfiguration": "InventoryConfiguration",
    "CreateSession": "CreateSessionResult",
}
"""The root elements of S3's answers; those of the query protocol, and of some who speak for S3, have the operation's
name."""


_TOKENS: Final = {"ListObjectsV2": "NextContinuationToken", "ListObjectVersions": "NextKeyMarker"}
"""S3's listings, and where they say what follows."""


class LenientParsers(ResponseParserFactory):
    """Makes botocore's parsers, of which those for JSON, and for S3's XML, go on where one value is odd."""

    def create_parser(self, protocol_name: str) -> Any:
        parser: Any = PROTOCOL_PARSERS[protocol_name]
        defaults: dict[str, Any] = self._defaults  # type: ignore[attr-defined]  # the types of botocore lack it
        for base, lenient in ((BaseJSONParser, _Lenient), (RestXMLParser, _LenientXml)):
            if issubclass(parser, base):
                parser = _lenient(lenient, parser)
        return parser(**defaults)


@cache
def _lenient(lenient: type[Any], parser: type[Any]) -> type[Any]:
    return type(f"Lenient{parser.__name__}", (lenient, parser), {})


@cache
def _members(shape: Any) -> dict[str, tuple[str, str, Any]] | None:
    """A structure's members by what JSON calls them: name, handler, shape. None for documents and unions."""
    if shape.is_document_type or shape.is_tagged_union:
        return None
    return {
        member.serialization.get("name", name): (name, _handler(member), member)
        for name, member in shape.members.items()
    }


def _handler(shape: Any) -> str:
    known = f"_handle_{shape.type_name}"
    return known if hasattr(_Lenient, known) or hasattr(BaseJSONParser, known) else "_default_handle"


class _Lenient:
    """What botocore would stumble over is looked at, and texts, which name things: other scalars pass as they are."""

    def _handle_string(self, shape: Any, value: Any) -> Any:
        return value if type(value) is str or value is None else Unfit("is no text")

    def _as_it_is(self, shape: Any, value: Any) -> Any:
        return value

    # REST's parser converts these, for they may come in a header, and fails with the page over what is no number.
    _handle_boolean = _handle_integer = _handle_long = _handle_float = _handle_double = _as_it_is

    def _handle_structure(self, shape: Any, value: Any) -> Any:
        """Goes through what is there: botocore's own goes through all that could be, and looks each handler up."""
        if type(value) is not dict:
            return value if value is None or shape.is_document_type else Unfit("is no object")
        members = _members(shape)
        if members is None:
            try:
                return super()._handle_structure(shape, value)  # type: ignore[misc]
            except ResponseParserError:  # more or less than one member of a union
                return Unfit("is no union")
        found = {}
        for name, item in value.items():
            if item is not None and (member := members.get(name)) is not None:
                found[member[0]] = getattr(self, member[1])(member[2], item)
        return found

    def _handle_list(self, shape: Any, node: Any) -> Any:
        if type(node) is not list:
            return Unfit("is no list")
        handle = getattr(self, _handler(shape.member))
        return [None if item is None else handle(shape.member, item) for item in node]

    def _handle_map(self, shape: Any, value: Any) -> Any:
        return super()._handle_map(shape, value) if type(value) is dict else Unfit("is no map")  # type: ignore[misc]

    def _handle_blob(self, shape: Any, value: Any) -> Any:
        try:
            return super()._handle_blob(shape, value)  # type: ignore[misc]
        except (TypeError, ValueError):
            return Unfit("is not Base64")

    def _parse_body_as_json(self, body_contents: bytes) -> dict[str, Any]:
        try:
            found = load_json(body_contents) if body_contents else {}
        except ValueError:
            found = None
        return found if isinstance(found, dict) else {"message": "the answer is no JSON object"}


class _LenientXml:
    """Of XML, in which all is text, the scalars are looked at: to botocore whatever is not `true` is false, a listing
    that does not say whether more follows among them."""

    def _parse_shape(self, shape: Any, node: Any) -> Any:
        kind = shape.type_name
        if kind in ("structure", "list", "map"):
            return super()._parse_shape(shape, node)  # type: ignore[misc]
        text = getattr(node, "text", node) or ""
        if not isinstance(text, str):  # the elements of one that came twice
            return Unfit(f"is no {kind}")
        if kind == "boolean":
            return {"true": True, "false": False}.get(text.lower(), Unfit("is neither true nor false"))
        try:
            return super()._parse_shape(shape, text)  # type: ignore[misc]
        except ValueError:
            return Unfit(f"is no {kind}")


def check_answer(operation_model: Any, response_dict: Mapping[str, Any], **_: Any) -> None:
    """For botocore's `before-parse`: raises Trouble for a success that is none of the API's."""
    if response_dict["status_code"] != 200 or operation_model.has_streaming_output:
        return
    if operation_model.output_shape is None or not operation_model.output_shape.members:
        return
    body: bytes = response_dict["body"].strip()
    operation = operation_model.name
    if operation_model.service_model.metadata["protocol"] in ("json", "rest-json"):
        if not (body.startswith(b"{") and body.endswith(b"}")):
            raise no_answer(operation, "the answer is none of this API's")
        if b'"__type"' in body and isinstance(kind := _Lenient()._parse_body_as_json(body).get("__type"), str):
            raise no_answer(operation, f"an error came as a success: {kind}")
        return
    root = _ROOT.search(body[:_HEAD])
    found = root[1].decode(errors="replace") if root else "nothing"
    if found not in (f"{operation}Response", expected := _ROOTS.get(operation, f"{operation}Response")):
        raise no_answer(operation, f"the answer is {found}, not {expected}")


def check_content(http_response: Any, parsed: Mapping[str, Any], model: Any, **_: Any) -> None:
    """For botocore's `after-call`: raises Trouble for an answer in JSON with no member that the API knows, and for a
    listing of S3 that is not what it says of itself."""
    if http_response.status_code != 200 or model.has_streaming_output:
        return
    if model.output_shape is None or not model.output_shape.members:
        return
    if model.service_model.metadata["protocol"] in ("json", "rest-json") and parsed.keys() <= {"ResponseMetadata"}:
        raise no_answer(model.name, "the answer says nothing that this API has a word for")
    if model.name in _TOKENS:
        _check_objects(parsed, model.name)


def _check_objects(parsed: Mapping[str, Any], operation: str) -> None:
    if not isinstance(parsed.get("IsTruncated"), bool):
        raise no_answer(operation, "the listing does not say whether more follows")
    if parsed["IsTruncated"] and not parsed.get(_TOKENS[operation]):
        raise no_answer(operation, "the listing goes on, and does not say where")
    shown = len(parsed.get("Contents") or ()) + len(parsed.get("CommonPrefixes") or ())
    if operation == "ListObjectsV2" and parsed.get("KeyCount") != shown:
        raise no_answer(operation, f"the listing shows {shown} keys and counts {parsed.get('KeyCount')}")
