"""Evidence from recordings that both variants heard: only those on which they differ tell which is worse.

Knows no signal. If the candidate is no worse, each differing pair speaks against it with chance 1/2 at most (McNemar's
test, made sequential by a mixture of likelihood ratios), whatever the recordings are like.
"""

from dataclasses import dataclass
from math import log
from typing import Final, Self

import numpy as np

from monitoring.detectors.confidence_sequence import ProportionSequence

_AGAINST: Final = np.array([0.6, 0.75, 0.95])
"""Shares of the differing pairs that speak against the candidate, to be bet on equally."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Recordings that both heard, and how one yes or no came out."""

    n: int = 0
    worse: int = 0
    """Bad with the candidate only."""
    better: int = 0
    """Bad with the champion only."""

    def plus(self, other: Self) -> "Pairs":
        """Both together."""
        return Pairs(n=self.n + other.n, worse=self.worse + other.worse, better=self.better + other.better)

    @property
    def difference(self) -> float:
        """Of the candidate's share of bad ones less the champion's; 0 without pairs."""
        return (self.worse - self.better) / self.n if self.n else 0.0


def log_harm(pairs: Pairs) -> float:
    """Logarithm of the capital of bets against "the candidate is no worse"; valid at every look.

    >>> log_harm(Pairs(n=500, worse=12, better=0)) > log(100) > log_harm(Pairs(n=500, worse=12, better=10))
    True
    """
    capitals = pairs.worse * np.log(2 * _AGAINST) + pairs.better * np.log(2 * (1 - _AGAINST))
    return float(np.logaddexp.reduce(capitals) - log(len(_AGAINST)))


def most_harm(pairs: Pairs, *, alpha: float) -> float:
    """Largest difference of shares that the pairs leave possible; too small at any look with chance `alpha` at most.

    The share of differing pairs, times the excess of bad ones among them, each at its upper end for half of `alpha`.
    """
    differ = pairs.worse + pairs.better
    many = ProportionSequence(alpha=alpha / 2).update(successes=differ, trials=pairs.n).high
    against = ProportionSequence(alpha=alpha / 2).update(successes=pairs.worse, trials=differ).high
    return many * max(2 * against - 1, 0.0)
