"""What is said of one set of rows: how many, how long, by how many speakers, and how what was measured is spread."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from asr.statistics import AudioStatistics
from data_pipeline.corpus.spread import Spread, SpreadCounter
from data_pipeline.hashing import hash64
from data_pipeline.manifest import Row


@dataclass(frozen=True, slots=True)
class Measure:
    """A number that a row has."""

    title: str
    unit: str
    bin_width: float
    """Twice the error of its quantiles."""
    has_zero: bool = True
    """Zero is none of it; else, as with decibels, charts begin at the lowest value."""


MEASURES: Final[Mapping[str, Measure]] = {
    "duration_s": Measure("Duration", "s", 0.1),
    "words_per_s": Measure("Words per second of recording", "1/s", 0.1),
    "loudness_lufs": Measure("Loudness", "LUFS", 0.1, has_zero=False),
    "snr_db": Measure("Signal to noise", "dB", 0.1, has_zero=False),
    "speech_ratio": Measure("Share of speech", "", 0.01),
    "lead_silence_s": Measure("Silence before speech", "s", 0.02),
    "trail_silence_s": Measure("Silence after speech", "s", 0.02),
}


@dataclass(frozen=True, slots=True)
class Description:
    """All that is said of the rows."""

    rows: int
    duration_s: float
    speakers: int
    """Known ones."""
    no_text: int
    """Rows whose text is not known."""
    empty_text: int
    """Rows in which, by their text, nobody speaks."""
    measured: int
    """Rows whose sound was measured; the spreads of sound have no values without."""
    no_speech: int
    """Measured rows in which no speech was found; they have no silence before or after it."""
    onset_clipped: float | None
    """Share of the measured rows with speech that begin within it; None without any."""
    offset_clipped: float | None
    spreads: dict[str, Spread]
    """By the names of `MEASURES`."""


class DescriptionCounter:
    """Takes in rows as they come."""

    def __init__(self) -> None:
        self._rows = self._no_text = self._empty_text = self._measured = self._no_speech = 0
        self._onsets = self._offsets = 0
        self._duration_s = 0.0
        self._speakers: set[int] = set()
        self._spreads = {name: SpreadCounter(bin_width=one.bin_width, unit=one.unit) for name, one in MEASURES.items()}

    def add(self, row: Row, words: int, sound: AudioStatistics | None) -> None:
        """Take in a row, the number of its words, and what was measured of its sound."""
        self._rows += 1
        self._duration_s += row.duration_s
        self._no_text += row.text is None
        self._empty_text += row.text is not None and not words
        if speaker := row.field("speaker"):
            self._speakers.add(hash64(speaker))
        self._spreads["duration_s"].add(row.duration_s)
        self._spreads["words_per_s"].add(words / row.duration_s if words else None)
        if sound:
            self._add_sound(sound)

    def _add_sound(self, sound: AudioStatistics) -> None:
        is_speech = sound.speech_s > 0
        self._measured += 1
        self._no_speech += not is_speech
        self._onsets += sound.onset_clipped
        self._offsets += sound.offset_clipped
        self._spreads["loudness_lufs"].add(sound.loudness_lufs)
        self._spreads["snr_db"].add(sound.snr_db)
        self._spreads["speech_ratio"].add(min(1.0, sound.speech_s / sound.duration_s) if sound.duration_s else None)
        self._spreads["lead_silence_s"].add(sound.lead_silence_s if is_speech else None)
        self._spreads["trail_silence_s"].add(sound.trail_silence_s if is_speech else None)

    def description(self) -> Description:
        """What has been taken in so far."""
        spoken = self._measured - self._no_speech
        return Description(
            rows=self._rows,
            duration_s=round(self._duration_s, 3),
            speakers=len(self._speakers),
            no_text=self._no_text,
            empty_text=self._empty_text,
            measured=self._measured,
            no_speech=self._no_speech,
            onset_clipped=self._onsets / spoken if spoken else None,
            offset_clipped=self._offsets / spoken if spoken else None,
            spreads={name: counter.spread() for name, counter in self._spreads.items()},
        )
