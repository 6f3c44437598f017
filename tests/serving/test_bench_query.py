"""Where the time of a query goes: the arithmetic, and the command against the real server."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from serving.bench.query import stage_times
from serving.commands.bench import bench
from tests.serving.conftest import LiveServer


def test_what_no_stage_explains_was_added_by_the_server() -> None:
    timings_ms = {"decode": 1.0, "vad": 2.0, "loudness": 3.0, "recognize": 20.0, "queue": 0.5, "search": 1.5}
    stages = stage_times(timings_ms, wait_ms=32.0)
    assert stages["added"] == pytest.approx(32.0 - 26.0)
    assert stages["wait"] == 32.0
    assert (stages["queue"], stages["search"]) == (0.5, 1.5)


@pytest.mark.slow
def test_queries_against_a_running_server(server: LiveServer, tmp_path: Path) -> None:
    report, plot = tmp_path / "query.json", tmp_path / "query.png"
    options = ("--url", server.base_url, "--rounds", "1", "--max-duration", "1")
    result = CliRunner().invoke(bench, ["query", *options, "--json", str(report), "--plot", str(plot)])
    assert result.exit_code == 0, result.output
    stages = {row["stage"]: row["times"] for row in json.loads(report.read_text())["stages"]}
    assert {"decode", "vad", "loudness", "recognize", "queue", "search", "added", "wait"} == stages.keys()
    assert 0 < stages["added"]["p50_ms"] < stages["wait"]["p50_ms"]
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_an_answer_that_is_none_is_an_error(server: LiveServer, tmp_path: Path) -> None:
    manifest = tmp_path / "clips.jsonl"
    (tmp_path / "broken.wav").write_bytes(b"no sound")
    manifest.write_text(json.dumps({"audio_filepath": "broken.wav", "duration": 1.0, "text": "x"}) + "\n")
    result = CliRunner().invoke(bench, ["query", "--url", server.base_url, "--clips", str(manifest)])
    assert isinstance(result.exception, ValueError)
    assert "400" in str(result.exception)
