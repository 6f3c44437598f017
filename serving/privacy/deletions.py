"""Deletions of users in the database of the state. Knows SQL; what they mean, the record knows."""

import secrets
from typing import Final

import sqlalchemy as sa

from serving.errors import BadField, NotFound
from serving.privacy.deletion import Deletion, Pass, after, asked_again, with_requests
from serving.state.store import StateStore
from serving.state.tables import USER_DELETIONS

MAX_PAGE: Final = 500
MAX_USER_CHARS: Final = 200


class Deletions:
    """The deletions of one database. Raises StoreUnavailable or StoreUnusable where that does not answer."""

    def __init__(self, state: StateStore) -> None:
        self._state = state

    def ask(self, user_id: str, *, by: str, now: float) -> Deletion:
        """Ask for a user's deletion; while one is looked after, asking again extends it. Raises BadField."""
        if not 0 < len(user_id) <= MAX_USER_CHARS or "\0" in user_id:
            raise BadField(f"user_id is a text of 1 to {MAX_USER_CHARS} characters", "user_id")
        with self._state.changing() as connection:
            mine = sa.select(USER_DELETIONS.c.deletion).where(USER_DELETIONS.c.user_id == user_id)
            if row := connection.execute(mine).first():
                return _save(connection, asked_again(Deletion.model_validate(row.deletion), by=by, now=now))
            made = Deletion(deletion_id=f"del_{secrets.token_hex(8)}", requested_at=now, requested_by=by)
            row_of = {"deletion_id": made.deletion_id, "requested_at": now, "user_id": user_id}
            connection.execute(sa.insert(USER_DELETIONS).values(**row_of, deletion=made.model_dump(mode="json")))
            return made

    def get(self, deletion_id: str) -> Deletion:
        """The deletion. Raises NotFound."""
        with self._state.reading() as connection:
            return _get(connection, deletion_id)

    def page(self, *, limit: int = 50) -> list[Deletion]:
        """The latest, latest first."""
        latest = sa.select(USER_DELETIONS.c.deletion).order_by(
            USER_DELETIONS.c.requested_at.desc(), USER_DELETIONS.c.deletion_id.desc()
        )
        with self._state.reading() as connection:
            rows = connection.execute(latest.limit(min(limit, MAX_PAGE)))
            return [Deletion.model_validate(row.deletion) for row in rows]

    def looked_after(self) -> list[tuple[str, str]]:
        """User and id of those that are not finished, the oldest first."""
        columns = sa.select(USER_DELETIONS.c.user_id, USER_DELETIONS.c.deletion_id)
        unfinished = columns.where(USER_DELETIONS.c.user_id.is_not(None)).order_by(USER_DELETIONS.c.requested_at)
        with self._state.reading() as connection:
            return [(row.user_id, row.deletion_id) for row in connection.execute(unfinished)]

    def know(self, deletion_id: str, requests: list[str]) -> Deletion:
        """Remember which requests were the user's."""
        with self._state.changing() as connection:
            return _save(connection, with_requests(_get(connection, deletion_id), requests))

    def note(self, deletion_id: str, done: Pass) -> Deletion:
        """Keep what a pass did."""
        with self._state.changing() as connection:
            return _save(connection, after(_get(connection, deletion_id), done))


def _get(connection: sa.Connection, deletion_id: str) -> Deletion:
    named = sa.select(USER_DELETIONS.c.deletion).where(USER_DELETIONS.c.deletion_id == deletion_id)
    row = None if "\0" in deletion_id else connection.execute(named).first()
    if row is None:
        raise NotFound(f"there is no deletion {deletion_id[:100]!r}")
    return Deletion.model_validate(row.deletion)


def _save(connection: sa.Connection, deletion: Deletion) -> Deletion:
    values: dict[str, object] = {
        "requested_at": deletion.requested_at,
        "deletion": deletion.model_dump(mode="json"),
    }
    if deletion.finished_at is not None:
        values["user_id"] = None
    which = USER_DELETIONS.c.deletion_id == deletion.deletion_id
    connection.execute(sa.update(USER_DELETIONS).where(which).values(values))
    return deletion
