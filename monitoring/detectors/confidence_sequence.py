"""Intervals that hold at every look: confidence sequences.

A classical interval of 95 % misses the truth at some look of a long stream nearly always; these miss it at any look at
all with chance `alpha` at most, so one may look after every batch, stop when one likes, and go on. They take counts
and sums, in batches of any size. They assume that nothing changes meanwhile: begin a new one when something has.

Each is a mixture of likelihood ratios that is a martingale at the truth, so by Ville's inequality it seldom exceeds
1 / alpha (Robbins, "Statistical methods related to the law of the iterated logarithm", 1970). See Howard, Ramdas,
McAuliffe and Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence sequences", Annals of Statistics 49 (2021).
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor, inf, isfinite, lgamma, log, log1p, sqrt
from typing import Final

from numpy.typing import ArrayLike

from monitoring.detectors.sample import Sketch, sample_of

PRIOR: Final = 0.5
"""Both parameters of the beta distribution that alternatives are mixed with; 1/2 serves shares near 0 better than 1."""

HALVINGS: Final = 45
TINY: Final = 1e-300
ROUNDING: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Interval:
    """Both ends belong to it."""

    low: float
    high: float

    @property
    def width(self) -> float:
        """Distance of the ends."""
        return self.high - self.low

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


class ProportionSequence:
    """A share of yes among yes-or-no, or the mean of numbers in [0, 1], of which the sum is given then.

    Exact for every share and every number of trials. For numbers in [0, 1] it is as wide as if they were ones and
    zeros; `MeanSequence` is far narrower where they vary little, as confidences do.
    """

    def __init__(self, *, alpha: float = 0.05) -> None:
        """`alpha` is the chance that the share lies outside at any look at all."""
        self.alpha = alpha
        self.successes, self.trials = 0.0, 0
        self.ignored = 0
        """Batches with counts that cannot be."""

    def update(self, *, successes: float, trials: int) -> Interval:
        """Add a batch; the interval of all so far."""
        if isfinite(trials) and 0 <= successes <= trials:
            self.successes += successes
            self.trials += trials
        else:
            self.ignored += 1
        return self.interval

    @property
    def interval(self) -> Interval:
        """Of all so far; from 0 to 1 before the first batch."""
        rate = self.successes / self.trials if self.trials else 0.5
        return _around(rate, 0.0, 1.0, lambda share: self.log_evidence(share) < log(1 / self.alpha))

    def log_evidence(self, share: float) -> float:
        """Logarithm of an e-value against that share: it reaches `x` at any look with chance exp(-x) if it is true."""
        return _log_evidence(self.successes, self.trials - self.successes, share)


class DifferenceSequence:
    """Difference of two shares, as of a canary and the champion; the two may have any number of trials each.

    Exact. The joint evidence against a pair of shares is the product of both; a difference is kept while one pair that
    has it is not refuted. With arms of like size that is an eighth narrower than the difference of two intervals, since
    errors add like the sides of a right angle; with a very small arm it is as wide.
    """

    def __init__(self, *, alpha: float = 0.05) -> None:
        """`alpha` is the chance that the difference lies outside at any look at all."""
        self.alpha = alpha
        self.before, self.now = ProportionSequence(alpha=alpha), ProportionSequence(alpha=alpha)

    def update(
        self, *, successes_before: float = 0, trials_before: int = 0, successes_now: float = 0, trials_now: int = 0
    ) -> Interval:
        """Add a batch of either or both; the interval of the share now less the share before."""
        self.before.update(successes=successes_before, trials=trials_before)
        self.now.update(successes=successes_now, trials=trials_now)
        return self.interval

    @property
    def interval(self) -> Interval:
        """Of all so far; from -1 to 1 before the first batch."""
        rates = [one.successes / one.trials if one.trials else 0.5 for one in (self.before, self.now)]
        accepts = log(1 / self.alpha)
        return _around(rates[1] - rates[0], -1.0, 1.0, lambda difference: self.log_evidence(difference) < accepts)

    def log_evidence(self, difference: float) -> float:
        """Logarithm of an e-value against that difference, at the pair of shares that suits the counts best."""
        low, high = max(0.0, -difference), min(1.0, 1.0 - difference)
        for _ in range(HALVINGS):
            share = (low + high) / 2
            low, high = (share, high) if self._falls(share, difference) else (low, share)
        share = (low + high) / 2
        return self.before.log_evidence(share) + self.now.log_evidence(share + difference)

    def _falls(self, share: float, difference: float) -> bool:
        """Whether a higher pair of shares suits the counts better."""
        slope = 0.0
        for one, at in ((self.before, share), (self.now, share + difference)):
            if one.trials:
                slope += one.successes / max(at, TINY) - (one.trials - one.successes) / max(1 - at, TINY)
        return slope > 0


class MeanSequence:
    """Mean of any numbers with a finite variance; holds in the limit, so not before some hundred rows.

    Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and asymptotic confidence
    sequences", Annals of Statistics 52 (2024), theorem 2.2.
    """

    def __init__(self, *, alpha: float = 0.05, narrowest_at: int = 1000) -> None:
        """`narrowest_at` is the number of rows at which the interval is to be as narrow as it can be."""
        self.alpha = alpha
        spare = -2 * log(alpha)
        self._scale = (spare + log(spare + 1)) / narrowest_at
        self.rows, self.mean, self._squares = 0, 0.0, 0.0
        self.ignored = 0
        """Batches that hold no rows or no numbers."""

    def update(self, *, rows: int, mean: float, variance: float) -> Interval:
        """Add a batch by its number of rows, mean, and mean square of the deviations; the interval of all so far."""
        if rows < 1 or not isfinite(mean) or not 0 <= variance < inf:
            self.ignored += 1
            return self.interval
        together, apart = self.rows + rows, mean - self.mean
        self._squares += rows * variance + apart * apart * self.rows * rows / together
        self.mean += apart * rows / together
        self.rows = together
        return self.interval

    @property
    def interval(self) -> Interval:
        """Of all so far; everything while there are fewer than two rows."""
        if self.rows < 2:
            return Interval(-inf, inf)
        reach = self.rows * self._scale + 1
        variance = self._squares / self.rows
        half = sqrt(variance * 2 * reach / (self.rows * self.rows * self._scale) * log(sqrt(reach) / self.alpha))
        return Interval(self.mean - half, self.mean + half)


def quantile_interval(source: ArrayLike | Sketch, share: float, *, alpha: float = 0.05) -> Interval:
    """Of the value that a `share` of all is not above, valid at every look at a growing window.

    From the numbers of values on either side, which are like coins (Howard and Ramdas, "Sequential estimation of
    quantiles", Bernoulli 28, 2022); exact for values of any distribution, tied ones too. An end is infinite while there
    are too few rows. From a sketch that has thinned its rows it is widened by the sketch's error, which holds at 99 %
    of single looks only.
    """
    sample = sample_of(source)
    rows = sample.rows
    slack = sample.rank_error * rows
    counts = _around(
        share * rows, 0.0, float(rows), lambda ones: _log_evidence(ones, rows - ones, share) < log(1 / alpha)
    )
    low, high = ceil(counts.low - slack - ROUNDING), floor(counts.high + slack + ROUNDING) + 1
    return Interval(
        float(sample.quantile(low / rows)) if low > 0 else -inf,
        float(sample.quantile(high / rows)) if high <= rows else inf,
    )


def _around(middle: float, lowest: float, highest: float, accepts: Callable[[float], bool]) -> Interval:
    """Ends of what is accepted around a value that is, both a little too far out rather than in."""
    return Interval(_end(middle, lowest, accepts), _end(middle, highest, accepts))


def _end(inside: float, outside: float, accepts: Callable[[float], bool]) -> float:
    if accepts(outside):
        return outside
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if accepts(middle) else (inside, middle)
    return outside


def _log_evidence(successes: float, failures: float, share: float) -> float:
    return _mixture(successes, failures) + _surprise(successes, failures, share)


def _mixture(successes: float, failures: float) -> float:
    """Logarithm of the mean likelihood over all shares, weighted by the prior."""
    return (lgamma(successes + PRIOR) + lgamma(failures + PRIOR) - lgamma(successes + failures + 2 * PRIOR)) - (
        2 * lgamma(PRIOR) - lgamma(2 * PRIOR)
    )


def _surprise(successes: float, failures: float, share: float) -> float:
    """Logarithm of one over the likelihood of that share; infinite where it cannot be."""
    if (share <= 0 and successes > 0) or (share >= 1 and failures > 0):
        return inf
    seen = successes * log(share) if successes else 0.0
    return -seen - (failures * log1p(-share) if failures else 0.0)
