"""Exports: a snapshot in a format that others read. `EXPORTS` is all of them."""

from studbook.exports import cyclonedx, evidence, json_export, pedigree, schema
from studbook.exports.interface import Export, Subject

__all__ = ["EXPORTS", "Export", "Subject"]

EXPORTS: tuple[Export, ...] = (
    json_export.EXPORT,
    schema.EXPORT,
    pedigree.EXPORT,
    cyclonedx.EXPORT,
    evidence.EXPORT,
)
