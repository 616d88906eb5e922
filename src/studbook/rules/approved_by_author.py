"""A version was approved by whoever registered it, as far as is recorded.

Four eyes are meant to see a model before it is used. The registry keeps who registered a version (`CreatedBy`) and who
changed it last (`LastModifiedBy`), not who approved it. So a warning stands where the version was registered as
Approved and never changed, and where CloudTrail says that its author approved it (`sources: {cloudtrail: ...}`); a note
where its author also made its last change, since an earlier change by another may have been the approval. Where another
changed it last, or a name is missing, nothing is said. A copy is not told: its original was approved.

**Mend it:** let somebody else approve it. With CloudTrail in the catalog the note becomes a fact, or goes away.
"""

from __future__ import annotations

from collections.abc import Iterator

from studbook.queries.audit_trail import audit_events, last_approval
from studbook.rules.interface import Inspection, Observation, Rule


def check(seen: Inspection) -> Iterator[Observation]:
    for version in seen.live("model_package"):
        author = version.attributes.get("created_by")
        if version.attributes.get("approval") != "Approved":
            continue
        if seen.lineage.upstream(version.id, "copied_to"):
            continue
        events = audit_events(seen.lineage, version)
        registered = next((one for one in events if one.what == "registration"), None)
        approved = last_approval(events, "Approved")
        if approved is not None and approved.actor is not None:
            if approved.actor in (registered.actor if registered is not None else None, author):
                said = f"was approved by {approved.actor}, who registered it ({approved.words})"
                yield Observation(version.id, said)
            continue
        if not author:
            continue
        last = version.attributes.get("modified_by")
        untouched = version.modified_at in (None, version.created_at)
        if untouched and last in (None, author):
            yield Observation(version.id, f"was registered as approved by {author}, and never changed since")
        elif last == author:
            said = f"is approved, and nobody is recorded to have changed it but {author}, who registered it"
            yield Observation(version.id, said, "note")


RULE = Rule("approved-by-author", "warning", check, __doc__, mend="let somebody else approve it")
