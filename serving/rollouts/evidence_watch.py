"""Gathers the evidence of the rollout that goes on, and does what is decided; on one replica at a time.

Reads the store of events from where the rollout began. Evidence and position are kept together, so that a kill counts
no event twice and loses none. Where the store is away it holds and says so. Knows no statistics and no model.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import orjson

from monitoring.behaviour.tracker import BehaviourTracker
from monitoring.errors import MonitoringError, UnusableState
from monitoring.events import Event
from monitoring.snapshots import Snapshots
from monitoring.store import EventStore
from monitoring.watch import Pace, Watch
from serving.errors import Conflict
from serving.rollout import decide
from serving.rollouts.decision import Decision, Reason
from serving.rollouts.evidence import EVIDENCE, Evidence
from serving.rollouts.gathering import Names, gathered
from serving.rollouts.record import Assessment, Rollout
from serving.rollouts.rollouts import Rollouts
from serving.rollouts.stages import Outcome, Stage

logger = logging.getLogger("voicesearch.rollouts")

_LENGTH_BYTES: Final = 8
LEASE_S: Final = 15.0
"""How long a replica that is silent is waited for."""
SAVE_EVERY_S: Final = 30.0

Objection = Callable[[Rollout], Reason | None]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was decided about a rollout as it stood then."""

    rollout: Rollout
    decision: Decision
    assessment: Assessment


class Judge:
    """The evidence of one rollout so far. A `monitoring.watch.Watcher`."""

    def __init__(self, rollout: Rollout, present: Callable[[], Rollout | None], objection: Objection) -> None:
        """`present` tells how the rollout stands now, `objection` what else speaks against its candidate."""
        self._names = Names(champion=rollout.champion, candidate=rollout.candidate)
        self._rollout = rollout
        self._present = present
        self._objection = objection
        self._tracker = BehaviourTracker()
        self._evidence = Evidence(since=rollout.created_at)

    def update(self, events: Sequence[Event]) -> None:
        """Take queries, what users did, and what is concluded from both."""
        self._look()
        concluded = self._tracker.update(events)
        self._evidence = gathered(self._evidence, (*events, *concluded), self._names, self._rollout.policy)

    def check(self, now: float) -> list[Judgement]:
        """What follows at `now`, seconds since 1970 UTC."""
        self._look()
        rollout = self._rollout
        decision = decide(rollout, self._evidence, now)
        if not rollout.paused and decision.outcome is not Outcome.ROLL_BACK and (reason := self._objection(rollout)):
            decision = Decision(outcome=Outcome.ROLL_BACK, reasons=(reason, *decision.reasons))
        evidence = EVIDENCE.dump_python(self._evidence, mode="json")
        document = orjson.loads(orjson.dumps(decision.as_document()))
        assessment = Assessment(rollout_id=rollout.rollout_id, at=now, decision=document, evidence=evidence)
        return [Judgement(rollout, decision, assessment)]

    def state(self) -> bytes:
        """All that it knows."""
        tracked = self._tracker.to_bytes()
        return len(tracked).to_bytes(_LENGTH_BYTES) + tracked + EVIDENCE.dump_json(self._evidence)

    def restore(self, state: bytes) -> None:
        """Go on from what `state` gave. Raises UnusableState."""
        end = _LENGTH_BYTES + int.from_bytes(state[:_LENGTH_BYTES])
        self._tracker.restore(state[_LENGTH_BYTES:end])
        try:
            self._evidence = EVIDENCE.validate_json(state[end:])
        except ValueError as error:
            raise UnusableState(f"this is no evidence of a rollout: {error}") from error

    def _look(self) -> None:
        """How the rollout stands now; a step that has begun begins its evidence."""
        found = self._present()
        if found and found.rollout_id == self._rollout.rollout_id:
            self._rollout = found
        rollout = self._rollout
        if rollout.stage is Stage.CANARY:
            next_share = rollout.policy.next_share(rollout.share)
            self._evidence = self._evidence.at_step(rollout.share, next_share, since=rollout.entered_at)
        elif self._evidence.step:
            self._evidence = replace(self._evidence, step=None)


class EvidenceWatch:
    """This replica's part in watching rollouts. Any thread may call it; one at a time is let in."""

    def __init__(
        self,
        store: EventStore,
        rollouts: Rollouts,
        *,
        owner: str,
        check_every_s: float,
        objection: Objection = lambda rollout: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`owner` is unique to this process."""
        self.held: Decision | None = None
        """Why nothing is decided at present; None where it is, here or on another replica."""
        self._store = store
        self._rollouts = rollouts
        self._owner = owner
        self._pace = Pace(check_every_s=check_every_s, save_every_s=SAVE_EVERY_S, lease_s=LEASE_S)
        self._objection = objection
        self._clock = clock
        self._present: Rollout | None = None
        self._watch: Watch[Judgement] | None = None
        self._watched: str | None = None
        self._one = threading.Lock()

    def look(self, rollout: Rollout | None) -> bool:
        """Take a page of events, and decide if it is time to; is there more to read at once?

        `rollout` is the one that goes on, as it stands. Never raises for a store that is away.
        """
        with self._one:
            try:
                more = self._step(rollout)
            except MonitoringError as error:
                self._hold(rollout, error)
                return False
            self.held = None
            return more

    def close(self) -> None:
        """Keep what is known, and let another replica go on."""
        with self._one:
            watch, self._watch, self._watched = self._watch, None, None
            if watch:
                try:
                    watch.finish()
                except MonitoringError as error:
                    logger.warning("the evidence of a rollout was not kept at the end: %s", error)

    def _step(self, rollout: Rollout | None) -> bool:
        self._present = rollout
        if self._watched and (rollout is None or rollout.rollout_id != self._watched):
            self._forget(self._watched)
        if rollout is None:
            return False
        if self._watch is None:
            self._watch, self._watched = self._begun(rollout), rollout.rollout_id
        return self._watch.step()

    def _begun(self, rollout: Rollout) -> Watch[Judgement]:
        def begin(state: bytes | None) -> Judge:
            judge = Judge(rollout, lambda: self._present, self._objection)
            if state is not None:
                judge.restore(state)
            return judge

        return Watch(
            self._store,
            begin,
            self._follow,
            name=_name(rollout.rollout_id),
            owner=self._owner,
            clock=self._clock,
            start=rollout.position,
            pace=self._pace,
        )

    def _forget(self, rollout_id: str) -> None:
        """What was known of a rollout that is over is of no more use."""
        watch, self._watch, self._watched = self._watch, None, None
        if watch:
            watch.finish()
            Snapshots(self._store, _name(rollout_id)).forget()

    def _follow(self, judgements: list[Judgement]) -> None:
        for one in judgements:
            try:
                self._present = self._rollouts.decided(one.rollout, one.decision, one.assessment)
            except Conflict as error:
                logger.info("a decision came too late: %s", error)

    def _hold(self, rollout: Rollout | None, error: MonitoringError) -> None:
        if rollout and self.held is None:
            self.held = decide(rollout, None, self._clock())
            logger.error("rollouts: %s", self.held.text, extra={"problem": str(error)})


def _name(rollout_id: str) -> str:
    return f"rollout/{rollout_id}"
