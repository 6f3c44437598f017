"""What the checks judge: a row, the numbers measured of its sound, and what a model heard in it.

Measuring is the only part of an audit that opens recordings; it runs in processes. Knows no check.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Final

import numpy as np

from asr.audio import SAMPLE_RATE_HZ, Audio, Samples, Span
from asr.convention import SEARCH
from asr.decode import Encoding, PcmFormat
from asr.errors import AudioError
from asr.statistics import AudioStatistics, measure
from asr.vad import ClippingRule, samples_of, speech_spans
from data_pipeline.detectors import detector
from data_pipeline.errors import reason_of
from data_pipeline.evaluation.systems import OwnSystem, own_systems
from data_pipeline.evaluation.variants import read_variant
from data_pipeline.manifest import Row
from data_pipeline.parallel import ordered
from data_pipeline.recordings import Recording, read_audio

UNNAMED = "(none)"
"""Labeler or corpus of rows that do not name theirs."""
MAX_LETTERS: Final = 4000
"""Longer texts are no transcripts of one utterance; bounds the time that a hostile one takes."""
EDGE: Final = SAMPLE_RATE_HZ // 50


@dataclass(frozen=True, slots=True)
class Sound:
    """Numbers of one recording."""

    fingerprint: str
    """Equal for equal samples, whatever the file's format."""
    statistics: AudioStatistics
    speech: tuple[Span, ...]
    """Without padding."""
    onset_db: float | None
    """Level of the first 20 ms over that of the speech; None where there is none."""
    offset_db: float | None
    """The same of the last 20 ms."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a model makes of a recording."""

    text: str
    """As the model writes it; empty where it hears no speech."""
    confidence: float | None
    """Probability that every word is right."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row as the checks see it."""

    row: Row
    sound: Sound | None = None
    """None where the recording could not be used."""
    problem: str = ""
    """Why it could not."""
    heard: Heard | None = None
    """None where no model was asked."""

    @property
    def key(self) -> str:
        """Names the row within its manifest."""
        return self.row.key

    @property
    def labeler(self) -> str:
        """Who wrote the text."""
        return self.row.field("labeler") or UNNAMED

    @property
    def corpus(self) -> str:
        """The collection, or where that is not named the source."""
        return self.row.field("corpus") or self.row.field("source") or UNNAMED

    @property
    def text(self) -> str:
        """The label as it is written, its first 4000 characters if it is longer; empty also where there is none."""
        return (self.row.text or "")[:MAX_LETTERS]


def groups(entries: Iterable[Entry]) -> Mapping[str, list[Entry]]:
    """The entries by recording: those with the same samples, or else the same place, are together; in order."""
    by_recording: dict[str, list[Entry]] = {}
    for entry in entries:
        row = entry.row
        place = entry.sound.fingerprint if entry.sound else f"{row.audio_filepath}@{row.offset_s or 0:g}"
        by_recording.setdefault(place, []).append(entry)
    return by_recording


@cache
def in_search_convention(text: str) -> str:
    """The text as search and scoring compare it; remembered, since several checks ask for it."""
    return SEARCH.apply(text)


def letters_of(text: str) -> str:
    """The text in the search convention without its spaces, so that "black bird" is "blackbird"."""
    return in_search_convention(text).replace(" ", "")


@dataclass(frozen=True, slots=True)
class Examination:
    """How recordings are measured; can be sent to another process, which loads what it needs once."""

    model_id: str | None = None
    """The recognizer to ask; empty takes the default, None asks none."""

    def __call__(self, row: Row) -> Entry:
        """The row with what was measured of it; a recording that cannot be used is told in the entry."""
        try:
            return self.of(row, read_audio(row))
        except (OSError, AudioError) as error:
            return Entry(row, problem=reason_of(error))

    def of(self, row: Row, audio: Audio) -> Entry:
        """The same for sound that is at hand. Raises AudioError, and what loading a model raises."""
        heard = _heard(_system(self.model_id), row, audio) if self.model_id is not None else None
        return Entry(row, sound_of(audio), heard=heard)


def examine(rows: Sequence[Row], examination: Examination, *, workers: int | None = None) -> Iterator[Entry]:
    """An entry for each row, in order, measured in so many processes; by default in one for each core."""
    return ordered(examination, rows, workers=workers)


def sound_of(audio: Audio) -> Sound:
    """The numbers of a recording. Raises ModelUnavailable or CorruptModel where speech cannot be told."""
    speech = speech_spans(detector().activity(audio), ClippingRule())
    samples = np.clip(np.rint(audio.samples * 32768), -32768, 32767).astype("<i2")
    onset_db, offset_db = edge_levels_db(audio.samples, [samples_of(audio, span) for span in speech])
    return Sound(sha256(samples.tobytes()).hexdigest(), measure(audio, speech), speech, onset_db, offset_db)


def edge_levels_db(samples: Samples, speech: Sequence[Samples]) -> tuple[float | None, float | None]:
    """Level of the first and the last 20 ms over that of the pieces of speech; None without any power in those."""
    loud = _power(np.concatenate(speech)) if speech else 0.0
    if not loud:
        return None, None
    first, last = (10 * float(np.log10(max(_power(edge), 1e-12) / loud)) for edge in (samples[:EDGE], samples[-EDGE:]))
    return first, last


def _power(samples: Samples) -> float:
    return float(np.mean(np.square(samples, dtype=np.float64)))


def _heard(system: OwnSystem, row: Row, audio: Audio) -> Heard:
    pcm = PcmFormat(sample_rate_hz=SAMPLE_RATE_HZ, encoding=Encoding.F32LE)
    (answer,) = system.answer([Recording(row, audio.samples.astype("<f4").tobytes(), pcm)])
    return Heard(answer.text, answer.confidence)


@cache
def _system(model_id: str) -> OwnSystem:
    return own_systems([model_id], [read_variant("default")])[0]
