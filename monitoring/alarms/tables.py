"""Alarms, their history and what waits for delivery, as tables beside the events. Knows no rule.

An alarm is kept whole as JSON; the columns beside it are what it is looked up by.
"""

from typing import Final

import orjson
import sqlalchemy as sa
from pydantic import TypeAdapter

from monitoring.alarms.alarm import Alarm, Entry, Notification
from monitoring.tables import METADATA

__all__ = [
    "ALARMS",
    "HISTORY",
    "METADATA",
    "OUTBOX",
    "alarm_of",
    "alarm_row",
    "as_json",
    "entry_row",
    "notification_of",
]

ALARMS: Final = sa.Table(
    "alarms",
    METADATA,
    sa.Column("alarm_id", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("opened_at", sa.Double, nullable=False),
    sa.Column("resolved_at", sa.Double),
    sa.Column("alarm", sa.JSON, nullable=False),
    sa.Index("alarms_by_state", "state", "opened_at", "alarm_id"),
    sa.Index("alarms_by_time", "opened_at", "alarm_id"),
)
HISTORY: Final = sa.Table(
    "alarm_history",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("alarm_id", sa.Text, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("by", sa.Text),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("until", sa.Double),
    sa.Index("alarm_history_by_alarm", "alarm_id", "number"),
)
OUTBOX: Final = sa.Table(
    "alarm_outbox",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("receiver", sa.Text, nullable=False),
    sa.Column("alarm_id", sa.Text, nullable=False),
    sa.Column("notification", sa.JSON, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("due_at", sa.Double, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Index("alarm_outbox_by_status", "status", "receiver", "alarm_id", "number"),
)

_ALARM: Final = TypeAdapter(Alarm)
_NOTIFICATION: Final = TypeAdapter(Notification)


def alarm_row(alarm: Alarm) -> dict[str, object]:
    """The alarm's row."""
    return {
        "alarm_id": alarm.alarm_id,
        "state": alarm.state.value,
        "severity": alarm.severity.value,
        "opened_at": alarm.opened_at,
        "resolved_at": alarm.resolved_at,
        "alarm": as_json(alarm),
    }


def entry_row(entry: Entry) -> dict[str, object]:
    """The entry's row, which gets its number by itself."""
    return {name: getattr(entry, name) for name in ("alarm_id", "at", "action", "by", "note", "until")}


def as_json(record: Alarm | Notification) -> object:
    """The record in the types of JSON; what is not finite becomes null."""
    return orjson.loads(orjson.dumps(record))


def alarm_of(document: object) -> Alarm:
    """The alarm from its JSON."""
    return _ALARM.validate_python(document)


def notification_of(document: object) -> Notification:
    """The notification from its JSON."""
    return _NOTIFICATION.validate_python(document)
