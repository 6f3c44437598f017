"""Carries events from the journal to the database, in a thread of its own.

Knows when to try again and how long to wait; knows neither SQL nor files.
"""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Protocol

from monitoring.errors import InvalidEvent, MonitoringError
from monitoring.events import Event, encode
from monitoring.journal import Batch, Journal
from monitoring.segment import framed

logger = logging.getLogger(__name__)

_FIRST_DELAY_S: Final = 0.1


class Sink(Protocol):
    """Where events go for good."""

    def insert(self, events: Sequence[Event]) -> None:
        """Store all or none; an event that is there already is skipped. No events: see whether it answers.

        Raises InvalidEvent if one of them will never be taken, StoreError if trying again may help.
        """


class EventWriter:
    """One thread that empties a journal into a sink, in batches."""

    def __init__(self, journal: Journal, sink: Sink, *, linger_s: float, max_delay_s: float) -> None:
        self.problem: str | None = None
        """Why the last batch could not be stored; None if it could."""
        self._journal = journal
        self._sink = sink
        self._linger_s = linger_s
        self._max_delay_s = max_delay_s
        self._stopping = threading.Event()
        self._give_up_at = float("inf")
        self._thread = threading.Thread(target=self._run, name="event-writer", daemon=True)

    def start(self) -> None:
        """Begin to carry."""
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Close the journal, carry what it holds for at most `timeout_s`, end the thread."""
        self._give_up_at = time.monotonic() + timeout_s
        self._stopping.set()
        self._journal.close()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        delay_s = _FIRST_DELAY_S
        while self.problem is not None or self._journal.wait(linger_s=self._linger_s):
            try:
                self._carry(self._journal.read())
            except Exception as error:  # a writer that dies would fill the journal without a word
                self._complain(error)
                if not self._pause(delay_s):
                    return
                delay_s = min(2 * delay_s, self._max_delay_s)
            else:
                self._recover()
                delay_s = _FIRST_DELAY_S

    def _carry(self, batch: Batch | None) -> None:
        try:
            self._sink.insert(batch.events if batch is not None else ())
        except InvalidEvent:
            batch = batch and self._carry_singly(batch)
        if batch is not None:
            self._journal.commit(batch)

    def _carry_singly(self, batch: Batch) -> Batch:
        """One event that the sink refuses for ever must not hold up the others."""
        refused = []
        for event in batch.events:
            try:
                self._sink.insert([event])
            except InvalidEvent as error:
                logger.error("the database refuses the event %s: %s", event.event_id, error)
                refused.append(framed(encode(event)))
        return replace(batch, bad=(*batch.bad, *refused))

    def _pause(self, delay_s: float) -> bool:
        """Wait before the next try; False if nothing is left, or no time of what `stop` allowed."""
        if not self._stopping.wait(delay_s):
            return True
        left_s = self._give_up_at - time.monotonic()
        time.sleep(max(0.0, min(_FIRST_DELAY_S, left_s)))
        return left_s > _FIRST_DELAY_S and self._journal.pending > 0

    def _complain(self, error: Exception) -> None:
        if self.problem is None:
            expected = isinstance(error, MonitoringError | OSError)
            logger.error("events wait in the journal: %s", error, exc_info=None if expected else error)
        self.problem = str(error) or type(error).__name__

    def _recover(self) -> None:
        if self.problem is not None:
            logger.info("events are stored again")
        self.problem = None
