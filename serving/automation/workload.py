"""How much people have to do: read from the queue of reviews. Knows SQL and no bound."""

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from serving.review.item import Reason, State
from serving.state.store import StateStore
from serving.state.tables import REVIEW_ITEMS

DAY_S: Final = 86_400.0
LIVE: Final = 0
"""Priority of items whose users wait."""
SENT: Final = (Reason.BELOW_THRESHOLD.value, Reason.HUMAN_ANSWERS.value)
"""Why items were sent to people to be answered; what else becomes of them, they count."""


@dataclass(frozen=True, slots=True)
class Workload:
    """Queries that were sent to people to be answered."""

    backlog: int = 0
    """Whose users wait now."""
    sent_today: int = 0
    """Since midnight, UTC."""


def read_workload(state: StateStore, *, now: float, wait_s: float) -> Workload:
    """The present one; users wait for `wait_s`, `now` is in seconds since 1970 UTC. Raises store errors."""
    items = sa.select(sa.func.count()).select_from(REVIEW_ITEMS)
    waits = REVIEW_ITEMS.c.state.in_((State.WAITING.value, State.CLAIMED.value))
    backlog = items.where(REVIEW_ITEMS.c.priority == LIVE, waits, REVIEW_ITEMS.c.created_at >= now - wait_s)
    was_sent = REVIEW_ITEMS.c.item["reason"].as_string().in_(SENT)
    today = items.where(was_sent, REVIEW_ITEMS.c.created_at >= now - now % DAY_S)
    with state.reading() as connection:
        return Workload(connection.execute(backlog).scalar_one(), connection.execute(today).scalar_one())
