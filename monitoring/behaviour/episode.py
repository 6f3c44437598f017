"""A query and what followed within the horizon: what all definitions of behaviour are functions of."""

from collections.abc import Iterable
from typing import NamedTuple

from monitoring.behaviour.query import Action, Query


class Follower(NamedTuple):
    """A later query of the same person."""

    query: Query
    asks_again: bool | None
    """Is it the same wish? None: that cannot be told."""


class Episode(NamedTuple):
    """One query with its consequences."""

    query: Query
    followers: tuple[Follower, ...] | None
    """In order of time; None where nobody knows who asked."""
    actions: tuple[Action, ...]
    """On the answer to this query, in order of time."""


def any_of(answers: Iterable[bool | None]) -> bool | None:
    """Kleene's "or": True if one is, None if none is but one may be.

    >>> any_of([False, None, True]), any_of([False, None]), any_of([])
    (True, None, False)
    """
    unknown = False
    for answer in answers:
        if answer:
            return True
        unknown = unknown or answer is None
    return None if unknown else False
