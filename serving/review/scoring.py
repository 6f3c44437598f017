"""How far the service's answer was from what a person heard. Pure; knows no queue."""

from asr import convention
from asr.metrics import align
from serving.review.item import VOICE, Review, ReviewItem, Said, Score


def written(review: Review) -> str:
    """Its text in the convention that it is meant for, so that texts compare. Raises UnknownConvention."""
    return convention.get(review.convention).apply(review.text)


def agree(one: Review, other: Review) -> bool:
    """Do two people say the same?"""
    return one.said is other.said and written(one) == written(other)


def scored(item: ReviewItem) -> Score | None:
    """Word errors of the answer against the verdict; of a label whether it is another. None without one of the two.

    An answer that is not kept, and a recording that nobody understands, cannot be scored.
    """
    verdict, answer = item.verdict, item.answer.text
    if verdict is None or verdict.said is not Said.TEXT or answer is None:
        return None
    heard = convention.get(verdict.convention).apply(answer)
    if item.kind != VOICE:
        return Score(errors=int(heard != written(verdict)), words=1)
    words = align(written(verdict), heard).words
    return Score(errors=words.errors, words=words.reference_length)
