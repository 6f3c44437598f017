"""The text of an API key, `vs_<id>_<secret>`: made, taken apart, compared. Knows not what a key allows.

What is kept is the SHA-256 of the secret. Slow hashes protect passwords, which can be guessed; a secret of 256 random
bits cannot be, and a fast hash lets every request be checked.
"""

import hmac
import re
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

_ID_BYTES: Final = 6
_SECRET_BYTES: Final = 32
_TOKEN: Final = re.compile(r"vs_(?P<id>[0-9a-f]{12})_(?P<secret>[A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class Token:
    """An API key as its owner holds it."""

    key_id: str
    """Public: stands in lists and logs."""
    secret: str

    def __str__(self) -> str:
        return f"vs_{self.key_id}_{self.secret}"

    def __repr__(self) -> str:
        """Without the secret, for logs and tracebacks."""
        return f"Token({self.key_id})"

    @property
    def hash(self) -> str:
        """Of the secret, in hexadecimal."""
        return sha256(self.secret.encode()).hexdigest()


def new_token(key_id: str | None = None) -> Token:
    """A key with a new secret; a new id too, unless one is given."""
    return Token(key_id or secrets.token_hex(_ID_BYTES), secrets.token_urlsafe(_SECRET_BYTES))


def parse(text: str) -> Token | None:
    """The key that was sent; None for what cannot be one."""
    match = _TOKEN.fullmatch(text)
    return Token(match["id"], match["secret"]) if match else None


def is_same(one: str, other: str) -> bool:
    """Are the hashes equal? Takes as long wherever they differ."""
    return hmac.compare_digest(one, other)
