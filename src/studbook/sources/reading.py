"""Parsing: a record on its way to facts: the words that the normalizers of all families share.

Nothing here asks anyone: a reading starts at one record and ends with its facts. What strangers wrote is read as far
as it can be, and left out where it cannot; no reading ever fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from studbook.model import REDACTED, Asset, Certainty, Edge, Evidence, Facts, Kind, Record, Relation
from studbook.model.attributes import Attributes
from studbook.model.facts import ByName, Claim, LambdaUse, LatestAtStart, NamedWeights, Reads, Weights
from studbook.model.ids import (
    image_id,
    image_registry,
    lambda_arn,
    parse_arn,
    parse_hub_content,
    parse_s3,
    s3_id,
)
from studbook.model.kinds import ARN_KINDS, HUB_KINDS, JOB_CATEGORIES
from studbook.model.storable import Loss, note_loss, parse_json
from studbook.sources.interface import Detail, Json

PUBLIC_HUB: Final = "SageMakerPublicHub"
_SUBMITTED: Final = "SAGEMAKER_SUBMIT_DIRECTORY"


def tags_of(member: str) -> Detail:
    """The tags of a resource, read when it is described; `member` holds its ARN."""
    return Detail(
        operation="ListTags",
        params=lambda body: {"ResourceArn": body[member]},
        member="Tags",
        items="Tags",
        sort="Key",
    )


def some(**attributes: Any) -> dict[str, Any]:
    """These attributes without those of which nothing is known: null, and empty texts, objects and lists."""
    return {name: value for name, value in attributes.items() if value not in (None, "", {}, [])}


def each(value: object) -> Iterator[tuple[int, Json]]:
    """The objects of a list with their positions, from 0; nothing of what is no list."""
    for index, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, dict):
            yield index, item


def pairs(name: str, value: str) -> Callable[[object], dict[str, Any]]:
    """Reads a list of objects with a name and a value as a map; what has no name is left out."""
    return lambda several: {str(item[name]): item.get(value) for _, item in each(several) if item.get(name)}


def member(body: Json, *path: str) -> Any:
    """What lies down a path of members; None where it ends early."""
    found: Any = body
    for name in path:
        if not isinstance(found, dict):
            return None
        found = found.get(name)
    return found


def document(text: object, *path: str) -> dict[str, Any]:
    """The JSON object in a string; empty for anything else. A text that is none is a loss at the path, if there is one:
    what nobody can read does not say nothing."""
    try:
        found = parse_json(text) if isinstance(text, str) else None
    except ValueError:
        found = None
    if isinstance(found, dict):
        return found
    if path and isinstance(text, str) and text not in ("", REDACTED):
        note_loss(Loss(path, "no JSON object"))
    return {}


def unquoted(value: object) -> str:
    """A hyperparameter's text: the SDK writes strings as JSON, quotes included."""
    text = value if isinstance(value, str) else ""
    if len(text) > 1 and text[0] == text[-1] == '"':
        try:
            text = str(parse_json(text))
        except ValueError:
            return text.strip('"')
    return text


def who(context: object) -> str | None:
    """A UserContext in one line: the Studio profile, else the caller's ARN."""
    if not isinstance(context, Mapping):
        return None
    found = context.get("UserProfileName") or member(context, "IamIdentity", "Arn")
    return str(found) if found else None


def group_arn(package: str) -> str | None:
    """The ARN of the group that a versioned package's ARN names."""
    parts = parse_arn(package)
    if parts is None or parts.type != "model-package" or "/" not in parts.name:
        return None
    return parts.beside(f"model-package-group/{parts.name.rpartition('/')[0]}")


def _kind_of(arn: object) -> Kind | None:
    """What an ARN is of; hub content is what it is a version of."""
    parts = parse_arn(arn)
    if parts is None or parts.service != "sagemaker" or not parts.name:
        return None
    if parts.type == "hub-content":
        content = parse_hub_content(arn)
        return HUB_KINDS[content.type][0] if content is not None and content.type in HUB_KINDS else None
    if parts.type == "pipeline":
        return "pipeline_execution" if "/execution/" in parts.name else "pipeline"
    if parts.type == "job":
        return JOB_CATEGORIES.get(parts.name.partition("/")[0], "customization_job")
    return ARN_KINDS.get(f"sagemaker:{parts.type}")


def is_one_key(uri: str) -> bool:
    """Whether a URI that may be either looks like one object rather than a prefix."""
    return not uri.endswith("/") and bool(PurePosixPath(uri).suffix)


class Reading:
    """Collects the facts of one record that `operation` described, and `tags_by` told the tags of.

    `about` is the id of what the facts are about, where that is not what the record is of.
    """

    def __init__(self, record: Record, operation: str, *, tags_by: str = "ListTags", about: str | None = None) -> None:
        self.record = record
        self.id = about or record.id
        self.body = record.body
        self.facts = Facts()
        arn = parse_arn(self.id)
        self.account = (arn.account if arn else None) or record.account
        self.region = (arn.region if arn else None) or record.region
        self.aws_partition = arn.partition if arn else "aws"
        self._operation = operation
        self._tags_by = tags_by
        self.tags = {str(tag.get("Key")): str(tag.get("Value") or "") for _, tag in each(record.body.get("Tags"))}

    def evidence(self, *paths: str) -> tuple[Evidence, ...]:
        """Evidence of fields of the record, by their paths, and of rules (`rule:<name>`); sorted, each once. Tags
        mostly come from an operation of their own."""
        return tuple(sorted({self._cited(path) for path in paths}))

    def _cited(self, path: str) -> Evidence:
        if path.startswith("rule:"):
            return Evidence.parse(path)
        operation = self._tags_by if path.startswith("Tags[") else self._operation
        return Evidence(f"{self.record.source}:{operation}", path, self.record.reference)

    def tag(self, key: str) -> tuple[str, str] | None:
        """A tag's value and its path in the record; None where there is none, or an empty one."""
        for index, item in each(self.body.get("Tags")):
            if item.get("Key") == key and item.get("Value"):
                return str(item["Value"]), f"Tags[{index}].Value"
        return None

    # --- assets ---

    def show(
        self,
        kind: Kind,
        rows: Attributes,
        *,
        asset_id: str | None = None,
        name: str | None = None,
        record: Record | None = None,
    ) -> Asset:
        """The asset that the record is about, or a part of it with an id and a name of its own, as the rows read it.

        `record` is the whole one, where this is the reading of a part of it.
        """
        asset = rows.asset(
            kind,
            record or self.record,
            name=name,
            id=asset_id or self.id,
            account=self.account,
            region=self.region,
            tags={} if asset_id else self.tags,
        )
        self.facts.show(asset, rows)
        return asset

    def mention(
        self, asset_id: str, kind: Kind, name: str, *, account: str | None = None, region: str | None = None
    ) -> str:
        """An asset that the record names, where its id alone does not tell what it is; gives its id."""
        self.facts.mentions.append(Asset(id=asset_id, kind=kind, name=name, account=account, region=region))
        return asset_id

    def named(self, arn: object, *kinds: Kind) -> str | None:
        """The ARN, if it is of something of one of these kinds; for hub content, kinds without their versions."""
        kind = _kind_of(arn)
        return str(arn) if kind is not None and kind in kinds else None

    def image(self, uri: object, *paths: str, digest: object = None, relation: Relation, role: str = "image") -> None:
        """A container image that went into what the record is about."""
        if not isinstance(uri, str) or not uri or uri == REDACTED:
            return
        asset_id = image_id(uri, digest if isinstance(digest, str) else None)
        account, region = image_registry(uri)
        self.mention(asset_id, "container_image", uri.rsplit("/", 1)[-1], account=account, region=region)
        self.edge(asset_id, self.id, relation, *paths, role=role)

    # --- edges and claims ---

    def edge(
        self,
        source: str,
        target: str,
        relation: Relation,
        *paths: str,
        role: str | None = None,
        candidate: bool = False,
    ) -> None:
        """An edge that the fields at these paths prove; one that needs a rule is inferred."""
        certainty: Certainty = "inferred" if any(path.startswith("rule:") for path in paths) else "referenced"
        self.facts.edges.append(
            Edge(
                source=source,
                target=target,
                relation=relation,
                role=role,
                certainty=certainty,
                candidate=candidate,
                evidence=self.evidence(*paths),
            )
        )

    def claim(self, claim: Claim) -> None:
        """Adds something that only the whole lineage can resolve."""
        self.facts.claims.append(claim)

    def input(self, arn: object, path: str, role: str, at: str | None, *kinds: Kind) -> bool:
        """Hub content or a package that went into the job, as one of these kinds; whether it was one."""
        source = self.named(arn, *kinds)
        if source is None:
            return False
        self.edge(source, self.id, "input_to", path, role=role)
        content = parse_hub_content(arn)
        if content is not None and content.type == "JsonDoc":  # its ARN does not tell that it is an evaluator
            kind, name = HUB_KINDS[content.type][content.version is not None], content.name
            self.mention(source, kind, f"{name} {content.version}" if content.version else name)
        if content is not None and content.version is None:
            (evidence,) = self.evidence(path)
            self.claim(LatestAtStart(content=source, reader=self.id, role=role, at=at, evidence=evidence))
        return True

    def reads(  # noqa: PLR0913 - the members of a claim
        self, uri: object, path: str, role: str | None, at: str | None, *, data_type: str = "S3Prefix",
        relation: Relation = "input_to", ever: bool = False, through: tuple[Evidence, ...] = (),
        claim: type[Reads] = Reads,
    ) -> bool:  # fmt: skip
        """An S3 URI that was read, or is pointed at; whether it was one."""
        if not isinstance(uri, str) or parse_s3(uri) is None:
            return False
        (evidence,) = self.evidence(path)
        self.claim(
            claim(
                reader=self.id,
                uri=uri,
                relation=relation,
                role=role,
                data_type=data_type,
                at=at,
                ever=ever,
                evidence=evidence,
                through=through,
            )
        )
        return True

    def function(
        self, named: object, path: str, relation: Relation, role: str | None, at: str | None, *, bare: bool = False
    ) -> bool:
        """A Lambda function that judges for the job, or that the evaluator points at; whether it was one.

        `bare` says that the field can hold nothing but a function, so that a name alone is one of this account's.
        """
        arn = lambda_arn(named, partition=self.aws_partition, region=self.region, account=self.account, bare=bare)
        if arn is None:
            return False
        (evidence,) = self.evidence(path)
        self.claim(LambdaUse(arn=arn, target=self.id, relation=relation, role=role, at=at, evidence=evidence))
        return True

    def weights(self, uri: object, path: str, *, added: bool = False) -> bool:
        """What the record is about takes its weights from here, as an artifact and as a claim; whether it does."""
        source = s3_id(uri)
        if source is None or not isinstance(uri, str):
            return False
        self.edge(source, self.id, "packaged_as", path)
        (evidence,) = self.evidence(path)
        self.claim(Weights(asset=self.id, uri=uri, added=added, evidence=evidence))
        return True

    def environment(self, container: Json, path: str) -> None:
        """The places in S3 that a container's environment names: its code, where it is the SDK's variable of that, and
        others, from which it may take weights."""
        variables = container.get("Environment")
        for name, value in sorted(variables.items()) if isinstance(variables, dict) else ():
            where, named = f'{path}.Environment["{name}"]', s3_id(value)
            if named is None:
                continue
            if name == _SUBMITTED:
                self.mention(named, "code", named.rpartition("/")[2])
                self.edge(named, self.id, "packaged_as", where, role="code")
            elif not name.startswith("SAGEMAKER_"):
                (evidence,) = self.evidence(where)
                self.claim(NamedWeights(user=self.id, uri=named, evidence=evidence))

    def manifest(self, uri: object, path: str) -> None:
        """A list of objects that the weights are."""
        source = s3_id(uri)
        if source is not None:
            self.edge(source, self.id, "packaged_as", path, role="manifest")

    def by_name(  # noqa: PLR0913 - the members of a claim
        self, kind: Kind, name: object, path: str, relation: Relation, *,
        upstream: bool = True, role: str | None = None, pending: bool = False,
    ) -> None:  # fmt: skip
        """The other end is known by its name alone; a name that was redacted away is nobody's."""
        if not isinstance(name, str) or name in ("", REDACTED) or self.account is None or self.region is None:
            return
        (evidence,) = self.evidence(path)
        self.claim(
            ByName(
                kind=kind,
                name=name,
                account=self.account,
                region=self.region,
                aws_partition=self.aws_partition,
                other=self.id,
                upstream=upstream,
                relation=relation,
                role=role,
                pending=pending,
                evidence=evidence,
            )
        )


def data_sources(container: Json, path: str) -> Iterable[tuple[Any, str, bool]]:
    """Every URI that a container takes data from, with its path, and whether it is added to the main ones."""
    yield container.get("ModelDataUrl"), f"{path}.ModelDataUrl", False
    main = member(container, "ModelDataSource", "S3DataSource", "S3Uri")
    yield main, f"{path}.ModelDataSource.S3DataSource.S3Uri", False
    for index, item in each(container.get("AdditionalModelDataSources")):
        where = f"{path}.AdditionalModelDataSources[{index}].S3DataSource.S3Uri"
        yield member(item, "S3DataSource", "S3Uri"), where, True
    yield member(container, "AdditionalS3DataSource", "S3Uri"), f"{path}.AdditionalS3DataSource.S3Uri", True


def etags(value: object) -> dict[str, str]:
    """Every ETag in a body, by the place in S3 that it is of; of a manifest by its own."""
    found: dict[str, str] = {}
    for _, item in each(value if isinstance(value, list) else [value]):
        pairs = (("S3Uri", "ETag"), ("ModelDataUrl", "ModelDataETag"), ("ManifestS3Uri", "ManifestEtag"))
        for place, name in pairs:
            if isinstance(item.get(place), str) and isinstance(item.get(name), str):
                found[item[place]] = item[name]
        for inner in item.values():
            found.update(etags(inner) if isinstance(inner, dict | list) else {})
    return found


def manifest_sources(container: Json, path: str) -> Iterable[tuple[Any, str]]:
    """The manifests that list a container's weights, with their paths."""
    return _of_data_sources(container, path, "S3DataSource", "ManifestS3Uri")


def hub_sources(container: Json, path: str) -> Iterable[tuple[Any, str]]:
    """Every piece of hub content that a container takes its data from, with its path."""
    return _of_data_sources(container, path, "S3DataSource", "HubAccessConfig", "HubContentArn")


def _of_data_sources(container: Json, path: str, *tail: str) -> Iterable[tuple[Any, str]]:
    yield member(container, "ModelDataSource", *tail), f"{path}.ModelDataSource.{'.'.join(tail)}"
    for index, item in each(container.get("AdditionalModelDataSources")):
        yield member(item, *tail), f"{path}.AdditionalModelDataSources[{index}].{'.'.join(tail)}"
