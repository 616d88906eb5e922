"""What a state of a dataset had that is there no more."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from tests.fact_records import Estate, asset, item, state

PLACE = "s3://b/p/"
A, B = item("p/a", "2026-11-01T00:00:00Z", "a"), item("p/b", "2026-11-01T00:00:00Z", "b")


def lost(*states):
    """What is said of each version's losses, oldest first."""
    shown = [asset("dataset_version", one.version) for one in states]
    linked = Estate().say(*shown, claims=states).linked()
    told = {one.id: one.attributes for one in linked.assets}
    names = ("deleted_objects", "deleted_for_good")
    return [tuple(told[one.version].get(name) for name in names) for one in states]


class TestLost:
    def test_nothing_is_left_of_it(self):
        """The last listing has neither the object nor a version of it; the last state itself lost nothing."""
        assert lost(state(PLACE, A, B, versions=[A, B], until=2), state(PLACE, B, versions=[B])) == [
            (1, 1),
            (None, None),
        ]

    def test_a_bucket_without_versions_keeps_nothing(self):
        """What was deleted there is gone for good."""
        assert lost(state(PLACE, A, B, until=2), state(PLACE, B))[0] == (1, 1)

    def test_behind_a_marker_a_version_is_left(self):
        """It can be had back."""
        assert lost(state(PLACE, A, B, versions=[A, B], until=2), state(PLACE, B, versions=[A, B]))[0] == (1, None)

    def test_what_was_written_over_is_not_deleted(self):
        """Something lies at its key, and in a bucket with versions its own version is left."""
        newer = item("p/a", "2026-11-03T00:00:00Z", "newer")
        assert lost(state(PLACE, A, until=2), state(PLACE, newer))[0] == (None, None)
        assert lost(state(PLACE, A, versions=[A], until=2), state(PLACE, newer, versions=[newer, A]))[0] == (None, None)

    def test_a_version_that_expired_behind_a_newer_one(self):
        """What the job read is deleted for good, though something lies at its key."""
        newer = item("p/a", "2026-11-03T00:00:00Z", "newer")
        assert lost(state(PLACE, A, versions=[A], until=2), state(PLACE, newer, versions=[newer]))[0] == (1, 1)

    def test_a_place_that_nobody_lists_any_more(self):
        """A subprefix without an object is no version of today; whether versions are left is not known."""
        assert lost(state(f"{PLACE}v1/", item("p/v1/a", "2026-11-01T00:00:00Z"), dataset=PLACE, until=2)) == [(1, None)]

    @given(st.sampled_from("xyz"))
    def test_another_account_lists_it_now(self, etag):
        """What the account before showed last is not in force beside it, and it is that state that lost something."""
        newer = item("p/c", "2026-11-03T00:00:00Z", etag)
        first, last = state(PLACE, A, B, stale_since=2), state(PLACE, A, newer)
        assert lost(first, last) == [(1, 1), (None, None)]
        linked = Estate().say(*(asset("dataset_version", one.version) for one in (first, last)), claims=[first, last])
        told = {one.id: one.attributes for one in linked.linked().assets}
        assert [told[first.version].get(name) for name in ("current", "superseded_since")] == [False, 2]
        assert "current" not in told[last.version]

    @given(st.sets(st.sampled_from("abcd"), min_size=1), st.sets(st.sampled_from("abcd")))
    def test_as_many_as_are_missing(self, before, now):
        """Whatever is there before and now."""
        made = {key: item(f"p/{key}", "2026-11-01T00:00:00Z", key) for key in "abcd"}
        if before != now:
            first, last = (state(PLACE, *(made[key] for key in sorted(keys))) for keys in (before, now))
            assert lost(replace(first, until=2), last)[0][0] == (len(before - now) or None)
