import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from monitoring.alarms.tables import METADATA  # those of the events too
from monitoring.database import VERSION_TABLE, connect, migrate
from monitoring.errors import StoreUnavailable, StoreUnusable
from monitoring.events import Event
from monitoring.store import EventStore


def differences(engine: Engine) -> list[object]:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        return list(compare_metadata(context, METADATA))


def test_an_empty_database_gets_the_schema_that_the_store_expects(address: str) -> None:
    engine = connect(address)
    migrate(engine)
    assert differences(engine) == []
    migrate(engine)
    engine.dispose()


def test_an_older_database_is_brought_up_to_date_with_its_events(
    address: str, make_event: Callable[..., Event]
) -> None:
    engine = connect(address)
    migrate(engine, "0001")
    names = {index["name"] for index in inspect(engine).get_indexes("events")}
    assert "events_by_user" not in names
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO events (event_id, request_id, at, kind, user_id, outcome, consent,"
                " slices, signals, details) VALUES ('req-000001', 'req-000001', 1700000001.0, 'voice', 'ann',"
                " 'ok', false, '{}', '{\"snr_db\": 20.5}', '{}')"
            )
        )
    engine.dispose()
    store = EventStore.open(address)
    event = make_event(1, user_id="ann", signals={"snr_db": 20.5})
    assert list(store.events()) == [event]
    assert store.after(0) == [(1, event)]
    store.insert([event])
    assert store.count() == 1
    store.close()
    assert differences(engine) == []
    engine.dispose()


def test_several_may_migrate_at_once(address: str) -> None:
    errors: list[BaseException] = []

    def start() -> None:
        engine = connect(address)
        try:
            migrate(engine)
        except BaseException as error:
            errors.append(error)
        engine.dispose()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_new_sqlite_file_waits_for_another_that_writes_there(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "events.db", isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE anything (x)")
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.3, other.rollback)
    release.start()
    engine = connect(f"sqlite:///{tmp_path}/events.db")
    migrate(engine)
    engine.dispose()
    release.join()
    other.close()


def test_a_newer_schema_is_refused_and_left_alone(address: str) -> None:
    engine = connect(address)
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(StoreUnusable, match="schema 9999; the newest that this version knows is"):
        migrate(engine)
    engine.dispose()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "events.db").write_text("a shopping list\n" * 100)
    store = EventStore.open(f"sqlite:///{tmp_path}/events.db")
    with pytest.raises(StoreUnusable, match="not a database"):
        store.count()
    store.close()
    assert (tmp_path / "events.db").read_text().startswith("a shopping list")


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    store = EventStore.open(f"sqlite:///{tmp_path}")
    with pytest.raises(StoreUnusable, match="unable to open"):
        store.count()
    store.close()


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnusable, match="no folder"):
        EventStore.open(f"sqlite:///{tmp_path}/file/events.db")


@pytest.mark.parametrize(
    "address",
    ["", "events.db", "mysql://host/events", "sqlite://", "sqlite:///:memory:", "postgresql:/x:y:z"],
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(StoreUnusable):
        EventStore.open(address)


def test_a_database_that_is_away_is_said_to_be_away_without_its_password(nowhere: str) -> None:
    store = EventStore.open(nowhere.replace("tester@", "tester:secret@"))
    with pytest.raises(StoreUnavailable) as raised:
        store.count()
    assert "secret" not in str(raised.value)
    store.close()


def test_sqlite_runs_with_a_write_ahead_log(tmp_path: Path) -> None:
    for fsync, level in ((False, 1), (True, 2)):
        engine = connect(f"sqlite:///{tmp_path}/new/events.db", fsync=fsync)
        with engine.connect() as connection:
            assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
            assert connection.execute(text("PRAGMA synchronous")).scalar_one() == level
        engine.dispose()


def test_a_database_that_another_holds_is_away_not_broken(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path}/events.db")
    migrate(engine, "0001")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 1")
    holder = sqlite3.connect(tmp_path / "events.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreUnavailable, match="locked"):
        migrate(engine)
    holder.close()
    migrate(engine)
    engine.dispose()


def test_a_database_that_is_up_to_date_is_opened_without_waiting_for_those_who_write(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path}/events.db")
    migrate(engine)
    holder = sqlite3.connect(tmp_path / "events.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    migrate(engine)
    holder.close()
    engine.dispose()
