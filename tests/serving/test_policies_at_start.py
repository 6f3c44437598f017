"""What is wrong with the policies of alarms is said when a command starts, in one line."""

from pathlib import Path

import pytest

from monitoring.store import EventStore
from serving.cli import main

NOWHERE = """
[policy.mine]
reason = "A policy of one's own."
signals = ["snr_db"]
slices = [["planet"]]
threshold = { kind = "static", below = 5, clear = 8 }
severity = "info"
"""
KEYLESS = '[receiver.on_call]\nkind = "webhook"\nurl = "http://127.0.0.1:9"\nsecret_env = "ABSENT_SECRET"\n'


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = EventStore.open("sqlite:///voicesearch.db")
    store.prepare()
    store.close()
    (tmp_path / "events.jsonl").touch()


def run(*arguments: str, policies: str) -> int:
    Path("policies.toml").write_text(policies)
    with pytest.raises(SystemExit) as ended:
        main(["monitor", *arguments, "--policies", "policies.toml"])
    return int(ended.value.code or 0)


@pytest.mark.parametrize("command", [["check"], ["check", "events.jsonl"], ["replay", "events.jsonl"]])
def test_slices_that_are_not_watched(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*command, policies=NOWHERE) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert 'policies.toml: policy.mine: no slices are made by ["planet"], only by [], ["device_model"]' in line


def test_a_receiver_without_its_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", policies=KEYLESS) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "receiver.on_call: the variable ABSENT_SECRET of a webhook's secret is not set" in line
    assert run("check", "events.jsonl", policies=KEYLESS) == 0, "of a file nobody is told"
