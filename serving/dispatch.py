"""Which variant works on a query, and who steps in where it cannot.

A query of the candidate's share that the candidate fails is answered by the champion, so a poison recording costs its
sender some time and nobody an answer. Where the champion has no room, a cheaper variant may answer instead of
nobody. Knows no query: work is a function of a loaded variant.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from asr.errors import AsrError
from serving.errors import Overloaded
from serving.traffic import Traffic, assigned
from serving.variants.lineup import Lineup
from serving.variants.loaded import LoadedVariant

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

AT_ONCE_S: Final = 0.05
"""A refusal that took longer came after work was done, and leaves no time in which a second variant could answer."""


@dataclass(frozen=True, slots=True)
class Dispatched(Generic[Result]):
    """What was worked out, and by whom."""

    result: Result
    variant: LoadedVariant
    """Who did it."""
    fallback: bool = False
    """The variant that it was meant for failed."""
    degraded: bool = False
    """It had no room, and a cheaper variant stepped in."""


class Dispatcher:
    """Finds the variant for each query."""

    def __init__(self, lineup: Lineup, traffic: Traffic, *, degrade_to: str | None = None) -> None:
        """`degrade_to` names the variant that answers where there is no room; None turns such queries away."""
        self.lineup = lineup
        self.traffic = traffic
        self._degrade_to = degrade_to

    @property
    def champion(self) -> LoadedVariant:
        """The variant that answers, but for what a rollout gives to another."""
        return self.lineup.get(self.traffic.routing.champion)

    def assign(self, unit: str, *, wanted: str | None = None) -> str:
        """The name of the variant that a user's queries are meant for. Raises NotFound where `wanted` is not loaded.

        A candidate that is not loaded here, as on a replica that has just started, has no users here yet.
        """
        routing = self.traffic.routing
        name = assigned(routing, unit, wanted=wanted)
        if wanted is None and name not in self.lineup.names:
            return routing.champion
        self.lineup.get(name)
        return name

    async def run(
        self, name: str, work: Callable[[LoadedVariant], Awaitable[Result]], *, insist: bool = False
    ) -> Dispatched[Result]:
        """Let the variant of that name work, or whoever steps in; with `insist` nobody does.

        Raises what the work raises: of a candidate only what is the recording's fault.
        """
        champion = self.traffic.routing.champion
        if insist or name == champion:
            return await self._with_room(name, work)
        try:
            return await self._candidate(name, work)
        except AsrError:
            raise
        except Exception as error:  # whatever a candidate does, its users get an answer
            logger.warning("%s failed a query, which %s answers: %r", name, champion, error)
        stepped_in = await self._with_room(champion, work)
        return Dispatched(stepped_in.result, stepped_in.variant, fallback=True, degraded=stepped_in.degraded)

    async def _candidate(self, name: str, work: Callable[[LoadedVariant], Awaitable[Result]]) -> Dispatched[Result]:
        with self.lineup.holding(name) as variant:
            async with asyncio.timeout(variant.variant.timeout_s):
                return Dispatched(await work(variant), variant)

    async def _with_room(self, name: str, work: Callable[[LoadedVariant], Awaitable[Result]]) -> Dispatched[Result]:
        began = time.monotonic()
        try:
            with self.lineup.holding(name) as variant:
                return Dispatched(await work(variant), variant)
        except Overloaded:
            cheaper, is_late = self._degrade_to, time.monotonic() - began > AT_ONCE_S
            if is_late or cheaper is None or cheaper == name or cheaper not in self.lineup.names:
                raise
        with self.lineup.holding(cheaper) as variant:
            return Dispatched(await work(variant), variant, degraded=True)
