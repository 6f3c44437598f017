"""The numbers that are reported for every recording."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from numpy.typing import NDArray

from asr.audio import Audio, Span
from asr.decode import decode
from asr.statistics import measure
from asr.vad import ClippingRule, WebRtcDetector, speech_spans
from tests.conftest import Recording


def noise(seconds: float, power_db: float) -> NDArray[np.float32]:
    rng = np.random.default_rng(7)
    return rng.normal(0, 10 ** (power_db / 20), round(seconds * 16_000)).astype(np.float32)


def test_silence_around_speech() -> None:
    measured = measure(Audio(noise(3, -40)), [Span(0.5, 1.0), Span(1.5, 2.25)])
    assert measured.duration_s == 3
    assert (measured.speech_s, measured.segments) == (1.25, 2)
    assert (measured.lead_silence_s, measured.trail_silence_s) == (0.5, 0.75)
    assert (measured.onset_clipped, measured.offset_clipped) == (False, False)


def test_speech_at_the_edges_is_clipped() -> None:
    audio = Audio(noise(1, -40))
    first, last = measure(audio, [Span(0, 0.5)]), measure(audio, [Span(0.5, 1)])
    assert (first.onset_clipped, first.offset_clipped) == (True, False)
    assert (last.onset_clipped, last.offset_clipped) == (False, True)


@pytest.mark.parametrize("snr_db", [0.0, 10.0, 25.0])
def test_snr_of_a_mixture_is_what_was_mixed(snr_db: float) -> None:
    samples = noise(4, -50)
    rng = np.random.default_rng(1)
    samples[16_000:32_000] += rng.normal(0, 10 ** ((snr_db - 50) / 20), 16_000).astype(np.float32)
    measured = measure(Audio(samples), [Span(1, 2)])
    assert measured.snr_db == pytest.approx(snr_db, abs=0.5)


@pytest.mark.parametrize("count", [0, 1, 159, 16_000])
@pytest.mark.parametrize("level", [0.0, 0.1])
def test_undefined_is_null_and_never_nan(count: int, level: float) -> None:
    audio = Audio(np.full(count, level, np.float32))
    for spans in ([], [Span(0, audio.duration_s)] if count else []):
        measured = asdict(measure(audio, spans))
        assert measured["snr_db"] is None
        json.dumps(measured, allow_nan=False)
        if not level or not count:
            assert measured["loudness_lufs"] is None


def test_no_speech_is_all_silence() -> None:
    measured = measure(Audio(noise(2, -40), clipping_ratio=0.125), ())
    assert (measured.lead_silence_s, measured.trail_silence_s, measured.speech_s) == (2, 2, 0)
    assert (measured.onset_clipped, measured.offset_clipped) == (False, False)
    assert measured.clipping_ratio == 0.125


def test_cutting_the_start_of_real_speech_is_noticed(speech: list[Recording]) -> None:
    detector, rule = WebRtcDetector(mode=3), ClippingRule()
    whole = cut = 0
    for recording in [r for r in speech if r.duration_s > 3]:
        audio = decode(recording.path.read_bytes())
        spans = speech_spans(detector.activity(audio), rule)
        middle = round((spans[0].start_s + spans[0].end_s) / 2 * 16_000)
        beheaded = Audio(audio.samples[middle:])
        whole += measure(audio, spans).onset_clipped
        cut += measure(beheaded, speech_spans(detector.activity(beheaded), rule)).onset_clipped
    assert cut > 2 * whole
