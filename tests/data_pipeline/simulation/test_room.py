"""Rooms: the ratio asked for, no delay, no change of level; over real responses."""

import numpy as np
import pytest

from asr.audio import SAMPLE_RATE_HZ, Audio
from data_pipeline.recordings import read_audio
from data_pipeline.simulation.room import DIRECT_S, Room, adjusted, reverberated
from data_pipeline.simulation.sounds import Sounds
from tests.data_pipeline.simulation.conftest import lag_ms

RATIOS_DB = [-6.0, 0.0, 10.0]


@pytest.mark.parametrize("ratio_db", RATIOS_DB)
def test_every_carried_response_gets_the_ratio(sounds: Sounds, ratio_db: float) -> None:
    for row in sounds.rooms:
        response = adjusted(read_audio(row).samples, Room(direct_to_reverberant_db=ratio_db))
        energy = np.square(response)
        direct = round(DIRECT_S * SAMPLE_RATE_HZ)
        assert 10 * np.log10(energy[:direct].sum() / energy[direct:].sum()) == pytest.approx(ratio_db, abs=0.01)


@pytest.mark.parametrize("ratio_db", RATIOS_DB)
def test_speech_stays_in_time_and_as_loud(query: Audio, sounds: Sounds, ratio_db: float) -> None:
    for row in sounds.rooms:
        heard = reverberated(query, read_audio(row).samples, Room(direct_to_reverberant_db=ratio_db)).samples
        assert heard.shape == query.samples.shape
        assert np.isfinite(heard).all()
        assert abs(lag_ms(query.samples, heard)) < 1.0
        assert np.linalg.norm(heard) == pytest.approx(np.linalg.norm(query.samples), rel=1e-3)


def test_nothing_sounds_before_it_is_spoken(sounds: Sounds) -> None:
    click = np.zeros(16_000, np.float32)
    click[8000] = 1.0
    for row in sounds.rooms:
        heard = reverberated(Audio(click), read_audio(row).samples, Room(direct_to_reverberant_db=0.0)).samples
        assert np.abs(heard[:7990]).max() < 1e-6
        assert np.abs(heard[8000 + 80 :]).max() > 1e-3


def test_a_silent_response_and_one_without_reflections_leave_sound_alone(query: Audio) -> None:
    room = Room(direct_to_reverberant_db=0.0)
    assert reverberated(query, np.zeros(100, np.float32), room) is query
    dry = reverberated(query, np.array([0, 0.5, 0], np.float32), room).samples
    assert dry == pytest.approx(query.samples, abs=1e-6)
