"""What people and decisions do to a rollout. Pure functions from a rollout to the rollout afterwards.

One step at a time, whoever takes it: nothing skips a step of the canary but a person's `promote`. Knows no evidence,
no clock and no database.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Final

from serving.errors import Conflict
from serving.rollouts.policy import Policy
from serving.rollouts.record import Rollout, Standing, new_rollout_id
from serving.rollouts.stages import Outcome, Stage, Strategy

FIRST_STAGE: Final = {
    Strategy.SHADOW: Stage.SHADOW,
    Strategy.CANARY: Stage.CANARY,
    Strategy.BLUE_GREEN: Stage.STANDBY,
}


class Action(StrEnum):
    """What a person can do with a rollout."""

    ADVANCE = "advance"
    """One step on: from shadow to the first step of a canary, or to the next step."""
    PAUSE = "pause"
    """Nothing goes on by itself; the share stays as it is."""
    RESUME = "resume"
    """It goes on by itself again."""
    PROMOTE = "promote"
    """The candidate is the champion, for everybody at once; the old one stays warm."""
    ROLLBACK = "rollback"
    """Everybody gets the old champion, also after a switch while that is still warm."""
    END = "end"
    """It is over without a switch."""


def begin(
    standing: Standing, candidate: str, strategy: Strategy, policy: Policy, *, position: int, now: float
) -> Rollout:
    """A rollout that begins now. Raises Conflict where another goes on, or the candidate answers already."""
    if other := standing.open_rollout:
        raise Conflict(
            f"the rollout {other.rollout_id} of {other.candidate} goes on ({described(other)}); end it first"
        )
    if candidate == standing.champion.name:
        raise Conflict(f"{candidate} is the champion already", "variant")
    last = standing.rollout
    return Rollout(
        rollout_id=new_rollout_id(),
        candidate=candidate,
        champion=standing.champion.name,
        strategy=strategy,
        stage=FIRST_STAGE[strategy],
        policy=policy,
        created_at=now if last is None else max(now, last.created_at + 0.001),  # clocks differ, the order must not
        entered_at=now,
        position=position,
    )


def act(rollout: Rollout, action: Action, *, now: float, is_latest: bool = True) -> Rollout:
    """The rollout after what a person does; nobody need be asked any more.

    A switch can be undone while the old champion is warm and no other rollout came after it. Raises Conflict for what
    cannot be done.
    """
    undoes = action is Action.ROLLBACK and is_latest and rollout.can_be_undone(now)
    if not rollout.is_open and not undoes:
        raise Conflict(f"the rollout {rollout.rollout_id} is over ({described(rollout)}); there is nothing to {action}")
    return replace(_ACTIONS[action](rollout, now), asked_person_since=None)


def follow(rollout: Rollout, outcome: Outcome, *, now: float) -> Rollout:
    """The rollout after a decision; the same where it holds. Raises Conflict where it is over or paused."""
    if not rollout.is_open or (rollout.paused and outcome in (Outcome.ADVANCE, Outcome.PROMOTE)):
        raise Conflict(f"the rollout {rollout.rollout_id} does not go on by itself: {described(rollout)}")
    match outcome:
        case Outcome.HOLD:
            return replace(rollout, asked_person_since=None)
        case Outcome.ASK:
            asked = rollout.asked_person_since
            return replace(rollout, asked_person_since=now if asked is None else asked)
        case Outcome.ADVANCE:
            return replace(_advance(rollout, now), asked_person_since=None)
        case Outcome.PROMOTE:
            return replace(_promote(rollout, now), asked_person_since=None)
        case Outcome.ROLL_BACK:
            return replace(_roll_back(rollout, now), asked_person_since=None)


def described(rollout: Rollout) -> str:
    """Where it stands, for people: "canary, step 2 of 5, 10 % of users, paused"."""
    parts = [rollout.stage.value.replace("_", " ")]
    if rollout.stage is Stage.CANARY:
        parts += [f"step {rollout.step + 1} of {rollout.steps}", f"{rollout.share:.4g} of users"]
    if rollout.paused and rollout.is_open:
        parts.append("paused")
    if rollout.asked_person_since is not None:
        parts.append("waits for a person")
    return ", ".join(parts)


def _advance(rollout: Rollout, now: float) -> Rollout:
    match rollout.stage:
        case Stage.SHADOW:
            return replace(rollout, stage=Stage.CANARY, step=0, entered_at=now)
        case Stage.CANARY if rollout.step + 1 < rollout.steps:
            return replace(rollout, step=rollout.step + 1, entered_at=now)
        case _:
            raise Conflict(f"after {described(rollout)} there is only promote")


def _pause(rollout: Rollout, now: float) -> Rollout:
    if rollout.paused:
        raise Conflict(f"the rollout {rollout.rollout_id} is paused already")
    return replace(rollout, paused=True)


def _resume(rollout: Rollout, now: float) -> Rollout:
    if not rollout.paused:
        raise Conflict(f"the rollout {rollout.rollout_id} is not paused")
    return replace(rollout, paused=False)


def _promote(rollout: Rollout, now: float) -> Rollout:
    return replace(rollout, stage=Stage.PROMOTED, entered_at=now, paused=False)


def _roll_back(rollout: Rollout, now: float) -> Rollout:
    return replace(rollout, stage=Stage.ROLLED_BACK, entered_at=now, paused=False)


def _end(rollout: Rollout, now: float) -> Rollout:
    return replace(rollout, stage=Stage.ENDED, entered_at=now, paused=False)


_ACTIONS: Final[Mapping[Action, Callable[[Rollout, float], Rollout]]] = {
    Action.ADVANCE: _advance,
    Action.PAUSE: _pause,
    Action.RESUME: _resume,
    Action.PROMOTE: _promote,
    Action.ROLLBACK: _roll_back,
    Action.END: _end,
}
