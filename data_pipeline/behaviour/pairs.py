"""Pairs of successive queries with the truth whether the second is the retry of the first.

Spoken pairs are real recognitions: of two takes of one utterance, or of two utterances. Pairs of texts go through a
confusion model that was estimated from real recognitions. Knows no detector.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from rapidfuzz.distance import Levenshtein

from data_pipeline.behaviour.confusion import Confusion
from data_pipeline.behaviour.rewording import Way, phrases, reworded
from data_pipeline.behaviour.takes import Asked

Rng = np.random.Generator

REWORDINGS: Final = (Way.PART, Way.SHORTEN, Way.EXTEND, Way.SUBSTITUTE)
NEAREST: Final = 5
"""Queries of the same intent that share most words, of which the hardest pairs are made."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query of which only the text is known."""

    text: str
    intent: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two successive queries of one person, as the service understood them."""

    first: str
    second: str
    is_retry: bool
    kind: str
    """How it was made."""
    group: str
    """What was meant first: pairs of one group are not independent."""


def spoken_pairs(asked: Sequence[Asked], rng: Rng) -> list[Pair]:
    """Real recognitions. A retry needs a wrong answer; two utterances of one speaker are two wishes."""
    by_speaker: dict[str | None, list[Asked]] = {}
    for one in asked:
        by_speaker.setdefault(one.row.field("speaker"), []).append(one)
    pairs: list[Pair] = []
    for one in asked:
        if one.first.is_right or not one.first.heard:
            continue
        way = REWORDINGS[int(rng.integers(len(REWORDINGS)))]
        other_words = reworded(one.said, way, rng)
        if one.again.heard:
            same = "spoken: repeat, heard the same" if one.again.heard == one.first.heard else "spoken: repeat"
            pairs.append(Pair(one.first.heard, one.again.heard, True, same, one.said))
        if other_words:
            pairs.append(Pair(one.first.heard, other_words, True, f"spoken: {way}", one.said))
        pairs += _other_wishes(one, [by_speaker[one.row.field("speaker")], asked], rng)
    return pairs


def _other_wishes(one: Asked, pools: Sequence[Sequence[Asked]], rng: Rng) -> Iterator[Pair]:
    for kind, pool in zip(("spoken: other, same speaker", "spoken: other"), pools, strict=True):
        other = pool[int(rng.integers(len(pool)))]
        if other.said != one.said and other.first.heard:
            yield Pair(one.first.heard, other.first.heard, False, kind, one.said)


def typed_pairs(queries: Sequence[Query], confusion: Confusion, rng: Rng) -> list[Pair]:
    """For each query two retries (a repetition, a rewording) and two other wishes (one of them of the same intent)."""
    by_intent: dict[str, list[Query]] = {}
    for one in queries:
        by_intent.setdefault(one.intent, []).append(one)
    pairs: list[Pair] = []
    for one in queries:
        pairs += _retries(one, confusion, rng)
        anyone = queries[int(rng.integers(len(queries)))]
        for kind, other in (("other", anyone), _same_intent(one, by_intent, rng)):
            heard = (confusion.misheard(text.text, rng) for text in (one, other)) if other != one else iter(("", ""))
            first, second = heard
            if first and second:
                pairs.append(Pair(first, second, False, f"text: {kind}", one.text))
    return pairs


def _retries(one: Query, confusion: Confusion, rng: Rng) -> Iterator[Pair]:
    wrong = confusion.wrong(one.text, rng)
    if not wrong:
        return
    again = confusion.misheard(one.text, rng)
    if again:
        yield Pair(wrong, again, True, "text: repeat", one.text)
    way = REWORDINGS[int(rng.integers(len(REWORDINGS)))]
    if other_words := reworded(one.text, way, rng):
        yield Pair(wrong, other_words, True, f"text: {way}", one.text)


def _same_intent(one: Query, by_intent: Mapping[str, Sequence[Query]], rng: Rng) -> tuple[str, Query]:
    """By turns any other one of the intent, and one of those that share most words with it."""
    others = [other for other in by_intent[one.intent] if _differs(one.text, other.text)]
    if not others:
        return "same intent", one
    if rng.random() < 0.5:
        return "same intent", others[int(rng.integers(len(others)))]
    words = one.text.split()
    others.sort(key=lambda other: -Levenshtein.normalized_similarity(words, other.text.split()))
    nearest = others[:NEAREST]
    return "same words", nearest[int(rng.integers(len(nearest)))]


def _differs(one: str, other: str) -> bool:
    """Does each have a word with a meaning that the other lacks? Else they may well be the same wish."""
    words, others = (set(text.split()) - phrases().function_words for text in (one, other))
    return bool(words - others) and bool(others - words)
