"""Exact confidence intervals of counts: of a Poisson mean and of a share. Knows nothing of what was counted."""

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, lgamma, log
from typing import Final

_HALVINGS: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A two-sided confidence interval."""

    low: float
    high: float


def poisson_interval(count: int, *, level: float = 0.95) -> Interval:
    """Exact interval of the mean of a Poisson count (Garwood, Biometrika 28, 1936).

    >>> round(poisson_interval(0).high, 3), round(poisson_interval(10).low, 3)
    (3.689, 4.795)
    """
    tail = (1 - level) / 2
    top = 2.0 * count + 20.0 - 4 * log(tail)
    high = _crossing(lambda mean: _poisson_at_most(count, mean), tail, top)
    low = _crossing(lambda mean: _poisson_at_most(count - 1, mean), 1 - tail, top) if count else 0.0
    return Interval(low=low, high=high)


def binomial_interval(count: int, of: int, *, level: float = 0.95) -> Interval:
    """Exact interval of a share (Clopper and Pearson, Biometrika 26, 1934). Raises ValueError for a share of nothing.

    >>> round(binomial_interval(0, 100).high, 4), round(binomial_interval(10, 100).low, 4)
    (0.0362, 0.049)
    """
    if not 0 <= count <= of or of == 0:
        raise ValueError(f"{count} of {of} is no share")
    tail = (1 - level) / 2
    high = _crossing(lambda share: _binomial_at_most(count, of, share), tail, 1.0) if count < of else 1.0
    low = _crossing(lambda share: _binomial_at_most(count - 1, of, share), 1 - tail, 1.0) if count else 0.0
    return Interval(low=low, high=high)


def _crossing(falling: Callable[[float], float], level: float, top: float) -> float:
    """Where a function that falls from 1 at 0 passes a level."""
    low, high = 0.0, top
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if falling(middle) > level else (low, middle)
    return (low + high) / 2


def _poisson_at_most(count: int, mean: float) -> float:
    return sum(exp(k * log(mean) - mean - lgamma(k + 1)) for k in range(count + 1)) if mean > 0 else 1.0


def _binomial_at_most(count: int, of: int, share: float) -> float:
    if not 0 < share < 1:
        return float(share <= 0)
    ways = (lgamma(of + 1) - lgamma(k + 1) - lgamma(of - k + 1) for k in range(count + 1))
    return sum(exp(way + k * log(share) + (of - k) * log(1 - share)) for k, way in enumerate(ways))
