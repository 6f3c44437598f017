"""Coverage against risk: the curve holds the truth, and is what it should be at its ends."""

import numpy as np
import pytest

from serving.automation.reviewed import Reviewed, Reviews
from serving.automation.risk import curve
from serving.automation.threshold import candidates
from tests.serving.automation.populations import GRADUAL

GRID = candidates(np.arange(10_000) / 10_000)


def test_the_truth_lies_within_the_intervals_of_unequally_drawn_reviews() -> None:
    chance = np.random.default_rng(1)
    outside = 0
    for _ in range(30):
        points = curve(GRADUAL.reviews(chance, 5_000, unequal=True), GRID)
        outside += sum(GRADUAL.risk_above(one.threshold) not in one.interval for one in points)
        assert [one.coverage for one in points] == pytest.approx([1 - one.threshold for one in points], abs=0.08)
    assert outside / (30 * len(GRID)) <= 0.05


def test_what_is_known_of_a_threshold_above_all_reviews() -> None:
    [point] = curve(Reviews.of([Reviewed(confidence=0.5, loss=0.0)]), (0.9,))
    assert (point.coverage, point.risk, point.reviews) == (0.0, None, 0)
    assert point.interval.width == pytest.approx(1.0, abs=1e-6)
