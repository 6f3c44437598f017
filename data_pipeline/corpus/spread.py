"""How a value is spread over rows that stream by: counts in narrow bins, so that memory does not grow with them.

Values are rounded to whole multiples of the width: quantiles are right to half of it, and never further out than the
values are.
"""

import math
from collections import Counter
from dataclasses import dataclass
from typing import Final

import numpy as np

from data_pipeline.pages.charts import Histogram, HistogramBin

FURTHEST: Final = 100_000
"""Bins on either side of zero; what lies beyond counts as there."""
SHOWN_BINS: Final = 30
TAIL: Final = 0.005
"""Share of the values at either end that may stand together in one bin of a chart."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How a value is spread; None is undefined."""

    unit: str
    count: int
    undefined: int
    """Rows that have no such value."""
    mean: float | None
    lowest: float | None
    p5: float | None
    p50: float | None
    p95: float | None
    highest: float | None
    bin_width: float
    bins: dict[int, int]
    """Counts of the bins that are not empty, in order; bin i holds what is nearest to i times the width."""

    def quantile(self, share: float) -> float | None:
        """The middle of the bin in which it lies, or the outermost value where that lies beyond it."""
        return _quantile(self.bins, self.bin_width, share, self.lowest, self.highest)

    def histogram(self) -> Histogram:
        """For a chart: a few wider bins, the outermost of which hold what is far out, too."""
        if self.lowest is None or self.highest is None:
            return Histogram((), self.unit, self.undefined)
        at = np.array(list(self.bins))
        counts = np.array(list(self.bins.values()))
        ends = np.searchsorted(np.cumsum(counts) / self.count, (TAIL, 1 - TAIL - 1e-9))
        first, last = map(int, at[ends])
        wide = -(-(last - first + 1) // SHOWN_BINS)
        number = -(-(last - first + 1) // wide)
        merged = np.zeros(number, np.int64)
        np.add.at(merged, np.clip((at - first) // wide, 0, number - 1), counts)
        edges = [(first + step * wide - 0.5) * self.bin_width for step in range(number + 1)]
        edges[0], edges[-1] = max(edges[0], self.lowest), min(edges[-1], self.highest)
        bins = (HistogramBin(edges[i], edges[i + 1], int(count)) for i, count in enumerate(merged))
        return Histogram(tuple(bins), self.unit, self.undefined)


class SpreadCounter:
    """Counts values as they come."""

    def __init__(self, *, bin_width: float, unit: str) -> None:
        self._width, self._unit = bin_width, unit
        self._bins: Counter[int] = Counter()
        self._undefined, self._sum = 0, 0.0
        self._lowest, self._highest = math.inf, -math.inf

    def add(self, value: float | None) -> None:
        """Take in one value; None and what is not finite counts as undefined."""
        if value is None or not math.isfinite(value):
            self._undefined += 1
            return
        at = math.floor(value / self._width + 0.5)
        self._bins[max(-FURTHEST, min(FURTHEST, at))] += 1
        self._sum += value
        self._lowest, self._highest = min(self._lowest, value), max(self._highest, value)

    def spread(self) -> Spread:
        """What has been counted so far."""
        bins, count = dict(sorted(self._bins.items())), self._bins.total()
        mean, lowest, highest = (self._sum / count, self._lowest, self._highest) if count else (None, None, None)
        p5, p50, p95 = (_quantile(bins, self._width, share, lowest, highest) for share in (0.05, 0.5, 0.95))
        return Spread(self._unit, count, self._undefined, mean, lowest, p5, p50, p95, highest, self._width, bins)


def _quantile(
    bins: dict[int, int], width: float, share: float, lowest: float | None, highest: float | None
) -> float | None:
    left = share * sum(bins.values())
    for at, count in bins.items():
        left -= count
        if left <= 0 and lowest is not None and highest is not None:
            return max(lowest, min(highest, at * width))
    return None
