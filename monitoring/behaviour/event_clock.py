"""The time that events tell: not moved by single events with a wrong time, but by a clock that was set.

Knows times, no events.
"""

from typing import Final

LEAP_S: Final = 86_400.0
"""A service may be silent for hours; a longer leap is believed only when several events agree."""
BELIEVED: Final = 8
"""Events in succession that say the same: they are right, and the clock was set."""


class EventClock:
    """The newest believable time so far."""

    def __init__(self, *, patience_s: float, now: float | None = None, strays: int = 0) -> None:
        self.patience_s: Final = patience_s
        """How far behind the newest an event may be."""
        self.now = now
        """Seconds since 1970 UTC; None before the first event."""
        self.strays = strays
        """Events in succession whose time was not believed."""

    def takes(self, at: float) -> bool:
        """Move to an event's time. False where that is not believed: the event is late, or from the future."""
        if self.now is None or 0 <= at - self.now <= LEAP_S:
            self.now, self.strays = at, 0
            return True
        if 0 < self.now - at <= self.patience_s:
            self.strays = 0
            return True
        self.strays += 1
        if self.strays < BELIEVED:
            return False
        self.now, self.strays = at, 0
        return True
