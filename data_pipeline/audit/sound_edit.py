"""Faults of sound, made from a good recording: silence added or removed, words cut, another level, no speech.

Pure functions over samples. What is added is the recording's own silence, so that nothing gives it away.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from asr.audio import SAMPLE_RATE_HZ, Audio, Samples, Span
from asr.loudness import LoudnessTarget, normalize
from asr.vad import ClippingRule

RULE: Final = ClippingRule()
GUARD_S: Final = 0.08
"""Sound this near to speech is not repeated as silence."""
MAX_CUT: Final = 0.4
"""Of the speech; something has to be left to recognize."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundEdit:
    """What is kept of a recording around its speech, and at which level."""

    lead_s: float = RULE.lead_padding_s
    """Silence before speech; more than there is is made from what there is, less than zero cuts into speech."""
    trail_s: float = RULE.trail_padding_s
    """The same after speech."""
    gain_db: float = 0.0
    """Away from the target level."""
    silenced: bool = False
    """As long as it was, without the speech."""


AS_CLIPPED: Final = SoundEdit()
"""A recording as the pipeline leaves it: clipped by the rule, at the target level."""


def edited(audio: Audio, speech: Sequence[Span], edit: SoundEdit) -> Audio:
    """The recording with its fault; without speech it stays as it is."""
    if not speech:
        return audio
    start, end = (round(s * SAMPLE_RATE_HZ) for s in (speech[0].start_s, speech[-1].end_s))
    silence = _silence(audio.samples, start, end)
    lead, trail = (round(s * SAMPLE_RATE_HZ) for s in (edit.lead_s, edit.trail_s))
    limit = round(MAX_CUT * (end - start))
    before = _edge(audio.samples[:start][::-1], silence, lead)[::-1]
    after = _edge(audio.samples[end:], silence, trail)
    spoken = audio.samples[start + min(limit, max(0, -lead)) : end - min(limit, max(0, -trail))]
    samples = np.concatenate([before, spoken, after])
    level = normalize(replace(audio, samples=samples), LoudnessTarget()).audio.samples
    if edit.silenced:
        level = repeated(silence, len(level))
    shifted = level * np.float32(10 ** (edit.gain_db / 20))
    return replace(audio, samples=np.clip(shifted, -1.0, 1.0))


def repeated(piece: Samples, length: int) -> Samples:
    """A piece forwards and backwards in turn, which leaves no jumps, up to a length; zeros if it is empty."""
    if not len(piece):
        return np.zeros(length, np.float32)
    return np.resize(np.concatenate([piece, piece[::-1]]), length)


def _edge(outwards: Samples, silence: Samples, length: int) -> Samples:
    """So much of the sound on one side of speech, from the speech outwards, filled up with silence."""
    kept = outwards[: max(0, length)]
    return np.concatenate([kept, repeated(silence, max(0, length) - len(kept))])


def _silence(samples: Samples, start: int, end: int) -> Samples:
    """The longer stretch of the recording before or after its speech."""
    guard = round(GUARD_S * SAMPLE_RATE_HZ)
    before, after = samples[: max(0, start - guard)], samples[end + guard :]
    return before if len(before) >= len(after) else after
