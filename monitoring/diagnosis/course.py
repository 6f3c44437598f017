"""Did a signal jump, or did it creep? Pure functions over the means of panes."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitoring.findings import Pace

LEAST_PANES: Final = 8
"""Panes since the change before a creep can be told from a jump."""
BETTER: Final = 0.8
"""A ramp must leave at most so much of the squared error that a step leaves."""


def pace_of(means: NDArray[np.float64], n: NDArray[np.float64], before: float) -> Pace:
    """From the means of panes, shape (panes,), with their counts, and the mean before: the better of two fits.

    >>> steps, n = np.repeat([0.0, 1.0], 20), np.full(40, 100.0)
    >>> pace_of(steps, n, 0.0).value, pace_of(np.linspace(0.0, 1.0, 40), n, 0.0).value
    ('shock', 'gradual')
    """
    known = n > 0
    means, n = means[known] - before, n[known]
    if len(means) < LEAST_PANES:
        return Pace.SHOCK
    steps, ramps = _explained(means, n)
    whole = float(n @ means**2)
    step, ramp = whole - steps.max(), whole - ramps[: -LEAST_PANES // 2].max()
    return Pace.GRADUAL if ramp < BETTER * step else Pace.SHOCK


def _explained(means: NDArray[np.float64], n: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of the weighted squares of the means, what the best step and the best ramp that begin at each pane explain.

    For a shape s that is (n s m)^2 / n s^2; with steps of 1 and ramps of 1, 2, 3, ... all of them are sums of sums from
    the end, and s^2 is twice the sum of 1 to s, less s.
    """
    moved, moved_ramp = _from_end(n * means), _from_end(_from_end(n * means))
    size, size_ramp = _from_end(n), _from_end(_from_end(n))
    squares = 2 * _from_end(size_ramp) - size_ramp
    return moved**2 / np.maximum(size, 1e-12), moved_ramp**2 / np.maximum(squares, 1e-12)


def _from_end(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each value and all after it, the sum."""
    return np.cumsum(values[::-1])[::-1]
