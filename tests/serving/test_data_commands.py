"""`voicesearch data`: what every command of it does alike, and clip, normalize, validate, rebuild from the shell."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from asr.cache import pull
from data_pipeline.manifest import read_manifest
from serving.cli import main
from serving.commands.data import COMMANDS
from tests.conftest import CLIPS


@pytest.fixture(scope="module", autouse=True)
def silero() -> None:
    pull("silero-vad-16k")


def run(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["data", *map(str, arguments)])
    return int(ended.value.code or 0)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command, "--help") == 0
    assert f"Example: voicesearch data {command}" in capsys.readouterr().out


def test_clip_normalize_and_rebuild(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = CLIPS / "manifest.jsonl"
    assert run("clip", source, "--out", tmp_path / "clip", "--detector", "webrtc", "--workers", "1") == 0
    assert run("normalize", tmp_path / "clip" / "manifest.jsonl", "--out", tmp_path / "level", "--workers", "1") == 0
    told = capsys.readouterr().err
    count = sum(1 for _ in read_manifest(source))
    assert f"{count} rows" in told
    assert str(tmp_path / "level" / "manifest.jsonl") in told
    card = tmp_path / "level" / "card.json"
    assert run("rebuild", card, "--manifest", source, "--out", tmp_path / "again", "--workers", "1") == 0
    assert (tmp_path / "again" / "2-normalize" / "card.json").read_bytes() == card.read_bytes()
    assert run("normalize", source, "--out", tmp_path / "level", "--workers", "1") == 2
    assert "holds another data set" in capsys.readouterr().err
    assert run("normalize", source, "--out", tmp_path / "level", "--workers", "1", "--replace") == 0


@pytest.mark.parametrize("step", ["clip", "normalize", "clean", "split"])
def test_the_input_is_not_replaced(step: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("normalize", CLIPS / "manifest.jsonl", "--out", tmp_path, "--workers", "1") == 0
    before = sorted(tmp_path.rglob("*"))
    assert run(step, tmp_path / "manifest.jsonl", "--out", tmp_path, "--replace") == 2
    assert "would be removed" in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("number", ["nan", "inf", "-1", "x"])
def test_a_number_that_is_none_is_refused(number: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("clip", CLIPS / "manifest.jsonl", "--out", tmp_path / "out", "--lead-padding-s", number) == 2
    assert number in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_rows_that_cannot_be_used_are_told_one_line_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = tmp_path / "manifest.jsonl"
    lines = [{"audio_filepath": f"absent-{n}.wav", "duration": 1, "text": "a"} for n in range(30)]
    manifest.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert run("normalize", manifest, "--out", tmp_path / "out", "--workers", "1") == 2
    told = capsys.readouterr().err.splitlines()
    assert sum("No such file or directory" in line for line in told) == 20
    assert "and 10 more like these" in told[20]
    assert "30 rows could not be used" in told[-1]
    assert len((tmp_path / "out" / "failures.jsonl").read_text().splitlines()) == 30


def test_validate_tells_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("validate", CLIPS / "manifest.jsonl", "--sound", "--workers", "1") == 0
    assert capsys.readouterr().out.endswith("; 0 faults\n")
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_bytes((CLIPS / "manifest.jsonl").read_bytes()[:-20])
    assert run("validate", manifest) == 2
    captured = capsys.readouterr()
    assert "the file ends in the middle of this line" in captured.err
    assert captured.out.endswith("; 1 faults\n")


@pytest.mark.parametrize("name", ["absent.jsonl", "."])
def test_a_wrong_path_is_one_clear_line(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("clip", tmp_path / name, "--out", tmp_path / "out") == 2
    told = capsys.readouterr().err
    assert told.startswith("voicesearch: error: ")
    assert told.count("\n") == 1


@pytest.mark.slow
def test_an_interrupt_ends_at_once_and_a_rerun_goes_on(tmp_path: Path) -> None:
    source, out = tmp_path / "manifest.jsonl", tmp_path / "out"
    rows = [row.moved_to(source).as_json() for row in read_manifest(CLIPS / "manifest.jsonl")]
    many = [{**row, "id": f"{turn}-{at}"} for turn in range(40) for at, row in enumerate(rows)]
    source.write_text("".join(json.dumps(row) + "\n" for row in many))
    program = "from serving.cli import main; main()"
    command = [sys.executable, "-c", program, "data", "clip", source, "--out", out, "--workers", "2"]
    process = subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE, start_new_session=True, text=True)
    journal = out / "progress.jsonl"
    give_up = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < give_up and not lines(journal) > 20:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in told
    assert f"interrupted; {out} keeps what was done: the same command goes on from there" in told
    done = lines(journal)
    assert 20 < done <= len(many)
    assert not (out / "manifest.jsonl").exists()
    again = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120, check=False)
    assert again.returncode == 0, again.stderr
    assert sum(1 for _ in read_manifest(out / "manifest.jsonl")) == len(many)


def lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.is_file() else 0
