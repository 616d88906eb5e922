"""The files that come with the program: in the wheel beside the code, in a checkout at its top."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent


def packaged(name: str) -> Path:
    """The path of `templates`, `catalog` or `mkdocs.yml` as shipped."""
    installed = _HERE / "_data" / name
    return installed if installed.exists() else _HERE.parents[1] / name
