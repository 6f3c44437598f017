"""What is said of a set of scored utterances: error rates, speed, missed and invented speech, calibration.

One record, computed once; summary, frames and report are views on it. Knows no model, no file and no clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from asr.confidence import letters
from asr.metrics import Edits, Interval, UtteranceErrors, bootstrap_interval
from data_pipeline.evaluation.systems import Answer
from data_pipeline.manifest import Row

BINS: Final = 10


@dataclass(frozen=True, slots=True)
class Utterance:
    """One recording, what was said, what a system heard, and how far apart they are."""

    row: Row
    answer: Answer
    errors: UtteranceErrors
    """Both sides written in the convention of the evaluation."""
    reference: str
    """In that convention; empty where nobody speaks."""
    hypothesis: str
    """In that convention."""

    @property
    def is_speech(self) -> bool:
        """Does somebody say a word, by the reference?"""
        return bool(self.reference)

    @property
    def is_silent(self) -> bool:
        """Did the system hear no word at all? A filler such as "um" is one, though scoring drops it."""
        return not any(character.isalnum() for character in self.answer.text)


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Of a time, in ms."""

    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class NoSpeech:
    """Speech that was missed, and words that nobody said."""

    speech_clips: int
    false: int
    """Clips with speech on which no word was heard."""
    noise_clips: int
    """Clips whose reference is empty; they do not count for error rates."""
    missed: int
    """Clips without speech on which words were heard."""
    invented_words: int
    """On all of them."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Utterances of about one confidence."""

    low: float
    high: float
    utterances: int
    confidence: float
    """Mean."""
    exact_ratio: float
    """Share without a word error."""


@dataclass(frozen=True, slots=True)
class Reliability:
    """Does confidence p mean that all words are right in a share p of cases?"""

    ece: float
    """Expected calibration error (Naeini et al., AAAI 2015): mean gap over bins, weighted by their size."""
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class Scores:
    """Everything that is said of one set of utterances; None is undefined."""

    utterances: int
    words: int
    """In the references."""
    wer: float | None
    wer_ci95: tuple[float, float] | None
    """Bootstrap over speakers."""
    cer: float | None
    exact_ratio: float | None
    word_edits: Edits
    rtfx: float | None
    """Seconds of sound per second of computing."""
    latency_ms: Percentiles | None
    no_speech: NoSpeech
    confidence: Reliability | None


def score(utterances: Sequence[Utterance]) -> Scores:
    """All scores of one system's utterances."""
    speech = [one for one in utterances if one.is_speech]
    words = sum((one.errors.words for one in speech), Edits())
    characters = sum((one.errors.characters for one in speech), Edits())
    interval = bootstrap_interval([one.errors.words for one in speech], groups=[speaker(one.row) for one in speech])
    latencies_ms = [one.answer.latency_ms for one in utterances if one.answer.latency_ms is not None]
    timed = [(one.row.duration_s, one.answer.computing_ms) for one in utterances if one.answer.computing_ms]
    return Scores(
        utterances=len(utterances),
        words=words.reference_length,
        wer=words.rate,
        wer_ci95=_bounds(interval),
        cer=characters.rate,
        exact_ratio=sum(not one.errors.words.errors for one in speech) / len(speech) if speech else None,
        word_edits=words,
        rtfx=1e3 * sum(s for s, _ in timed) / sum(ms for _, ms in timed) if timed else None,
        latency_ms=percentiles(latencies_ms),
        no_speech=_no_speech(utterances),
        confidence=_confidence(speech),
    )


def reliability(confidences: Sequence[float], right: Sequence[bool], *, bins: int = BINS) -> Reliability | None:
    """Bins of equal width over [0, 1]; None without a case."""
    if not confidences:
        return None
    at = np.minimum((np.asarray(confidences) * bins).astype(int), bins - 1)
    confidence, exact = np.asarray(confidences, np.float64), np.asarray(right, np.float64)
    filled = tuple(
        Bin(
            int(i) / bins,
            (int(i) + 1) / bins,
            int((at == i).sum()),
            float(confidence[at == i].mean()),
            float(exact[at == i].mean()),
        )
        for i in np.unique(at)
    )
    gaps = sum(one.utterances * abs(one.confidence - one.exact_ratio) for one in filled)
    return Reliability(gaps / len(confidences), filled)


def percentiles(values_ms: Sequence[float]) -> Percentiles | None:
    """None without a value."""
    return Percentiles(*(float(np.percentile(values_ms, p)) for p in (50, 95, 99))) if values_ms else None


def _confidence(speech: Sequence[Utterance]) -> Reliability | None:
    """Over the clips with speech on which words were heard."""
    sure = [(one.answer.confidence, not one.errors.words.errors) for one in speech if not one.is_silent]
    known = [(confidence, right) for confidence, right in sure if confidence is not None]
    return reliability([confidence for confidence, _ in known], [right for _, right in known])


def _no_speech(utterances: Sequence[Utterance]) -> NoSpeech:
    speech = [one.is_silent for one in utterances if one.is_speech]
    noise = [one.is_silent for one in utterances if not one.is_speech]
    invented = sum(len(letters(one.answer.text).split()) for one in utterances if not one.is_speech)
    return NoSpeech(len(speech), speech.count(True), len(noise), noise.count(False), invented)


def speaker(row: Row) -> tuple[str | None, str]:
    """The speaker within a source; a clip whose speaker is not known stands for itself."""
    return row.field("source"), row.field("speaker") or f"{row.audio_filepath}@{row.offset_s}"


def _bounds(interval: Interval | None) -> tuple[float, float] | None:
    return (interval.low, interval.high) if interval else None
