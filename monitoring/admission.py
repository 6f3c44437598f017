"""Lets in the events that can still be judged, and counts the others by the reason.

What is late is judged by the events' own times, in the order in which they come, so that a monitor that was away for
hours catches up as if it had been there, and a replay needs no clock. The clock only bounds the future. Whether events
come in pieces or at once makes no difference. Knows no signal; keeps no event.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import compress
from numbers import Real
from operator import attrgetter
from typing import Final, Self

import numpy as np
import orjson
from numpy.typing import NDArray

from monitoring.errors import UnusableState
from monitoring.events import Event
from monitoring.recent_ids import Generation, RecentIds, keys_of

Times = NDArray[np.float64]

_AT: Final = attrgetter("at")
_ID: Final = attrgetter("event_id")
_FLOAT: Final = frozenset({float})
_TEXT: Final = frozenset({str})
_END_OF_TIME_S: Final = 1e15
_MAX_KINDS: Final = 100
_JUMP_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionCounts:
    """What became of the events so far."""

    admitted: int = 0
    late: int = 0
    """Older than the newest event before it by more than is waited for; such as a journal replayed after an outage."""
    future: int = 0
    """Ahead of the clock by more than clocks may differ."""
    duplicate: int = 0
    invalid: int = 0
    """Without a time or an identifier; where they come from `EventStore` or `event_lines` there are none."""
    clock_jumps: int = 0
    """How often the clock went back."""
    forgotten: int = 0
    """Identifiers given up before their time, for want of memory; if these come again, nobody notices."""
    late_by_kind: Mapping[str, int] = field(default_factory=dict)
    """Of a hundred kinds; the others together under `...`."""


class Admission:
    """The door of a monitor: running counts, the time that was reached, the identifiers of late."""

    def __init__(self, *, lateness_s: float = 3_600.0, future_s: float = 60.0, max_ids: int = 1_000_000) -> None:
        self.counts = AdmissionCounts()
        self.reached = -math.inf
        """The newest time that an admitted event has, seconds since 1970 UTC."""
        self._lateness_s = lateness_s
        self._future_s = future_s
        self._max_ids = max_ids
        self._ids = RecentIds()
        self._turned_at = -math.inf
        self._last_now = -math.inf

    def admit(self, events: Sequence[Event], *, now: float) -> list[Event]:
        """Those that may be judged, in their order; `now` is the clock's time, seconds since 1970 UTC."""
        self._look_at_clock(now)
        sound, at = _sound(events)
        future = at > now + self._future_s
        reached = np.maximum(self.reached, np.maximum.accumulate(np.where(future, -math.inf, at)))
        late = at < reached - self._lateness_s
        late_events = list(compress(sound, late))
        wanted = ~(future | late)
        sound = sound if wanted.all() else list(compress(sound, wanted))
        new = self._remember(sound, float(reached[-1]) if len(reached) else self.reached)
        admitted = list(sound) if new.all() else list(compress(sound, new))
        self.counts = replace(
            self.counts,
            admitted=self.counts.admitted + len(admitted),
            late=self.counts.late + len(late_events),
            future=self.counts.future + int(future.sum()),
            duplicate=self.counts.duplicate + len(sound) - len(admitted),
            invalid=self.counts.invalid + len(events) - len(at),
            late_by_kind=_with_kinds(self.counts.late_by_kind, late_events),
        )
        return admitted

    def state(self) -> bytes:
        """All of it, for `restore`; 8 bytes for each identifier, and some."""
        generations = (self._ids.previous.keys, self._ids.current.keys)
        head = {
            "counts": asdict(self.counts),
            "times": [_finite(one) for one in (self.reached, self._turned_at, self._last_now)],
            "identifiers": [len(keys) for keys in generations],
        }
        return b"\n".join((orjson.dumps(head), b"".join(keys.astype("<u8").tobytes() for keys in generations)))

    def restore(self, state: bytes) -> Self:
        """Go on from what `state` gave; the settings are those of this object. Raises UnusableState."""
        head, _, body = state.partition(b"\n")
        try:
            found = orjson.loads(head)
            previous, current = found["identifiers"]
            keys = np.frombuffer(body, dtype="<u8")
            if len(keys) != previous + current:
                raise ValueError(f"{len(keys)} identifiers where {previous + current} should be")
            self.counts = AdmissionCounts(**found["counts"])
            times = [-math.inf if one is None else float(one) for one in found["times"]]
            self.reached, self._turned_at, self._last_now = times
        except (ValueError, KeyError, TypeError) as error:
            raise UnusableState(f"the state of the admission cannot be used: {error}") from error
        self._ids.previous, self._ids.current = Generation.of(keys[:previous]), Generation.of(keys[previous:])
        return self

    def _look_at_clock(self, now: float) -> None:
        """After the clock was ahead and came back, all that comes would be late until it is there again."""
        if now < self._last_now - _JUMP_S:
            self.counts = replace(self.counts, clock_jumps=self.counts.clock_jumps + 1)
        self._last_now = now
        if self.reached > now + self._future_s:
            self.reached = now
            self._turned_at = min(self._turned_at, now)

    def _remember(self, events: Sequence[Event], reached: float) -> NDArray[np.bool_]:
        """Which of the events are new. What is forgotten in its time would be late, should it come again."""
        if self._ids.current.count + len(events) > self._max_ids:
            self.counts = replace(self.counts, forgotten=self.counts.forgotten + self._ids.turn())
            self._turned_at = reached
        new = self._ids.take(keys_of(map(_ID, events)))
        self.reached = reached
        if self._turned_at == -math.inf:
            self._turned_at = reached
        if reached > self._turned_at + self._lateness_s:
            self._ids.turn()
            self._turned_at = reached
        return new


def _sound(events: Sequence[Event]) -> tuple[Sequence[Event], Times]:
    """Those that have a time and an identifier, and their times; mostly all, which is seen without a loop in Python."""
    if _FLOAT.issuperset(map(type, map(_AT, events))) and _TEXT.issuperset(map(type, map(_ID, events))):
        at = np.fromiter(map(_AT, events), dtype=np.float64, count=len(events))
        if (np.abs(at) < _END_OF_TIME_S).all():
            return events, at
    events = [event for event in events if _is_sound(event)]
    return events, np.array([float(event.at) for event in events])


def _is_sound(event: Event) -> bool:
    is_number = isinstance(event.at, Real) and not isinstance(event.at, bool)
    return is_number and abs(event.at) < _END_OF_TIME_S and isinstance(event.event_id, str)


def _with_kinds(before: Mapping[str, int], late: Sequence[Event]) -> Mapping[str, int]:
    if not late:
        return before
    counts = Counter(before)
    for kind, count in Counter(str(event.kind) for event in late).items():
        counts[kind if kind in counts or len(counts) < _MAX_KINDS else "..."] += count
    return dict(counts)


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
