"""A ratio of two means over all requests, from those that were drawn with known probabilities, valid at every look.

Point: each request that was drawn stands for one over its probability (Horvitz and Thompson, JASA 47, 1952). If the
ratio is r, numerator less r times denominator over the probability has mean zero, whatever became of the requests that
were not drawn; the intervals hold the ratios that this does not refute, at any look at all but with chance `alpha`.

- Of a share, by betting: exact for every number of reviews, see `serving.automation.evidence`.
- Of any ratio: the boundary of `MeanSequence`, in Fieller's way; holds in the limit. Bettors would have to fear the
  largest number of errors that a query can have, which makes their interval of 600 reviews three times as wide.

Both assume that nothing changes meanwhile. Pure; knows no review.
"""

from dataclasses import dataclass
from math import inf, sqrt
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitoring.detectors.confidence_sequence import Interval, MeanSequence
from serving.automation.evidence import mean_interval

MIN_COUNTED: Final = 50
"""Rows whose numerator is not 0: what holds in the limit says nothing before."""


@dataclass(frozen=True, slots=True, eq=False)
class WeightedRatio:
    """Requests that were drawn and judged; arrays of one length."""

    numerators: NDArray[np.float64]
    denominators: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    """With which each was drawn, in (0, 1]."""

    @classmethod
    def of(cls, numerators: ArrayLike, denominators: ArrayLike, probabilities: ArrayLike) -> "WeightedRatio":
        """Check and keep them. Raises ValueError for what cannot be."""
        above, below, drawn = (np.asarray(each, np.float64) for each in (numerators, denominators, probabilities))
        if not above.shape == below.shape == drawn.shape or above.ndim != 1:
            raise ValueError(f"shapes {above.shape}, {below.shape} and {drawn.shape} are not one length")
        if not (np.all((above >= 0) & (above < inf)) and np.all((below >= 0) & (below < inf))):
            raise ValueError("a numerator or denominator is negative or no number")
        if not np.all((drawn > 0) & (drawn <= 1)):
            raise ValueError("a probability lies outside (0, 1]")
        return cls(above, below, drawn)

    @property
    def value(self) -> float | None:
        """The ratio; None without any denominator."""
        below = float((self.denominators / self.probabilities).sum())
        return float((self.numerators / self.probabilities).sum()) / below if below else None

    def interval(self, *, alpha: float = 0.05) -> Interval:
        """Of any ratio; from 0 to infinity before `MIN_COUNTED`, and where the denominators hardly differ from 0."""
        rows = len(self.probabilities)
        if np.count_nonzero(self.numerators) < MIN_COUNTED:
            return Interval(0.0, inf)
        above, below = self.numerators / self.probabilities, self.denominators / self.probabilities
        (aa, ab), (_, bb) = np.cov(above, below, bias=True)
        reach = MeanSequence(alpha=alpha).update(rows=rows, mean=0.0, variance=1.0).high ** 2
        square = below.mean() ** 2 - reach * bb
        mixed = above.mean() * below.mean() - reach * ab
        constant = above.mean() ** 2 - reach * aa
        if square <= 0:
            return Interval(0.0, inf)
        root = sqrt(max(0.0, mixed * mixed - square * constant))
        return Interval(max(0.0, float((mixed - root) / square)), float((mixed + root) / square))

    def share_interval(self, *, least_probability: float, alpha: float = 0.05) -> Interval:
        """Of a share: denominators of 1, numerators of 0 or 1; no request could be drawn less probably.

        Raises ValueError where one was.
        """
        if np.any(self.probabilities < least_probability):
            raise ValueError(f"a request was drawn with a probability below {least_probability:g}")
        return mean_interval(self.numerators, least_probability / self.probabilities, confidence=1 - alpha)
