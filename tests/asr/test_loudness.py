"""Reference levels of ITU-R BS.1770-4 and EBU Tech 3341, agreement with pyloudnorm, and what a gain may do."""

import numpy as np
import pyloudnorm
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from asr.audio import Audio
from asr.decode import decode
from asr.loudness import LoudnessTarget, integrated_loudness_lufs, normalize, weighted, weighted_loudness_lufs
from tests.conftest import Recording

TARGET = LoudnessTarget()
MONO = -3.01
"""EBU Tech 3341 gives its levels for two equal channels; one channel has half of their power."""
WARPING_LU = 0.15
"""pyloudnorm designs its filters anew for 16 kHz, where they differ this much from those of the standard."""


def tone(level_dbfs: float, seconds: float, frequency_hz: float = 1000) -> NDArray[np.float32]:
    time_s = np.arange(round(seconds * 16_000)) / 16_000
    return (10 ** (level_dbfs / 20) * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.float32)


def test_full_scale_997_hz_reads_minus_3_01() -> None:
    """BS.1770-4, annex 1: a 0 dBFS, 997 Hz sine in the left, centre or right channel indicates -3.01 LKFS."""
    assert integrated_loudness_lufs(Audio(tone(0, 5, 997))) == pytest.approx(-3.01, abs=0.002)


@pytest.mark.parametrize(
    ("parts", "expected_lufs"),
    [
        ([(-23.0, 20)], -23.0),  # test case 1
        ([(-33.0, 20)], -33.0),  # 2
        ([(-36.0, 10), (-23.0, 60), (-36.0, 10)], -23.0),  # 3: the relative gate
        ([(-72.0, 10), (-36.0, 10), (-23.0, 60), (-36.0, 10), (-72.0, 10)], -23.0),  # 4: both gates
        ([(-26.0, 20), (-20.0, 20.1), (-26.0, 20)], -23.0),  # 5
    ],
)
def test_ebu_tech_3341(parts: list[tuple[float, float]], expected_lufs: float) -> None:
    """EBU Tech 3341, table 1, minimum requirements: within 0.1 LU."""
    samples = np.concatenate([tone(level_dbfs, seconds) for level_dbfs, seconds in parts])
    assert integrated_loudness_lufs(Audio(samples)) == pytest.approx(expected_lufs + MONO, abs=0.1)


def test_agrees_with_pyloudnorm_on_real_recordings(speech: list[Recording], noise: list[Recording]) -> None:
    meter = pyloudnorm.Meter(16_000, filter_class="DeMan")
    for recording in speech[::4] + noise:
        samples = decode(recording.path.read_bytes()).samples
        samples = samples[: len(samples) // 1600 * 1600]  # it counts incomplete blocks, which BS.1770-4 does not
        expected = meter.integrated_loudness(samples.astype(np.float64))
        assert integrated_loudness_lufs(Audio(samples)) == pytest.approx(expected, abs=WARPING_LU), recording.path.name


def test_recording_of_many_transforms_is_measured_as_one() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 16_000 * 120).astype(np.float32)
    expected = pyloudnorm.Meter(16_000, filter_class="DeMan").integrated_loudness(noise.astype(np.float64))
    assert integrated_loudness_lufs(Audio(noise)) == pytest.approx(expected, abs=WARPING_LU)


def test_parts_of_a_weighted_recording_are_as_loud_as_by_themselves(speech: list[Recording]) -> None:
    for recording in speech[::4]:
        audio = decode(recording.path.read_bytes())
        heard, at = weighted(audio), len(audio.samples) // 3
        assert weighted_loudness_lufs(heard) == pytest.approx(integrated_loudness_lufs(audio), abs=1e-5)
        part, heard_part = Audio(audio.samples[at:]), Audio(heard.samples[at:])
        assert weighted_loudness_lufs(heard_part) == pytest.approx(integrated_loudness_lufs(part), abs=0.01)


@pytest.mark.parametrize("count", [0, 1, 5000, 6400, 40_000])
def test_weighted_sound_keeps_its_length(count: int) -> None:
    sound = Audio(np.random.default_rng(0).normal(0, 0.1, count).astype(np.float32))
    heard = weighted(sound)
    assert len(heard.samples) == count
    assert weighted_loudness_lufs(heard) == pytest.approx(integrated_loudness_lufs(sound), abs=1e-4)


def test_short_sound_is_one_block_of_its_own_length() -> None:
    long_lufs = integrated_loudness_lufs(Audio(tone(-20, 5)))
    for seconds in (0.1, 0.25, 0.39):
        assert integrated_loudness_lufs(Audio(tone(-20, seconds))) == pytest.approx(long_lufs, abs=0.2)


@pytest.mark.parametrize("count", [0, 1, 100, 6399, 6400, 40_000])
def test_silence_has_no_loudness_and_stays_silence(count: int) -> None:
    result = normalize(Audio(np.zeros(count, np.float32)), TARGET)
    assert result.loudness_lufs == -np.inf
    assert result.gain_db == 0
    assert not result.audio.samples.any()


def test_below_the_absolute_gate_nothing_is_raised() -> None:
    assert normalize(Audio(tone(-80, 2)), TARGET).gain_db == 0


@pytest.mark.parametrize("level_dbfs", [-35.0, -28.0, -12.0, -1.0])
def test_target_is_reached(level_dbfs: float) -> None:
    result = normalize(Audio(tone(level_dbfs, 2), clipping_ratio=0.5, truncated=True), TARGET)
    assert integrated_loudness_lufs(result.audio) == pytest.approx(TARGET.level_lufs, abs=0.01)
    assert result.loudness_lufs + result.gain_db == pytest.approx(TARGET.level_lufs, abs=0.01)
    assert (result.audio.clipping_ratio, result.audio.truncated) == (0.5, True)


def test_boost_is_capped() -> None:
    assert normalize(Audio(tone(-60, 2)), TARGET).gain_db == TARGET.max_boost_db


def test_a_click_limits_the_boost() -> None:
    samples = tone(-40, 2)
    samples[16_000] = 0.5
    result = normalize(Audio(samples), TARGET)
    assert np.abs(result.audio.samples).max() == pytest.approx(10 ** (TARGET.peak_dbfs / 20), abs=1e-4)
    assert result.gain_db == pytest.approx(20 * np.log10(10 ** (TARGET.peak_dbfs / 20) / 0.5), abs=1e-4)


@given(st.floats(-90, 0), st.floats(0, 1), st.integers(0, 20_000))
def test_no_gain_ever_clips(level_dbfs: float, click: float, count: int) -> None:
    samples = tone(level_dbfs, 2)[:count]
    samples[count // 2 : count // 2 + 1] = click
    result = normalize(Audio(samples), TARGET)
    assert np.abs(result.audio.samples).max(initial=0) <= 1
    assert np.isfinite(result.gain_db)
    assert result.gain_db <= TARGET.max_boost_db
