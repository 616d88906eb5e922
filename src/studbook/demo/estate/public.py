"""The public hub, in part: the base models that the story starts from."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from studbook.demo.cloud.clock import Clock

if TYPE_CHECKING:
    from studbook.demo.cloud.sagemaker import SageMaker

REGIONS = ("us-west-2", "eu-west-1")
LLAMA = "meta-textgeneration-llama-3-2-1b-instruct"
QWEN = "huggingface-reasoning-qwen3-0-6b"
_MODELS = (
    (LLAMA, "1.11.0", "Llama 3.2 1B Instruct", "meta-llama/Llama-3.2-1B-Instruct", datetime(2026, 3, 3, tzinfo=UTC)),
    (LLAMA, "1.12.0", "Llama 3.2 1B Instruct", "meta-llama/Llama-3.2-1B-Instruct", datetime(2026, 8, 18, tzinfo=UTC)),
    (QWEN, "1.0.0", "Qwen3 0.6B", "Qwen/Qwen3-0.6B", datetime(2026, 6, 9, tzinfo=UTC)),
)


def base_model_arn(region: str, name: str = LLAMA, version: str = "1.12.0") -> str:
    """A model of the public hub as that region names it."""
    return f"arn:aws:sagemaker:{region}:aws:hub-content/SageMakerPublicHub/Model/{name}/{version}"


def publish_models(sagemaker: SageMaker, clock: Clock) -> None:
    """Fills the public hub of each region, at the dates at which the models came out."""
    now = clock.now
    for region in REGIONS:
        clock.set(datetime(2023, 11, 29, tzinfo=UTC))
        sagemaker.call(
            "aws",
            region,
            "CreateHub",
            {"HubName": "SageMakerPublicHub", "HubDescription": "SageMaker Public Models Hub"},
        )
        for name, version, title, hugging_face, published in _MODELS:
            clock.set(published)
            document = {
                "Url": f"https://huggingface.co/{hugging_face}",
                "MinSdkVersion": "2.225.0",
                "HostingArtifactS3DataType": "S3Prefix",
                "HostingArtifactUri": f"s3://jumpstart-cache-prod-{region}/{name}/artifacts/inference-prepack/v1.0.0/",
                "CustomizationTechniques": ["SFT", "DPO", "RLVR", "RLAIF"],
            }
            sagemaker.call(
                "aws",
                region,
                "ImportHubContent",
                {
                    "HubName": "SageMakerPublicHub",
                    "HubContentType": "Model",
                    "HubContentName": name,
                    "HubContentVersion": version,
                    "HubContentDisplayName": title,
                    "DocumentSchemaVersion": "2.3.0",
                    "HubContentDocument": json.dumps(document, sort_keys=True),
                    "HubContentSearchKeywords": ["@task:text-generation", "@framework:huggingface"],
                },
            )
    clock.set(now)
