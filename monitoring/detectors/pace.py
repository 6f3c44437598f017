"""How fast a level drifts by itself, measured, and how long a window that makes fit to judge by.

The model is a random walk seen through sampling noise (the local level model of Harvey, "Forecasting, structural time
series models and the Kalman filter", 1989), plus few jumps. Its likelihood is computed over a grid of drifts and of
factors by which noise may be larger than the counts say, since requests of one user are alike. Knows no season: take a
daily rhythm out first, or it is taken for drift.
"""

from dataclasses import dataclass
from math import inf, log, sqrt
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitoring.detectors.detector import LARGEST

Floats = NDArray[np.float64]

FEWEST_PANES: Final = 12
WITHIN_95: Final = 1.92
"""How far below its top the log likelihood is at the ends of an interval of 95 %."""

RATIOS: Final = (0.0, *(10 ** (exponent / 5) for exponent in range(-25, 16)))
"""Drift from one pane to the next over the noise of a pane: what is tried."""

FACTORS: Final = tuple(2 ** (step / 2) for step in range(11))
UNSEEN: Final = 1e-4
"""Noise where single values have none, over the square of the range: something must be."""

CANDIDATES: Final = 16
MOST_JUMPS: Final = 3
NEIGHBOURS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Wandering:
    """What was found out about how a level moves."""

    walk_per_h: float | None = None
    """Variance that the level gains in an hour, jumps left out, in the squared unit; None where undefined."""
    low: float = 0.0
    """Of the interval of 95 %; 0 says that no drift is measurable."""
    high: float = inf
    noise_factor: float = 1.0
    """How many times the variance of pane means is what their counts would make it."""
    noise_h: float = 0.0
    """Variance of the mean of an hour's values."""
    jumps: tuple[float, ...] = ()
    """Hours at which the level jumped further than it walks, ascending."""
    undefined: str = ""
    """Why nothing was found out; empty where something was."""

    @property
    def is_measurable(self) -> bool:
        """Whether the level drifts at all, as far as can be told."""
        return self.low > 0

    def window_h(self, *, shortest_h: float, longest_h: float) -> float:
        """Length of the window whose mean is nearest to the present level, within bounds.

        A longer one averages out more noise and lags more: noise / W + walk W / 3 is least at this W, which is the
        root of 3 over the steady-state gain of a Kalman filter. Without measurable drift it is the longest.
        """
        if not self.walk_per_h or not self.is_measurable:
            return longest_h
        gain_per_h = sqrt(self.walk_per_h / self.noise_h) if self.noise_h else inf
        return min(max(sqrt(3) / gain_per_h, shortest_h), longest_h)


@dataclass(frozen=True, slots=True, eq=False)
class _Panes:
    hours: Floats
    means: Floats
    noise: Floats

    @property
    def steps(self) -> Floats:
        return np.diff(self.hours, prepend=self.hours[:1])


def wandering(hours: ArrayLike, means: ArrayLike, counts: ArrayLike, *, variance: float) -> Wandering:
    """How the level behind pane means moves.

    All of shape (n,): when each pane was, the mean of its values and their number. `variance` is that of single values
    around the level, share * (1 - share) for a rate. Panes without a number or without values are left out.
    """
    if not 0 <= variance < inf:
        return Wandering(undefined=f"a variance of single values of {variance}")
    panes = _usable(hours, means, counts, variance)
    if len(panes.hours) < FEWEST_PANES:
        return Wandering(undefined=f"{len(panes.hours)} usable panes, and {FEWEST_PANES} are needed")
    span = float(np.ptp(panes.means))
    if variance == 0:
        if span == 0:
            return Wandering(walk_per_h=0.0, high=0.0)
        panes = _Panes(panes.hours, panes.means, np.full(len(panes.means), UNSEEN * span**2))
    jumps = _jumps(panes, span)
    step_h = float(np.median(panes.steps[1:])) or 1.0
    walks = np.array(RATIOS) * float(np.median(panes.noise)) / step_h
    likelihood = _log_likelihood(panes, _extra(panes, [jumps], span), walks, np.array(FACTORS))[0]
    best = likelihood.max(axis=1)
    factor = FACTORS[int(likelihood[int(best.argmax())].argmax())]
    low, high = _interval(walks, best)
    return Wandering(
        walk_per_h=_peak(walks, best),
        low=low,
        high=high,
        noise_factor=factor,
        noise_h=factor * float(np.median(panes.noise)) * step_h,
        jumps=tuple(panes.hours[sorted(jumps)].tolist()),
    )


def _usable(hours: ArrayLike, means: ArrayLike, counts: ArrayLike, variance: float) -> _Panes:
    columns = np.stack([np.asarray(one, float) for one in (hours, means, counts)])
    columns = columns[:, np.isfinite(columns).all(axis=0) & (columns[2] > 0)]
    at, mean, count = columns[:, np.argsort(columns[0], kind="stable")]
    return _Panes(at, np.clip(mean, -LARGEST, LARGEST), variance / count)


def _log_likelihood(panes: _Panes, extra: Floats, walks: Floats, factors: Floats) -> Floats:
    """Of each row of `extra` variances (r, n) with each walk and each noise factor: shape (r, walks, factors)."""
    shape = (len(extra), len(walks), len(factors))
    level = np.full(shape, panes.means[0])
    spread = np.broadcast_to(panes.noise[0] * factors, shape).copy()
    total = np.zeros(shape)
    for i in range(1, len(panes.means)):
        spread += panes.steps[i] * walks[:, None] + extra[:, i, None, None]
        noise = panes.noise[i] * factors
        expected = spread + noise
        surprise = panes.means[i] - level
        total -= (np.log(expected) + surprise * surprise / expected) / 2
        gain = spread / expected
        level += gain * surprise
        spread = gain * noise
    return total


def _jumps(panes: _Panes, span: float) -> list[int]:
    """Places that are so much likelier with a jump that it is no matter of having looked at all of them."""
    step_h = float(np.median(panes.steps[1:])) or 1.0
    walks = np.array(RATIOS[::4]) * float(np.median(panes.noise)) / step_h
    factors = np.array(FACTORS[::3])
    found: list[int] = []
    demanded = log(len(panes.means) / 0.05)
    while len(found) < MOST_JUMPS:
        places = [place for place in _steepest(panes.means) if place not in found]
        rows = _extra(panes, [found, *([*found, place] for place in places)], span)
        best = _log_likelihood(panes, rows, walks, factors).max(axis=(1, 2))
        if best[1:].max(initial=-inf) - best[0] < demanded:
            break
        found.append(places[int(best[1:].argmax())])
    return found


def _extra(panes: _Panes, jumps: list[list[int]], span: float) -> Floats:
    """Rows of variance for the level, wide as the whole range at jumps."""
    rows = np.zeros((len(jumps), len(panes.means)))
    for row, places in zip(rows, jumps, strict=True):
        row[places] = span * span
    return rows


def _steepest(means: Floats) -> list[int]:
    """Places at which the panes after differ most from those before."""
    sums = np.concatenate(([0.0], np.cumsum(means)))
    at = np.arange(1, len(means))
    before, after = np.maximum(at - NEIGHBOURS, 0), np.minimum(at + NEIGHBOURS, len(means))
    apart = np.abs((sums[after] - sums[at]) / (after - at) - (sums[at] - sums[before]) / (at - before))
    return [int(place) for place in at[np.argsort(-apart)[:CANDIDATES]]]


def _peak(walks: Floats, likelihood: Floats) -> float:
    """Top of the parabola, over the logarithm of the walk, through the best and its neighbours."""
    top = int(likelihood.argmax())
    if top <= 1 or top == len(walks) - 1:
        return float(walks[top])
    left, middle, right = likelihood[top - 1 : top + 2]
    bend = left - 2 * middle + right
    shift = (left - right) / (2 * bend) if bend < 0 else 0.0
    return float(walks[top] * (walks[top + 1] / walks[top]) ** shift)


def _interval(walks: Floats, likelihood: Floats) -> tuple[float, float]:
    """The walks that are not refuted at 95 %; ends are rounded outward to the grid."""
    kept = np.flatnonzero(likelihood >= likelihood.max() - WITHIN_95)
    low, high = int(kept[0]), int(kept[-1])
    return float(walks[max(low - 1, 0)]) if low > 1 else 0.0, float(walks[high + 1]) if high + 1 < len(walks) else inf
