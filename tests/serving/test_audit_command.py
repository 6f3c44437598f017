"""`voicesearch data audit` as a user calls it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from asr.cache import pull
from tests.conftest import CLIPS


@pytest.fixture(scope="module", autouse=True)
def _models() -> None:
    for model_id in ("moonshine-tiny-en", "silero-vad-16k"):
        pull(model_id)


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """The carried queries, the first of them twice, with two labels."""
    lines = (CLIPS / "manifest.jsonl").read_text("utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if row["source"] in ("voice_queries", "speechbrain")]
    rows.append({**rows[0], "text": "quite another text", "id": "again"})
    path = tmp_path / "queries.jsonl"
    path.write_text(
        "".join(json.dumps({**row, "audio_filepath": str(CLIPS / row["audio_filepath"])}) + "\n" for row in rows)
    )
    return path


def audit(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = "from serving.cli import main; main()"
    command = [sys.executable, "-c", program, "data", "audit", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_audit_prints_a_table_and_leaves_json_and_a_page(manifest: Path, tmp_path: Path) -> None:
    done = audit(manifest, "--out", tmp_path / "out", "--workers", "1", "--limit-examples", "2")
    assert done.returncode == 0, done.stderr
    assert "likely_wrong" in done.stdout
    assert "proposed convention" in done.stdout
    values = json.loads((tmp_path / "out" / "audit.json").read_text("utf-8"))
    assert values["model"] == "moonshine-tiny-en"
    errors = [one for one in values["findings"] if one["severity"] == "error"]
    assert {"likely_wrong", "same_audio_other_words"} <= {one["check"] for one in errors}
    assert "<audio" in (tmp_path / "out" / "audit.html").read_text("utf-8")


def test_without_a_model_no_label_is_doubted_and_nothing_else_is_lost(manifest: Path, tmp_path: Path) -> None:
    done = audit(manifest, "--out", tmp_path / "out", "--no-model", "--workers", "1")
    assert done.returncode == 0, done.stderr
    values = json.loads((tmp_path / "out" / "audit.json").read_text("utf-8"))
    found = {one["check"]: one["findings"] for one in values["checks"]}
    assert values["model"] is None
    assert found["likely_wrong"] == 0 < found["same_audio_other_words"]


def test_planted_faults_judge_the_audit(tmp_path: Path) -> None:
    done = audit(CLIPS / "manifest.jsonl", "--out", tmp_path, "--planted", "--no-model", "--workers", "1")
    assert done.returncode == 0, done.stderr
    table, _, said = done.stdout.partition("not judged: ")
    assert "recall" in table
    assert "likely_wrong" not in table
    assert "likely_wrong" in said.splitlines()[0]
    assert "no model was asked" in said.splitlines()[0]
    assert "counts as a false alarm" in said
    verdicts = {one["check"]: one for one in json.loads((tmp_path / "planted.json").read_text())}
    assert verdicts["missing_field"]["recall"] == 1.0


def test_broken_lines_and_recordings_are_told_and_the_rest_is_audited(manifest: Path, tmp_path: Path) -> None:
    broken = (
        manifest.read_text() + '{"audio_filepath": "absent.flac", "duration": 1, "text": "a"}\nnot json\n{"audio_file'
    )
    manifest.write_text(broken)
    done = audit(manifest, "--out", tmp_path / "out", "--no-model", "--workers", "1")
    assert done.returncode == 2
    assert [line for line in done.stderr.splitlines() if "error" in line and "queries.jsonl, line" in line]
    assert "Traceback" not in done.stderr
    values = json.loads((tmp_path / "out" / "audit.json").read_text("utf-8"))
    assert {one["check"]: one["findings"] for one in values["checks"]}["unusable_recording"] == 1


def test_a_bad_line_stops_no_judging(tmp_path: Path) -> None:
    lines = (CLIPS / "manifest.jsonl").read_text("utf-8").splitlines()
    rows = [{**row, "audio_filepath": str(CLIPS / row["audio_filepath"])} for row in map(json.loads, lines[:20])]
    manifest = tmp_path / "some.jsonl"
    manifest.write_text("no row\n" + "".join(json.dumps(row) + "\n" for row in rows))
    done = audit(manifest, "--out", tmp_path / "out", "--planted", "--no-model", "--workers", "1")
    assert done.returncode == 2
    assert f"{manifest}, line 1: " in done.stderr
    assert (tmp_path / "out" / "planted.json").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent.jsonl"], "absent.jsonl"),
        ([CLIPS / "manifest.jsonl", "--model", "none"], "none"),
        ([CLIPS / "manifest.jsonl", "--limit-examples", "-1"], "limit-examples"),
        ([CLIPS / "noise.jsonl", "--planted"], "to plant faults in"),
    ],
)
def test_a_bad_option_is_one_line_and_exit_code_2(arguments: list[str | Path], message: str, tmp_path: Path) -> None:
    failed = audit(*arguments, "--out", tmp_path, "--workers", "1")
    assert failed.returncode == 2
    assert len(failed.stderr.splitlines()) == 1
    assert message in failed.stderr


def test_an_empty_manifest_has_nothing_to_audit(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("\n")
    failed = audit(tmp_path / "empty.jsonl", "--out", tmp_path / "out")
    assert (failed.returncode, "no row to audit" in failed.stderr) == (2, True)


def test_help_has_an_example() -> None:
    shown = audit("--help")
    assert shown.returncode == 0
    assert "voicesearch data audit train.jsonl" in shown.stdout
