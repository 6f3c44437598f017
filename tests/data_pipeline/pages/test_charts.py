"""Histograms count every value once; bars lie on their scale."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_pipeline.pages.charts import DOT, Bar, Dots, dots, histogram, placed

ANY_FLOAT = st.none() | st.sampled_from([math.nan, math.inf]) | st.floats(-1e9, 1e9)


@given(st.lists(ANY_FLOAT, max_size=50), st.integers(1, 30), st.booleans())
def test_every_value_is_counted_once(values: list[float | None], bins: int, whole: bool) -> None:
    chart = histogram(values, bins=bins, whole=whole)
    assert sum(one.count for one in chart.bins) + chart.undefined == len(values)
    assert len(chart.bins) <= bins
    assert all(one.low < one.high for one in chart.bins)
    assert 1 <= chart.highest <= max(1, len(values))


def test_whole_numbers_have_a_bin_each() -> None:
    chart = histogram([1, 2, 2, 4], bins=10, whole=True)
    assert [(one.low + 0.5, one.count) for one in chart.bins] == [(1, 1), (2, 2), (3, 0), (4, 1)]


def test_equal_values_are_one_bin() -> None:
    (only,) = histogram([3.0, 3.0]).bins
    assert (only.low, only.high, only.count) == (2.5, 3.5, 2)


def test_a_histogram_of_no_bins_is_refused() -> None:
    with pytest.raises(ValueError, match="0 bins"):
        histogram([1.0], bins=0)


def test_bars_share_one_scale_with_zero_on_it() -> None:
    right, left, empty = placed([Bar("a", 3.0, 2.0, 4.0), Bar("b", -1.0), Bar("c", None)])
    assert (right.start, right.width, right.interval) == (20.0, 60.0, (60.0, 100.0))
    assert (left.start, left.width, left.interval) == (0.0, 20.0, None)
    assert empty.width == 0.0


def test_dots_lie_between_the_lowest_and_the_highest_mark() -> None:
    chart = dots([Bar("a", -24.0, -26.0, -22.0), Bar("b", -30.0), Bar("c", -20.0), Bar("d", None)])
    assert (chart.low, chart.high) == (-30.0, -20.0)
    middles = [one.start + one.width / 2 for one in chart.placed]
    assert middles == pytest.approx([60.0, DOT / 2, 100 - DOT / 2, 0.0])
    assert chart.placed[0].interval == (40.0, 80.0)


def test_equal_dots_lie_in_the_middle_and_none_have_no_scale() -> None:
    chart = dots([Bar("a", -23.0), Bar("b", -23.0)])
    assert (chart.low, chart.high) == (-23.5, -22.5)
    assert chart.placed[0].start + DOT / 2 == pytest.approx(50)
    assert (dots([]), dots([Bar("a", None)]).low) == (Dots(None, None, ()), None)


@given(st.lists(st.floats(-1e9, 1e9), max_size=20))
def test_dots_stay_within_the_scale(values: list[float]) -> None:
    for one in dots([Bar("", value) for value in values]).placed:
        assert 0 <= one.start <= one.start + one.width <= 100 + 1e-9


@given(st.lists(st.tuples(st.floats(-1e9, 1e9), st.floats(0, 1e9)), max_size=20))
def test_bars_stay_within_the_scale(values: list[tuple[float, float]]) -> None:
    for one in placed([Bar("", value, value - around, value + around) for value, around in values]):
        assert one.interval is not None
        assert -1e-9 <= one.interval[0] <= one.interval[1] <= 100 + 1e-9
        assert one.start >= -1e-9
        assert one.start + one.width <= 100 + 1e-9
