"""How long an engine rests that crashes again and again. Knows no process."""

import threading
import time
from collections.abc import Callable
from typing import Final

FREE: Final = 2
"""Crashes in a row after which it starts again at once: one recording in a batch, and once more alone."""
FIRST_S: Final = 1.0
LONGEST_S: Final = 60.0


class Backoff:
    """Crashes since the last success, of all processes that share an engine; threads may share it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._crashes = 0
        self._until_s = 0.0

    @property
    def wait_s(self) -> float:
        """Seconds until it may start again; 0 for at once."""
        with self._lock:
            return max(0.0, self._until_s - self._clock())

    @property
    def crashes(self) -> int:
        """Crashes since the last success."""
        return self._crashes

    def crashed(self) -> None:
        """One more crash: the rest doubles with each beyond the first few."""
        with self._lock:
            self._crashes += 1
            if (extra := self._crashes - FREE) > 0:
                self._until_s = self._clock() + min(LONGEST_S, FIRST_S * 2.0 ** min(extra - 1, 10))

    def succeeded(self) -> None:
        """It works: what was before is forgotten."""
        with self._lock:
            self._crashes = 0
            self._until_s = 0.0
