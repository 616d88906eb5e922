"""What the Lineage API declares, between the assets that its entities are.

An association into or out of a job is an input or an output, between two ids of one thing `same_as`, and `associated`
otherwise. Where such an edge is there already, whatever its role, the association is one more evidence of it. Where
the job's own record tells more of what it read or wrote (which version of which dataset), or another relation says
how the two ends are connected, the association is evidence of that, and makes nothing surer than it was: it names a
place and no version. A dataset's part is no artifact beside it. What was declared before the present holder of a name
was made is about an earlier one, and is not told of this one. Where no record tells what an endpoint runs, what
contributed to its deployment is. A package that an MLflow run's action led to is recorded
in that run; servers may have runs of one id, which are then candidates.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from studbook.lineage.from_id import asset_from_id
from studbook.lineage.holders import is_later
from studbook.lineage.joins.interface import View, declared, inferred
from studbook.model import Asset, Edge, Evidence, Facts, Relation
from studbook.model.edge import EdgeKey
from studbook.model.facts import Association, ByName, DatasetState, DeployedBy, LineageEntity, Reads, RunBehind, Writes
from studbook.model.ids import folders, parse_s3, place_name
from studbook.model.kinds import JOB_KINDS

_INTO: Final = ("ContributedTo", "AssociatedWith")
RULE: Final = Evidence.parse("rule:mlflow-run-id")
DEPLOYED_WITH: Final = Evidence.parse("rule:deployed-with")

_Declared = tuple[str, str, Relation, str | None]
"""Source, target, relation, and the type that is the role of what is only associated."""


def join(view: View) -> Facts:
    """Resolves `Association`, `RunBehind` and `DeployedBy`; entities that are known by a URI alone get a node."""
    facts = Facts()
    names = _Names(view)
    associations = sorted(view.all(Association), key=lambda one: (one.source, one.destination, one.type or ""))
    said = [(one, list(names.edges(one))) for one in associations]
    claimed = [each for _, several in said for each in several]
    near = _Near(view, {end for ends, _ in claimed for end in ends[:2]})
    typed: defaultdict[tuple[str, str, str], set[str | None]] = defaultdict(set)
    for one, several in said:
        if one.type is not None:
            for (source, target, relation, role), _ in several:
                typed[source, target, relation].add(role)
    used: set[str] = set()
    for one, several in said:
        for (source, target, relation, role), evidence in several:
            roles = near.roles(source, target, relation)
            if not roles and relation == "associated" and one.type is None:
                roles = typed.get((source, target, relation), set())
            beside = [] if roles else near.beside(source, target, relation)
            if not beside:
                used.update((source, target))
                facts.edges.extend(
                    declared(source, target, relation, evidence, role=each, candidate=len(several) > 1)
                    for each in roles or {role}
                )
            facts.edges.extend(_hint(key, evidence) for key in beside)
    facts.edges.extend(_recorded(view, claimed))
    facts.edges.extend(_deployed(view))
    facts.edges.extend(_behind_endpoints(view, claimed))
    facts.mentions.extend(names.nodes(used))
    return facts


class _Names:
    """Which assets the entities are."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._of: defaultdict[str, dict[str, LineageEntity]] = defaultdict(dict)
        for entity in view.all(LineageEntity):
            of_arn = self._of[entity.arn]
            if not is_later(view.assets, entity.id, entity.at):
                of_arn[entity.id] = entity
        states = {state.dataset for state in view.all(DatasetState)}
        self._datasets = {*view.datasets, *states}

    def edges(self, one: Association) -> Iterator[tuple[_Declared, tuple[Evidence, ...]]]:
        """What an association declares; several where an ARN stands for several assets."""
        for source, of_source in self._meant(one.source, one.at):
            for target, of_target in self._meant(one.destination, one.at):
                if source != target:
                    evidence = tuple(sorted({*one.evidence, *of_source, *of_target}))
                    yield self._declared(source, target, one.type), evidence

    def _meant(self, arn: str, at: str | None) -> list[tuple[str, tuple[Evidence, ...]]]:
        """The ids that the ARN stood for then, each with its proof."""
        found = self._of.get(arn)
        several = [(arn, ())] if found is None else [(entity.id, entity.evidence) for entity in found.values()]
        return [(asset_id, why) for asset_id, why in sorted(several) if not is_later(self._view.assets, asset_id, at)]

    def _declared(self, source: str, target: str, kind: str | None) -> _Declared:
        if kind in _INTO and self._kind(target) in JOB_KINDS:
            return source, target, "input_to", None
        if kind == "Produced" and self._kind(source) in JOB_KINDS:
            return source, target, "produced", None
        if kind == "DerivedFrom" and self._kind(target) in JOB_KINDS:
            return target, source, "produced", None
        if kind == "SameAs":
            return min(source, target), max(source, target), "same_as", None
        return source, target, "associated", kind

    def _kind(self, asset_id: str) -> str:
        asset = self._view.assets.get(asset_id)
        return asset.kind if asset is not None else asset_from_id(asset_id).kind

    def nodes(self, used: set[str]) -> Iterator[Asset]:
        """A node for each entity that has none, but for a part of a dataset of which nothing else is declared."""
        entities = sorted(
            (entity for several in self._of.values() for entity in several.values()),
            key=lambda entity: (entity.id, entity.type or "", entity.arn),
        )
        for entity in entities:
            if entity.id in self._view.assets or entity.id in self._view.named:
                continue
            uri = parse_s3(entity.id)
            if uri is None:
                shape = asset_from_id(entity.id)
                yield shape if entity.kind is None else shape.but(kind=entity.kind)
            elif entity.id in used or not self._in_dataset(entity.id):
                attributes = {"uri": entity.id, **({"type": entity.type} if entity.type else {})}
                yield Asset(id=entity.id, kind="artifact", name=place_name(uri), attributes=attributes)

    def _in_dataset(self, uri: str) -> bool:
        return any(folder in self._datasets for folder in folders(uri))


class _Near:
    """The edges at the ends of what is declared, as they were before."""

    def __init__(self, view: View, ends: set[str]) -> None:
        self._between: defaultdict[tuple[str, str], list[EdgeKey]] = defaultdict(list)
        self._part: defaultdict[tuple[str, str, str | None], list[EdgeKey]] = defaultdict(list)
        for key in view.edges if ends else ():
            for source in (key.source, _unpinned(key.source)):
                if source in ends and key.target in ends:
                    self._between[source, key.target].append(key)
            if key.relation == "input_to" and key.target in ends:
                self._part[key.target, "input_to", key.role].append(key)
            elif key.relation == "produced" and key.source in ends:
                self._part[key.source, "produced", key.role].append(key)
        self._told: defaultdict[tuple[str, str, str], set[str | None]] = defaultdict(set)
        for reads in view.all(Reads) if ends else ():
            self._told[reads.reader, reads.relation, reads.uri].add(reads.role)
        for writes in view.all(Writes) if ends else ():
            self._told[writes.writer, "produced", writes.uri].add(writes.role)

    def roles(self, source: str, target: str, relation: str) -> set[str | None]:
        """In which roles the ends are joined by that very relation."""
        keys = self._between.get((source, target), ())
        return {key.role for key in keys if key.relation == relation and key.source == source}

    def beside(self, source: str, target: str, relation: str) -> list[EdgeKey]:
        """Edges that say it better: the same place's version or dataset, or what connects the two ends."""
        job, place = (target, source) if relation == "input_to" else (source, target)
        told = self._told.get((job, relation, place), ())
        found = [key for role in told for key in self._part.get((job, relation, role), ())]
        found += [key for key in self._between.get((source, target), ()) if key.relation == relation]
        if relation == "associated":
            other = (key for key in self._between.get((target, source), ()) if key.relation != "associated")
            found += [*self._between.get((source, target), ()), *other]
        return sorted(set(found), key=lambda key: key.order)


def _unpinned(asset_id: str) -> str:
    """A dataset version's dataset, an image without its digest; anything else is itself."""
    return asset_id.partition("@sha256:")[0]


def _hint(key: EdgeKey, evidence: tuple[Evidence, ...]) -> Edge:
    """More evidence of an edge, which makes it no surer: the weakest certainty, and no proof against a candidate."""
    return inferred(key.source, key.target, key.relation, evidence, role=key.role, candidate=True)


def _recorded(view: View, said: Iterable[tuple[_Declared, tuple[Evidence, ...]]]) -> Iterator[Edge]:
    """The runs behind entities, and behind the packages that those led to."""
    behind: defaultdict[str, dict[str, tuple[Evidence, ...]]] = defaultdict(dict)
    claims = view.all(RunBehind)
    servers: defaultdict[str, list[str]] = defaultdict(list)
    for asset in view.assets.values() if claims else ():
        if asset.kind == "mlflow_run":
            servers[asset.id.rpartition("/")[2]].append(asset.id)
    for claim in claims:
        runs = servers[claim.run]
        for run in runs:
            behind[claim.entity][run] = claim.evidence
            yield inferred(
                run, claim.entity, "associated", (*claim.evidence, RULE), role="source", candidate=len(runs) > 1
            )
    for (source, target, relation, role), evidence in said:
        action, package = (target, source) if role == "DerivedFrom" else (source, target)
        if relation != "associated" or ":action/" not in action or ":model-package/" not in package:
            continue
        runs_of = behind.get(action, {})
        for run, why in runs_of.items():
            proof = tuple(sorted({*evidence, *why}))
            yield declared(package, run, "recorded_in", proof, candidate=len(runs_of) > 1)


def _behind_endpoints(view: View, said: Iterable[tuple[_Declared, tuple[Evidence, ...]]]) -> Iterator[Edge]:
    """What contributed to the deployment of an endpoint whose configuration, or all of its models, nobody shows.

    AWS lets both be deleted in use. A model whose name alone is left holds what contributed. Of several deployments
    nothing tells which is the last, and of several such models nothing which it went into: these are candidates.
    """
    given: defaultdict[str, dict[str, tuple[Evidence, ...]]] = defaultdict(dict)
    endpoints: defaultdict[str, dict[str, tuple[Evidence, ...]]] = defaultdict(dict)
    for (source, target, relation, _), evidence in said:
        if relation != "associated":
            continue
        if ":endpoint/" in target and ":action/" in source:
            endpoints[target][source] = evidence
        elif ":action/" in target and (
            source.startswith("s3://") or ":model-package/" in source or ":model/" in source
        ):
            given[target][source] = evidence
    if not endpoints:
        return
    deployed: defaultdict[str, list[str]] = defaultdict(list)
    for key in view.edges:
        if key.relation == "deployed_to":
            deployed[key.target].append(key.source)
    named = {(one.other, one.name.lower()): one.evidence for one in view.all(ByName) if one.relation == "deployed_to"}
    for endpoint, actions in endpoints.items():
        deployments = {action: why for action, why in actions.items() if given.get(action)}
        configs = [one for one in deployed[endpoint] if one in view.assets]
        models = {(config, model) for config in configs for model in deployed[config]}
        if configs and (not models or any(model in view.assets for _, model in models)):
            continue
        several = len(deployments) > 1 or len(models) > 1
        for action, why in deployments.items():
            for source, reason in given[action].items():
                for config, model in sorted(models):
                    runs = ((endpoint, config.rpartition("/")[2]), (config, model.rpartition("/")[2]))
                    path = [named[end, name.lower()] for end, name in runs if (end, name.lower()) in named]
                    proof = tuple(sorted({*why, *reason, *path}))
                    yield inferred(source, model, "packaged_as", (*proof, DEPLOYED_WITH), candidate=several)
                if not models:
                    proof = tuple(sorted({*why, *reason}))
                    yield declared(source, endpoint, "deployed_to", proof, candidate=several)


def _deployed(view: View) -> Iterable[Edge]:
    """The package that the SDK deployed as a component, unless the component's own record leads elsewhere by now."""
    claims = view.all(DeployedBy)
    wanted = {claim.component for claim in claims}
    runs: defaultdict[str, set[str]] = defaultdict(set)
    for key in view.edges if wanted else ():
        if key.relation == "deployed_to" and key.target in wanted:
            runs[key.target].add(key.source)
    models = set().union(*runs.values())
    packages: defaultdict[str, set[str]] = defaultdict(set)
    for key in view.edges if models else ():
        if key.relation == "packaged_as" and key.target in models and ":model-package/" in key.source:
            packages[key.target].add(key.source)
    for claim in claims:
        now = [{source} if ":model-package/" in source else packages[source] for source in runs[claim.component]]
        if is_later(view.assets, claim.component, claim.at) or is_later(view.assets, claim.package, claim.at):
            continue
        if all(of_source == {claim.package} for of_source in now):
            yield declared(claim.package, claim.component, "deployed_to", claim.evidence)
