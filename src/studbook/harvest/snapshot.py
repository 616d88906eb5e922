"""The last step of a night: what people wrote and what the rules say join the content, and the snapshot is written.

The rules are applied here, after linking and before the envelope: the store keeps rows and knows no rule.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from studbook.cards import Card
from studbook.model import Envelope, Finding, WorkingFile
from studbook.model.finding import finding_id
from studbook.people import cards_of, working_files
from studbook.queries.answer import Night
from studbook.redaction.past_rules import same_rules
from studbook.redaction.redact import Redactor
from studbook.rules import (
    Inspection,
    Observation,
    Rule,
    RuleFailed,
    Waiver,
    check_night,
    findings_may_change,
    load_rules_and_waivers,
)
from studbook.settings import Settings
from studbook.store import Catalog


@dataclass(frozen=True, slots=True)
class WorkingFolder:
    """What people wrote beside a catalog, read at one moment: as rows to keep, and as what the rules need."""

    settings: Settings
    files: Sequence[WorkingFile]
    cards: Mapping[str, Card]
    waivers: Sequence[Waiver]
    rules: Sequence[Rule]

    @classmethod
    def read(cls, catalog: Catalog, settings: Settings) -> Self:
        """That of a catalog now. Raises SettingsError for waivers, or settings of rules, that cannot be meant."""
        rules, waivers = load_rules_and_waivers(settings, catalog.root)
        files = list(working_files(catalog, settings, Redactor(settings.redact)))
        return cls(settings, files, cards_of(files), waivers, rules)


def add_snapshot(
    catalog: Catalog,
    draft: Envelope,
    folder: WorkingFolder,
    *,
    readings: str,
    only_if_changed: bool = False,
    alike: Envelope | None = None,
) -> Envelope:
    """Add the snapshot of a draft, with the working files and the findings; gives its envelope, as `Catalog.add` does.

    Findings that the snapshot before has keep their `first_seen`. Those of `alike` are taken, and no rule is applied,
    where the rules see of the draft what they saw of that.
    """
    people = catalog.keep_people(folder.files)
    known = alike.parts.findings if alike is not None and _same(alike, draft, people, folder) else None
    findings = known or catalog.keep_findings(_findings(catalog, draft, folder))
    return catalog.add(
        draft,
        findings=findings,
        people=people,
        readings=readings,
        only_if_changed=only_if_changed,
        origin=folder.settings.log.origin,
    )


def _same(before: Envelope, draft: Envelope, people: str, folder: WorkingFolder) -> bool:
    """Whether rules see one thing of two nights: by one program the same content, gaps and words, and no day on which
    a rule says something else lies between them."""

    def seen(envelope: Envelope, people: str | None) -> tuple[object, ...]:
        gaps = [(row.partition, row.status == "failed", row.gaps) for row in envelope.coverage]
        return envelope.generator, envelope.config, envelope.parts.content, people, gaps

    return seen(before, before.parts.people) == seen(draft, people) and not findings_may_change(
        _day(before),
        _day(draft),
        settings=folder.settings,
        waivers=folder.waivers,
        cards=folder.cards,
        rules=folder.rules,
    )


def _day(envelope: Envelope) -> datetime.date:
    return datetime.date.fromisoformat(envelope.taken_at[:10])


def _findings(catalog: Catalog, draft: Envelope, folder: WorkingFolder) -> Iterator[Finding]:
    night = Night.of(catalog, draft, catalog.graph(draft), folder.settings)
    today = _day(draft)
    rules, failed, clean = folder.rules, list[Finding](), Redactor(folder.settings.redact).text
    # Findings repeat these words, and findings are kept.
    waivers = [replace(one, why=clean(one.why), who=clean(one.who)) for one in folder.waivers]
    while True:
        try:
            told = check_night(night, today=today, waivers=waivers, cards=folder.cards, rules=rules)
            break
        except RuleFailed as error:  # it must cost neither the night that was read, nor what the others find
            failed.append(_failed(error))
            rules = [replace(rule, check=_silent) if rule is error.rule else rule for rule in rules]
    found = [*told, *failed]
    previous = catalog.latest()
    before = (catalog.findings(previous) if previous else None) or ()
    known = {one.id: one.first_seen for one in before}
    worded: dict[tuple[str, str | None, str], int | None] = {}
    if previous is not None and not same_rules(previous, folder.settings):
        # A finding's id is a digest of its asset's, which a rule that came later may have changed. Its subject is not
        # kept: where it has one, the same words are the same finding.
        name = Redactor(folder.settings.redact).identifier
        for one in before:
            asset = one.asset and name(one.asset)
            if one.id == finding_id(one.rule, one.asset):
                known[finding_id(one.rule, asset)] = one.first_seen
            worded[one.rule, asset, name(one.message)] = one.first_seen

    def first_seen(one: Finding) -> int | None:
        return known.get(one.id, worded.get((one.rule, one.asset, one.message), draft.number))

    return (replace(one, first_seen=first_seen(one)) for one in found)


def _silent(seen: Inspection) -> tuple[Observation, ...]:
    return ()


def _failed(error: RuleFailed) -> Finding:
    """That nobody knows what a rule would say: `check` must not pass."""
    rule, message = error.rule.id, f"{error.message}: what it would say is not known; {error.hint}."
    return Finding(id=finding_id(rule, None, "failed"), rule=rule, level="error", asset=None, message=message)
