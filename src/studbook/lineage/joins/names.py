"""What a record names without an ARN: the record of that account, region and type with that name.

Names of one kind do not differ by case. Where no listing shows one, its ARN is made from the name, in lower case as
AWS writes it.
"""

from __future__ import annotations

from studbook.lineage.joins.interface import View
from studbook.model import Asset, Edge, Facts
from studbook.model.facts import ByName
from studbook.model.ids import sagemaker_arn


def join(view: View) -> Facts:
    """Resolves every `ByName`."""
    facts = Facts()
    for claim in view.all(ByName):
        name = called(claim)
        holders = view.by_name.get((claim.kind, claim.account, claim.region, name.lower()), [])
        # An earlier holder of the name is gone, and has its creation time behind an @.
        named = min(holders, key=lambda asset_id: ("@" in asset_id, asset_id), default=None)
        if named is None:
            named = made_up(claim)
            facts.mentions.append(
                Asset(id=named, kind=claim.kind, name=name, account=claim.account, region=claim.region)
            )
        source, target = (named, claim.other) if claim.upstream else (claim.other, named)
        facts.edges.append(
            Edge(
                source=source,
                target=target,
                relation=claim.relation,
                role=claim.role,
                certainty="referenced",
                evidence=(claim.evidence,),
            )
        )
    return facts


def called(claim: ByName) -> str:
    """A version of a package is asked for as group/number, and called "group number"."""
    return claim.name.replace("/", " ") if claim.kind == "model_package" else claim.name


def made_up(claim: ByName) -> str:
    """The id of what no listing shows."""
    resource = {"tuning_job": "hyper-parameter-tuning-job"}.get(claim.kind, claim.kind.replace("_", "-"))
    return sagemaker_arn(claim.aws_partition, claim.region, claim.account, resource, claim.name)
