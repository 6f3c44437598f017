"""Evidence against published tails, and intervals that hold."""

import numpy as np
import pytest

from serving.automation.evidence import betting, mean_interval, one_look, weighted_mean


@pytest.mark.parametrize(("trials", "errors", "target"), [(100, 5, 0.1), (59, 0, 0.05), (500, 15, 0.05), (7, 7, 0.4)])
def test_the_tail_is_binomial(trials: int, errors: int, target: float) -> None:
    stats = pytest.importorskip("scipy.stats")
    loss = np.array([1.0] * errors + [0.0] * (trials - errors))
    found = one_look(loss, np.ones(trials), np.array([trials]), target)[0]
    assert found == pytest.approx(stats.binom.cdf(errors, trials, target), rel=1e-9)


@pytest.mark.parametrize("share", [0.05, 0.2])
def test_losses_between_0_and_1_are_bounded_too(share: float) -> None:
    """The chance of a p-value below 5 % is 5 % at most where the mean is the target."""
    chance = np.random.default_rng(1)
    counts = np.array([400])
    for test in (one_look, betting):
        small = [test(chance.beta(share, 1 - share, 400), np.ones(400), counts, share)[0] <= 0.05 for _ in range(1000)]
        assert np.mean(small) <= 0.05
    some = chance.beta(share, 1 - share, 400)
    assert one_look(some, np.ones(400), counts, 3 * share)[0] < 0.001


def test_looking_again_and_again_fools_a_test_of_one_look_but_not_a_bet() -> None:
    chance = np.random.default_rng(4)
    looks = np.arange(100, 2001, 100)
    fooled = {one_look: 0, betting: 0}
    for _ in range(500):
        loss = (chance.random(2000) < 0.05).astype(float)
        for test in fooled:
            fooled[test] += bool(test(loss, np.ones(2000), looks, 0.05).min() <= 0.05)
    assert fooled[betting] / 500 <= 0.05
    assert fooled[one_look] / 500 > 0.1


def test_unequal_weights_have_to_be_thinned_for_one_look() -> None:
    with pytest.raises(ValueError, match="thinned"):
        one_look(np.zeros(2), np.array([1.0, 0.5]), np.array([2]), 0.1)


def test_betting_is_indifferent_to_the_order() -> None:
    chance = np.random.default_rng(2)
    loss, weight = (chance.random(300) < 0.03).astype(float), chance.random(300)
    mixed = chance.permutation(300)
    one, other = (betting(loss[k], weight[k], np.array([300]), 0.1)[0] for k in (np.arange(300), mixed))
    assert one == pytest.approx(other)


def test_the_interval_of_a_weighted_mean_holds() -> None:
    """Half of the queries are rarely reviewed and seldom wrong: a plain mean is far off."""
    chance = np.random.default_rng(3)
    outside = []
    for _ in range(300):
        rare = chance.random(1500) < 0.5
        reviewed = chance.random(1500) < np.where(rare, 0.1, 0.8)
        loss = (chance.random(1500) < np.where(rare, 0.02, 0.4)).astype(float)[reviewed]
        weight = np.where(rare, 1.0, 0.125)[reviewed]
        outside.append(0.21 not in mean_interval(loss, weight, confidence=0.95))
        assert loss.mean() > 0.28
        assert abs((weighted_mean(loss, weight) or 0.0) - 0.21) < 0.12
    assert np.mean(outside) <= 0.05


def test_nothing_is_known_without_reviews() -> None:
    none = np.array([])
    found = mean_interval(none, none, confidence=0.95)
    assert (found.low, found.high) == pytest.approx((0.0, 1.0), abs=1e-6)
    assert weighted_mean(none, none) is None
