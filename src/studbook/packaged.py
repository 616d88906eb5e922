"""The files that come with the program: in the wheel beside the code, in a checkout at its top."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_HERE = Path(__file__).resolve().parent


def packaged(name: str) -> Path:
    """The path of `templates`, `catalog` or `mkdocs.yml` as shipped."""
    installed = _HERE / "_data" / name
    return installed if installed.exists() else _HERE.parents[1] / name


def hosting_template() -> Path:
    """CloudFormation of a private bucket behind CloudFront."""
    return _HERE / "hosting.yml"


@cache
def code_digest() -> str:
    """Of the program itself: what another one made may be made differently by this one."""
    import hashlib  # not for 'studbook --help', which loads this module

    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(_HERE.rglob("*.py")))).hexdigest()
