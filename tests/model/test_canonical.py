from __future__ import annotations

from typing import get_args

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from studbook.model import Edge, Evidence, canonical
from studbook.model.edge import edge_json
from studbook.model.relations import CERTAINTIES, Relation

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(st.text(), inner),
)


def written(value: object, write) -> bytes | type[Exception]:
    try:
        return write(value)
    except ValueError:
        return ValueError


class TestCanonical:
    @given(VALUES)
    def test_is_rfc_8785_to_the_byte(self, value: object) -> None:
        """The fast way and the reference write the same, or refuse the same."""
        assert written(value, canonical) == written(value, rfc8785.dumps)

    @pytest.mark.parametrize(
        "value",
        [
            1.0,
            -0.0,
            1e-5,
            1e-7,
            5e-324,
            1e15,
            1e16,
            1e21,
            1e22,
            0.0001,
            123456.789,
            2**53 - 1,
            {"\ue000": 1, "\U0001f600": 2},
        ],
    )
    def test_where_the_standard_encoder_differs(self, value: object) -> None:
        """Whole, small and large numbers, and keys whose UTF-16 order is not that of their code points."""
        assert canonical(value) == rfc8785.dumps(value)

    @pytest.mark.parametrize(
        "value", [float("nan"), float("inf"), 2**53, -(2**53), "\ud800", {1: 2}, {"a": b"x"}, [{1, 2}]]
    )
    def test_refuses_what_has_no_canonical_form(self, value: object) -> None:
        """A value that another program would read as another one is no digest's business."""
        with pytest.raises(ValueError):
            canonical(value)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
EVIDENCE = st.builds(Evidence, *[TEXTS | st.just("")] * 5).filter(any)


@given(
    st.builds(
        Edge,
        source=TEXTS,
        target=TEXTS,
        relation=st.sampled_from(get_args(Relation)),
        role=st.none() | TEXTS,
        certainty=st.sampled_from(sorted(CERTAINTIES)),
        candidate=st.booleans(),
        evidence=st.lists(EVIDENCE | st.builds(Evidence, TEXTS, TEXTS, TEXTS), min_size=1, max_size=3).map(tuple),
    )
)
def test_edges_have_a_faster_way(edge):
    """What writes edges, of which there are millions, writes what all else is written by."""
    assert edge_json(edge) == canonical(edge.as_data())
