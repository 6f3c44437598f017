"""Sums over short panes of time, for each slice and signal: windows of any length are sums of panes.

Fixed windows are the panes themselves, sliding ones the last so many. Memory depends on the slices that have
traffic and on the length of the history, not on the traffic. Knows no detector.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from monitoring.tally import Tally


@dataclass(frozen=True, slots=True, eq=False)
class Totals:
    """Values and their sums over some time."""

    n: NDArray[np.float64]
    """Shape (slices, signals)."""
    sums: NDArray[np.float64]
    """Shape (slices, signals)."""

    @property
    def means(self) -> NDArray[np.float64]:
        """Shape (slices, signals); NaN where there was nothing."""
        with np.errstate(invalid="ignore"):
            return np.where(self.n > 0, self.sums / self.n, np.nan)


class Panes:
    """The last `count` panes of `pane_s` seconds each, aligned with the clock."""

    STATE: ClassVar[tuple[str, ...]] = ("newest", "late", "_used", "_n", "_sums")

    def __init__(self, slices: int, signals: int, *, pane_s: float = 300.0, count: int = 288) -> None:
        self.pane_s: Final = pane_s
        self.count: Final = count
        self.newest = -1
        """Number of the newest pane: its start over `pane_s`."""
        self.late = 0
        """Tallies that came after their pane was gone."""
        self._used = np.zeros(count, np.bool_)
        self._n = np.zeros((count, slices, signals), np.float32)  # pages that nobody writes to take no memory
        self._sums = np.zeros((count, slices, signals), np.float64)

    def number_of(self, at: float) -> int:
        """Of the pane that holds that time."""
        return int(at // self.pane_s)

    def add(self, number: int, part: Tally) -> None:
        """Add a tally whose events all lie in one pane."""
        self._advance(number)
        if number <= self.newest - self.count:
            self.late += 1
            return
        slot = number % self.count
        self._used[slot] = True
        self._n[slot, part.codes] += part.n
        self._sums[slot, part.codes] += part.sums

    def between(self, since: float, until: float, slices: int) -> Totals:
        """Totals of the panes that begin in [since, until), for the first `slices` slices."""
        first = max(-int(-since // self.pane_s), self.newest - self.count + 1, 0)
        last = min(-int(-until // self.pane_s), self.newest + 1)
        start = first % self.count
        end = start + max(last - first, 0)
        stretches = slice(start, min(end, self.count)), slice(0, max(end - self.count, 0))  # of the ring, not copied
        n, sums = (
            np.add(*(kept[one, :slices].sum(axis=0, dtype=np.float64) for one in stretches))
            for kept in (self._n, self._sums)
        )
        return Totals(n, sums)

    def history(self, code: int, signal: int, since: float, until: float) -> tuple[NDArray[np.float64], Totals]:
        """Pane by pane, of one slice and signal: when each begins, and its totals of shape (panes,)."""
        first = max(self.number_of(since), self.newest - self.count + 1, 0)
        numbers = np.arange(first, min(self.number_of(until), self.newest) + 1)
        slots = numbers % self.count
        return np.asarray(numbers * self.pane_s, np.float64), Totals(
            self._n[slots, code, signal].astype(float), self._sums[slots, code, signal]
        )

    def forget(self, code: int) -> None:
        """The slice's number now means another slice."""
        self._n[:, code] = 0.0
        self._sums[:, code] = 0.0

    def _advance(self, number: int) -> None:
        if number <= self.newest:
            return
        passed = np.arange(max(self.newest + 1, number - self.count + 1), number + 1) % self.count
        stale = passed[self._used[passed]]
        self._n[stale] = 0.0
        self._sums[stale] = 0.0
        self._used[stale] = False
        self.newest = number
