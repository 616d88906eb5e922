"""MLflow Apps and tracking servers: where runs are, for the MLflow source to read in the next wave.

They are no assets. Calls, per region: ListMlflowApps and DescribeMlflowApp of each every night, for the listing does
not show every change; ListMlflowTrackingServers, and DescribeMlflowTrackingServer where the listing shows a change.
"""

from __future__ import annotations

from typing import Final

from studbook.model import Facts, Record
from studbook.sources.interface import Describe, Listing, Resource


def normalize(record: Record) -> Facts:
    """Nothing: what is on the server are the assets."""
    return Facts()


RESOURCES: Final = (
    Resource(
        kind="mlflow_app",
        listing=Listing(operation="ListMlflowApps", items="Summaries"),
        identify=lambda summary: summary["Arn"],
        describe=Describe(operation="DescribeMlflowApp", params=lambda summary: {"Arn": summary["Arn"]}),
        volatile=True,
        normalize=normalize,
    ),
    Resource(
        kind="mlflow_tracking_server",
        listing=Listing(operation="ListMlflowTrackingServers", items="TrackingServerSummaries"),
        identify=lambda summary: summary["TrackingServerArn"],
        describe=Describe(
            operation="DescribeMlflowTrackingServer",
            params=lambda summary: {"TrackingServerName": summary["TrackingServerName"]},
        ),
        normalize=normalize,
    ),
)
