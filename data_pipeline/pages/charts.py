"""What charts show, as numbers: bins of a histogram, bars or dots along one scale. `charts.html` draws them.

Each chart has a text alternative beside it: the same figures as a table. Knows no report and no HTML.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

DOT: Final = 1.6
"""Width of a dot in percent of its scale."""


@dataclass(frozen=True, slots=True)
class HistogramBin:
    """Values from `low` up to `high`."""

    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Histogram:
    """How values are spread."""

    bins: tuple[HistogramBin, ...]
    """In order, all of one width; none where there was no value."""
    unit: str
    undefined: int
    """Values that were None or not finite."""

    @property
    def highest(self) -> int:
        """The count of the fullest bin, at least 1."""
        return max([1, *(one.count for one in self.bins)])


@dataclass(frozen=True, slots=True)
class Bar:
    """A value to show as a horizontal bar."""

    label: str
    value: float | None
    """None leaves the bar out and keeps the row."""
    low: float | None = None
    """Of its interval; without one of the two there is no interval."""
    high: float | None = None
    text: str = ""
    """How the value is written; empty takes the number itself."""


@dataclass(frozen=True, slots=True)
class PlacedBar:
    """A bar along the scale that it shares with others, in percent of its length."""

    bar: Bar
    start: float
    width: float
    interval: tuple[float, float] | None
    """Start and end."""


@dataclass(frozen=True, slots=True)
class Dots:
    """Values on a scale without a zero, such as decibels: from the lowest mark to the highest."""

    low: float | None
    """None where there is no value."""
    high: float | None
    placed: tuple[PlacedBar, ...]


def histogram(values: Iterable[float | None], *, unit: str = "", bins: int = 24, whole: bool = False) -> Histogram:
    """Bins of equal width over all finite values; `whole` gives whole numbers one bin each, if `bins` is enough.

    Raises ValueError where `bins` is below 1.
    """
    if bins < 1:
        raise ValueError(f"{bins} bins")
    given = np.array([np.nan if value is None else value for value in values], np.float64)
    finite = given[np.isfinite(given)]
    if not finite.size:
        return Histogram((), unit, len(given))
    counts, edges = np.histogram(finite, _edges(float(finite.min()), float(finite.max()), bins, whole))
    found = tuple(
        HistogramBin(low, high, int(count)) for (low, high), count in zip(pairwise(edges.tolist()), counts, strict=True)
    )
    return Histogram(found, unit, len(given) - finite.size)


def placed(bars: Sequence[Bar]) -> list[PlacedBar]:
    """The bars along one scale, which holds zero and every interval."""
    marks = [mark for bar in bars for mark in (bar.value, bar.low, bar.high) if mark is not None]
    low, high = min([0.0, *marks]), max([0.0, *marks])
    length = (high - low) or 1.0

    def at(value: float) -> float:
        return 100 * (value - low) / length

    def place(bar: Bar) -> PlacedBar:
        start, end = sorted((at(0.0), at(bar.value or 0.0)))
        interval = None if bar.low is None or bar.high is None else (at(bar.low), at(bar.high))
        return PlacedBar(bar, start, end - start, interval)

    return [place(bar) for bar in bars]


def dots(bars: Sequence[Bar]) -> Dots:
    """The values as dots, with their intervals, along the shortest scale that holds all of them."""
    marks = [mark for bar in bars for mark in (bar.value, bar.low, bar.high) if mark is not None]
    if not marks:
        return Dots(None, None, tuple(PlacedBar(bar, 0.0, 0.0, None) for bar in bars))
    low, high = min(marks), max(marks)
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        low, high = low - 0.5, high + 0.5

    def at(value: float) -> float:
        return 100 * (value - low) / ((high - low) or 1.0)

    def place(bar: Bar) -> PlacedBar:
        interval = None if bar.low is None or bar.high is None else (at(bar.low), at(bar.high))
        if bar.value is None:
            return PlacedBar(bar, 0.0, 0.0, interval)
        return PlacedBar(bar, max(0.0, min(100 - DOT, at(bar.value) - DOT / 2)), DOT, interval)

    return Dots(low, high, tuple(map(place, bars)))


def _edges(low: float, high: float, bins: int, whole: bool) -> list[float]:
    if whole and math.ceil(high) - math.floor(low) < bins:
        return [number - 0.5 for number in range(math.floor(low), math.ceil(high) + 2)]
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        low, high, bins = low - 0.5, high + 0.5, 1
    return [float(edge) for edge in np.linspace(low, high, bins + 1)]
