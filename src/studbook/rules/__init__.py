"""Policy checks: rules are functions over a snapshot that yield what someone should know. `RULES` is all of our own."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from studbook.cards import Card, load_cards
from studbook.errors import SettingsError, StudbookError, meant
from studbook.lineage.graph import Graph
from studbook.model import Envelope, Finding
from studbook.model.finding import LEVELS, Waived, finding_id
from studbook.queries.answer import Night
from studbook.rules.interface import Inspection, Observation, Rule, days_from
from studbook.rules.own import load_rules
from studbook.rules.waivers import Waiver, load_waivers, read_waivers
from studbook.settings import RuleSettings, Settings, explain_mistake, line_of
from studbook.store import Catalog

__all__ = [
    "LEVELS",
    "RULES",
    "Inspection",
    "Observation",
    "Rule",
    "RuleFailed",
    "Waiver",
    "all_rules",
    "check",
    "check_night",
    "check_snapshot",
    "configured_rules",
    "findings_may_change",
    "findings_of",
    "is_failing",
    "load_rules_and_waivers",
    "load_waivers",
    "new_findings",
    "read_waivers",
]

NAMES: Final = (
    "deployed_without_approval",
    "unevaluated",
    "dataset_drifted",
    "evaluator_not_pinned",
    "unresolved_input",
    "deployed_but_withdrawn",
    "deployed_without_promotion",
    "weights_changed",
    "copy_differs",
    "approved_by_author",
    "image_not_pinned",
    "dataset_unregistered",
    "base_model_deprecated",
    "licence_not_allowed",
    "evaluated_on_training_data",
    "evaluation_outdated",
    "evaluator_changed",
    "judgement_missing",
    "score_below_bar",
    "score_worse",
    "trained_on_own_answers",
    "card_missing",
    "card_stale",
    "output_unprotected",
    "secret_found",
    "production_gap",
)
OF_WAIVERS: Final = ("waiver_without_effect", "waiver_ending")
"""Those that see what all others found, own rules included."""
RULES: Final[tuple[Rule, ...]] = tuple(import_module(f"{__name__}.{name}").RULE for name in (*NAMES, *OF_WAIVERS))


class RuleFailed(StudbookError):  # noqa: N818 - reads as what happened
    """A rule met what it was not made for."""

    def __init__(self, rule: Rule, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.rule = rule


def check(
    graph: Graph,
    settings: Settings,
    *,
    today: datetime.date,
    waivers: Sequence[Waiver] = (),
    cards: Mapping[str, Card] | None = None,
    rules: Iterable[Rule] = RULES,
) -> list[Finding]:
    """The findings of all rules that are on in a lineage without coverage and records: `check_night` of no snapshot."""
    return check_night(Night(graph, settings=settings), today=today, waivers=waivers, cards=cards or {}, rules=rules)


def check_night(
    night: Night,
    *,
    today: datetime.date,
    waivers: Sequence[Waiver] = (),
    cards: Mapping[str, Card] | None = None,
    rules: Iterable[Rule] = RULES,
) -> list[Finding]:
    """The findings of all rules that are on, sorted by rule, asset, message and id.

    `today` is the day of the snapshot, so that an old snapshot is judged by the waivers of its day.

    Raises SettingsError where the configuration names a rule that does not exist, or sets one as it cannot be set; and
    StudbookError, with the rule's name, where a rule fails: a check that ran by half must not pass.
    """
    rules = tuple(rules)
    given = _given(night.settings or Settings(), rules)
    seen = _inspection(night, today, waivers, cards, given)
    in_force = {}
    for waiver in sorted(waivers, key=lambda one: one.until):
        if waiver.until >= today:
            in_force[waiver.key] = waiver  # of two the longer one
    for rule in rules:
        seen.found.extend(_findings(rule, seen, given[rule.id], in_force))
    return sorted(seen.found, key=order)


def findings_may_change(
    since: datetime.date,
    today: datetime.date,
    *,
    settings: Settings,
    waivers: Sequence[Waiver],
    cards: Mapping[str, Card],
    rules: Sequence[Rule],
) -> bool:
    """Whether the rules may say something else `today` than they said on another day of an equal night: a waiver ended,
    say. What a catalog's own rules ask, nobody knows.
    """
    if settings.rules.files:
        return True
    seen = _inspection(Night(Graph((), ()), settings=settings), today, waivers, cards, _given(settings, rules))
    days = {days_from(waiver.until, 1) for waiver in waivers}
    days.update(day for rule in rules for day in rule.turns(seen))
    return any(min(since, today) < day <= max(since, today) for day in days)


def _inspection(
    night: Night,
    today: datetime.date,
    waivers: Sequence[Waiver],
    cards: Mapping[str, Card] | None,
    given: Mapping[str, RuleSettings],
) -> Inspection:
    of_kind = {type(one): one for one in given.values() if type(one) is not RuleSettings}
    return Inspection(night, today, cards or {}, waivers, of_kind)


def order(finding: Finding) -> tuple[str, bool, str, str, str]:
    """The key by which findings are sorted: by rule, asset, message and id; those about no asset come first."""
    return (finding.rule, finding.asset is not None, finding.asset or "", finding.message, finding.id)


def check_snapshot(catalog: Catalog, envelope: Envelope, graph: Graph, settings: Settings) -> list[Finding]:
    """The findings of a snapshot, as `order` sorts them, with the cards, waivers and rules of its catalog, as of the
    day (in UTC) when it was taken. Raises SettingsError for waivers or rules that cannot be read."""
    rules, waivers = load_rules_and_waivers(settings, catalog.root)
    cards = load_cards(catalog.cards_folder, lambda problem: None)
    today = datetime.date.fromisoformat(envelope.taken_at[:10])
    night = Night.of(catalog, envelope, graph, settings)
    return check_night(night, today=today, waivers=waivers, cards=cards, rules=rules)


def findings_of(catalog: Catalog, envelope: Envelope, graph: Graph | None = None) -> list[Finding]:
    """The findings of a snapshot, in order: those that it keeps.

    A snapshot of format 1 kept none: the rules, the settings, cards and waivers of today are applied to it.
    """
    kept = catalog.findings(envelope)
    if kept is not None:
        return sorted(kept, key=order)
    return check_snapshot(catalog, envelope, graph or catalog.graph(envelope), catalog.settings())


def new_findings(catalog: Catalog, envelope: Envelope, findings: Iterable[Finding]) -> list[Finding]:
    """Those of a snapshot's findings that the snapshot before did not have; of the first snapshot all.

    By their ids, and by when they were first seen, where a redaction rule that came later has changed those.
    """
    before = catalog.snapshot_before(envelope)
    known = {finding.id for finding in findings_of(catalog, before)} if before is not None else set()
    number = envelope.number
    return [one for one in findings if one.id not in known and one.first_seen in (None, number)]


def is_failing(finding: Finding, level: str) -> bool:
    """Whether a finding is at or above a level, and nobody waived it."""
    return finding.waived is None and LEVELS.index(finding.level) <= LEVELS.index(level)


def all_rules(settings: Settings, catalog: Path) -> tuple[Rule, ...]:
    """Our own rules and those of the files in a catalog folder that its configuration names."""
    own = load_rules(settings, catalog, [rule.id for rule in RULES])
    return (*RULES[: len(NAMES)], *own, *RULES[len(NAMES) :])


def load_rules_and_waivers(settings: Settings, catalog: Path) -> tuple[tuple[Rule, ...], tuple[Waiver, ...]]:
    """What a check needs of a catalog folder: all rules, its own included, and its waivers.

    Raises SettingsError, with file and line, where the check could not be made.
    """
    rules, folder = all_rules(settings, catalog), Catalog(catalog)
    _given(settings, rules, folder.settings_file)
    return rules, load_waivers(folder.waivers_file, [rule.id for rule in rules])


def configured_rules(settings: Settings, catalog: Path) -> Iterator[tuple[Rule, RuleSettings]]:
    """All rules of a catalog folder, by id, each as it is set. Raises SettingsError, as `load_rules_and_waivers`."""
    rules = sorted(all_rules(settings, catalog), key=lambda rule: rule.id)
    given = _given(settings, rules)
    return ((rule, given[rule.id]) for rule in rules)


def _findings(
    rule: Rule, seen: Inspection, given: RuleSettings, in_force: Mapping[tuple[str, str], Waiver]
) -> Iterator[Finding]:
    if not (rule.enabled if given.enabled is None else given.enabled):
        return
    found: dict[str, Finding] = {}
    try:
        for observation in rule.check(seen):
            finding = _finding(rule, seen, given, observation, in_force)
            known = found.setdefault(finding.id, finding)
            if known.message != finding.message:
                raise ValueError(f"says two things of one subject: {known.message!r} and {finding.message!r}")
    except Exception as error:
        raise RuleFailed(
            rule,
            f"rule {rule.id} failed: {type(error).__name__}: {error}",
            f"this is a bug in the rule; switch it off with 'rules: {{{rule.id}: {{enabled: false}}}}' and report it",
        ) from error
    yield from found.values()


def _finding(
    rule: Rule,
    seen: Inspection,
    given: RuleSettings,
    observation: Observation,
    in_force: Mapping[tuple[str, str], Waiver],
) -> Finding:
    asset, said = observation.asset, observation.said
    about = f"{seen.handle(asset)} " if asset is not None else ""
    mend = rule.mend if observation.mend is None else observation.mend
    one = finding_id(rule.id, asset, observation.subject)
    waiver = in_force.get((rule.id, one)) or (in_force.get((rule.id, asset)) if asset is not None else None)
    return Finding(
        id=one,
        rule=rule.id,
        level=given.level or observation.level or rule.level,
        asset=asset,
        message=f"{about}{said}: {mend}." if mend else f"{about}{said}.",
        waived=Waived(who=waiver.who, why=waiver.why, until=waiver.until.isoformat()) if waiver else None,
    )


def _given(settings: Settings, rules: Sequence[Rule], file: Path | None = None) -> dict[str, RuleSettings]:
    """How each rule is set. Raises SettingsError for a rule that does not exist, or that cannot be set so."""
    by_id = {rule.id: rule for rule in rules}
    for name in settings.rules.by_id:
        if name not in by_id:
            hint = meant(name, by_id, f"the rules are {', '.join(by_id)}")
            raise _mistake(file, ("rules", name), f"rules: there is no rule '{name}'", hint)
    found = {}
    for rule in rules:
        words = settings.rules.by_id.get(rule.id)
        try:
            found[rule.id] = rule.parameters.model_validate(
                {} if words is None else words.model_dump(exclude_unset=True)
            )
        except ValidationError as error:
            raise _mistake(file, *explain_mistake(rule.parameters, error, ("rules", rule.id))) from None
    return found


def _mistake(file: Path | None, where: tuple[Any, ...], message: str, hint: str) -> SettingsError:
    place = "studbook.yml: " if file is None else f"{file}:{line_of(file, where)}: "
    return SettingsError(place + message, hint)
