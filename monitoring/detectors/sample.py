"""A window of numbers as tests see it: an array or a quantile sketch, brought to weighted values in order.

Knows no test. A sketch is whatever has the four things named in `Sketch`, as those of Apache DataSketches do.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitoring.detectors.detector import LARGEST

Floats = NDArray[np.float64]

ERROR_OF_ONE_ROW: Final = 1.63
"""Kolmogorov's limit at 99 %, over the root of the rows: what a sketch's error, stated at 99 %, is compared with."""


@runtime_checkable
class Sketch(Protocol):
    """Quantiles of a stream in little memory, such as `datasketches.kll_floats_sketch`."""

    @property
    def n(self) -> int:
        """Rows that went in."""

    def is_estimation_mode(self) -> bool:
        """Whether rows were thinned out; else the sketch is exact."""

    def normalized_rank_error(self, as_pmf: bool) -> float:
        """At 99 %, as a share."""

    def __iter__(self) -> Iterator[tuple[float, int]]:
        """Values that were kept, and how many rows each stands for."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Finite values, ascending, each standing for one row or several."""

    values: Floats
    weights: Floats
    rank_error: float = 0.0
    """Of a sketch, at 99 %, for the share of rows between two values; 0 where all rows are there."""
    missing: int = 0
    """Rows that were NaN, None or infinite."""

    @property
    def rows(self) -> int:
        """Rows with a usable value."""
        return int(self.weights.sum())

    @property
    def rows_worth(self) -> float:
        """Rows of an exact sample that would be about as uncertain; no sketch of any stream is worth more."""
        return 1 / (1 / self.rows + (self.rank_error / ERROR_OF_ONE_ROW) ** 2) if self.rows else 0.0

    def cumulative(self, at: Floats) -> Floats:
        """Share of rows that are not above each of these; shape as `at`. Undefined without rows."""
        below = np.concatenate(([0.0], np.cumsum(self.weights)))
        return np.asarray(below[np.searchsorted(self.values, at, side="right")] / below[-1])

    def quantile(self, shares: ArrayLike) -> Floats:
        """Smallest values that so large a share of the rows is not above."""
        below = np.cumsum(self.weights)
        wanted = np.asarray(shares, float) * below[-1] * (1 - 1e-12)
        return np.asarray(self.values[np.minimum(np.searchsorted(below, wanted), len(below) - 1)])

    def counts(self, edges: Floats) -> Floats:
        """Rows in each of the `len(edges) + 1` bins; an edge belongs to the bin above it."""
        places = np.searchsorted(edges, self.values, side="right")
        return np.bincount(places, self.weights, minlength=len(edges) + 1).astype(float)


def sample_of(source: ArrayLike | Sketch) -> Sample:
    """From numbers of any shape, in which None may stand for NaN, or from a sketch; beyond `LARGEST` they are cut."""
    if isinstance(source, Sketch):
        return _of_sketch(source)
    values = np.asarray(source, float).ravel()
    finite = np.clip(np.sort(values[np.isfinite(values)]), -LARGEST, LARGEST)
    return Sample(finite, np.ones(len(finite)), missing=len(values) - len(finite))


def _of_sketch(sketch: Sketch) -> Sample:
    kept = np.array(list(sketch), float).reshape(-1, 2)
    kept = kept[np.argsort(kept[:, 0])]
    finite = np.isfinite(kept[:, 0])
    error = sketch.normalized_rank_error(True) if sketch.is_estimation_mode() else 0.0
    return Sample(kept[finite, 0], kept[finite, 1], rank_error=error, missing=int(kept[~finite, 1].sum()))
