"""Takes people's data out of the event store: all of a user, or the texts of events that are too old.

Knows SQL; in what order and for whom, the service knows. Every change is a small transaction, and doing it again
changes nothing more.
"""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Final

import sqlalchemy as sa

from monitoring.store import EventStore
from monitoring.tables import EVENTS

_ROWS: Final = 500


def requests_of(store: EventStore, user_id: str, *, until: float) -> dict[str, str | None]:
    """The user's requests before that time (seconds since 1970 UTC), each with the place of its kept audio."""
    wanted = sa.select(EVENTS.c.request_id, EVENTS.c.details).where(EVENTS.c.user_id == user_id, EVENTS.c.at < until)
    found: dict[str, str | None] = {}
    with store.transaction() as connection:
        for request_id, details in connection.execute(wanted):
            found[request_id] = details.get("audio_path") or found.get(request_id)
    return found


def delete_events(store: EventStore, user_id: str, requests: Iterable[str], *, until: float) -> int:
    """Delete the user's events before that time, and whatever belongs to those requests; how many they were."""
    own = (EVENTS.c.user_id == user_id) & (EVENTS.c.at < until)
    deleted = 0
    left = iter(requests)
    while some := list(islice(left, _ROWS)):
        with store.transaction() as connection:
            deleted += connection.execute(sa.delete(EVENTS).where(EVENTS.c.request_id.in_(some))).rowcount
    with store.transaction() as connection:
        return deleted + connection.execute(sa.delete(EVENTS).where(own)).rowcount


def forget_details(store: EventStore, *, since: float, until: float, forgets: Callable[[str], bool]) -> int:
    """Take the details whose names are meant out of events within [since, until); out of how many."""
    changed, after = 0, (since, "")
    while True:
        place = sa.tuple_(EVENTS.c.at, EVENTS.c.event_id)
        page = (
            sa.select(EVENTS.c.at, EVENTS.c.event_id, EVENTS.c.details)
            .where(EVENTS.c.at < until, place > sa.tuple_(*after))
            .order_by(EVENTS.c.at, EVENTS.c.event_id)
            .limit(_ROWS)
        )
        with store.transaction() as connection:
            rows = connection.execute(page).all()
            for row in rows:
                left = {name: text for name, text in row.details.items() if not forgets(name)}
                if left != row.details:
                    connection.execute(sa.update(EVENTS).where(EVENTS.c.event_id == row.event_id).values(details=left))
                    changed += 1
        if len(rows) < _ROWS:
            return changed
        after = (rows[-1].at, rows[-1].event_id)
