"""`voicesearch monitor check`, as it is called: over files, and over a store that a watch may have."""

import gzip
import io
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from monitoring.alarms.store import AlarmStore
from monitoring.events import encode
from monitoring.lease import Lease
from monitoring.store import EventStore
from serving.cli import main
from serving.watching import NAME
from tests.serving.planted import CLIPPING, queries

HOUR_S = 3600.0
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["monitor", "check", *map(str, arguments)])
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


def lines(*, clipped: bool) -> bytes:
    """Three calm hours, then ten minutes."""
    now = time.time()
    events = [
        *queries(now - 3 * HOUR_S, now - 900, 5000),
        *queries(now - 900, now - 60, 500, clipped=clipped, seed=1),
    ]
    return b"".join(encode(event) + b"\n" for event in events)


def test_a_phone_that_clips_is_told_with_all_that_matters(check: Run, tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_bytes(lines(clipped=True))
    code, out, _ = check("events.jsonl")
    assert code == 1
    for words in (f"device_model={CLIPPING}", "data drift, shock, since 20", "onset_clipped", "-> 0.0", "explains 9"):
        assert words in out
    assert "docs/runbook.md#" in out
    assert "for example 1-" in out
    assert "signals have no reference yet" in out


def test_the_same_as_json_from_a_packed_file(check: Run, tmp_path: Path) -> None:
    (tmp_path / "events.jsonl.gz").write_bytes(gzip.compress(lines(clipped=True) + b"broken\n"))
    code, out, err = check("events.jsonl.gz", "--json")
    found = json.loads(out)
    assert err.startswith("1 of 5501 lines are no events\n  line 5501: not JSON")
    assert found["events"] == 5500, "of the file, not what was concluded from them"
    [diagnosis] = found["diagnoses"]
    assert (code, diagnosis["slice"]["device_model"], diagnosis["drift"]) == (1, CLIPPING, "data")
    assert {"lead_silence_s", "onset_clipped"} <= {one["signal"] for one in diagnosis["findings"]}
    assert diagnosis["runbook"].startswith("docs/runbook.md#")
    assert [alarm["state"] for alarm in found["alarms"]] == ["firing"]
    assert found["aside"]["lines"]["refused"] == 1
    assert found["aside"]["admission"]["admitted"] == 5500


def test_calm_events_from_the_standard_input(check: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    given = io.TextIOWrapper(io.BytesIO(lines(clipped=False)))
    monkeypatch.setattr("sys.stdin", given)
    code, out, _ = check("-")
    assert code == 0
    assert "0 diagnoses, 0 alarms" in out


def test_an_empty_file(check: Run, tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").touch()
    code, out, err = check("events.jsonl")
    assert (code, out.splitlines()[0], err) == (0, "0 diagnoses, 0 alarms; 0 events in 1 slices", "")
    assert json.loads(check("events.jsonl", "--json")[1])["at"] is None


def test_a_file_in_which_no_line_is_an_event_is_an_error(check: Run, tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_bytes(b"broken\n\xff\n[]\n{}\n")
    code, out, err = check("events.jsonl", "--json")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "events.jsonl: none of 4 lines is an event: line 1: not JSON" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("missing.jsonl",), "missing.jsonl"),
        (("--store", "sqlite:///missing.db"), "no event store at missing.db"),
        ((), "no event store at voicesearch.db"),
        (("--store", "nonsense"), "not a database URL"),
        (("a.jsonl", "--store", "sqlite:///x.db"), "either a file or --store"),
        (("--policies", "missing.toml"), "missing.toml"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(check: Run, arguments: tuple[str, ...], words: str) -> None:
    code, _, err = check(*arguments)
    assert code == 2
    assert words in err
    assert err.count("\n") == 1


@pytest.fixture
def store(tmp_path: Path) -> EventStore:
    return EventStore.open(f"sqlite:///{tmp_path}/voicesearch.db")


def test_an_empty_store(check: Run, store: EventStore, tmp_path: Path) -> None:
    (tmp_path / "voicesearch.db").touch()
    code, out, _ = check()
    assert code == 0
    assert "0 diagnoses, 0 alarms; 0 events" in out


def test_a_store_is_read_on_from_where_the_last_check_stood(check: Run, store: EventStore) -> None:
    now = time.time()
    store.insert(list(queries(now - 3 * HOUR_S, now - 900, 5000)))
    code, out, _ = check("--json")
    assert (code, json.loads(out)["aside"]["admission"]["admitted"]) == (0, 5000)
    store.insert(list(queries(now - 300, now, 500, clipped=True, seed=1)))
    code, out, _ = check("--json")
    found = json.loads(out)
    assert (code, found["aside"]["admission"]["admitted"]) == (1, 5500), "each event once"
    assert found["alarms"][0]["slice"]["device_model"] == CLIPPING
    code, out, _ = check("--json")
    assert (code, json.loads(out)["alarms"][0]["id"]) == (1, found["alarms"][0]["id"])


def test_another_configuration_learns_anew_from_where_it_stood(
    check: Run, store: EventStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    now = time.time()
    store.insert(list(queries(now - 3600, now - 900, 500)))
    assert check()[0] == 0
    (tmp_path / "voicesearch.toml").write_text(
        '[monitoring]\nmax_slices = 30\n[[monitoring.signals]]\nname = "basket_eur"\nabout = "What was bought."\n'
    )
    store.insert(list(queries(now - 300, now, 100, seed=1)))
    code, out, _ = check("--config", "voicesearch.toml", "--json")
    assert (code, json.loads(out)["aside"]["admission"]["admitted"]) == (0, 600)
    said = [one.getMessage() for one in caplog.records if "learns anew" in one.getMessage()]
    assert said == ["signals were added: basket_eur; max_slices was 1000 and is 30; the monitor learns anew"]


def test_where_another_process_watches_its_alarms_are_told(check: Run, store: EventStore, tmp_path: Path) -> None:
    now = time.time()
    store.insert([*queries(now - 3 * HOUR_S, now - 900, 5000), *queries(now - 300, now, 500, clipped=True, seed=1)])
    assert check()[0] == 1
    assert Lease(store, NAME, owner="the server").take()
    code, out, err = check()
    assert (code, err.strip()) == (1, "another process watches this store; these are the alarms that it has open")
    alarms = AlarmStore.open(f"sqlite:///{tmp_path}/voicesearch.db")
    [alarm] = alarms.every()
    alarms.close()
    assert alarm.summary in out
