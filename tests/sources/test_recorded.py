"""Each declared resource type: what AWS answers, over HTTP, and the assets and edges that come of it.

In the examples of `recorded/` ids are shortened: `~` is the beginning of SageMaker's ARNs, `^` of Bedrock's. An arrow
is as in `pedigrees`, `=` where it is declared, and its value is the evidence.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from botocore.validate import ParamValidator
from tests.recorded_answers import (
    ACCOUNT,
    DECLARED,
    EXAMPLES,
    REGION,
    SETTINGS,
    declarations,
    example,
    records_of,
    service,
)

from studbook.demo.cloud.protocols import model
from studbook.lineage.link import LinkContext, link
from studbook.model import Edge, Record
from studbook.sources import normalize
from studbook.store import Catalog

BEGINNINGS = {"~": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:", "^": f"arn:aws:bedrock:{REGION}:{ACCOUNT}:"}
UNRECORDED = frozenset({"Search", "ListTags"})
"""Search shows what the descriptions say (test_sagemaker_search.py holds it to that); most things have no tags."""
ELSEWHERE = {
    "data_repository_association": "test_fsx.py::TestLineage::test_the_place_behind_the_channel",
    "lambda_function": "test_lambda_source.py::TestNormalize::test_function_and_version",
    "lambda_version": "test_lambda_source.py::TestNormalize::test_function_and_version",
    "mlflow_experiment": "test_mlflow_source.py::TestNormalize::test_an_experiment_and_a_registered_model",
    "mlflow_logged_model": "test_mlflow_source.py::TestNormalize::test_a_logged_model",
    "mlflow_model_version": "test_mlflow_source.py::TestNormalize::test_a_model_version",
    "mlflow_registered_model": "test_mlflow_source.py::TestNormalize::test_an_experiment_and_a_registered_model",
    "mlflow_run": "test_mlflow_source.py::TestNormalize::test_a_run",
    "s3_object": "test_s3_documents.py::TestNormalize::test_weights_have_the_etag_of_today",
    "trail_event": "test_cloudtrail.py::TestNormalize::test_an_approval",
    "s3_manifest": "test_s3_documents.py::TestNormalize::test_a_manifest_claims_its_entries",
    "s3_prefix": "test_s3_source.py::TestNormalize::test_dataset_and_version",
    "s3_report": "test_s3_documents.py::TestNormalize::test_a_report_has_its_metrics",
    "s3_results": "test_s3_documents.py::TestNormalize::test_results_are_what_the_evaluation_produced",
}
"""What sources keep that are more than declarations, and the test that reads it from their API's answers."""


def short(text: str) -> str:
    for sign, beginning in BEGINNINGS.items():
        text = text.replace(beginning, sign)
    return text


def assets_of(records: Iterable[Record]) -> dict[str, str]:
    linked = link(records, normalize, LinkContext.of(SETTINGS))
    return {short(asset.id): asset.kind + (", named only" if asset.unresolved else "") for asset in linked.assets}


def arrow(edge: Edge) -> str:
    role = f":{edge.role}" if edge.role else ""
    certainty = {"referenced": "", "declared": "=", "inferred": "~"}[edge.certainty] + "?" * edge.candidate
    return f"{short(edge.source)} -{edge.relation}{role}{certainty}-> {short(edge.target)}"


def edges_of(records: Iterable[Record]) -> dict[str, str]:
    linked = link(records, normalize, LinkContext.of(SETTINGS))
    return {arrow(edge): " ".join(sorted(one.line for one in edge.evidence)) for edge in linked.edges}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
class TestExample:
    def test_is_an_answer_of_the_api(self, path: Path) -> None:
        """Every member is one of the API's, of its type, and none that it always has is missing."""
        for request, answer in example(path)["answers"].items():
            shape = model(service(path)).operation_model(request.partition("?")[0]).output_shape
            assert ParamValidator().validate(answer, shape).generate_report() == "", request

    def test_answers_all_that_its_declaration_asks(self, path: Path) -> None:
        """Listing, description, details: each operation of the type, and of what it is listed under."""
        recorded = {operation.partition("?")[0] for operation in example(path)["answers"]}
        called = {operation for resource in declarations(path) for operation in resource.operations}
        assert called - UNRECORDED <= recorded <= called


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
class TestLineage:
    def test_of_the_recorded_answers(self, path: Path) -> None:
        """The assets that it shows and names, and the edges with their evidence."""
        expected, collected = example(path), records_of(path)
        assert expected["kind"] in {record.kind for record in collected}
        assert assets_of(collected) == expected["assets"]
        assert edges_of(collected) == expected["edges"]


class TestTable:
    def test_every_declared_type_has_an_example(self) -> None:
        """A new declaration comes with what AWS answers."""
        shown = {(service(path), resource.kind) for path in EXAMPLES for resource in declarations(path)}
        assert shown == set(DECLARED)

    def test_so_has_all_else_that_the_demo_keeps(self, demo_catalog: Path) -> None:
        """Sources with a way of their own have their examples in tests of their own."""
        catalog = Catalog(demo_catalog)
        declared = {source for source, _ in DECLARED}
        kept = {one.kind for one in catalog.records(catalog.resolve("latest")) if one.source not in declared}
        assert kept == set(ELSEWHERE)

    @pytest.mark.parametrize("test", sorted(set(ELSEWHERE.values())))
    def test_exists(self, test: str) -> None:
        """The table leads to tests."""
        path, group, name = test.split("::")
        text = (Path(__file__).parent / path).read_text()
        assert f"class {group}:" in text
        assert f"    def {name}(" in text
