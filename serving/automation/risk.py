"""Coverage against risk: what it costs in errors to leave more to the model, with intervals. Pure; knows no target."""

from dataclasses import dataclass

from monitoring.detectors.confidence_sequence import Interval
from serving.automation.evidence import mean_interval, weighted_mean
from serving.automation.reviewed import Reviews
from serving.automation.threshold import share_above


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What would be if the model answered from a threshold on."""

    threshold: float
    coverage: float
    """Share of the traffic that it would answer."""
    risk: float | None
    """Estimate of its mean loss there; None without reviews."""
    interval: Interval
    """Of the risk, at 95 % for this point alone, at every look."""
    reviews: int


def curve(reviews: Reviews, among: tuple[float, ...], *, confidence: float = 0.95) -> list[Point]:
    """A point for each threshold, in their order."""
    return [_point(reviews, threshold, confidence) for threshold in among]


def _point(reviews: Reviews, threshold: float, confidence: float) -> Point:
    count = int(reviews.above(threshold))
    loss, weight = reviews.loss[:count], reviews.weight[:count]
    return Point(
        threshold=threshold,
        coverage=share_above(reviews, threshold),
        risk=weighted_mean(loss, weight),
        interval=mean_interval(loss, weight, confidence=confidence),
        reviews=count,
    )
