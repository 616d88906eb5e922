"""The words of the product as types: frozen, validated, one home for each."""

from studbook.model.asset import Asset
from studbook.model.canonical import canonical, digest
from studbook.model.coverage import Coverage, Gap
from studbook.model.edge import Edge
from studbook.model.evidence import Evidence
from studbook.model.facts import Claim, Facts
from studbook.model.finding import Finding
from studbook.model.kinds import KINDS, Kind
from studbook.model.people import WorkingFile
from studbook.model.reading import Reading
from studbook.model.record import PSEUDONYM, REDACTED, Partition, Record
from studbook.model.relations import CERTAINTIES, RELATIONS, Certainty, Relation
from studbook.model.snapshot import Content, Continues, Envelope, Parts, TreeHead

__all__ = [
    "CERTAINTIES",
    "KINDS",
    "PSEUDONYM",
    "REDACTED",
    "RELATIONS",
    "Asset",
    "Certainty",
    "Claim",
    "Content",
    "Continues",
    "Coverage",
    "Edge",
    "Envelope",
    "Evidence",
    "Facts",
    "Finding",
    "Gap",
    "Kind",
    "Partition",
    "Parts",
    "Reading",
    "Record",
    "Relation",
    "TreeHead",
    "WorkingFile",
    "canonical",
    "digest",
]
