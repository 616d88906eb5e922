"""MLflow Apps and tracking servers: where runs are, for the MLflow source to read in the next wave.

They are no assets. Calls, per region: ListMlflowApps, and DescribeMlflowApp and ListTags of each every night, for the
listing shows neither every change nor what an App is the default of; ListMlflowTrackingServers, and
DescribeMlflowTrackingServer and ListTags where the listing shows a change. Their tags can exclude a server.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Final

from studbook.sources.interface import Describe, Listing, Resource, no_facts, request
from studbook.sources.reading import tags_of

RESOURCES: Final = (
    Resource(
        kind="mlflow_app",
        listing=Listing(operation="ListMlflowApps", items="Summaries"),
        identify=itemgetter("Arn"),
        describe=Describe(operation="DescribeMlflowApp", params=request("Arn")),
        details=(tags_of("Arn"),),
        volatile=True,
        normalize=no_facts,
    ),
    Resource(
        kind="mlflow_tracking_server",
        listing=Listing(operation="ListMlflowTrackingServers", items="TrackingServerSummaries"),
        identify=itemgetter("TrackingServerArn"),
        describe=Describe(operation="DescribeMlflowTrackingServer", params=request("TrackingServerName")),
        details=(tags_of("TrackingServerArn"),),
        normalize=no_facts,
    ),
)
