"""Alarms, their history, and notifications on their way."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the three tables."""
    op.create_table(
        "alarms",
        sa.Column("alarm_id", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("opened_at", sa.Double, nullable=False),
        sa.Column("resolved_at", sa.Double),
        sa.Column("alarm", sa.JSON, nullable=False),
    )
    op.create_index("alarms_by_state", "alarms", ["state", "opened_at", "alarm_id"])
    op.create_index("alarms_by_time", "alarms", ["opened_at", "alarm_id"])
    op.create_table(
        "alarm_history",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("alarm_id", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("by", sa.Text),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("until", sa.Double),
    )
    op.create_index("alarm_history_by_alarm", "alarm_history", ["alarm_id", "number"])
    op.create_table(
        "alarm_outbox",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("key", sa.Text, nullable=False, unique=True),
        sa.Column("receiver", sa.Text, nullable=False),
        sa.Column("alarm_id", sa.Text, nullable=False),
        sa.Column("notification", sa.JSON, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", sa.Double, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
    )
    op.create_index("alarm_outbox_by_status", "alarm_outbox", ["status", "receiver", "alarm_id", "number"])
