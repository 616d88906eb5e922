"""docs/attributes*.md say what the rows declare. `python -m tests.test_attribute_docs` writes them anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.loaders import create_loader
from botocore.model import ServiceModel, Shape
from tests.join_records import RECORDS
from tests.recorded_answers import EXAMPLES, records_of

from studbook.model import KINDS
from studbook.model.attributes import LINKED, Attribute
from studbook.sources import declared_attributes, normalize

DOCS = Path(__file__).parent.parent / "docs"
INTRO = """# Attributes

What is known of each kind of asset, what it means, and where it is read: the operation of the API that has the member,
and the member's path in the kept record. Of several the first that has a value counts. `rule:` says how a value is
computed. Of documents and listings in S3 the record keeps what they say in members of its own (`Metrics`, `Bytes`,
`VersioningStatus`). `studbook show ASSET --evidence` shows the record and the value itself; `studbook export schema`
has the same under `x-source`.
"""
_TRAINING = ("training_job", "tuning_job", "automl_job", "customization_job", "training_session")
_GROUPS = {
    "attributes-models": "Attributes of models, data and evaluators",
    "attributes-training": "Attributes of what trains and tunes",
    "attributes-jobs": "Attributes of other jobs and pipelines",
    "attributes-deployments": "Attributes of deployments, MLflow and the Lineage API",
}
"""The pages of kinds, each with its heading."""


# What a kept record says beside the answer of the operation: what the description of something else brought, and what
# a harvest computes.
_ADDED = {
    "sagemaker:DescribeDataQualityJobDefinition": "DataQualityJobDefinition",
    "sagemaker:DescribeModelBiasJobDefinition": "ModelBiasJobDefinition",
    "sagemaker:DescribeModelExplainabilityJobDefinition": "ModelExplainabilityJobDefinition",
    "sagemaker:DescribeModelQualityJobDefinition": "ModelQualityJobDefinition",
    "sagemaker:DescribePipeline": "PipelineDefinitionSha256",
    "sagemaker:DescribePipelineDefinitionForExecution": "Definition",
    "sagemaker:ListModelCardVersions": "Versions",
}


def has_member(shape: Shape, path: str) -> bool:
    """Whether an answer of this shape, or an item of its list, has a member there."""
    for step in path.partition("|")[0].split("."):
        name = step.partition("[")[0]
        if shape.type_name == "list":
            shape = shape.member
        if shape.type_name == "map":
            shape = shape.value
        elif name in shape.members:
            shape = shape.members[name]
        else:
            return False
    return True


def group_of(kind: str) -> str:
    """The page of a kind."""
    section = KINDS[kind].section
    if section == "jobs":
        return "attributes-training" if kind in _TRAINING else "attributes-jobs"
    return "attributes-models" if section in ("models", "datasets", "evaluators") else "attributes-deployments"


def line(row: Attribute) -> str:
    """A row of the table."""
    cells = [f"`rule:{one['rule']}`" if "rule" in one else f"`{one['operation']}#{one['path']}`" for one in row.source]
    read = "<br>".join(cells).replace("|", "\\|")
    return f"| `{row.name}` | {row.meaning} | {read} |"


def pages() -> dict[str, str]:
    """All pages by name. Of each kind the first one has a line with the anchor that the kind once had there."""
    head = "| attribute | meaning | read from |\n| --- | --- | --- |\n"
    kinds = declared_attributes()
    parts = {
        name: [f"# {title}\n\n[Attributes](attributes.md) says how to read this.\n"] for name, title in _GROUPS.items()
    }
    for kind, rows in kinds.items():
        parts[group_of(kind)] += [f"## {KINDS[kind].title}\n", head + "\n".join(dict.fromkeys(map(line, rows))) + "\n"]
    titles = {kind: KINDS[kind].title for kind in kinds}
    anchors = {kind: title.lower().replace(" ", "-") for kind, title in titles.items()}
    links = [f"- [{titles[kind]}]({group_of(kind)}.md#{anchors[kind]}){{ #{anchors[kind]} }}" for kind in kinds]
    parts["attributes"] = [INTRO, "## Any kind\n", head + "\n".join(map(line, LINKED)) + "\n", "## By kind\n"]
    parts["attributes"].append("\n".join(links) + "\n")
    return {f"{name}.md": "\n".join(text) for name, text in parts.items()}


class TestPage:
    @pytest.mark.parametrize("name", sorted(pages()))
    def test_says_what_the_rows_declare(self, name: str) -> None:
        """No attribute is read that the manual does not explain."""
        assert (DOCS / name).read_text() == pages()[name], "run: python -m tests.test_attribute_docs"

    def test_every_attribute_that_is_read_is_declared(self) -> None:
        """Whatever recorded answers and the records of joins show or mention has a row of its kind."""
        declared = {(kind, row.name) for kind, rows in declared_attributes().items() for row in (*rows, *LINKED)}
        shown = {
            (asset.kind, name)
            for facts in map(normalize, (*RECORDS, *(one for path in EXAMPLES for one in records_of(path))))
            for asset in (*(one for one in facts.assets if one.id in facts.rows), *facts.mentions)
            for name in asset.attributes
        }
        assert shown
        assert shown <= declared


class TestMembers:
    def test_every_operation_has_the_members_that_are_read_from_it(self) -> None:
        """Whoever asks again finds what the manual says: of SageMaker and Bedrock each path is one of the answer's."""
        loader = create_loader()
        services = {
            name: ServiceModel(loader.load_service_model(name, "service-2")) for name in ("sagemaker", "bedrock")
        }
        missing = set()
        for row in {row for rows in declared_attributes().values() for row in rows if row.operation}:
            service, _, operation = row.operation.partition(":")
            if service not in services:
                continue
            answer = services[service].operation_model(operation).output_shape
            lists = [one.member for one in answer.members.values() if one.type_name == "list"]
            items = [one for one in lists if operation.startswith("List") and one.type_name == "structure"]
            for path in row.paths:
                if path.split(".")[0] != _ADDED.get(row.operation) and not any(
                    has_member(one, path) for one in (answer, *items)
                ):
                    missing.add(f"{row.operation}#{path}")

        assert missing == set()


if __name__ == "__main__":
    for name, text in pages().items():
        (DOCS / name).write_text(text)
