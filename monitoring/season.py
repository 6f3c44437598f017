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
from monitoring.pooling import PerSignal, prior_weight
from monitoring.scores import Scores

HOURS: Final = 168
ALIKE: Final = 1.5
"""Dispersion that is allowed for, where the hours are compared."""
_DELAY: Final = 12
"""Hours after which an hour is learnt from."""
_KEPT: Final = 0.5
"""Of an hour of the week, when it comes again: last week's weighs most."""

Priors = tuple[PerSignal, PerSignal]
"""Weights of shape (24, signals) and (168, signals); see `Season.priors`."""


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

    def ratios(self, at: float, priors: Priors) -> NDArray[np.float64]:
        """Shares of the bins at that time over those of all hours; shape (bins,)."""
        daily, weekly = priors
        everything = _shares(self._counts.sum(axis=0) + 0.5, self._histogram)
        hour, part = _between(at)
        early, late = (self._shares_of(place % HOURS, everything, daily, weekly) for place in (hour, hour + 1))
        return np.asarray(((1 - part) * early + part * late) / everything)

    def offsets(self, at: float, priors: Priors) -> NDArray[np.float64]:
        """Means of the signals at that time less those of all hours; shape (signals,)."""
        daily, weekly = priors
        mean = self._sums.sum(axis=0) / np.maximum(self._n.sum(axis=0), 1)
        hour, part = _between(at)
        early, late = (self._mean_of(place % HOURS, mean, daily, weekly) for place in (hour, hour + 1))
        return np.asarray((1 - part) * early + part * late - mean)

    def priors(self, scores: Scores) -> Priors:
        """How many events all hours count as for an hour of the day, and that for an hour of the week.

        Shapes (24, signals) and (168, signals): many where hours are alike, so that chance makes no rhythm.
        """
        n_daily, up_daily = (_daily(one).sum(axis=0) for one in (self._n, scores.up(self._counts)))
        n, up = self._n, scores.up(self._counts)
        overall = up.sum(axis=0) / np.maximum(n.sum(axis=0), 1)
        by_day = up_daily / np.maximum(n_daily, 1)
        daily = prior_weight(by_day, overall, n_daily / ALIKE, scores.variance)
        weekly = prior_weight(up / np.maximum(n, 1), np.tile(by_day, (HOURS // 24, 1)), n / ALIKE, scores.variance)
        return daily, weekly

    def _learn(self, hour: int, counts: Counts, sums: NDArray[np.float64]) -> None:
        n = self._histogram.per_signal(counts)
        for kept, new in ((self._counts, counts), (self._n, n), (self._sums, sums)):
            kept[hour % HOURS] = _KEPT * kept[hour % HOURS] + new

    def _shares_of(self, hour: int, everything: Counts, daily: PerSignal, weekly: PerSignal) -> Counts:
        spread = self._histogram.signal_of_bin
        days = _daily(self._counts)[:, hour % 24].sum(axis=0) + daily[hour % 24, spread] * everything
        return _shares(self._counts[hour] + weekly[hour, spread] * _shares(days, self._histogram), self._histogram)

    def _mean_of(
        self, hour: int, mean: NDArray[np.float64], daily: PerSignal, weekly: PerSignal
    ) -> NDArray[np.float64]:
        n, sums = (_daily(one)[:, hour % 24].sum(axis=0) for one in (self._n, self._sums))
        of_day = (sums + daily[hour % 24] * mean) / (n + daily[hour % 24])
        return np.asarray((self._sums[hour] + weekly[hour] * of_day) / (self._n[hour] + weekly[hour]))


def _daily(weekly: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shape (168, ...) as (7, 24, ...)."""
    return weekly.reshape(HOURS // 24, 24, -1)


def _between(at: float) -> tuple[int, float]:
    """The hour whose middle lies before a time, and how far it is from there to the next one's, in [0, 1)."""
    middle = at / 3_600 - 0.5
    return int(middle // 1), float(middle % 1)


def _shares(counts: Counts, histogram: Histogram) -> Counts:
    return np.asarray(counts / histogram.per_signal(counts)[histogram.signal_of_bin])
