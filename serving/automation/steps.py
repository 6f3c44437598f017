"""What may happen to a class of traffic: an operator sets it, reviews move its threshold, an alarm demotes it.

Pure functions from a state to the next one and the line for its history. Nothing but an operator promotes.
"""

from dataclasses import replace
from typing import Final

from monitoring.alarms.alarm import Alarm
from serving.automation.degree import Degree
from serving.automation.record import Change, ClassState
from serving.automation.threshold import Choice, Rule
from serving.errors import BadField

REMEMBERED: Final = 100
"""Alarms that a class keeps in mind."""
Stepped = tuple[ClassState, Change]


def set_by(
    state: ClassState,
    *,
    by: str,
    now: float,
    degree: Degree | None = None,
    target_risk: float | None = None,
    confidence: float | None = None,
    note: str = "",
) -> Stepped:
    """What an operator wants; what is None stays. Another target makes the threshold unknown until the next look.

    Raises BadField for what cannot be.
    """
    if not by.strip():
        raise BadField("somebody has to do it", "by")
    if degree is None and target_risk is None and confidence is None:
        raise BadField("say what to set: degree, target_risk or confidence", "degree")
    rule = _rule(state, target_risk, confidence)
    wanted = degree or state.degree
    after = replace(
        state,
        degree=wanted,
        target_risk=rule.target_risk,
        confidence=rule.confidence,
        since=now if wanted is not state.degree else state.since,
    )
    if (after.target_risk, after.confidence) != (state.target_risk, state.confidence):
        after = replace(after, threshold=None, why="the target is new; the reviews were not looked at since")
    return _changed(state, after, action="set", now=now, by=by, why=note)


def refreshed(
    state: ClassState, choice: Choice, *, variant: str, among: tuple[float, ...], now: float
) -> tuple[ClassState, Change | None]:
    """The threshold that reviews of a variant's answers allow now; where it stays as it was, that makes no history."""
    after = replace(state, threshold=choice.threshold, why=choice.why, variant=variant, candidates=among)
    if after.threshold == state.threshold and (after.threshold is None or variant == state.variant):
        return after, None
    return _changed(state, after, action="refreshed", now=now, by=None, why=choice.why)


def demoted(state: ClassState, alarm: Alarm, *, now: float, least: Degree = Degree.HUMAN_ONLY) -> Stepped | None:
    """One degree less for a serious alarm, once for each; None where there is nothing to do.

    `least` is where it ends, as where nobody is there to listen.
    """
    if alarm.alarm_id in state.demoted_for or state.degree.rank <= least.rank:
        return None
    after = replace(
        state,
        degree=state.degree.lower(),
        since=now,
        demoted_for=(*state.demoted_for, alarm.alarm_id)[-REMEMBERED:],
    )
    why = f"{alarm.severity} alarm {alarm.policy}: {alarm.summary}"
    return _changed(state, after, action="demoted", now=now, by=None, why=why, alarm_id=alarm.alarm_id)


def _rule(state: ClassState, target_risk: float | None, confidence: float | None) -> Rule:
    target = state.target_risk if target_risk is None else target_risk
    surely = state.confidence if confidence is None else confidence
    try:
        return Rule(target_risk=target, confidence=surely)
    except ValueError as error:
        raise BadField(str(error), "confidence" if "confidence" in str(error) else "target_risk") from error


def _changed(
    before: ClassState,
    after: ClassState,
    *,
    action: str,
    now: float,
    by: str | None,
    why: str,
    alarm_id: str | None = None,
) -> Stepped:
    after = replace(after, version=before.version + 1)
    change = Change(
        traffic_class=after.traffic_class,
        at=now,
        action=action,
        by=by,
        why=why,
        degree_before=before.degree,
        degree=after.degree,
        threshold=after.threshold,
        target_risk=after.target_risk,
        version=after.version,
        alarm_id=alarm_id,
    )
    return after, change
