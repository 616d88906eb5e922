"""The pages that a snapshot has once: home, the lists, coverage, changes, findings, audit, glossary.

`templates/pages/<name>.html` makes a page; the function of that name here (with `_` for `-`) gives it its data, where
it needs more than the site's own.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from studbook.model import CERTAINTIES, KINDS, RELATIONS, Asset
from studbook.model.attributes import LINKED, Attribute
from studbook.render.views.compare_data import compare
from studbook.render.views.deployments import running
from studbook.render.views.dossier import approvals_table, dossiers_table
from studbook.render.views.explore import explore
from studbook.render.views.home import home
from studbook.render.views.incident import incident
from studbook.render.views.lists import (
    MOST_BULLETS,
    OVERVIEWS,
    account_table,
    change_tables,
    findings_table,
    region_table,
)
from studbook.render.views.site import Json, Page, Site, account_path, region_path, rule_path
from studbook.render.views.tables import Table
from studbook.sources import declared_attributes

TITLES = {
    "home": ("Home", "What runs now, what changed, what needs attention"),
    "models": ("Models", "Every registered model and base model"),
    "datasets": ("Datasets", "What models are trained and judged on"),
    "evaluators": ("Evaluators", "What judges models"),
    "deployments": ("Deployments", "Where models answer"),
    "compare": ("Compare", "Two to six versions, runs or jobs side by side"),
    "explore": ("Explore", "The lineage around one asset, step by step"),
    "experiments": ("Experiments", "MLflow experiments and runs"),
    "jobs": ("Jobs", "Everything that trained, tuned, evaluated or prepared"),
    "incident": ("Incident", "What a place in S3, a dataset or a digest has reached, and whom to call"),
    "accounts": ("Accounts", "Every account and region that was asked"),
    "coverage": ("Coverage", "What was asked of each partition, and what came of it"),
    "changes": ("Changes", "What is different from the snapshot before"),
    "findings": ("Findings", "What the rules say"),
    "audit": ("Audit", "Digests, the chain, downloads, and how to verify them"),
    "glossary": ("Glossary", "The words of this catalog"),
}


TABLES: Final[Mapping[str, Callable[[Site], Table]]] = {
    **OVERVIEWS,
    "dossiers": dossiers_table,
    "approvals": approvals_table,
}
"""The tables that pages here have, by the file that has the whole of a long one."""
_TABLES_OF: Final[Mapping[str, Mapping[str, str]]] = {
    "models": {"groups": "models", "base_models": "base-models", "loose": "loose", "cards": "cards"},
    "datasets": {"table": "datasets", "feature_groups": "feature-groups", "tables": "tables"},
    "evaluators": {"table": "evaluators"},
    "deployments": {
        "endpoints": "endpoints",
        "components": "components",
        "configs": "configs",
        "sagemaker_models": "sagemaker-models",
        "schedules": "schedules",
    },
    "experiments": {"experiments": "experiments", "runs": "runs", "registered": "mlflow-models", "logged": "logged"},
    "jobs": {"jobs": "jobs", "others": "others"},
    "coverage": {"stale": "stale", "unresolved": "unresolved", "gone": "gone"},
    "audit": {"dossiers": "dossiers", "approvals": "approvals", "chain": "snapshots"},
}
"""Which of them each page has, by the name that its template has for it."""


def page(site: Site, name: str) -> Page:
    """The page that `templates/pages/<name>.html` makes."""
    view = VIEWS.get(name)
    title, description = TITLES.get(name, (name.replace("-", " ").capitalize(), name))
    return Page(
        path="" if name == "home" else f"{name}/",
        title=title,
        description=description,
        section=name,
        template=f"pages/{name}.html",
        data={
            "snapshot": snapshot(site),
            "gaps": gaps(site),
            "external": site.external,
            "partitions_asked": len(site.envelope.coverage),
            **{member: TABLES[file](site).on_page() for member, file in _TABLES_OF.get(name, {}).items()},
            **(view(site) if view else {}),
        },
    )


def snapshot(site: Site) -> Json:
    """The snapshot in words."""
    envelope = site.envelope
    return {
        **envelope.summary,
        "previous": envelope.previous,
        "config": envelope.config,
        "generator": envelope.generator,
        "assets": len(site.graph.assets),
        "edges": len(site.graph.edges),
    }


def gaps(site: Site) -> list[Json]:
    """Every partition that was not seen whole, with its gaps by what the API said."""
    out = []
    for coverage in site.envelope.coverage:
        if coverage.status in ("partial", "failed") or coverage.gaps:
            reasons: dict[str, dict[str, list[str]]] = {}
            for gap in coverage.gaps:
                # One denied partition has a gap for each of its operations, and often the same words for all.
                reasons.setdefault(gap.code, {}).setdefault(gap.message, []).append(gap.operation)
            out.append(
                {
                    **_partition(site, coverage),
                    "reasons": [
                        {"code": code, "message": message, "operations": operations}
                        for code, messages in reasons.items()
                        for message, operations in messages.items()
                    ],
                }
            )
    return out


def _partition(site: Site, coverage: Any) -> Json:
    return {
        "account": site.account_link(coverage.account),
        "account_id": coverage.account,
        "region": coverage.region,
        "source": coverage.source,
        "status": coverage.status,
        "records": coverage.records,
        "requests": coverage.requests,
        "gaps": [{"operation": gap.operation, "code": gap.code, "message": gap.message} for gap in coverage.gaps],
        "reason": coverage.reason,
        "listed_at": coverage.listed_at,
    }


def accounts(site: Site) -> Json:
    """Accounts that were asked or that own something, and the regions."""
    return {
        "rows": [_account(site, account) for account in account_ids(site)],
        "regions": [
            {"region": site.region_link(region), "assets": len(site.by_place("region", region))}
            for region in region_names(site)
        ],
    }


def account_ids(site: Site) -> list[str]:
    """The ids of the accounts with a page of their own, sorted."""
    named = {account.id for account in site.settings.accounts}
    named.update(asset.account for asset in site.graph.assets.values() if asset.account)
    named.update(coverage.account for coverage in site.envelope.coverage if coverage.account)
    return sorted(account for account in named if site.account_link(account) is not None)


def _account(site: Site, account: str) -> Json:
    configured = site.settings.account(account)
    partitions = [_partition(site, c) for c in site.envelope.coverage if c.account == account]
    owned = site.by_place("account", account)
    regions = sorted({r for r in [*(a.region for a in owned), *(p["region"] for p in partitions)] if r})
    return {
        "account": site.account_link(account),
        "id": account,
        "stage": configured.stage if configured else next((a.stage for a in owned if a.stage), None),
        "configured": configured is not None,
        "regions": regions,
        "assets": len(owned),
        "partitions": partitions,
        "statuses": Counter(partition["status"] for partition in partitions),
    }


def place_pages(site: Site) -> Iterable[Page]:
    """One page for each account and each region: what it holds, what runs there, what could not be seen."""
    for account in account_ids(site):
        facts = _account(site, account)
        told = {
            "id": account,
            "kind": "Account",
            "name": site.account_name(account) or account,
            "stage": facts["stage"],
            "configured": facts["configured"],
            "others": [link for region in facts["regions"] if (link := site.region_link(region))],
            "partitions": facts["partitions"],
            "table": account_table(site, account).on_page(),
        }
        yield _place_page(site, account_path(account), site.by_place("account", account), told)
    for region in region_names(site):
        owned = site.by_place("region", region)
        accounts = sorted({asset.account for asset in owned if asset.account})
        told = {
            "id": None,
            "kind": "Region",
            "name": region,
            "stage": None,
            "configured": True,
            "others": [link for account in accounts if (link := site.account_link(account))],
            "partitions": [_partition(site, c) for c in site.envelope.coverage if c.region == region],
            "table": region_table(site, region).on_page(),
        }
        yield _place_page(site, region_path(region), owned, told)


def _place_page(site: Site, path: str, owned: Sequence[Asset], told: Json) -> Page:
    ids = {asset.id for asset in owned}
    kinds = Counter((asset.kind, asset.account, asset.region) for asset in owned)
    order = list(KINDS)
    return Page(
        path=path,
        title=told["name"],
        description=told["kind"],
        section="accounts",
        template="assets/account.html",
        data={
            **told,
            "kinds": [
                {"title": KINDS[name].plural, "account": site.account_link(account), "region": region, "count": count}
                for (name, account, region), count in sorted(
                    kinds.items(), key=lambda item: (order.index(item[0][0]), item[0][1] or "", item[0][2] or "")
                )
            ],
            "endpoints": [site.deployment(asset.id, running) for asset in site.of("endpoint") if asset.id in ids],
            "findings": site.grouped(f for f in site.findings if f.asset in ids and f.waived is None),
        },
    )


def region_names(site: Site) -> list[str]:
    """The regions with a page of their own, sorted."""
    named = {asset.region for asset in site.graph.assets.values()}
    named.update(coverage.region for coverage in site.envelope.coverage)
    return sorted(region for region in named if region and site.region_link(region) is not None)


def coverage(site: Site) -> Json:
    """Every partition."""
    partitions = [_partition(site, c) for c in site.envelope.coverage]
    return {
        "partitions": partitions,
        "statuses": Counter(partition["status"] for partition in partitions),
    }


def changes(site: Site) -> Json:
    """The difference from the snapshot before."""
    return {
        "changes": site.changes,
        "most": MOST_BULLETS,
        "tables": {anchor: table.on_page() for anchor, table in change_tables(site).items() if table.rows},
    }


def findings(site: Site) -> Json:
    """All findings, open ones first, and all rules."""
    counts = Counter((one.rule, one.waived is not None) for one in site.findings)
    return {
        "open": site.grouped(f for f in site.findings if f.waived is None),
        "waived": site.grouped(f for f in site.findings if f.waived is not None),
        "rules": [
            {**rule, "path": rule_path(name), "open": counts[name, False], "waived": counts[name, True]}
            for name, rule in site.rules.items()
        ],
    }


def rule_pages(site: Site) -> Iterable[Page]:
    """One page for each rule, whether it found something or not: its manual, how it is set, what it found."""
    for name, rule in site.rules.items():
        yield Page(
            path=rule_path(name),
            title=name,
            description="Rule",
            section="findings",
            template="assets/rule.html",
            data={
                "rule": rule,
                "open": findings_table(site, name, waived=False).on_page(),
                "waived": findings_table(site, name, waived=True).on_page(),
                "checked_by": site.envelope.generator,
            },
        )


def audit(site: Site) -> Json:
    """The chain of envelopes and the digests of the content."""
    return {
        "parts": [list(part) for part in site.envelope.parts.manifests.items()],
        "tree": site.envelope.tree.model_dump() if site.envelope.tree is not None else None,
        "certainties": sorted(
            Counter(edge.certainty for edge in site.graph.edges).items(),
            key=lambda item: list(CERTAINTIES).index(item[0]),
        ),
        "kinds": [[KINDS[kind].plural, len(site.by_kind[kind])] for kind in KINDS if site.by_kind.get(kind)],
    }


def glossary(site: Site) -> Json:
    """Kinds with their fields, relations and certainties, in the product's words."""
    rows = declared_attributes()
    return {
        "kinds": [
            [info.title, info.meaning, info.starts, info.ends, _fields(rows.get(kind, ()))]
            for kind, info in KINDS.items()
        ],
        "fields": _fields(LINKED),
        "relations": [[name, words] for name, words in RELATIONS.items()],
        "certainties": [[name, meaning] for name, meaning in CERTAINTIES.items()],
    }


def _fields(rows: Iterable[Attribute]) -> list[tuple[str, str]]:
    """Each attribute once, with its meanings: several records may say it, each in its own way."""
    found: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for row in rows:
        found[row.name][row.meaning] = None
    return [(name, " ".join(meanings)) for name, meanings in found.items()]


VIEWS: dict[str, Callable[[Site], Json]] = {
    "home": home,
    "explore": explore,
    "compare": compare,
    "incident": incident,
    "accounts": accounts,
    "coverage": coverage,
    "changes": changes,
    "findings": findings,
    "audit": audit,
    "glossary": glossary,
}

__all__ = ["page", "place_pages", "rule_pages"]
