"""What people wrote into hyperparameters, environment variables and descriptions looks like secrets.

Studbook cuts such values out before anything is kept, and says how many there are and where, never what they are;
whoever may describe the resources can read them. Told once for each account: a secret in the environment of a pipeline
is in each of its jobs. Counted is what the attributes and tags of assets show that are not gone.

**Mend it:** replace the secrets (they must count as known), keep the new ones in AWS Secrets Manager, and give the jobs
a role that may read them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from studbook.model import REDACTED, Asset
from studbook.rules.interface import Inspection, Observation, Rule


def check(seen: Inspection) -> Iterator[Observation]:
    found: defaultdict[str, list[tuple[int, Asset]]] = defaultdict(list)
    for asset in seen.lineage.assets.values():
        told = (asset.attributes, asset.tags)
        if asset.gone_since is None and REDACTED in repr(told) and (count := _redacted(told)):
            found[asset.account or "-"].append((count, asset))
    names = {account.id: account.label for account in seen.settings.accounts}
    for account, several in found.items():
        total = sum(count for count, _ in several)
        values = "1 value that looks like a secret" if total == 1 else f"{total} values that look like secrets"
        where = seen.handles(asset for _, asset in several)
        yield Observation(None, f"account {names.get(account, account)} has {values}, in {where}", subject=account)


def _redacted(value: object) -> int:
    if isinstance(value, str):
        return value.count(REDACTED)
    if isinstance(value, dict):
        return sum(map(_redacted, value.values()))
    return sum(map(_redacted, value)) if isinstance(value, list | tuple) else 0


RULE = Rule("secret-found", "warning", check, __doc__, mend="replace them, and keep the new ones in Secrets Manager")
