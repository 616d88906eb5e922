"""Generated estates: a registry with copies, jobs that learn and judge, and endpoints that run some of it."""

from __future__ import annotations

from hypothesis import strategies as st
from tests.pedigrees import asset, edge

from studbook.lineage.graph import Graph
from studbook.model import Asset, Edge
from studbook.model.kinds import JOB_KINDS

_SURE = st.sampled_from(("referenced", "referenced", "declared", "inferred"))


@st.composite
def estates(draw: st.DrawFn, *, context: bool = False) -> Graph:
    """A few of everything, joined by what records can say; some of it gone, stale or only named. Jobs write and read
    the same places at all times.

    With `context` also what a walk shows and does not follow: pipeline executions, searches, MLflow runs.
    """
    assets: list[Asset] = []
    edges: dict[tuple[str, str, str, str | None], Edge] = {}

    def some(kind: str, most: int) -> list[str]:
        names = [f"{kind}{number}" for number in range(draw(st.integers(1, most)))]
        for name in names:
            state = draw(st.sampled_from(("", "", "", "", "gone", "stale", "unresolved")))
            fields = {
                "created_at": f"2026-11-{draw(st.integers(1, 28)):02}T10:00:00Z",
                "gone_since": 2 if state == "gone" else None,
                "stale_since": 2 if state == "stale" else None,
                "attributes": {"unresolved": True} if state == "unresolved" else {},
            }
            if kind in JOB_KINDS:
                began = draw(st.integers(1, 28))
                times = {"started_at": began, "ended_at": began + draw(st.integers(0, 2))}
                fields["attributes"] |= {
                    key: f"2026-11-{day:02}T12:00:00Z" for key, day in times.items() if draw(st.integers(0, 3))
                }
            if kind == "evaluation_job":
                fields["attributes"] |= {"metrics": {"f1": draw(st.integers(0, 3)) / 4}}
            if kind == "endpoint_config":
                fields["attributes"] = {"variants": [{"name": "v0", "shadow": draw(st.booleans())}]}
            assets.append(asset(name, kind, **fields))
        return names

    def join(sources: list[str], targets: list[str], relation: str, roles: tuple[str | None, ...] = (None,)) -> None:
        for target in targets:
            for source in draw(st.lists(st.sampled_from(sources), max_size=2, unique=True)):
                role = draw(st.sampled_from(roles))
                certainty = draw(_SURE)
                candidate = certainty == "inferred" and draw(st.booleans())
                if source != target:
                    key = (source, target, relation, role)
                    edges[key] = edge(*key, certainty=certainty, candidate=candidate)

    groups, versions = some("model_package_group", 2), some("model_package", 5)
    data, judges = some("dataset_version", 2), some("evaluator_version", 2)
    jobs, exams, artifacts = some("training_job", 3), some("evaluation_job", 3), some("artifact", 3)
    models, configs = some("model", 4), some("endpoint_config", 2)
    components, endpoints = some("inference_component", 2), some("endpoint", 3)
    join(groups, versions, "has_version")
    join(versions, versions, "copied_to")
    join(data, jobs, "input_to", ("train",))
    join(versions, jobs, "input_to", ("source_model",))
    join(jobs, [*versions, *artifacts], "produced")
    join(artifacts, [*jobs, *exams], "input_to", ("train", "checkpoint"))
    join(artifacts, [*versions, *models], "packaged_as")
    join(versions, models, "packaged_as")
    join(models, configs, "deployed_to", ("v0", "v1"))
    join([*models, *versions], components, "deployed_to")
    join([*configs, *components], endpoints, "deployed_to", ("v0", None))
    join(components, components, "part_of")
    join(artifacts, artifacts, "same_as")
    join(versions, exams, "input_to", ("evaluated_model",))
    join(judges, exams, "input_to", ("evaluator",))
    join(data, exams, "input_to", ("dataset",))
    if context:
        searches, tracked = some("tuning_job", 2), some("mlflow_run", 2)
        executions = ["arn:aws:sagemaker:us-west-2:111111111111:pipeline/p/execution/x"]
        assets.append(asset(executions[0], "pipeline_execution"))
        join(jobs, [*searches, *executions], "part_of")
        join([*jobs, *exams, *versions], tracked, "recorded_in")
        join(tracked, tracked, "part_of")
        join(executions, versions, "produced")
        join(exams, executions, "input_to")
    return Graph(assets, edges.values())
