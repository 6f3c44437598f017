"""How many queries people can listen to, and what it costs in errors where that does not suffice. Pure.

What they cannot take, the model answers below its threshold. The least confident queries go to people first: there one
of them saves most errors. What people write counts as right.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from monitoring.detectors.confidence_sequence import Interval
from serving.automation.evidence import Floats, mean_interval, weighted_mean
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
    def closed_for(self) -> str | None:
        """Why they can take none; None where they can."""
        if not self.daily_budget:
            return "nobody is there to listen (daily_budget is 0)"
        if self.sent_today >= self.daily_budget:
            return f"the day's budget of {self.daily_budget} is spent, until midnight UTC"
        return f"{self.backlog} wait for people already" if self.backlog >= self.max_backlog else None

    @property
    def is_left(self) -> bool:
        """Can they take one more?"""
        return self.closed_for is None

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
        if not self.wanted_a_day:
            return "no queries are known so far that would fall to people"
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
    queries_a_day: ArrayLike,
    *,
    threshold: float | None,
    daily_budget: int,
    confidence: float = 0.95,
) -> Shortfall:
    """What the budget costs for a day's traffic; without a threshold all of it falls to people.

    Each of the `confidences`, shape (n,), stands for so many `queries_a_day`, a number or shape (n,).
    """
    sure = np.asarray(confidences, float)
    queries = np.broadcast_to(np.asarray(queries_a_day, float), sure.shape)
    top = math.inf if threshold is None else threshold
    below = sure < top
    wanted = float(queries[below].sum())
    cut = cut_of(sure[below], queries[below], daily_budget=daily_budget)
    taken = min(wanted, float(daily_budget))
    left, band = wanted - taken, reviews.between(cut, top)
    risk, interval = weighted_mean(band.loss, band.weight), Interval(0.0, 0.0)
    if left:
        interval = mean_interval(band.loss, band.weight, confidence=confidence)
    return Shortfall(
        wanted_a_day=wanted,
        taken_a_day=taken,
        cut=min(cut, top),
        extra_errors_a_day=left * risk if risk is not None else None if left else 0.0,
        interval=Interval(left * interval.low, left * interval.high),
    )


def cut_of(confidences: Floats, queries_a_day: Floats, *, daily_budget: int) -> float:
    """Below which confidence people can take all that falls to them; infinite where that is everything.

    `confidences`, shape (n,), are those of queries that fall to people; each stands for so many `queries_a_day`.
    """
    if queries_a_day.sum() <= daily_budget:
        return math.inf
    order = np.argsort(confidences)
    fits = np.cumsum(queries_a_day[order]) <= daily_budget
    return float(confidences[order][int(fits.sum())])
