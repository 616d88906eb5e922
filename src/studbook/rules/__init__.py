"""Rules: functions over a lineage that yield what someone should know. `RULES` is all of them."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Final

from studbook.errors import SettingsError, StudbookError
from studbook.lineage.graph import Graph
from studbook.model import Envelope, Finding
from studbook.model.finding import Waived, finding_id
from studbook.rules.interface import Observation, Rule
from studbook.rules.waivers import Waiver, load_waivers
from studbook.settings import RuleSettings, Settings

__all__ = ["LEVELS", "RULES", "Observation", "Rule", "Waiver", "check", "check_snapshot", "load_waivers"]

NAMES: Final = (
    "deployed_without_approval",
    "unevaluated",
    "dataset_drifted",
    "evaluator_not_pinned",
    "unresolved_input",
)
RULES: Final[tuple[Rule, ...]] = tuple(import_module(f"{__name__}.{name}").RULE for name in NAMES)

LEVELS = ("error", "warning", "note")
"""Gravest first."""


def check(
    graph: Graph,
    settings: Settings,
    *,
    waivers: Iterable[Waiver] = (),
    today: datetime.date,
    rules: Iterable[Rule] = RULES,
) -> list[Finding]:
    """The findings of all rules that are on, sorted by rule, asset and message.

    `today` is the day of the snapshot, so that an old snapshot is judged by the waivers of its day.

    Raises SettingsError where the configuration names a rule that does not exist, and StudbookError, with the rule's
    name, where a rule fails: a check that ran by half must not pass.
    """
    rules = tuple(rules)
    _known(settings, rules)
    in_force: dict[tuple[str, str | None], Waiver] = {}
    for waiver in sorted(waivers, key=lambda waiver: waiver.until):  # of several the longest counts
        if waiver.until >= today:
            in_force[waiver.rule, waiver.asset] = waiver
    found = sorted((one for rule in rules for one in _findings(rule, graph, settings, in_force)), key=order)
    return list({finding.id: finding for finding in reversed(found)}.values())[::-1]


def order(finding: Finding) -> tuple[str, bool, str, str, str]:
    """How findings are sorted: by rule, asset and message."""
    return (finding.rule, finding.asset is not None, finding.asset or "", finding.message, finding.level)


def check_snapshot(graph: Graph, envelope: Envelope, settings: Settings, waivers: Path) -> list[Finding]:
    """The findings of a snapshot, with the waivers in a file, as of the day when it was taken."""
    accepted = prepared(settings, waivers)
    return check(graph, settings, waivers=accepted, today=datetime.date.fromisoformat(envelope.taken_at[:10]))


def prepared(settings: Settings, waivers: Path) -> tuple[Waiver, ...]:
    """What a check needs, read: the waivers in a file. Raises SettingsError where the check could not be made."""
    _known(settings, RULES)
    return load_waivers(waivers, [rule.id for rule in RULES])


def _findings(
    rule: Rule, graph: Graph, settings: Settings, in_force: dict[tuple[str, str | None], Waiver]
) -> Iterator[Finding]:
    wanted = settings.rules.by_id.get(rule.id, RuleSettings())
    if not wanted.enabled:
        return
    try:
        observations = list(rule.check(graph))
    except Exception as error:
        raise StudbookError(
            f"rule {rule.id} failed: {type(error).__name__}: {error}",
            f"this is a bug in the rule; switch it off with 'rules: {{{rule.id}: {{enabled: false}}}}' and report it",
        ) from error
    for observation in observations:
        waiver = in_force.get((rule.id, observation.asset))
        yield Finding(
            id=finding_id(rule.id, observation.asset, observation.message),
            rule=rule.id,
            level=wanted.level or observation.level or rule.level,
            asset=observation.asset,
            message=observation.message,
            waived=Waived(who=waiver.who, why=waiver.why, until=waiver.until.isoformat()) if waiver else None,
        )


def _known(settings: Settings, rules: tuple[Rule, ...]) -> None:
    ids = [rule.id for rule in rules]
    for name in settings.rules.by_id:
        if name not in ids:
            near = get_close_matches(name, ids, 1)
            hint = f"did you mean '{near[0]}'?" if near else f"the rules are {', '.join(ids)}"
            raise SettingsError(f"studbook.yml: rules: there is no rule '{name}'", hint)
