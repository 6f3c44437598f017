"""Carried recordings, measured once, and entries made of numbers."""

from pathlib import Path

import pytest

from asr.audio import Span
from asr.cache import pull
from asr.statistics import AudioStatistics
from data_pipeline.audit.entries import Entry, Examination, Heard, Sound, examine
from data_pipeline.manifest import Row, read_manifest
from tests.conftest import CLIPS


@pytest.fixture(scope="session")
def carried_rows() -> list[Row]:
    return list(read_manifest(CLIPS / "manifest.jsonl"))


@pytest.fixture(scope="session")
def carried(carried_rows: list[Row]) -> list[Entry]:
    """All carried recordings with what the default model hears."""
    for model_id in ("moonshine-tiny-en", "silero-vad-16k"):
        pull(model_id)
    return list(examine(carried_rows, Examination(""), workers=1))


def sound(
    *,
    speech_s: float = 1.0,
    lead_s: float = 0.3,
    trail_s: float = 0.3,
    loudness_lufs: float | None = -23.0,
    fingerprint: str = "",
    edges_db: float = 0.0,
) -> Sound:
    """A recording with one stretch of speech; none where it lasts 0 s."""
    statistics = AudioStatistics(
        duration_s=lead_s + speech_s + trail_s,
        speech_s=speech_s,
        segments=int(speech_s > 0),
        lead_silence_s=lead_s,
        trail_silence_s=trail_s,
        onset_clipped=speech_s > 0 and lead_s == 0,
        offset_clipped=speech_s > 0 and trail_s == 0,
        loudness_lufs=loudness_lufs,
        snr_db=30.0,
        clipping_ratio=0.0,
    )
    spans = (Span(lead_s, lead_s + speech_s),) if speech_s else ()
    return Sound(fingerprint, statistics, spans, edges_db, edges_db)


_COUNT = iter(range(1_000_000))


def entry(
    text: str | None, measured: Sound | None = None, *, heard: tuple[str, float | None] | None = None, **fields: object
) -> Entry:
    """A row of its own recording, unless the sound says otherwise."""
    number = next(_COUNT)
    row = Row(Path("manifest.jsonl"), number + 1, f"{number}.flac", 1.6, text, fields=fields)
    return Entry(row, measured or sound(fingerprint=str(number)), heard=Heard(*heard) if heard else None)
