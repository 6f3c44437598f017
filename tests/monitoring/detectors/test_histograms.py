import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.random import default_rng
from numpy.typing import NDArray
from scipy import stats

from monitoring.detectors.histograms import Distances, chi_square, kolmogorov_smirnov, stability_index

Measure = Callable[..., Distances]

MEASURES: list[Measure] = [chi_square, kolmogorov_smirnov, stability_index]
measures = pytest.mark.parametrize("measure", MEASURES)


def test_the_test_of_counts_is_that_of_scipy() -> None:
    table = np.array([[90, 60, 30, 20], [30, 40, 20, 15]])
    assert float(chi_square(*table).p_value) == pytest.approx(stats.chi2_contingency(table).pvalue)


def test_the_effect_of_counts_is_the_share_that_moved() -> None:
    assert float(chi_square([50, 50, 0], [25, 50, 25]).effect) == pytest.approx(0.25)


@measures
def test_many_pairs_at_once_are_the_pairs_one_by_one(measure: Measure) -> None:
    rng = default_rng(1)
    old, new = rng.multinomial(500, np.full(8, 1 / 8), (3, 4)), rng.multinomial(80, np.full(8, 1 / 8), (5, 3, 4))
    found = measure(old, new)
    assert found.effect.shape == found.p_value.shape == (5, 3, 4)
    one = measure(old[2, 1], new[4, 2, 1])
    assert (one.effect, one.p_value) == (found.effect[4, 2, 1], found.p_value[4, 2, 1])


@measures
@pytest.mark.parametrize("bad", [[0, 0, 0], [1, -1, 5], [1, math.nan, 5], [1, math.inf, 5]])
def test_what_cannot_be_compared_is_undefined_and_leaves_its_neighbours_alone(measure: Measure, bad: list[int]) -> None:
    good = [30.0, 40.0, 50.0]
    for pair in ((np.array([good, bad]), np.array(good)), (np.array(good), np.array([good, bad]))):
        found = measure(*pair)
        assert np.isnan(found.effect).tolist() == [False, True]
        assert np.isnan(found.p_value).tolist() == [False, True]


@measures
def test_equal_bins_do_not_differ(measure: Measure) -> None:
    found = measure([0, 50, 0], [0, 7, 0])
    assert (float(found.effect), float(found.p_value)) == (0.0, 1.0)


@measures
@pytest.mark.parametrize("shares", [np.full(10, 0.1), np.array([0.9, 0.05, 0.02, 0.01, 0.01, 0.005, 0.005])])
@pytest.mark.parametrize(("n", "m"), [(1000, 1000), (10_000, 100), (1000, 50), (30, 30)])
@pytest.mark.parametrize("level", [0.05, 0.01])
def test_false_verdicts_are_no_more_than_stated(
    measure: Measure, shares: NDArray[np.float64], n: int, m: int, level: float
) -> None:
    rng = default_rng(2)
    rounds = 10_000
    found = measure(rng.multinomial(n, shares, rounds), rng.multinomial(m, shares, rounds))
    assert (found.p_value <= level).sum() <= 1.25 * level * rounds + 3 * math.sqrt(level * rounds)
