"""Comparing on the site: a file with what can be compared of each thing, set side by side in the browser.

The facts are those of `studbook compare`, and the script makes of them what that does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from studbook.model import KINDS, Asset
from studbook.queries.answer import natural
from studbook.queries.candidates import Judge
from studbook.queries.compare import SECTIONS, code_state, spelled
from studbook.queries.compared_facts import COMPARABLE, curves, subject
from studbook.queries.neighbours import parent, whole
from studbook.render.views.site import Json, Site
from studbook.words import full_name

_MEMBERS = 60
"""The most things of a whole that can be chosen without going to its page, the newest."""
_LOOSE: Final[Mapping[str, str]] = {
    "model_package": "in no group",
    "mlflow_run": "in no experiment",
    "dataset_version": "of no dataset",
    "evaluator_version": "of no evaluator",
}
"""What is said of things that are no version or part of anything."""
_OBJECTS = 1_000
"""The most objects of a dataset version that its file has."""


def compare(site: Site) -> Json:
    """What the page itself needs."""
    kinds = [[kind.replace("_", "-"), KINDS[kind].plural] for kind in COMPARABLE if site.of(kind)]
    return {"sections": SECTIONS, "kinds": kinds}


def compare_lists(site: Site) -> Iterator[tuple[str, Json]]:
    """`index/<kind>.json`: what there is to choose from."""
    for kind in COMPARABLE:
        wholes: defaultdict[_Whole, list[Asset]] = defaultdict(list)
        for one in site.of(kind):
            wholes[_whole(site, one)].append(one)
        known = sorted(wholes, key=lambda one: (natural(one.name), natural(one.where)))
        index = [
            {
                "name": one.name,
                "where": one.where,
                "total": len(wholes[one]),
                "members": [
                    [full_name(link), link["path"]] for link in site.links(a.id for a in wholes[one][:_MEMBERS])
                ],
            }
            for one in [*(one for one in known if not one.loose), *(one for one in reversed(known) if one.loose)]
        ]
        yield f"index/{kind.replace('_', '-')}.json", {"wholes": index}


class _Whole(NamedTuple):
    """What a thing is chosen from."""

    loose: bool
    """Whether it is no thing, but a month."""
    name: str
    where: str


def _whole(site: Site, one: Asset) -> _Whole:
    """What a thing is a version or a part of, else those of its account and month."""
    of = parent(site.graph, one) or whole(site.graph, one)
    if of is not None:
        link = site.link(of.id)
        return _Whole(False, full_name(link), link["where"])
    month = (one.created_at or "undated")[:7]
    told = f"{_LOOSE[one.kind]}, {month}" if one.kind in _LOOSE else month
    return _Whole(True, told, site.account_name(one.account) or "")


def compare_file(site: Site, asset: Asset) -> Json:
    """What can be compared of one thing.

    A fact is `[section, key, label, value]`: equal keys are the same question. `names` says what an id in a value is
    called, and where its page is; `code` where a host compares two states of a repository.
    """
    found = subject(site.night, Judge(site.night), asset)
    names: dict[str, list[Any]] = {}
    for value in found.facts.values():
        for one in value if isinstance(value, list) else ():
            if isinstance(one, str) and one in site.graph.assets:
                link = site.link(one)
                names[one] = [full_name(link), link["path"]]

    def called(word: str) -> str | None:
        return str(site.link(word)["name"]) if word in site.graph.assets else None

    told = found.to_json()
    code = {str(one): code_state(str(one)) for one in found.facts.get(("code", "code"), ())}
    link, of = site.link(asset.id), _whole(site, asset)
    return told | {
        "name": full_name(link),
        "where": "" if link["at"] else link["where"],
        "whole": [of.name, of.where],
        "facts": [
            [section, key, spelled(key, called) if section == "evaluations" else key, value]
            for section, key, value in told["facts"]
        ],
        "objects": found.objects if found.objects is not None and len(found.objects) <= _OBJECTS else None,
        "names": names,
        "code": {one: state for one, state in code.items() if state is not None},
        "curves": curves(site.graph, asset),
    }
