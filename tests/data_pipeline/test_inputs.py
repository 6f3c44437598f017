"""Files, folders and manifests, and noise in pieces."""

import json
from pathlib import Path

import pytest

from asr.decode import decode
from data_pipeline.inputs import noise_pieces, sound_files
from data_pipeline.manifest import Row
from data_pipeline.recordings import read_recording
from tests.conftest import CLIPS


def test_a_folder_is_all_its_sound_files() -> None:
    found = sound_files(CLIPS)
    assert len(found) == 66 + 12
    assert found == sorted(found)


def test_a_folder_without_sound_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("a")
    with pytest.raises(FileNotFoundError, match="no sound file"):
        sound_files(tmp_path)


def test_noise_is_cut_into_whole_pieces_from_a_folder_as_from_a_manifest() -> None:
    pieces = list(noise_pieces(CLIPS / "noise", piece_s=1.0))
    assert [piece.offset_s for piece in pieces] == [0.0, 1.0] * 12
    assert all(piece.text == "" and piece.field("source") == "noise" for piece in pieces)
    of_manifest = noise_pieces(CLIPS / "noise.jsonl", piece_s=1.0)
    assert sorted(map(str, {piece.path for piece in pieces})) == sorted({str(piece.path) for piece in of_manifest})


def test_impulse_responses_of_a_manifest_are_no_noise(tmp_path: Path) -> None:
    kinds = (None, "noise", "rir", "device_filter")
    rows = [{"audio_filepath": f"{kind}.wav", "duration": 2.0, "kind": kind} for kind in kinds]
    (tmp_path / "sounds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    pieces = noise_pieces(tmp_path / "sounds.jsonl", piece_s=2.0)
    assert [piece.path.stem for piece in pieces] == ["None", "noise"]


def test_an_offset_reads_that_part_of_the_file(clip_row: Row) -> None:
    whole = decode(clip_row.path.read_bytes()).samples
    part = read_recording(Row(clip_row.manifest, 1, clip_row.audio_filepath, 0.5, "", 1.0))
    assert (decode(part.data, pcm=part.pcm).samples == whole[16_000:24_000]).all()
