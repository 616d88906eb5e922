"""The lists of assets: which columns each has, and which of them lie in files because they are long."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any, Final

from studbook.model import CERTAINTIES, KINDS, Asset, Envelope, Finding
from studbook.model.finding import LEVELS
from studbook.queries.neighbours import count_users, newest, versions
from studbook.render.views.deployments import deployments_of, running
from studbook.render.views.evaluations import judged_by
from studbook.render.views.provenance import drift_of, ends, fingerprint_of, readers_of
from studbook.render.views.site import Json, Site, account_path, rule_path
from studbook.render.views.tables import Column, Table, badge, stage_badge, state
from studbook.words import number, plain, says

_MOST = 8
"""The most parameters, and metrics, that have a column."""
_LONG = 400
"""Letters of a changed value that a table has."""
_LOOKED_AT = {"production": 0, "staging": 1}


def assets_table(site: Site, label: str, assets: Sequence[Asset], file: str) -> Table:
    """Assets of any kind; of some files' the label names it."""
    return Table(label, _columns(site), assets, file, site.rows_told, said=("Kind",) if file in _OF_A_KIND else ())


def _columns(site: Site) -> list[Column]:
    return [
        Column("Name", lambda a: site.link(a.id)),
        Column("Kind", lambda a: KINDS[a.kind].title, facet=True),
        *places(site),
        Column("Status", lambda a: badge(state(a, a.status)), facet=True),
        Column("Created", lambda a: (a.created_at or "")[:10]),
        _findings(site),
    ]


def places(site: Site) -> list[Column]:
    """Where assets are."""
    return [
        Column("Account", lambda a: site.account_link(a.account) or a.account, facet=True),
        Column("Region", lambda a: site.region_link(a.region) or a.region, facet=True),
        Column("Stage", lambda a: stage_badge(a.stage), facet=True),
    ]


def _findings(site: Site) -> Column:
    return Column("Findings", lambda a: len(site.findings_by_asset.get(a.id, ())) or None)


def _newest(site: Site) -> Column:
    return Column("Newest version", lambda a: next((site.link(v.id) for v in versions(site.graph, a)), None))


def _versions(site: Site) -> Column:
    return Column("Versions", lambda a: len(versions(site.graph, a)))


def groups_table(site: Site) -> Table:
    """Registered models with their newest versions."""

    def approval(group: Asset) -> Json | None:
        return next((badge(state(v, v.attributes.get("approval"))) for v in versions(site.graph, group)), None)

    def owner(group: Asset) -> str | None:
        card = site.cards.get(group.name)
        return card.facts.get("owner") if card is not None else None

    def runs_at(group: Asset) -> Json | None:
        endpoints = {
            place["asset"]["id"]: place["asset"]
            for version in versions(site.graph, group)
            for place in deployments_of(site, version)
        }
        return _links(endpoints[endpoint] for endpoint in sorted(endpoints))

    columns = [
        Column("Model", lambda a: site.link(a.id)),
        _newest(site),
        Column("Approval", approval, facet=True),
        _versions(site),
        Column("Runs at", runs_at),
        *(column for column in places(site) if column.title != "Region"),
        Column("Owner", owner, facet=True),
        Column(
            "Findings",
            lambda a: sum(len(site.findings_by_asset.get(v.id, ())) for v in versions(site.graph, a)) or None,
        ),
    ]
    return Table("Registered models", columns, site.of("model_package_group"), "models")


def bases_table(site: Site) -> Table:
    """Base models; those of a service that gives no version a number have none to count."""

    columns = [
        Column("Base model", lambda a: site.link(a.id)),
        _newest(site),
        Column("Versions", lambda a: len(versions(site.graph, a)) or None),
        *places(site),
    ]
    return Table("Base models", columns, site.of("base_model"), "base-models")


def datasets_table(site: Site) -> Table:
    """Datasets with their newest version and how many read them."""

    def fingerprint(dataset: Asset) -> Json | None:
        return _digest(next((fingerprint_of(site, version) for version in versions(site.graph, dataset)), None))

    def drift(dataset: Asset) -> Json | None:
        drifted = drift_of(site, [dataset, *versions(site.graph, dataset)])
        return {"badge": "drifted", "tone": "wait"} if drifted else None

    columns = [
        Column("Dataset", lambda a: site.link(a.id)),
        _newest(site),
        Column(
            "Fingerprint", fingerprint, hint="A digest of the object manifest: keys, sizes and etags, not the bytes."
        ),
        _versions(site),
        Column("Readers", lambda a: count_users(site.graph, [a, *versions(site.graph, a)])),
        Column("Drift", drift, facet=True, hint="Whether it changed after a job had read it."),
        *places(site),
    ]
    return Table("Datasets", columns, site.of("dataset"), "datasets")


def endpoints_table(site: Site) -> Table:
    """Endpoints with what is deployed there, and what that is made of."""

    def at(endpoint: Asset) -> Sequence[Json]:
        answers: list[Json] = site.deployment(endpoint.id, running)["answers"]
        return answers

    def models(endpoint: Asset) -> Json | None:
        return _links(answer["model"] for answer in at(endpoint))

    def approval(endpoint: Asset) -> Json | str | None:
        known = list(dict.fromkeys(answer["approval"] for answer in at(endpoint) if answer["approval"]))
        return ", ".join(known) if len(known) > 1 else badge(known[0] if known else None)

    def bases(endpoint: Asset) -> Json | None:
        return _links(base for answer in at(endpoint) for base in answer["bases"])

    columns = [
        Column("Endpoint", lambda a: site.link(a.id)),
        Column("Status", lambda a: badge(state(a, a.status)), facet=True),
        Column("Deployed", models, hint="It answers there, if the endpoint takes requests."),
        Column("Approval", approval, facet=True),
        Column("Base model", bases),
        *places(site),
        _findings(site),
    ]
    return Table("Endpoints", columns, _production_first(site.of("endpoint")), "endpoints")


def _production_first(assets: Iterable[Asset]) -> list[Asset]:
    """In the order in which people look for what is deployed: production, staging, all others; last what is gone."""

    def place(asset: Asset) -> tuple[bool, int]:
        return asset.gone_since is not None, _LOOKED_AT.get(asset.stage or "", len(_LOOKED_AT))

    return sorted(assets, key=place)


def _digest(value: str | None) -> Json | None:
    return {"code": value.removeprefix("sha256:")[:12], "title": value} if value else None


def _links(several: Iterable[Json]) -> Json | None:
    links = {link["id"]: link for link in several}
    return {"links": list(links.values())} if links else None


def evaluators_table(site: Site) -> Table:
    """Evaluators with their versions and how often they judged."""

    columns = [
        Column("Evaluator", lambda a: site.link(a.id)),
        _newest(site),
        _versions(site),
        Column("Jobs that used it", lambda a: count_users(site.graph, [a, *versions(site.graph, a)])),
        *places(site),
        _findings(site),
    ]
    return Table("Evaluators", columns, site.of("evaluator"), "evaluators")


def experiments_table(site: Site) -> Table:
    """MLflow experiments with how many runs they have."""
    counts: Counter[str] = Counter()
    for run in site.of("mlflow_run"):
        counts.update(edge.target for edge in site.graph.downstream(run.id, "part_of"))
    columns = [
        Column("Experiment", lambda a: site.link(a.id)),
        Column("Runs", lambda a: counts[a.id]),
        *places(site),
        Column("Created", lambda a: (a.created_at or "")[:10]),
    ]
    return Table("Experiments", columns, site.of("mlflow_experiment"), "experiments")


def registered_table(site: Site) -> Table:
    """Models in MLflow's own registry."""
    columns = [
        Column("Model", lambda a: site.link(a.id)),
        _newest(site),
        _versions(site),
        *places(site),
    ]
    return Table("Registered in MLflow", columns, site.of("mlflow_registered_model"), "mlflow-models")


def judged_table(site: Site, evaluator: Asset, subjects: Sequence[Asset]) -> Table:
    """What an evaluator judged, with the scores that most of it has; the others share a column."""
    rows = judged_by(site, subjects)
    own = _common(row["scores"] for row in rows)

    def score(key: str) -> Column:
        return Column(key, lambda row: _value(row["scores"].get(key)))

    columns = [
        Column("Job", lambda row: row["job"]),
        Column("Models", lambda row: _links(row["models"])),
        *map(score, own),
        Column("Other scores", lambda row: _others(row["scores"], own)),
        Column("By version", lambda row: row["by"]),
        Column("When", lambda row: moment(row["when"])),
        Column("Kind", lambda row: row["job"]["kind_title"], facet=True),
    ]
    return Table("What it judged", columns, rows, f"{_beside(site, evaluator)}-judged")


def _value(value: Any) -> Any:
    return value if value is None or isinstance(value, (int, float)) else str(value)


def _common(several: Iterable[Mapping[str, Any]]) -> list[str]:
    """The keys that most of them have."""
    counts: Counter[str] = Counter()
    for one in several:
        counts.update(one.keys())
    return sorted(sorted(counts), key=lambda key: -counts[key])[:_MOST]


def _others(values: Mapping[str, Any], own: Container[str]) -> str:
    """What has no column of its own."""
    return ", ".join(f"{key}={values[key]}" for key in sorted(values) if key not in own)


def runs_table(site: Site, runs: Sequence[Asset], file: str) -> Table:
    """Runs with the metrics and parameters that most of them have; the other parameters share a column."""
    metrics, parameters = (
        _common(run.attributes.get(name) or {} for run in runs) for name in ("metrics", "parameters")
    )

    def value(name: str, key: str) -> Column:
        return Column(key, lambda run: (run.attributes.get(name) or {}).get(key))

    columns = [
        Column("Run", lambda run: site.link(run.id)),
        Column("Status", lambda run: badge(run.status), facet=True),
        Column("Started", lambda run: moment(run.created_at)),
        *(value("metrics", key) for key in metrics),
        *(value("parameters", key) for key in parameters),
        Column("Other parameters", lambda run: _others(run.attributes.get("parameters") or {}, parameters)),
    ]
    return Table("Runs", columns, runs, file)


def experiment_runs(site: Site, experiment: Asset) -> list[Asset]:
    """The runs of an experiment, newest first."""
    return newest(ends(site, site.graph.upstream(experiment.id), "part_of", target=False, kinds=("mlflow_run",)))


def experiment_table(site: Site, experiment: Asset) -> Table:
    """The runs of one experiment."""
    return runs_table(site, experiment_runs(site, experiment), _beside(site, experiment))


def _certainty(line: Json) -> Json:
    who = says(line["certainty"], line["evidence"])
    return {"certainty": line["certainty"], "candidate": line["candidate"], "says": who}


_CERTAINTY = Column(
    "Certainty",
    _certainty,
    facet=True,
    hint=" ".join(f"{says(name)}: {meaning}" for name, meaning in CERTAINTIES.items()),
)
_EDGES = (
    Column("Relation", itemgetter("words"), facet=True),
    Column("Role", itemgetter("role"), facet=True),
    Column("Asset", itemgetter("asset")),
    Column("Kind", lambda line: line["asset"]["kind_title"], facet=True),
    _CERTAINTY,
    Column("Evidence", lambda line: {"evidence": line["evidence"]}, plain=True),
)


def edges_table(site: Site, asset: Asset, *, upwards: bool) -> Table:
    """All edges of an asset on one side, as sentences with their evidence."""
    lines = site.upstream(asset.id) if upwards else site.downstream(asset.id)
    side = "upstream" if upwards else "downstream"
    return Table(f"{side.capitalize()} edges", _EDGES, lines, f"{_beside(site, asset)}-{side}")


def readers_table(site: Site, asset: Asset, subjects: Sequence[Asset]) -> Table:
    """Who read a dataset: the direct answer to "who is affected"."""
    columns = [
        Column("Job or run", lambda reader: reader["job"]),
        Column("Kind", lambda reader: reader["job"]["kind_title"], facet=True),
        Column("Read", lambda reader: reader["read"]),
        Column("Role", lambda reader: reader["role"], facet=True),
        Column("When", lambda reader: moment(reader["when"])),
        _CERTAINTY,
        Column("Evidence", lambda reader: {"evidence": reader["evidence"]}, plain=True),
    ]
    return Table("Readers", columns, readers_of(site, subjects), f"{_beside(site, asset)}-readers")


def chain_table(site: Site) -> Table:
    """The snapshots up to this one, newest first, each with the digests that chain it to the one before."""

    def incomplete(envelope: Envelope) -> int | None:
        return sum(coverage.status in ("partial", "failed") for coverage in envelope.coverage) or None

    columns = [
        Column("Snapshot", lambda envelope: envelope.number),
        Column("Taken", lambda envelope: moment(envelope.taken_at)),
        Column("Content", lambda envelope: _digest(envelope.digest)),
        Column("Envelope", lambda envelope: _digest(envelope.envelope)),
        Column("Incomplete partitions", incomplete),
    ]
    return Table("Snapshots", columns, list(reversed(site.history)), "snapshots")


def findings_table(site: Site, rule: str, *, waived: bool) -> Table:
    """What a rule found, worst first; or what of it is accepted for now, by whom and until when."""

    def asset(finding: Finding) -> Json | None:
        return site.link(finding.asset) if finding.asset is not None else None

    def place(name: str) -> Callable[[Finding], Any]:
        def cell(finding: Finding) -> Any:
            known = site.graph.assets.get(finding.asset or "")
            return known and _value(getattr(known, name))

        return cell

    columns = [
        Column("Asset", asset),
        Column("Kind", lambda finding: (asset(finding) or {}).get("kind_title"), facet=True),
        Column("Account", lambda finding: site.account_name(place("account")(finding)), facet=True),
        Column("Stage", lambda finding: stage_badge(place("stage")(finding)), facet=True),
        Column("Level", lambda finding: {"badge": finding.level, "tone": finding.level}, facet=True),
        Column("Finding", lambda finding: site.said_of(finding) or finding.message),
    ]
    if waived:
        columns += [
            Column("Accepted by", lambda finding: finding.waived.who, facet=True),
            Column("Until", lambda finding: str(finding.waived.until)),
            Column("Why", lambda finding: finding.waived.why),
        ]
    found = [one for one in site.findings if one.rule == rule and (one.waived is not None) == waived]
    found.sort(key=lambda one: (LEVELS.index(one.level), one.asset or "", one.message))
    return Table("Accepted" if waived else "Found", columns, found, f"{rule_path(rule)[:-1]}{'-accepted' * waived}")


MOST_BULLETS = 20
"""The most changes of a kind that stand as sentences on top of Changes; a table has them all where there are more."""


def change_tables(site: Site) -> dict[str, Table]:
    """What is different from the snapshot before, by the anchor of its heading."""
    changes = site.changes or {}
    assets = [
        Column("Name", lambda link: link),
        Column("Kind", lambda link: link["kind_title"], facet=True),
        Column("Where", lambda link: link["where"], facet=True),
    ]
    fields = [
        Column("Name", lambda row: row[0]),
        Column("Kind", lambda row: row[0]["kind_title"], facet=True),
        Column("Field", lambda row: row[1]["name"], facet=True),
        Column("Was", lambda row: _told(row[1]["old"])),
        Column("Is", lambda row: _told(row[1]["new"])),
    ]
    ends = [
        Column("From", lambda line: line["source"]),
        Column("Relation", lambda line: line["words"], facet=True),
        Column("Role", lambda line: line["role"], facet=True),
        Column("To", lambda line: line["target"]),
    ]

    def sure(title: str, name: str) -> Column:
        def cell(line: Json) -> Json:
            candidate = line["candidate"] and name == "certainty"
            return {"certainty": line[name], "candidate": candidate, "says": says(line[name])}

        return Column(title, cell, facet=True)

    certainty = [*ends, sure("Certainty", "certainty")]
    runs = [
        Column("Endpoint", lambda row: row["asset"]),
        Column("Runs now", lambda row: row["new"] and {"links": row["new"]}),
        Column("Ran before", lambda row: row["old"] and {"links": row["old"]}),
    ]
    drifted = [Column("Data", lambda row: row["read"]), Column("Read before it changed by", lambda row: row["job"])]

    def many(kind: str) -> Sequence[Any]:
        rows: Sequence[Any] = changes.get(kind, ())
        return rows if len(rows) > MOST_BULLETS else ()

    several: dict[str, tuple[str, Sequence[Column], Sequence[Any]]] = {
        "deployments": ("Deployments", runs, many("deployments")),
        "drifted": ("Data that changed under its readers", drifted, many("drifted")),
        "added": ("New", assets, changes.get("added", ())),
        "changed": (
            "Changed",
            fields,
            [(one["asset"], field) for one in changes.get("changed", ()) for field in one["fields"]],
        ),
        "gone": ("Gone", assets, changes.get("removed", ())),
        "edges-added": ("New edges", certainty, changes.get("edges_added", ())),
        "edges-removed": ("Edges no more", certainty, changes.get("edges_removed", ())),
        "edges-changed": (
            "Edges of another certainty",
            [*ends, sure("Was", "was"), sure("Is", "certainty")],
            changes.get("edges_changed", ()),
        ),
    }
    return {
        anchor: Table(label, columns, rows, f"changes/{anchor}") for anchor, (label, columns, rows) in several.items()
    }


def _told(value: Any) -> str:
    """A field's value as a cell; `changes/step.json` has the whole of a long one."""
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    if isinstance(value, int | float):
        return number(value)
    text = plain(value)
    return (text if len(text) <= _LONG else f"{text[:_LONG]}…") or "empty"


def account_table(site: Site, account: str) -> Table:
    """Every asset of an account."""
    return assets_table(site, "Assets of this account", site.by_place("account", account), account_path(account)[:-1])


def region_table(site: Site, region: str) -> Table:
    """Every asset of a region."""
    return assets_table(site, "Assets of this region", site.by_place("region", region), f"regions/{region}")


_OF_A_KIND = frozenset(
    ("loose", "cards", "feature-groups", "tables", "components", "configs", "sagemaker-models", "schedules", "logged")
)
"""Files of lists whose assets are of one kind."""


def _of_section(section: str, site: Site) -> list[Asset]:
    return site.of(*(kind for kind, info in KINDS.items() if info.section == section))


def _loose(site: Site) -> list[Asset]:
    grouped = {edge.target for edge in site.graph.edges if edge.relation == "has_version"}
    return [asset for asset in site.of("model_package") if asset.id not in grouped]


def _having(site: Site, name: str) -> list[Asset]:
    return [asset for asset in site.graph.assets.values() if getattr(asset, name)]


_PLAIN: Final[Mapping[str, tuple[str, Callable[[Site], Sequence[Asset]]]]] = {
    "jobs": ("Jobs", lambda site: newest(_of_section("jobs", site))),
    "others": ("Code, images and other artifacts", partial(_of_section, "other")),
    "loose": ("Packages in no group", _loose),
    "cards": ("Model cards", lambda site: site.of("model_card")),
    "feature-groups": ("Feature groups", lambda site: site.of("feature_group")),
    "tables": ("Tables", lambda site: site.of("table")),
    "components": ("Inference components", lambda site: _production_first(site.of("inference_component"))),
    "configs": ("Endpoint configs", lambda site: _production_first(site.of("endpoint_config"))),
    "sagemaker-models": (KINDS["model"].plural, lambda site: _production_first(site.of("model"))),
    "schedules": ("Monitoring schedules", lambda site: _production_first(site.of("monitoring_schedule"))),
    "logged": ("Logged models", lambda site: site.of("mlflow_logged_model")),
    "stale": ("Stale assets", lambda site: _having(site, "stale_since")),
    "unresolved": ("Unresolved assets", lambda site: _having(site, "unresolved")),
    "gone": ("Gone assets", lambda site: _having(site, "gone_since")),
}
"""The lists of the overviews that have no columns of their own, by file: label and assets."""


def _plain_table(file: str, site: Site) -> Table:
    label, rows = _PLAIN[file]
    return assets_table(site, label, rows(site), file)


OVERVIEWS: Final[Mapping[str, Callable[[Site], Table]]] = {
    "models": groups_table,
    "base-models": bases_table,
    "datasets": datasets_table,
    "endpoints": endpoints_table,
    "evaluators": evaluators_table,
    "experiments": experiments_table,
    "mlflow-models": registered_table,
    "runs": lambda site: runs_table(site, site.of("mlflow_run"), "runs"),
    "snapshots": chain_table,
    **{file: partial(_plain_table, file) for file in _PLAIN},
}
"""The tables of the overviews, by the file that has the whole of a long one."""


def _beside(site: Site, asset: Asset) -> str:
    """Where the files of an asset's own tables lie."""
    return str(site.link(asset.id)["path"]).rstrip("/")


def moment(value: str | None) -> str:
    """A time as tables have it: to the minute, UTC."""
    return f"{value[:10]} {value[11:16]}" if value else ""
