"""Fits the retry detector to pairs and judges it on other pairs: logistic regression with a small L2 penalty.

Knows pairs and features; where pairs come from it does not. Needs the extra `fit`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from data_pipeline.behaviour.pairs import Pair
from monitoring.behaviour.retry import FEATURES, RetryDetector, features

PENALTY: Final = 1.0
"""Of half the squared weights, the intercept's apart, against the summed log loss: features are all in [0, 1]."""
RESAMPLES: Final = 2_000

Matrix = NDArray[np.float64]
Judge = Callable[[str, str], bool]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Share of right verdicts, with its 95 % interval: a bootstrap over what was meant by the first query."""

    pairs: int
    accuracy: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A detector on pairs that it was not fitted to."""

    overall: Accuracy
    balanced: float
    """Mean of the shares that are right of retries and of others, as far as there are both."""
    kinds: dict[str, Accuracy]


def fit(pairs: Sequence[Pair]) -> RetryDetector:
    """The most likely weights. Both classes weigh the same, whatever their numbers. Pairs must hold both."""
    from scipy.optimize import minimize

    values = np.array([features(one.first, one.second) for one in pairs])
    targets = np.array([one.is_retry for one in pairs])
    shares = np.where(targets, 0.5 / targets.mean(), 0.5 / (1 - targets.mean()))
    penalized = np.array([name != "intercept" for name in FEATURES])

    def loss(weights: Matrix) -> tuple[float, Matrix]:
        margin = values @ weights
        off = shares * (1 / (1 + np.exp(-margin)) - targets)
        total = (shares * (np.logaddexp(0, margin) - margin * targets)).sum()
        gradient = values.T @ off + PENALTY * weights * penalized
        return float(total + PENALTY / 2 * (weights[penalized] ** 2).sum()), gradient

    found = minimize(loss, np.zeros(values.shape[1]), jac=True, method="L-BFGS-B").x
    return RetryDetector(tuple(found.round(4).tolist()))


def edit_distance_judge(pairs: Sequence[Pair]) -> tuple[Judge, float]:
    """What there is to beat: one threshold on the normalized edit distance, the best one on these pairs."""
    likeness = np.array([Levenshtein.normalized_similarity(one.first, one.second) for one in pairs])
    targets = np.array([one.is_retry for one in pairs])
    steps = np.linspace(0, 1, 101)
    threshold = float(steps[np.argmax([_balanced(targets, likeness >= step) for step in steps])])
    return lambda first, second: Levenshtein.normalized_similarity(first, second) >= threshold, threshold


def judge(pairs: Sequence[Pair], is_retry: Judge, *, seed: int = 0) -> Judged:
    """Verdicts against the truth."""
    verdicts = np.array([is_retry(one.first, one.second) for one in pairs])
    targets = np.array([one.is_retry for one in pairs])
    right = verdicts == targets
    kinds = {}
    for kind in sorted({one.kind for one in pairs}):
        chosen = np.array([one.kind == kind for one in pairs])
        groups = [one.group for one in pairs if one.kind == kind]
        kinds[kind] = _accuracy(right[chosen], groups, seed)
    overall = _accuracy(right, [one.group for one in pairs], seed)
    return Judged(overall=overall, balanced=_balanced(targets, verdicts), kinds=kinds)


def _balanced(targets: NDArray[np.bool_], verdicts: NDArray[np.bool_]) -> float:
    right = verdicts == targets
    return float(np.mean([right[targets == kind].mean() for kind in np.unique(targets)]))


def _accuracy(right: NDArray[np.bool_], groups: Sequence[str], seed: int) -> Accuracy:
    _, numbers = np.unique(np.array(groups), return_inverse=True)
    totals, hits = np.bincount(numbers), np.bincount(numbers, weights=right)
    drawn = np.random.default_rng(seed).integers(len(totals), size=(RESAMPLES, len(totals)))
    low, high = np.percentile(hits[drawn].sum(axis=1) / totals[drawn].sum(axis=1), [2.5, 97.5])
    return Accuracy(len(right), float(right.mean()), float(low), float(high))
