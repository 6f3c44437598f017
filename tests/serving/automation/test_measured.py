"""The promise on what a real model did with real recordings: reviews are drawn from its confidences and errors."""

from pathlib import Path

import numpy as np
import pytest

from serving.automation.evidence import weighted_mean
from serving.automation.reviewed import Reviews
from serving.automation.threshold import Rule, candidates, choose

CONFIDENCES, ERRORS, _ = np.loadtxt(Path(__file__).parents[1] / "review" / "measured.csv", delimiter=",", skiprows=1).T
WRONG = (ERRORS > 0).astype(float)
GRID = candidates(CONFIDENCES)
DATA_SETS = 200
ALLOWED = 0.05 + 3 * (0.05 * 0.95 / DATA_SETS) ** 0.5


def drawn(chance: np.random.Generator, reviews: int) -> Reviews:
    """Uncertain queries five times as often."""
    wanted = np.where(CONFIDENCES < 0.6, 5.0, 1.0)
    rows = chance.choice(len(WRONG), reviews, p=wanted / wanted.sum())
    rows = rows[np.argsort(-CONFIDENCES[rows])]
    return Reviews(CONFIDENCES[rows], WRONG[rows], 1 / wanted[rows])


def risk(threshold: float) -> float:
    return float(WRONG[threshold <= CONFIDENCES].mean())


@pytest.mark.parametrize("target", [0.1, 0.235])
def test_the_promise_is_kept_where_the_estimate_would_break_it(target: float) -> None:
    chance = np.random.default_rng(1)
    broken = naively_broken = 0
    for _ in range(DATA_SETS):
        reviews = drawn(chance, 5000)
        chosen = choose(reviews, GRID, Rule(target_risk=target)).threshold
        broken += chosen is not None and risk(chosen) > target
        counts = reviews.above(GRID).tolist()
        estimates = [weighted_mean(reviews.loss[:n], reviews.weight[:n]) for n in counts]
        naive = [one for one, found in zip(GRID, estimates, strict=True) if found is not None and found <= target]
        naively_broken += bool(naive) and risk(naive[-1]) > target
    assert broken / DATA_SETS <= ALLOWED < naively_broken / DATA_SETS


def test_a_threshold_is_found_and_answers_much_of_what_it_may() -> None:
    chance = np.random.default_rng(2)
    best = max(float((one <= CONFIDENCES).mean()) for one in GRID if risk(one) <= 0.2)
    coverages = [choose(drawn(chance, 10_000), GRID, Rule(target_risk=0.2)).coverage for _ in range(50)]
    assert np.mean(coverages) > 0.6 * best
