"""Finds that a signal has moved in a slice, soon, and at a promised rate of false alarms however often one looks.

For each slice and signal the odds are kept that the signal has moved against that it has not, in every direction and
by several distances: `R <- (R + n) L`, the statistic of Shiryaev and Roberts, where L is the likelihood ratio of
the batch's n values. As long as nothing has moved, R less the values seen is a supermartingale, so R reaches a
threshold A at the earliest after A values on average, for any distribution, any sizes of batches, and for a mean
of several such R too (Shin, Ramdas and Rinaldo, "E-detectors", 2023). A moved distribution is the reference's, tilted:
`p exp(t score) / Z`; a tilt up to a tolerance counts as not moved, so that neither a reference that is known badly
nor the normal restlessness of a signal raises an alarm. Knows no time window, and no cause.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from monitoring.reference import KNOWN_FROM, Expected
from monitoring.scores import Direction
from monitoring.signals.signal import Group, Signal, Worse
from monitoring.tally import Tally

TILTS: Final = np.array([0.4, 1.1, 3.0])
"""Distances beyond the tolerance: for a share the rise of its log odds, for a number about 0.2, 0.6 and 1.2 standard
deviations."""
TOLERANCE: Final = 0.02
"""Tilt that nobody minds."""
MOST: Final = 3.0
"""Most standard deviations that are tolerated of what the reference is off by: its error, and restlessness."""
NEW_UNSURE: Final = 4 / 3
"""Standard errors of a slice that is not known itself, only the one that it is part of, count so many times more."""
FREEZE: Final = 0.5
"""Part of the evidence that raises an alarm, from which a slice and signal are not calm. Not less: a user who asks in
vain three times gives 9 nats, and where that is not learnt from, nobody knows how alike such values are."""
HINT: Final = 0.3
"""The same, from which a signal speaks for what others show."""
HEADROOM: Final = 5.0
"""Nats by which evidence may go beyond the threshold, so that an end is noticed soon."""
RECEDED: Final = 3.0
"""Nats by which evidence must have gone back from its most, so that it is not by chance."""
MAIN_WEIGHT: Final = 50.0
"""So many times more of the false alarms are granted to shares of output and behaviour than to other signals."""
TILT_WEIGHTS: Final = np.array([0.15, 0.7, 0.15])
"""Prior odds of the distances."""
TAIL_WEIGHTS: Final = np.array([0.4, 0.6, 0.0])
"""The same in the tails of a number: a user who repeats one odd query must not look like a fault."""
BAD_WAY: Final = 0.97
"""Prior odds that a signal moves the way that is bad news."""

NOT_MOVED: Final = -1
_ODDS, _CUSUM, _SINCE, _N, _SUM, _GAIN = range(6)
_OVERFLOW: Final = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A signal that moved in a slice."""

    code: int
    """The slice's number."""
    signal: int
    """The signal's number."""
    direction: Direction
    since: float
    """Seconds since 1970 UTC."""
    n: int
    """Values since then."""
    after: float
    """Their mean."""
    evidence: float
    """Log likelihood ratio of all values since then, over the logarithm of the threshold; 1 is just enough."""


class ShiftDetector:
    """Watches all slices and signals at once. Memory is that of the slices times the signals."""

    STATE: ClassVar[tuple[str, ...]] = ("_odds", "_moved")

    def __init__(
        self, signals: Sequence[Signal], *, slices: int, combinations: int, requests_per_false_alarm: float = 1e6
    ) -> None:
        self.signals: Final = tuple(signals)
        self._size = len(signals)
        alternatives = len(Direction) * len(TILTS)
        self._odds = np.zeros((slices * self._size, 6, alternatives))
        self._tilts = np.zeros((slices * self._size, 2, alternatives))
        self._weights = _weights(signals)
        self._threshold = _log_thresholds(signals, requests_per_false_alarm * combinations)
        self._moved = np.full(slices * self._size, NOT_MOVED, np.int8)
        """Of each stream, the alternative that fits."""
        self.expected: Expected | None = None
        """What is normal now; None before anything is known."""

    def expect(self, expected: Expected) -> None:
        """What is normal from now on; evidence that was gathered stays."""
        self.expected = expected
        within, beyond = _tilts(expected, self._threshold)
        streams = slice(0, len(expected.pooled.weight) * self._size)
        self._tilts[streams, 0] = (beyond - within).reshape(streams.stop, -1)
        self._tilts[streams, 1] = _levels(expected, within).reshape(streams.stop, -1)

    def update(self, part: Tally, *, began: float) -> None:
        """Take a batch whose first event came at `began` (seconds since 1970 UTC)."""
        if self.expected is None:
            return
        known = part.codes < len(self.expected.pooled.weight)
        codes, n = part.codes[known], part.n[known]
        rows, signals = np.nonzero((n > 0) & self.expected.ready)
        if not len(rows):
            return
        streams = codes[rows] * self._size + signals
        values = n[rows, signals][:, None]
        scores = self.expected.scores.sums(part.counts[known])[:, rows, signals].T
        tilts = self._tilts[streams]
        gained = tilts[:, 0] * np.repeat(scores, len(TILTS), axis=1) - values * tilts[:, 1]
        gained /= self.expected.dispersion[codes[rows], signals][:, None]
        np.clip(gained, -_OVERFLOW, _OVERFLOW, out=gained)
        odds = self._odds[streams]
        self._step(odds, gained, values, part.sums[known][rows, signals][:, None], began, self._threshold[signals])
        self._odds[streams] = odds
        self._judge(streams, signals, odds)

    def calm(self, *, below: float = FREEZE) -> NDArray[np.bool_]:
        """Shape (limit of slices, signals): less than that part of what raises an alarm speaks for a shift."""
        calm = np.ones((len(self._moved) // self._size, self._size), np.bool_)
        if self.expected is not None:  # nothing was ever held against slices that are newer
            watched = len(self.expected.pooled.weight)
            most = self._odds[: watched * self._size, _CUSUM].max(axis=1)
            calm[:watched] = most.reshape(watched, -1) < below * self._threshold
        return calm

    def gains(self, slices: int) -> NDArray[np.float64]:
        """Log likelihood that a shift gains since it began, at its best, in the first slices: (slices, signals)."""
        odds = self._odds[: slices * self._size]
        return np.asarray(np.where(odds[:, _CUSUM] > 0, odds[:, _GAIN], 0.0).max(axis=1).reshape(-1, self._size))

    def shifts(self) -> list[Shift]:
        """What has moved and is not back."""
        found = []
        for stream in np.flatnonzero(self._moved != NOT_MOVED).tolist():
            code, signal = divmod(stream, self._size)
            best = int(self._moved[stream])
            _, _, since, n, total, gain = self._odds[stream, :, best]
            found.append(
                Shift(
                    code=code,
                    signal=signal,
                    direction=Direction(best // len(TILTS)),
                    since=float(since),
                    n=int(n),
                    after=float(total / n) if n else np.nan,
                    evidence=max(float(gain / self._threshold[signal]), 1.0),
                )
            )
        return found

    def forget(self, code: int) -> None:
        """The slice's number means another slice from now on, or what is normal for it has changed for good."""
        streams = slice(code * self._size, (code + 1) * self._size)
        self._odds[streams], self._tilts[streams], self._moved[streams] = 0.0, 0.0, NOT_MOVED

    def _step(
        self,
        odds: NDArray[np.float64],
        gained: NDArray[np.float64],
        values: NDArray[np.float64],
        sums: NDArray[np.float64],
        began: float,
        threshold: NDArray[np.float64],
    ) -> None:
        """In place: odds of shape (streams, 6, alternatives), `gained` log likelihood (streams, alternatives)."""
        most = (threshold + HEADROOM)[:, None]
        odds[:, _ODDS] = np.minimum((odds[:, _ODDS] + values) * np.exp(gained), np.exp(most))
        fresh = odds[:, _CUSUM] == 0.0
        odds[:, _SINCE][fresh] = began
        odds[:, _N] = np.where(fresh, 0.0, odds[:, _N]) + values
        odds[:, _SUM] = np.where(fresh, 0.0, odds[:, _SUM]) + sums
        odds[:, _GAIN] = np.where(fresh, 0.0, odds[:, _GAIN]) + gained
        odds[:, _CUSUM] = np.clip(odds[:, _CUSUM] + gained, 0.0, most)

    def _judge(self, streams: NDArray[np.intp], signals: NDArray[np.intp], odds: NDArray[np.float64]) -> None:
        weighted = odds[:, _ODDS] * self._weights[signals]
        moved = self._moved[streams]
        new = (moved == NOT_MOVED) & (np.log(weighted.sum(axis=1) + 1e-300) >= self._threshold[signals])
        moved[new] = np.argmax(weighted[new], axis=1)
        rows = np.flatnonzero(moved != NOT_MOVED)
        fits, over = _followed(moved[rows], odds[rows, _CUSUM], self._threshold[signals[rows]] + HEADROOM)
        moved[rows] = np.where(over, NOT_MOVED, fits)
        self._moved[streams] = moved
        self._odds[streams[rows[over]]] = 0.0


def _followed(
    fits: NDArray[np.int8], cusums: NDArray[np.float64], most: NDArray[np.float64]
) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """Which alternatives fit shifts now, and which shifts are over: shape (shifts,); `cusums` (shifts, alternatives).

    A larger distance fits when more speaks for it, a smaller one when nothing does for the larger, and all that can
    for the smaller. A shift is over when nothing speaks for its distance, and less than before for the smaller.
    """
    each, place = np.arange(len(fits)), fits % len(TILTS)
    larger = fits + (place < len(TILTS) - 1)
    fits = np.where(cusums[each, larger] > cusums[each, fits], larger, fits)
    smaller = fits - (fits % len(TILTS) > 0)
    refuted, left = cusums[each, fits] == 0.0, cusums[each, smaller]
    return np.where(refuted & (left >= most), smaller, fits), refuted & (left <= most - RECEDED)


def _weights(signals: Sequence[Signal]) -> NDArray[np.float64]:
    """Prior odds of every alternative, shape (signals, alternatives); they add up to 1."""
    weights = np.zeros((len(signals), len(Direction), len(TILTS)))
    for i, signal in enumerate(signals):
        up, down = {Worse.HIGHER: (BAD_WAY, 1 - BAD_WAY), Worse.LOWER: (1 - BAD_WAY, BAD_WAY)}.get(
            signal.worse, (0.5, 0.5)
        )
        shares = [up, down, 0.0, 0.0] if signal.is_rate else [up / 2, down / 2, down / 2, up / 2]
        weights[i] = np.array(shares)[:, None] * np.array([TILT_WEIGHTS, TILT_WEIGHTS, TAIL_WEIGHTS, TAIL_WEIGHTS])
    return weights.reshape(len(signals), -1)


def _log_thresholds(signals: Sequence[Signal], values_per_false_alarm: float) -> NDArray[np.float64]:
    """Shape (signals,): each signal's part of the false alarms, as the log odds that raise one."""
    main = [s.is_rate and s.group in (Group.OUTPUT, Group.BEHAVIOUR) for s in signals]
    part = np.where(main, MAIN_WEIGHT, 1.0)
    thresholds: NDArray[np.float64] = np.log(values_per_false_alarm * part.sum() / part)
    return thresholds


def _tilts(expected: Expected, thresholds: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Tolerated tilts and those that would be a shift, both of shape (slices, signals, directions, tilts).

    A reference that is off by e makes false alarms exp(2 threshold e / tilt) times as frequent, and a tolerance of w
    exp(2 threshold w / tilt) times as rare. So w = threshold variance / tilt keeps their mean over errors e that are
    normal; it is that of the smallest tilt, for which it is largest.
    """
    pooled, exists = expected.pooled, expected.scores.exists[..., None]
    unsure = np.where(pooled.own >= KNOWN_FROM, 1.0, NEW_UNSURE) / np.sqrt(np.maximum(pooled.weight, 1.0))
    error = unsure[..., None] / np.sqrt(expected.variance.transpose(1, 2, 0))
    restless = expected.restless[..., None]
    rare = np.log1p(MOST * error + (MOST * error) ** 2 / 2)  # what was never seen may be rare, not anything
    mean = thresholds[:, None] * (error**2 + restless**2) / TILTS[0]
    tolerated = TOLERANCE + np.minimum(np.hypot(rare, MOST * restless), mean)
    within = np.where(exists, tolerated[..., None], 0.0)
    return np.broadcast_to(within, (*within.shape[:-1], len(TILTS))), within + np.where(exists, TILTS, 0.0)


def _levels(expected: Expected, within: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a value costs in log likelihood before its score counts; shape (slices, signals, directions, tilts)."""
    levels = np.empty_like(within)
    shares, scores = expected.pooled.shares, expected.scores
    for d in Direction:
        found = scores.log_mean_exp(shares, within[..., d, 0], d, beyond=(0.0, *TILTS))
        levels[..., d, :] = found[..., 1:] - found[..., :1]
    return levels
