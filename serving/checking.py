"""One check: of the events of a file, or of a store from where its watch stands. Prints nothing."""

import os
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from monitoring.admission import Admission, AdmissionCounts
from monitoring.alarms.alarm import Alarm
from monitoring.alarms.alarms import Alarms
from monitoring.alarms.lifecycle import step
from monitoring.alarms.policy import Policies
from monitoring.alarms.store import AlarmStore
from monitoring.event_lines import LinesRead, read
from monitoring.findings import Diagnosis
from monitoring.monitor import Monitor
from monitoring.store import EventStore
from monitoring.watch import Pace
from serving.monitoring_settings import MonitoringSettings
from serving.watching import look_for_store, monitor_of, watch_of

_NEVER: Final = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """What was counted and not judged."""

    admission: AdmissionCounts = field(default_factory=AdmissionCounts)
    lines: LinesRead | None = None
    """Of a file."""
    outside: int = 0
    """Times that an event's slice had no place."""
    failures: dict[str, int] = field(default_factory=dict)
    """Values of each signal that could not be read."""
    warming_up: tuple[str, ...] = ()
    """Signals that have no reference yet."""
    signals: int = 0
    """All that are watched."""
    slices: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check has found."""

    at: float | None
    """The time that was judged, seconds since 1970 UTC; None without events."""
    diagnoses: tuple[Diagnosis, ...]
    alarms: tuple[Alarm, ...]
    """Those that are open now."""
    events: int
    """Judged so far, of the file or the store; what was concluded from them is not counted."""
    aside: Aside
    watched_elsewhere: bool = False
    """Another process watches this store; there are only its alarms then."""


def check_file(path: Path, settings: MonitoringSettings, policies: Policies) -> Checked:
    """Take all events of a file (`-`: the standard input), and check at the time of the newest.

    Raises UnreadableEvents, also where no line is an event, and ValueError for a bad configuration.
    """
    monitor, admission, lines = monitor_of(settings, policies), Admission(), LinesRead()
    for batch in read(path, lines):
        monitor.update(admission.admit(batch, now=time.time()))
    lines.require_events(path)
    events = admission.counts.admitted
    at = admission.reached if events else None
    diagnoses = monitor.check(at) if at is not None else []
    return Checked(
        at=at,
        diagnoses=tuple(diagnoses),
        alarms=step([], diagnoses, at or 0.0, policies).open_alarms,
        events=events,
        aside=aside_of(monitor, admission.counts, lines),
    )


def check_store(url: str, settings: MonitoringSettings, policies: Policies) -> Checked:
    """Go on from the last snapshot, check now, hand that to the alarms, and keep what is known.

    Raises FileNotFoundError where there is no such database file, errors of the store, ValueError for a bad
    configuration.
    """
    look_for_store(url)
    store, alarms = EventStore.open(url), Alarms(AlarmStore.open(url), policies)
    monitors: list[Monitor] = []
    pace = Pace(check_every_s=_NEVER)
    owner = f"{socket.gethostname()}/{os.getpid()}"
    watch = watch_of(settings, store, alarms, owner=owner, pace=pace, on_begin=monitors.append)
    try:
        while watch.step():
            pass
        now = time.time()
        if watch.admission is None:
            return _elsewhere(alarms, now)
        monitor, counts = monitors[-1], watch.admission.counts
        diagnoses = monitor.check(now)
        done = alarms.handle(diagnoses, now)
        watch.finish()
    finally:
        alarms.store.close()
        store.close()
    return Checked(
        at=now,
        diagnoses=tuple(diagnoses),
        alarms=done.open_alarms,
        events=counts.admitted,
        aside=aside_of(monitor, counts),
    )


def aside_of(monitor: Monitor, admission: AdmissionCounts, lines: LinesRead | None = None) -> Aside:
    """What a monitor and its door have counted."""
    expected = monitor.shifts.expected
    ready = expected.ready.tolist() if expected is not None else [False] * len(monitor.signals)
    return Aside(
        admission=admission,
        lines=lines,
        outside=monitor.table.outside,
        failures=dict(monitor.reader.failures),
        warming_up=tuple(signal.name for signal, known in zip(monitor.signals, ready, strict=True) if not known),
        signals=len(monitor.signals),
        slices=len(monitor.table),
    )


def _elsewhere(alarms: Alarms, now: float) -> Checked:
    is_open = tuple(alarm for alarm in alarms.store.every() if alarm.is_open)
    return Checked(at=now, diagnoses=(), alarms=is_open, events=0, aside=Aside(), watched_elsewhere=True)
