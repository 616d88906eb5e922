"""The dossier of a model version: what an auditor files, on one page to print, each line with its evidence.

Its lines are those of the questions `runs`, `log`, `scores` and `gaps`, of the edges into the jobs that made it, and of
the findings; a line's evidence is quoted from the kept record. The snapshot stands in `snapshot.json`, from which the
page's script writes it below: a page is the same on all nights that know the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from studbook.model import KINDS, Asset, Edge, Evidence
from studbook.model.ids import page_path
from studbook.queries.answer import Unknown, called, natural
from studbook.queries.gaps import Lack
from studbook.queries.origins import makers
from studbook.queries.runs import Run
from studbook.queries.scores import Score
from studbook.queries.sources_of import quoted, sources_of
from studbook.queries.walks import NO_WEIGHTS, copied, out_of_service, reads_data
from studbook.render.views.asset import facts
from studbook.render.views.lists import moment, places
from studbook.render.views.site import Json, Page, Site
from studbook.render.views.tables import Column, Table, badge, stage_badge
from studbook.words import plain

_QUOTED = 160
_WORDS: Final = {"deployed": "deployed to", "undeployed": "no longer deployed to"}
_SHOWN: Final = (
    "approval",
    "lifecycle",
    "life_cycle",
    "etags",
    "report_digests",
    "modified_by",
    "created_by",
    "source",
)
"""What the registry itself says of a version that an auditor looks for."""


KIND: Final = "model_package"
"""Each of these has one, wherever it runs: the address of what was filed stays when the version is replaced."""


def path_of(version: Asset) -> str:
    """Where it lies: pages of assets are two folders deep."""
    return f"dossier/{page_path(version.kind, version.id).partition('/')[2]}"


def dossier_page(site: Site, version: Asset) -> Page:
    """Everything that the page shows; its lines are numbered through."""
    number = 0
    sections = []
    for title, none_told, lines in _sections(site, version):
        told = []
        for parts, evidence in lines:
            number += 1
            told.append({"number": number, "parts": parts, "evidence": _quotes(site, evidence)})
        sections.append({"title": title, "lines": told, "none": none_told})
    return Page(
        path=path_of(version),
        title=f"Dossier of {called(version)}",
        description="What ran, what made it, how it was judged, who approved it, and how that is known",
        section="models",
        template="partials/dossier.html",
        data={
            "asset": facts(site, version),
            "version": site.link(version.id),
            "sections": sections,
            "runs": version.id in site.running,
            "external": site.external,
        },
    )


_Line = tuple[list[Any], Iterable[Evidence]]
"""Words and links in their order, and what says so."""


def _sections(site: Site, version: Asset) -> Iterator[tuple[str, str, list[_Line]]]:
    """Title, what stands there where nothing is known, and the lines."""
    jobs = makers(site.graph, version)
    inputs = [edge for job in jobs for edge in sorted(_inputs(site, job), key=lambda edge: edge.key.order)]
    own = [edge for edge in site.graph.upstream(version.id) if edge.relation in ("packaged_as", "base_of")]
    weights = [edge for edge in own if edge.relation == "packaged_as" and edge.role not in NO_WEIGHTS]
    bases = [edge for edge in own if edge.relation == "base_of"]
    both = [*own, *inputs]
    yield "What runs", "It runs nowhere that is known.", [*_runs(site, version), *_events(site, version, _WORDS)]
    yield "What the registry says", "Nothing is known.", list(_registered(site, version))
    yield (
        "Weights",
        "Where its weights lie is not known.",
        [([site.link(edge.source), f", {_sure(edge)}"], edge.evidence) for edge in weights],
    )
    for title, several in (
        (
            "Base model and parent",
            [*bases, *(edge for edge in inputs if edge.role in ("base_model", "source_model"))],
        ),
        ("Data", [edge for edge in inputs if reads_data(edge, site.graph.assets[edge.source])]),
        ("Code", [edge for edge in both if edge.role == "code"]),
        ("Image", [edge for edge in both if edge.role == "image"]),
        ("Evaluators and judges in training", [edge for edge in inputs if edge.role in ("evaluator", "judge")]),
    ):
        yield title, "None is known.", [_went_in(site, edge) for edge in several]
    scores = site.answer("scores", version.id).rows
    yield "Scores", "No score is known.", [(_score(site, row), row.evidence) for row in scores]
    members = copied(site.graph, version.id).members
    approvals = [line for one in members for line in _events(site, one, {"approval": "approval"})]
    yield "Approvals", "No approval is known.", approvals
    found = [one for asset in (version.id, *(job.id for job in jobs)) for one in site.findings_by_asset.get(asset, ())]
    waived = [
        f"{one.rule}: {one.message}; waived by {one.waived.who} until {one.waived.until}: {one.waived.why}"
        for one in found
        if one.waived is not None
    ]
    yield "Waivers in force", "None.", [([words], ()) for words in waived]
    yield "Findings", "None.", [([f"{one.level}: {one.rule}: {one.message}"], ()) for one in found if not one.waived]
    gaps = site.answer("gaps", version.id)
    yield "What cannot be known", gaps.summary, [(_gap(site, row), ()) for row in (*gaps.rows, *gaps.unknown)]


def _went_in(site: Site, edge: Edge) -> _Line:
    return [site.link(edge.source), " into ", site.link(edge.target), f", {_sure(edge)}"], edge.evidence


def _score(site: Site, row: Score) -> list[Any]:
    return [
        f"{row.metric} = {row.value} by ",
        site.link(row.evaluator) if row.evaluator else "an evaluator that is not recorded",
        " on ",
        site.link(row.data) if row.data else "data that is not recorded",
        f", {row.at or 'when is not recorded'}: ",
        site.link(row.job),
        f", {_sure(row)}",
    ]


def _gap(site: Site, row: Lack | Unknown) -> list[Any]:
    what = site.link(row.what) if row.what in site.graph.assets else row.what.replace("_", " ")
    return [what, f": {row.why}" + (f" in {row.partition}" if row.partition else "")]


def _inputs(site: Site, job: Asset) -> Iterable[Edge]:
    known = (edge for edge in site.graph.upstream(job.id, "input_to") if edge.source in site.graph.assets)
    return known if KINDS[job.kind].job else ()


def _runs(site: Site, version: Asset) -> Iterator[_Line]:
    for row in site.answer("runs", version.id).rows:
        endpoint = site.graph.assets[row.endpoint]
        way = [edge for edge in site.graph.upstream(row.endpoint) if edge.source == row.via]
        words = [endpoint.stage, f"variant {row.variant}" if row.variant else None, "shadow" if row.shadow else None]
        words.append(_sure(row))
        told = ", ".join(word for word in words if word)
        verb = "may answer with it" if row.candidate else "answers with it"
        if out_of_service(endpoint):
            verb = f"has it deployed and takes no requests ({endpoint.status})"
        yield (
            [site.link(row.endpoint), f" {verb}, {told}, through ", site.link(row.unit)],
            [one for edge in way for one in edge.evidence],
        )


def _events(site: Site, asset: Asset, wanted: dict[str, str]) -> Iterator[_Line]:
    """Events of the log, with who and when; an approval's evidence is what the registry says now."""
    for row in site.answer("log", asset.id).rows:
        if row.event not in wanted:
            continue
        parts: list[Any] = [f"{row.at}: "]
        if row.event == "approval":
            parts += [site.link(asset.id), f" {row.was or 'not recorded'} → {row.is_ or 'not recorded'}"]
        else:
            other = row.is_ if row.event == "deployed" else row.was
            parts += [f"{wanted[row.event]} ", site.link(other) if isinstance(other, str) else "a place not recorded"]
        parts.append(f", by {plain(row.by)}" if row.by else ", by whom is not recorded")
        parts.append(f"; {row.note}" if row.note else "")
        parts.append(f" (first in snapshot {row.night})")
        now = row.event == "approval" and asset.attributes.get("approval") == row.is_
        yield parts, _said(site, asset, "approval") if now else ()


def _registered(site: Site, version: Asset) -> Iterator[_Line]:
    for name in _SHOWN:
        value = version.attributes.get(name)
        if value not in (None, "", {}, []):
            yield [f"{name.replace('_', ' ')}: {plain(value)}"], _said(site, version, name)


def _said(site: Site, asset: Asset, name: str) -> tuple[Evidence, ...]:
    if site.external:
        return ()
    sources = site.graph.near(("sources", asset.id), lambda: sources_of(asset, site.night.record_of))
    return next((one.evidence for one in sources if one.name == name), ())


def _sure(one: Edge | Score | Run) -> str:
    return one.certainty + (", one of several candidates" if one.candidate else "")


def _quotes(site: Site, evidence: Iterable[Evidence]) -> list[Json]:
    found = []
    for one in evidence:
        value = None if site.external else quoted(one, site.night.record_of)
        text = None if value is None else plain(value)
        found.append(
            {"where": str(one), "value": text if text is None or len(text) <= _QUOTED else text[:_QUOTED] + "…"}
        )
    return found


APPROVALS: Final = ("at", "snapshot", "version", "name", "account", "stage", "was", "is", "by", "note")
"""The columns of the approvals of all models."""


def approvals(site: Site) -> list[list[Any]]:
    """Every change of an approval, newest first, in these columns."""
    return [
        [
            row.at,
            row.night,
            version.id,
            called(version),
            site.account_name(version.account) or version.account,
            version.stage,
            row.was,
            row.is_,
            row.by and plain(row.by),
            row.note,
        ]
        for version, row in site.approvals
    ]


def dossiers_table(site: Site) -> Table:
    """The dossiers of the versions that run, by name."""
    columns = [
        Column("Version", lambda version: {**site.link(version.id), "path": path_of(version)}),
        *places(site),
        Column("Approval", lambda version: badge(version.attributes.get("approval")), facet=True),
    ]
    known = [one for one in site.of(KIND) if one.id in site.running]
    ordered = sorted(known, key=lambda one: (natural(one.name), one.account or "", one.id))
    return Table("Dossiers", columns, ordered, "dossiers")


def approvals_table(site: Site) -> Table:
    """Every change of an approval that a night shows, newest first."""
    columns = [
        Column("When", lambda row: moment(row[0])),
        Column("Version", lambda row: site.link(row[2])),
        Column("Stage", lambda row: stage_badge(row[5]), facet=True),
        Column("From", lambda row: badge(row[6]) or "not recorded"),
        Column("To", lambda row: badge(row[7]), facet=True),
        Column("By whom", lambda row: " · ".join(filter(None, (row[8] or "not recorded", row[9])))),
    ]
    return Table("Approvals", columns, approvals(site), "approvals")
