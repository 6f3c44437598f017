"""The event log of one server process: take an event in microseconds, store it soon, lose none.

Puts together the journal (safe at once), the writer (off the request path) and the store (for good).
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

from monitoring.errors import MonitoringError, StoreUnavailable
from monitoring.events import Event, checked
from monitoring.journal import Journal
from monitoring.store import EventStore
from monitoring.writer import EventWriter

logger = logging.getLogger(__name__)

DEFAULT_MAX_BYTES: Final = 256 * 1024 * 1024


class EventLog:
    """Threads may share it; each process opens its own, after a fork. Several may use one folder."""

    def __init__(
        self,
        journal: Journal,
        store: EventStore,
        writer: EventWriter,
        clean: Callable[[Event], Event] = lambda event: event,
    ) -> None:
        self.store = store
        """For reading; it lags behind by what is pending."""
        self.nulled_signals = 0
        """Signals that were NaN or infinite and were stored as None."""
        self._journal = journal
        self._writer = writer
        self._clean = clean

    @classmethod
    def open(
        cls,
        address: str,
        folder: Path,
        *,
        max_bytes: int = DEFAULT_MAX_BYTES,
        batch_size: int = 1_000,
        linger_s: float = 0.05,
        max_delay_s: float = 10.0,
        fsync: bool = False,
        clean: Callable[[Event], Event] = lambda event: event,
    ) -> Self:
        """Open the store at `address` and the journal in `folder`, and replay what a dead process left there.

        A database that is away does not stop this: events wait in the journal, up to `max_bytes` of them, and
        the writer tries again, at first soon and then every `max_delay_s`. `fsync` guards against power cuts
        too, at a price for each event. `clean` takes out what must not be kept, before anything is written.
        Raises StoreUnusable or JournalUnwritable.
        """
        store = EventStore.open(address, fsync=fsync)
        journal = Journal(folder, max_bytes=max_bytes, batch_size=batch_size, fsync=fsync)
        writer = EventWriter(journal, store, linger_s=linger_s, max_delay_s=max_delay_s)
        try:
            writer.problem = _problem_of(store)
            journal.open()
        except MonitoringError:
            store.close()
            raise
        writer.start()
        return cls(journal, store, writer, clean)

    def append(self, event: Event, *, known_new: bool = False) -> bool:
        """Take an event; True if its id was new. When this returns, the event outlives the process.

        `known_new` spares the look-up in the database, for identifiers that this server has just made. While
        the database is away only pending events are looked through; an event is never stored twice all the same.
        Raises InvalidEvent, JournalFull, JournalUnwritable or JournalClosed; then it was not taken.
        """
        event, nulled = checked(event)
        event = self._clean(event)
        if not known_new and self._is_stored(event.event_id):
            return False
        taken = self._journal.append(event)
        if taken:
            self.nulled_signals += nulled
        return taken

    def has_request(self, request_id: str) -> bool:
        """Did that request leave its event, pending or stored? Raises StoreUnavailable if nobody can say."""
        if self._journal.request_of(request_id) == request_id:
            return True
        if self._writer.problem is not None:
            raise StoreUnavailable(self._writer.problem)
        return self.store.has_request(request_id)

    @property
    def pending(self) -> int:
        """Events that were taken and are not yet in the database."""
        return self._journal.pending

    @property
    def bad_lines(self) -> int:
        """Journal lines that were no events and were put aside."""
        return self._journal.bad_lines

    @property
    def problem(self) -> str | None:
        """Why the database takes no events at present; None if it does."""
        return self._writer.problem

    @property
    def healthy(self) -> bool:
        """Does the database take events?"""
        return self.problem is None

    def flush(self, timeout_s: float) -> bool:
        """Wait until what was taken before has left the journal for the database; False if time runs out."""
        return self._journal.flush(timeout_s)

    def close(self, timeout_s: float = 10.0) -> bool:
        """Take no more, store what is pending within `timeout_s`; False if some is left behind."""
        self._writer.stop(timeout_s)
        left = self._journal.pending
        self._journal.release()
        self.store.close()
        if left:
            logger.warning("%d events are left in the journal for the next start", left)
        return not left

    def _is_stored(self, event_id: str) -> bool:
        if not self.healthy:
            return False
        try:
            return self.store.has_event(event_id)
        except StoreUnavailable:
            return False


def _problem_of(store: EventStore) -> str | None:
    try:
        store.prepare()
    except StoreUnavailable as error:
        logger.error("starting without the event store: %s", error)
        return str(error)
    return None
