"""How all events differ by the hour of the week, and what that makes of the reference of every slice.

The same hour of weeks before tells most, the same hour of other days some, the mean of all hours the rest. Slices take
over the ratio of the hour's shares to those of all hours, so that a small slice has a rhythm too; what it has of
its own is left to its restlessness. An hour tells nothing until half a day later: what goes wrong in one slice must
not look, in the others, like the rhythm of all.
"""

from collections import deque
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from monitoring.histogram import Counts, Histogram

HOURS: Final = 168
WEIGHT: Final = 1_000.0
"""So many events of other hours count as much as those of an hour itself."""
_DELAY: Final = 12
"""Hours after which an hour is learnt from."""
_KEPT: Final = 0.5
"""Of an hour of the week, when it comes again: last week's weighs most."""


class Season:
    """All events by hour of the week; hour 0 begins with a Thursday, as the time of computers does."""

    STATE: ClassVar[tuple[str, ...]] = ("_counts", "_n", "_sums", "_waiting")

    def __init__(self, histogram: Histogram) -> None:
        self._histogram = histogram
        self._counts = np.zeros((HOURS, histogram.total))
        self._n = np.zeros((HOURS, len(histogram.starts)))
        self._sums = np.zeros((HOURS, len(histogram.starts)))
        self._waiting: deque[tuple[int, Counts, NDArray[np.float64]]] = deque()

    def add(self, at: float, counts: Counts, sums: NDArray[np.float64]) -> None:
        """All events of a pane that begins at `at`: counts of shape (bins,), sums of shape (signals,)."""
        hour = int(at // 3_600)
        if not self._waiting or hour > self._waiting[-1][0]:
            self._waiting.append((hour, np.zeros_like(counts), np.zeros_like(sums)))
        _, waiting_counts, waiting_sums = self._waiting[-1]
        waiting_counts += counts
        waiting_sums += sums
        while self._waiting[0][0] <= hour - _DELAY:
            self._learn(*self._waiting.popleft())

    def ratios(self, at: float) -> NDArray[np.float64]:
        """Shares of the bins at that time over those of all hours; shape (bins,)."""
        everything = _shares(self._counts.sum(axis=0) + 0.5, self._histogram)
        hour, part = _between(at)
        early, late = (self._shares_of(place, everything) for place in (hour, hour + 1))
        return np.asarray(((1 - part) * early + part * late) / everything)

    def offsets(self, at: float) -> NDArray[np.float64]:
        """Means of the signals at that time less those of all hours; shape (signals,)."""
        n, sums = self._n.sum(axis=0), self._sums.sum(axis=0)
        mean = sums / np.maximum(n, 1)
        hour, part = _between(at)
        early, late = (self._mean_of(place, mean) for place in (hour, hour + 1))
        return np.asarray((1 - part) * early + part * late - mean)

    def _learn(self, hour: int, counts: Counts, sums: NDArray[np.float64]) -> None:
        n = self._histogram.per_signal(counts)
        for kept, new in ((self._counts, counts), (self._n, n), (self._sums, sums)):
            kept[hour % HOURS] = _KEPT * kept[hour % HOURS] + new

    def _shares_of(self, hour: int, everything: Counts) -> Counts:
        days = self._counts[hour % 24 :: 24].sum(axis=0)
        daily = _shares(days + WEIGHT * everything, self._histogram)
        return _shares(self._counts[hour % HOURS] + WEIGHT * daily, self._histogram)

    def _mean_of(self, hour: int, mean: NDArray[np.float64]) -> NDArray[np.float64]:
        n, sums = self._n[hour % 24 :: 24].sum(axis=0), self._sums[hour % 24 :: 24].sum(axis=0)
        daily = (sums + WEIGHT * mean) / (n + WEIGHT)
        return np.asarray((self._sums[hour % HOURS] + WEIGHT * daily) / (self._n[hour % HOURS] + WEIGHT))


def _between(at: float) -> tuple[int, float]:
    """The hour whose middle lies before a time, and how far it is from there to the next one's, in [0, 1)."""
    middle = at / 3_600 - 0.5
    return int(middle // 1), float(middle % 1)


def _shares(counts: Counts, histogram: Histogram) -> Counts:
    return np.asarray(counts / histogram.per_signal(counts)[histogram.signal_of_bin])
