"""What a tracker of behaviour has to remember over a restart, and its form as JSON.

Holds transcripts of the last minute, where the service keeps transcripts: it must be kept as safely as events are.
"""

from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple

from pydantic import ConfigDict, TypeAdapter, ValidationError

from monitoring.behaviour.query import Action, Query
from monitoring.errors import UnusableState


@dataclass(slots=True)
class Counts:
    """What did not go as it should; each since the start."""

    broken: int = 0
    """Events that are none: wrong types, times that are no numbers."""
    stray: int = 0
    """Events that came too late, or from the future."""
    duplicates: int = 0
    """Queries that had come before."""
    unmatched: int = 0
    """Actions whose query never came, or had been concluded."""
    surplus: int = 0
    """Actions beyond `MAX_ACTIONS` of one query, or beyond what may wait for its query."""
    closed_early: int = 0
    """Queries that were concluded before their horizon had passed, to bound the memory."""
    crowded: int = 0
    """Queries under an identifier that too many share."""


class Open(NamedTuple):
    """A query that is waited for."""

    query: Query
    actions: list[Action]


@dataclass(frozen=True, slots=True)
class State:
    """Of a tracker, between two events."""

    __pydantic_config__ = ConfigDict(allow_inf_nan=False, extra="forbid")

    now: float | None
    strays: int
    counts: Counts
    waiting: list[Open]
    """In the order of their time."""
    early_actions: list[Action]
    version: Literal[1] = 1


def pack(state: State) -> bytes:
    """As JSON."""
    return _adapter().dump_json(state)


def unpack(data: bytes) -> State:
    """What `pack` gave. Raises UnusableState for anything else."""
    try:
        return _adapter().validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise UnusableState(f"no state of a behaviour tracker: {first['msg']}") from None


@cache
def _adapter() -> TypeAdapter[State]:
    return TypeAdapter(State)
