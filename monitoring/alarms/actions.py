"""What a person does with an alarm: acknowledge, silence, resolve, and say whether it was right. Pure functions."""

import math
from dataclasses import replace
from enum import StrEnum
from typing import Final

from monitoring.alarms.alarm import Alarm, Change, Entry, Notification, State, Verdict
from monitoring.errors import RefusedAction

LONGEST_SILENCE_S: Final = 30 * 86_400.0
"""Who wants more changes the policy."""


class Action(StrEnum):
    """What can be done."""

    ACKNOWLEDGE = "acknowledge"
    """I look after it; receivers hear again only if it gets worse, or ends."""
    SILENCE = "silence"
    """Nobody wants to hear of it until a time."""
    RESOLVE = "resolve"
    """It is over; within the policy's cool-down the same makes no new alarm."""
    CONFIRM = "confirm"
    """It was right."""
    DISMISS = "dismiss"
    """It was wrong; ends it, if it goes on."""


def act(
    alarm: Alarm, action: Action, *, by: str, now: float, note: str = "", until: float | None = None
) -> tuple[Alarm, Entry, Notification | None]:
    """The alarm afterwards, the line for its history, and what receivers are told of it.

    `until` goes with `silence` and only there. Raises RefusedAction for what cannot be done.
    """
    if not by.strip():
        raise RefusedAction("by: somebody has to do it")
    if action is Action.SILENCE:
        _check_until(until, now)
    elif until is not None:
        raise RefusedAction(f"until goes with silence, not with {action}")
    verdicts = {Action.CONFIRM: Verdict.CONFIRMED, Action.DISMISS: Verdict.DISMISSED}
    if not alarm.is_open and action not in verdicts:
        raise RefusedAction(f"the alarm is resolved; there is nothing to {action}")
    ended = alarm.is_open and action in (Action.RESOLVE, Action.DISMISS)
    match action:
        case Action.ACKNOWLEDGE:
            alarm = replace(alarm, state=State.ACKNOWLEDGED, silenced_until=None)
        case Action.SILENCE:
            alarm = replace(alarm, state=State.SILENCED, silenced_until=until)
        case Action.CONFIRM | Action.DISMISS:
            alarm = replace(alarm, verdict=verdicts[action])
    entry = Entry(alarm_id=alarm.alarm_id, at=now, action=action, by=by, note=note, until=until)
    if not ended:
        return alarm, entry, None
    alarm = replace(alarm, state=State.RESOLVED, resolved_at=now, resolved_by=by, silenced_until=None)
    if not alarm.told:
        return alarm, entry, None
    alarm = replace(alarm, told=alarm.told + 1)
    return alarm, entry, Notification(change=Change.RESOLVED, alarm=alarm, at=now)


def _check_until(until: float | None, now: float) -> None:
    if until is None or not math.isfinite(until):
        raise RefusedAction("silence needs until, in seconds since 1970 UTC")
    if until <= now:
        raise RefusedAction("until lies in the past")
    if until > now + LONGEST_SILENCE_S:
        raise RefusedAction(f"until lies more than {LONGEST_SILENCE_S / 86_400:.0f} days ahead")
