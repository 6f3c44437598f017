"""Evaluation on real recordings: every clip is scored or reported, all systems on the same ones."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from data_pipeline.errors import InvalidSlicing, NothingToEvaluate
from data_pipeline.evaluation.answer_journal import open_journal
from data_pipeline.evaluation.evaluate import evaluate
from data_pipeline.evaluation.record import Evaluation
from data_pipeline.evaluation.results import write_results
from data_pipeline.evaluation.systems import Answer, OwnSystem, RecordedSystem
from data_pipeline.manifest import Row
from data_pipeline.recordings import Recording
from tests.data_pipeline.conftest import Echo

CLIP = "voice_queries__v2j_what_time_is_it.flac"


def test_real_queries_are_recognized_and_noise_is_not(evaluation: Evaluation) -> None:
    scores = evaluation.systems[0].scores
    assert scores.wer is not None
    assert scores.wer < 0.35
    assert scores.no_speech.speech_clips == 30
    assert scores.no_speech.false <= 1
    assert scores.no_speech.noise_clips == 12
    assert scores.no_speech.missed <= 1
    assert not evaluation.failures


def test_slices_cover_every_utterance(evaluation: Evaluation) -> None:
    result = evaluation.systems[0]
    by_source = result.slices["source"]
    assert set(by_source) == {"voice_queries", "speech_commands", "noise"}
    assert sum(scores.utterances for scores in by_source.values()) == result.scores.utterances
    assert sum(scores.words for scores in by_source.values()) == result.scores.words
    assert by_source["noise"].wer is None


def test_batches_give_what_single_clips_give(evaluation: Evaluation, rows: list[Row], own: OwnSystem) -> None:
    batched = evaluate(rows, [own], batch_size=8).systems[0]
    assert [one.answer.text for one in batched.utterances] == [
        one.answer.text for one in evaluation.systems[0].utterances
    ]


def test_unusable_recordings_are_reported_and_count_for_no_system(clip_row: Row, unreadable: list[Row]) -> None:
    unknown = replace(clip_row, line=5, text=None)
    heard, other = Echo({CLIP: "what time is it"}), Echo({CLIP: "what"})
    other.name = "other"
    result = evaluate([unreadable[0], clip_row, *unreadable[1:], unknown], [heard, other], batch_size=4)
    assert [failure.row for failure in result.failures] == [*unreadable, unknown]
    assert [failure.reason.split(",")[0] for failure in result.failures[::2]] == [
        "No such file or directory",
        "the file lasts 2.219 s",
    ]
    assert all([one.row for one in system.utterances] == [clip_row] for system in result.systems)


def test_broken_sound_in_a_batch_spares_its_neighbours(clip_row: Row, unreadable: list[Row], own: OwnSystem) -> None:
    again = replace(clip_row, line=7, fields={"labeler": "bob"})
    result = evaluate([clip_row, unreadable[1], again], [own], batch_size=3)
    assert [failure.row for failure in result.failures] == [unreadable[1]]
    assert [one.hypothesis for one in result.systems[0].utterances] == ["what time is it"] * 2


def test_nothing_left_is_an_error(unreadable: list[Row]) -> None:
    with pytest.raises(NothingToEvaluate, match="No such file"):
        evaluate(unreadable, [Echo({})])


def test_progress_counts_every_recording(clip_row: Row) -> None:
    parts = [replace(clip_row, line=n, offset_s=n / 10, duration_s=1.0) for n in range(5)]
    done: list[int] = []
    evaluate(parts, [Echo({CLIP: ""})], batch_size=2, on_done=lambda _, count: done.append(count))
    assert done == [0, 2, 2, 1]


def test_labels_of_one_recording_share_its_answer(clip_row: Row) -> None:
    asked: list[int] = []

    class Listening(Echo):
        def answer(self, batch: Sequence[Recording]) -> list[Answer]:
            asked.append(len(batch))
            return super().answer(batch)

    labels = [replace(clip_row, line=n, fields={"labeler": f"labeler {n}"}) for n in range(4)]
    result = evaluate(labels, [Listening({CLIP: "what"})], batch_size=4)
    assert asked == [1, 1]
    assert len(result.systems[0].utterances) == 4


def test_an_utterance_that_stands_there_twice_counts_once(clip_row: Row) -> None:
    again = replace(clip_row, line=4)
    named = [replace(clip_row, line=n, offset_s=n / 10, duration_s=1.0, fields={"id": "a"}) for n in (5, 6)]
    result = evaluate([clip_row, again, *named], [Echo({CLIP: ""})])
    assert [(one.row.line, one.reason) for one in result.failures] == [
        (4, f"speech/{CLIP}@0 stands already in line 1"),
        (6, "a stands already in line 5"),
    ]


def test_of_what_nobody_can_decode_no_transcript_is_asked(clip_row: Row, unreadable: list[Row]) -> None:
    vendor = RecordedSystem("vendor", {(clip_row.audio_filepath, 0.0): Answer("what time", None, None)})
    result = evaluate([clip_row, unreadable[1]], [Echo({CLIP: "what"}), vendor])
    assert [failure.row for failure in result.failures] == [unreadable[1]]
    assert [system.name for system in result.systems] == ["echo", "vendor"]


def test_what_two_labelers_wrote_under_one_id_are_two_utterances(clip_row: Row) -> None:
    labels = [replace(clip_row, line=n, fields={"id": "a", "labeler": name}) for n, name in enumerate("xyx", 1)]
    result = evaluate(labels, [Echo({CLIP: "what"})])
    assert [one.reason for one in result.failures] == ["a#x stands already in line 1"]
    assert result.human is not None
    assert len(result.systems[0].utterances) == 2


def test_a_recording_of_another_length_than_the_manifest_says_is_refused(clip_row: Row, own: OwnSystem) -> None:
    wrong = replace(clip_row, line=2, duration_s=9.0, fields={"labeler": "bob"})
    result = evaluate([clip_row, wrong], [own], batch_size=2)
    assert [one.reason for one in result.failures] == ["the file lasts 2.219 s, the manifest says 9 s"]


def test_an_empty_text_means_that_nobody_speaks(clip_row: Row) -> None:
    silence = replace(clip_row, line=2, offset_s=0.25, duration_s=1.0, text="")
    scores = evaluate([clip_row, silence], [Echo({CLIP: "what time is it"})]).systems[0].scores
    assert (scores.wer, scores.no_speech.noise_clips, scores.no_speech.missed) == (0, 1, 1)


def test_a_name_that_no_file_can_have_is_a_failure_as_any_other(clip_row: Row, tmp_path: Path) -> None:
    names = ["\ud800.wav", "a" * 5000, "."]
    rows = [clip_row, *(replace(clip_row, line=n, audio_filepath=name) for n, name in enumerate(names, 2))]
    with open_journal(tmp_path) as journal:
        result = evaluate(rows, [Echo({CLIP: "what time is it"})], journal=journal)
    assert [one.reason for one in result.failures] == [
        *("no file can have that name", "File name too long", "Is a directory")
    ]
    write_results(result, tmp_path)


def test_no_row_at_all_is_told_before_slices_that_are_missing_for_it() -> None:
    with pytest.raises(NothingToEvaluate, match="no row is wanted"):
        evaluate([], [Echo({})], slices=["device"])


def test_what_cannot_be_parted_or_told_apart_is_refused_before_anything_is_heard(clip_row: Row) -> None:
    with pytest.raises(InvalidSlicing, match="no row has the field 'device'"):
        evaluate([clip_row], [Echo({})], slices=["device"])
    with pytest.raises(NothingToEvaluate, match="the same name"):
        evaluate([clip_row], [Echo({}), Echo({})])


def test_summary_has_the_keys_that_others_rely_on(evaluation: Evaluation, tmp_path: Path) -> None:
    write_results(evaluation, tmp_path)
    summary = json.loads((tmp_path / "summary.json").read_text())
    model = summary["models"]["moonshine-tiny-en"]
    assert {"wer", "wer_ci95", "cer", "rtfx", "latency_ms", "slices", "no_speech", "confidence"} <= set(model)
    assert set(model["latency_ms"]) == {"p50", "p95", "p99"}
    assert model["wer_ci95"][0] <= model["wer"] <= model["wer_ci95"][1]
    concluded = {"slices", "device", "errors", "inventions", "search"}
    assert set(model["slices"]["source"]["voice_queries"]) == set(model) - concluded
    assert summary["convention"] == "scoring@1"


def test_utterances_and_failures_are_written_whole(clip_row: Row, unreadable: list[Row], tmp_path: Path) -> None:
    result = evaluate([clip_row, *unreadable], [Echo({CLIP: "what time is it"})])
    write_results(result, tmp_path / "new" / "folder")
    lines = (tmp_path / "new" / "folder" / "utterances.jsonl").read_text().splitlines()
    assert [json.loads(line)["hypothesis"] for line in lines] == ["what time is it"]
    failures = (tmp_path / "new" / "folder" / "failures.jsonl").read_text().splitlines()
    assert [json.loads(line)["audio_filepath"] for line in failures] == [row.audio_filepath for row in unreadable]
