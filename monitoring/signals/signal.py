"""What a signal is: a name, a meaning, and how it is read from one event.

Knows no model and no particular signal. A signal is a number or a yes-or-no of a single event; whatever needs
several events (was the query repeated? did the user click?) is first written as an event of its own, as
`monitoring.behaviour` does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from monitoring.events import Event, SignalValue


class Group(StrEnum):
    """What a signal tells of."""

    SOFTWARE = "software"
    INPUT = "input"
    OUTPUT = "output"
    BEHAVIOUR = "behaviour"


class Worse(StrEnum):
    """Which way of moving is bad news."""

    HIGHER = "higher"
    LOWER = "lower"
    EITHER = "either"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One thing that is watched."""

    name: str
    """Ends in its unit, as in `lead_silence_s`; a share has none."""
    about: str
    """One sentence for people."""
    group: Group
    read: Callable[[Event], SignalValue]
    """Its value in one event; None where it does not apply or is not known. Must not raise."""
    kinds: frozenset[str] = frozenset()
    """Kinds of events that have it; empty means all."""
    is_rate: bool = False
    """Yes or no in each event, so that its mean is a share."""
    worse: Worse = Worse.EITHER


@dataclass(frozen=True, slots=True)
class FieldReader:
    """Reads what the event itself carries under a name; whole columns of these are read at once."""

    name: str

    def __call__(self, event: Event) -> SignalValue:
        """The value, None where there is none."""
        return event.signals.get(self.name)


def field(name: str) -> FieldReader:
    """Reads what the event itself carries under that name.

    >>> read = field("brightness")
    >>> read(Event(event_id="1", request_id="1", at=0.0, kind="image", signals={"brightness": 0.5}))
    0.5
    """
    return FieldReader(name)
