"""What is normal, learnt from calm times only: counts by bin of every slice.

A pane of time is learnt from when it has been over for a while and nobody suspects it, so a fault does not become
normal. Knows no detector: who asks it to learn says what is calm.
"""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from monitoring.histogram import Counts, Histogram
from monitoring.pooling import Pooled, pooled
from monitoring.scores import Scores, scores_of
from monitoring.slices import SliceTable
from monitoring.tally import Tally

EVERYTHING: Final = 0
"""Number of the slice of all events."""
_HOURS_OF_WEEK: Final = 168
_SEASON_WEIGHT: Final = 500.0
"""So many events of any hour count as much as all that is known of this hour of the week."""
_FEW: Final = 12
"""Panes, or events in a pane, that tell nothing of how restless a signal is."""


class Mode(StrEnum):
    """What the reference is."""

    PINNED = "pinned"
    """Learnt once, then kept."""
    ROLLING = "rolling"
    """What is old is forgotten by halves."""
    SEASONAL = "seasonal"
    """Rolling, and this hour of the week weighs more than others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceRule:
    """How a reference is kept."""

    mode: Mode = Mode.ROLLING
    half_life_s: float = 7 * 86_400.0
    """After which time what was learnt counts half."""
    warm_up: int = 2_000
    """Values of a signal before anything is expected of it."""
    pinned_at: int = 100_000
    """Events after which a pinned reference is complete."""
    guard_panes: int = 2
    """Panes that must have begun after a pane before it is learnt from."""


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """What is normal now."""

    pooled: Pooled
    scores: Scores
    restless: NDArray[np.float64]
    """Shape (signals,): standard deviation of the mean score from pane to pane, beyond chance."""
    ready: NDArray[np.bool_]
    """Shape (signals,): enough is known to expect anything."""


@dataclass(slots=True, eq=False)
class Learnt:
    """Counts by bin and sums of the signals, of every slice."""

    counts: Counts
    sums: NDArray[np.float64]


@dataclass(slots=True, eq=False)
class Restlessness:
    """How far the mean score of all events moves from pane to pane."""

    STATE: ClassVar[tuple[str, ...]] = ("moments",)
    moments: NDArray[np.float64]
    """Shape (4, signals): panes, and sums of the means, of their squares, of their sampling variance."""

    def observe(self, counts: Counts, scores: Scores, n: NDArray[np.float64]) -> None:
        """One pane of all events: counts of shape (bins,), values of shape (signals,)."""
        many = n >= _FEW
        mean = np.where(many, scores.up(counts) / np.maximum(n, 1), 0.0)
        self.moments += np.array([many, mean, mean**2, np.where(many, scores.variance / np.maximum(n, 1), 0.0)])

    def deviation(self) -> NDArray[np.float64]:
        """Standard deviation beyond chance, shape (signals,); 0 while too few panes are known."""
        panes, means, squares, noise = self.moments
        with np.errstate(invalid="ignore", divide="ignore"):
            excess = squares / panes - (means / panes) ** 2 - noise / panes
        return np.where(panes >= _FEW, np.sqrt(np.maximum(excess, 0.0)), 0.0)


class Reference:
    """What was learnt of every slice."""

    STATE: ClassVar[tuple[str, ...]] = ("refused", "_learnt", "_seasons", "_waiting", "_restless")

    def __init__(
        self, table: SliceTable, histogram: Histogram, *, pane_s: float, rule: ReferenceRule = ReferenceRule()
    ) -> None:
        self.rule: Final = rule
        self.refused = 0
        """Values that were not learnt from, because something was wrong in their slice at that time."""
        self._pane_s = pane_s
        self._table = table
        self._histogram = histogram
        self._signals = len(histogram.starts)
        self._learnt = self._empty()
        self._seasons: dict[int, Counts] = {}
        self._waiting: deque[tuple[int, Learnt]] = deque()
        self._scores: Scores | None = None
        self._restless = Restlessness(np.zeros((4, self._signals)))

    def add(self, pane: int, part: Tally) -> None:
        """Keep a tally until its pane is learnt from; what is late counts as of the oldest that waits."""
        if not self._waiting or pane > self._waiting[-1][0]:
            self._waiting.append((pane, self._empty()))
        waiting = next(sums for number, sums in self._waiting if number >= pane)
        waiting.counts[part.codes] += part.counts
        binned = self._histogram.per_signal(part.counts) > 0  # sums must be of the values that are counted
        waiting.sums[part.codes] += np.where(binned, part.sums, 0.0)

    def learn(self, calm: NDArray[np.bool_]) -> None:
        """Learn from panes that have been over for long enough; `calm` has the shape (limit of slices, signals)."""
        warming = ~self._is_ready()
        guard = 1 if warming.all() else 1 + self.rule.guard_panes
        while len(self._waiting) >= guard:
            number, pane = self._waiting.popleft()
            if not self._is_complete():
                self._learn(number, pane, calm | warming)

    def expected(self, at: float) -> Expected:
        """What is normal at that time, of the slices that there are."""
        size = len(self._table)
        self._scores = scores_of(self._learnt.counts[0], self._histogram)
        counts, sums = self._learnt.counts[:size], self._learnt.sums[:size]
        normal = pooled(counts, sums, self._table, self._histogram, self._scores)
        season = self._seasons.get(_hour_of_week(at))
        if season is not None:
            self._lean(normal, season[:size])
        return Expected(normal, self._scores, self._restless.deviation(), self._is_ready())

    def forget(self, code: int) -> None:
        """The slice's number means another slice from now on, or what is normal for it has changed for good."""
        for sums in (self._learnt, *(pane for _, pane in self._waiting)):
            sums.counts[code], sums.sums[code] = 0.0, 0.0
        for season in self._seasons.values():
            season[code] = 0.0

    def _empty(self) -> Learnt:
        limit = self._table.limit
        return Learnt(np.zeros((limit, self._histogram.total)), np.zeros((limit, self._signals)))

    def _is_ready(self) -> NDArray[np.bool_]:
        ready: NDArray[np.bool_] = self._histogram.per_signal(self._learnt.counts[0]) >= self.rule.warm_up
        return ready

    def _is_complete(self) -> bool:
        learnt = self._histogram.per_signal(self._learnt.counts[0]).max()
        return self.rule.mode is Mode.PINNED and bool(learnt >= self.rule.pinned_at)

    def _learn(self, number: int, pane: Learnt, calm: NDArray[np.bool_]) -> None:
        if self._scores is not None:
            everything = pane.counts[0]
            n = self._histogram.per_signal(everything)
            self._restless.observe(everything, self._scores, np.where(calm[EVERYTHING], n, 0.0))
        by_bin = calm[:, self._histogram.signal_of_bin]
        self.refused += int(pane.counts[~by_bin].sum())
        pane.counts[~by_bin] = 0.0
        pane.sums[~calm] = 0.0
        if self.rule.mode is not Mode.PINNED:
            keep = 0.5 ** (self._pane_s / self.rule.half_life_s)
            self._learnt.counts *= keep
            self._learnt.sums *= keep
        self._learnt.counts += pane.counts
        self._learnt.sums += pane.sums
        if self.rule.mode is Mode.SEASONAL:
            season = self._seasons.setdefault(_hour_of_week(number * self._pane_s), np.zeros_like(pane.counts))
            season *= 0.5 ** (self._pane_s / 3_600)  # an hour of this: the week before counts half
            season += pane.counts

    def _lean(self, normal: Pooled, season: Counts) -> None:
        n = self._histogram.per_signal(season)
        total = (n + _SEASON_WEIGHT)[:, self._histogram.signal_of_bin]
        normal.shares[:] = (season + _SEASON_WEIGHT * normal.shares) / total
        np.minimum(normal.weight, n + _SEASON_WEIGHT, out=normal.weight)


def _hour_of_week(at: float) -> int:
    return int(at // 3_600) % _HOURS_OF_WEEK
