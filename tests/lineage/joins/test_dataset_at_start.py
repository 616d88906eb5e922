"""What a job read, as docs/lineage.md concludes it."""

from dataclasses import replace

import pytest
from tests.fact_records import ACCOUNT, JOB, Estate, inputs, item, job, state

from studbook.lineage.link import ConfiguredDataset, LinkContext
from studbook.model.facts import DatasetState, InventoryTold, Manifest, Reads
from studbook.model.ids import fingerprint

NOON = "2026-11-02T12:00:00Z"


def reads(uri: str, at: str | None = NOON, data_type: str = "S3Prefix") -> Reads:
    return Reads(reader=JOB, uri=uri, role="train", at=at, data_type=data_type, evidence="sagemaker:X#Uri")


def read_by_the_job(uri: str, *states, at: str | None = NOON, data_type: str = "S3Prefix") -> dict:
    return inputs(Estate().say(job(), claims=[reads(uri, at, data_type), *states]).linked())


def inventoried(digit: str, newest: str, seen_at: str) -> DatasetState:
    told = InventoryTold(3, newest, seen_at)
    return replace(state("s3://b/p/"), version=f"s3://b/p/@sha256:{digit * 64}", inventory=told)


OLD = item("p/a", "2026-11-01T00:00:00Z", "old")
NEW = item("p/a", "2026-11-03T00:00:00Z", "new")


class TestByListing:
    def test_the_last_state_complete_at_the_start_is_inferred(self):
        """Without object versions nothing is proved, but an untouched state was in force."""
        assert read_by_the_job("s3://b/p/", state("s3://b/p/", OLD)) == {
            state("s3://b/p/", OLD).version: ("inferred", False, {"rule:dataset-at-start"})
        }

    def test_a_state_from_after_the_start_was_not_read(self):
        """A dataset overwritten later is read as its earlier state."""
        earlier = state("s3://b/p/", OLD, until=2)

        assert set(read_by_the_job("s3://b/p/", earlier, state("s3://b/p/", NEW))) == {earlier.version}

    def test_with_no_state_of_that_time_the_dataset_itself_was_read(self):
        """What is not known is not made up: the exact URI still names the dataset."""
        assert read_by_the_job("s3://b/p/", state("s3://b/p/", NEW)) == {"s3://b/p/": ("referenced", False, set())}

    def test_several_fitting_states_are_all_candidates(self):
        """Two states with the same newest object differ by a deletion, which leaves no time."""
        other = item("p/b", "2026-10-01T00:00:00Z")
        one, two = state("s3://b/p/", OLD, other, until=2), state("s3://b/p/", OLD)

        found = read_by_the_job("s3://b/p/", one, two)

        assert set(found) == {one.version, two.version}
        assert all(candidate for _, candidate, _ in found.values())

    def test_a_configured_dataset_that_was_never_listed_is_still_a_dataset(self):
        """A denied bucket does not turn a dataset into an artifact."""
        context = LinkContext(datasets=(ConfiguredDataset("s3://b/p/", "p", None, "config:datasets[0].uri"),))

        linked = Estate().say(job(), claims=[reads("s3://b/p/x.csv")]).linked(context)

        assert inputs(linked) == {"s3://b/p/": ("inferred", False, {"rule:s3-prefix"})}
        assert next(a for a in linked.assets if a.id == "s3://b/p/").unresolved


class TestByInventory:
    def test_it_was_in_force_until_it_was_seen(self):
        """A job before its newest object, or after the inventory began, is not said to have read it."""
        seen = inventoried("1", OLD["LastModified"], "2026-11-03T00:00:00Z")

        assert read_by_the_job("s3://b/p/", seen) == {seen.version: ("inferred", False, {"rule:dataset-at-start"})}
        for at in ("2026-10-31T00:00:00Z", "2026-11-03T00:00:00Z"):
            assert set(read_by_the_job("s3://b/p/", seen, at=at)) == {"s3://b/p/"}

    def test_what_was_listed_before_was_over_when_something_newer_came(self):
        """The first inventory ends what the last listing showed, by the newest object that it has."""
        listed, seen = state("s3://b/p/", OLD, until=2), inventoried("1", NEW["LastModified"], "2026-11-09T00:00:00Z")

        assert set(read_by_the_job("s3://b/p/", listed, seen)) == {listed.version}
        assert set(read_by_the_job("s3://b/p/", listed, seen, at="2026-11-04T00:00:00Z")) == {seen.version}

    def test_one_that_shows_nothing_is_no_state(self):
        """Nothing lies there: the URI is an artifact's."""
        nothing = replace(inventoried("1", "", NOON), inventory=InventoryTold(0, "", NOON))

        assert set(read_by_the_job("s3://b/p/x", nothing)) == {"s3://b/p/x"}


class TestByObjectVersions:
    VERSIONS = (
        {**OLD, "VersionId": "1", "IsLatest": False},
        {**NEW, "VersionId": "2", "IsLatest": True},
    )

    def test_exact_uri_and_object_versions_prove_it(self):
        """A listing showed this very state, and its object versions say that it was in force at the start."""
        listed = state("s3://b/p/", OLD, versions=[{**OLD, "VersionId": "1", "IsLatest": True}])

        assert read_by_the_job("s3://b/p/", listed) == {listed.version: ("referenced", False, set())}

    def test_an_earlier_listing_proves_what_newer_versions_say_was_there(self):
        """What night 1 showed and night 2 still tells of, by its old versions, was read."""
        was = state("s3://b/p/", OLD, versions=[{**OLD, "VersionId": "1", "IsLatest": True}], until=2)

        found = read_by_the_job("s3://b/p/", was, state("s3://b/p/", NEW, versions=self.VERSIONS))

        assert found == {was.version: ("referenced", False, set())}

    @pytest.mark.parametrize("at", ["2026-11-03T00:00:00Z", "2026-11-03T00:00:00.250Z"])
    def test_what_came_in_the_second_of_the_start_may_have_come_after_it(self, at):
        """S3 tells no fractions of a second: the states before and after it are candidates."""
        was = state("s3://b/p/", OLD, versions=[{**OLD, "VersionId": "1", "IsLatest": True}], until=2)
        now = state("s3://b/p/", NEW, versions=self.VERSIONS)

        found = read_by_the_job("s3://b/p/", was, now, at=at)

        assert found == {one.version: ("inferred", True, {"rule:dataset-at-start"}) for one in (was, now)}
        assert read_by_the_job("s3://b/p/", was, now, at="2026-11-03T00:00:01Z") == {
            now.version: ("referenced", False, set())
        }

    def test_the_first_object_of_all_came_before_who_read_it(self):
        """In the same second, say: a job finds something, or fails."""
        listed = state("s3://b/p/", OLD, versions=[{**OLD, "VersionId": "1", "IsLatest": True}])

        assert read_by_the_job("s3://b/p/", listed, at=OLD["LastModified"]) == {
            listed.version: ("referenced", False, set())
        }

    def test_a_state_that_no_listing_showed_is_inferred(self):
        """The state at the start is put together from object versions: others may have been removed since."""
        at_start = f"s3://b/p/@{fingerprint([OLD], 'p/')}"

        assert read_by_the_job("s3://b/p/", state("s3://b/p/", NEW, versions=self.VERSIONS)) == {
            at_start: ("inferred", False, {"rule:dataset-at-start"})
        }

    def test_containment_is_inferred(self):
        """A key inside the dataset names the dataset only by where it lies."""
        found = read_by_the_job("s3://b/p/a", state("s3://b/p/", NEW, versions=self.VERSIONS), data_type="Object")

        assert list(found.values()) == [("inferred", False, {"rule:s3-prefix", "rule:dataset-at-start"})]

    def test_delete_markers_are_honoured(self):
        """What was deleted before the start was not read."""
        gone = item("p/z", "2026-10-01T00:00:00Z", VersionId="7", IsLatest=False)
        marker = {"Key": "p/z", "LastModified": "2026-10-02T00:00:00Z", "IsLatest": True, "VersionId": "8"}

        found = read_by_the_job("s3://b/p/", state("s3://b/p/", NEW, versions=[*self.VERSIONS, gone], markers=[marker]))

        assert set(found) == {f"s3://b/p/@{fingerprint([OLD], 'p/')}"}

    def test_an_overwrite_without_a_version_proves_nothing(self):
        """A "null" version younger than the start may have replaced anything."""
        null = {**NEW, "VersionId": "null", "IsLatest": True}

        assert read_by_the_job("s3://b/p/", state("s3://b/p/", NEW, versions=[null])) == {
            "s3://b/p/": ("referenced", False, set())
        }

    def test_a_put_together_state_is_a_version_of_its_dataset(self):
        """It has a node and a parent like any listed one, and says that it was put together."""
        linked = (
            Estate().say(job(), claims=[reads("s3://b/p/"), state("s3://b/p/", NEW, versions=self.VERSIONS)]).linked()
        )
        version = next(a for a in linked.assets if a.kind == "dataset_version")

        assert version.attributes["reconstructed"] is True
        assert version.account == ACCOUNT
        assert set(inputs(linked, version.id, "has_version")) == {"s3://b/p/"}


def kept(version_id: str, row: dict, *, latest: bool = True) -> dict:
    return {**row, "VersionId": version_id, "IsLatest": latest}


A1 = kept("a1", item("p/a", "2026-10-01T00:00:00Z", "a1"))
A2 = kept("a2", item("p/a", "2026-11-12T00:00:00Z", "a2"))
B1 = kept("b1", item("p/b", "2026-10-01T00:00:00Z", "b1"))


def listing(*versions: dict, markers: tuple[dict, ...] = (), **more):
    return state("s3://b/p/", *(v for v in versions if v["IsLatest"]), versions=versions, markers=markers, **more)


class TestHoles:
    def test_what_an_earlier_snapshot_saw_stands_where_a_version_expired(self):
        """Night 2 lacks a version that night 1 showed: its state is no proof, and makes up no other one."""
        first = listing(A1, B1, until=2)

        found = read_by_the_job("s3://b/p/", first, listing(A2, B1))

        assert found == {first.version: ("inferred", False, {"rule:dataset-at-start"})}

    def test_what_was_deleted_for_good_may_have_been_read(self):
        """No time tells when it went: with and without it, both are candidates."""
        first, second = listing(A1, B1, until=2), listing(B1)

        found = read_by_the_job("s3://b/p/", first, second)

        assert {source: one[:2] for source, one in found.items()} == {
            first.version: ("inferred", True),
            second.version: ("inferred", True),
        }

    def test_what_was_deleted_for_good_before_a_later_object_came_was_not_read(self):
        """Night 2 lacks what is older than the job, so that it was listed before: what it lacked was gone by then."""
        late = kept("c1", item("p/c", "2026-11-01T00:00:00Z", "c1"))
        second, third = listing(B1, until=3), listing(B1, late)

        assert set(read_by_the_job("s3://b/p/", listing(A1, B1, until=2), second, third)) == {third.version}

    def test_a_deletion_with_a_marker_has_its_time(self):
        """The versions before the marker may expire: the state at the start is still the listed one."""
        marker = {"Key": "p/a", "LastModified": "2026-11-12T00:00:00Z", "IsLatest": True, "VersionId": "m"}
        first = listing(A1, B1, until=2)

        assert set(read_by_the_job("s3://b/p/", first, listing(B1, markers=(marker,)))) == {first.version}

    def test_a_null_marker_replaced_what_left_no_trace(self):
        """With versioning suspended a deletion takes the null version with it; an earlier snapshot saw it."""
        null = kept("null", item("p/a", "2026-10-01T00:00:00Z", "a0"))
        marker = {"Key": "p/a", "LastModified": "2026-11-12T00:00:00Z", "IsLatest": True, "VersionId": "null"}
        first, second = listing(null, B1, until=2), listing(B1, markers=(marker,))

        assert read_by_the_job("s3://b/p/", first, second) == {
            first.version: ("inferred", False, {"rule:dataset-at-start"})
        }
        assert read_by_the_job("s3://b/p/", second) == {second.version: ("inferred", False, {"rule:dataset-at-start"})}

    def test_a_state_that_came_again_was_in_force_before(self):
        """The same content was written over itself, or put back after another one: the earlier listing tells since when
        it was there. The version that it showed may have expired."""
        again = kept("a3", item("p/a", "2026-11-14T00:00:00Z", "a1"))
        for between in ((), (listing(A2, B1, until=3),)):
            first, last = listing(A1, B1, until=2), listing(again, B1)
            assert first.version == last.version
            assert read_by_the_job("s3://b/p/", first, *between, last) == {
                first.version: ("inferred", False, {"rule:dataset-at-start"})
            }
        first, last = (
            state("s3://b/p/", OLD, until=2),
            state("s3://b/p/", {**OLD, "LastModified": "2026-11-14T00:00:00Z"}),
        )
        assert read_by_the_job("s3://b/p/", first, last) == {
            last.version: ("inferred", False, {"rule:dataset-at-start"})
        }

    @pytest.mark.parametrize("later", [A2, kept("a0", item("p/a", "2026-11-12T00:00:00Z", "a0"))], ids=["a2", "a0"])
    def test_another_account_lists_it_now(self, later):
        """The dataset was given to another account in the configuration: what the one before showed last is old, and no
        state of today beside that of the other, whichever digest is the less."""
        first, last = listing(A1, B1, stale_since=2), listing(later, B1)

        assert read_by_the_job("s3://b/p/", last, first) == {
            first.version: ("inferred", False, {"rule:dataset-at-start"})
        }

    def test_a_bucket_that_began_to_keep_versions(self):
        """What night 1 showed, when there were none, is no less than what a version of later tells."""
        first = state("s3://b/p/", *({**row, "VersionId": None} for row in (A1, B1)), until=2)
        second = listing(A2, kept("null", B1))

        found = read_by_the_job("s3://b/p/", first, second)

        assert found == {first.version: ("inferred", False, {"rule:dataset-at-start"})}

    def test_until_something_has_an_id_others_may_have_been_there(self):
        """A bucket without versions forgets what was deleted: that two nights show the same objects proves nothing of
        the time between. Once a version has an id it does."""
        nulls = (kept("null", A1), kept("null", B1))
        late = kept("c1", item("p/c", "2026-11-12T00:00:00Z", "c1"))
        soon = kept("c1", item("p/c", "2026-10-12T00:00:00Z", "c1"))
        first = listing(*nulls, until=2)

        assert read_by_the_job("s3://b/p/", first, listing(*nulls, late)) == {
            first.version: ("inferred", False, {"rule:dataset-at-start"})
        }
        known = listing(*nulls, soon)
        assert read_by_the_job("s3://b/p/", known) == {known.version: ("referenced", False, set())}

    def test_where_versions_could_not_be_listed_an_earlier_one_is_no_hole(self):
        """A night that was denied them shows the objects alone: what those replaced came before them all the same."""
        denied = state("s3://b/p/", A2, B1, until=2)
        assert set(read_by_the_job("s3://b/p/", denied, listing({**A1, "IsLatest": False}, A2, B1))) == {
            f"s3://b/p/@{fingerprint([A1, B1], 'p/')}"
        }

    def test_what_a_night_without_the_right_to_list_versions_saw_stands_beside_what_is_left_of_them(self):
        """A version expired before the next night could list them: the state without it may have been read, or the one
        that was seen."""
        seen = state("s3://b/p/", A1, B1, until=2)

        found = read_by_the_job("s3://b/p/", seen, listing(A2, B1))

        assert {source: one[:2] for source, one in found.items()} == {
            seen.version: ("inferred", True),
            f"s3://b/p/@{fingerprint([B1], 'p/')}": ("inferred", True),
        }

    def test_what_was_listed_before_the_job_began_proves_nothing_of_it(self):
        """Carried over: the night could not list the dataset, and the job may have met another state."""
        assert read_by_the_job("s3://b/p/", listing(A1, B1, stale_since=2)) == {
            listing(A1, B1).version: ("inferred", False, {"rule:dataset-at-start"})
        }

    def test_without_object_versions_a_later_object_ends_a_state(self):
        """A state that lacks what was there by then was over; the one in force was never listed."""
        soon = item("p/b", "2026-11-02T00:00:00Z", "b")
        first = state("s3://b/p/", OLD, until=2)

        assert set(
            read_by_the_job("s3://b/p/", first, state("s3://b/p/", OLD, soon, item("p/c", "2026-11-09T00:00:00Z")))
        ) == {"s3://b/p/"}


class TestMultipart:
    BEGAN = kept("a9", item("p/a", "2026-11-02T09:00:00Z", "f00d-10000"))

    def test_its_time_alone_proves_nothing(self):
        """The upload had begun by then; whether it was complete nobody knows."""
        assert [one[:2] for one in read_by_the_job("s3://b/p/", listing(self.BEGAN, B1)).values()] == [
            ("inferred", False)
        ]

    def test_what_it_replaced_may_have_been_there_still(self):
        """One listing, after the start, shows both versions: the state with each is a candidate, with each of several
        keys, and of very many those in which all or none were complete. After a week none is under way."""

        def replaced(keys: int, began: str) -> dict:
            old = [
                kept(f"o{at}", item(f"p/{at}", "2026-10-01T00:00:00Z", f"o{at}"), latest=False) for at in range(keys)
            ]
            new = [kept(f"n{at}", item(f"p/{at}", began, f"n{at}-10000")) for at in range(keys)]
            return read_by_the_job("s3://b/p/", listing(*old, *new, B1))

        for keys, states in ((1, 2), (2, 4), (9, 2)):
            found = replaced(keys, "2026-11-02T09:00:00Z")
            assert [one[:2] for one in found.values()] == [("inferred", True)] * states
        assert [one[:2] for one in replaced(1, "2026-10-20T09:00:00Z").values()] == [("inferred", False)]

    def test_a_listing_that_lacks_it_makes_both_states_candidates(self):
        """Night 1 shows the state before, at a time that nobody knows."""
        first, second = listing(A1, until=2), listing({**A1, "IsLatest": False}, self.BEGAN)

        found = read_by_the_job("s3://b/p/", first, second)

        assert {source: one[:2] for source, one in found.items()} == {
            first.version: ("inferred", True),
            second.version: ("inferred", True),
        }

    def test_a_listing_from_before_the_start_proves_that_it_was_complete(self):
        """An object that the listing lacks, and that was there at the start, dates the listing."""
        later = kept("b2", item("p/b", "2026-11-02T11:00:00Z", "b2"))
        first, second = listing(self.BEGAN, B1, until=2), listing(self.BEGAN, {**B1, "IsLatest": False}, later)

        assert read_by_the_job("s3://b/p/", first, second) == {second.version: ("referenced", False, set())}

    def test_what_came_with_a_time_from_before_it_was_there_ends_no_state(self):
        """A copy that keeps its time, by replication say, is older than a listing that lacks it: the state without it
        may have been in force, with object versions and without."""
        kept_time = kept("r1", item("p/r", "2026-09-01T00:00:00Z", "r"))
        for first, second in (
            (state("s3://b/p/", OLD, until=2), state("s3://b/p/", OLD, kept_time)),
            (listing(A1, until=2), listing(A1, kept_time)),
        ):
            found = read_by_the_job("s3://b/p/", first, second)
            assert {source: one[:2] for source, one in found.items()} == {
                first.version: ("inferred", True),
                second.version: ("inferred", True),
            }

    def test_without_object_versions_it_ends_no_state(self):
        """The state without it may have been in force when the job started."""
        first, second = state("s3://b/p/", OLD, until=2), state("s3://b/p/", OLD, {**self.BEGAN, "Key": "p/c"})

        assert set(read_by_the_job("s3://b/p/", first, second)) == {first.version, second.version}


class TestNothing:
    def test_an_empty_dataset_was_read_by_nobody(self):
        """Its digest is that of no object: what lies at its URI is an artifact."""
        found = read_by_the_job("s3://b/p/a.csv", state("s3://b/p/a.csv/"))

        assert found == {"s3://b/p/a.csv": ("referenced", False, set())}

    def test_what_was_emptied_was_read_as_it_was(self):
        """An empty state is no state, the one before it is."""
        first = state("s3://b/p/", OLD, until=2)

        assert set(read_by_the_job("s3://b/p/", first, state("s3://b/p/"))) == {first.version}


class TestPrefixes:
    def test_a_state_without_anything_there_was_not_read(self):
        """What was read is gone since, and the state without it looks as if it had been in force all the time."""
        other = item("p/b", "2026-10-01T00:00:00Z")
        one, two = state("s3://b/p/", OLD, other, until=2), state("s3://b/p/", OLD)

        assert read_by_the_job("s3://b/p/b", one, two) == {
            one.version: ("inferred", False, {"rule:s3-prefix", "rule:dataset-at-start"})
        }
        assert read_by_the_job("s3://b/p/b", two) == {"s3://b/p/": ("inferred", False, {"rule:s3-prefix"})}

    def test_a_longer_name_is_another_prefix(self):
        """s3://b/p/ says nothing of s3://b/p2/."""
        assert read_by_the_job("s3://b/p2/x", state("s3://b/p/", OLD)) == {"s3://b/p2/x": ("referenced", False, set())}

    def test_without_a_slash_every_prefix_that_starts_so_is_meant(self):
        """s3://b/p reads p/ and p2/ alike: several candidates."""
        two = state("s3://b/p2/", item("p2/a", "2026-11-01T00:00:00Z"))

        found = read_by_the_job("s3://b/p", state("s3://b/p/", OLD), two)

        assert {rule for _, _, rules in found.values() for rule in rules} >= {"rule:prefix-without-slash"}
        assert [candidate for _, candidate, _ in found.values()] == [True, True]

    @pytest.mark.parametrize("name", ["p", "p.parquet"])
    def test_a_path_is_a_file_or_a_folder(self, name):
        """MLflow's paths begin no other name: p reads p/ where that is a dataset, and nothing of p2/."""
        own = state(f"s3://b/{name}/", item(f"{name}/a", "2026-11-01T00:00:00Z"))
        other = state(f"s3://b/{name}2/", item(f"{name}2/a", "2026-11-01T00:00:00Z"))

        found = read_by_the_job(f"s3://b/{name}", own, other, data_type="Path")

        assert {source: (candidate, rules) for source, (_, candidate, rules) in found.items()} == {
            own.version: (False, {"rule:prefix-without-slash", "rule:dataset-at-start"})
        }
        assert read_by_the_job(f"s3://b/{name}", other, data_type="Path") == {
            f"s3://b/{name}": ("referenced", False, set())
        }

    def test_of_nested_datasets_the_innermost_is_read(self):
        """The dataset around it has no edge."""
        inner = state("s3://b/p/q/", item("p/q/a", "2026-11-01T00:00:00Z"))

        assert set(read_by_the_job("s3://b/p/q/a", state("s3://b/p/", OLD), inner)) == {inner.version}

    def test_a_manifest_is_not_expanded(self):
        """The manifest names other objects: it is an artifact, and says so."""
        linked = (
            Estate()
            .say(job(), claims=[reads("s3://b/p/m.manifest", data_type="ManifestFile"), state("s3://b/p/", OLD)])
            .linked()
        )
        manifest = next(a for a in linked.assets if a.id == "s3://b/p/m.manifest")

        assert set(inputs(linked)) == {"s3://b/p/m.manifest"}
        assert manifest.attributes["expanded"] is False

    def test_a_subprefix_is_its_own_version(self):
        """With subprefixes a job reads the version that its URI lies in."""
        one = state("s3://b/sets/v1/", item("sets/v1/a", "2026-11-01T00:00:00Z"), dataset="s3://b/sets/")
        two = state("s3://b/sets/v2/", item("sets/v2/a", "2026-11-01T00:00:00Z"), dataset="s3://b/sets/")

        assert set(read_by_the_job("s3://b/sets/v2/a", one, two)) == {two.version}
        assert set(read_by_the_job("s3://b/sets/", one, two)) == {"s3://b/sets/"}


class TestManifests:
    def listing(self, *uris: str, modified: str = "2026-11-01T00:00:00Z") -> Manifest:
        entries = tuple((f"s3:GetObject#Body|[{index}]", uri) for index, uri in enumerate(uris, 1))
        return Manifest(uri="s3://b/m.manifest", modified=modified, entries=entries)

    def read_by_the_job(self, manifest: Manifest, *states) -> dict:
        claims = [reads("s3://b/m.manifest", data_type="ManifestFile"), manifest, *states]
        return inputs(Estate().say(job(), claims=claims).linked())

    def test_the_datasets_of_the_listed_objects_were_read(self):
        """One edge for each dataset, however many objects, beside the manifest itself."""
        found = self.read_by_the_job(self.listing("s3://b/p/a", "s3://b/p/b", "s3://b/else/x"), state("s3://b/p/", OLD))

        assert found == {
            "s3://b/m.manifest": ("referenced", False, set()),
            state("s3://b/p/", OLD).version: ("inferred", False, {"rule:s3-prefix", "rule:dataset-at-start"}),
        }

    def test_the_subprefix_of_an_object_is_its_version(self):
        """With `versions: subprefixes` a manifest can read several versions of one dataset."""
        one = state("s3://b/p/v1/", item("p/v1/a", "2026-10-01T00:00:00Z"), dataset="s3://b/p/")
        two = state("s3://b/p/v2/", item("p/v2/a", "2026-10-02T00:00:00Z"), dataset="s3://b/p/")

        found = self.read_by_the_job(self.listing("s3://b/p/v1/a", "s3://b/p/v2/a"), one, two)

        assert set(found) == {"s3://b/m.manifest", one.version, two.version}

    def test_a_manifest_written_later_only_suggests(self):
        """What it listed when the job started is not known."""
        found = self.read_by_the_job(
            self.listing("s3://b/p/a", modified="2026-11-03T00:00:00Z"), state("s3://b/p/", OLD)
        )

        certainty, candidate, rules = found[state("s3://b/p/", OLD).version]
        assert (certainty, candidate) == ("inferred", True)
        assert "rule:manifest-written-later" in rules
