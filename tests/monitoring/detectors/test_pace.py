import math

import numpy as np
import pytest
from numpy.random import default_rng
from numpy.typing import NDArray

from monitoring.detectors.pace import Wandering, wandering

VARIANCE = 0.25
SEEDS = 30
Panes = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]


def hourly(
    seed: int, *, walk: float, jump: float = 0.0, hours: int = 336, requests: int = 500, alike: float = 1.0
) -> Panes:
    """Two weeks of a rate around a half; `alike` is how much noisier than independent requests it is."""
    rng = default_rng(seed)
    counts = rng.poisson(requests, hours) + 1
    at = np.arange(hours, dtype=float)
    level = 0.5 + np.cumsum(rng.normal(0, math.sqrt(walk), hours)) + jump * (at >= 200)
    return at, level + rng.normal(0, 1, hours) * np.sqrt(alike * VARIANCE / counts), counts


def over_seeds(*, walk: float, jump: float = 0.0, alike: float = 1.0) -> list[Wandering]:
    return [wandering(*hourly(s, walk=walk, jump=jump, alike=alike), variance=VARIANCE) for s in range(SEEDS)]


@pytest.mark.parametrize("walk", [9e-6, 4e-4])
@pytest.mark.parametrize("jump", [0.0, 0.2])
def test_a_walk_is_recovered_with_or_without_a_jump_within_it(walk: float, jump: float) -> None:
    found = over_seeds(walk=walk, jump=jump)
    errors = [abs(math.log10(one.walk_per_h / walk)) for one in found if one.walk_per_h]
    assert len(errors) == SEEDS
    assert np.median(errors) < 0.25
    assert np.mean([one.low <= walk <= one.high for one in found]) >= 0.9
    assert np.mean([one.is_measurable for one in found]) >= 0.9


@pytest.mark.parametrize("alike", [1.0, 4.0])
def test_what_stands_still_has_no_measurable_drift_and_the_longest_window(alike: float) -> None:
    found = over_seeds(walk=0.0, alike=alike)
    assert np.mean([one.is_measurable for one in found]) <= 0.1
    assert np.mean([one.jumps == () for one in found]) >= 0.9
    assert np.median([one.noise_factor for one in found]) == pytest.approx(alike, rel=0.3)
    assert np.median([one.window_h(shortest_h=4, longest_h=168) for one in found]) == 168


def test_a_customer_that_jumps_overnight_is_told_from_one_that_walks() -> None:
    found = over_seeds(walk=0.0, jump=0.1)
    assert all(len(one.jumps) == 1 and abs(one.jumps[0] - 200) <= 2 for one in found)
    assert np.mean([one.is_measurable for one in found]) <= 0.1


def test_a_walk_holds_no_jumps() -> None:
    assert np.mean([one.jumps == () for one in over_seeds(walk=4e-4)]) >= 0.9


def test_a_faster_walk_has_a_shorter_window_within_the_bounds() -> None:
    slow, fast = (np.median([_window(one) for one in over_seeds(walk=w)]) for w in (9e-6, 4e-4))
    assert 4 <= fast < slow <= 168
    wild = Wandering(walk_per_h=1.0, low=0.5, noise_h=1e-6)
    assert _window(wild) == 4


def _window(found: Wandering) -> float:
    return found.window_h(shortest_h=4, longest_h=168)


def test_the_window_is_the_one_whose_mean_is_nearest_to_the_level() -> None:
    rng = default_rng(1)
    walk, noise = 4e-4, 0.004
    level = np.cumsum(rng.normal(0, math.sqrt(walk), (400, 60)), axis=1)
    seen = level + rng.normal(0, math.sqrt(noise), level.shape)
    errors = [np.mean((seen[:, -w:].mean(axis=1) - level[:, -1]) ** 2) for w in range(1, 30)]
    best = 1 + int(np.argmin(errors))
    stated = _window(Wandering(walk_per_h=walk, low=walk / 2, noise_h=noise))
    assert errors[round(stated) - 1] <= 1.1 * errors[best - 1]


def test_missing_and_empty_panes_and_their_order_do_not_matter() -> None:
    hours, means, counts = hourly(1, walk=9e-6)
    some = np.ones(len(hours), bool)
    some[50:80] = False
    plain = wandering(hours[some], means[some], counts[some], variance=VARIANCE)
    holes = np.where(some, means, math.nan)
    order = default_rng(2).permutation(len(hours))
    assert wandering(hours[order], holes[order], counts[order], variance=VARIANCE) == plain
    assert wandering(hours, means, np.where(some, counts, 0), variance=VARIANCE) == plain


@pytest.mark.parametrize("panes", [0, 3, 11])
def test_too_few_panes_are_undefined(panes: int) -> None:
    hours, means, counts = hourly(1, walk=9e-6)
    found = wandering(hours[:panes], means[:panes], counts[:panes], variance=VARIANCE)
    assert found.walk_per_h is None
    assert f"{panes} usable panes" in found.undefined
    assert _window(found) == 168


@pytest.mark.parametrize("variance", [math.nan, math.inf, -1.0])
def test_a_variance_that_cannot_be_is_undefined(variance: float) -> None:
    assert "variance" in wandering(*hourly(1, walk=9e-6), variance=variance).undefined


def test_all_equal_and_huge_means_have_an_answer() -> None:
    hours, means, counts = hourly(1, walk=9e-6)
    still = wandering(hours, np.full(len(hours), 0.25), counts, variance=0.0)
    assert (still.walk_per_h, still.high, still.is_measurable) == (0.0, 0.0, False)
    assert not wandering(hours, np.full(len(hours), 0.25), counts, variance=VARIANCE).is_measurable
    means[100] = 1.7e308
    found = wandering(hours, means, counts, variance=VARIANCE)
    assert found.walk_per_h is not None
    assert math.isfinite(found.walk_per_h)
    walked = wandering(hours, np.cumsum(default_rng(3).normal(size=len(hours))), counts, variance=0.0)
    assert walked.walk_per_h == pytest.approx(1.0, rel=0.5)
