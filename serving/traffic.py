"""Who answers whom: the assignment of users to variants, and who is heard by a candidate for nothing.

A user stays with a variant for as long as a rollout lasts, on every replica and after every restart, since the place
is a hash of user and rollout alone; who was in a smaller share is in the larger one too. Pure, but for the one slot
that holds the present routing. Knows no variant but by name.
"""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

_BITS: Final = 53
"""So many fit into the fraction of a float, so that no place rounds to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """Who answers, at one moment. Replaced whole, so that no query sees half of a change."""

    champion: str
    candidate: str | None = None
    share: float = 0.0
    """Of users, those whom the candidate answers."""
    shadow_share: float = 0.0
    """Of the champion's queries, those that the candidate hears too, for nothing."""
    salt: str = ""
    """Of this rollout; another one draws other users."""


def place(unit: str, salt: str) -> float:
    """Where a user stands in [0, 1), evenly spread and independent for every salt.

    >>> place("user-1", "rollout-7") == place("user-1", "rollout-7")
    True
    """
    digest = blake2b(unit.encode("utf-8", "surrogatepass"), digest_size=8, key=_key(salt)).digest()
    return (int.from_bytes(digest) >> (64 - _BITS)) / (1 << _BITS)


def assigned(routing: Routing, unit: str, *, wanted: str | None = None) -> str:
    """The name of the variant that answers; `wanted` is a tester's wish, and goes before all.

    >>> routing = Routing(champion="a", candidate="b", share=1.0, salt="s")
    >>> assigned(routing, "user-1"), assigned(routing, "user-1", wanted="a")
    ('b', 'a')
    """
    if wanted is not None:
        return wanted
    if routing.candidate is not None and place(unit, routing.salt) < routing.share:
        return routing.candidate
    return routing.champion


def is_shadowed(routing: Routing, unit: str) -> bool:
    """Does the candidate hear this query of the champion's too? `unit` is the request, so that all users are heard."""
    return routing.candidate is not None and place(unit, f"{routing.salt}/shadow") < routing.shadow_share


class Traffic:
    """The present routing. Whoever changes it replaces it; a query reads it once."""

    def __init__(self, routing: Routing) -> None:
        self.routing = routing


def _key(salt: str) -> bytes:
    return blake2b(salt.encode("utf-8", "surrogatepass"), digest_size=32).digest()
