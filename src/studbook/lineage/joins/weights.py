"""Who takes weights from where: the S3 places of packages, looked up by URI.

A version is all of its weights: who takes a part of an inference pipeline takes none of it. What it adds to the main
ones counts where no job made those, a base model under an adapter say: adapters of one base are as many versions, and
the base alone is none. Beside weights that a job made it is a draft, with or without which the version is the same.
What many share that have nothing to do with each other ties nobody to anybody: a draft model alone, or what JumpStart
keeps for all of AWS.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import takewhile
from typing import Final

from studbook.lineage.job_state import begins_after
from studbook.lineage.joins.interface import View, inferred
from studbook.lineage.times import instant
from studbook.model import Edge, Evidence, Relation
from studbook.model.facts import ChangedWeights, HeldWeights, Output, OutputFolder, Weights, Writes
from studbook.model.ids import beginning_with, of_jumpstart, parse_s3

NAMED_PLACE: Final = Evidence.parse("rule:named-place")
SAME_ACCOUNT: Final = Evidence.parse("rule:same-account")


def place(uri: str) -> str | None:
    """A URI as a key to compare by: SDKs add and strip the final slash freely."""
    found = parse_s3(uri)
    return str(found).rstrip("/") if found else None


def places_around(where: str) -> Iterator[str]:
    """A place, as `place` gives it, and every folder around it, innermost first; no bucket alone."""
    while where.count("/") > 2:
        yield where
        where = where.rpartition("/")[0]


class PackagePlaces:
    """The packages by the place of their weights."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._at: defaultdict[str, list[Weights]] = defaultdict(list)
        for claim in view.all(Weights):
            asset = view.assets.get(claim.asset)
            if asset is not None and asset.kind == "model_package" and (where := place(claim.uri)) is not None:
                self._at[where].append(claim)

    def held_since(self, claim: Weights) -> str | None:
        """Since when a package has had these weights: since it was registered, or was given others."""
        change = self.changes.get(claim.asset)
        given = change is not None and (place(claim.uri) or claim.uri) in change.given
        return change.since if change is not None and given else self._view.assets[claim.asset].created_at

    @cached_property
    def changes(self) -> Mapping[str, ChangedWeights]:
        """The packages that had other weights on an earlier night, by id."""
        return {change.package: change for change in self._view.all(ChangedWeights)}

    def held_before(self, where: str) -> Sequence[tuple[ChangedWeights, HeldWeights]]:
        """The packages whose main weights lay there until they were given others; a place as `place` gives it."""
        return self._before.get(where, ())

    @cached_property
    def _before(self) -> Mapping[str, list[tuple[ChangedWeights, HeldWeights]]]:
        found: defaultdict[str, list[tuple[ChangedWeights, HeldWeights]]] = defaultdict(list)
        for change in self.changes.values():
            for held in change.earlier:
                for where in held.places:
                    found[where].append((change, held))
        return found

    @cached_property
    def _copies(self) -> Mapping[str, set[str]]:
        """Who is a copy of whom, either way: asked for when `clones` has told those that no record names."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for key in self._view.edges:
            if key.relation == "copied_to":
                found[key.source].add(key.target)
                found[key.target].add(key.source)
        return found

    def at(self, uri: str) -> list[Weights]:
        """The main weights of packages, their own, that lie exactly there, whether or not the URI ends in a slash."""
        where = place(uri) or ""
        return [claim for claim in self._at.get(where, ()) if not claim.added and not of_jumpstart(where)]

    def around(self, user: Weights) -> list[Weights]:
        """The packages whose weights lie there, or in the innermost folder around it of which it is a part.

        What both only add to their weights, a draft model say, ties nobody to anybody.
        """
        several = (self._at.get(where, ()) for where in places_around(place(user.uri) or ""))
        found = (
            [one for one in claims if not (one.added and user.added) and self.is_part(user.uri, one)]
            for claims in several
        )
        return next(filter(None, found), [])

    def is_part(self, uri: str, package: Weights) -> bool:
        """Whether what lies at a place in a package's folder is a part of the package: not where all who wrote it there
        began after the package was registered, those say that were trained from it."""
        inside = takewhile(lambda one: one.startswith(f"{place(package.uri)}/"), places_around(place(uri) or ""))
        jobs = [job for where in inside for job in self._wrote.get(where, ())]
        registered = self._registered(package.asset) if jobs else None
        return not jobs or not all(begins_after(self._view.assets.get(job), registered) for job in jobs)

    @cached_property
    def _wrote(self) -> Mapping[str, list[str]]:
        """The jobs that say of themselves that they wrote to a place."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for output in self._view.all(Output):
            found[place(output.uri) or ""].append(output.job)
        for writes in self._view.all(Writes):
            found[place(writes.uri) or ""].append(writes.writer)
        return found

    def _registered(self, package: str) -> str | None:
        """When a version was registered first: a copy holds what its original did."""
        times = (at for one in self._family(package) if (at := self._view.assets[one].created_at))
        return min(times, key=instant, default=None)

    def beginning(self, text: str) -> Sequence[str]:
        """The places of main weights, as `place` gives them, that begin with a text, sorted."""
        return beginning_with(self._places, text)

    @cached_property
    def _places(self) -> Sequence[str]:
        return sorted(where for where in self._at if self.at(where))

    def is_spread(self, package: str) -> bool:
        """Whether the main weights of a package lie at several places, those of an inference pipeline say."""
        return package in self._spread

    @cached_property
    def _spread(self) -> frozenset[str]:
        first: dict[str, str] = {}
        places = ((claim.asset, where) for where in self._places for claim in self.at(where))
        return frozenset(package for package, where in places if first.setdefault(package, where) != where)

    def added_to(self, claim: Weights) -> list[str]:
        """The places, as `place` gives them, of what a package adds to its main weights in the same specification:
        adapters, drafts."""
        whole = self.specifications.get((claim.asset, _specification(claim)), {})
        return [where for where, one in whole.items() if one.added]

    def held_whole(self, found: Iterable[Weights], by: Iterable[Weights]) -> list[Weights]:
        """Those whose specification has all of its weights among what a model holds."""
        places = {where for claim in by for where in places_around(place(claim.uri) or "")}
        wholes = ((claim, self.specifications.get((claim.asset, _specification(claim)))) for claim in found)
        return [claim for claim, whole in wholes if whole is not None and whole.keys() <= places]

    @cached_property
    def specifications(self) -> Mapping[tuple[str, str], Mapping[str, Weights]]:
        """The weights of packages by their places, of each package and specification that has main ones, and any of
        its own: an inference pipeline's has several, and so has an adapter's."""
        found: defaultdict[tuple[str, str], dict[str, Weights]] = defaultdict(dict)
        for where, claims in self._at.items():
            for claim in claims:
                found[claim.asset, _specification(claim)][where] = claim
        for key, held in found.items():
            main = {where: claim for where, claim in held.items() if not claim.added}
            if len(main) < len(held) and any(map(self._is_made, main)):
                found[key] = main
        return {
            key: held
            for key, held in found.items()
            if not all(claim.added for claim in held.values()) and not all(map(of_jumpstart, held))
        }

    def _is_made(self, where: str) -> bool:
        """Whether a job says that it wrote to a place, in it or around it."""
        written, in_order = self._written
        around = any(one in written for one in places_around(where))
        return around or bool(beginning_with(in_order, f"{where}/"))

    @cached_property
    def _written(self) -> tuple[frozenset[str], Sequence[str]]:
        """The places that jobs wrote or had for their outputs, and the same sorted."""
        folders = (place(folder.uri) or "" for folder in self._view.all(OutputFolder))
        found = frozenset((*self._wrote, *folders))
        return found, sorted(found)

    def edges(self, found: Iterable[Weights], user: Weights, relation: Relation, rule: Evidence) -> list[Edge]:
        """An inferred edge from each package to what uses its weights; candidates where several fit."""
        packages, chosen = self.meant(found, user.asset)
        evidence = (user.evidence, rule, *chosen)
        return [
            inferred(package, user.asset, relation, (*evidence, claim.evidence), candidate=len(packages) > 1)
            for package, claim in packages.items()
        ]

    def meant(self, found: Iterable[Weights], user: str) -> tuple[Mapping[str, Weights], tuple[Evidence, ...]]:
        """Those of packages that a user of their weights can mean, and the rule by which one was chosen, if it was.

        Copies of one package hold the same weights: of a family of copies the one in the user's own account and
        region is meant, if there is exactly one.
        """
        packages = {claim.asset: claim for claim in found}
        near = self._own(set(packages), user)
        if near is None or len(packages) == 1:
            return packages, ()
        return {near: packages[near]}, (SAME_ACCOUNT,)

    def _own(self, packages: set[str], user: str) -> str | None:
        """The one package in the user's account and region, where all others are its copies or originals."""
        at = self._view.assets.get(user)
        if at is None:
            return None
        own = [
            package
            for package in packages
            if (asset := self._view.assets[package]).account == at.account and asset.region == at.region
        ]
        if len(own) != 1:
            return None
        return own[0] if packages <= self._family(own[0]) else None

    def _family(self, package: str) -> set[str]:
        """A package, its copies and its originals."""
        family, ahead = {package}, [package]
        while ahead:
            for other in self._copies.get(ahead.pop(), set()) - family:
                family.add(other)
                ahead.append(other)
        return family


def _specification(claim: Weights) -> str:
    """The member of a package that names its weights: `InferenceSpecification`, one of the additional ones, ..."""
    return claim.evidence.path.partition(".")[0]
