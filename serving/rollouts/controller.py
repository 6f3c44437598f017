"""Rollouts on one replica of a running server: commands, following, and watching the evidence. The thin shell of both.

A command waits until it is done here; other replicas follow within their poll. Knows no HTTP.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Final

from serving.background import beside
from serving.errors import BadField, Conflict
from serving.rollouts.evidence_watch import EvidenceWatch
from serving.rollouts.follower import Follower, Loaded
from serving.rollouts.layers import Table, policy_of
from serving.rollouts.policy import Policy
from serving.rollouts.record import Rollout
from serving.rollouts.rollouts import Rollouts
from serving.rollouts.stages import Strategy
from serving.rollouts.steps import Action
from serving.variants.variant import Variant

_IDLE_S: Final = 0.5
"""Pause where there are no new events."""


class Controller:
    """Belongs to one event loop."""

    def __init__(
        self,
        rollouts: Rollouts,
        follower: Follower,
        watch: EvidenceWatch,
        lineup: Loaded,
        *,
        policy: Table | None = None,
        signals: Collection[str] | None = None,
        measured: Callable[[Policy, str], Policy] = lambda policy, champion: policy,
        check_fit: Callable[[Variant], None] = lambda variant: None,
        poll_s: float = 0.5,
        close: Sequence[Callable[[], None]] = (),
    ) -> None:
        """`policy` is what the configuration says over the default one; `measured` fits one to the past of a champion.

        `signals` are those that a guardrail may have, None any; `check_fit` raises BadField for a variant that could
        never be loaded here; `close` is called at the end.
        """
        self.rollouts = rollouts
        self.follower = follower
        self.watch = watch
        self.lineup = lineup
        self._policy = policy or {}
        self._signals = signals
        self._measured = measured
        self._check_fit = check_fit
        self._poll_s = poll_s
        self._close = close

    async def catch_up(self) -> None:
        """Load and route as was decided before this replica started; to be waited for before it takes queries."""
        await self.follower.follow()
        await self.follower.settled()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow and watch until the block ends."""
        async with beside(self._follow_on()), beside(self._watch_on()):
            yield
        await self.follower.close()
        await asyncio.to_thread(self.watch.close)
        for close in self._close:
            close()

    async def start(
        self, variant: Variant | str, strategy: Strategy, over: Table, *, by: str, note: str = ""
    ) -> Rollout:
        """Load the variant, or the known one of that name, here; then begin. `over` goes over the policy.

        Raises BadField for an impossible policy or variant, NotFound, Conflict, and VariantUnavailable where it cannot
        be loaded.
        """
        try:
            policy = policy_of(self._policy, over, signals=self._signals)
        except ValueError as error:
            raise BadField(str(error), "policy") from None
        if isinstance(variant, str):
            variant = await asyncio.to_thread(self.rollouts.named, variant)
        await asyncio.to_thread(self.rollouts.check, variant, strategy, policy)
        await asyncio.to_thread(self._check_fit, variant)
        policy = await asyncio.to_thread(self._measured, policy, self.follower.routing.champion)
        with self.follower.reserving(variant.name):
            await self.lineup.load(variant)
            rollout = await asyncio.to_thread(self.rollouts.start, variant, strategy, policy, by=by, note=note)
            await self.follower.follow()
        return rollout

    async def act(
        self, rollout_id: str, action: Action, *, by: str, note: str = "", seen: int | None = None
    ) -> Rollout:
        """What a person does; `seen` is the version that they saw. Raises NotFound and Conflict."""
        if action in (Action.ADVANCE, Action.PROMOTE):
            await self._check_loaded(rollout_id)
        rollout = await asyncio.to_thread(self.rollouts.act, rollout_id, action, by=by, note=note, seen=seen)
        await self.follower.follow()
        return rollout

    async def _check_loaded(self, rollout_id: str) -> None:
        """Nobody is sent to a candidate that is not there."""
        rollout = await asyncio.to_thread(self.rollouts.store.get, rollout_id)
        if rollout.is_open and rollout.candidate not in self.lineup.names:
            reason = self.follower.problems.get(rollout.candidate, "it is being loaded")
            raise Conflict(f"the candidate {rollout.candidate} is not loaded on this replica: {reason}")

    async def _follow_on(self) -> None:
        while True:
            await self.follower.follow()
            await asyncio.sleep(self._poll_s)

    async def _watch_on(self) -> None:
        while True:
            rollout = self.follower.standing.open_rollout
            if not await asyncio.to_thread(self.watch.look, rollout):
                await asyncio.sleep(_IDLE_S)
