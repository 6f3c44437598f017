"""Keys in each kind of database: no secret is there, names do not repeat, two at once do not undo each other."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from serving.errors import Conflict, NotFound
from serving.keys.key import KeyRequest, Scope
from serving.keys.store import KeyStore
from serving.state.store import StateStore
from serving.state.tables import API_KEYS


@pytest.fixture
def keys(state: StateStore) -> KeyStore:
    return KeyStore(state)


def test_a_key_is_kept_without_its_secret(keys: KeyStore, state: StateStore) -> None:
    asked = KeyRequest(name="app", scope=Scope.REVIEWER, tenant="acme", variant="new", requests_per_s=5, burst=7)
    made = keys.create(asked, by="ann", now=100.0)
    [kept] = keys.every()
    assert kept.key == made.key
    assert (kept.key.name, kept.key.scope, kept.key.tenant, kept.key.created_by) == ("app", "reviewer", "acme", "ann")
    assert kept.key.is_opened_by(made.token, 101.0)
    with state.reading() as connection:
        row = connection.execute(sa.select(API_KEYS)).one()
    assert made.token.secret not in str(row)


def test_names_in_force_do_not_repeat(keys: KeyStore) -> None:
    first = keys.create(KeyRequest(name="app"), by="ann", now=100.0)
    with pytest.raises(Conflict, match="'app' is in force"):
        keys.create(KeyRequest(name="app"), by="ann", now=101.0)
    keys.revoke(first.key.key_id, by="ann", now=102.0)
    keys.create(KeyRequest(name="app"), by="ann", now=103.0)
    assert [one.key.is_in_force(104.0) for one in keys.every()] == [False, True]


def test_rotation(keys: KeyStore) -> None:
    first = keys.create(KeyRequest(name="app"), by="ann", now=100.0)
    second = keys.rotate(first.key.key_id, now=200.0, grace_s=60.0)
    [kept] = keys.every()
    assert first.key.key_id == second.key.key_id == kept.key.key_id
    assert kept.key.is_opened_by(first.token, 259.0)
    assert not kept.key.is_opened_by(first.token, 260.0)
    assert kept.key.is_opened_by(second.token, 260.0)


def test_what_cannot_be_done(keys: KeyStore) -> None:
    for unknown in ("nothing", "a\0b", "", "x" * 10_000):
        with pytest.raises(NotFound):
            keys.revoke(unknown, by="ann", now=1.0)
    ended = keys.create(KeyRequest(name="app"), by="ann", now=100.0).key
    assert keys.revoke(ended.key_id, by="ann", now=101.0) == keys.revoke(ended.key_id, by="bob", now=102.0)
    with pytest.raises(Conflict, match="has ended"):
        keys.rotate(ended.key_id, now=103.0)


def test_the_last_use_is_kept(keys: KeyStore) -> None:
    made = keys.create(KeyRequest(name="app"), by="ann", now=100.0).key
    keys.note_use({made.key_id: 200.0, "gone": 200.0})
    keys.note_use({made.key_id: 150.0})
    assert [one.last_used_at for one in keys.every()] == [200.0]
    keys.rotate(made.key_id, now=300.0)
    assert [one.last_used_at for one in keys.every()] == [200.0]


def test_two_at_once(keys: KeyStore) -> None:
    def make(number: int) -> str:
        try:
            return keys.create(KeyRequest(name="app"), by=str(number), now=100.0).key.key_id
        except Conflict:
            return ""

    with ThreadPoolExecutor(8) as pool:
        made = [key_id for key_id in pool.map(make, range(8)) if key_id]
    assert made == [one.key.key_id for one in keys.every()]
    assert len(made) == 1
