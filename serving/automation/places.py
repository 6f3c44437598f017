"""How many queries people can still take, counted here and now: a place is taken before a query waits for a person.

The database counts for all replicas and is read once in a while; what this replica has admitted since is added, so that
a burst here goes over no bound. What others admit meanwhile shows with the next reading. Knows no queue and no query.
"""

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from serving.automation.budget import Room
from serving.automation.workload import Workload


class Place:
    """Of one query that waits for a person."""

    def __init__(self) -> None:
        self.is_held = True
        self.is_in_queue = False

    def entered(self) -> None:
        """The query is in the queue: readings that begin from now on count it."""
        self.is_in_queue = True


class Places:
    """The places with people, for all threads of one replica; `read` is for one at a time."""

    def __init__(self, *, max_backlog: int, daily_budget: int) -> None:
        self.cut = math.inf
        """Only what is less confident is sent."""
        self._max_backlog, self._daily_budget = max_backlog, daily_budget
        self._workload = Workload()
        self._held = 0
        self._unread: set[Place] = set()
        self._lock = threading.Lock()

    @property
    def room(self) -> Room:
        """What people can take now."""
        with self._lock:
            waiting = self._workload.backlog + sum(place.is_held for place in self._unread)
            return Room(
                backlog=max(waiting, self._held),
                max_backlog=self._max_backlog,
                sent_today=self._workload.sent_today + len(self._unread),
                daily_budget=self._daily_budget,
                cut=self.cut,
            )

    @contextmanager
    def taken(self) -> Iterator[Place]:
        """One place, given back at the end."""
        place = Place()
        with self._lock:
            self._held += 1
            self._unread.add(place)
        try:
            yield place
        finally:
            with self._lock:
                self._held -= 1
                place.is_held = False
            # whatever became of it, it is in the queue by now or never will be
            place.entered()

    def read(self, workload: Callable[[], Workload]) -> None:
        """Count anew. Raises what `workload` raises, and then all stays as it was."""
        with self._lock:
            counted = {place for place in self._unread if place.is_in_queue}
        found = workload()
        with self._lock:
            self._workload = found
            self._unread -= counted
