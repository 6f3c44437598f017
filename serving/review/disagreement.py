"""Queries that two variants heard differently, for people to say who was right. Pure; draws nothing.

They are worth a look because they differ, not by chance, so no estimate takes them.
"""

from dataclasses import replace
from typing import Final

from monitoring.events import Event
from serving.review.item import Reason, ReviewItem, item_of

MIN_WER: Final = 0.2
"""Smaller differences are mostly of writing."""


def item_of_disagreement(query: Event, shadow: Event) -> ReviewItem | None:
    """The item of a query from its own event and the one of its comparison; None where the two agree.

    None too where nobody may or can hear it: without consent, or with no recording kept.
    """
    if not (query.consent and query.details.get("audio_path") and _differ(shadow)):
        return None
    other = shadow.details.get("text_candidate")
    item = item_of(query, reason=Reason.DISAGREEMENT, alternatives=() if other is None else (other,))
    return replace(item, fields={"candidate": shadow.slices.get("candidate", "")})


def _differ(shadow: Event) -> bool:
    """Other words, a text where the other heard none, or another first result."""
    signals = shadow.signals
    if signals.get("shadow_failed"):
        return False
    wer = signals.get("wer_between")
    return (
        (wer is not None and wer >= MIN_WER)
        or signals.get("null_champion") != signals.get("null_candidate")
        or bool(signals.get("top_differs"))
    )
