"""The home page: how things stand, by model line; last night in sentences; the nights before it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from studbook.model import KINDS, Envelope
from studbook.model.finding import LEVELS
from studbook.queries.answer import natural
from studbook.queries.board import Course, LineStatus, Place, board
from studbook.render.views.site import Json, Site

NIGHTS = 30
"""So many are in the strip."""
LINES = 36
"""The most model lines of which the board tells; the page Models has them all."""


def home(site: Site) -> Json:
    """The status board, what could not be seen, what changed, what needs attention, and the way into the past."""
    stand = board(site.night, site.findings)
    open_findings = [finding for finding in site.findings if finding.waived is None]
    names = Counter(status.name for status in stand.lines)
    rows = [_row(site, status, alone=names[status.name] == 1) for status in stand.lines[:LINES]]
    more = len(stand.lines) - len(rows)
    return {
        "summary": stand.summary,
        "lines": rows,
        "more": more,
        # Chips choose among what is here: of a part they would say that there is none where there is.
        "chips": {}
        if more
        else {
            title: values
            for title, name in (
                ("Stage", "stages"),
                ("Account", "accounts"),
                ("Owner", "owners"),
                ("Region", "regions"),
            )
            if len(values := sorted({value for row in rows for value in row[name]}, key=natural)) > 1
        },
        "unregistered": site.links(stand.unregistered),
        "hidden": site.links(stand.hidden),
        "attention": site.grouped(open_findings),
        "open_findings": Counter(finding.level for finding in open_findings),
        "changes": site.changes,
        "nights": list(_nights(site.history[-NIGHTS:])),
        "numbers": [
            {"title": title, "count": sum(1 for asset in site.of(*kinds) if asset.gone_since is None), "page": where}
            for title, where, kinds in (
                ("Model versions", "models", ("model_package",)),
                ("Datasets", "datasets", ("dataset",)),
                ("Evaluators", "evaluators", ("evaluator",)),
                ("Jobs", "jobs", tuple(kind for kind, info in KINDS.items() if info.section == "jobs")),
                ("Endpoints", "deployments", ("endpoint",)),
                ("MLflow runs", "experiments", ("mlflow_run",)),
            )
        ],
        "accounts": len({coverage.account for coverage in site.envelope.coverage if coverage.account}),
        "partitions": Counter(coverage.status for coverage in site.envelope.coverage),
    }


def _row(site: Site, status: LineStatus, *, alone: bool) -> Json:
    """A line is told over all accounts: where it lies is said where another one has its name (`alone` is false)."""
    card = site.cards.get(status.name)
    owner = card.facts.get("owner") if card is not None else None
    candidate = status.candidate
    return {
        "group": site.link(status.group) | ({"at": ""} if alone else {}),
        "owner": owner,
        "version": site.link(status.version) | {"at": ""} if status.version is not None else None,
        "places": [_place(site, place) for place in status.places],
        "others": len(status.others),
        "approval": status.approval,
        "approved_by": status.approved_by,
        "judged": status.judged,
        "unknown": status.unknown,
        "scores": [_score(site, course) for course in status.scores],
        "data": site.links(status.data),
        "data_at": status.data_at,
        "data_age": _days(status.data_at, site.envelope.taken_at),
        "candidate": None
        if candidate is None
        else {
            "version": site.link(candidate.version),
            "verdict": candidate.verdict,
            "approval": candidate.approval,
            "shared": len(candidate.shared),
            "missing": len(candidate.missing),
        },
        "more": max(status.waiting - 1, 0),
        "problems": [[level, status.problems[level]] for level in LEVELS if status.problems.get(level)],
        "accounts": [name for one in status.accounts if (name := site.account_name(one))],
        "stages": list(status.stages),
        "regions": list(status.regions),
        "owners": [owner] if owner else [],
    }


def _place(site: Site, place: Place) -> Json:
    number = site.graph.assets[place.version].attributes.get("version")
    older = site.link(place.version)["name"] if place.older else None
    return {
        "endpoint": site.link(place.endpoint),
        "older": older,
        "number": older if number is None else f"v{number}",
        "worst": place.worst,
    }


def _score(site: Site, course: Course) -> Json:
    judgement = course.judgement
    return {
        "metric": judgement.metric,
        "evaluator": site.link(judgement.evaluator)["name"] if judgement.evaluator else None,
        "data": site.link(judgement.data)["name"] if judgement.data else None,
        "value": course.value,
        "change": course.change,
        "better": course.better,
        "points": [[site.link(version)["name"], value] for version, value in course.values],
    }


def _days(time: str | None, now: str) -> int | None:
    """Whole days from one time to another; None where there is no time."""
    try:
        return max((datetime.fromisoformat(now) - datetime.fromisoformat(time)).days, 0) if time else None
    except (TypeError, ValueError):  # a stranger's words, or a time without a zone
        return None


def _nights(history: Sequence[Envelope]) -> Iterator[Json]:
    """What each night was: quiet, changed, or with a gap."""
    before = None
    for envelope in history:
        gaps = sum(row.status in ("partial", "failed") for row in envelope.coverage)
        changed = before is None or before.digest != envelope.digest
        yield {
            "number": envelope.number,
            "taken_at": envelope.taken_at,
            "state": "gap" if gaps else "changed" if changed else "quiet",
            "gaps": gaps,
            "changed": changed,
        }
        before = envelope
