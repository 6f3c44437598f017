"""`voicesearch evaluate` as a user calls it."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from asr.cache import pull
from tests.conftest import CLIPS


@pytest.fixture(scope="module", autouse=True)
def _models() -> None:
    for model_id in ("moonshine-tiny-en", "silero-vad-16k"):
        pull(model_id)


def evaluate(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = "from serving.cli import main; main()"
    command = [sys.executable, "-c", program, "evaluate", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_one_command_compares_front_ends_and_fits_confidence(tmp_path: Path) -> None:
    done = evaluate(
        *(CLIPS / "manifest.jsonl", "--out", tmp_path, "--where", "source=voice_queries,speech_commands"),
        *("--slice", "source", "--noise", CLIPS / "noise", "--fit-calibration"),
        *("--frontend", "default", "--frontend", "lead_silence_s=0,trail_silence_s=0"),
    )
    assert done.returncode == 0, done.stderr
    models = json.loads((tmp_path / "summary.json").read_text())["models"]
    assert list(models) == ["moonshine-tiny-en", "moonshine-tiny-en+lead_silence_s=0,trail_silence_s=0"]
    assert all(name in done.stdout for name in models)
    assert "source=voice_queries" in done.stdout
    fitted = (tmp_path / "calibration.toml").read_text().split("\n\n")
    assert all("min_speech" in tomllib.loads(one)["calibration"] for one in fitted)
    assert (tmp_path / "report.html").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent.jsonl"], "absent.jsonl"),
        ([CLIPS / "LICENSES.md"], "line 1"),
        ([CLIPS / "manifest.jsonl", "--where", "source"], "FIELD=VALUE"),
        ([CLIPS / "manifest.jsonl", "--where", "source=none"], "no utterance left"),
        ([CLIPS / "manifest.jsonl", "--frontend", "volume=11"], "no such setting"),
        ([CLIPS / "manifest.jsonl", "--peer", "parrot"], "parrot"),
        ([CLIPS / "manifest.jsonl", "--hypotheses", "absent.jsonl"], "absent.jsonl"),
        ([CLIPS / "manifest.jsonl", "--model", "none"], "none"),
    ],
)
def test_a_bad_option_is_one_line_and_exit_code_2(arguments: list[str | Path], message: str, tmp_path: Path) -> None:
    failed = evaluate(*arguments, "--out", tmp_path)
    assert failed.returncode == 2
    assert len(failed.stderr.splitlines()) == 1
    assert message in failed.stderr
