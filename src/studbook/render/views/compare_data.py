"""Comparing on the site: the facts of every model version, a file for each model, set side by side in the browser.

The facts, and what makes two of them equal, are those of `studbook compare`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from studbook.model import Asset
from studbook.queries.candidates import Judge
from studbook.queries.compare import SECTIONS, facts, spelled
from studbook.queries.walks import Family, copied
from studbook.render.views.provenance import versions_of
from studbook.render.views.site import Json, Site
from studbook.words import full_name


def compare(site: Site) -> Json:
    """What the page itself needs."""
    return {"sections": SECTIONS, "models": sum(1 for _ in _models(site))}


def compare_files(site: Site) -> Iterator[tuple[str, Json]]:
    """`models.json`, the list to choose from; and for each model a file with the facts of its versions.

    A fact is `[section, key, label, value]`: equal keys are the same question. `names` says what an id in a value is
    called, and where its page is.
    """
    index, judge = [], Judge(site.night)
    for group, versions in _models(site):
        link = site.link(group.id)
        index.append(
            {
                "name": link["name"],
                "where": link["where"],
                "path": link["path"],
                "versions": [[site.link(v.id)["name"], site.link(v.id)["path"]] for v in versions],
            }
        )
        yield f"{link['path'].rstrip('/')}.json", _file(site, judge, versions)
    yield "models.json", {"models": index}


def _models(site: Site) -> Iterator[tuple[Asset, list[Asset]]]:
    for group in sorted(site.of("model_package_group"), key=lambda asset: (asset.name, asset.account or "", asset.id)):
        if versions := versions_of(site, group):
            yield group, versions


def _file(site: Site, judge: Judge, versions: list[Asset]) -> Json:
    names: dict[str, list[Any]] = {}

    def known(value: Any) -> None:
        for one in value if isinstance(value, list) else ():
            if isinstance(one, str) and one in site.graph.assets:
                link = site.link(one)
                names[one] = [full_name(link), link["path"]]

    def called(word: str) -> str | None:
        return str(site.link(word)["name"]) if word in site.graph.assets else None

    told: dict[str, list[list[Any]]] = {}
    scores: dict[str, list[list[Any]]] = {}
    for version in versions:
        rows = []
        for (section, key), value in facts(site.graph, version):
            known(value)
            rows.append([section, key, spelled(key, called) if section == "evaluations" else key, value])
        told[site.link(version.id)["path"]] = rows
        scores[site.link(version.id)["path"]] = _scores(judge, copied(site.graph, version.id))
    return {"facts": told, "scores": scores, "names": names}


def _scores(judge: Judge, family: Family) -> list[list[Any]]:
    """How a version was judged: evaluator, data, metric, what judged, value, whether that can be held against another
    value (null where not), which is then 1 where more is better and -1 where less is."""
    fixed = judge.numbers(family)
    return [
        [
            one.evaluator,
            one.data,
            one.metric,
            sorted(score.judges),
            score.value,
            None if one not in fixed else -1 if judge.prefers_less(one.metric) else 1,
        ]
        for one, score in judge.scores(family).items()
    ]
