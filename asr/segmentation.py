"""Cuts long recordings at silences into pieces that a recognizer takes. Pure functions over spans.

Knows neither sound nor models: only where speech is, and how likely each frame is speech.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from asr.audio import Span
from asr.vad import ClippingRule, VoiceActivity


def group(
    spans: Sequence[Span], activity: VoiceActivity, rule: ClippingRule, *, enough_s: float, max_duration_s: float
) -> list[list[Span]]:
    """Neighbouring spans together as long as they fit, with their padding and pauses, in `enough_s`.

    A span that does not fit in `max_duration_s` by itself is cut where speech is least likely. A recording short
    enough is one group.
    """
    padding_s = rule.lead_padding_s + rule.trail_padding_s
    room_s = max_duration_s - padding_s
    groups: list[list[Span]] = []
    for span in spans:
        for part in split(span, activity, max_duration_s=room_s):
            if groups and part.end_s - groups[-1][0].start_s <= min(enough_s - padding_s, room_s):
                groups[-1].append(part)
            else:
                groups.append([part])
    return groups


def split(span: Span, activity: VoiceActivity, *, max_duration_s: float) -> list[Span]:
    """Parts of at most `max_duration_s`, each cut in the second half of its room, where speech is least likely.

    Raises ValueError where that room is less than two frames.
    """
    if max_duration_s < 2 * activity.hop_s:
        raise ValueError(
            f"pieces of {max_duration_s:.3f} s are too short: silence and padding leave no room for speech"
        )
    parts: list[Span] = []
    while span.duration_s > max_duration_s:
        earliest, latest = (round((span.start_s + max_duration_s * f) / activity.hop_s) for f in (0.5, 1.0))
        window = activity.probabilities[earliest : max(latest, earliest + 1)]
        cut_s = min((earliest + int(np.argmin(window)) + 0.5) * activity.hop_s, span.start_s + max_duration_s)
        parts.append(Span(span.start_s, cut_s))
        span = Span(cut_s, span.end_s)
    return [*parts, span]


def rooms(whole: Span, groups: Sequence[Sequence[Span]]) -> list[Span]:
    """How far the padding of each group may reach: a pause between two is halved, so that no sound is heard twice."""
    if not groups:
        return []
    cuts_s = [(before[-1].end_s + after[0].start_s) / 2 for before, after in pairwise(groups)]
    return [Span(start_s, end_s) for start_s, end_s in pairwise([whole.start_s, *cuts_s, whole.end_s])]


def subtract(whole: Span, taken: Sequence[Span]) -> list[Span]:
    """What of `whole` lies in none of the spans; these stand in order."""
    gaps: list[Span] = []
    start_s = whole.start_s
    for span in taken:
        if span.start_s > start_s:
            gaps.append(Span(start_s, span.start_s))
        start_s = max(start_s, span.end_s)
    return [*gaps, Span(start_s, whole.end_s)] if start_s < whole.end_s else gaps
