"""How many alarms are open, read from the store every few seconds and never while somebody waits for an answer."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from monitoring.alarms.policy import Severity
from monitoring.errors import MonitoringError
from serving.background import beside

logger = logging.getLogger("voicesearch.alarms")


class AlarmCounts:
    """Reads the counts in a thread and hands them on."""

    def __init__(
        self,
        read: Callable[[], Mapping[str, int]],
        observe: Callable[[Mapping[str, int]], None],
        *,
        interval_s: float = 5.0,
    ) -> None:
        self._read = read
        self._observe = observe
        self._interval_s = interval_s
        self._is_away = False

    @asynccontextmanager
    async def counting(self) -> AsyncIterator[None]:
        """Read again and again until the block ends."""
        self._observe(dict.fromkeys(Severity, 0))
        async with beside(self._go_on()):
            yield

    async def _go_on(self) -> None:
        while True:
            await self._count()
            await asyncio.sleep(self._interval_s)

    async def _count(self) -> None:
        """Count once; where the store is away the last counts stay, and that is said once."""
        try:
            counts = await asyncio.to_thread(self._read)
        except MonitoringError as error:
            if not self._is_away:
                logger.warning("alarms cannot be counted", extra={"problem": str(error)})
            self._is_away = True
        else:
            self._is_away = False
            self._observe({severity: counts.get(severity, 0) for severity in Severity})
