"""The pages that a snapshot has once: home, the lists, coverage, changes, findings, audit, glossary.

`templates/pages/<name>.html` makes a page; the function of that name here (with `_` for `-`) gives it its data, where
it needs more than the site's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from studbook.model import CERTAINTIES, KINDS, RELATIONS, Asset, Envelope
from studbook.model.ids import page_path
from studbook.render.views.explore import explore
from studbook.render.views.kinds import run_table
from studbook.render.views.site import Json, Page, Site, account_path
from studbook.render.views.story import answers, deployments_of, drift_of, fingerprint_of, readers_of, versions_of

TITLES = {
    "home": ("Home", "What runs now, what changed, what needs attention"),
    "models": ("Models", "Every registered model and base model"),
    "datasets": ("Datasets", "What models are trained and judged on"),
    "evaluators": ("Evaluators", "What judges models"),
    "deployments": ("Deployments", "Where models answer"),
    "explore": ("Explore", "The lineage around one asset, step by step"),
    "experiments": ("Experiments", "MLflow experiments and runs"),
    "jobs": ("Jobs", "Everything that trained, tuned, evaluated or prepared"),
    "accounts": ("Accounts", "Every account and region that was asked"),
    "coverage": ("Coverage", "What was asked of each partition, and what came of it"),
    "changes": ("Changes", "What is different from the snapshot before"),
    "findings": ("Findings", "What the rules say"),
    "audit": ("Audit", "Digests, the chain, downloads, and how to verify them"),
    "glossary": ("Glossary", "The words of this catalog"),
}


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
            "partitions_asked": len(site.envelope.coverage),
            **(view(site) if view else {}),
        },
    )


def snapshot(site: Site) -> Json:
    """The snapshot in words."""
    envelope = site.envelope
    return {
        "number": envelope.number,
        "taken_at": envelope.taken_at,
        "digest": envelope.digest,
        "envelope": envelope.envelope,
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
        "redacted": coverage.redacted,
        "gaps": [{"operation": gap.operation, "code": gap.code, "message": gap.message} for gap in coverage.gaps],
    }


def home(site: Site) -> Json:
    """What runs now, what changed, what needs attention, what could not be seen."""
    live = [asset for asset in site.of("endpoint") if asset.gone_since is None]
    live.sort(key=lambda asset: (asset.stage != "production", asset.stage or "~", asset.name, asset.id))
    open_findings = [f for f in site.findings if f.waived_until is None]
    return {
        "running": [_running(site, asset) for asset in live],
        "attention": site.grouped(open_findings),
        "open_findings": Counter(finding.level for finding in open_findings),
        "changes": site.changes,
        "numbers": [
            {"title": title, "count": sum(1 for asset in site.of(*kinds) if asset.gone_since is None), "page": where}
            for title, where, kinds in (
                ("Model versions", "models", ("model_package",)),
                ("Datasets", "datasets", ("dataset",)),
                ("Evaluators", "evaluators", ("evaluator",)),
                ("Jobs", "jobs", tuple(kind for kind, info in KINDS.items() if info.section == "jobs")),
                ("Endpoints", "deployments", ("endpoint",)),
                ("MLflow runs", "experiments", ("mlflow_run",)),
            )
        ],
        "accounts": len({coverage.account for coverage in site.envelope.coverage if coverage.account}),
        "partitions": Counter(coverage.status for coverage in site.envelope.coverage),
    }


def _running(site: Site, asset: Asset) -> Json:
    return {
        "endpoint": site.link(asset.id),
        "account": site.account_link(asset.account),
        "region": asset.region,
        "stage": asset.stage,
        "status": asset.status,
        "answers": answers(site, asset),
        "findings": site.found(asset.id),
        "marks": site.link(asset.id)["marks"],
    }


def models(site: Site) -> Json:
    """Model groups with their newest version, base models, and packages of no group."""
    groups = []
    for group in site.of("model_package_group"):
        versions = versions_of(site, group)
        groups.append(
            {
                "asset": site.link(group.id),
                "account": site.account_link(group.account),
                "region": group.region,
                "stage": group.stage,
                "versions": len(versions),
                "newest": site.link(versions[0].id) if versions else None,
                "approval": versions[0].attributes.get("approval") if versions else None,
                "deployed": sorted(
                    {
                        d["asset"]["name"]
                        for version in versions
                        for d in deployments_of(site, version)
                        if d["asset"]["kind"] == "endpoint"
                    }
                ),
                "findings": sum(len(site.findings_by_asset.get(version.id, ())) for version in versions),
            }
        )
    grouped = {edge.target for edge in site.graph.edges if edge.relation == "has_version"}
    return {
        "groups": groups,
        "loose": [row(site, asset) for asset in site.of("model_package") if asset.id not in grouped],
        "base_models": [
            {**row(site, asset), "versions": site.links(v.id for v in versions_of(site, asset))}
            for asset in site.of("base_model")
        ],
        "cards": [row(site, asset) for asset in site.of("model_card")],
    }


def datasets(site: Site) -> Json:
    """Datasets with their newest version and how many read them."""
    rows = []
    for asset in site.of("dataset"):
        versions = versions_of(site, asset)
        rows.append(
            {
                **row(site, asset),
                "versions": len(versions),
                "newest": site.link(versions[0].id) if versions else None,
                "fingerprint": fingerprint_of(site, versions[0]) if versions else None,
                "readers": len({reader["job"]["id"] for reader in readers_of(site, [asset, *versions])}),
                "drifted": bool(drift_of(site, [asset, *versions])),
            }
        )
    return {"rows": rows, "feature_groups": [row(site, asset) for asset in site.of("feature_group")]}


def evaluators(site: Site) -> Json:
    """Evaluators with their versions and how often they judged."""
    rows = []
    for asset in site.of("evaluator"):
        versions = versions_of(site, asset)
        judged = {
            edge.target for subject in (asset, *versions) for edge in site.graph.downstream(subject.id, "input_to")
        }
        rows.append(
            {
                **row(site, asset),
                "versions": len(versions),
                "newest": site.link(versions[0].id) if versions else None,
                "judged": len(judged),
            }
        )
    return {"rows": rows}


def deployments(site: Site) -> Json:
    """Endpoints with what answers there, and what they are made of."""
    return {
        "running": [_running(site, asset) for asset in site.of("endpoint")],
        "components": [row(site, asset) for asset in site.of("inference_component")],
        "configs": [row(site, asset) for asset in site.of("endpoint_config")],
        "models": [row(site, asset) for asset in site.of("model")],
    }


def experiments(site: Site) -> Json:
    """Experiments, all runs in one table, and MLflow's own registry."""
    counts: Counter[str] = Counter()
    for run in site.of("mlflow_run"):
        counts.update(edge.target for edge in site.graph.downstream(run.id, "part_of"))
    return {
        "experiments": [{**row(site, asset), "runs": counts[asset.id]} for asset in site.of("mlflow_experiment")],
        "runs": run_table(site, site.of("mlflow_run")),
        "registered": [
            {**row(site, asset), "versions": site.links(v.id for v in versions_of(site, asset))}
            for asset in site.of("mlflow_registered_model")
        ],
        "logged": [row(site, asset) for asset in site.of("mlflow_logged_model")],
    }


def jobs(site: Site) -> Json:
    """All jobs in one table."""
    kinds = tuple(kind for kind, info in KINDS.items() if info.section == "jobs")
    others = tuple(kind for kind, info in KINDS.items() if info.section == "other")
    return {
        "rows": [row(site, asset) for asset in site.of(*kinds)],
        "others": [row(site, asset) for asset in site.of(*others)],
    }


def row(site: Site, asset: Asset) -> Json:
    """An asset as a row of a list."""
    return {
        "asset": site.link(asset.id),
        "account": site.account_link(asset.account),
        "account_text": asset.account,
        "region": asset.region,
        "stage": asset.stage,
        "status": asset.status,
        "created_at": asset.created_at,
        "findings": len(site.findings_by_asset.get(asset.id, ())),
    }


def accounts(site: Site) -> Json:
    """Accounts that were asked or that own something."""
    return {"rows": [_account(site, account) for account in account_ids(site)]}


def account_ids(site: Site) -> list[str]:
    """Every account with a page of its own."""
    named = {account.id for account in site.settings.accounts}
    named.update(asset.account for asset in site.graph.assets.values() if asset.account)
    named.update(coverage.account for coverage in site.envelope.coverage if coverage.account)
    return sorted(account for account in named if site.account_link(account) is not None)


def _account(site: Site, account: str) -> Json:
    configured = site.settings.account(account)
    partitions = [_partition(site, c) for c in site.envelope.coverage if c.account == account]
    owned = [asset for asset in site.graph.assets.values() if asset.account == account]
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


def account_pages(site: Site) -> Iterable[Page]:
    """One page for each account: its regions, what it holds, what could not be seen."""
    for account in account_ids(site):
        facts = _account(site, account)
        owned = [asset for asset in site.graph.assets.values() if asset.account == account]
        kinds = Counter((asset.kind, asset.region) for asset in owned)
        name = site.account_name(account) or account
        yield Page(
            path=account_path(account),
            title=name,
            description=f"Account {account}",
            section="accounts",
            template="assets/account.html",
            data={
                **facts,
                "name": name,
                "kinds": [
                    {"title": KINDS[kind].plural, "region": region, "count": count}
                    for (kind, region), count in sorted(
                        kinds.items(), key=lambda item: (list(KINDS).index(item[0][0]), item[0][1] or "")
                    )
                ],
                "endpoints": [_running(site, asset) for asset in site.of("endpoint") if asset.account == account],
                "groups": [row(site, asset) for asset in site.of("model_package_group") if asset.account == account],
                "rows": [
                    row(site, asset) for asset in sorted(owned, key=lambda a: (list(KINDS).index(a.kind), a.name, a.id))
                ],
                "findings": [site.finding(f) for f in site.findings if f.asset in {a.id for a in owned}],
            },
        )


def coverage(site: Site) -> Json:
    """Every partition."""
    partitions = [_partition(site, c) for c in site.envelope.coverage]
    stale = [asset for asset in site.graph.assets.values() if asset.stale_since is not None]
    return {
        "partitions": partitions,
        "statuses": Counter(partition["status"] for partition in partitions),
        "stale": [row(site, asset) for asset in stale],
        "unresolved": [row(site, asset) for asset in site.graph.assets.values() if asset.unresolved],
        "gone": [row(site, asset) for asset in site.graph.assets.values() if asset.gone_since is not None],
    }


def changes(site: Site) -> Json:
    """The difference from the snapshot before."""
    return {"changes": site.changes}


def findings(site: Site) -> Json:
    """All findings, open ones first."""
    return {
        "open": site.grouped(f for f in site.findings if f.waived_until is None),
        "waived": site.grouped(f for f in site.findings if f.waived_until is not None),
        "rules": [[rule, mend] for rule, mend in sorted(site.mends.items())],
    }


def audit(site: Site) -> Json:
    """The chain of envelopes and the digests of the content."""
    parts = site.envelope.parts
    return {
        "parts": [["records", parts.records], ["assets", parts.assets], ["edges", parts.edges]],
        "chain": [_envelope(envelope) for envelope in reversed(site.history)],
        "certainties": sorted(
            Counter(edge.certainty for edge in site.graph.edges).items(),
            key=lambda item: list(CERTAINTIES).index(item[0]),
        ),
        "kinds": [[KINDS[kind].plural, len(site.by_kind[kind])] for kind in KINDS if site.by_kind.get(kind)],
    }


def _envelope(envelope: Envelope) -> Json:
    return {
        "number": envelope.number,
        "taken_at": envelope.taken_at,
        "digest": envelope.digest,
        "envelope": envelope.envelope,
        "previous": envelope.previous,
        "partial": sum(1 for coverage in envelope.coverage if coverage.status in ("partial", "failed")),
    }


def glossary(site: Site) -> Json:
    """Kinds, relations and certainties, in the product's words."""
    return {
        "kinds": [[info.title, info.meaning] for info in KINDS.values()],
        "relations": [[name, words] for name, words in RELATIONS.items()],
        "certainties": [[name, meaning] for name, meaning in CERTAINTIES.items()],
    }


VIEWS: dict[str, Callable[[Site], Json]] = {
    "home": home,
    "models": models,
    "datasets": datasets,
    "evaluators": evaluators,
    "deployments": deployments,
    "experiments": experiments,
    "jobs": jobs,
    "explore": explore,
    "accounts": accounts,
    "coverage": coverage,
    "changes": changes,
    "findings": findings,
    "audit": audit,
    "glossary": glossary,
}

__all__ = ["account_pages", "page", "page_path"]
