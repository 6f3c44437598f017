"""A plain threshold on a moving mean: what everybody has, and what other detectors must beat."""

from math import fsum, inf

from monitoring.detectors.detector import Sequential


class FixedThreshold(Sequential):
    """Alarms when the mean of the last `window` values is outside of `low` to `high`; cannot tell since when."""

    def __init__(self, *, low: float = -inf, high: float = inf, window: int = 100) -> None:
        """Bounds in the unit of the values; no alarm before the window is full."""
        self.low, self.high, self.window = low, high, max(window, 1)
        super().__init__()

    def _restart(self) -> None:
        self._ring: list[float] = []
        self._place, self._sum = 0, 0.0

    def _moved(self, x: float) -> bool:
        if len(self._ring) < self.window:
            self._ring.append(x)
            self._sum += x
        else:
            self._sum += x - self._ring[self._place]
            self._ring[self._place] = x
        self._place = (self._place + 1) % self.window
        if self._place == 0:  # What rounding has left behind goes with every round.
            self._sum = fsum(self._ring)
        return len(self._ring) == self.window and not self.low <= self._sum / self.window <= self.high
