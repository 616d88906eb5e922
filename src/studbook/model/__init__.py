"""The words of the product as types: frozen, validated, one home for each."""

from studbook.model.asset import Asset
from studbook.model.canonical import canonical, digest
from studbook.model.coverage import Coverage, Gap
from studbook.model.edge import Edge
from studbook.model.evidence import Evidence
from studbook.model.facts import Claim, Facts
from studbook.model.finding import Finding
from studbook.model.kinds import KINDS, Kind, KindInfo
from studbook.model.record import REDACTED, Partition, Record
from studbook.model.relations import CERTAINTIES, RELATIONS, Certainty, Relation
from studbook.model.snapshot import Continues, Envelope, Parts

__all__ = [
    "CERTAINTIES",
    "KINDS",
    "REDACTED",
    "RELATIONS",
    "Asset",
    "Certainty",
    "Claim",
    "Continues",
    "Coverage",
    "Edge",
    "Envelope",
    "Evidence",
    "Facts",
    "Finding",
    "Gap",
    "Kind",
    "KindInfo",
    "Partition",
    "Parts",
    "Record",
    "Relation",
    "canonical",
    "digest",
]
