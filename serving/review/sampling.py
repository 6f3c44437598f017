"""Which requests people look at: each with a known probability, those that the model is unsure of oftener.

Poisson sampling by a hash of the request's id, so that replicas agree and a restart draws nobody twice. The probability
goes with the square root of the chance of an error, which is the deviation of what is to be estimated (Neyman
allocation), between a floor, so that no kind of request is left out, and a ceiling. Pure; knows no queue.
"""

from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from pydantic import model_validator

from serving.section import Positive, Section, Share
from serving.traffic import place

DRAW_SALT: Final = "review"
AGREEMENT_SALT: Final = "review/agreement"
HALVINGS: Final = 50


class Sampling(Section):
    """How much people look at."""

    daily_reviews: Positive = 200.0
    """Requests of each variant that each replica draws for review in a day, about."""
    min_share: Positive = 0.002
    """The floor: no request with consent is drawn more seldom; with much traffic it goes before `daily_reviews`."""
    max_share: Positive = 0.5
    """Nor more often, however little traffic there is."""
    agreement_share: Share = 0.1
    """Of the items drawn, those that two people review independently."""

    @model_validator(mode="after")
    def _check(self) -> "Sampling":
        if not self.min_share <= self.max_share <= 1:
            raise ValueError("must have min_share <= max_share <= 1")
        return self


def uncertainty(confidence: float | None) -> float:
    """Deviation of "is it wrong?", in [0, 1]; 1 where nothing is known.

    >>> uncertainty(0.75), uncertainty(None)
    (0.5, 1.0)
    """
    return 1.0 if confidence is None or not 0 <= confidence <= 1 else sqrt(1 - confidence)


def probability(uncertain: float, gain: float, sampling: Sampling) -> float:
    """With which a request of that uncertainty is drawn.

    >>> probability(0.5, 0.2, Sampling()), probability(0.0, 0.2, Sampling()), probability(1.0, 9.0, Sampling())
    (0.1, 0.002, 0.5)
    """
    return min(max(gain * uncertain, sampling.min_share), sampling.max_share)


def gain_for(uncertain: ArrayLike, reviews: float, sampling: Sampling) -> float:
    """The gain with which about so many of requests of these uncertainties are drawn; 0 where the floor is enough."""
    values = np.asarray(uncertain, np.float64)
    low, high = 0.0, sampling.max_share / max(float(values[values > 0].min(initial=1.0)), sampling.min_share)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        drawn = np.clip(middle * values, sampling.min_share, sampling.max_share).sum()
        low, high = (middle, high) if drawn < reviews else (low, middle)
    return low


def is_drawn(request_id: str, with_probability: float) -> bool:
    """Is it one of those that people look at? The same on every replica."""
    return place(request_id, DRAW_SALT) < with_probability


def required_labelers(request_id: str, sampling: Sampling) -> int:
    """Two for a sample of those drawn, to see how far people agree."""
    return 2 if place(request_id, AGREEMENT_SALT) < sampling.agreement_share else 1
