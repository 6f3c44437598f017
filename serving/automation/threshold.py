"""From which confidence on the model may answer by itself, so that its errors surely stay under a target.

Learn-then-test (Angelopoulos, Bates, Candès, Jordan and Lei, "Learn then test", 2021): for each candidate threshold the
hypothesis "the risk of what is answered at and above it is higher than the target" is tested, from the highest on, and
the lowest one whose hypothesis is refuted is chosen. The chance that its risk is above the target is 1 - `confidence`
at most, over all thresholds tried and, with `betting`, over all looks: it may be chosen anew with each review.

Candidates have to be fixed before the losses are seen: `candidates` takes them from confidences alone, and they are
kept. The queries must be alike over time: begin anew with a new model. Pure; knows no store.
"""

from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from serving.automation.evidence import Floats, Test, betting, weighted_mean
from serving.automation.reviewed import Reviews

COVERAGES: Final = tuple(step / 20 for step in range(1, 21))
"""Shares of the traffic that candidates would let the model answer."""
STARTS: Final = tuple(COVERAGES.index(share) for share in (0.05, 0.25, 0.5, 0.75))
"""Places of the candidates at which testing begins, each with an equal part of the chance of error; see `refuted`."""
ROUNDING: Final = 1e-9
LEAST_TARGET: Final = 1e-4
"""A lower risk would take more reviews than anybody can do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What is asked for."""

    target_risk: float
    """Most mean loss of what the model answers by itself, in [0.0001, 1)."""
    confidence: float = 0.95
    """How surely it has to stay below, in (0, 1)."""
    test: Test = betting
    """Which test refutes: `betting` for one look after the other, `one_look` for a data set that is complete."""

    def __post_init__(self) -> None:
        if not LEAST_TARGET <= self.target_risk < 1:
            raise ValueError(f"the target of the risk is {self.target_risk:g}; it lies between {LEAST_TARGET:g} and 1")
        if not 0 < self.confidence < 1:
            raise ValueError(f"the confidence is {self.confidence:g}; it lies between 0 and 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A threshold, or why there is none."""

    threshold: float | None
    """The model answers at this confidence or more; None: never."""
    why: str
    """One sentence for people."""
    reviews: int
    """At or above the threshold; all of them where there is none."""
    coverage: float = 0.0
    """Share of the traffic that the model answers."""
    risk: float | None = None
    """Estimate of the mean loss of what it answers."""


def candidates(confidences: ArrayLike, weights: ArrayLike | None = None) -> tuple[float, ...]:
    """Thresholds to choose from, falling, one for each of `COVERAGES` of such traffic; none without confidences.

    `weights`, of the same shape (n,), say how many queries each stands for. The last is the lowest confidence that was
    seen: all of the traffic.

    >>> candidates(np.arange(100) / 100)[-3:]
    (0.1, 0.05, 0.0)
    """
    values = np.asarray(confidences, float)
    if not len(values):
        return ()
    order = np.argsort(-values)
    share = np.cumsum(np.ones(len(values)) if weights is None else np.asarray(weights, float)[order])
    places = np.searchsorted(share, np.array(COVERAGES) * share[-1] * (1 - ROUNDING))
    return tuple(values[order][places].tolist())


def choose(reviews: Reviews, among: tuple[float, ...], rule: Rule) -> Choice:
    """The lowest of the candidates at which the risk is surely below the target."""
    counts = reviews.above(among)
    held = refuted(rule.test(reviews.loss, reviews.weight, counts, rule.target_risk), 1 - rule.confidence)
    if not held:
        return Choice(threshold=None, why=_too_little(reviews, rule), reviews=len(reviews))
    best = held[-1]
    count = int(counts[best])
    risk = weighted_mean(reviews.loss[:count], reviews.weight[:count]) or 0.0
    coverage = share_above(reviews, among[best])
    why = (
        f"the model answers {coverage:.0%} of the traffic by itself; its risk there is about {risk:.2%} "
        f"and below {rule.target_risk:.2%} at {rule.confidence:.0%} confidence, by {count} reviews"
    )
    return Choice(threshold=among[best], why=why, reviews=count, coverage=coverage, risk=risk)


def refuted(p_values: Floats, alpha: float) -> list[int]:
    """Which hypotheses of a sequence are refuted, so that a true one is among them with chance `alpha` at most.

    The fallback procedure (Wiens, "A fixed sequence Bonferroni procedure", Pharmaceutical Statistics 2, 2003): each
    start has its part of `alpha`, and what was refuted hands the whole of its part on to the next. By a union over the
    true hypotheses it holds at all looks at once for p-values that do.

    >>> refuted(np.array([0.001] * 3 + [0.9] + [0.001] * 2 + [0.9] * 14), 0.05)
    [0, 1, 2, 4, 5]
    """
    part = alpha / len(STARTS)
    found, level = [], 0.0
    for place, p_value in enumerate(p_values.tolist()):
        level += part if place in STARTS else 0.0
        if level and p_value <= level:
            found.append(place)
        else:
            level = 0.0
    return found


def share_above(reviews: Reviews, threshold: float) -> float:
    """Share of all queries, reviewed or not, with that confidence or more."""
    total = reviews.weight.sum()
    return float(reviews.weight[reviews.confidence >= threshold].sum() / total) if total else 0.0


@lru_cache(maxsize=100)
def reviews_needed(rule: Rule) -> int:
    """How many reviews above a threshold it takes if none of them finds an error.

    >>> from serving.automation.evidence import one_look
    >>> reviews_needed(Rule(target_risk=0.05)), reviews_needed(Rule(target_risk=0.05, test=one_look))
    (113, 86)
    """
    level = (1 - rule.confidence) / len(STARTS)
    enough = int(3 * (1 - np.log(level)) / rule.target_risk)

    def surprise(count: int) -> float:
        stop = np.array([count])
        return -float(rule.test(np.zeros(count), np.ones(count), stop, rule.target_risk)[0])

    return bisect_left(range(enough), -level, key=surprise)


def _too_little(reviews: Reviews, rule: Rule) -> str:
    needed = reviews_needed(rule)
    if len(reviews) < needed:
        return (
            f"too few reviews: there are {len(reviews)}, and it takes {needed} without an error above a threshold "
            f"to be {rule.confidence:.0%} sure of a risk below {rule.target_risk:.2%}"
        )
    return (
        f"no threshold has a risk that is surely below {rule.target_risk:.2%} ({rule.confidence:.0%} confidence, "
        f"{len(reviews)} reviews)"
    )
