"""What follows from the evidence about a rollout: hold, one step on, promote, roll back, or ask a person. Pure.

Valid whenever and however often it is asked; see `serving.rollouts.sequential`. Knows no store and no clock.
"""

from serving.rollouts import judging
from serving.rollouts.decision import Cause, Decision, Reason
from serving.rollouts.evidence import Evidence
from serving.rollouts.record import Rollout
from serving.rollouts.stages import Outcome, Stage, Strategy


def decide(rollout: Rollout, evidence: Evidence | None, now: float) -> Decision:
    """What to do at `now`, seconds since 1970 UTC; `evidence` is None where the store of events cannot be read.

    Harm goes before everything but a person's pause: it rolls back in every stage. Without evidence it holds, and after
    the policy's patience it asks; nothing but evidence takes a step, and never more than one.
    """
    if rollout.stage.is_over:
        return _decision(Outcome.HOLD, _said(Cause.OVER, f"The rollout is over: {rollout.stage.value}."))
    if evidence is None:
        away = "The store of events cannot be read, so nothing is known; the share stays as it is."
        return _decision(Outcome.HOLD, _said(Cause.EVIDENCE_AWAY, away))
    harm = judging.harm(evidence, rollout.policy)
    if rollout.paused:
        return _decision(Outcome.HOLD, _said(Cause.PAUSED, "A person has paused the rollout."), *harm)
    if harm:
        return Decision(outcome=Outcome.ROLL_BACK, reasons=harm)
    match rollout.stage:
        case Stage.SHADOW:
            return _in_shadow(rollout, evidence, now)
        case Stage.CANARY:
            return _in_canary(rollout, evidence, now)
        case _:
            warm = "The candidate is loaded and warm; a person switches."
            return _decision(Outcome.HOLD, _said(Cause.PERSON, warm))


def _in_shadow(rollout: Rollout, evidence: Evidence, now: float) -> Decision:
    policy, waits = rollout.policy, _too_early(rollout, now, rollout.policy.shadow.min_s)
    heard = max((pairs.n for pairs in evidence.pairs.values()), default=0)
    if heard < policy.shadow.min_pairs:
        text = f"Both variants heard {heard:,} recordings; {policy.shadow.min_pairs:,} are needed."
        figures = {"pairs": heard, "needed": policy.shadow.min_pairs}
        return _waiting(rollout, now, *waits, Reason(cause=Cause.MISSING, text=text, metric="pairs", figures=figures))
    shown, not_shown = judging.paired_clearance(evidence.pairs, policy)
    if waits or not_shown:
        return _waiting(rollout, now, *waits, *not_shown)
    if differs := judging.disagreement(evidence, policy):
        return _decision(Outcome.ASK, *differs, *shown)
    if rollout.strategy is Strategy.SHADOW:
        return _decision(
            Outcome.ASK, _said(Cause.PERSON, "The shadow has shown what it can; a person goes on."), *shown
        )
    return Decision(outcome=Outcome.ADVANCE, reasons=shown)


def _in_canary(rollout: Rollout, evidence: Evidence, now: float) -> Decision:
    if rollout.share >= 1:
        alone = "All users have the candidate, so there is nothing to compare it with; a person promotes or rolls back."
        return _decision(Outcome.ASK, _said(Cause.PERSON, alone))
    step, policy = evidence.step, rollout.policy
    if step is None or step.share != rollout.share:
        return _waiting(rollout, now, _said(Cause.MISSING, "There is no evidence of this step yet."))
    if unequal := judging.imbalance(step, policy):
        return _waiting(rollout, now, *unequal)
    waits = _too_early(rollout, now, policy.step_at(rollout.share).min_s)
    if lacking := (*waits, *judging.missing(step, policy)):
        return _waiting(rollout, now, *lacking)
    shown, not_shown = judging.clearance(step, policy)
    if not_shown:
        return _waiting(rollout, now, *not_shown)
    return Decision(outcome=Outcome.PROMOTE if step.next_share >= 1 else Outcome.ADVANCE, reasons=shown)


def _too_early(rollout: Rollout, now: float, least_s: float) -> tuple[Reason, ...]:
    elapsed_s = now - rollout.entered_at
    if elapsed_s >= least_s:
        return ()
    text = f"This has lasted {max(elapsed_s, 0.0):,.0f} s; {least_s:,.0f} s are needed."
    return (Reason(cause=Cause.MISSING, text=text, metric="time", figures={"elapsed_s": elapsed_s, "needed": least_s}),)


def _waiting(rollout: Rollout, now: float, *reasons: Reason) -> Decision:
    """Hold; or ask a person, if it takes too long."""
    elapsed_s, patience_s = now - rollout.entered_at, rollout.policy.patience_s
    if elapsed_s <= patience_s:
        return _decision(Outcome.HOLD, *reasons)
    text = f"After {elapsed_s:,.0f} s, over the patience of {patience_s:,.0f} s, a person must decide."
    asks = Reason(cause=Cause.PATIENCE, text=text, figures={"elapsed_s": elapsed_s, "patience_s": patience_s})
    return _decision(Outcome.ASK, asks, *reasons)


def _said(cause: Cause, text: str) -> Reason:
    return Reason(cause=cause, text=text)


def _decision(outcome: Outcome, *reasons: Reason) -> Decision:
    return Decision(outcome=outcome, reasons=reasons)
