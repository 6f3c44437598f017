"""How far each signal moves from hour to hour while nothing is wrong, and how alike values are that come together.

Both make sums vary more than independent values would: what is alike (a user repeats a query, in one voice and on one
topic) by the same factor in minutes and in hours, what moves the more, the longer one looks. So panes and hours
tell them apart. The first is tolerated, as a tilt (see `monitoring.shift`); by the second evidence is divided, as in
quasi-likelihood (Wedderburn, 1974). Slices that tell little lean on those of the same fields, and on a guess at first.
"""

from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from monitoring.slices import SliceTable

GUESS: Final = 0.1
"""Tilt, while nothing is known."""
GUESS_HOURS: Final = 24.0
"""So many hours the guess counts for."""
ALIKE: Final = 1.2
"""Dispersion, while nothing is known."""
MOST_ALIKE: Final = 4.0
LEAN_PANES: Final = 200.0
"""So many panes of other slices count as much as a slice's own, where it is asked how alike its values are."""
PRECISION: Final = 0.02
"""Squared tilt; a slice whose own estimate is less precise leans on the others."""
FEW: Final = 10.0
"""Values in an hour that tell nothing."""

PerSignal = NDArray[np.float64]
"""Shape (slices, signals)."""


class Restlessness:
    """What is known of it, for every slice and signal."""

    STATE: ClassVar[tuple[str, ...]] = ("_hour", "_seen", "_panes", "_hours")

    def __init__(self, slices: int, signals: int) -> None:
        self._hour = -1
        self._seen = np.zeros((4, slices, signals))
        """Of the present hour: values, their scores, what was expected of the scores, and of their variance."""
        self._panes = np.zeros((3, slices, signals))
        """Their number, their squared standardized differences, and what a squared tilt adds to these."""
        self._hours = np.zeros((3, slices, signals))
        """The same of hours."""

    def observe(self, at: float, n: PerSignal, scores: PerSignal, mean: PerSignal, variance: PerSignal) -> None:
        """A calm pane that begins at `at`: values, summed scores; mean and variance that were expected of one score.

        All of shape (slices, signals), for the first slices of the table; no values where the pane was not calm.
        """
        hour = int(at // 3_600)
        if hour > self._hour:
            self._turn()
            self._hour = hour
        pane = np.array([n, np.where(n > 0, scores, 0.0), n * mean, n * variance])
        self._panes[:, : len(n)] += _compared(pane, least=1.0)
        self._seen[:, : len(n)] += pane

    def dispersion(self, table: SliceTable) -> PerSignal:
        """Variance of the sum of values that come together, over that of independent ones; of every slice."""
        panes, squares, gains = self._panes[:, : len(table)]
        found: PerSignal = np.empty_like(panes)
        for combination in table.combinations:
            codes = np.array(table.of(combination), dtype=np.intp)
            with np.errstate(divide="ignore", invalid="ignore"):
                own = np.nan_to_num(squares[codes] / panes[codes])
                weight = np.nan_to_num(gains[codes] / panes[codes])  # what is alike shows where there is much of it
            guess = GUESS_HOURS / (GUESS_HOURS + panes[codes].max(axis=0, initial=0.0))
            alike = guess * ALIKE + (1 - guess) * (weight * own).sum(axis=0) / np.maximum(weight.sum(axis=0), 1e-12)
            found[codes] = (squares[codes] + LEAN_PANES * alike) / (panes[codes] + LEAN_PANES)
        return np.clip(found, 1.0, MOST_ALIKE)

    def tilts(self, table: SliceTable, dispersion: PerSignal) -> PerSignal:
        """Standard deviation of the tilt from hour to hour, of every slice of the table, given its dispersion."""
        hours, squares, gains = self._hours[:, : len(table)]
        excess = squares - hours * dispersion
        found: PerSignal = np.empty_like(hours)
        for combination in table.combinations:
            codes = np.array(table.of(combination), dtype=np.intp)
            alike = self._together(hours[codes], excess[codes], gains[codes])
            lean = np.sqrt(2 * np.maximum(hours[codes], 1.0)) / PRECISION
            found[codes] = np.sqrt(np.maximum((excess[codes] + lean * alike) / (gains[codes] + lean), 0.0))
        return found

    def forget(self, code: int) -> None:
        """The slice's number means another slice from now on."""
        for kept in (self._seen, self._panes, self._hours):
            kept[:, code] = 0.0

    def _turn(self) -> None:
        self._hours += _compared(self._seen, least=FEW)
        self._seen[:] = 0.0

    @staticmethod
    def _together(hours: PerSignal, excess: PerSignal, gains: PerSignal) -> NDArray[np.float64]:
        """Squared tilt of all slices of the same fields, shape (signals,)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            seen = np.maximum(excess.sum(axis=0) / gains.sum(axis=0), 0.0)
        longest = hours.max(axis=0, initial=0.0)
        guess = GUESS_HOURS * GUESS**2
        return np.asarray((guess + longest * np.nan_to_num(seen)) / (GUESS_HOURS + longest))


def _compared(sums: NDArray[np.float64], *, least: float) -> NDArray[np.float64]:
    """One stretch of time against what was expected of it, as `_panes` adds it up; from `_seen`, or one pane of it."""
    n, scores, expected, variance = sums
    enough = (n >= least) & (variance > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        squares = np.where(enough, (scores - expected) ** 2 / variance, 0.0)
    return np.array([enough, squares, np.where(enough, variance, 0.0)])
