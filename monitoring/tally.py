"""What a batch adds up to in each slice that it touches: counts by bin and sums, of every signal.

The one place where a batch is divided among slices; windows, references and detectors work on tallies.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.columns import Values
from monitoring.histogram import UNKNOWN, Counts, Histogram
from monitoring.slices import NONE, Codes


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """One batch, or part of one."""

    at: float
    """The latest event's time, seconds since 1970 UTC."""
    codes: NDArray[np.int32]
    """Shape (touched,): the slices that it touches, ascending."""
    counts: Counts
    """Shape (touched, bins); values of signals whose bins are still being learnt are missing."""
    n: NDArray[np.float64]
    """Shape (touched, signals): values."""
    sums: NDArray[np.float64]
    """Shape (touched, signals)."""


def tally(at: float, values: Values, codes: Codes, histogram: Histogram) -> Tally:
    """Divide a batch among its slices: `values` of shape (events, signals), `codes` of shape (events, combinations)."""
    known = ~np.isnan(values)
    rows, signals = np.nonzero(known)
    bins, size = histogram.total, len(histogram.starts)
    numbers = histogram.bin_numbers(values)[known]
    columns = np.where(numbers == UNKNOWN, bins + signals, numbers)  # behind all bins each signal has one more
    by_combination = []
    for column in codes.T:  # one after the other: no slice is in two, and what is small stays in the processor's cache
        touched, places = np.unique(column, return_inverse=True)
        counts = _summed(places[rows], columns, (len(touched), bins + size))
        sums = _summed(places[rows], signals, (len(touched), size), values[known])
        by_combination.append((touched, counts, sums))
    touched, counts, sums = map(np.concatenate, zip(*by_combination, strict=True))
    order = np.argsort(touched)[np.count_nonzero(touched == NONE) :]
    counts = counts[order]
    return Tally(
        at=at,
        codes=touched[order],
        counts=counts[:, :bins],
        n=histogram.per_signal(counts[:, :bins]) + counts[:, bins:],
        sums=sums[order],
    )


def _summed(
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    shape: tuple[int, int],
    weights: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """How often each place of a table is named, or with what weight."""
    height, width = shape
    summed = np.bincount(rows * width + columns, weights, minlength=height * width)
    return np.asarray(summed.reshape(shape), dtype=np.float64)
