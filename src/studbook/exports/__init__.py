"""Exports: a snapshot in a format that others read. `EXPORTS` is all of them."""

from importlib import import_module
from typing import Final

from studbook.exports.interface import Export, Subject

__all__ = ["EXPORTS", "Export", "Subject"]

NAMES: Final = (
    "json_export",
    "schema",
    "pedigree",
    "cyclonedx",
    "evidence",
    "sarif",
    "junit",
    "markdown",
    "csv_tables",
    "parquet",
    "openlineage",
    "prov",
    "mermaid",
    "dot",
    "svg",
    "sagemaker_card",
    "huggingface",
    "croissant",
    "in_toto",
)
EXPORTS: Final[tuple[Export, ...]] = tuple(import_module(f"{__name__}.{name}").EXPORT for name in NAMES)
