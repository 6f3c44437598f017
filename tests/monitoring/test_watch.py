"""Every event is counted once: in one process, over restarts, over two replicas, and over kill -9 at any moment."""

import json
import logging
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import count

import pytest

from monitoring.errors import UnusableState
from monitoring.events import Event
from monitoring.findings import FLEET, Diagnosis, Finding
from monitoring.lease import Lease
from monitoring.snapshots import Snapshots
from monitoring.store import EventStore
from monitoring.watch import Pace, Watch

MakeEvent = Callable[..., Event]
START = 1_700_000_000.0


class Counting:
    """A monitor whose whole knowledge is how often it saw each event."""

    def __init__(self, state: bytes | None = None) -> None:
        self.seen: Counter[str] = Counter()
        if state is not None:
            try:
                self.seen.update(json.loads(state))
            except ValueError as error:
                raise UnusableState("not a count") from error

    def update(self, events: Sequence[Event]) -> None:
        for event in events:
            self.seen[event.event_id] += 1
            if event.kind == "poison":
                raise RuntimeError("half done")

    def check(self, now: float) -> list[Diagnosis]:
        finding = Finding(
            signal="events",
            slice=FLEET,
            detector="count",
            at=now,
            since=now,
            before=0.0,
            after=float(self.seen.total()),
            requests=1,
            evidence=1.0,
        )
        return [Diagnosis(findings=(finding,), causes=())]

    def state(self) -> bytes:
        return json.dumps(self.seen).encode()


class Clock:
    """Shows what it was set to."""

    def __init__(self) -> None:
        self.now = START + 1e6

    def __call__(self) -> float:
        return self.now


class Replica:
    """A watch of its own, with what it handed on."""

    _owners = count()

    def __init__(self, store: EventStore, clock: Callable[[], float], *, page: int = 10, lease_s: float = 30.0) -> None:
        self.handled: list[float] = []
        self.monitor = Counting()
        pace = Pace(page=page, check_every_s=30, save_every_s=60, idle_s=0.01, lease_s=lease_s)
        owner = f"replica {next(self._owners)}"
        self.watch = Watch(store, self._begin, self._handle, name="test", owner=owner, clock=clock, pace=pace)

    def _begin(self, state: bytes | None) -> Counting:
        self.monitor = Counting(state)
        return self.monitor

    def _handle(self, diagnoses: list[Diagnosis]) -> None:
        self.handled += [diagnosis.findings[0].after for diagnosis in diagnoses]

    def catch_up(self) -> None:
        while self.watch.step():
            pass


def kept(store: EventStore) -> Counter[str]:
    """What the newest snapshot counts, without the part of the admission."""
    found = Snapshots(store, "test").load(lambda state: state)
    assert found is not None
    length = int.from_bytes(found[1][:8], "little")
    return Counting(found[1][8 + length :]).seen


def wait_until(condition: Callable[[], object]) -> None:
    """Fails by the test's own time limit."""
    while not condition():
        time.sleep(0.01)


def test_pages_are_taken_checks_made_and_states_kept_in_their_time(store: EventStore, make_event: MakeEvent) -> None:
    clock = Clock()
    replica = Replica(store, clock)
    store.insert([make_event(n) for n in range(25)])
    assert [replica.watch.step() for _ in range(4)] == [True, True, False, False]
    assert (replica.monitor.seen.total(), replica.watch.position) == (25, 25)
    assert replica.handled == []
    clock.now += 30
    replica.watch.step()
    replica.watch.step()
    assert replica.handled == [25.0]
    assert Snapshots(store, "test").load(lambda state: state) is None
    clock.now += 30
    replica.watch.step()
    assert replica.handled == [25.0, 25.0]
    assert kept(store).total() == 25
    clock.now -= 3_600
    replica.watch.step()
    assert replica.handled == [25.0] * 3


def test_the_next_one_goes_on_where_the_last_one_stood(store: EventStore, make_event: MakeEvent) -> None:
    clock = Clock()
    first, second = Replica(store, clock), Replica(store, clock)
    store.insert([make_event(n) for n in range(25)])
    first.catch_up()
    second.catch_up()
    assert second.watch.position is None
    assert second.monitor.seen.total() == 0
    first.watch.finish()
    store.insert([make_event(n, at=START - 1_000) for n in range(25, 30)])
    second.catch_up()
    assert second.monitor.seen == Counter(f"req-{n:06d}" for n in range(30))
    admission = second.watch.admission
    assert admission is not None
    assert admission.counts.admitted == 30


def test_late_events_are_counted_and_not_judged(store: EventStore, make_event: MakeEvent) -> None:
    replica = Replica(store, Clock())
    store.insert([make_event(0), make_event(1, at=START - 100_000)])
    replica.catch_up()
    admission = replica.watch.admission
    assert admission is not None
    assert (admission.counts.late, replica.monitor.seen.total(), replica.watch.position) == (1, 1, 2)


def test_one_that_was_replaced_unnoticed_keeps_nothing_and_stops(store: EventStore, make_event: MakeEvent) -> None:
    clock = Clock()
    slow, quick = Replica(store, clock, lease_s=0.0), Replica(store, clock)
    store.insert([make_event(1)])
    slow.catch_up()
    quick.catch_up()
    clock.now += 60
    quick.watch.step()
    store.insert([make_event(2)])
    slow.catch_up()
    assert slow.watch.position is None
    quick.catch_up()
    assert quick.monitor.seen.total() == 2


def test_what_fails_half_way_is_done_again_from_the_last_state(
    store: EventStore, make_event: MakeEvent, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    replica = Replica(store, clock)
    store.insert([make_event(n) for n in range(10)])
    replica.catch_up()
    clock.now += 60
    replica.watch.step()
    store.insert([make_event(n) for n in range(10, 15)] + [make_event(15, kind="poison")])
    stop = threading.Event()
    thread = threading.Thread(target=replica.watch.run, args=(stop,))
    with caplog.at_level(logging.ERROR):
        thread.start()
        wait_until(lambda: replica.watch.problem)
        assert replica.watch.problem == "half done"
        with store.transaction() as connection:
            connection.exec_driver_sql("UPDATE events SET kind = 'voice'")
        wait_until(lambda: replica.watch.problem is None)
        stop.set()
        thread.join()
    assert kept(store) == Counter(f"req-{n:06d}" for n in range(16))
    assert "the monitor does not get on: half done" in caplog.text


def test_a_receiver_that_fails_stops_no_state_from_being_kept(store: EventStore, make_event: MakeEvent) -> None:
    clock = Clock()

    def fail(_: list[Diagnosis]) -> None:
        raise OSError("nobody listens")

    watch = Watch(store, Counting, fail, name="test", owner="me", clock=clock)
    store.insert([make_event(1)])
    watch.step()
    clock.now += 60
    with pytest.raises(OSError, match="nobody listens"):
        watch.step()
    assert kept(store).total() == 1


def test_where_no_state_can_be_used_that_is_said_once_and_it_begins_anew_at_its_place(
    store: EventStore, make_event: MakeEvent, caplog: pytest.LogCaptureFixture
) -> None:
    store.insert([make_event(n) for n in range(10)])
    lease = Lease(store, "test", owner="somebody")
    lease.take()
    for state in (b"", b"\0" * 8 + b"{}"):
        Snapshots(store, "test").save(state, position=7, lease=lease)
    lease.give_back()
    replica = Replica(store, Clock())
    replica.catch_up()
    assert (replica.watch.position, replica.monitor.seen.total()) == (10, 3)
    [said] = [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR]
    assert "the state is too short" in said
    assert said.endswith("the monitor learns anew")


def test_a_problem_is_told_as_it_comes_and_goes_and_each_is_logged_once(
    store: EventStore, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str | None] = []
    stop = threading.Event()
    troubles = iter(["disk", "disk", None, "disk", "net"])

    class Troubled(Counting):
        def check(self, now: float) -> list[Diagnosis]:
            trouble = next(troubles, "end")
            if trouble == "end":
                stop.set()
            elif trouble:
                raise OSError(trouble)
            return []

    pace = Pace(check_every_s=-1, idle_s=0.001)
    watch = Watch(
        store, Troubled, lambda _: None, name="test", owner="me", clock=Clock(), pace=pace, on_problem=told.append
    )
    watch.run(stop)
    assert told == ["disk", None, "disk", "net", None]
    logged = [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR]
    assert logged == ["the monitor does not get on: disk", "the monitor does not get on: net"]


REPLICA = """
import json, sys, threading, time
from monitoring.store import EventStore
from monitoring.watch import Pace, Watch
from tests.monitoring.test_watch import Counting

address, owner = sys.argv[1:]
pace = Pace(page=7, check_every_s=0.03, save_every_s=0.02, idle_s=0.005, lease_s=0.3)
watch = Watch(EventStore.open(address), Counting, lambda _: None, name="test", owner=owner, clock=time.time, pace=pace)
print("ready", flush=True)
watch.run(threading.Event())
"""


class Killed:
    """A replica in a process of its own."""

    _numbers = count()

    def __init__(self, address: str) -> None:
        command = [sys.executable, "-c", REPLICA, address, f"process {next(self._numbers)}"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n"

    def kill(self) -> None:
        with self.process:
            self.process.send_signal(signal.SIGKILL)
        assert self.process.returncode == -signal.SIGKILL


@pytest.mark.slow
def test_kill_9_at_any_moment_loses_no_event_and_doubles_none(address: str, make_event: MakeEvent) -> None:
    rng = random.Random(3)
    store = EventStore.open(address)
    stop = threading.Event()
    written: list[str] = []

    def write() -> None:
        while not stop.wait(0.002):
            some = [make_event(len(written) + n, at=time.time() - rng.choice([0, 600])) for n in range(3)]
            store.insert(some)
            written.extend(event.event_id for event in some)

    store.prepare()
    writer = threading.Thread(target=write)
    writer.start()
    replicas = [Killed(address), Killed(address)]
    positions = []
    for _ in range(6):
        time.sleep(rng.uniform(0.1, 0.6))
        replicas.pop(rng.randrange(2)).kill()
        replicas.append(Killed(address))
        positions.append(Snapshots(store, "test").load(lambda state: state))
    stop.set()
    writer.join()
    for replica in replicas:
        replica.kill()
    assert len({found[0] for found in positions if found is not None}) > 2
    last = Replica(store, time.time, page=1_000)
    wait_until(lambda: last.watch.step() or last.watch.position is not None)
    last.catch_up()
    assert last.monitor.seen == Counter(written)
    store.close()
