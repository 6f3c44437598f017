"""What a key allows, and for how long its secrets are taken."""

import pytest
from pydantic import ValidationError

from serving.keys.key import KeyRequest, Scope, issued, revoked, rotated
from serving.keys.secret import new_token


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        (Scope.CLIENT, {Scope.CLIENT, None}),
        (Scope.REVIEWER, {Scope.REVIEWER, None}),
        (Scope.OPERATOR, {Scope.CLIENT, Scope.REVIEWER, Scope.OPERATOR, None}),
    ],
)
def test_scopes(scope: Scope, allowed: set[Scope | None]) -> None:
    assert {needed for needed in (*Scope, None) if scope.allows(needed)} == allowed


def test_a_rotated_key_takes_both_secrets_for_a_while() -> None:
    old, new = new_token(), None
    key = issued(KeyRequest(name="app"), old, by="ann", now=100.0)
    new = new_token(key.key_id)
    key = rotated(key, new, now=200.0, grace_s=60.0)
    assert [key.is_opened_by(old, at) for at in (200.0, 259.0, 260.0)] == [True, True, False]
    assert [key.is_opened_by(new, at) for at in (200.0, 260.0)] == [True, True]
    assert not key.is_opened_by(new_token(key.key_id), 200.0)


def test_an_ended_key_opens_nothing_even_in_its_grace_time() -> None:
    old = new_token()
    key = issued(KeyRequest(name="app"), old, by="ann", now=100.0)
    new = new_token(key.key_id)
    key = revoked(rotated(key, new, now=200.0, grace_s=60.0), by="bob", now=210.0)
    assert not key.is_opened_by(old, 211.0)
    assert not key.is_opened_by(new, 211.0)
    assert (key.ends_at, key.ended_by) == (210.0, "bob")
    assert revoked(key, by="carl", now=300.0) == key


def test_a_key_ends_by_itself() -> None:
    token = new_token()
    key = issued(KeyRequest(name="app", ends_at=200.0), token, by="ann", now=100.0)
    assert [key.is_opened_by(token, at) for at in (199.0, 200.0)] == [True, False]


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"name": " "},
        {"name": "a\0b"},
        {"name": "a\nb"},
        {"name": "x" * 101},
        {"name": "a", "scope": "root"},
        {"name": "a", "requests_per_s": 0},
        {"name": "a", "requests_per_s": float("inf")},
        {"name": "a", "burst": 0},
        {"name": "a", "ends_at": float("nan")},
        {"name": "a", "hash": "0"},
    ],
)
def test_what_cannot_be_asked_for(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        KeyRequest.model_validate(fields)
