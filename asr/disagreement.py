"""Two voice detectors on one recording: how far do they hear speech in the same places?

A device that cuts off the beginning of speech moves both alike; noise or another microphone moves them apart, since
they listen for different things. Knows spans, no sound and no detector.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from asr.audio import Span
from asr.statistics import frames_in

FRAMES_PER_S: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """What one detector hears against the other."""

    share: float | None
    """Of the recording's 10 ms frames, those in which only one of them hears speech; None without a whole frame."""
    lead_difference_s: float | None
    """First speech by the second, less that by the first; None where one of them hears none."""


def compare(first: Sequence[Span], second: Sequence[Span], *, duration_s: float) -> Disagreement:
    """Compare where two detectors hear speech in one recording; both in order, without padding.

    >>> compare([Span(1.0, 2.0)], [Span(1.5, 2.0)], duration_s=2.0)
    Disagreement(share=0.25, lead_difference_s=0.5)
    """
    count = int(duration_s * FRAMES_PER_S + 1e-6)
    differing = int(np.count_nonzero(frames_in(count, first) != frames_in(count, second)))
    return Disagreement(
        share=differing / count if count else None,
        lead_difference_s=second[0].start_s - first[0].start_s if first and second else None,
    )
