"""Draws requests for review as they are answered, so that the reviews of a day come out near what was asked for.

Remembers of each variant how sure it was of its latest requests and how fast they came; the gain comes from the past
only, so a request's probability is known before it is drawn. Not for several threads.
"""

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Final

from serving.review.sampling import Sampling, gain_for, is_drawn, probability, uncertainty

DAY_S: Final = 86_400.0
WINDOW: Final = 2000
"""Requests of a variant that are remembered."""
EVERY: Final = 100
"""Requests after which the gain is worked out anew."""
FIRST_GAIN: Final = 0.2
"""Before it is known how many requests come."""
MAX_VARIANTS: Final = 64


@dataclass(slots=True)
class _Traffic:
    gain: float = FIRST_GAIN
    seen: int = 0
    latest: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=WINDOW))
    """Times and uncertainties."""


class Sampler:
    """Every variant has reviews of its own, so that a small canary is known as well as its champion."""

    def __init__(self, sampling: Sampling) -> None:
        self.sampling = sampling
        self._variants: OrderedDict[str, _Traffic] = OrderedDict()

    def draw(self, request_id: str, *, variant: str, confidence: float | None, at: float) -> float | None:
        """The probability with which the request was drawn, None where it was not; `at` in seconds since 1970 UTC."""
        traffic = self._variants.setdefault(variant, _Traffic())
        self._variants.move_to_end(variant)
        if len(self._variants) > MAX_VARIANTS:
            self._variants.popitem(last=False)
        uncertain = uncertainty(confidence)
        chance = probability(uncertain, traffic.gain, self.sampling)
        traffic.latest.append((at, uncertain))
        traffic.seen += 1
        if traffic.seen % EVERY == 0:
            traffic.gain = self._gain(traffic)
        return chance if is_drawn(request_id, chance) else None

    def _gain(self, traffic: _Traffic) -> float:
        times, uncertain = zip(*traffic.latest, strict=True)
        days = (max(times) - min(times)) / DAY_S
        return gain_for(uncertain, self.sampling.daily_reviews * days, self.sampling)
