"""One graph, whatever the order, and a life for each asset."""

from hypothesis import given
from hypothesis import strategies as st
from tests.fact_records import ACCOUNT, JOB, Estate, asset, item, job, lines, state

from studbook.lineage.chronicle import chronicle
from studbook.lineage.link import LinkContext
from studbook.model import Asset, Edge
from studbook.model.facts import Reads

PACKAGE = f"arn:aws:sagemaker:us-west-2:{ACCOUNT}:model-package/bot/1"


def _produced(**fields) -> Edge:
    return Edge(
        **{
            "source": JOB,
            "target": PACKAGE,
            "relation": "produced",
            "certainty": "referenced",
            "evidence": ("a:B#c",),
            **fields,
        }
    )


class TestLink:
    def test_an_end_that_nobody_shows_is_unresolved(self):
        """An edge never points at nothing."""
        linked = Estate().say(job(), edges=[_produced()]).linked()
        found = {a.id: a for a in linked.assets}

        assert found[PACKAGE].unresolved
        assert (found[PACKAGE].kind, found[PACKAGE].account) == ("model_package", ACCOUNT)
        assert not found[JOB].unresolved

    def test_a_place_behind_an_access_point_is_unresolved(self):
        """Its ARN or its alias does not tell the bucket."""
        places = {
            "s3://ml-abc-s3alias/sets/": True,
            f"s3://arn:aws:s3:us-west-2:{ACCOUNT}:accesspoint/ml/sets/": True,
            "s3://ml/sets-s3alias/": False,
        }
        reads = [Reads(reader=JOB, uri=uri, role="train", at=None, evidence="t:T#f") for uri in places]
        linked = Estate().say(job(), claims=reads).linked()

        assert {one.id: one.unresolved for one in linked.assets if one.id in places} == places

    def test_a_version_alone_tells_its_parent(self):
        """The shape of the id is the evidence."""
        linked = Estate().say(job(), edges=[_produced()]).linked()
        parent = next(edge for edge in linked.edges if edge.relation == "has_version")

        assert parent.source == f"arn:aws:sagemaker:us-west-2:{ACCOUNT}:model-package-group/bot"
        assert lines(parent) == ("rule:arn",)

    def test_two_sources_make_one_edge_of_the_strongest_certainty(self):
        """All the evidence is kept."""
        weaker = _produced(certainty="inferred", candidate=True, evidence=("rule:x",))
        linked = Estate().say(job(), edges=[_produced()]).say(edges=[weaker]).linked()
        edge = next(edge for edge in linked.edges if edge.relation == "produced")

        assert (edge.certainty, edge.candidate, lines(edge)) == ("referenced", False, ("a:B#c", "rule:x"))

    def test_a_dataset_of_mlflow_has_the_place_that_every_run_names(self):
        """Its digest is of the content: where one run read it says nothing of another."""

        def told(*views: dict[str, str]) -> dict[str, str]:
            estate = Estate()
            for view in views:
                estate.say(asset("dataset_version", "mlflow:lab/dataset/chats/d1", attributes=view))
            (first,), (second,) = estate.linked().assets, estate.reversed().assets
            assert first.attributes == second.attributes
            return dict(first.attributes)

        here, there = {"digest": "d1", "uri": "/home/a/chats.csv"}, {"digest": "d1", "uri": "/home/b/chats.csv"}
        assert told(here, here) == here
        assert told(here, {"digest": "d1"}) == here
        assert told(here, there) == {"digest": "d1"}

    def test_the_stage_is_the_accounts(self):
        """It comes from the configuration."""
        linked = Estate().say(job()).linked(LinkContext(stages={ACCOUNT: "production"}))

        assert linked.assets[0].stage == "production"


KEYS = st.sampled_from(["p/", "p/a", "p2/a", "p/q/a", "x"])
URIS = st.sampled_from(["s3://b/p/", "s3://b/p", "s3://b/p/a", "s3://b/p2/", "s3://b/p/q/", "s3://b/", "s3://c/p/"])
TIMES = st.integers(1, 9).map(lambda day: f"2026-11-0{day}T00:00:00Z")


@st.composite
def estates(draw) -> Estate:
    """Datasets of several states and jobs that read around them."""
    estate = Estate()
    for n in range(draw(st.integers(0, 3))):
        prefix = draw(st.sampled_from(["p/", "p2/", "p/q/"]))
        contents = [
            item(prefix + key, at, etag)
            for key, at, etag in draw(
                st.lists(
                    st.tuples(st.sampled_from("abc"), TIMES, st.sampled_from("xyz")),
                    min_size=1,
                    unique_by=lambda row: row[0],
                )
            )
        ]
        versions = (
            [{**each, "VersionId": str(n), "IsLatest": True} for each in contents] if draw(st.booleans()) else None
        )
        estate.say(claims=[state(f"s3://b/{prefix}", *contents, versions=versions, until=n or None)])
    for n, (uri, at) in enumerate(draw(st.lists(st.tuples(URIS, TIMES), max_size=5))):
        reader = f"{JOB}-{n}"
        estate.say(
            asset("training_job", reader, created_at=at),
            claims=[Reads(reader=reader, uri=uri, role="train", at=at, evidence="sagemaker:X#Uri")],
        )
    return estate


class TestInvariants:
    @given(estates())
    def test_the_order_of_records_does_not_matter(self, estate):
        """Same records, same lineage."""
        one, two = estate.linked(), estate.reversed()

        assert one.assets == two.assets
        assert one.edges == two.edges

    @given(estates())
    def test_every_end_resolves_and_every_edge_has_evidence(self, estate):
        """Nothing points at nothing; nothing is claimed without saying how it is known."""
        linked = estate.linked()
        ids = {a.id for a in linked.assets}

        for edge in linked.edges:
            assert {edge.source, edge.target} <= ids
            assert edge.evidence
            assert edge.certainty != "inferred" or any(one.rule for one in edge.evidence)

    @given(estates())
    def test_a_job_never_reads_outside_its_prefix(self, estate):
        """The prefix trap: p/ and p2/ share letters, not objects."""
        reads = {
            claim.reader: claim.uri
            for record in estate.records
            for claim in estate._facts[record.id].claims
            if isinstance(claim, Reads)
        }
        for edge in estate.linked().edges:
            if edge.relation == "input_to":
                uri, source = reads[edge.target], edge.source.partition("@")[0]
                assert source.startswith(uri) or uri.startswith(source)

    @given(estates())
    def test_every_read_has_an_edge(self, estate):
        """What is not known in detail is still known to have been read."""
        linked = estate.linked()
        readers = {
            claim.reader
            for record in estate.records
            for claim in estate._facts[record.id].claims
            if isinstance(claim, Reads)
        }

        assert readers == {edge.target for edge in linked.edges if edge.relation == "input_to"}

    @given(estates(), st.data())
    def test_deleting_a_job_removes_only_its_edges(self, estate, data):
        """What others say stands."""
        jobs = [record for record in estate.records if estate._facts[record.id].assets]
        if not jobs:
            return
        victim = data.draw(st.sampled_from(jobs))
        lost = estate._facts[victim.id].assets[0].id
        before = estate.linked()
        estate.records.remove(victim)

        after = {edge.key for edge in estate.linked().edges}

        kept = {edge.key for edge in before.edges if lost not in edge.key[:2]}
        assert {key for key in kept if key.relation == "input_to"} == {
            key for key in after if key.relation == "input_to"
        }


class TestChronicle:
    def _life(self, estate: Estate, previous: dict[str, Asset] | None = None, number: int = 5) -> dict[str, tuple]:
        lived = chronicle(estate.linked(), (previous or {}).values(), number)
        return {a.id: (a.first_seen, a.stale_since, a.gone_since) for a in lived}

    def test_a_new_asset_is_first_seen_now(self):
        """And an old one when it was."""
        assert self._life(Estate().say(job()))[JOB] == (5, None, None)
        assert self._life(Estate().say(job()), {JOB: job(first_seen=2)})[JOB] == (2, None, None)

    def test_stale_only_if_everything_that_names_it_is(self):
        """One fresh record that names it is enough."""
        carried = Estate().say(job(), stale_since=3)

        assert self._life(carried)[JOB] == (5, 3, None)
        assert self._life(carried.say(edges=[_produced()]))[JOB] == (5, None, None)

    def test_who_had_a_name_before_was_seen_before(self):
        """And who has it now, now; also in the nights after."""
        early, late = "2026-11-01T00:00:00Z", "2026-11-03T00:00:00Z"
        buried = f"{JOB}@{early}"
        both = Estate().say(job(created_at=late)).say(job(created_at=early).but(id=buried), gone_since=5)

        lives = {JOB: (5, None, None), buried: (2, None, 5)}
        assert self._life(both, {JOB: job(first_seen=2, created_at=early)}) == lives
        known = {a.id: a for a in chronicle(both.linked(), [job(first_seen=2, created_at=early)], 5)}
        assert self._life(both, known, 6) == lives

    def test_gone_is_what_showed_it_and_is_gone(self):
        """A name in another record does not bring it back."""
        estate = Estate().say(job(), gone_since=4).say(edges=[_produced()])

        assert self._life(estate)[JOB] == (5, None, 4)

    def test_what_a_gone_record_named_is_not_gone(self):
        """Only what a record shows goes with it."""
        assert self._life(Estate().say(job(), edges=[_produced()], gone_since=4))[PACKAGE] == (5, None, None)
