"""An older system's `verbose_json` as a transcription of ours, taken in only if it can be true.

Our own fields `confidence` and `no_speech` are used where they stand; else confidence is what OpenAI's `avg_logprob`
says, a geometric mean of token probabilities that nobody calibrated; else it is 0: nothing vouches for the text.
"""

import math
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from asr.audio import Span
from asr.convention import Convention
from asr.front_end import LeftOut, Prepared, Untranscribed
from asr.pipeline import Segment, Transcription
from serving.variants.answers import UNWRITABLE

MAX_CHARS: Final = 200_000
MAX_SEGMENTS: Final = 10_000

_Seconds = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
_Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
_Text = Annotated[str, Field(max_length=MAX_CHARS)]


class UnusableAnswer(ValueError):
    """It is no transcription."""


class _Section(BaseModel):
    model_config = ConfigDict(strict=True)

    start: _Seconds
    end: _Seconds
    text: _Text
    avg_logprob: Annotated[float, Field(allow_inf_nan=False)] | None = None
    no_speech_prob: _Probability | None = None
    confidence: _Probability | None = None


class _Answer(BaseModel):
    model_config = ConfigDict(strict=True)

    text: _Text
    segments: Annotated[list[_Section], Field(max_length=MAX_SEGMENTS)] | None = None
    confidence: _Probability | None = None
    no_speech: bool | None = None


def read_answer(body: bytes, prepared: Prepared, convention: Convention, *, model: str) -> Transcription:
    """The transcription of a recording that our front end prepared.

    Raises UnusableAnswer for what is no `json` or `verbose_json` of OpenAI's; the message does not repeat what came.
    """
    try:
        answer = _Answer.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise UnusableAnswer(f"{'.'.join(map(str, first['loc']))}: {first['msg']}".removeprefix(": ")) from None
    if any(UNWRITABLE.search(text) for text in (answer.text, *(one.text for one in answer.segments or ()))):
        raise UnusableAnswer("control characters in the text")
    duration_s = prepared.statistics.duration_s
    raw_text = answer.text.strip()
    text = convention.apply(raw_text)
    no_speech = bool(answer.no_speech) or not raw_text
    whole = _Section(start=0.0, end=duration_s, text=raw_text, confidence=answer.confidence)
    sections = [] if no_speech else answer.segments or [whole]
    segments = tuple(_segment(one, duration_s, convention) for one in sections)
    confidence = answer.confidence if answer.confidence is not None else _joint(segments)
    left_out = prepared.untranscribed
    if no_speech and not left_out:
        left_out = (Untranscribed(Span(0.0, duration_s), LeftOut.NO_SPEECH),)
    return Transcription(
        text="" if no_speech else text,
        raw_text="" if no_speech else raw_text,
        segments=segments,
        confidence=0.0 if no_speech else confidence,
        no_speech=no_speech,
        untranscribed=left_out,
        statistics=prepared.statistics,
        model=model,
        convention=convention.id,
        timings_ms=prepared.timings_ms,
    )


def _segment(section: _Section, duration_s: float, convention: Convention) -> Segment:
    end_s = min(section.end, duration_s)
    raw_text = section.text.strip()
    return Segment(
        span=Span(min(section.start, end_s), end_s),
        text=convention.apply(raw_text),
        raw_text=raw_text,
        words=(),
        tokens=(),
        token_log_probs=(),
        confidence=_confidence(section),
        speech=1.0 if section.no_speech_prob is None else 1.0 - section.no_speech_prob,
    )


def _confidence(section: _Section) -> float:
    if section.confidence is not None:
        return section.confidence
    return math.exp(min(0.0, section.avg_logprob)) if section.avg_logprob is not None else 0.0


def _joint(segments: tuple[Segment, ...]) -> float:
    """Mean over the segments, weighted by their length, as our own is."""
    total_s = sum(segment.span.duration_s for segment in segments)
    return sum(one.confidence * one.span.duration_s for one in segments) / total_s if total_s else 0.0
