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
    numbers = histogram.bin_numbers(values)
    rows, signals = np.nonzero(~np.isnan(values))
    touched, places = np.unique(codes.T, return_inverse=True)
    places = places.reshape(codes.T.shape)[:, rows]  # of every value, in every combination
    binned = numbers[rows, signals] != UNKNOWN
    bins, size = histogram.total, len(histogram.starts)
    by_bin = places[:, binned] * bins + numbers[rows, signals][binned]
    by_signal = places * size + signals
    weights = np.broadcast_to(values[rows, signals], places.shape)
    real = touched != NONE
    return Tally(
        at=at,
        codes=touched[real],
        counts=_summed(by_bin, len(touched), bins)[real],
        n=_summed(by_signal, len(touched), size)[real],
        sums=_summed(by_signal, len(touched), size, weights)[real],
    )


def _summed(
    places: NDArray[np.intp], rows: int, columns: int, weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    flat = None if weights is None else weights.ravel()
    return np.bincount(places.ravel(), flat, minlength=rows * columns).reshape(rows, columns).astype(np.float64)
