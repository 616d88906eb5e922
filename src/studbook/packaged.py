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


def place_in_code(error: BaseException) -> str:
    """Where an error was raised: the last line of our own code, or of a template, that its traceback has."""
    import traceback  # not for 'studbook --help', which loads this module

    place = type(error).__module__
    for frame in traceback.extract_tb(error.__traceback__):
        path = Path(frame.filename)
        for root in (_HERE, packaged("templates").parent):
            if path.is_relative_to(root) and (path.is_relative_to(_HERE) or path.suffix == ".html"):
                place = f"{path.relative_to(root).as_posix()}:{frame.lineno}"
                break
    return place


@cache
def code_digest() -> str:
    """Of the program itself: what another one made may be made differently by this one."""
    import hashlib  # not for 'studbook --help', which loads this module

    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(_HERE.rglob("*.py")))).hexdigest()
