import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.random import default_rng

from monitoring.histogram import UNKNOWN, Histogram
from monitoring.slices import NONE
from monitoring.tally import tally
from tests.monitoring.watching import FAILED, SIGNALS, SIZE, Array, taught

LEARNT = default_rng(0).normal(size=(2_000, 3))

rows = st.integers(0, 12)
numbers = st.one_of(st.just(np.nan), st.integers(-1000, 1000).map(lambda x: x / 256))  # whose sums are exact


@settings(max_examples=150)
@given(data=st.data(), n=rows)
def test_it_is_what_one_would_count_by_hand(data: st.DataObject, n: int) -> None:
    histogram = taught(LEARNT, FAILED, SIZE, FAILED)
    values = data.draw(arrays(float, (n, 3), elements=numbers))
    first = data.draw(arrays(np.int32, (n, 1), elements=st.sampled_from([NONE, 0])))
    second = data.draw(arrays(np.int32, (n, 1), elements=st.sampled_from([NONE, 2, 4])))
    codes = np.hstack([first, second])
    found = tally(7.0, values, codes, histogram)
    assert found.at == 7.0
    assert found.codes.tolist() == sorted(set(codes.ravel().tolist()) - {NONE})
    bins = histogram.bin_numbers(values)
    for place, code in enumerate(found.codes.tolist()):
        counts, sums = np.zeros(histogram.total), np.zeros(3)
        for row in range(n):
            for signal in range(3):
                if code in codes[row] and bins[row, signal] != UNKNOWN:
                    counts[bins[row, signal]] += 1
                    sums[signal] += values[row, signal]
        assert found.counts[place].tolist() == counts.tolist()
        assert found.sums[place].tolist() == sums.tolist()
        assert found.n[place].tolist() == [counts[histogram.signal_of_bin == signal].sum() for signal in range(3)]


@given(order=st.permutations(range(30)))
def test_the_order_of_events_does_not_matter(order: list[int]) -> None:
    histogram = taught(LEARNT[:, :2], *SIGNALS)
    values = np.round(LEARNT[:30, :2] * 256) / 256
    codes = np.array([[0, 1 + i % 3] for i in range(30)], np.int32)
    one, other = (tally(0.0, values[rows], codes[rows], histogram) for rows in (np.arange(30), order))
    for name in ("codes", "counts", "n", "sums"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_the_slices_of_one_field_add_up_to_everything() -> None:
    rng, histogram = default_rng(1), taught(LEARNT[:, :2], *SIGNALS)
    values: Array = rng.normal(size=(5_000, 2))
    values[rng.random(values.shape) < 0.2] = np.nan
    codes = np.stack([np.zeros(5_000), rng.integers(1, 50, 5_000)], axis=1).astype(np.int32)
    found = tally(0.0, values, codes, histogram)
    np.testing.assert_array_equal(found.counts[0], found.counts[1:].sum(axis=0))
    np.testing.assert_allclose(found.sums[0], np.nansum(values, axis=0))
    np.testing.assert_array_equal(found.n[0], (~np.isnan(values)).sum(axis=0))


def test_values_without_bins_are_counted_but_lie_in_no_bin() -> None:
    histogram = Histogram(SIGNALS)
    found = tally(0.0, np.array([[1.0, 5.0]] * 10), np.zeros((10, 1), np.int32), histogram)
    assert found.n.tolist() == [[10, 10]]
    assert found.sums.tolist() == [[10, 50]]
    assert histogram.per_signal(found.counts).tolist() == [[10, 0]]


def test_events_in_no_slice_and_no_events_leave_nothing() -> None:
    histogram = Histogram(SIGNALS)
    for n in (0, 3):
        found = tally(0.0, np.ones((n, 2)), np.full((n, 2), NONE, np.int32), histogram)
        assert found.codes.tolist() == []
        assert found.counts.shape == (0, histogram.total)
        assert found.sums.shape == found.n.shape == (0, 2)
