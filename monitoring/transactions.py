"""A database that connects and brings its schema up to date on first use, and the transactions in it.

Looking may happen side by side; changes that name a lock go one after the other, over all processes. Knows no table.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import sqlalchemy as sa

from monitoring.database import EVENT_STORE, Schema, failures_named, migrate


class Transactions:
    """The transactions of one database. Threads may share it.

    Every method but `close` raises StoreUnavailable or StoreUnusable where the database does not answer.
    """

    def __init__(self, engine: sa.Engine, *, schema: Schema = EVENT_STORE, lock: int | None = None) -> None:
        """`lock` is the number under which PostgreSQL lets one change in at a time; SQLite has one writer anyway."""
        self.engine: Final = engine
        self._schema = schema
        self._lock = lock
        self._ready = False
        self._preparing = threading.Lock()

    def prepare(self) -> None:
        """Connect and bring the schema up to date, unless that was done before."""
        if self._ready:
            return
        with self._preparing:
            if not self._ready:
                migrate(self.engine, schema=self._schema)
                self._ready = True

    def close(self) -> None:
        """Give up the connections."""
        self.engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction beside others."""
        self.prepare()
        with failures_named(self.engine), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def changing(self) -> Iterator[sa.Connection]:
        """A transaction that nobody else's change runs beside; what it does is kept whole or not at all."""
        self.prepare()
        with failures_named(self.engine), self.engine.connect() as connection:
            connection = connection.execution_options(sqlite_begin="IMMEDIATE")
            with connection.begin():
                if self._lock is not None and self.engine.dialect.name == "postgresql":
                    connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": self._lock})
                yield connection
