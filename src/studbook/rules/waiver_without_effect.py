"""A waiver accepts nothing.

No rule finds what it accepts: it was mended, the asset is gone, or the id is misspelt. A waiver that waits for a
finding would accept it unseen. One whose end is past is told, too.

**Mend it:** take it out of `waivers.yml`.
"""

from __future__ import annotations

from collections.abc import Iterator

from studbook.rules.interface import Inspection, Observation, Rule


def check(seen: Inspection) -> Iterator[Observation]:
    accepted = {(finding.rule, about) for finding in seen.found for about in (finding.asset, finding.id)}
    for waiver in seen.waivers:
        if waiver.until < seen.today:
            why = f"ended on {waiver.until.isoformat()}"
        elif waiver.key not in accepted:
            why = "accepts nothing"
        else:
            continue
        said = f"the waiver of {waiver.rule} for {seen.handle(waiver.of)}, by {waiver.who}, {why}"
        yield Observation(None, said, subject=f"{waiver.rule} {waiver.of} {waiver.until.isoformat()}")


RULE = Rule("waiver-without-effect", "note", check, __doc__, mend="take it out of waivers.yml")
