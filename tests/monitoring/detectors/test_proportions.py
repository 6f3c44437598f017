import numpy as np
import pytest
from numpy.random import default_rng
from scipy import stats

from monitoring.detectors.comparison import Demand
from monitoring.detectors.proportions import share_difference, wilson


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
