"""The life of an item: waiting, claimed, reviewed by one or more people, done. Pure steps from item to item.

A claim is a lease: whoever is silent for longer than it lasts may find another person in their place, and is told so.
With two people who do not agree a third one, who sees both texts, decides. What cannot be done raises Conflict with
how things stand. Knows no database and no clock.
"""

from dataclasses import replace
from typing import Final

from serving.errors import Conflict
from serving.review.item import Claim, Review, ReviewItem, Said, State
from serving.review.scoring import agree, scored

MAX_SKIPS: Final = 3
"""People who skip an item before nobody else is asked."""
DECIDING: Final = 3
"""The opinion that ends a dispute."""


def claimed(item: ReviewItem, labeler: str, *, now: float, lease_s: float) -> ReviewItem:
    """The item in the hands of a person until the lease ends. Raises Conflict."""
    _check_open(item)
    if labeler in item.seen_by:
        raise Conflict(f"{labeler} has reviewed {item.item_id} already; somebody else has to")
    if is_held(item, now=now) and not _is_by(item, labeler):
        raise Conflict(f"{item.item_id} is claimed by {_holder(item)}")
    return replace(item, state=State.CLAIMED, claim=Claim(labeler, now + lease_s))


def renewed(item: ReviewItem, labeler: str, *, now: float, lease_s: float) -> ReviewItem:
    """The same person keeps it for another lease. Raises Conflict."""
    _check_claim(item, labeler)
    return replace(item, state=State.CLAIMED, claim=Claim(labeler, now + lease_s))


def released(item: ReviewItem, labeler: str) -> ReviewItem:
    """Others may have it, and the same person again. Raises Conflict."""
    _check_claim(item, labeler)
    return replace(item, state=State.WAITING, claim=None)


def reviewed(item: ReviewItem, review: Review) -> ReviewItem:
    """The item after what its holder says of it, a skip too. Raises Conflict.

    A lease that has run out holds as long as nobody else came.
    """
    _check_claim(item, review.labeler)
    seen = replace(item, state=State.WAITING, claim=None, seen_by=(*item.seen_by, review.labeler))
    if not review.is_opinion:
        return _given_up(seen) if len(seen.seen_by) - seen.opinions >= MAX_SKIPS else seen
    opinions = item.opinions + 1
    is_last = opinions == DECIDING
    verdict = review if item.verdict is None or is_last else item.verdict
    after = replace(seen, opinions=opinions, verdict=verdict)
    if opinions < item.required:
        return after
    if opinions == 1 or is_last or agree(verdict, review):
        return _done(after)
    return replace(after, required=DECIDING)


def handed_over(item: ReviewItem, review: Review, *, typed: str, now: float) -> ReviewItem:
    """The item with that review's text as it was typed, if it is the answer that a user still waits for."""
    waits = item.deadline is not None and item.deadline > now
    return replace(item, typed=typed) if waits and item.verdict == review and typed != review.text else item


def lapsed(item: ReviewItem, *, now: float) -> ReviewItem:
    """A claim that has run out lets others in; the claim itself stays, for a late submit."""
    if item.state is State.CLAIMED and not is_held(item, now=now):
        return replace(item, state=State.WAITING)
    return item


def expired(item: ReviewItem) -> ReviewItem:
    """Nobody else is asked; what was said so far holds."""
    return _given_up(item, State.EXPIRED) if item.is_open else item


def unattended(item: ReviewItem) -> ReviewItem:
    """The item of a user who has gone unanswered: over, unless it was drawn from among others and can be scored.

    Then it waits like all that were drawn: those that nobody came for in time are not like the rest.
    """
    chance = item.inclusion_probability
    if item.answer.text is not None and chance is not None and chance < 1:
        return replace(item, deadline=None)
    return expired(item)


def offered_again(item: ReviewItem, again: ReviewItem) -> ReviewItem:
    """The item of a request that came in for another reason too: if it was drawn, it counts as drawn, reviewed or not.

    Otherwise requests that are reviewed anyway, the doubtful ones, would be missing among those drawn.
    """
    if item.inclusion_probability is not None or again.inclusion_probability is None:
        return item
    return replace(item, reason=again.reason, inclusion_probability=again.inclusion_probability)


def is_held(item: ReviewItem, *, now: float) -> bool:
    """Has somebody claimed it, and not run out of time?"""
    return item.state is State.CLAIMED and item.claim is not None and item.claim.until > now


def is_overdue(item: ReviewItem, *, now: float) -> bool:
    """Has the user of a live item gone, with nobody at it?"""
    return item.is_open and item.deadline is not None and item.deadline <= now and not is_held(item, now=now)


def is_repeated(review: Review, earlier: Review) -> bool:
    """Is a second submit of a person the same as the first, so that it is no mistake? Raises Conflict if not."""
    if (review.said, review.text, review.convention) == (earlier.said, earlier.text, earlier.convention):
        return True
    what = repr(earlier.text) if earlier.said is Said.TEXT else earlier.said.value
    raise Conflict(f"{review.labeler} has said {what:.100} of it already")


def _given_up(item: ReviewItem, state: State = State.SKIPPED) -> ReviewItem:
    return _done(item) if item.verdict else replace(item, state=state, claim=None)


def _done(item: ReviewItem) -> ReviewItem:
    return replace(item, state=State.DONE, claim=None, score=scored(item))


def _check_open(item: ReviewItem) -> None:
    if not item.is_open:
        raise Conflict(f"{item.item_id} is {item.state.value}")


def _check_claim(item: ReviewItem, labeler: str) -> None:
    _check_open(item)
    if not _is_by(item, labeler):
        there = f"it is claimed by {_holder(item)}" if item.state is State.CLAIMED else "nobody has claimed it"
        raise Conflict(f"{labeler} does not have {item.item_id}: {there}")


def _is_by(item: ReviewItem, labeler: str) -> bool:
    return item.claim is not None and item.claim.labeler == labeler


def _holder(item: ReviewItem) -> str:
    return item.claim.labeler if item.claim else "nobody"
