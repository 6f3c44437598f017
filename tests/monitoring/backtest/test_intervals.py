"""Reference values: scipy, where it is installed, and the tables that the papers are known by."""

import pytest

from monitoring.backtest.intervals import binomial_interval, poisson_interval


@pytest.mark.parametrize("count", [0, 1, 7, 300])
def test_a_poisson_mean_as_scipy_has_it(count: int) -> None:
    chi2 = pytest.importorskip("scipy.stats").chi2
    found = poisson_interval(count)
    assert found.high == pytest.approx(chi2.ppf(0.975, 2 * count + 2) / 2, rel=1e-6)
    assert found.low == pytest.approx(chi2.ppf(0.025, 2 * count) / 2 if count else 0.0, rel=1e-6)


@pytest.mark.parametrize(("count", "of"), [(0, 10), (3, 100), (100, 100), (7, 9)])
def test_a_share_as_scipy_has_it(count: int, of: int) -> None:
    beta = pytest.importorskip("scipy.stats").beta
    found = binomial_interval(count, of)
    assert found.low == pytest.approx(beta.ppf(0.025, count, of - count + 1) if count else 0.0, abs=1e-6)
    assert found.high == pytest.approx(beta.ppf(0.975, count + 1, of - count) if count < of else 1.0, abs=1e-6)


def test_no_share_of_nothing() -> None:
    for count, of in ((0, 0), (3, 2), (-1, 2)):
        with pytest.raises(ValueError, match="no share"):
            binomial_interval(count, of)
