"""How many queries people can listen to, and what it costs in errors where that does not suffice. Pure.

What they cannot take, the model answers below its threshold. The least confident queries go to people first: there one
of them saves most errors. What people write counts as right.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from monitoring.detectors.confidence_sequence import Interval
from serving.automation.evidence import mean_interval, weighted_mean
from serving.automation.reviewed import Reviews


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Where people stand now."""

    backlog: int
    """Queries that wait for them."""
    max_backlog: int
    sent_today: int
    daily_budget: int
    """Most queries a day that are sent to them."""
    cut: float = math.inf
    """Only what is less confident is sent; infinite where they can take all that is below the threshold."""

    @property
    def is_left(self) -> bool:
        """Can they take one more?"""
        return self.backlog < self.max_backlog and self.sent_today < self.daily_budget

    def admits(self, confidence: float | None) -> bool:
        """Can they take one of that confidence? None: the model was not asked, or does not know."""
        return self.is_left and (confidence is None or confidence < self.cut)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """What it costs that people can take less than falls to them."""

    wanted_a_day: float
    """Queries below the threshold."""
    taken_a_day: float
    """Of them, by people."""
    cut: float
    """Below this confidence they go to people, from here to the threshold the model answers."""
    extra_errors_a_day: float | None
    """Sum of the losses that people would have spared; None where nothing is known of such queries."""
    interval: Interval
    """Of that sum, at 95 %."""

    @property
    def by_model_a_day(self) -> float:
        """Queries that the model answers below its threshold."""
        return self.wanted_a_day - self.taken_a_day

    @property
    def sentence(self) -> str:
        """For people."""
        if self.by_model_a_day <= 0:
            return f"people can take all {self.wanted_a_day:.0f} queries a day that fall to them"
        about = "" if self.extra_errors_a_day is None else f"about {self.extra_errors_a_day:.0f}, "
        return (
            f"of {self.wanted_a_day:.0f} queries a day that fall to people they can take {self.taken_a_day:.0f}; the "
            f"model answers {self.by_model_a_day:.0f} below its threshold, from confidence {self.cut:.3f} on, which "
            f"costs {about}{self.interval.low:.0f} to {self.interval.high:.0f} errors more a day"
        )


def shortfall(
    reviews: Reviews,
    confidences: ArrayLike,
    *,
    threshold: float | None,
    queries_a_day: float,
    daily_budget: int,
    confidence: float = 0.95,
) -> Shortfall:
    """What the budget costs for traffic with such `confidences` (shape (n,)); without a threshold all falls to people.

    Raises ValueError without confidences, or for numbers of queries that cannot be.
    """
    values = np.sort(np.asarray(confidences, float))
    if not len(values):
        raise ValueError("without confidences of the traffic nobody can say what falls to people")
    if not (math.isfinite(queries_a_day) and queries_a_day >= 0 and daily_budget >= 0):
        raise ValueError("queries a day and the budget are numbers from 0 on")
    top = math.inf if threshold is None else threshold
    wanted = queries_a_day * float(np.searchsorted(values, top)) / len(values)
    taken = min(wanted, float(daily_budget))
    cut = top if taken == wanted else float(values[int(taken / queries_a_day * len(values))])
    band = reviews.between(cut, top)
    risk, interval = weighted_mean(band.loss, band.weight), Interval(0.0, 0.0)
    if taken < wanted:
        interval = mean_interval(band.loss, band.weight, confidence=confidence)
    left = wanted - taken
    return Shortfall(
        wanted_a_day=wanted,
        taken_a_day=taken,
        cut=cut,
        extra_errors_a_day=left * risk if risk is not None else None if left else 0.0,
        interval=Interval(left * interval.low, left * interval.high),
    )
