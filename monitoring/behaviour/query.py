"""What sessions are made of: queries, and what their users did with the answers; and who asked.

Tuples, since a hundred thousand are made in a second. Knows events; concludes nothing from them.
"""

import math
from collections.abc import Mapping
from typing import Final, NamedTuple

from monitoring.events import Event

MAX_TEXT_CHARS: Final = 500
"""Of a query; what is longer is compared by its beginning."""

MIN_CONFIDENCE: Final = 0.05
"""Of a transcript that still says something of what was said. Below it, 19 of 20 real queries were wrong, at a word
error rate of 95 %: two takes of one query are then hardly more alike than two queries (docs/behaviour.md)."""

SPOKEN: Final = "voice"
TYPED: Final = "text"
CLICKS: Final = frozenset({"click", "play"})
ABANDON: Final = "abandon"
CORRECT: Final = "correct"
ACTIONS: Final = CLICKS | {ABANDON, CORRECT}


class Query(NamedTuple):
    """One request."""

    request_id: str
    at: float
    """Seconds since 1970 UTC."""
    is_spoken: bool
    text: str | None
    """What was asked, as the service understood it; None where that is not kept or there is nothing."""
    is_lost: bool
    """Nothing was understood, by the recognizer's own judgement, or an error was answered."""
    consent: bool
    user_id: str | None
    session_id: str | None
    slices: Mapping[str, str]

    @property
    def person(self) -> str | None:
        """Who asked, as far as can be told: the user, else the session; None if neither is known.

        >>> as_query(Event(event_id="1", request_id="1", at=0.0, kind="voice", session_id="s")).person
        'session s'
        """
        if self.user_id:
            return f"user {self.user_id}"
        return f"session {self.session_id}" if self.session_id else None


class Action(NamedTuple):
    """Something that a user did with the answer to a request."""

    request_id: str
    at: float
    kind: str
    text: str | None
    """What was typed, with `correct`."""


def as_query(event: Event) -> Query:
    """The query in an event of kind "voice" or "text". Raises ValueError or TypeError for an event that is broken."""
    signals, details = event.signals, event.details
    said_nothing = signals.get("no_speech") is True or signals.get("words") == 0
    text = None if said_nothing else _text(details.get("query"))
    failed = event.outcome != "ok" and text is None
    confidence = signals.get("confidence")
    guessed = confidence is not None and confidence < MIN_CONFIDENCE
    return Query(
        _name(event.request_id),
        _seconds(event.at),
        event.kind == SPOKEN,
        text,
        said_nothing or failed or guessed,
        event.consent is True,
        event.user_id and _name(event.user_id),
        event.session_id and _name(event.session_id),
        _slices(event.slices),
    )


def as_action(event: Event) -> Action:
    """The action in an event of a kind in `ACTIONS`. Raises as `as_query` does."""
    return Action(_name(event.request_id), _seconds(event.at), event.kind, _text(event.details.get("text")))


def _text(value: object) -> str | None:
    """Without what surrounds it; None if nothing is left."""
    return None if value is None else _name(value)[:MAX_TEXT_CHARS].strip() or None


def _name(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    if not value.isascii():
        value.encode()  # half a surrogate pair is no character
    return value


def _slices(value: object) -> Mapping[str, str]:
    if not isinstance(value, dict):
        raise TypeError("no slices")
    return value


def _seconds(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("not a time")
    return float(value)
