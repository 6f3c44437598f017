"""Tests of two variants that stay valid at every look: bets on blocks of queries of both. Knows no signal.

A bet says what the two shares are, and wins where that is likelier than under the nearest pair that the hypothesis
allows. If the hypothesis is true, capital grows on average at no look, so it ever multiplies by x with chance 1/x at
most, whenever one looks or stops. Turner, Ly and Grünwald, "Generic E-variables for exact sequential k-sample tests
that allow for optional stopping", Journal of Statistical Planning and Inference 230 (2024). The champion's share is
learnt from the blocks before. Shares may change from block to block, as by day and night, as long as they do so in
both arms alike; so may the share of users.

Numbers in [0, 1] serve as well as zeros and ones, and as exactly; bets are then as careful as if they were.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

BLOCK: Final = 10
"""A block is bet on once each arm has as many queries."""
HARMS: Final = (2.0, 4.0, 16.0)
"""Harms that are bet on, in margins: those that are plausible and matter."""
HARM_WEIGHTS: Final = (0.2, 0.6, 0.2)

_RAREST, _NEVER, _HALVINGS = 1e-4, 1e-9, 40


def log_gain(
    n_champion: ArrayLike,
    bad_champion: ArrayLike,
    n_candidate: ArrayLike,
    bad_candidate: ArrayLike,
    *,
    rate: ArrayLike,
    bet: ArrayLike,
    against: ArrayLike,
) -> Floats:
    """Logarithm of what capital multiplies by in a block; arguments broadcast against each other.

    `rate` is the champion's share as it was known before the block, and the bet that the candidate's is higher by
    `bet`. Above `against`, the bet is against "the difference is `against` at most", below it against "at least".
    """
    n0, n1 = np.asarray(n_champion, np.float64), np.asarray(n_candidate, np.float64)
    x0, x1 = np.asarray(bad_champion, np.float64), np.asarray(bad_candidate, np.float64)
    offset = np.asarray(bet, np.float64)
    a: Floats = np.clip(np.asarray(rate, np.float64), _RAREST, 1 - _RAREST)
    b: Floats = np.clip(a + offset, _RAREST, 1 - _RAREST)
    limit = np.asarray(against, np.float64)
    if not limit.any():
        a0 = b0 = (n0 * a + n1 * b) / (n0 + n1)
    else:
        a0 = _nearest(n0, a, n1, b, limit)
        b0 = a0 + limit
    won = x0 * np.log(a / a0) + (n0 - x0) * np.log((1 - a) / (1 - a0))
    won += x1 * np.log(b / b0) + (n1 - x1) * np.log((1 - b) / (1 - b0))
    return np.where(np.where(offset > limit, b - a > limit, b - a < limit), won, 0.0)


def log_mixture(log_capitals: ArrayLike, weights: ArrayLike, *, dispersion: ArrayLike = 1.0) -> Floats:
    """Logarithm of the weighted mean of capitals along the last axis: one bet that is spread over several.

    A dispersion over 1 takes that root of every capital, which leaves it a valid one.
    """
    roots = np.asarray(log_capitals, np.float64) / np.asarray(dispersion, np.float64)[..., None]
    return np.asarray(np.logaddexp.reduce(roots + np.log(np.asarray(weights, np.float64)), axis=-1), np.float64)


def _nearest(n0: Floats, a: Floats, n1: Floats, b: Floats, difference: Floats) -> Floats:
    """The champion's share in the pair with that difference from which the bet is hardest to tell (least divergence).

    There the slopes of both likelihoods cancel, which makes the gain an e-variable: the logarithm of its expectation is
    concave along the pairs with that difference, and it is 0 and flat at this one.
    """
    low = np.maximum(np.minimum(a, b - difference), np.maximum(_NEVER, _NEVER - difference))
    high = np.minimum(np.maximum(a, b - difference), np.minimum(1 - _NEVER, 1 - _NEVER - difference))
    low, high = np.broadcast_arrays(low, high, n0 + n1)[:2]
    for _ in range(_HALVINGS):
        a0 = (low + high) / 2
        b0 = a0 + difference
        rises = n0 * (a - a0) / (a0 * (1 - a0)) + n1 * (b - b0) / (b0 * (1 - b0)) > 0
        low, high = np.where(rises, a0, low), np.where(rises, high, a0)
    return (low + high) / 2
