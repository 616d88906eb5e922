"""What comes in from outside, made storable."""

from __future__ import annotations

import json
import math
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studbook.model import canonical
from studbook.model.storable import MAX_DEPTH, MAX_ID, MAX_TEXT, Loss, Unfit, parse_json, storable

ANY_TEXT = st.text(st.characters(codec=None))
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner),
)


def kept(value):
    """The value behind the door, of which nothing may be lost."""
    lost: list[Loss] = []
    found = storable(value, lost)
    assert lost == []
    return found


def nested(depth: int, inside: object = 1) -> object:
    """Objects in objects, so many deep."""
    for _ in range(depth):
        inside = {"a": inside}
    return inside


class TestStorable:
    @given(ANY_JSON)
    def test_is_written_and_read_back_as_the_same(self, value):
        """Whatever JSON comes in, behind the door it has one canonical form, which reads back as what was kept."""
        found = storable(value, [])

        assert canonical(json.loads(canonical(found))) == canonical(found)
        assert canonical(storable(found, [])) == canonical(found)

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (2**53 - 1, 2**53 - 1),
            (2**53, "9007199254740992"),
            (-(2**63), "-9223372036854775808"),
            (1e15, 10**15),
            (1e18, "1e+18"),
            (1e30, 1e30),
            (math.nan, "NaN"),
            (math.inf, "Infinity"),
            (-math.inf, "-Infinity"),
            ("cut off \ud83d", "cut off \ufffd"),
            ({"\ud83d": "\U0001f600"}, {"\ufffd": "\U0001f600"}),
            ({"a": b"bytes", "b": BytesIO(), "c": 1}, {"c": 1}),
        ],
    )
    def test_values(self, value, expected):
        """Numbers that not every reader holds are text, half a character is U+FFFD; bytes are no JSON. None is lost."""
        assert kept(value) == expected

    def test_whole_numbers(self):
        """`1.0` is kept as RFC 8785 writes it, so that a record is the same read tonight and read back."""
        found = kept({"InitialVariantWeight": 1.0, "Weights": [0.5, -0.0, 3.0]})

        assert canonical(found) == b'{"InitialVariantWeight":1,"Weights":[0.5,0,3]}'
        assert [type(weight) for weight in (found["InitialVariantWeight"], *found["Weights"])] == [int, float, int, int]

    def test_what_is_left_out_is_told(self):
        """Depth, length and what its reader could not understand cost one value each, by its path."""
        lost: list[Loss] = []
        value = {
            "deep": nested(MAX_DEPTH),
            "long": "x" * (MAX_TEXT + 1),
            "well": nested(MAX_DEPTH - 1),
            "list": [1, Unfit("is no time"), "3"],
            "k" * (MAX_ID + 1): 1,
        }

        found = storable(value, lost)

        assert found.keys() == {"deep", "well", "list"}
        assert found["list"] == [1, None, "3"]
        assert found["well"] == value["well"]
        told = [str(loss) for loss in lost]
        assert told[0] == "deep" + ".a" * 7 + " ...: nested too deep"  # not a screen of letters before the reason
        assert told[1:3] == ["long: a text of 2,097,153 characters", "list[1]: is no time"]
        assert told[3].endswith("its name is too long")

    def test_two_names_that_fall_together(self):
        """Two members whose names become one do not take each other's place without a word."""
        lost: list[Loss] = []

        assert storable({"\ud800": 1, chr(0xD801): 2}, lost) == {"\ufffd": 1}
        assert [loss.why for loss in lost] == ["its name is there twice"]


class TestParseJson:
    @given(ANY_JSON)
    def test_reads_as_json_does(self, value):
        """Text that Python's json wrote is read as that value, made storable."""
        assert canonical(parse_json(json.dumps(value))) == canonical(storable(value, []))

    def test_depth_and_digits_cost_one_value(self):
        """What Python's json refuses as a whole, for one value in it, is read without that value."""
        lost: list[Loss] = []

        found = parse_json('{"a": ' + "[" * 100_000 + "]" * 100_000 + ', "b": ' + "7" * 5000 + ', "c": "]["}', lost)

        assert found["c"] == "]["
        assert found["b"] == "7" * 5000
        assert [loss.why for loss in lost] == ["nested too deep"]

    def test_a_byte_order_mark_is_no_part_of_it(self):
        """As an editor of Windows leaves it before the text."""
        assert parse_json('\ufeff{"a": 1}') == parse_json(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}

    def test_no_json(self):
        """What is no JSON is a ValueError, however deep it is."""
        for text in ("", "{", "[" * 100_000, "{]", b"\xff"):
            with pytest.raises(ValueError):
                parse_json(text)
