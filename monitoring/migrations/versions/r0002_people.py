"""One person's history, for behaviour monitors and for deletion on demand."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Index by user and by session, each in order of time."""
    op.create_index("events_by_user", "events", ["user_id", "at", "event_id"])
    op.create_index("events_by_session", "events", ["session_id", "at", "event_id"])
