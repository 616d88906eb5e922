"""The traffic that endpoints keep, and the loop that it closes."""

import pytest
from tests.fact_records import ACCOUNT, JOB, REGION, Estate, asset, job

from studbook.lineage.graph import Graph
from studbook.lineage.link import ConfiguredDataset, LinkContext
from studbook.model import Edge, Evidence
from studbook.model.facts import CapturesTo, Reads
from studbook.queries.walks import reaches

ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
CONFIG, ENDPOINT, OTHER = (f"{ARN}:{name}" for name in ("endpoint-config/c", "endpoint/e", "endpoint/other"))
PLACE = "s3://kept/traffic"
NOON = "2026-11-02T12:00:00Z"
SAID = Evidence.parse("t:T#DataCaptureConfig.DestinationS3Uri")


def deployed(config: str, endpoint: str) -> Edge:
    evidence = (Evidence.parse("t:T#EndpointConfigName"),)
    return Edge(source=config, target=endpoint, relation="deployed_to", certainty="referenced", evidence=evidence)


def channel(uri: str) -> Edge:
    """The job's, by which it reads a place."""
    return Edge(
        source=uri,
        target=JOB,
        relation="input_to",
        role="train",
        certainty="referenced",
        evidence=(Evidence.parse("t:T#Channel"),),
    )


def estate() -> Estate:
    """A configuration that keeps traffic serves one endpoint; another endpoint has one of its own."""
    shown = [asset("endpoint_config", CONFIG), asset("endpoint", ENDPOINT), asset("endpoint", OTHER)]
    edges = [deployed(CONFIG, ENDPOINT), deployed(f"{CONFIG}2", OTHER)]
    return Estate().say(*shown, edges=edges, claims=[CapturesTo(place=CONFIG, uri=PLACE, evidence=SAID)])


def captured(linked) -> list[tuple[str, str, str]]:
    return [(edge.source, edge.target, edge.certainty) for edge in linked.edges if edge.role == "captured"]


class TestCaptured:
    def test_each_endpoint_of_the_configuration_keeps_its_traffic_there(self):
        """And none that runs by another."""
        assert captured(estate().linked()) == [(ENDPOINT, PLACE, "referenced")]

    def test_an_endpoint_says_it_without_its_configuration(self):
        """Which may be deleted while the endpoint lives."""
        claims = [CapturesTo(place=ENDPOINT, uri="https://kept.s3.amazonaws.com/traffic", evidence=SAID)]
        linked = Estate().say(asset("endpoint", ENDPOINT), claims=claims).linked()

        assert captured(linked) == [(ENDPOINT, PLACE, "referenced")]

    def test_what_was_kept_before_it_was_stopped_is_still_the_endpoints(self):
        """In the folder of its name, and nowhere else: it may never have kept anything."""
        claim = CapturesTo(place=ENDPOINT, uri=PLACE, stopped=True, evidence=SAID)
        for uri, made in (
            (f"{PLACE}/e/blue/2026/", True),
            (f"{PLACE}/other/", False),
            (PLACE, False),
            ("s3://kept/", False),
        ):
            reads = Reads(reader=JOB, uri=uri, role="train", at=NOON, evidence=Evidence.parse("t:T#Channel"))
            shown = asset("endpoint", ENDPOINT, "e", created_at="2026-11-01T12:00:00Z")
            linked = Estate().say(shown, job(), edges=[channel(uri)], claims=[claim, reads]).linked()
            assert captured(linked) == ([(ENDPOINT, uri, "inferred")] if made else [])

    def test_in_a_dataset_it_is_the_dataset_that_is_made(self):
        """So that a job which trains on it is downstream of the endpoint: the feedback loop is closed."""
        dataset = ConfiguredDataset("s3://kept/", "kept", ACCOUNT, Evidence.parse("config:datasets[0].uri"))
        reads = Reads(reader=JOB, uri="s3://kept/traffic/", role="train", evidence=Evidence.parse("t:T#Channel"))
        made = estate().say(job(), claims=[reads])

        linked = made.linked(LinkContext(datasets=(dataset,)))

        assert captured(linked) == [(ENDPOINT, "s3://kept/", "inferred")]
        assert ("s3://kept/", JOB) in {(edge.source, edge.target) for edge in linked.edges}

    @pytest.mark.parametrize(("read", "reached"), [("s3://kept/e/", True), ("s3://kept/other/", False)])
    def test_it_may_be_kept_in_a_whole_bucket(self, read, reached):
        """Its own folder there is the endpoint's, too."""
        shown = [asset("endpoint", ENDPOINT, "e"), job()]
        claims = [
            CapturesTo(place=ENDPOINT, uri="s3://kept/", evidence=SAID),
            Reads(reader=JOB, uri=read, role="train", at=NOON, evidence="t:T#Channel"),
        ]
        linked = Estate().say(*shown, edges=[channel(read)], claims=claims).linked()
        made = {edge.source for edge in linked.edges if (edge.target, edge.relation) == (read, "produced")}
        assert made == ({ENDPOINT} if reached else set())

    @pytest.mark.parametrize(
        ("read", "at", "reached"),
        [
            ("s3://kept/traffic", NOON, True),
            ("s3://kept/traffic/", NOON, True),
            ("s3://kept/", NOON, True),
            ("s3://kept/traffic/e/", NOON, True),
            ("s3://kept/traffic/e/AllTraffic/2026/11/01/", NOON, True),
            ("s3://kept/traffic/e/AllTraffic/", "2026-10-01T00:00:00Z", False),
            ("s3://kept/traffic/other/AllTraffic/", NOON, False),
            ("s3://kept/traffic-2/", NOON, False),
        ],
    )
    def test_who_reads_a_part_of_it_or_around_it_learns_from_the_endpoint(self, read, at, reached):
        """Below the place the traffic of each endpoint is in a folder of its name; what was read before the endpoint
        was made is none of it."""
        reads = Reads(reader=JOB, uri=read, role="train", at=at, evidence="t:T#Channel")
        made = Estate().say(
            asset("endpoint_config", CONFIG),
            asset("endpoint", ENDPOINT, "e", created_at="2026-11-01T00:00:00Z"),
            job(created_at=at),
            edges=[deployed(CONFIG, ENDPOINT), channel(read)],
            claims=[CapturesTo(place=CONFIG, uri=PLACE, evidence=SAID), reads],
        )
        linked = made.linked()

        walk = reaches(Graph(linked.assets, list(linked.edges)), ENDPOINT)
        assert (JOB in {one.id for one in walk.assets}) == reached
