"""Deployments: models, endpoint configurations, endpoints, inference components and inference routers.

Calls, per region: ListModels, ListEndpointConfigs, ListEndpoints, ListInferenceComponents, ListInferenceRouters; per
configuration, component and router its describe call and ListTags. Models, and endpoints that are not being deployed,
come from Search, 100 a page, with their tags; other endpoints are described. Models and configurations never change, of
the others the listing shows every change: an unchanged night costs the listings alone.
Of an endpoint Search lacks the pending deployment, which there is only while it is being deployed, and the
configuration's own settings of capture, explanation, metrics and traffic and of the last roll-out: records leave those
out.
An endpoint names its configuration in force, and during a deployment the one to come, which may answer by then. A
configuration may be deleted while its endpoint lives, and need not name a model where there are components. A shadow
variant gets copies of the requests and answers none. A router is an endpoint that others stand behind, maybe in other
accounts and regions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from studbook.model import Facts, Record
from studbook.model.attributes import at, attributes, computed, gathered
from studbook.model.evidence import value_at
from studbook.model.facts import CapturesTo, ModelSourceTag, PulledImage, ServedFolder
from studbook.model.ids import image_id, image_registry, parse_arn, s3_id
from studbook.sources import rows
from studbook.sources.interface import Json, Seen, always
from studbook.sources.reading import (
    Reading,
    data_sources,
    each,
    etags,
    hub_sources,
    manifest_sources,
    member,
    some,
)
from studbook.sources.sagemaker.nouns import named
from studbook.sources.sagemaker.search import always_whole, search

SOURCE_TAG: Final = "sagemaker.amazonaws.com/model-source"


def normalize_model(record: Record) -> Facts:
    """A deployable model: a package, or images with weights."""
    reading = Reading(record, "DescribeModel")
    body = record.body
    containers = list(_containers(body))
    reading.show("model", MODEL)
    packaged = False
    for container, path in containers:
        name, where = container.get("ModelPackageName"), f"{path}.ModelPackageName"
        package = reading.named(name, "model_package")
        if package is not None:
            packaged = True
            reading.edge(package, record.id, "packaged_as", where)
        elif name and parse_arn(name) is None:
            packaged = True
            reading.by_name("model_package", name, where, "packaged_as")
        reading.image(container.get("Image"), f"{path}.Image", relation="packaged_as")
        reading.environment(container, path)
        for uri, where, added in data_sources(container, path):
            if container.get("Mode") == "MultiModel" and not added:
                _served(reading, uri, where)
            else:
                reading.weights(uri, where, added=added)
        for uri, where in manifest_sources(container, path):
            reading.manifest(uri, where)
        for arn, where in hub_sources(container, path):
            base = reading.named(arn, "base_model")
            if base is not None:
                reading.edge(base, record.id, "packaged_as", where)
    if not packaged and (found := reading.tag(SOURCE_TAG)):
        package = reading.named(found[0], "model_package")
        if package is not None:
            (evidence,) = reading.evidence(found[1])
            reading.claim(ModelSourceTag(model=record.id, package=package, evidence=evidence))
    return reading.facts


def _served(reading: Reading, uri: object, path: str) -> None:
    """The prefix under which a multi-model container finds its models."""
    folder = s3_id(uri)
    if folder is not None:
        reading.edge(folder, reading.id, "packaged_as", path)
        (evidence,) = reading.evidence(path)
        reading.claim(ServedFolder(model=reading.id, uri=folder, evidence=evidence))


def _environment(containers: list[tuple[Json, str]]) -> dict[str, object]:
    """The variables of all containers, the first that sets one wins."""
    found: dict[str, object] = {}
    for container, _ in containers:
        for name, value in (container.get("Environment") or {}).items():
            found.setdefault(name, value)
    return found


def _containers(body: Json) -> Iterator[tuple[Json, str]]:
    primary = body.get("PrimaryContainer")
    if primary:
        yield primary, "PrimaryContainer"
    for index, container in each(body.get("Containers")):
        yield container, f"Containers[{index}]"


def normalize_config(record: Record) -> Facts:
    """An endpoint configuration: which models run in which variants; a variant for components names none."""
    reading = Reading(record, "DescribeEndpointConfig")
    body = record.body
    for whole in ("ProductionVariants", "ShadowProductionVariants"):
        for index, variant in each(body.get(whole)):
            name = variant.get("VariantName")
            path = f"{whole}[{index}]"
            reading.by_name("model", variant.get("ModelName"), f"{path}.ModelName", "deployed_to", role=name)
            for number, pool in each(variant.get("InstancePools")):
                where = f"{path}.InstancePools[{number}].ModelNameOverride"
                reading.by_name("model", pool.get("ModelNameOverride"), where, "deployed_to", role=name)
    reading.show("endpoint_config", CONFIG)
    _captured(reading)
    return reading.facts


def _captured(reading: Reading) -> None:
    """Where requests and answers are kept, if they are, and where asynchronous answers are written."""
    stopped = member(reading.body, "DataCaptureConfig", "EnableCapture") is False
    for path, role in (
        ("DataCaptureConfig.DestinationS3Uri", "captured"),
        ("AsyncInferenceConfig.OutputConfig.S3OutputPath", "output"),
    ):
        uri = s3_id(value_at(reading.body, path))
        if uri is not None:
            (evidence,) = reading.evidence(path)
            over = stopped and role == "captured"
            reading.claim(CapturesTo(place=reading.id, uri=uri, role=role, stopped=over, evidence=evidence))


def normalize_endpoint(record: Record) -> Facts:
    """An endpoint and its configuration; while it is being deployed also the one that is to come."""
    reading = Reading(record, "DescribeEndpoint")
    body = record.body
    reading.show("endpoint", ENDPOINT)
    reading.by_name("endpoint_config", body.get("EndpointConfigName"), "EndpointConfigName", "deployed_to")
    path = "PendingDeploymentSummary.EndpointConfigName"
    if (coming := value_at(body, path)) != body.get("EndpointConfigName"):
        reading.by_name("endpoint_config", coming, path, "deployed_to", pending=True)
    _captured(reading)
    for whole in ("ProductionVariants", "ShadowProductionVariants"):
        for index, variant in each(body.get(whole)):
            for number, image in each(variant.get("DeployedImages")):
                _pulled(reading, variant.get("VariantName"), image, f"{whole}[{index}].DeployedImages[{number}]")
    return reading.facts


def _pulled(reading: Reading, variant: object, image: Json, path: str) -> None:
    """The digest of an image that runs, as the pin of the tag that was asked for."""
    resolved = image.get("ResolvedImage")
    asked = image.get("SpecifiedImage") or resolved
    digest = str(resolved or "").partition("@")[2]
    if not isinstance(asked, str) or not digest:
        return
    pinned = image_id(asked, digest)
    account, region = image_registry(asked)
    reading.mention(pinned, "container_image", pinned.rsplit("/", 1)[-1], account=account, region=region)
    (evidence,) = reading.evidence(f"{path}.ResolvedImage")
    reading.claim(
        PulledImage(
            place=reading.id,
            variant=str(variant) if variant else None,
            image=asked,
            pinned=pinned,
            evidence=evidence,
        )
    )


def _pending(summary: Json) -> dict[str, object]:
    """The deployment that is under way."""
    return some(
        config=summary.get("EndpointConfigName"),
        since=summary.get("StartTime"),
        variants=_running(summary, "ProductionVariants") + _running(summary, "ShadowProductionVariants"),
    )


def _running(body: Json, whole: str) -> list[dict[str, object]]:
    return [
        some(
            name=variant.get("VariantName"),
            images=[
                image.get("ResolvedImage") or image.get("SpecifiedImage")
                for _, image in each(variant.get("DeployedImages"))
            ],
            instances=variant.get("CurrentInstanceCount"),
            weight=variant.get("CurrentWeight"),
            shadow=whole.startswith("Shadow") or None,
        )
        for _, variant in each(body.get(whole))
    ]


def normalize_component(record: Record) -> Facts:
    """A model, weights in a container, or an adapter on an endpoint; an adapter has its base component and weights."""
    reading = Reading(record, "DescribeInferenceComponent")
    body = record.body
    specifications = list(_specifications(body))
    reading.show("inference_component", COMPONENT)
    for item, path in specifications:
        reading.by_name("model", item.get("ModelName"), f"{path}.ModelName", "deployed_to")
        base = f"{path}.BaseInferenceComponentName"
        reading.by_name("inference_component", item.get("BaseInferenceComponentName"), base, "part_of", upstream=False)
        reading.weights(member(item, "Container", "ArtifactUrl"), f"{path}.Container.ArtifactUrl")
        reading.environment(item.get("Container") or {}, f"{path}.Container")
        if image := member(item, "Container", "DeployedImage"):
            _pulled(reading, None, image, f"{path}.Container.DeployedImage")
    endpoint = reading.named(body.get("EndpointArn"), "endpoint")
    if endpoint is not None:
        paths = ["EndpointArn", *(["VariantName"] if body.get("VariantName") else [])]
        reading.edge(record.id, endpoint, "deployed_to", *paths, role=body.get("VariantName"))
    return reading.facts


def _specifications(body: Json) -> Iterator[tuple[Json, str]]:
    """One for all instance types, or one for each."""
    single = body.get("Specification")
    if single:
        yield single, "Specification"
    for index, item in each(body.get("Specifications")):
        yield item, f"Specifications[{index}]"


def normalize_router(record: Record) -> Facts:
    """An address that sends requests on to endpoints and components, by the name of a target."""
    reading = Reading(record, "DescribeInferenceRouter")
    body = record.body
    targets = list(each(body.get("RoutingTargets")))
    reading.show("endpoint", ROUTER)
    for index, target in targets:
        for number, destination in each(target.get("Destinations")):
            path = f"RoutingTargets[{index}].Destinations[{number}].ResourceArn"
            behind = reading.named(destination.get("ResourceArn"), "endpoint", "inference_component")
            if behind is not None:
                reading.edge(behind, record.id, "deployed_to", path, role=target.get("Name"))
    return reading.facts


def _endpoint_shown(body: Json, seen: Seen) -> bool:
    """Whether Search shows all of an endpoint: it does not while there is a deployment."""
    return body.get("EndpointStatus") in ("InService", "OutOfService", "Failed")


def _images(body: Json) -> list[object]:
    return [container["Image"] for container, _ in _containers(body) if container.get("Image")]


def _configured(body: Json) -> list[dict[str, object]]:
    return [
        some(
            name=variant.get("VariantName"),
            model=variant.get("ModelName"),
            instance_type=variant.get("InstanceType"),
            instances=variant.get("InitialInstanceCount"),
            weight=variant.get("InitialVariantWeight"),
            serverless=variant.get("ServerlessConfig"),
            shadow=whole.startswith("Shadow") or None,
        )
        for whole in _VARIANTS
        for _, variant in each(body.get(whole))
    ]


def _answering(body: Json) -> list[dict[str, object]]:
    return [variant for whole in _VARIANTS for variant in _running(body, whole)]


def _of_specifications(body: Json) -> dict[str, object]:
    return _environment([(item.get("Container") or {}, path) for item, path in _specifications(body)])


def _targets(several: object) -> list[dict[str, object]]:
    return [
        some(
            name=target.get("Name"),
            destinations=[one["ResourceArn"] for _, one in each(target.get("Destinations")) if "ResourceArn" in one],
            preference=target.get("RoutingPreference"),
            asynchronous=bool(target.get("AsyncInferenceConfig")) or None,
        )
        for _, target in each(several)
    ]


_VARIANTS: Final = ("ProductionVariants", "ShadowProductionVariants")
_CONTAINERS: Final = ("PrimaryContainer", "Containers")
_SPECIFICATIONS: Final = ("Specification", "Specifications")
MODEL: Final = attributes(
    "model",
    "sagemaker:DescribeModel",
    rows.name("ModelName"),
    rows.CREATED,
    at("role", "ExecutionRoleArn", "The IAM role that it runs as."),
    gathered(
        "mode",
        _CONTAINERS,
        "MultiModel where it serves all models under a prefix.",
        lambda body: next((mode for one, _ in _containers(body) if (mode := one.get("Mode")) == "MultiModel"), None),
    ),
    gathered("images", _CONTAINERS, "The container images that serve it.", _images),
    gathered(
        "environment",
        _CONTAINERS,
        "The environment variables of its containers, the first that sets one wins.",
        lambda body: _environment(list(_containers(body))),
    ),
    at("network_isolation", "EnableNetworkIsolation", "Whether its containers can reach nothing else."),
    rows.network("VpcConfig"),
    gathered(
        "etags",
        ("PrimaryContainer", "Containers"),
        "The ETags of its weights and their manifests, when it was made.",
        etags,
    ),
)
CONFIG: Final = attributes(
    "endpoint_config",
    "sagemaker:DescribeEndpointConfig",
    rows.name("EndpointConfigName"),
    rows.CREATED,
    gathered("variants", _VARIANTS, "Which model each variant runs, on what, with which share.", _configured),
    at("role", "ExecutionRoleArn", "The IAM role that it runs as."),
    at("kms_key", "KmsKeyId", "The KMS key of its machines' volumes."),
    rows.network("VpcConfig", "EnableNetworkIsolation"),
    at("capture", "DataCaptureConfig", "How much of the traffic is kept, and where."),
    at("asynchronous", "AsyncInferenceConfig", "Where asynchronous answers are kept."),
    at("explainer", "ExplainerConfig", "How answers are explained."),
)
ENDPOINT: Final = attributes(
    "endpoint",
    "sagemaker:DescribeEndpoint",
    rows.name("EndpointName"),
    rows.status("EndpointStatus"),
    rows.CREATED,
    rows.MODIFIED,
    at("config", "EndpointConfigName", "The configuration in force."),
    gathered("variants", _VARIANTS, "What each variant runs now: images, instances, share.", _answering),
    at("pending", "PendingDeploymentSummary", "What a deployment that goes on will bring.", _pending),
    rows.FAILURE,
)
COMPONENT: Final = attributes(
    "inference_component",
    "sagemaker:DescribeInferenceComponent",
    rows.name("InferenceComponentName"),
    rows.status("InferenceComponentStatus"),
    rows.CREATED,
    rows.MODIFIED,
    at("endpoint", "EndpointName", "The endpoint that it is on."),
    at("variant", "VariantName", "The variant whose machines it uses."),
    gathered(
        "models",
        _SPECIFICATIONS,
        "The names of the models that it runs.",
        lambda body: [item["ModelName"] for item, _ in _specifications(body) if item.get("ModelName")],
    ),
    gathered(
        "artifacts",
        _SPECIFICATIONS,
        "Where the weights of an adapter lie.",
        lambda body: [url for item, _ in _specifications(body) if (url := member(item, "Container", "ArtifactUrl"))],
    ),
    gathered("environment", _SPECIFICATIONS, "The environment variables of its container.", _of_specifications),
    at("copies", "RuntimeConfig.CurrentCopyCount", "How many copies of it run."),
    rows.FAILURE,
)
ROUTER: Final = attributes(
    "endpoint",
    "sagemaker:DescribeInferenceRouter",
    rows.name("InferenceRouterName"),
    rows.status("Status"),
    rows.CREATED,
    rows.MODIFIED,
    computed("router", "router", "It is an inference router: others stand behind it.", lambda record: True),
    at("targets", "RoutingTargets", "The endpoints and components that it sends requests on to, by name.", _targets),
    at("failure", "StatusReason", "Why it failed."),
)


RESOURCES: Final = (
    replace(
        named("model", "Model", "Models", normalize_model),
        bulk=search("Model", always_whole, path=("Model", "Model"), order="CreationTime"),
        final=always,
    ),
    replace(named("endpoint_config", "EndpointConfig", "EndpointConfigs", normalize_config), final=always),
    replace(
        named("endpoint", "Endpoint", "Endpoints", normalize_endpoint),
        bulk=search(
            "Endpoint",
            _endpoint_shown,
            extra=("MonitoringSchedules",),
            apart=("PendingDeploymentSummary",),
            drops=(
                "AsyncInferenceConfig",
                "CrossRegionTrafficConfig",
                "ExplainerConfig",
                "LastDeploymentConfig",
                "MetricsConfig",
            ),
        ),
    ),
    named("inference_component", "InferenceComponent", "InferenceComponents", normalize_component),
    named("inference_router", "InferenceRouter", "InferenceRouters", normalize_router),
)
