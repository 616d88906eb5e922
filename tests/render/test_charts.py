from __future__ import annotations

from xml.etree import ElementTree

import pytest
from tests import small_catalog as small

from studbook.render.charts import line_chart, parallel, timeline
from studbook.words import number, tick


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


class TestParallel:
    def test_every_number_stays_in_the_picture(self) -> None:
        """The ends of each axis stand beside it, those of the last one left of it: nothing is right of that."""
        chart = parallel(["epochs", "loss", "tokens"], [("a", (1, 0.25, 1_399_000)), ("b", (4, None, 1.36e6))], None)
        ticks = [one for one in ElementTree.fromstring(chart).iter() if one.get("class") == "sb-tick"]

        assert [one.text for one in ticks] == ["epochs", "1", "4", "loss", "0.25", "0.25", "tokens", "1.36M", "1.399M"]
        assert [one.get("text-anchor") for one in ticks[-2:]] == ["end", "end"]


class TestNumbers:
    @pytest.mark.parametrize(
        ("value", "whole", "short"),
        [
            (0.123456789, "0.123457", "0.1235"),
            (1e-05, "1e-5", "1e-5"),
            (-2.0, "-2", "-2"),
            (1367000.0, "1,367,000", "1.367M"),
            (9999.6, "9999.6", "10K"),
            (999_960, "999,960", "1M"),
            (-12_346, "-12,346", "-12.35K"),
            (1e300, "1e+300", "1e+300"),
            (float("inf"), "inf", "inf"),
        ],
    )
    def test_are_written_for_people(self, value: float, whole: str, short: str) -> None:
        """In tables six digits, or all of a whole number; at an axis four, in compact notation."""
        assert (number(value), tick(value)) == (whole, short)
