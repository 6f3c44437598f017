"""What the server tells of itself at intervals: one event of kind "server", as monitors read it.

Its figures are the difference of two readings of the server's own metrics. Knows no request.
"""

import asyncio
import logging
import os
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from prometheus_client.samples import Sample

from monitoring.errors import MonitoringError
from monitoring.events import Event, SignalValue
from monitoring.signals.software import REFUSED, SERVER_EVENT
from serving.background import beside

logger = logging.getLogger(__name__)

TICK_S: Final = 0.25
"""How often the event loop is asked how late it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What shares are shares of."""

    cores: int
    workers: int
    """Recognizers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The server's metrics at one moment; counts since its start."""

    at_s: float
    """By a clock that only goes forward."""
    requests: float
    shed: float
    clips: float
    batches: float
    queue_audio_s: float
    busy_workers: float
    pending_events: float
    cpu_s: float | None
    """None where the system has no /proc, as for memory."""
    memory_bytes: float | None


def reading(samples: Sequence[Sample], at_s: float) -> Reading:
    """Read the metrics of `serving.telemetry`."""
    totals: dict[str, float] = {}
    for sample in samples:
        if sample.labels.get("route", "/v1/").startswith("/v1/"):
            totals[sample.name] = totals.get(sample.name, 0.0) + sample.value
    errors = [sample for sample in samples if sample.name == "voicesearch_errors_total"]
    return Reading(
        at_s=at_s,
        requests=totals.get("voicesearch_requests_total", 0.0),
        shed=sum(sample.value for sample in errors if sample.labels["code"] in REFUSED),
        clips=totals["voicesearch_batch_size_sum"],
        batches=totals["voicesearch_batch_size_count"],
        queue_audio_s=totals["voicesearch_queue_audio_seconds"],
        busy_workers=totals["voicesearch_busy_workers"],
        pending_events=totals["voicesearch_pending_events"],
        cpu_s=totals.get("process_cpu_seconds_total"),
        memory_bytes=totals.get("process_resident_memory_bytes"),
    )


def signals(before: Reading, now: Reading, machine: Machine, *, loop_lag_s: float) -> dict[str, SignalValue]:
    """What happened between two readings, and how things stand at the second."""
    passed_s = now.at_s - before.at_s
    batches = now.batches - before.batches
    return {
        "rss_mib": None if now.memory_bytes is None else now.memory_bytes / 2**20,
        "cpu_share": _cpu_share(before, now, machine.cores),
        "load": os.getloadavg()[0] / machine.cores,
        "queue_audio_s": now.queue_audio_s,
        "busy_share": now.busy_workers / machine.workers,
        "throughput_per_s": (now.requests - before.requests) / passed_s,
        "shed_per_s": (now.shed - before.shed) / passed_s,
        "mean_batch_size": (now.clips - before.clips) / batches if batches else None,
        "event_loop_lag_ms": loop_lag_s * 1e3,
        "pending_events": now.pending_events,
    }


def _cpu_share(before: Reading, now: Reading, cores: int) -> float | None:
    if before.cpu_s is None or now.cpu_s is None:
        return None
    return (now.cpu_s - before.cpu_s) / (now.at_s - before.at_s) / cores


class Heartbeat:
    """Writes the event, again and again, while the server runs."""

    def __init__(
        self,
        samples: Callable[[], Sequence[Sample]],
        take: Callable[[Event], object],
        machine: Machine,
        *,
        slices: Mapping[str, str],
        interval_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._samples = samples
        self._take = take
        self._machine = machine
        self._slices = slices
        self._interval_s = interval_s
        self._clock = clock

    @asynccontextmanager
    async def beating(self) -> AsyncIterator[None]:
        """Beat until the block ends; an interval of 0 never beats."""
        if not self._interval_s:
            yield
            return
        async with beside(self._beat()):
            yield

    async def _beat(self) -> None:
        before = reading(self._samples(), self._clock())
        while True:
            loop_lag_s = await self._rest()
            now = reading(self._samples(), self._clock())
            self._write(signals(before, now, self._machine, loop_lag_s=loop_lag_s))
            before = now

    async def _rest(self) -> float:
        """Wait for the next beat; by how much the event loop was late meanwhile, at worst."""
        worst_s, end_s = 0.0, self._clock() + self._interval_s
        while (left_s := end_s - self._clock()) > 0:
            due_s = self._clock() + min(TICK_S, left_s)
            await asyncio.sleep(due_s - self._clock())
            worst_s = max(worst_s, self._clock() - due_s)
        return worst_s

    def _write(self, found: dict[str, SignalValue]) -> None:
        name = f"beat_{uuid.uuid4().hex}"
        event = Event(
            event_id=name, request_id=name, at=time.time(), kind=SERVER_EVENT, slices=dict(self._slices), signals=found
        )
        try:
            self._take(event)
        except MonitoringError as error:
            logger.warning("no heartbeat: %s", error)
