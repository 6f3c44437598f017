"""Finds what creeps: the distribution of the last day against the reference, in every slice, four times a day.

A shift that stays under what the shift detector tolerates adds up over hours. A verdict needs a difference that chance
does not explain, at a false discovery rate over all slices and signals together (Benjamini and Hochberg, 1995), that
matters, and that was there the time before; so it does not follow the size of the sample. Windows are whole days, since
slices differ in their daily rhythm. Numbers are compared by the distance of Kolmogorov and Smirnov, shares, to which
that is blind, by Fisher's test.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from monitoring.detectors.false_discovery import benjamini_hochberg
from monitoring.detectors.histograms import kolmogorov_smirnov
from monitoring.detectors.proportions import share_differences
from monitoring.histogram import Counts, Histogram
from monitoring.pooling import PerSignal
from monitoring.reference import Expected
from monitoring.scores import Direction
from monitoring.tally import Tally

LEVEL: Final = 1e-4
"""Share of false ones among what one window finds."""
LEAST_EFFECT: Final = 0.06
"""Least distance of the distribution functions."""
LEAST_CHANGE: Final = 0.005
"""Least change of a share."""
LEAST_RATIO: Final = 0.25
"""A share must also change by so much of itself or of what it lacks to 1, whichever is smaller."""
RESTLESS: Final = 0.4
"""Standard deviations of what moves from hour to hour that are tolerated too: two of them, of the mean of 24 hours."""
LEAST_VALUES: Final = 500.0
STEPS: Final = 4
"""Times that a window is judged in its length."""
NEVER: Final = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Creep:
    """A signal whose distribution differs from the reference."""

    code: int
    signal: int
    since: float
    """Begin of the first window that differed."""
    n: int
    after: float
    """Mean of the last window; `n` are its values."""
    evidence: float
    """Effect over the least effect that counts."""


class GradualDetector:
    """Compares a sliding window with the reference, again and again."""

    STATE: ClassVar[tuple[str, ...]] = ("_first", "_number", "_counts", "_usual", "_sums", "_since", "_found")

    def __init__(self, histogram: Histogram, *, slices: int, window_s: float = 86_400.0) -> None:
        self.step_s: Final = window_s / STEPS
        self._histogram = histogram
        self._rates = np.diff([*histogram.starts, histogram.total]) == 2
        self._shape = (slices, len(histogram.starts))
        self._first, self._number = NEVER, NEVER
        self._counts = np.zeros((STEPS, slices, histogram.total), np.float32)
        self._usual = np.zeros_like(self._counts)
        """What was expected of as many values at the same times."""
        self._sums = np.zeros((STEPS, *self._shape))
        self._since = np.full(self._shape, np.nan)
        self._found: list[Creep] = []

    def update(self, part: Tally, expected: Expected | None) -> None:
        """Take a batch; if it begins another step, the window before it is judged."""
        if expected is None:
            return
        number = int(part.at // self.step_s)
        if number > self._number:
            if self._number - self._first >= 2 * STEPS - 1:  # after a day to learn from
                self._judge(expected)
            self._turn(number)
        known = part.codes < len(expected.pooled.weight)
        codes, counts, slot = part.codes[known], part.counts[known], number % STEPS
        n = self._histogram.per_signal(counts)
        self._counts[slot, codes] += counts
        self._usual[slot, codes] += n[:, self._histogram.signal_of_bin] * expected.pooled.shares[codes]
        self._sums[slot, codes] += part.sums[known]

    def creeps(self) -> list[Creep]:
        """What was found the last two times."""
        return list(self._found)

    def calm(self) -> NDArray[np.bool_]:
        """Shape (limit of slices, signals): nothing differed the last time."""
        return np.asarray(np.isnan(self._since))

    def forget(self, code: int) -> None:
        """The slice's number means another slice from now on, or what is normal for it has changed for good."""
        for kept in (self._counts, self._usual, self._sums):
            kept[:, code] = 0.0
        self._since[code] = np.nan
        self._found = [creep for creep in self._found if creep.code != code]

    def _turn(self, number: int) -> None:
        if self._first == NEVER or number - self._number >= STEPS:
            self._first = number
            self._since[:] = np.nan
        stale = np.arange(max(self._number, number - STEPS) + 1, number + 1) % STEPS
        for kept in (self._counts, self._usual, self._sums):
            kept[stale] = 0.0
        self._number = number

    def _judge(self, expected: Expected) -> None:
        size = len(expected.pooled.weight)
        now, usual, sums = (
            kept[:, :size].sum(axis=0, dtype=np.float64) for kept in (self._counts, self._usual, self._sums)
        )
        n = self._histogram.per_signal(now)
        enough = expected.ready & (n >= LEAST_VALUES) & (expected.pooled.own >= LEAST_VALUES)
        shares = usual / np.maximum(n, 1)[:, self._histogram.signal_of_bin]
        effect, p_values = self._compared(now, shares * expected.pooled.weight[:, self._histogram.signal_of_bin])
        evidence = np.where(enough, effect, np.nan) / self._least(shares, expected)
        differs = benjamini_hochberg(np.where(enough, p_values, np.nan), level=LEVEL) & (evidence >= 1)
        again = differs & ~np.isnan(self._since[:size])
        began = (self._number - STEPS + 1) * self.step_s
        self._since[:size] = np.where(differs, np.where(again, self._since[:size], began), np.nan)
        self._found = [
            Creep(
                code=code,
                signal=signal,
                since=float(self._since[code, signal]),
                n=int(n[code, signal]),
                after=float(sums[code, signal] / n[code, signal]),
                evidence=float(evidence[code, signal]),
            )
            for code, signal in np.argwhere(again).tolist()
        ]

    def _compared(self, now: Counts, usual: Counts) -> tuple[PerSignal, PerSignal]:
        """Effects and p-values; NaN where there is nothing to compare."""
        effect, p_values = np.empty((2, len(now), self._shape[1]))
        no, yes = self._histogram.starts[self._rates], self._histogram.starts[self._rates] + 1
        shares = share_differences(usual[:, yes], usual[:, no] + usual[:, yes], now[:, yes], now[:, no] + now[:, yes])
        effect[:, self._rates], p_values[:, self._rates] = np.abs(shares.effect), shares.p_value
        for signal in np.flatnonzero(~self._rates).tolist():
            bins = self._histogram.signal_of_bin == signal
            found = kolmogorov_smirnov(usual[:, bins], now[:, bins])
            effect[:, signal], p_values[:, signal] = found.effect, found.p_value
        return effect, p_values

    def _least(self, shares: Counts, expected: Expected) -> PerSignal:
        """The least effect that counts."""
        share = shares[:, self._histogram.starts + 1]
        of_share = np.maximum(LEAST_CHANGE, LEAST_RATIO * np.minimum(share, 1 - share))
        restless = RESTLESS * expected.restless * expected.variance[Direction.UP]
        return np.asarray(np.where(self._rates, of_share, LEAST_EFFECT) + restless)
