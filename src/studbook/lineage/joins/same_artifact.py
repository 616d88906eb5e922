"""One artifact under several records: what a job wrote, a package registered and a model serves.

Where no record names the other, an equal S3 place ties a job to the package and a package to the model; a model may
also serve a folder inside the package's, unless a job wrote that after the registration, and of an inference pipeline
it has to hold all. What a version had before it was given other weights makes candidates. A clone holds the artifact of
its source, so the job did not produce the clone; nor did a job produce what was registered before it began. That the
version was changed after that is no sign of other weights: who approves one changes it, and most are approved days
after. What one job wrote and another reads is one artifact too, with and without the final slash.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from studbook.lineage.from_id import is_execution
from studbook.lineage.job_state import begins_after
from studbook.lineage.joins.interface import View, inferred
from studbook.lineage.joins.weights import PackagePlaces, place, places_around
from studbook.lineage.times import instant
from studbook.model import Edge, Evidence, Facts
from studbook.model.facts import CapturesTo, Output, Reads, Weights, Writes

RULE: Final = Evidence.parse("rule:same-artifact")


def join(view: View) -> Facts:
    """Resolves `Output` and the `Weights` of models."""
    facts = Facts()
    # By place, not by ETag: equal bytes at two places are a copy or a retry, and say nothing of who made which.
    places = view.once(PackagePlaces)
    # A pipeline's step registers what a job of the pipeline made: the execution is not its maker.
    made = {key.target for key in view.edges if key.relation == "produced" and not is_execution(key.source)}
    # What a record says of a version's origin was said of the weights that it was registered with.
    told = (made | {key.target for key in view.edges if key.relation == "copied_to"}) - places.changes.keys()
    packaged = {
        key.target
        for key in view.edges
        if key.relation == "packaged_as" and (found := view.assets.get(key.source)) and found.kind == "model_package"
    }
    # By package and place: who wrote one of a pipeline's weights is no rival of who wrote another.
    makers: defaultdict[tuple[str, str | None], dict[str, tuple[Output, Weights]]] = defaultdict(dict)
    for output in view.all(Output):
        for weights in places.at(output.uri):
            if begins_after(view.assets.get(output.job), places.held_since(weights)):
                continue
            if weights.asset not in told:
                makers[weights.asset, place(output.uri)][output.job] = (output, weights)
    for (package, _), jobs in makers.items():
        facts.edges.extend(
            inferred(job, package, "produced", (output.evidence, weights.evidence, RULE), candidate=len(jobs) > 1)
            for job, (output, weights) in jobs.items()
        )
    facts.edges.extend(_made_earlier(view, places))
    models: defaultdict[str, list[Weights]] = defaultdict(list)
    for user in view.all(Weights):
        asset = view.assets.get(user.asset)
        if asset is not None and asset.kind == "model" and user.asset not in packaged:
            models[user.asset].append(user)
    for held in models.values():
        for user in held:
            fitting = places.held_whole(places.around(user), held)
            facts.edges.extend(places.edges(fitting, user, "packaged_as", RULE))
        facts.edges.extend(_held_earlier(view, places, held))
    facts.edges.extend(_slashes(view))
    return facts


def _made_earlier(view: View, places: PackagePlaces) -> Iterator[Edge]:
    """Who made weights that a version had before: candidates."""
    for output in view.all(Output) if places.changes else ():
        for change, held in places.held_before(place(output.uri) or ""):
            if not begins_after(view.assets.get(output.job), held.since):
                proof = (output.evidence, RULE, *change.evidence)
                yield inferred(output.job, change.package, "produced", proof, candidate=True)


def _held_earlier(view: View, places: PackagePlaces, held: Sequence[Weights]) -> Iterator[Edge]:
    """The versions of which a model holds all the weights that they had when it was made: candidates."""
    there = {where: claim for claim in held for where in places_around(place(claim.uri) or "")}
    for where, user in there.items() if places.changes else ():
        for change, before in places.held_before(where):
            model = view.assets[user.asset]
            if before.places.keys() <= there.keys() and instant(model.created_at) <= instant(before.until):
                proof = (user.evidence, RULE, *change.evidence)
                yield inferred(change.package, user.asset, "packaged_as", proof, candidate=True)


def _slashes(view: View) -> Iterator[Edge]:
    """Two artifacts whose URIs differ by the final slash alone."""
    spellings: defaultdict[str, dict[str, set[Evidence]]] = defaultdict(lambda: defaultdict(set))
    placed: list[CapturesTo | Writes] = [*view.all(Writes), *view.all(CapturesTo)]
    claims: list[CapturesTo | Output | Reads | Weights | Writes] = [*view.all(Output), *view.all(Weights), *placed]
    written = {claim.uri.rstrip("/") for claim in placed}
    claims.extend(claim for claim in view.all(Reads) if claim.uri.rstrip("/") in written)
    ends = {end for key in view.edges for end in key[:2] if end.startswith("s3://")}
    for claim in claims:
        if claim.uri in ends and (where := place(claim.uri)) is not None:
            spellings[where][claim.uri].add(claim.evidence)
    for several in spellings.values():
        first, *others = sorted(several)
        for other in others:
            yield inferred(first, other, "same_as", (RULE, *several[first], *several[other]))
