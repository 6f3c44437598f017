"""All tables: variants, rollouts, automation, reviews, keys, what operators did, what was deleted."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    _create_rollouts()
    _create_automation()
    _create_reviews()
    _create_operators()
    _create_privacy()


def _create_rollouts() -> None:
    op.create_table(
        "variants",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("variant", sa.JSON, nullable=False),
    )
    op.create_table(
        "rollouts",
        sa.Column("rollout_id", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("rollout", sa.JSON, nullable=False),
    )
    op.create_index("rollouts_by_time", "rollouts", ["created_at", "rollout_id"])
    op.create_table(
        "rollout_history",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("rollout_id", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("entry", sa.JSON, nullable=False),
    )
    op.create_index("rollout_history_by_rollout", "rollout_history", ["rollout_id", "number"])
    op.create_table(
        "rollout_assessments",
        sa.Column("rollout_id", sa.Text, primary_key=True),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("assessment", sa.JSON, nullable=False),
    )
    op.create_table(
        "champion",
        sa.Column("place", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("champion", sa.JSON, nullable=False),
    )


def _create_automation() -> None:
    op.create_table(
        "automation_degrees",
        sa.Column("traffic_class", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("degree", sa.JSON, nullable=False),
    )
    op.create_table(
        "automation_history",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("traffic_class", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("entry", sa.JSON, nullable=False),
    )
    op.create_index("automation_history_by_class", "automation_history", ["traffic_class", "number"])


def _create_reviews() -> None:
    op.create_table(
        "review_items",
        sa.Column("item_id", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("priority", sa.Double, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("user_id", sa.Text),
        sa.Column("lease_until", sa.Double),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("item", sa.JSON, nullable=False),
    )
    op.create_index("review_items_by_state", "review_items", ["state", "priority", "created_at", "item_id"])
    op.create_index("review_items_by_user", "review_items", ["user_id"])
    op.create_index("review_items_by_time", "review_items", ["created_at", "item_id"])
    op.create_table(
        "reviews",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("item_id", sa.Text, nullable=False),
        sa.Column("labeler", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("review", sa.JSON, nullable=False),
    )
    op.create_index("reviews_by_item", "reviews", ["item_id", "labeler"], unique=True)
    op.create_index("reviews_by_time", "reviews", ["at", "number"])


def _create_operators() -> None:
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.Text, primary_key=True),
        sa.Column("hash", sa.Text, nullable=False, unique=True),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("ends_at", sa.Double),
        sa.Column("last_used_at", sa.Double),
        sa.Column("key", sa.JSON, nullable=False),
    )
    op.create_table(
        "operator_actions",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("about", sa.JSON, nullable=False),
    )
    op.create_index("operator_actions_by_time", "operator_actions", ["at", "number"])


def _create_privacy() -> None:
    op.create_table(
        "user_deletions",
        sa.Column("deletion_id", sa.Text, primary_key=True),
        sa.Column("requested_at", sa.Double, nullable=False),
        sa.Column("user_id", sa.Text),
        sa.Column("deletion", sa.JSON, nullable=False),
    )
    op.create_index("user_deletions_by_time", "user_deletions", ["requested_at", "deletion_id"])
    op.create_table(
        "purges",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("until", sa.Double, nullable=False),
        sa.Column("removed", sa.Integer, nullable=False),
    )
