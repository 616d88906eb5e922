from __future__ import annotations

from xml.etree import ElementTree

import pytest
from tests import small_catalog as small

from studbook.render.charts import line_chart, timeline


class TestLineChart:
    @pytest.mark.parametrize("values", [[0.5], [0.5, 0.5], [0.0, 0.0], [-1.0, 3.0, 2.0], [1e-9, 1e12]])
    def test_is_well_formed_for_any_values(self, values: list[float]) -> None:
        """One value, equal values and wide ranges are all drawn, a point each."""
        chart = ElementTree.fromstring(line_chart([(str(i), v) for i, v in enumerate(values)], "tone"))

        assert len([node for node in chart.iter() if node.tag.endswith("circle")]) == len(values)

    def test_strangers_are_text(self) -> None:
        """Names from strangers stay text."""
        assert "<script" not in line_chart([(small.HOSTILE, 1.0)], small.HOSTILE)


class TestTimeline:
    def test_names_every_moment(self) -> None:
        """Each moment has its label and date in the picture's text."""
        chart = timeline([("v1", "2026-11-18T00:00:00Z"), ("v2", "2026-11-21T00:00:00Z")], "Versions")

        assert "v1 on 2026-11-18, v2 on 2026-11-21" in chart

    def test_of_nothing_is_nothing(self) -> None:
        """No moments, no picture."""
        assert timeline([], "Versions") == ""
