"""How each class is answered now, as this replica knows it: read again every moment, looked up without waiting.

What an operator changes at one replica the others follow within `poll_s`. While the store is away, what was known last
stays; before it was ever read, the configuration holds.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

from monitoring.errors import MonitoringError
from serving.automation.record import EVERYONE, ClassState
from serving.automation.store import DegreeStore
from serving.background import beside

logger = logging.getLogger("voicesearch.automation")


class Degrees:
    """The present degrees."""

    def __init__(self, store: DegreeStore, default: ClassState, *, poll_s: float = 1.0) -> None:
        """`default` is the class `*` as the configuration has it."""
        self.store = store
        self._default = default
        self._poll_s = poll_s
        self._states: Mapping[str, ClassState] = {}
        self._is_away = False

    def of(self, tenant: str | None) -> ClassState:
        """How a tenant's queries are answered: by their own class, or as everyone's."""
        own = self._states.get(tenant) if tenant else None
        return own or self.everyone

    @property
    def everyone(self) -> ClassState:
        """The class `*`."""
        return self._states.get(EVERYONE, self._default)

    @property
    def all(self) -> list[ClassState]:
        """Every class there is, `*` first."""
        return [self.everyone, *(state for name, state in self._states.items() if name != EVERYONE)]

    def start_of(self, traffic_class: str) -> ClassState:
        """What a class is before its first change: what everyone's is now, under its own name."""
        state = self.everyone
        return state if traffic_class == EVERYONE else replace(state, traffic_class=traffic_class, version=0)

    def own(self, traffic_class: str) -> ClassState:
        """The class of that name, also where it was never changed."""
        return self._states.get(traffic_class) or self.start_of(traffic_class)

    def refresh(self) -> None:
        """Read all of them now. Raises what the store raises."""
        self._states = self.store.every()

    @asynccontextmanager
    async def followed(self) -> AsyncIterator[None]:
        """Read once, then again and again until the block ends."""
        await self._try()
        async with beside(self._go_on()):
            yield

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(self._poll_s)
            await self._try()

    async def _try(self) -> None:
        try:
            await asyncio.to_thread(self.refresh)
        except MonitoringError as error:
            if not self._is_away:
                logger.warning("degrees of automation cannot be read", extra={"problem": str(error)})
            self._is_away = True
        else:
            self._is_away = False
