"""Two listings of data compared."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from studbook.queries.manifests import manifest_changes, objects_of

LISTING = st.dictionaries(st.sampled_from("abcdef"), st.tuples(st.integers(0, 2), st.sampled_from(["x", '"x"', "y"])))


def body(folder: str, objects: dict[str, tuple[int, str]]) -> dict[str, Any]:
    contents = [{"Key": f"{folder}{key}", "Size": size, "ETag": etag} for key, (size, etag) in objects.items()]
    return {"Uri": f"s3://b/{folder}", "Contents": [*contents, {"Key": f"{folder}sub/", "Size": 0, "ETag": "m"}]}


@given(LISTING, LISTING)
def test_each_object_is_the_same_changed_new_or_gone(old: dict[str, Any], new: dict[str, Any]) -> None:
    """By key below the folder, size and etag without quotes; a folder's marker is no object."""
    found = manifest_changes(objects_of(body("v1/", old)), objects_of(body("v2/", new)))
    told = {row.key: row.change for row in found.rows}
    for key in old.keys() | new.keys():
        was, now = (
            (size, etag.strip('"')) if key in one else None
            for one in (old, new)
            for size, etag in [one.get(key, (0, ""))]
        )
        expected = None if was == now else "new" if was is None else "gone" if now is None else "changed"
        assert told.get(key) == expected
    assert found.same + len(told) == len(old.keys() | new.keys())
    assert sum(map(found.number, ("changed", "new", "gone"))) == len(found.rows)
