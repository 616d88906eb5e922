from __future__ import annotations

import datetime

from hypothesis import given
from hypothesis import strategies as st
from tests.pedigrees import lineage
from tests.rules.test_each_rule import APPROVED, PRODUCTION, RUNS

from studbook.cards import parse_card
from studbook.queries.answer import Night
from studbook.rules import RULES, check_night, findings_may_change
from studbook.rules.waivers import Waiver
from studbook.settings import Settings

FIRST = datetime.date(2026, 11, 1)
FOREVER = 10**9


def settings(age: int, notice: int) -> Settings:
    return Settings.model_validate({"rules": {"card-stale": {"days": age}, "waiver-ending": {"days": notice}}})


GRAPH = lineage(RUNS, {"p/1": {**APPROVED, "created_at": "2026-10-01T00:00:00Z"}, "live": PRODUCTION})
days = st.integers(0, 9).map(lambda number: FIRST + datetime.timedelta(days=number))
written = days | st.sampled_from([datetime.date.min, datetime.date.max])
waivers = st.builds(
    Waiver,
    rule=st.sampled_from(["unevaluated", "card-stale"]),
    of=st.sampled_from(["p/1", "live"]),
    why=st.just("pilot"),
    who=st.just("ana"),
    until=written,
    line=st.just(1),
)


@given(
    st.lists(waivers, max_size=3), written, days, days, st.sampled_from([settings(3, 2), settings(FOREVER, FOREVER)])
)
def test_between_its_turns_a_rule_says_the_same(
    several: list[Waiver], reviewed: datetime.date, since: datetime.date, today: datetime.date, how: Settings
) -> None:
    """Findings of an equal night are taken over by that: a turn that a rule does not tell would keep what is over.
    People write the calendar's last day, or as many days, where they mean for ever.
    """
    night = Night(GRAPH, settings=how)
    cards = {"bot": parse_card(f"---\nreviewed: {reviewed}\n---\n", "bot", "cards/bot.md")}
    before, now = (check_night(night, today=day, waivers=several, cards=cards) for day in (since, today))
    turns = findings_may_change(since, today, settings=how, waivers=several, cards=cards, rules=RULES)
    assert before == now or turns
    assert not (since == today and turns)
