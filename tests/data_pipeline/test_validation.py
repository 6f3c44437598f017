"""What is wrong with a manifest is told once, by line."""

import json
import os
from pathlib import Path

import pytest

from data_pipeline.manifest import InvalidLine, Row, read_manifest
from data_pipeline.validation import checked_lines, sound_failure, validate
from tests.conftest import CLIPS


def manifest_of(folder: Path, *rows: dict[str, object]) -> Path:
    path = folder / "manifest.jsonl"
    path.write_text("".join(json.dumps({"text": "a", "duration": 1.0, **row}) + "\n" for row in rows))
    return path


def faults(manifest: Path) -> list[tuple[int, str]]:
    return [(line.line, line.reason) for line in validate(manifest) if isinstance(line, InvalidLine)]


def test_the_carried_manifests_are_sound() -> None:
    for name in ("manifest.jsonl", "noise.jsonl"):
        assert not faults(CLIPS / name)
        assert not any(map(sound_failure, read_manifest(CLIPS / name)))


def test_an_utterance_is_there_once(tmp_path: Path) -> None:
    manifest = manifest_of(
        tmp_path,
        {"audio_filepath": "a.wav"},
        {"audio_filepath": "a.wav", "offset": 1.5},
        {"audio_filepath": "a.wav", "offset": 0},
        {"audio_filepath": "b.wav", "id": 7},
        {"audio_filepath": "c.wav", "id": "7"},
        {"audio_filepath": "a.wav", "id": "another label"},
        {"audio_filepath": "a.wav", "labeler": "anna"},
        {"audio_filepath": "a.wav", "labeler": "bob"},
    )
    assert faults(manifest) == [
        (3, "the same recording and offset as in line 1: a.wav@0"),
        (5, "the same `id` as in line 4: 7"),
    ]
    assert sum(isinstance(line, Row) for line in checked_lines(manifest)) == 6


def test_parts_do_not_overlap(tmp_path: Path) -> None:
    manifest = manifest_of(
        tmp_path,
        {"audio_filepath": "a.wav", "offset": 4.0, "duration": 2},
        {"audio_filepath": "a.wav", "offset": 0, "duration": 4.0005},
        {"audio_filepath": "b.wav", "offset": 3, "duration": 10},
        {"audio_filepath": "a.wav", "offset": 5, "duration": 0.5},
        {"audio_filepath": "a.wav", "offset": 5.9, "duration": 1},
        {"audio_filepath": "b.wav", "offset": 13, "duration": 1},
    )
    assert faults(manifest) == [
        (4, "overlaps line 1 in the same recording"),
        (5, "overlaps line 1 in the same recording"),
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"audio_filepath": "absent.wav"}, "No such file"),
        ({"audio_filepath": "."}, "directory"),
        ({"audio_filepath": "empty.wav"}, ""),
        ({"audio_filepath": "clip.flac"}, "the file lasts 2.219 s, the manifest says 1 s"),
        ({"audio_filepath": "clip.flac", "offset": 2, "duration": 1}, "the part would end at 3.0 s"),
        ({"audio_filepath": "clip.flac", "duration": 2.219, "sha256": "0"}, "sha256 differs"),
        ({"audio_filepath": "cut.flac", "duration": 2.219}, "cut or damaged"),
        ({"audio_filepath": "/dev/zero"}, "not a regular file"),
        ({"audio_filepath": "pipe.wav"}, "not a regular file"),
        ({"audio_filepath": "huge.wav"}, "more than 268435456"),
    ],
)
def test_a_recording_that_is_not_what_the_manifest_says(
    tmp_path: Path, query_clip: Path, row: dict[str, object], reason: str
) -> None:
    (tmp_path / "clip.flac").write_bytes(query_clip.read_bytes())
    (tmp_path / "cut.flac").write_bytes(query_clip.read_bytes()[:20_000])
    (tmp_path / "empty.wav").touch()
    os.mkfifo(tmp_path / "pipe.wav")
    with (tmp_path / "huge.wav").open("wb") as huge:
        huge.truncate(1 << 40)  # a file of holes
    [line] = checked_lines(manifest_of(tmp_path, row))
    failure = sound_failure(line)
    assert failure is not None
    assert reason in failure.reason
    assert json.loads(failure.text)["audio_filepath"] == row["audio_filepath"]
