"""Finds what creeps: the distribution of a long window against the reference, in every slice.

A shift that stays under what the shift detector tolerates adds up over hours. A verdict needs both a difference that
chance does not explain, at a false discovery rate over all slices and signals together (Benjamini and Hochberg, 1995),
and one that matters, and both twice running; so it does not follow the size of the sample.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from monitoring.detectors.false_discovery import benjamini_hochberg
from monitoring.detectors.histograms import kolmogorov_smirnov
from monitoring.histogram import Histogram
from monitoring.reference import Expected
from monitoring.tally import Tally

LEVEL: Final = 1e-4
"""Share of false ones among what one window finds."""
LEAST_EFFECT: Final = 0.06
"""Least distance of the distribution functions; of a share, least change in percent points over 100."""
LEAST_RATIO: Final = 0.25
"""A share must also change by so much of itself or of what it lacks to 1, whichever is smaller."""
LEAST_VALUES: Final = 500.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Creep:
    """A signal whose distribution differs from the reference."""

    code: int
    signal: int
    since: float
    """Begin of the first of the windows that differed."""
    n: int
    after: float
    """Mean of the last window."""
    evidence: float
    """Effect over the least effect that counts."""


class GradualDetector:
    """Compares a completed window with the reference, again and again."""

    STATE: ClassVar[tuple[str, ...]] = ("_number", "_counts", "_sums", "_since", "_found")

    def __init__(self, histogram: Histogram, *, slices: int, window_s: float = 21_600.0) -> None:
        self.window_s: Final = window_s
        self._histogram = histogram
        self._shape = (slices, len(histogram.starts))
        self._number = 0
        self._counts = np.zeros((slices, histogram.total))
        self._sums = np.zeros(self._shape)
        self._since = np.full(self._shape, np.nan)
        self._found: list[Creep] = []

    def update(self, part: Tally, expected: Expected | None) -> None:
        """Take a batch; the window before it is judged if the batch begins another."""
        number = int(part.at // self.window_s)
        if number > self._number:
            if expected is not None and self._number:
                self._judge(expected)
            self._counts[:], self._sums[:] = 0.0, 0.0
            self._number = number
        self._counts[part.codes] += part.counts
        self._sums[part.codes] += part.sums

    def creeps(self) -> list[Creep]:
        """What the last two completed windows have both found."""
        return list(self._found)

    def forget(self, code: int) -> None:
        """The slice's number means another slice from now on, or what is normal for it has changed for good."""
        self._counts[code], self._sums[code], self._since[code] = 0.0, 0.0, np.nan
        self._found = [creep for creep in self._found if creep.code != code]

    def _judge(self, expected: Expected) -> None:
        size = len(expected.pooled.weight)
        effect, p_values = self._compared(expected, size)
        differs = benjamini_hochberg(p_values, level=LEVEL) & (effect >= self._least(expected))
        again = differs & ~np.isnan(self._since[:size])
        began = self._number * self.window_s
        self._since[:size] = np.where(differs, np.where(again, self._since[:size], began), np.nan)
        n = self._histogram.per_signal(self._counts[:size])
        self._found = [
            Creep(
                code=code,
                signal=signal,
                since=float(self._since[code, signal]),
                n=int(n[code, signal]),
                after=float(self._sums[code, signal] / n[code, signal]),
                evidence=float(effect[code, signal] / self._least(expected)[code, signal]),
            )
            for code, signal in np.argwhere(again).tolist()
        ]

    def _compared(self, expected: Expected, size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Effects and p-values, shape (slices, signals); NaN where too little is known to compare."""
        effect, p_values = np.full((2, size, self._shape[1]), np.nan)
        ends = [*self._histogram.starts[1:], self._histogram.total]
        for signal, (start, end) in enumerate(zip(self._histogram.starts, ends, strict=True)):
            now = self._counts[:size, start:end]
            usual = expected.pooled.shares[:, start:end] * expected.pooled.weight[:, [signal]]
            enough = (now.sum(axis=1) >= LEAST_VALUES) & (expected.pooled.own[:, signal] >= LEAST_VALUES)
            if expected.ready[signal] and enough.any():
                found = kolmogorov_smirnov(usual[enough], now[enough])
                effect[enough, signal], p_values[enough, signal] = found.effect, found.p_value
        return effect, p_values

    def _least(self, expected: Expected) -> NDArray[np.float64]:
        """The least effect that counts, shape (slices, signals)."""
        widths = np.diff([*self._histogram.starts, self._histogram.total])
        share = expected.pooled.shares[:, self._histogram.starts + 1]
        of_share = np.maximum(0.005, LEAST_RATIO * np.minimum(share, 1 - share))
        return np.where(widths == 2, of_share, LEAST_EFFECT) + expected.restless
