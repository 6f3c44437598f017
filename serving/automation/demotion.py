"""Which classes of traffic a serious alarm concerns. Pure; what becomes of them, `steps.demoted` decides."""

from collections.abc import Iterable, Sequence
from typing import Final

from monitoring.alarms.alarm import Alarm
from monitoring.alarms.policy import Severity
from monitoring.findings import FLEET, Slice, contains
from serving.automation.degree import Degree
from serving.automation.record import EVERYONE, ClassState

TENANT: Final = "tenant"
"""The slice of events that classes go by."""


def concerned(alarms: Iterable[Alarm], states: Sequence[ClassState]) -> list[tuple[str, Alarm]]:
    """Classes and the critical open alarms that concern all of their traffic and did not demote them yet.

    A tenant without a class of its own is one as soon as an alarm concerns it alone.
    """
    known = {state.traffic_class: state for state in states}
    serious = [alarm for alarm in alarms if alarm.is_open and alarm.severity is Severity.CRITICAL]
    named = [value for alarm in serious for field, value in alarm.slice if field == TENANT and len(alarm.slice) == 1]
    found = []
    for alarm in serious:
        for name in dict.fromkeys([*known, *named]):
            state = known.get(name, known.get(EVERYONE))
            is_new = state is not None and alarm.alarm_id not in state.demoted_for
            if is_new and _covers(alarm.slice, name) and (name in known or alarm.slice != FLEET):
                found.append((name, alarm))
    return found


def least_degree(daily_budget: int) -> Degree:
    """Where demotion ends: where nobody is there to listen, people cannot become those who answer."""
    return Degree.HUMAN_ONLY if daily_budget else Degree.PARTIAL


def _covers(which: Slice, traffic_class: str) -> bool:
    return contains(which, FLEET if traffic_class == EVERYONE else ((TENANT, traffic_class),))
