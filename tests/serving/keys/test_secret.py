"""The text of a key."""

import pytest

from serving.keys.secret import is_same, new_token, parse


def test_a_key_is_read_as_it_was_written() -> None:
    token = new_token()
    assert parse(str(token)) == token
    assert len(token.secret) == 43
    assert token.hash != new_token(token.key_id).hash


def test_keys_do_not_repeat() -> None:
    tokens = [new_token() for _ in range(1000)]
    assert len({token.key_id for token in tokens}) == len({token.secret for token in tokens}) == 1000


def test_its_description_has_no_secret() -> None:
    token = new_token()
    assert token.secret not in repr(token)
    assert token.secret not in f"{[token]}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "vs_",
        "vs__",
        "sk-123",
        "vs_0123456789ab_short",
        "vs_0123456789AB_" + "a" * 43,
        "vs_0123456789ab_" + "ä" * 43,
    ],
)
def test_what_is_no_key(text: str) -> None:
    assert parse(text) is None
    assert parse(text + "\n") is None


def test_hashes_are_compared() -> None:
    token = new_token()
    assert is_same(token.hash, token.hash)
    assert not is_same(token.hash, new_token().hash)
