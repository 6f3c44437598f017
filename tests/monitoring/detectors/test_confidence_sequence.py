"""Coverage is over all looks: one miss at one look makes the whole path a miss."""

import math

import numpy as np
import pytest
from datasketches import kll_floats_sketch
from numpy.random import default_rng
from numpy.typing import NDArray

from monitoring.detectors.confidence_sequence import (
    DifferenceSequence,
    Interval,
    MeanSequence,
    ProportionSequence,
    quantile_interval,
)
from monitoring.detectors.proportions import wilson

PATHS, LOOKS, ALPHA = 1000, 2000, 0.05
NOISE = 3 * math.sqrt(ALPHA * (1 - ALPHA) / PATHS)


def counts_of_paths(share: float) -> NDArray[np.int64]:
    return np.cumsum(default_rng(1).random((PATHS, LOOKS)) < share, axis=1)


def paths_ever_out(counts: NDArray[np.int64], share: float, *, sequence: bool, skip: int = 0) -> float:
    """Share of paths that leave the interval at some look; each pair of counts is asked for only once."""
    keys, where = np.unique(counts + np.arange(1, LOOKS + 1) * (LOOKS + 1), return_inverse=True)
    out = np.zeros(len(keys), bool)
    for i, key in enumerate(keys.tolist()):
        n, ones = divmod(key, LOOKS + 1)
        if sequence:
            one = ProportionSequence(alpha=ALPHA)
            one.successes, one.trials = ones, n
            out[i] = one.log_evidence(share) >= math.log(1 / ALPHA)
        else:
            low, high = wilson(ones, n, ALPHA)
            out[i] = not low <= share <= high
    return float(out[where].reshape(counts.shape)[:, skip:].any(axis=1).mean())


@pytest.mark.parametrize("share", [0.02, 0.3])
def test_a_share_stays_inside_at_every_look_where_a_classical_interval_does_not(share: float) -> None:
    counts = counts_of_paths(share)
    assert paths_ever_out(counts, share, sequence=True) <= ALPHA + NOISE
    assert paths_ever_out(counts, share, sequence=False, skip=100) > 0.25


def test_the_interval_is_what_the_evidence_does_not_refute() -> None:
    for successes, trials in ((0, 1), (0, 50), (3, 50), (50, 50), (200, 10_000), (10.4, 60)):
        one = ProportionSequence()
        interval = one.update(successes=successes, trials=trials)
        for share in np.linspace(0, 1, 501).tolist():
            assert (share in interval) == (one.log_evidence(share) < math.log(20))


def test_it_narrows_as_the_root_of_the_trials_and_is_at_most_twice_a_classical_one() -> None:
    for share in (0.02, 0.1, 0.5):
        for trials in (300, 1000, 5000):
            ones = round(share * trials)
            low, high = wilson(ones, trials, ALPHA)
            width = ProportionSequence(alpha=ALPHA).update(successes=ones, trials=trials).width
            assert high - low < width < 2 * (high - low)


def test_batches_add_up() -> None:
    one, other = ProportionSequence(), ProportionSequence()
    for successes, trials in ((3, 40), (0, 0), (0, 13), (7, 7)):
        one.update(successes=successes, trials=trials)
    assert one.interval == other.update(successes=10, trials=60)


@pytest.mark.parametrize(
    ("successes", "trials"), [(5, 3), (-1, 3), (math.nan, 3), (math.inf, 3), (1, -1), (1, math.inf), (1, math.nan)]
)
def test_counts_that_cannot_be_are_counted_and_left_out(successes: float, trials: int) -> None:
    one = ProportionSequence()
    before = one.update(successes=2, trials=10)
    assert one.update(successes=successes, trials=trials) == before
    assert one.ignored == 1


def test_it_knows_nothing_before_the_first_batch() -> None:
    assert ProportionSequence().interval == Interval(0.0, 1.0)
    assert DifferenceSequence().interval == Interval(-1.0, 1.0)
    assert MeanSequence().interval == Interval(-math.inf, math.inf)
    assert quantile_interval([], 0.5) == Interval(-math.inf, math.inf)
    assert quantile_interval([math.nan, 1.0, 2.0], 0.5) == Interval(-math.inf, math.inf)


def test_means_of_numbers_between_0_and_1_are_covered_too() -> None:
    values = default_rng(2).beta(0.5, 4.5, (300, 400))
    out = 0
    for path in np.cumsum(values, axis=1):
        one, missed = ProportionSequence(alpha=ALPHA), False
        for n, total in enumerate(path.tolist(), start=1):
            one.successes, one.trials = total, n
            missed = missed or one.log_evidence(0.1) >= math.log(1 / ALPHA)
        out += missed
    assert out <= 300 * ALPHA


@pytest.mark.parametrize(("before", "now"), [(0.05, 0.05), (0.02, 0.06), (0.5, 0.3)])
def test_a_difference_stays_inside_at_every_look_of_a_small_canary(before: float, now: float) -> None:
    rng = default_rng(3)
    out = 0
    for _ in range(100):
        one, missed = DifferenceSequence(alpha=ALPHA), False
        for _ in range(25):
            one.before.update(successes=rng.binomial(190, before), trials=190)
            one.now.update(successes=rng.binomial(10, now), trials=10)
            missed = missed or one.log_evidence(now - before) >= math.log(1 / ALPHA)
        out += missed
    assert out <= 100 * ALPHA


def test_a_difference_is_narrower_than_that_of_two_intervals_and_finds_a_bad_canary() -> None:
    one = DifferenceSequence()
    interval = one.update(successes_before=100, trials_before=5000, successes_now=300, trials_now=5000)
    arms = [ProportionSequence(alpha=0.025).update(successes=k, trials=5000) for k in (100, 300)]
    assert interval.width < 0.95 * sum(arm.width for arm in arms)
    assert interval.low > 0.02
    assert 0.04 in interval
    assert one.log_evidence(interval.low - 1e-6) > math.log(20) > one.log_evidence(interval.low + 1e-6)


def test_a_difference_with_one_empty_side_is_as_unsure_as_that_side() -> None:
    interval = DifferenceSequence().update(successes_before=50, trials_before=1000)
    assert interval.low < -0.03
    assert interval.high > 0.9


def test_a_mean_is_covered_from_a_hundred_rows_on() -> None:
    out = 0
    for path in default_rng(4).gamma(2.0, size=(300, 1000)):
        one, missed = MeanSequence(alpha=ALPHA), False
        one.update(rows=100, mean=float(path[:100].mean()), variance=float(path[:100].var()))
        for x in path[100:].tolist():
            missed = missed or 2.0 not in one.update(rows=1, mean=x, variance=0.0)
        out += missed
    assert out <= 300 * (ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / 300))


def test_a_mean_in_batches_is_the_mean_of_all() -> None:
    values = default_rng(5).normal(1e6, 1, 500)
    one, other = MeanSequence(), MeanSequence()
    for part in np.split(values, [7, 100, 101]):
        one.update(rows=len(part), mean=float(part.mean()), variance=float(part.var()))
    other.update(rows=500, mean=float(values.mean()), variance=float(values.var()))
    assert one.interval.low == pytest.approx(other.interval.low, rel=1e-12)
    one.update(rows=0, mean=1.0, variance=0.0)
    one.update(rows=3, mean=math.nan, variance=0.0)
    assert (one.ignored, one.rows) == (2, 500)


@pytest.mark.parametrize("share", [0.5, 0.95])
@pytest.mark.parametrize("tied", [False, True])
def test_a_quantile_stays_inside_at_every_look(share: float, tied: bool) -> None:
    rng = default_rng(6)
    truth = -math.log(1 - share)
    out = 0
    for _ in range(200):
        values = rng.exponential(size=600)
        at = truth
        if tied:
            values, at = np.ceil(values), math.ceil(truth)
        out += any(at not in quantile_interval(values[:n], share, alpha=ALPHA) for n in range(10, 600, 20))
    assert out <= 200 * ALPHA


def test_a_quantile_of_a_sketch_is_a_little_less_sure_than_of_its_rows() -> None:
    values = default_rng(7).gamma(2.0, size=50_000).astype(np.float32)
    sketch = kll_floats_sketch(200)
    sketch.update(values)
    exact, rough = quantile_interval(values, 0.9), quantile_interval(sketch, 0.9)
    assert exact.width < rough.width < 10 * exact.width
    assert float(np.quantile(values, 0.9)) in rough
