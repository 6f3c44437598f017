"""What is measured of every recording and reported with its answer: the `audio` of `/v1/search`.

Knows where speech is only from the spans it is given.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from asr.audio import SAMPLE_RATE_HZ, Audio, Span
from asr.loudness import integrated_loudness_lufs

FRAME: Final = SAMPLE_RATE_HZ // 100
GUARD_S: Final = 0.05
"""Sound this near to speech counts neither as speech nor as noise: detectors begin and end late."""
EDGE_S: Final = 0.001
"""Speech that begins or ends this near to the edge of a recording touches it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechExtent:
    """Where in a recording a detector hears speech."""

    speech_s: float
    segments: int
    """Stretches of speech; pauses up to `ClippingRule.hangover_s` divide none."""
    lead_silence_s: float
    """Before the first speech; all of the recording where there is none."""
    trail_silence_s: float
    """After the last speech; all of the recording where there is none."""
    onset_clipped: bool
    """There is speech in the very first frame: its beginning was likely cut off."""
    offset_clipped: bool
    """There is speech in the very last frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioStatistics(SpeechExtent):
    """Numbers that JSON can hold: finite, or None where undefined."""

    duration_s: float
    loudness_lufs: float | None
    """ITU-R BS.1770-4; None for silence."""
    snr_db: float | None
    """Mean power of speech, less that of the noise, over that of the noise; None without one or the other."""
    clipping_ratio: float


def measure(audio: Audio, spans: Sequence[Span], *, loudness_lufs: float | None = None) -> AudioStatistics:
    """Statistics of a recording; `spans` is where it has speech, in order, without padding.

    `loudness_lufs` is the recording's, where it is known already.
    """
    if loudness_lufs is None:
        loudness_lufs = integrated_loudness_lufs(audio)
    return AudioStatistics(
        duration_s=audio.duration_s,
        **asdict(extent(spans, duration_s=audio.duration_s)),
        loudness_lufs=loudness_lufs if np.isfinite(loudness_lufs) else None,
        snr_db=_snr_db(audio, spans),
        clipping_ratio=audio.clipping_ratio,
    )


def extent(spans: Sequence[Span], *, duration_s: float) -> SpeechExtent:
    """Where a recording has speech, of these spans, in order and without padding."""
    start_s = spans[0].start_s if spans else duration_s
    end_s = spans[-1].end_s if spans else 0.0
    return SpeechExtent(
        speech_s=sum(span.duration_s for span in spans),
        segments=len(spans),
        lead_silence_s=start_s,
        trail_silence_s=duration_s - end_s,
        onset_clipped=bool(spans) and start_s < EDGE_S,
        offset_clipped=bool(spans) and duration_s - end_s < EDGE_S,
    )


def _snr_db(audio: Audio, spans: Sequence[Span]) -> float | None:
    frames = audio.samples[: len(audio.samples) // FRAME * FRAME].reshape(-1, FRAME)
    power = np.asarray(np.vecdot(frames, frames), np.float64) / FRAME
    speech = power[frames_in(len(power), spans)]
    noise = power[~frames_in(len(power), spans, margin_s=GUARD_S)]
    if not speech.size or not noise.size:
        return None
    noise_power, excess = float(noise.mean()), float(speech.mean() - noise.mean())
    return 10 * float(np.log10(excess / noise_power)) if noise_power > 0 and excess > 0 else None


def frames_in(count: int, spans: Sequence[Span], *, margin_s: float = 0.0) -> NDArray[np.bool_]:
    """Shape (count,): which frames of 10 ms lie in the spans, these widened by a margin."""
    covered = np.zeros(count, np.bool_)
    rate = SAMPLE_RATE_HZ / FRAME
    for span in spans:
        covered[max(0, round((span.start_s - margin_s) * rate)) : round((span.end_s + margin_s) * rate)] = True
    return covered
