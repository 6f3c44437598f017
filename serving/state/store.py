"""Opens the state in the database of the events: one transaction to look, one at a time to change.

Knows SQL's transactions; what the tables mean, the packages know that use them.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

import sqlalchemy as sa

from monitoring.database import Schema, connect, failures_named, migrate
from serving.state.tables import VERSION_TABLE

SCHEMA: Final = Schema(Path(__file__).parent / "migrations", VERSION_TABLE)
_LOCK: Final = 0x73746174


class StateStore:
    """The state in one database. Threads may share it; it connects, and migrates, on first use.

    Both methods raise StoreUnavailable or StoreUnusable where the database does not answer.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._ready = False
        self._preparing = threading.Lock()

    @classmethod
    def open(cls, address: str) -> Self:
        """The state at `sqlite:///path` or `postgresql://...`. Raises StoreUnusable for a bad address."""
        return cls(connect(address))

    def close(self) -> None:
        """Give up the connections."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that only looks."""
        self._prepare()
        with failures_named(self._engine), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def changing(self) -> Iterator[sa.Connection]:
        """A transaction that nobody else's change runs beside; what it does is kept whole or not at all."""
        self._prepare()
        with failures_named(self._engine), self._engine.connect() as connection:
            connection = connection.execution_options(sqlite_begin="IMMEDIATE")
            with connection.begin():
                if self._engine.dialect.name == "postgresql":
                    connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
                yield connection

    def _prepare(self) -> None:
        with self._preparing:
            if not self._ready:
                migrate(self._engine, schema=SCHEMA)
                self._ready = True
