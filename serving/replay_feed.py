"""Reads history for a replay in a process of its own: lines to events, to behaviour, to columns.

Half of the work of a replay is this; the other half, the monitor's, goes on beside it. Batches come in order, a few
are ahead, so that neither waits while the other has more to do. The process ends when nobody takes them any more.
"""

import gc
import multiprocessing
import pickle
import signal
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitoring.admission import Admission, AdmissionCounts
from monitoring.columns import ColumnReader, Columns
from monitoring.errors import MonitoringError
from monitoring.event_lines import STDIN, LinesRead, read
from monitoring.events import Event
from monitoring.store import EventStore, Selection
from serving.monitoring_settings import MonitoringSettings
from serving.watching import derivations_of, watched_of

BATCH: Final = 4_000
AHEAD: Final = 8
"""Batches that wait until they are taken; each is some megabytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Which events."""

    path: Path | None = None
    """A file; `-` is the standard input."""
    url: str | None = None
    """Else a store."""
    since: float | None = None
    """Seconds since 1970 UTC."""
    until: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fed:
    """One batch, ready for the monitor."""

    columns: Columns
    events: int
    """That were let in; rows of behaviour come on top."""
    requests: NDArray[np.float64]
    """When each request came that was among them, seconds since 1970 UTC."""
    counts: AdmissionCounts
    """Of all so far."""
    lines: LinesRead
    failures: dict[str, int]
    """Of all so far: values of each signal that could not be read."""


@contextmanager
def feeding(history: History, settings: MonitoringSettings) -> Iterator[Iterator[Fed]]:
    """The batches of a history, made beside the caller, but for the standard input.

    Taking them raises errors of the file or the store.
    """
    if history.path == STDIN:
        yield fed(history, settings)
        return
    here, there = multiprocessing.get_context("spawn").Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=_feed, args=(there, history, settings), daemon=True)
    process.start()
    there.close()
    try:
        yield _taken(here)
    finally:
        here.close()
        process.terminate()
        process.join()


def fed(history: History, settings: MonitoringSettings) -> Iterator[Fed]:
    """The same in this process."""
    watched = watched_of(settings)
    admission, reader, derivations = Admission(), ColumnReader(watched.signals), derivations_of(watched)
    lines, shared = LinesRead(), _Shared()
    for batch in _batches(history, lines):
        events = admission.admit(batch, now=time.time())
        derived = [event for one in derivations for event in one.update(events)]
        columns = reader.read([*events, *derived])
        yield Fed(
            columns=replace(columns, slices=shared.of(columns.slices)),
            events=len(events),
            requests=np.array([event.at for event in events if event.event_id == event.request_id], np.float64),
            counts=admission.counts,
            lines=lines,
            failures=dict(reader.failures),
        )


class _Shared:
    """Equal slices become one object, which is sent once."""

    def __init__(self) -> None:
        self._known: dict[tuple[tuple[str, str], ...], Mapping[str, str]] = {}

    def of(self, slices: Sequence[Mapping[str, str]]) -> tuple[Mapping[str, str], ...]:
        if len(self._known) > 100_000:
            self._known.clear()
        objects = list(map(id, slices))  # those of a file are shared already
        distinct = dict(zip(objects, slices, strict=True))
        shared = {one: self._known.setdefault(tuple(fields.items()), fields) for one, fields in distinct.items()}
        return tuple(map(shared.__getitem__, objects))


def _batches(history: History, lines: LinesRead) -> Iterator[list[Event]]:
    if history.path is None:
        yield from _stored(history)
        return
    since, until = history.since or float("-inf"), history.until or float("inf")
    for batch in read(history.path, lines, batch_size=BATCH):
        yield batch if history.since == history.until else [event for event in batch if since <= event.at < until]
    yield []  # brings the counts of the last lines, of which none need be an event


def _stored(history: History) -> Iterator[list[Event]]:
    store = EventStore.open(str(history.url))
    batch: list[Event] = []
    try:
        for event in store.events(Selection(since=history.since, until=history.until)):
            batch.append(event)
            if len(batch) == BATCH:
                yield batch
                batch = []
    finally:
        store.close()
    yield batch


def _feed(there: Connection, history: History, settings: MonitoringSettings) -> None:
    """What the process does; a sent error is raised where the batches are taken."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one that takes the batches says when to end
    gc.disable()  # events have no cycles, and looking for some takes a quarter of the time
    with suppress(BrokenPipeError):
        _send(there, _fed_or_error(history, settings))


def _fed_or_error(history: History, settings: MonitoringSettings) -> Iterator[Fed | Exception | None]:
    """The batches, then None, or what went wrong."""
    try:
        yield from fed(history, settings)
    except (MonitoringError, OSError, ValueError) as error:
        yield error
    else:
        yield None


def _send(there: Connection, things: Iterable[object]) -> None:
    """Send in order, beside the making of the next. Raises BrokenPipeError when nobody takes them."""
    with ThreadPoolExecutor(1) as sender:
        waiting: deque[Future[None]] = deque()
        for one in things:
            waiting.append(sender.submit(there.send_bytes, pickle.dumps(one, pickle.HIGHEST_PROTOCOL)))
            while waiting and (waiting[0].done() or len(waiting) > AHEAD):
                waiting.popleft().result()
        for sent in waiting:
            sent.result()


def _taken(here: Connection) -> Iterator[Fed]:
    while True:
        try:
            one = here.recv()
        except EOFError:
            raise OSError("the process that reads the events has died") from None
        if one is None:
            return
        if isinstance(one, Exception):
            raise one
        yield one
