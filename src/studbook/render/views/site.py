"""What every view asks of a snapshot: links, edges as sentences, notices, findings by asset."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from studbook.cards import Card
from studbook.lineage.graph import Graph
from studbook.model import KINDS, RELATIONS, Asset, Coverage, Edge, Envelope, Finding, Record, digest
from studbook.model.finding import LEVELS
from studbook.queries import QUESTIONS
from studbook.queries.answer import Answer, Night, RecordOf, natural
from studbook.queries.handles import behind_handle
from studbook.queries.log import approvals
from studbook.queries.namesakes import account_name, namesakes, place_of
from studbook.settings import Settings
from studbook.store.past import SnapshotHistory
from studbook.words import reference

Json = dict[str, Any]

_ACCOUNT = re.compile(r"^(\d{12}|aws|account-[0-9a-f]{12})$")
"""An account's id, or its pseudonym."""

_REGION = re.compile(r"^[a-z]{2,4}(-[a-z]{2,12}){1,3}-\d{1,2}$")

_RULE = re.compile(r"[a-z0-9][a-z0-9-]*")


_OPPOSITE = {
    "has_version": "is a version of",
    "content_of": "has its content from",
    "input_to": "was made with",
    "produced": "was produced by",
    "base_of": "is based on",
    "packaged_as": "packages",
    "deployed_to": "runs",
    "recorded_in": "records",
    "registered_as": "registers",
    "part_of": "includes",
    "described_by": "describes",
    "copied_to": "is a copy of",
    "same_as": "is the same as",
    "associated": "is associated with",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page: where it goes, and everything its template may ask for."""

    path: str
    """Below the site's root, with a final slash; empty for the home page."""
    title: str
    description: str
    section: str
    """The tab that is lit."""
    template: str
    data: Json

    @property
    def root(self) -> str:
        """The way from this page to the site's root."""
        return "../" * self.path.count("/") or "./"


@dataclass(frozen=True, kw_only=True)
class Site:
    """A snapshot and what is said of it. Everything that pages show comes from here."""

    graph: Graph
    envelope: Envelope
    settings: Settings = field(default_factory=Settings)
    findings: Sequence[Finding] = ()
    cards: Mapping[str, Card] = field(default_factory=dict)
    changes: Json | None = None
    """The difference from the snapshot before, as `change_data.changes_data` tells it; None for the first."""
    history: Sequence[Envelope] = ()
    """All envelopes up to this one, oldest first."""
    rules: Mapping[str, Json] = field(default_factory=dict)
    """Each rule by its id: level, whether it is on, its manual, and its parameters as rows of name, value, meaning."""
    records: Mapping[tuple[str, str], Record] = field(default_factory=dict)
    """Records of jobs and of states of data, by kind and id: what would train a model again."""
    running: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The model versions that answer somewhere, and the endpoints where they do; ids."""
    records_behind: Mapping[str, Sequence[Record]] = field(default_factory=dict)
    """What the APIs said of an asset, for those that belong to a model version that runs somewhere."""
    record_of: RecordOf = lambda kind, record_id: None
    """Any record, by kind and id."""
    past: SnapshotHistory | None = None
    """The nights up to this one."""
    external: bool = False
    """Whether it is an edition for outsiders."""
    rows_told: dict[str, list[str]] = field(default_factory=dict, init=False, repr=False)
    """What lists of assets of any kind say of each, as `Table.told`."""
    _links: dict[str, Json] = field(default_factory=dict, init=False, repr=False)
    _deployments: dict[str, Json] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def by_kind(self) -> dict[str, list[Asset]]:
        """All assets by kind; newest first, then by name."""
        groups: dict[str, list[Asset]] = defaultdict(list)
        for asset in self.graph.assets.values():
            groups[asset.kind].append(asset)
        for group in groups.values():
            group.sort(key=lambda asset: (natural(asset.name), asset.id))
            group.sort(key=lambda asset: asset.created_at or "", reverse=True)
        return groups

    def of(self, *kinds: str) -> list[Asset]:
        """The assets of these kinds, kind after kind."""
        return [asset for kind in kinds for asset in self.by_kind.get(kind, ())]

    @cached_property
    def findings_by_asset(self) -> dict[str | None, list[Finding]]:
        """What is found of each asset, worst first; waived ones last."""
        groups: dict[str | None, list[Finding]] = defaultdict(list)
        for finding in self.findings:
            if finding.asset is not None:
                groups[finding.asset].append(finding)
        for group in groups.values():
            group.sort(key=lambda f: (f.waived is not None, LEVELS.index(f.level), f.rule, f.message))
        return groups

    @cached_property
    def partial(self) -> dict[tuple[str | None, str | None], list[Coverage]]:
        """The rows of the coverage that were not seen whole, by account and region."""
        groups: dict[tuple[str | None, str | None], list[Coverage]] = defaultdict(list)
        for coverage in self.envelope.coverage:
            if coverage.status in ("partial", "failed"):
                groups[coverage.account, coverage.region].append(coverage)
        return groups

    @cached_property
    def night(self) -> Night:
        """The snapshot as questions see it."""
        return Night(self.graph, self.envelope.coverage, self.settings, self.record_of, self.envelope, self.past)

    @cached_property
    def namesakes(self) -> dict[str, tuple[str, ...]]:
        """Those whose name is not theirs alone, by id, each with what tells it from the others, as
        `queries.namesakes`."""
        return namesakes(self.graph.assets.values())

    def place_of(self, asset: Asset) -> str:
        """What tells an asset from its namesakes; empty where it has none."""
        return place_of(self.settings, asset, self.namesakes)

    @property
    def mlflow_servers(self) -> dict[str, str]:
        """Where the configured MLflow servers are, by the names that ids have for them."""
        return {server.name: server.tracking_uri for server in self.settings.mlflow}

    @cached_property
    def approvals(self) -> list[tuple[Asset, Any]]:
        """Every change of an approval that a night shows, of all model versions, newest first: version and event."""
        found = [
            (version, row)
            for version in self.of("model_package")
            if version.attributes.get("approval") is not None
            for row in approvals(self.night, version)
        ]
        return sorted(found, key=lambda one: (one[1].at, one[1].night, one[0].id), reverse=True)

    def answer(self, question: str, asset_id: str) -> Answer[Any]:
        """The answer to a question, by its name, asked of an asset."""
        return QUESTIONS[question].ask(self.night, asset_id)

    def account_name(self, account: str | None) -> str | None:
        """What people call an account."""
        return account_name(self.settings, account)

    def link(self, asset_id: str) -> Json:
        """A link to an asset: what changes every night (status, metrics) is no part of it."""
        if asset_id not in self._links:
            self._links[asset_id] = self._link(asset_id)
        return self._links[asset_id]

    def deployment(self, asset_id: str, make: Callable[[Site, Asset], Json]) -> Json:
        """What overviews say of an endpoint: four of them list it, and its origins are walked to once."""
        if asset_id not in self._deployments:
            self._deployments[asset_id] = make(self, self.graph.assets[asset_id])
        return self._deployments[asset_id]

    def _link(self, asset_id: str) -> Json:
        asset = self.graph.assets.get(asset_id)
        where = (self.account_name(asset.account), asset.region) if asset else ()
        return reference(asset, asset_id, where, self.place_of(asset) if asset else "")

    def links(self, ids: Iterable[str]) -> list[Json]:
        """Links, each once, in the order given."""
        return [self.link(asset_id) for asset_id in dict.fromkeys(ids)]

    def account_link(self, account: str | None) -> Json | None:
        """A link to an account's page; None for what has no account."""
        if account is None or not _ACCOUNT.match(account):
            return None
        return {"id": account, "name": self.account_name(account), "path": account_path(account)}

    def by_place(self, what: str, value: str) -> Sequence[Asset]:
        """The assets of an account or a region, kind after kind."""
        return self._places[what, value]

    @cached_property
    def _places(self) -> dict[tuple[str, str], list[Asset]]:
        groups: dict[tuple[str, str], list[Asset]] = defaultdict(list)
        for asset in self.of(*KINDS):
            for what, value in (("account", asset.account), ("region", asset.region)):
                if value is not None:
                    groups[what, value].append(asset)
        return groups

    def region_link(self, region: str | None) -> Json | None:
        """A link to a region's page; None for what is no region's name."""
        if region is None or not _REGION.match(region):
            return None
        return {"name": region, "path": region_path(region)}

    def upstream(self, asset_id: str) -> list[Json]:
        """Every edge that ends here, as a sentence with its evidence."""
        return [self.sentence(edge, towards=edge.source) for edge in sorted(self.graph.upstream(asset_id), key=_order)]

    def downstream(self, asset_id: str) -> list[Json]:
        """Every edge that starts here, as a sentence with its evidence."""
        return [
            self.sentence(edge, towards=edge.target) for edge in sorted(self.graph.downstream(asset_id), key=_order)
        ]

    def sentence(self, edge: Edge, towards: str) -> Json:
        """One edge seen from one of its ends."""
        forwards = towards == edge.target
        return {
            "words": RELATIONS[edge.relation] if forwards else _OPPOSITE[edge.relation],
            "relation": edge.relation,
            "role": edge.role,
            "asset": self.link(towards),
            **how_known(edge),
        }

    def found(self, asset_id: str) -> list[Json]:
        """The findings of one asset."""
        return [self.finding(finding) for finding in self.findings_by_asset.get(asset_id, ())]

    def finding(self, finding: Finding) -> Json:
        """A finding with its asset, and the page of its rule."""
        return {
            "rule": finding.rule,
            "level": finding.level,
            "message": finding.message,
            "said": self.said_of(finding),
            "waived": asdict(finding.waived) if finding.waived else None,
            "asset": self.link(finding.asset) if finding.asset is not None else None,
            "page": rule_path(finding.rule) if finding.rule in self.rules else None,
        }

    def said_of(self, finding: Finding) -> str | None:
        """What a finding says, to stand behind a link to its asset; None where its message does not begin with it."""
        asset = self.graph.assets.get(finding.asset) if finding.asset is not None else None
        names = {account.id: account.name or account.id for account in self.settings.accounts}
        return behind_handle(finding.message, asset, names) if asset is not None else None

    def grouped(self, findings: Iterable[Finding]) -> list[Json]:
        """Findings by level and rule, worst first, since one cause is often found in many places."""
        groups: dict[tuple[str, str], list[Finding]] = defaultdict(list)
        for finding in sorted(findings, key=lambda f: (LEVELS.index(f.level), f.rule, f.asset or "", f.message)):
            groups[finding.level, finding.rule].append(finding)
        return [
            {
                "rule": rule,
                "level": level,
                "page": rule_path(rule) if rule in self.rules else None,
                "found": [self.finding(finding) for finding in several],
            }
            for (level, rule), several in groups.items()
        ]

    def notices(self, asset: Asset) -> list[Json]:
        """What a reader must know before believing the page: gone, deleted, stale, unresolved, or not seen whole."""
        out: list[Json] = []
        if asset.gone_since is not None:
            text = "A complete listing no longer has it. This page is kept as its tombstone."
            out.append({"tone": "gone", "title": f"Gone since snapshot {asset.gone_since}", "text": text})
        if asset.stale_since is not None:
            text = "It could not be seen again since then; what stands here is carried over and may have changed."
            out.append({"tone": "stale", "title": f"Stale since snapshot {asset.stale_since}", "text": text})
        if asset.attributes.get("lifecycle_stage") == "deleted":
            text = "Somebody deleted it there; its server still keeps it, and may remove it for good."
            out.append({"tone": "gone", "title": "Deleted in MLflow", "text": text})
        if asset.unresolved:
            text = "Something names it, but no listing showed it: deleted, someone else's, or never harvested."
            out.append({"tone": "unresolved", "title": "Unresolved", "text": text})
        elif asset.account == "aws" and not asset.records:
            text = "Known by what names it alone: what AWS publishes for everybody is not listed."
            out.append({"tone": "unresolved", "title": "Published by AWS", "text": text})
        for coverage in self.partial.get((asset.account, asset.region), ()):
            where = ", ".join(part for part in (self.account_name(coverage.account), coverage.region) if part)
            text = "What is missing here may exist all the same."
            out.append({"tone": "gap", "title": f"{coverage.source} in {where} was not seen whole", "text": text})
        return out


def how_known(edge: Edge) -> Json:
    """How sure an edge is, and its evidence in lines."""
    return {"certainty": edge.certainty, "candidate": edge.candidate, "evidence": list(map(str, edge.evidence))}


def account_path(account: str) -> str:
    """The address of an account's page."""
    return f"accounts/{account}/"


def rule_path(rule: str) -> str:
    """The address of a rule's page; whoever wrote a rule of their own chose its id."""
    return f"findings/{rule if _RULE.fullmatch(rule) else digest(rule.encode())[7:19]}/"


def region_path(region: str) -> str:
    """The address of a region's page."""
    return f"regions/{region}/"


_RANKS = {relation: rank for rank, relation in enumerate(RELATIONS)}


def _order(edge: Edge) -> tuple[Any, ...]:
    return (_RANKS[edge.relation], edge.role or "", edge.source, edge.target)
