"""Which diagnoses belong to which alarms: those of one root cause. Pure functions over slices and signals."""

from collections.abc import Iterable

from monitoring.alarms.alarm import Alarm
from monitoring.findings import FLEET, Diagnosis, Slice, contains


def is_kin(alarm: Alarm, diagnosis: Diagnosis) -> bool:
    """May both have one cause: is one slice part of the other?

    All slices are part of the whole fleet; there they need a signal in common too, or else one slow hour would
    swallow the alarm of every device.
    """
    if not (contains(alarm.slice, diagnosis.slice) or contains(diagnosis.slice, alarm.slice)):
        return False
    return FLEET not in (alarm.slice, diagnosis.slice) or bool(signals(alarm.diagnosis) & signals(diagnosis))


class Neighbours:
    """Ids of alarms by the fields of their slices, so that kin is found among thousands without a look at each."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, str] | None, dict[str, None]] = {}
        self._all: dict[str, None] = {}

    def add(self, alarm: Alarm) -> None:
        """Take an alarm in, or its new slice."""
        self._all[alarm.alarm_id] = None
        for field in alarm.slice or (None,):
            self._ids.setdefault(field, {})[alarm.alarm_id] = None

    def of(self, which: Slice) -> Iterable[str]:
        """Ids of all alarms that may be kin of the slice, and of some that are not."""
        if which == FLEET:
            return self._all
        return dict.fromkeys(one for field in (*which, None) for one in self._ids.get(field, ()))


def nearest(alarms: Iterable[Alarm], diagnosis: Diagnosis) -> Alarm | None:
    """The alarm that the diagnosis belongs to: of its kin the one with the most similar slice, then the oldest."""
    kin = [alarm for alarm in alarms if is_kin(alarm, diagnosis)]
    return min(kin, key=lambda one: (len(set(one.slice) ^ set(diagnosis.slice)), one.opened_at), default=None)


def signals(diagnosis: Diagnosis) -> set[str]:
    """Names of the signals that moved."""
    return {finding.signal for finding in diagnosis.findings}
