"""Noises and rooms: the carried ones are whole and licensed, and manifests without any are refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from data_pipeline.errors import CannotSimulate, InvalidManifest
from data_pipeline.recordings import read_audio
from data_pipeline.simulation.sounds import Sounds, read_sounds
from tests.conftest import CLIPS


def test_every_carried_sound_is_readable_and_names_licence_and_origin(sounds: Sounds) -> None:
    folder = sounds.noises[0].manifest.parent
    named = (folder / "LICENSES.md").read_text()
    for row in (*sounds.noises, *sounds.rooms):
        assert read_audio(row).samples.any()
        assert row.field("license")
        assert row.field("origin")
        assert row.audio_filepath in named
    assert {path.name for path in folder.glob("*.flac")} == {r.audio_filepath for r in (*sounds.noises, *sounds.rooms)}


def test_one_manifest_may_hold_both_kinds(tmp_path: Path, sounds: Sounds) -> None:
    rows = [row.moved_to(tmp_path / "all.jsonl").as_json() for row in (*sounds.noises, *sounds.rooms)]
    (tmp_path / "all.jsonl").write_text("\n".join(map(json.dumps, rows)))
    both = read_sounds(tmp_path / "all.jsonl", tmp_path / "all.jsonl")
    assert len(both.noises) == len(sounds.noises)
    assert len(both.rooms) == len(sounds.rooms)
    drawn = {both.noise(np.random.default_rng(seed)).name for seed in range(50)}
    assert len(drawn) == len(both.noises)


def test_a_manifest_without_kinds_is_taken_whole() -> None:
    assert len(read_sounds(noise=CLIPS / "noise.jsonl").noises) == 12


def test_a_noise_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "noise.jsonl").write_text('{"audio_filepath": "absent.flac", "duration": 1, "text": ""}')
    with pytest.raises(CannotSimulate, match=r"absent.flac.*No such file"):
        read_sounds(noise=tmp_path / "noise.jsonl").noise(np.random.default_rng(0))
    (tmp_path / "absent.flac").write_text("no sound")
    with pytest.raises(CannotSimulate, match=r"absent.flac.*not a sound file"):
        read_sounds(noise=tmp_path / "noise.jsonl").noise(np.random.default_rng(0))


def test_a_manifest_without_any_is_refused(tmp_path: Path, sounds: Sounds) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(InvalidManifest, match="no noise recording"):
        read_sounds(noise=tmp_path / "empty.jsonl")
    with pytest.raises(InvalidManifest, match="no room impulse response"):
        read_sounds(rooms=sounds.noises[0].manifest)
