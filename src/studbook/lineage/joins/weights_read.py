"""A job that reads the weights of a registered version by their place: the version is an input, though none is named.

That is the place of the weights, a folder around it, or a part of what lies there. Versions that share one place are
candidates, and so is one after whose registration somebody wrote there once more, or of which nobody tells whether its
weights lay there already. What was written only after the reading was not read, what a later job wrote inside of the
folder of a version is none of it, and no job reads the version that it makes, itself or by one of several weights. A
base to which the version adds an adapter that some job made is not the version. Where very many versions lie there no
edge tells them: the questions say that this place is not told. What a version had before it was given other weights is
a candidate for who read it then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Final, NamedTuple

from studbook.lineage.from_id import is_execution
from studbook.lineage.job_state import start_of
from studbook.lineage.joins.dataset_at_start import INSIDE, WITHOUT_SLASH
from studbook.lineage.joins.interface import View, inferred
from studbook.lineage.joins.same_artifact import RULE
from studbook.lineage.joins.weights import PackagePlaces, place, places_around
from studbook.lineage.times import instant
from studbook.model import Edge, Evidence, Facts
from studbook.model.facts import MANIFESTS, Reads, Weights

_MOST: Final = 300
"""The most versions of one reading that are told one by one: nightly readers of a registry's folder would have as many
edges as the square of the nights."""


class _Meant(NamedTuple):
    """A place of weights that a reading means."""

    place: str
    rule: Evidence
    """That says so."""
    unsure: bool
    """Whether another may be meant."""


def join(view: View) -> Facts:
    """Resolves `Reads` of jobs against the `Weights` of packages."""
    facts = Facts()
    readings = _Readings(view)
    for reads in view.all(Reads):
        if reads.relation == "input_to" and reads.data_type not in MANIFESTS:
            facts.edges.extend(readings.edges(reads))
            facts.edges.extend(readings.earlier(reads))
    return facts


class _Readings:
    """Who read of which package, with what is known of who wrote it."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._places = view.once(PackagePlaces)
        self._meant: dict[tuple[str, str | None], Sequence[_Meant]] = {}
        self._makers: defaultdict[str, set[str]] = defaultdict(set)
        """By place of weights, and by package."""
        self._named: set[tuple[str, str]] = set()
        """Packages and the jobs whose own records name them."""
        for key in view.edges if self._places.beginning("s3://") else ():
            if key.relation == "produced" and not is_execution(key.source):
                self._makers[key.target.rstrip("/")].add(key.source)
            elif key.relation == "input_to" and ":model-package/" in key.source:
                self._named.add((key.source, key.target))

    def edges(self, reads: Reads) -> Iterator[Edge]:
        """From each package that was read; none from a place of which the record names one itself."""
        for meant in self._read(reads.uri, reads.prefix if reads.data_type != "Object" else None):
            claims = [one for one in self._places.at(meant.place) if self._places.is_part(reads.uri, one)]
            if any((claim.asset, reads.reader) in self._named for claim in claims):
                continue
            doubts = {claim.asset: self._doubt(claim, meant.place, reads) for claim in claims}
            there = (claim for claim in claims if doubts[claim.asset] is not None)
            packages, chosen = self._places.meant(there, reads.reader)
            for package, claim in packages.items():
                proof = (reads.evidence, *reads.through, claim.evidence, meant.rule, *chosen)
                candidate = reads.candidate or meant.unsure or bool(doubts[package]) or len(packages) > 1
                yield inferred(package, reads.reader, "input_to", proof, role=reads.role, candidate=candidate)

    def earlier(self, reads: Reads) -> Iterator[Edge]:
        """From each package whose weights lay there, or around, until it was given others: candidates."""
        for where in places_around(place(reads.uri) or ""):
            for change, held in self._places.held_before(where):
                if instant(held.since) <= instant(reads.at) <= instant(held.until):
                    proof = (reads.evidence, *reads.through, RULE, *change.evidence)
                    yield inferred(change.package, reads.reader, "input_to", proof, role=reads.role, candidate=True)

    def _read(self, uri: str, prefix: str | None) -> Sequence[_Meant]:
        """The places of weights that were read; of very many none."""
        if (uri, prefix) not in self._meant:
            found = list(self._found(uri, prefix))
            few = sum(len(self._places.at(one.place)) for one in found) <= _MOST
            self._meant[uri, prefix] = found if few else ()
        return self._meant[uri, prefix]

    def _found(self, uri: str, prefix: str | None) -> Iterator[_Meant]:
        here = place(uri)
        innermost = next((where for where in places_around(here or "") if self._places.at(where)), None)
        if innermost is not None:
            yield _Meant(innermost, RULE if innermost == here else INSIDE, unsure=False)
        if prefix is None:
            return
        below = [where for where in self._places.beginning(prefix) if where != here]
        several = not prefix.endswith("/") and len({where[len(prefix) :].partition("/")[0] for where in below}) > 1
        for where in below:
            inside = where.startswith(f"{prefix.rstrip('/')}/")
            yield _Meant(where, INSIDE if inside else WITHOUT_SLASH, several)

    def _doubt(self, claim: Weights, where: str, reads: Reads) -> bool | None:
        """Whether it is in doubt that a package's weights lay there when it was read; None where they did not."""
        package, writers = claim.asset, self._makers.get(where, ())
        if reads.reader in writers or reads.reader in self._makers.get(package, ()):
            return None
        added = self._places.added_to(claim)
        is_base = bool(added)  # or nobody tells who made it
        if is_base and any(self._makers.get(one) for one in added):
            return None
        registered, read = instant(self._places.held_since(claim)), instant(reads.at)
        if not registered or not read:
            return is_base
        wrote = list(self._began(writers))
        if wrote and all(read < began for began in wrote):
            return None
        if registered <= read:
            return is_base or any(registered < began <= read for began in wrote)
        # Registered later it holds what was read, if nothing came between; but nothing made of it is read by itself.
        if self._places.is_spread(package) or any(read < began <= registered for began in wrote):
            return None
        return not wrote

    def _began(self, writers: Collection[str]) -> Iterator[str]:
        known = (self._view.assets[one] for one in writers if one in self._view.assets)
        return (instant(at) for one in known if (at := start_of(one.created_at, one.attributes)))
