"""Players: the waveform holds every peak, the sound in the page is the recording's."""

import base64
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.audio import Audio
from asr.decode import decode
from data_pipeline.flac import flac
from data_pipeline.pages.player import Player, envelope, outline, player, within_budget


@given(st.lists(st.floats(-1, 1, width=32), max_size=200), st.integers(1, 60))
def test_envelope_keeps_the_extremes_and_bounds_every_sample(values: list[float], points: int) -> None:
    samples = np.array(values, np.float32)
    peaks = envelope(samples, points)
    assert peaks.shape == (min(points, len(samples)), 2)
    assert (peaks[:, 0] <= peaks[:, 1]).all()
    if len(samples):
        assert (peaks[:, 0].min(), peaks[:, 1].max()) == (samples.min(), samples.max())


def test_envelope_shows_where_the_sound_is() -> None:
    samples = np.zeros(1000, np.float32)
    samples[500], samples[501] = 0.5, -0.25
    peaks = envelope(samples, 10)
    assert peaks[5].tolist() == [-0.25, 0.5]
    assert not peaks[[0, 1, 2, 3, 4, 6, 7, 8, 9]].any()


def test_a_waveform_without_points_is_refused() -> None:
    with pytest.raises(ValueError, match="0 points"):
        envelope(np.zeros(3, np.float32), 0)


def test_outline_fills_its_box_and_stays_in_it(query: Audio) -> None:
    x, y = np.array([pair.split(",") for pair in outline(query.samples).split()], float).T
    assert len(x) == 600
    assert 0 <= x.min() <= x.max() <= 100
    assert 0 <= y.min() <= y.max() <= 100
    assert y.min() < 1 or y.max() > 99


def test_outline_of_nothing_is_nothing_and_of_silence_a_line() -> None:
    assert outline(np.empty(0, np.float32)) == ""
    assert {pair.split(",")[1] for pair in outline(np.zeros(100, np.float32)).split()} == {"49.5", "50.5"}


def test_a_flac_is_embedded_as_it_stands(query: Audio, query_clip: Path) -> None:
    data = query_clip.read_bytes()
    assert base64.b64decode(player(query, data=data).source.removeprefix("data:audio/flac;base64,")) == data


def test_a_part_is_encoded_anew(query: Audio) -> None:
    part = Audio(query.samples[8000:24000])
    sound = base64.b64decode(player(part, data=b"RIFF....").source.removeprefix("data:audio/flac;base64,"))
    assert np.abs(decode(sound).samples - part.samples).max() <= 2**-15


def test_overshoot_is_cut_off_and_does_not_wrap_round() -> None:
    samples = np.array([1.5, -1.5] * 800, np.float32)
    assert np.sign(decode(flac(Audio(samples))).samples).tolist() == np.sign(samples).tolist()


def test_only_as_much_sound_as_there_is_room_for() -> None:
    players = [Player("0,0", 1.0, source="x" * size) for size in (4, 4, 9, 1, 1)]
    kept = list(within_budget(players, max_sounds=3, max_bytes=10))
    assert [len(one.source) for one in kept] == [4, 4, 0, 1, 0]
    assert all(one.outline == "0,0" for one in kept)
