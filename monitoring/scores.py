"""Scores of bins: what a shift is measured by. Each direction in which a signal can move has a score for each bin.

`UP` and `DOWN` are the middle rank of the bin among all events, scaled to -1 .. 1 (Wilcoxon's score), so that they
do not depend on the unit; `LOW` and `HIGH` are 1 in the tails and 0 elsewhere, for faults that touch few events,
hard. A yes-or-no scores 1 for yes (`UP`) or for no (`DOWN`). Pure functions over counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitoring.histogram import BINS, Counts, Histogram

TAIL: Final = 0.055
"""Most of all events that lie in a tail, unless its outermost bin alone has more."""


class Direction(IntEnum):
    """Ways to move."""

    UP = 0
    DOWN = 1
    LOW = 2
    """More in the lowest bins."""
    HIGH = 3
    """More in the highest bins."""


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """The scores of every bin."""

    of_bins: NDArray[np.float64]
    """Shape (directions, bins)."""
    starts: NDArray[np.int32]
    """Each signal's first bin."""
    variance: NDArray[np.float64]
    """Shape (signals,): of the score `UP` among all events."""
    exists: NDArray[np.bool_]
    """Shape (signals, directions): a yes-or-no has no tails."""

    def up(self, counts: Counts) -> NDArray[np.float64]:
        """Of counts of shape (..., bins), the summed scores `UP`, shape (..., signals)."""
        summed: NDArray[np.float64] = np.add.reduceat(counts * self.of_bins[Direction.UP], self.starts, axis=-1)
        return summed

    def sums(self, counts: Counts) -> NDArray[np.float64]:
        """Of counts of shape (..., bins), the summed scores, shape (directions, ..., signals)."""
        return np.stack([np.add.reduceat(counts * scores, self.starts, axis=-1) for scores in self.of_bins])

    def variances(self, shares: Counts) -> NDArray[np.float64]:
        """Of each score under shares of shape (..., bins); shape (directions, ..., signals)."""
        squares = np.stack([np.add.reduceat(shares * scores**2, self.starts, axis=-1) for scores in self.of_bins])
        variances: NDArray[np.float64] = squares - self.sums(shares) ** 2
        return variances

    def log_mean_exp(
        self, shares: Counts, tilt: NDArray[np.float64], direction: Direction, *, beyond: Sequence[float] = (0.0,)
    ) -> NDArray[np.float64]:
        """Cumulant function: log E exp((tilt + b) score) under shares (..., bins), for each b of `beyond`.

        For tilts >= 0 of shape (..., signals); gives the shape (..., signals, beyond).
        """
        width = np.diff([*self.starts, self.of_bins.shape[1]])
        highest = np.maximum.reduceat(self.of_bins[direction], self.starts)
        below = self.of_bins[direction] - np.repeat(highest, width)  # so that no exponential overflows
        tilted = shares * np.exp(np.repeat(tilt, width, axis=-1) * below)
        raised = [np.add.reduceat(tilted * np.exp(more * below), self.starts, axis=-1) for more in beyond]
        found: NDArray[np.float64] = np.add.outer(tilt, beyond) * highest[:, None] + np.log(np.stack(raised, axis=-1))
        return found


def scores_of(everything: Counts, histogram: Histogram) -> Scores:
    """Scores by the counts of all events, shape (bins,)."""
    ends = [*histogram.starts[1:], histogram.total]
    of_bins = np.zeros((len(Direction), histogram.total))
    variance = np.zeros(len(histogram.starts))
    exists = np.ones((len(histogram.starts), len(Direction)), np.bool_)
    for signal, (start, end) in enumerate(zip(histogram.starts, ends, strict=True)):
        share = (everything[start:end] + 0.5) / (everything[start:end] + 0.5).sum()
        of_bins[:, start:end] = _of_number(share) if end - start == BINS else [[0, 1], [1, 0], [0, 0], [0, 0]]
        exists[signal, Direction.LOW :] = end - start == BINS
        up = of_bins[Direction.UP, start:end]
        variance[signal] = share @ up**2 - (share @ up) ** 2
    return Scores(of_bins=of_bins, starts=histogram.starts, variance=variance, exists=exists)


def _of_number(share: NDArray[np.float64]) -> NDArray[np.float64]:
    reached = np.cumsum(share)
    rank = 2 * (reached - share / 2) - 1
    above = np.cumsum(share[::-1])[::-1]
    low, high = reached <= TAIL, above <= TAIL
    low[0], high[-1] = True, True
    return np.array([rank, -rank, low, high])
