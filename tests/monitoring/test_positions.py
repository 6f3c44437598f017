"""Who reads on from a position misses no event and sees none twice, however late it came and whoever wrote it."""

import math
import threading
import time
from collections.abc import Callable

import pytest
from sqlalchemy import text

from monitoring.database import connect
from monitoring.events import Event
from monitoring.store import EventStore

MakeEvent = Callable[..., Event]


def read_on(store: EventStore, position: int, *, limit: int = 7) -> tuple[int, list[str]]:
    """Everything after the position, a small page at a time."""
    ids = []
    while page := store.after(position, limit=limit):
        position = page[-1][0]
        ids += [event.event_id for _, event in page]
    return position, ids


def test_events_come_in_the_order_in_which_they_were_stored_not_of_their_times(
    store: EventStore, make_event: MakeEvent
) -> None:
    store.insert([make_event(5), make_event(9)])
    place, ids = read_on(store, 0)
    assert ids == ["req-000005", "req-000009"]
    late = make_event(1, at=1_600_000_000.0)
    store.insert([late])
    assert [event for _, event in store.after(place)] == [late]
    assert store.count_after(place) == 1
    assert store.count_after(0) == 3


def test_many_pages_hold_every_event_once(store: EventStore, make_event: MakeEvent) -> None:
    for first in range(0, 90, 30):
        store.insert([make_event(n) for n in range(first, first + 31)])  # each batch repeats one event
    place, ids = read_on(store, 0)
    assert ids == [f"req-{n:06d}" for n in range(91)]
    assert store.after(place) == []


def test_a_position_is_never_given_again(store: EventStore, make_event: MakeEvent) -> None:
    store.insert([make_event(1), make_event(2, user_id="ann")])
    place, _ = read_on(store, 0)
    store.delete_user("ann")
    store.purge_before(math.inf)
    store.insert([make_event(3)])
    assert read_on(store, place)[1] == ["req-000003"]


def test_a_reader_beside_several_writers_sees_every_event_once(address: str, make_event: MakeEvent) -> None:
    writers = [EventStore.open(address) for _ in range(4)]
    reader = EventStore.open(address)

    def write(number: int) -> None:
        for first in range(0, 300, 10):
            writers[number].insert([make_event(1000 * number + n) for n in range(first, first + 10)])

    reader.prepare()
    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    place, seen = 0, []
    while any(thread.is_alive() for thread in threads):
        place, ids = read_on(reader, place, limit=50)
        seen += ids
        time.sleep(0.01)  # a reader that never pauses keeps the interpreter from those who write
    seen += read_on(reader, place)[1]
    assert sorted(seen) == sorted(f"req-{1000 * number + n:06d}" for number in range(4) for n in range(300))
    for store in (*writers, reader):
        store.close()


@pytest.mark.postgres
@pytest.mark.parametrize("address", ["postgresql"], indirect=True)
def test_no_lower_position_is_committed_later(address: str, make_event: MakeEvent) -> None:
    first, second, reader = (EventStore.open(address) for _ in range(3))
    first.prepare()
    engine = connect(address)
    with engine.connect() as obstacle:
        obstacle.execute(
            text(
                "INSERT INTO events (event_id, request_id, at, kind, outcome, consent, slices, signals, details)"
                " VALUES ('req-000002', 'r', 0, 'k', 'ok', false, '{}', '{}', '{}')"
            )
        )
        # Event 1 has its position and waits, uncommitted, until it is known whether event 2 is there already.
        slow = threading.Thread(target=first.insert, args=([make_event(1), make_event(2)],))
        slow.start()
        wait_for_locks(address, 1)
        quick = threading.Thread(target=second.insert, args=([make_event(3)],))
        quick.start()
        wait_for_locks(address, 2)
        assert read_on(reader, 0)[1] == []
        obstacle.rollback()
    slow.join()
    quick.join()
    assert read_on(reader, 0)[1] == ["req-000001", "req-000002", "req-000003"]
    for store in (first, second, reader):
        store.close()
    engine.dispose()


def wait_for_locks(address: str, count: int) -> None:
    """Until so many sessions wait for another one; fails by the test's own time limit."""
    engine = connect(address)
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    with engine.connect() as connection:
        while connection.execute(waiting).scalar_one() < count:
            connection.rollback()
            time.sleep(0.01)
    engine.dispose()
