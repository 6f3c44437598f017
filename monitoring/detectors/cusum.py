"""Cumulative sums: the quickest way to notice a sudden change whose size is roughly known.

`Cusum` watches the mean of numbers on both sides, `BernoulliCusum` a share. Page, "Continuous inspection schemes",
Biometrika 41 (1954); thresholds after Siegmund, "Sequential Analysis" (1985), and Lorden, "Procedures for reacting to
a change in distribution", Annals of Mathematical Statistics 42 (1971). Knows nothing of trends and seasons.
"""

from collections.abc import Callable
from math import copysign, exp, log, sqrt
from typing import Final

from monitoring.detectors.detector import Sequential

OVERSHOOT: Final = 1.166
"""Siegmund's correction for a sum that passes its threshold by a step: twice 0.583."""

SMALLEST_SHARE: Final = 1e-9


class Cusum(Sequential):
    """Two-sided sums of deviations from a mean that is given or learned from the first values.

    With a given mean and deviation and values that are roughly normal, `mean_run` holds. A learned mean is off by
    `deviation / sqrt(warm_up)`, which shortens the run where `shift` is small beside that; values with heavy tails
    shorten it too, by less the lower `clip` is.
    """

    def __init__(
        self,
        *,
        mean: float | None = None,
        deviation: float | None = None,
        warm_up: int = 400,
        shift: float = 1.0,
        mean_run: float = 1e6,
        clip: float = 3.0,
    ) -> None:
        """`shift` in standard deviations is what is found soonest; `mean_run` updates go between false alarms.

        Where `mean` or `deviation` is None both are learned from the first `warm_up` values, and kept. No value counts
        for more than `clip` deviations. After values that were all equal, any other is that far out.
        """
        self._given = None if mean is None or deviation is None else (mean, deviation)
        self.warm_up = max(warm_up, 2)
        self.slack = shift / 2
        self.threshold = siegmund_threshold(slack=self.slack, mean_run=2 * mean_run)
        self.clip = clip
        super().__init__()

    def _restart(self) -> None:
        self._learned, self._squares = 0, 0.0
        self._mean, self._deviation = self._given or (0.0, 0.0)
        self._up = self._down = 0.0
        self._up_since = self._down_since = 0

    def _learn(self, x: float) -> None:
        self._learned += 1
        before = x - self._mean
        self._mean += before / self._learned
        self._squares += before * (x - self._mean)
        self._deviation = sqrt(max(self._squares, 0.0) / max(self._learned - 1, 1))
        self._up_since = self._down_since = self.seen + 1

    def _moved(self, x: float) -> bool:
        if self._given is None and self._learned < self.warm_up:
            self._learn(x)
            return False
        z = self._standard(x)
        self._up += z - self.slack
        self._down -= z + self.slack
        if self._up <= 0:
            self._up, self._up_since = 0.0, self.seen + 1
        elif self._up >= self.threshold:
            self.changed_at = self._up_since
        if self._down <= 0:
            self._down, self._down_since = 0.0, self.seen + 1
        elif self._down >= self.threshold:
            self.changed_at = self._down_since
        return self.changed_at is not None

    def _standard(self, x: float) -> float:
        off = x - self._mean
        if abs(off) < self.clip * self._deviation:
            return off / self._deviation
        return copysign(self.clip, off) if off else 0.0


class BernoulliCusum(Sequential):
    """Finds that a share has gone from `before` to about `after`, from ones and zeros; takes nothing else.

    The sum is of log likelihood ratios. Measured runs are 1.1 to 2.4 times `mean_run`.
    """

    def __init__(self, *, before: float, after: float, mean_run: float = 1e6) -> None:
        """Shares of ones; `mean_run` or more updates go between false alarms, on average."""
        before, after = (min(max(share, SMALLEST_SHARE), 1 - SMALLEST_SHARE) for share in (before, after))
        self._steps = (log((1 - after) / (1 - before)), log(after / before))
        drop = -(1 - before) * self._steps[0] - before * self._steps[1]
        self.threshold = bernoulli_threshold(drop=drop, mean_run=mean_run)
        super().__init__()

    def _restart(self) -> None:
        self._sum, self._since = 0.0, 0

    def _moved(self, x: float) -> bool:
        if x not in (0, 1):
            self.ignored += 1
            return False
        self._sum += self._steps[int(x)]
        if self._sum <= 0:
            self._sum, self._since = 0.0, self.seen + 1
        elif self._sum >= self.threshold:
            self.changed_at = self._since
        return self.changed_at is not None


def siegmund_threshold(*, slack: float, mean_run: float) -> float:
    """Threshold, in standard deviations, at which one side's sum of normal deviations less `slack` runs that long.

    >>> round(siegmund_threshold(slack=0.5, mean_run=930), 1)  # table value: a threshold of 5 runs 930
    5.0
    """

    def run(threshold: float) -> float:
        reach = threshold + OVERSHOOT
        return _excess(2 * slack * reach) / (2 * slack * slack) if slack > 0 else reach * reach

    return _least(run, mean_run)


def bernoulli_threshold(*, drop: float, mean_run: float) -> float:
    """Threshold at which a sum of log likelihood ratios that falls by `drop` on average runs at least that long.

    Siegmund's formula without the overshoot, which is to the safe side; never above Lorden's log(mean_run), which is
    enough for every distribution but up to a hundred times too strict for rare ones.
    """
    return min(_least(lambda threshold: _excess(threshold) / max(drop, 1e-12), mean_run), log(mean_run))


def _excess(exponent: float) -> float:
    return exp(min(exponent, 700.0)) - 1 - exponent


def _least(run: Callable[[float], float], mean_run: float) -> float:
    """The least threshold with a run that long; `run` grows with it."""
    low, high = 0.0, 1.0
    while run(high) < mean_run and high < 1e9:
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if run(middle) < mean_run else (low, middle)
    return high
