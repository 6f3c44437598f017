"""How many events are stored that the monitor has not kept, read every few seconds beside the event loop."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from monitoring.errors import MonitoringError
from serving.background import beside

logger = logging.getLogger("voicesearch.watch")


class WatchLag:
    """Reads it in a thread; where the store is away the last one stays."""

    def __init__(self, read: Callable[[], int], *, interval_s: float = 5.0) -> None:
        self.events = 0
        self._read = read
        self._interval_s = interval_s

    @asynccontextmanager
    async def measuring(self) -> AsyncIterator[None]:
        """Read again and again until the block ends."""
        async with beside(self._go_on()):
            yield

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(self._interval_s)
            try:
                self.events = await asyncio.to_thread(self._read)
            except MonitoringError as error:
                logger.debug("the lag of the watch cannot be read: %s", error)
