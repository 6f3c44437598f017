"""Quantiles of streamed values are right to half a bin, and charts lose no value."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_pipeline.corpus.spread import FURTHEST, SHOWN_BINS, SpreadCounter

WIDTH = 0.5


def counted(values: list[float | None]) -> SpreadCounter:
    counter = SpreadCounter(bin_width=WIDTH, unit="s")
    for value in values:
        counter.add(value)
    return counter


@given(st.lists(st.floats(-1000, 1000), min_size=1), st.floats(0.01, 0.99))
def test_quantiles_are_right_to_half_a_bin(values: list[float], share: float) -> None:
    found = counted([*values]).spread().quantile(share)
    exact = float(np.quantile(values, share, method="inverted_cdf"))
    assert found is not None
    assert abs(found - exact) <= WIDTH / 2 + 1e-6


@given(st.lists(st.floats(-1e9, 1e9)))
def test_a_chart_has_few_bins_and_every_value(values: list[float]) -> None:
    histogram = counted([*values]).spread().histogram()
    assert sum(one.count for one in histogram.bins) == len(values)
    assert len(histogram.bins) <= SHOWN_BINS


def test_what_is_no_number_is_undefined() -> None:
    spread = counted([None, math.nan, math.inf, 1.0]).spread()
    assert (spread.count, spread.undefined, spread.mean) == (1, 3, 1.0)


def test_without_a_value_all_is_undefined() -> None:
    spread = counted([None]).spread()
    assert (spread.mean, spread.p50, spread.histogram().bins) == (None, None, ())


def test_memory_is_bounded_by_the_furthest_bins() -> None:
    assert list(counted([1e300, -1e300]).spread().bins) == [-FURTHEST, FURTHEST]


@pytest.mark.parametrize("values", [[-23.0], [-23.02, -22.99, -23.01], [-23.0] * 5])
def test_a_corpus_of_one_level_has_that_as_its_median(values: list[float]) -> None:
    counter = SpreadCounter(bin_width=0.1, unit="LUFS")
    for value in values:
        counter.add(value)
    assert counter.spread().p50 == pytest.approx(-23.0)


@given(st.lists(st.floats(0.0, 1.0), min_size=1))
def test_nothing_is_said_to_be_further_out_than_it_is(values: list[float]) -> None:
    spread = counted([*values]).spread()
    assert (spread.lowest, spread.highest) == (min(values), max(values))
    chart = spread.histogram()
    for shown in (spread.p5, spread.p50, spread.p95, *(edge for one in chart.bins for edge in (one.low, one.high))):
        assert shown is not None
        assert min(values) <= shown <= max(values)
    assert all(one.low <= one.high for one in chart.bins)
