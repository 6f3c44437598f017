"""`voicesearch transcribe` as a user calls it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from asr.cache import pull
from serving.commands.transcribe import transcribe
from tests.conftest import CLIPS


@pytest.fixture(scope="module", autouse=True)
def _models() -> None:
    for model_id in ("moonshine-tiny-en", "silero-vad-16k"):
        pull(model_id)


def voicesearch(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = "from serving.cli import main; main()"
    return subprocess.run([sys.executable, "-c", program, *map(str, arguments)], capture_output=True, text=True)


def test_text_is_written_in_the_convention_asked_for(query_clip: Path) -> None:
    assert CliRunner().invoke(transcribe, [str(query_clip)]).stdout == "What time is it?\n"
    searched = CliRunner().invoke(transcribe, [str(query_clip), "--convention", "search"])
    assert searched.stdout == "what time is it\n"


def test_json_has_the_documented_fields(query_clip: Path) -> None:
    row = json.loads(CliRunner().invoke(transcribe, [str(query_clip), "--format", "json"]).stdout)
    assert list(row) == [
        "audio_filepath",
        "text",
        "duration",
        "confidence",
        "words",
        "no_speech",
        "model",
        "untranscribed",
    ]
    assert row["audio_filepath"] == str(query_clip)
    assert row["duration"] == pytest.approx(2.219, abs=0.01)
    assert 0 < row["confidence"] <= 1
    assert [word["word"] for word in row["words"]] == ["What", "time", "is", "it?"]


def test_subtitles_have_a_cue_for_speech_and_none_for_noise(query_clip: Path) -> None:
    noise = str(CLIPS / "noise" / "sc_running_tap.flac")
    assert "00:00:00," in CliRunner().invoke(transcribe, [str(query_clip), "--format", "srt"]).stdout
    assert CliRunner().invoke(transcribe, [noise, "--format", "srt"]).stdout == ""
    assert CliRunner().invoke(transcribe, [noise, "--format", "vtt"]).stdout.strip() == "WEBVTT"


def test_a_manifest_of_noise_gives_empty_texts() -> None:
    result = CliRunner().invoke(transcribe, [str(CLIPS / "noise.jsonl"), "--format", "json"])
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(rows) == 12
    assert sum(row["no_speech"] for row in rows) >= 11
    assert all(row["no_speech"] == (row["text"] == "") for row in rows)


def test_bad_files_are_named_and_the_others_done(query_clip: Path, tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("this is no sound")
    done = voicesearch("transcribe", tmp_path / "absent.wav", tmp_path, query_clip)
    assert done.returncode == 2
    assert done.stdout == "What time is it?\n"
    first, second = done.stderr.splitlines()
    assert first == f"voicesearch: error: {tmp_path / 'absent.wav'}: No such file or directory"
    assert second.startswith(f"voicesearch: error: {tmp_path / 'text.wav'}: not a sound file")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--convention", "shouting"], "no transcript convention 'shouting'"),
        (["--model", "none"], "none"),
        (["--format", "srt", str(CLIPS / "noise")], "one recording"),
    ],
)
def test_a_bad_option_is_one_line_and_exit_code_2(arguments: list[str], message: str, query_clip: Path) -> None:
    failed = voicesearch("transcribe", query_clip, *arguments)
    assert failed.returncode == 2
    assert len(failed.stderr.splitlines()) == 1
    assert message in failed.stderr


def test_a_cut_file_is_transcribed_with_a_warning(query_clip: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.flac"
    cut.write_bytes(query_clip.read_bytes()[: query_clip.stat().st_size * 3 // 4])
    result = CliRunner().invoke(transcribe, [str(cut)])
    assert (result.exit_code, result.stdout.strip() != "") == (0, True)
    assert f"warning: {cut}: truncated_file" in result.stderr
