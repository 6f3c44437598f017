"""A critical alarm about the candidate speaks against it. Knows alarms; knows no evidence."""

from monitoring.alarms.alarm import State
from monitoring.alarms.policy import Severity
from monitoring.alarms.store import MAX_PAGE, AlarmStore
from serving.rollouts.decision import Cause, Reason
from serving.rollouts.record import Rollout

FIELD = "variant"
"""The slice that names who answered."""


def objection(alarms: AlarmStore, rollout: Rollout) -> Reason | None:
    """The reason to roll back, if a critical alarm of the candidate's answers has opened since the rollout began.

    What a person has resolved, dismissed or silenced does not count. Raises StoreUnavailable or StoreUnusable.
    """
    for alarm in alarms.page(since=rollout.created_at, limit=MAX_PAGE):
        counts = alarm.state in (State.FIRING, State.ACKNOWLEDGED) and alarm.severity is Severity.CRITICAL
        if counts and (FIELD, rollout.candidate) in alarm.slice:
            text = f"The critical alarm {alarm.alarm_id} is about the candidate: {alarm.summary}."
            return Reason(cause=Cause.ALARM, text=text, figures={"opened_at": alarm.opened_at})
    return None
