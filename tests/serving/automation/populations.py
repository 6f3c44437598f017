"""Queries of which the true risk at every threshold is known, and reviews drawn from them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.automation.reviewed import Reviews

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Population:
    """Confidences spread evenly from 0 to 1, and the chance of an error at each."""

    name: str
    error: Callable[[Floats], Floats]

    def risk_above(self, threshold: float) -> float:
        middles = threshold + (1 - threshold) * (np.arange(20_000) + 0.5) / 20_000
        return float(self.error(middles).mean())

    def reviews(self, chance: np.random.Generator, queries: int, *, unequal: bool) -> Reviews:
        """About a tenth of the queries; with `unequal` the more uncertain ones up to five times as often."""
        confidence = chance.random(queries)
        wanted = np.where(confidence < 0.6, 0.5, 0.1) if unequal else np.full(queries, 0.1)
        reviewed = chance.random(queries) < wanted
        confidence, wanted = confidence[reviewed], wanted[reviewed]
        wrong = (chance.random(len(confidence)) < self.error(confidence)).astype(float)
        order = np.argsort(-confidence)
        return Reviews(confidence[order], wrong[order], (0.1 / wanted)[order])


TARGET = 0.05
GRADUAL = Population("the surer, the fewer errors", lambda c: 0.5 * (1 - c) ** 3)
FLAT = Population("confidence says nothing, and the risk is just above the target", lambda c: np.full_like(c, 0.0505))
STEP = Population("none below the least confidence, then many", lambda c: np.where(c < 0.55, 0.3, 0.04))
POPULATIONS = (GRADUAL, FLAT, STEP)
