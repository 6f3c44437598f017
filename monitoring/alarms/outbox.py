"""Notifications on their way: kept until a receiver took them, in order for each alarm, given up after a day.

A crash loses none; one may be sent twice, with the same key. Knows no HTTP.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final

import sqlalchemy as sa

from monitoring.alarms.alarm import Notification
from monitoring.alarms.tables import OUTBOX, as_json, notification_of

FIRST_RETRY_S: Final = 5.0
LONGEST_RETRY_S: Final = 900.0
GIVE_UP_S: Final = 86_400.0
"""A notification older than this is not tried again."""
LEASE_S: Final = 120.0
"""For so long a delivery under way is nobody else's; longer than any receiver's `timeout_s` should be."""

_BATCH: Final = 500


class Status(StrEnum):
    """Where a notification stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A notification for one receiver."""

    key: str
    """The same at every attempt, so that the receiver can tell a repetition."""
    receiver: str
    notification: Notification
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one attempt."""

    error: str = ""
    """Empty: the receiver took it."""
    is_final: bool = False
    """The receiver will never take it."""
    retry_after_s: float = 0.0
    """The receiver's own wish."""


def retry_delay_s(attempts: int, chance: Random, *, wish_s: float = 0.0) -> float:
    """Seconds until the next attempt: doubling, shortened by chance by up to half; not before the receiver's wish."""
    longest = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(attempts, 20))
    return max(longest * chance.uniform(0.5, 1.0), min(wish_s, LONGEST_RETRY_S))


def enqueue(connection: sa.Connection, notifications: Mapping[str, Sequence[Notification]], *, now: float) -> None:
    """Put notifications there, by receiver, as part of the caller's transaction."""
    rows = [
        {
            "key": f"{one.key}-{receiver}",
            "receiver": receiver,
            "alarm_id": one.alarm.alarm_id,
            "notification": as_json(one),
            "status": Status.PENDING.value,
            "attempts": 0,
            "due_at": now,
            "error": "",
        }
        for receiver, own in notifications.items()
        for one in own
    ]
    if rows:
        connection.execute(sa.insert(OUTBOX), rows)


class Outbox:
    """The parcels of one database."""

    def __init__(self, transaction: Callable[[], AbstractContextManager[sa.Connection]]) -> None:
        self._transaction = transaction

    def claim(self, now: float) -> list[Parcel]:
        """The parcels that are due; nobody else gets them for `LEASE_S`."""
        pending = OUTBOX.c.status == Status.PENDING.value
        # Of each alarm and receiver only the first, so that an end never comes before its begin.
        firsts = sa.select(sa.func.min(OUTBOX.c.number)).where(pending).group_by(OUTBOX.c.receiver, OUTBOX.c.alarm_id)
        # What is due later than any retry was put there before the clock was set back.
        is_due = (OUTBOX.c.due_at <= now) | (OUTBOX.c.due_at > now + LONGEST_RETRY_S)
        wanted = sa.select(OUTBOX.c.number).where(OUTBOX.c.number.in_(firsts), is_due)
        wanted = wanted.order_by(OUTBOX.c.number).limit(_BATCH)
        # Asked again of the row itself: another process may have leased it meanwhile.
        lease = sa.update(OUTBOX).where(OUTBOX.c.number.in_(wanted), pending, is_due).values(due_at=now + LEASE_S)
        with self._transaction() as connection:
            rows = connection.execute(lease.returning(OUTBOX)).mappings().all()
        return [_parcel(row) for row in sorted(rows, key=lambda row: int(row["number"]))]

    def settle(self, parcel: Parcel, outcome: Outcome, now: float, chance: Random) -> Status:
        """Write down what became of a parcel."""
        old = now - parcel.notification.at > GIVE_UP_S
        if not outcome.error:
            status = Status.DELIVERED
        elif outcome.is_final or old:
            status = Status.GIVEN_UP
        else:
            status = Status.PENDING
        values: dict[str, object] = {
            "status": status.value,
            "attempts": parcel.attempts + 1,
            "due_at": now + retry_delay_s(parcel.attempts, chance, wish_s=outcome.retry_after_s),
            "error": outcome.error[:500],
        }
        with self._transaction() as connection:
            connection.execute(sa.update(OUTBOX).where(OUTBOX.c.key == parcel.key).values(values))
        return status

    def counts(self) -> dict[Status, int]:
        """How many parcels there are, by status."""
        statement = sa.select(OUTBOX.c.status, sa.func.count()).group_by(OUTBOX.c.status)
        with self._transaction() as connection:
            return {Status(status): count for status, count in connection.execute(statement)}


def _parcel(row: sa.RowMapping) -> Parcel:
    return Parcel(
        key=row["key"],
        receiver=row["receiver"],
        notification=notification_of(row["notification"]),
        attempts=row["attempts"],
    )
