"""Runs a monitor over history, in event time, with checks and the life of alarms as they would have been.

Nothing is kept, nobody is told. Prints nothing; `serving.replay_feed` reads the events in a process beside this one.
"""

import math
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitoring.admission import AdmissionCounts
from monitoring.alarms.alarm import Alarm, Entry
from monitoring.alarms.lifecycle import step
from monitoring.alarms.policy import Policies
from monitoring.columns import Columns
from monitoring.event_lines import LinesRead
from monitoring.monitor import Monitor
from serving.checking import Aside, aside_of
from serving.replay_feed import Fed

EVERY_S: Final = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What happened to an alarm, and how much had been seen by then."""

    entry: Entry
    """`at` is in event time."""
    alarm: Alarm
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What became of a replay."""

    events: int
    requests: int
    checks: int
    seconds: float
    checks_s: float
    """Of them, for checks."""
    peak_mb: float
    """Largest resident memory of this process and the one that reads, together."""
    alarms: tuple[Alarm, ...]
    """Those that are open at the end."""
    aside: Aside

    @property
    def events_per_s(self) -> float:
        """Over all."""
        return self.events / self.seconds if self.seconds else 0.0


class Replay:
    """One run."""

    def __init__(self, monitor: Monitor, policies: Policies, *, every_s: float = EVERY_S) -> None:
        self.events = 0
        self.requests = 0
        self.at = 0.0
        """Event time that was reached, seconds since 1970 UTC."""
        self._monitor = monitor
        self._policies = policies
        self._every_s = every_s
        self._number = -math.inf
        self._alarms: list[Alarm] = []
        self._checks = 0
        self._checks_s = 0.0
        self._cool_down_s = max((one.cool_down_s for one in policies.policy.values()), default=0.0)

    def run(self, feed: Iterable[Fed], on_batch: Callable[[int], None] = lambda _: None) -> Iterator[Told]:
        """Take everything, and tell what happens to alarms when it happens; `finish` then says the rest."""
        self._began = time.perf_counter()
        self._counts, self._lines, self._failures = AdmissionCounts(), LinesRead(), dict[str, int]()
        for fed in feed:
            self._counts, self._lines, self._failures = fed.counts, fed.lines, fed.failures
            for number, columns, requests in self._parts(fed):
                yield from self._advance(number)
                self._monitor.take(columns)
                self.requests += requests
            self.events += fed.events
            on_batch(fed.events)
        if self.events:
            yield from self._check(self.at)

    def finish(self) -> Replayed:
        """After the run."""
        return Replayed(
            events=self.events,
            requests=self.requests,
            checks=self._checks,
            seconds=time.perf_counter() - self._began,
            checks_s=self._checks_s,
            peak_mb=peak_mb(),
            alarms=tuple(alarm for alarm in self._alarms if alarm.is_open),
            aside=replace(aside_of(self._monitor, self._counts, self._lines), failures=self._failures),
        )

    def _parts(self, fed: Fed) -> Iterator[tuple[int, Columns, int]]:
        """The batch by intervals, with its requests; what belongs to an interval that is over comes with the next."""
        numbers, requests = (self._intervals(at) for at in (fed.columns.at, fed.requests))
        for number in np.unique(numbers).tolist():
            rows = np.flatnonzero(numbers == number).tolist()
            yield int(number), _rows(fed.columns, rows), int((requests == number).sum())
        self.at = max(self.at, float(fed.columns.at.max(initial=self.at)))

    def _intervals(self, at: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.maximum(np.floor(at / self._every_s), self._number)

    def _advance(self, number: int) -> Iterator[Told]:
        """Check at the end of each interval; of a long time without events, at its begin and its end."""
        if number > self._number:
            if math.isfinite(self._number):
                ends = dict.fromkeys((self._number + 1, number))
                for end in ends:
                    yield from self._check(end * self._every_s)
            self._number = number

    def _check(self, now: float) -> Iterator[Told]:
        began = time.perf_counter()
        done = step(self._alarms, self._monitor.check(now), now, self._policies)
        self._alarms = [one for one in done.alarms if one.is_open or now - (one.resolved_at or 0) < self._cool_down_s]
        self._checks += 1
        self._checks_s += time.perf_counter() - began
        known = {alarm.alarm_id: alarm for alarm in done.alarms}
        for entry in done.entries:
            yield Told(entry=entry, alarm=known[entry.alarm_id], requests=self.requests)


def peak_mb() -> float:
    """Largest resident memory so far of this process, and of the largest that it has waited for."""
    kilo = 1024.0 if sys.platform != "darwin" else 1024.0**2
    peaks = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(peaks) / kilo


def _rows(columns: Columns, rows: Sequence[int]) -> Columns:
    if len(rows) == len(columns):
        return columns
    return replace(
        columns,
        at=columns.at[rows],
        values=columns.values[rows],
        request_ids=tuple(columns.request_ids[row] for row in rows),
        slices=tuple(columns.slices[row] for row in rows),
    )
