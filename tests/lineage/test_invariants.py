"""What holds of every estate: parts of the estate of all joins, in any order, with more or less beside them."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.evidence_reader import astray, bodies, leads
from tests.join_records import RECORDS, SETTINGS
from tests.pedigrees import asset, edge
from tests.recorded_answers import EXAMPLES, records_of

from studbook.lineage.from_id import ARN
from studbook.lineage.graph import Graph
from studbook.lineage.link import LinkContext, Linked, link
from studbook.model import CERTAINTIES, Edge, Evidence, Facts, Record
from studbook.model.canonical import fields_of
from studbook.model.ids import parse_s3
from studbook.queries.answer import Night
from studbook.queries.drift import drifts_of
from studbook.queries.origins import makers
from studbook.queries.walks import made, reaches, runs
from studbook.sources import normalize

CONTEXT = LinkContext.of(SETTINGS)
EVERY = (*RECORDS, *{one.reference: one for path in EXAMPLES for one in records_of(path)}.values())

estates = st.lists(st.sampled_from(RECORDS), unique_by=lambda record: (record.kind, record.id), max_size=25)
thorough = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example])


def linked(records: Sequence[Record]) -> Linked:
    return link(records, normalize, CONTEXT)


def by_key(found: Linked) -> dict[Any, Edge]:
    return {edge.key: edge for edge in found.edges}


def same(one: Linked, other: Linked) -> bool:
    return one.assets == other.assets and list(one.edges) == list(other.edges)


class TestWhole:
    @thorough
    @given(estates)
    def test_every_end_and_path_resolves_and_every_conclusion_names_its_rule(self, records):
        """No arrow points at nothing, no evidence at a record or a value that is not there, and none is missing."""
        found = linked(records)
        ids = {asset.id for asset in found.assets}
        for one in found.edges:
            assert {one.source, one.target} <= ids
            assert one.evidence
            assert (one.certainty == "inferred") <= any(piece.rule for piece in one.evidence)
        cited = (piece.as_data() for one in found.edges for piece in one.evidence)
        assert astray(cited, bodies(map(fields_of, records))) == []

    @thorough
    @given(estates, st.randoms(use_true_random=False))
    def test_the_order_of_records_and_pages_does_not_matter(self, records, random):
        """The lineage of a set of records is the lineage of that set."""
        mixed = random.sample(records, len(records))
        assert same(linked(records), linked(mixed))

    @thorough
    @given(estates, st.data())
    def test_over_which_partitions_an_account_is_spread_does_not_matter(self, records, data):
        """What has an ARN lies where its ARN says, whoever was asked for it."""
        spread = [
            replace(record, region=data.draw(st.sampled_from(["us-west-2", "eu-north-1"])))
            if record.source == "sagemaker" and record.id.startswith("arn:")
            else record
            for record in records
        ]
        assert same(linked(records), linked(spread))

    @thorough
    @given(estates)
    def test_records_that_were_kept_say_what_they_said_when_they_were_harvested(self, records):
        """Written as JSON and read again, with its members in another order, a record tells the same."""
        kept = [replace(record, body=json.loads(json.dumps(record.body, sort_keys=True))) for record in records]
        assert same(linked(records), linked(kept))


_NAMED_BY = {"mlflow_experiment": {"mlflow:experiments/search"}, "mlflow_run": {"mlflow:runs/search"}}
"""Records that say nothing of others, and are found by their names."""


class TestMoreAndLess:
    @thorough
    @given(estates, estates)
    def test_an_account_that_has_nothing_to_do_with_others_changes_nothing_of_them(self, records, more):
        """The same estate under other accounts and buckets beside it: the first tells what it told alone.

        Only of public models, which are nobody's own, both together know more regions and more forms.
        """
        strange = [_elsewhere(record) for record in more]
        alone, both = linked(records), linked([*records, *strange])
        before, after = by_key(alone), by_key(both)
        beside = by_key(linked(strange)).keys()
        assert {key: after.get(key) for key in before if key not in beside} == {
            key: known for key, known in before.items() if key not in beside
        }
        new = after.keys() - before.keys() - beside
        assert all(
            key.relation == "same_as" and (":aws:hub-content/" in key.source or key.source.startswith("bedrock:"))
            for key in new
        )

    @thorough
    @given(estates.filter(bool), st.data())
    def test_a_record_that_goes_takes_only_edges_that_cite_it(self, records, data):
        """An edge is lost where the record named an end of it, or what the API said of it is among its evidence."""
        gone = data.draw(st.sampled_from(records))
        facts = normalize(gone)
        texts = {text for text in _texts([gone.body, gone.id]) if len(text) > 2}
        told = tuple(texts | {text.rpartition("/")[2] for text in texts if "::foundation-model/" in text})
        cited = {one.operation for one in _evidence(facts)} | _NAMED_BY.get(gone.kind, set())
        before = by_key(linked(records))
        after = by_key(linked([record for record in records if record is not gone]))
        for key in before.keys() - after.keys():
            if before[key].evidence == (ARN,):
                continue  # what an id's own shape says goes with the last edge that named it
            ends = (key.source, key.target)
            named = any(end.endswith(told) or end.startswith(gone.id) for end in ends)
            assert named or cited & {one.operation for one in before[key].evidence}, before[key]

    @thorough
    @given(estates, st.sampled_from(RECORDS))
    def test_certainty_does_not_rise_without_new_evidence(self, records, new):
        """One more record can prove an edge, and then it is among its evidence."""
        before, after = by_key(linked(records)), by_key(linked([*records, new]))
        rank = list(CERTAINTIES).index
        for key in before.keys() & after.keys():
            if rank(after[key].certainty) < rank(before[key].certainty):
                assert set(after[key].evidence) - set(before[key].evidence)


def _elsewhere(record: Record) -> Record:
    """The record with every account, bucket, host, run, file system and configured place another; the public stays."""
    text = json.dumps([record.id, record.body, record.account])
    text = re.sub(r"\b\d{12}\b", lambda match: str(999_999_999_999 - int(match[0])), text)
    text = re.sub(r'(s3://|Bucket\\*": ?\\*")', r"\1stranger-", text)
    text = re.sub(r"\b[0-9a-f]{32}\b", lambda match: f"{(1 << 128) - 1 - int(match[0], 16):032x}", text)
    text = re.sub(r"git(hub|lab)?\.", "git-elsewhere.", text)
    text = re.sub(r"\bfs-\d", "fs-stranger", text)
    record_id, body, account = json.loads(text)
    return replace(record, id=record_id, body=body, account=account)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        if value[:1] in "{[":
            with suppress(ValueError):
                yield from _texts(json.loads(value))
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _evidence(facts: Facts) -> Iterator[Evidence]:
    for one in facts.edges:
        yield from one.evidence
    for claim in facts.claims:
        found = getattr(claim, "evidence", ())
        yield from [found] if isinstance(found, Evidence) else found


# --- one response that is not as it should be ---------------------------------------------------------------------


def paths_of(record: Record, facts: Facts) -> Iterator[str]:
    for one in sorted(set(_evidence(facts))):
        if one.record == record.reference:
            yield one.path


OURS = ("Uri", "Dataset", "Index", "NamedBy")
"""Members that Studbook writes itself: S3 lists what was asked for, and does not repeat the question."""


def places(value: Any, at: tuple[Any, ...] = (), but: Sequence[str] = ()) -> Iterator[tuple[Any, ...]]:
    """Every member and item of a body, but for some members of the body itself."""
    if not at and isinstance(value, dict):
        value = {key: item for key, item in value.items() if key not in but}
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*at, key)
        yield from places(item, (*at, key))


def mutated(body: dict[str, Any], place: tuple[Any, ...], how: Any) -> dict[str, Any]:
    body = copy.deepcopy(body)
    holder = body
    for key in place[:-1]:
        holder = holder[key]
    if how is DROP:
        del holder[place[-1]]
    else:
        holder[place[-1]] = how
    return body


IDENTITY = ("HubContentName", "FunctionArn", "Versions")
"""What a record is known by without its body, or what Studbook itself writes there."""
DROP = object()
WRONG = [DROP, None, 7, "", "text", True, 1.5, [], {}, ["x"], {"x": "y"}, [None], [[]], [{}], "arn:aws:", "s3://", "{"]


class TestOneResponseIsNotAsItShouldBe:
    @pytest.mark.parametrize("record", EVERY, ids=lambda record: f"{record.kind} {record.id[-24:]}")
    def test_every_member_in_every_wrong_way(self, record: Record) -> None:
        """Whatever one member of one response is, the record is read, and says nothing that the response does not."""
        for place in places(record.body, but=OURS):
            for how in WRONG:
                odd = replace(record, body=mutated(record.body, place, how))
                facts = normalize(odd)
                for path in paths_of(odd, facts):
                    if path not in IDENTITY:
                        assert leads(odd.body, path), (place, how, path)

    @pytest.mark.parametrize("record", EVERY, ids=lambda record: f"{record.kind} {record.id[-24:]}")
    def test_evidence_is_in_the_record(self, record: Record) -> None:
        """Each path that a record is cited with leads to something in it."""
        for path in paths_of(record, normalize(record)):
            assert leads(record.body, path), path

    @settings(thorough, phases=[Phase.generate])  # a seed is as small as another
    @given(st.integers(0, 2**32).map(Random))
    def test_the_whole_lineage_stands_odd_records(self, random):
        """Joins meet what normalizers let through, of members that Studbook writes itself, too: nothing fails, and
        the edges that are lost are those of odd records or of an association with one, or follow from an end that only
        those name."""
        odd = {}
        for record in random.sample(RECORDS, 12):
            place = random.choice(list(places(record.body)))
            odd[record.reference] = replace(record, body=mutated(record.body, place, random.choice(WRONG)))
        whole, less = linked(RECORDS), linked([odd.get(one.reference, one) for one in RECORDS])
        before, after = by_key(whole), by_key(less)
        told = tuple({
            text
            for one in RECORDS if one.reference in odd
            for text in _texts([one.id, one.body, odd[one.reference].body]) if len(text) > 2
        })  # fmt: skip
        both = set.intersection(*({one.id for one in found.assets} for found in (whole, less)))
        for key in before.keys() - after.keys():
            ends = {key.source, key.target}
            cites = {piece.record for piece in before[key].evidence}
            follows = cites == {""} and not ends <= both
            joined = any(one.id in record for one in odd.values() for record in cites if "/association/" in record)
            assert follows or joined or cites & odd.keys() or any(end.endswith(told) for end in ends), key

    @pytest.mark.parametrize("how", [DROP, None, 7, []])
    @pytest.mark.parametrize("member", ["Key", "LastModified", "ETag", "VersionId", "Size"])
    def test_a_listing_of_objects_with_an_odd_row_costs_itself(self, member, how):
        """Joins go by all rows of a listing: one that S3 would not write so is found before they do."""
        listings = [record for record in RECORDS if record.kind == "s3_prefix"]
        assert listings
        for record in listings:
            for whole in ("Contents", "Versions", "DeleteMarkers"):
                if member in next(iter(record.body.get(whole) or ()), ()):
                    odd = replace(record, body=mutated(record.body, (whole, 0, member), how))
                    linked([odd if one is record else one for one in RECORDS])

    @pytest.mark.parametrize("record", EVERY, ids=lambda record: f"{record.kind} {record.id[-24:]}")
    def test_a_member_that_nobody_knows_changes_no_edge(self, record: Record) -> None:
        """AWS adds members; what they may mean is not guessed."""
        odd = replace(record, body={**record.body, "AddedNextYear": {"Arn": "arn:aws:sagemaker:x:1:model/new"}})
        assert normalize(odd).edges == normalize(record).edges
        assert normalize(odd).claims == normalize(record).claims


# --- places in S3 -------------------------------------------------------------------------------------------------


class TestPrefixTrap:
    @thorough
    @given(estates)
    def test_places_that_share_letters_and_no_folder_are_strangers(self, records):
        """`s3://b/data/` and `s3://b/data2/` have nothing in common but letters."""
        for one in linked(records).edges:
            if {"s3-prefix", "registered-location"} & {piece.rule for piece in one.evidence}:
                source = parse_s3(one.source.partition("@sha256:")[0])
                if source is None:
                    continue
                reads = [uri for record in records if record.id == one.target for uri in _s3(record)]
                assert any(_within(uri, str(source)) or _within(str(source), uri) for uri in reads), one


def _s3(record: Record) -> list[str]:
    return [str(uri) for text in _texts(record.body) if (uri := parse_s3(text)) is not None]


def _within(uri: str, folder: str) -> bool:
    return uri == folder or uri.startswith(folder.rstrip("/") + "/")


# --- cycles -------------------------------------------------------------------------------------------------------

KINDS = ("model_package", "training_job", "artifact", "endpoint", "inference_component", "model", "dataset_version")
WAYS = ("copied_to", "same_as", "packaged_as", "produced", "input_to", "deployed_to", "part_of", "registered_as")


@st.composite
def knots(draw) -> Graph:
    """Few things and many arrows, so that most ways lead back."""
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=6))
    nodes = [asset(f"n{number}", kind) for number, kind in enumerate(kinds)]
    name = st.sampled_from([node.id for node in nodes])
    arrows = draw(st.sets(st.tuples(name, name, st.sampled_from(WAYS)), max_size=20))
    return Graph(nodes, [edge(*arrow) for arrow in sorted(arrows)])


class TestCycles:
    @thorough
    @given(knots())
    def test_every_walk_ends(self, graph):
        """A model that is its own ancestor through copies ends traces, impacts, deployments, origins and drifts."""
        for node in graph.assets.values():
            for walk in (made(graph, node.id), reaches(graph, node.id)):
                assert {hop.asset.id for hops in walk.hops.values() for hop in hops} <= {a.id for a in walk.assets}
            runs(graph, node.id)
            makers(graph, node)
            list(drifts_of(Night(graph), node))
