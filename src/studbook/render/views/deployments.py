"""What pages tell of deployments: where a model answers, what answers at an endpoint, and the way there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from studbook.model import KINDS, Asset
from studbook.queries.answer import natural
from studbook.queries.neighbours import parent
from studbook.queries.origins import origins
from studbook.queries.promotion import Step
from studbook.queries.runs import rows_of_version
from studbook.queries.walks import out_of_service, runs
from studbook.render.views.evaluations import evaluations_of
from studbook.render.views.provenance import training_of
from studbook.render.views.site import Json, Site, how_known
from studbook.render.views.tables import state


def deployments_of(site: Site, asset: Asset) -> list[Json]:
    """Where a model version, or a copy of it, answers now."""
    rows = defaultdict(list)
    for row in rows_of_version(site.graph, asset):
        rows[row.endpoint].append(row)
    places = [site.graph.assets[endpoint] for endpoint in rows]
    return [
        {
            "asset": site.link(a.id),
            "account": site.account_link(a.account),
            "region": a.region,
            "stage": a.stage,
            "status": a.status,
            "shadow": all(row.shadow for row in rows[a.id]),
            "candidate": all(row.candidate for row in rows[a.id]),
        }
        for a in sorted(places, key=lambda a: (natural(a.name), a.id))
    ]


def running(site: Site, endpoint: Asset) -> Json:
    """An endpoint with what is deployed there, as overviews list it: it answers unless it is out of service."""
    return {
        "endpoint": site.link(endpoint.id),
        "account": site.account_link(endpoint.account),
        "region": endpoint.region,
        "stage": endpoint.stage,
        "status": state(endpoint, endpoint.status),
        "out_of_service": out_of_service(endpoint) and endpoint.gone_since is None,
        "answers": answers(site, endpoint),
        "findings": site.found(endpoint.id),
        "marks": site.link(endpoint.id)["marks"],
    }


def answers(site: Site, endpoint: Asset) -> list[Json]:
    """What runs at an endpoint or component: model versions where they are known, each with its origins."""
    out = []
    for running in runs(site.graph, endpoint.id):
        several = running.versions or running.bases or (running.unit,)
        for model in several:
            training = training_of(site, model)
            group = parent(site.graph, model)
            out.append(
                {
                    "model": site.link(model.id),
                    "candidate": len(several) > 1,
                    "shadow": running.shadow,
                    "group": site.link(group.id) if group else None,
                    "approval": state(model, model.attributes.get("approval")),
                    "bases": training["bases"],
                    "carriers": site.links(carrier.unit.id for carrier in running.carriers),
                    "data": site.links(
                        entry["asset"]["id"]
                        for entry in training["inputs"]["data"]
                        # What was read to make data, or scores, no model was trained on.
                        if KINDS[entry["into"]["kind"]].makes == ("model",)
                    ),
                    "evaluation": next(iter(evaluations_of(site, origins(site.graph, model))), None),
                }
            )
    return out


def promotion_of(site: Site, path: Iterable[Step]) -> list[Json]:
    """A path through accounts as rows: the step's data, with links in place of ids."""
    rows = []
    for step in path:
        data = step.as_data()
        life = data["life_cycle"]
        rows.append(
            {
                **data,
                "package": site.link(step.package.id),
                "account": site.account_link(step.package.account),
                "life_cycle": " ".join(str(life[name]) for name in ("Stage", "StageStatus") if life.get(name))
                if isinstance(life, dict)
                else None,
                "copied_from": [{"package": site.link(edge.source), **how_known(edge)} for edge in step.copied],
                "runs_at": site.links(data["runs_at"]),
                "shared_with": [site.account_link(account) for account in step.shared_with],
            }
        )
    return rows
