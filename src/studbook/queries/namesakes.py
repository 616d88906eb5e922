"""Name disambiguation: what tells an asset from others of its kind that are called alike."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from studbook.model import Asset
from studbook.model.ids import page_path
from studbook.queries.answer import called
from studbook.settings import Settings


def account_name(settings: Settings | None, account: str | None) -> str | None:
    """What people call an account."""
    if account == "aws":
        return "AWS public hub"
    configured = settings.account(account) if settings is not None else None
    return configured.label if configured else account


def namesakes(assets: Iterable[Asset]) -> dict[str, tuple[str, ...]]:
    """The ids of those that are called as another one of their kind, each with what it takes beside account and stage.

    That is the region where the account has several, and the time or the end of the address where the region has.
    """
    groups: defaultdict[tuple[str, str], list[Asset]] = defaultdict(list)
    for asset in assets:
        groups[asset.kind, called(asset)].append(asset)
    found: dict[str, tuple[str, ...]] = {}
    for several in groups.values():
        if len(several) > 1:
            accounts = Counter(one.account for one in several)
            regions = Counter((one.account, one.region) for one in several)
            times = Counter((one.account, one.region, one.created_at) for one in several)
            for one in several:
                more = [one.region] if accounts[one.account] > 1 and one.region else []
                if regions[one.account, one.region] > 1:
                    at = one.created_at if times[one.account, one.region, one.created_at] == 1 else None
                    more.append(at[:19].replace("T", " ") if at else _address(one))
                found[one.id] = tuple(more)
    return found


def renamed(old: Mapping[str, Asset], new: Mapping[str, Asset]) -> set[str]:
    """The ids of those that have other namesakes in another night, or are told from them by another stage."""
    was, now = (
        {one: (assets[one].stage, *more) for one, more in namesakes(assets.values()).items()} for assets in (old, new)
    )
    return {one for one in was.keys() | now.keys() if was.get(one) != now.get(one)}


def _address(asset: Asset) -> str:
    return f"#{page_path(asset.kind, asset.id).rstrip('/')[-6:]}"


def place_of(settings: Settings | None, asset: Asset, among: Mapping[str, tuple[str, ...]]) -> str:
    """What tells an asset from its namesakes: account, stage where its name lacks that, then what it takes besides.

    Empty where its name is nobody else's.
    """
    if asset.id not in among:
        return ""
    account, stage = account_name(settings, asset.account), asset.stage
    if account and stage and (stage.lower().startswith(account.lower()) or stage.lower() in account.lower()):
        stage = None
    return " · ".join(part for part in (account, stage, *among[asset.id]) if part)
