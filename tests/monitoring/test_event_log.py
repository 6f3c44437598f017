"""The promise of the event log: what was acknowledged is stored, once, whatever happens in between."""

import json
import logging
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from monitoring.errors import InvalidEvent, JournalClosed, JournalFull, StoreUnavailable, StoreUnusable
from monitoring.event_log import EventLog
from monitoring.events import Event
from monitoring.store import EventStore, Selection

if TYPE_CHECKING:
    from tests.monitoring.conftest import PostgresServer

MakeEvent = Callable[..., Event]

APPENDER = """
import json, sys, threading
from pathlib import Path
from monitoring.event_log import EventLog
from monitoring.events import Event

address, folder, name, linger_s = json.loads(sys.argv[1])
log = EventLog.open(address, Path(folder), linger_s=linger_s, batch_size=50)

def append(thread):
    n = 0
    while True:
        event_id = f"{name}-{thread}-{n}"
        event = Event(event_id=event_id, request_id=event_id, at=float(n), kind="voice", details={"q": "x" * 200})
        log.append(event, known_new=True)
        sys.stdout.write(event_id + "\\n")
        sys.stdout.flush()
        n += 1

for thread in range(3):
    threading.Thread(target=append, args=(thread,)).start()
"""


@contextmanager
def appending(address: str, folder: Path, *, name: str, linger_s: float = 0.01) -> Iterator[subprocess.Popen[str]]:
    """A process that appends until it is killed, and prints the id of each event once it was acknowledged."""
    arguments = json.dumps([address, str(folder), name, linger_s])
    process = subprocess.Popen(
        [sys.executable, "-c", APPENDER, arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    with process:
        yield process
        process.kill()


def wait_until(condition: Callable[[], bool]) -> None:
    """Fails by the test's own time limit."""
    while not condition():
        time.sleep(0.01)


def stored(address: str) -> Counter[str]:
    store = EventStore.open(address)
    ids = Counter(event.event_id for event in store.events())
    store.close()
    return ids


@pytest.fixture
def log(address: str, tmp_path: Path) -> Iterator[EventLog]:
    log = EventLog.open(address, tmp_path / "journal")
    yield log
    log.close()


def test_what_is_appended_is_stored(log: EventLog, make_event: MakeEvent) -> None:
    events = [make_event(n) for n in range(2_500)]
    assert all(log.append(event, known_new=True) for event in events)
    assert log.flush(60)
    assert log.pending == 0
    assert log.healthy
    assert list(log.store.events()) == events


def test_an_event_counts_once_be_it_pending_or_stored(log: EventLog, make_event: MakeEvent) -> None:
    assert log.append(make_event(1))
    assert not log.append(make_event(1))
    assert log.flush(60)
    assert not log.append(make_event(1, kind="again"))
    assert log.flush(60)
    assert [event.kind for event in log.store.events()] == ["voice"]


def test_requests_are_known_from_the_moment_they_are_taken(log: EventLog, make_event: MakeEvent) -> None:
    assert not log.has_request("req-000001")
    log.append(make_event(1), known_new=True)
    log.append(make_event(2, event_id="click", request_id="req-000001", kind="click"))
    assert log.has_request("req-000001")
    assert not log.has_request("click")
    assert log.flush(60)
    assert log.has_request("req-000001")
    assert not log.has_request("click")


def test_signals_that_are_no_numbers_are_counted(log: EventLog, make_event: MakeEvent) -> None:
    log.append(make_event(1, signals={"snr_db": float("nan"), "loudness_lufs": float("-inf"), "duration_s": 2.5}))
    assert log.flush(60)
    [event] = log.store.events()
    assert event.signals == {"snr_db": None, "loudness_lufs": None, "duration_s": 2.5}
    assert log.nulled_signals == 2


def test_an_invalid_event_is_refused_and_harms_no_other(log: EventLog, make_event: MakeEvent) -> None:
    log.append(make_event(1))
    with pytest.raises(InvalidEvent):
        log.append(make_event(2, details={"query": "x" * 70_000}))
    assert log.flush(60)
    assert [event.event_id for event in log.store.events()] == ["req-000001"]


def test_closing_stores_what_is_pending_and_ends_the_intake(
    address: str, tmp_path: Path, make_event: MakeEvent
) -> None:
    log = EventLog.open(address, tmp_path / "journal", linger_s=30)
    for n in range(20):
        log.append(make_event(n), known_new=True)
    assert log.close(60)
    assert log.close(60)
    assert list((tmp_path / "journal").iterdir()) == []
    with pytest.raises(JournalClosed):
        log.append(make_event(21), known_new=True)
    assert len(stored(address)) == 20


def test_kill_9_loses_nothing_acknowledged_and_doubles_nothing(address: str, tmp_path: Path) -> None:
    acknowledged: list[str] = []
    chance = random.Random(7)
    for run in range(6):
        linger_s = chance.choice([0.0, 0.01, 5.0])
        with appending(address, tmp_path / "journal", name=f"run{run}", linger_s=linger_s) as process:
            assert process.stdout is not None
            wanted = chance.randrange(1, 600)
            acknowledged += [line.strip() for _, line in zip(range(wanted), process.stdout, strict=False)]
            process.send_signal(signal.SIGKILL)
            # A last line without its end was printed by halves; the event behind it is safe all the same.
            acknowledged += [line.strip() for line in process.stdout if line.endswith("\n")]
    log = EventLog.open(address, tmp_path / "journal")
    assert log.close(60)
    counts = stored(address)
    assert set(acknowledged) <= set(counts)
    assert set(counts.values()) == {1}
    assert len(acknowledged) > 6
    assert list((tmp_path / "journal").glob("*.journal")) == []


def test_a_torn_last_line_does_not_hide_the_others(
    address: str, nowhere: str, tmp_path: Path, make_event: MakeEvent
) -> None:
    folder = tmp_path / "journal"
    log = EventLog.open(nowhere, folder)
    for n in range(5):
        log.append(make_event(n), known_new=True)
    assert not log.close(0.0)
    [left] = folder.iterdir()
    left.write_bytes(left.read_bytes()[:-7])
    log = EventLog.open(address, folder)
    assert log.pending == 4
    assert log.close(60)
    assert log.bad_lines == 1
    assert sorted(stored(address)) == [f"req-{n:06d}" for n in range(4)]


def test_without_a_database_events_are_held_up_to_the_bound_and_delivered_later(
    address: str, nowhere: str, tmp_path: Path, make_event: MakeEvent, caplog: pytest.LogCaptureFixture
) -> None:
    log = EventLog.open(nowhere, tmp_path / "journal", max_bytes=20_000)
    taken: list[bool] = []
    with pytest.raises(JournalFull):
        taken.extend(log.append(make_event(n)) for n in range(1_000))
    assert not log.healthy
    assert log.problem is not None
    assert log.has_request("req-000001")
    with pytest.raises(StoreUnavailable):
        log.has_request("req-000999")
    assert not log.close(0.2)
    assert f"{len(taken)} events are left" in caplog.text
    later = EventLog.open(address, tmp_path / "journal")
    assert later.close(60)
    assert stored(address) == Counter({f"req-{n:06d}": 1 for n in range(len(taken))})


@pytest.mark.postgres
def test_a_database_that_goes_away_and_comes_back_gets_everything_once(
    postgres: "PostgresServer", tmp_path: Path, make_event: MakeEvent
) -> None:
    log = EventLog.open(postgres.new_database(), tmp_path / "journal", max_delay_s=0.5)
    stopping = threading.Event()
    taken: list[str] = []

    def load() -> None:
        while not stopping.wait(0.001):
            event = make_event(len(taken))
            assert log.append(event, known_new=True)
            taken.append(event.event_id)

    loader = threading.Thread(target=load)
    loader.start()
    wait_until(lambda: log.store.count() > 100)
    for _ in range(2):
        postgres.stop()
        wait_until(lambda: not log.healthy)
        held = log.pending
        wait_until(lambda held=held: log.pending > held + 100)  # type: ignore[misc]
        postgres.start()
        wait_until(lambda: log.healthy)
    stopping.set()
    loader.join()
    assert log.flush(60)
    assert Counter(event.event_id for event in log.store.events()) == Counter(taken)
    assert log.close()


def test_a_living_process_keeps_its_events_and_a_dead_ones_are_taken_over(
    address: str, nowhere: str, tmp_path: Path, make_event: MakeEvent
) -> None:
    folder = tmp_path / "journal"
    with appending(nowhere, folder, name="other") as process:
        assert process.stdout is not None
        acknowledged = [process.stdout.readline().strip() for _ in range(20)]
        log = EventLog.open(address, folder)
        log.append(make_event(1), known_new=True)
        assert log.close(60)
        assert stored(address) == Counter({"req-000001": 1})
    heir = EventLog.open(address, folder)
    assert heir.has_request(acknowledged[0])
    assert heir.close(60)
    counts = stored(address)
    assert set(acknowledged) < set(counts)
    assert set(counts.values()) == {1}


def test_two_processes_write_through_one_folder(address: str, tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    with appending(address, folder, name="one") as one, appending(address, folder, name="two") as two:
        assert one.stdout is not None
        assert two.stdout is not None
        acknowledged = [line.strip() for _, line in zip(range(300), one.stdout, strict=False)]
        acknowledged += [line.strip() for _, line in zip(range(300), two.stdout, strict=False)]
    log = EventLog.open(address, folder)
    assert log.close(60)
    counts = stored(address)
    assert len(acknowledged) == 600
    assert set(acknowledged) <= set(counts)
    assert set(counts.values()) == {1}


def test_many_threads_append_at_once(log: EventLog, make_event: MakeEvent) -> None:
    new = Counter[bool]()

    def append() -> None:
        for n in range(300):
            new[log.append(make_event(n))] += 1

    threads = [threading.Thread(target=append) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert log.flush(60)
    assert log.store.count() == 300
    assert new.total() == 1_200


def test_after_a_flush_a_deleted_user_does_not_come_back(address: str, tmp_path: Path, make_event: MakeEvent) -> None:
    with appending(address, tmp_path / "journal", name="noise"):
        log = EventLog.open(address, tmp_path / "journal")
        log.append(make_event(1, user_id="ann"), known_new=True)
        assert log.flush(60)
        assert log.store.delete_user("ann") == 1
        log.close()
    log = EventLog.open(address, tmp_path / "journal")
    assert log.close(60)
    store = EventStore.open(address)
    assert store.count(Selection(user_id="ann")) == 0
    store.close()


def test_what_is_no_database_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "events.db").write_text("a shopping list\n" * 100)
    with pytest.raises(StoreUnusable):
        EventLog.open(f"sqlite:///{tmp_path}/events.db", tmp_path / "journal")


def test_power_safe_mode_stores_the_same(address: str, tmp_path: Path, make_event: MakeEvent) -> None:
    log = EventLog.open(address, tmp_path / "journal", fsync=True)
    for n in range(20):
        assert log.append(make_event(n), known_new=True)
    assert log.close(60)
    assert len(stored(address)) == 20


def test_no_text_of_an_event_reaches_the_log(
    nowhere: str, tmp_path: Path, make_event: MakeEvent, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    log = EventLog.open(nowhere, tmp_path / "journal")
    log.append(make_event(1, details={"query": "my secret wish"}))
    log.close(0.3)
    assert caplog.records
    assert "secret" not in caplog.text
