"""ADWIN: a window that grows while nothing changes and is cut where its two halves differ; for gradual change.

Bifet and Gavaldà, "Learning from time-changing data with adaptive windowing", SDM (2007). This is river's, behind our
protocol; needs the extra `drift`.
"""

from typing import TYPE_CHECKING

from monitoring.detectors.detector import Sequential

if TYPE_CHECKING:
    from river.drift import ADWIN


class Adwin(Sequential):
    """Finds that the mean of values in a known range moved, however slowly.

    It does not tell since when: a cut drops the oldest values only, and what is left still begins before the change.
    """

    def __init__(self, *, low: float = 0.0, high: float = 1.0, delta: float = 0.002, clock: int = 32) -> None:
        """Values are cut to [`low`, `high`], as the bound asks: one of 1e300 would blind it for good.

        `delta` is the chance of a false cut at one look, and it looks at every `clock`-th value. A change younger
        than the `clock` is not seen yet.
        """
        self.low, self.span = low, (high - low) or 1.0
        self.delta, self.clock = delta, clock
        super().__init__()

    def _restart(self) -> None:
        self._window: ADWIN | None = None

    def _moved(self, x: float) -> bool:
        if self._window is None:
            from river.drift import ADWIN

            self._window = ADWIN(delta=self.delta, clock=self.clock)  # type: ignore[no-untyped-call]
        share = min(max((x - self.low) / self.span, 0.0), 1.0)
        self._window.update(share)  # type: ignore[no-untyped-call]
        return bool(self._window.drift_detected)
