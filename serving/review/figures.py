"""How the queue is doing: what waits, for how long, and how fast people are. Read from the store, judged by others."""

from dataclasses import dataclass
from statistics import median
from typing import Final

import sqlalchemy as sa

from serving.review.item import State, review_from
from serving.state.store import StateStore
from serving.state.tables import REVIEW_ITEMS, REVIEWS

DAY_S: Final = 86_400.0
LATEST: Final = 1000
"""Reviews that the median of their time is taken of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The queue at one moment."""

    states: dict[str, int]
    """Items by state."""
    live_waiting: int
    """Of those that wait: for how many a user waits too."""
    oldest_waiting_s: float | None
    """Age of the oldest that waits; None where none does."""
    reviews_last_day: dict[str, int]
    """By labeler, skips too."""
    median_spent_s: float | None
    """Time that people work at one item; None where nobody has said."""

    @property
    def backlog(self) -> int:
        """Items that still need somebody."""
        return self.states.get(State.WAITING, 0) + self.states.get(State.CLAIMED, 0)


def figures(state: StateStore, *, now: float) -> Figures:
    """The queue as it is; `now` in seconds since 1970 UTC. Raises StoreUnavailable, StoreUnusable."""
    waiting = REVIEW_ITEMS.c.state == State.WAITING.value
    by_state = sa.select(REVIEW_ITEMS.c.state, sa.func.count()).group_by(REVIEW_ITEMS.c.state)
    by_labeler = (
        sa.select(REVIEWS.c.labeler, sa.func.count()).where(REVIEWS.c.at >= now - DAY_S).group_by(REVIEWS.c.labeler)
    )
    live = sa.select(sa.func.count()).where(waiting, REVIEW_ITEMS.c.priority == 0)
    oldest = sa.select(sa.func.min(REVIEW_ITEMS.c.created_at)).where(waiting)
    latest = sa.select(REVIEWS.c.review).order_by(REVIEWS.c.at.desc(), REVIEWS.c.number.desc()).limit(LATEST)
    with state.reading() as connection:
        begun = connection.execute(oldest).scalar_one()
        spent = [review_from(row.review).spent_s for row in connection.execute(latest)]
        return Figures(
            states={row[0]: row[1] for row in connection.execute(by_state)},
            live_waiting=connection.execute(live).scalar_one(),
            oldest_waiting_s=None if begun is None else max(0.0, now - begun),
            reviews_last_day={row[0]: row[1] for row in connection.execute(by_labeler)},
            median_spent_s=median(known) if (known := [one for one in spent if one is not None]) else None,
        )
