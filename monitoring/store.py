"""Events in the database: insert, look up, iterate by time or as they came in, count, delete.

Knows SQL; knows nothing of journals, of requests in flight, or of what the events mean. Every query that
monitors ask is answered from an index, and no iteration holds more than one page in memory.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Self

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from monitoring.database import connect
from monitoring.events import Event
from monitoring.tables import EVENTS
from monitoring.transactions import Transactions

_FIELDS: Final = tuple(column for column in EVENTS.columns if column is not EVENTS.c.position)
_NAMES: Final = tuple(column.name for column in _FIELDS)
_INSERT_LOCK: Final = 0x6576656E
_PAGE_ROWS: Final = 2_000
_PURGE_ROWS: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which events are meant; nothing set means all of them."""

    since: float | None = None
    """Seconds since 1970 UTC, inclusive."""
    until: float | None = None
    """Seconds since 1970 UTC, exclusive."""
    kinds: frozenset[str] = frozenset()
    """Empty means every kind."""
    request_id: str | None = None
    user_id: str | None = None
    session_id: str | None = None


class EventStore:
    """The events of one database. Threads may share it; it connects, and migrates, on first use.

    Every method raises StoreUnavailable or StoreUnusable where the database does not answer.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._transactions = Transactions(engine)

    @classmethod
    def open(cls, address: str, *, fsync: bool = False) -> Self:
        """The store at `sqlite:///path` or `postgresql://...`. Raises StoreUnusable for a bad address."""
        return cls(connect(address, fsync=fsync))

    def prepare(self) -> None:
        """Connect and bring the schema up to date, unless that was done before."""
        self._transactions.prepare()

    def close(self) -> None:
        """Give up the connections."""
        self._transactions.close()

    def insert(self, events: Sequence[Event]) -> None:
        """Store checked events in one transaction, all or none; those whose id is there already are skipped.

        Without events it only sees to it that the database is there. Raises InvalidEvent if a value is refused.
        """
        self.prepare()
        if events:
            new = postgresql.insert if self._transactions.engine.dialect.name == "postgresql" else sqlite.insert
            statement = new(EVENTS).on_conflict_do_nothing(index_elements=["event_id"])
            with self.transaction() as connection:
                if new is postgresql.insert:  # positions in the order of commits; SQLite has one writer anyway
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_INSERT_LOCK)))
                connection.execute(statement, [_row(event) for event in events])

    def has_event(self, event_id: str) -> bool:
        """Is an event of that id stored?"""
        return self._any(EVENTS.c.event_id == event_id)

    def has_request(self, request_id: str) -> bool:
        """Is the event stored that the request itself left?"""
        return self._any(EVENTS.c.event_id == request_id, EVENTS.c.request_id == request_id)

    def by_request(self, request_id: str) -> list[Event]:
        """All events of a request, by time."""
        return list(self.events(Selection(request_id=request_id)))

    def events(self, selection: Selection = Selection()) -> Iterator[Event]:
        """Events by time, then by id; read a page at a time, with no transaction open in between."""
        page = self._page(selection, after=None)
        while page:
            yield from page
            page = self._page(selection, after=page[-1]) if len(page) == _PAGE_ROWS else []

    def after(self, position: int, *, limit: int = _PAGE_ROWS) -> list[tuple[int, Event]]:
        """The next events in the order in which they were stored, each with its position; 0 is before the first.

        Nothing is ever stored before a position that was seen, so who goes on from the last one misses no event,
        however late it came, and sees none twice. Positions have gaps and are never given again.
        """
        next_ones = sa.select(EVENTS).where(EVENTS.c.position > position).order_by(EVENTS.c.position).limit(limit)
        with self.transaction() as connection:
            return [(row[0], _event(row[1:])) for row in connection.execute(next_ones)]

    def count_after(self, position: int) -> int:
        """How many events `after` would still give."""
        statement = sa.select(sa.func.count()).where(EVENTS.c.position > position)
        with self.transaction() as connection:
            return connection.execute(statement).scalar_one()

    def newest(self) -> int:
        """Position of the event that was stored last, 0 where there is none."""
        with self.transaction() as connection:
            return connection.execute(sa.select(sa.func.max(EVENTS.c.position))).scalar_one() or 0

    def count(self, selection: Selection = Selection()) -> int:
        """How many events there are."""
        statement = sa.select(sa.func.count()).select_from(EVENTS).where(*_conditions(selection))
        with self.transaction() as connection:
            return connection.execute(statement).scalar_one()

    def delete_user(self, user_id: str) -> int:
        """Delete every event of the user and of the user's requests; how many they were.

        Audio files that the events point to are not touched: read the events before and delete them first.
        """
        own = EVENTS.c.user_id == user_id
        requests = sa.select(EVENTS.c.request_id).where(own)
        followed = EVENTS.c.request_id.in_(requests) & EVENTS.c.user_id.is_distinct_from(user_id)
        with self.transaction() as connection:
            return sum(connection.execute(sa.delete(EVENTS).where(which)).rowcount for which in (followed, own))

    def purge_before(self, at: float) -> int:
        """Delete events older than `at` (seconds since 1970 UTC), in small transactions; how many."""
        oldest = sa.select(EVENTS.c.event_id).where(EVENTS.c.at < at).order_by(EVENTS.c.at).limit(_PURGE_ROWS)
        statement = sa.delete(EVENTS).where(EVENTS.c.event_id.in_(oldest))
        total = 0
        while True:
            with self.transaction() as connection:
                deleted = connection.execute(statement).rowcount
            total += deleted
            if deleted < _PURGE_ROWS:
                return total

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """One transaction in this database, for what is kept beside the events."""
        with self._transactions.reading() as connection:
            yield connection

    def _any(self, *conditions: sa.ColumnElement[bool]) -> bool:
        found = sa.select(EVENTS.c.event_id).where(*conditions).limit(1)
        with self.transaction() as connection:
            return connection.execute(found).first() is not None

    def _page(self, selection: Selection, *, after: Event | None) -> list[Event]:
        conditions = _conditions(selection)
        if after is not None:
            conditions.append(sa.tuple_(EVENTS.c.at, EVENTS.c.event_id) > sa.tuple_(after.at, after.event_id))
        by_time = sa.select(*_FIELDS).where(*conditions).order_by(EVENTS.c.at, EVENTS.c.event_id)
        with self.transaction() as connection:
            return [_event(row) for row in connection.execute(by_time.limit(_PAGE_ROWS))]


def _row(event: Event) -> dict[str, object]:
    return {name: getattr(event, name) for name in _NAMES}


def _event(fields: Sequence[object]) -> Event:
    return Event(**dict(zip(_NAMES, fields, strict=True)))  # type: ignore[arg-type]


def _conditions(selection: Selection) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    for name in ("request_id", "user_id", "session_id"):
        if (wanted := getattr(selection, name)) is not None:
            conditions.append(EVENTS.c[name] == wanted)
    if selection.since is not None:
        conditions.append(EVENTS.c.at >= selection.since)
    if selection.until is not None:
        conditions.append(EVENTS.c.at < selection.until)
    if selection.kinds:
        conditions.append(EVENTS.c.kind.in_(sorted(selection.kinds)))
    return conditions
