"""Items, figures and estimates as clients and commands get them. Knows no store and no HTTP."""

from collections.abc import Sequence
from math import isfinite

from serving.review.desk import Known
from serving.review.estimate import Estimate, Rate
from serving.review.figures import Figures
from serving.review.item import Answer, Review, ReviewItem


def summary_json(item: ReviewItem) -> dict[str, object]:
    """An item in a list, without what was said."""
    return {
        "id": item.item_id,
        "at": item.at,
        "kind": item.kind,
        "state": item.state.value,
        "reason": item.reason.value,
        "priority": item.priority,
        "confidence": item.answer.confidence,
        "variant": item.answer.variant,
        "model": item.answer.model,
        "traffic_class": item.traffic_class,
        "deadline": item.deadline,
        "claimed_by": item.claim.labeler if item.claim else None,
        "claimed_until": item.claim.until if item.claim else None,
        "labelers": list(item.seen_by),
        "version": item.version,
    }


def item_json(item: ReviewItem, earlier: Sequence[Review] = ()) -> dict[str, object]:
    """An item for its reviewer; `earlier` are the texts of a dispute.

    The verdict, and an answer that reviewers are not to see, are there once it is done.
    """
    verdict = item.verdict if not item.is_open else None
    answer = item.answer if item.answer_shown or not item.is_open else Answer()
    return {
        **summary_json(item),
        "text": answer.text,
        "alternatives": list(answer.alternatives),
        "words": [{"word": one.text, "confidence": one.confidence} for one in answer.words],
        "has_recording": item.media is not None,
        "slices": dict(item.slices),
        "fields": dict(item.fields),
        "inclusion_probability": item.inclusion_probability,
        "earlier": [_said(one) for one in earlier],
        "verdict": _said(verdict) if verdict else None,
        "score": item.score,
    }


def figures_json(figures: Figures) -> dict[str, object]:
    """How the queue is doing."""
    return {
        "backlog": figures.backlog,
        "states": figures.states,
        "live_waiting": figures.live_waiting,
        "oldest_waiting_s": figures.oldest_waiting_s,
        "reviews_last_day": figures.reviews_last_day,
        "median_spent_s": figures.median_spent_s,
    }


def estimate_json(known: Known) -> dict[str, object]:
    """What the reviews say."""
    return {
        "estimates": [_estimate(one) for one in known.estimates],
        "agreement": [
            {"labelers": list(one.labelers), "items": one.items, "exact_ratio": one.exact_ratio, "wer": one.wer}
            for one in known.agreements
        ],
    }


def _estimate(one: Estimate) -> dict[str, object]:
    return {
        "variant": one.variant,
        "slice": dict(one.slice),
        "reviews": one.reviews,
        "wer": one.wer.value,
        "wer_ci95": _ends(one.wer),
        "error_rate": one.error_rate.value,
        "error_rate_ci95": _ends(one.error_rate),
        "unintelligible_ratio": one.unintelligible_ratio,
        "missing_ratio": one.missing_ratio,
        "until": one.until,
    }


def _ends(rate: Rate) -> list[float | None]:
    """Both ends; None for one that is not known yet."""
    return [end if isfinite(end) else None for end in (rate.interval.low, rate.interval.high)]


def _said(review: Review) -> dict[str, object]:
    return {
        "labeler": review.labeler,
        "at": review.at,
        "said": review.said.value,
        "text": review.text,
        "convention": review.convention,
        "spent_s": review.spent_s,
    }
