"""Microphones: their response measured on white noise, and that they move nothing."""

import numpy as np
import pytest

from asr.audio import Audio
from data_pipeline.simulation.microphone import Microphone, colour
from tests.data_pipeline.simulation.conftest import band_db

TELEPHONE = Microphone(low_cut_hz=300.0, high_cut_hz=3400.0)


@pytest.mark.parametrize(
    ("microphone", "low_hz", "high_hz", "expected_db", "within_db"),
    [
        (TELEPHONE, 500, 2500, 0.0, 0.3),
        (TELEPHONE, 299, 301, -3.0, 1.0),
        (TELEPHONE, 3399, 3401, -3.0, 1.0),
        (TELEPHONE, 149, 151, -24.0, 2.0),
        (TELEPHONE, 6799, 6801, -24.0, 2.0),
        (Microphone(tilt_db_per_octave=-3.0), 495, 505, 3.0, 0.3),
        (Microphone(tilt_db_per_octave=-3.0), 3980, 4020, -6.0, 0.3),
        (Microphone(resonance_hz=3000.0, resonance_db=6.0), 2980, 3020, 6.0, 0.3),
        (Microphone(resonance_hz=3000.0, resonance_db=6.0), 490, 510, 0.0, 0.3),
    ],
)
def test_the_spectrum_is_as_the_profile_says(
    white: Audio, microphone: Microphone, low_hz: float, high_hz: float, expected_db: float, within_db: float
) -> None:
    heard = colour(white, microphone)
    gained_db = band_db(white.samples, heard.samples, low_hz=low_hz, high_hz=high_hz)
    assert gained_db == pytest.approx(expected_db, abs=within_db)


def test_a_click_stays_where_it_is() -> None:
    click = np.zeros(4000, np.float32)
    click[1234] = 0.5
    heard = colour(Audio(click), TELEPHONE).samples
    assert len(heard) == len(click)
    assert heard.dtype == np.float32
    assert int(np.argmax(np.abs(heard))) == 1234


@pytest.mark.parametrize("count", [0, 1, 100])
def test_short_sound_is_as_long_as_before(count: int) -> None:
    heard = colour(Audio(np.full(count, 0.1, np.float32)), TELEPHONE).samples
    assert heard.shape == (count,)
    assert np.isfinite(heard).all()
