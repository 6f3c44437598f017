"""What is known of reviewed queries: how confident the model was, how wrong, and how likely a review was.

Knows neither speech nor thresholds: a loss is any number from 0 (right) to 1 (wrong), as of a transcript or of what an
inspector saw.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """One query that a person judged."""

    confidence: float
    """Of the model, in any unit of which more means surer."""
    loss: float
    """From 0, right, to 1, wrong: "any word wrong", or a word error rate that is cut at 1."""
    probability: float = 1.0
    """With which it was chosen for review, in (0, 1]."""


@dataclass(frozen=True, slots=True, eq=False)
class Reviews:
    """Reviewed queries as columns, the most confident first."""

    confidence: Floats
    """Shape (n,), falling."""
    loss: Floats
    """Shape (n,), in [0, 1]."""
    weight: Floats
    """Shape (n,), in (0, 1]: the design's least probability over that of the query, so that rarer ones count more."""

    def __len__(self) -> int:
        return len(self.confidence)

    @classmethod
    def of(cls, rows: Iterable[Reviewed], *, least_probability: float | None = None) -> Self:
        """The rows by falling confidence.

        `least_probability` is the least with which any query is chosen; absent: the least of these rows, which is
        exact only where all that could come has come. Raises ValueError for what is no number or out of range.
        """
        kept = list(rows)
        confidence = np.array([row.confidence for row in kept], float)
        loss = np.array([row.loss for row in kept], float)
        chance = np.array([row.probability for row in kept], float)
        least = chance.min(initial=1.0) if least_probability is None else least_probability
        _check(confidence, loss, chance, least)
        order = np.argsort(-confidence, kind="stable")
        return cls(confidence[order], loss[order], least / chance[order])

    def above(self, thresholds: ArrayLike) -> NDArray[np.int64]:
        """How many have at least that confidence, for each threshold; so many of the first rows it is."""
        return np.searchsorted(-self.confidence, -np.asarray(thresholds, float), side="right").astype(np.int64)

    def between(self, low: float, high: float) -> Self:
        """Those with a confidence of `low` or more and less than `high`."""
        wanted = (self.confidence >= low) & (self.confidence < high)
        return type(self)(self.confidence[wanted], self.loss[wanted], self.weight[wanted])

    def thinned(self, seed: int = 0) -> Self:
        """A part in which every query had the same chance to be: each is kept with its weight as the chance."""
        kept = np.random.default_rng(seed).random(len(self)) < self.weight
        return type(self)(self.confidence[kept], self.loss[kept], np.ones(int(kept.sum())))


def _check(confidence: Floats, loss: Floats, chance: Floats, least: float) -> None:
    if not np.isfinite(confidence).all():
        raise ValueError("a confidence is no finite number")
    if not ((loss >= 0) & (loss <= 1)).all():
        raise ValueError("a loss lies outside of 0 to 1")
    if not ((chance > 0) & (chance <= 1)).all():
        raise ValueError("a probability of review lies outside of 0 (excluded) to 1")
    if not 0 < least <= chance.min(initial=1.0):
        raise ValueError(f"a query was chosen with a probability below {least:g}, the least that was told")
