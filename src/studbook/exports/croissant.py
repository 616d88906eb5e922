"""`studbook export croissant`: a dataset version as Croissant 1.1 metadata (MLCommons), which data tools and Hubs read.

What is described is the object manifest, `manifest.tsv`, whose SHA-256 is the version's fingerprint:
`studbook show DATASET --objects > manifest.tsv` writes it. The objects are a file set within it. Studbook reads no
data, and so names no fields; a licence or a description that nobody recorded is left out.
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import quote

from studbook.errors import UsageError
from studbook.exports.interface import Export
from studbook.model import Asset, canonical
from studbook.queries.pedigree import Pedigree

_TERMS: Final = [
    "citeAs",
    "column",
    "containedIn",
    "extract",
    "field",
    "fileProperty",
    "fileObject",
    "fileSet",
    "format",
    "includes",
    "isArray",
    "arrayShape",
    "isLiveDataset",
    "jsonPath",
    "key",
    "md5",
    "parentField",
    "path",
    "recordSet",
    "references",
    "regex",
    "repeated",
    "replace",
    "samplingRate",
    "separator",
    "source",
    "subField",
    "transform",
    "equivalentProperty",
]
_CONTEXT: Final[dict[str, Any]] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in _TERMS},
}
_FINGERPRINT: Final = re.compile(r"sha256:([0-9a-f]{64})")


def write(pedigree: Pedigree) -> bytes:
    """The metadata, in canonical JSON. Raises UsageError for what is no dataset version with a fingerprint."""
    root = pedigree.root
    content = _content(pedigree)
    if root.kind != "dataset_version" or content is None:
        raise UsageError(
            f"{root.id!r} is no version of a dataset whose objects were listed",
            "name a dataset_version in S3 (datasets in studbook.yml), or one that is registered of it",
        )
    listed, digest = content
    made = [edge.source for edge in pedigree.edges if edge.target == root.id and edge.relation == "produced"]
    base = [edge.source for edge in pedigree.edges if edge.target in made and edge.relation == "input_to"]
    place = str(listed.attributes.get("uri") or listed.id.partition("@sha256:")[0])
    text: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": root.name,
        "url": f"urn:studbook:{_urn(root.id)}",
        "version": str(root.attributes.get("version") or f"manifest-{digest[:12]}"),
        "isLiveDataset": False,
        "distribution": _distribution(place, digest),
    }
    if isinstance(root.attributes.get("description"), str):
        text["description"] = root.attributes["description"]
    if root.created_at is not None:
        text["dateCreated"] = root.created_at
    if made:
        text["prov:wasGeneratedBy"] = [{"@id": f"urn:studbook:{_urn(one)}"} for one in made]
    if base:
        text["prov:wasDerivedFrom"] = [{"@id": f"urn:studbook:{_urn(one)}"} for one in dict.fromkeys(base)]
    return canonical(text) + b"\n"


def _distribution(place: str, digest: str) -> list[dict[str, Any]]:
    """The object manifest, by its SHA-256, and the objects that it lists."""
    manifest = {
        "@type": "cr:FileObject",
        "@id": "manifest",
        "name": "manifest",
        "description": "The object manifest: key, size and ETag of each object, a line each.",
        "contentUrl": "manifest.tsv",
        "encodingFormat": "text/tab-separated-values",
        "sha256": digest,
    }
    objects = {
        "@type": "cr:FileSet",
        "@id": "objects",
        "name": "objects",
        "description": f"The objects below {place}.",
        "containedIn": {"@id": "manifest"},
        "encodingFormat": "application/octet-stream",
        "includes": "**",
    }
    return [manifest, objects]


def _content(pedigree: Pedigree) -> tuple[Asset, str] | None:
    """The version whose objects were listed (it itself, or what it was registered of), with its manifest's SHA-256."""
    assets = {asset.id: asset for asset in pedigree.assets}
    of = [e.source for e in pedigree.edges if e.target == pedigree.root.id and e.relation == "content_of"]
    for one in (pedigree.root.id, *of):
        if (match := _FINGERPRINT.fullmatch(str(assets[one].attributes.get("fingerprint")))) is not None:
            return assets[one], match[1]
    return None


def _urn(asset_id: str) -> str:
    return quote(asset_id, safe=":/@")


EXPORT = Export("croissant", "a dataset version as Croissant metadata", about=write)
