"""`voicesearch evaluate` as a user calls it."""

import json
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from asr.cache import pull
from tests.conftest import CLIPS

CLIP = CLIPS / "speech" / "voice_queries__v2j_what_time_is_it.flac"


@pytest.fixture(scope="module", autouse=True)
def _models() -> None:
    for model_id in ("moonshine-tiny-en", "silero-vad-16k"):
        pull(model_id)


def command(*arguments: str | Path) -> list[str]:
    # Where tests are run in the background of a shell, SIGINT is ignored, and Python then leaves it so.
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\nfrom serving.cli import main; main()"
    )
    return [sys.executable, "-c", program, "evaluate", *map(str, arguments)]


def evaluate(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), capture_output=True, text=True)


def test_one_command_compares_front_ends_and_fits_confidence(tmp_path: Path) -> None:
    weights = tmp_path / "traffic.csv"
    weights.write_text("source,weight\nvoice_queries,0.9\nspeech_commands,0.1\n")
    out = tmp_path / "out"
    done = evaluate(
        *(CLIPS / "manifest.jsonl", "--out", out, "--where", "source=voice_queries,speech_commands"),
        *("--slice", "source", "--slice", "snr_db+duration:2", "--weights", weights),
        *("--noise", CLIPS / "noise", "--fit-calibration", "--frontend", "default"),
        *("--frontend", "lead_silence_s=0,trail_silence_s=0", "--frontend", "default"),
    )
    assert done.returncode == 0, done.stderr
    summary = json.loads((out / "summary.json").read_text())
    names = ["moonshine-tiny-en", "moonshine-tiny-en+lead_silence_s=0,trail_silence_s=0"]
    assert list(summary["models"]) == names
    assert all(name in done.stdout for name in names)
    assert "source=voice_queries" in done.stdout
    assert set(summary["models"][names[0]]["slices"]) == {"source", "snr_db+duration"}
    assert summary["models"][names[0]]["search"]["with_errors"] > 5
    assert [one["baseline"] for one in summary["comparisons"]] == names[:1]
    fitted = (out / "calibration.toml").read_text().split("\n\n")
    assert all("min_speech" in tomllib.loads(one)["calibration"] for one in fitted)
    assert sorted(path.name for path in out.iterdir()) == [
        *("calibration.toml", "failures.jsonl", "report.html", "summary.json", "utterances.jsonl")
    ]


def test_each_model_is_heard_on_simulated_devices_and_searches_the_catalogue_that_is_given(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.csv"
    catalog.write_text("id,title\n1,yes\n2,stop\n")
    done = evaluate(
        *(CLIPS / "manifest.jsonl", "--out", tmp_path, "--where", "source=speech_commands"),
        *("--device", "phone-clipped-onset-200ms", "--catalog", catalog),
    )
    assert done.returncode == 0, done.stderr
    summary = json.loads((tmp_path / "summary.json").read_text())
    clean, device = summary["models"].values()
    assert (clean["device"], device["device"]) == (None, "phone-clipped-onset-200ms")
    assert summary["comparisons"][0]["baseline"] == "moonshine-tiny-en"
    assert device["search"]["changed"] > clean["search"]["changed"]


def test_ctrl_c_keeps_the_answers_and_the_same_command_goes_on(tmp_path: Path) -> None:
    call = command(CLIPS / "manifest.jsonl", "--out", tmp_path)
    journal = tmp_path / "answers.jsonl"
    with subprocess.Popen(call, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        while process.poll() is None and not (journal.is_file() and journal.stat().st_size):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate()
    assert process.returncode == 130
    assert told.splitlines() == [f"interrupted; {journal} keeps what was answered: the same command goes on from there"]
    first = journal.read_text().splitlines()[0]
    done = evaluate(CLIPS / "manifest.jsonl", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert not journal.exists()
    kept = json.loads(first)["latency_ms"]
    assert kept in [json.loads(line)["latency_ms"] for line in (tmp_path / "utterances.jsonl").read_text().splitlines()]


def test_a_bad_line_is_told_and_listed_and_the_rest_is_scored(tmp_path: Path) -> None:
    manifest = tmp_path / "test.jsonl"
    clip = {"audio_filepath": str(CLIP), "duration": 2.219, "text": "what time is it", "queries": 3}
    absent = {**clip, "audio_filepath": "absent.flac"}
    manifest.write_text("\n".join(map(json.dumps, (clip, "no row", absent))) + "\n{")
    done = evaluate(manifest, "--out", tmp_path / "out", "--where", "queries=3")
    assert done.returncode == 2, done.stderr
    first, second, *_, last = done.stderr.splitlines()
    assert first == f"voicesearch: error: {manifest}, line 2: not a JSON object"
    assert f"{manifest}, line 4" in second
    assert last == f"3 recordings could not be used: {tmp_path / 'out' / 'failures.jsonl'}"
    failures = [json.loads(line) for line in (tmp_path / "out" / "failures.jsonl").read_text().splitlines()]
    assert [(one["line"], one.get("invalid")) for one in failures] == [(2, '"no row"'), (4, "{"), (3, None)]
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["utterances"] == 1


def test_what_holds_no_row_has_nothing_to_evaluate(tmp_path: Path) -> None:
    failed = evaluate(CLIPS / "LICENSES.md", "--out", tmp_path)
    assert failed.returncode == 2
    assert "LICENSES.md, line 1: " in failed.stderr.splitlines()[0]
    assert "no utterance left" in failed.stderr.splitlines()[-1]
    assert "Traceback" not in failed.stderr


def test_a_transcript_that_is_missing_is_told_before_a_model_is_asked(tmp_path: Path) -> None:
    (tmp_path / "vendor.jsonl").write_text(json.dumps({"audio_filepath": str(CLIP), "text": "what time"}) + "\n")
    out = tmp_path / "out"
    failed = evaluate(CLIPS / "manifest.jsonl", "--out", out, "--hypotheses", tmp_path / "vendor.jsonl")
    assert failed.returncode == 2
    assert "vendor: no transcript for speech/" in failed.stderr
    assert (out / "answers.jsonl").read_bytes().strip() == b""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent.jsonl"], "absent.jsonl"),
        ([CLIPS / "manifest.jsonl", "--where", "source"], "FIELD=VALUE"),
        ([CLIPS / "manifest.jsonl", "--where", "source=none"], "no utterance left"),
        ([CLIPS / "manifest.jsonl", "--frontend", "volume=11"], "no such setting"),
        ([CLIPS / "manifest.jsonl", "--peer", "parrot"], "parrot"),
        ([CLIPS / "manifest.jsonl", "--hypotheses", "absent.jsonl"], "absent.jsonl"),
        ([CLIPS / "manifest.jsonl", "--model", "none"], "none"),
        ([CLIPS / "manifest.jsonl", "--device", "phonne"], "did you mean phone"),
        ([CLIPS / "manifest.jsonl", "--slice", "device_model"], "no row has the field 'device_model'"),
        ([CLIPS / "manifest.jsonl", "--slice", "duration:5,2"], "ascending"),
        ([CLIPS / "manifest.jsonl", "--weights", "absent.csv"], "absent.csv: no such file"),
        ([CLIPS / "manifest.jsonl", "--weights", "nope"], "nope: no such file, and no row has a field"),
        ([CLIPS / "manifest.jsonl", "--catalog", CLIPS / "manifest.jsonl"], "manifest.jsonl, line 1"),
        ([CLIPS / "manifest.jsonl", "--catalog", "absent.csv"], "absent.csv"),
    ],
)
def test_a_bad_option_is_one_line_and_exit_code_2(arguments: list[str | Path], message: str, tmp_path: Path) -> None:
    failed = evaluate(*arguments, "--out", tmp_path)
    assert failed.returncode == 2
    assert len(failed.stderr.splitlines()) == 1
    assert message in failed.stderr
