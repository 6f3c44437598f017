"""How good the service is on live traffic, by what people heard: word and query error rates with their intervals.

For each variant, and each slice of it. About requests with consent that a person can understand; it says what share
nobody understood and of what share nothing is known. Only requests up to the first that nobody has looked at count,
so that those that take reviewers longer are not missing. Pure; knows no database.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from monitoring.detectors.confidence_sequence import Interval
from serving.review.item import ReviewItem, Said, Score
from serving.review.scoring import scored
from serving.review.weighted_ratio import WeightedRatio

FIELDS: Final = ("device_model", "app_version", "locale", "tenant")
"""What variants are parted by."""
MIN_REVIEWS: Final = 20
"""Of fewer a slice is not told."""


@dataclass(frozen=True, slots=True)
class Rate:
    """An estimate, and where the truth is at every look but with the chance that was asked for."""

    value: float | None
    """None where nothing is known."""
    interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What the reviews say of one variant or slice of it."""

    variant: str
    slice: Mapping[str, str] = field(default_factory=dict)
    """Empty for all of the variant."""
    reviews: int
    """With text and answer."""
    wer: Rate
    """Word errors over words; its interval holds in the limit, and ends nowhere while errors are few."""
    error_rate: Rate
    """Share of queries with any error; its interval is exact."""
    unintelligible_ratio: float
    """Of all queries, those that nobody understands."""
    missing_ratio: float
    """Those that should have been judged and were not: by so much the rates could be off if all were wrong."""
    until: float
    """Time of the last query that counts, seconds since 1970 UTC."""


def estimates(
    items: Iterable[ReviewItem], *, least_probability: float, fields: Sequence[str] = FIELDS, alpha: float = 0.05
) -> list[Estimate]:
    """Of each variant, then of its slices; each interval holds by itself.

    `least_probability` is the smallest that was asked for; where settings were changed meanwhile, the smallest seen.
    """
    drawn = settled(items)
    least = min([least_probability, *(_probability(one) for one in drawn)])
    found = []
    for (variant, which), group in _groups(drawn, fields).items():
        if not which or sum(one.verdict is not None for one in group) >= MIN_REVIEWS:
            found.append(_estimate(variant, dict(which), group, least, alpha))
    return found


def settled(items: Iterable[ReviewItem]) -> list[ReviewItem]:
    """Answers drawn with a known probability, by time, up to the first that still waits for its first opinion.

    Without those that reviewers were shown, since people tend to agree with what they see.
    """
    known = (one for one in items if one.inclusion_probability is not None and one.answer.variant is not None)
    found = []
    for one in sorted((one for one in known if not one.answer_shown), key=lambda one: (one.at, one.item_id)):
        if one.is_open and one.verdict is None:
            break
        found.append(one)
    return found


def _estimate(
    variant: str, which: Mapping[str, str], group: Sequence[ReviewItem], least: float, alpha: float
) -> Estimate:
    judged = [(score, _probability(one)) for one in group if (score := _score(one))]
    chances = [chance for _, chance in judged]
    words = WeightedRatio.of([one.errors for one, _ in judged], [one.words for one, _ in judged], chances)
    queries = WeightedRatio.of([one.errors > 0 for one, _ in judged], [1] * len(judged), chances)
    return Estimate(
        variant=variant,
        slice=which,
        reviews=len(judged),
        wer=Rate(words.value, words.interval(alpha=alpha)),
        error_rate=Rate(queries.value, queries.share_interval(least_probability=least, alpha=alpha)),
        unintelligible_ratio=_share(map(_is_unintelligible, group), group),
        missing_ratio=_share(map(_is_missing, group), group),
        until=max(one.at for one in group),
    )


def _groups(
    items: Sequence[ReviewItem], fields: Sequence[str]
) -> dict[tuple[str, tuple[tuple[str, str], ...]], list[ReviewItem]]:
    groups: dict[tuple[str, tuple[tuple[str, str], ...]], list[ReviewItem]] = {}
    for one in items:
        slices = [((name, one.slices[name]),) for name in fields if name in one.slices]
        for which in ((), *slices):
            groups.setdefault((one.answer.variant or "", which), []).append(one)
    return dict(sorted(groups.items()))


def _share(flags: Iterable[bool], group: Sequence[ReviewItem]) -> float:
    return WeightedRatio.of(list(flags), [1] * len(group), [_probability(one) for one in group]).value or 0.0


def _is_unintelligible(item: ReviewItem) -> bool:
    return item.verdict is not None and item.verdict.said is Said.UNINTELLIGIBLE


def _is_missing(item: ReviewItem) -> bool:
    return _score(item) is None and not _is_unintelligible(item)


def _score(item: ReviewItem) -> Score | None:
    """That of an item that waits for a second opinion too."""
    return item.score or scored(item)


def _probability(item: ReviewItem) -> float:
    assert item.inclusion_probability is not None
    return item.inclusion_probability
