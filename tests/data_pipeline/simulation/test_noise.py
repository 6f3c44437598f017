"""Noise reaches the ratio that was asked for, by measurement."""

import numpy as np
import pytest

from asr.audio import SAMPLE_RATE_HZ, Audio, Span
from data_pipeline.errors import CannotSimulate
from data_pipeline.simulation.noise import road_noise, stretch_of, with_noise
from data_pipeline.simulation.sounds import Sounds
from tests.data_pipeline.simulation.conftest import band_db

SPEECH = (Span(0.704, 1.696),)


def power_db(samples: "np.ndarray[tuple[int], np.dtype[np.float32]]") -> float:
    return 10 * float(np.log10(np.mean(np.square(samples, dtype=np.float64))))


@pytest.mark.parametrize("snr_db", [-5.0, 5.0, 20.0])
def test_the_ratio_is_that_of_speech_without_pauses(query: Audio, sounds: Sounds, snr_db: float) -> None:
    rng = np.random.default_rng(3)
    for _ in range(5):
        noise = stretch_of(sounds.noise(rng).samples, len(query.samples), rng)
        heard = with_noise(query, noise, snr_db=snr_db, speech=SPEECH)
        added = heard.samples - query.samples
        spoken = query.samples[round(0.704 * SAMPLE_RATE_HZ) : round(1.696 * SAMPLE_RATE_HZ)]
        assert power_db(spoken) - power_db(added) == pytest.approx(snr_db, abs=0.5)


def test_silent_noise_is_refused(query: Audio) -> None:
    with pytest.raises(CannotSimulate, match="silent"):
        with_noise(query, np.zeros(len(query.samples), np.float32), snr_db=5.0, speech=SPEECH)


@pytest.mark.parametrize("count", [1, 39_999, 40_000, 40_001, 250_000])
def test_a_recording_is_long_enough_for_any_sound_and_has_no_clicks(count: int) -> None:
    wave = np.sin(np.arange(40_000) / 20).astype(np.float32)
    stretch = stretch_of(wave, count, np.random.default_rng(count))
    assert stretch.shape == (count,)
    assert np.abs(np.diff(stretch)).max(initial=0) <= np.abs(np.diff(wave)).max() * 1.001


def test_road_noise_falls_by_6_db_an_octave() -> None:
    noise = road_noise(20 * SAMPLE_RATE_HZ, np.random.default_rng(0))
    flat = np.random.default_rng(1).standard_normal(len(noise)).astype(np.float32)
    levels = [band_db(flat, noise, low_hz=f, high_hz=1.1 * f) for f in (250, 500, 1000, 2000)]
    assert np.diff(levels) == pytest.approx([-6, -6, -6], abs=1)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 999])
def test_road_noise_of_any_length(count: int) -> None:
    noise = road_noise(count, np.random.default_rng(0))
    assert noise.shape == (count,)
    assert np.isfinite(noise).all()
