"""The queue in the database of the state: what waits, who has what, and what was said.

Knows SQL; what a claim or a review does to an item, `lifecycle` decides. One change at a time over all processes, so no
item goes to two people. Time is the database's, so that the replicas' own clocks may differ.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import inf
from typing import Final

import sqlalchemy as sa

from monitoring.lease import database_time
from serving.errors import BadField, NotFound
from serving.review import lifecycle
from serving.review.item import Review, ReviewItem, State, as_json, item_from, review_from
from serving.state.store import StateStore
from serving.state.tables import REVIEW_ITEMS, REVIEWS

MAX_PAGE: Final = 500
MAX_ID_CHARS: Final = 200
LEASE_S: Final = 600.0

_OPEN: Final = (State.WAITING.value, State.CLAIMED.value)


@dataclass(frozen=True, slots=True)
class Deleted:
    """What is gone from the queue."""

    items: int
    reviews: int
    media: tuple[str, ...]
    """Paths of their recordings, which are still there."""


class ReviewStore:
    """The review queue. Threads and processes may share it.

    Every method raises StoreUnavailable or StoreUnusable where the database does not answer; those that name an item
    raise NotFound, and those that change one Conflict where it does not stand so.
    """

    def __init__(
        self, state: StateStore, *, lease_s: float = LEASE_S, clock: Callable[[sa.Connection], float] = database_time
    ) -> None:
        self._state = state
        self._lease_s = lease_s
        self._clock = clock

    def offer(self, item: ReviewItem) -> bool:
        """Put an item into the queue; False where one of that request is there already, which only learns of a draw.

        Raises BadField without the user's consent.
        """
        if not item.consent:
            raise BadField(f"{item.item_id}: nobody looks at it without the user's consent", "consent")
        with self._state.changing() as connection:
            if there := _find(connection, item.item_id):
                if (again := lifecycle.offered_again(there, item)) != there:
                    _save(connection, again)
                return False
            connection.execute(sa.insert(REVIEW_ITEMS).values(_row(item)))
            return True

    def get(self, item_id: str) -> ReviewItem:
        """The item."""
        with self._state.reading() as connection:
            return _get(connection, item_id)

    def reviews(self, item_id: str) -> list[Review]:
        """What people said of it, in order."""
        statement = sa.select(REVIEWS.c.review).where(REVIEWS.c.item_id == item_id).order_by(REVIEWS.c.number)
        with self._state.reading() as connection:
            return [review_from(row.review) for row in connection.execute(statement)]

    def page(
        self, *, state: State | None = None, since: float = 0.0, limit: int = 50, after: ReviewItem | None = None
    ) -> list[ReviewItem]:
        """Items from `since` on (seconds since 1970 UTC), the oldest first; `after` is the last of the page before."""
        place = (REVIEW_ITEMS.c.created_at, REVIEW_ITEMS.c.item_id)
        statement = sa.select(REVIEW_ITEMS.c.item).where(REVIEW_ITEMS.c.created_at >= since).order_by(*place)
        if state is not None:
            statement = statement.where(REVIEW_ITEMS.c.state == state.value)
        if after is not None:
            statement = statement.where(sa.tuple_(*place) > sa.tuple_(after.at, after.item_id))
        with self._state.reading() as connection:
            return [item_from(row.item) for row in connection.execute(statement.limit(min(limit, MAX_PAGE + 1)))]

    def every(self, *, state: State | None = None, since: float = 0.0) -> Iterator[ReviewItem]:
        """The same without an end, read a page at a time."""
        page = self.page(state=state, since=since, limit=MAX_PAGE)
        while page:
            yield from page
            page = self.page(state=state, since=since, limit=MAX_PAGE, after=page[-1])

    def claim_next(self, labeler: str) -> ReviewItem | None:
        """The most urgent item that this person has not seen, now theirs for a lease; None where there is none."""
        with self._state.changing() as connection:
            now = self._clock(connection)
            _let_time_pass(connection, now)
            item = _next(connection, labeler)
            return item and _save(connection, lifecycle.claimed(item, labeler, now=now, lease_s=self._lease_s))

    def claim(self, item_id: str, labeler: str) -> ReviewItem:
        """That item, now theirs for a lease."""
        with self._state.changing() as connection:
            now, item = self._clock(connection), _get(connection, item_id)
            return _save(connection, lifecycle.claimed(item, labeler, now=now, lease_s=self._lease_s))

    def renew(self, item_id: str, labeler: str) -> ReviewItem:
        """It stays theirs for another lease."""
        with self._state.changing() as connection:
            now, item = self._clock(connection), _get(connection, item_id)
            return _save(connection, lifecycle.renewed(item, labeler, now=now, lease_s=self._lease_s))

    def release(self, item_id: str, labeler: str) -> ReviewItem:
        """Others may have it."""
        with self._state.changing() as connection:
            return _save(connection, lifecycle.released(_get(connection, item_id), labeler))

    def submit(self, item_id: str, review: Review, *, typed: str | None = None) -> ReviewItem:
        """Take what its holder says of it; the same said twice is taken once.

        `typed` is the text as it was typed where the review has less of it; it is for a user who waits and for nobody
        else, and whoever hands it over calls `forget_typed`.
        """
        with self._state.changing() as connection:
            item = _get(connection, item_id)
            earlier = _review_by(connection, item_id, review.labeler)
            if earlier and lifecycle.is_repeated(review, earlier):
                return item
            row = {"item_id": item_id, "labeler": review.labeler, "at": review.at, "review": as_json(review)}
            connection.execute(sa.insert(REVIEWS).values(row))
            after = lifecycle.reviewed(item, review)
            if typed is not None:
                after = lifecycle.handed_over(after, review, typed=typed, now=self._clock(connection))
            return _save(connection, after)

    def forget_typed(self, item_id: str) -> None:
        """The user has what was typed."""
        with self._state.changing() as connection:
            _forget_typed(connection, REVIEW_ITEMS.c.item_id == item_id)

    def forget_all_typed(self) -> int:
        """The same for users who have gone, however that came; how many."""
        with self._state.changing() as connection:
            return _forget_typed(connection, sa.true(), now=self._clock(connection))

    def holds(self, item_id: str, labeler: str) -> bool:
        """Has that person the item now?"""
        with self._state.reading() as connection:
            item = _get(connection, item_id)
            is_theirs = item.claim is not None and item.claim.labeler == labeler
            return is_theirs and lifecycle.is_held(item, now=self._clock(connection))

    def expire_before(self, at: float) -> int:
        """Ask nobody any more about items that are older; how many. What was said of them holds."""
        old = REVIEW_ITEMS.c.state.in_(_OPEN) & (REVIEW_ITEMS.c.created_at < at)
        with self._state.changing() as connection:
            now = self._clock(connection)
            items = [one for one in _items(connection, old) if not lifecycle.is_held(one, now=now)]
            for item in items:
                _save(connection, lifecycle.expired(item))
            return len(items)

    def purge_before(self, at: float) -> Deleted:
        """Delete items that are older, whatever their state, with their reviews."""
        return self._delete(REVIEW_ITEMS.c.created_at < at)

    def delete_user(self, user_id: str) -> Deleted:
        """Delete the items of a user, with their reviews."""
        return self._delete(REVIEW_ITEMS.c.user_id == user_id)

    def _delete(self, which: sa.ColumnElement[bool]) -> Deleted:
        with self._state.changing() as connection:
            media = tuple(item.media for item in _items(connection, which) if item.media)
            ids = sa.select(REVIEW_ITEMS.c.item_id).where(which)
            reviews = connection.execute(sa.delete(REVIEWS).where(REVIEWS.c.item_id.in_(ids))).rowcount
            return Deleted(connection.execute(sa.delete(REVIEW_ITEMS).where(which)).rowcount, reviews, media)


def _save(connection: sa.Connection, item: ReviewItem) -> ReviewItem:
    changed = replace(item, version=item.version + 1)
    which = REVIEW_ITEMS.c.item_id == item.item_id
    connection.execute(sa.update(REVIEW_ITEMS).where(which).values(_row(changed)))
    return changed


def _forget_typed(connection: sa.Connection, which: sa.ColumnElement[bool], *, now: float = inf) -> int:
    has_one = REVIEW_ITEMS.c.item["typed"].as_string().is_not(None)
    items = [one for one in _items(connection, which & has_one) if (one.deadline or 0.0) <= now]
    for item in items:
        _save(connection, replace(item, typed=None))
    return len(items)


def _let_time_pass(connection: sa.Connection, now: float) -> None:
    """Claims that have run out free their items; nobody works any more for users who have gone."""
    late = (REVIEW_ITEMS.c.state == State.CLAIMED.value) & (REVIEW_ITEMS.c.lease_until <= now)
    live = (REVIEW_ITEMS.c.state == State.WAITING.value) & (REVIEW_ITEMS.c.priority == 0)
    for item in _items(connection, late):
        _save(connection, lifecycle.lapsed(item, now=now))
    for item in _items(connection, live):
        if lifecycle.is_overdue(item, now=now):
            _save(connection, lifecycle.unattended(item))


def _next(connection: sa.Connection, labeler: str) -> ReviewItem | None:
    seen = sa.exists().where((REVIEWS.c.item_id == REVIEW_ITEMS.c.item_id) & (REVIEWS.c.labeler == labeler))
    statement = (
        sa.select(REVIEW_ITEMS.c.item)
        .where(REVIEW_ITEMS.c.state == State.WAITING.value, ~seen)
        .order_by(REVIEW_ITEMS.c.priority, REVIEW_ITEMS.c.created_at, REVIEW_ITEMS.c.item_id)
        .limit(1)
    )
    row = connection.execute(statement).first()
    return item_from(row.item) if row else None


def _items(connection: sa.Connection, which: sa.ColumnElement[bool]) -> list[ReviewItem]:
    return [item_from(row.item) for row in connection.execute(sa.select(REVIEW_ITEMS.c.item).where(which))]


def _find(connection: sa.Connection, item_id: str) -> ReviewItem | None:
    if not 0 < len(item_id) <= MAX_ID_CHARS or "\0" in item_id:
        return None
    return next(iter(_items(connection, REVIEW_ITEMS.c.item_id == item_id)), None)


def _get(connection: sa.Connection, item_id: str) -> ReviewItem:
    if found := _find(connection, item_id):
        return found
    raise NotFound(f"there is no review item {item_id[:100]!r}", "item_id")


def _review_by(connection: sa.Connection, item_id: str, labeler: str) -> Review | None:
    mine = (REVIEWS.c.item_id == item_id) & (REVIEWS.c.labeler == labeler)
    row = connection.execute(sa.select(REVIEWS.c.review).where(mine)).first()
    return review_from(row.review) if row else None


def _row(item: ReviewItem) -> dict[str, object]:
    return {
        "item_id": item.item_id,
        "state": item.state.value,
        "priority": item.priority,
        "created_at": item.at,
        "user_id": item.user_id,
        "lease_until": item.claim.until if item.claim else None,
        "version": item.version,
        "item": as_json(item),
    }
