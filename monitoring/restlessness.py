"""How far each signal moves from hour to hour while nothing is wrong, and how alike values are that come together.

Both make an hour's sum vary more than independent values would: what moves, the more, the more values there are; what
is alike (a user repeats a query, in one voice and on one topic), by a factor. So slices of different sizes tell them
apart. The first is tolerated, as a tilt (see `monitoring.shift`); by the second evidence is divided, as in
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
PRECISION: Final = 0.02
"""Squared tilt; a slice whose own estimate is less precise leans on the others."""
FEW: Final = 10.0
"""Values in an hour that tell nothing."""

PerSignal = NDArray[np.float64]
"""Shape (slices, signals)."""


class Restlessness:
    """What is known of it, for every slice and signal."""

    STATE: ClassVar[tuple[str, ...]] = ("_hour", "_seen", "_known")

    def __init__(self, slices: int, signals: int) -> None:
        self._hour = -1
        self._seen = np.zeros((4, slices, signals))
        """Of the present hour: values, their scores, what was expected of the scores, and of their variance."""
        self._known = np.zeros((3, slices, signals))
        """Over the hours: their number, their squared standardized differences, and what a squared tilt adds."""

    def observe(self, at: float, n: PerSignal, scores: PerSignal, mean: PerSignal, variance: PerSignal) -> None:
        """A calm pane that begins at `at`: values, summed scores; mean and variance that were expected of one score.

        All of shape (slices, signals), for the first slices of the table; no values where the pane was not calm.
        """
        hour = int(at // 3_600)
        if hour > self._hour:
            self._turn()
            self._hour = hour
        self._seen[:, : len(n)] += np.array([n, np.where(n > 0, scores, 0.0), n * mean, n * variance])

    def dispersion(self, table: SliceTable) -> NDArray[np.float64]:
        """Variance of the sum of an hour over that of independent values, as far as it is not moved; shape (signals,).

        From a line through the squared standardized differences of all slices, by what a squared tilt adds to them.
        """
        hours, squares, gains = self._known[:, : len(table)]
        with np.errstate(divide="ignore", invalid="ignore"):
            y, x = np.nan_to_num(squares / hours), np.nan_to_num(gains / hours)
        weight = hours / (1 + GUESS**2 * x) ** 2  # large slices vary more
        level, slope = weight.sum(axis=0) + GUESS_HOURS, (weight * x).sum(axis=0)
        bend = (weight * x**2).sum(axis=0)
        first = (weight * y).sum(axis=0) + GUESS_HOURS * ALIKE
        second = (weight * x * y).sum(axis=0)
        found = (first * bend - second * slope) / np.maximum(level * bend - slope**2, 1e-12)
        unmoved = first / level  # where a tilt would have to be less than none
        found = np.where(second < found * slope, unmoved, found)
        return np.asarray(np.clip(np.where(bend > 0, found, unmoved), 1.0, MOST_ALIKE))

    def tilts(self, table: SliceTable) -> PerSignal:
        """Standard deviation of the tilt from hour to hour, of every slice of the table."""
        hours, squares, gains = self._known[:, : len(table)]
        excess = squares - hours * self.dispersion(table)
        found: PerSignal = np.empty_like(hours)
        for combination in table.combinations:
            codes = np.array(table.of(combination), dtype=np.intp)
            alike = self._together(hours[codes], excess[codes], gains[codes])
            lean = np.sqrt(2 * np.maximum(hours[codes], 1.0)) / PRECISION
            found[codes] = np.sqrt(np.maximum((excess[codes] + lean * alike) / (gains[codes] + lean), 0.0))
        return found

    def forget(self, code: int) -> None:
        """The slice's number means another slice from now on."""
        self._seen[:, code], self._known[:, code] = 0.0, 0.0

    def _turn(self) -> None:
        n, scores, expected, variance = self._seen
        enough = (n >= FEW) & (variance > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            squares = np.where(enough, (scores - expected) ** 2 / variance, 0.0)
        self._known += np.array([enough, squares, np.where(enough, variance, 0.0)])
        self._seen[:] = 0.0

    @staticmethod
    def _together(hours: PerSignal, excess: PerSignal, gains: PerSignal) -> NDArray[np.float64]:
        """Squared tilt of all slices of the same fields, shape (signals,)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            seen = np.maximum(excess.sum(axis=0) / gains.sum(axis=0), 0.0)
        longest = hours.max(axis=0, initial=0.0)
        guess = GUESS_HOURS * GUESS**2
        return np.asarray((guess + longest * np.nan_to_num(seen)) / (GUESS_HOURS + longest))
