"""`voicesearch monitor replay`, as it is called: history in event time, with the alarms that it would have raised."""

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from monitoring.events import Event, encode
from monitoring.store import EventStore
from serving.cli import main
from tests.serving.planted import CLIPPING, queries

START_S = 1_767_225_600.0
HOUR_S = 3600.0
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def replay(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["monitor", "replay", *map(str, arguments)])
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


def history() -> list[Event]:
    """Three calm hours, a clipping one, three that are calm again."""
    return [
        *queries(START_S, START_S + 3 * HOUR_S, 6000),
        *queries(START_S + 3 * HOUR_S, START_S + 4 * HOUR_S, 1500, clipped=True, seed=1),
        *queries(START_S + 4 * HOUR_S, START_S + 7 * HOUR_S, 4500, mended=True, seed=2),
    ]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "events.jsonl").write_bytes(b"".join(encode(event) + b"\n" for event in history()) + b"broken\n")
    return tmp_path / "events.jsonl"


def test_an_alarm_opens_and_ends_in_event_time(replay: Run, file: Path) -> None:
    code, out, _ = replay(file, "--json")
    found = json.loads(out)
    first, last = found["changes"][0], found["changes"][-1]
    assert (code, first["change"], last["change"], found["open"]) == (1, "fired", "resolved", [])
    assert CLIPPING in first["alarm"]["slice"].values()
    assert 0 <= first["at"] - (START_S + 3 * HOUR_S) <= 900, "seconds after it began"
    assert 6000 <= first["requests"] <= 6500
    assert last["at"] > START_S + 4 * HOUR_S
    assert (found["summary"]["events"], found["summary"]["requests"]) == (12_000, 12_000)
    assert found["summary"]["peak_mb"] > 50
    assert found["aside"]["lines"]["refused"] == 1


def test_for_people_and_into_a_file(replay: Run, file: Path, tmp_path: Path) -> None:
    code, out, err = replay(file, "--every", "600", "--out", "alarms.json")
    assert code == 1
    assert "2026-01-01T03:" in out.splitlines()[0]
    assert "requests: fired" in out.splitlines()[0]
    assert "12000 events of 12000 requests in" in out
    assert err.startswith("1 of 12001 lines are no events\n  line 12001: not JSON")
    assert json.loads((tmp_path / "alarms.json").read_text())["summary"]["events"] == 12_000


def test_a_store_and_a_packed_file_say_the_same(replay: Run, file: Path, tmp_path: Path) -> None:
    store = EventStore.open(f"sqlite:///{tmp_path}/voicesearch.db")
    store.insert(history())
    store.close()
    packed = tmp_path / "events.jsonl.gz"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    changes = [json.loads(replay(*arguments, "--json")[1])["changes"] for arguments in ([packed], [])]
    assert changes[0] == changes[1]


def test_a_part_of_it(replay: Run, file: Path) -> None:
    code, out, _ = replay(file, "--until", "2026-01-01T03:00:00", "--json")
    found = json.loads(out)
    assert (code, found["changes"], found["summary"]["events"]) == (0, [], 6000)


@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_nothing_to_replay(replay: Run, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "events.jsonl").write_bytes(content)
    code, out, err = replay("events.jsonl")
    assert (code, err) == (0, "")
    assert "0 events of 0 requests" in out


def test_a_file_in_which_no_line_is_an_event_is_an_error(replay: Run, tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_bytes(b"broken\n[]\n")
    code, _, err = replay("events.jsonl")
    assert (code, err.count("\n")) == (2, 1)
    assert "events.jsonl: none of 2 lines is an event: line 1: not JSON" in err
    assert "line 2: a JSON list, not an event" in err


def test_bad_lines_after_the_last_event_are_counted_too(replay: Run, tmp_path: Path) -> None:
    some = b"".join(encode(event) + b"\n" for event in queries(START_S, START_S + HOUR_S, 4_000))
    (tmp_path / "events.jsonl").write_bytes(some + b"broken\n" * 100_000)
    code, out, err = replay("events.jsonl", "--json")
    assert (code, json.loads(out)["aside"]["lines"]["refused"]) == (0, 100_000)
    assert err.startswith("100000 of 104000 lines are no events\n  line 4001: not JSON")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("missing.jsonl",), "missing.jsonl"),
        ((), "no event store at voicesearch.db"),
        (("a.jsonl", "--store", "sqlite:///x.db"), "either a file or --store"),
        (("a.jsonl", "--every", "0"), "--every"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(replay: Run, arguments: tuple[str, ...], words: str) -> None:
    code, _, err = replay(*arguments)
    assert code == 2
    assert words in err
    assert err.count("\n") == 1


def test_a_packed_file_that_breaks_off_is_an_error(replay: Run, file: Path, tmp_path: Path) -> None:
    packed = gzip.compress(file.read_bytes())
    (tmp_path / "half.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    code, _, err = replay("half.jsonl.gz")
    assert code == 2
    assert "half.jsonl.gz" in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_process_is_left_when_it_is_interrupted(tmp_path: Path, number: signal.Signals) -> None:
    events = list(queries(START_S, START_S + 30 * HOUR_S, 60_000))
    (tmp_path / "events.jsonl").write_bytes(b"".join(encode(event) + b"\n" for event in events))
    program = "from serving.cli import main; main()"
    command = [sys.executable, "-c", program, "monitor", "replay", "events.jsonl"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while not (children := feeders(process.pid)):
        assert time.monotonic() < end
        time.sleep(0.02)
    os.kill(process.pid, number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == (130 if number == signal.SIGINT else -signal.SIGKILL), err
    while any(Path(f"/proc/{child}").exists() for child in children):
        assert time.monotonic() < end
        time.sleep(0.02)


def feeders(process_id: int) -> list[int]:
    files = Path(f"/proc/{process_id}/task").glob("*/children")
    children = [int(child) for one in files for child in one.read_text().split()]
    return [one for one in children if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()]
