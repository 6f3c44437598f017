"""One replica's part in a rollout: it routes and loads as the database says, and never to what is not loaded here.

Reads again every so often, and at once after a command on this replica. Loads go on beside that, so that nobody waits
for one to go back. Where the database is away, all stays as it is. Knows no evidence.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Final, Protocol

from monitoring.errors import MonitoringError
from serving.errors import Conflict
from serving.rollouts.record import Standing
from serving.rollouts.rollouts import Rollouts
from serving.traffic import Routing, Traffic
from serving.variants.variant import Variant

logger = logging.getLogger("voicesearch.rollouts")

TRY_AGAIN_S: Final = 30.0
"""After which time a variant that could not be loaded is tried again."""
FIRST: Final = 0
"""Niceness of who answers users."""


class Prioritised(Protocol):
    """A loaded variant."""

    async def prioritise(self, niceness: int) -> None:
        """Run with that niceness from now on."""


class Loaded(Protocol):
    """The variants that are loaded here; `serving.variants.lineup` has the one that is meant."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of those that can answer."""

    def get(self, name: str) -> Prioritised:
        """The variant of that name."""

    async def load(self, variant: Variant) -> object:
        """Load and warm a variant, unless it is there."""

    async def unload(self, name: str, drain_s: float) -> None:
        """Let it finish its queries, and let go of it."""


class Follower:
    """Belongs to one event loop."""

    def __init__(
        self,
        rollouts: Rollouts,
        lineup: Loaded,
        traffic: Traffic,
        *,
        keep: Collection[str] = (),
        replica: str = "this replica",
        drain_s: float = 10.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`keep` are names that are loaded whatever happens, since they step in for the champion.

        `replica` is what this one is called in histories.
        """
        self.standing = Standing()
        """What was read last."""
        self.problems: dict[str, str] = {}
        """What does not work at present, by what it is about: a variant's name, or "database"."""
        self._rollouts = rollouts
        self._lineup = lineup
        self._traffic = traffic
        self._keep = tuple(keep)
        self._replica = replica
        self._drain_s = drain_s
        self._clock = clock
        self._reading = asyncio.Lock()
        self._reserved: Counter[str] = Counter()
        self._failed_at: dict[str, float] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        """What goes on beside, by what it is about: the name of a variant that is loaded or unloaded."""
        self._first: set[str] = set()

    @property
    def routing(self) -> Routing:
        """Who answers whom on this replica."""
        return self._traffic.routing

    async def follow(self) -> None:
        """Read once and do as it says, but for loads, which begin. Never raises for a database that is away."""
        async with self._reading:
            try:
                standing, known = await asyncio.to_thread(self._read)
            except MonitoringError as error:
                self._note("database", str(error))
                return
            self._note("database", None)
            self._apply(standing, known)

    async def settled(self) -> None:
        """Wait until what is being loaded or unloaded now is done."""
        while self._tasks:
            await asyncio.wait(self._tasks.values())

    async def close(self) -> None:
        """Give up what goes on."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @contextmanager
    def reserving(self, name: str) -> Iterator[None]:
        """A variant of that name is not unloaded before the block ends."""
        self._reserved[name] += 1
        try:
            yield
        finally:
            self._reserved[name] -= 1

    def _read(self) -> tuple[Standing, Mapping[str, Variant]]:
        return self._rollouts.store.standing(), self._rollouts.known()

    def _apply(self, standing: Standing, known: Mapping[str, Variant]) -> None:
        wanted = dict.fromkeys((*standing.wanted(self._clock()), *self._keep))
        self.standing = standing
        self._traffic.routing = restricted(standing.routing, self._lineup.names, self._traffic.routing.champion)
        for name in wanted.keys() - set(self._lineup.names):
            if self._may_try(name):
                self._begin(name, self._load(name, known.get(name)))
        routed = {self._traffic.routing.champion, self._traffic.routing.candidate}
        for name in self._lineup.names:
            if name not in wanted and name not in routed and not self._reserved[name]:
                self._begin(name, self._lineup.unload(name, self._drain_s))
        self._let_answerers_go_first()

    def _let_answerers_go_first(self) -> None:
        """What answers users runs before what is only heard for nothing."""
        routing = self._traffic.routing
        candidates = [routing.candidate] if routing.candidate and routing.share else []
        answering = {routing.champion, *candidates, *self._keep} & set(self._lineup.names)
        for name in answering - self._first:
            self._begin(f"{name}, first", self._lineup.get(name).prioritise(FIRST))
        self._first = answering

    def _may_try(self, name: str) -> bool:
        failed_at = self._failed_at.get(name)
        return failed_at is None or not 0 <= self._clock() - failed_at < TRY_AGAIN_S

    def _begin(self, name: str, work: Coroutine[None, None, None]) -> None:
        """Do it beside, one at a time for each name."""
        if name in self._tasks:
            work.close()
            return
        task = asyncio.ensure_future(work)
        self._tasks[name] = task
        task.add_done_callback(lambda done: self._ended(name, done))

    def _ended(self, name: str, task: "asyncio.Task[None]") -> None:
        del self._tasks[name]
        if not task.cancelled() and (error := task.exception()):
            logger.error("the variant %s does not follow: %r", name, error)

    async def _load(self, name: str, variant: Variant | None) -> None:
        try:
            if variant is None:
                raise LookupError(f"there is no variant {name!r}")
            await self._lineup.load(variant)
        except Exception as error:  # whatever a variant does while it is loaded, those that are loaded go on
            await self._give_up(name, str(error) or type(error).__name__)
        else:
            self._failed_at.pop(name, None)
            self._note(name, None)
        await self.follow()

    async def _give_up(self, name: str, reason: str) -> None:
        self._failed_at[name] = self._clock()
        self._note(name, reason)
        rollout = self.standing.open_rollout
        if rollout and rollout.candidate == name:
            why = f"{name} cannot be loaded on {self._replica}: {reason}"
            try:
                await asyncio.to_thread(self._rollouts.give_up, rollout, why)
            except (MonitoringError, Conflict) as error:
                logger.warning("the rollout was not rolled back: %s", error)

    def _note(self, about: str, problem: str | None) -> None:
        if problem is None:
            self.problems.pop(about, None)
        elif self.problems.get(about) != problem:
            self.problems[about] = problem
            logger.error("rollouts: %s", problem)


def restricted(routing: Routing, loaded: Collection[str], present: str) -> Routing:
    """The routing, to what is loaded here only; where the champion is not, whoever answers at `present`, or anybody.

    >>> restricted(Routing(champion="b", candidate="c", share=0.5), ["a"], "a")
    Routing(champion='a', candidate=None, share=0.0, shadow_share=0.0, salt='')
    """
    if routing.champion not in loaded:
        return Routing(champion=present if present in loaded or not loaded else next(iter(loaded)))
    if routing.candidate is not None and routing.candidate not in loaded:
        return replace(routing, candidate=None, share=0.0, shadow_share=0.0)
    return routing
