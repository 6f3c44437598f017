import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from monitoring.errors import InvalidEvent, StoreUnavailable
from monitoring.events import Event
from monitoring.journal import Journal
from monitoring.writer import EventWriter

MakeEvent = Callable[..., Event]


class FlakySink:
    """Keeps events by id; is away while told so, and never takes what it was told to refuse."""

    def __init__(self) -> None:
        self.away = threading.Event()
        self.tried = threading.Semaphore(0)
        self.refused: set[str] = set()
        self.batches: list[list[str]] = []

    def insert(self, events: Sequence[Event]) -> None:
        self.tried.release()
        ids = [event.event_id for event in events]
        if self.away.is_set():
            raise StoreUnavailable("away")
        if self.refused.intersection(ids):
            raise InvalidEvent("a value is refused")
        self.batches.append(ids)

    @property
    def ids(self) -> list[str]:
        return [event_id for batch in self.batches for event_id in batch]


@pytest.fixture
def sink() -> FlakySink:
    return FlakySink()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path, max_bytes=10_000_000, batch_size=100)
    journal.open()
    yield journal
    journal.release()


@pytest.fixture
def writer(journal: Journal, sink: FlakySink) -> EventWriter:
    return EventWriter(journal, sink, linger_s=0.01, max_delay_s=0.2)


def test_everything_is_carried_in_order_and_in_batches(
    journal: Journal, writer: EventWriter, sink: FlakySink, make_event: MakeEvent
) -> None:
    for n in range(1_000):
        journal.append(make_event(n))
    writer.start()
    writer.stop(30)
    assert sink.ids == [f"req-{n:06d}" for n in range(1_000)]
    assert len(sink.batches) == 10
    assert journal.pending == 0


def test_events_wait_while_the_sink_is_away(
    journal: Journal, writer: EventWriter, sink: FlakySink, make_event: MakeEvent
) -> None:
    sink.away.set()
    writer.start()
    journal.append(make_event(1))
    for _ in range(3):
        assert sink.tried.acquire(timeout=30)
    assert writer.problem == "away"
    assert journal.pending == 1
    sink.away.clear()
    assert journal.flush(30)
    writer.stop(30)
    assert writer.problem is None
    assert sink.ids == ["req-000001"]


def test_a_writer_that_starts_with_a_problem_sees_by_itself_that_it_is_gone(
    journal: Journal, writer: EventWriter, sink: FlakySink
) -> None:
    writer.problem = "away at the start"
    writer.start()
    assert sink.tried.acquire(timeout=30)
    writer.stop(30)
    assert writer.problem is None


def test_one_refused_event_does_not_hold_up_the_others(
    journal: Journal, writer: EventWriter, sink: FlakySink, tmp_path: Path, make_event: MakeEvent
) -> None:
    sink.refused.add("req-000004")
    for n in range(10):
        journal.append(make_event(n))
    writer.start()
    writer.stop(30)
    assert sink.ids == [f"req-{n:06d}" for n in range(10) if n != 4]
    assert journal.bad_lines == 1
    [bad] = tmp_path.glob("*.bad")
    assert b"req-000004" in bad.read_bytes()


def test_stopping_gives_up_when_the_time_is_over(
    journal: Journal, writer: EventWriter, sink: FlakySink, make_event: MakeEvent
) -> None:
    sink.away.set()
    journal.append(make_event(1))
    writer.start()
    writer.stop(0.3)
    assert journal.pending == 1
    assert sink.ids == []
