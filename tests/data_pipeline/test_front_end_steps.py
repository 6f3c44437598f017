"""Clip and normalize, offline, against the server's front end: the same samples, levels within 0.001 dB.

The server K-weighs a recording once and measures its piece in that; offline the clip is a recording of its own.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from asr.audio import Audio
from asr.cache import pull
from asr.front_end import FrontEnd, prepare
from asr.loading import Detector, load_detector
from data_pipeline.clip import Clipping
from data_pipeline.dataset import change_sound
from data_pipeline.manifest import Row, read_manifest
from data_pipeline.normalize import Normalization
from data_pipeline.recordings import read_audio
from tests.conftest import CLIPS


@pytest.fixture(scope="module", autouse=True)
def silero() -> None:
    pull("silero-vad-16k")


def server_piece(audio: Audio, detector: Detector) -> Audio:
    front_end = FrontEnd(lead_silence_s=0.0, trail_silence_s=0.0)
    [piece] = prepare(audio, front_end, load_detector(detector), max_piece_s=30.0).pieces
    return piece.audio


@pytest.mark.parametrize("detector", list(Detector))
def test_offline_and_server_cut_and_level_the_same_samples(detector: Detector) -> None:
    rows = [row for row in read_manifest(CLIPS / "manifest.jsonl") if row.duration_s < 8]
    assert len(rows) > 20
    for row in rows:
        audio = read_audio(row)
        [(clipped_row, clipped)] = Clipping(detector=detector).change(row, audio)
        [(_, offline)] = Normalization().change(clipped_row, clipped)
        wanted = server_piece(audio, detector).samples
        np.testing.assert_allclose(offline.samples, wanted, rtol=10 ** (0.001 / 20) - 1, atol=1e-9, err_msg=row.key)


def test_the_files_hold_the_servers_sound_but_for_16_bits(tmp_path: Path) -> None:
    clipped = change_sound(Clipping(), CLIPS / "manifest.jsonl", tmp_path / "clip", workers=1)
    made = change_sound(Normalization(), clipped.manifest, tmp_path / "level", workers=1)
    for source, row in zip(read_manifest(CLIPS / "manifest.jsonl"), read_manifest(made.manifest), strict=True):
        if source.duration_s < 8:
            [(_, cut)] = Clipping().change(source, read_audio(source))
            [(_, wanted)] = Normalization().change(source, cut)
            # The first file's rounding is raised by the gain, at most 20 dB.
            np.testing.assert_allclose(read_audio(row).samples, np.clip(wanted.samples, -1, 1), atol=11 * 2**-16)


def test_the_row_says_what_was_cut(clip_row: Row) -> None:
    audio = read_audio(clip_row)
    silence = np.zeros(16_000, np.float32)
    longer = replace(audio, samples=np.concatenate([silence, audio.samples, silence]))
    [(row, kept)] = Clipping().change(clip_row, longer)
    told = (row.fields or {})["clip"]
    assert isinstance(told, dict)
    assert told["duration"] == pytest.approx(longer.duration_s, abs=1e-4)
    [(alone, _)] = Clipping().change(clip_row, audio)
    before = (alone.fields or {})["clip"]
    assert isinstance(before, dict)
    assert told["lead_silence"] == pytest.approx(before["lead_silence"] + 1.0, abs=0.05)
    assert told["trail_silence"] == pytest.approx(before["trail_silence"] + 1.0, abs=0.05)
    assert told["kept"][0][0] == pytest.approx(told["lead_silence"] - 0.3, abs=1e-3)
    assert kept.duration_s == pytest.approx(sum(end - start for start, end in told["kept"]), abs=1e-3)


def test_noise_stays_whole_and_silence_at_its_level(clip_row: Row) -> None:
    noise = Audio(np.random.default_rng(0).normal(0, 0.01, 16_000).astype(np.float32))
    silence = Audio(np.zeros(16_000, np.float32))
    for audio in (noise, silence):
        [(row, kept)] = Clipping().change(clip_row, audio)
        assert kept is audio
        assert (row.fields or {})["clip"] == {"duration": 1.0, "kept": [], "lead_silence": 1.0, "trail_silence": 1.0}
    [(row, level)] = Normalization().change(clip_row, silence)
    assert (row.fields or {})["loudness"] == {"lufs": None, "gain_db": 0.0}
    assert not level.samples.any()
