"""The Page-Hinkley test: a cumulative sum around the mean of all values so far, which it learns as it goes.

Hinkley, "Inference about the change-point from cumulative sum tests", Biometrika 58 (1971); with the settings of
river's detector of that name. It needs no reference, but states no rate of false alarms either: that depends on the
unit and the spread of the values.
"""

from monitoring.detectors.detector import Sequential


class PageHinkley(Sequential):
    """Finds that the mean moved, up or down."""

    def __init__(self, *, slack: float = 0.005, threshold: float = 50.0, warm_up: int = 30) -> None:
        """`slack` is a deviation that is tolerated, `threshold` the sum that is not; both in the unit of the values.

        No alarm before `warm_up` values.
        """
        self.slack, self.threshold, self.warm_up = slack, threshold, warm_up
        super().__init__()

    def _restart(self) -> None:
        self._count, self._mean = 0, 0.0
        self._up = self._lowest = 0.0
        self._down = self._highest = 0.0
        self._lowest_at = self._highest_at = 0

    def _moved(self, x: float) -> bool:
        self._count += 1
        self._mean += (x - self._mean) / self._count
        off = x - self._mean
        self._up += off - self.slack
        self._down += off + self.slack
        if self._up <= self._lowest:
            self._lowest, self._lowest_at = self._up, self.seen + 1
        if self._down >= self._highest:
            self._highest, self._highest_at = self._down, self.seen + 1
        if self._count < self.warm_up:
            return False
        rise, fall = self._up - self._lowest, self._highest - self._down
        if max(rise, fall) <= self.threshold:
            return False
        self.changed_at = self._lowest_at if rise > fall else self._highest_at
        return True
