import math
from collections.abc import Callable

import numpy as np
import pytest
from datasketches import kll_floats_sketch, ks_test
from numpy.random import default_rng
from numpy.typing import ArrayLike
from scipy import stats

from monitoring.detectors.comparison import Comparison, Demand
from monitoring.detectors.sample import sample_of
from monitoring.detectors.two_samples import Window, edges_of, kolmogorov_smirnov, stability_index, wasserstein

Measure = Callable[[Window, Window], Comparison]

MEASURES: dict[str, Measure] = {"ks": kolmogorov_smirnov, "wasserstein": wasserstein, "psi": stability_index}
measures = pytest.mark.parametrize("measure", list(MEASURES.values()), ids=list(MEASURES))


def sketch_of(values: ArrayLike) -> kll_floats_sketch:
    sketch = kll_floats_sketch(200)
    sketch.update(np.asarray(values, np.float32))
    return sketch


@pytest.mark.parametrize(("n", "m"), [(3, 3), (1, 5), (5, 9), (30, 40), (80, 100), (2, 4000)])
def test_small_windows_agree_with_scipy_exactly(n: int, m: int) -> None:
    rng = default_rng(n)
    for shift in (0.0, 0.5, 3.0):
        old, new = rng.normal(size=n), rng.normal(shift, 1, m)
        reference = stats.ks_2samp(old, new, method="exact")
        found = kolmogorov_smirnov(old, new)
        assert found.effect == pytest.approx(reference.statistic)
        assert found.p_value == pytest.approx(reference.pvalue, abs=1e-12)


def test_the_distance_is_that_of_scipy() -> None:
    rng = default_rng(1)
    old, new = rng.gamma(2, size=500), rng.gamma(3, size=700)
    assert wasserstein(old, new).effect == pytest.approx(stats.wasserstein_distance(old, new))


@measures
@pytest.mark.parametrize(
    ("old", "new"),
    [([], [1.0]), ([1.0], []), ([math.nan, None], [1.0, 2.0]), ([1.0, 2.0], [math.inf]), ([], [])],
)
def test_windows_without_rows_are_undefined_and_say_why(measure: Measure, old: Window, new: Window) -> None:
    found = measure(old, new)
    assert not found.is_defined
    assert "usable rows" in found.undefined
    assert not Demand(effect=0.0, p_value=1.0).is_met(found)


def test_a_reference_of_three_rows_is_never_significant_on_its_own() -> None:
    found = kolmogorov_smirnov([1.0, 2.0, 3.0], [7.0, 8.0, 9.0])
    assert found.effect == 1.0
    assert found.p_value == pytest.approx(0.1)
    assert "20 are needed" in stability_index([1.0, 2.0, 3.0], np.arange(100.0)).undefined


@measures
def test_equal_values_on_both_sides_do_not_differ(measure: Measure) -> None:
    found = measure(np.full(200, 0.5), np.full(50, 0.5))
    assert (found.effect, found.p_value) == (0.0, 1.0)


@measures
def test_all_equal_values_that_move_are_found(measure: Measure) -> None:
    found = measure(np.full(200, 0.5), np.full(50, 0.75))
    assert Demand(effect=0.2).is_met(found)


@measures
def test_missing_values_do_not_count(measure: Measure) -> None:
    rng = default_rng(2)
    old, new = rng.normal(size=300), rng.normal(0.3, 1, 200)
    assert measure(np.append(old, [math.nan] * 9), np.append(new, math.inf)) == measure(old, new)


@measures
def test_huge_values_give_a_finite_answer(measure: Measure) -> None:
    found = measure([*range(40), 1.7e308], [*range(40), -1.7e308])
    assert found.effect is not None
    assert math.isfinite(found.effect)


@measures
@pytest.mark.parametrize(("n", "m"), [(1000, 1000), (1000, 60), (60, 60)])
def test_it_says_so_as_rarely_as_it_states_when_nothing_changed(measure: Measure, n: int, m: int) -> None:
    rng = default_rng(3)
    rounds = 1000
    false = sum((measure(rng.normal(size=n), rng.normal(size=m)).p_value or 0) <= 0.05 for _ in range(rounds))
    assert false <= 0.05 * rounds + 3 * math.sqrt(0.05 * 0.95 * rounds)


@measures
def test_sketches_of_long_streams_keep_that_level_too(measure: Measure) -> None:
    rng = default_rng(4)
    rounds = 200
    found = [measure(sketch_of(rng.normal(size=20_000)), sketch_of(rng.normal(size=20_000))) for _ in range(rounds)]
    assert sum((one.p_value or 0) <= 0.05 for one in found) <= 0.05 * rounds + 3 * math.sqrt(0.05 * 0.95 * rounds)


@measures
def test_sketches_find_what_arrays_find(measure: Measure) -> None:
    rng = default_rng(5)
    old, new = rng.normal(size=20_000), rng.normal(0.5, 1, 2_000)
    exact, rough = measure(old, new), measure(sketch_of(old), sketch_of(new))
    assert (rough.before, rough.now) == (exact.before, exact.now)
    assert rough.effect == pytest.approx(exact.effect, rel=0.15)
    assert rough.p_value is not None
    assert rough.p_value < 1e-6


def test_a_small_sketch_is_as_good_as_the_array() -> None:
    rng = default_rng(6)
    old, new = (rng.normal(size=150).astype(np.float32) for _ in range(2))
    assert kolmogorov_smirnov(sketch_of(old), sketch_of(new)) == kolmogorov_smirnov(old, new)


def test_verdicts_do_not_follow_the_number_of_rows() -> None:
    """The known complaint about drift tools: with a million rows all columns drift, with a hundred none does."""
    rng = default_rng(7)
    demand = Demand(effect=0.1)
    for rows in (10_000, 1_000_000):
        found = kolmogorov_smirnov(rng.normal(size=rows), rng.normal(0.03, 1, rows))
        assert not demand.is_met(found)
    assert found.p_value is not None
    assert found.p_value < 1e-9, "significance alone would have called it a drift"
    verdicts = [demand.is_met(kolmogorov_smirnov(rng.normal(size=n), rng.normal(1, 1, n))) for n in (5, 200, 20_000)]
    assert verdicts == [False, True, True]


def test_the_index_does_not_grow_as_the_window_shrinks() -> None:
    rng = default_rng(8)
    old = rng.normal(size=5000)
    means = [np.mean([stability_index(old, rng.normal(size=m)).effect for _ in range(200)]) for m in (30, 300, 3000)]
    assert max(means) < 0.06


def test_a_value_that_fills_bins_gets_its_own() -> None:
    old = sample_of(np.concatenate([np.zeros(700), np.arange(1.0, 301.0)]))
    edges = edges_of(old, bins=10)
    assert old.counts(edges)[1] == 700
    assert old.counts(edges).sum() == 1000


def test_on_sketches_it_finds_all_that_the_sketches_own_test_finds_and_more() -> None:
    """That one judges by the rows that the sketches kept, some hundred, not by those that they stand for."""
    rng = default_rng(9)
    for shift, ours, theirs in ((0.0, False, False), (0.3, True, False), (1.0, True, True)):
        old, new = sketch_of(rng.normal(size=30_000)), sketch_of(rng.normal(shift, 1, 3000))
        p_value = kolmogorov_smirnov(old, new).p_value
        assert p_value is not None
        assert ((p_value <= 0.001), ks_test(old, new, 0.001)) == (ours, theirs)


def test_infinite_rows_of_a_sketch_are_left_out() -> None:
    sample = sample_of(sketch_of([1.0, 2.0, math.inf, -math.inf, math.nan]))
    assert (sample.values.tolist(), sample.rows, sample.missing) == ([1.0, 2.0], 2, 2)
