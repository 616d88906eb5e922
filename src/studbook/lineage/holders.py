"""Reused names: what was named before the present holder of a name was made is an earlier holder.

What is deleted leaves its name, and with it its ARN, to whoever takes it next, and what named it goes on naming it: an
endpoint the configuration that it runs, a configuration the model that it was made for, a version the job that made it,
a version of a registered model of MLflow the one that it was copied from, an event of CloudTrail what was deleted. Of
those who had the name before, the latest that a night showed is meant, or one that no night did.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from studbook.lineage.edges import Edges
from studbook.lineage.from_id import asset_from_id, parent_edge
from studbook.lineage.times import instant, utc_time
from studbook.model import Asset, Evidence, Kind, Relation
from studbook.model.edge import EdgeKey
from studbook.model.ids import holder_of, is_audit_event
from studbook.model.kinds import JOB_KINDS

EARLIER: Final = Evidence.parse("rule:earlier-holder")
_NAMING: Final[frozenset[Relation]] = frozenset(
    ("base_of", "copied_to", "deployed_to", "described_by", "input_to", "packaged_as", "produced")
)
"""Relations in which the downstream end names the other one, or may."""
_AT_CREATION: Final = frozenset((*JOB_KINDS, "pipeline_execution", "model", "model_package", "endpoint_config"))
"""What names all that it names when it is made."""
_IN_MLFLOW: Final[Mapping[Relation, Kind]] = {
    "has_version": "mlflow_registered_model",
    "registered_as": "mlflow_model_version",
}
"""What a version of a registered model names when it is made: that model, and the version that it was copied from."""
_SEARCHES: Final = ("tuning_job", "automl_job")  # Fewer kinds: jobs that have others for parts
_WHOLES: Final = frozenset(
    ("model_package_group", "monitoring_schedule", "pipeline", *_SEARCHES, "mlflow_experiment", "feature_group")
)
"""What is there before its parts, and before who writes to it: versions, jobs, executions, runs."""
_NUMBERED: Final = frozenset(("model_package", "mlflow_model_version"))
"""Versions whose number their group counts up; versions of hub content are called as people like."""
_MAKES: Final = "Create"
"""How calls begin that make what they name."""
_MAKING: Final = timedelta(minutes=1)
"""At most so long after such a call, by what its event says, the thing's own record says that it was made."""
_WHEN_CHANGED: Final = frozenset(("endpoint", "inference_component"))
"""What may name another thing whenever it is changed. Who sends requests to one may have made it, and does so until its
own end."""


class Holders:
    """Who had which ARN when; `assets` are those that records show, `gone` says of which of them no longer."""

    def __init__(self, assets: Mapping[str, Asset], gone: Callable[[str], bool] = lambda asset_id: True) -> None:
        self._assets, self._gone = assets, gone
        self._earlier: defaultdict[str, list[Asset]] = defaultdict(list)
        for asset_id, asset in assets.items():
            if (holder := holder_of(asset_id)) is not None:
                self._earlier[_spelled(holder)].append(asset)

    def meant(self, named: str, relation: Relation, by: str) -> Asset | None:
        """The earlier holder that `by` named; None where it can have named the present one."""
        in_mlflow = relation in _IN_MLFLOW and named.startswith("mlflow:")
        if relation == "has_version" and not in_mlflow:
            return self.whole_then(named, by)
        if not in_mlflow and (relation not in _NAMING or not named.startswith("arn:")):
            return None
        present, namer = self._assets.get(named), self._assets.get(by)
        if present is None or namer is None or holder_of(named) is not None:
            return None
        if in_mlflow and (present.kind, namer.kind) != (_IN_MLFLOW[relation], "mlflow_model_version"):
            return None
        if ":lambda:" in named or present.account == "aws":
            return None  # Lambda gives no number again
        at = _settled(namer)
        if present.kind in _WHEN_CHANGED:
            at = namer.attributes.get("ended_at") if relation == "input_to" else None
        if not is_later(self._assets, named, at) or self._counted_by(present, at):
            return None
        return self._then(present, instant(at))

    def whole_then(self, named: str, part: str) -> Asset | None:
        """The earlier model group that a version was registered in, the schedule, pipeline or search that ran a job,
        the experiment that a run was in, or the feature group that a job wrote to, of those that a night showed: it was
        there before its part."""
        present, made = self._assets.get(named), self._assets.get(part)
        if present is None or made is None or present.kind not in _WHOLES:
            return None
        if not is_later(self._assets, named, made.created_at):
            return None
        if made.kind == "mlflow_run" and not self._gone(part):
            return None  # a run goes with its experiment; one that was imported began before that was made
        by_then = self._by_then(present, instant(made.created_at))
        return by_then[-1] if by_then else None

    def in_doubt(self, key: EdgeKey) -> bool:
        """Whether somebody had one of the names before, or must have had: few edges are such that this is so."""
        target = self._assets.get(key.target)
        return any(_spelled(end) in self._earlier for end in key[:2]) or (
            target is not None and is_later(self._assets, key.source, target.created_at)
        )

    def joined(self, key: EdgeKey, *, names_target: bool) -> Asset | None:
        """The earlier holder that a part or a product named, or was named as."""
        is_product = key.relation == "produced"
        if not names_target:
            if is_product:
                return self.meant(key.source, key.relation, key.target)
            return self._first_after(key.source, key.target)
        whole = self.whole_then(key.target, key.source)
        return whole or (self._first_after(key.target, key.source) if is_product else None)

    def _first_after(self, named: str, by: str) -> Asset | None:
        """The earlier holder that is what a job made, or a job that a search or an execution ran, of those that a night
        showed: the first that came after who named it; None where that is the present one."""
        present, maker = self._assets.get(named), self._assets.get(by)
        if present is None or maker is None or maker.created_at is None or _spelled(named) not in self._earlier:
            return None
        known = (*self._known(present), present)
        after = (one for one in known if one.created_at and instant(one.created_at) >= instant(maker.created_at))
        first = next(after, present)
        return None if first is present else first

    def changed(self, named: str, event: str) -> Asset | None:
        """The earlier holder to which something was done; None where it can have been done to the present one."""
        present, done = self._assets.get(named), self._assets.get(event)
        if present is None or done is None or done.created_at is None or holder_of(named) is not None:
            return None
        at = done.created_at
        if done.name.startswith(_MAKES):
            holders = (present, *self._earlier[_spelled(named)])
            made = [one for one in holders if _is_made_by(one, at)]
            if made:
                first = min(made, key=lambda one: instant(one.created_at))
                return None if first is present else first
        return self._then(present, instant(at)) if is_later(self._assets, named, at) else None

    def _counted_by(self, present: Asset, at: str | None) -> bool:
        """Whether the group that numbers a version was there by then. It gives no number again, so that nobody had this
        one before, and the times contradict each other: then the name stands."""
        numbered = parent_edge(present) if present.kind in _NUMBERED else None
        group = self._assets.get(numbered.source) if numbered is not None else None
        return group is not None and bool(group.created_at and at) and instant(group.created_at) <= instant(at)

    def _then(self, present: Asset, at: str) -> Asset:
        """The last who had the name by then, or somebody before the next one who is known."""
        if by_then := self._by_then(present, at):
            return by_then[-1]
        following = next((one.created_at for one in self._known(present) if one.created_at), present.created_at)
        unseen = asset_from_id(present.id)
        name = f"{present.name} before {following}"
        return unseen.but(id=f"{present.id}@before-{following}", kind=present.kind, name=name)

    def _known(self, present: Asset) -> list[Asset]:
        """Who had the name before, oldest first."""
        return sorted(self._earlier[_spelled(present.id)], key=lambda one: instant(one.created_at))

    def _by_then(self, present: Asset, at: str) -> list[Asset]:
        return [one for one in self._known(present) if one.created_at and instant(one.created_at) <= at]


def _spelled(asset_id: str) -> str:
    """An ARN is the same in any case, a name in MLflow is not."""
    return asset_id.lower() if asset_id.startswith("arn:") else asset_id


def _is_made_by(asset: Asset, called_at: str) -> bool:
    """Whether it was made so soon after a call that it is what the call made."""
    created, called = utc_time(asset.created_at), utc_time(called_at)
    return created is not None and called is not None and timedelta() <= created - called <= _MAKING


def _settled(namer: Asset) -> str | None:
    """The last time at which it can have begun to name what it names; None where nothing tells."""
    if namer.kind in _AT_CREATION or namer.kind == "mlflow_model_version":
        return namer.created_at
    return namer.modified_at if namer.kind in _WHEN_CHANGED or namer.kind == "model_card" else None


_NAMED_EITHER_WAY: Final = ("part_of", "produced")
"""Relations in which either end may name the other one: a job its search, or a version the job that made it."""


def reassign_to_earlier(edges: Edges, holders: Holders) -> Iterator[Asset]:
    """Moves what records say by ARN to the holder that they meant; the holders that got an edge."""
    moved = []
    for key in edges.known():
        names_target = True
        if is_audit_event(key.source):
            holder = holders.changed(key.target, key.source)
        elif key.relation in _NAMED_EITHER_WAY:
            if not holders.in_doubt(key) or (edge := edges.get(key)) is None:
                continue
            names_target = not all(one.record.endswith(f"/{key.target}") for one in edge.evidence)
            holder = holders.joined(key, names_target=names_target)
        else:
            holder, names_target = holders.meant(key.source, key.relation, key.target), False
        if holder is not None:
            source, target = (key.source, holder.id) if names_target else (holder.id, key.target)
            moved.append((key, source, target, holder))
    for key, source, target, holder in moved:
        edge = edges.pop(key)
        proof = (*edge.evidence, EARLIER)
        edges.add(replace(edge, source=source, target=target, certainty="inferred", evidence=proof))
        yield holder


def is_later(assets: Mapping[str, Asset], asset_id: str, at: str | None) -> bool:
    """Whether what has this ARN, or this name in MLflow, now was made after something was said of it. An S3 place is
    always the same."""
    asset = assets.get(asset_id) if asset_id.startswith(("arn:", "mlflow:")) else None
    return asset is not None and bool(at and asset.created_at) and instant(at) < instant(asset.created_at)
