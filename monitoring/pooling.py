"""Small slices lean on the slice that they are part of. Pure functions over counts.

A parent counts as many events as the ratio of the variance within slices to that between them, which is estimated
by moments (DerSimonian and Laird, 1986): where devices are alike a new device is expected to be like them, where they
differ much is left open.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitoring.histogram import Counts, Histogram
from monitoring.scores import Direction, Scores
from monitoring.slices import EVERYTHING, SliceTable

LEAST_PRIOR: Final = 1.0
MOST_PRIOR: Final = 1e6
"""Bounds of the number of events that a parent counts as."""
USUAL: Final = 4.0
"""Squared standard errors by which a slice may differ from its parent before it is taken for unlike."""
SMOOTHING: Final = 0.5
"""Events that every bin is given in advance (Jeffreys)."""

PerSignal = NDArray[np.float64]
"""Shape (slices, signals)."""


@dataclass(frozen=True, slots=True, eq=False)
class Pooled:
    """What to expect of each slice."""

    shares: Counts
    """Shape (slices, bins): probability of each bin of a signal."""
    weight: PerSignal
    """How many events these probabilities are worth."""
    own: PerSignal
    """How many of them are the slice's own."""
    means: PerSignal
    """In the signal's unit; NaN where nothing is known."""


def pooled(counts: Counts, sums: PerSignal, table: SliceTable, histogram: Histogram, scores: Scores) -> Pooled:
    """Pool the counts (slices, bins) and sums of every slice of the table; slice 0 is all events."""
    own = histogram.per_signal(counts)
    with np.errstate(invalid="ignore", divide="ignore"):
        result = Pooled(np.tile(_smoothed(counts[0], histogram), (len(counts), 1)), own.copy(), own, sums / own)
    for combination in sorted(filter(None, table.combinations), key=len):
        codes = np.array(table.of(combination), dtype=np.intp)
        if len(codes):
            parents = parents_of(combination, codes, table)
            _pool(result, counts, sums, codes, parents, histogram, scores)
    return result


def parents_of(combination: Sequence[str], codes: NDArray[np.intp], table: SliceTable) -> NDArray[np.intp]:
    """The slice of the first field, for slices of several fields; else all events."""
    if len(combination) == 1:
        return np.zeros_like(codes)
    first = combination[0]
    values = (dict(table[int(code)])[first] for code in codes)
    return np.array([max(table.code_of(((first, value),)), 0) for value in values], dtype=np.intp)


def prior_weight(here: PerSignal, there: PerSignal, n: PerSignal, variance: NDArray[np.float64]) -> PerSignal:
    """How many events a parent counts as: mean scores of slices and of their parents, counts, variance of a score.

    Shape (slices, signals); the variance has shape (signals,). A slice that is unlike its parent beyond chance leans on
    it less, whatever its siblings do: most phones may be alike, and a laptop none of them.

    >>> n, half, variance = np.full((2, 1), 100.0), np.full((2, 1), 0.5), np.array([0.25])
    >>> alike = prior_weight(half, half, n, variance)
    >>> unlike = prior_weight(np.array([[0.1], [0.9]]), half, n, variance)
    >>> alike.tolist(), unlike.tolist()
    ([[1000000.0], [1000000.0]], [[1.0], [1.0]])
    """
    variance = np.maximum(variance, 1e-9)
    chance = n * (here - there) ** 2 / variance
    used = n > 0
    between = variance * (chance.sum(axis=0, where=used) - used.sum(axis=0)) / np.maximum(n.sum(axis=0), 1)
    weight = variance / np.maximum(between, 1e-12) / np.maximum(chance / USUAL, 1.0)
    return np.asarray(np.clip(weight, LEAST_PRIOR, MOST_PRIOR))


def _pool(
    result: Pooled,
    counts: Counts,
    sums: PerSignal,
    codes: NDArray[np.intp],
    parents: NDArray[np.intp],
    histogram: Histogram,
    scores: Scores,
) -> None:
    n = result.own[codes]
    here = scores.sums(counts[codes]) / np.maximum(n, 1)
    there = scores.sums(result.shares[parents])
    variances = scores.variances(result.shares[EVERYTHING])
    ways = [d for d in Direction if d is not Direction.DOWN]
    prior = np.min([prior_weight(here[d], there[d], n, variances[d]) for d in ways], axis=0)
    weight = np.minimum(prior, result.weight[parents])
    spread = histogram.signal_of_bin
    mixed = counts[codes] + weight[:, spread] * result.shares[parents]
    total = n + weight
    with np.errstate(invalid="ignore", divide="ignore"):
        result.shares[codes] = np.where(total[:, spread] > 0, mixed / total[:, spread], result.shares[parents])
        result.means[codes] = (sums[codes] + weight * result.means[parents]) / total
    result.weight[codes] = total


def _smoothed(counts: Counts, histogram: Histogram) -> Counts:
    raised = counts + SMOOTHING
    shares: Counts = raised / histogram.per_signal(raised)[..., histogram.signal_of_bin]
    return shares
