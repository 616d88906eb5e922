"""A part of a production account could not be seen.

What runs there, and what was approved, may be incomplete: what Studbook does not show is not proved to be absent. Told
once for each account, region and source, of accounts whose stage is production and of those without a stage.

**Mend it:** `studbook doctor` says which permission is missing; where it is denied on purpose, write a waiver by the
finding's id.
"""

from __future__ import annotations

from collections.abc import Iterator

from studbook.model import Partition
from studbook.queries.answer import listed, place
from studbook.rules.interface import Inspection, Observation, Rule


def check(seen: Inspection) -> Iterator[Observation]:
    accounts = {account.id: account for account in seen.settings.accounts}
    for partition, gaps in seen.night.gaps.items():
        account = accounts.get(partition.account or "")
        stage = (account.stage if account is not None else None) or "production"
        if partition.account is None or stage.lower() not in ("production", "prod", "live"):
            continue
        name = account.label if account is not None else partition.account
        yield Observation(None, f"{_where(name, partition)} {_why(gaps)}", subject=place(partition))


def _where(name: str, partition: Partition) -> str:
    region = f" in {partition.region}" if partition.region else ""
    return f"{partition.source} of the production account {name}{region}"


def _why(gaps: tuple[tuple[object, str], ...]) -> str:
    if not gaps:
        return "could not be read at all"
    words = sorted({why for _, why in gaps})
    operations = len({getattr(gap, "operation", "") for gap, _ in gaps})
    return f"was not seen whole ({operations} operation{'s' if operations > 1 else ''} {listed(words)})"


RULE = Rule("production-gap", "warning", check, __doc__, mend="'studbook doctor' says what is missing")
