"""Denied is never gone."""

from __future__ import annotations

import uuid
from contextlib import closing
from dataclasses import replace

import pytest

from studbook.harvest.merge import merge, suspect_listings
from studbook.harvest.partition_store import PartitionStore
from studbook.model import Record
from studbook.store.chunks import RECORDS


def record(name: str, kind: str = "model", created: str = "2026-01-01T00:00:00Z", **more) -> Record:
    fields = {"source": "sagemaker", "account": "1", "region": "r", "revision": "a", "body": {"CreationTime": created}}
    return Record(kind=kind, id=name, **{**fields, **more})


@pytest.fixture
def merged(tmp_path):
    """The records of a partition after a night; what was known, what was seen, and what was listed to its end."""

    def of(known, seen=(), complete=(), undescribed=(), number=7, believed=True):
        with closing(PartitionStore(tmp_path / uuid.uuid4().hex)) as store:
            store.load_previous(map(RECORDS.line, known))
            for found in seen:
                store.add(found)
            for kind, name in undescribed:
                store.unreadable(kind, name)
            told = {"complete": set(complete), "scope": lambda found: found.body.get("Dataset", "scope")}
            merge(store, **told, number=number, suspects=() if believed else suspect_listings(store, **told))
            records = list(store.records())
            assert store.held() == sum(found.gone_since is None for found in records)
            return records

    return of


BEFORE, AGAIN = (
    {"Key": "a", "VersionId": version, "LastModified": time}
    for version, time in (("1", "2026-09-01T00:00:00Z"), ("2", "2026-09-14T00:00:00Z"))
)


def versions(*rows):
    """The members of a listing of all versions of objects."""
    return {"VersionsBy": "fingerprint", "Versions": list(rows), "DeleteMarkers": []}


class TestMerge:
    @pytest.mark.parametrize(
        ("complete", "expected"),
        [
            ([("model", None)], (None, 7)),
            ([("model", "scope")], (None, 7)),
            ([("model", "other scope")], (7, None)),
            ([("endpoint", None)], (7, None)),
            ([], (7, None)),
        ],
    )
    def test_gone_needs_a_complete_listing(self, merged, complete, expected):
        """Only a complete listing of its kind, or of its part of it, makes a missing record gone; else it is stale."""
        (found,) = merged([record("m")], [], complete)

        assert (found.stale_since, found.gone_since) == expected

    def test_stale_keeps_its_first_night(self, merged):
        """Since when something is unseen does not move from night to night."""
        (found,) = merged([record("m", stale_since=4)])

        assert found.stale_since == 4

    def test_gone_stays_gone(self, merged):
        """A tombstone is the same every night, whatever was listed."""
        tombstone = record("m", gone_since=3)

        assert merged([tombstone], [], [("model", None)]) == [tombstone]

    def test_stale_then_gone(self, merged):
        """Once a complete listing lacks it, what was stale is gone."""
        (found,) = merged([record("m", stale_since=4)], [], [("model", None)])

        assert (found.stale_since, found.gone_since) == (None, 7)

    def test_listed_but_unreadable_is_stale(self, merged):
        """What a listing shows and no description explains keeps its old facts."""
        (found,) = merged([record("m")], [], [("model", None)], [("model", "m")])

        assert (found.stale_since, found.gone_since) == (7, None)

    def test_seen_wins(self, merged):
        """Tonight's record replaces last night's."""
        tonight = record("m", revision="b")

        assert merged([record("m", stale_since=2)], [tonight]) == [tonight]

    def test_a_reused_name(self, merged):
        """The earlier holder of an id that was deleted and given away keeps its history under another id."""
        old, new = record("m"), record("m", created="2026-02-02T00:00:00Z")

        assert merged([old], [new]) == [new, replace(old, id="m@2026-01-01T00:00:00Z", gone_since=7)]

    @pytest.mark.parametrize(
        ("kind", "member"),
        [
            ("mlflow_model_version", "creation_timestamp"),
            ("mlflow_registered_model", "creation_timestamp"),
            ("mlflow_experiment", "creation_time"),
        ],
    )
    def test_a_name_in_mlflow_is_given_again(self, merged, kind, member):
        """A registered model that was deleted and made again gives the numbers of its versions again; what had them
        before is gone, and not changed."""
        old, new = (record("m/1", kind=kind, body={member: time}) for time in (1_000, 2_000))

        assert merged([old], [new]) == [new, replace(old, id="m/1@1000", gone_since=7)]
        assert merged([new], [replace(new, revision="b")]) == [replace(new, revision="b")]

    def test_a_name_that_went_to_and_fro(self, merged):
        """What an earlier night said of the earlier holder stands, should the name change hands back and forth."""
        first, second = record("m"), record("m", created="2026-02-02T00:00:00Z")
        buried = replace(first, id="m@2026-01-01T00:00:00Z", gone_since=3)

        assert merged([first, buried], [second]) == [second, buried]

    @pytest.mark.parametrize(
        ("was", "now", "kept"),
        [
            ({"Contents": [BEFORE]}, {"Contents": [AGAIN]}, True),
            ({"Contents": [BEFORE], "DatasetName": "a"}, {"Contents": [BEFORE], "DatasetName": "b"}, False),
            ({"Contents": [BEFORE], **versions(BEFORE)}, {"Contents": [AGAIN], **versions(AGAIN)}, True),
            ({"Contents": [BEFORE], **versions(BEFORE)}, {"Contents": [AGAIN], **versions(BEFORE, AGAIN)}, False),
            ({"Objects": 1, "Newest": "2026-09-01T00:00:00Z"}, {"Objects": 1, "Newest": "2026-09-14T00:00:00Z"}, True),
        ],
    )
    def test_content_that_is_there_again(self, merged, was, now, kept):
        """Of a place in S3 what the earlier listing showed, and tonight's does not, stays as a record of its own: until
        the night that showed another state, or else until tonight."""
        old = record("s3://b/@sha256:a", kind="s3_prefix", body={"Uri": "s3://b/", **was})
        new = replace(old, body={"Uri": "s3://b/", **now})
        earlier = replace(old, id="s3://b/@sha256:a@7", gone_since=7)
        assert merged([old], [new]) == [new, earlier][: 1 + kept]
        earlier = replace(old, id="s3://b/@sha256:a@3", gone_since=3)
        assert merged([replace(old, gone_since=3)], [new]) == [new, earlier][: 1 + kept]
        assert merged([new, earlier], [new]) == [new, earlier]

    @pytest.mark.parametrize(
        ("change", "kept"),
        [
            ({"Aliases": [{"Name": "prod", "FunctionVersion": "2"}]}, True),
            ({"CodeSha256": "b"}, True),
            ({"Layers": [{"Arn": "l"}]}, True),
            ({"Timeout": 9}, False),
        ],
    )
    def test_what_a_function_said(self, merged, change, kept):
        """At which versions its aliases pointed, and what ran as $LATEST, stays until the night that showed another;
        aliases that were not listed say nothing."""
        body = {"Aliases": [{"Name": "prod", "FunctionVersion": "1"}], "CodeSha256": "a"}
        old = record("f", kind="lambda_function", body=body)
        new = replace(old, body=body | change)
        earlier = replace(old, id="f@7", gone_since=7)
        assert merged([old], [new]) == [new, earlier][: 1 + kept]
        assert merged([new, earlier], [new]) == [new, earlier]
        unlisted = replace(new, body={name: value for name, value in new.body.items() if name != "Aliases"})
        assert merged([unlisted], [old]) == [old]

    @pytest.mark.parametrize(
        ("change", "kept"),
        [
            ({"InferenceSpecification": {"Containers": [{"ModelDataUrl": "s3://w/2"}]}}, True),
            ({"SourceUri": "s3://w/2"}, True),
            ({"ModelApprovalStatus": "Approved"}, False),
        ],
    )
    def test_which_weights_a_version_had(self, merged, change, kept):
        """They stay, until the time at which the record was changed that first showed others; an approval changes
        none."""
        body = {"CreationTime": "t", "InferenceSpecification": {"Containers": [{"ModelDataUrl": "s3://w/1"}]}}
        old = record("p/1", kind="model_package", body=body)
        new = replace(old, body=body | change | {"LastModifiedTime": "2026-09-14T00:00:00Z"})
        earlier = replace(old, id="p/1@until-2026-09-14T00:00:00Z", gone_since=7)
        assert merged([old], [new]) == [new, earlier][: 1 + kept]
        assert merged([new, earlier], [new]) == [new, earlier]

    def test_order(self, merged):
        """The order of records does not depend on the order of discovery."""
        several = [record("b"), record("a"), record("a", kind="endpoint")]

        assert merged([], several) == merged([], reversed(several))


class TestDoubt:
    """A listing that lacks most of what was known needs a second witness."""

    HERD = tuple(record(f"m{number:02}") for number in range(10))
    ALL = (("model", None),)

    def states(self, records):
        return [(one.stale_since, one.gone_since) for one in records]

    @pytest.mark.parametrize(
        ("left", "lost"),
        [(0, (7, None)), (4, (7, None)), (5, (None, 7)), (9, (None, 7))],
    )
    def test_most_of_them(self, merged, left, lost):
        """More than five and more than half are stale; half of them, or few, are gone as a listing says."""
        found = merged(self.HERD, self.HERD[:left], self.ALL, believed=False)

        assert set(self.states(found)[left:]) == {lost}

    def test_few_can_be_all(self, merged):
        """Five of five are gone: an estate is tidied up now and then."""
        assert set(self.states(merged(self.HERD[:5], [], self.ALL, believed=False))) == {(None, 7)}

    def test_the_second_night(self, merged):
        """What a second listing lacks too is gone; what is there again is as it was, revision and all."""
        first = merged(self.HERD, [], self.ALL, believed=False)
        again = merged(first, self.HERD[8:], self.ALL, number=8, believed=False)

        assert self.states(again) == [(None, 8)] * 8 + [(None, None)] * 2
        assert {one.revision for one in again} == {"a"}

    def test_a_night_between_that_says_nothing(self, merged):
        """A denied night is no witness: it changes nothing."""
        first = merged(self.HERD, [], self.ALL, believed=False)

        assert merged(first, [], [], number=8, believed=False) == first

    def test_what_lies_below(self, merged):
        """What the same answers would have led to is not gone either, however little it is."""
        below = record("run", kind="execution")

        found = merged([*self.HERD, below], [], [*self.ALL, ("execution", None)], believed=False)

        assert set(self.states(found)) == {(7, None)}

    SMALL = tuple(record(f"{kind}{number}", kind=kind) for kind in ("model", "run") for number in range(3))
    """Six records, three of each of two kinds."""

    @pytest.mark.parametrize("where", [None, "scope"])
    def test_a_few_of_each_kind(self, merged, where):
        """Where everything is missing that a scope or partition had, a few of each kind are many."""
        complete = [("model", where), ("run", where)]
        first = merged(self.SMALL, [], complete, believed=False)

        assert set(self.states(first)) == {(7, None)}
        assert set(self.states(merged(first, [], complete, number=8, believed=False))) == {(None, 8)}

    @pytest.mark.parametrize(
        ("left", "seen"), [(SMALL, SMALL[:1]), ((*SMALL, record("e", kind="endpoint")), [record("e", kind="endpoint")])]
    )
    def test_one_that_is_there(self, merged, left, seen):
        """Where one of a scope's known records is there, of whatever kind, a few of each kind are gone."""
        found = merged(left, seen, [("model", None), ("run", None)], believed=False)

        assert {one.gone_since for one in found if one not in seen} == {7}

    def test_a_few_together(self, merged):
        """Five of two kinds are a handful, and gone at once."""
        found = merged(self.SMALL[:5], [], [("model", None), ("run", None)], believed=False)

        assert set(self.states(found)) == {(None, 7)}

    def test_denied_is_no_witness(self, merged):
        """What a denied listing could not show does not speak for those that were answered with nothing."""
        found = merged(
            [*self.SMALL, record("e", kind="endpoint")], [], [("model", None), ("run", None)], believed=False
        )

        assert set(self.states(found)) == {(7, None)}

    def test_places_that_are_all_empty(self, merged):
        """Six places in S3 of which each listing shows nothing are not empty before another night says so too."""
        body = [{"Uri": f"s{n}", "Dataset": f"s{n}"} for n in range(6)]
        full = [record(f"{one['Uri']}@1", kind="s3_prefix", body={**one, "Contents": [{}]}) for one in body]
        empty = [record(f"{one['Uri']}@0", kind="s3_prefix", body={**one, "Contents": []}) for one in body]
        complete = [("s3_prefix", one["Uri"]) for one in body]

        first = merged(full, empty, complete, believed=False)
        again = merged(first, empty, complete, number=8, believed=False)

        assert [(one.id[-1], one.stale_since, one.gone_since) for one in first] == [("1", 7, None)] * 6
        assert {(one.id[-1], one.gone_since) for one in again} == {("0", None), ("1", 8)}

    def test_a_few_empty_places(self, merged):
        """Five of six places in S3 that are empty now are empty, for the sixth is answered as it was."""
        body = [{"Uri": f"s{n}", "Dataset": f"s{n}"} for n in range(6)]
        full = [record(f"{one['Uri']}@1", kind="s3_prefix", body={**one, "Contents": [{}]}) for one in body]
        empty = [record(f"{one['Uri']}@0", kind="s3_prefix", body={**one, "Contents": []}) for one in body[:5]]

        found = merged(full, [*empty, full[5]], [("s3_prefix", one["Uri"]) for one in body], believed=False)

        assert [one.gone_since for one in found] == [None, 7] * 5 + [None]

    def test_newer_states_of_places(self, merged):
        """Ten places in S3 that all changed are ten newer states, and nothing that was lost."""
        old = [record(f"s{n}@1", kind="s3_prefix", body={"Uri": f"s{n}", "Contents": [{}]}) for n in range(10)]
        new = [record(f"s{n}@2", kind="s3_prefix", body={"Uri": f"s{n}", "Contents": [{}]}) for n in range(10)]

        found = merged(old, new, [("s3_prefix", "scope")], believed=False)

        assert {one.id[-1]: (one.stale_since, one.gone_since) for one in found} == {"1": (None, 7), "2": (None, None)}
