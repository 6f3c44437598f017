"""The order in which events were stored, and what a monitor keeps between two runs: its place and its lease."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_FIELDS = "event_id, request_id, at, kind, user_id, session_id, outcome, consent, slices, signals, details"


def upgrade() -> None:
    """Number the events that are there in the order in which they stand in the file; later ones follow."""
    if op.get_bind().dialect.name == "sqlite":
        _rebuild()
    else:
        op.execute("ALTER TABLE events DROP CONSTRAINT events_pkey")
        op.execute("ALTER TABLE events ADD COLUMN position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY")
    op.create_index("events_by_id", "events", ["event_id"], unique=True)
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "monitor_snapshots",
        sa.Column("number", number, sa.Identity(always=True), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("saved_at", sa.Double, nullable=False),
        sa.Column("state", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("monitor_snapshots_by_name", "monitor_snapshots", ["name", "number"])
    op.create_table(
        "monitor_leases",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
    )


def _rebuild() -> None:
    """SQLite cannot add a primary key. Only AUTOINCREMENT never gives the number of a deleted row again."""
    op.create_table(
        "numbered_events",
        sa.Column("position", sa.Integer, primary_key=True),
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
        sqlite_autoincrement=True,
    )
    op.execute(f"INSERT INTO numbered_events ({_FIELDS}) SELECT {_FIELDS} FROM events ORDER BY rowid")
    op.drop_table("events")
    op.rename_table("numbered_events", "events")
    op.create_index("events_by_time", "events", ["at", "event_id"])
    op.create_index("events_by_request", "events", ["request_id"])
    op.create_index("events_by_user", "events", ["user_id", "at", "event_id"])
    op.create_index("events_by_session", "events", ["session_id", "at", "event_id"])
