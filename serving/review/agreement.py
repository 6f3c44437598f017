"""How far people agree who reviewed the same recordings without knowing of each other. Pure.

What two people write differently no model can get right; so it bounds what the estimates can mean. The third person of
a dispute saw both texts and does not count.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from asr.metrics import align
from serving.review.item import Review, Said
from serving.review.scoring import agree, written

INDEPENDENT: Final = 2
"""Opinions of one item that were given without seeing another."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of two labelers, or of all."""

    labelers: tuple[str, ...]
    """Empty for all together."""
    items: int
    exact_ratio: float
    """Share of the items of which they said the same."""
    wer: float | None
    """Word edits between their texts over the mean of their lengths; None without a word."""


def agreements(reviews: Iterable[Sequence[Review]]) -> list[Agreement]:
    """All together, then each two; `reviews` are those of one item each, in order. None without two of one item."""
    pairs: dict[tuple[str, ...], list[tuple[Review, Review]]] = {}
    for opinions in ([one for one in each if one.is_opinion][:INDEPENDENT] for each in reviews):
        for one, other in combinations(sorted(opinions, key=lambda opinion: opinion.labeler), 2):
            for labelers in ((), (one.labeler, other.labeler)):
                pairs.setdefault(labelers, []).append((one, other))
    return [_agreement(labelers, found) for labelers, found in sorted(pairs.items())]


def _agreement(labelers: tuple[str, ...], pairs: Sequence[tuple[Review, Review]]) -> Agreement:
    texts = [(written(a), written(b)) for a, b in pairs if a.said is b.said is Said.TEXT]
    edits = sum(align(a, b).words.errors for a, b in texts)
    length = sum(len(a.split()) + len(b.split()) for a, b in texts) / 2
    same = sum(agree(a, b) for a, b in pairs)
    return Agreement(labelers, len(pairs), same / len(pairs), edits / length if length else None)
