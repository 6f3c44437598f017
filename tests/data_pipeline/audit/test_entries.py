"""Sound is measured as it is; what cannot be used is told, not raised."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from data_pipeline.audit.entries import UNNAMED, Entry, Examination, edge_levels_db, examine, groups, letters_of
from data_pipeline.manifest import Row
from tests.data_pipeline.audit.conftest import entry, sound


def test_every_carried_recording_is_measured_and_heard(carried: list[Entry]) -> None:
    assert all(one.sound and one.heard and not one.problem for one in carried)
    assert sum(bool(one.sound and one.sound.speech) for one in carried) == len(carried)


def test_the_same_samples_have_the_same_fingerprint_in_any_format(clip_row: Row, tmp_path: Path) -> None:
    samples, rate_hz = soundfile.read(clip_row.path, dtype="int16")
    soundfile.write(tmp_path / "same.wav", samples, rate_hz)
    wav = replace(clip_row, manifest=tmp_path / "manifest.jsonl", audio_filepath="same.wav")
    part = replace(clip_row, offset_s=0.0, duration_s=1.0)
    first, second, third = (Examination()(row) for row in (clip_row, wav, part))
    assert first.sound
    assert first.sound == (second.sound and replace(second.sound, statistics=first.sound.statistics))
    assert third.sound
    assert third.sound.fingerprint != first.sound.fingerprint
    assert [len(group) for group in groups([first, second, third]).values()] == [2, 1]


def test_recordings_that_cannot_be_used_are_told(unreadable: list[Row], clip_row: Row) -> None:
    wrong_length = replace(clip_row, duration_s=9.0)
    wrong_file = clip_row.with_fields(sha256="0" * 64)
    found = list(examine([*unreadable, wrong_length, wrong_file, clip_row], Examination(), workers=1))
    assert [bool(one.problem) for one in found] == [True] * 5 + [False]
    assert "No such file" in found[0].problem
    assert "9 s" in found[3].problem
    assert all(one.sound is None for one in found[:-1])


def test_processes_measure_the_same_in_order(carried_rows: list[Row], carried: list[Entry]) -> None:
    measured = list(examine(carried_rows[:12], Examination(), workers=2))
    assert [one.sound for one in measured] == [one.sound for one in carried[:12]]


def test_level_of_the_edges_is_relative_to_speech() -> None:
    speech = np.full(1600, 0.5, np.float32)
    samples = np.concatenate([speech * 0.1, speech, speech])
    first, last = edge_levels_db(samples, [speech])
    assert first == pytest.approx(-20.0, abs=1e-4)
    assert last == pytest.approx(0.0, abs=1e-6)
    assert edge_levels_db(samples, []) == (None, None)
    assert edge_levels_db(np.zeros(0, np.float32), [np.zeros(3, np.float32)]) == (None, None)


def test_a_row_without_names_has_no_name() -> None:
    assert (entry("a").labeler, entry("a").corpus) == (UNNAMED, UNNAMED)
    assert entry("a", source="purchased", corpus="vctk").corpus == "vctk"
    assert entry("a", source="ljspeech").corpus == "ljspeech"


def test_unmeasured_rows_are_one_recording_where_they_name_the_same_file() -> None:
    a, b = Row(Path("m"), 1, "x.flac", 1.0, "a"), Row(Path("m"), 2, "x.flac", 1.0, "b")
    assert len(groups([Entry(a), Entry(b), Entry(replace(b, offset_s=1.0)), Entry(a, sound())])) == 3


def test_letters_do_not_depend_on_the_writing() -> None:
    assert letters_of("The Black-Bird's 3 eggs!") == letters_of("the BLACK bird's three eggs")
