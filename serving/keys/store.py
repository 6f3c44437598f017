"""API keys in the database of the state. Knows SQL; what a key means, its record knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from serving.errors import Conflict, NotFound
from serving.keys.key import Issued, Key, KeyRequest, issued, revoked, rotated
from serving.keys.secret import new_token
from serving.state.store import StateStore
from serving.state.tables import API_KEYS

DAY_S: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class KeyInUse:
    """A key and when it was last used, to a minute; None: never."""

    key: Key
    last_used_at: float | None


class KeyStore:
    """The keys of one database. Raises StoreUnavailable or StoreUnusable where that does not answer."""

    def __init__(self, state: StateStore) -> None:
        self._state = state

    def create(self, request: KeyRequest, *, by: str, now: float) -> Issued:
        """Make a key. Raises Conflict where one in force has the name."""
        token = new_token()
        key = issued(request, token, by=by, now=now)
        with self._state.changing() as connection:
            if any(other.name == key.name and other.is_in_force(now) for other in _every(connection)):
                raise Conflict(
                    f"a key named {key.name!r} is in force: choose another name, or rotate or revoke that one"
                )
            connection.execute(sa.insert(API_KEYS).values(_row(key)))
        return Issued(key, token)

    def rotate(self, key_id: str, *, now: float, grace_s: float = DAY_S) -> Issued:
        """Give the key a new secret; the old one is taken for `grace_s` more. Raises NotFound, Conflict if it ended."""
        with self._state.changing() as connection:
            key = _get(connection, key_id)
            if not key.is_in_force(now):
                raise Conflict(f"the key {key_id} has ended: make a new one")
            token = new_token(key_id)
            key = rotated(key, token, now=now, grace_s=grace_s)
            _replace(connection, key)
        return Issued(key, token)

    def revoke(self, key_id: str, *, by: str, now: float) -> Key:
        """End the key; every replica follows within seconds. Raises NotFound."""
        with self._state.changing() as connection:
            key = revoked(_get(connection, key_id), by=by, now=now)
            _replace(connection, key)
        return key

    def every(self) -> list[KeyInUse]:
        """All keys, ended ones too, by the time when they were made."""
        columns = sa.select(API_KEYS.c.key, API_KEYS.c.last_used_at)
        with self._state.reading() as connection:
            rows = connection.execute(columns.order_by(API_KEYS.c.created_at, API_KEYS.c.key_id))
            return [KeyInUse(Key.model_validate(row.key), row.last_used_at) for row in rows]

    def note_use(self, used_at: Mapping[str, float]) -> None:
        """Keep when keys were used; an earlier time than the known one changes nothing."""
        with self._state.changing() as connection:
            for key_id, at in used_at.items():
                older = API_KEYS.c.last_used_at.is_(None) | (API_KEYS.c.last_used_at < at)
                which = sa.update(API_KEYS).where(API_KEYS.c.key_id == key_id, older)
                connection.execute(which.values(last_used_at=at))


def _row(key: Key) -> dict[str, object]:
    return {
        "key_id": key.key_id,
        "hash": key.hash,
        "created_at": key.created_at,
        "ends_at": key.ends_at,
        "key": key.model_dump(mode="json"),
    }


def _every(connection: sa.Connection) -> list[Key]:
    return [Key.model_validate(row.key) for row in connection.execute(sa.select(API_KEYS.c.key))]


def _get(connection: sa.Connection, key_id: str) -> Key:
    named = sa.select(API_KEYS.c.key).where(API_KEYS.c.key_id == key_id)
    row = None if "\0" in key_id else connection.execute(named).first()
    if row is None:
        raise NotFound(f"there is no key {key_id[:100]!r}")
    return Key.model_validate(row.key)


def _replace(connection: sa.Connection, key: Key) -> None:
    connection.execute(sa.update(API_KEYS).where(API_KEYS.c.key_id == key.key_id).values(_row(key)))
