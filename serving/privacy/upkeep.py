"""Purges, and looks after deletions, beside the requests: one server of many at a time. Decides nothing itself."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from monitoring.errors import MonitoringError
from monitoring.lease import Lease
from serving.background import beside
from serving.privacy.deletions import Deletions
from serving.privacy.erase_user import run_pass
from serving.privacy.holdings import Holdings, open_holdings
from serving.privacy.retention import Purged, purge
from serving.settings import Settings

logger = logging.getLogger("voicesearch.privacy")

LEASE: Final = "privacy"
LEASE_S: Final = 600.0
HOUR_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Tended:
    """What was done in one go."""

    purged: list[Purged]
    passes: int
    """Over deletions that are looked after."""


def tend(holdings: Holdings, *, go_on: Callable[[], bool] = lambda: True) -> Tended:
    """Purge, then go through the deletions that are looked after. Raises StoreUnavailable or StoreUnusable."""
    purged, passes = purge(holdings, time.time(), go_on=go_on), 0
    for user_id, deletion_id in Deletions(holdings.state).looked_after():
        if not go_on():
            break
        run_pass(holdings, user_id, deletion_id, now=time.time())
        passes += 1
    return Tended(purged, passes)


class PrivacyUpkeep:
    """Does that every `privacy.purge_every_h`, where no other server does."""

    def __init__(self, settings: Settings, *, owner: str) -> None:
        self._settings = settings
        self._owner = owner
        self._every_s = settings.privacy.purge_every_h * HOUR_S

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Until the block ends; what is under way then is finished."""
        async with beside(self._go_on()):
            yield

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            try:
                await asyncio.to_thread(self._tend)
            except Exception as error:  # a purge that dies would keep everything for ever
                expected = isinstance(error, MonitoringError | OSError)
                logger.error("not all could be purged: %s", error, exc_info=None if expected else error)

    def _tend(self) -> None:
        with open_holdings(self._settings) as holdings:
            lease = Lease(holdings.events, LEASE, owner=self._owner, lasts_s=LEASE_S)
            if lease.take():
                tend(holdings, go_on=lease.take)
                lease.give_back()
