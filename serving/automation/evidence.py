"""How surely a mean loss lies under a target: p-values of the hypothesis that it does not.

`betting` holds at every look, for any losses in [0, 1] and for reviews drawn with unequal known probabilities.
`one_look` is sharper and holds for one look at reviews that all had the same probability. Pure; knows no threshold:
each takes losses in some order and answers for their first `counts[k]`, for each k.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitoring.detectors.confidence_sequence import Interval
from monitoring.detectors.tails import log_choose

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Test = Callable[[Floats, Floats, Counts, float], Floats]
"""Losses and weights of shape (n,), counts of shape (k,) and the target: p-values of shape (k,)."""

STAKES: Final = np.array([0.2, 0.4, 0.6, 0.8, 0.95])
"""Shares of the most that may be staked on every loss; a bet is placed on each of them."""
FINE_STAKES: Final = np.array([0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95])
"""The same for both ends of an interval: against a mean near 0 little can be staked."""
HALVINGS: Final = 30


def betting(loss: Floats, weight: Floats, counts: Counts, target: float) -> Floats:
    """One over the wealth of somebody who bets, on every loss, that their mean is below the target.

    Where it is not, the wealth is a supermartingale, whatever is bet, so it seldom grows: it reaches 1 / p at any look
    at all with chance p (Ville). So one may look as often as one likes. A loss counts by its weight, since the factor
    1 + stake * weight * (target - loss) / (1 - target) has, over which queries are chosen for review, the mean that it
    would have if all were reviewed. See Waudby-Smith and Ramdas, "Estimating means of bounded random variables by
    betting", JRSS B 86 (2023); the mean over fixed stakes makes the order of the reviews indifferent.

    >>> none_wrong = np.zeros(200)
    >>> betting(none_wrong, np.ones(200), np.array([0, 50, 200]), 0.05).round(3).tolist()
    [1.0, 0.175, 0.0]
    """
    return np.asarray(np.exp(-np.maximum(log_wealth(loss, weight, counts, target), 0.0)))


def log_wealth(loss: Floats, weight: Floats, counts: Counts, target: float, *, stakes: Floats = STAKES) -> Floats:
    """Logarithm of the wealth after the first `counts[k]` losses, shape (k,); rises with the target."""
    gain = weight * (target - loss) / (1 - target)
    steps = np.log1p(gain[:, None] * stakes)
    wealth = np.vstack([np.zeros(len(stakes)), np.cumsum(steps, axis=0)])[counts]
    most = wealth.max(axis=1)
    return np.asarray(most + np.log(np.exp(wealth - most[:, None]).mean(axis=1)))


def one_look(loss: Floats, weight: Floats, counts: Counts, target: float) -> Floats:
    """The exact binomial tail where losses are 0 or 1, else the bound of Hoeffding and Bentkus.

    Bates, Angelopoulos, Lei, Malik and Jordan, "Distribution-free, risk-controlling prediction sets", JACM 68 (2021).
    Raises ValueError for weights that differ: thin such reviews before.

    >>> one_look(np.zeros(59), np.ones(59), np.array([58, 59]), 0.05).round(4).tolist()
    [0.051, 0.0485]
    """
    if len(weight) and weight.min() < weight.max():
        raise ValueError("reviews with unequal probabilities have to be thinned for a test of one look")
    total = np.concatenate([[0.0], np.cumsum(loss)])[counts]
    tail = np.array([_binomial_tail(int(n), np.ceil(s - 1e-9), target) for n, s in zip(counts, total, strict=True)])
    if ((loss == 0) | (loss == 1)).all():
        return tail
    mean = np.minimum(total / np.maximum(counts, 1), target)
    hoeffding = np.exp(-counts * _divergence(mean, target))
    return np.asarray(np.minimum(np.minimum(hoeffding, np.e * tail), 1.0))


def mean_interval(loss: Floats, weight: Floats, *, confidence: float) -> Interval:
    """Of the mean loss, valid at every look; from 0 to 1 without reviews."""
    level = np.log(2 / (1 - confidence))
    return Interval(1 - _end(1 - loss, weight, level), _end(loss, weight, level))


def weighted_mean(loss: Floats, weight: Floats) -> float | None:
    """The mean loss over all queries, reviewed or not; None without reviews."""
    return float(loss @ weight / weight.sum()) if len(loss) else None


def _end(loss: Floats, weight: Floats, level: float) -> float:
    """The least target that the mean is surely below."""
    counts, low, high = np.array([len(loss)]), 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        wealth = log_wealth(loss, weight, counts, middle, stakes=FINE_STAKES)[0]
        low, high = (low, middle) if wealth >= level else (middle, high)
    return high


def _binomial_tail(trials: int, losses: float, share: float) -> float:
    """Chance of so many losses or fewer."""
    seen = np.arange(min(losses, trials) + 1)
    logs = log_choose(trials, seen) + seen * np.log(share) + (trials - seen) * np.log1p(-share)
    return float(min(np.exp(logs).sum(), 1.0))


def _divergence(mean: Floats, target: ArrayLike) -> Floats:
    """Of two coins (Kullback and Leibler), in nats."""
    aim = np.asarray(target, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        wrong = np.where(mean > 0, mean * np.log(mean / aim), 0.0)
        right = np.where(mean < 1, (1 - mean) * np.log((1 - mean) / (1 - aim)), 0.0)
    return np.asarray(wrong + right)
