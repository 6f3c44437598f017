"""A transcription in OpenAI's shapes. Pure functions from records to JSON-ready values."""

import zlib

from asr.audio import Span
from asr.front_end import LeftOut, Untranscribed
from asr.pipeline import Segment, Transcription


def json_body(transcription: Transcription) -> dict[str, object]:
    """`response_format=json`, with what was left out beside OpenAI's fields."""
    return {**text_body(transcription), "usage": usage(transcription)}


def text_body(transcription: Transcription) -> dict[str, object]:
    """The text with its confidence, and what was left out: a stream's end, whose usage OpenAI counts in tokens."""
    return {
        "text": transcription.text,
        "no_speech": transcription.no_speech,
        "confidence": round(transcription.confidence, 4),
        "untranscribed": [untranscribed(one) for one in transcription.untranscribed],
        "timings_ms": {stage: round(ms, 3) for stage, ms in transcription.timings_ms.items()},
    }


def verbose_body(transcription: Transcription, language: str) -> dict[str, object]:
    """`response_format=verbose_json`."""
    return {
        "task": "transcribe",
        "language": language,
        "duration": round(transcription.statistics.duration_s, 3),
        "segments": [_segment(i, segment) for i, segment in enumerate(transcription.segments)],
        **json_body(transcription),
    }


def usage(transcription: Transcription) -> dict[str, object]:
    """What was used: OpenAI counts seconds."""
    return {"type": "duration", "seconds": round(transcription.statistics.duration_s, 3)}


def untranscribed(left_out: Untranscribed) -> dict[str, object]:
    """A stretch without words, and why; where a truncated file would have ended is not known."""
    return {
        "start": round(left_out.span.start_s, 3),
        "end": None if left_out.reason is LeftOut.TRUNCATED_FILE else round(left_out.span.end_s, 3),
        "reason": left_out.reason,
    }


def _segment(index: int, segment: Segment) -> dict[str, object]:
    span: Span = segment.span
    raw = segment.raw_text.encode()
    log_probs = segment.token_log_probs
    return {
        "id": index,
        "seek": 0,
        "start": round(span.start_s, 3),
        "end": round(span.end_s, 3),
        "text": segment.text,
        "tokens": list(segment.tokens),
        "temperature": 0.0,
        "avg_logprob": round(sum(log_probs) / len(log_probs), 4) if log_probs else 0.0,
        "compression_ratio": round(len(raw) / len(zlib.compress(raw)), 4) if raw else 0.0,
        "no_speech_prob": round(1 - segment.speech, 4),
        "confidence": round(segment.confidence, 4),
    }
