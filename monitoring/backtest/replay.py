"""A monitor on a stream of events, and what it says as time goes on: for whoever wants to look over its shoulder."""

from collections.abc import Iterable, Iterator
from itertools import islice

from monitoring.events import Event
from monitoring.findings import Diagnosis
from monitoring.monitor import Monitor

EVERY: int = 500
"""Events between two looks."""


def diagnosed(monitor: Monitor, events: Iterable[Event], *, every: int = EVERY) -> Iterator[tuple[float, Diagnosis]]:
    """Each diagnosis when it first comes up for a slice, with the time, in seconds since 1970 UTC."""
    stream, known = iter(events), set[object]()
    while batch := list(islice(stream, every)):
        monitor.update(batch)
        now = max(event.at for event in batch)
        found = monitor.check(now)
        yield from ((now, one) for one in found if one.slice not in known)
        known = {one.slice for one in found}
