"""`voicesearch bench` from the command line, against real servers and a real engine; its reports."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from serving.bench.machine import usable_cores
from serving.commands.bench import bench
from tests.serving.fake_server import FakeServer, serving

MANIFEST = str(Path(__file__).parents[1] / "clips" / "manifest.jsonl")
PNG = b"\x89PNG\r\n\x1a\n"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(bench, [*arguments, "--clips", MANIFEST])


@pytest.mark.parametrize("command", [[], ["engine"], ["frontend"], ["monitor"], ["query"], ["serve"]])
def test_help_has_an_example(command: list[str]) -> None:
    result = CliRunner().invoke(bench, [*command, "--help"])
    assert result.exit_code == 0
    assert "Example: voicesearch bench" in result.stdout
    assert all(option in result.stdout for option in (("--json FILE", "--plot FILE.png") if command else ()))


def test_rates_are_measured_against_a_running_server(tmp_path: Path) -> None:
    report, plot = tmp_path / "serve.json", tmp_path / "serve.png"
    with serving(FakeServer(service_s=0.01, workers=8)) as server:
        result = run(
            *("serve", "--url", server.url, "--rates", "20,40", "--seconds", "0.5", "--saturate", "4"),
            *("--route", "search", "--api-key", "secret", "--json", str(report), "--plot", str(plot)),
        )
    assert result.exit_code == 0, result.output
    (system,) = json.loads(report.read_text())["systems"]
    assert [run["offered_per_s"] for run in system["runs"]] == [20, 40]
    assert all(run["outcomes"]["ok"] == run["sent"] > 0 for run in system["runs"])
    assert system["saturated"]["answers_per_s"] > 100
    assert system["highest_per_s"] is system["overload"] is system["ready_after_s"] is None
    assert server.heads[0].startswith("POST /v1/search ")
    assert "secret" not in report.read_text() + result.output, "a key never stands in a report"
    assert plot.read_bytes().startswith(PNG)
    assert "40.0" in result.stdout


def test_the_highest_rate_is_found_and_doubled(tmp_path: Path) -> None:
    report = tmp_path / "serve.json"
    with serving(FakeServer(service_s=0.02, queue_limit=4)) as server:
        result = run(
            *("serve", "--url", server.url, "--find-p99-ms", "90", "--overload", "--seconds", "1.5"),
            *("--json", str(report)),
        )
    assert result.exit_code == 0, result.output
    (system,) = json.loads(report.read_text())["systems"]
    # It serves at most 50/s, and refuses whoever finds four waiting.
    assert 5 < system["highest_per_s"] < 50
    assert system["overload"]["offered_per_s"] == 2 * system["highest_per_s"]
    assert {run["limit_ms"] for run in system["search"]} == {90}
    held = [run["late_share"] <= 0.01 for run in system["search"]]
    assert True in held
    assert False in held


def test_a_refusing_server_is_reported_with_its_own_words() -> None:
    with serving(FakeServer(status=401)) as server:
        result = run("serve", "--url", server.url, "--rate", "5")
    assert isinstance(result.exception, ValueError)
    assert '401: {"text": "hello"}' in str(result.exception)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("serve", "--url", "http://127.0.0.1:9"), "nothing to measure"),
        (("serve", "--rate", "5", "--overload"), "--overload needs --find-p99-ms"),
        (("serve", "--rate", "5,fast"), "not a list of numbers"),
        (("serve", "--rate", "-5"), "must be positive"),
        (("serve", "--rate", "nan"), "must be positive"),
        (("serve", "--rate", "5", "--cpus", "first"), "not a list of cores"),
        (("engine", "--peer", "nobody"), "nobody"),
        (("frontend", "--duration", "0"), "0.2"),
    ],
)
def test_a_bad_option_is_refused(arguments: tuple[str, ...], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("serve", "--rate", "5", "--url", "nowhere"), "not an http"),
        (("serve", "--rate", "5", "--cpus", "100000"), "this machine has"),
        (("engine", "--cpu", "100000"), "core 100000"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(arguments: tuple[str, ...], message: str) -> None:
    result = run(*arguments)
    assert isinstance(result.exception, ValueError | OSError)
    assert message in str(result.exception)


def test_the_front_end_is_timed_stage_by_stage(tmp_path: Path) -> None:
    report, plot = tmp_path / "frontend.json", tmp_path / "frontend.png"
    result = run("frontend", "--rounds", "2", "--json", str(report), "--plot", str(plot))
    assert result.exit_code == 0, result.output
    rows = json.loads(report.read_text())["stages"]
    assert {row["stage"] for row in rows} == {
        *("decode", "vad silero", "vad webrtc", "loudness", "statistics", "all"),
    }
    assert len({row["format"] for row in rows}) == 7
    assert all(0 < row["times"]["p50_ms"] <= row["times"]["max_ms"] for row in rows)
    assert plot.read_bytes().startswith(PNG)


@pytest.mark.slow
def test_our_engine_is_timed_in_a_process_of_its_own(tmp_path: Path) -> None:
    report, plot = tmp_path / "engine.json", tmp_path / "engine.png"
    core = str(usable_cores()[-1])
    result = run("engine", "--cpu", core, "--rounds", "1", "--json", str(report), "--plot", str(plot))
    assert result.exit_code == 0, result.output
    (ours,) = json.loads(report.read_text())["engines"]
    assert [row["duration_s"] for row in ours["latencies"]] == [1, 2.5, 5, 10]
    assert [row["batch"] for row in ours["throughputs"]] == [1, 4, 8, 16]
    assert all(row["rtfx"] > 1 for row in ours["throughputs"])
    assert ours["loading"]["memory_mb"] is None or ours["loading"]["memory_mb"] > 20
    assert plot.read_bytes().startswith(PNG)


def test_the_monitor_is_measured(tmp_path: Path) -> None:
    report, plot = tmp_path / "monitor.json", tmp_path / "monitor.png"
    arguments = ("monitor", "--events", "10000", "--json", str(report), "--plot", str(plot))
    result = CliRunner().invoke(bench, arguments)
    assert result.exit_code == 0, result.output
    found = json.loads(report.read_text())
    assert (found["events"], found["slices"]) == (10_000, 1_000)
    assert found["findings"] > 0
    assert min(found["sketched_per_s"], found["watched_per_s"], found["check_s"], found["state_mb"]) > 0
    assert plot.read_bytes().startswith(PNG)
    assert "findings" in result.stdout
