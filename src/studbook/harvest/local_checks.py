"""Local checks of a dry run, before any account is asked: the caller's login and clock, and the configuration.

Calls: sts:GetCallerIdentity. What is found here is not asked for again in each account.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeVar

from botocore.exceptions import ClientError
from botocore.loaders import create_loader
from botocore.regions import EndpointResolver

from studbook.aws.errors import NOBODY_ANSWERS, Meaning, Trouble, explain, login_cure
from studbook.aws.sessions import Sessions
from studbook.model.ids import parse_s3
from studbook.packaged import packaged
from studbook.settings import Account, Organization, Settings, load_settings
from studbook.store.catalog import SETTINGS_FILE

LOG_IN: Final = "log in (AWS_PROFILE, aws sso login)"
ADVICE: Final[Mapping[Meaning, str]] = {
    "network": NOBODY_ANSWERS,
    "server": "the service failed; try again later",
    "throttled": "too many calls, others' included: lower sources.{source}.rate, or try again later",
    "unsupported": "this region's service, or the installed botocore, does not know it: pip install --upgrade boto3",
    "repeated": "the service repeats a page; nobody but its owner can mend that",
}
"""What helps against a failure of that meaning, whatever was asked."""
_SKEW: Final = 300
"""Seconds from which on AWS refuses signatures."""
P = TypeVar("P", Account, Organization)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that a harvest could not see."""

    operation: str
    code: str
    message: str
    mend: str | None
    """The policy line, or the step, that helps; None where only a person can tell."""
    needed: bool = True
    """False: nothing is lost without it, but more calls are made."""


class Clock:
    """Clock skew: the Date header of answers against the time here, which `now` gives in seconds since 1970."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.skew: float | None = None
        """Seconds by which AWS's clock is ahead, at worst; None where no answer told a time."""

    def answered(self, http_response: Any = None, **_: Any) -> None:
        """For botocore's `after-call`."""
        self._read(getattr(http_response, "headers", {}).get("Date"))

    def refused(self, error: BaseException | None) -> None:
        """From the answer behind an error: whose credentials are refused for a wrong clock hears nothing else."""
        while error is not None:
            if isinstance(error, ClientError):
                self._read(error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date"))
            error = error.__cause__

    def _read(self, date: str | None) -> None:
        try:
            skew = parsedate_to_datetime(date or "").timestamp() - self._now()
        except (TypeError, ValueError):
            return
        if self.skew is None or abs(skew) > abs(self.skew):
            self.skew = round(skew, 1)


class TimedSessions(Sessions):
    """Sessions whose answers are read by a clock."""

    clock: Clock

    def client(self, account: str | None, region: str | None, service: str) -> Any:
        client = super().client(account, region, service)
        client.meta.events.register("after-call", self.clock.answered, unique_id="studbook-clock")
        return client


def log_in(settings: Settings, sessions: TimedSessions) -> str:
    """Who the caller is, by ARN. Raises Trouble where AWS does not say so."""
    first = settings.accounts[0] if settings.accounts else settings.organization
    try:
        client = sessions.client(None, first.regions[0] if first else None, "sts")
        return str(client.get_caller_identity()["Arn"])
    except Exception as error:
        sessions.clock.refused(error)
        raise explain(error, "GetCallerIdentity") from error


def login_problem(trouble: Trouble, clock: Clock) -> Problem:
    """Why `log_in` failed, and what helps."""
    mend = login_mend(trouble.code, clock) or ADVICE.get(trouble.meaning) or LOG_IN
    return Problem(trouble.operation, trouble.code, trouble.message, mend)


def login_mend(code: str, clock: Clock) -> str | None:
    """What the caller has to do about the own login; None where that is not what a failure is about."""
    if clock.skew is not None and abs(clock.skew) >= _SKEW:
        minutes = round(abs(clock.skew) / 60)
        return f"set this machine's clock: it is {minutes} minutes off, and AWS refuses its signatures"
    return login_cure(code)


def check_settings(settings: Settings) -> tuple[Settings, list[Problem]]:
    """The configuration without what nobody need ask AWS about: examples that were left in it, regions that there are
    not; and these as problems."""
    problems: list[Problem] = []
    known = _without_unknown_regions(_without_examples(settings, problems), problems)
    left_out = {account.id for account in settings.accounts} - {account.id for account in known.accounts}
    # Their places would be asked with the caller's own credentials, which no harvest asks with.
    places = {
        "datasets": tuple(one for one in known.datasets if one.account not in left_out),
        "documents": tuple(one for one in known.documents if one.account not in left_out),
    }
    return known.model_copy(update=places), problems


def _without_examples(settings: Settings, problems: list[Problem]) -> Settings:
    """The configuration without what `studbook init` writes as an example."""

    def note(message: str, mend: str, *, needed: bool = True) -> None:
        problems.append(Problem(SETTINGS_FILE, "LeftFromExample", message, mend, needed))

    example = load_settings(packaged("catalog") / SETTINGS_FILE)
    examples = {(account.id, account.label): account.external_id for account in example.accounts}
    buckets = {uri.bucket for one in example.datasets if (uri := parse_s3(one.uri))}
    accounts, datasets = [], []
    for account in settings.accounts:
        if (account.id, account.label) in examples:
            note(f"accounts: {account.id} ({account.label}) is the example's", "write your own account's id")
            continue
        accounts.append(account)
        if account.external_id in examples.values():
            said = f"accounts: the external id {account.external_id!r} of {account.id} is the example's"
            note(said, "choose one that nobody knows: studbook iam --part trust", needed=False)
    for one in settings.datasets:
        if (uri := parse_s3(one.uri)) and uri.bucket in buckets:
            note(f"datasets: {one.uri} is the example's", "name your own, or take the entry out")
        else:
            datasets.append(one)
    return settings.model_copy(update={"accounts": tuple(accounts), "datasets": tuple(datasets)})


def _without_unknown_regions(settings: Settings, problems: list[Problem]) -> Settings:
    """The configuration without regions that botocore does not know."""
    regions = EndpointResolver(create_loader().load_data("endpoints"))  # of a session a missing profile costs them
    known = {one for part in regions.get_available_partitions() for one in regions.get_available_endpoints("s3", part)}

    def kept(place: P) -> P:
        return place.model_copy(update={"regions": tuple(one for one in place.regions if one in known)})

    organization = settings.organization
    places = (*settings.accounts, *((organization,) if organization else ()))
    for region in sorted({region for place in places for region in place.regions} - known):
        near = get_close_matches(region, sorted(known), 1)
        mend = (f"did you mean {near[0]}? " if near else "") + "A region that is new: pip install --upgrade boto3"
        problems.append(Problem(SETTINGS_FILE, "UnknownRegion", f"botocore knows no region {region}", mend))
    accounts = tuple(account for account in map(kept, settings.accounts) if account.regions)
    organization = kept(organization) if organization else None
    return settings.model_copy(
        update={"accounts": accounts, "organization": organization if organization and organization.regions else None}
    )
