"""One voice query, from bytes to a written transcript: stages 1 to 5.

    decode      bytes -> sound                    asr.decode
    prepare     sound -> pieces of sound          asr.front_end
    recognize   pieces -> hypotheses              an engine; the server puts its batcher here
    conclude    hypotheses -> one transcription   here

`transcribe` is all of them, for whoever has the recordings in hand. Knows no server.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from asr.audio import Audio, Span
from asr.confidence import Calibration, Trust, trust
from asr.convention import Convention
from asr.decode import DecodeLimits, PcmFormat, decode
from asr.front_end import FrontEnd, LeftOut, Piece, Prepared, Untranscribed, prepare
from asr.recognizer import Hypothesis, Recognizer, Word
from asr.statistics import AudioStatistics
from asr.vad import VoiceDetector


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Everything that decides what a recording is transcribed to."""

    front_end: FrontEnd
    detector: VoiceDetector
    recognizer: Recognizer
    calibration: Calibration
    convention: Convention
    limits: DecodeLimits = DecodeLimits()


@dataclass(frozen=True, slots=True)
class Segment:
    """One piece of a recording and its words."""

    span: Span
    text: str
    """In the pipeline's convention."""
    raw_text: str
    """As the model wrote it."""
    words: tuple[Word, ...]
    """As the model wrote them."""
    tokens: tuple[int, ...]
    token_log_probs: tuple[float, ...]
    confidence: float
    """Probability that every word is right, in [0, 1]."""
    speech: float
    """Probability that somebody speaks, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Transcription:
    """What a recording says, and what is known of how far that can be trusted."""

    text: str
    """In the pipeline's convention; empty where there is no speech."""
    raw_text: str
    segments: tuple[Segment, ...]
    confidence: float
    """Probability that every word is right, in [0, 1]; 0 where there is no speech."""
    no_speech: bool
    untranscribed: tuple[Untranscribed, ...]
    """What was left out and why, in order; neighbours of one reason are one."""
    statistics: AudioStatistics
    model: str
    convention: str
    timings_ms: dict[str, float]
    """Wall-clock time by stage."""

    @property
    def words(self) -> tuple[Word, ...]:
        """Of all segments."""
        return tuple(word for segment in self.segments for word in segment.words)


def transcribe(recordings: Sequence[bytes], pipeline: Pipeline, *, pcm: PcmFormat | None = None) -> list[Transcription]:
    """Transcribe recordings together; `pcm` describes headerless samples.

    Raises what `asr.decode.decode` raises for the first recording that cannot be used.
    """
    prepared = [decode_and_prepare(data, pipeline, pcm=pcm) for data in recordings]
    started = time.perf_counter()
    pieces = [piece.audio for one in prepared for piece in one.pieces]
    hypotheses = iter(pipeline.recognizer.recognize(pieces))
    recognize_ms = (time.perf_counter() - started) * 1e3
    results = []
    for one in prepared:
        one.timings_ms["recognize"] = recognize_ms
        results.append(conclude(one, [next(hypotheses) for _ in one.pieces], pipeline))
    return results


def decode_and_prepare(data: bytes, pipeline: Pipeline, *, pcm: PcmFormat | None = None) -> Prepared:
    """Stages 1 to 3 as the pipeline wants them. Raises what `asr.decode.decode` raises."""
    started = time.perf_counter()
    audio = decode(data, limits=pipeline.limits, pcm=pcm)
    decode_ms = (time.perf_counter() - started) * 1e3
    prepared = prepare_for(audio, pipeline)
    prepared.timings_ms["decode"] = decode_ms
    return prepared


def prepare_for(audio: Audio, pipeline: Pipeline) -> Prepared:
    """Stages 2 and 3 as the pipeline wants them."""
    return prepare(audio, pipeline.front_end, pipeline.detector, max_piece_s=pipeline.recognizer.max_duration_s)


def conclude(prepared: Prepared, hypotheses: Sequence[Hypothesis], pipeline: Pipeline) -> Transcription:
    """Judge each piece's hypothesis and write what remains in the pipeline's convention."""
    heard: list[Segment] = []
    left_out = list(prepared.untranscribed)
    for piece, hypothesis in zip(prepared.pieces, hypotheses, strict=True):
        trusted = trust(hypothesis, piece.speech_probability, pipeline.calibration)
        if trusted.speech < pipeline.calibration.min_speech:
            left_out.append(Untranscribed(piece.span, LeftOut.NO_SPEECH))
            continue
        heard.append(_segment(piece, hypothesis, trusted, pipeline.convention))
        if hypothesis.truncated:
            left_out.append(Untranscribed(piece.span, LeftOut.REPETITION))
    return Transcription(
        text=" ".join(segment.text for segment in heard if segment.text),
        raw_text=" ".join(segment.raw_text for segment in heard),
        segments=tuple(heard),
        confidence=_joint_confidence(heard),
        no_speech=not heard,
        untranscribed=_joined(left_out),
        statistics=prepared.statistics,
        model=pipeline.recognizer.model_id,
        convention=pipeline.convention.id,
        timings_ms=prepared.timings_ms,
    )


def _segment(piece: Piece, hypothesis: Hypothesis, trusted: Trust, convention: Convention) -> Segment:
    return Segment(
        piece.span,
        convention.apply(hypothesis.text),
        hypothesis.text,
        hypothesis.words,
        hypothesis.tokens,
        hypothesis.token_log_probs,
        trusted.text,
        trusted.speech,
    )


def _joined(left_out: Sequence[Untranscribed]) -> tuple[Untranscribed, ...]:
    joined: list[Untranscribed] = []
    for one in sorted(left_out, key=lambda one: one.span):
        last = joined[-1] if joined else None
        if last and last.reason is one.reason and one.span.start_s <= last.span.end_s:
            end_s = max(last.span.end_s, one.span.end_s)
            joined[-1] = Untranscribed(Span(last.span.start_s, end_s), one.reason)
        else:
            joined.append(one)
    return tuple(joined)


def _joint_confidence(segments: Sequence[Segment]) -> float:
    """Mean over the segments, weighted by their length: a long recording is not condemned by one hard sentence."""
    total_s = sum(segment.span.duration_s for segment in segments)
    return sum(s.confidence * s.span.duration_s for s in segments) / total_s if total_s else 0.0
