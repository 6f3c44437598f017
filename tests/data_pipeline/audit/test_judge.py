"""Precision and recall: by hand, and on faults planted in real recordings."""

from dataclasses import replace
from pathlib import Path

import pytest

from data_pipeline.audit.entries import Entry, Examination
from data_pipeline.audit.judge import FOUND_BY, Verdict, judge, not_judged, speaker_half, suitable, verdicts
from data_pipeline.audit.planted import Fault, PlantedCorpus, PlantedRow
from data_pipeline.audit.thresholds import DEFAULT
from data_pipeline.errors import NothingToEvaluate
from data_pipeline.manifest import Row, read_manifest
from tests.data_pipeline.audit.conftest import entry, sound

FLOORS = {
    "likely_wrong": (0.58, 0.68),
    "speaking_rate": (0.85, 0.65),
    "speech_without_text": (0.95, 0.95),
    "text_without_speech": (0.95, 0.9),
    "clipped_onset": (0.85, 0.65),
    "clipped_offset": (0.9, 0.6),
    "silence": (0.55, 0.85),
    "loudness": (0.9, 0.9),
    "same_audio_other_words": (0.95, 0.95),
    "same_audio_other_writing": (0.95, 0.95),
    "duplicate": (0.9, 0.9),
    "missing_field": (0.95, 0.9),
    "writing_practice": (0.8, 0.8),
    "labeler_disagreement": (0.8, 0.6),
}
"""Precision and recall on the half of the speakers that no threshold was chosen on, with a margin."""


def test_verdicts_count_what_was_planted_found_and_invented() -> None:
    entries = [entry("a", sound(lead_s=lead_s), id=str(n)) for n, lead_s in enumerate((0, 0.3, 0, 0.3))]
    faults = [Fault.CUT_ONSET, Fault.CUT_ONSET, None, None]
    planted = [PlantedRow(one.row, fault=fault) for one, fault in zip(entries, faults, strict=True)]
    found = {one.check: one for one in verdicts([(PlantedCorpus(tuple(planted), {}), entries)], DEFAULT)}
    assert found["clipped_onset"] == Verdict("clipped_onset", planted=2, found=1, right=1, wrong=1)
    assert (found["clipped_onset"].precision, found["clipped_onset"].recall) == (0.5, 0.5)
    assert (found["loudness"].precision, found["loudness"].recall) == (None, None)


def test_what_a_fault_brings_about_besides_is_no_false_alarm() -> None:
    swapped = entry("a label that is much too long for this", sound(speech_s=0.3), id="1")
    planted = PlantedCorpus((PlantedRow(swapped.row, fault=Fault.SWAPPED),), {})
    found = {one.check: one for one in verdicts([(planted, [swapped])], DEFAULT)}
    assert found["speaking_rate"] == Verdict("speaking_rate", planted=0, found=0, right=0, wrong=0)


def test_every_fault_has_its_check() -> None:
    assert set(FOUND_BY) == set(Fault)
    assert set(FLOORS) == {*FOUND_BY.values(), "writing_practice", "labeler_disagreement"}


def test_halves_share_no_speaker(carried_rows: list[Row]) -> None:
    named = [row for row in carried_rows if row.field("speaker")]
    halves = [{row.field("speaker") for row in speaker_half(named, half)} for half in (0, 1)]
    assert min(map(len, halves)) > 5
    assert not halves[0] & halves[1]


def test_faults_are_planted_only_where_they_would_stand_out(carried_rows: list[Row], unreadable: list[Row]) -> None:
    unlabelled = replace(carried_rows[0], text=None)
    kept = suitable([*carried_rows[:20], *unreadable, unlabelled], workers=1)
    assert 0 < len(kept) < 20
    with pytest.raises(NothingToEvaluate, match="enough silence"):
        suitable(unreadable, workers=1)


def test_judging_on_carried_recordings_without_a_model(carried: list[Entry]) -> None:
    found = {one.check: one for one in judge([one.row for one in carried], Examination(), seeds=2, workers=1)}
    assert "likely_wrong" not in found
    assert set(not_judged(list(found.values()))) > {"likely_wrong", "no_label", "loudness_of_group"}
    for check in ("speech_without_text", "text_without_speech", "same_audio_other_words", "missing_field"):
        assert found[check].recall == 1.0, check


@pytest.mark.data
@pytest.mark.slow
def test_checks_hold_on_the_other_half_of_the_speakers(data_folder: Path) -> None:
    rows = [
        row for row in read_manifest(data_folder / "speech" / "manifest.jsonl") if row.field("kind") != "spelled_name"
    ]
    judged = judge(list(speaker_half(rows, 1)), Examination(""))
    assert {one.check for one in judged} == set(FLOORS)
    for one in judged:
        precision, recall = FLOORS[one.check]
        assert (one.precision or 0) >= precision, one
        assert (one.recall or 0) >= recall, one
