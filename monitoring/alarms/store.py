"""Alarms in the database of the events: loaded, changed under a lock, kept with their history.

Knows SQL; what changes is decided by pure functions that are passed in. One change at a time, over all processes: a
check and a person at the same alarm cannot undo each other, and a notification is kept with the change that caused it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, Self

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from monitoring.alarms.alarm import ALARM_ID, Alarm, Entry, Notification, State
from monitoring.alarms.outbox import Outbox, enqueue
from monitoring.alarms.tables import ALARMS, HISTORY, OUTBOX, alarm_of, alarm_row, entry_row
from monitoring.database import connect
from monitoring.errors import UnknownAlarm
from monitoring.transactions import Transactions

MAX_PAGE: Final = 500
"""Most alarms that one page shows; one more is read, to know whether there is another page."""

_LOCK: Final = 0x616C726D


class AlarmStore:
    """The alarms of one database. Threads may share it; it connects, and migrates, on first use.

    Every method raises StoreUnavailable or StoreUnusable where the database does not answer.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._transactions = Transactions(engine, lock=_LOCK)

    @classmethod
    def open(cls, address: str) -> Self:
        """The store at `sqlite:///path` or `postgresql://...`. Raises StoreUnusable for a bad address."""
        return cls(connect(address))

    def close(self) -> None:
        """Give up the connections."""
        self._transactions.close()

    @property
    def outbox(self) -> Outbox:
        """What waits for delivery."""
        return Outbox(self._transactions.reading)

    def get(self, alarm_id: str) -> Alarm:
        """The alarm. Raises UnknownAlarm."""
        with self._transactions.reading() as connection:
            return _get(connection, alarm_id)

    def page(
        self, *, state: State | None = None, since: float | None = None, limit: int = 50, after: Alarm | None = None
    ) -> list[Alarm]:
        """Alarms, the latest opened first; `after` is the last one of the page before."""
        statement = sa.select(ALARMS.c.alarm).order_by(ALARMS.c.opened_at.desc(), ALARMS.c.alarm_id.desc())
        if state is not None:
            statement = statement.where(ALARMS.c.state == state.value)
        if since is not None:
            statement = statement.where(ALARMS.c.opened_at >= since)
        if after is not None:
            place = sa.tuple_(ALARMS.c.opened_at, ALARMS.c.alarm_id)
            statement = statement.where(place < sa.tuple_(after.opened_at, after.alarm_id))
        with self._transactions.reading() as connection:
            rows = connection.execute(statement.limit(min(limit, MAX_PAGE + 1)))
            return [alarm_of(row.alarm) for row in rows]

    def every(self, *, since: float | None = None) -> Iterator[Alarm]:
        """All alarms, the latest first, a page at a time."""
        page = self.page(since=since, limit=MAX_PAGE)
        while page:
            yield from page
            page = self.page(since=since, limit=MAX_PAGE, after=page[-1])

    def history(self, alarm_id: str) -> list[Entry]:
        """What happened to the alarm, in order."""
        statement = sa.select(HISTORY).where(HISTORY.c.alarm_id == alarm_id).order_by(HISTORY.c.number)
        with self._transactions.reading() as connection:
            rows = connection.execute(statement).mappings()
            return [Entry(**{name: row[name] for name in row if name != "number"}) for row in rows]

    def open_by_severity(self) -> dict[str, int]:
        """How many alarms are not resolved."""
        statement = (
            sa.select(ALARMS.c.severity, sa.func.count().label("alarms"))
            .where(ALARMS.c.state != State.RESOLVED.value)
            .group_by(ALARMS.c.severity)
        )
        with self._transactions.reading() as connection:
            return {row.severity: row.alarms for row in connection.execute(statement)}

    def purge_before(self, at: float) -> int:
        """Delete alarms resolved before `at` (seconds since 1970 UTC), with all that hangs on them; how many."""
        with self.change() as change:
            return change.purge_before(at)

    @contextmanager
    def change(self) -> Iterator["AlarmChange"]:
        """One transaction that nobody else's change runs beside; what it does is kept whole or not at all."""
        with self._transactions.changing() as connection:
            yield AlarmChange(connection)


class AlarmChange:
    """A change under way."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def get(self, alarm_id: str) -> Alarm:
        """The alarm. Raises UnknownAlarm."""
        return _get(self._connection, alarm_id)

    def current(self, *, resolved_since: float) -> list[Alarm]:
        """The open alarms, and those that were resolved at that time or later, seconds since 1970 UTC."""
        wanted = (ALARMS.c.state != State.RESOLVED.value) | (ALARMS.c.resolved_at >= resolved_since)
        rows = self._connection.execute(sa.select(ALARMS.c.alarm).where(wanted).order_by(ALARMS.c.opened_at))
        return [alarm_of(row.alarm) for row in rows]

    def save(self, alarms: Iterable[Alarm], entries: Sequence[Entry]) -> None:
        """Keep the alarms as they now are, and the lines of their history."""
        new = postgresql.insert if self._connection.dialect.name == "postgresql" else sqlite.insert
        for row in map(alarm_row, alarms):
            changed = {name: value for name, value in row.items() if name != "alarm_id"}
            statement = new(ALARMS).values(row)
            self._connection.execute(statement.on_conflict_do_update(index_elements=["alarm_id"], set_=changed))
        if entries:
            self._connection.execute(sa.insert(HISTORY), [entry_row(entry) for entry in entries])

    def purge_before(self, at: float) -> int:
        """Delete alarms that were resolved before, with their history and notifications; how many."""
        old = sa.select(ALARMS.c.alarm_id).where(ALARMS.c.resolved_at < at)
        for table in (HISTORY, OUTBOX):
            self._connection.execute(sa.delete(table).where(table.c.alarm_id.in_(old)))
        return self._connection.execute(sa.delete(ALARMS).where(ALARMS.c.resolved_at < at)).rowcount

    def enqueue(self, notifications: Mapping[str, Sequence[Notification]], *, now: float) -> None:
        """Put notifications into the outbox, by receiver."""
        enqueue(self._connection, notifications, now=now)


def _get(connection: sa.Connection, alarm_id: str) -> Alarm:
    found = sa.select(ALARMS.c.alarm).where(ALARMS.c.alarm_id == alarm_id)
    row = connection.execute(found).first() if ALARM_ID.fullmatch(alarm_id) else None
    if row is None:
        raise UnknownAlarm(f"there is no alarm {alarm_id[:100]!r}")
    return alarm_of(row.alarm)
