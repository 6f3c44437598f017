"""A finished review as an event, so that monitors and rollouts see what people heard like any other signal."""

from monitoring.events import Event, SignalValue
from monitoring.signals.transcript import REVIEW_EVENT
from serving.review.item import ReviewItem


def review_event(item: ReviewItem, *, at: float) -> Event | None:
    """The event of an item that was done `at` that time, with the slices of its query; None where there is no score.

    Requests were drawn with different probabilities: a mean over all requests needs `inclusion_probability`.
    """
    score = item.score
    if score is None:
        return None
    signals: dict[str, SignalValue] = {
        "wer": score.errors / score.words if score.words else None,
        "errors": score.errors,
        "words": score.words,
        "inclusion_probability": item.inclusion_probability,
    }
    return Event(
        event_id=f"{item.item_id}/{REVIEW_EVENT}",
        request_id=item.item_id,
        at=at,
        kind=REVIEW_EVENT,
        user_id=item.user_id,
        consent=item.consent,
        slices=dict(item.slices),
        signals=signals,
    )
