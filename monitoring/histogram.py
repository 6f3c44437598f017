"""Bins for every signal, common to all slices, so that counts of any two slices or times can be compared.

A yes-or-no has two bins. A number gets bins between quantiles of the first values that came, from the quantiles sketch
of Apache DataSketches; a value that many events share (no sound before speech, no clipping) gets a bin to itself.
"""

from collections.abc import Sequence
from typing import ClassVar, Final

import numpy as np
from datasketches import kll_doubles_sketch
from numpy.typing import NDArray

from monitoring.columns import Values
from monitoring.signals.signal import Signal

BINS: Final = 24
"""Of a number."""
UNKNOWN: Final = -1
LEARN_FROM: Final = 1_000
"""Values of a number before its bins are drawn."""
RANKS: Final = np.array([0.005, 0.02, *np.linspace(0.05, 0.95, 19), 0.98])
_SKETCH_K: Final = 1_000

Counts = NDArray[np.float64]
"""Shape (..., bins): events in each bin, the bins of all signals side by side."""
BinNumbers = NDArray[np.int32]
"""Shape (events, signals): into which bin of all bins a value falls; `UNKNOWN` where it is NaN or not yet known."""


class Histogram:
    """The bins of all signals, side by side."""

    STATE: ClassVar[tuple[str, ...]] = ("edges", "_learning")

    def __init__(self, signals: Sequence[Signal]) -> None:
        widths = [2 if signal.is_rate else BINS for signal in signals]
        self.starts: Final = np.cumsum([0, *widths[:-1]]).astype(np.int32)
        """Shape (signals,): each signal's first bin."""
        self.total: Final = sum(widths)
        self.signal_of_bin: Final = np.repeat(np.arange(len(widths), dtype=np.int32), widths)
        """Shape (bins,)."""
        self.edges: dict[int, NDArray[np.float64]] = {i: np.array([0.5]) for i, s in enumerate(signals) if s.is_rate}
        """Upper ends, inclusive, of all but the last bin, by the signal's number; absent while it is learnt."""
        self._learning = {i: kll_doubles_sketch(_SKETCH_K) for i in range(len(signals)) if i not in self.edges}

    def bin_numbers(self, values: Values) -> BinNumbers:
        """Which bin each value falls into; values of signals without bins are learnt from instead."""
        numbers = np.full(values.shape, UNKNOWN, np.int32)
        for signal in np.flatnonzero(~np.isnan(values).all(axis=0)).tolist():
            column = values[:, signal]
            known = ~np.isnan(column)
            if (edges := self.edges.get(signal)) is not None:
                numbers[known, signal] = self.starts[signal] + np.searchsorted(edges, column[known])
            else:
                self._learn(signal, column[known])
        return numbers

    def per_signal(self, counts: Counts) -> NDArray[np.float64]:
        """Sums over the bins of each signal; shape (..., signals)."""
        summed: NDArray[np.float64] = np.add.reduceat(counts, self.starts, axis=-1)
        return summed

    def _learn(self, signal: int, values: NDArray[np.float64]) -> None:
        sketch = self._learning[signal]
        sketch.update(values)
        if sketch.n >= LEARN_FROM:
            self.edges[signal] = edges_of(sketch)
            del self._learning[signal]


def edges_of(sketch: kll_doubles_sketch) -> NDArray[np.float64]:
    """At most `BINS` - 1 edges; the lowest value gets a bin of its own if many share it.

    A value equal to an edge lies below it.
    """
    quantiles = np.array(sketch.get_quantiles(RANKS))
    lowest = sketch.get_min_value()
    below = [np.nextafter(lowest, -np.inf)] if quantiles[0] == lowest else []
    return np.unique([*below, *quantiles])
