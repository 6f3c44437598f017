"""Distributions over windows of time, and what such a window usually is: sketches that are merged as time goes on.

Windows are fixed; the present one and the one before together are the sliding window that is reported. What is older
goes into the reference of its slice, and for all events into that of its hour of the week. Memory depends on the
slices, not on the traffic.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from monitoring.columns import Values
from monitoring.sketches import Sketches
from monitoring.slices import EVERYTHING, Codes

_HOURS_OF_WEEK: Final = 168
_GENERATION: Final = 96
"""Windows in one generation of the reference; the generation before the last is forgotten."""


@dataclass(slots=True, eq=False)
class Hour:
    """All events of one hour of one week."""

    number: int
    sketches: Sketches
    n: NDArray[np.float64]
    """Shape (signals,)."""
    sums: NDArray[np.float64]
    """Shape (signals,)."""


class Windows:
    """The present window, the one before, and the reference."""

    STATE: ClassVar[tuple[str, ...]] = ("_number", "_generation", "_present", "_before", "_hour", "_weeks")

    def __init__(self, numbers: Sequence[int], signals: int, *, window_s: float = 900.0) -> None:
        self.window_s: Final = window_s
        self._numbers = list(numbers)
        self._signals = signals
        self._number = 0
        self._generation: list[Sketches] = [Sketches(numbers), Sketches(numbers)]
        self._present, self._before = Sketches(numbers), Sketches(numbers)
        self._hour = self._empty_hour(0)
        self._weeks: dict[int, Hour] = {}

    def add(self, at: float, values: Values, codes: Codes) -> None:
        """Add a batch; `at` is the time of its latest event, in seconds since 1970 UTC."""
        self._turn(int(at // self.window_s))
        if (hour := int(at // 3_600)) > self._hour.number:
            self._weeks[self._hour.number % _HOURS_OF_WEEK] = self._hour
            self._hour = self._empty_hour(hour)
        self._present.add(values, codes)
        self._hour.sketches.add(values, np.full((len(values), 1), EVERYTHING, np.int32))
        self._hour.n += (~np.isnan(values)).sum(axis=0)
        self._hour.sums += np.nansum(values, axis=0)

    def quantiles(self, code: int, signal: int, ranks: Sequence[float]) -> NDArray[np.float32]:
        """Of the sliding window."""
        return _together(code, self._numbers, [self._before, self._present]).quantiles(code, signal, ranks)

    def usual_quantiles(self, code: int, signal: int, ranks: Sequence[float]) -> NDArray[np.float32]:
        """Of everything older."""
        return _together(code, self._numbers, self._generation).quantiles(code, signal, ranks)

    def last_week(self, at: float) -> Hour | None:
        """The same hour, a week ago or the last time that it was seen."""
        return self._weeks.get(int(at // 3_600) % _HOURS_OF_WEEK)

    def forget(self, code: int) -> None:
        """The slice's number means another slice from now on."""
        for sketches in (self._present, self._before, *self._generation):
            sketches.forget(code)

    def emptied(self) -> "Windows":
        """The same form without content."""
        return Windows(self._numbers, self._signals, window_s=self.window_s)

    def _turn(self, number: int) -> None:
        if number <= self._number:
            return
        self._generation[-1].merge(self._before)
        if number // _GENERATION > self._number // _GENERATION:
            self._generation = [self._generation[-1], Sketches(self._numbers)]
        self._before, self._present = self._present, Sketches(self._numbers)
        self._number = number

    def _empty_hour(self, number: int) -> Hour:
        return Hour(number, Sketches(self._numbers), np.zeros(self._signals), np.zeros(self._signals))


def _together(code: int, numbers: Sequence[int], parts: Sequence[Sketches]) -> Sketches:
    merged = Sketches(numbers)
    for part in parts:
        merged.merge(part, only=code)
    return merged
