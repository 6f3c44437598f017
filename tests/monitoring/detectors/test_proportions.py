import numpy as np
import pytest
from numpy.random import default_rng
from scipy import stats

from monitoring.detectors.comparison import Demand
from monitoring.detectors.histograms import kolmogorov_smirnov
from monitoring.detectors.proportions import share_difference, share_differences, wilson


@pytest.mark.parametrize("table", [(20, 1000, 12, 200), (0, 5, 3, 3), (3, 3, 0, 900), (7, 7, 7, 7), (4000, 9000, 3, 9)])
def test_the_test_is_fishers(table: tuple[int, int, int, int]) -> None:
    a, n, b, m = table
    found = share_difference(ones_before=a, rows_before=n, ones_now=b, rows_now=m)
    assert found.p_value == pytest.approx(stats.fisher_exact([[a, n - a], [b, m - b]]).pvalue, rel=1e-6)


def test_beyond_what_is_counted_out_the_limit_takes_over_smoothly() -> None:
    few = share_difference(ones_before=4900, rows_before=50_000, ones_now=5090, rows_now=50_000)
    many = share_difference(ones_before=4910, rows_before=50_000, ones_now=5100, rows_now=50_000)
    assert many.p_value == pytest.approx(few.p_value, rel=0.05)


def test_the_interval_is_that_of_the_paper() -> None:
    """Newcombe (1998), table II, method 10, contrasts (a) 56/70 - 48/80 and (f) 0/10 - 0/20 with swapped signs."""
    found = share_difference(ones_before=48, rows_before=80, ones_now=56, rows_now=70)
    assert found.interval == pytest.approx((0.0524, 0.3339), abs=1e-4)
    empty = share_difference(ones_before=0, rows_before=20, ones_now=0, rows_now=10)
    assert empty.interval == pytest.approx((-0.1611, 0.2775), abs=1e-4)


def test_the_interval_of_one_share_covers_it() -> None:
    ones = default_rng(1).binomial(60, 0.05, 5000)
    ends = np.array([wilson(int(k), 60, 0.05) for k in ones])
    assert np.mean((ends[:, 0] <= 0.05) & (ends[:, 1] >= 0.05)) > 0.94


@pytest.mark.parametrize(("ones", "rows", "why"), [(0, 0, "no rows"), (5, 3, "5 ones in 3 rows"), (-1, 3, "-1 ones")])
def test_counts_that_cannot_be_are_undefined(ones: int, rows: int, why: str) -> None:
    found = share_difference(ones_before=1, rows_before=10, ones_now=ones, rows_now=rows)
    assert not found.is_defined
    assert why in found.undefined


def test_a_verdict_needs_a_difference_that_matters() -> None:
    tiny = share_difference(ones_before=200_000, rows_before=10**7, ones_now=204_000, rows_now=10**7)
    assert tiny.p_value is not None
    assert tiny.p_value < 1e-9
    assert not Demand(effect=0.01).is_met(tiny)
    large = share_difference(ones_before=20, rows_before=1000, ones_now=60, rows_now=700)
    assert Demand(effect=0.01).is_met(large)


TABLES = [(20, 1000, 12, 200), (0, 50, 0, 50), (5, 5, 5, 5), (3, 1000, 0, 5000), (700, 10_000, 5000, 100_000)]


@pytest.mark.parametrize("table", TABLES)
def test_many_at_once_are_twice_the_exact_chance_on_one_side(table: tuple[int, int, int, int]) -> None:
    a, n, b, m = table
    side = "greater" if b / m > a / n else "less"
    expected = min(2 * stats.fisher_exact([[b, m - b], [a, n - a]], alternative=side).pvalue, 1.0)
    assert float(share_differences(a, n, b, m).p_value) == pytest.approx(expected, rel=1e-6)


def test_where_the_sum_is_cut_short_it_is_never_too_small() -> None:
    found = share_differences(200_000, 10**7, [21_000, 20_300, 20_000], 10**6)
    exact = [stats.fisher_exact([[b, 10**6 - b], [200_000, 9_800_000]]).pvalue for b in (21_000, 20_300, 20_000)]
    assert (found.p_value >= np.array(exact) * (1 - 1e-6)).all()
    assert found.p_value[0] < 1e-9


def test_one_reference_serves_many_slices_and_a_bad_count_spoils_only_itself() -> None:
    found = share_differences(20, 1000, [[0, 12, 5], [-1, 2, 9]], [[0, 200, 200], [100, 1, 90]])
    assert np.isnan(found.p_value).tolist() == [[True, False, False], [True, True, False]]
    assert found.effect[0, 1] == pytest.approx(0.04)
    assert np.isnan(share_differences(np.nan, 1000, 3, 100).effect)


def test_false_verdicts_on_rare_events_are_no_more_than_stated() -> None:
    rng = default_rng(2)
    for rows in (50, 500, 20_000):
        found = share_differences(rng.binomial(20_000, 0.002, 20_000), 20_000, rng.binomial(rows, 0.002, 20_000), rows)
        for level in (0.01, 0.001):
            assert (found.p_value <= level).mean() <= level


def test_it_sees_a_share_that_moved_where_the_distance_of_distributions_does_not() -> None:
    rng = default_rng(3)
    old, new = rng.binomial(100_000, 0.02, 200), rng.binomial(10_000, 0.03, 200)
    bins = [np.stack([rows - ones, ones], axis=-1) for ones, rows in ((old, 100_000), (new, 10_000))]
    assert (share_differences(old, 100_000, new, 10_000).p_value <= 1e-6).mean() > 0.8
    assert (kolmogorov_smirnov(*bins).p_value <= 1e-6).mean() == 0
