"""Case folding of SageMaker's ARNs: one thing has one id, however its name was typed.

SageMaker writes its own ARNs in lower case, and takes names in any; the fields that name other things repeat what
people typed. The id is as the record of the thing itself writes it. Names in other services' ARNs differ by case.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace

from studbook.model import Claim

_MLFLOW = "mlflow:"


def folded(asset_id: str) -> str | None:
    """What all spellings of a SageMaker ARN have in common; None for every other id.

    An id of MLflow begins with the ARN of its server, and only that is folded.
    """
    beginning, server, tail = "", asset_id, ""
    if asset_id.startswith(_MLFLOW):
        beginning, server = _MLFLOW, asset_id.removeprefix(_MLFLOW)
        kind, slash, rest = server.partition("/")
        name, end, tail = rest.partition("/")
        server, tail = kind + slash + name, end + tail
    if not server.startswith("arn:") or server.split(":", 3)[2:3] != ["sagemaker"]:
        return None
    return beginning + server.lower() + tail


def spellings(shown: Collection[str], named: Iterable[str]) -> dict[str, str]:
    """From each other spelling to the id.

    Of what no record shows the spelling in lower case is the id where somebody writes it, else the first.
    """
    several: defaultdict[str, set[str]] = defaultdict(set)
    for asset_id in named:
        if asset_id not in shown and (key := folded(asset_id)) is not None:
            several[key].add(asset_id)
    if not several:
        return {}
    own: dict[str, str] = {}
    for asset_id in shown:
        key = folded(asset_id)
        if key is not None and key in several:
            own[key] = min(asset_id, own.get(key, asset_id))
    found: dict[str, str] = {}
    for key, ids in several.items():
        one = own.get(key) or (key if key in ids else min(ids))
        found.update((asset_id, one) for asset_id in ids if asset_id != one)
    return found


def arns_of(claims: Sequence[Claim]) -> Iterator[str]:
    """The ids in claims of one type that spelling can matter to: ARNs, and what begins with a server's; some of them
    twice."""
    for name in _texts(claims):
        for claim in claims:
            value = getattr(claim, name)
            if value is not None and value.startswith(("arn:", _MLFLOW)):
                yield value


def respelled(claims: Sequence[Claim], ids: Mapping[str, str]) -> list[Claim]:
    """Claims of one type with the ids in place of other spellings."""
    names = _texts(claims)
    changes = [{name: ids[value] for name in names if (value := getattr(claim, name)) in ids} for claim in claims]
    return [replace(claim, **change) if change else claim for claim, change in zip(claims, changes, strict=True)]


def _texts(claims: Sequence[Claim]) -> list[str]:
    return [field.name for field in fields(claims[0]) if field.type in ("str", "str | None")] if claims else []
