"""Studbook: a static lineage catalog for machine learning on AWS.

    import studbook

    lineage = studbook.open("catalog")

`open` and `Lineage` are the Python API (`studbook.api`), `errors` what it raises. Importing this package loads nothing
else until one of them is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from studbook import errors
    from studbook.api import Lineage, open

__all__ = ["Lineage", "errors", "open"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Lazy imports: pydantic and SQLite are loaded by whoever opens a catalog."""
    if name == "errors":
        return import_module("studbook.errors")
    if name in __all__:
        return getattr(import_module("studbook.api"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
