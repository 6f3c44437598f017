"""The tables of what replicas decide together, as the newest revision in `serving/state/migrations` leaves them.

What is asked for by a query has a column; the rest of a record is its document. Histories are only ever added to.
"""

from typing import Final

import sqlalchemy as sa

VERSION_TABLE: Final = "serving_state_version"
METADATA: Final = sa.MetaData()

VARIANTS: Final = sa.Table(
    "variants",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("variant", sa.JSON, nullable=False),
)

ROLLOUTS: Final = sa.Table(
    "rollouts",
    METADATA,
    sa.Column("rollout_id", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("is_open", sa.Boolean, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("rollout", sa.JSON, nullable=False),
    sa.Index("rollouts_by_time", "created_at", "rollout_id"),
)

ROLLOUT_HISTORY: Final = sa.Table(
    "rollout_history",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("rollout_id", sa.Text, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("entry", sa.JSON, nullable=False),
    sa.Index("rollout_history_by_rollout", "rollout_id", "number"),
)

ROLLOUT_ASSESSMENTS: Final = sa.Table(
    "rollout_assessments",
    METADATA,
    sa.Column("rollout_id", sa.Text, primary_key=True),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("assessment", sa.JSON, nullable=False),
)

CHAMPION: Final = sa.Table(
    "champion",
    METADATA,
    sa.Column("place", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("champion", sa.JSON, nullable=False),
)

DEGREES: Final = sa.Table(
    "automation_degrees",
    METADATA,
    sa.Column("traffic_class", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("degree", sa.JSON, nullable=False),
)

DEGREE_HISTORY: Final = sa.Table(
    "automation_history",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("traffic_class", sa.Text, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("entry", sa.JSON, nullable=False),
    sa.Index("automation_history_by_class", "traffic_class", "number"),
)

REVIEW_ITEMS: Final = sa.Table(
    "review_items",
    METADATA,
    sa.Column("item_id", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("priority", sa.Double, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("user_id", sa.Text),
    sa.Column("lease_until", sa.Double),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("item", sa.JSON, nullable=False),
    sa.Index("review_items_by_state", "state", "priority", "created_at", "item_id"),
    sa.Index("review_items_by_user", "user_id"),
    sa.Index("review_items_by_time", "created_at", "item_id"),
)

REVIEWS: Final = sa.Table(
    "reviews",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("item_id", sa.Text, nullable=False),
    sa.Column("labeler", sa.Text, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("review", sa.JSON, nullable=False),
    sa.Index("reviews_by_item", "item_id", "labeler", unique=True),
    sa.Index("reviews_by_time", "at", "number"),
)

API_KEYS: Final = sa.Table(
    "api_keys",
    METADATA,
    sa.Column("key_id", sa.Text, primary_key=True),
    sa.Column("hash", sa.Text, nullable=False, unique=True),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("ends_at", sa.Double),
    sa.Column("last_used_at", sa.Double),
    sa.Column("key", sa.JSON, nullable=False),
)

OPERATOR_ACTIONS: Final = sa.Table(
    "operator_actions",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("about", sa.JSON, nullable=False),
    sa.Index("operator_actions_by_time", "at", "number"),
)

USER_DELETIONS: Final = sa.Table(
    "user_deletions",
    METADATA,
    sa.Column("deletion_id", sa.Text, primary_key=True),
    sa.Column("requested_at", sa.Double, nullable=False),
    sa.Column("user_id", sa.Text),
    sa.Column("deletion", sa.JSON, nullable=False),
    sa.Index("user_deletions_by_time", "requested_at", "deletion_id"),
)

PURGES: Final = sa.Table(
    "purges",
    METADATA,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("until", sa.Double, nullable=False),
    sa.Column("removed", sa.Integer, nullable=False),
)
