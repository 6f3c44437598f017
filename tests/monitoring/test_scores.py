import warnings

import numpy as np
import pytest
from numpy.random import default_rng
from scipy import stats

from monitoring.histogram import BINS, Histogram
from monitoring.scores import TAIL, Direction, scores_of
from tests.monitoring.watching import FAILED, SIGNALS, SIZE, Array

DIRECTIONS = list(Direction)


def counts_of(shape: str) -> Array:
    rng = default_rng(1)
    counts: dict[str, Array] = {
        "even": np.full(BINS, 100.0),
        "one bin": np.eye(BINS)[5] * 1e6,
        "two bins": np.eye(BINS)[0] * 9e5 + np.eye(BINS)[-1] * 10,
        "any": rng.integers(0, 1000, BINS).astype(float),
        "nothing": np.zeros(BINS),
    }
    return counts[shape]


shapes = pytest.mark.parametrize("shape", ["even", "one bin", "two bins", "any", "nothing"])


@shapes
def test_ranks_are_those_of_the_rank_test(shape: str) -> None:
    counts = np.floor(counts_of(shape)[:BINS] / 100)
    values = np.repeat(np.arange(BINS), counts.astype(int))
    scores = scores_of(counts, Histogram([SIZE])).of_bins[Direction.UP]
    if len(values):
        ranks = 2 * (stats.rankdata(values) - 0.5) / len(values) - 1
        np.testing.assert_allclose(scores[values], ranks, atol=0.5 * BINS / len(values))
    assert (np.diff(scores) > 0).all()


@shapes
def test_scores_are_bounded_and_up_is_the_contrary_of_down(shape: str) -> None:
    scores = scores_of(counts_of(shape), Histogram([SIZE]))
    assert (np.abs(scores.of_bins) <= 1).all()
    np.testing.assert_array_equal(scores.of_bins[Direction.UP], -scores.of_bins[Direction.DOWN])
    assert (scores.variance >= 0).all()


@shapes
def test_a_tail_holds_few_events_unless_its_outermost_bin_alone_has_more(shape: str) -> None:
    counts = counts_of(shape)
    shares = (counts + 0.5) / (counts + 0.5).sum()
    low, high = scores_of(counts, Histogram([SIZE])).of_bins[[Direction.LOW, Direction.HIGH]]
    assert low[0] == high[-1] == 1
    assert low @ shares <= max(TAIL, shares[0]) + 1e-12
    assert high @ shares <= max(TAIL, shares[-1]) + 1e-12


def test_a_yes_or_no_scores_its_answer_and_has_no_tails() -> None:
    scores = scores_of(np.array([90.0, 10.0]), Histogram([FAILED]))
    assert scores.of_bins.tolist() == [[0, 1], [1, 0], [0, 0], [0, 0]]
    assert scores.exists.tolist() == [[True, True, False, False]]
    assert scores.variance[0] == pytest.approx(0.1 * 0.9, rel=0.05)


def test_sums_and_variances_are_those_of_single_events() -> None:
    rng, histogram = default_rng(2), Histogram(SIGNALS)
    counts = rng.integers(1, 50, (4, histogram.total)).astype(float)
    scores = scores_of(counts[0], histogram)
    for signal, bins in enumerate((slice(0, 2), slice(2, None))):
        for code in range(4):
            for direction in DIRECTIONS:
                single = np.repeat(scores.of_bins[direction, bins], counts[code, bins].astype(int))
                assert scores.sums(counts)[direction, code, signal] == pytest.approx(single.sum())
                shares = counts / histogram.per_signal(counts)[:, histogram.signal_of_bin]
                assert scores.variances(shares)[direction, code, signal] == pytest.approx(single.var(), abs=1e-12)
    np.testing.assert_allclose(scores.up(counts), scores.sums(counts)[Direction.UP])


@pytest.mark.parametrize("tilt", [0.0, 0.4, 3.0, 50.0])
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_the_cumulant_function_is_the_logarithm_of_the_mean(tilt: float, direction: Direction) -> None:
    histogram = Histogram([SIZE])
    scores = scores_of(counts_of("any"), histogram)
    shares = counts_of("any") / counts_of("any").sum()
    expected = np.log(shares @ np.exp(tilt * scores.of_bins[direction]))
    assert scores.log_mean_exp(shares, np.array([tilt]), direction)[0, 0] == pytest.approx(expected)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_tilts_beyond_others_are_those_of_their_sum(direction: Direction) -> None:
    histogram = Histogram(SIGNALS)
    counts = default_rng(3).integers(1, 50, (4, histogram.total)).astype(float)
    scores, shares = scores_of(counts[0], histogram), counts / histogram.per_signal(counts)[:, histogram.signal_of_bin]
    tilt, beyond = default_rng(4).exponential(size=(4, len(SIGNALS))), (0.0, 0.4, 3.0)
    together = scores.log_mean_exp(shares, tilt, direction, beyond=beyond)
    single = [scores.log_mean_exp(shares, tilt + more, direction)[..., 0] for more in beyond]
    np.testing.assert_allclose(together, np.stack(single, axis=-1), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("tilt", [1e3, 1e6])
def test_a_far_tilt_neither_overflows_nor_loses_anything(tilt: float) -> None:
    counts = counts_of("two bins")
    scores = scores_of(counts, Histogram([SIZE]))
    shares = (counts + 0.5) / (counts + 0.5).sum()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = [float(scores.log_mean_exp(shares, np.array([tilt]), direction)[0, 0]) for direction in DIRECTIONS]
    assert np.isfinite(found).all()
    assert found[Direction.LOW] == pytest.approx(tilt, rel=1e-3)
