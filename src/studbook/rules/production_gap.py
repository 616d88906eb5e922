"""A part of a production account could not be seen.

What runs there, and what was approved, may be incomplete: what Studbook does not show is not proved to be absent. Told
once for each account, region and source, of accounts whose stage is production and of those without a stage.

**Mend it:** `studbook doctor` says which permission is missing; where it is denied on purpose, write a waiver by the
finding's id.
"""

from __future__ import annotations

from collections.abc import Iterator

from studbook.model import Gap
from studbook.model.coverage import SKIPPED
from studbook.queries.answer import Why, counted, listed, place
from studbook.rules.interface import Inspection, Observation, Rule


def check(seen: Inspection) -> Iterator[Observation]:
    accounts = {account.id: account for account in seen.settings.accounts}
    for partition, gaps in seen.night.gaps.items():
        account = accounts.get(partition.account or "")
        stage = account.stage if account is not None else None
        if partition.account is None or (stage or "production").lower() not in ("production", "prod", "live"):
            continue
        name = account.label if account is not None else partition.account
        whose = f"the production account {name}" if stage else f"the account {name}, whose stage is not known,"
        region = f" in {partition.region}" if partition.region else ""
        yield Observation(None, f"{partition.source} of {whose}{region} {_why(gaps)}", subject=place(partition))


def _why(gaps: tuple[tuple[Gap, Why], ...]) -> str:
    """Nothing failed where nothing was asked: what is switched off, or cannot be looked into, says so itself."""
    if not gaps:
        return "could not be read at all"
    told = sorted({gap.message for gap, _ in gaps if gap.code == SKIPPED})
    if lost := {gap.operation for gap, _ in gaps if gap.code != SKIPPED}:
        whys = {why for gap, why in gaps if gap.code != SKIPPED}
        told.insert(0, f"{counted(len(lost), 'operation')} {listed(sorted(whys))}")
    return f"was not seen whole ({'; '.join(told)})"


RULE = Rule("production-gap", "warning", check, __doc__, mend="'studbook doctor' says what is missing")
