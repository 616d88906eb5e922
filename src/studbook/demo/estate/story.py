"""Four nights at Acme, and what the catalog's configuration and its people say about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from studbook.demo.cloud.aws import EXTERNAL_ID
from studbook.demo.estate import (
    fraud,
    fraud_batch,
    fraud_pipeline,
    registry,
    support_agent,
    support_bot,
    support_triage,
    surroundings,
)
from studbook.demo.estate.world import ACCOUNTS, DATA, DEV, EUROPE, PROD, World, role


@dataclass(frozen=True, slots=True)
class StoryNight:
    """What happens before a harvest."""

    taken_at: datetime
    title: str
    play: Callable[[World], None]


def _first(world: World) -> None:
    world.at("2026-10-01T08:00:00Z")
    world.found()
    support_bot.found(world)
    fraud.found(world)
    fraud_batch.prepared(world)
    support_agent.found(world)
    support_bot.first_models(world)
    support_triage.tuned(world)
    fraud.first_models(world)
    fraud_pipeline.first_execution(world)
    fraud_batch.first_jobs(world)
    support_agent.first_agent(world)
    registry.around(world)
    fraud_pipeline.traced(world)
    surroundings.around(world)


def _second(world: World) -> None:
    support_bot.second_models(world)
    fraud_batch.second_jobs(world)
    support_agent.second_agent(world)


def _third(world: World) -> None:
    fraud.overwritten(world)
    support_bot.promotion(world)
    support_triage.imported(world)
    registry.shadow(world)


def _fourth(world: World) -> None:
    support_bot.staging_removed(world)
    registry.tidied(world)
    fraud.nightly_training(world)
    fraud_pipeline.second_execution(world, "fraud-xgb-20261121")
    support_agent.still_training(world)
    world.at("2026-11-22T01:00:00Z")
    for operation in ("List*", "Describe*", "BatchDescribe*"):
        world.aws.fault(
            "AccessDeniedException",
            account=PROD,
            region=EUROPE,
            service="sagemaker",
            operation=operation,
            message="User: arn:aws:sts::444444444444:assumed-role/StudbookReader/studbook is not authorized to perform "
            "this action because a service control policy denies it",
        )


NIGHTS: tuple[StoryNight, ...] = (
    StoryNight(datetime.fromisoformat("2026-11-18T02:00:00Z"), "the first look", _first),
    StoryNight(datetime.fromisoformat("2026-11-20T02:00:00Z"), "new chats, a better candidate", _second),
    StoryNight(datetime.fromisoformat("2026-11-21T02:00:00Z"), "promotion, and a table written over", _third),
    StoryNight(datetime.fromisoformat("2026-11-22T02:00:00Z"), "a region denied, an endpoint gone", _fourth),
)

_STAGES = {"data": "shared", "dev": "development", "staging": "staging", "prod": "production"}

SETTINGS = (
    "# The demo's configuration: four accounts of an imaginary company, two regions each.\n\naccounts:\n"
    + "".join(
        f'  - id: "{account}"\n'
        f"    name: {name}\n"
        f"    stage: {_STAGES[name]}\n"
        f"    regions: [us-west-2, eu-west-1]\n"
        f'    role_arn: "{role(account, "StudbookReader")}"\n'
        f"    external_id: {EXTERNAL_ID}\n"
        for account, name in ACCOUNTS.items()
    )
    + f"""
datasets:
  - {{uri: "s3://acme-shared-data/chat/", name: support-chats, account: "{DATA}", versions: subprefixes}}
  - {{uri: "s3://acme-shared-data/prompts/", name: support-prompts, account: "{DATA}"}}
  - {{uri: "s3://acme-shared-data/golden/", name: support-golden, account: "{DATA}"}}
  - {{uri: "s3://acme-shared-data/fraud/", name: card-payments, account: "{DATA}"}}

documents:
  - {{uri: "s3://acme-ml-dev-us-west-2/", account: "{DEV}"}}

evaluators:
  - {{function: "eval-*"}}

sources:  # the demo's AWS is on this machine and has no limits; without these lines the pace suits a real one
  sagemaker: {{rate: 200}}
  bedrock: {{enabled: true, rate: 200}}
  cloudtrail: {{enabled: true, limits: {{rotation: 1}}}}  # each night lists everything: there are but four
  fsx: {{rate: 200}}
  lambda: {{rate: 200}}
  s3: {{rate: 200}}
  mlflow: {{rate: 200}}

site:
  title: Acme models
"""
)
"""catalog/studbook.yml of the demo."""
