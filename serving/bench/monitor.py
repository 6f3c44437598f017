"""`bench monitor`: what watching costs on one core: sketches, the whole way of an event, a check, a snapshot.

The events are drawn: voice queries of many devices, with every number that voice search has. A peer that watches one
stream, river's ADWIN, stands beside it, as values a second of each.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from monitoring.detectors.adwin import Adwin
from monitoring.events import Event
from monitoring.findings import Diagnosis
from monitoring.monitor import Monitor
from monitoring.signals.voice import VOICE
from monitoring.sketches import Sketches
from serving.bench.machine import Machine

Value = TypeVar("Value")

SLICES: Final = 1_000
START_S: Final = 1_767_225_600.0
_BATCH: Final = 5_000
_PER_S: Final = 20.0
_WORSE: Final = "d1"
_PEER_VALUES: Final = 20_000


@dataclass(frozen=True, slots=True)
class MonitorReport:
    """All of it."""

    machine: Machine
    events: int
    slices: int
    signals: int
    sketched_per_s: float
    """Events into the sketches of all their slices, all numbers of each."""
    watched_per_s: float
    """Events through the whole monitor, without reading them from a file."""
    check_s: float
    """While every number of one device is wrong."""
    findings: int
    """That it made."""
    state_s: float
    """To write down all that is known."""
    state_mb: float
    values_watched_per_s: float
    """Values times slices that the whole monitor judges."""
    adwin_values_per_s: float | None
    """River's ADWIN; None where river is not installed."""


def bench_monitor(machine: Machine, *, events: int) -> MonitorReport:
    """Measure on the cores that this process may use; numpy uses one."""
    monitor = Monitor(VOICE)
    stream = drawn(np.random.default_rng(0), per_s=_PER_S)
    monitor.update(list(islice(stream, 2 * _BATCH)))  # bins are drawn, slices have their places
    batch = list(islice(stream, _BATCH))
    sketched_s = _sketch(monitor, batch)
    batches = [list(islice(stream, _BATCH)) for _ in range(max(1, events // _BATCH))]
    watched_s = _time(lambda: _each(monitor.update, batches))
    monitor.update([_worse(event) for event in islice(stream, _BATCH)])
    found: list[Diagnosis] = []
    check_s = _time(lambda: found.extend(monitor.check(batches[-1][-1].at + _BATCH / _PER_S)))
    began = time.perf_counter()
    state = monitor.state()
    state_s = time.perf_counter() - began
    taken = _BATCH * len(batches)
    known = int(np.count_nonzero(~np.isnan(monitor.reader.read(batch).values)))
    return MonitorReport(
        machine=machine,
        events=taken,
        slices=len(monitor.table),
        signals=len(monitor.signals),
        sketched_per_s=_BATCH / sketched_s,
        watched_per_s=taken / watched_s,
        check_s=check_s,
        findings=sum(len(one.findings) for one in found),
        state_s=state_s,
        state_mb=len(state) / 1e6,
        values_watched_per_s=known / _BATCH * len(VOICE.combinations) * taken / watched_s,
        adwin_values_per_s=_peer(np.array([float(event.signals["snr_db"] or 0.0) for event in batch])),
    )


def drawn(rng: np.random.Generator, *, per_s: float) -> Iterator[Event]:
    """Voice queries without end, of as many slices as have a place."""
    names = [signal.name for signal in VOICE.signals if "voice" in signal.kinds and not signal.is_rate]
    at = START_S
    while True:
        devices = rng.zipf(1.3, _BATCH) % (SLICES // 2)
        values = rng.lognormal(0.0, 0.5, (_BATCH, len(names)))
        for number, (device, row) in enumerate(zip(devices.tolist(), values.tolist(), strict=True)):
            at += 1.0 / per_s
            name = f"{at:.3f}-{number}"
            fields = {"device_model": f"d{device}", "app_version": f"5.{device % 7}", "os": "a", "tenant": "t"}
            signals = dict(zip(names, row, strict=True))
            yield Event(event_id=name, request_id=name, at=at, kind="voice", slices=fields, signals=signals)


def _worse(event: Event) -> Event:
    if event.slices["device_model"] != _WORSE:
        return event
    return replace(event, signals={name: 3.0 * float(value or 0.0) for name, value in event.signals.items()})


def _sketch(monitor: Monitor, batch: list[Event]) -> float:
    """Seconds for a batch into the sketches of all its slices."""
    columns = monitor.relation.extend(monitor.reader.read(batch), monitor.histogram)
    sketches = Sketches([i for i, signal in enumerate(monitor.signals) if not signal.is_rate])
    codes, _ = monitor.table.codes(columns.slices)
    return min(_time(lambda: sketches.add(columns.values, codes)) for _ in range(5))


def _peer(values: NDArray[np.float64]) -> float | None:
    detector = Adwin(low=0.0, high=10.0)
    try:
        detector.update(0.5)
    except ModuleNotFoundError:
        return None
    many = np.resize(values, _PEER_VALUES).tolist()
    return _PEER_VALUES / _time(lambda: _each(detector.update, many))


def _each(work: Callable[[Value], None], values: Iterable[Value]) -> None:
    for value in values:
        work(value)


def _time(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
