"""Stages 2 and 3: from a decoded recording to the pieces of sound that a recognizer gets.

The same function runs in the server, in batch jobs and in the data pipeline. Which settings are good was measured:
docs/decisions.md. Knows no recognizer but for the longest sound it takes.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

import numpy as np

from asr.audio import SAMPLE_RATE_HZ, Audio, Samples, Span
from asr.loudness import LoudnessTarget, normalize, weighted, weighted_loudness_lufs
from asr.segmentation import group, rooms, split, subtract
from asr.statistics import AudioStatistics, measure
from asr.vad import Clip, ClippingRule, VoiceActivity, VoiceDetector, clip, cut_out, speech_spans

SILENT_DBFS: Final = -60.0
"""A recording whose loudest 10 ms stay below this has nothing to recognize, whatever a detector missed."""
EVIDENCE_S: Final = 0.2
"""Shorter speech than this is rare, shorter noise that sounds like speech is not."""
WEIGHTED_AT_ONCE_S: Final = 25.0
"""The loudness of a longer recording is measured piece by piece: its K-weighted sound would be held beside it."""
HELD_S: Final = 60.0
"""A longer recording is let go of once its pieces are cut: an hour is 230 MB."""
MIN_GAP_S: Final = 0.3
"""Shorter stretches that were left out are not reported one by one."""


class SilenceKind(StrEnum):
    """What stands around a piece where the recording itself has too little."""

    ZEROS = "zeros"
    NOISE = "noise"
    """White noise at the level of the recording's quietest 10 ms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontEnd:
    """Settings of stages 2 and 3."""

    clipping: ClippingRule = ClippingRule()
    cut_silence: bool = True
    """False recognizes the whole of a recording with speech, if it fits in one piece."""
    loudness: LoudnessTarget | None = LoudnessTarget()
    """None leaves the level as it is."""
    lead_silence_s: float = 0.25
    """Added before each piece."""
    trail_silence_s: float = 0.5
    """Added after each piece."""
    silence: SilenceKind = SilenceKind.ZEROS
    piece_s: float = 12.0
    """A longer recording is recognized in pieces of about this length, cut at pauses: one subtitle each."""
    recognize_undetected: bool = True
    """Where the detector finds no speech in sound that is not silent, recognize all of it."""


class LeftOut(StrEnum):
    """Why a stretch of a recording was not transcribed."""

    SILENCE = "silence"
    NO_SPEECH = "no_speech"
    """There is sound, but no speech was found in it."""
    REPETITION = "repetition"
    """The model's text went round in circles there and was cut."""
    TRUNCATED_FILE = "truncated_file"
    """The file is cut or broken: sound is missing, how much and where is not known. Stands after all that was heard."""


@dataclass(frozen=True, slots=True)
class Untranscribed:
    """A stretch that has no words in the transcript."""

    span: Span
    reason: LeftOut


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """What a recognizer gets."""

    audio: Audio
    span: Span
    """Where it stands in the recording."""
    speech_probability: float
    """The detector's, averaged over the 0.2 s that sound most like speech."""


@dataclass(frozen=True, slots=True, eq=False)
class Located:
    """A recording and where it has speech."""

    audio: Audio
    speech: tuple[Span, ...]
    """In order, without padding."""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A recording after the front end."""

    pieces: tuple[Piece, ...]
    """In order; none where there is nothing to recognize."""
    statistics: AudioStatistics
    untranscribed: tuple[Untranscribed, ...]
    timings_ms: dict[str, float] = field(default_factory=dict)
    """Wall-clock time of `vad` and `loudness`."""
    located: Located | None = None
    """What the pieces were cut from; None for more than `HELD_S` of sound."""


def prepare(audio: Audio, front_end: FrontEnd, detector: VoiceDetector, *, max_piece_s: float) -> Prepared:
    """Find speech, keep it, bring it to one level."""
    started = time.perf_counter()
    activity = detector.activity(audio)
    spans = speech_spans(activity, front_end.clipping)
    found = time.perf_counter()
    groups = _groups(audio, activity, spans, front_end, max_piece_s)
    shares = rooms(Span(0.0, audio.duration_s), groups)
    heard = weighted(audio) if audio.duration_s <= WEIGHTED_AT_ONCE_S else None
    pieces = tuple(_piece(audio, heard, activity, *one, front_end) for one in zip(groups, shares, strict=True))
    statistics = measure(audio, spans, loudness_lufs=weighted_loudness_lufs(heard) if heard else None)
    timings_ms = {"vad": (found - started) * 1e3, "loudness": (time.perf_counter() - found) * 1e3}
    located = Located(audio, spans) if audio.duration_s <= HELD_S else None
    return Prepared(pieces, statistics, _left_out(audio, pieces), timings_ms, located)


def _groups(
    audio: Audio, activity: VoiceActivity, spans: Sequence[Span], front_end: FrontEnd, max_piece_s: float
) -> list[list[Span]]:
    """What is recognized together."""
    longest_s = max_piece_s - front_end.lead_silence_s - front_end.trail_silence_s
    if not spans:
        return _undetected(audio, activity, front_end, longest_s)
    if not front_end.cut_silence and audio.duration_s <= longest_s:
        return [[Span(0.0, audio.duration_s)]]
    return group(spans, activity, front_end.clipping, enough_s=front_end.piece_s, max_duration_s=longest_s)


def _piece(
    audio: Audio, heard: Audio | None, activity: VoiceActivity, spans: Sequence[Span], room: Span, front_end: FrontEnd
) -> Piece:
    """`heard` is the K-weighted sound."""
    kept = clip(audio, spans, front_end.clipping, within=room)
    level = _levelled(kept, heard, front_end.loudness) if front_end.loudness else kept.audio
    span = Span(kept.kept[0].start_s, kept.kept[-1].end_s)
    return Piece(_surrounded(level, front_end), span, _evidence(activity, span))


def _levelled(kept: Clip, heard: Audio | None, target: LoudnessTarget) -> Audio:
    """The kept sound at its target level, measured on the same stretches of the K-weighted sound where there is one."""
    if heard is None:
        return normalize(kept.audio, target).audio
    loudness_lufs = weighted_loudness_lufs(cut_out(heard, kept.kept).audio)
    return normalize(kept.audio, target, loudness_lufs=loudness_lufs).audio


def _undetected(audio: Audio, activity: VoiceActivity, front_end: FrontEnd, longest_s: float) -> list[list[Span]]:
    """All of a recording in which no speech was found, unless it is silent."""
    if not front_end.recognize_undetected or is_silent(audio):
        return []
    return [[part] for part in split(Span(0.0, audio.duration_s), activity, max_duration_s=longest_s)]


def _evidence(activity: VoiceActivity, span: Span) -> float:
    first, last = (round(s / activity.hop_s) for s in (span.start_s, span.end_s))
    strongest = np.sort(activity.probabilities[first : max(last, first + 1)])[-round(EVIDENCE_S / activity.hop_s) :]
    return float(strongest.mean()) if len(strongest) else 0.0


def _surrounded(audio: Audio, front_end: FrontEnd) -> Audio:
    lead, trail = (round(s * SAMPLE_RATE_HZ) for s in (front_end.lead_silence_s, front_end.trail_silence_s))
    around = np.zeros(lead + trail, np.float32)
    if front_end.silence is SilenceKind.NOISE:
        level = float(np.percentile(_frame_rms(audio.samples), 5))
        around += np.random.default_rng(0).standard_normal(lead + trail, np.float32) * np.float32(level)
    samples = np.concatenate([around[:lead], audio.samples, around[lead:]])
    return replace(audio, samples=samples)


def is_silent(audio: Audio) -> bool:
    """Is the loudest stretch of 10 ms below -60 dBFS?"""
    return bool(_frame_rms(audio.samples).max() < 10 ** (SILENT_DBFS / 20))


def _frame_rms(samples: Samples) -> Samples:
    """Shape (frames,): root mean square of each 10 ms, the last frame filled up with zeros."""
    frame = SAMPLE_RATE_HZ // 100
    padded = np.pad(samples, (0, -len(samples) % frame or (frame if not len(samples) else 0)))
    rms: Samples = np.sqrt(np.mean(np.square(padded.reshape(-1, frame)), axis=1))
    return rms


def _left_out(audio: Audio, pieces: Sequence[Piece]) -> tuple[Untranscribed, ...]:
    whole = Span(0.0, audio.duration_s)
    gaps = [gap for gap in subtract(whole, [piece.span for piece in pieces]) if gap.duration_s >= MIN_GAP_S]
    found = [Untranscribed(gap, _reason(audio, gap)) for gap in gaps]
    if audio.truncated:
        found.append(Untranscribed(Span(audio.duration_s, audio.duration_s), LeftOut.TRUNCATED_FILE))
    return tuple(found)


def _reason(audio: Audio, span: Span) -> LeftOut:
    samples = audio.samples[round(span.start_s * SAMPLE_RATE_HZ) : round(span.end_s * SAMPLE_RATE_HZ)]
    return LeftOut.SILENCE if is_silent(Audio(samples)) else LeftOut.NO_SPEECH
