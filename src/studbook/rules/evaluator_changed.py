"""A version was judged by another version of an evaluator than the version that it replaced.

Their scores cannot be compared: the judge is another one. Told of versions that run in production or are the newest
approved of their line, for each evaluator by which both were judged and no version of which judged both.

**Mend it:** judge both by one version of the evaluator.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from studbook.queries.neighbours import parent
from studbook.queries.walks import Family
from studbook.rules.interface import Inspection, Observation, Rule


def judges(seen: Inspection, family: Family) -> dict[str, set[str]]:
    """The versions that judged a model version, by evaluator; one that has no versions is its own."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for judgement in seen.judge.scores(family):
        evaluator = seen.lineage.asset(judgement.evaluator or "")
        if evaluator is not None:
            whole = parent(seen.lineage, evaluator)
            found[whole.id if whole is not None else evaluator.id].add(evaluator.id)
    return found


def check(seen: Inspection) -> Iterator[Observation]:
    for release, before in seen.releases:
        if before is None:
            continue
        ours, theirs = judges(seen, release.family), judges(seen, before)
        for evaluator in sorted(ours.keys() & theirs.keys()):
            if ours[evaluator].isdisjoint(theirs[evaluator]):
                mine, its = (seen.handles(sorted(several[evaluator])) for several in (ours, theirs))
                said = (
                    f"was judged by {mine}, and {seen.handle(before.original)}, which it replaces, by {its}, so that "
                    "their scores cannot be compared"
                )
                yield Observation(release.version.id, said, subject=evaluator)


RULE = Rule("evaluator-changed", "note", check, __doc__, mend="judge both by one version")
