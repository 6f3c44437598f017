"""Which recordings a benchmark sends, and that a bad manifest is refused by name."""

import json
from pathlib import Path

import numpy as np
import pytest

from asr.audio import SAMPLE_RATE_HZ
from data_pipeline.errors import InvalidManifest
from serving.bench.clips import pieces_of, read_audio, read_clips

MANIFEST = Path(__file__).parents[1] / "clips" / "manifest.jsonl"


def test_clips_come_shortest_first_and_may_be_limited() -> None:
    clips = read_clips(MANIFEST, max_duration_s=4)
    durations = [clip.duration_s for clip in clips]
    assert durations == sorted(durations)
    assert 0.5 < durations[0] < durations[-1] <= 4
    assert len(clips) < len(read_clips(MANIFEST))


@pytest.mark.parametrize("duration_s", [1.0, 2.5, 5.0, 10.0])
def test_pieces_are_cut_from_real_recordings(duration_s: float) -> None:
    clips = read_clips(MANIFEST)
    pieces = pieces_of(clips, duration_s, count=3)
    assert all(0.9 * duration_s <= piece.duration_s <= duration_s for piece in pieces)
    source = next(clip for clip in clips if clip.duration_s >= 0.9 * duration_s)
    whole = read_audio(source.content)
    assert whole.duration_s == pytest.approx(source.duration_s, abs=0.01)
    assert np.array_equal(pieces[0].samples, whole.samples[: round(duration_s * SAMPLE_RATE_HZ)])


def test_pieces_longer_than_any_recording_are_refused() -> None:
    with pytest.raises(ValueError, match=r"no clip lasts about 100 s"):
        pieces_of(read_clips(MANIFEST), 100, count=1)


def test_a_missing_default_manifest_names_the_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="--clips MANIFEST"):
        read_clips(None)


PART = {"audio_filepath": str(MANIFEST), "duration": 1, "text": "", "offset": 2}


@pytest.mark.parametrize(
    "line", ["not json", "{}", "[]", json.dumps({"audio_filepath": "a.wav", "duration": "long"}), json.dumps(PART)]
)
def test_a_broken_line_is_named(tmp_path: Path, line: str) -> None:
    manifest = tmp_path / "m.jsonl"
    manifest.write_text(f"\n{line}\n")
    with pytest.raises(InvalidManifest, match="line 2"):
        read_clips(manifest)


def test_a_missing_recording_is_named(tmp_path: Path) -> None:
    manifest = tmp_path / "m.jsonl"
    manifest.write_text(json.dumps({"audio_filepath": "gone.wav", "duration": 1}))
    with pytest.raises(FileNotFoundError, match=r"gone\.wav"):
        read_clips(manifest)
    assert read_clips(MANIFEST)
