"""What a batch adds up to in each slice that it touches: counts by bin and sums, of every signal.

The one place where a batch is divided among slices; windows, references and detectors work on tallies.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.columns import Values
from monitoring.histogram import Counts, Histogram
from monitoring.slices import NONE, Codes


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """One batch, or part of one."""

    at: float
    """The latest event's time, seconds since 1970 UTC."""
    codes: NDArray[np.int32]
    """Shape (touched,): the slices that it touches, ascending."""
    counts: Counts
    """Shape (touched, bins); values of signals that have no bins yet are missing."""
    n: NDArray[np.float64]
    """Shape (touched, signals): values, those without bins too."""
    sums: NDArray[np.float64]
    """Shape (touched, signals)."""


def tally(at: float, values: Values, codes: Codes, histogram: Histogram) -> Tally:
    """Divide a batch among its slices: `values` of shape (events, signals), `codes` of shape (events, combinations)."""
    rows, columns = np.nonzero(codes != NONE)
    touched, place = np.unique(codes[rows, columns], return_inverse=True)
    member = np.zeros((len(touched), len(values)))
    member[place, rows] = 1.0
    known = ~np.isnan(values)
    numbers = histogram.bin_numbers(values)
    return Tally(
        at=at,
        codes=touched.astype(np.int32),
        counts=_counts(place, numbers[rows], len(touched), histogram.total),
        n=member @ known,
        sums=member @ np.where(known, values, 0.0),
    )


def _counts(place: NDArray[np.intp], numbers: NDArray[np.int32], slices: int, bins: int) -> Counts:
    flat = (place[:, None] * bins + numbers)[numbers >= 0]
    return np.bincount(flat, minlength=slices * bins).reshape(slices, bins).astype(np.float64)
