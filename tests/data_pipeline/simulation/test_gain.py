"""Level, saturation and automatic gain control."""

from dataclasses import replace

import numpy as np
import pytest

from asr.audio import SAMPLE_RATE_HZ, Audio
from asr.loudness import integrated_loudness_lufs
from data_pipeline.simulation.gain import GainControl, at_level, controlled, saturated


def rms_dbfs(audio: Audio, start_s: float, end_s: float) -> float:
    part = audio.samples[int(start_s * SAMPLE_RATE_HZ) : int(end_s * SAMPLE_RATE_HZ)]
    return 10 * float(np.log10(np.mean(np.square(part, dtype=np.float64))))


@pytest.mark.parametrize("level_lufs", [-40.0, -26.0, -6.0])
def test_speech_is_brought_to_the_level(query: Audio, level_lufs: float) -> None:
    heard, gain_db = at_level(query, level_lufs)
    assert integrated_loudness_lufs(heard) == pytest.approx(level_lufs, abs=0.1)
    assert gain_db == pytest.approx(level_lufs - integrated_loudness_lufs(query), abs=0.01)


def test_silence_stays_silence() -> None:
    silence = Audio(np.zeros(8000, np.float32))
    heard, gain_db = at_level(silence, -26.0)
    assert gain_db == 0
    assert not heard.samples.any()
    assert not controlled(silence, GainControl()).samples.any()


def test_saturation_cuts_at_full_scale_and_counts(query: Audio) -> None:
    loud, _ = at_level(query, -6.0)
    beyond = float(np.mean(np.abs(loud.samples) >= 32767 / 32768))
    heard = saturated(loud)
    assert beyond > 0.01
    assert heard.clipping_ratio == pytest.approx(beyond)
    assert np.abs(heard.samples).max() <= 1
    assert saturated(query).clipping_ratio == 0


def test_gain_control_reaches_its_target_from_both_sides(white: Audio) -> None:
    control = GainControl(target_dbfs=-26.0, max_gain_db=18.0, attack_s=0.01, release_s=0.1)
    for level_db in (-12.0, 12.0):
        arrived = replace(white, samples=white.samples * np.float32(10 ** (level_db / 20)))
        assert rms_dbfs(controlled(arrived, control), 1.0, 2.0) == pytest.approx(-26.0, abs=0.5)


def test_gain_control_raises_by_no_more_than_it_may(white: Audio) -> None:
    faint = replace(white, samples=white.samples * np.float32(0.01))
    heard = controlled(faint, GainControl(target_dbfs=-20.0, max_gain_db=6.0, release_s=0.05))
    assert rms_dbfs(heard, 1.0, 2.0) == pytest.approx(rms_dbfs(faint, 1.0, 2.0) + 6, abs=0.2)


def test_attack_and_release_take_their_time(white: Audio) -> None:
    steps = np.repeat(np.array([1.0, 0.1], np.float32), SAMPLE_RATE_HZ)
    heard = controlled(
        replace(white, samples=white.samples * steps),
        GainControl(target_dbfs=-30.0, max_gain_db=20.0, attack_s=0.02, release_s=0.3),
    )
    assert rms_dbfs(heard, 0.1, 1.0) == pytest.approx(-30.0, abs=0.5)
    # The level falls by 20 dB after 1 s: what is missing falls by 1/e in each release time.
    for after_s in (0.3, 0.6):
        missing_db = -30.0 - rms_dbfs(heard, 0.99 + after_s, 1.01 + after_s)
        assert missing_db == pytest.approx(20 * np.exp(-after_s / 0.3), abs=1.5)


def test_a_pause_is_not_raised(white: Audio) -> None:
    steps = np.repeat(np.array([1.0, 0.001], np.float32), SAMPLE_RATE_HZ)
    arrived = replace(white, samples=white.samples * steps)
    heard = controlled(arrived, GainControl(target_dbfs=-20.0, max_gain_db=40.0, release_s=0.05))
    assert rms_dbfs(heard, 1.5, 2.0) == pytest.approx(rms_dbfs(arrived, 1.5, 2.0), abs=1.0)
