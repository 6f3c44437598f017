"""What finished reviews tell of a class of traffic, and what the queue tells of its confidences. Pure.

Taken are items that were drawn with a known probability and whose judge had not seen the model's text; one that nobody
could understand is no error and no success. A query is right where every word is.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

from serving.automation.record import EVERYONE, Change, ClassState
from serving.automation.reviewed import Reviewed, Reviews
from serving.automation.steps import refreshed
from serving.automation.threshold import Choice, Rule, candidates, choose
from serving.review.item import ReviewItem, State

ENOUGH_DRAWN: Final = 100
"""Queries of which the candidates for a threshold are made, before any loss is looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The part of a class's traffic that was drawn for review, reviewed or not."""

    confidences: tuple[float, ...] = ()
    queries_a_day: tuple[float, ...] = ()
    """How many each stands for."""
    reviews: Reviews = field(default_factory=lambda: Reviews.of([]))
    """Of them, those that a person has judged."""


def drawn_of(
    items: Iterable[ReviewItem], traffic_class: str, *, variant: str, classes: Collection[str], days: float
) -> Drawn:
    """The items of a class whose answer came from that variant.

    `classes` are all that there are, and `days` the time from which the items are. Raises ValueError for items that
    cannot be, such as one with a negative probability.
    """
    known = [
        (one, sure, chance)
        for one in items
        if one.answer.variant == variant
        and (one.traffic_class if one.traffic_class in classes else EVERYONE) == traffic_class
        and (sure := one.answer.confidence) is not None
        and (chance := one.inclusion_probability) is not None
    ]
    rows = [
        Reviewed(confidence=sure, loss=loss, probability=chance)
        for one, sure, chance in known
        if (loss := _loss(one)) is not None
    ]
    return Drawn(
        confidences=tuple(sure for _, sure, _ in known),
        queries_a_day=tuple(1 / chance / days for _, _, chance in known),
        reviews=Reviews.of(rows, least_probability=min((chance for _, _, chance in known), default=None)),
    )


def look(state: ClassState, drawn: Drawn, *, variant: str, now: float) -> tuple[ClassState, Change | None]:
    """What a class is after a look at its reviews; candidates are made once for each variant."""
    among = state.candidates if variant == state.variant else ()
    if not among and len(drawn.confidences) >= ENOUGH_DRAWN:
        among = candidates(drawn.confidences, drawn.queries_a_day)
    rule = Rule(target_risk=state.target_risk, confidence=state.confidence)
    chosen = choose(drawn.reviews, among, rule) if among else _too_few(drawn)
    return refreshed(state, chosen, variant=variant, among=among, now=now)


def _too_few(drawn: Drawn) -> Choice:
    why = f"too few queries were drawn for review: {len(drawn.confidences)} of {ENOUGH_DRAWN}"
    return Choice(threshold=None, why=why, reviews=len(drawn.reviews))


def _loss(item: ReviewItem) -> float | None:
    if item.state is not State.DONE or item.score is None or item.answer_shown:
        return None
    return float(item.score.errors > 0)
