"""Keeps what users typed instead of what was recognized: weak labels that training data is made of.

The watch concludes it from sessions; `data_pipeline.ingest.event_store` reads it back. Knows no session.
"""

import logging
from collections import deque
from collections.abc import Sequence
from typing import Final

from monitoring.behaviour.conclusion import TYPED_DETAIL
from monitoring.errors import MonitoringError
from monitoring.events import Event
from monitoring.store import EventStore

logger = logging.getLogger(__name__)

MOST_WAITING: Final = 10_000


class Labels:
    """Stores derived events that carry a label. A store that is away delays them; past a bound the oldest are lost."""

    def __init__(self, store: EventStore) -> None:
        self.lost = 0
        """Labels that had to be let go."""
        self._store = store
        self._waiting: deque[Event] = deque()

    def keep(self, derived: Sequence[Event]) -> None:
        """Take derived events; never raises, since nothing must hold up the monitor."""
        self._waiting.extend(event for event in derived if event.details.get(TYPED_DETAIL))
        while len(self._waiting) > MOST_WAITING:
            self._waiting.popleft()
            self.lost += 1
        if not self._waiting:
            return
        try:
            self._store.insert(list(self._waiting))
        except MonitoringError as error:
            logger.warning("%d labels wait for the event store: %s", len(self._waiting), error)
        else:
            self._waiting.clear()
