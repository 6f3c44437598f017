"""The tables of the event store's database, as the newest revision in `monitoring/migrations` leaves them."""

from typing import Final

import sqlalchemy as sa

METADATA: Final = sa.MetaData()

# SQLite numbers only what is called INTEGER, which has 64 bits there.
_NUMBER: Final = sa.BigInteger().with_variant(sa.Integer, "sqlite")

EVENTS: Final = sa.Table(
    "events",
    METADATA,
    sa.Column("position", _NUMBER, sa.Identity(always=True), primary_key=True),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("request_id", sa.Text, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("user_id", sa.Text),
    sa.Column("session_id", sa.Text),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("consent", sa.Boolean, nullable=False),
    sa.Column("slices", sa.JSON, nullable=False),
    sa.Column("signals", sa.JSON, nullable=False),
    sa.Column("details", sa.JSON, nullable=False),
    sa.Index("events_by_id", "event_id", unique=True),
    sa.Index("events_by_time", "at", "event_id"),
    sa.Index("events_by_request", "request_id"),
    sa.Index("events_by_user", "user_id", "at", "event_id"),
    sa.Index("events_by_session", "session_id", "at", "event_id"),
    sqlite_autoincrement=True,
)

SNAPSHOTS: Final = sa.Table(
    "monitor_snapshots",
    METADATA,
    sa.Column("number", _NUMBER, sa.Identity(always=True), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("saved_at", sa.Double, nullable=False),
    sa.Column("state", sa.LargeBinary, nullable=False),
    sa.Index("monitor_snapshots_by_name", "name", "number"),
    sqlite_autoincrement=True,
)

LEASES: Final = sa.Table(
    "monitor_leases",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("expires_at", sa.Double, nullable=False),
)
