"""`voicesearch data report` as a user calls it."""

import json
from pathlib import Path

import pytest

from asr.cache import pull
from serving.cli import main
from tests.conftest import CLIPS


@pytest.fixture(scope="module", autouse=True)
def _model() -> None:
    pull("silero-vad-16k")


def report(*arguments: str | Path) -> object:
    with pytest.raises(SystemExit) as left:
        main(["data", "report", *map(str, arguments)])
    return left.value.code


def test_real_recordings_are_told_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--out", tmp_path / "report", "--slice", "license", "--workers", "2")
    assert report(CLIPS / "noise.jsonl", *arguments) == 0
    out, err = capsys.readouterr()
    values = json.loads((tmp_path / "report" / "report.json").read_text())
    assert list(values["slices"]) == ["license"]
    assert values["whole"]["measured"] == values["whole"]["rows"] > 0
    assert "Loudness" in out
    assert f"{values['whole']['rows']} rows" in err
    assert (tmp_path / "report" / "report.html").read_text().startswith("<!doctype html>")


def test_recordings_that_are_not_there_are_told_and_the_report_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = tmp_path / "m.jsonl"
    manifest.write_text('{"audio_filepath": "absent.flac", "duration": 1, "text": "yes"}\n{"audio_')
    assert report(manifest, "--out", tmp_path / "report", "--workers", "1") == 2
    err = capsys.readouterr().err
    assert "line 1: No such file or directory" in err
    assert "line 2" in err
    assert json.loads((tmp_path / "report" / "report.json").read_text())["failures"] == 2
    manifest.write_text('{"audio_filepath": "absent.flac", "duration": 1, "text": "yes"}\n')
    assert report(manifest, "--out", tmp_path / "report", "--no-sound") == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent.jsonl"], "absent.jsonl"),
        ([CLIPS / "manifest.jsonl", "--convention", "shouting"], "shouting"),
    ],
)
def test_a_bad_option_is_one_line_and_exit_code_2(
    arguments: list[str | Path], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(*arguments, "--out", tmp_path) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1
    assert message in err
