"""The record that every monitor reads: something that happened in a service that answers requests.

Knows no model, no task and no database. What a service measures goes into `signals`, what its events are
compared by into `slices`, any other text into `details`; `voice_events` shows how one service fills them.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Final

import orjson

from monitoring.errors import InvalidEvent

MAX_NAME_CHARS: Final = 200
"""Longest identifier, slice value or field name, in characters."""
MAX_TEXT_BYTES: Final = 64 * 1024
"""Longest single text in `details`, in UTF-8."""
MAX_EVENT_BYTES: Final = 256 * 1024
"""Longest whole event, as JSON in UTF-8."""

SignalValue = float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened, at one time, mostly because of one request."""

    event_id: str
    """Unique for ever. The event that a request itself leaves bears the request's id."""
    request_id: str
    """The request that it belongs to."""
    at: float
    """Seconds since 1970 UTC by the clock of the machine that took the event, never by the client's."""
    kind: str
    user_id: str | None = None
    session_id: str | None = None
    outcome: str = "ok"
    """`ok`, or the code of the error that was answered."""
    consent: bool = False
    """The user allows that this data is kept and learnt from."""
    slices: Mapping[str, str] = field(default_factory=dict)
    """What events are compared by, such as device model, app version, variant."""
    signals: Mapping[str, SignalValue] = field(default_factory=dict)
    """What is watched; a name carries its unit. None is "not known", which is not the same as absent."""
    details: Mapping[str, str] = field(default_factory=dict)
    """Other texts, such as what was asked."""


def checked(event: Event) -> tuple[Event, int]:
    """The event as any store can take it, and how many of its signals were NaN or infinite and became None.

    Raises InvalidEvent for wrong types, empty or overlong identifiers, texts over `MAX_TEXT_BYTES`, and the
    NUL character, which PostgreSQL cannot hold.
    """
    for name in ("event_id", "request_id", "kind", "outcome"):
        _check_name(name, getattr(event, name))
    for name in ("user_id", "session_id"):
        if (value := getattr(event, name)) is not None:
            _check_name(name, value)
    if isinstance(event.at, bool) or not isinstance(event.at, Real) or not math.isfinite(event.at):
        raise InvalidEvent("at is not a finite number of seconds")
    if not isinstance(event.consent, bool):
        raise InvalidEvent("consent is neither true nor false")
    for key, text in _items("slices", event.slices):
        _check_name(key, text)
    for key, text in _items("details", event.details):
        _check_text(f"detail {key}", text)
    return _with_finite_signals(event)


def encode(event: Event) -> bytes:
    """A checked event as one line of JSON, without the line's end."""
    try:
        line = orjson.dumps(event, option=orjson.OPT_SERIALIZE_NUMPY)
    except TypeError as error:  # lone surrogates, integers over 64 bits
        raise InvalidEvent(f"event {event.event_id!r} cannot be written as JSON: {error}") from error
    if len(line) > MAX_EVENT_BYTES:
        raise InvalidEvent(f"event {event.event_id!r} has {len(line)} bytes; at most {MAX_EVENT_BYTES} are taken")
    return line


def decode(line: bytes) -> Event:
    """The event in a line of JSON; unknown fields and wrong types raise InvalidEvent."""
    try:
        event = Event(**orjson.loads(line))
    except (orjson.JSONDecodeError, TypeError) as error:
        raise InvalidEvent(f"not an event: {error}") from error
    return checked(event)[0]


def _items(name: str, mapping: Mapping[str, object]) -> list[tuple[str, object]]:
    if not isinstance(mapping, dict):
        raise InvalidEvent(f"{name} is not a dictionary")
    for key in mapping:
        _check_name(name, key)
    return list(mapping.items())


def _check_name(what: str, value: object) -> None:
    if isinstance(value, str) and 0 < len(value) <= MAX_NAME_CHARS and "\0" not in value:
        return
    raise InvalidEvent(f"{what}: {value!r:.50} is no name: a text of 1 to {MAX_NAME_CHARS} characters without NUL")


def _check_text(what: str, value: object) -> None:
    if not isinstance(value, str):
        raise InvalidEvent(f"{what} is not a text")
    if len(value) * 4 > MAX_TEXT_BYTES and len(value.encode("utf-8", "replace")) > MAX_TEXT_BYTES:
        raise InvalidEvent(f"{what} is longer than {MAX_TEXT_BYTES} bytes")
    if "\0" in value:
        raise InvalidEvent(f"{what} holds a NUL character")


def _with_finite_signals(event: Event) -> tuple[Event, int]:
    unknown = []
    for key, value in _items("signals", event.signals):
        if value is None or value is True or value is False:
            continue
        if not isinstance(value, float | Real):
            raise InvalidEvent(f"signal {key} is a {type(value).__name__}, not a number")
        if not math.isfinite(value):
            unknown.append(key)
    if not unknown:
        return event, 0
    return replace(event, signals={**event.signals, **dict.fromkeys(unknown)}), len(unknown)
