"""`compare`: two to six things of a kind side by side, a verdict first.

Model versions, training jobs, MLflow runs, dataset versions, evaluator versions. A row is equal only where all sides
are known and the same; what is known of none is no row. The first is what the others are held against. Scores of
versions are held against each other only where the same evaluators judged on the same data, both by id; of runs and of
evaluators it is told that they differ, and never that one is better.

`compared` is a pure function of what `Subject.to_json` says; the site's script does the same, and a test holds them
against each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from math import isfinite
from typing import Any, Final
from urllib.parse import quote, urlsplit

from studbook.errors import UsageError
from studbook.model import Asset
from studbook.model.canonical import canonical, is_number
from studbook.model.kinds import kind_words
from studbook.queries.answer import Answer, Night, Row, Unknown, called, counted, few, listed
from studbook.queries.candidates import Judge
from studbook.queries.compared_facts import COMPARABLE, HeldScore, Subject, subject
from studbook.queries.manifests import manifest_changes

SECTIONS: Final = (
    "base",
    "data",
    "state",
    "objects",
    "parameters",
    "hyperparameters",
    "code",
    "configuration",
    "training",
    "metrics",
    "evaluations",
    "judged",
    "registry",
    "made",
    "deployments",
    "readers",
)
LEAST, MOST = 2, 6
_DIGITS: Final = 12
"""A difference of two floats has no more digits that mean anything."""
_NAMED: Final = 3
"""The most metrics of runs that a verdict names."""
_SAME: Final[dict[str, tuple[str, ...]]] = {
    "model_package": ("base", "data", "code"),
    "training_job": ("base", "data", "code"),
    "mlflow_run": ("data", "code"),
    "evaluator_version": ("code", "configuration"),
}
"""The sections of which a verdict says whether they are the same."""
_SET: Final = {"training_job": ("hyperparameters", "hyperparameter"), "mlflow_run": ("parameters", "parameter")}
_RANGES: Final = {"github.com": "compare", "gitlab.com": "-/compare"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedFact(Row):
    """One fact of all of them."""

    section: str
    """One of `SECTIONS`, from `base` to `readers`; of `objects` those that are not the same."""
    name: str
    values: tuple[Any, ...]
    """In the order of the things; None where it is not known, of an object where it is not there. An object's is its
    size in bytes and its etag."""
    equal: bool


@dataclass(frozen=True, kw_only=True)
class Comparison(Answer[ComparedFact]):
    """The rows in the order of the sections."""

    things: tuple[Asset, ...]
    """The first is what the others are held against."""
    verdicts: tuple[str, ...]
    """A sentence for each but the first."""
    ranges: tuple[str, ...]
    """The addresses of what changed in the code from the first to the others, where a host that is known has both."""

    def more(self) -> dict[str, Any]:
        """`things` (ids, in the order asked), `verdicts` (sentences), and `code`: where their states of a repository
        are compared."""
        return {"things": [one.id for one in self.things], "verdicts": self.verdicts, "code": self.ranges}


def compare(
    night: Night, things: Sequence[Asset], name: Callable[[Asset], str] = called, asked: str | None = None
) -> Comparison:
    """What is different, and what is not, between two to six things; `name` gives what a verdict calls them.

    Raises UsageError where they are too few or too many, of several kinds, or of one whose things are not compared.
    """
    if not LEAST <= len({one.id for one in things}) == len(things) <= MOST:
        twice = next((one for number, one in enumerate(things) if one in things[:number]), None)
        named = (
            f"{len(things)} {'was' if len(things) == 1 else 'were'} named"
            if twice is None
            else f"{called(twice)} is named twice"
        )
        raise UsageError("two to six different things are compared", named)
    kinds = list(dict.fromkeys(one.kind for one in things))
    comparable = listed(kind_words(kind, 2) for kind in COMPARABLE)
    for one in things:
        if one.kind not in COMPARABLE:
            raise UsageError(f"{called(one)} is of the kind {kind_words(one.kind)}", f"what is compared: {comparable}")
    if len(kinds) > 1:
        raise UsageError(f"they are of several kinds: {listed(map(kind_words, kinds))}", "name things of one kind")
    judge = Judge(night)
    subjects = [subject(night, judge, one) for one in things]
    rows, verdicts = compared(subjects, [name(one) for one in things])
    unknown = [*night.unseen(), *judge.unknown, *(end for one in things if (end := night.end(one)) is not None)]
    unknown += [
        Unknown(what="object manifest", why="not recorded", asset=one.asset.id)
        for one in subjects
        if one.asset.kind == "dataset_version" and one.objects is None
    ]
    return Comparison(
        question="compare",
        root=things[0].id,
        asked=asked or things[0].id,
        summary=" ".join(verdicts),
        rows=tuple(rows),
        unknown=few(unknown, lambda one: found.kind if (found := night.lineage.asset(one)) is not None else None),
        things=tuple(things),
        verdicts=tuple(verdicts),
        ranges=tuple(_ranges(subjects)),
    )


def compared(subjects: Sequence[Subject], names: Sequence[str]) -> tuple[list[ComparedFact], list[str]]:
    """The rows, by section and name, and a sentence for each but the first, which the others are held against. Rows
    of equal objects are left out."""
    keys = sorted({key for one in subjects for key in one.facts}, key=lambda key: (SECTIONS.index(key[0]), key[1]))
    rows = [_row(section, name, [one.facts.get((section, name)) for one in subjects]) for section, name in keys]
    objects = [one.objects for one in subjects if one.objects is not None]
    if len(objects) == len(subjects):
        for key in sorted({key for one in objects for key in one}):
            row = _row("objects", key, [one.get(key) for one in objects])
            rows += [] if row.equal else [row]
        rows.sort(key=lambda row: SECTIONS.index(row.section))
    first = subjects[0]
    sentences = [
        f"{name} against {names[0]}: {'; '.join(_clauses(first, other, names[0]))}."
        for other, name in zip(subjects[1:], names[1:], strict=True)
    ]
    return rows, sentences


def _row(section: str, name: str, values: list[Any]) -> ComparedFact:
    equal = None not in values and all(_same(values[0], value) for value in values[1:])
    return ComparedFact(section=section, name=name, values=tuple(values), equal=equal)


def _same(one: Any, other: Any) -> bool:
    """As JSON: 1 and 1.0 are the same, 1 and true are not."""
    return canonical(one) == canonical(other)


# --- the verdict ------------------------------------------------------------------------------------------------------


def _clauses(first: Subject, other: Subject, name: str) -> Iterator[str]:
    kind = first.asset.kind
    if kind == "dataset_version":
        yield from _of_data(first, other)
        return
    if kind == "model_package":
        yield from _of_judgements(first.scores, other.scores, name)
    elif kind == "evaluator_version":
        yield _of_evaluators(first.scores, other.scores)
    else:
        yield _of_metrics(first.scores, other.scores)
        yield _of_settings(first, other, *_SET[kind])
    for section in _SAME[kind]:
        yield _how(first, other, section)


def _shared(first: Iterable[HeldScore], other: Iterable[HeldScore]) -> Iterator[tuple[HeldScore, HeldScore]]:
    """What surely was found alike of both, by what was found."""
    theirs = {one.of: one for one in other}
    for one in first:
        there = theirs.get(one.of)
        if there is not None and one.way is not None and there.way is not None and one.judges == there.judges:
            yield one, there


def _of_judgements(first: Collection[HeldScore], other: Collection[HeldScore], name: str) -> Iterator[str]:
    signs = [_sign(round(there.value - one.value, _DIGITS)) * (one.way or 0) for one, there in _shared(first, other)]
    shared = counted(len(signs), "shared judgement")
    if not signs:
        yield "no judgement is surely shared"
    elif not any(signs):
        yield f"equal on {shared}"
    else:
        worse = f", worse on {signs.count(-1)}" if -1 in signs else ""
        yield f"better on {signs.count(1)} of {shared}{worse}"
    ours, theirs = {one.of for one in first}, {one.of for one in other}
    if lacks := len(ours - theirs):
        yield f"{counted(lacks, 'judgement')} of {name} without a counterpart"
    if adds := len(theirs - ours):
        yield f"{counted(adds, 'judgement')} of its own without one there"


def _sign(number: float) -> int:
    return (number > 0) - (number < 0)


def _of_evaluators(first: Iterable[HeldScore], other: Iterable[HeldScore]) -> str:
    pairs = list(_shared(first, other))
    if not pairs:
        return "no judgement of the same model on the same data is known of both"
    differ = sum(not _same(one.value, there.value) for one, there in pairs)
    what = f"{counted(len(pairs), 'judgement')} of the same model on the same data"
    return f"another value in {differ} of {what}" if differ else f"the same value in {what}"


def _of_metrics(first: Iterable[HeldScore], other: Iterable[HeldScore]) -> str:
    pairs = list(_shared(first, other))
    if not pairs:
        return "no metric is recorded of both"
    told = [
        f"{one.of[0]} {change}"
        for one, there in sorted(pairs, key=lambda pair: str(pair[0].of[0]))
        if (change := _change(one.value, there.value))
    ]
    if not told:
        return f"equal in {counted(len(pairs), 'shared metric')}"
    more = [f"{len(told) - _NAMED} more"] if len(told) > _NAMED else []
    return listed([*told[:_NAMED], *more])


_MINUS: Final = "\N{MINUS SIGN}"
_FOUR: Final = Context(prec=4, rounding=ROUND_HALF_UP)


def _change(was: Any, now: Any) -> str:
    """`+0.03`: a difference in four digits, in the form of JSON; empty where there is none."""
    if not is_number(was) or not is_number(now):
        return "not comparable"
    difference = round(float(now) - float(was), _DIGITS)
    if not difference or not isfinite(difference):
        return ""
    digits = canonical(float(_FOUR.create_decimal(Decimal(abs(difference))))).decode()
    return f"{'+' if difference > 0 else _MINUS}{digits}"


def _of_settings(first: Subject, other: Subject, section: str, word: str) -> str:
    ours, theirs = ({key: one.facts[key] for key in one.facts if key[0] == section} for one in (first, other))
    both = ours.keys() & theirs.keys()
    if not both:
        return f"no {word} is recorded of both"
    differ = sum(not _same(ours[key], theirs[key]) for key in both)
    alone = len(ours.keys() ^ theirs.keys())
    told = f"{differ or 'none'} of {counted(len(both), f'shared {word}')} {'differs' if differ == 1 else 'differ'}"
    return told + (f", {alone} recorded of one alone" if alone else "")


def _how(first: Subject, other: Subject, section: str) -> str:
    """`same base` only where all of it is known of both, and `other base` where something surely differs."""
    ours, theirs = ({key: one.facts[key] for key in one.facts if key[0] == section} for one in (first, other))
    both = ours.keys() & theirs.keys()
    if not both:
        return f"{section} not known of both"
    if any(not _same(ours[key], theirs[key]) for key in both):
        return f"other {section}"
    alone = ours.keys() != theirs.keys()
    if section in first.unsure | other.unsure or (alone and section == "configuration"):
        return f"{section} not wholly known of both"
    return f"{'other' if alone else 'same'} {section}"


def _of_data(first: Subject, other: Subject) -> Iterator[str]:
    if first.objects is not None and other.objects is not None:
        yield manifest_changes(first.objects, other.objects).summary
        was, now = (_bytes(one.objects) for one in (first, other))
        if was is not None and now is not None:
            change = f", {abs(now - was):,} {'more' if now > was else 'less'}" if now != was else ", as many"
            yield f"{now:,} {'byte' if now == 1 else 'bytes'}{change}"
        return
    ours, theirs = (one.facts.get(("state", "fingerprint")) for one in (first, other))
    if ours is None or theirs is None:
        yield "not comparable: of one of them no object manifest is known"
    elif ours == theirs:
        yield "the same object manifest"
    else:
        yield "another object manifest; which objects differ is not known here"


def _bytes(objects: Any) -> int | None:
    sizes = [size for size, _ in objects.values()]
    return sum(sizes) if all(type(size) is int for size in sizes) else None


# --- the code ---------------------------------------------------------------------------------------------------------


def code_state(code: str) -> tuple[str, str] | None:
    """Where a host compares two states of a repository, and the commit; None where it is no commit, or no known host.

    `git:https://github.com/acme/fraud.git@9fceb02` is `https://github.com/acme/fraud/compare/` and `9fceb02`.
    """
    repository, _, commit = code.removeprefix("git:").rpartition("@")
    parts = urlsplit(repository.removesuffix(".git"))
    if not code.startswith("git:https://") or parts.netloc not in _RANGES or not _COMMIT.fullmatch(commit):
        return None
    return f"https://{parts.netloc}{quote(parts.path, safe='/')}/{_RANGES[parts.netloc]}/", commit


_COMMIT: Final = re.compile(r"[0-9a-f]{7,64}")


def _ranges(subjects: Sequence[Subject]) -> Iterator[str]:
    states = [
        dict(filter(None, (code_state(str(code)) for code in one.facts.get(("code", "code"), ())))) for one in subjects
    ]
    old = states[0]
    for new in states[1:]:
        for place in sorted(old.keys() & new.keys()):
            if old[place] != new[place]:
                yield f"{place}{old[place]}...{new[place]}"


def spelled(name: str, named: Callable[[str], str | None]) -> str:
    """A row's name for people: `named` gives the name of an id, and None for any other word."""
    words = []
    for word in name.split(" "):
        known = named(word.rstrip(","))
        words.append(word if known is None else known + word[len(word.rstrip(",")) :])
    return " ".join(words)
