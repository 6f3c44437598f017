import sqlite3
import threading
import time
from pathlib import Path

import pytest

from monitoring.errors import LeaseLost, StoreUnavailable
from monitoring.lease import Lease, database_time
from monitoring.store import EventStore


def test_one_of_two_has_it(address: str) -> None:
    first, second = EventStore.open(address), EventStore.open(address)
    mine, theirs = Lease(first, "watch", owner="a"), Lease(second, "watch", owner="b")
    assert mine.take()
    assert not theirs.take()
    assert mine.take()
    assert Lease(second, "another", owner="b").take()
    mine.give_back()
    assert theirs.take()
    assert not mine.take()
    first.close()
    second.close()


def test_who_is_silent_for_too_long_loses_it(store: EventStore) -> None:
    mine, theirs = Lease(store, "watch", owner="a", lasts_s=0.05), Lease(store, "watch", owner="b")
    assert mine.take()
    with store.transaction() as connection:
        mine.confirm(connection)
    time.sleep(0.06)
    with store.transaction() as connection:
        mine.confirm(connection)  # late, but nobody else came
    time.sleep(0.06)
    assert theirs.take()
    with pytest.raises(LeaseLost, match="a does not hold the lease of watch"), store.transaction() as connection:
        mine.confirm(connection)


def test_of_many_that_try_at_once_one_gets_it(address: str) -> None:
    stores = [EventStore.open(address) for _ in range(6)]
    stores[0].prepare()
    winners = []

    def attempt(number: int) -> None:
        if Lease(stores[number], "watch", owner=str(number)).take():
            winners.append(number)

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(winners) == 1
    for store in stores:
        store.close()


def test_the_time_is_that_of_the_database(store: EventStore) -> None:
    with store.transaction() as connection:
        assert abs(database_time(connection) - time.time()) < 5  # the database is on this machine


def test_a_database_that_is_busy_is_away(tmp_path: Path) -> None:
    store = EventStore.open(f"sqlite:///{tmp_path}/events.db")
    store.prepare()
    with store.transaction() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 1")
    holder = sqlite3.connect(tmp_path / "events.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable):
        Lease(store, "watch", owner="a").take()
    holder.close()
    store.close()
