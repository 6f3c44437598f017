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
from monitoring.restlessness import Restlessness
from monitoring.scores import Direction, Scores, scores_of
from monitoring.season import Season
from monitoring.slices import EVERYTHING, SliceTable
from monitoring.tally import Tally

KNOWN_FROM: Final = 100.0
"""Values of its own from which a slice is known: what it was expected to give tells how restless it is."""


class Mode(StrEnum):
    """What the reference is."""

    PINNED = "pinned"
    """Learnt once, then kept."""
    ROLLING = "rolling"
    """What is old is forgotten by halves."""
    SEASONAL = "seasonal"
    """Rolling, and moved by what this hour of the week usually moves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceRule:
    """How a reference is kept."""

    mode: Mode = Mode.SEASONAL
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
    mean_score: NDArray[np.float64]
    """Shape (slices, signals), of the score `UP`."""
    variance: NDArray[np.float64]
    """Shape (directions, slices, signals): of each score."""
    dispersion: NDArray[np.float64]
    """Shape (slices, signals): how many times more a sum of values varies than one of independent values."""
    restless: NDArray[np.float64]
    """Shape (slices, signals): tilt by which a signal moves from hour to hour while nothing is wrong."""
    ready: NDArray[np.bool_]
    """Shape (signals,): enough is known to expect anything."""


@dataclass(slots=True, eq=False)
class Learnt:
    """Counts by bin and sums of the signals, of every slice."""

    counts: Counts
    sums: NDArray[np.float64]


class Reference:
    """What was learnt of every slice."""

    STATE: ClassVar[tuple[str, ...]] = ("refused", "_learnt", "_season", "_waiting", "_restless")

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
        self._season = Season(histogram)
        self._waiting: deque[tuple[int, Learnt]] = deque()
        self._restless = Restlessness(table.limit, self._signals)
        self._expected: Expected | None = None

    def add(self, pane: int, part: Tally) -> None:
        """Keep a tally until its pane is learnt from; what is late counts as of the oldest that waits."""
        if not self._waiting or pane > self._waiting[-1][0]:
            self._waiting.append((pane, self._empty()))
        waiting = next(sums for number, sums in self._waiting if number >= pane)
        waiting.counts[part.codes] += part.counts
        binned = self._histogram.per_signal(part.counts) > 0  # sums must be of the values that are counted
        waiting.sums[part.codes] += np.where(binned, part.sums, 0.0)

    def learn(self, calm: NDArray[np.bool_], *, half_life_s: NDArray[np.float64] | None = None) -> None:
        """Learn from panes that have been over for long enough; `calm` has the shape (limit of slices, signals).

        `half_life_s`, shape (limit of slices,), stands in for that of the rule.
        """
        kept = 0.5 ** (self._pane_s / (self.rule.half_life_s if half_life_s is None else half_life_s[:, None]))
        warming = ~self._is_ready()
        calm = calm | warming | self._is_strange(calm)
        for _, pane in self._waiting:  # now, since calm may be back before a pane's turn comes
            self._refuse(pane, calm)
        guard = 1 if warming.all() else 1 + self.rule.guard_panes
        while len(self._waiting) >= guard:
            number, pane = self._waiting.popleft()
            if not self._is_complete():
                self._learn(number, pane, np.where(calm, kept, 1.0))

    def expected(self, at: float) -> Expected:
        """What is normal at that time, of the slices that there are."""
        size = len(self._table)
        scores = scores_of(self._learnt.counts[EVERYTHING], self._histogram)
        normal = pooled(self._learnt.counts[:size], self._learnt.sums[:size], self._table, self._histogram, scores)
        if self.rule.mode is Mode.SEASONAL:
            self._follow_season(normal, scores, at)
        dispersion = self._restless.dispersion(self._table)
        self._expected = Expected(
            pooled=normal,
            scores=scores,
            mean_score=scores.up(normal.shares),
            variance=np.maximum(scores.variances(normal.shares), 1e-6),
            dispersion=dispersion,
            restless=self._restless.tilts(self._table, dispersion),
            ready=self._is_ready(),
        )
        return self._expected

    def forget(self, code: int) -> None:
        """The slice's number means another slice from now on, or what is normal for it has changed for good."""
        for sums in (self._learnt, *(pane for _, pane in self._waiting)):
            sums.counts[code], sums.sums[code] = 0.0, 0.0
        self._restless.forget(code)

    def _empty(self) -> Learnt:
        limit = self._table.limit
        return Learnt(np.zeros((limit, self._histogram.total)), np.zeros((limit, self._signals)))

    def _is_ready(self) -> NDArray[np.bool_]:
        ready: NDArray[np.bool_] = self._histogram.per_signal(self._learnt.counts[0]) >= self.rule.warm_up
        return ready

    def _is_strange(self, calm: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Slices that are not known themselves; what is unlike its parent is learnt, and not suspected for good.

        But not while a slice that is known, and of which it is part, is suspected: a version that breaks a device is
        new, and no normal for it.
        """
        strange: NDArray[np.bool_] = self._histogram.per_signal(self._learnt.counts) < KNOWN_FROM
        suspected = ~calm & ~strange
        for code in np.flatnonzero((strange & ~calm)[: len(self._table)].any(axis=1)).tolist():
            strange[code] &= ~suspected[self._table.wholes(code)].any(axis=0)
        return strange

    def _is_complete(self) -> bool:
        learnt = self._histogram.per_signal(self._learnt.counts[0]).max()
        return self.rule.mode is Mode.PINNED and bool(learnt >= self.rule.pinned_at)

    def _refuse(self, pane: Learnt, calm: NDArray[np.bool_]) -> None:
        for code in np.flatnonzero(~calm[: len(self._table)].all(axis=1)).tolist():
            suspected = ~calm[code]
            by_bin = suspected[self._histogram.signal_of_bin]
            self.refused += int(pane.counts[code, by_bin].sum())
            pane.counts[code, by_bin] = 0.0
            pane.sums[code, suspected] = 0.0

    def _learn(self, number: int, pane: Learnt, kept: NDArray[np.float64]) -> None:
        """Learn from a pane, and keep that part of what was known; what is not calm is kept whole."""
        at, size = number * self._pane_s, len(self._table)
        counts, sums = self._learnt.counts[:size], self._learnt.sums[:size]
        if self.rule.mode is not Mode.PINNED:
            counts *= kept[:size, self._histogram.signal_of_bin]
            sums *= kept[:size]
        counts += pane.counts[:size]
        sums += pane.sums[:size]
        self._season.add(at, pane.counts[EVERYTHING], pane.sums[EVERYTHING])
        if self._expected is not None:
            self._observe(at, pane, self._expected)

    def _observe(self, at: float, pane: Learnt, expected: Expected) -> None:
        size = len(expected.mean_score)
        counts = pane.counts[:size]
        known = expected.ready & (expected.pooled.own >= KNOWN_FROM)  # else ignorance would pass for restlessness
        n = np.where(known, self._histogram.per_signal(counts), 0.0)
        variance = expected.variance[Direction.UP]
        self._restless.observe(at, n, expected.scores.up(counts), expected.mean_score, variance)

    def _follow_season(self, normal: Pooled, scores: Scores, at: float) -> None:
        priors = self._season.priors(scores)
        moved = normal.shares * self._season.ratios(at, priors)
        normal.shares[:] = moved / self._histogram.per_signal(moved)[:, self._histogram.signal_of_bin]
        normal.means[:] += self._season.offsets(at, priors)
