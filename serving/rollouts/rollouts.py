"""The thin shell around rollouts: load, step, keep. Decides nothing itself, and loads no model."""

import logging
import time
from collections.abc import Callable, Mapping

from serving.errors import NotFound
from serving.rollouts.decision import Decision
from serving.rollouts.policy import Policy
from serving.rollouts.record import Assessment, Rollout, entry_of
from serving.rollouts.stages import Outcome, Strategy
from serving.rollouts.steps import Action, act, begin, follow
from serving.rollouts.store import RolloutStore, changed, other_settings
from serving.variants.variant import Variant

logger = logging.getLogger("voicesearch.rollouts")

START = "start"
"""The first line of every history."""


class Rollouts:
    """The rollouts of one service; any number of processes may hold one over the same database. Not for an event loop.

    Every method raises StoreUnavailable or StoreUnusable where the database does not answer.
    """

    def __init__(
        self,
        store: RolloutStore,
        configured: Mapping[str, Variant],
        *,
        newest_event: Callable[[], int],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`configured` are the variants of the configuration by name; `newest_event` is the store's position."""
        self.store = store
        self._configured = dict(configured)
        self._newest_event = newest_event
        self._clock = clock

    def known(self) -> dict[str, Variant]:
        """All variants by name; what once took part in a rollout stays what it was."""
        return self._configured | self.store.variants()

    def named(self, name: str) -> Variant:
        """The variant of that name. Raises NotFound, and Conflict where the configuration has changed it since."""
        known, configured = self.known(), self._configured.get(name)
        if name not in known:
            raise NotFound(f"there is no variant {name[:100]!r}; there are: {', '.join(sorted(known))}", "variant")
        if configured and configured.fingerprint != known[name].fingerprint:
            raise other_settings(name)
        return known[name]

    def check(self, variant: Variant, strategy: Strategy, policy: Policy) -> None:
        """Raises what `start` would raise, before anything is loaded."""
        if (known := self.known().get(variant.name)) and known.fingerprint != variant.fingerprint:
            raise other_settings(variant.name)
        begin(self.store.standing(), variant.name, strategy, policy, position=0, now=self._clock())

    def start(self, variant: Variant, strategy: Strategy, policy: Policy, *, by: str, note: str = "") -> Rollout:
        """Begin a rollout of a variant that can be loaded. Raises Conflict where another one goes on."""
        now, position = self._clock(), self._newest_event()
        with self.store.change() as change:
            rollout = begin(change.standing(), variant.name, strategy, policy, position=position, now=now)
            change.register(variant, now=now)
            change.add(rollout, entry_of(rollout, START, at=rollout.created_at, by=by, note=note))
        logger.info("rollout started", extra={"rollout": rollout.rollout_id, "candidate": variant.name, "by": by})
        return rollout

    def act(self, rollout_id: str, action: Action, *, by: str, note: str = "", seen: int | None = None) -> Rollout:
        """What a person does; `seen` is the version that they saw. Raises NotFound and Conflict."""
        now = self._clock()
        with self.store.change() as change:
            rollout, latest = change.get(rollout_id, seen=seen), change.standing().rollout
            after = changed(act(rollout, action, now=now, is_latest=rollout == latest))
            change.save(after, entry_of(after, action, at=now, by=by, note=note))
        logger.info("rollout %s", action, extra={"rollout": rollout_id, "stage": after.stage, "by": by})
        return after

    def decided(self, rollout: Rollout, decision: Decision, assessment: Assessment) -> Rollout:
        """Do what was decided about the rollout as it stood then; the rollout afterwards.

        A decision that changes nothing adds no line to the history. Raises Conflict where somebody was first.
        """
        now = self._clock()
        with self.store.change() as change:
            change.get(rollout.rollout_id, seen=rollout.version)
            change.assess(assessment)
            after = follow(rollout, decision.outcome, now=now)
            if after == rollout:
                return rollout
            after = changed(after)
            change.save(after, entry_of(after, decision.outcome, at=now, decision=assessment.decision))
        told = {"rollout": rollout.rollout_id, "stage": after.stage, "reasons": decision.text}
        logger.warning("rollout %s by itself", decision.outcome, extra=told)
        return after

    def give_up(self, rollout: Rollout, reason: str) -> Rollout:
        """Roll back since the candidate cannot be loaded. Raises Conflict where somebody was first."""
        now = self._clock()
        with self.store.change() as change:
            current = change.get(rollout.rollout_id)
            after = changed(follow(current, Outcome.ROLL_BACK, now=now))
            change.save(after, entry_of(after, Outcome.ROLL_BACK, at=now, note=reason))
        logger.error("rollout rolled back", extra={"rollout": rollout.rollout_id, "reason": reason})
        return after
