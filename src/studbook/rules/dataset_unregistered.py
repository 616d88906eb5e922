"""What runs in production was trained on data that is no dataset, or whose owner nobody names.

A job read a place in S3 that neither `datasets:` of `studbook.yml` nor a hub nor MLflow registers, and no job made what
lay there: which state of it was read cannot be known, and nobody answers for it. A registered dataset without an
account says nobody's name either.

**Mend it:** name the place under `datasets:`, with its `account`, or register it as a dataset.
"""

from __future__ import annotations

from collections.abc import Iterator

from studbook.queries.answer import counted
from studbook.queries.gaps import is_unlisted_data
from studbook.rules.interface import Inspection, Observation, Rule


def check(seen: Inspection) -> Iterator[Observation]:
    for asset_id, versions in seen.behind_production.items():
        asset = seen.lineage.asset(asset_id)
        if asset is None or asset.gone_since is not None:
            continue
        behind = f"behind {counted(len(versions), 'model_package')} in production"
        if asset.kind == "artifact" and is_unlisted_data(seen.lineage, asset):
            yield Observation(asset.id, f"is data {behind}, and no registered dataset")
        elif asset.kind == "dataset" and asset.account is None and not asset.unresolved:
            said = f"is a dataset {behind}, and no account is named as its owner"
            yield Observation(asset.id, said, "note", mend="name its account under 'datasets:'")


RULE = Rule("dataset-unregistered", "warning", check, __doc__, mend="name it under 'datasets:', with its account")
