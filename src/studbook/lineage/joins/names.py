"""What a record names without an ARN: the record of that account, region and type with that name.

Names of one kind do not differ by case. Where no listing shows one, its ARN is made from the name, in lower case as
AWS writes it. Where the one of that name was made later, an earlier one is meant; but what a configuration names is
looked up whenever it is deployed, so that where that may have been later both are candidates.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from studbook.lineage.holders import EARLIER, Holders, is_later
from studbook.lineage.joins.interface import View, inferred, referenced
from studbook.model import Asset, Facts
from studbook.model.edge import EdgeKey
from studbook.model.facts import ByName
from studbook.model.ids import is_audit_event, sagemaker_arn


def join(view: View) -> Facts:
    """Resolves every `ByName` but those that are pending."""
    facts = Facts()
    holders = Holders(view.assets)
    deployments = _deployments(view)
    for claim in view.all(ByName):
        if claim.pending:
            continue
        named = holder(view, claim)
        if named is None:
            named = made_up(claim)
            facts.mentions.append(
                Asset(id=named, kind=claim.kind, name=called(claim), account=claim.account, region=claim.region)
            )
        if is_audit_event(claim.other) and (done_to := holders.changed(named, claim.other)) is not None:
            facts.mentions.append(done_to)
            proof = (claim.evidence, EARLIER)
            facts.edges.append(inferred(claim.other, done_to.id, claim.relation, proof, role=claim.role))
            continue
        earlier = holders.meant(named, claim.relation, claim.other) if claim.upstream else None
        if earlier is not None:
            facts.mentions.append(earlier)
            again = any(not is_later(view.assets, named, at) for at in deployments.get(claim.other, ()))
            for one in (earlier.id, named) if again else (earlier.id,):
                proof = (claim.evidence, EARLIER)
                edge = inferred(one, claim.other, claim.relation, proof, role=claim.role, candidate=again)
                facts.edges.append(edge)
            continue
        if not claim.upstream:
            key = EdgeKey(claim.other, named, claim.relation, claim.role)
            if (then := holders.joined(key, names_target=True)) is not None:
                proof = (claim.evidence, EARLIER)
                facts.edges.append(inferred(claim.other, then.id, claim.relation, proof, role=claim.role))
                continue
        source, target = (named, claim.other) if claim.upstream else (claim.other, named)
        facts.edges.append(referenced(source, target, claim.relation, (claim.evidence,), role=claim.role))
    return facts


def holder(view: View, claim: ByName) -> str | None:
    """The present holder of a name."""
    holders = view.by_name.get((claim.kind, claim.account, claim.region, called(claim).lower()), [])
    # An earlier holder of the name is gone, and has its creation time behind an @.
    return min(holders, key=lambda asset_id: ("@" in asset_id, asset_id), default=None)


def _deployments(view: View) -> Mapping[str, list[str | None]]:
    """When the endpoints of each configuration can have been deployed last."""
    found: defaultdict[str, list[str | None]] = defaultdict(list)
    for claim in view.all(ByName):
        endpoint = view.assets.get(claim.other)
        if claim.kind == "endpoint_config" and endpoint is not None and (config := holder(view, claim)) is not None:
            found[config].append(endpoint.modified_at)
    return found


def called(claim: ByName) -> str:
    """A version of a package is asked for as group/number, and called "group number"."""
    return claim.name.replace("/", " ") if claim.kind == "model_package" else claim.name


def made_up(claim: ByName) -> str:
    """The id of what no listing shows."""
    resource = {"tuning_job": "hyper-parameter-tuning-job"}.get(claim.kind, claim.kind.replace("_", "-"))
    return sagemaker_arn(claim.aws_partition, claim.region, claim.account, resource, claim.name)
