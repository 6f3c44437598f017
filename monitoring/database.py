"""Connects to the database that the address names, brings its schema up to date, and sorts its failures.

SQLite in a file, or PostgreSQL. Knows nothing of what an event is.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, exc, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.pool import ConnectionPoolEntry

from monitoring.errors import InvalidEvent, MonitoringError, StoreUnavailable, StoreUnusable

VERSION_TABLE: Final = "event_store_version"


@dataclass(frozen=True, slots=True)
class Schema:
    """Tables that are brought up to date together; several may share a database."""

    migrations: Path
    """Alembic's folder."""
    version_table: str


EVENT_STORE: Final = Schema(Path(__file__).parent / "migrations", VERSION_TABLE)

_MIGRATION_LOCK: Final = 0x766F6963
_PATIENCE_S: Final = 5
_HOPELESS: Final = {
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
}


def connect(address: str, *, fsync: bool = False) -> Engine:
    """An engine for `sqlite:///path` or `postgresql://...`; no connection is made yet.

    `fsync` makes a commit in SQLite outlive a power cut. Raises StoreUnusable for any other address.
    """
    try:
        url = make_url(address)
    except exc.ArgumentError as error:
        raise StoreUnusable("the address of the event store is not a database URL") from error
    match url.get_backend_name():
        case "sqlite":
            return _sqlite(url, fsync=fsync)
        case "postgresql" | "postgres":
            return _postgresql(url)
        case other:
            raise StoreUnusable(f"events are stored in sqlite or postgresql, not in {other}")


def _sqlite(url: URL, *, fsync: bool) -> Engine:
    if not url.database or url.database == ":memory:":
        raise StoreUnusable("the event store needs a file: sqlite:///path/to/events.db")
    try:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnusable(f"no folder for the event store {url.database}: {error}") from error
    engine = create_engine(url, json_serializer=_to_json, json_deserializer=orjson.loads)

    def prepare(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # the driver would not put schema changes into transactions
        connection.execute(f"PRAGMA busy_timeout = {1000 * _PATIENCE_S}")
        _write_ahead(connection)
        # Pages. With the default of 1000, rewriting the indexes costs a third of the rate of insertion.
        connection.execute("PRAGMA wal_autocheckpoint = 8000")
        connection.execute(f"PRAGMA synchronous = {'FULL' if fsync else 'NORMAL'}")

    def begin(connection: Connection) -> None:
        mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {mode}")

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", begin)
    return engine


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Turn a new file to write-ahead logging; where others open it at the same time, one of them has to wait.

    SQLite does not wait by itself here: with two that hold a read lock and want more, one is refused at once.
    """
    give_up_at = time.monotonic() + _PATIENCE_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up_at:
                raise
        time.sleep(0.01)


def _postgresql(url: URL) -> Engine:
    try:
        return create_engine(
            url.set(drivername="postgresql+psycopg"),
            json_serializer=_to_json,
            json_deserializer=orjson.loads,
            pool_pre_ping=True,
            connect_args={"connect_timeout": 5, "tcp_user_timeout": 10_000},
        )
    except ModuleNotFoundError as error:
        raise StoreUnusable("PostgreSQL needs the extra `voicesearch[postgres]`") from error


def _to_json(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode()


@contextmanager
def failures_named(engine: Engine) -> Iterator[None]:
    """Turn what the driver raises into the errors of this package; passwords are not repeated."""
    try:
        yield
    except exc.DBAPIError as error:
        raise _named(error, engine.url) from error
    except exc.TimeoutError as error:
        raise StoreUnavailable(f"no connection to {engine.url!r} is free") from error


def _named(error: exc.DBAPIError, url: URL) -> MonitoringError:
    reason = " ".join(str(error.orig).split())
    if isinstance(error, exc.DataError | exc.IntegrityError):
        return InvalidEvent(f"the database refuses the event: {reason}")
    code = getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF
    if isinstance(error, exc.ProgrammingError) or code in _HOPELESS:
        return StoreUnusable(f"the event store {url!r} cannot be used: {reason}")
    return StoreUnavailable(f"the event store {url!r} is away: {reason}")


def migrate(engine: Engine, target: str = "head", *, schema: Schema = EVENT_STORE) -> None:
    """Bring the schema to `target`; several processes may do so at once.

    Raises StoreUnavailable, or StoreUnusable for what is no database or was written by a newer version.
    """
    config = Config()
    config.set_main_option("script_location", str(schema.migrations).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    with failures_named(engine), engine.connect() as connection:
        if target == "head" and _revision(connection, schema) == scripts.get_current_head():
            return  # without a lock, which those who write would have to wait for
    with failures_named(engine), engine.connect() as connection:
        connection = connection.execution_options(sqlite_begin="IMMEDIATE")
        with connection.begin():
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            _refuse_newer(connection, scripts, schema)
            config.attributes["connection"] = connection
            command.upgrade(config, target)


def _refuse_newer(connection: Connection, scripts: ScriptDirectory, schema: Schema) -> None:
    found = _revision(connection, schema)
    if found is not None and found not in {script.revision for script in scripts.walk_revisions()}:
        raise StoreUnusable(
            f"the event store {connection.engine.url!r} has schema {found}; "
            f"the newest that this version knows is {scripts.get_current_head()}"
        )


def _revision(connection: Connection, schema: Schema) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table": schema.version_table})
    return context.get_current_revision()
