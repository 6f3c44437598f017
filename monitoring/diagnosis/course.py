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
    time = np.arange(len(means))
    step = min(_error((time >= start).astype(float), means, n) for start in time)
    ramp = min(_error(np.maximum(time - start + 1.0, 0.0), means, n) for start in time[: -LEAST_PANES // 2])
    return Pace.GRADUAL if ramp < BETTER * step else Pace.SHOCK


def _error(shape: NDArray[np.float64], means: NDArray[np.float64], n: NDArray[np.float64]) -> float:
    """Weighted squared error of the best multiple of a shape."""
    size = float(n @ (shape * means)) / max(float(n @ shape**2), 1e-12)
    return float(n @ (means - size * shape) ** 2)
