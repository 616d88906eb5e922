"""`news`: what changed in a night, in at most five sentences: models, approvals, deployments, data, and all the rest.

A summary of `diff` for people who have no time for it: reports, the home page, chats.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence

from studbook.model import Partition
from studbook.queries.answer import counted, listed, place
from studbook.queries.diff import Approval, Changes, CoverageChange, Deployment, Named

_NAMED = 3
"""So many are named; the rest are a number."""
_WHOLE = ("complete", "quiet")


def news(
    changes: Changes,
    name_of: Callable[[Named], str] = lambda named: named.name,
    account_of: Callable[[str | None], str | None] = lambda account: account,
) -> tuple[str, ...]:
    """The sentences, none empty; a single one where nothing changed.

    `name_of` gives what an asset is called, `account_of` what an account is.
    """
    sentences = [
        "; ".join(_models(changes.models_added, name_of)),
        "; ".join(_approvals(changes.approvals_changed, name_of)),
        "; ".join(_deployments(changes.deployments_changed, name_of)),
        _data(changes, name_of),
        "; ".join([*_others(changes), *_coverage(changes.coverage_changed, account_of)]),
    ]
    told = tuple(f"{sentence[0].upper()}{sentence[1:]}." for sentence in sentences if sentence)
    return told or ("Nothing changed.",)


def _few(names: Sequence[str]) -> str:
    """`a, b and c`; of many the first three and how many more."""
    more = len(names) - _NAMED
    return listed([*names[:_NAMED], f"{more} more"] if more > 0 else names)


def _models(added: Sequence[Named], name_of: Callable[[Named], str]) -> Iterator[str]:
    by_kind: defaultdict[str, list[str]] = defaultdict(list)
    for named in added:
        by_kind[named.kind].append(name_of(named))
    for kind, names in sorted(by_kind.items()):
        yield f"{counted(len(names), kind)} new: {_few(names)}"


def _approvals(changed: Sequence[Approval], name_of: Callable[[Named], str]) -> Iterator[str]:
    by_change: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for one in changed:
        by_change[one.new or "without approval", one.old or "without one"].append(name_of(one.asset))
    for (new, old), names in sorted(by_change.items()):
        yield f"approval of {_few(names)} is {new}, before {old}"


def _deployments(changed: Sequence[Deployment], name_of: Callable[[Named], str]) -> Iterator[str]:
    for one in changed[:_NAMED]:
        old, new = (
            _few([running.called(name_of(running)) for running in several]) if several else None
            for several in (one.old, one.new)
        )
        endpoint = f"endpoint {name_of(one.endpoint)}"
        if new is None:
            yield f"{endpoint} runs {old} no longer"
        else:
            yield f"{endpoint} runs {new} now" + (f", before {old}" if old else "")
    if len(changed) > _NAMED:
        yield f"{counted(len(changed) - _NAMED, 'endpoint')} more run something else"


def _data(changes: Changes, name_of: Callable[[Named], str]) -> str:
    drifted = changes.datasets_drifted
    if not drifted:
        return ""
    data = sorted({name_of(one.read) for one in drifted})
    jobs = {one.job.id for one in drifted}
    return f"the data of {counted(len(jobs), 'job')} changed after they had read it: {_few(data)}"


def _others(changes: Changes) -> Iterator[str]:
    models = {named.id for named in changes.models_added}
    approved = {one.asset.id for one in changes.approvals_changed}
    for several, what in (
        ([one for one in changes.assets_added if one.id not in models], "new"),
        (list(changes.assets_gone), "gone"),
    ):
        if several:
            kinds = Counter(named.kind for named in several).most_common(_NAMED)
            named = listed([counted(number, kind) for kind, number in kinds])
            rest = len(several) - sum(number for _, number in kinds)
            yield f"{named}{f' and {rest} more' if rest else ''} {'is' if len(several) == 1 else 'are'} {what}"
    moved = sum(one.asset.id not in approved for one in changes.assets_changed)
    if moved:
        yield f"{counted(moved, 'other asset')} changed"


def _coverage(changed: Sequence[CoverageChange], account_of: Callable[[str | None], str | None]) -> Iterator[str]:
    """What was seen whole the night before and is not now, and the other way round."""
    lost = [one for one in changed if one.old in _WHOLE and one.new not in _WHOLE]
    back = [one for one in changed if one.new in _WHOLE and one.old not in (*_WHOLE, None)]
    for several, what in ((lost, "no longer seen whole"), (back, "seen whole again")):
        if several:
            places = [place(Partition(account_of(one.account), one.region, one.source)) for one in several]
            yield f"{what}: {_few(places)}"
