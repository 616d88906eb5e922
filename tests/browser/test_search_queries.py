"""What people type and paste into search, and what comes first: in Chromium, over the demo's site, on one page."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

DEV, PROD = "222222222222", "444444444444"
BOT_4 = f"arn:aws:sagemaker:us-west-2:{DEV}:model-package/support-bot/4"
ENDPOINT = ("Endpoint", "support-bot-prod", "prod")
VERSION = ("Model version", "support-bot 4", "dev")
DATA = ("Dataset", "card-payments", "data")
STATE = ("Dataset version", "card-payments 8714c19db2ec", "data")
QUERIES = {
    # what is pasted
    f"arn:aws:sagemaker:us-west-2:{PROD}:endpoint/support-bot-prod": [ENDPOINT],
    f"ARN:AWS:SageMaker:us-west-2:{PROD}:Endpoint/Support-Bot-Prod": [ENDPOINT],
    BOT_4: [VERSION],
    f"  {BOT_4}\n": [VERSION],
    f"arn:aws:sagemaker:us-west-2:{DEV}:artifact/f5f2d17f3efd": [VERSION],  # the Lineage API's name of it
    "s3://acme-shared-data/fraud": [DATA],
    "s3a://acme-shared-data/fraud/": [DATA],
    "s3://acme-shared-data/fraud/train/part-0.csv": [DATA],
    "arn:aws:s3:::acme-shared-data/fraud/train/": [DATA],
    "https://acme-shared-data.s3.us-west-2.amazonaws.com/fraud/train/part-0.csv": [DATA],
    "https://acme-shared-data.s3.eusc-de-east-1.amazonaws.eu/fraud/train/part-0.csv": [DATA],
    "https://us-west-2.console.aws.amazon.com/s3/buckets/acme-shared-data?prefix=fraud/train/": [DATA],
    "s3://acme-shared-data": [("Dataset", "", "data")] * 4,
    "8714c19db2ec": [STATE],
    "sha256:8714c19db2ec": [STATE],
    PROD: [("Account", "prod", "prod"), ("", "", "prod"), ("", "", "prod")],
    "prod": [("Account", "prod", "prod")],
    # what is typed
    "support-bot 4": [VERSION],
    "support-bot/4": [VERSION],
    "support-bot@prod": [ENDPOINT],
    "fraud": [("Model group", "fraud", "prod")],
    "fraud model in production": [("Model group", "fraud", "prod")],
    "what runs in prod": [("Page", "Home", ""), ("Page", "Deployments", "")],
    "who uses card-payments": [DATA],
    "llama": [
        ("Base model", "meta-textgeneration-llama", ""),
        ("Base model version", "meta-textgeneration-llama", ""),
        *[("Model (group|version)", "support-bot", "")] * 9,
    ],
    "pending approval": [("Model version", "", "PendingManualApproval")] * 8,
    "PendingManualApproval": [("Model version", "", "PendingManualApproval")] * 8,
    "drift": [("Page", "Findings", ""), DATA],
    "dataset-drifted": [("Finding", "Findings: dataset-drifted", ""), DATA],
    "team:risk": [("", "fraud|support-bot", "dev")],
    "team risk": [("", "fraud|support-bot", "dev")],
    "owner bo": [("Model group", "", "")],
    "SUP-311": [VERSION, ("Model version", "support-bot 3", "dev")],
    "learning rate 0.0001": [("MLflow run|Training job", "support-bot-rlvr-20261119", "dev")] * 2,
    "learning_rate 1e-4": [("MLflow run|Training job", "support-bot-rlvr-20261119", "dev")] * 2,
    "endpoints in staging": [("Endpoint", "", "InService")] * 2,
    "suport-bot": [("Model group", "support-bot", "prod")],
    "toxcity": [("Evaluator", "toxicity", "dev")],
    f"arn:aws:sagemaker:us-west-2:{PROD}:endpoint/suport-bot-prod": [ENDPOINT],
    "glossary": [("Page", "Glossary", "")],
}
"""What is asked, and kind, title and place of what comes first; `.` of an expression is any of them."""


def test_what_people_look_for_comes_first(
    opened: Callable[..., AbstractContextManager[Page]], demo_address: str
) -> None:
    """Each query's first results are what its writer means: an id its page, words the likeliest, live ones first."""
    with opened(demo_address) as page:
        page.goto(f"{demo_address}latest/")
        found: list[list[dict[str, Any]]] = page.evaluate(
            "(all) => Promise.all(all.map((query) => studbookSearch.find(query, () => true, 12)))", list(QUERIES)
        )
        wrong = [
            f"{query}: {hits[: len(expected)]}"
            for (query, expected), hits in zip(QUERIES.items(), found, strict=True)
            if len(hits) < len(expected)
            or not all(
                re.fullmatch(kind or ".*", hit["facets"][0])
                and re.search(title, hit["title"])
                and any(place in facet for facet in hit["facets"])
                for (kind, title, place), hit in zip(expected, hits, strict=False)
            )
        ]
        assert wrong == []

        page.keyboard.press("/")
        page.keyboard.insert_text(f"arn:aws:sagemaker:us-west-2:{PROD}:endpoint/no-such")
        status = page.get_by_role("dialog").get_by_role("status")
        expect(status).to_contain_text("No page here has exactly this id.")
        page.get_by_role("combobox", name="Search").fill("suport-bot")
        expect(status).to_contain_text("Nothing has “suport”; near it: support.")
        page.get_by_role("combobox", name="Search").fill(BOT_4)
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_contain_text("support-bot 4")
        page.goto(f"{demo_address}latest/?q=s3://acme-shared-data/fraud/")
        expect(page.locator("h1")).to_contain_text("card-payments")
