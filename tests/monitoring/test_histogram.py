import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.random import default_rng

from monitoring.histogram import BINS, LEARN_FROM, UNKNOWN, Histogram
from tests.monitoring.watching import FAILED, SIGNALS, SIZE, Array, taught


def counts_of(values: Array, seen: Array) -> Array:
    """Of `seen`, by bins that were drawn from `values`."""
    histogram = taught(values[:, None], SIZE)
    return np.bincount(histogram.bin_numbers(seen[:, None])[:, 0], minlength=BINS).astype(float)


def test_a_number_is_unknown_until_enough_values_came_and_then_has_a_bin() -> None:
    histogram, values = Histogram([SIZE]), default_rng(1).normal(size=(LEARN_FROM, 1))
    assert (histogram.bin_numbers(values[1:]) == UNKNOWN).all()
    assert (histogram.bin_numbers(values[:1]) == UNKNOWN).all()
    assert (histogram.bin_numbers(values) >= 0).all()


def test_a_yes_or_no_has_two_bins_from_the_start() -> None:
    assert Histogram([FAILED]).bin_numbers(np.array([[0.0], [1.0], [np.nan]])).ravel().tolist() == [0, 1, UNKNOWN]


def test_bins_of_signals_lie_side_by_side() -> None:
    histogram = Histogram([FAILED, SIZE, FAILED])
    assert histogram.total == 2 + BINS + 2
    assert histogram.starts.tolist() == [0, 2, 2 + BINS]
    assert histogram.signal_of_bin.tolist() == [0] * 2 + [1] * BINS + [2] * 2
    assert histogram.per_signal(np.arange(histogram.total, dtype=float)).tolist() == [1, sum(range(2, 2 + BINS)), 53]


@pytest.mark.parametrize("shape", ["normal", "lognormal", "standard_cauchy"])
def test_bins_hold_about_as_many_values_each_whatever_the_tails(shape: str) -> None:
    values = getattr(default_rng(2), shape)(size=20_000)
    shares = counts_of(values, values) / len(values)
    assert np.count_nonzero(shares) == BINS - 1
    assert shares.max() < 0.07


def test_a_value_that_is_shared_by_many_has_a_bin_to_itself_if_it_is_the_lowest() -> None:
    values = np.maximum(0.0, default_rng(3).normal(size=5_000))
    counts = counts_of(values, np.array([*values, *[-1.0] * 7]))
    assert counts[0] == 7
    assert counts[1] == np.count_nonzero(values == 0.0)


@pytest.mark.parametrize("value", [0.0, -3.5, 1e30, 5e-324])
def test_all_equal_values_leave_a_bin_below_and_one_above(value: float) -> None:
    counts = counts_of(
        np.full(2_000, value), np.array([np.nextafter(value, -np.inf), value, value + abs(value) + 1, value])
    )
    assert counts[:3].tolist() == [1, 2, 1]


def test_small_integers_have_a_bin_each() -> None:
    values = default_rng(4).integers(1, 8, 5_000).astype(float)
    counts = counts_of(values, np.arange(0.0, 10.0))
    assert counts[:9].tolist() == [1, 1, 1, 1, 1, 1, 1, 1, 2]  # 0, each of 1 to 7, and what is above


def test_a_value_at_an_edge_lies_below_it() -> None:
    histogram = taught(default_rng(5).normal(size=(5_000, 1)), SIZE)
    edges = histogram.edges[0]
    numbers = histogram.bin_numbers(edges[:, None])[:, 0]
    assert numbers.tolist() == list(range(len(edges)))
    assert histogram.bin_numbers(np.nextafter(edges, np.inf)[:, None])[:, 0].tolist() == (numbers + 1).tolist()


@given(values=arrays(float, (40, 2), elements=st.floats(allow_nan=True, allow_infinity=True)))
def test_every_known_value_falls_into_a_bin_of_its_signal(values: Array) -> None:
    histogram = taught(default_rng(6).normal(size=(2_000, 2)), *SIGNALS)
    numbers = histogram.bin_numbers(values)
    assert ((numbers == UNKNOWN) == np.isnan(values)).all()
    for signal in range(2):
        known = numbers[:, signal][numbers[:, signal] != UNKNOWN]
        assert (histogram.signal_of_bin[known] == signal).all()


def test_bins_do_not_depend_on_what_comes_after_they_were_drawn() -> None:
    histogram, rng = Histogram([SIZE]), default_rng(7)
    histogram.bin_numbers(rng.normal(size=(LEARN_FROM, 1)))
    before = histogram.edges[0].copy()
    histogram.bin_numbers(rng.normal(50, 9, size=(5_000, 1)))
    assert (histogram.edges[0] == before).all()


def test_nothing_is_learnt_from_nothing() -> None:
    histogram = Histogram([SIZE])
    for _ in range(5):
        assert (histogram.bin_numbers(np.full((LEARN_FROM, 1), np.nan)) == UNKNOWN).all()
    assert histogram.bin_numbers(np.empty((0, 1))).shape == (0, 1)
    assert histogram.edges == {}
