"""How fast the data of each slice of one field changes, measured, and how soon its reference should forget.

A slice that walks has the window whose mean is nearest to where it is; one that jumps, a window no longer than the time
between jumps, since what was before the last one tells nothing. Measured is the mean score of a few signals
(see `monitoring.scores`), which has no unit, less its daily rhythm. Slices with too little data lean on the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from monitoring.detectors.pace import FEWEST_PANES, Wandering, wandering
from monitoring.reference import Expected
from monitoring.scores import Direction
from monitoring.slices import SliceTable
from monitoring.tally import Tally

PANE_S: Final = 10_800.0
PANES: Final = 112
"""Two weeks."""
PANES_OF_DAY: Final = 8
FEWEST_VALUES: Final = 20.0
"""In a pane; fewer say nothing of a level."""
MOST: Final = 48
"""So many slices are measured themselves, those with most events; each takes some hundredths of a second a day."""
SHORTEST_S: Final = 6 * 3_600.0
LONGEST_S: Final = 28 * 86_400.0
HALF_LIFE: Final = log(2) / 2
"""Of the weights that fall off with time and are worth as many events as a window of length 1."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changing:
    """How fast the data of a slice changes."""

    half_life_s: float
    """After which what was learnt of it counts half."""
    drifts: bool = False
    """Whether it walks at all, as far as can be told."""
    jumps: tuple[float, ...] = ()
    """When it jumped in the last two weeks, seconds since 1970 UTC."""
    is_own: bool = False
    """Measured, not what others have."""


class Paces:
    """Three-hourly mean scores of two weeks, and what was concluded from them once a day."""

    STATE: ClassVar[tuple[str, ...]] = ("half_life_s", "_pane", "_n", "_sums", "_measured")

    def __init__(self, table: SliceTable, signals: Sequence[int], *, field: str | None, half_life_s: float) -> None:
        self._table = table
        self._signals = np.array(signals, dtype=np.intp)
        self._usual_s = half_life_s
        self._is_on = (field,) in table.combinations and len(signals) > 0
        self._combination = (field or "",)
        slices = table.limit if self._is_on else 0
        self.half_life_s = np.full(table.limit, half_life_s)
        """Of each slice's reference, shape (limit of slices,)."""
        self._pane = -1
        self._n = np.zeros((PANES, slices, len(signals)))
        self._sums = np.zeros((PANES, slices, len(signals)))
        self._measured: dict[int, Changing] = {}

    def of(self, code: int) -> Changing:
        """What is known of a slice."""
        return self._measured.get(code) or Changing(half_life_s=float(self.half_life_s[code]))

    def remarks(self, code: int) -> tuple[str, ...]:
        """What its pace says of a slice in which something was found."""
        one = self.of(code)
        if one.jumps:
            times = "once" if len(one.jumps) == 1 else f"{len(one.jumps)} times"
            return (f"Its inputs have jumped {times} in two weeks; they do not creep.",)
        return ("Its inputs drift all the time, so what is normal for it is learnt anew often.",) if one.drifts else ()

    def update(self, part: Tally, expected: Expected | None) -> None:
        """Take a batch; each slice is measured anew once a day, some of them in every pane."""
        if not self._is_on or expected is None:
            return
        pane = int(part.at // PANE_S)
        if pane > self._pane:
            self._measure(expected)
            stale = np.arange(max(self._pane, pane - PANES) + 1, pane + 1) % PANES
            self._n[stale], self._sums[stale] = 0.0, 0.0
            self._pane = pane
        values = np.add.reduceat(part.counts, expected.scores.starts, axis=-1)
        self._n[pane % PANES, part.codes] += values[:, self._signals]
        self._sums[pane % PANES, part.codes] += expected.scores.up(part.counts)[:, self._signals]

    def forget(self, code: int) -> None:
        """The slice's number means another slice from now on."""
        self.half_life_s[code] = self._usual_s
        self._measured.pop(code, None)
        if self._is_on:
            self._n[:, code], self._sums[:, code] = 0.0, 0.0

    def _measure(self, expected: Expected) -> None:
        codes = [code for code in self._table.of(self._combination) if code < len(expected.pooled.weight)]
        busiest = sorted(codes, key=lambda code: -self._n[:, code].sum())[:MOST]
        for code in busiest:
            if code % PANES_OF_DAY == self._pane % PANES_OF_DAY and (found := self._changing(code, expected)):
                self._measured[code] = found
        own = [one.half_life_s for one in self._measured.values()]
        self.half_life_s[codes] = np.median(own) if own else self._usual_s
        for code, one in self._measured.items():
            self.half_life_s[code] = one.half_life_s

    def _changing(self, code: int, expected: Expected) -> Changing | None:
        """None where nothing can be told yet."""
        found = []
        for place, signal in enumerate(self._signals.tolist()):
            panes, n, means = self._history(code, place)
            if len(panes) >= FEWEST_PANES:
                variance = float(expected.variance[Direction.UP, code, signal])
                found.append((wandering(panes, less_rhythm(panes, means), n, variance=variance), len(panes)))
        if not found:
            return None
        jumps = sorted({hour * PANE_S for one, _ in found for hour in one.jumps})
        return Changing(
            half_life_s=min(half_life_of(one, panes) for one, panes in found),
            drifts=any(one.is_measurable for one, _ in found),
            jumps=tuple(jumps),
            is_own=True,
        )

    def _history(self, code: int, place: int) -> tuple[Floats, Floats, Floats]:
        """Numbers of the panes with values enough, their values and means."""
        panes = np.arange(max(self._pane - PANES, -1) + 1, self._pane + 1)
        n, sums = self._n[panes % PANES, code, place], self._sums[panes % PANES, code, place]
        enough = n >= FEWEST_VALUES
        return panes[enough].astype(np.float64), n[enough], sums[enough] / n[enough]


def less_rhythm(panes: Floats, means: Floats) -> Floats:
    """Means of panes with these numbers, less that of the same time of all days; as they are within two days.

    >>> less_rhythm(np.arange(24.0), np.tile(np.arange(8.0), 3)).any()
    np.False_
    """
    if not len(panes) or np.ptp(panes) < 2 * PANES_OF_DAY:
        return means
    time = panes.astype(np.intp) % PANES_OF_DAY
    seen = np.bincount(time, minlength=PANES_OF_DAY)
    rhythm = np.bincount(time, means, minlength=PANES_OF_DAY) / np.maximum(seen, 1)
    return np.asarray(means - rhythm[time])


def half_life_of(found: Wandering, panes: int) -> float:
    """In seconds: of the window that fits the walk, or of the time between jumps where that is shorter."""
    window = found.window_h(shortest_h=1.0, longest_h=LONGEST_S / HALF_LIFE / PANE_S) * PANE_S  # in panes, not hours
    if found.jumps:
        window = min(window, panes * PANE_S / (len(found.jumps) + 1))
    return min(max(HALF_LIFE * window, SHORTEST_S), LONGEST_S)
