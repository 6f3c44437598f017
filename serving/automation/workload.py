"""How much people have to do: read from the queue of reviews. Knows SQL and no bound."""

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from serving.review.item import State
from serving.state.store import StateStore
from serving.state.tables import REVIEW_ITEMS

DAY_S: Final = 86_400.0
LIVE: Final = 0
"""Priority of items whose users wait."""


@dataclass(frozen=True, slots=True)
class Workload:
    """Queries that were sent to people to be answered."""

    backlog: int = 0
    """Whose users wait now."""
    sent_today: int = 0
    """Since midnight, UTC."""


def read_workload(state: StateStore, *, now: float, wait_s: float) -> Workload:
    """The present one; users wait for `wait_s`, `now` is in seconds since 1970 UTC. Raises store errors."""
    live = sa.select(sa.func.count()).where(REVIEW_ITEMS.c.priority == LIVE)
    waits = REVIEW_ITEMS.c.state.in_((State.WAITING.value, State.CLAIMED.value))
    backlog = live.where(waits, REVIEW_ITEMS.c.created_at >= now - wait_s)
    today = live.where(REVIEW_ITEMS.c.created_at >= now - now % DAY_S)
    with state.reading() as connection:
        return Workload(connection.execute(backlog).scalar_one(), connection.execute(today).scalar_one())
