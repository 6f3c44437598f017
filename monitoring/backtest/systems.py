"""The systems that are compared: our scalar detectors, river's, and a plain threshold, each at a strictness.

Strictness is one number, larger is stricter; at 0 a detector is set as its documentation has it. `tuned` finds the
least strict setting that gives no false alarm on a calm stream, so that all are compared at one rate of these.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import sqrt
from typing import TYPE_CHECKING, Final

from monitoring.backtest.grid import Grid, Normal, Watch
from monitoring.detectors.cusum import BernoulliCusum, Cusum
from monitoring.detectors.detector import Detector
from monitoring.detectors.fixed_threshold import FixedThreshold
from monitoring.detectors.page_hinkley import PageHinkley
from monitoring.signals.signal import Signal

if TYPE_CHECKING:
    from river.base import DriftDetector

WATCHED: Final = ("lead_silence_s", "onset_clipped", "null_transcript", "confidence", "snr_db", "loudness_lufs", "redo")
FIELDS: Final = ("device_model", "app_version")
SMALLEST_DEVIATION: Final = 1e-3
STRICTEST: Final = 7
WINDOW: Final = 100
"""Values of which a plain threshold takes the mean."""


@dataclass(slots=True)
class Own:
    """A detector of ours as a `Watch`."""

    detector: Detector

    def __call__(self, value: float) -> bool:
        """See `Watch`."""
        self.detector.update(value)
        if found := self.detector.drifted:
            self.detector.reset()
        return found


@dataclass(slots=True)
class Rivers:
    """A detector of river's as a `Watch`, fed with what `scale` makes of values; it starts anew by itself."""

    detector: "DriftDetector"
    shift: float
    scale: float

    def __call__(self, value: float) -> bool:
        """See `Watch`."""
        self.detector.update((value - self.shift) * self.scale)
        return bool(self.detector.drift_detected)


def cusum(normal: Normal, *, strictness: int) -> Watch:
    """Ours, with a mean run of a million values, and ten times more for each step."""
    mean_run = 1e6 * 10.0**strictness
    if normal.is_rate:
        after = min(0.95, 3 * max(normal.mean, 0.002))
        return Own(BernoulliCusum(before=max(normal.mean, 0.002), after=after, mean_run=mean_run))
    return Own(Cusum(mean=normal.mean, deviation=_deviation(normal), mean_run=mean_run))


def page_hinkley(normal: Normal, *, strictness: int) -> Watch:
    """Ours, in standard deviations: the documented threshold is 50."""
    deviation = _deviation(normal)
    return Own(PageHinkley(slack=0.005 * deviation, threshold=50 * deviation * 2.0**strictness))


def fixed_threshold(normal: Normal, *, strictness: int) -> Watch:
    """A moving mean against three of its standard errors, and half as many more for each step."""
    reach = 3 * 1.5**strictness * _deviation(normal) / sqrt(WINDOW)
    return Own(FixedThreshold(low=normal.mean - reach, high=normal.mean + reach, window=WINDOW))


def river_page_hinkley(normal: Normal, *, strictness: int) -> Watch:
    """River's, on values in standard deviations."""
    from river.drift import PageHinkley as Theirs

    return Rivers(Theirs(threshold=50 * 2.0**strictness), normal.mean, 1 / _deviation(normal))


def river_adwin(normal: Normal, *, strictness: int) -> Watch:
    """River's, on values brought to [0, 1]."""
    from river.drift import ADWIN

    adwin = ADWIN(delta=0.002 / 100.0**strictness)  # type: ignore[no-untyped-call]
    return Rivers(adwin, normal.low, 1 / max(normal.high - normal.low, SMALLEST_DEVIATION))


def river_kswin(normal: Normal, *, strictness: int) -> Watch:
    """River's, as it is documented; its seed is fixed."""
    from river.drift import KSWIN

    return Rivers(KSWIN(alpha=0.005 / 100.0**strictness, seed=1), normal.mean, 1 / _deviation(normal))


KINDS: Final = {
    "cusum": cusum,
    "page-hinkley": page_hinkley,
    "fixed-threshold": fixed_threshold,
    "river-page-hinkley": river_page_hinkley,
    "river-adwin": river_adwin,
    "river-kswin": river_kswin,
}
"""By the name of `voicesearch monitor backtest --system`."""


def grid(
    kind: str,
    signals: Sequence[Signal],
    *,
    strictness: int = 0,
    watched: Sequence[str] = WATCHED,
    fields: Sequence[str] = FIELDS,
) -> Grid:
    """A detector of that kind over every slice and watched signal. Raises LookupError for an unknown kind."""
    if kind not in KINDS:
        raise LookupError(f"no system {kind!r}: there are {', '.join(KINDS)}")
    name = f"{kind}, {'as documented' if strictness == 0 else f'strictness {strictness}'}"
    return Grid(name, partial(KINDS[kind], strictness=strictness), signals, watched, fields=fields)


def tuned(make: Callable[[int], Grid], false_alarms: Callable[[Grid], int]) -> Grid | None:
    """The least strict setting that raises no false alarm; None where the strictest still does."""
    for strictness in range(STRICTEST + 1):
        candidate = make(strictness)
        if false_alarms(candidate) == 0:
            return candidate
    return None


def _deviation(normal: Normal) -> float:
    return max(normal.deviation, SMALLEST_DEVIATION)
